# SPDX-License-Identifier: Apache-2.0
"""The joint proof: validate what was computed, open the outputs, then prove them.

Every prover step of ``spec/opening.md`` is linear in the witness, so each party does it on its shares and
the parties add up.  Normative text, with the order and its reasons: ``spec/online.md``, "Validate, then
prove".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import reduce

from ..algebra import Generators, Points, Vector
from ..errors import VerificationError
from ..party import Party, Shared, broadcast_points, broadcast_vector, commit_and_open, read_points
from ..proofs import (
    BatchVerifier,
    Challenges,
    Drawn,
    GatePoint,
    LinearClaim,
    Opening,
    OpeningShare,
    Part,
    Proof,
    Relation,
    Shape,
    add_parts,
    arrange_rows,
    coset_values,
    linear_claim,
    open_linear,
    part_holds,
)
from ._evaluate import Evaluation, PrivateOutput, Progress
from ._inputs import InputShares
from ._openings import Openings
from ._rows import PartyRows, publish_rows

__all__ = ["Proven", "prove"]

_STEPS = ("blind", "commit", "validate", "outputs", "open", "verify")


@dataclass(frozen=True, slots=True)
class Proven:
    """What was published, with its proof, verified; and what this member alone was to learn, by output node."""

    outputs: Vector
    points: Points
    private: Mapping[int, Vector]
    proof: Proof


@dataclass(frozen=True, slots=True)
class _Blinded:
    """Gate rows as shared: wires and outputs, coset entries, and the blinders of every row."""

    left: Shared
    right: Shared
    gates: Shared
    coset: Shared
    u: Shared
    v: Shared
    w: Shared


async def prove(
    online: Openings,
    relation: Relation,
    evaluation: Evaluation,
    inputs: InputShares,
    generators: Generators,
    *,
    context: bytes,
    progress: Progress | None = None,
) -> Proven:
    """Validate an evaluation, open its outputs, and prove them; every party returns the same verified proof.

    Raises ProtocolAbort before anything is opened that is not masked: ``row-commitment`` (with blame),
    ``equivocation``, ``mac-check``, ``gate-check``, ``assert-zero``; and after the outputs, before this
    function returns them: ``mac-check`` and ``z-share`` (with blame).
    """

    def report(step: str) -> None:
        if progress is not None:
            progress("prove", _STEPS.index(step), len(_STEPS))

    with online.burning():
        shape, party = relation.shape, online.party
        report("blind")
        blinded = await _blind(online, shape, evaluation)
        report("commit")
        rows = _arrange(shape, evaluation, inputs, blinded)
        gammas = party.random.vector(party.backend, shape.free_rows + shape.gate_rows)
        published = await _publish(online, generators, shape, rows, gammas)
        challenges = Challenges(relation, context=context, input_rows=inputs.rows.total.to_bytes())
        xi = challenges.rows(published.total.to_bytes())
        report("validate")
        point = GatePoint.at(party.backend, shape, xi) if shape.gate_rows else None
        evaluations = await _evaluations(online, point, blinded)
        await online.assert_zero(evaluation.zeros, check="assert-zero")
        await online.check("validate")
        report("outputs")
        points, point_parts = await _points(online, generators, evaluation)
        encoded = points.to_bytes()
        outputs, private = await _outputs(online, evaluation.given(encoded))
        rho = challenges.evaluations(outputs.to_bytes(), encoded, evaluations.to_bytes())
        claim = linear_claim(relation.given(encoded), point, rho, outputs=outputs, evaluations=evaluations)
        report("open")
        joint = _Joint(
            party=party,
            generators=generators,
            claim=claim,
            rows=[Points.concat(pair) for pair in zip(inputs.rows.by_party, published.by_party, strict=True)],
            points=point_parts,
        )
        exponent = claim.weights.dot(evaluation.points.value) if len(points) else None
        opening = await joint.open(rows.value, Vector.concat([inputs.gammas, gammas]), exponent, challenges)
        proof = Proof(rows=published.total.to_bytes(), evaluations=evaluations.to_bytes(), **asdict(opening))
        # From here on all honest parties hold the same messages, so they come to the same verdict; and only when
        # all drew the same challenges is a part that does not fit its sender's fault.
        await online.agree("proof/agree")
        report("verify")
        verifier = BatchVerifier(generators)
        try:
            verifier.add(
                relation,
                proof,
                input_commitments=inputs.rows.total,
                outputs=outputs,
                context=context,
                name="computation",
                points=points,
            )
            verifier.verify()
        except VerificationError as error:
            culprit = joint.culprit(challenges.drawn)
            what = "contributed something else to the proof than the rows say that it committed to"
            raise online.failed(
                what if culprit is not None else f"somebody {what}", check="z-share", blame=culprit
            ) from error
        if progress is not None:
            progress("prove", len(_STEPS), len(_STEPS))
        return Proven(outputs, points, private, proof)


async def _blind(online: Openings, shape: Shape, evaluation: Evaluation) -> _Blinded:
    """Take a spare triple (u, v, w) for every gate row, and multiply the blinded rows on the coset."""
    backend = online.party.backend
    if not shape.gate_rows:
        empty = Shared.zeros(backend, 0)
        return _Blinded(*(empty,) * 7)
    spare = await online.preparation.triples(shape.gate_rows)
    left, right = evaluation.left, evaluation.right
    f = Shared.linear(lambda x, u: coset_values(shape, x, u), left, spare.a)
    g = Shared.linear(lambda x, v: coset_values(shape, x, v), right, spare.b)
    coset = await online.multiply(f, g, label="proof/coset")
    return _Blinded(left, right, evaluation.gates, coset, spare.a, spare.b, spare.c)


def _arrange(shape: Shape, evaluation: Evaluation, inputs: InputShares, blinded: _Blinded) -> Shared:
    """Lay the witness out as its matrix, row-major: values and MACs alike."""

    def lay(
        free: Vector, u: Vector, v: Vector, w: Vector, gates: Vector, coset: Vector, *slots: Vector
    ) -> Vector:
        blinders = Vector.concat([u, v, w]).transposed(3, shape.gate_rows)
        return arrange_rows(shape, inputs=slots, free=free, blinders=blinders, gates=gates, coset=coset)

    b = blinded
    return Shared.linear(lay, evaluation.free, b.u, b.v, b.w, b.gates, b.coset, *inputs.slots)


async def _publish(
    online: Openings, generators: Generators, shape: Shape, rows: Shared, gammas: Vector
) -> PartyRows:
    """Publish the free and gate rows, which must hold what is shared."""
    if not len(gammas):
        empty = Points.identity(online.party.backend, 0)
        return PartyRows((empty,) * online.party.size, empty)
    return await publish_rows(
        online,
        generators,
        shape.columns,
        rows=rows[shape.input_rows * shape.columns :],
        gammas=gammas,
        label="witness",
        check="row-commitment",
    )


async def _evaluations(online: Openings, point: GatePoint | None, blinded: _Blinded) -> Vector:
    """Open F and G of every gate row at xi, and claim h(xi) = F*G; return F_0, G_0, F_1, G_1, ..."""
    if point is None:
        return Vector.zeros(online.party.backend, 0)
    n = point.shape.gate_rows
    f = Shared.linear(point.factors, blinded.left, blinded.u)
    g = Shared.linear(point.factors, blinded.right, blinded.v)
    opened = await online.open(Shared.concat([f, g]), label="proof/evaluations")
    h = Shared.linear(point.products, blinded.gates, blinded.coset, blinded.w)
    difference = online.preparation.key.add(h, -(opened[:n] * opened[n:]))
    await online.assert_zero(difference, check="gate-check")
    return opened.transposed(2, n)


async def _points(
    online: Openings, generators: Generators, evaluation: Evaluation
) -> tuple[Points, list[Points]]:
    """Open what is published as points, under the MAC check; return the points, and every party's share of them.

    The check comes before anything is opened that depends on which of them are equal.
    """
    if not len(evaluation.points):
        return Points.identity(online.party.backend, 0), []
    opened, parts = await online.open_points(evaluation.points, generators.q, label="outputs/points")
    await online.check("outputs/points/check")
    return opened, parts


async def _outputs(online: Openings, evaluation: Evaluation) -> tuple[Vector, dict[int, Vector]]:
    """Open the public outputs to all and the others to their recipients, under the MAC check."""
    backend = online.party.backend
    outputs = Vector.zeros(backend, 0)
    if len(evaluation.outputs):
        outputs = await online.open(evaluation.outputs, label="outputs/public")
    private: dict[int, Vector] = {}
    for output in evaluation.private:
        for member in output.to:
            value = await _open_to(online, output, member)
            if value is not None:
                private[output.node] = value
    await online.check("outputs/check")
    return outputs, private


async def _open_to(online: Openings, output: PrivateOutput, member: int) -> Vector | None:
    """Open an output less a mask that one member knows; that member gets the value."""
    masks = await online.preparation.masks(member, len(output.value))
    masked = await online.open(output.value - masks.shared, label="outputs/private")
    return None if masks.clear is None else masked + masks.clear


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class _Joint:
    """The joint opening: every party's contributions, kept to find who sent a bad one."""

    party: Party
    generators: Generators
    claim: LinearClaim
    rows: Sequence[Points]
    points: Sequence[Points]
    values: list[int] = field(default_factory=list)
    parts: list[list[Part]] = field(default_factory=list)

    async def open(
        self, rows: Vector, gammas: Vector, exponent: int | None, challenges: Challenges
    ) -> Opening:
        """Contribute this party's share to every message, and finish the proof from the sums.

        ``exponent`` is w_i, this party's share of the logarithm of W, None where there are no points.
        """
        share = OpeningShare(
            self.generators,
            len(rows) // len(gammas),
            rows=rows,
            gammas=gammas,
            form=self.claim.form,
            random=self.party.random,
            exponent=exponent,
        )
        own = Vector.from_ints(rows.backend, [self.claim.form.dot(rows) - (exponent or 0)])
        announced = await broadcast_vector(self.party, "proof/claim", own)
        self.values.extend(value[0] for value in announced)
        steps = open_linear(self.generators, share, challenges)
        part = next(steps)
        while True:
            total = await self._exchange(part)
            try:
                part = steps.send(total)
            except StopIteration as stop:
                opening: Opening = stop.value
                return opening

    def culprit(self, drawn: Drawn) -> int | None:
        """Return the first party whose contributions are not those of its committed rows, if there is one."""
        none = Points.identity(self.party.backend, 0)
        for j, (value, rows) in enumerate(zip(self.values, self.rows, strict=True)):
            if not part_holds(
                self.generators,
                replace(self.claim, value=value),
                drawn,
                [parts[j] for parts in self.parts],
                rows=rows,
                published=self.points[j] if self.points else none,
            ):
                return j
        return None

    async def _exchange(self, part: Part) -> Part:
        """Send this party's contribution, receive the others', and return the sum."""
        label = f"proof/{part.label}"
        if part.scalars is not None:
            vectors = await broadcast_vector(self.party, label, part.scalars)
            parts = [Part(part.label, scalars=scalars) for scalars in vectors]
        else:
            assert part.points is not None
            if part.label == "mask" and self.points:
                # The logarithm of W must not be learnt from an answer to a chosen challenge (spec/soundness.md).
                sent = await commit_and_open(self.party, label, part.points.to_bytes())
                points = [
                    read_points(self.party, data, len(part.points), label=label, sender=j)
                    for j, data in enumerate(sent)
                ]
            else:
                points = await broadcast_points(self.party, label, part.points)
            parts = [Part(part.label, points=p) for p in points]
        self.parts.append(parts)
        return reduce(add_parts, parts)
