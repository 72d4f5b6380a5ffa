# SPDX-License-Identifier: Apache-2.0
"""Single values against all of them: how many standard deviations they lie from the mean.

Neither the mean nor the deviation is opened.  Normative text: ``spec/library.md``, "Deviations".
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np

from ..tracing import Operand, Secret, fail, public_array, stack
from ._choice import axis_first
from ._compare import equals
from ._digits import constants, tighten
from ._moments import check_ddof, check_entries, greatest_spread, spread
from ._naming import check_secret, named, text_of, units, with_scale
from ._numbers import check_decimals, divided, floor_root, rounded_quotient

__all__ = ["outliers", "zscores"]


def zscores(x: Secret, axis: int | None = None, *, decimals: int, ddof: int = 0) -> Secret:
    """Return every entry less the mean, divided by the standard deviation, of all entries or along an axis.

    As ``scipy.stats.zscore``, but 0 where all entries are equal.  Secret, with so many decimals, within 0.55 units of
    the last one.  Reveals nothing by itself.
    """
    check_secret("zscores", x)
    check_decimals(decimals)
    front = axis_first("ts.zscores", x, axis)
    n = len(front)
    check_ddof(ddof)
    check_entries("zscores", n, ddof)
    name = f"z-scores of {text_of(x)}"
    width = x.high - x.low
    if n == 1 or width == 0:
        return named(with_scale(constants(x.builder, 0, x.shape), decimals), name, x)
    unit: int = 10**decimals
    # z = d / √V for ddof = 0, and else d * p / √(p * q * V) with (n - ddof) / n = p / q.
    part = Fraction(n - ddof, n)
    p, q = part.numerator, part.denominator
    guard, places = (64 * unit).bit_length(), (64 * n * width).bit_length()
    raised = p * q << 2 * guard
    root = floor_root(spread(front, 0) * raised, greatest_spread(x, n) * raised)
    # V is at least n - 1 where the entries are not all equal; where they are, d = 0 makes z = 0 of any divisor.
    least = isqrt((n - 1) * raised)
    flat = equals(root, np.array(0, dtype=object))
    divisor = tighten(root + flat * least, least, root.high)
    inverse = rounded_quotient(constants(x.builder, p * unit << places + guard, root.shape), divisor, "floor")
    deviation = units(front) * n - units(front).sum(axis=0)
    limit = isqrt(n * unit * unit) + 2
    found = rounded_quotient(deviation * inverse, 1 << places, "half up", (-limit, limit))
    found = found.reshape(x.shape) if axis is None else found.moveaxis(0, axis)
    return named(with_scale(found, decimals), name, x)


def outliers(x: Secret, deviations: Operand, axis: int | None = None, *, ddof: int = 0) -> Secret:
    """Return 1 for entries that lie more than so many standard deviations from the mean, and 0 for the others.

    Exact, for a public number of deviations of at least 0, over all entries or along an axis.  Two comparisons an
    entry.  Reveals nothing by itself.
    """
    check_secret("outliers", x)
    front = axis_first("ts.outliers", x, axis)
    n = len(front)
    check_ddof(ddof)
    check_entries("outliers", n, ddof)
    if isinstance(deviations, Secret):
        fail(
            "ts.outliers takes a public number of deviations",
            hint="compare abs(ts.zscores(…)) with a secret one",
        )
    numbers, places = public_array(deviations)
    if numbers.shape != () or numbers.item() < 0:
        fail("ts.outliers takes a number of deviations that is at least 0")
    # |n * x - Σx| > √(f * V) for integers: the left side is above T = ⌊√(f * V)⌋.  So x > ⌊(Σx + T) / n⌋ or
    # x < ⌈(Σx - T) / n⌉.
    factor = Fraction(int(numbers.item()), 10**places) ** 2 * Fraction(n, n - ddof)
    most = greatest_spread(x, n) * factor.numerator // factor.denominator
    square, _ = divided(spread(front, 0) * factor.numerator, factor.denominator, (0, most))
    reach = floor_root(square, most)
    values = units(front)
    total, furthest = values.sum(axis=0), isqrt(most)
    bounds = ((n * x.low - furthest) // n, (n * x.high + furthest) // n)
    upper, lower = divided(stack([total + reach, total - reach + (n - 1)]), n, bounds)[0]
    # Both comparisons at once; no value is beyond both bounds.
    beyond = stack([values - upper, lower - values]) > 0
    found = beyond[0] | beyond[1]
    found = found.reshape(x.shape) if axis is None else found.moveaxis(0, axis)
    return named(found, f"{text_of(x)} beyond {text_of(deviations)} deviations", x)
