# SPDX-License-Identifier: Apache-2.0
"""Sums, means and second moments.

Without more said, a function opens the sums that it is made of, and divides in public: the result is exact, and the
docstring says which sums everybody sees; so does the plan.  With ``decimals=`` it computes inside instead: the
result is a secret, rounded to the nearest, halves up, and reveals nothing by itself.  Normative text:
``spec/library.md``, "Moments".
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import overload

import numpy as np

from ..tracing import Opened, Operand, Secret, fail, public_array, reveal, stack
from ._choice import choose
from ._compare import equals
from ._digits import constants, tighten
from ._naming import check_secret, named, statistic, text_of, units, with_scale
from ._numbers import check_decimals, divided, floor_root, rounded_quotient, rounded_root

__all__ = [
    "correlation",
    "count",
    "covariance",
    "mean",
    "slope",
    "std",
    "sum",
    "t_statistic",
    "variance",
    "weighted_mean",
]


def count(x: Secret, axis: int | None = None) -> int:
    """Return the public number of entries, all or along an axis."""
    check_secret("count", x)
    if axis is None:
        return x.size
    if isinstance(axis, bool) or not isinstance(axis, int):
        fail(f"an axis is an integer, not {axis!r}", hint="take one axis after the other, or reshape first")
    if not -x.ndim <= axis < x.ndim:
        fail(f"axis {axis} of {x.ndim} dimensions")
    return x.shape[axis]


def sum(x: Secret, axis: int | None = None) -> Secret:  # NumPy's name
    """Return the sum of all entries, or along an axis.  Reveals nothing by itself."""
    check_secret("sum", x)
    return x.sum(axis)


# ---------------------------------------------------------------------------------------- means


@overload
def mean(x: Secret, axis: int | None = None, *, decimals: None = None) -> Opened: ...
@overload
def mean(x: Secret, axis: int | None = None, *, decimals: int) -> Secret: ...
def mean(x: Secret, axis: int | None = None, *, decimals: int | None = None) -> Opened | Secret:
    """Return the mean of all entries, or along an axis.

    Reveals the sum.  With ``decimals`` the mean is a secret, the nearest multiple of 10^-decimals, halves up.
    """
    check_secret("mean", x)
    n = count(x, axis)
    if decimals is None:
        return opened(x.sum(axis)) / n
    check_entries("mean", n, 0)
    found = _multiple(units(x.sum(axis)), Fraction(1, n * 10**x.decimals), decimals)
    return named(found, f"mean of {text_of(x)}", x)


@overload
def weighted_mean(
    x: Secret, weights: Operand, axis: int | None = None, *, decimals: None = None, otherwise: None = None
) -> Opened: ...
@overload
def weighted_mean(
    x: Secret, weights: Operand, axis: int | None = None, *, decimals: int, otherwise: Operand | None = None
) -> Secret: ...
def weighted_mean(
    x: Secret,
    weights: Operand,
    axis: int | None = None,
    *,
    decimals: int | None = None,
    otherwise: Operand | None = None,
) -> Opened | Secret:
    """Return the weighted mean of all entries or along an axis, as ``numpy.average``.

    Weights are a vector along the axis, or secrets of x's shape.  Reveals the weighted sum and, of secret weights,
    their sum; undefined where that is 0.  With ``decimals`` the mean is a secret, the nearest multiple of
    10^-decimals, halves up, for weights that are not negative; where they may add up to 0, ``otherwise`` is the
    result for that.
    """
    check_secret("weighted_mean", x)
    name = f"weighted mean of {text_of(x)}"
    if isinstance(weights, Secret):
        wide = _weights_of(x, weights, axis)
        total, weight = (x * wide).sum(axis), wide.sum(axis)
        if decimals is None:
            return opened(total) / opened(weight)
        if weights.low < 0:
            fail("ts.weighted_mean with decimals= takes weights that are not negative", hint="use ts.clip")
        return named(average("weighted_mean", total, weight, x, decimals, otherwise), name, x, weights)
    numbers, places = public_array(weights)
    n = count(x, axis)
    if numbers.shape != (n,) or (axis is None and x.ndim != 1):
        fail(
            f"public weights of shape {numbers.shape} for {n} entries",
            hint="weights are a vector along the axis, or secrets of the same shape",
        )
    of_all = Fraction(int(numbers.sum()), 10**places)
    if not of_all:
        fail("the weights add up to 0")
    total = (x if axis is None else x.moveaxis(axis, -1)) @ weights
    if decimals is None:
        return opened(total) / of_all
    factor = 1 / (of_all * 10**total.decimals)
    return named(
        _multiple(units(total) if factor > 0 else -units(total), builtins.abs(factor), decimals), name, x
    )


def _weights_of(x: Secret, weights: Secret, axis: int | None) -> Secret:
    """Return weights of x's shape, given so or as a vector along the axis."""
    if weights.shape == x.shape:
        return weights
    if axis is None or weights.shape != (count(x, axis),):
        fail(f"weights of shape {weights.shape} for values of shape {x.shape}")
    shape = [1] * x.ndim
    shape[axis] = weights.size
    return weights.reshape(*shape).broadcast_to(x.shape)


