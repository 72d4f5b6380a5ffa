# SPDX-License-Identifier: Apache-2.0
"""What a run will cost, before anyone starts it.

Rounds, bytes and material are counted by running the protocol on lengths; tests hold them to what a run then used.
Seconds are counts of work times what a unit takes: ``CALIBRATIONS``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log2

from ..backend import FR_BYTES, G1_BYTES
from ..errors import ProgramError
from ..limits import STATISTICAL_BITS
from ..offline import Need
from ..party import PENDING_LIMIT
from ..plan import Hint, Matmul, Mul, Plan, Sum, mask_room
from ..proofs import OwnShape, Proof, Shape
from ._calibration import CALIBRATIONS, Calibrations, Work
from ._count import Step, count
from ._material import Material

__all__ = ["Estimate", "estimate", "require_hidden"]

_AGREED, _AGREED_EACH = 515, 645
"""Bytes of the agreement and the signatures in a transcript, about: names and columns are part of them."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of one run of a plan.

    Everything in bytes counts payload: TLS and message labels add less than a hundred bytes a message.
    ``bytes_sent[k]`` is what member k sends to all others together; ``material`` is what it takes to fill an empty
    store before.  ``transcript_bytes`` covers plan, commitments and proofs; ``work`` counts by phase.  ``hidden``
    counts what is opened under statistical masks, by the bits of its values (``spec/online.md``, "Masks").
    """

    gates: int
    boolean_wires: int
    multiplications: int
    coset_products: int
    triples: int
    random_bits: int
    random_elements: int
    masks: tuple[int, ...]
    steps: tuple[Step, ...]
    shape: Shape
    proof_bytes: int
    range_proof_bytes: tuple[int, ...]
    transcript_bytes: int
    material: Material
    work: Mapping[str, Work]
    hidden: Mapping[int, int]

    @property
    def shown(self) -> float:
        """Return log2 of what a run shows at most of all that it opens under masks; -inf if that is nothing."""
        total = _weight(self.hidden)
        return log2(total) - mask_room(len(self.masks)) if total else -inf

    @property
    def need(self) -> Need:
        """The material that a run takes."""
        return Need(self.triples, self.random_bits, self.random_elements, self.masks)

    @property
    def rounds(self) -> int:
        """Message rounds of the whole run, preparation not counted."""
        return sum(s.rounds for s in self.steps)

    @property
    def bytes_sent(self) -> tuple[int, ...]:
        """What each member sends to all others together, preparation not counted."""
        others = len(self.masks) - 1
        return tuple(others * sum(s.payload[k] for s in self.steps) for k in range(len(self.masks)))

    def phase_seconds(
        self, backend: str = "native", calibrations: Calibrations = CALIBRATIONS
    ) -> dict[str, float]:
        """Return about how long each phase takes by the clock, if every member has a core of its own, all on one
        machine like that of the calibrations.
        """
        return {phase: work.seconds(calibrations[backend]) for phase, work in self.work.items()}

    def seconds(self, backend: str = "native", calibrations: Calibrations = CALIBRATIONS) -> float:
        """Return about how long a run takes whose stores are full."""
        phases = self.phase_seconds(backend, calibrations)
        return sum(phases[name] for name in ("commit", "online", "proof"))

    def preparation_seconds(
        self, backend: str = "native", calibrations: Calibrations = CALIBRATIONS
    ) -> float:
        """Return about how long it takes to fill empty stores, keys included."""
        phases = self.phase_seconds(backend, calibrations)
        return phases["set up"] + phases["prepare"]

    def audit_seconds(self, backend: str = "native", calibrations: Calibrations = CALIBRATIONS) -> float:
        """Return about how long an audit takes."""
        return self.phase_seconds(backend, calibrations)["audit"]


def _weight(hidden: Mapping[int, int]) -> int:
    return sum(count << width for width, count in hidden.items())


def require_hidden(cost: Estimate) -> None:
    """Raise ProgramError if a run would show more than 2^-80 of all that it opens under masks together."""
    if _weight(cost.hidden) > 1 << mask_room(len(cost.masks)) - STATISTICAL_BITS:
        width, count = max(cost.hidden.items(), key=lambda item: item[1] << item[0])
        raise ProgramError(
            f"a run would show 2^{cost.shown:.2f} of what it opens under masks, more than 2^-{STATISTICAL_BITS} "
            f"together; most of it by {count:,} values of {width} bits",
            hint="declare narrower columns, or ask for fewer digits, or take fewer values in one run",
        )


def estimate(plan: Plan, *, pending_limit: int = PENDING_LIMIT) -> Estimate:
    """Count what a run of the plan takes and sends; ``pending_limit`` is that of its openings.

    Raises ProgramError for a hint that looks into a value too wide to be masked in the field.
    """
    shape, parties = plan.shape, len(plan.members)
    ranges = [plan.range_relation(k).shape for k in range(parties)]
    range_bytes = tuple(Proof.size(r) if r.rows else 0 for r in ranges)
    committed = tuple(shape.input_rows_of(k) * G1_BYTES + n for k, n in enumerate(range_bytes))
    counted = count(plan, pending_limit=pending_limit)
    steps = (Step("commit", "input rows and range proofs", 1, committed), *counted.steps)
    need = counted.need
    coset = shape.gate_rows * shape.gates_per_row
    multiplications = need.triples - coset - shape.gate_rows
    material = Material.of(triples=need.triples, bits=need.bits, randoms=need.randoms, masks=need.masks)
    proof = sum(map(len, counted.proof.to_body().values()))
    return Estimate(
        gates=shape.gates,
        boolean_wires=shape.gates - (multiplications - counted.advised),
        multiplications=multiplications,
        coset_products=coset,
        triples=need.triples,
        random_bits=need.bits,
        random_elements=need.randoms,
        masks=need.masks,
        steps=steps,
        shape=shape,
        proof_bytes=proof,
        range_proof_bytes=range_bytes,
        transcript_bytes=_AGREED
        + parties * _AGREED_EACH
        + len(plan.to_bytes())
        + proof
        + sum(range_bytes)
        + (shape.input_rows + shape.points) * G1_BYTES,
        material=material,
        work=_work(plan, ranges, steps, material, counted.masked),
        hidden=counted.hidden,
    )


# ---------------------------------------------------------------------- work, for seconds


def _work(
    plan: Plan, ranges: list[Shape], steps: Sequence[Step], material: Material, masked: int
) -> Mapping[str, Work]:
    """Count the work of the member that has most of it, by phase."""
    shape, lengths, others = plan.shape, plan.layout.lengths, material.parties - 1
    columns = shape.columns
    local = [v for v, node in enumerate(plan.nodes) if not isinstance(node, Mul | Hint)]
    nodes = sum(1 for v in local if plan.nodes[v].operands)
    entries = sum(lengths[v] for v in local)
    entries += sum(lengths[node.a] for node in plan.nodes if isinstance(node, Sum | Matmul))
    own = max(ranges, key=lambda r: r.rows)
    all_shapes = [shape, *ranges]

    def rounds(*phases: str) -> int:
        return sum(s.rounds for s in steps if s.phase in phases)

    def opened(*phases: str) -> float:
        return others * sum(max(s.payload) for s in steps if s.phase in phases) / FR_BYTES

    def slots(shapes: list[Shape]) -> int:
        return sum(sum(s.inputs) + s.free + 2 * s.gates for s in shapes)

    witness = shape.free_rows + shape.gate_rows
    # An own proof has no coset values, but the rounds of a sumcheck.
    alone = isinstance(own, OwnShape) and own.gates > 0
    coset = 0 if alone else own.gate_rows * own.gates_per_row
    return {
        "set up": Work(key=material.parties),
        "prepare": Work(
            proof=material.groups * material.parties,
            batch=material.batches * others,
            mac=(material.random_batches + sum(material.mask_batches)) * others,
            roots=material.bit_batches,
        ),
        "commit": Work(
            phase=1 + alone,
            round=rounds("commit"),
            # Wires and digits are zeros and ones, and cost next to nothing.
            point=coset + own.free_rows * columns + _verifier_points(ranges),
            cell=own.rows * columns + alone * own.gates // 3,
            column=columns,
            verified=slots(ranges),
        ),
        "online": Work(
            phase=1,
            round=rounds("inputs", "compute"),
            masked=masked,
            opened=opened("inputs", "compute"),
            point=(shape.input_rows + 1) * columns,
            node=nodes,
            entry=entries,
        ),
        "proof": Work(
            phase=1,
            round=rounds("prove"),
            opened=opened("prove"),
            point=(witness + 1) * columns + _verifier_points([shape]),
            cell=shape.rows * columns,
            column=columns,
            node=nodes,
            entry=entries,
            tag=shape.points * material.parties,
            verified=slots([shape]),
        ),
        "audit": Work(
            phase=1,
            point=_verifier_points(all_shapes),
            node=2 * nodes,  # The program is traced, too.
            entry=entries,
            tag=shape.points,
            verified=slots(all_shapes),
        ),
    }


def _verifier_points(shapes: list[Shape]) -> int:
    """Points of the one multi-scalar multiplication that checks all proofs."""
    per_proof = (
        s.rows + 2 * max(s.rows - 1, 0).bit_length() + 2 * (s.columns // 16 - 1).bit_length() + 2
        for s in shapes
        if s.rows
    )
    points = sum(s.points for s in shapes)
    return max(s.columns for s in shapes) + 2 + sum(per_proof) + points
