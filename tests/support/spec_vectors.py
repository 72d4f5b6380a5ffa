"""The vectors of ``spec/vectors/v1`` and how the tests read them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tallystick.algebra import Points, Vector
from tallystick.backend import Backend
from tallystick.errors import DecodeError, VerificationError
from tallystick.proofs import Shape, Witness

from .sparse_relation import Affine, SparseRelation

ROOT = Path(__file__).resolve().parents[2] / "spec"
V1 = ROOT / "vectors" / "v1"
ERRORS = {"decode": DecodeError, "verify": VerificationError}


def load(name: str) -> Any:
    """Return one file of vectors."""
    return json.loads((V1 / f"{name}.json").read_text(encoding="utf-8"))


def cases(name: str, key: str = "cases") -> list[Any]:
    """Return one file's cases as pytest parameters."""
    listed = load(name)[key]
    assert listed, name
    return [pytest.param(case, id=case.get("name", str(i))) for i, case in enumerate(listed)]


def names(folder: str) -> list[str]:
    """Return a folder's files of good cases."""
    found = sorted(path.stem for path in (V1 / folder).glob("*.json") if not path.stem.startswith("bad_"))
    assert found, folder
    return found


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


def relation(data: Any) -> GivenRelation:
    """Read a relation; terms on one slot never repeat in the vectors."""

    def forms(name: str) -> list[Affine]:
        return [{None: constant, **dict(map(tuple, terms))} for constant, terms in data[name]]

    left, right, zeros, outputs = (forms(name) for name in ("left", "right", "zeros", "outputs"))
    points = forms("points") if "points" in data else []
    counts = (len(left), len(zeros), len(outputs), len(points))
    shape = Shape(data["columns"], tuple(data["inputs"]), data["free"], *counts)
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
