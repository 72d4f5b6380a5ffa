# SPDX-License-Identifier: Apache-2.0
"""Kinds of advice that invert field elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..backend import FR_MODULUS
from ._hint_kind import HintKind, Integers, bounds, digits_held, integers
from ._intervals import Interval

__all__ = ["InverseHint", "ReciprocalHint"]


@dataclass(frozen=True, slots=True)
class InverseHint(HintKind):
    """``inverse(; x)``: 1/x modulo r, or 0 where x = 0 (free slots)."""

    name = "inverse"
    boolean = False

    def outputs(self, lengths: Sequence[int]) -> int:
        return lengths[0]

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        return integers(pow(int(x), -1, FR_MODULUS) if int(x) % FR_MODULUS else 0 for x in arguments[0])

    def width(self, intervals: Sequence[Interval]) -> int:
        """Digits tell which values are 0, where some may be."""
        low, high = bounds(intervals[0])
        return max(high - low, 1).bit_length() if low <= 0 <= high else 0

    def held(self, lengths: Sequence[int], intervals: Sequence[Interval]) -> int:
        return max(digits_held(lengths[0], self.width(intervals)), 2 * lengths[0])


@dataclass(frozen=True, slots=True)
class ReciprocalHint(InverseHint):
    """``reciprocal(; x)``: 1/x modulo r (free slots), for an x that nobody can guess: whether x is 0 shows."""

    name = "reciprocal"
    masked = False

    def width(self, _intervals: Sequence[Interval]) -> int:
        return 0
