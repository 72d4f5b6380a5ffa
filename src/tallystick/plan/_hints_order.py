# SPDX-License-Identifier: Apache-2.0
"""Kinds of advice about order: how a network sorts, and where the middle of a vector is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._hint_kind import MAX_DIGITS, HintKind, Integers, bounds, digits_held, integers
from ._intervals import Interval
from ._sorting import exchanges

__all__ = ["ControlsHint", "SplitHint", "control_digits"]


def control_digits(interval: Interval) -> int:
    """Return k with -2^k ≤ x - y - 1 < 2^k for all x, y in the interval."""
    low, high = bounds(interval)
    return (high - low).bit_length()


@dataclass(frozen=True, slots=True)
class ControlsHint(HintKind):
    """``controls(; x)``: whether each comparator of the sorting network for x exchanges, layer by layer."""

    name = "controls"

    def outputs(self, lengths: Sequence[int]) -> int:
        return sum(layer.count for layer in exchanges(lengths[0]))

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        keys = arguments[0].copy()
        controls: list[int] = []
        for layer in exchanges(len(keys)):
            i = layer.lower(len(keys))
            j = i + layer.distance
            left, right = keys[i], keys[j]
            swap = np.asarray(left > right, dtype=bool)
            keys[i], keys[j] = np.where(swap, right, left), np.where(swap, left, right)
            controls += [int(s) for s in swap]
        return integers(controls)

    def width(self, intervals: Sequence[Interval]) -> int:
        return control_digits(intervals[0]) + 1

    def held(self, lengths: Sequence[int], intervals: Sequence[Interval]) -> int:
        k, counts = self.width(intervals), [layer.count for layer in exchanges(lengths[0])]
        return max((max(digits_held(n, k), 2 * n) for n in counts), default=0)


@dataclass(frozen=True, slots=True)
class SplitHint(HintKind):
    """``split(rank, k; digits)``: of n values of k digits, n flags of those beyond a rank, of its own, of the next.

    The digits stand element by element, lowest first; the values are ordered by value and then by position, the ranks
    counted from 0.
    """

    name = "split"
    boolean_arguments = True
    rank: int
    k: int

    def outputs(self, lengths: Sequence[int]) -> int:
        n = lengths[0] // self.k if self.k else 0
        if not 1 <= self.k <= MAX_DIGITS or n * self.k != lengths[0] or not 0 <= self.rank < n - 1:
            raise ValueError(
                "a split hint needs k digits for each of at least two values, and 0 ≤ rank < n - 1"
            )
        return 3 * n

    def compute(self, arguments: Sequence[Integers]) -> Integers:
        digits = arguments[0].reshape(-1, self.k)
        n = len(digits)
        keys = [sum(int(d) << i for i, d in enumerate(row)) for row in digits]
        order = sorted(range(n), key=lambda i: (keys[i], i))
        chosen = (set(order[self.rank + 1 :]), {order[self.rank]}, {order[self.rank + 1]})
        return integers(int(i in group) for group in chosen for i in range(n))

    def width(self, _intervals: Sequence[Interval]) -> int:
        """The numbers of candidates, which a plan's lengths bound."""
        return 26

    def held(self, lengths: Sequence[int], _intervals: Sequence[Interval]) -> int:
        """Both factors of the products of a level."""
        return 2 * (self.outputs(lengths) + 2)