def average(
    what: str, total: Secret, weight: Secret, x: Secret, decimals: int, otherwise: Operand | None
) -> Secret:
    """Return the mean that a weighted total of entries of x and its weight ≥ 0 make, ``otherwise`` for no weight.

    The mean lies where the entries of x lie, so that the quotient takes no more digits than they do.
    """
    check_decimals(decimals)
    empty: Secret | None = None
    divisor = units(weight)
    if weight.low <= 0:
        if otherwise is None:
            fail(
                f"ts.{what}: the weights may add up to 0",
                hint="say what to put there: ts." + what + "(…, otherwise=0)",
            )
        if weight.high <= 0:
            nothing = with_scale(constants(x.builder, 0, weight.shape), decimals)
            return nothing.aligned(otherwise, "put in place of")[1]
        empty = equals(divisor, np.array(0, dtype=object))
        divisor = tighten(divisor + empty, 1, weight.high)
    scale = Fraction(10) ** (decimals + weight.decimals - total.decimals)
    unit = Fraction(10) ** (decimals - x.decimals)
    ends = (builtins.min(floor(x.low * unit), 0), builtins.max(floor(x.high * unit) + 1, 0))
    top, bottom = units(total) * scale.numerator, divisor * scale.denominator
    found = with_scale(rounded_quotient(top, bottom, "half up", ends), decimals)
    if empty is not None and otherwise is not None:
        found, instead, shape = found.aligned(otherwise, "choose between")
        found = choose(empty.broadcast_to(shape), instead, found)
    return found


def _multiple(x: Secret, factor: Fraction, decimals: int, within: tuple[int, int] | None = None) -> Secret:
    """Return the nearest multiple of 10^-decimals to x * factor, halves up, for integers x and a factor above 0."""
    check_decimals(decimals)
    scaled = factor * 10**decimals
    return with_scale(rounded_quotient(x * scaled.numerator, scaled.denominator, "half up", within), decimals)


# ---------------------------------------------------------------------------------------- second moments


@overload
def variance(x: Secret, axis: int | None = None, *, ddof: int = 0, decimals: None = None) -> Opened: ...
@overload
def variance(x: Secret, axis: int | None = None, *, ddof: int = 0, decimals: int) -> Secret: ...
def variance(
    x: Secret, axis: int | None = None, *, ddof: int = 0, decimals: int | None = None
) -> Opened | Secret:
    """Return the variance with divisor n - ddof, as ``numpy.var``.

    Reveals the sum and the sum of squares.  With ``decimals`` the variance is a secret, the nearest multiple of
    10^-decimals, halves up.
    """
    check_secret("variance", x)
    n = count(x, axis)
    check_ddof(ddof)
    if decimals is None:
        return _spread(_sums(x, axis), ddof)
    check_entries("variance", n, ddof)
    factor = Fraction(1, n * (n - ddof) * 10 ** (2 * x.decimals))
    most = floor(greatest_spread(x, n) * factor * 10**decimals) + 1
    return named(_multiple(spread(x, axis), factor, decimals, (0, most)), f"variance of {text_of(x)}", x)


