# SPDX-License-Identifier: Apache-2.0
"""The own proof: complete, bound, refused in every equation that a prover could break, and hiding."""

from __future__ import annotations

import random as stdlib_random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import pytest

from support.sparse_relation import make_witness, random_relation
from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import FR_BYTES, FR_MODULUS, G1_BYTES, get_backend
from tallystick.errors import DecodeError, VerificationError
from tallystick.proofs import (
    BatchVerifier,
    OwnShape,
    Proof,
    RangeInput,
    RangeRelation,
    Shape,
    prove,
    range_witness,
)
from tallystick.proofs import _own_proof as own_proof_module
from tallystick.proofs._sumcheck import run_rounds, summed

R = FR_MODULUS
SHAPES = [
    pytest.param((5,), 2, 1, id="one-gate"),
    pytest.param((5,), 0, 2, id="two-gates-and-two-dummies"),
    pytest.param((20,), 3, 6, id="no-place-between"),
    pytest.param((20,), 0, 7, id="one-too-many"),
    pytest.param((40, 3), 18, 35, id="several-rows-two-owners"),
    pytest.param((9,), 0, 0, id="no-gates"),
    pytest.param((), 3, 4, id="no-inputs"),
]


class Case:
    """A relation with a satisfying witness, which tests change."""

    def __init__(self, backend, generators, inputs=(20,), free=2, gates=9, seed=1):
        rng = stdlib_random.Random(seed)
        self.generators = generators
        self.relation, slots, left, right = random_relation(
            rng, columns=16, inputs=inputs, free=free, gates=gates, kind=OwnShape
        )
        self.random = Random(bytes([seed]) * 32)
        self.witness = make_witness(backend, self.relation, slots, left, right, self.random)

    @property
    def commitments(self) -> Points:
        return self.witness.input_commitments(self.generators, self.relation.shape)

    def prove(self) -> Proof:
        return prove(
            self.relation,
            self.witness,
            generators=self.generators,
            input_commitments=self.commitments,
            context=b"test",
            random=self.random,
        )

    def verify(self, proof: Proof, **other: object) -> None:
        given = {"input_commitments": self.commitments, "outputs": self.witness.outputs, "context": b"test"}
        verifier = BatchVerifier(self.generators)
        verifier.add(self.relation, proof, name="the proof", **{**given, **other})
        verifier.verify()

    def refused(self, proof: Proof, **other: object) -> None:
        with pytest.raises(VerificationError, match="the proof") as caught:
            self.verify(proof, **other)
        assert caught.value.check == "linear-opening"


@pytest.fixture
def case(backend, generators) -> Case:
    return Case(backend, generators)


# ---------------------------------------------------------------------------------------- complete
@pytest.mark.parametrize(("inputs", "free", "gates"), SHAPES)
def test_an_honest_proof_verifies(backend, generators, inputs, free, gates):
    case = Case(backend, generators, inputs, free, gates)
    proof = case.prove()
    case.verify(proof)
    shape = case.relation.shape
    assert Proof.from_body(proof.to_body(), shape) == proof
    assert sum(map(len, proof.to_body().values())) == Proof.size(shape)
    places = 1 << shape.variables
    assert not gates or places // 2 < gates + 2 <= places


def test_two_backends_prove_the_same_bytes(backend):
    made = [Case(one, Generators(one, 64)).prove() for one in (backend, get_backend("pure"))]
    assert made[0] == made[1]


