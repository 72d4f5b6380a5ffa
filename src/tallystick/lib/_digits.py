# SPDX-License-Identifier: Apache-2.0
"""Binary digits of secrets: those that members committed to, those that advice gives, and what they prove.

Everything here is constrained: digits are boolean wires (or a member's committed bits) whose weighted sum is
asserted to be the value, so that they are its digits and no others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..plan import Add, Concat, Constant, Input, Neg, Scale, Sub, Take, View
from ..proofs import span_weights
from ..tracing import Array, Builder, Secret, assert_zero, concat, constant, hint
from ._naming import units

__all__ = [
    "Affine",
    "Committed",
    "affine",
    "as_boolean",
    "committed",
    "committed_bits",
    "constants",
    "decompose",
    "public_values",
    "tighten",
    "weighted",
]


@dataclass(frozen=True, slots=True)
class Committed:
    """What is known of a secret whose entries are entries of inputs: x - low has k digits.

    ``fresh`` counts the slots that its owners commit to only if the digits are used.
    """

    low: int
    k: int
    fresh: int


def committed(x: Secret) -> Committed | None:
    """Return how x's digits are committed, or None if its entries are not entries of inputs of one low."""
    found = _source(x.builder, x.node)
    if found is None or found.k == 0:
        return None
    inputs = (x.builder.nodes[v] for v in found.inputs)
    fresh = sum(n.n * n.bits for n in inputs if isinstance(n, Input) and n.form == "value")
    return Committed(found.low, found.k, fresh)


def committed_bits(x: Secret) -> Secret:
    """Return the digits of x - low along a new last axis, lowest first, for a ``committed`` x."""
    found = _source(x.builder, x.node)
    assert found is not None
    return _bits(x, x.node, found.k).reshape(*x.shape, found.k)


@dataclass(frozen=True, slots=True)
class _Source:
    low: int
    k: int
    inputs: frozenset[int]


def _source(builder: Builder, v: int) -> _Source | None:
    """Return the inputs that node v takes its entries from, if they have one low; k fits the widest."""
    match builder.nodes[v]:
        case Input() as node:
            return _Source(node.low, node.bits, frozenset([v]))
        case View(a) | Take(a):
            return _source(builder, a)
        case Concat(parts):
            found = [_source(builder, p) for p in parts if builder.lengths[p]]
            known = [f for f in found if f is not None]
            if not known or len(known) < len(found) or len({f.low for f in known}) > 1:
                return None
            inputs = frozenset[int]().union(*(f.inputs for f in known))
            return _Source(known[0].low, max(f.k for f in known), inputs)
        case _:
            return None


def _bits(x: Secret, v: int, k: int) -> Secret:
    """Return the digits of node v, k of them, as a matrix with one row an entry."""
    builder = x.builder
    n = builder.lengths[v]
    origin = x.origin.renamed(f"bits of {x.origin.text}")
    match builder.nodes[v]:
        case Input() as node:
            own = Secret(builder, builder.bits_of(v), (n, node.bits), decimals=0, origin=origin)
            if node.bits == k:
                return own
            return concat([own, constants(builder, 0, (n, k - node.bits))], axis=1)
        case Concat(parts):
            return concat([_bits(x, p, k) for p in parts if builder.lengths[p]])
        case View(a, shape, offset, strides):
            source = _bits(x, a, k)
            view = View(source.node, (*shape, k), offset * k, (*(s * k for s in strides), 1 if k > 1 else 0))
            return Secret(builder, builder.add(view), (n, k), decimals=0, origin=origin)
        case Take(a, indices):
            return _bits(x, a, k)[np.array(indices, dtype=np.int64)]
        case node:
            raise TypeError(f"{node.op} does not take its entries from inputs")


@dataclass(frozen=True, slots=True)
class Affine:
    """x = scale * base + offset, entry by entry, for public offsets (of shape () if they are all one) and scale ≠ 0."""

    base: Secret
    scale: int
    offset: Array


