# SPDX-License-Identifier: Apache-2.0
"""The operations of a home: what one owner computes by itself, on its own rows.

Columns come in, values go out through ``Home.shares``; between them are the operations of ``_arithmetic``, hints and
zeros.  The normative text is ``spec/plan.md``, "Homes".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias, get_args

from ..encoding import Value, expect_array, expect_text
from ..limits import MAX_INPUT_BITS
from . import _fields as field
from ._arithmetic import Add, Concat, Matmul, Mul, Neg, Scale, Sub, Sum, Take, View
from ._fields import Codec, require
from ._intervals import BOOLEAN, Interval, checked
from ._operation import Before, Operation, check_rules
from ._ops import MAX_DECIMALS, MAX_ORDER, Constant, Hint, Zero

__all__ = ["OWN_NODES", "Common", "OwnBits", "OwnInput", "OwnNode", "decode_own_node"]


@dataclass(frozen=True, slots=True)
class OwnInput(Operation):
    """A column of the owner's rows: n integers in [low, high], each low + Σ μ_i·b_i for boolean wires b_i.

    ``order`` is None for the order of the table; a number stands for an order that the owner draws at random and tells
    nobody, the same for all its columns with that number; such a column is written as ``shuffled``.
    """

    op: ClassVar[str] = "input"
    ops: ClassVar[tuple[str, ...]] = ("input", "shuffled")
    name: field.Name
    n: Annotated[field.Size, field.Called("rows")]
    low: field.Integer
    high: field.Integer
    decimals: Annotated[int, field.size(MAX_DECIMALS)]
    order: Annotated[int | None, field.size(MAX_ORDER), field.Only("shuffled")] = None

    @property
    def written(self) -> str:
        """``input`` or ``shuffled``."""
        return self.ops[self.order is not None]

    @property
    def bits(self) -> int:
        """k, the bit length of high - low: wires of one value."""
        return (self.high - self.low).bit_length()

    @property
    def whole(self) -> bool:
        """Whether the wires are the binary digits of x - low: the interval is a power of two long."""
        return (self.high - self.low + 1).bit_count() == 1

    def length(self, before: Before) -> int:
        require(self.low <= self.high, f"low {self.low} is above high {self.high}")
        checked(self.low, self.high)
        require(
            self.bits <= MAX_INPUT_BITS, f"a range of {self.bits} bits; at most {MAX_INPUT_BITS} are provable"
        )
        return self.n

    def interval(self, before: Before) -> Interval:
        return self.low, self.high

    def work(self, n: int, before: Before) -> int:
        """Return the entries and their wires."""
        return n + n * self.bits


@dataclass(frozen=True, slots=True)
class OwnBits(Operation):
    """The k binary digits of x - low of an input x, element by element, lowest first."""

    op: ClassVar[str] = "input_bits"
    source: field.Operand

    def length(self, before: Before) -> int:
        return before.lengths[self.source] * self._source(before).bits

    def interval(self, before: Before) -> Interval:
        """Return [0, 1], which gates prove."""
        self._source(before)
        return BOOLEAN

    def _source(self, before: Before) -> OwnInput:
        source = before.nodes[self.source]
        if not isinstance(source, OwnInput) or source.order is not None:
            raise ValueError("the operand is not an input in the order of its table")
        return source


Common: TypeAlias = (
    Constant | Add | Sub | Neg | Scale | Sum | View | Take | Concat | Matmul | Mul | Hint | Zero
)
"""The nodes that homes and what is computed jointly have in common."""

OwnNode: TypeAlias = OwnInput | OwnBits | Common

for _operation in get_args(OwnNode):
    check_rules(_operation)

OWN_NODES: Codec[OwnNode] = Codec(
    get_args(OwnNode), lambda node: node.written if isinstance(node, OwnInput) else node.op
)
"""How nodes of a home are written."""


def decode_own_node(value: Value, position: int, what: str) -> OwnNode:
    """Return the node that ``OWN_NODES.encode`` wrote as number ``position`` of a home; as ``decode_node``."""
    items = expect_array(value, what, min_length=1)
    op = expect_text(items[0], f"{what}: operation", choices=OWN_NODES.forms)
    return OWN_NODES.decode(items, position, f"{what} ({op})")
