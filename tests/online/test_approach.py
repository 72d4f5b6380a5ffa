# SPDX-License-Identifier: Apache-2.0
"""Quotients and roots by approach: the protocol's own steps on plain integers, whatever truncations add."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import isqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tallystick as ts
import tallystick.online._approach as protocol
from support.library import agree_on_shares
from tallystick.backend import FR_MODULUS, Backend
from tallystick.plan import COMBINED, GUESSES, Approach, Truncation, advice_width, mask_room
from tallystick.plan._approach import ratio_approach, root_approach

Bounds = tuple[int, int]


class Plain:
    """Integers in the place of shares."""

    def __init__(self, values: Any) -> None:
        self.values = values
        if not isinstance(values, np.ndarray):
            self.values = np.empty(len(values), dtype=object)
            self.values[:] = values

    def __len__(self) -> int:
        return len(self.values)

    @staticmethod
    def concat(parts: Sequence[Plain]) -> Plain:
        return Plain([v for part in parts for v in part.values])

    def __add__(self, other: Plain) -> Plain:
        return Plain(self.values + other.values)

    def __sub__(self, other: Plain) -> Plain:
        return Plain(self.values - other.values)

    def __neg__(self) -> Plain:
        return Plain(-self.values)

    def __mul__(self, factor: int) -> Plain:
        return Plain(self.values * factor)


@dataclass
class Model:
    """Steps of the protocol on integers; ``carry`` says, truncation by truncation, where they add 1.

    Where the promise does not hold (``promised`` is false) a run stops at some claim, but nothing that it opens before
    may leave its interval.
    """

    Shared = Plain
    carry: Callable[[int, int], Any]
    promised: bool = True
    truncations: int = 0
    opened: list[Truncation] = field(default_factory=list)

    async def multiply(self, x: Plain, y: Plain, *, label: str) -> Plain:
        return Plain(x.values * y.values)

    async def multiplied(self, _online: Any, pairs: Any, *, label: str) -> list[Plain]:
        return [Plain(x.values * y.values) for x, y in pairs]

    @staticmethod
    def plus(_online: Any, x: Plain, value: int) -> Plain:
        return Plain(x.values + value)

    async def truncated(
        self, _online: Any, values: Sequence[Plain], truncations: Sequence[Truncation]
    ) -> list[Plain]:
        done = []
        for x, t in zip(values, truncations, strict=True):
            assert all(t.low <= v <= t.high for v in x.values)
            if not t.places:
                done.append(x)
                continue
            low = x.values & (1 << t.places) - 1
            may = low * 4 > 3 << t.places if t.close else low > 0
            more = np.asarray(self.carry(self.truncations, len(x)), dtype=bool) & may.astype(bool)
            self.truncations += 1
            self.opened.append(t)
            done.append(Plain((x.values >> t.places) + more.astype(object)))
            assert all(t.result[0] <= v <= t.result[1] for v in done[-1].values)
        return done

    async def digits(self, online: Any, x: Plain, k: int, interval: Bounds) -> list[Plain]:
        return await self.digits_from(online, x, interval, 0, k)

    async def digits_from(self, _online: Any, x: Plain, interval: Bounds, low: int, k: int) -> list[Plain]:
        assert all(interval[0] <= v <= interval[1] for v in x.values)
        values = x.values - low
        if self.promised:
            assert all(0 <= v < 1 << k for v in values)
        return [Plain(values >> i & 1) for i in range(k)]

    async def sign(self, online: Any, d: Plain, k: int, interval: Bounds) -> Plain:
        return (await self.digits_from(online, d, interval, -1 << k, k + 1))[k]

    @staticmethod
    def by_element(columns: Sequence[Plain]) -> list[int]:
        """The number that the digits make."""
        return [int(v) for v in sum(c.values << i for i, c in enumerate(columns))]


NAMES = ("Shared", "digits", "multiplied", "plus", "truncated", "digits_from", "sign", "by_element")


def run(model: Model, step: Callable[[Any], Any]) -> list[int]:
    """Run a step of the protocol with the model's parts in the place of those on shares."""
    kept = {name: getattr(protocol, name) for name in NAMES}
    for name in NAMES:
        setattr(protocol, name, getattr(model, name))
    try:
        found: list[int] = asyncio.run(step(SimpleNamespace(multiply=model.multiply)))
    finally:
        for name, part in kept.items():
            setattr(protocol, name, part)
    assert model.truncations <= 7
    return found