@overload
def std(
    x: Secret, axis: int | None = None, *, ddof: int = 0, places: int, decimals: None = None
) -> Opened: ...
@overload
def std(
    x: Secret, axis: int | None = None, *, ddof: int = 0, decimals: int, places: None = None
) -> Secret: ...
def std(
    x: Secret,
    axis: int | None = None,
    *,
    ddof: int = 0,
    places: int | None = None,
    decimals: int | None = None,
) -> Opened | Secret:
    """Return the standard deviation with divisor n - ddof, as ``numpy.std``.

    With ``places`` it reveals the sum and the sum of squares, and is rounded to so many, ties to even.  With
    ``decimals`` it is a secret, the nearest multiple of 10^-decimals, halves up.
    """
    check_secret("std", x)
    n = count(x, axis)
    check_ddof(ddof)
    if places is not None and decimals is None:
        return _spread(_sums(x, axis), ddof).sqrt(places)
    one_of("std", places, decimals)
    assert decimals is not None
    check_entries("std", n, ddof)
    check_decimals(decimals)
    # ⌊√⌊a⌋⌋ = ⌊√a⌋, so that the root of a quotient that is rounded down is that of the exact one.
    factor = Fraction(4 * 10 ** (2 * decimals), n * (n - ddof) * 10 ** (2 * x.decimals))
    most = floor(greatest_spread(x, n) * factor)
    fourfold, _ = divided(spread(x, axis) * factor.numerator, factor.denominator, (0, most))
    found = with_scale(rounded_root(fourfold, most), decimals)
    return named(found, f"standard deviation of {text_of(x)}", x)


@overload
def covariance(x: Secret, y: Secret, *, ddof: int = 0, decimals: None = None) -> Opened: ...
@overload
def covariance(x: Secret, y: Secret, *, ddof: int = 0, decimals: int) -> Secret: ...
def covariance(x: Secret, y: Secret, *, ddof: int = 0, decimals: int | None = None) -> Opened | Secret:
    """Return the covariance of two vectors, divisor n - ddof.

    Reveals both sums and the sum of products.  With ``decimals`` the covariance is a secret, the nearest multiple of
    10^-decimals, halves up.
    """
    check_pair("covariance", x, y)
    check_ddof(ddof)
    n = count(x)
    if decimals is None:
        return (opened((x * y).sum()) - opened(x.sum()) * opened(y.sum()) / n) / builtins.max(n - ddof, 0)
    check_entries("covariance", n, ddof)
    factor = Fraction(1, n * (n - ddof) * 10 ** (x.decimals + y.decimals))
    most = floor(_greatest_joint_spread(x, y, n) * factor * 10**decimals) + 1
    found = _multiple(_joint_spread(x, y), factor, decimals, (-most, most))
    return named(found, f"covariance of {text_of(x)} and {text_of(y)}", x, y)


