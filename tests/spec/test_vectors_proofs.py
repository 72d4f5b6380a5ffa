# SPDX-License-Identifier: Apache-2.0
"""Commitments, gate rows, proofs and range proofs are exactly those that ``spec/model`` made.

A proof is made from the same seed on each backend and must have the same bytes; every bad case must be refused
with its category.
"""

from __future__ import annotations

import pytest

from support.spec_vectors import (
    ERRORS,
    bad,
    cases,
    declared,
    load,
    names,
    refused,
    relation,
    scalars,
    unhex,
    verify,
    witness,
)
from tallystick.algebra import Generators, Random, Vector
from tallystick.encoding import dumps
from tallystick.proofs import (
    GatePoint,
    RangeInput,
    RangeRelation,
    Shape,
    commit_rows,
    coset_values,
    linear_claim,
    prove,
    range_witness,
    root_of_unity,
)

CHANGED = bad(
    "proof",
    [
        "bad_c16_two_owners_changed",
        "bad_c32_empty_owner_changed",
        "bad_c16_two_owners_statement",
        "bad_c16_two_owners_witness",
        "bad_c16_points_changed",
        "bad_c16_points_points",
    ],
)


@pytest.fixture(scope="module")
def generators(backend):
    return Generators(backend, 64)


def test_roots_of_unity(backend):
    for case in load("field/ntt")["roots"]:
        assert [root_of_unity(case["n"])] == scalars(backend, case["root"]).to_ints()


def test_row_commitments(backend, generators):
    for case in load("commitments/rows")["cases"]:
        row = scalars(backend, case["row"])
        made = commit_rows(generators, len(row), row, scalars(backend, case["gamma"]))
        assert made.to_bytes() == unhex(case["commitment"]), case["name"]


def test_gate_rows(backend):
    for case in load("gates/rows")["cases"]:
        m = case["gates"]
        shape = Shape(2 * m, (), 0, m, 0, 0)
        alpha, beta, u, v, w, row, xi = (
            scalars(backend, case[k]) for k in ("alpha", "beta", "u", "v", "w", "row", "xi")
        )
        ints = row.to_ints()
        coset = coset_values(shape, alpha, u) * coset_values(shape, beta, v)
        assert coset.to_ints() == ints[1::2]
        assert (alpha * beta).to_ints() == ints[::2]
        point = GatePoint.at(backend, shape, xi[0])
        assert point.ell.to_bytes() == unhex(case["lagrange_m"])
        for parity, found in enumerate((point.even, point.odd)):
            assert found.to_ints() == scalars(backend, case["lagrange_2m"]).to_ints()[parity::2]
        assert point.factors(alpha, u).to_bytes() == unhex(case["F"])
        assert point.factors(beta, v).to_bytes() == unhex(case["G"])
        assert point.products(alpha * beta, coset, w).to_bytes() == unhex(case["h"])


def _check_case(backend, generators, of, wit, case):
    input_rows = wit.input_commitments(generators, of.shape)
    assert input_rows.to_bytes() == unhex(case["input_rows"])
    assert wit.outputs.to_bytes() == unhex(case["outputs"])
    published = wit.published_points(generators).to_bytes()
    assert published == unhex(case.get("points", ""))
    proof = prove(
        of,
        wit,
        generators=generators,
        input_commitments=input_rows,
        context=unhex(case["context"]),
        random=Random(unhex(case["seed"])),
    )
    assert dumps(proof.to_body()) == unhex(case["proof"])
    xi, rho = (scalars(backend, case["challenges"][k])[0] for k in ("xi", "rho"))
    point = GatePoint.at(backend, of.shape, xi) if of.shape.gate_rows else None
    evaluations = Vector.from_bytes(backend, proof.evaluations)
    claim = linear_claim(of.given(published), point, rho, outputs=wit.outputs, evaluations=evaluations)
    assert claim.form.to_bytes() == unhex(case["form"])
    public = {k: case[k] for k in ("input_rows", "outputs", "context")}
    verify(generators, of, unhex(case["proof"]), **public, points=case.get("points", ""))


@pytest.mark.parametrize("name", names("proof"))
def test_proofs(backend, generators, name):
    case = load(f"proof/{name}")
    of = relation(case["relation"])
    slots = scalars(backend, case["slots"]).to_ints()
    _check_case(
        backend, generators, of, witness(backend, of, slots, scalars(backend, case["input_gammas"])), case
    )


@pytest.mark.parametrize("name", [name for name in names("ranges") if name != "weights"])
def test_range_proofs(backend, generators, name):
    case = load(f"ranges/{name}")
    of = RangeRelation(declared(case["declared"]), case["relation"]["columns"])
    assert of.digest == unhex(case["relation"]["digest"])
    values = [[int(v) for v in column] for column in case["values"]]
    wit = range_witness(backend, of, values, scalars(backend, case["input_gammas"]))
    slots = Vector.concat([*wit.inputs, wit.free, wit.gates])
    assert slots.to_bytes() == unhex(case["slots"])
    _check_case(backend, generators, of, wit, case)


def test_range_weights():
    for case in load("ranges/weights")["cases"]:
        item = RangeInput(1, int(case["low"]), int(case["high"]), "value")
        assert item.weights == [int(w) for w in case["weights"]]


@pytest.mark.parametrize(("base", "case"), CHANGED)
def test_bad_proofs(backend, generators, base, case):
    refused(generators, base, case)


@pytest.mark.parametrize("case", cases("ranges/bad_statements"))
def test_bad_range_statements(generators, case):
    of = RangeRelation(declared(case["declared"]), case["columns"])
    with pytest.raises(ERRORS[case["error"]]):
        verify(
            generators,
            of,
            unhex(case["proof"]),
            input_rows=case["input_rows"],
            outputs="",
            context=case["context"],
        )
