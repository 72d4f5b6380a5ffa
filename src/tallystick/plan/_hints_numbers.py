# SPDX-License-Identifier: Apache-2.0
"""Kinds of advice about division and roots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

from ._approach import Approach, Bounds, raised_width, ratio_approach, root_approach
from ._hint_kind import MAX_DIGITS, HintKind, Integers, binary, bounds, digits_held
from ._intervals import Interval

__all__ = [
    "Multiplier",
    "QuotientHint",
    "RatioHint",
    "RootHint",
    "multiplier_for",
    "ratio_steps",
    "root_step",
]


def _digit_count(k: int, lengths: Sequence[int]) -> int:
    if not 1 <= k <= MAX_DIGITS:
        raise ValueError(f"between 1 and {MAX_DIGITS} digits, not {k}")
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


@dataclass(frozen=True, slots=True)
class QuotientHint(HintKind):
    """``quotient(divisor, low, k; x)``: the k digits of ⌊(x - low) / divisor⌋, for 0 ≤ x - low < divisor * 2^k."""

    name = "quotient"
    divisor: int
    low: int
    k: int

    @property
    def by(self) -> Multiplier:
        """What x - low is multiplied by; the digits from the one at its shift on are the quotient's."""
        return multiplier_for(self.divisor, self.k)

    def outputs(self, lengths: Sequence[int]) -> int:
        if self.divisor < 2 or self.divisor.bit_length() > MAX_DIGITS:
            raise ValueError(f"a quotient hint has a divisor between 2 and 2^{MAX_DIGITS}")
        return _digit_count(self.k, lengths)

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        return binary(((int(x) - self.low) // self.divisor for x in arguments[0]), self.k)

    def width(self, intervals: Sequence[Interval]) -> int:
        bottom, top = ((end - self.low) * self.by.factor for end in bounds(intervals[0]))
        return raised_width((bottom, top), self.by.shift + self.k)

    def held(self, lengths: Sequence[int], _intervals: Sequence[Interval]) -> int:
        return digits_held(lengths[0], self.by.shift + self.k)


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

    def effort(self, k: int) -> int:
        """Random bits and products that one of many quotients of k digits takes, to compare with an approach's."""
        return 2 * self.dividend - 1 + k * (2 * self.digits + 1) + k - 1


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


@lru_cache(maxsize=1024)
def _ratio_approach(k: int, a: Bounds, b: Bounds) -> Approach | None:
    found = ratio_approach(k, a, b)
    return found if found is not None and found.effort < ratio_steps(k, (a, b)).effort(k) else None


@dataclass(frozen=True, slots=True)
class RatioHint(HintKind):
    """``ratio(k; a, b)``: the k digits of ⌊a / b⌋, for b ≥ 1 and 0 ≤ a < b * 2^k."""

    name = "ratio"
    arguments = 2
    k: int

    def approach(self, intervals: Sequence[Interval]) -> Approach | None:
        """Return how the quotient is approached, or None where long division takes less, or an approach too much room.

        Every member chooses by itself, so the rule is part of the protocol.
        """
        return _ratio_approach(self.k, bounds(intervals[0]), bounds(intervals[1]))

    def outputs(self, lengths: Sequence[int]) -> int:
        if lengths[0] != lengths[1]:
            raise ValueError(f"a ratio hint of {lengths[0]} dividends and {lengths[1]} divisors")
        return _digit_count(self.k, lengths)

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        return binary((int(a) // int(b) if b else 0 for a, b in zip(*arguments, strict=True)), self.k)

    def width(self, intervals: Sequence[Interval]) -> int:
        approach = self.approach(intervals)
        if approach is not None:
            return max(raised_width(bounds(intervals[1]), approach.whole), approach.width)
        steps = ratio_steps(self.k, intervals)
        return max(raised_width(bounds(intervals[0]), steps.dividend), steps.width)

    def held(self, lengths: Sequence[int], intervals: Sequence[Interval]) -> int:
        approach, n = self.approach(intervals), lengths[0]
        if approach is not None:
            return approach.held(n)
        steps = ratio_steps(self.k, intervals)
        return max(digits_held(n, steps.dividend), digits_held(n, steps.digits + 1))


# ---------------------------------------------------------------------------------------- roots


def root_step(i: int) -> tuple[int, tuple[int, int]]:
    """Return, for the step after i digits of a root, the sign's digits and the interval of the difference."""
    most = (1 << i) - 1
    return i + 2, (-(4 * most + 1), 4 * most + 2)


_APPROACHED = 13
"""From so many digits on an approach to a root takes less than finding one digit after the other."""


@lru_cache(maxsize=256)
def _root_approach(k: int) -> Approach | None:
    return root_approach(k) if k >= _APPROACHED else None


@dataclass(frozen=True, slots=True)
class RootHint(HintKind):
    """``root(k; x)``: the k digits of ⌊√x⌋, for 0 ≤ x < 2^(2k)."""

    name = "root"
    k: int

    @property
    def approach(self) -> Approach | None:
        """How the root is approached, or None where its digits are found one after the other."""
        return _root_approach(self.k)

    def outputs(self, lengths: Sequence[int]) -> int:
        return _digit_count(self.k, lengths)

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        return binary((isqrt(max(int(x), 0)) for x in arguments[0]), self.k)

    def width(self, intervals: Sequence[Interval]) -> int:
        width, approach = raised_width(bounds(intervals[0]), 2 * self.k), self.approach
        return width if approach is None else max(width, approach.width)

    def held(self, lengths: Sequence[int], _intervals: Sequence[Interval]) -> int:
        n, approach = lengths[0], self.approach
        by_digits = max(digits_held(n, 2 * self.k), digits_held(n, self.k + 2))
        return by_digits if approach is None else max(digits_held(n, 2 * self.k), approach.held(n))
