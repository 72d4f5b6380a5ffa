# SPDX-License-Identifier: Apache-2.0
"""Kinds of advice that every run draws anew: coins, random elements, and settings of permutation networks."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..backend import FR_MODULUS
from ._hint_kind import HintKind, Integers, integers
from ._network import route, switch_count

__all__ = ["MAX_COINS", "CoinsHint", "RandomHint", "SwitchesHint"]

MAX_COINS = 1 << 12
"""The most coins that one value of noise may be the sum of."""

_MAX_DELTA_BITS = 128
_MAX_OWN = 1 << 20
"""Elements or wires of one hint without arguments."""


class _Drawn(HintKind):
    """Advice without arguments, of which any will do."""

    __slots__ = ()

    arguments = 0
    masked = False
    deterministic = False


@dataclass(frozen=True, slots=True)
class CoinsHint(_Drawn):
    """``coins(values, coins, sensitivity, delta_bits)``: values * coins uniform bits (boolean wires).

    The last two parameters are what the noise made of them claims (``spec/disclosure.md``).
    """

    name = "coins"
    values: int
    coins: int
    sensitivity: int
    delta_bits: int

    def outputs(self, _lengths: Sequence[int]) -> int:
        if self.values < 0 or not 2 <= self.coins <= MAX_COINS or self.coins % 2:
            raise ValueError(f"a coins hint has an even number of coins for each value, at most {MAX_COINS}")
        if not 1 <= self.sensitivity <= self.coins or not 1 <= self.delta_bits <= _MAX_DELTA_BITS:
            raise ValueError(
                f"a coins hint has a sensitivity between 1 and its coins, and 1 to {_MAX_DELTA_BITS} delta bits"
            )
        return self.values * self.coins

    def compute(self, _arguments: Sequence[Integers]) -> Integers:
        n = self.values * self.coins
        drawn = secrets.randbits(n) if n else 0
        return integers(drawn >> i & 1 for i in range(n))


@dataclass(frozen=True, slots=True)
class RandomHint(_Drawn):
    """``random(n; )``: n uniform elements that nobody knows (free slots)."""

    name = "random"
    boolean = False
    n: int

    def outputs(self, _lengths: Sequence[int]) -> int:
        if not 1 <= self.n <= _MAX_OWN:
            raise ValueError(f"between 1 and {_MAX_OWN} random elements are possible, not {self.n}")
        return self.n

    def compute(self, _arguments: Sequence[Integers]) -> Integers:
        return integers(secrets.randbelow(FR_MODULUS) for _ in range(self.n))


@dataclass(frozen=True, slots=True)
class SwitchesHint(_Drawn):
    """``switches(member, n; )``: settings of a network on n wires (boolean wires; ``spec/joins.md``).

    They make a uniform permutation that only the member knows.
    """

    name = "switches"
    dealt = True
    member: int
    n: int

    def outputs(self, _lengths: Sequence[int]) -> int:
        if not 2 <= self.n <= _MAX_OWN:
            raise ValueError(f"a network has between 2 and {_MAX_OWN} wires, not {self.n}")
        return switch_count(self.n)

    def compute(self, _arguments: Sequence[Integers]) -> Integers:
        order = np.random.default_rng().permutation(self.n).astype(np.int64)
        return integers(int(setting) for setting in route(order))
