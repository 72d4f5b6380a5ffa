# SPDX-License-Identifier: Apache-2.0
"""The pure backend: the oracle of the native one, and what runs on a machine without a compiler.

Clear and slow.  Nothing here is constant time: Python's integers, its branches and its memory reveal
the values they handle to anyone who can time them or read the process, and secrets cannot be wiped.
"""

from __future__ import annotations

from functools import lru_cache

from ._protocol import Backend
from ._pure_fr import PureFr
from ._pure_g1 import PureG1
from ._pure_ring import PureRing
from ._ring_protocol import Ring, RingParameters

__all__ = ["PureBackend"]

_ring = lru_cache(maxsize=8)(PureRing)


class PureBackend(PureFr, PureG1, Backend):
    """Implements ``Backend`` on Python ints: Fr as object arrays (n,), G1 as object arrays (n, 2)."""

    @property
    def name(self) -> str:
        return "pure"

    @property
    def cpu(self) -> str:
        return "python"

    def ring(self, parameters: RingParameters) -> Ring:
        return _ring(parameters)

    def __repr__(self) -> str:
        return "PureBackend()"
