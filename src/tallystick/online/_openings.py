# SPDX-License-Identifier: Apache-2.0
"""Openings under prepared material: what the online phase opens, and multiplication by triples.

SPDZ (Damgard, Pastro, Smart and Zakarias, CRYPTO 2012). Normative text: ``spec/online.md``, "Openings".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from ..offline import Preparation, Triples
from ..party import PENDING_LIMIT, AuthenticatedOpenings, MacKey, Party, Shared

__all__ = ["Openings"]

_Result = TypeVar("_Result")


class Openings(AuthenticatedOpenings):
    """Openings under the MAC key of a preparation, which a failed check burns."""

    def __init__(self, party: Party, preparation: Preparation, *, pending_limit: int = PENDING_LIMIT) -> None:
        super().__init__(party, pending_limit=pending_limit)
        self.preparation = preparation

    @property
    def key(self) -> MacKey:
        return self.preparation.key

    def burn(self, reason: str) -> None:
        self.preparation.burn(reason)

    def note_check(self, going_on: bool) -> None:
        self.preparation.note_check(going_on)

    async def part(self, key: Hashable, protocol: Callable[[Openings], Awaitable[_Result]]) -> _Result:
        """Run a part of a protocol whose messages, material and widths depend on ``key`` alone; it is counted once."""
        return await protocol(self)

    def note_masked(self, count: int, width: int) -> None:
        """Take note of so many values of at most so many bits that are opened under masks: counting adds them up."""

    async def multiply(self, x: Shared, y: Shared, *, label: str = "multiply") -> Shared:
        """Return [x * y], element-wise, for one triple an element and one round (Beaver, CRYPTO 1991)."""
        if len(x) != len(y):
            raise ValueError(f"operands of different lengths: {len(x)} and {len(y)}")
        return await self.multiply_with(await self.preparation.triples(len(x)), x, y, label=label)

    async def multiply_with(
        self, triples: Triples, x: Shared, y: Shared, *, label: str = "multiply"
    ) -> Shared:
        """Return [x * y] by the given triples: with d = x - a and e = y - b open, c + d*b + e*a + d*e."""
        n = len(x)
        if n == 0:
            return triples.c
        a, b, c = triples.a, triples.b, triples.c
        masked = Shared.concat([x - a, y - b])
        opened = await self.open(masked, label=label)
        d, e = opened[:n], opened[n:]
        key = self.preparation.key
        # e*a + d*e = e*(a + d), and likewise under the MAC key, which saves a product.
        left = a.value + d if key.index == 0 else a.value
        return Shared(
            e.muladd(left, d.muladd(b.value, c.value)),
            e.muladd(d.axpy(key.share, a.mac), d.muladd(b.mac, c.mac)),
        )
