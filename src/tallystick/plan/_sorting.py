# SPDX-License-Identifier: Apache-2.0
"""Batcher's merge exchange: the sorting network whose comparators are fixed by the number of values alone.

Knuth, The Art of Computer Programming, volume 3, section 5.2.2, algorithm M; it needs no power of two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Exchange", "exchanges"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One layer of comparators: (i, i + distance) for all i < n - distance with i & p = r, in ascending order.

    r is 0 or p.  ``count`` of them exist, so that with the p-blocks of all positions numbered from 0, the lower
    ends are the first ones in blocks of r's parity, and the upper ends neighbours in blocks of the other.
    """

    p: int
    r: int
    distance: int
    count: int

    def lower(self, n: int) -> npt.NDArray[np.int64]:
        """Return the lower ends i."""
        i = np.arange(n - self.distance, dtype=np.int64)
        chosen: npt.NDArray[np.int64] = i[i & self.p == self.r]
        return chosen


def exchanges(n: int) -> Iterator[Exchange]:
    """Yield the layers that sort n values."""
    if n < 2:
        return
    top = 1 << (n - 1).bit_length() - 1
    p = top
    while p:
        q, r, distance = top, 0, p
        while True:
            if distance < n:
                count = _count(n - distance, p, r)
                if count:
                    yield Exchange(p, r, distance, count)
            if q == p:
                break
            distance, q, r = q - p, q // 2, p
        p //= 2


def _count(limit: int, p: int, r: int) -> int:
    """Return how many i in [0, limit) have i & p = r."""
    whole, rest = divmod(limit, 2 * p)
    return whole * p + (min(rest, p) if r == 0 else max(rest - p, 0))