@pytest.mark.parametrize("form", ["value", "bits"])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-5, 7), (0, 4095), (3, 3), (0, 2**64 - 1)])
def test_ranges(backend, low, high, form):
    generators = Generators(backend, 64)
    relation = RangeRelation([RangeInput(3, low, high, form)], 64, OwnShape)
    if relation.shape.rows == 0:
        assert (low, form) == (high, "bits")
        return

    def run(values: Sequence[int]) -> None:
        random = Random(bytes(32))
        gammas = random.vector(backend, relation.shape.input_rows)
        witness = range_witness(backend, relation, [values], gammas)
        commitments = witness.input_commitments(generators, relation.shape)
        public = {"input_commitments": commitments, "context": b"r"}
        proof = prove(relation, witness, generators=generators, random=random, **public)
        verifier = BatchVerifier(generators)
        verifier.add(relation, proof, outputs=witness.outputs, name="ranges", **public)
        verifier.verify()

    run([low, high, (low + high) // 2])
    whole = low + (1 << (high - low).bit_length())
    if form == "bits" and high + 1 == whole:
        return  # What has more digits cannot be written down in them.
    with pytest.raises(VerificationError):
        run([low, high + 1, high])


@pytest.mark.parametrize(
    ("gates", "variables", "blinders", "evaluations", "claims"),
    [(0, 0, 0, 0, 5), (1, 2, 13, 10, 10), (2, 2, 13, 10, 10), (3, 3, 16, 13, 10), (7, 4, 19, 16, 10)],
)
def test_the_numbers_are_those_of_the_page(gates, variables, blinders, evaluations, claims):
    shape = OwnShape(16, (5,), 0, gates, 3, 2)
    found = (shape.variables, shape.blinders, shape.evaluations, shape.claims)
    assert found == (variables, blinders, evaluations, claims)


def test_it_is_smaller_than_with_coset_values():
    counts = (1024, (10_000,), 0, 100_000, 10_000, 0)
    assert 2 * Proof.size(OwnShape(*counts)) < Proof.size(Shape(*counts)) + 4096
    assert OwnShape(*counts).gate_rows * 2 - 1 <= Shape(*counts).gate_rows


def test_a_relation_with_points_is_none_that_one_proves_alone():
    with pytest.raises(ValueError, match="no points"):
        OwnShape(16, (3,), 0, 1, 0, 0, points=1)


# ---------------------------------------------------------------------------------------- bound
def test_every_scalar_and_point_is_bound(case, backend):
    proof = case.prove()
    for name, data in proof.to_body().items():
        points = name in ("rows", "cross", "mask", "halving")
        step = G1_BYTES if points else FR_BYTES
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            if points:
                piece = (Points.from_bytes(backend, piece) + case.generators.h).to_bytes()
            else:
                piece = ((int.from_bytes(piece, "little") + 1) % R).to_bytes(FR_BYTES, "little")
            case.refused(replace(proof, **{name: data[:at] + piece + data[at + step :]}))


def test_the_statement_is_bound(case):
    proof = case.prove()
    case.refused(proof, context=b"another")
    case.refused(proof, input_commitments=case.commitments[::-1])
    case.refused(proof, outputs=case.witness.outputs + 1)
    case.relation.left[0][None] = (case.relation.left[0][None] + 1) % R
    case.refused(proof)


def test_the_two_kinds_of_proof_are_not_taken_for_each_other(case):
    shape = case.relation.shape
    joint = Shape(shape.columns, shape.inputs, shape.free, shape.gates, shape.zeros, shape.outputs)
    with pytest.raises(DecodeError):
        Proof.from_body(case.prove().to_body(), joint)
    # Without gates both have the same fields: the transcript tells them apart.
    own = Case(case.generators.backend, case.generators, gates=0)
    proof = own.prove()
    own.verify(proof)
    shape = own.relation.shape
    own.relation.shape = Shape(shape.columns, shape.inputs, shape.free, 0, shape.zeros, shape.outputs)
    own.refused(proof)


@pytest.mark.parametrize("what", ["left", "right", "gates", "free", "outputs", "inputs"])
def test_a_witness_that_is_wrong_in_one_slot_is_refused(case, what):
    relation, field = case.relation, getattr(case.witness, what)
    read = {s for form in relation.left + relation.right + relation.zeros for s in form if s is not None}
    if what == "inputs":
        changed: object = (_bumped(field[0], min(read)),)
    else:
        changed = _bumped(field, next(s for s in (20, 21) if s in read) - 20 if what == "free" else 0)
    case.witness = replace(case.witness, **{what: changed})
    case.refused(case.prove())


def _bumped(vector: Vector, k: int) -> Vector:
    values = vector.to_ints()
    values[k] += 1
    return Vector.from_ints(vector.backend, values)


def test_a_wrong_gate_is_refused_wherever_it_is(backend, generators):
    for k in range(14):
        case = Case(backend, generators, gates=14)
        case.witness = replace(case.witness, gates=_bumped(case.witness.gates, k))
        case.refused(case.prove())


# ---------------------------------------------------------------------------------------- forged
def literal_rounds(challenges, tau, *, left, right, out, mask, lie: Callable[[str, list[int]], list[int]]):
    """The prover of ``spec/own-proof.md`` from its definitions, sum by sum, who may lie in what it says."""
    m, backend = len(tau), left.backend
    tables = [v.to_ints() for v in (left, right, out)]

    def at(table: list[int], point: Sequence[int]) -> int:
        for y in point:
            half = len(table) // 2
            table = [(a + y * (b - a)) % R for a, b in zip(table[:half], table[half:], strict=True)]
        return table[0]

    def g(point: Sequence[int]) -> int:
        terms = [mask[1 + 3 * i + k - 1] * pow(y, k, R) for i, y in enumerate(point) for k in (1, 2, 3)]
        return (mask[0] + sum(terms)) % R

    def summand(point: Sequence[int]) -> int:
        equal = 1
        for t, y in zip(tau, point, strict=True):
            equal = equal * (t * y + (1 - t) * (1 - y)) % R
        a, b, o = (at(table, point) for table in tables)
        return (g(point) + weight * equal * (a * b - o)) % R

    def polynomial(point: list[int]) -> list[int]:
        rest = list(product((0, 1), repeat=m - len(point) - 1))
        values = [sum(summand([*point, y, *x]) for x in rest) % R for y in range(4)]
        return interpolated(values)

    numbers = lie("sum", [sum(g(x) for x in product((0, 1), repeat=m)) % R])
    said = encode(backend, numbers)
    weight = challenges.mask_sum(said)
    zeta: list[int] = []
    for i in range(m):
        coefficients = lie(f"round {i}", polynomial(zeta)[1:])
        numbers += coefficients
        part = encode(backend, coefficients)
        said += part
        zeta.append(challenges.round(part))
    values = lie("values", [at(table, zeta) for table in tables])
    if lie.__name__ == "fitted":
        # The value of out that makes the mask's value true.
        a, b, _ = values
        left_over = summed(tau, weight, zeta, [*numbers, a, b, 0]).mask - g(zeta)
        equal = summed(tau, weight, zeta, [*numbers, 0, 0, 0]).point.equal
        values = [a, b, -left_over * pow(weight * equal, -1, R) % R]
        assert summed(tau, weight, zeta, [*numbers, *values]).mask == g(zeta)
    numbers += values
    return said + encode(backend, values), summed(tau, weight, zeta, numbers)


def interpolated(values: list[int]) -> list[int]:
    """Return the coefficients of the cubic with these values at 0, 1, 2, 3."""
    out = [0] * 4
    for i, value in enumerate(values):
        basis, scale = [1], 1
        for k in range(4):
            if k != i:
                basis = [(a - k * b) % R for a, b in zip([0, *basis], [*basis, 0], strict=True)]
                scale = scale * (i - k) % R
        basis += [0] * (4 - len(basis))
        for k in range(4):
            out[k] = (out[k] + value * basis[k] * pow(scale, -1, R)) % R
    return out


def encode(backend, numbers: Sequence[int]) -> bytes:
    return Vector.from_ints(backend, numbers).to_bytes()


def honest(stage: str, values: list[int]) -> list[int]:
    return values


def fitted(stage: str, values: list[int]) -> list[int]:
    return values


def lying(where: str, k: int) -> Callable[[str, list[int]], list[int]]:
    def lie(stage: str, values: list[int]) -> list[int]:
        return [v + (stage == where and i == k) for i, v in enumerate(values)]

    return lie


def test_the_rounds_are_those_of_the_definition(case, monkeypatch):
    proof = Case(case.generators.backend, case.generators).prove()
    monkeypatch.setattr(own_proof_module, "run_rounds", partial(literal_rounds, lie=honest))
    assert case.prove() == proof


@pytest.mark.parametrize(
    ("where", "k"),
    [
        ("sum", 0),
        *((f"round {i}", k) for i in range(4) for k in range(3)),
        *(("values", k) for k in range(3)),
    ],
)
def test_a_prover_who_lies_in_a_round_and_goes_on_is_refused(case, monkeypatch, where, k):
    monkeypatch.setattr(own_proof_module, "run_rounds", partial(literal_rounds, lie=lying(where, k)))
    case.refused(case.prove())


@pytest.mark.parametrize("false", [None, "gate"])
def test_values_that_fit_the_last_equation_are_refused_if_a_gate_is_false(case, monkeypatch, false):
    monkeypatch.setattr(own_proof_module, "run_rounds", partial(literal_rounds, lie=fitted))
    if false:
        case.witness = replace(case.witness, gates=_bumped(case.witness.gates, 3))
        case.refused(case.prove())
    else:
        case.verify(case.prove())


@pytest.mark.parametrize("dummy", [0, 1])
def test_a_dummy_that_is_no_product_is_refused(case, monkeypatch, dummy):
    def rounds(challenges, tau, *, left, right, out, mask):
        # The sumcheck is run on a product that the rows do not hold.
        return run_rounds(
            challenges, tau, left=_bumped(left, len(left) - 2 + dummy), right=right, out=out, mask=mask
        )

    monkeypatch.setattr(own_proof_module, "run_rounds", rounds)
    case.refused(case.prove())


def test_mask_of_another_sum_is_refused(case, monkeypatch):
    def rounds(challenges, tau, *, left, right, out, mask):
        return run_rounds(challenges, tau, left=left, right=right, out=out, mask=[mask[0] + 1, *mask[1:]])

    monkeypatch.setattr(own_proof_module, "run_rounds", rounds)
    case.refused(case.prove())


# ---------------------------------------------------------------------------------------- hiding
class Fixed:
    """Challenges that do not depend on what is said."""

    def __init__(self, seed: int, m: int) -> None:
        rng = stdlib_random.Random(seed)
        self.tau, self.weight, self.zeta = (
            [rng.randrange(R) for _ in range(m)],
            rng.randrange(R),
            [rng.randrange(R) for _ in range(m)],
        )
        self._left = list(self.zeta)

    def mask_sum(self, data: bytes) -> int:
        self._left = list(self.zeta)
        return self.weight

    def round(self, data: bytes) -> int:
        return self._left.pop(0)


def _rank(rows: list[list[int]]) -> int:
    rows, rank = [list(row) for row in rows], 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        inverse = pow(rows[rank][column], -1, R)
        for i in range(rank + 1, len(rows)):
            factor = rows[i][column] * inverse % R
            rows[i] = [(x - factor * y) % R for x, y in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


@pytest.mark.parametrize("gates", [1, 2, 6, 13])
def test_what_is_said_is_as_free_as_the_randomness_makes_it(fastest, gates):
    """For fixed challenges, all that is said moves in every direction; with one dummy it does not."""
    rng = stdlib_random.Random(gates)
    m = (gates + 1).bit_length()
    left, right = ([rng.randrange(R) for _ in range(gates)] for _ in range(2))
    between = [0] * ((1 << m) - gates - 2)

    def said(randomness: Sequence[int]) -> list[int]:
        u, v, mask = randomness[:2], randomness[2:4], randomness[4:]
        a, b = [*left, *between, *u], [*right, *between, *v]
        wires = [Vector.from_ints(fastest, w) for w in (a, b, [x * y % R for x, y in zip(a, b, strict=True)])]
        challenges = Fixed(gates, m)
        data, _ = run_rounds(
            challenges, challenges.tau, left=wires[0], right=wires[1], out=wires[2], mask=mask
        )
        return Vector.from_bytes(fastest, data).to_ints()

    drawn = [rng.randrange(R) for _ in range(5 + 3 * m)]
    base = said(drawn)
    # What is said is affine in each single number.
    moved = [said([x + (i == k) for i, x in enumerate(drawn)]) for k in range(len(drawn))]
    jacobian = [[(y - x) % R for x, y in zip(base, row, strict=True)] for row in moved]
    assert len(base) == 4 + 3 * m
    assert _rank(jacobian) == 4 + 3 * m
    # The dummies alone free the three values, and the mask alone the rest.
    values = [row[-3:] for row in jacobian[:4]]
    assert (_rank(values), _rank(values[::2])) == (3, 2)
    assert _rank([row[:-3] for row in jacobian[4:]]) == 1 + 3 * m
    assert all(row[-3:] == [0, 0, 0] for row in jacobian[4:])
