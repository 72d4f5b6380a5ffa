# SPDX-License-Identifier: Apache-2.0
"""Kinds of advice about digits: wires whose weighted sum is the value."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from ..backend import FR_MODULUS
from ..proofs import span_weights
from ._hint_kind import MAX_DIGITS, HintKind, Integers, binary, bounds, digits_held, integers
from ._intervals import Interval

__all__ = ["BitsHint", "CopyHint", "SpanHint", "WeightedHint"]


class WeightedHint(HintKind):
    """Advice that is right exactly if Σ weights[i] * wire_i = x - least, which whoever takes it must assert.

    The wires of each value stand together.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def least(self) -> int:
        """The value whose wires are all 0."""

    @property
    @abstractmethod
    def weights(self) -> list[int]:
        """What each wire of a value is worth."""

    def outputs(self, lengths: Sequence[int]) -> int:
        return lengths[0] * len(self.weights)


@dataclass(frozen=True, slots=True)
class BitsHint(WeightedHint):
    """``bits(low, k; x)``: the k binary digits of x - low, element by element, lowest first."""

    name = "bits"
    low: int
    k: int

    @property
    def least(self) -> int:
        return self.low

    @property
    def weights(self) -> list[int]:
        if not 1 <= self.k <= MAX_DIGITS:
            raise ValueError(f"a bits hint has between 1 and {MAX_DIGITS} bits, not {self.k}")
        return [1 << i for i in range(self.k)]

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        return binary((int(x) - self.low for x in arguments[0]), self.k)

    def width(self, intervals: Sequence[Interval]) -> int:
        """X - low, raised by a multiple of 2^k if it may be negative."""
        bottom, top = (end - self.low for end in bounds(intervals[0]))
        return max(top - min(0, bottom >> self.k << self.k), 1, 1 << self.k - 1).bit_length()

    def held(self, lengths: Sequence[int], _intervals: Sequence[Interval]) -> int:
        return digits_held(lengths[0], self.k)


@dataclass(frozen=True, slots=True)
class SpanHint(WeightedHint):
    """``span(low, high; x)``: wires whose weighted sums are exactly 0 … high - low, which give x - low.

    The top wire is set exactly if x - low ≥ 2^(k-1), for k wires.
    """

    name = "span"
    low: int
    high: int

    @property
    def k(self) -> int:
        """How many wires a value has."""
        return (self.high - self.low).bit_length()

    @property
    def least(self) -> int:
        return self.low

    @property
    def weights(self) -> list[int]:
        if not self.low < self.high or self.k > MAX_DIGITS:
            raise ValueError(f"a span hint needs low < high, at most 2^{MAX_DIGITS} apart")
        return span_weights(self.high - self.low)

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        *lower, top_weight = self.weights
        digits: list[int] = []
        for x in arguments[0]:
            value = int(x) - self.low
            top = value >> len(lower) & 1
            digits += [*(value - top * top_weight >> i & 1 for i in range(len(lower))), top]
        return integers(digits)

    def width(self, intervals: Sequence[Interval]) -> int:
        return BitsHint(self.low, self.k).width(intervals)

    def held(self, lengths: Sequence[int], _intervals: Sequence[Interval]) -> int:
        return digits_held(lengths[0], self.k)


@dataclass(frozen=True, slots=True)
class CopyHint(WeightedHint):
    """``copy(; x)``: x itself, for a value that is 0 or 1 although its interval does not say so."""

    name = "copy"
    masked = False

    @property
    def least(self) -> int:
        return 0

    @property
    def weights(self) -> list[int]:
        return [1]

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        return integers(int(x) % FR_MODULUS for x in arguments[0])

    def held(self, lengths: Sequence[int], _intervals: Sequence[Interval]) -> int:
        return 2 * lengths[0]
