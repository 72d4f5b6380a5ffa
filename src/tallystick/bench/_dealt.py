"""INSECURE: material for timing the online phase, dealt by everybody from one public seed.

Only this room uses it, on vectors that are nobody's secrets; a run takes its material from ``offline``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..algebra import Random, Vector
from ..backend import Backend
from ..offline import Masks, Need, Triples
from ..party import MacKey, Shared

__all__ = ["PublicDealer"]

_SEED = b"tallystick bench: public shares."


class PublicDealer:
    """INSECURE: expands a public seed to everybody's shares and keeps one party's; see ``Preparation``.

    The last triples are given again when as many are asked for, so that no run pays for their making.
    """

    def __init__(self, backend: Backend, *, index: int, parties: int) -> None:
        self._backend = backend
        self._index = index
        self._parties = parties
        self._random = Random(_SEED)
        alphas = [self._random.scalar() for _ in range(parties)]
        self._alpha = sum(alphas)
        self._key = MacKey(share=alphas[index], index=index)
        self._triples: Triples | None = None

    @property
    def key(self) -> MacKey:
        """See ``Preparation``."""
        return self._key

    @property
    def used(self) -> Need:
        """Nothing: what is public is not used up."""
        return Need()

    async def reserve(self, need: Need) -> None:
        """Do nothing: material is expanded when it is asked for."""

    async def triples(self, n: int) -> Triples:
        """See ``Preparation``."""
        if self._triples is None or len(self._triples) != n:
            a, b = self._values(n), self._values(n)
            self._triples = Triples(self._shared(a), self._shared(b), self._shared(a * b))
        return self._triples

    async def bits(self, n: int) -> Shared:
        """See ``Preparation``."""
        coins = np.frombuffer(self._random.bytes(n), dtype=np.uint8) & 1
        return self._shared(Vector.from_i64(self._backend, coins.astype(np.int64)))

    async def randoms(self, n: int) -> Shared:
        """See ``Preparation``."""
        return self._shared(self._values(n))

    async def masks(self, owner: int, n: int) -> Masks:
        """See ``Preparation``."""
        values = self._values(n)
        return Masks(self._shared(values), values if owner == self._index else None)

    def burn(self, reason: str) -> None:
        """Keep the key, which is public from the start: the failed check raises all the same."""

    def note_check(self, going_on: bool) -> None:
        """Note nothing: there is no secret that an interrupted check could have told."""

    def _values(self, n: int) -> Vector:
        return self._random.vector(self._backend, n)

    def _shared(self, value: Vector) -> Shared:
        return Shared(self._part(value), self._part(value * self._alpha))

    def _part(self, value: Vector) -> Vector:
        """Cut a vector into uniform summands; the last party's is the value less all others."""
        others = [self._values(len(value)) for _ in range(self._parties - 1)]
        return [*others, _less(value, others)][self._index]


def _less(value: Vector, others: Sequence[Vector]) -> Vector:
    for other in others:
        value = value - other
    return value
