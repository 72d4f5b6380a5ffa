# SPDX-License-Identifier: Apache-2.0
"""A dealer that every party could see through: for tests that are about the online phase alone."""

from __future__ import annotations

import hashlib

import numpy as np

from tallystick.algebra import Vector
from tallystick.encoding import i2osp
from tallystick.errors import ProtocolAbort
from tallystick.offline import Masks, Need, Triples
from tallystick.party import MacKey, Party, Shared, toss

__all__ = ["InsecureDealer"]

_KEY, _A, _B, _C, _VALUE = range(5)
_MAC = 16


class InsecureDealer:
    """INSECURE: derives everybody's shares of all material from one seed that all parties know.

    Any single member can compute the MAC key, every mask and therefore every other member's input.  It
    offers the real interface with real triples and real MACs, so that all that stands above it can be built
    and tested before the offline phase.  A request of n items expands n elements per vector and holds
    nothing afterwards.

    Party i < n-1 expands its own shares; the last party's share is the value less all other shares.
    """

    def __init__(self, party: Party, seed: bytes) -> None:
        self._party = party
        self._seed = seed
        self._burnt: str | None = None
        self._requests = 0
        self._used = Need(masks=(0,) * party.size)
        self._alpha = sum(self._key_share(i) for i in range(party.size))
        self._key = MacKey(share=self._key_share(party.index), index=party.index)

    @classmethod
    async def start(cls, party: Party) -> InsecureDealer:
        """Toss the seed that all parties then know."""
        return cls(party, await toss(party, "insecure-dealer"))

    def __repr__(self) -> str:
        return "<InsecureDealer>"

    @property
    def key(self) -> MacKey:
        """See ``Preparation``."""
        self._check()
        return self._key

    @property
    def used(self) -> Need:
        """See ``Preparation``."""
        return self._used

    async def reserve(self, need: Need) -> None:
        """Nothing to fetch: material is expanded when it is asked for."""
        self._check()

    async def triples(self, n: int) -> Triples:
        """See ``Preparation``."""
        self._request(Need(triples=n))
        a = b = c = None
        if self._last:
            a, b = self._value(_A, n), self._value(_B, n)
            c = a * b
        return Triples(self._shared(_A, a, n), self._shared(_B, b, n), self._shared(_C, c, n))

    async def bits(self, n: int) -> Shared:
        """See ``Preparation``."""
        self._request(Need(bits=n))
        value = None
        if self._last:
            stream = hashlib.shake_256(self._seed + self._nonce(self._party.size, _VALUE)).digest(n)
            coins = np.frombuffer(stream, dtype=np.uint8) & 1
            value = Vector.from_i64(self._party.backend, coins.astype(np.int64))
        return self._shared(_A, value, n)

    async def randoms(self, n: int) -> Shared:
        """See ``Preparation``."""
        self._request(Need(randoms=n))
        return self._shared(_A, self._value(_A, n) if self._last else None, n)

    async def masks(self, owner: int, n: int) -> Masks:
        """See ``Preparation``."""
        self._request(Need(masks=tuple(n if k == owner else 0 for k in range(self._party.size))))
        mine = owner == self._party.index
        value = self._value(_A, n) if mine or self._last else None
        return Masks(self._shared(_A, value, n), value if mine else None)

    def burn(self, reason: str) -> None:
        """See ``Preparation``."""
        self._burnt = self._burnt or reason
        self._seed = b""
        self._alpha = 0
        self._key = MacKey(share=0, index=self._party.index)

    def note_check(self, going_on: bool) -> None:
        """See ``Preparation``: nothing here outlives the process."""

    @property
    def _last(self) -> bool:
        return self._party.index == self._party.size - 1

    def _check(self) -> None:
        if self._burnt is not None:
            raise ProtocolAbort(
                f"the preparation was destroyed after a failed check: {self._burnt}",
                check="burnt",
                hint="start a new run; new material is made for it",
            )

    def _request(self, need: Need) -> None:
        self._check()
        self._requests += 1
        self._used = self._used + need

    def _nonce(self, party: int, item: int) -> bytes:
        return i2osp(self._requests, 6) + i2osp(party, 3) + i2osp(item, 3)

    def _expand(self, party: int, item: int, n: int) -> Vector:
        return Vector.expand(self._party.backend, self._seed, self._nonce(party, item), n)

    def _key_share(self, party: int) -> int:
        return self._expand(party, _KEY, 1)[0]

    def _value(self, item: int, n: int) -> Vector:
        return self._expand(self._party.size, item, n)

    def _share(self, item: int, value: Vector | None, n: int) -> Vector:
        """Return this party's share; only the last party needs the value."""
        if not self._last:
            return self._expand(self._party.index, item, n)
        assert value is not None
        for other in range(self._party.size - 1):
            value = value - self._expand(other, item, n)
        return value

    def _shared(self, item: int, value: Vector | None, n: int) -> Shared:
        mac = value * self._alpha if self._last and value is not None else None
        return Shared(self._share(item, value, n), self._share(_MAC + item, mac, n))
