# SPDX-License-Identifier: Apache-2.0
"""Division, roots and rounding, exact on integers: quotients are advice, and remainders prove them.

Fixed point is integers with a public scale: ``x.decimals`` says by which power of ten they are divided.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Literal, TypeAlias, overload

import numpy as np

from ..plan import MAX_DECIMALS, QuotientHint, advice_width
from ..tracing import (
    OPERATORS,
    Opened,
    Operand,
    Secret,
    assert_zero,
    broadcast_shape,
    constant,
    fail,
    hint,
    public_array,
)
from ._choice import choose
from ._compare import equals
from ._digits import committed, committed_bits, constants, decompose, tighten, weighted
from ._naming import check_secret, named, text_of, units, with_scale

__all__ = [
    "check_decimals",
    "divide",
    "divided",
    "floor_divide",
    "floor_root",
    "reciprocal",
    "rounded_quotient",
    "rounded_root",
    "sqrt",
]

Rounding: TypeAlias = Literal["half up", "floor"]
"""To the nearest, halves towards plus infinity; or towards minus infinity."""

Bounds: TypeAlias = tuple[int, int]
"""The least and the greatest integer that something may be."""


# ---------------------------------------------------------------------------------------- quotients


def divided(x: Secret, divisor: int, within: Bounds | None = None) -> tuple[Secret, Secret]:
    """Return ⌊x / d⌋ and the remainder in [0, d) of integers x by a public d > 0.

    x = d * q + r with r proved to be in [0, d) determines both.  ``within`` says where the quotient lies if the
    caller knows more than x's interval does: there is no witness if it lies elsewhere.
    """
    nothing = constants(x.builder, 0, x.shape)
    if x.size == 0:
        return x, nothing
    if divisor == 1:
        return (x if within is None else tighten(x, *within)), nothing
    if divisor & divisor - 1 == 0 and within is None:
        return _shifted(x, divisor.bit_length() - 1)
    low, high = within or (x.low // divisor, x.high // divisor)
    quotient = constants(x.builder, low, x.shape)
    if k := (high - low).bit_length():
        parameters = (divisor, divisor * low, k)
        if QuotientHint(*parameters).width([x.interval]) > advice_width(len(x.builder.members)):
            # The multiplier that finds the quotient doubles the digits; long division does not, but takes longer.
            return divided_by_secret(x, constants(x.builder, divisor, x.shape), (low, high))
        digits = hint("quotient", x, parameters=parameters, n=x.size * k, boolean=True)
        quotient = weighted(digits.reshape(*x.shape, k), [1 << i for i in range(k)]) + low
    return quotient, tighten(x - quotient * divisor, 0, divisor - 1)


def _shifted(x: Secret, places: int) -> tuple[Secret, Secret]:
    """Return quotient and remainder by 2^places: a matter of digits, which an input has committed to."""
    unit = 1 << places
    digits = committed(x)
    if digits is not None and digits.low % unit == 0:
        low, k, bits = digits.low, digits.k, committed_bits(x)
    else:
        low = x.low // unit * unit
        k = (x.high - low).bit_length()
        bits = decompose(x, low, k)
    cut = min(places, k)
    weights = [1 << i for i in range(k)]
    remainder = weighted(bits, [*weights[:cut], *[0] * (k - cut)])
    quotient = weighted(bits, [*[0] * cut, *(w >> places for w in weights[cut:])])
    return quotient + low // unit, remainder


def divided_by_secret(a: Secret, b: Secret, within: Bounds | None = None) -> tuple[Secret, Secret]:
    """Return ⌊a / b⌋ and the remainder in [0, b) of integers, for b whose interval is above 0.

    a = b * q + r, with r and b - 1 - r proved not to be negative, determines both.  ``within`` is as in
    ``divided``.
    """
    if within is None:
        lifted = -(a.low // b.low) if a.low < 0 else 0
        most = (a.high // b.low if a.high >= 0 else a.high // b.high) + lifted
    else:
        lifted, most = -within[0], within[1] - within[0]
    whole = a + b * lifted if lifted else a
    k = max(most, 0).bit_length()
    if k == 0 or a.size == 0:
        quotient = constants(a.builder, 0, a.shape)
    else:
        digits = hint("ratio", whole, b, parameters=(k,), n=a.size * k, boolean=True)
        quotient = weighted(digits.reshape(*a.shape, k), [1 << i for i in range(k)])
    rest = whole - quotient * b
    digits_of_rest = (b.high - 1).bit_length()
    remainder = _not_negative(rest, digits_of_rest)
    _not_negative(b - 1 - rest, digits_of_rest)
    return quotient - lifted, remainder


def _not_negative(x: Secret, k: int) -> Secret:
    """Return x, proved to be in [0, 2^k)."""
    if k == 0:
        assert_zero(x)
    return weighted(decompose(x, 0, k), [1 << i for i in range(k)])


def rounded_quotient(a: Secret, b: Secret | int, rounding: Rounding, within: Bounds | None = None) -> Secret:
    """Return the quotient of integers, b above 0, in the way of rounding; ``within`` bounds what is returned."""
    _check_rounding(rounding)
    if rounding == "half up":
        # ⌊a / b + 1/2⌋ = ⌊(2a + b) / 2b⌋
        a, b = (a * 2 + b, b * 2) if not isinstance(b, int) or b % 2 else (a + b // 2, b)
    return divided(a, b, within)[0] if isinstance(b, int) else divided_by_secret(a, b, within)[0]


def _check_rounding(rounding: object) -> None:
    if rounding not in ("half up", "floor"):
        fail(f"rounding is 'half up' or 'floor', not {rounding!r}")


@dataclass(frozen=True, slots=True)
class _Fraction:
    """Two integers to divide, the lower one positive, and the powers of ten that they are divided by.

    ``turned`` says that both changed their sign.
    """

    top: Secret
    bottom: Secret | int
    top_decimals: int
    bottom_decimals: int
    turned: bool


def _fraction(what: str, x: Operand, y: Operand) -> _Fraction:
    """Return x / y as integers; fail for a divisor that may be 0."""
    builder = next((v.builder for v in (x, y) if isinstance(v, Secret)), None)
    if builder is None:
        fail(f"{what} takes at least one secret")
    if isinstance(x, Secret):
        top, top_decimals = units(x), x.decimals
    else:
        values, top_decimals = public_array(x)
        top = constant(builder, values)
    bottom: Secret | int
    if isinstance(y, Secret):
        bottom, bottom_decimals = units(y), y.decimals
    else:
        values, bottom_decimals = public_array(y)
        bottom = int(values.item()) if values.shape == () else constant(builder, values)
    if isinstance(bottom, Secret) and not bottom.size:
        bottom = constants(
            builder, 1, bottom.shape
        )  # Nothing is divided, and no entry says in which interval.
    low, high = (bottom, bottom) if isinstance(bottom, int) else (bottom.low, bottom.high)
    if low <= 0 <= high:
        fail(
            f"{what}: a divisor in [{low}, {high}] may be 0" if low < high else f"{what}: division by zero",
            hint="prove a bound, as in ts.clip(y, 1), or say what to put there: ts.divide(…, otherwise=0)",
        )
    turned = high < 0
    if turned:
        top, bottom = -top, -bottom
    if isinstance(bottom, Secret):
        shape = broadcast_shape(top.shape, bottom.shape)
        top, bottom = top.broadcast_to(shape), bottom.broadcast_to(shape)
    return _Fraction(top, bottom, top_decimals, bottom_decimals, turned)


# ---------------------------------------------------------------------------------------- operators


def floor_divide(x: Operand, y: Operand) -> Secret:
    """Return ⌊x / y⌋ of integers, as ``numpy.floor_divide``; also ``x // y``."""
    return _integer_division(x, y)[0]


