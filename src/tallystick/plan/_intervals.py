# SPDX-License-Identifier: Apache-2.0
"""Public intervals: what is known of a value before anything is computed.

An interval is a pair of Python integers (low, high), both included.  ``None`` stands for *any field element*:
advice of a hint that nothing bounds yet, and everything computed from it.  Arithmetic on bounded values is
arithmetic on integers, because a node whose interval leaves (-r/2, r/2) is refused; arithmetic on unbounded
ones is modulo r, and only a zero assertion may end it.  The rules are in ``spec/plan.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from ..backend import FR_MODULUS

__all__ = [
    "BOOLEAN",
    "HALF",
    "Interval",
    "OverflowRangeError",
    "centred",
    "checked",
    "hull",
    "product",
    "scaled",
]

Interval: TypeAlias = tuple[int, int] | None

HALF = (FR_MODULUS - 1) // 2
"""The largest integer that a field element stands for: signed values lie in [-HALF, HALF]."""

BOOLEAN: Interval = (0, 1)


class OverflowRangeError(ValueError):
    """An interval leaves [-HALF, HALF], so the field element would no longer determine the integer."""


def checked(low: int, high: int) -> Interval:
    """Return (low, high) if the field can hold both ends."""
    if low < -HALF or high > HALF:
        raise OverflowRangeError(
            f"a value in [{_short(low)}, {_short(high)}] does not fit the field, which holds about 2^254 "
            "either side of zero"
        )
    return low, high


def hull(intervals: Iterable[Interval]) -> Interval:
    """Return the smallest interval that contains all of them; unbounded if one is, (0, 0) for none."""
    low: int | None = None
    high: int | None = None
    for interval in intervals:
        if interval is None:
            return None
        low = interval[0] if low is None else min(low, interval[0])
        high = interval[1] if high is None else max(high, interval[1])
    return (0, 0) if low is None or high is None else (low, high)


def product(a: Interval, b: Interval, *, same: bool = False) -> Interval:
    """Return the interval of a*b; ``same`` says that both factors are one value, so that it is a square."""
    if a is None or b is None:
        return None
    corners = [x * y for x in a for y in b]
    if same:
        return checked(0 if a[0] <= 0 <= a[1] else min(corners[0], corners[3]), max(corners[0], corners[3]))
    return checked(min(corners), max(corners))


def scaled(a: Interval, factor: int) -> Interval:
    """Return the interval of factor*a."""
    if a is None:
        return None
    ends = (a[0] * factor, a[1] * factor)
    return checked(min(ends), max(ends))


def centred(value: int) -> int:
    """Return the representative of a residue modulo r in [-HALF, HALF]."""
    value %= FR_MODULUS
    return value - FR_MODULUS if value > HALF else value


def _short(value: int) -> str:
    if abs(value) < 10**12:
        return str(value)
    sign = "-" if value < 0 else ""
    return (
        f"{sign}2^{abs(value).bit_length() - 1}"
        if abs(value) & (abs(value) - 1) == 0
        else (f"about {sign}2^{abs(value).bit_length()}")
    )
