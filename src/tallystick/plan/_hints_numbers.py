"""Kinds of advice about division and roots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

from ._approach import Approach, Bounds, count_approach, raised_width, ratio_approach, root_approach
from ._hint_kind import HintKind, Integers, bounds, integers
from ._intervals import Interval
from ._tally import FEW, Tally

__all__ = [
    "QUOTIENT",
    "RATIO",
    "ROOT",
    "Multiplier",
    "multiplier_for",
    "ratio_by_approach",
    "ratio_steps",
    "root_by_approach",
    "root_step",
]

_MAX_BITS = 250


def _digit_count(k: int, lengths: Sequence[int]) -> int:
    if not 1 <= k <= _MAX_BITS:
        raise ValueError(f"between 1 and {_MAX_BITS} digits, not {k}")
    return lengths[0] * k


# ---------------------------------------------------------------------------------------- public divisors


@dataclass(frozen=True, slots=True)
class Multiplier:
    """⌊v / d⌋ = ⌊v * factor / 2^shift⌋ for the divisor d and the values v that it was made for."""

    factor: int
    shift: int


def multiplier_for(divisor: int, k: int) -> Multiplier:
    """Return the multiplier of least shift for 0 ≤ v < divisor * 2^k (Granlund and Montgomery, PLDI 1994)."""
    shift = divisor.bit_length()
    while True:
        # With factor * d = 2^shift + e the quotients agree if v * e < 2^shift.
        factor = -(-(1 << shift) // divisor)
        if ((divisor << k) - 1) * (factor * divisor - (1 << shift)) < 1 << shift:
            return Multiplier(factor, shift)
        shift += 1


def _quotient_expected(parameters: Sequence[int], lengths: Sequence[int]) -> int:
    divisor, _low, k = parameters
    if divisor < 2 or divisor.bit_length() > _MAX_BITS:
        raise ValueError(f"a quotient hint has a divisor between 2 and 2^{_MAX_BITS}")
    return _digit_count(k, lengths)


def _quotient(parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    divisor, low, k = parameters
    return integers((int(x) - low) // divisor >> i & 1 for x in arguments[0] for i in range(k))


def _quotient_cost(
    parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    divisor, _low, k = parameters
    tally.digits(lengths[0], multiplier_for(divisor, k).shift + k)


def _quotient_width(parameters: Sequence[int], intervals: Sequence[Interval]) -> int:
    divisor, low, k = parameters
    by = multiplier_for(divisor, k)
    bottom, top = ((end - low) * by.factor for end in bounds(intervals[0]))
    return raised_width((bottom, top), by.shift + k)


# ---------------------------------------------------------------------------------------- secret divisors


@dataclass(frozen=True, slots=True)
class RatioSteps:
    """How long division goes: the digits of the dividend, 2^digits > |divisor|, and where a difference may lie."""

    dividend: int
    digits: int
    difference: tuple[int, int]

    @property
    def width(self) -> int:
        """The bit length of the widest difference, raised by 2^digits, that is opened under a mask."""
        return (self.difference[1] + (1 << self.digits)).bit_length()


def ratio_steps(k: int, intervals: Sequence[Interval]) -> RatioSteps:
    """Return the steps of a division with k digits of quotient.

    What is left is at first the dividend's part above its k lowest digits.  After each step it is in [0,
    2^digits), because the difference has been found to have so many digits.
    """
    (_, most), (least_divisor, most_divisor) = bounds(intervals[0]), bounds(intervals[1])
    dividend = max(most.bit_length(), k)
    digits = max(abs(least_divisor), abs(most_divisor), 1).bit_length()
    left = max(1 << dividend - k, 1 << digits) - 1
    return RatioSteps(dividend, digits, (-most_divisor, 2 * left + 1 - least_divisor))


def _ratio_expected(parameters: Sequence[int], lengths: Sequence[int]) -> int:
    if lengths[0] != lengths[1]:
        raise ValueError(f"a ratio hint of {lengths[0]} dividends and {lengths[1]} divisors")
    return _digit_count(parameters[0], lengths)


def _ratio(parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    quotients = [int(a) // int(b) if b else 0 for a, b in zip(*arguments, strict=True)]
    return integers(q >> i & 1 for q in quotients for i in range(parameters[0]))


def _long_division_cost(k: int, a: Bounds, b: Bounds, n: int, tally: Tally) -> None:
    steps = ratio_steps(k, (a, b))
    if n == 0:
        return
    tally.digits(n, steps.dividend)
    for step in range(k):
        tally.digits(n, steps.digits + 1)
        if step < k - 1:
            tally.multiply(n)


def _cheaper(approach: Approach | None, digitwise: Callable[[int, Tally], None]) -> Approach | None:
    """Return the approach if for many values it takes less material than finding one digit after the other."""
    if approach is None:
        return None
    ours, theirs = Tally(), Tally()
    count_approach(approach, FEW + 1, ours)
    digitwise(FEW + 1, theirs)
    return approach if ours.triples + ours.bits < theirs.triples + theirs.bits else None


@lru_cache(maxsize=1024)
def _ratio_approach(k: int, a: Bounds, b: Bounds) -> Approach | None:
    return _cheaper(ratio_approach(k, a, b), lambda n, tally: _long_division_cost(k, a, b, n, tally))


def ratio_by_approach(k: int, intervals: Sequence[Interval]) -> Approach | None:
    """Return how k digits of a quotient are approached, or None where long division is found by digits."""
    return _ratio_approach(k, bounds(intervals[0]), bounds(intervals[1]))


def _ratio_cost(
    parameters: Sequence[int], lengths: Sequence[int], intervals: Sequence[Interval], tally: Tally
) -> None:
    approach = ratio_by_approach(parameters[0], intervals)
    if approach is None:
        a, b = (bounds(interval) for interval in intervals)
        _long_division_cost(parameters[0], a, b, lengths[0], tally)
    else:
        count_approach(approach, lengths[0], tally)


def _ratio_width(parameters: Sequence[int], intervals: Sequence[Interval]) -> int:
    approach = ratio_by_approach(parameters[0], intervals)
    if approach is not None:
        return max(raised_width(bounds(intervals[1]), approach.whole), approach.width)
    steps = ratio_steps(parameters[0], intervals)
    return max(raised_width(bounds(intervals[0]), steps.dividend), steps.width)


# ---------------------------------------------------------------------------------------- roots


def root_step(i: int) -> tuple[int, tuple[int, int]]:
    """Return, for the step after i digits of a root, the sign's digits and the interval of the difference."""
    most = (1 << i) - 1
    return i + 2, (-(4 * most + 1), 4 * most + 2)


