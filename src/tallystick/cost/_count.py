# SPDX-License-Identifier: Apache-2.0
"""Counting what a run sends and takes, by running one member's part of the protocol on lengths.

The other members of the mesh send what this one does; where members' messages differ in length, what each of them deals
is known beforehand, and the protocol refuses any other length.  Nothing is restated of the protocol but this: an
advice's messages do not depend on what is beside it, so that each kind of advice is run once, and what it did is done
again wherever it is met; so are the parts that ``Openings.part`` names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from ..algebra import Points, Vector
from ..backend import FR_BYTES, Buffer
from ..offline import Masks, Need, Triples
from ..online import (
    Computation,
    Openings,
    OwnInputs,
    Question,
    abreast,
    answer,
    deal,
    prove,
    share_inputs,
)
from ..party import SMALL, Claim, MacKey, Party, PointClaim, Shared
from ..plan import Advice, Interval, Plan, SwitchesHint
from ..proofs import Proof, Relation, Shape, Transposed
from ._lengths import LENGTHS, NoGenerators, NoRandom

__all__ = ["Counted", "Step", "count"]

_Result = TypeVar("_Result")
_NO_RANDOM = NoRandom()


@dataclass(frozen=True, slots=True)
class Step:
    """Rounds of a phase in which every member sends a message with the same label.

    ``payload[k]`` counts member k's bytes to each other.
    """

    phase: str
    label: str
    rounds: int
    payload: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What a run sends, step by step, and takes; ``masked`` counts openings under masks by the hints that they serve.

    ``advised`` counts the products among the triples that hints take; ``hidden`` how many values of each width are
    opened under masks.
    """

    steps: tuple[Step, ...]
    need: Need
    masked: int
    advised: int
    hidden: Mapping[int, int]
    proof: Proof


class _Mesh:
    """The first member's end of a mesh on which the others send what it sends."""

    index = 0

    def __init__(self, size: int) -> None:
        self.size = size
        self.phase = ""
        self.steps: list[Step] = []

    def note(self, label: str, sizes: Sequence[int]) -> None:
        """Count one round."""
        before = self.steps[-1] if self.steps else None
        if before is not None and (before.phase, before.label) == (self.phase, label):
            sizes = [a + b for a, b in zip(before.payload, sizes, strict=True)]
            self.steps[-1] = Step(self.phase, label, before.rounds + 1, tuple(sizes))
        else:
            self.steps.append(Step(self.phase, label, 1, tuple(sizes)))

    async def broadcast(self, label: str, payload: Buffer, sizes: Sequence[int] | None = None) -> list[bytes]:
        # What is due is what is sent: on lengths no member keeps anything back.
        sizes = [len(payload)] * self.size if sizes is None else sizes
        self.note(label, sizes)
        own = bytes(payload)
        return [own if n == len(own) else bytes(n) for n in sizes]

    async def exchange(self, label: str, payloads: Sequence[Buffer]) -> list[bytes]:
        self.note(label, [len(payloads[-1])] * self.size)
        return [bytes(payload) for payload in payloads]

    async def send(self, to: int, label: str, payload: Buffer) -> None:
        raise NotImplementedError("the online phase sends nothing to one member alone")

    async def receive(self, sender: int, label: str, most: int = SMALL) -> bytes:
        raise NotImplementedError("the online phase receives nothing from one member alone")

    def broadcast_digests(self) -> tuple[bytes, ...]:
        return (bytes(32),) * self.size

    def state(self, session: bytes) -> None:
        pass

    async def compare(self) -> None:
        pass


class _Seat(Party):
    """A party whose commitments are all alike, as those of members that send the same must be here."""

    def commitment(self, label: str, round_: int, owner: int, nonce: Buffer, payload: Buffer) -> bytes:
        return bytes(32)


@lru_cache(maxsize=1 << 14)
def _vector(n: int) -> Vector:
    return Vector.zeros(LENGTHS, n)


@lru_cache(maxsize=1 << 14)
def _shared(n: int) -> Shared:
    return Shared(_vector(n), _vector(n))


class _Stock:
    """A preparation that has as much as is asked for, and counts it."""

    key = MacKey(0, 0)

    def __init__(self, parties: int) -> None:
        self.used = Need(masks=(0,) * parties)

    async def reserve(self, need: Need) -> None:
        pass

    async def triples(self, n: int) -> Triples:
        self.used += Need(triples=n)
        return Triples(_shared(n), _shared(n), _shared(n))

    async def bits(self, n: int) -> Shared:
        self.used += Need(bits=n)
        return _shared(n)

    async def randoms(self, n: int) -> Shared:
        self.used += Need(randoms=n)
        return _shared(n)

    async def masks(self, owner: int, n: int) -> Masks:
        self.used += Need(masks=(*(0 for _ in range(owner)), n))
        return Masks(_shared(n), _vector(n) if owner == 0 else None)

    def burn(self, reason: str) -> None:
        raise AssertionError(f"on lengths every check holds: {reason}")

    def note_check(self, going_on: bool) -> None:
        pass


class _Counting(Openings):
    """Openings on lengths, which need not be encoded to be counted."""

    def __init__(self, mesh: _Mesh, **options: int) -> None:
        self.stock, self.mesh = _Stock(mesh.size), mesh
        super().__init__(_Seat(mesh, LENGTHS, bytes(32), _NO_RANDOM), self.stock, **options)

    async def broadcast(self, label: str, own: Vector) -> list[Vector]:
        self.mesh.note(label, [FR_BYTES * len(own)] * self.mesh.size)
        return [own] * self.mesh.size

    def _fold(self, claims: Sequence[Claim], chi: int) -> int:
        return 0


# ---------------------------------------------------------------------------------------- advice


