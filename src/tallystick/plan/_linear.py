"""What the linear operations do to field elements, forwards and transposed (``spec/plan.md``).

``forward`` serves whoever holds values or shares of them; ``backward`` serves the proof, which needs only the
transposed map.  Each rule is a few batched calls into the backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ..algebra import Vector
from ..backend import Backend, IndexArray
from ._ops import Add, Concat, Constant, Input, InputBits, Matmul, Neg, Node, Scale, Sub, Sum, Take, View
from ._plan import Plan

__all__ = [
    "backward",
    "bit_weights",
    "constant_of",
    "forward",
    "input_value",
    "is_linear",
    "view_indices",
]


def is_linear(node: Node) -> bool:
    """Whether ``forward`` handles the node: everything but inputs, constants, gates, hints and sinks."""
    return isinstance(node, InputBits | Add | Sub | Neg | Scale | Sum | View | Take | Concat | Matmul)


def forward(plan: Plan, v: int, operands: Sequence[Vector]) -> Vector:
    """Return node v's value from its operands' values; being linear, it acts alike on shares and on MACs.

    For ``input_bits`` the operand is the input's slots, not its value.  Inputs, constants, gates and hints
    are the caller's: a public constant concerns one party's shares only.  Raises ``TypeError`` for them.
    """
    node = plan.nodes[v]
    backend = operands[0].backend
    match node:
        case InputBits():
            return operands[0]
        case Add():
            return operands[0] + operands[1]
        case Sub():
            return operands[0] - operands[1]
        case Neg():
            return -operands[0]
        case Scale():
            return _scaled(backend, node, operands[0])
        case Sum():
            return operands[0].sum_axis(node.outer, node.n, node.inner)
        case View():
            piece = _as_slice(node)
            return operands[0][view_indices(node) if piece is None else piece]
        case Take():
            return operands[0][np.array(node.indices, dtype=np.int64)]
        case Concat():
            return Vector.concat(operands)
        case Matmul():
            return _matmul(backend, node, operands[0])
    raise TypeError(f"{node.op} is not a linear operation")


def backward(plan: Plan, v: int, adjoint: Vector) -> list[tuple[int, Vector]]:
    """Return, for each operand p of linear node v, the adjoint that node v contributes to p.

    For every x, <adjoint, forward(x)> = Σ_p <contribution to p, x_p>.  ``input_bits`` is not handled here,
    because it contributes to slots and not to a value.
    """
    node = plan.nodes[v]
    lengths = plan.layout.lengths
    backend = adjoint.backend
    match node:
        case Add(a, b):
            return [(a, adjoint), (b, adjoint)]
        case Sub(a, b):
            return [(a, adjoint), (b, -adjoint)]
        case Neg(a):
            return [(a, -adjoint)]
        case Scale(a):
            return [(a, _scaled(backend, node, adjoint))]
        case Sum(a):
            return [(a, adjoint[_repeat(node)])]
        case View(a):
            return [(a, adjoint.scatter_add(view_indices(node), lengths[a]))]
        case Take(a, indices):
            return [(a, adjoint.scatter_add(np.array(indices, dtype=np.int64), lengths[a]))]
        case Concat(parts):
            pieces, at = [], 0
            for p in parts:
                pieces.append((p, adjoint[at : at + lengths[p]]))
                at += lengths[p]
            return pieces
        case Matmul(a):
            return [(a, _matmul(backend, _transposed(node), adjoint))]
    raise TypeError(f"{node.op} has no transposed rule here")


def input_value(node: Input, slots: Vector, *, offset: int | None = None) -> Vector:
    """Return an input's value from its slots: the slots themselves, or low + Σ 2^i b_i in bits form.

    ``offset`` replaces low: a party that must not add the public part to its share passes 0.
    """
    if node.form == "value":
        return slots
    low = node.low if offset is None else offset
    if node.bits == 0:
        return Vector.constant(slots.backend, low, node.n)
    return slots.matvec(bit_weights(slots.backend, node.bits)) + low


def constant_of(backend: Backend, node: Constant) -> Vector:
    """Return a constant's values as field elements."""
    return Vector.from_ints(backend, node.values)


def bit_weights(backend: Backend, k: int) -> Vector:
    """Return 1, 2, 4, …, 2^(k-1)."""
    return Vector.powers(backend, 2, k)


def view_indices(node: View) -> IndexArray:
    """Return the operand's index of every entry of a view, in row-major order."""
    index = np.full((), node.offset, dtype=np.int64)
    for dimension, stride in zip(node.shape, node.strides, strict=True):
        index = index[..., None] + np.arange(dimension, dtype=np.int64) * stride
    return np.ascontiguousarray(np.broadcast_to(index, node.shape).reshape(-1))


def _as_slice(node: View) -> slice | None:
    """Return the view as one contiguous piece of its operand, or None if it is not one."""
    expected = 1
    for dimension, stride in zip(reversed(node.shape), reversed(node.strides), strict=True):
        if dimension > 1:
            if stride != expected:
                return None
            expected *= dimension
    return slice(node.offset, node.offset + prod(node.shape))


def _scaled(backend: Backend, node: Scale, x: Vector) -> Vector:
    if len(node.factors) == 1:
        return x * node.factors[0]
    pattern = np.repeat(np.arange(len(node.factors), dtype=np.int64), node.inner)
    index = np.tile(pattern, len(x) // len(pattern))
    return x * Vector.from_ints(backend, node.factors)[index]


def _repeat(node: Sum) -> IndexArray:
    """Return the index that spreads (outer, inner) back over (outer, n, inner)."""
    sums = np.arange(node.outer * node.inner, dtype=np.int64).reshape(node.outer, 1, node.inner)
    return np.ascontiguousarray(np.broadcast_to(sums, (node.outer, node.n, node.inner)).reshape(-1))


def _transposed(node: Matmul) -> Matmul:
    entries = tuple(node.entries[i * node.columns + j] for j in range(node.columns) for i in range(node.rows))
    return Matmul(node.a, rows=node.columns, columns=node.rows, inner=node.inner, entries=entries)


def _matmul(backend: Backend, node: Matmul, x: Vector) -> Vector:
    matrix = Vector.from_ints(backend, node.entries)
    if node.inner == 1:
        return matrix.matvec(x)
    k = node.columns
    return Vector.concat([x.combine(matrix[i * k : (i + 1) * k]) for i in range(node.rows)])
