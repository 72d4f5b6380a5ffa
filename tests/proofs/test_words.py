# SPDX-License-Identifier: Apache-2.0
"""Words of every width compute what integers do, up to the ends of what fits."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tallystick.algebra import Generators, Random
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import DecodeError
from tallystick.proofs import (
    RangeInput,
    RangeRelation,
    commit_inputs,
    input_slots,
    range_witness,
    to_ints,
    to_words,
    words_for,
)
from tallystick.proofs._words import at_least, extended, low_bits, minus, to_vector

WIDTHS = (1, 2, 3, 4)


def narrow(values: list[int], width: int) -> np.ndarray:
    """Return integers in exactly so many words."""
    words = to_words(values)[:width]
    assert to_ints(words) == values
    return words


def samples(width: int, seed: int = 0) -> list[int]:
    """Return the ends of the words, what is next to carries and borrows, and numbers of all lengths."""
    rng, most = random.Random(seed), 1 << (64 * width - 1)
    ends = [0, 1, -1, most - 1, -most, most // 2, -most // 2]
    ends += [
        sign * ((1 << 64 * k) + d)
        for k in range(1, width)
        for d in (-1, 0, 1)
        for sign in (1, -1)
        if abs((1 << 64 * k) + d) < most
    ]
    return ends + [rng.randrange(-(1 << bits), 1 << bits) for bits in range(1, 64 * width, 5)]


def wrapped(value: int, width: int) -> int:
    value %= 1 << 64 * width
    return value - (1 << 64 * width) if value >> (64 * width - 1) else value


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 0, 1),
        (0, 2**63 - 1, 1),
        (0, 2**63, 2),
        (-(2**63), -1, 1),
        (-(2**63) - 1, -1, 2),
        (-(2**62), 2**62 - 1, 1),
        (-(2**62), 2**62, 2),  # Their difference is 2**63.
        (-(2**63), 0, 2),
        (0, 2**127 - 1, 2),
        (2**127, 2**127, 3),
        (-(2**191), -(2**191), 3),
        (0, 2**250 - 1, 4),
        (-(2**255), -(2**255), 4),
        (2**255 - 1, 2**255 - 1, 4),
    ],
)
def test_as_few_words_as_hold_the_ends_and_their_difference(low: int, high: int, words: int) -> None:
    assert words_for(low, high) == words


@pytest.mark.parametrize(("low", "high"), [(2**255, 2**255), (-(2**255) - 1, 0), (-(2**254), 2**254)])
def test_no_more_than_four_words(low: int, high: int) -> None:
    with pytest.raises(OverflowError, match="does not fit 256 bits"):
        words_for(low, high)
    with pytest.raises(OverflowError):
        to_words([2**255])


@pytest.mark.parametrize("width", WIDTHS)
def test_arithmetic(width: int) -> None:
    left, right = samples(width, 1), samples(width, 2)
    random.Random(3).shuffle(right)
    a, b = narrow(left, width), narrow(right, width)
    assert to_ints(minus(a, b)) == [wrapped(x - y, width) for x, y in zip(left, right, strict=True)]
    for bound in right:
        assert to_ints(minus(a, bound)) == [wrapped(x - bound, width) for x in left]
        assert to_ints(minus(bound, a)) == [wrapped(bound - x, width) for x in left]
        fit = [x for x in left if wrapped(x - bound, width) == x - bound]
        assert at_least(narrow(fit, width), bound).tolist() == [x >= bound for x in fit]
    for k in range(64 * width + 1):
        want = [[x >> i & 1 for i in range(k)] for x in left]
        assert low_bits(a, k).tolist() == want


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("more", WIDTHS)
def test_words_of_different_widths(width: int, more: int) -> None:
    values = samples(width)
    longer = extended(narrow(values, width), more)
    assert len(longer) == max(width, more) and to_ints(longer) == values
    others = [x >> 1 for x in samples(more, 4)][: len(values)]
    found = minus(narrow(values[: len(others)], width), narrow(others, more))
    assert to_ints(found) == [wrapped(x - y, max(width, more)) for x, y in zip(values, others, strict=False)]


@pytest.mark.parametrize("width", WIDTHS)
def test_elements_of_the_field(backend: Backend, width: int) -> None:
    values = [x for x in samples(width) if abs(x) < FR_MODULUS]
    assert to_vector(backend, narrow(values, width)).to_ints() == [x % FR_MODULUS for x in values]
    assert len(to_vector(backend, narrow([], width))) == 0
    if width == 4:
        for beyond in (FR_MODULUS, -FR_MODULUS):
            with pytest.raises(DecodeError):
                to_vector(backend, narrow([0, beyond], width))


@pytest.mark.parametrize("form", ["value", "bits"])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        (0, 2**32 - 1),
        (-5, 2**31),
        (0, 2**63 - 1),
        (-(2**63), -(2**63) + 5),
        (-(2**63), -1),
        (-(2**62), 2**62 - 1),
        (-(2**62), 2**62),
        (-(2**63), 2**63 - 1),
        (0, 2**64 - 1),
        (2**64 - 3, 2**64 + 3),
        (-(2**127), 0),
        (-(2**126), 2**126 - 2),
        (0, 2**191),
        (-(2**249), 2**249 - 1),
        (2**250, 2**250 + 2**249),
        (7, 7),
    ],
)
def test_fewest_words_give_the_witness_of_four(backend: Backend, low: int, high: int, form: str) -> None:
    rng = random.Random(low)
    values = [
        low,
        high,
        (low + high) // 2,
        (low + high + 1) // 2,
        *(rng.randint(low, high) for _ in range(8)),
    ]
    item = RangeInput(len(values), low, high, form)  # type: ignore[arg-type]
    relation = RangeRelation([item], 64)
    gammas = Random(bytes(32)).vector(backend, relation.shape.input_rows)
    want, slots = range_witness(backend, relation, [values], gammas), input_slots(backend, item, values)
    assert want.gates.to_ints() == _gates(item, values)
    for width in range(words_for(low, high), 5):
        found = range_witness(backend, relation, [narrow(values, width)], gammas)
        assert found.gates.equal(want.gates) and found.inputs[0].equal(want.inputs[0])
        assert input_slots(backend, item, narrow(values, width)).equal(slots)


def test_a_column_narrower_than_its_interval_is_extended(backend: Backend) -> None:
    item = RangeInput(3, -(2**100), 2**100, "value")
    values = [-(2**63), 2**63 - 1, 0]
    relation = RangeRelation([item], 64)
    gammas = Random(bytes(32)).vector(backend, relation.shape.input_rows)
    found = range_witness(backend, relation, [narrow(values, 1)], gammas)
    assert found.gates.to_ints() == _gates(item, values)


@pytest.mark.parametrize(("low", "high"), [(-(2**63), -1), (-5, 2**64), (0, 2**130)])
def test_fewest_words_give_the_commitments_of_four(backend: Backend, low: int, high: int) -> None:
    values = [low, high, (low + high) // 2]
    relation = RangeRelation([RangeInput(3, low, high, "value")], 16)
    gammas = Random(bytes(32)).vector(backend, relation.shape.input_rows)
    generators = Generators(backend, 16)
    found = commit_inputs(generators, relation, [narrow(values, words_for(low, high))], gammas)
    assert found.equal(commit_inputs(generators, relation, [values], gammas))


def _gates(item: RangeInput, values: list[int]) -> list[int]:
    """What ``spec/ranges.md`` says, with Python's integers."""

    def weighed(x: int) -> list[int]:
        k = item.bits
        if not k:
            return []
        top = int(x >= 1 << (k - 1))
        rest = x - top * item.weights[-1]
        return [rest >> i & 1 for i in range(k - 1)] + [top]

    if item.form == "value":
        return [bit for x in values for bit in weighed(x - item.low)]
    out = [x - item.low >> i & 1 for x in values for i in range(item.bits)]
    if item.complement:
        out += [bit for x in values for bit in weighed(item.high - x)]
    return out