def affine(x: Secret) -> Affine:
    """Return x as an affine function of a secret, undoing public additions, factors and negations."""
    builder, v, scale = x.builder, x.node, 1
    offset = np.zeros(x.size, dtype=object)
    while True:
        step: tuple[int, int, Array | None] | None = None
        match builder.nodes[v]:
            case Neg(a):
                step = a, -1, None
            case Scale(a, (factor,)) if factor:
                step = a, factor, None
            case Add(a, b):
                step = _without_constant(builder, a, b, 1) or _without_constant(builder, b, a, 1)
            case Sub(a, b):
                step = _without_constant(builder, a, b, -1)
                if step is None and (values := public_values(builder, a)) is not None:
                    step = b, -1, values
        if step is None:
            base = Secret(builder, v, x.shape, decimals=x.decimals, origin=x.origin)
            one = not x.size or bool((offset == offset[0]).all())
            return Affine(base, scale, offset[:1].reshape(()) if one and x.size else offset.reshape(x.shape))
        v, factor, added = step
        offset = offset if added is None else offset + scale * added
        scale *= factor


def _without_constant(builder: Builder, a: int, b: int, sign: int) -> tuple[int, int, Array | None] | None:
    values = public_values(builder, b)
    return None if values is None else (a, 1, sign * values)


def public_values(builder: Builder, v: int) -> Array | None:
    """Return the entries of a node that is a constant, or a view of one; None for any other."""
    match builder.nodes[v]:
        case Constant(values):
            out = np.empty(len(values), dtype=object)
            out[:] = values
            return out
        case View(a) as node:
            source = public_values(builder, a)
            return None if source is None else source[node.picked()]
        case _:
            return None


def constants(builder: Builder, value: int, shape: tuple[int, ...]) -> Secret:
    """Return an array of one public integer."""
    return constant(builder, np.array(value, dtype=object)).broadcast_to(shape)


def weighted(bits: Secret, weights: list[int]) -> Secret:
    """Return the weighted sums along the last axis."""
    shape = bits.shape[:-1]
    if bits.size == 0:
        return constants(bits.builder, 0, shape)
    return (bits.reshape(-1, bits.shape[-1]) @ np.array(weights, dtype=object)).reshape(shape)


def decompose(x: Secret, low: int, k: int) -> Secret:
    """Return the k digits of x - low along a new last axis, lowest first: k boolean wires an entry.

    There is no witness unless 0 ≤ x - low < 2^k.
    """
    if x.size == 0 or k == 0:
        return constants(x.builder, 0, (*x.shape, k))
    bits = hint("bits", x, parameters=(low, k), n=x.size * k, boolean=True).reshape(*x.shape, k)
    integers = units(x)
    assert_zero(weighted(bits, [1 << i for i in range(k)]) - (integers - low))
    return bits


def tighten(x: Secret, low: int, high: int) -> Secret:
    """Return x with [low, high] proved to be its interval: as many wires as high - low has bits."""
    interval = x.interval
    if interval is not None and low <= interval[0] and interval[1] <= high:
        return x
    integers = units(x)
    if low == high or x.size == 0:
        proved = constants(x.builder, low, x.shape)
    else:
        weights = span_weights(high - low)
        wires = hint("span", x, parameters=(low, high), n=x.size * len(weights), boolean=True)
        proved = weighted(wires.reshape(*x.shape, len(weights)), weights) + low
    assert_zero(proved - integers)
    return Secret(x.builder, proved.node, x.shape, decimals=x.decimals, origin=x.origin)


def as_boolean(x: Secret) -> Secret:
    """Return x, which is 0 or 1, with [0, 1] as its interval: one boolean wire an entry."""
    if x.interval is not None and x.interval[0] >= 0 and x.interval[1] <= 1:
        return x
    wires = hint("copy", x, parameters=(), n=x.size, boolean=True).reshape(x.shape)
    assert_zero(wires - x)
    return Secret(x.builder, wires.node, x.shape, decimals=0, origin=x.origin)
