# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random as stdlib_random

import numpy as np
import pytest

from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import VerificationError
from tallystick.proofs import (
    BatchVerifier,
    RangeInput,
    RangeRelation,
    commit_inputs,
    input_slots,
    prove,
    range_witness,
)

R = FR_MODULUS
COLUMNS = 32
# Rows that end within an input and inputs that end within a row; both forms, with complement and without.
INPUTS = [RangeInput(9, 0, 15, "bits"), RangeInput(11, -5, 1000, "value"), RangeInput(8, 3, 77, "bits")]
INTERVALS = [(0, 1), (0, 2), (-5, 7), (0, 4095), (3, 3), (-(2**40), 2**40 + 17), (0, 2**64 - 1)]


def _run(backend, relation, values, generators, tamper=None):
    random = Random(bytes(32))
    gammas = random.vector(backend, relation.shape.input_rows)
    witness = range_witness(backend, relation, values, gammas)
    if tamper is not None:
        witness = tamper(witness)
    commitments = witness.input_commitments(generators, relation.shape)
    proof = prove(
        relation, witness, generators=generators, input_commitments=commitments, context=b"r", random=random
    )
    verifier = BatchVerifier(generators)
    verifier.add(
        relation, proof, input_commitments=commitments, outputs=witness.outputs, context=b"r", name="ranges"
    )
    verifier.verify()


@pytest.mark.parametrize("form", ["value", "bits"])
@pytest.mark.parametrize(("low", "high"), INTERVALS)
def test_values_in_range_are_proved_and_values_outside_refused(backend, low, high, form):
    rng = stdlib_random.Random(low)
    generators = Generators(backend, 64)
    relation = RangeRelation([RangeInput(4, low, high, form)], 64)
    if relation.shape.rows == 0:
        assert (low, form) == (high, "bits")  # a constant in bits form commits to nothing
        return
    inside = [low, high, rng.randint(low, high), rng.randint(low, high)]
    _run(backend, relation, [inside], generators)
    outside = [low - 1, high + 1]
    if form == "bits":
        # k binary digits express low .. low + 2**k - 1 and nothing else.
        outside = [high + 1, low + (1 << (high - low).bit_length()) - 1]
        outside = [x for x in outside if high < x < low + (1 << (high - low).bit_length())]
    for bad in outside:
        with pytest.raises(VerificationError):
            _run(backend, relation, [[low, bad, high, low]], generators)


def test_digits_that_are_not_boolean_are_refused(backend):
    """Bits form: a slot holding 2 and its neighbour compensating gives an in-range value, still no digit."""
    generators = Generators(backend, 64)
    relation = RangeRelation([RangeInput(2, 0, 15, "bits")], 32)

    def tamper(witness):
        slots = witness.inputs[0].to_ints()
        slots[0], slots[1] = 2, (slots[1] - 1) % R
        wires = Vector.from_ints(backend, slots)
        return type(witness)(
            inputs=(wires,),
            input_gammas=witness.input_gammas,
            free=witness.free,
            left=wires,
            right=wires,
            gates=wires,
            outputs=witness.outputs,
        )

    _run(backend, relation, [[2, 6]], generators)
    with pytest.raises(VerificationError):
        _run(backend, relation, [[2, 6]], generators, tamper)


def test_several_inputs_share_one_proof(backend):
    generators = Generators(backend, 64)
    inputs = [RangeInput(5, 0, 31, "value"), RangeInput(3, -9, 9, "bits"), RangeInput(0, 0, 7, "value")]
    relation = RangeRelation(inputs, 32)
    values = [[0, 31, 5, 6, 7], [-9, 9, 0], []]
    _run(backend, relation, values, generators)
    with pytest.raises(VerificationError):
        _run(backend, relation, [[0, 32, 5, 6, 7], [-9, 9, 0], []], generators)
    with pytest.raises(VerificationError):
        _run(backend, relation, [[0, 31, 5, 6, 7], [-9, 10, 0], []], generators)


@pytest.mark.parametrize(("low", "high"), INTERVALS)
def test_weights_reach_exactly_the_interval(low, high):
    item = RangeInput(1, low, high, "value")
    if item.bits > 13:
        assert sum(item.weights) == high - low
        return
    reached = {0}
    for weight in item.weights:
        reached |= {r + weight for r in reached}
    assert reached == set(range(high - low + 1))


