"""The model reproduces its vectors, stays independent, and agrees with the package on what it has not seen."""

from __future__ import annotations

import ast
import random as stdlib_random
import subprocess
import sys

import pytest

from support.sparse_relation import make_witness, random_relation
from support.spec_vectors import ROOT, V1
from tallystick.algebra import Generators, Random
from tallystick.encoding import dumps
from tallystick.proofs import prove

MODEL = ROOT / "model"
OWN = {path.stem for path in MODEL.glob("*.py")}


@pytest.fixture(scope="module")
def model():
    """The model's modules by name; they are scripts' siblings, not a package."""
    sys.path.insert(0, str(MODEL))
    try:
        import codec
        import proof
        import relations
    finally:
        sys.path.remove(str(MODEL))
    return {"codec": codec, "proof": proof, "relations": relations}


def test_vectors_are_what_the_model_makes():
    run = subprocess.run(
        [sys.executable, str(MODEL / "make_vectors.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=300,
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

    for path in V1.rglob("bad_*.json"):
        listed = json.loads(path.read_text(encoding="utf-8"))["cases"]
        assert len({case["name"] for case in listed}) == len(listed), path
        assert {case["error"] for case in listed} <= {"decode", "verify"}, path


@pytest.mark.parametrize(
    ("columns", "inputs", "free", "gates", "points"),
    [(16, (18, 1), 2, 11, 0), (32, (5,), 0, 3, 2), (64, (3,), 1, 0, 0)],
)
def test_the_straightforward_verifier_accepts_the_packages_proofs(
    backend, model, columns, inputs, free, gates, points
):
    rng = stdlib_random.Random(columns)
    of, slots, left, right = random_relation(
        rng, columns=columns, inputs=inputs, free=free, gates=gates, points=points
    )
    generators = Generators(backend, columns)
    random = Random(bytes(32))
    wit = make_witness(backend, of, slots, left, right, random)
    rows = wit.input_commitments(generators, of.shape)
    proof = prove(of, wit, generators=generators, input_commitments=rows, context=b"x", random=random)

    def forms(listed):
        return [(form[None], {s: k for s, k in form.items() if s is not None}) for form in listed]

    theirs = model["relations"].Relation(
        columns,
        inputs,
        free,
        *map(forms, (of.left, of.right, of.zeros, of.outputs)),
        of.digest,
        forms(of.points),
    )
    codec, verify = model["codec"], model["proof"].verify
    decoded = codec.points_from_bytes(rows.to_bytes())
    data = dumps(proof.to_body())
    outputs = wit.outputs.to_ints()
    published = codec.points_from_bytes(wit.published_points(generators).to_bytes())
    state = verify(theirs, decoded, outputs, b"x", data, published)
    read = model["proof"].decode(theirs.shape, data)
    assert model["proof"].check(theirs, decoded, outputs, b"x", read, published, literal=False) == state
    read.final[-1] += 1
    with pytest.raises(model["proof"].VerifyError, match="w-equation"):
        model["proof"].check(theirs, decoded, outputs, b"x", read, published, literal=False)
    with pytest.raises(model["proof"].VerifyError):
        verify(theirs, decoded, (wit.outputs + 1).to_ints(), b"x", data, published)
    if points:
        with pytest.raises(model["proof"].VerifyError):
            verify(theirs, decoded, outputs, b"x", data, published[::-1])