def quotients(approach: Approach, rows: Sequence[Bounds], b: Bounds, model: Model) -> list[int]:
    dividends, divisors = Plain([r[0] for r in rows]), Plain([r[1] for r in rows])
    return run(model, lambda online: protocol.approached_ratio(online, approach, dividends, divisors, b))


def roots(approach: Approach, squares: Sequence[int], model: Model) -> list[int]:
    x = Plain(squares)
    digits = [Plain(x.values >> i & 1) for i in range(approach.whole)]
    return run(model, lambda online: protocol.approached_root(online, approach, x, digits))


def patterns(approach: Approach) -> Iterator[Callable[[int, int], Any]]:
    """All ways in which the truncations may add 1, the same for all entries; then some where it differs."""
    count = sum(1 for t in approach.truncations if t.places)
    for bits in product((0, 1), repeat=count):
        yield lambda i, n, bits=bits: np.full(n, bits[i])
    draw = np.random.default_rng(20)
    for _ in range(8):
        yield lambda _i, n: draw.integers(0, 2, n)


def must(approach: Approach | None) -> Approach:
    assert approach is not None
    return approach


# ---------------------------------------------------------------------------------------- exactness


@pytest.mark.parametrize(("k", "most"), [(1, 1), (1, 7), (2, 9), (3, 15), (5, 6), (6, 11)])
def test_all_small_quotients(k: int, most: int) -> None:
    rows = [(a, b) for b in range(1, most + 1) for a in range(b << k)]
    approach = must(ratio_approach(k, (0, (most << k) - 1), (1, most)))
    for carry in patterns(approach):
        found = quotients(approach, rows, (1, most), Model(carry))
        assert found == [a // b for a, b in rows]


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_all_small_roots(k: int) -> None:
    squares = list(range(1 << 2 * k))
    approach = must(root_approach(k))
    for carry in patterns(approach):
        assert roots(approach, squares, Model(carry)) == [isqrt(x) for x in squares]


def edges(most: int) -> list[int]:
    powers = [1 << i for i in range(0, most.bit_length(), 3)]
    near = [p + d for p in powers for d in (-1, 0, 1)] + [most, most - 1, most // 3, most * 2 // 3]
    return sorted({v for v in near if 1 <= v <= most})


def quotient_edges(k: int, a: Bounds, b: Bounds) -> list[Bounds]:
    """Dividends about a multiple of the divisor, and divisors that a dividend is about a multiple of."""
    quotients = [0, *edges((1 << k) - 1)]
    rows = {(q * y + d, y) for y in edges(b[1]) for q in quotients for d in (-1, 0, 1, y - 1)}
    rows |= {(x, x // q + d) for x in a for q in quotients[1:] for d in (-1, 0, 1, 2)}
    within = sorted((x, y) for x, y in rows if a[0] <= x <= a[1] and b[0] <= y <= b[1] and 0 <= x < y << k)
    return within if len(within) <= 120 else random.Random(7).sample(within, 120)


WIDTHS = [
    # Digits of the quotient, the intervals: 32 by 32 bits; to two decimals; 16 bits; z-scores; narrow, wide divisors.
    (32, (0, 2**32 - 1), (1, 2**32)),
    (39, (1, 200 * 2**32), (2, 2**33)),
    (16, (0, 2**16 - 1), (1, 2**16)),
    (50, (2**67, 2**67 + 5), (2**18, 2**53)),
    (40, (0, 2**60), (1, 3)),
    (12, (0, 2**60), (2**40, 2**52)),
    # Where the promise is shown first: a correlation; the least divisor 1 with a wide dividend.
    (15, (-(2**135), 2**135), (2, 2**118)),
    (20, (-5, 2**150), (1, 2**120)),
]


@pytest.mark.parametrize(("k", "a", "b"), WIDTHS)
def test_quotients_at_the_edges(k: int, a: Bounds, b: Bounds) -> None:
    approach = must(ratio_approach(k, a, b))
    rows = quotient_edges(k, a, b)
    assert len(rows) > 20
    for carry in patterns(approach):
        assert quotients(approach, rows, b, Model(carry)) == [x // y for x, y in rows]


@pytest.mark.parametrize("k", [8, 16, 18, 24, 28, 39, 59])
def test_roots_at_the_edges(k: int) -> None:
    approach = must(root_approach(k))
    squares = sorted({y * y + d for y in edges((1 << k) - 1) for d in (-1, 0, 1, 2 * y)} | {0})
    squares = squares if len(squares) <= 80 else [0, *random.Random(7).sample(squares, 80)]
    for carry in patterns(approach):
        assert roots(approach, squares, Model(carry)) == [isqrt(x) for x in squares]


@given(data=st.data(), k=st.integers(1, 110), least=st.integers(1, 120), more=st.integers(0, 60))
@settings(max_examples=150)
def test_quotients_of_all_widths(data: st.DataObject, k: int, least: int, more: int) -> None:
    b = (1 << least - 1, (1 << least + more) - 1)
    a = (0, (b[1] << k) - 1)
    if data.draw(st.booleans()):
        a = (0, min(a[1], (b[0] << k) - 1))
    approach = ratio_approach(k, a, b)
    if approach is None:
        return
    rows = []
    for _ in range(6):
        y = data.draw(st.one_of(st.integers(*b), st.sampled_from(b)))
        q = data.draw(st.one_of(st.integers(0, (1 << k) - 1), st.sampled_from([0, 1, (1 << k) - 1])))
        rows.append((min(q * y + data.draw(st.sampled_from([0, y - 1, y // 2])), a[1]), y))
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    for _ in range(4):
        found = quotients(approach, rows, b, Model(lambda _i, n: draw.integers(0, 2, n)))
        assert found == [x // y for x, y in rows]


@given(data=st.data(), k=st.integers(1, 66))
@settings(max_examples=150)
def test_roots_of_all_widths(data: st.DataObject, k: int) -> None:
    approach = root_approach(k)
    if approach is None:
        assert k > 59
        return
    ys = data.draw(st.lists(st.integers(0, (1 << k) - 1), min_size=1, max_size=4))
    squares = [y * y + d for y in ys for d in (0, 2 * y, data.draw(st.integers(0, 2 * y)))]
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    for _ in range(4):
        assert roots(approach, squares, Model(lambda _i, n: draw.integers(0, 2, n))) == [
            isqrt(x) for x in squares
        ]


TOP = 2**32 - 1
COLUMN = st.lists(
    st.one_of(st.integers(0, TOP), st.integers(0, 40), st.sampled_from([0, 1, TOP - 1, TOP])),
    min_size=3, max_size=20,
)  # fmt: skip
ON_SHARES: list[tuple[Callable[..., Any], int]] = [
    (lambda x, y: x // (y + 1), 2),
    (lambda x, y: ts.divide(x, y + 1, decimals=2), 2),
    (lambda x, y: x * x * 32 // (y + 1), 2),
    (lambda x: ts.sqrt(x, places=2), 1),
    (lambda x: ts.sqrt(x * x + x, places=3), 1),
    (lambda x, y: ts.correlation(x, y, decimals=4, otherwise=0), 2),
    (lambda x: ts.zscores(x, decimals=2), 1),
]


@pytest.mark.parametrize(("function", "columns"), ON_SHARES)
@given(data=st.data())
@settings(max_examples=3)
def test_wide_values_on_shares(native: Backend, data: st.DataObject, function: Any, columns: int) -> None:
    """With few values, and with more than sixteen; an interval of 32 bits."""
    rows = data.draw(COLUMN)
    values = [rows, *(data.draw(st.permutations(rows)) for _ in range(columns - 1))]
    agree_on_shares(native, function, *values, low=0, high=TOP)


def test_wide_values_on_shares_of_the_pure_backend(pure: Backend) -> None:
    agree_on_shares(
        pure, lambda x, y: [x // (y + 1), ts.sqrt(y, places=0)], [TOP, 5, 0], [0, 4, TOP], low=0, high=TOP
    )


# ---------------------------------------------------------------------------------------- intervals


@pytest.mark.parametrize(
    ("k", "a", "b"),
    [(3, (-9, 40), (-2, 6)), (4, (-3, 90), (0, 9)), (9, (0, 5), (1, 7)), (8, (-300, -2), (2, 3))],
)
def test_nothing_leaves_its_interval_whatever_the_program_promised(k: int, a: Bounds, b: Bounds) -> None:
    """A divisor of 0, quotients of more digits and negative dividends; the digits of negative divisors stop a run."""
    approach = must(ratio_approach(k, a, b))
    rows = [(x, y) for x in range(a[0], a[1] + 1) for y in range(max(b[0], 0), b[1] + 1)]
    for carry in patterns(approach):
        quotients(approach, rows, b, Model(carry, promised=False))


@given(k=st.integers(1, 120), least=st.integers(0, 120), more=st.integers(0, 120), top=st.integers(1, 200))
def test_whatever_is_opened_fits_the_field(k: int, least: int, more: int, top: int) -> None:
    """What masks and combinations need, and that a fraction can never pass for a small integer."""
    for approach in (ratio_approach(k, (-3, 1 << top), (1 << least, 1 << least + more)), root_approach(k)):
        if approach is None:
            continue
        parties = 255
        assert approach.width <= advice_width(parties)
        for t in approach.truncations:
            room = mask_room(parties)
            small = room - t.places + parties.bit_length()
            masked = (1 << t.width) + (1 << t.places) + parties * (1 << room)
            combined = COMBINED * (1 << t.width - t.places) + parties * (1 << room - t.places)
            assert not t.places or masked < FR_MODULUS
            assert not t.places or combined.bit_length() <= small
            assert (1 << t.places + small) + (1 << t.width) + (1 << t.places) < FR_MODULUS


# ---------------------------------------------------------------------------------------- first guesses


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, i) for kind in GUESSES for i in range(len(GUESSES[kind]))]
)
def test_first_guesses_miss_by_what_they_say(kind: Any, number: int) -> None:
    """At every Z, at both ends of what z may be, for both values of the truncation."""
    guess = GUESSES[kind][number]
    t, d, half = guess.t, guess.degree, kind == "root"
    top = np.arange(1 << t - 1 - half, 1 << t)
    value = np.zeros(len(top), dtype=object)
    for i, c in enumerate(guess.coefficients):
        value = value + top.astype(object) ** i * (c << t * (d - i))
    assert guess.truncation.places == d * t + 2
    assert all(0 <= v <= guess.truncation.high for v in value)
    y = (value >> guess.truncation.places).astype(np.int64)
    one = 1 << (3 * t if half else 2 * t)
    worst = 0
    for z in (top, top + 1):
        for tried in (y, y + 1):
            worst = max(worst, int(np.abs(one - z * tried * (tried if half else 1)).max()))
    assert worst * guess.error <= one
    assert worst * (guess.error + guess.error // 100 + 1) > one, "the error could be given more sharply"
    assert Fraction(1, guess.error) <= Fraction(1, 64)
