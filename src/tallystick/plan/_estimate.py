"""What a run will cost, before anyone starts it.

Counts, rounds and bytes follow ``spec/online.md``, ``spec/opening.md`` and ``spec/ranges.md`` message by
message, and a test holds them to what a run then used.  Seconds are rough: counts of operations times the one
table ``CALIBRATIONS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..backend import FR_BYTES, G1_BYTES
from ..proofs import Proof, RangeRelation, Shape
from ._hints import HINTS
from ._ops import Hint, Mul
from ._plan import Plan
from ._schedule import schedule
from ._tally import MAC, Tally

__all__ = ["CALIBRATIONS", "Calibration", "Estimate", "Step", "estimate"]

_HASH = 32
_NONCE = 32
_SEED = 32
_SCALED = 6
_DECODED = 4
"""What multiplying and decoding a single point cost, in points of a multi-scalar multiplication."""


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
class Calibration:
    """Seconds an operation takes on one core, and what the network adds.

    ``field`` is a multiplication in Fr inside a long vector, ``point`` one point of a multi-scalar
    multiplication, ``round`` a round trip, ``byte`` one byte on the wire.
    """

    field: float
    point: float
    round: float
    byte: float


CALIBRATIONS: Mapping[str, Calibration] = {
    "native": Calibration(field=10e-9, point=12e-6, round=1e-3, byte=2e-9),
    "pure": Calibration(field=350e-9, point=400e-6, round=1e-3, byte=2e-9),
}
"""Measured on one core of a 3.4 GHz Xeon with all members on that machine; a wide-area network adds its latency.

With them the wages demo of four members is estimated at 1.3 s a member (measured: 1.4 s of processor time).
"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of one run of a plan.

    Everything in bytes counts payload: TLS and message labels add less than a hundred bytes a message.
    ``bytes_sent[k]`` is what member k sends to all others together.  ``prover_points`` and ``verifier_points``
    count points in multi-scalar multiplications; ``transcript_bytes`` covers plan, commitments and proofs.
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
    prover_points: int
    verifier_points: int
    field_operations: int

    @property
    def rounds(self) -> int:
        """Message rounds of the whole run, preparation not counted."""
        return sum(s.rounds for s in self.steps)

    @property
    def bytes_sent(self) -> tuple[int, ...]:
        """What each member sends to all others together, preparation not counted."""
        others = len(self.masks) - 1
        return tuple(others * sum(s.payload[k] for s in self.steps) for k in range(len(self.masks)))

    def seconds(self, backend: str = "native") -> float:
        """Return the rough duration of a run, preparation not counted, every member on a core of its own."""
        c = CALIBRATIONS[backend]
        work = self.field_operations * c.field + (self.prover_points + self.verifier_points) * c.point
        return work + self.rounds * c.round + max(self.bytes_sent) * c.byte

    def audit_seconds(self, backend: str = "native") -> float:
        """Return the rough duration of an audit."""
        c = CALIBRATIONS[backend]
        slots = sum(self.shape.inputs) + self.shape.free + 2 * self.shape.gates
        return self.verifier_points * c.point + 40 * slots * c.field


