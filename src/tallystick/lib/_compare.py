# SPDX-License-Identifier: Apache-2.0
"""Comparisons, with as many digits as the interval of the difference needs.

A comparison of a member's entries with public numbers reads the digits that the member committed to: at most
one gate a digit, and no decomposition inside the computation.  Any other comparison takes the sign of the
difference from its digits, one boolean wire each.  Costs are in ``spec/library.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

import numpy as np

from ..plan import Sub
from ..tracing import (
    OPERATORS,
    Array,
    Operand,
    Secret,
    assert_zero,
    broadcast_shape,
    fail,
    hint,
    public_array,
)
from ._digits import (
    affine,
    as_boolean,
    committed,
    committed_bits,
    constants,
    decompose,
    public_values,
    weighted,
)
from ._naming import named, shown_interval, text_of, units

__all__ = [
    "at_least",
    "complement",
    "equals",
    "is_boolean",
    "is_zero",
    "not_negative",
    "product",
    "require_boolean",
    "sign_and_magnitude",
]

# What a gadget is chosen by, in triples: a multiplication takes one, and another for its product on the coset; so does
# a boolean wire.  A wire found as a digit under a mask takes a triple for the borrow and a random bit besides; a
# committed slot a mask.  Tests hold these to the counter; that the proof's two columns a gate weigh one more is chosen.
_MUL = 3
_DIGIT = 4
_SLOT = 1


# ---------------------------------------------------------------------------------------- booleans


def is_boolean(x: Secret) -> bool:
    """Whether the interval of x says that all entries are 0 or 1."""
    return x.interval is not None and x.interval[0] >= 0 and x.interval[1] <= 1 and x.decimals == 0


def require_boolean(x: Secret, what: str) -> None:
    """Fail unless all entries of x are 0 or 1."""
    if not is_boolean(x):
        fail(
            f"{what} needs zeros and ones, not values in {shown_interval(x)}",
            hint="compare first, as in x != 0",
        )


def complement(x: Secret) -> Secret:
    """Return 1 - x, for x in [0, 1]."""
    node = x.builder.nodes[x.node]
    if isinstance(node, Sub):
        values = public_values(x.builder, node.a)
        if values is not None and (values == 1).all():
            return Secret(x.builder, node.b, x.shape, decimals=0, origin=x.origin)
    return named(constants(x.builder, 1, x.shape) - x, f"not {text_of(x)}", x)


def _or(x: Secret, y: Secret) -> Secret:
    """Return x or y, written as a choice between 1 and x, which keeps the interval."""
    return x + y * (constants(x.builder, 1, x.shape) - x)


# ---------------------------------------------------------------------------------------- with public numbers


def at_least(x: Secret, threshold: Array) -> Secret:
    """Return [x ≥ threshold] for public integers, in units of x's last decimal place."""
    x = x.broadcast_to(broadcast_shape(x.shape, threshold.shape))
    threshold = _one(threshold)
    if not x.size or (threshold <= x.low).all():
        return constants(x.builder, 1, x.shape)
    if (threshold > x.high).all():
        return constants(x.builder, 0, x.shape)
    line = affine(x)
    digits = committed(line.base)
    if digits is not None:
        # scale * base + offset ≥ threshold, solved for the base; a negative scale turns the comparison round.
        if line.scale > 0:
            wanted = -(-(threshold - line.offset) // line.scale)
        else:
            wanted = (line.offset - threshold) // -line.scale + 1
        wanted = np.asarray(wanted - digits.low, dtype=object)
        used = _Thresholds(wanted, line.base.high - digits.low, digits.k)
        k = _sign_digits(x.low - int(threshold.max()), x.high - int(threshold.min()))
        if used.cost * x.size + _SLOT * digits.fresh <= _DIGIT * (k + 1) * x.size:
            reached = used.reached(committed_bits(line.base))
            return reached if line.scale > 0 else complement(reached)
    return not_negative(units(x) - threshold)


def _one(values: Array) -> Array:
    """Return public numbers as an array of shape () if they are all one."""
    flat = values.reshape(-1)
    return flat[:1].reshape(()) if len(flat) and (flat == flat[0]).all() else values


class _Thresholds:
    """Comparisons u ≥ c of k-digit values u ≤ top with public integers c, digit by digit from the lowest."""

    def __init__(self, c: Array, top: int, k: int) -> None:
        self._always = c <= 0
        self._never = c > top
        self._k = k
        open_ = c[~(self._always | self._never)]
        # Digits below the lowest one that any c has do not matter.
        self._start = min((_trailing_zeros(int(v)) for v in open_), default=k - 1)
        self._uniform = int(open_[0]) if len(open_) == c.size and (open_ == open_[0]).all() else None
        self._c = np.where(self._always | self._never, 1 << self._start, c)

    @property
    def cost(self) -> int:
        """The cost of one entry."""
        return _MUL * (self._k - 1 - self._start) + (0 if self._uniform is not None else _DIGIT - 2)

    def reached(self, bits: Secret) -> Secret:
        """Return [u ≥ c] from the digits of u along the last axis."""
        if self._uniform is not None:
            found = bits[..., self._start]
            for i in range(self._start + 1, self._k):
                found = bits[..., i] * found if self._uniform >> i & 1 else _or(found, bits[..., i])
            return found
        ones = self._digit(self._start)
        found = bits[..., self._start] * ones + (1 - ones)
        for i in range(self._start + 1, self._k):
            # Where c's digit is 1 the result is u_i and found, where it is 0 u_i or found.
            ones = self._digit(i)
            found = bits[..., i] * (found * (2 * ones - 1) + (1 - ones)) + found * (1 - ones)
        sure = np.where(self._always, 1, 0)
        return as_boolean(found * np.where(self._always | self._never, 0, 1) + sure)

    def _digit(self, i: int) -> Array:
        return cast(Array, np.asarray(self._c >> i & 1, dtype=object))


def _trailing_zeros(value: int) -> int:
    return (value & -value).bit_length() - 1


# ---------------------------------------------------------------------------------------- signs and zeros


def not_negative(d: Secret) -> Secret:
    """Return [d ≥ 0]: one boolean wire a digit of d + 2^k, whose highest is the answer."""
    return sign_and_magnitude(d)[0]


def sign_and_magnitude(d: Secret) -> tuple[Secret, Secret]:
    """Return [d ≥ 0] and m in [0, 2^k) with d = m where d ≥ 0, and d = m - 2^k elsewhere."""
    low, high = d.low, d.high
    if low >= 0:
        return constants(d.builder, 1, d.shape), d
    k = _sign_digits(low, high)
    if high < 0:
        return constants(d.builder, 0, d.shape), d + (1 << k)
    if k == 0:
        return d + 1, constants(d.builder, 0, d.shape)
    bits = decompose(d, -1 << k, k + 1)
    return bits[..., k], weighted(bits, [*(1 << i for i in range(k)), 0])


def _sign_digits(low: int, high: int) -> int:
    """Return the least k with -2^k ≤ low and high < 2^k."""
    return max(high, -low - 1, 0).bit_length()


def is_zero(d: Secret) -> Secret:
    """Return [d = 0]."""
    low, high = d.low, d.high
    if low > 0 or high < 0:
        return constants(d.builder, 0, d.shape)
    if low == high or d.size == 0:
        return constants(d.builder, 1, d.shape)
    if low >= -1 and high <= 1:
        return complement(d if low == 0 else d * d)
    # With an inverse w: d * w = 1 - z and d * z = 0, so that z = 1 exactly if d = 0; z is a boolean wire.
    inverse = hint("inverse", d, parameters=(), n=d.size, boolean=False).reshape(d.shape)
    zero = as_boolean(complement(d * inverse))
    assert_zero(d * zero)
    return zero


def equals(x: Secret, value: Array) -> Secret:
    """Return [x = value] for public integers, in units of x's last decimal place."""
    x = x.broadcast_to(broadcast_shape(x.shape, value.shape))
    value = _one(value)
    possible = (value >= x.low) & (value <= x.high)
    if not x.size or not possible.any():
        return constants(x.builder, 0, x.shape)
    line = affine(x)
    digits = committed(line.base)
    if digits is not None:
        distance = value - line.offset
        exact = possible & (distance % line.scale == 0)
        wanted = np.where(exact, distance // line.scale - digits.low, 0)
        uniform = exact.all() and (wanted == wanted.reshape(-1)[0]).all()
        # The zero test without digits: three gates, a slot, and twice the digits of the difference as advice.
        spread = max(int(value.max()) - x.low, x.high - int(value.min())).bit_length()
        tested = 3 * _MUL + 3 * spread
        if (_MUL * (digits.k - 1) + (0 if uniform else 2)) * x.size + digits.fresh * _SLOT <= tested * x.size:
            return _matching(committed_bits(line.base), wanted, exact, digits.k, uniform=bool(uniform))
    return is_zero(units(x) - value)


def _matching(bits: Secret, wanted: Array, exact: Array, k: int, *, uniform: bool) -> Secret:
    """Return whether all digits are those of public integers: a tree of products, equal parts of it shared."""
    if uniform:
        pattern = int(wanted.reshape(-1)[0])
        literals = [bits[..., i] if pattern >> i & 1 else complement(bits[..., i]) for i in range(k)]
        return product(literals)
    literals = []
    for i in range(k):
        ones = cast(Array, np.asarray(wanted >> i & 1, dtype=object))
        literals.append(bits[..., i] * (2 * ones - 1) + (1 - ones))
    return as_boolean(product(literals) * np.where(exact, 1, 0))


def product(factors: list[Secret]) -> Secret:
    """Return the product of factors, halves first, so that equal halves of two products are one node."""
    if len(factors) == 1:
        return factors[0]
    half = len(factors) // 2
    return product(factors[:half]) * product(factors[half:])


# ---------------------------------------------------------------------------------------- operators


def _ordered(symbol: str, x: Secret, other: Operand) -> Secret:
    """Return x < other and its kin: two of them are the complements of the other two."""
    strict, turned = symbol in ("<", ">"), symbol in (">", "<=")
    if isinstance(other, Secret):
        a, b, _ = x.aligned(other, "compare")
        if is_boolean(a) and is_boolean(b):
            less = complement(b) * a if turned else complement(a) * b
        else:
            d = units(b) - units(a) if turned else units(a) - units(b)
            less = complement(not_negative(d))
        found = less if strict else complement(less)
        return named(found, f"{text_of(x)} {symbol} {text_of(other)}", x, other)
    values, decimals = public_array(other)
    # x ≥ c for any c means x ≥ ⌈c⌉ in x's own units, and x > c means x ≥ ⌊c⌋ + 1.
    scaled = np.asarray(values * 10 ** max(x.decimals - decimals, 0), dtype=object)
    unit = 10 ** max(decimals - x.decimals, 0)
    threshold = scaled // unit + 1 if symbol in (">", "<=") else -(-scaled // unit)
    found = at_least(x, np.asarray(threshold, dtype=object))
    return named(
        found if symbol in (">", ">=") else complement(found), f"{text_of(x)} {symbol} {text_of(other)}", x
    )


def _equal(x: Secret, other: Operand) -> Secret:
    if isinstance(other, Secret):
        a, b, _ = x.aligned(other, "compare")
        return named(is_zero(units(a) - units(b)), f"{text_of(x)} == {text_of(other)}", x, other)
    values, decimals = public_array(other)
    if decimals > x.decimals:
        fail(
            f"values of {x.decimals} decimals never equal a constant of {decimals}",
            hint="compare with <= or >=, or round the constant",
        )
    scaled = np.asarray(values * 10 ** (x.decimals - decimals), dtype=object)
    return named(equals(x, scaled), f"{text_of(x)} == {text_of(other)}", x)


def _unequal(x: Secret, other: Operand) -> Secret:
    return complement(_equal(x, other))


def _logical(symbol: str, x: Secret, other: Operand) -> Secret:
    require_boolean(x, f"the operator {symbol}")
    if isinstance(other, Secret):
        require_boolean(other, f"the operator {symbol}")
        a, b, _ = x.aligned(other, "combine")
    else:
        values, decimals = public_array(other)
        if decimals or not np.isin(values, (0, 1)).all():
            fail(f"the operator {symbol} needs zeros and ones", hint="compare first, as in x != 0")
        return _logical_public(symbol, x, values)
    if symbol == "&":
        found = a * b
    elif symbol == "|":
        found = _or(a, b)
    else:
        # a xor b is b where a = 0 and 1 - b where a = 1.
        found = b + a * (complement(b) - b)
    return named(found, f"{text_of(x)} {symbol} {text_of(other)}", x, other)


def _logical_public(symbol: str, x: Secret, values: Array) -> Secret:
    if symbol == "&":
        return x * values
    if symbol == "|":
        return complement(complement(x) * (1 - values))
    x = x.broadcast_to(broadcast_shape(x.shape, values.shape))
    if (values == 0).all():
        return x
    if (values == 1).all():
        return complement(x)
    return as_boolean(x * (1 - 2 * values) + values)


def _inverted(x: Secret) -> Secret:
    require_boolean(x, "the operator ~")
    return complement(x)


for _symbol in ("<", "<=", ">", ">="):
    OPERATORS[_symbol] = partial(_ordered, _symbol)
for _symbol in ("&", "|", "^"):
    OPERATORS[_symbol] = partial(_logical, _symbol)
_OTHERS: dict[str, Callable[..., Secret]] = {"==": _equal, "!=": _unequal, "~": _inverted}
OPERATORS.update(_OTHERS)
