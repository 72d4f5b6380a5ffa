# SPDX-License-Identifier: Apache-2.0
"""What noise made of fair coins costs in differential privacy: exact, from the numbers that a plan declares.

Normative text: ``spec/disclosure.md``, "Noise".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import log

from ..plan import MAX_COINS

__all__ = ["Budget", "coins_for", "epsilon_of", "upwards"]

_ROUNDING = 1e-9
"""Covers the error of two logarithms of integers in double precision, so that no epsilon is shown too small."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One use of noise: the outputs that it protects (their numbers in the plan), and what the plan declares.

    Each of ``values`` numbers has the sum of ``coins`` fair coins added, less half of them; a person changes
    one of the numbers, by at most ``sensitivity``.  The release is (epsilon, 2^-delta_bits)-differentially
    private; ``epsilon`` is None where these coins achieve no such delta.
    """

    outputs: tuple[int, ...]
    values: int
    coins: int
    sensitivity: int
    delta_bits: int
    epsilon: float | None

    def text(self) -> str:
        """Return the budget in words."""
        outputs = ", ".join(f"[{k + 1}]" for k in self.outputs)
        epsilon = "no finite epsilon" if self.epsilon is None else f"epsilon {upwards(self.epsilon)}"
        return (
            f"{outputs}: binomial noise of {self.coins} coins (at most ±{self.coins // 2}), {epsilon} at delta "
            f"2^-{self.delta_bits}, if a person changes one value by at most {self.sensitivity} and one member was "
            "honest"
        )


@lru_cache(maxsize=256)
def epsilon_of(coins: int, sensitivity: int, delta_bits: int) -> float | None:
    """Return the least epsilon at delta = 2^-delta_bits of one binomial value, rounded up; None if there is none.

    With A(m) the probability of fewer than m heads, shifting by s turns A(m) into A(m - s), and the events that
    tell the two apart best are these tails (the likelihood ratio is monotone), so that epsilon is the logarithm
    of the greatest (A(m) - delta) / A(m - s).  Both directions are alike, as the binomial is symmetric.
    """
    ways = accumulate(range(coins), lambda c, j: c * (coins - j) // (j + 1), initial=1)
    tails = [0, *accumulate(ways)]
    slack = (1 << coins) >> delta_bits
    worst = 0.0
    for m in range(1, coins + 2):
        above = tails[m] - slack
        below = tails[m - sensitivity] if m >= sensitivity else 0
        if above <= below:
            continue
        if below == 0:
            return None
        worst = max(worst, log(above) - log(below) + _ROUNDING)
    return worst


def coins_for(epsilon: float, sensitivity: int, delta_bits: int) -> int | None:
    """Return the least even number of coins that gives (epsilon, 2^-delta_bits), or None beyond ``MAX_COINS``."""
    low, high = 0, 1

    def enough(half: int) -> bool:
        found = epsilon_of(2 * half, sensitivity, delta_bits)
        return found is not None and found <= epsilon

    while not enough(high):
        low, high = high, 2 * high
        if 2 * high > MAX_COINS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return 2 * high


def upwards(value: float) -> str:
    """Write a number with three decimals, rounded up."""
    thousandths = -int(-value * 1000 // 1)
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"
