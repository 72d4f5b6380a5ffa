"""Advice about division and roots, digit by digit.

Normative text: ``spec/online.md``, "Hints".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..party import Shared
from ..plan import Interval, multiplier_for, ratio_steps, root_step
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
    """Return the digits of a / b by long division."""
    (k,), (a, b) = parameters, arguments
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
    """Return the digits of the square root, two digits of x at a time, as one learns it on paper."""
    (k,), x = parameters, arguments[0]
    square = await digits_from(online, x, intervals[0], 0, 2 * k)
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