def _integer_division(x: Operand, y: Operand) -> tuple[Secret, Secret]:
    f = _fraction("//", x, y)
    if f.top_decimals or f.bottom_decimals:
        fail("// and % are for integers", hint="use ts.divide(x, y, decimals=…) for values with decimals")
    if isinstance(f.bottom, int):
        quotient, remainder = divided(f.top, f.bottom)
    else:
        quotient, remainder = divided_by_secret(f.top, f.bottom)
    if f.turned:
        remainder = -remainder
    text, parents = f"{text_of(x)} // {text_of(y)}", [v for v in (x, y) if isinstance(v, Secret)]
    return named(quotient, text, *parents), named(remainder, text.replace("//", "%"), *parents)


def divide(
    x: Operand,
    y: Operand,
    *,
    decimals: int,
    rounding: Rounding = "half up",
    otherwise: Operand | None = None,
) -> Secret:
    """Return x / y with so many decimals: the nearest multiple of 10^-decimals, halves up, or the next below.

    A secret y must have an interval that excludes 0, unless ``otherwise`` gives a public result for the
    entries where it is 0; then y must not be negative.
    """
    check_decimals(decimals)
    zero: Secret | None = None
    divisor: Operand = y
    if otherwise is not None and isinstance(y, Secret) and y.size and y.low <= 0:
        if y.low < 0:
            fail("ts.divide with otherwise= takes a divisor that is not negative")
        zero = equals(y, np.array(0, dtype=object))
        divisor = with_scale(tighten(units(y) + zero, 1, max(y.high, 1)), y.decimals)
    f = _fraction("ts.divide", x, divisor)
    scale = decimals + f.bottom_decimals - f.top_decimals
    top, bottom = f.top * 10 ** max(scale, 0), f.bottom * 10 ** max(-scale, 0)
    found = with_scale(rounded_quotient(top, bottom, rounding), decimals)
    if zero is not None and otherwise is not None:
        found, instead, shape = found.aligned(otherwise, "choose between")
        found = choose(zero.broadcast_to(shape), instead, found)
    parents = [v for v in (x, y) if isinstance(v, Secret)]
    return named(found, f"{text_of(x)} / {text_of(y)}", *parents)


