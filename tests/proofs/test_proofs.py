# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random as stdlib_random
import tracemalloc
from dataclasses import replace

import pytest

from support.sparse_relation import make_witness, random_relation
from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import FR_MODULUS, G1_BYTES
from tallystick.errors import DecodeError, VerificationError
from tallystick.proofs import (
    BatchVerifier,
    GatePoint,
    Part,
    Proof,
    RangeInput,
    RangeRelation,
    Shape,
    Witness,
    add_parts,
    choose_columns,
    commit_rows,
    commit_rows_var,
    failing,
    prove,
)
from tallystick.proofs._equations import Equation
from tallystick.proofs._gates import combined_claims, root_of_unity
from tallystick.proofs._verifier import _Checked
from tallystick.transcript import Transcript

R = FR_MODULUS
SHAPES = [
    pytest.param(16, (5,), 2, 6, id="one-gate-row"),
    pytest.param(16, (20, 3), 0, 19, id="several-rows-two-owners"),
    pytest.param(32, (70,), 40, 33, id="odd-row-counts"),
    pytest.param(16, (9,), 0, 0, id="no-gates"),
    pytest.param(16, (), 3, 4, id="no-inputs"),
]
POINTS = [pytest.param(0, id="no-points"), pytest.param(3, id="points")]


def _proven(backend, generators, columns, inputs, free, gates, seed=1, points=0):
    rng = stdlib_random.Random(seed)
    relation, slots, left, right = random_relation(
        rng, columns=columns, inputs=inputs, free=free, gates=gates, points=points
    )
    randomness = Random(bytes([seed]) * 32)
    witness = make_witness(backend, relation, slots, left, right, randomness)
    commitments = witness.input_commitments(generators, relation.shape)
    proof = prove(
        relation,
        witness,
        generators=generators,
        input_commitments=commitments,
        context=b"test",
        random=randomness,
    )
    return relation, witness, commitments, proof


def _verify(generators, relation, witness, commitments, proof, context=b"test", published=None):
    verifier = BatchVerifier(generators)
    verifier.add(
        relation,
        proof,
        input_commitments=commitments,
        outputs=witness.outputs,
        context=context,
        name="the proof",
        points=witness.published_points(generators) if published is None else published,
    )
    verifier.verify()


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize(("columns", "inputs", "free", "gates"), SHAPES)
def test_an_honest_proof_verifies(backend, generators, columns, inputs, free, gates, points):
    relation, witness, commitments, proof = _proven(
        backend, generators, columns, inputs, free, gates, points=points
    )
    _verify(generators, relation, witness, commitments, proof)
    body = proof.to_body()
    assert Proof.from_body(body, relation.shape) == proof
    assert sum(map(len, body.values())) == Proof.size(relation.shape)


def test_two_backends_prove_the_same_bytes(backend):
    from tallystick.backend import get_backend

    proofs = []
    for one in (backend, get_backend("pure")):
        _, _, commitments, proof = _proven(one, Generators(one, 64), 16, (20, 3), 1, 19, points=2)
        proofs.append((commitments.to_bytes(), proof))
    assert proofs[0] == proofs[1]


@pytest.mark.parametrize("what", ["left", "right", "gates", "free", "outputs", "inputs", "points"])
def test_a_witness_that_is_wrong_in_one_slot_is_refused(backend, generators, what):
    rng = stdlib_random.Random(7)
    points = 2 if what == "points" else 0
    relation, slots, left, right = random_relation(
        rng, columns=16, inputs=(18,), free=2, gates=12, points=points
    )
    randomness = Random(bytes(32))
    witness = make_witness(backend, relation, slots, left, right, randomness)
    commitments = witness.input_commitments(generators, relation.shape)
    # The first gate reads three early slots; change each kind of value where some constraint reads it.
    used = {s for form in relation.left + relation.right + relation.outputs for s in form if s is not None}
    field = getattr(witness, what)
    if what == "inputs":
        target = min(used)
        changed = (_bump(backend, field[0], target),)
    elif what == "free":
        target = next(s for s in (18, 19) if s in used) - 18
        changed = _bump(backend, field, target)
    else:
        changed = _bump(backend, field, 0)
    witness = replace(witness, **{what: changed})
    if what == "inputs":
        commitments = witness.input_commitments(generators, relation.shape)
    proof = prove(
        relation,
        witness,
        generators=generators,
        input_commitments=commitments,
        context=b"test",
        random=randomness,
    )
    with pytest.raises(VerificationError, match="the proof"):
        _verify(generators, relation, witness, commitments, proof)


