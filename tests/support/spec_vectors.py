# SPDX-License-Identifier: Apache-2.0
"""The vectors of ``spec/vectors`` and how the tests read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tallystick.algebra import Generators, Points, Vector
from tallystick.backend import Backend
from tallystick.encoding import loads
from tallystick.errors import DecodeError, VerificationError
from tallystick.proofs import BatchVerifier, Proof, RangeInput, Relation, Shape, Witness

from .sparse_relation import Affine, SparseRelation

ROOT = Path(__file__).resolve().parents[2] / "spec"
VECTORS = ROOT / "vectors"
OURS = ("v1", "v2")  # the versions that the model writes
ERRORS = {"decode": DecodeError, "verify": VerificationError}


def load(name: str, version: str = "v1") -> Any:
    """Return one file of vectors."""
    return json.loads((VECTORS / version / f"{name}.json").read_text(encoding="utf-8"))


def cases(name: str, key: str = "cases", version: str = "v1") -> list[Any]:
    """Return one file's cases as pytest parameters."""
    listed = load(name, version)[key]
    assert listed, name
    return [pytest.param(case, id=case.get("name", str(i))) for i, case in enumerate(listed)]


def names(folder: str, version: str = "v1") -> list[str]:
    """Return a folder's files of good cases."""
    files = (VECTORS / version / folder).glob("*.json")
    found = sorted(path.stem for path in files if not path.stem.startswith("bad_"))
    assert found, folder
    return found


def bad(folder: str, listed: Sequence[str], version: str = "v1") -> list[Any]:
    """Return (the good case, a change of it that must be refused) of some files, as pytest parameters."""
    made = []
    for name in listed:
        file = load(f"{folder}/{name}", version)
        base = load(f"{folder}/{file['base'][:-5]}", version)
        made += [pytest.param(base, case, id=f"{name[4:]}-{case['name']}") for case in file["cases"]]
    return made


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def scalars(backend: Backend, text: str) -> Vector:
    return Vector.from_bytes(backend, unhex(text))


def points(backend: Backend, text: str) -> Points:
    return Points.from_bytes(backend, unhex(text))


@dataclass
class GivenRelation(SparseRelation):
    """A relation whose digest the vectors state."""

    stated: bytes = b""

    @property
    def digest(self) -> bytes:
        return self.stated


def declared(rows: Any) -> list[RangeInput]:
    """Read the inputs of a range relation."""
    return [RangeInput(n, int(low), int(high), form) for n, low, high, form in rows]


def relation(data: Any, kind: type[Shape] = Shape) -> GivenRelation:
    """Read a relation; terms on one slot never repeat in the vectors."""

    def forms(name: str) -> list[Affine]:
        return [{None: constant, **dict(map(tuple, terms))} for constant, terms in data[name]]

    left, right, zeros, outputs = (forms(name) for name in ("left", "right", "zeros", "outputs"))
    points = forms("points") if "points" in data else []
    counts = (len(left), len(zeros), len(outputs), len(points))
    shape = kind(data["columns"], tuple(data["inputs"]), data["free"], *counts)
    return GivenRelation(shape, left, right, zeros, outputs, points, stated=unhex(data["digest"]))


def witness(backend: Backend, of: SparseRelation, slots: list[int], gammas: Vector) -> Witness:
    """Return the witness for given slot values."""
    parts, at = [], 0
    for n in (*of.shape.inputs, of.shape.free, of.shape.gates):
        parts.append(Vector.from_ints(backend, slots[at : at + n]))
        at += n
    *inputs, free, gates = parts
    left, right, outputs = (
        Vector.from_ints(backend, [of.evaluate(form, slots) for form in forms])
        for forms in (of.left, of.right, of.outputs)
    )
    return Witness(
        inputs=tuple(inputs),
        input_gammas=gammas,
        free=free,
        left=left,
        right=right,
        gates=gates,
        outputs=outputs,
        points=Vector.from_ints(backend, [of.evaluate(form, slots) for form in of.points])
        if of.points
        else None,
    )


def verify(
    generators: Generators,
    of: Relation,
    data: bytes,
    *,
    input_rows: str,
    outputs: str,
    context: str,
    points: str = "",
) -> None:
    """Verify encoded bytes as a proof under public values as the vectors hold them."""
    proof = Proof.from_body(loads(data, max_size=1 << 20), of.shape)
    backend = generators.backend
    verifier = BatchVerifier(generators)
    verifier.add(
        of,
        proof,
        input_commitments=Points.from_bytes(backend, unhex(input_rows)),
        outputs=scalars(backend, outputs),
        context=unhex(context),
        name="vector",
        points=Points.from_bytes(backend, unhex(points)),
    )
    verifier.verify()


def refused(generators: Generators, base: Any, case: Any, kind: type[Shape] = Shape) -> None:
    """Verify a good case as changed by a bad one, and require the error that it says."""
    public = {k: base[k] for k in ("input_rows", "outputs", "context", "relation")}
    public |= {"points": base.get("points", "")} | case.get("replace", {})
    data = unhex(case.get("proof", base["proof"]))
    if "patch" in case:
        at, end = case["patch"]["offset"], case["patch"]["offset"] + case["patch"]["remove"]
        data = data[:at] + unhex(case["patch"]["insert"]) + data[end:]
        assert data != unhex(base["proof"])
    of = relation(public.pop("relation"), kind)
    with pytest.raises(ERRORS[case["error"]]):
        verify(generators, of, data, **public)