@overload
def correlation(
    x: Secret, y: Secret, *, places: int, decimals: None = None, otherwise: None = None
) -> Opened: ...
@overload
def correlation(
    x: Secret, y: Secret, *, decimals: int, otherwise: Operand, places: None = None
) -> Secret: ...
def correlation(
    x: Secret,
    y: Secret,
    *,
    places: int | None = None,
    decimals: int | None = None,
    otherwise: Operand | None = None,
) -> Opened | Secret:
    """Return Pearson's correlation of two vectors, as ``numpy.corrcoef``.

    With ``places`` it reveals both sums, both sums of squares and the sum of products, and is rounded to so many,
    ties to even; undefined where all entries of a vector are equal.  With ``decimals`` it is a secret of so many,
    within 0.6 units of the last one, and ``otherwise`` where all entries of a vector are equal.
    """
    check_pair("correlation", x, y)
    n = count(x)
    if places is not None and decimals is None:
        a, b = _sums(x, None), _sums(y, None)
        joint = (n * opened((x * y).sum()) - a.total * b.total) * 10 ** (x.decimals + y.decimals)
        unit = 10 ** (2 * (x.decimals + y.decimals))
        spreads = (n * a.squares - a.total * a.total) * (n * b.squares - b.total * b.total) * unit
        return signed_root(joint * joint / spreads, joint, places)
    one_of("correlation", places, decimals)
    assert decimals is not None
    check_entries("correlation", n, 0)
    found = rounded_correlation(
        "correlation",
        lambda: stack([spread(v, None) for v in (x, y)]),
        lambda: _joint_spread(x, y),
        builtins.max(greatest_spread(v, n) for v in (x, y)),
        decimals,
        otherwise,
    )
    return named(found, f"correlation of {text_of(x)} and {text_of(y)}", x, y)


def rounded_correlation(
    name: str,
    spreads: Callable[[], Secret],
    joint: Callable[[], Secret],
    most: int,
    decimals: int,
    otherwise: Operand | None,
) -> Secret:
    """Return an integer over the root of the product of two others, all secret, within 0.6 units of 10^-decimals.

    The two are at least 0 and at most ``most``, and where one is 0 the result is ``otherwise``.  ``joint`` is called
    after their roots, where plans have had it from the first.
    """
    check_decimals(decimals)
    if otherwise is None:
        fail(
            f"ts.{name}: all entries of a vector may be equal",
            hint=f"say what to put there: ts.{name}(…, decimals=3, otherwise=0)",
        )
    # Both roots at once, to so many binary places that they change the result by less than a tenth of a unit.
    guard = (24 * 10**decimals).bit_length()
    roots = floor_root(spreads() * (1 << 2 * guard), most << 2 * guard)
    both = roots[0] * roots[1]
    flat = equals(both, np.array(0, dtype=object))
    divisor = tighten(both + flat, 1, builtins.max(both.high, 1))
    top = joint() * (10**decimals << 2 * guard)
    limit = 10**decimals + 1
    found = with_scale(rounded_quotient(top, divisor, "half up", (-limit, limit)), decimals)
    found, instead, _ = found.aligned(otherwise, "choose between")
    return choose(flat, instead, found)


def slope(x: Secret, y: Secret) -> Opened:
    """Return the slope of the least-squares line of y on x.

    Reveals both sums, the sum of the squares of x and the sum of products.  Undefined where all x are equal.
    """
    check_pair("slope", x, y)
    n = count(x)
    sum_x, sum_y = opened(x.sum()), opened(y.sum())
    return (n * opened((x * y).sum()) - sum_x * sum_y) / (n * opened((x * x).sum()) - sum_x * sum_x)


# ---------------------------------------------------------------------------------------- tests of a difference


@dataclass(frozen=True, slots=True)
class Sums:
    """How many values, their sum and the sum of their squares, all public."""

    n: int | Opened
    total: Opened
    squares: Opened


def t_statistic(x: Secret, y: Secret, *, equal_var: bool = True, places: int) -> Opened:
    """Return Student's t of the difference of two vectors' means, or Welch's for ``equal_var=False``.

    The statistic of ``scipy.stats.ttest_ind``, rounded to ``places``, ties to even.  Reveals both sums and both sums
    of squares.  Undefined where all entries of each vector are equal, or where there are too few of them.
    """
    check_secret("t_statistic", x)
    check_secret("t_statistic", y)
    if x.ndim != 1 or y.ndim != 1:
        fail(f"ts.t_statistic takes two vectors, not shapes {x.shape} and {y.shape}")
    decimals = builtins.max(x.decimals, y.decimals)
    return t_of(_sums(x, None), _sums(y, None), equal_var=equal_var, places=places, decimals=decimals)


