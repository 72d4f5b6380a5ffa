"""Advice about division and roots: approached, or digit by digit where that is cheaper or numbers would be too wide.

Normative text: ``spec/online.md``, "Hints" and "Approach".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..party import Shared
from ..plan import Interval, multiplier_for, ratio_by_approach, ratio_steps, root_by_approach, root_step
from ._approach import approached_ratio, approached_root
from ._digits import by_element, digits, digits_from, plus, sign
from ._openings import Openings

__all__ = ["quotient", "ratio", "root"]


async def quotient(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return the high digits of (x - low) * factor."""
    divisor, low, k = parameters
    by, interval = multiplier_for(divisor, k), intervals[0]
    assert interval is not None
    x = plus(online, arguments[0], -low) * by.factor
    scaled = ((interval[0] - low) * by.factor, (interval[1] - low) * by.factor)
    return by_element((await digits(online, x, by.shift + k, scaled))[by.shift :])


async def ratio(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return the digits of a / b."""
    (k,), (a, b) = parameters, arguments
    approach = ratio_by_approach(k, intervals)
    if approach is not None:
        return await approached_ratio(online, approach, a, b, intervals[1])
    return await _long_division(online, k, a, b, intervals)


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


async def root(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return the digits of the square root."""
    (k,), x = parameters, arguments[0]
    square = await digits_from(online, x, intervals[0], 0, 2 * k)
    approach = root_by_approach(k)
    if approach is not None:
        return await approached_root(online, approach, x, square)
    return await _root_by_digits(online, k, x, square)


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
