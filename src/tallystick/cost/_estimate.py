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
    store before.  ``home_gates[k]`` are proved by member k alone, which shares ``shared[k]`` values; ``gates`` are
    those of the joint computation.  ``transcript_bytes`` covers plan, commitments and proofs; ``work`` counts by phase.
    ``hidden`` counts what is opened under statistical masks, by the bits of its values (``spec/online.md``, "Masks").
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
    home_proof_bytes: tuple[int, ...]
    home_gates: tuple[int, ...]
    shared: tuple[int, ...]
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
    homes = [home.layout.shape for home in plan.homes]
    sizes = [Proof.size(home) if home.rows else 0 for home in homes]
    own = [[part.home for part in plan.parts if part.member == k] for k in range(parties)]
    home_bytes = tuple(sum(sizes[h] for h in parts) for parts in own)
    committed = tuple(
        sum(homes[h].input_rows for h in parts) * G1_BYTES + n
        for parts, n in zip(own, home_bytes, strict=True)
    )
    counted = count(plan, pending_limit=pending_limit)
    steps = (Step("commit", "shared rows and proofs of homes", 1, committed), *counted.steps)
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
        home_proof_bytes=home_bytes,
        home_gates=tuple(sum(homes[h].gates for h in parts) for parts in own),
        shared=tuple(sum(homes[h].inputs[0] for h in parts) for parts in own),
        transcript_bytes=_AGREED
        + parties * _AGREED_EACH
        + len(plan.to_bytes())
        + proof
        + sum(home_bytes)
        + (shape.input_rows + shape.points) * G1_BYTES,
        material=material,
        work=_work(plan, [[homes[h] for h in parts] for parts in own], steps, material, counted.masked),
        hidden=counted.hidden,
    )


# ---------------------------------------------------------------------- work, for seconds


def _work(
    plan: Plan, homes: list[list[OwnShape]], steps: Sequence[Step], material: Material, masked: int
) -> Mapping[str, Work]:
    """Count the work of the member that has most of it, by phase."""
    shape, lengths, others = plan.shape, plan.layout.lengths, material.parties - 1
    columns = shape.columns
    local = [v for v, node in enumerate(plan.nodes) if not isinstance(node, Mul | Hint)]
    nodes = sum(1 for v in local if plan.nodes[v].operands)
    entries = sum(lengths[v] for v in local)
    entries += sum(lengths[node.a] for node in plan.nodes if isinstance(node, Sum | Matmul))
    own = max(homes, key=lambda parts: sum(part.rows * part.columns for part in parts), default=[])
    every = [part for parts in homes for part in parts]
    wires = _wires(plan)
    all_shapes = [shape, *every]

    def rounds(*phases: str) -> int:
        return sum(s.rounds for s in steps if s.phase in phases)

    def opened(*phases: str) -> float:
        return others * sum(max(s.payload) for s in steps if s.phase in phases) / FR_BYTES

    def slots(shapes: Sequence[Shape]) -> int:
        return sum(sum(s.inputs) + s.free + 2 * s.gates for s in shapes)

    witness = shape.free_rows + shape.gate_rows
    return {
        "set up": Work(key=material.parties),
        "prepare": Work(
            proof=material.groups * material.parties,
            batch=material.batches * others,
            mac=(material.random_batches + sum(material.mask_batches)) * others,
            roots=material.bit_batches,
        ),
        "commit": Work(
            phase=1 + len(own),
            round=rounds("commit"),
            # Wires are zeros and ones, and cost next to nothing.
            point=sum(part.free_rows * part.columns + part.gates for part in own)
            - wires
            + _verifier_points([shape, *every]),
            cell=sum(part.rows * part.columns + part.gates // 3 for part in own),
            column=sum(part.columns for part in own),
            verified=slots(every),
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


def _wires(plan: Plan) -> int:
    """Return how many of its gates at home the member that has most of them proves to be bits."""
    counts = [0] * len(plan.members)
    for part in plan.parts:
        counts[part.member] += plan.homes[part.home].layout.booleans
    return max(counts)


def _verifier_points(shapes: Sequence[Shape]) -> int:
    """Points of the one multi-scalar multiplication that checks all proofs."""
    per_proof = (
        s.rows + 2 * max(s.rows - 1, 0).bit_length() + 2 * (s.columns // 16 - 1).bit_length() + 2
        for s in shapes
        if s.rows
    )
    points = sum(s.points for s in shapes)
    return max(s.columns for s in shapes) + 2 + sum(per_proof) + points
