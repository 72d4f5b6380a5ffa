# SPDX-License-Identifier: Apache-2.0
"""Advice about order: how a network sorts, and where the middle of a vector is.

Normative text: ``spec/online.md``, "Hints".
"""

from __future__ import annotations

import numpy as np

from ..algebra import Vector
from ..backend import IndexArray
from ..party import Shared
from ..plan import Interval, SplitHint, control_digits, exchanges
from ._digits import plus, sign
from ._openings import Openings

__all__ = ["controls", "split"]


async def controls(online: Openings, keys: Shared, interval: Interval) -> Shared:
    """Sort, layer by layer, and return which comparators exchanged."""
    assert interval is not None
    n, k, spread = len(keys), control_digits(interval), interval[1] - interval[0]
    swaps = [Shared.zeros(keys.backend, 0)]
    for layer in exchanges(n):
        lower = layer.lower(n)
        upper = lower + layer.distance
        difference = keys[lower] - keys[upper]
        swap = await sign(online, plus(online, difference, -1), k, (-spread - 1, spread - 1))
        moved = await online.multiply(swap, difference, label="hint/exchange")
        swaps.append(swap)
        keys = keys + _placed(moved, upper, n) - _placed(moved, lower, n)
    return Shared.concat(swaps)


def _placed(x: Shared, positions: IndexArray, n: int) -> Shared:
    return Shared.linear(lambda v: v.scatter_add(positions, n), x)


async def split(online: Openings, advice: SplitHint, flat: Shared) -> Shared:
    """Select the values at rank and rank + 1 together, from the highest digit down; positions break ties.

    Each selection keeps flags of the candidates left, and its rank among them.  With p the candidates whose
    digit is 1 and c how many others there are, the wanted digit b is [rank ≥ c]; with b = 0 the candidates with
    digit 1 leave, and they are beyond the rank.
    """
    rank, k, backend = advice.rank, advice.k, flat.backend
    n = len(flat) // k
    row = np.arange(n, dtype=np.int64)
    both, owner = np.concatenate([row, row]), np.repeat(np.arange(2, dtype=np.int64), n)
    left = online.key.constant(Vector.constant(backend, 1, 2 * n))
    ranks = online.key.constant(Vector.from_ints(backend, [rank, rank + 1]))
    beyond = Shared.zeros(backend, n)
    places = (n - 1).bit_length()
    for level in range(k + places):
        public = None
        if level == 0:
            ones = flat[both * k + (k - 1)]
        elif level < k:
            ones = await online.multiply(left, flat[both * k + (k - 1 - level)], label="hint/candidates")
        else:
            public = Vector.from_i64(backend, both >> (k + places - 1 - level) & 1)
            ones = left * public
        zeros = Shared.linear(lambda v: v.sum_axis(2, n, 1), left - ones)
        wanted = await sign(online, ranks - zeros, n.bit_length(), (-n, n))
        wide = wanted[owner]
        if public is None:
            # b * p and b * left of the first selection, b * (2p - left) of the second, b * c of both.
            pairs = [(wide[:n], ones[:n]), (wide[:n], left[:n]), (wide[n:], (ones * 2 - left)[n:])]
        else:
            pairs = [(wide[:n], left[:n]), (wide[n:], left[n:])]
        pairs.append((wanted, zeros))
        factors = [Shared.concat(side) for side in zip(*pairs, strict=True)]
        made = await online.multiply(factors[0], factors[1], label="hint/selected")
        if public is None:
            kept, whole, second = made[:n], made[n : 2 * n], made[2 * n : 3 * n]
        else:
            whole = made[:n]
            kept, second = whole * public[:n], made[n : 2 * n] * (public[n:] * 2 - 1)
        beyond = beyond + ones[:n] - kept
        left = left - ones + Shared.concat([kept * 2 - whole, second])
        ranks = ranks - made[len(made) - 2 :]
    return Shared.concat([beyond, left])