class _Count:
    """Adds up steps and material."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.steps: list[Step] = []

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

    def rows(self, phase: str, rows: int, columns: int) -> None:
        """Commitments to shares of rows and a mask row, a random combination opened, broadcasts compared."""
        self.step(phase, "row commitments", 1, (rows + 1) * G1_BYTES)
        self.agreed(phase, "rows: coins", _SEED)
        self.step(phase, "rows: combination", 1, (columns + 1) * FR_BYTES)
        self.step(phase, "rows: broadcast digests", 1, self.parties * _HASH)


def estimate(plan: Plan) -> Estimate:
    """Count what a run of the plan takes and sends."""
    layout, shape, parties = plan.layout, plan.shape, len(plan.members)
    ranges = [RangeRelation(plan.ranges_of(k), plan.columns).shape for k in range(parties)]
    count = _Count(parties)
    range_bytes = tuple(Proof.size(r) if r.rows else 0 for r in ranges)
    count.step(
        "commit",
        "input rows and range proofs",
        1,
        [shape.input_rows_of(k) * G1_BYTES + range_bytes[k] for k in range(parties)],
    )
    masks = [n + shape.input_rows_of(k) for k, n in enumerate(shape.inputs)]
    _count_inputs(count, shape, masks)
    hints, pending = _count_layers(count, plan, masks)
    _count_proof(count, plan, masks, pending)

    muls = sum(layout.lengths[v] for v, node in enumerate(plan.nodes) if isinstance(node, Mul))
    coset = shape.gate_rows * shape.gates_per_row
    randoms = hints.randoms + (shape.columns + 1 if shape.input_rows else 0)
    randoms += shape.columns if shape.free_rows + shape.gate_rows else 0
    proof = Proof.size(shape) if shape.rows else 0
    return Estimate(
        gates=shape.gates,
        boolean_wires=shape.gates - muls,
        multiplications=muls + hints.triples,
        coset_products=coset,
        triples=muls + hints.triples + coset + shape.gate_rows,
        random_bits=hints.bits,
        random_elements=randoms,
        masks=tuple(masks),
        steps=tuple(count.steps),
        shape=shape,
        proof_bytes=proof,
        range_proof_bytes=range_bytes,
        transcript_bytes=len(plan.to_bytes())
        + proof
        + sum(range_bytes)
        + (shape.input_rows + shape.points) * G1_BYTES,
        prover_points=_prover_points(shape, ranges, parties),
        verifier_points=_verifier_points([shape, *ranges]),
        field_operations=_field_operations(shape, ranges),
    )


def _count_inputs(count: _Count, shape: Shape, masks: list[int]) -> None:
    count.step("inputs", "masked inputs", 1, [m * FR_BYTES for m in masks])
    count.step("inputs", "seeds of zeros", 1, _SEED)
    if shape.input_rows:
        count.rows("inputs", shape.input_rows, shape.columns)
    count.check("inputs", "check", 1 if shape.input_rows else 0)


def _count_layers(count: _Count, plan: Plan, masks: list[int]) -> tuple[Tally, set[str]]:
    """Count the evaluation; return what hints take, and the claims that are pending afterwards."""
    lengths, intervals = plan.layout.lengths, plan.layout.intervals
    total = Tally()
    for depth, layer in enumerate(schedule(plan)):
        for v in layer.hints:
            node = plan.nodes[v]
            assert isinstance(node, Hint)
            tally = Tally(total.pending)
            HINTS[node.kind].cost(
                node.parameters,
                [lengths[p] for p in node.arguments],
                [intervals[p] for p in node.arguments],
                tally,
            )
            total.triples, total.bits = total.triples + tally.triples, total.bits + tally.bits
            total.randoms += tally.randoms
            for k in range(count.parties):
                masks[k] += tally.masks + tally.dealt.get(k, 0)
            if tally.dealt:
                dealt = [tally.dealt.get(k, 0) * FR_BYTES for k in range(count.parties)]
                count.step("compute", f"advice: {node.kind}", 1, dealt)
                count.step("compute", f"advice: {node.kind}: seeds of zeros", 1, _SEED)
            if tally.rounds:
                count.step("compute", f"advice: {node.kind}", tally.rounds, tally.opened * FR_BYTES)
            for claims in tally.checks:
                count.check("compute", f"advice: {node.kind}: check", claims)
        gates = sum(lengths[v] for v in layer.muls)
        if gates:
            count.step("compute", f"gates at depth {depth + 1}", 1, 2 * gates * FR_BYTES)
            total.pending.add(MAC)
    return total, total.pending


def _count_proof(count: _Count, plan: Plan, masks: list[int], pending: set[str]) -> None:
    shape, lengths = plan.shape, plan.layout.lengths
    witness_rows = shape.free_rows + shape.gate_rows
    if shape.gate_rows:
        count.step("prove", "coset products", 1, 2 * shape.gate_rows * shape.gates_per_row * FR_BYTES)
    if witness_rows:
        count.rows("prove", witness_rows, shape.columns)
    if shape.gate_rows:
        count.step("prove", "gate evaluations", 1, 2 * shape.gate_rows * FR_BYTES)
    claims = pending | ({MAC} if shape.gate_rows or witness_rows else set())
    count.check("prove", "validate", len(claims) + bool(shape.gate_rows) + bool(shape.zeros))
    private = [
        (lengths[n.a], member) for n in plan.outputs if n.to is not None for member in n.to if lengths[n.a]
    ]
    if shape.points:
        count.step("prove", "points", 1, shape.points * G1_BYTES)
        count.check("prove", "points: check", 0)
        count.agreed("prove", "points: check: sum", G1_BYTES)
    if shape.outputs:
        count.step("prove", "outputs", 1, shape.outputs * FR_BYTES)
    for n, member in private:
        masks[member] += n
        count.step("prove", "private output", 1, n * FR_BYTES)
    count.check("prove", "outputs: check", 1 if shape.outputs or private else 0)
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


def _prover_points(shape: Shape, ranges: list[Shape], parties: int) -> int:
    """Points of one member's multi-scalar multiplications: its rows and those it checks, masks, halving."""
    c = shape.columns + 1
    witness = shape.free_rows + shape.gate_rows
    own = max((r.rows for r in ranges), default=0)
    checks = 2 * (c + parties) + shape.input_rows + witness
    points = (_SCALED + parties * _DECODED + 2) * shape.points
    return (shape.input_rows + witness + own + 4) * c + 2 * 2 * c + checks + points


def _verifier_points(shapes: list[Shape]) -> int:
    """Points of the one multi-scalar multiplication that checks all proofs."""
    per_proof = (
        s.rows + 2 * max(s.rows - 1, 0).bit_length() + 2 * (s.columns // 16 - 1).bit_length() + 2
        for s in shapes
        if s.rows
    )
    points = sum(s.points for s in shapes)
    return max(s.columns for s in shapes) + 2 + sum(per_proof) + (_DECODED + 1) * points


def _field_operations(shape: Shape, ranges: list[Shape]) -> int:
    """Field multiplications of one member, counted coarsely: gates, interpolation, folding, its own ranges."""
    log_m = shape.gates_per_row.bit_length()
    rows = shape.gate_rows + max((r.gate_rows for r in ranges), default=0)
    cells = shape.columns * (shape.rows + max((r.rows for r in ranges), default=0))
    return 12 * shape.gates + rows * shape.columns * (4 * log_m + 20) + 10 * cells