def test_bits_form_slots_are_binary_digits(backend):
    item = RangeInput(2, 10, 20, "bits")
    assert input_slots(backend, item, [10, 17]).to_ints() == [0, 0, 0, 0, 1, 1, 1, 0]


def test_statement_is_checked():
    with pytest.raises(ValueError, match="interval"):
        RangeInput(1, 5, 4, "value")
    with pytest.raises(ValueError, match="interval"):
        RangeInput(1, 0, 2**251, "value")
    with pytest.raises(ValueError, match="form is 'value' or 'bits', not 'digits'"):
        RangeInput(1, 0, 1, "digits")  # type: ignore[arg-type]
    half = (R - 1) // 2
    for low, high in ((0, 2**250 - 1), (half, half), (-half, -half)):
        assert RangeInput(1, low, high, "value").slots == 1
    for low, high, message in (
        (0, 2**250, "must hold 1 to"),
        (half + 1, half + 1, "must lie in"),
        (-half - 1, -half - 1, "must lie in"),
    ):
        with pytest.raises(ValueError, match=message):
            RangeInput(1, low, high, "value")
    first = RangeRelation([RangeInput(1, 0, 7, "value")], 16).digest
    assert first != RangeRelation([RangeInput(1, 0, 8, "value")], 16).digest
    assert first != RangeRelation([RangeInput(1, 0, 7, "bits")], 16).digest


@pytest.mark.parametrize("inputs", [INPUTS, INPUTS[1:2], INPUTS[2:], [RangeInput(3, 5, 5, "value")], []])
def test_commitments_are_those_of_the_slots(backend: Backend, inputs: list[RangeInput]) -> None:
    relation = RangeRelation(inputs, COLUMNS)
    generators = Generators(backend, COLUMNS)
    gammas = Random(bytes(32)).vector(backend, relation.shape.input_rows)
    rng = np.random.default_rng(2)
    for chosen in (
        [[i.low] * i.n for i in inputs],
        [[i.high] * i.n for i in inputs],
        [[int(v) for v in rng.integers(i.low, i.high + 1, i.n)] for i in inputs],
    ):
        made = commit_inputs(generators, relation, chosen, gammas)
        want = range_witness(backend, relation, chosen, gammas).input_commitments(generators, relation.shape)
        assert made.to_bytes() == want.to_bytes()


@pytest.mark.parametrize("item", [RangeInput(2, -(2**200), 2**200, "value"), RangeInput(70, 0, 1, "value")])
def test_wide_and_long_columns(backend: Backend, item: RangeInput) -> None:
    relation = RangeRelation([item], 16)
    generators = Generators(backend, 16)
    gammas = Random(bytes(32)).vector(backend, relation.shape.input_rows)
    values = [[item.low, item.high] * (item.n // 2)]
    made = commit_inputs(generators, relation, values, gammas)
    want = range_witness(backend, relation, values, gammas).input_commitments(generators, relation.shape)
    assert made.to_bytes() == want.to_bytes()
    assert input_slots(backend, item, values[0]).to_ints()[:2] == [v % FR_MODULUS for v in values[0][:2]]


@pytest.mark.parametrize("bad", [-6, 1001, 1019, -(2**250), 2**250])
def test_no_proof_holds_for_a_value_outside_its_interval(backend: Backend, bad: int) -> None:
    relation = RangeRelation([INPUTS[1]], COLUMNS)
    generators = Generators(backend, COLUMNS)
    gammas = Random(bytes(32)).vector(backend, relation.shape.input_rows)
    for value in (0, bad):
        columns = [[0] * 10 + [value]]
        rows = commit_inputs(generators, relation, columns, gammas)
        witness = range_witness(backend, relation, columns, gammas)
        proof = prove(relation, witness, generators=generators, input_commitments=rows, context=b"bad")
        verifier = BatchVerifier(generators)
        verifier.add(
            relation, proof, input_commitments=rows, outputs=witness.outputs, context=b"bad", name="ranges"
        )
        if value != bad:
            verifier.verify()
            continue
        with pytest.raises(VerificationError):
            verifier.verify()


def test_no_rows(backend: Backend) -> None:
    relation = RangeRelation([], COLUMNS)
    generators = Generators(backend, COLUMNS)
    none = Random(bytes(32)).vector(backend, 0)
    assert commit_inputs(generators, relation, [], none).equal(Points.identity(backend, 0))
