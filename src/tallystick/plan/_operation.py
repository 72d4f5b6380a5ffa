# SPDX-License-Identifier: Apache-2.0
"""What every operation of a plan says of itself, beside its fields: its length, its interval, its work.

A class that leaves out a rule is refused when the package is loaded, by ``check_rules``; a type checker sees it before.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NoReturn

from ..algebra import Vector
from ._fields import references
from ._intervals import Interval

__all__ = ["Before", "Linear", "Operation", "Sink", "check_rules"]


class Before:
    """What is known of the nodes before one, by position: they, their lengths, and intervals of their entries."""

    nodes: Sequence[Operation]
    lengths: Sequence[int]
    intervals: Sequence[Interval]


class Operation:
    """A node: a flat vector, made of earlier nodes, which it refers to by position."""

    __slots__ = ()
    op: ClassVar[str]

    @property
    def operands(self) -> tuple[int, ...]:
        """The positions of the nodes that this one is made of, in the order of its fields."""
        return references(self, "node")

    @abstractmethod
    def length(self, before: Before) -> int:
        """Return the number of entries, after checking that the operands fit; raise ``ValueError`` if not."""
        self._missing("length")

    @abstractmethod
    def interval(self, before: Before) -> Interval:
        """Return an interval in which all entries lie; raise ``ValueError`` where there must be one and is none."""
        self._missing("interval")

    def work(self, n: int, before: Before) -> int:
        """Return how many elements the node, of n entries, makes its reader handle."""
        return n

    def _missing(self, rule: str) -> NoReturn:
        raise NotImplementedError(f"{self.op} has no rule {rule!r}")


class Linear(Operation):
    """An operation that acts on field elements as a linear map, and hence alike on values, on shares and on MACs.

    The two rules are the same map: for all x and g, <g, forward(x)> = Σ_p <backward(g)_p, x_p>.  Whoever asks what a
    plan does to numbers runs them over a backend of its own choice.
    """

    __slots__ = ()

    @abstractmethod
    def forward(self, operands: Sequence[Vector]) -> Vector:
        """Return the value from those of the operands."""
        self._missing("forward")

    @abstractmethod
    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        """Return what the node contributes to the adjoint of each operand, whose lengths are given."""
        self._missing("backward")


class Sink(Operation):
    """What says something about its operand a, and has no entries itself."""

    __slots__ = ()
    a: int

    def length(self, before: Before) -> int:
        """Return 0."""
        return 0

    def interval(self, before: Before) -> Interval:
        """Return an interval nobody reads."""
        return (0, 0)

    def work(self, n: int, before: Before) -> int:
        """Return the operand's length."""
        return before.lengths[self.a]


def check_rules(cls: type[Operation]) -> None:
    """Raise ``TypeError`` for a class without one of the rules that its kind of operation needs."""
    for name in dir(cls):
        if getattr(getattr(cls, name), "__isabstractmethod__", False):
            raise TypeError(f"operation {cls.op!r} has no rule {name!r}")
