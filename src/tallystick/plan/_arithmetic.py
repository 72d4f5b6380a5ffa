# SPDX-License-Identifier: Apache-2.0
"""The operations that compute: the linear ones and the gates.

Each has its fields, its length and its interval, and a linear one its map, forwards and transposed, as a few batched
calls into whatever backend the vectors are of.  The normative text is ``spec/plan.md``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from ..algebra import Vector
from ..backend import IndexArray
from . import _fields as field
from ._fields import MAX_DIMENSIONS, require
from ._intervals import Interval, checked, hull, product, scaled
from ._operation import Before, Linear, Operation

__all__ = [
    "Add",
    "Concat",
    "Matmul",
    "Mul",
    "Neg",
    "Scale",
    "Sub",
    "Sum",
    "Take",
    "View",
    "common_length",
]


class _Pair(Operation):
    """Works element by element on two operands of one length."""

    __slots__ = ()
    a: int
    b: int

    def length(self, before: Before) -> int:
        return common_length(before.lengths[self.a], before.lengths[self.b])


class _Gather(Linear):
    """Picks entries of the operand, some perhaps more than once."""

    __slots__ = ()
    a: int

    @abstractmethod
    def picked(self) -> IndexArray:
        """Return, for each entry, which one of the operand it is."""
        self._missing("picked")

    def interval(self, before: Before) -> Interval:
        return before.intervals[self.a]

    def forward(self, operands: Sequence[Vector]) -> Vector:
        return operands[0][self.picked()]

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        """Return zeros to which the entries of ḡ are added where they come from."""
        return (adjoint.scatter_add(self.picked(), lengths[0]),)


@dataclass(frozen=True, slots=True)
class Add(_Pair, Linear):
    """a + b, element by element."""

    op: ClassVar[str] = "add"
    a: field.Operand
    b: field.Operand

    def interval(self, before: Before) -> Interval:
        """Return the sum of the intervals; for a choice between two nodes their hull."""
        for x, product_ in ((self.a, self.b), (self.b, self.a)):
            for difference in _chosen(product_, before):
                if difference.b == x:
                    return hull((before.intervals[x], before.intervals[difference.a]))
        a, b = before.intervals[self.a], before.intervals[self.b]
        return None if a is None or b is None else checked(a[0] + b[0], a[1] + b[1])

    def forward(self, operands: Sequence[Vector]) -> Vector:
        return operands[0] + operands[1]

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        return adjoint, adjoint


@dataclass(frozen=True, slots=True)
class Sub(_Pair, Linear):
    """a - b, element by element."""

    op: ClassVar[str] = "sub"
    a: field.Operand
    b: field.Operand

    def interval(self, before: Before) -> Interval:
        """Return the difference of the intervals; for a choice between two nodes their hull."""
        for difference in _chosen(self.b, before):
            if difference.a == self.a:
                return hull((before.intervals[self.a], before.intervals[difference.b]))
        a, b = before.intervals[self.a], before.intervals[self.b]
        return None if a is None or b is None else checked(a[0] - b[1], a[1] - b[0])

    def forward(self, operands: Sequence[Vector]) -> Vector:
        return operands[0] - operands[1]

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        return adjoint, -adjoint


@dataclass(frozen=True, slots=True)
class Neg(Linear):
    """-a."""

    op: ClassVar[str] = "neg"
    a: field.Operand

    def length(self, before: Before) -> int:
        return before.lengths[self.a]

    def interval(self, before: Before) -> Interval:
        return scaled(before.intervals[self.a], -1)

    def forward(self, operands: Sequence[Vector]) -> Vector:
        return -operands[0]

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        return (-adjoint,)


@dataclass(frozen=True, slots=True)
class Scale(Linear):
    """Public multiples: entry i is factors[(i // inner) mod len(factors)] * a_i.

    One factor scales everything; k factors with inner = 1 repeat along the last axis.
    """

    op: ClassVar[str] = "scale"
    a: field.Operand
    factors: field.Integers
    inner: field.Size

    def length(self, before: Before) -> int:
        require(bool(self.factors) and self.inner >= 1, "scale needs a factor and inner >= 1")
        n, period = before.lengths[self.a], len(self.factors) * self.inner
        require(
            len(self.factors) == 1 or n % period == 0, f"{n} entries are no multiple of the period {period}"
        )
        require(len(self.factors) > 1 or self.inner == 1, "a single factor has inner = 1")
        return n

    def interval(self, before: Before) -> Interval:
        a = before.intervals[self.a]
        return hull(scaled(a, f) for f in (min(self.factors), max(self.factors)))

    def forward(self, operands: Sequence[Vector]) -> Vector:
        (x,) = operands
        if len(self.factors) == 1:
            return x * self.factors[0]
        pattern = np.repeat(np.arange(len(self.factors), dtype=np.int64), self.inner)
        return x * Vector.from_ints(x.backend, self.factors)[np.tile(pattern, len(x) // len(pattern))]

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        return (self.forward([adjoint]),)


@dataclass(frozen=True, slots=True)
class Sum(Linear):
    """The operand viewed as (outer, n, inner), summed over the middle axis."""

    op: ClassVar[str] = "sum"
    a: field.Operand
    outer: field.Size
    n: field.Size
    inner: field.Size

    def length(self, before: Before) -> int:
        require(
            self.outer * self.n * self.inner == before.lengths[self.a],
            f"{self.outer} x {self.n} x {self.inner} is not the operand's length {before.lengths[self.a]}",
        )
        return self.outer * self.inner

    def interval(self, before: Before) -> Interval:
        return scaled(before.intervals[self.a], self.n)

    def forward(self, operands: Sequence[Vector]) -> Vector:
        return operands[0].sum_axis(self.outer, self.n, self.inner)

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        """Spread ḡ, which is (outer, inner), over (outer, n, inner)."""
        sums = np.arange(self.outer * self.inner, dtype=np.int64).reshape(self.outer, 1, self.inner)
        return (adjoint[np.broadcast_to(sums, (self.outer, self.n, self.inner)).reshape(-1)],)


@dataclass(frozen=True, slots=True)
class View(_Gather):
    """An affine gather: entry (i_0, i_1, …) of ``shape``, row-major, is a[offset + Σ i_j * strides_j].

    Slices, transpositions and broadcasts (stride 0) are views.
    """

    op: ClassVar[str] = "view"
    a: field.Operand
    shape: field.Sizes
    offset: field.Size
    strides: field.Steps

    def length(self, before: Before) -> int:
        require(
            len(self.shape) == len(self.strides) <= MAX_DIMENSIONS,
            "as many strides as dimensions, at most 16",
        )
        n = prod(self.shape)
        if n:
            steps = [s * (d - 1) for d, s in zip(self.shape, self.strides, strict=True)]
            first = self.offset + sum(min(0, s) for s in steps)
            last = self.offset + sum(max(0, s) for s in steps)
            there = before.lengths[self.a]
            require(first >= 0 and last < there, f"reaches {first}..{last} of {there} entries")
        return n

    def picked(self) -> IndexArray:
        index = np.full((), self.offset, dtype=np.int64)
        for dimension, stride in zip(self.shape, self.strides, strict=True):
            index = index[..., None] + np.arange(dimension, dtype=np.int64) * stride
        return np.ascontiguousarray(np.broadcast_to(index, self.shape).reshape(-1))

    def forward(self, operands: Sequence[Vector]) -> Vector:
        """Return the entries, as one piece if they are one."""
        piece = self._as_slice()
        return operands[0][self.picked() if piece is None else piece]

    def _as_slice(self) -> slice | None:
        """Return the view as one contiguous piece of its operand, or None if it is not one."""
        expected = 1
        for dimension, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if dimension > 1:
                if stride != expected:
                    return None
                expected *= dimension
        return slice(self.offset, self.offset + prod(self.shape))


@dataclass(frozen=True, slots=True)
class Take(_Gather):
    """Entry k is a[indices[k]]."""

    op: ClassVar[str] = "take"
    a: field.Operand
    indices: field.Sizes

    def length(self, before: Before) -> int:
        n = before.lengths[self.a]
        if self.indices:
            first, last = min(self.indices), max(self.indices)
            require(first >= 0 and last < n, f"indices {first}..{last} of {n} entries")
        return len(self.indices)

    def picked(self) -> IndexArray:
        return np.array(self.indices, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Concat(Linear):
    """The operands one after the other."""

    op: ClassVar[str] = "concat"
    parts: field.Operands

    def length(self, before: Before) -> int:
        require(bool(self.parts), "concat needs a part")
        return sum(before.lengths[p] for p in self.parts)

    def interval(self, before: Before) -> Interval:
        return hull(before.intervals[p] for p in self.parts if before.lengths[p])

    def forward(self, operands: Sequence[Vector]) -> Vector:
        return Vector.concat(operands)

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        ends = np.cumsum(lengths).tolist()
        return [adjoint[end - n : end] for n, end in zip(lengths, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class Matmul(Linear):
    """A @ X for a public (rows x columns) matrix A and the operand viewed as X of shape (columns, inner)."""

    op: ClassVar[str] = "matmul"
    a: field.Operand
    rows: field.Size
    columns: field.Size
    inner: field.Size
    entries: field.Integers

    def work(self, n: int, before: Before) -> int:
        """Return the multiplications, if more: a file could ask for the cube of what it stores."""
        return max(n, self.rows * self.columns * self.inner)

    def length(self, before: Before) -> int:
        require(min(self.rows, self.columns, self.inner) >= 1, "a dimension is not positive")
        require(self.rows * self.columns == len(self.entries), "the matrix has another number of entries")
        require(self.columns * self.inner == before.lengths[self.a], "the matrix does not fit its operand")
        return self.rows * self.inner

    def interval(self, before: Before) -> Interval:
        a = before.intervals[self.a]
        if a is None:
            return None
        ends = []
        for start in range(0, len(self.entries), self.columns):
            row = self.entries[start : start + self.columns]
            plus, minus = sum(e for e in row if e > 0), sum(e for e in row if e < 0)
            ends.append((plus * a[0] + minus * a[1], plus * a[1] + minus * a[0]))
        return checked(min(low for low, _ in ends), max(high for _, high in ends))

    def forward(self, operands: Sequence[Vector]) -> Vector:
        (x,) = operands
        matrix = Vector.from_ints(x.backend, self.entries)
        if self.inner == 1:
            return matrix.matvec(x)
        k = self.columns
        return Vector.concat([x.combine(matrix[i * k : (i + 1) * k]) for i in range(self.rows)])

    def backward(self, adjoint: Vector, lengths: Sequence[int]) -> Sequence[Vector]:
        matrix = Vector.from_ints(adjoint.backend, self.entries)
        if self.inner == 1:
            return (matrix.combine(adjoint),)
        columns = (matrix[j :: self.columns] for j in range(self.columns))
        return (Vector.concat([adjoint.combine(column) for column in columns]),)


@dataclass(frozen=True, slots=True)
class Mul(_Pair):
    """One gate per entry: a_i * b_i.  The only non-linear operation."""

    op: ClassVar[str] = "mul"
    a: field.Operand
    b: field.Operand

    def interval(self, before: Before) -> Interval:
        """Return the product of the intervals; the square's if both operands are one node."""
        return product(before.intervals[self.a], before.intervals[self.b], same=self.a == self.b)


def common_length(a: int, b: int) -> int:
    """Return the length of both; raise ``ValueError`` if they differ."""
    require(a == b, f"operands of {a} and {b} entries")
    return a


def _chosen(v: int, before: Before) -> Iterator[Sub]:
    """Yield the difference x - y if node v is c * (x - y) with c in [0, 1].

    Then y + c * (x - y) and x - c * (x - y) are each x or y, entry by entry, and need no wider interval.
    """
    node = before.nodes[v]
    if isinstance(node, Mul):
        for c, d in ((node.a, node.b), (node.b, node.a)):
            bounds, difference = before.intervals[c], before.nodes[d]
            if bounds is not None and bounds[0] >= 0 and bounds[1] <= 1 and isinstance(difference, Sub):
                yield difference
