# SPDX-License-Identifier: Apache-2.0
"""The operations of a plan, and no others.

A node is a flat vector; its operands are the positions of earlier nodes.  Each class says how the node is written, how
long the vector is and in which interval its entries lie; ``_arithmetic`` has those that compute, this module what comes
in, what goes out and what is asserted.  The normative text is ``spec/plan.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias, get_args

from ..algebra import Vector
from ..encoding import Value, expect_array, expect_text
from ..limits import MAX_INPUT_BITS
from ..proofs import RangeInput
from . import _fields as field
from ._arithmetic import Add, Concat, Matmul, Mul, Neg, Scale, Sub, Sum, Take, View, common_length
from ._fields import MAX_LENGTH, Codec, require
from ._hints import HINTS, check_hint
from ._intervals import BOOLEAN, Interval, checked, hull
from ._operation import Before, Operation, Sink, check_rules

__all__ = [
    "MAX_DECIMALS",
    "MAX_LABEL",
    "NODES",
    "Constant",
    "Hint",
    "Input",
    "InputBits",
    "Matching",
    "Mul",
    "Node",
    "Output",
    "Points",
    "Zero",
    "decode_node",
    "input_value",
]

MAX_LABEL = 300
"""Characters of the description of an output."""

MAX_ORDER = 1 << 16
"""Number of an order of rows."""

MAX_DECIMALS = 76
"""Decimal places of a value: more would not fit the field."""

_Label: TypeAlias = Annotated[str, field.text(MAX_LABEL)]


@dataclass(frozen=True, slots=True)
class Input(Operation):
    """A member's column: n integers in [low, high], committed and range-proved by their owner.

    ``order`` is None for the order of the member's table.  A number stands for an order that the member draws at random
    and tells nobody, the same for all its inputs with this number; such an input is written as ``shuffled``.
    """

    op: ClassVar[str] = "input"
    ops: ClassVar[tuple[str, ...]] = ("input", "shuffled")
    member: field.Size
    name: field.Name
    n: Annotated[field.Size, field.Called("rows")]
    low: field.Integer
    high: field.Integer
    decimals: Annotated[int, field.size(MAX_DECIMALS)]
    form: Annotated[field.Name, field.Only("input")] = "value"
    order: Annotated[int | None, field.size(MAX_ORDER), field.Only("shuffled")] = None

    @property
    def written(self) -> str:
        """``input`` or ``shuffled``."""
        return self.ops[self.order is not None]

    @property
    def bits(self) -> int:
        """k, the bit length of high - low."""
        return (self.high - self.low).bit_length()

    @property
    def slots(self) -> int:
        """How many witness slots the column takes."""
        return self.n * self.bits if self.form == "bits" else self.n

    @property
    def range(self) -> RangeInput:
        """What the owner proves about it before the run."""
        return RangeInput(
            n=self.n, low=self.low, high=self.high, form="bits" if self.form == "bits" else "value"
        )

    def length(self, before: Before) -> int:
        require(self.low <= self.high, f"low {self.low} is above high {self.high}")
        checked(self.low, self.high)
        require(
            self.bits <= MAX_INPUT_BITS, f"a range of {self.bits} bits; at most {MAX_INPUT_BITS} are provable"
        )
        require(self.form in ("value", "bits"), f"unknown form {self.form[:40]!r}")
        require(self.slots <= MAX_LENGTH, f"{self.slots} slots")
        require(self.order is None or self.form == "value", "an input in random order has no committed bits")
        return self.n

    def interval(self, before: Before) -> Interval:
        return self.low, self.high

    def work(self, n: int, before: Before) -> int:
        """Return the entries, the slots and the gates of the range proof."""
        return n + self.slots + self.range.gates


@dataclass(frozen=True, slots=True)
class InputBits(Operation):
    """The binary digits of x - low of a bits-form input x, element by element, lowest first: its slots."""

    op: ClassVar[str] = "input_bits"
    source: field.Operand

    def length(self, before: Before) -> int:
        source = before.nodes[self.source]
        if not isinstance(source, Input) or source.form != "bits":
            raise ValueError("the operand is not an input in bits form")
        return source.slots

    def interval(self, before: Before) -> Interval:
        """Return [0, 1]: the owner's range proof proves it."""
        return BOOLEAN


@dataclass(frozen=True, slots=True)
class Constant(Operation):
    """Public integers."""

    op: ClassVar[str] = "constant"
    values: field.Integers

    def length(self, before: Before) -> int:
        return len(self.values)

    def interval(self, before: Before) -> Interval:
        return checked(min(self.values, default=0), max(self.values, default=0))


