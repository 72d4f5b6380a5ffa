# SPDX-License-Identifier: Apache-2.0
"""The model reproduces its vectors, stays independent, and agrees with the package on what it has not seen."""

from __future__ import annotations

import ast
import random as stdlib_random
import subprocess
import sys

import pytest

from support.sparse_relation import make_witness, random_relation
from support.spec_vectors import OURS, ROOT, VECTORS, GivenRelation, verify
from tallystick.algebra import Generators, Random
from tallystick.encoding import dumps
from tallystick.errors import VerificationError
from tallystick.proofs import OwnShape, Shape, prove

MODEL = ROOT / "model"
OWN = {path.stem for path in MODEL.glob("*.py")}


@pytest.fixture(scope="module")
def model():
    """The model's modules by name; they are scripts' siblings, not a package."""
    sys.path.insert(0, str(MODEL))
    try:
        import codec
        import own
        import proof
        import relations
    finally:
        sys.path.remove(str(MODEL))
    return {"codec": codec, "own": own, "proof": proof, "relations": relations}


def test_vectors_are_what_the_model_makes():
    run = subprocess.run(
        [sys.executable, str(MODEL / "make_vectors.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert run.returncode == 0, run.stderr


def test_the_model_imports_nothing_of_the_package():
    allowed = sys.stdlib_module_names | OWN | {"py_ecc", "cryptography"}
    for path in MODEL.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                found = [node.module or ""]
            for name in found:
                top = name.split(".")[0]
                assert top in allowed, f"{path.name} imports {name}"
                assert top != "cryptography" or path.name == "audit.py", path.name


def test_every_bad_case_is_refused_and_named():
    import json

    for path in (path for version in OURS for path in (VECTORS / version).rglob("bad_*.json")):
        listed = json.loads(path.read_text(encoding="utf-8"))["cases"]
        assert len({case["name"] for case in listed}) == len(listed), path
        assert {case["error"] for case in listed} <= {"decode", "verify"}, path


def _proved(backend, model, prover, kind, *, columns, **dimensions):
    """Return a random relation as the model reads it, its public values, and a proof by the package."""
    of, slots, left, right = random_relation(
        stdlib_random.Random(columns), columns=columns, kind=kind, **dimensions
    )
    generators = Generators(backend, columns)
    random = Random(bytes(32))
    wit = make_witness(backend, of, slots, left, right, random)
    rows = wit.input_commitments(generators, of.shape)
    proof = prover(of, wit, generators=generators, input_commitments=rows, context=b"x", random=random)

    def forms(listed):
        return [(form[None], {s: k for s, k in form.items() if s is not None}) for form in listed]

    theirs = model["relations"].Relation(
        columns,
        dimensions["inputs"],
        dimensions["free"],
        *map(forms, (of.left, of.right, of.zeros, of.outputs)),
        of.digest,
        forms(of.points),
    )
    decode = model["codec"].points_from_bytes
    published = decode(wit.published_points(generators).to_bytes())
    return theirs, decode(rows.to_bytes()), wit.outputs.to_ints(), published, dumps(proof.to_body())


@pytest.mark.parametrize(
    ("columns", "inputs", "free", "gates", "points"),
    [(16, (18, 1), 2, 11, 0), (32, (5,), 0, 3, 2), (64, (3,), 1, 0, 0)],
)
def test_the_straightforward_verifier_accepts_the_packages_proofs(
    backend, model, columns, inputs, free, gates, points
):
    theirs, rows, outputs, published, data = _proved(
        backend, model, prove, Shape, columns=columns, inputs=inputs, free=free, gates=gates, points=points
    )
    verify, check, error = (getattr(model["proof"], name) for name in ("verify", "check", "VerifyError"))
    state = verify(theirs, rows, outputs, b"x", data, published)
    read = model["proof"].decode(theirs.shape, data)
    assert check(theirs, rows, outputs, b"x", read, published, literal=False) == state
    read.final[-1] += 1
    with pytest.raises(error, match="w-equation"):
        check(theirs, rows, outputs, b"x", read, published, literal=False)
    with pytest.raises(error):
        verify(theirs, rows, [v + 1 for v in outputs], b"x", data, published)
    if points:
        with pytest.raises(error):
            verify(theirs, rows, outputs, b"x", data, published[::-1])


@pytest.mark.parametrize(
    ("columns", "inputs", "free", "gates"),
    [(16, (18, 1), 2, 14), (16, (), 3, 15), (16, (4,), 0, 1), (32, (5,), 0, 37), (64, (3,), 1, 0)],
)
def test_the_straightforward_verifier_accepts_the_packages_own_proofs(
    backend, model, columns, inputs, free, gates
):
    theirs, rows, outputs, _, data = _proved(
        backend, model, prove, OwnShape, columns=columns, inputs=inputs, free=free, gates=gates
    )
    own, error = model["own"], model["proof"].VerifyError
    state = own.verify(theirs, rows, outputs, b"x", data)
    shape = own.OwnShape.of(theirs)
    read = model["proof"].decode(shape, data)
    assert own.check(theirs, rows, outputs, b"x", read, literal=False) == state
    for k in range(0, shape.evaluations, 3):
        read.evaluations[k] += 1
        with pytest.raises(error, match="y-equation"):
            own.check(theirs, rows, outputs, b"x", read, literal=False)
        read.evaluations[k] -= 1
    with pytest.raises(error, match="y-equation"):
        own.verify(theirs, rows, [v + 1 for v in outputs], b"x", data)


def test_the_model_has_no_own_proof_of_points_or_of_nothing(model):
    relations, own = model["relations"], model["own"]
    bare = ([], [], [], [], bytes(32))
    with pytest.raises(ValueError, match="points"):
        own.OwnShape.of(relations.Relation(16, (), 1, *bare, [(0, {0: 1})]))
    with pytest.raises(model["proof"].VerifyError, match="shape"):
        own.verify(relations.Relation(16, (), 0, *bare), [], [], b"", b"")


def test_the_own_proof_says_nothing_of_entries_that_hold_nothing(backend, model):
    """As its page says; everything else in the rows is in some claim, or is a slot that no form has."""
    relations, own = model["relations"], model["own"]
    gate = (0, {0: 1, 1: 1})
    theirs = relations.Relation(16, (1,), 1, [gate], [gate], [], [(0, {2: 1})], bytes(32))
    slots = relations.complete(theirs, [3], [4])
    shape = own.OwnShape.of(theirs)
    held = {shape.place(k) for k in range(shape.slots())}
    held |= {shape.place_blinder(k) for k in range(shape.blinders)}
    ours = GivenRelation(
        OwnShape(16, (1,), 1, 1, 0, 1), [{0: 1, 1: 1}], [{0: 1, 1: 1}], [], [{2: 1}], stated=bytes(32)
    )
    for row, column in ((r, c) for r in range(1, shape.rows) for c in range(0, 16, 5)):

        def change(stage, value, row=row, column=column):
            if stage == "matrix":
                value[row][column] += 1
            return value

        commitment = model["proof"].commit([3, *[0] * 15], 5)
        public = {"outputs": [49], "context": b"x"}
        proof = own.prove(theirs, slots, [5], **public, seed=bytes(32), tamper=change)
        given = {
            "input_rows": model["codec"].points_to_bytes([commitment]).hex(),
            "outputs": model["codec"].scalars_to_bytes([49]).hex(),
            "context": b"x".hex(),
        }
        if (row, column) in held:
            with pytest.raises(VerificationError):
                verify(Generators(backend, 16), ours, proof.encode(), **given)
        else:
            verify(Generators(backend, 16), ours, proof.encode(), **given)