def _bump(backend, vector, index):
    values = vector.to_ints()
    values[index] = (values[index] + 1) % R
    return Vector.from_ints(backend, values)


@pytest.mark.parametrize("points", POINTS)
def test_every_part_of_a_proof_is_bound(backend, generators, points):
    relation, witness, commitments, proof = _proven(backend, generators, 32, (40,), 2, 20, points=points)
    rng = stdlib_random.Random(3)
    for name, data in proof.to_body().items():
        step = G1_BYTES if name in ("rows", "cross", "mask", "halving") else 32
        at = step * rng.randrange(len(data) // step)
        if step == 32:
            value = (int.from_bytes(data[at : at + 32], "little") + 1) % R
            changed = value.to_bytes(32, "little")
        else:
            changed = (Points.from_bytes(backend, data[at : at + 48]) + generators.h).to_bytes()
        bad = replace(proof, **{name: data[:at] + changed + data[at + step :]})
        with pytest.raises(VerificationError) as caught:
            _verify(generators, relation, witness, commitments, bad)
        assert caught.value.check == "linear-opening", name
        assert caught.value.item == "the proof"


def test_statement_is_bound(backend, generators):
    relation, witness, commitments, proof = _proven(backend, generators, 16, (20,), 2, 9)
    with pytest.raises(VerificationError):
        _verify(generators, relation, witness, commitments, proof, context=b"another")
    with pytest.raises(VerificationError):
        _verify(generators, relation, witness, commitments[::-1], proof)
    wrong = replace(witness, outputs=witness.outputs + 1)
    with pytest.raises(VerificationError):
        _verify(generators, relation, wrong, commitments, proof)
    relation.outputs[0][None] = (relation.outputs[0][None] + 1) % R
    with pytest.raises(VerificationError):
        _verify(generators, relation, witness, commitments, proof)


@pytest.mark.parametrize("fault", ["value", "blinded", "swapped", "infinity"])
def test_forged_points_are_refused(backend, generators, fault):
    relation, witness, commitments, proof = _proven(backend, generators, 16, (20,), 2, 9, points=3)
    true = witness.published_points(generators)
    forged = {
        "value": Points.concat([true[:2], true[2:] + generators.q]),
        "blinded": Points.concat([true[:2], true[2:] + generators.h]),
        "swapped": Points.concat([true[1:2], true[:1], true[2:]]),
        "infinity": Points.concat([true[:2], Points.identity(backend, 1)]),
    }[fault]
    _verify(generators, relation, witness, commitments, proof, published=true)
    with pytest.raises(VerificationError) as caught:
        _verify(generators, relation, witness, commitments, proof, published=forged)
    assert caught.value.check == "linear-opening"


@pytest.mark.parametrize("schnorr", [True, False])
def test_a_point_with_a_part_of_h_is_refused_though_the_opening_holds(
    backend, generators, monkeypatch, schnorr
):
    """A claim on Q is opened up to multiples of H, so the proof shows W's logarithm in base Q besides.

    The prover publishes y*Q + 5*H and starts with the blinding factor of its claim accordingly: the opening's two
    equations hold, and only the third refuses.
    """
    from tallystick.proofs import _proof, _verifier

    class Forger(Witness):
        __slots__ = ()

        def published_points(self, generators):
            shift = generators.h.scale(Vector.from_ints(backend, [5]))
            return super().published_points(generators) + Points.concat([shift, shift])

    weights = []

    def claim(*args, **kwargs):
        made = _proof_claim(*args, **kwargs)
        weights.append(made.weights)
        return made

    class Opening(_proof.OpeningShare):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self._s = 5 * weights[-1].sum() % R

    _proof_claim = _proof.linear_claim
    monkeypatch.setattr(_proof, "linear_claim", claim)
    monkeypatch.setattr(_proof, "OpeningShare", Opening)
    rng = stdlib_random.Random(1)
    relation, slots, left, right = random_relation(rng, columns=16, inputs=(20,), free=2, gates=9, points=2)
    honest = make_witness(backend, relation, slots, left, right, Random(bytes(32)))
    witness = Forger(**{name: getattr(honest, name) for name in honest.__dataclass_fields__})
    commitments = witness.input_commitments(generators, relation.shape)
    proof = prove(relation, witness, generators=generators, input_commitments=commitments, context=b"test")
    if not schnorr:
        full = _verifier.BatchVerifier._holds

        def without_u(self, checked):
            return full(self, [replace(c, equations=c.equations[:2]) for c in checked])

        monkeypatch.setattr(_verifier.BatchVerifier, "_holds", without_u)
        _verify(generators, relation, witness, commitments, proof)
        return
    with pytest.raises(VerificationError) as caught:
        _verify(generators, relation, witness, commitments, proof)
    assert caught.value.check == "linear-opening"


def test_a_proof_without_points_has_no_place_for_them(backend, generators):
    relation, witness, commitments, proof = _proven(backend, generators, 16, (5,), 2, 6)
    none = replace(witness, points=Vector.zeros(backend, 0))
    public = {"generators": generators, "input_commitments": commitments, "context": b"test"}
    made = prove(relation, none, **public)
    assert Proof.from_body(made.to_body(), relation.shape) == made
    with pytest.raises(ValueError, match="do not fit"):
        _verify(generators, relation, witness, commitments, proof, published=generators.q)
    with pytest.raises(DecodeError, match="mask"):
        Proof.from_body(proof.to_body(), replace(relation.shape, points=1))


def test_encodings_are_strict(backend, generators):
    relation, witness, commitments, proof = _proven(backend, generators, 16, (5,), 2, 6)
    body = proof.to_body()
    for name in body:
        with pytest.raises(DecodeError, match=name):
            Proof.from_body({**body, name: body[name] + b"\0"}, relation.shape)
        with pytest.raises(DecodeError, match="keys"):
            Proof.from_body({k: v for k, v in body.items() if k != name}, relation.shape)
    bad = replace(proof, final=R.to_bytes(32, "little") + proof.final[32:])
    with pytest.raises(DecodeError, match="final") as caught:
        _verify(generators, relation, witness, commitments, bad)
    assert caught.value.item == "the proof"
    bad = replace(proof, mask=bytes([0x80]) + b"\x01" * 47 + proof.mask[48:])
    with pytest.raises(DecodeError, match="mask") as caught:
        _verify(generators, relation, witness, commitments, bad)
    assert caught.value.item == "the proof"


@pytest.mark.parametrize("count", [2, 3])
def test_a_batch_names_the_bad_proof(backend, generators, count):
    verifier = BatchVerifier(generators)
    for k in range(count):
        relation, witness, commitments, proof = _proven(backend, generators, 16, (5 + k,), 2, 6, seed=k + 1)
        outputs = witness.outputs + (1 if k == 1 else 0)
        verifier.add(
            relation,
            proof,
            input_commitments=commitments,
            outputs=outputs,
            context=b"test",
            name=f"proof {k}",
        )
    with pytest.raises(VerificationError, match="proof 1"):
        verifier.verify()


def test_errors_of_opposite_sign_do_not_cancel_in_a_batch(backend, generators):
    """Two proofs whose response is off by +1 and -1 times the same point must both be caught."""
    verifier = BatchVerifier(generators)
    for k, delta in enumerate((1, -1)):
        relation, witness, commitments, proof = _proven(backend, generators, 16, (5,), 2, 6)
        mask = Points.from_bytes(backend, proof.mask)
        shift = generators.h if delta == 1 else -generators.h
        bad = replace(proof, mask=mask[:1].to_bytes() + (mask[1:] + shift).to_bytes())
        verifier.add(
            relation,
            bad,
            input_commitments=commitments,
            outputs=witness.outputs,
            context=b"test",
            name=f"proof {k}",
        )
    with pytest.raises(VerificationError):
        verifier.verify()


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize(("columns", "inputs", "free", "gates"), SHAPES)
def test_a_combined_form_is_the_same_laid_out_or_not(backend, columns, inputs, free, gates, points):
    """Its inner product with a matrix of rank one, which is all that a verifier asks of it."""
    rng = stdlib_random.Random(5)
    relation, *_ = random_relation(rng, columns=columns, inputs=inputs, free=free, gates=gates, points=points)
    shape = relation.shape
    point = GatePoint.at(backend, shape, 12345) if shape.gate_rows else None
    random = Random(bytes(32))
    combined = combined_claims(
        relation.given(bytes(G1_BYTES * shape.points)),
        point,
        777,
        outputs=random.vector(backend, shape.outputs),
        evaluations=random.vector(backend, 2 * shape.gate_rows),
    )
    rows, across = random.vector(backend, shape.rows), random.vector(backend, shape.columns)
    laid_out = combined.laid_out()
    assert combined.at(rows, across) == laid_out.form.dot(rows.outer(across))
    assert (combined.value, combined.weights.to_ints()) == (laid_out.value, laid_out.weights.to_ints())


def test_a_challenge_that_is_a_root_of_unity_is_refused(backend, generators, monkeypatch):
    relation, witness, commitments, proof = _proven(backend, generators, 16, (5,), 2, 6)
    with pytest.raises(ValueError, match="xi is a root of unity"):
        GatePoint.at(backend, relation.shape, root_of_unity(16))
    monkeypatch.setattr(Transcript, "challenge", lambda self, label: root_of_unity(16))
    with pytest.raises(VerificationError, match="the challenge xi is a root of unity") as caught:
        _verify(generators, relation, witness, commitments, proof)
    assert caught.value.check == "challenge"


@pytest.mark.parametrize("commit", [commit_rows, commit_rows_var])
def test_entries_that_are_no_whole_rows_are_not_committed_to(backend, generators, commit):
    random = Random(bytes(32))
    assert len(commit(generators, 16, random.vector(backend, 32), random.vector(backend, 2))) == 2
    for entries in (16, 31, 33, 48):
        with pytest.raises(ValueError, match=f"{entries} entries are not 2 rows of 16"):
            commit(generators, 16, random.vector(backend, entries), random.vector(backend, 2))


def test_what_an_equation_holds_is_not_underestimated(backend, generators):
    data, random, n = generators.g.to_bytes(), Random(bytes(32)), 64
    tracemalloc.start()
    points, by, g = (
        Points.from_bytes(backend, data),
        random.vector(backend, n),
        random.vector(backend, 16 * n),
    )
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n * (100 + 17 * 32) < held < Equation(0, 0, g, ((points, by),)).held_bytes < 300_000


def test_only_parts_of_the_same_message_add_up(backend, generators):
    g, z = generators.g[:2], Random(bytes(32)).vector(backend, 2)
    points, scalars = Part("cross", points=g), Part("response", scalars=z)
    assert add_parts(points, points).to_bytes() == (g + g).to_bytes()
    assert add_parts(scalars, scalars).to_bytes() == (z + z).to_bytes()
    for a, b in ((points, scalars), (scalars, points)):
        with pytest.raises(ValueError, match="parts of different messages"):
            add_parts(a, b)


@pytest.mark.parametrize(
    ("slots", "columns"),
    [
        (0, 16),
        (4, 16),
        (5, 32),
        (16, 32),
        (17, 64),
        (1 << 20, 8192),
        ((1 << 20) + 1, 16_384),
        (1 << 26, 16_384),
    ],
)
def test_the_number_of_columns_follows_from_that_of_slots(slots, columns):
    assert choose_columns(slots) == columns


def test_shapes_have_ends():
    for columns in (16, 32, 16_384):
        assert Shape(columns, (0,), 0, 0, 0, 0).rows == 0
    for columns in (0, 8, 17, 48, 32_768):
        with pytest.raises(ValueError, match=r"columns must be a power of two in \[16, 16384\]"):
            Shape(columns, (0,), 0, 0, 0, 0)
    for k in range(6):
        counts = [-1 if i == k else 0 for i in range(6)]
        with pytest.raises(ValueError, match="counts are not negative"):
            Shape(16, (0, counts[0]), *counts[1:])


def test_free_rows_hold_the_free_slots_and_three_blinders_a_gate_row():
    assert [Shape(16, (), free, 16, 0, 0).free_rows for free in (0, 10, 11, 26, 27)] == [1, 1, 2, 2, 3]


def test_errors_that_fit_the_known_weights_of_two_batches_do_not_cancel(backend, generators):
    """Everybody can compute a batch's own weights, so they are multiplied by what nobody knew before."""

    def batch(state, error):
        none = Vector.zeros(backend, 0)
        made = BatchVerifier(generators)
        equations = [(label, Equation(0, h, none, ())) for label, h in (("y", error), ("w", -error % R))]
        made._checked.append(_Checked("forged", state, tuple(equations)))
        return made

    def total(made):
        return sum(weight * equation.h for weight, equation in made.weighted(1)) % R

    first = batch(b"1", 1)
    second = batch(b"2", -total(first) * pow(total(batch(b"2", 1)), -1, R) % R)
    assert (total(first) + total(second)) % R == 0
    assert failing([first, second], Random(bytes(32))) == [0, 1]


def test_a_relation_without_rows_proves_nothing(backend, generators):
    relation = RangeRelation([RangeInput(4, 3, 3, "bits")], 16)
    lengths = Proof.lengths(relation.shape)
    proof = Proof.from_body({name: bytes(length) for name, length in lengths.items()}, relation.shape)
    with pytest.raises(VerificationError, match="empty: a relation without rows proves nothing") as caught:
        BatchVerifier(generators).add(
            relation,
            proof,
            input_commitments=Points.identity(backend, 0),
            outputs=Vector.zeros(backend, 0),
            context=b"test",
            name="empty",
        )
    assert (caught.value.check, caught.value.item) == ("shape", "empty")
