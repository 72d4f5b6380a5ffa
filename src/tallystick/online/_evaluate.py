# SPDX-License-Identifier: Apache-2.0
"""Computing a plan on shares: linear work without messages, all gates of one depth in one round.

Normative text: ``spec/online.md``, "Evaluation".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..algebra import Vector
from ..party import Shared
from ..plan import (
    Constant,
    Hint,
    Input,
    Matching,
    Mul,
    Output,
    Plan,
    Points,
    Zero,
    encodings,
    forward,
    input_value,
    selections,
)
from ._hints import Question, advise
from ._inputs import InputShares
from ._openings import Openings
from ._schedule import schedule

__all__ = ["Computation", "Evaluation", "PrivateOutput", "Progress", "compute"]

Progress = Callable[[str, int, int], None]
"""Told (phase, steps done, steps in all) as a phase goes on."""


@dataclass(frozen=True, slots=True)
class PrivateOutput:
    """An output that only some members may learn: its node's position, they, and its shares."""

    node: int
    to: tuple[int, ...]
    value: Shared


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """Shares of everything the proof speaks about, in the order of ``spec/relation.md``.

    ``left``, ``right`` and ``gates`` hold one entry a gate, and zeros to fill the last row; ``zeros`` should all be
    zero; ``outputs`` are the public ones, ``points`` what is opened as points, none of them opened yet.  Outputs that
    depend on which points are equal are missing until ``given`` puts them in.
    """

    left: Shared
    right: Shared
    gates: Shared
    free: Shared
    zeros: Shared
    outputs: Shared
    points: Shared
    private: tuple[PrivateOutput, ...]
    late: Callable[[bytes], tuple[Shared, tuple[PrivateOutput, ...]]] | None = None

    def given(self, points: bytes) -> Evaluation:
        """Return the evaluation with all its outputs, now that the encodings of all points are known."""
        if self.late is None:
            return self
        outputs, private = self.late(points)
        return replace(self, outputs=outputs, private=private, late=None)

    def __repr__(self) -> str:
        return f"<Evaluation of {len(self.gates)} gate slots>"


async def compute(
    online: Openings, plan: Plan, inputs: InputShares, *, progress: Progress | None = None
) -> Evaluation:
    """Evaluate a plan on shares of its inputs.

    One round for the gates of each depth, and the rounds of its hints, which are computed side by side.  Opens nothing
    but masked values, and checks only what hints depend on: the rest is ``prove``'s first step.
    """
    return await Computation(online, plan, inputs).run(progress)