def t_of(a: Sums, b: Sums, *, equal_var: bool, places: int, decimals: int) -> Opened:
    """Return the t statistic of two groups of values with so many decimals."""
    within_a = a.squares - a.total * a.total / a.n
    within_b = b.squares - b.total * b.total / b.n
    if equal_var:
        pooled = (within_a + within_b) / (a.n + b.n - 2)
        error = pooled / a.n + pooled / b.n
    else:
        error = within_a / (a.n - 1) / a.n + within_b / (b.n - 1) / b.n
    difference = a.total / a.n - b.total / b.n
    sign = (a.total * b.n - b.total * a.n) * 10**decimals
    return signed_root(difference * difference / error, sign, places)


def signed_root(square: Opened, sign: Opened, places: int) -> Opened:
    """Return the root of a square to so many places, with the sign of an integer."""
    size = (sign * sign).sqrt(0)
    # 2/3 at least where the integer is not 0, and 0 where it is.
    direction = round(sign / (size + Fraction(1, 2)))
    return round(direction * square.sqrt(places), places)


# ---------------------------------------------------------------------------------------- sums that they share


def opened(total: Secret) -> Opened:
    """Open a sum, also of a member's only row, which is for the plan's warnings to say."""
    return reveal(statistic(total, total.origin.text, total))


def _sums(x: Secret, axis: int | None) -> Sums:
    return Sums(count(x, axis), opened(x.sum(axis)), opened((x * x).sum(axis)))


def _spread(sums: Sums, ddof: int) -> Opened:
    assert isinstance(sums.n, int)
    return (sums.squares - sums.total * sums.total / sums.n) / builtins.max(sums.n - ddof, 0)


def spread(x: Secret, axis: int | None) -> Secret:
    """Return n Σx² - (Σx)² in integers: n² times the variance."""
    v = units(x)
    total = v.sum(axis)
    return (v * v).sum(axis) * count(x, axis) - total * total


def greatest_spread(x: Secret, n: int) -> int:
    """Return what n² times the variance of n integers in x's interval is at most (Popoviciu)."""
    return n * n * (x.high - x.low) ** 2 // 4


def _joint_spread(x: Secret, y: Secret) -> Secret:
    a, b = units(x), units(y)
    return (a * b).sum() * count(x) - a.sum() * b.sum()


def _greatest_joint_spread(x: Secret, y: Secret, n: int) -> int:
    """Return what n² times the covariance is at most in absolute value (Cauchy and Schwarz, Popoviciu)."""
    return n * n * (x.high - x.low) * (y.high - y.low) // 4


# ---------------------------------------------------------------------------------------- what is accepted


def check_pair(name: str, x: Secret, y: Secret) -> None:
    """Fail unless these are two secret vectors of one length."""
    check_secret(name, x)
    check_secret(name, y)
    if x.ndim != 1 or x.shape != y.shape:
        fail(f"ts.{name} takes two vectors of one length, not shapes {x.shape} and {y.shape}")


def check_entries(name: str, n: int, ddof: int) -> None:
    """Fail unless the divisor n - ddof is above 0."""
    if n <= ddof:
        fail(f"ts.{name} of {n} entries divides by {n - ddof}" if n else f"ts.{name} of no entries")


def check_ddof(ddof: object) -> None:
    """Fail unless ddof is an integer of at least 0."""
    if isinstance(ddof, bool) or not isinstance(ddof, int) or ddof < 0:
        fail(f"ddof is an integer of at least 0, not {ddof!r}")


def one_of(name: str, places: int | None, decimals: int | None) -> None:
    """Fail unless exactly one of the two is given."""
    if (places is None) == (decimals is None):
        fail(
            f"ts.{name} takes places= or decimals=",
            hint="places= rounds the opened result, decimals= gives a secret of so many",
        )