def reciprocal(x: Secret, *, decimals: int, rounding: Rounding = "half up") -> Secret:
    """Return 1 / x with so many decimals, for x whose interval excludes 0."""
    check_secret("reciprocal", x)
    return divide(1, x, decimals=decimals, rounding=rounding)


def _rescaled(x: Secret, decimals: int, rounding: Rounding) -> Secret:
    """Return x with fewer decimals: one division by a power of ten."""
    found = rounded_quotient(units(x), 10 ** (x.decimals - decimals), rounding)
    return with_scale(named(found, x.origin.text, x), decimals)


# ---------------------------------------------------------------------------------------- roots


@overload
def sqrt(value: Opened, *, places: int) -> Opened: ...
@overload
def sqrt(value: Secret, *, places: int, rounding: Rounding = "half up") -> Secret: ...
def sqrt(value: Opened | Secret, *, places: int, rounding: Rounding = "half up") -> Opened | Secret:
    """Return the square root to so many decimals.

    Of an opened value it is rounded to the nearest, ties to even; of a secret, which must not be negative, to
    the nearest (half of a unit never occurs) or to the next below.
    """
    if isinstance(value, Opened):
        return value.sqrt(places)
    if not isinstance(value, Secret):
        fail(f"ts.sqrt takes a secret or an opened value, not {type(value).__name__}")
    check_decimals(places)
    _check_rounding(rounding)
    if value.low < 0:
        fail(f"ts.sqrt of a value in [{value.low}, {value.high}], which may be negative", hint="use ts.clip")
    if 2 * places < value.decimals:
        fail(
            f"ts.sqrt of a value of {value.decimals} decimals needs at least {-(-value.decimals // 2)} places"
        )
    scaled = units(value) * 10 ** (2 * places - value.decimals)
    root = floor_root(scaled) if rounding == "floor" else rounded_root(scaled * 4)
    return with_scale(named(root, f"sqrt({value.origin.text})", value), places)


def rounded_root(fourfold: Secret, most: int | None = None) -> Secret:
    """Return ⌊√v + 1/2⌋ for integers ⌊4v⌋, v ≥ 0: half of the root of 4v, and a unit more where that is odd.

    ``most`` is as in ``floor_root``.
    """
    digits, weights = _root(fourfold, most)
    return weighted(digits, [1, *weights[:-1]])


def floor_root(x: Secret, most: int | None = None) -> Secret:
    """Return ⌊√x⌋ for integers x ≥ 0, which are at most ``most`` if the caller knows better than their interval."""
    return weighted(*_root(x, most))


def _root(x: Secret, most: int | None = None) -> tuple[Secret, list[int]]:
    """Return the digits of ⌊√x⌋ and their weights, for integers x ≥ 0.

    With y the root, x - y² and 2y - (x - y²) proved not to be negative determine y.
    """
    k = isqrt(x.high if most is None else most).bit_length()
    weights = [1 << i for i in range(k)]
    if k == 0 or x.size == 0:
        if most is not None:
            assert_zero(x)
        return constants(x.builder, 0, (*x.shape, 1)), [1]
    digits = hint("root", x, parameters=(k,), n=x.size * k, boolean=True).reshape(*x.shape, k)
    y = weighted(digits, weights)
    rest = x - y * y
    _not_negative(rest, k + 1)
    _not_negative(y * 2 - rest, k + 1)
    return digits, weights


def check_decimals(decimals: object) -> None:
    """Fail unless this is a number of decimals."""
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= MAX_DECIMALS:
        fail(f"decimals is an integer between 0 and {MAX_DECIMALS}, not {decimals!r}")


OPERATORS["//"] = floor_divide
OPERATORS["%"] = lambda x, y: _integer_division(x, y)[1]
OPERATORS["rescale"] = _rescaled
