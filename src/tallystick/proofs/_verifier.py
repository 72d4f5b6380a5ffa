# SPDX-License-Identifier: Apache-2.0
"""Checking proofs: two or three equations each, all proofs in one multi-scalar multiplication.

Normative text: ``spec/opening.md``, "The verifier never folds points" and "Many batches at once".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..algebra import Generators, Points, Random, Vector
from ..backend import FR_BYTES, FR_MODULUS, G1_BYTES, Backend
from ..errors import DecodeError, VerificationError
from ..transcript import Transcript
from ._challenges import Challenges, OwnChallenges
from ._equations import Equation, Folds, add_up, opening_equations
from ._gates import CombinedClaims, GatePoint, LinearClaim, combined_claims
from ._proof import Proof
from ._relation import OwnShape, Relation
from ._sumcheck import own_claim, read_rounds

__all__ = ["BatchVerifier", "failing"]


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
) -> tuple[Challenges, CombinedClaims]:
    """Go through a proof up to its opening: gate rows, opened at one point."""
    challenges = Challenges(relation, context=context, input_rows=rows)
    xi = challenges.rows(proof.rows)
    rho = challenges.evaluations(outputs.to_bytes(), points, proof.evaluations)
    point = GatePoint.at(outputs.backend, relation.shape, xi) if relation.shape.gate_rows else None
    claim = combined_claims(
        relation.given(points), point, rho, outputs=outputs, evaluations=decoded.evaluations
    )
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
        start = _own_claim if isinstance(shape, OwnShape) else _joint_claim
        rows = input_commitments.to_bytes()
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
        # L is folded as G is: its inner product with the last scalars is that of L, unfolded, with what unfolds them.
        in_l = Vector.from_ints(backend, Folds(challenges.drawn.cross).row_weights(shape.rows)[1])
        g = decoded.final
        for e in reversed(halves.challenges):
            g = Vector.concat([g * e, g])
        equations = opening_equations(
            claim.value,
            claim.weights,
            challenges.drawn,
            rows=Points.concat([input_commitments, decoded.rows]),
            cross=decoded.cross,
            mask=decoded.mask,
            published=published,
            response=response,
            g=g,
            q=x * (claim.at(in_l, g) - halves.start * response[0]),
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

    @property
    def held_bytes(self) -> int:
        """How many bytes the equations hold that wait to be checked."""
        return sum(equation.held_bytes for one in self._checked for _, equation in one.equations)

    def weighted(self, scale: int) -> Iterator[tuple[int, Equation]]:
        """Yield the equations of all proofs with the weights of this batch, times ``scale``."""
        return _weighted(self._checked, scale)

    @property
    def generators(self) -> Generators:
        """The generators of all proofs added."""
        return self._generators

    def _holds(self, checked: list[_Checked]) -> bool:
        return add_up(self._generators, _weighted(checked, 1)).is_identity()


def _weighted(checked: Sequence[_Checked], scale: int) -> Iterator[tuple[int, Equation]]:
    weights = Transcript("tallystick/v1/batch")
    for one in checked:
        weights.absorb("proof", one.state)
    for one in checked:
        for label, equation in one.equations:
            yield weights.challenge(label) * scale % FR_MODULUS, equation


def failing(batches: Sequence[BatchVerifier], random: Random) -> list[int]:
    """Return the positions of the batches that do not hold, among several over one backend.

    All are checked in one multi-scalar multiplication, each with a weight from ``random``, which nobody may know who
    chose a proof.  If it fails, halves are checked with new weights until what fails is found.  A batch that fails is
    missing with probability below (1 + log2 of how many there are)/r; with less than that, one that holds is named
    in its place, so what is named is for ``verify`` to judge.
    """

    def holds(some: Sequence[int]) -> bool:
        generators = max((batches[k].generators for k in some), key=lambda g: g.count)
        scales = random.vector(generators.backend, len(some)).to_ints()
        return add_up(
            generators,
            (pair for k, scale in zip(some, scales, strict=True) for pair in batches[k].weighted(scale)),
        ).is_identity()

    def search(some: Sequence[int]) -> list[int]:
        """Return what fails of ``some``, of which one is known to."""
        if len(some) == 1:
            return list(some)
        left, right = some[: len(some) // 2], some[len(some) // 2 :]
        if holds(left):
            return search(right)
        return search(left) + ([] if holds(right) else search(right))

    every = range(len(batches))
    return [] if not batches or holds(every) else search(every)
