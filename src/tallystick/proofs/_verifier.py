"""Checking proofs: two or three equations each, all proofs in one multi-scalar multiplication.

Normative text: ``spec/opening.md``, "The verifier never folds points".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..algebra import Generators, Points, Vector
from ..backend import FR_BYTES, G1_BYTES, Backend
from ..errors import DecodeError, VerificationError
from ..transcript import Transcript
from ._challenges import Challenges, OwnChallenges
from ._equations import Equation, Folds, add_up, opening_equations
from ._gates import GatePoint, LinearClaim, linear_claim
from ._proof import Proof
from ._relation import OwnShape, Relation
from ._sumcheck import own_claim, read_rounds

__all__ = ["BatchVerifier"]


@dataclass(frozen=True, slots=True)
class _Checked:
    """What one proof comes down to: its transcript's last state and its equations, with their labels."""

    name: str
    state: bytes
    equations: tuple[tuple[str, Equation], ...]


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A proof's points and scalars, decoded together, because one long call costs less than seven short ones."""

    rows: Points
    cross: Points
    mask: Points
    halving: Points
    evaluations: Vector
    response: Vector
    final: Vector

    @classmethod
    def of(cls, backend: Backend, proof: Proof, name: str) -> _Decoded:
        """Decode; DecodeError names the proof and the field."""
        points = ("rows", "cross", "mask", "halving")
        scalars = ("evaluations", "response", "final")
        fields: dict[str, Points | Vector] = {}
        for kind, names, size in ((Points, points, G1_BYTES), (Vector, scalars, FR_BYTES)):
            parts = [getattr(proof, field) for field in names]
            try:
                decoded = kind.from_bytes(backend, b"".join(parts))
            except DecodeError as error:
                field = _field_at(names, parts, error.offset or 0)
                raise DecodeError(f"{name}: {field}: {error.message}", item=name) from error
            start = 0
            for field, part in zip(names, parts, strict=True):
                count = len(part) // size
                fields[field] = decoded[start : start + count]
                start += count
        return cls(**fields)  # type: ignore[arg-type]


def _joint_claim(
    relation: Relation,
    proof: Proof,
    decoded: _Decoded,
    context: bytes,
    rows: bytes,
    outputs: Vector,
    points: bytes,
) -> tuple[Challenges, LinearClaim]:
    """Go through a proof up to its opening: gate rows, opened at one point."""
    challenges = Challenges(relation, context=context, input_rows=rows)
    xi = challenges.rows(proof.rows)
    rho = challenges.evaluations(outputs.to_bytes(), points, proof.evaluations)
    point = GatePoint.at(outputs.backend, relation.shape, xi) if relation.shape.gate_rows else None
    claim = linear_claim(relation.given(points), point, rho, outputs=outputs, evaluations=decoded.evaluations)
    return challenges, claim


def _own_claim(
    relation: Relation,
    proof: Proof,
    decoded: _Decoded,
    context: bytes,
    rows: bytes,
    outputs: Vector,
    points: bytes,
) -> tuple[Challenges, LinearClaim]:
    """Go through a proof up to its opening: a sumcheck."""
    shape, summed = relation.shape, None
    assert isinstance(shape, OwnShape)
    challenges = OwnChallenges(relation, context=context, input_rows=rows)
    tau = challenges.own_rows(proof.rows, shape.variables)
    if shape.gates:
        summed = read_rounds(challenges, tau, proof.evaluations, decoded.evaluations.to_ints())
    rho = challenges.evaluations(outputs.to_bytes(), points, proof.evaluations[-3 * FR_BYTES :])
    return challenges, own_claim(relation, summed, rho, outputs=outputs)


def _field_at(names: Sequence[str], parts: Sequence[bytes], offset: int) -> str:
    """Return the name of the part that holds the byte at ``offset`` of their concatenation."""
    for name, part in zip(names, parts, strict=True):
        if offset < len(part):
            return name
        offset -= len(part)
    return names[-1]


class BatchVerifier:
    """Collects proofs over the same generators and checks them together.

    ``add`` checks everything but the group equations of the proof; ``verify`` checks those of all proofs in one
    multi-scalar multiplication and, when it fails, one by one to name the proof.
    """

    def __init__(self, generators: Generators) -> None:
        self._generators = generators
        self._checked: list[_Checked] = []

    def add(
        self,
        relation: Relation,
        proof: Proof,
        *,
        input_commitments: Points,
        outputs: Vector,
        context: bytes,
        name: str,
        points: Points | None = None,
    ) -> None:
        """Reduce one proof to its two equations, or three where the relation has points.

        ``input_commitments`` are the commitments of the relation's input rows, ``outputs`` the published values,
        ``context`` what the proof belongs to, ``name`` how errors call it, ``points`` the published points.  Raises
        DecodeError when an encoding is bad, ValueError when counts do not fit the relation.
        """
        shape = relation.shape
        published = Points.identity(outputs.backend, 0) if points is None else points
        given = (len(input_commitments), len(outputs), len(published))
        if given != (shape.input_rows, shape.outputs, shape.points):
            raise ValueError("input commitments, outputs or points do not fit the relation")
        if shape.rows == 0:
            raise VerificationError(
                f"{name}: a relation without rows proves nothing", check="shape", item=name
            )
        backend = outputs.backend
        decoded = _Decoded.of(backend, proof, name)
        start, rows = (
            _own_claim if isinstance(shape, OwnShape) else _joint_claim,
            input_commitments.to_bytes(),
        )
        challenges, claim = start(relation, proof, decoded, context, rows, outputs, published.to_bytes())
        pair = 2 * G1_BYTES
        for k in range(0, len(proof.cross), pair):
            challenges.cross(proof.cross[k : k + pair])
        challenges.mask(proof.mask)
        response = decoded.response.to_ints()
        x = challenges.response(proof.response)
        halves = Folds(
            [challenges.halving(proof.halving[k : k + pair]) for k in range(0, len(proof.halving), pair)]
        )
        challenges.final(proof.final)
        form, g = Folds(challenges.drawn.cross).last_form(claim.form, shape.rows), decoded.final
        for e in halves.challenges:
            half = len(form) // 2
            form = form[:half].axpy(e, form[half:])
        for e in reversed(halves.challenges):
            g = Vector.concat([g * e, g])
        equations = opening_equations(
            claim,
            challenges.drawn,
            rows=Points.concat([input_commitments, decoded.rows]),
            cross=decoded.cross,
            mask=decoded.mask,
            published=published,
            response=response,
            g=g,
            q=x * (form.dot(decoded.final) - halves.start * response[0]),
            scale=halves.start,
            halving=[(decoded.halving, -Vector.from_ints(backend, halves.cross))],
        )
        self._checked.append(_Checked(name, challenges.state, tuple(equations)))

    def verify(self) -> None:
        """Check every proof added; VerificationError (``check`` = ``linear-opening``) names the first that fails."""
        if not self._checked or self._holds(self._checked):
            return
        bad = next((c.name for c in self._checked if len(self._checked) == 1 or not self._holds([c])), None)
        raise VerificationError(f"{bad}: the proof does not hold", check="linear-opening", item=bad)

    def _holds(self, checked: list[_Checked]) -> bool:
        weights = Transcript("tallystick/v1/batch")
        for one in checked:
            weights.absorb("proof", one.state)
        equations = [labelled for one in checked for labelled in one.equations]
        weighted = ((weights.challenge(label), equation) for label, equation in equations)
        return add_up(self._generators, weighted).is_identity()
