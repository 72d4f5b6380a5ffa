# SPDX-License-Identifier: Apache-2.0
"""Choosing between secrets without knowing which: where, clip, minimum, maximum, and their kin."""

from __future__ import annotations

import builtins
from collections.abc import Callable

import numpy as np

from ..tracing import (
    OPERATORS,
    Operand,
    Secret,
    broadcast_shape,
    concat,
    fail,
    public_array,
)
from ._compare import (
    at_least,
    complement,
    equals,
    not_negative,
    require_boolean,
    sign_and_magnitude,
)
from ._digits import as_boolean, constants, public_values, tighten
from ._naming import check_secret, named, statistic, with_scale

__all__ = ["abs", "all", "any", "clip", "isin", "max", "maximum", "min", "minimum", "sign", "where"]


def where(condition: Secret, x: Operand, y: Operand) -> Secret:
    """Return x where the condition holds, y elsewhere: one gate an entry."""
    if not isinstance(condition, Secret):
        fail("ts.where takes a secret condition", hint="for a public one use an ordinary if, or numpy.where")
    require_boolean(condition, "ts.where")
    if isinstance(x, Secret):
        a, b, shape = x.aligned(y, "choose between")
    elif isinstance(y, Secret):
        b, a, shape = y.aligned(x, "choose between")
    else:
        return _public_where(condition, x, y)
    shape = broadcast_shape(condition.shape, shape)
    c, a, b = (part.broadcast_to(shape) for part in (condition, a, b))
    return choose(c, a, b)


def choose(c: Secret, a: Secret, b: Secret) -> Secret:
    """Return a where c is 1 and b where it is 0, all of one shape and scale."""
    known = public_values(c.builder, c.node)
    if a.node == b.node or (known is not None and (known == 1).all()):
        return a
    if known is not None and (known == 0).all():
        return b
    return named(b + c * (a - b), f"where({c.origin.text}, {a.origin.text}, {b.origin.text})", c, a, b)


def _public_where(condition: Secret, x: Operand, y: Operand) -> Secret:
    a, of_a = public_array(x)
    b, of_b = public_array(y)
    decimals = builtins.max(of_a, of_b)
    a = np.asarray(a * 10 ** (decimals - of_a), dtype=object)
    b = np.asarray(b * 10 ** (decimals - of_b), dtype=object)
    chosen = condition * (a - b) + b
    return Secret(chosen.builder, chosen.node, chosen.shape, decimals=decimals, origin=condition.origin)


# ---------------------------------------------------------------------------------------- minima and maxima


def minimum(x: Operand, y: Operand) -> Secret:
    """Return the lesser of two, entry by entry, as ``numpy.minimum``."""
    return _lesser("ts.minimum", x, y, greater=False)


def maximum(x: Operand, y: Operand) -> Secret:
    """Return the greater of two, entry by entry, as ``numpy.maximum``."""
    return _lesser("ts.maximum", x, y, greater=True)


def _lesser(name: str, x: Operand, y: Operand, *, greater: bool) -> Secret:
    if not isinstance(x, Secret):
        x, y = y, x
    if not isinstance(x, Secret):
        fail(f"{name} takes at least one secret")
    a, b, shape = x.aligned(y, "compare")
    condition = (x >= y) if greater else (x <= y)
    return choose(condition.broadcast_to(shape), a, b)


def min(x: Secret, axis: int | None = None) -> Secret:
    """Return the least entry of all, or along an axis: a tree of comparisons."""
    return _extreme("ts.min", x, axis, greater=False)


def max(x: Secret, axis: int | None = None) -> Secret:
    """Return the greatest entry of all, or along an axis: a tree of comparisons."""
    return _extreme("ts.max", x, axis, greater=True)


def _extreme(name: str, x: Secret, axis: int | None, *, greater: bool) -> Secret:
    left = axis_first(name, x, axis)
    if not len(left):
        fail(f"{name} of no entries", hint="there is no least or greatest of nothing")
    found = _folded(left, lambda a, b: _lesser(name, a, b, greater=greater))
    return statistic(found, f"{'greatest' if greater else 'least'} of {x.origin.text}", x)


def _folded(x: Secret, join: Callable[[Secret, Secret], Secret]) -> Secret:
    """Join the entries of the first axis, at least one, by a tree."""
    while len(x) > 1:
        half = len(x) // 2
        joined = join(x[:half], x[half : 2 * half])
        x = concat([joined, x[2 * half :]]) if len(x) % 2 else joined
    return x[0]


def axis_first(name: str, x: Secret, axis: int | None) -> Secret:
    """Return x with one axis in front, or all entries as a vector."""
    check_secret(name.removeprefix("ts."), x)
    if axis is None:
        return x.reshape(-1) if x.size else x.reshape(0)
    return x.moveaxis(axis, 0)


# ---------------------------------------------------------------------------------------- booleans