def _root_expected(parameters: Sequence[int], lengths: Sequence[int]) -> int:
    return _digit_count(parameters[0], lengths)


def _root(parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    return integers(isqrt(max(int(x), 0)) >> i & 1 for x in arguments[0] for i in range(parameters[0]))


def _root_by_digits_cost(k: int, n: int, tally: Tally) -> None:
    if n == 0:
        return
    tally.digits(n, 2 * k)
    for i in range(k):
        tally.digits(n, root_step(i)[0] + 1)
        if i < k - 1:
            tally.multiply(n)


@lru_cache(maxsize=256)
def root_by_approach(k: int) -> Approach | None:
    """Return how the k digits of a root are approached, or None where they are found one after the other."""
    return _cheaper(root_approach(k), lambda n, tally: _root_by_digits_cost(k, n, tally))


def _root_cost(
    parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    approach = root_by_approach(parameters[0])
    if approach is None:
        _root_by_digits_cost(parameters[0], lengths[0], tally)
    else:
        count_approach(approach, lengths[0], tally)


def _root_width(parameters: Sequence[int], intervals: Sequence[Interval]) -> int:
    approach = root_by_approach(parameters[0])
    width = raised_width(bounds(intervals[0]), 2 * parameters[0])
    return width if approach is None else max(width, approach.width)


QUOTIENT = HintKind(
    "quotient",
    ("divisor", "low", "k"),
    1,
    True,
    _quotient_expected,
    _quotient,
    _quotient_cost,
    _quotient_width,
)
RATIO = HintKind("ratio", ("k",), 2, True, _ratio_expected, _ratio, _ratio_cost, _ratio_width)
ROOT = HintKind("root", ("k",), 1, True, _root_expected, _root, _root_cost, _root_width)