@dataclass(frozen=True, slots=True)
class Hint(Operation):
    """Untrusted advice: boolean wires (gates with left = right = output) or free slots."""

    op: ClassVar[str] = "hint"
    kind: field.Name
    parameters: field.Integers
    arguments: field.Operands
    n: Annotated[field.Size, field.Called("outputs")]
    boolean: field.Flag

    def length(self, before: Before) -> int:
        lengths = [before.lengths[a] for a in self.arguments]
        check_hint(self.kind, self.parameters, lengths, self.n, boolean=self.boolean)
        return self.n

    def interval(self, before: Before) -> Interval:
        """Return [0, 1] for boolean wires, which gates prove, and no bound at all for free slots.

        Advice about a value without bounds could not be masked.
        """
        HINTS[self.kind].check_intervals([before.intervals[a] for a in self.arguments])
        return BOOLEAN if self.boolean else None


@dataclass(frozen=True, slots=True)
class Zero(Sink):
    """Every entry of the operand must be 0."""

    op: ClassVar[str] = "zero"
    a: field.Operand


@dataclass(frozen=True, slots=True)
class Output(Sink):
    """The operand is opened: to everybody (``to`` is None) or to some members."""

    op: ClassVar[str] = "output"
    a: field.Operand
    label: _Label
    to: field.Members

    def interval(self, before: Before) -> Interval:
        """Return an interval nobody reads, if the operand has one: what is opened must be an integer."""
        require(before.intervals[self.a] is not None, "an unbounded value may not be opened")
        return (0, 0)


@dataclass(frozen=True, slots=True)
class Points(Sink):
    """The entries y of the operand are opened to everybody as points y*Q."""

    op: ClassVar[str] = "points"
    a: field.Operand
    label: _Label


@dataclass(frozen=True, slots=True)
class Matching(Operation):
    """Entry i is a_i where point i of ``own`` occurs in each of ``others``, and 0 elsewhere.

    All entries are 0 if fewer than ``minimum`` points occur.  ``own`` and ``others`` are ``Points`` nodes.  Which
    entries those are is public when the points have been opened, so the operation is linear; nothing but linear
    operations and outputs may follow it.
    """

    op: ClassVar[str] = "matching"
    a: field.Operand
    own: field.Operand
    others: field.Operands
    minimum: field.Size

    @property
    def points(self) -> tuple[int, ...]:
        """The points, its own first."""
        return (self.own, *self.others)

    def length(self, before: Before) -> int:
        require(bool(self.others), "others are needed to match")
        sources = [before.nodes[p] for p in self.points]
        require(all(isinstance(s, Points) for s in sources), "a match of something else than points")
        require(not isinstance(before.nodes[self.a], Points), "the operand has no value")
        return common_length(before.lengths[self.a], self._compared(before)[0])

    def interval(self, before: Before) -> Interval:
        return hull((before.intervals[self.a], (0, 0)))

    def work(self, n: int, before: Before) -> int:
        """Return the entries and those of all its points."""
        return n + sum(self._compared(before))

    def _compared(self, before: Before) -> list[int]:
        sources = (before.nodes[p] for p in self.points)
        return [before.lengths[s.a] for s in sources if isinstance(s, Points)]


Node: TypeAlias = (
    Input
    | InputBits
    | Constant
    | Add
    | Sub
    | Neg
    | Scale
    | Sum
    | View
    | Take
    | Concat
    | Matmul
    | Mul
    | Hint
    | Zero
    | Output
    | Points
    | Matching
)

for _operation in get_args(Node):
    check_rules(_operation)

NODES: Codec[Node] = Codec(get_args(Node), lambda node: node.written if isinstance(node, Input) else node.op)
"""How nodes are written."""


def decode_node(value: Value, position: int, what: str) -> Node:
    """Return the node that ``NODES.encode`` wrote as number ``position`` of a plan.

    Types, sizes and that operands are earlier nodes are checked here; what a node requires of its operands,
    by the plan.  Raises ``DecodeError`` or ``ValueError``.
    """
    items = expect_array(value, what, min_length=1)
    op = expect_text(items[0], f"{what}: operation", choices=NODES.forms)
    return NODES.decode(items, position, f"{what} ({op})")


# ---------------------------------------------------------------------------------------- values


def input_value(node: Input, slots: Vector, *, offset: int | None = None) -> Vector:
    """Return an input's value from its slots: the slots themselves, or low + Σ 2^i b_i in bits form.

    ``offset`` replaces low: a party that must not add the public part to its share passes 0.
    """
    if node.form == "value":
        return slots
    low = node.low if offset is None else offset
    if node.bits == 0:
        return Vector.constant(slots.backend, low, node.n)
    return slots.matvec(Vector.powers(slots.backend, 2, node.bits)) + low
