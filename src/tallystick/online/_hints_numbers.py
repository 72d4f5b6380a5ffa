# SPDX-License-Identifier: Apache-2.0
"""Advice about division and roots: approached, or digit by digit where that is cheaper or numbers would be too wide.

Normative text: ``spec/online.md``, "Hints" and "Approach".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..party import Shared
from ..plan import Interval, QuotientHint, RatioHint, RootHint, ratio_steps, root_step
from ._approach import approached_ratio, approached_root
from ._digits import by_element, digits, digits_from, plus, sign
from ._openings import Openings

__all__ = ["quotient", "ratio", "root"]


async def quotient(online: Openings, advice: QuotientHint, x: Shared, interval: Interval) -> Shared:
    """Return the high digits of (x - low) * factor."""
    by, low = advice.by, advice.low
    assert interval is not None
    scaled = ((interval[0] - low) * by.factor, (interval[1] - low) * by.factor)
    product = plus(online, x, -low) * by.factor
    return by_element((await digits(online, product, by.shift + advice.k, scaled))[by.shift :])


async def ratio(
    online: Openings, advice: RatioHint, arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return the digits of a / b."""
    a, b = arguments
    approach = advice.approach(intervals)
    if approach is not None:
        return await approached_ratio(online, approach, a, b, intervals[1])
    return await _long_division(online, advice.k, a, b, intervals)


async def _long_division(
    online: Openings, k: int, a: Shared, b: Shared, intervals: Sequence[Interval]
) -> Shared:
    steps = ratio_steps(k, intervals)
    dividend = await digits_from(online, a, intervals[0], 0, steps.dividend)
    left = Shared.zeros(a.backend, len(a))
    for digit in reversed(dividend[k:]):
        left = left * 2 + digit
    found = []
    for i in reversed(range(k)):
        left = left * 2 + dividend[i]
        fits = await sign(online, left - b, steps.digits, steps.difference)
        found.append(fits)
        if i:
            left = left - await online.multiply(fits, b, label="hint/remainder")
    return by_element(found[::-1])


async def root(online: Openings, advice: RootHint, x: Shared, interval: Interval) -> Shared:
    """Return the digits of the square root."""
    square = await digits_from(online, x, interval, 0, 2 * advice.k)
    if advice.approach is not None:
        return await approached_root(online, advice.approach, x, square)
    return await _root_by_digits(online, advice.k, x, square)


async def _root_by_digits(online: Openings, k: int, x: Shared, square: Sequence[Shared]) -> Shared:
    """Return its digits from two digits of x at a time, as one learns it on paper."""
    left = rooted = Shared.zeros(x.backend, len(x))
    found = []
    for step in range(k):
        i = 2 * (k - 1 - step)
        left = left * 4 + square[i + 1] * 2 + square[i]
        trial = plus(online, rooted * 4, 1)
        fits = await sign(online, left - trial, *root_step(step))
        found.append(fits)
        rooted = rooted * 2 + fits
        if step < k - 1:
            left = left - await online.multiply(fits, trial, label="hint/remainder")
    return by_element(found[::-1])