class Computation:
    """A plan's evaluation under way, and the values of the nodes evaluated so far."""

    def __init__(self, online: Openings, plan: Plan, inputs: InputShares) -> None:
        self._online = online
        self._plan = plan
        self._inputs = inputs
        self._values: dict[int, Shared] = {}

    async def run(self, progress: Progress | None = None) -> Evaluation:
        """See ``compute``."""
        layers = schedule(self._plan)
        with self._online.burning():
            for done, layer in enumerate(layers):
                if progress is not None:
                    progress("compute", done, len(layers))
                for v in layer.local:
                    self.local(v)
                # Hints first: what they open must wait for a check of all products before them.
                for group in layer.hints:
                    await self.hints(group)
                await self.multiply(layer.muls)
        if progress is not None:
            progress("compute", len(layers), len(layers))
        return self.collect()

    def local(self, v: int) -> None:
        """Evaluate a node that needs no message."""
        node = self._plan.nodes[v]
        key = self._online.preparation.key
        match node:
            case Input():
                slots = self._slots(v, node)
                value = Shared.linear(lambda x: input_value(node, x, offset=0), slots)
                if node.form == "bits" and node.low:
                    value = key.add(value, Vector.constant(value.backend, node.low, len(value)))
            case Constant():
                value = key.constant(Vector.from_ints(self._online.party.backend, node.values))
            case _:
                operands = [self._operand(v, p) for p in node.operands]
                value = Shared.linear(lambda *xs: forward(self._plan, v, xs), *operands)
        self._values[v] = value

    async def multiply(self, nodes: tuple[int, ...]) -> None:
        """Evaluate gates, all in one round."""
        pairs = [(self._plan.nodes[v], v) for v in nodes]
        if not pairs:
            return
        lefts = [self._values[node.a] for node, _ in pairs if isinstance(node, Mul)]
        rights = [self._values[node.b] for node, _ in pairs if isinstance(node, Mul)]
        products = await self._online.multiply(Shared.concat(lefts), Shared.concat(rights))
        start = 0
        for (_, v), left in zip(pairs, lefts, strict=True):
            self._values[v] = products[start : start + len(left)]
            start += len(left)

    async def hints(self, group: tuple[int, ...]) -> None:
        """Compute untrusted advice, which the plan's gates and zeros then constrain."""
        questions = []
        for v in group:
            node = self._plan.nodes[v]
            assert isinstance(node, Hint)
            arguments = [self._values[p] for p in node.arguments]
            intervals = [self._plan.layout.intervals[p] for p in node.arguments]
            questions.append(Question(node, arguments, intervals))
        for v, advice in zip(group, await self.advise(questions), strict=True):
            self._values[v] = advice

    async def advise(self, questions: Sequence[Question]) -> list[Shared]:
        """Answer the questions of a group."""
        return await advise(self._online, questions)

    def collect(self) -> Evaluation:
        """Gather by kind, in plan order."""
        left, right, gates, free, zeros, points = [], [], [], [], [], []
        for v, node in enumerate(self._plan.nodes):
            match node:
                case Mul(a, b):
                    left.append(self._values[a])
                    right.append(self._values[b])
                    gates.append(self._values[v])
                case Hint(boolean=True):
                    for kind in (left, right, gates):
                        kind.append(self._values[v])
                case Hint():
                    free.append(self._values[v])
                case Zero(a):
                    zeros.append(self._values[a])
                case Points(a):
                    points.append(self._values[a])
        outputs, private = self._outputs()
        return Evaluation(
            left=self._gate_rows(left),
            right=self._gate_rows(right),
            gates=self._gate_rows(gates),
            free=self._join(free),
            zeros=self._join(zeros),
            outputs=outputs,
            points=self._join(points),
            private=private,
            late=self._late if any(self._plan.layout.late) else None,
        )

    def _late(self, points: bytes) -> tuple[Shared, tuple[PrivateOutput, ...]]:
        """Evaluate what depends on which points are equal, and return all outputs."""
        selected = selections(self._plan, encodings(points))
        for v, node in enumerate(self._plan.nodes):
            if isinstance(node, Matching):
                value = self._values[node.a]
                self._values[v] = value * Vector.from_i64(value.backend, selected[v])
            elif self._plan.layout.late[v] and not isinstance(node, Output):
                self.local(v)
        return self._outputs()

    def _outputs(self) -> tuple[Shared, tuple[PrivateOutput, ...]]:
        """Return those outputs whose values are known, in plan order."""
        outputs, private = [], []
        for v, node in enumerate(self._plan.nodes):
            if isinstance(node, Output) and node.a in self._values:
                if node.to is None:
                    outputs.append(self._values[node.a])
                else:
                    private.append(PrivateOutput(v, node.to, self._values[node.a]))
        return self._join(outputs), tuple(private)

    def _gate_rows(self, wires: list[Shared]) -> Shared:
        shape = self._plan.shape
        rest = shape.gate_rows * shape.gates_per_row - shape.gates
        return self._join([*wires, Shared.zeros(self._online.party.backend, rest)])

    def _join(self, parts: list[Shared]) -> Shared:
        return Shared.concat(parts) if parts else Shared.zeros(self._online.party.backend, 0)

    def _operand(self, v: int, p: int) -> Shared:
        """Return operand p of node v: its slots where the node reads an input's bits, else its value."""
        node, source = self._plan.nodes[v], self._plan.nodes[p]
        if node.op == "input_bits" and isinstance(source, Input):
            return self._slots(p, source)
        return self._values[p]

    def _slots(self, v: int, node: Input) -> Shared:
        start = self._plan.layout.place[v]
        return self._inputs.slots[node.member][start : start + node.slots]