def any(x: Secret, axis: int | None = None) -> Secret:
    """Return whether an entry is 1, of all or along an axis; of none it is 0."""
    left = axis_first("ts.any", x, axis)
    require_boolean(left, "ts.any")
    return _any(left)


def all(x: Secret, axis: int | None = None) -> Secret:
    """Return whether every entry is 1, of all or along an axis; of none it is 1."""
    left = axis_first("ts.all", x, axis)
    require_boolean(left, "ts.all")
    return complement(_any(complement(left)))


def _any(x: Secret) -> Secret:
    n = len(x)
    if n == 0:
        return constants(x.builder, 0, x.shape[1:])
    # A tree of n - 1 gates, or the sign of the sum less one: a wire a digit, which costs more triples each.
    if 3 * (n - 1) <= 4 * ((n - 1).bit_length() + 1):
        return _folded(x, lambda a, b: a | b)
    return not_negative(x.sum(axis=0) - 1)


def isin(x: Secret, values: Operand) -> Secret:
    """Return whether each entry is one of the public values, as ``numpy.isin``.

    A run of neighbouring values takes two comparisons, any other value a test of equality.
    """
    check_secret("isin", x)
    if isinstance(values, Secret):
        fail("ts.isin takes public values", hint="compare with == and use ts.any")
    wanted, decimals = public_array(values)
    unit = 10 ** builtins.max(decimals - x.decimals, 0)
    scaled = wanted.reshape(-1) * 10 ** builtins.max(x.decimals - decimals, 0)
    integers = sorted(
        {int(v) // unit for v in scaled if int(v) % unit == 0 and x.low <= int(v) // unit <= x.high}
    )
    found: Secret | None = None
    for first, last in _runs(integers):
        if first == last:
            term = equals(x, np.array(first, dtype=object))
        else:
            # The upper comparison implies the lower one, so that the difference is 0 or 1.
            start, end = (at_least(x, np.array(v, dtype=object)) for v in (first, last + 1))
            term = start - end
        found = term if found is None else found + term
    if found is None:
        return constants(x.builder, 0, x.shape)
    return as_boolean(found)


def _runs(integers: list[int]) -> list[tuple[int, int]]:
    """Return the first and last of every run of consecutive integers."""
    runs: list[tuple[int, int]] = []
    for v in integers:
        if runs and runs[-1][1] == v - 1:
            runs[-1] = (runs[-1][0], v)
        else:
            runs.append((v, v))
    return runs


# ---------------------------------------------------------------------------------------- signs, bounds


def abs(x: Secret) -> Secret:
    """Return the absolute value; also ``abs(secret)`` of the language."""
    check_secret("abs", x)
    if x.low >= 0:
        return x
    if x.high <= 0:
        return -x
    # With x + 2^k = positive * 2^k + m the value is m or 2^k - m, which keeps the interval narrow.
    positive, m = sign_and_magnitude(x)
    k = builtins.max(x.high, -x.low - 1).bit_length()
    found = choose(positive, m, (1 << k) - m)
    return named(with_scale(found, x.decimals), f"|{x.origin.text}|", x)


def sign(x: Secret) -> Secret:
    """Return -1, 0 or 1, as ``numpy.sign``."""
    check_secret("sign", x)
    found = at_least(x, np.array(1, dtype=object)) + at_least(x, np.array(0, dtype=object)) - 1
    return named(found, f"sign of {x.origin.text}", x)


def clip(x: Secret, low: Operand | None = None, high: Operand | None = None) -> Secret:
    """Return x kept within public bounds, as ``numpy.clip``; its interval is then exactly the bounds.

    The two comparisons cost what comparisons cost, the proof of the interval a wire a digit of high - low.
    """
    check_secret("clip", x)
    bottom = _bound(x, low, x.low)
    top = _bound(x, high, x.high)
    if bottom > top:
        fail("ts.clip: the lower bound is above the upper one")
    found = x
    if bottom > x.low:
        reached = at_least(x, np.array(bottom, dtype=object))
        found = choose(reached, found, with_scale(constants(x.builder, bottom, x.shape), x.decimals))
    if top < x.high:
        above = at_least(x, np.array(top + 1, dtype=object))
        found = choose(above, with_scale(constants(x.builder, top, x.shape), x.decimals), found)
    ends = (builtins.min(builtins.max(end, bottom), top) for end in (x.low, x.high))
    return named(tighten(found, *ends), f"clip({x.origin.text})", x)


def _bound(x: Secret, value: Operand | None, otherwise: int) -> int:
    if value is None:
        return otherwise
    if isinstance(value, Secret):
        fail("ts.clip takes public bounds", hint="use ts.minimum and ts.maximum")
    values, decimals = public_array(value)
    if values.shape != () or decimals > x.decimals:
        fail(f"ts.clip takes single bounds of at most {x.decimals} decimals")
    factor: int = 10 ** (x.decimals - decimals)
    return int(values.item()) * factor


OPERATORS["abs"] = abs
