# SPDX-License-Identifier: Apache-2.0
"""The own proof's vectors are what the package makes and accepts, and what it must refuse it does.

A proof is made from the same seed on each backend and must have the same bytes; every bad case must be refused
with its category.
"""

from __future__ import annotations

import numpy as np
import pytest

from support.spec_vectors import (
    ERRORS,
    VECTORS,
    bad,
    cases,
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
from tallystick.encoding import dumps, loads
from tallystick.plan import HomeRelation, evaluate_home, home_witness
from tallystick.plan._home import decode_home
from tallystick.proofs import OwnShape, prove, to_words
from tallystick.proofs._sumcheck import own_claim, summed

CHANGED = [
    "bad_c16_no_gates_changed",
    "bad_c16_two_owners_changed",
    "bad_c16_two_owners_statement",
    "bad_c16_two_owners_witness",
    "bad_c32_empty_owner_changed",
    "bad_c32_widths_statement",
]
HOMES = [name for name in names("own", "v2") if name.startswith("home_")]
OTHERS = [name for name in names("own", "v2") if name not in HOMES]


@pytest.fixture(scope="module")
def generators(backend):
    return Generators(backend, 128)


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


def _home(text):
    return HomeRelation(decode_home(loads(unhex(text), max_size=1 << 12), "home"))


@pytest.mark.parametrize("name", HOMES)
def test_proofs_of_homes(backend, generators, name):
    """The oracle and what an owner computes are the model's slots, and prove the same bytes."""
    case = load(f"own/{name}", "v2")
    of = _home(case["home"])
    said = case["relation"]
    assert of.digest == unhex(said["digest"])
    found = [getattr(of.shape, kind) for kind in ("columns", "inputs", "widths", "free")]
    assert found == [said["columns"], tuple(said["inputs"]), tuple(said["widths"]), said["free"]]
    columns = [[int(v) for v in column] for column in case["values"]]
    named = {
        (n.name, n.order): np.array(column, dtype=object)
        for n, column in zip(of.home.inputs, columns, strict=True)
    }
    honest = home_witness(of.home, named, advice={})
    slots = [*honest.inputs[0], *honest.free, *honest.gates]
    assert Vector.from_ints(backend, slots).to_bytes() == unhex(case["slots"])
    values = evaluate_home(backend, of.home, [to_words(column) for column in columns])
    _check_case(backend, generators, of, values.witness(scalars(backend, case["input_gammas"])), case)


def test_every_file_is_read():
    found = {path.stem for path in (VECTORS / "v2" / "own").glob("*.json")}
    assert found == {*CHANGED, "bad_homes", *HOMES, *OTHERS}


@pytest.mark.parametrize(("base", "case"), bad("own", CHANGED, "v2"))
def test_bad_proofs(generators, base, case):
    refused(generators, base, case, OwnShape)


@pytest.mark.parametrize("case", cases("own/bad_homes", version="v2"))
def test_what_does_not_follow_at_home(generators, case):
    public = {k: case[k] for k in ("input_rows", "context")}
    with pytest.raises(ERRORS[case["error"]]):
        verify(generators, _home(case["home"]), unhex(case["proof"]), outputs="", **public)
