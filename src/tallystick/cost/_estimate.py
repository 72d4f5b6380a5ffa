"""What a run will cost, before anyone starts it.

Counts, rounds and bytes follow ``spec/online.md``, ``spec/opening.md``, ``spec/ranges.md`` and ``spec/preparation.md``
message by message, and tests hold them to what a run then used.  Seconds are counts of work times what a unit takes:
``CALIBRATIONS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..backend import FR_BYTES, G1_BYTES
from ..plan import (
    MAC,
    PENDING_LIMIT,
    Hint,
    Matmul,
    Mul,
    Pending,
    Plan,
    Sum,
    Tally,
    schedule,
    side_by_side,
    tally_of,
)
from ..proofs import Proof, RangeRelation, Shape
from ._calibration import CALIBRATIONS, Calibration, Work
from ._material import Material

__all__ = ["Estimate", "Step", "estimate"]

_HASH = 32
_NONCE = 32
_SEED = 32
_AGREED, _AGREED_EACH = 515, 645
"""Bytes of the agreement and the signatures in a transcript, about: names and columns are part of them."""


@dataclass(frozen=True, slots=True)
class Step:
    """Some rounds of a phase in which every member broadcasts; ``payload[k]`` counts member k's bytes to each
    other.
    """

    phase: str
    label: str
    rounds: int
    payload: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of one run of a plan.

    Everything in bytes counts payload: TLS and message labels add less than a hundred bytes a message.
    ``bytes_sent[k]`` is what member k sends to all others together; ``material`` is what it takes to fill an empty
    store before.  ``transcript_bytes`` covers plan, commitments and proofs; ``work`` counts by phase.
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
        self, backend: str = "native", calibrations: Mapping[str, Calibration] = CALIBRATIONS
    ) -> dict[str, float]:
        """Return about how long each phase takes by the clock, if every member has a core of its own, all on one
        machine like that of the calibrations.
        """
        return {phase: work.seconds(calibrations[backend]) for phase, work in self.work.items()}

    def seconds(
        self, backend: str = "native", calibrations: Mapping[str, Calibration] = CALIBRATIONS
    ) -> float:
        """Return about how long a run takes whose stores are full."""
        phases = self.phase_seconds(backend, calibrations)
        return sum(phases[name] for name in ("commit", "online", "proof"))

    def preparation_seconds(
        self, backend: str = "native", calibrations: Mapping[str, Calibration] = CALIBRATIONS
    ) -> float:
        """Return about how long it takes to fill empty stores, keys included."""
        phases = self.phase_seconds(backend, calibrations)
        return phases["set up"] + phases["prepare"]

    def audit_seconds(
        self, backend: str = "native", calibrations: Mapping[str, Calibration] = CALIBRATIONS
    ) -> float:
        """Return about how long an audit takes."""
        return self.phase_seconds(backend, calibrations)["audit"]


class _Count:
    """Adds up steps, and what is opened until it is checked."""

    def __init__(self, parties: int, limit: int) -> None:
        self.parties = parties
        self.steps: list[Step] = []
        self.pending = Pending(limit)

    def step(self, phase: str, label: str, rounds: int, payload: int | list[int]) -> None:
        each = [payload] * self.parties if isinstance(payload, int) else payload
        self.steps.append(Step(phase, label, rounds, tuple(each)))

    def agreed(self, phase: str, label: str, payload: int) -> None:
        """Commit and open: a hash, then nonce and payload."""
        self.step(phase, label, 2, _HASH + _NONCE + payload)

    def check(self, phase: str, label: str, claims: int) -> None:
        """The check of ``spec/online.md``: coins with the broadcast digests, then one opened sum a claim."""
        self.agreed(phase, f"{label}: coins", _SEED + self.parties * _HASH)
        for _ in range(claims):
            self.agreed(phase, f"{label}: sum", FR_BYTES)

    def claim(self, phase: str, name: str, n: int) -> None:
        """Have the next check cover n elements; if too many wait for it, it comes at once."""
        self.pending.claim(name, n)
        self.pending.check_excess()
        self.checked(phase, "check")

    def checked(self, phase: str, label: str) -> None:
        """Count the checks that were due."""
        for claims in self.pending.checks:
            self.check(phase, label, claims)
        self.pending.checks.clear()

    def settle(self, phase: str, label: str) -> None:
        """Check all that waits for it, and the broadcasts even if nothing does."""
        if self.pending.names:
            self.pending.check()
            self.checked(phase, label)
        else:
            self.check(phase, label, 0)

    def rows(self, phase: str, rows: int, columns: int) -> None:
        """Commitments to shares of rows and a mask row, a random combination opened, broadcasts compared."""
        self.step(phase, "row commitments", 1, (rows + 1) * G1_BYTES)
        self.agreed(phase, "rows: coins", _SEED)
        self.step(phase, "rows: combination", 1, (columns + 1) * FR_BYTES)
        self.step(phase, "rows: broadcast digests", 1, self.parties * _HASH)


def estimate(plan: Plan, *, pending_limit: int = PENDING_LIMIT) -> Estimate:
    """Count what a run of the plan takes and sends; ``pending_limit`` is that of its openings."""
    layout, shape, parties = plan.layout, plan.shape, len(plan.members)
    ranges = [RangeRelation(plan.ranges_of(k), plan.columns).shape for k in range(parties)]
    count = _Count(parties, pending_limit)
    range_bytes = tuple(Proof.size(r) if r.rows else 0 for r in ranges)
    count.step(
        "commit",
        "input rows and range proofs",
        1,
        [shape.input_rows_of(k) * G1_BYTES + range_bytes[k] for k in range(parties)],
    )
    masks = [n + shape.input_rows_of(k) for k, n in enumerate(shape.inputs)]
    _count_inputs(count, shape, masks)
    hints = _count_layers(count, plan, masks)
    _count_proof(count, plan, masks)

    muls = sum(layout.lengths[v] for v, node in enumerate(plan.nodes) if isinstance(node, Mul))
    coset = shape.gate_rows * shape.gates_per_row
    randoms = hints.randoms + (shape.columns + 1 if shape.input_rows else 0)
    randoms += shape.columns if shape.free_rows + shape.gate_rows else 0
    proof = Proof.size(shape) if shape.rows else 0
    triples = muls + hints.triples + coset + shape.gate_rows
    material = Material.of(triples=triples, bits=hints.bits, randoms=randoms, masks=tuple(masks))
    return Estimate(
        gates=shape.gates,
        boolean_wires=shape.gates - muls,
        multiplications=muls + hints.triples,
        coset_products=coset,
        triples=triples,
        random_bits=hints.bits,
        random_elements=randoms,
        masks=tuple(masks),
        steps=tuple(count.steps),
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
        work=_work(plan, ranges, count.steps, material, hints),
    )


def _count_inputs(count: _Count, shape: Shape, masks: list[int]) -> None:
    count.step("inputs", "masked inputs", 1, [m * FR_BYTES for m in masks])
    count.step("inputs", "seeds of zeros", 1, _SEED)
    if shape.input_rows:
        count.rows("inputs", shape.input_rows, shape.columns)
        count.claim("inputs", MAC, shape.columns + 1)
    count.settle("inputs", "check")


def _count_layers(count: _Count, plan: Plan, masks: list[int]) -> Tally:
    """Count the evaluation; return what hints take."""
    lengths, total = plan.layout.lengths, Tally()
    for depth, layer in enumerate(schedule(plan)):
        for group in layer.hints:
            tallies, kinds = [], set()
            for v in group:
                node = plan.nodes[v]
                assert isinstance(node, Hint)
                tallies.append(tally_of(plan, node))
                kinds.add(node.kind)
            _count_advice(count, f"advice: {', '.join(sorted(kinds))}", tallies)
            for tally in tallies:
                total.triples, total.bits = total.triples + tally.triples, total.bits + tally.bits
                total.randoms += tally.randoms
                total.masked += tally.masked
                for k in range(count.parties):
                    masks[k] += tally.masks + tally.dealt.get(k, 0)
        gates = sum(lengths[v] for v in layer.muls)
        if gates:
            count.step("compute", f"gates at depth {depth + 1}", 1, 2 * gates * FR_BYTES)
            count.claim("compute", MAC, 2 * gates)
    return total


def _count_advice(count: _Count, label: str, tallies: list[Tally]) -> None:
    """Count the messages of hints that are computed side by side."""
    dealt = [sum(tally.dealt.get(k, 0) for tally in tallies) for k in range(count.parties)]
    if any(dealt):
        count.step("compute", label, 1, [n * FR_BYTES for n in dealt])
        count.step("compute", f"{label}: seeds of zeros", 1, _SEED)
    for i, stage in enumerate(side_by_side(tallies)):
        if i:
            count.pending.check()
        count.checked("compute", f"{label}: check")
        if stage:
            count.step("compute", label, len(stage), sum(m.size for m in stage) * FR_BYTES)
        for message in stage:
            for name, n in message.claims.items():
                count.pending.claim(name, n)
            count.pending.check_excess()
        count.checked("compute", f"{label}: check")


def _count_proof(count: _Count, plan: Plan, masks: list[int]) -> None:
    shape, lengths = plan.shape, plan.layout.lengths
    witness_rows = shape.free_rows + shape.gate_rows
    if shape.gate_rows:
        products = shape.gate_rows * shape.gates_per_row
        count.step("prove", "coset products", 1, 2 * products * FR_BYTES)
        count.claim("prove", MAC, 2 * products)
    if witness_rows:
        count.rows("prove", witness_rows, shape.columns)
        count.claim("prove", MAC, shape.columns)
    if shape.gate_rows:
        count.step("prove", "gate evaluations", 1, 2 * shape.gate_rows * FR_BYTES)
        count.claim("prove", MAC, 2 * shape.gate_rows)
        count.claim("prove", "gate-check", shape.gate_rows)
    count.claim("prove", "assert-zero", shape.zeros)
    count.settle("prove", "validate")
    private = [
        (lengths[n.a], member) for n in plan.outputs if n.to is not None for member in n.to if lengths[n.a]
    ]
    if shape.points:
        count.step("prove", "points", 1, shape.points * G1_BYTES)
        count.check("prove", "points: check", 0)
        count.agreed("prove", "points: check: sum", G1_BYTES)
    if shape.outputs:
        count.step("prove", "outputs", 1, shape.outputs * FR_BYTES)
        count.claim("prove", MAC, shape.outputs)
    for n, member in private:
        masks[member] += n
        count.step("prove", "private output", 1, n * FR_BYTES)
        count.claim("prove", MAC, n)
    count.settle("prove", "outputs: check")
    if shape.rows:
        count.step("prove", "claim", 1, FR_BYTES)
        folds = (shape.rows - 1).bit_length()
        count.step("prove", "cross terms", folds, folds * 2 * G1_BYTES)
        if shape.points:
            count.agreed("prove", "mask", 3 * G1_BYTES)
        else:
            count.step("prove", "mask", 1, 2 * G1_BYTES)
        count.step("prove", "response", 1, (shape.columns + (3 if shape.points else 2)) * FR_BYTES)
        count.step("prove", "broadcast digests", 1, count.parties * _HASH)


# ---------------------------------------------------------------------- work, for seconds


def _work(
    plan: Plan, ranges: list[Shape], steps: list[Step], material: Material, hints: Tally
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
    return {
        "set up": Work(key=material.parties),
        "prepare": Work(
            proof=material.groups * material.parties,
            batch=material.batches * others,
            mac=(material.random_batches + sum(material.mask_batches)) * others,
            roots=material.bit_batches,
        ),
        "commit": Work(
            phase=1,
            round=rounds("commit"),
            # Wires and digits are zeros and ones, and cost next to nothing.
            point=own.gate_rows * own.gates_per_row + own.free_rows * columns + _verifier_points(ranges),
            cell=own.rows * columns,
            column=columns,
            verified=slots(ranges),
        ),
        "online": Work(
            phase=1,
            round=rounds("inputs", "compute"),
            masked=hints.masked,
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