@dataclass(slots=True)
class _Recorded:
    """What a kind of advice does: broadcasts (a label and a length), claims (a name and a length), checks (None).

    ``masked`` counts openings under masks.
    """

    result: Any = None
    need: Need = field(default_factory=Need)
    events: list[tuple[bool, str, int] | None] = field(default_factory=list)
    hidden: Counter[int] = field(default_factory=Counter)

    @property
    def masked(self) -> int:
        """How often values are opened under masks."""
        return sum(event is not None and event[:2] == (True, "hint/masks") for event in self.events)

    async def replay(self, online: Openings) -> Shared:
        """Do the same by other openings."""
        for event in self.events:
            if event is None:
                await online.check_pending("hint/check")
                continue
            sent, name, n = event
            if sent:
                await online.broadcast(name, _vector(n))
            else:
                await online.record(name, Claim(None, _vector(n)))
        shared: Shared = self.result
        return shared


class _Recorder(_Counting):
    """Openings that write down what is asked of them."""

    def __init__(self, parties: int) -> None:
        super().__init__(_Mesh(parties))
        self.recorded = _Recorded()

    async def broadcast(self, label: str, own: Vector) -> list[Vector]:
        self.recorded.events.append((True, label, len(own)))
        return [own] * self.mesh.size

    async def record(self, name: str, claim: Claim | PointClaim) -> None:
        self.recorded.events.append((False, name, len(claim.mac)))

    async def check_pending(self, label: str) -> None:
        self.recorded.events.append(None)

    def note_masked(self, count: int, width: int) -> None:
        self.recorded.hidden[width] += count

    async def part(self, key: Hashable, protocol: Callable[[Openings], Awaitable[_Result]]) -> _Result:
        known = _known_part(key, self.mesh.size)
        if known.result is None:
            inner = _Recorder(self.mesh.size)
            known.result = await protocol(inner)
            known.events, known.need = inner.recorded.events, inner.stock.used
            known.hidden = inner.recorded.hidden
        self.recorded.events += known.events
        self.recorded.hidden += known.hidden
        self.stock.used += known.need
        result: _Result = known.result
        return result


@lru_cache(maxsize=4096)
def _known_part(_key: Hashable, _parties: int) -> _Recorded:
    return _Recorded()


@lru_cache(maxsize=1024)
def _recorded(
    advice: Advice, lengths: tuple[int, ...], intervals: tuple[Interval, ...], parties: int
) -> _Recorded:
    recorder = _Recorder(parties)
    recorder.recorded.result = _run(answer(advice, [_shared(n) for n in lengths], intervals, recorder))
    recorder.recorded.need = recorder.stock.used
    return recorder.recorded


class _ByLength(Computation):
    """The evaluation of a plan whose values are only lengths, which its layout knows."""

    def __init__(self, online: _Counting, plan: Plan, inputs: Any) -> None:
        super().__init__(online, plan, inputs)
        self._counting = online
        self.masked = self.advised = 0
        self.hidden = Counter[int]()

    def local(self, v: int) -> None:
        self._values[v] = _shared(self._plan.layout.lengths[v])

    async def advise(self, questions: Sequence[Question]) -> list[Shared]:
        online = self._counting
        dealt = [q.advice for q in questions if isinstance(q.advice, SwitchesHint)]
        if dealt:
            counts = [(advice.member, advice.outputs([])) for advice in dealt]
            own = [_vector(n) for owner, n in counts if owner == 0]
            return await deal(online, counts, own, label="hint/switches", zeros="hint/zeros")
        known = [
            _recorded(q.advice, tuple(map(len, q.arguments)), tuple(q.intervals), online.mesh.size)
            for q in questions
        ]
        for one in known:
            online.stock.used += one.need
            self.masked += one.masked
            self.hidden += one.hidden
            self.advised += one.need.triples
        return await abreast(online, [one.replay for one in known])


# ---------------------------------------------------------------------------------------- the run


class _ShapeOnly:
    """A relation of which only the shape counts: its map sends nothing."""

    digest = bytes(32)

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def given(self, points: bytes) -> Relation:
        return self

    def transpose(self, backend: Any, **_weights: Vector) -> Transposed:
        shape = self.shape
        return Transposed(tuple(map(_vector, shape.inputs)), _vector(shape.free), _vector(shape.gates), 0)


def count(plan: Plan, **options: int) -> Counted:
    """Run a plan on lengths from the shared inputs to the verified proof; ``options`` are those of the openings."""
    return _run(_counted(plan, _Counting(_Mesh(len(plan.members)), **options)))


async def _counted(plan: Plan, online: _Counting) -> Counted:
    shape, mesh = plan.shape, online.mesh
    generators = NoGenerators(LENGTHS, plan.columns)
    rows = [shape.input_rows_of(k) for k in range(mesh.size)]
    mesh.phase = "inputs"
    inputs = await share_inputs(
        online,
        shape,
        generators,
        own=OwnInputs(_vector(shape.inputs[0]), _vector(rows[0])),
        commitments=[Points.identity(LENGTHS, n) for n in rows],
    )
    mesh.phase = "compute"
    computation = _ByLength(online, plan, inputs)
    evaluation = await computation.run()
    mesh.phase = "prove"
    proven = await prove(online, _ShapeOnly(shape), evaluation, inputs, generators, context=b"")
    return Counted(
        steps=tuple(mesh.steps),
        need=online.stock.used,
        masked=computation.masked,
        advised=computation.advised,
        hidden=computation.hidden,
        proof=proven.proof,
    )


def _run(protocol: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a protocol whose mesh always answers at once."""
    try:
        protocol.send(None)
    except StopIteration as stop:
        result: _Result = stop.value
        return result
    raise AssertionError("a protocol on lengths waits for nothing")
