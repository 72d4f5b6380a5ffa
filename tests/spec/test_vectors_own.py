# SPDX-License-Identifier: Apache-2.0
"""The own proof's vectors are what the package makes and accepts, and what it must refuse it does.

A proof is made from the same seed on each backend and must have the same bytes; every bad case must be refused
with its category.
"""

from __future__ import annotations

import pytest

from support.spec_vectors import (
    ERRORS,
    VECTORS,
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
from tallystick.proofs import OwnShape, RangeRelation, prove, range_witness
from tallystick.proofs._sumcheck import own_claim, summed

CHANGED = [
    "bad_c16_no_gates_changed",
    "bad_c16_two_owners_changed",
    "bad_c16_two_owners_statement",
    "bad_c16_two_owners_witness",
    "bad_c32_empty_owner_changed",
]
RANGES = [name for name in names("own", "v2") if name.startswith("range_")]
OTHERS = [name for name in names("own", "v2") if name not in RANGES]


@pytest.fixture(scope="module")
def generators(backend):
    return Generators(backend, 64)


def _check_case(backend, generators, of, wit, case):
    input_rows = wit.input_commitments(generators, of.shape)
    assert input_rows.to_bytes() == unhex(case["input_rows"])
    assert wit.outputs.to_bytes() == unhex(case["outputs"])
    proof = prove(
        of,
        wit,
        generators=generators,
        input_commitments=input_rows,
        context=unhex(case["context"]),
        random=Random(unhex(case["seed"])),
    )
    assert dumps(proof.to_body()) == unhex(case["proof"])
    drawn = {k: scalars(backend, v).to_ints() for k, v in case["challenges"].items()}
    said = Vector.from_bytes(backend, proof.evaluations).to_ints()
    left = summed(drawn["tau"], *drawn["lambda"], drawn["zeta"], said) if of.shape.gates else None
    claim = own_claim(of, left, *drawn["rho"], outputs=wit.outputs)
    assert claim.form.to_bytes() == unhex(case["form"])
    public = {k: case[k] for k in ("input_rows", "outputs", "context")}
    verify(generators, of, unhex(case["proof"]), **public)


@pytest.mark.parametrize("name", OTHERS)
def test_proofs(backend, generators, name):
    case = load(f"own/{name}", "v2")
    of = relation(case["relation"], OwnShape)
    slots = scalars(backend, case["slots"]).to_ints()
    wit = witness(backend, of, slots, scalars(backend, case["input_gammas"]))
    _check_case(backend, generators, of, wit, case)


@pytest.mark.parametrize("name", RANGES)
def test_range_proofs(backend, generators, name):
    case = load(f"own/{name}", "v2")
    of = RangeRelation(declared(case["declared"]), case["relation"]["columns"], OwnShape)
    assert of.digest == unhex(case["relation"]["digest"])
    values = [[int(v) for v in column] for column in case["values"]]
    wit = range_witness(backend, of, values, scalars(backend, case["input_gammas"]))
    assert Vector.concat([*wit.inputs, wit.free, wit.gates]).to_bytes() == unhex(case["slots"])
    _check_case(backend, generators, of, wit, case)


def test_every_file_is_read():
    found = {path.stem for path in (VECTORS / "v2" / "own").glob("*.json")}
    assert found == {*CHANGED, "bad_ranges", *RANGES, *OTHERS}


@pytest.mark.parametrize(("base", "case"), bad("own", CHANGED, "v2"))
def test_bad_proofs(generators, base, case):
    refused(generators, base, case, OwnShape)


@pytest.mark.parametrize("case", cases("own/bad_ranges", version="v2"))
def test_bad_range_statements(generators, case):
    of = RangeRelation(declared(case["declared"]), case["columns"], OwnShape)
    public = {k: case[k] for k in ("input_rows", "context")}
    with pytest.raises(ERRORS[case["error"]]):
        verify(generators, of, unhex(case["proof"]), outputs="", **public)
