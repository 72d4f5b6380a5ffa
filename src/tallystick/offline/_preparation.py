# SPDX-License-Identifier: Apache-2.0
"""What the online phase takes from the offline phase, whoever makes it.

The online phase sees nothing of how material is made; LowGear (Keller, Pastro and Rotaru, Eurocrypt 2018)
makes it.  Normative text:
``spec/online.md``, "Preparation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..algebra import Vector
from ..party import MacKey, Shared

__all__ = ["Masks", "Need", "Preparation", "Triples"]


@dataclass(frozen=True, slots=True)
class Need:
    """How much material a computation takes: counts of elements, masks by owner."""

    triples: int = 0
    bits: int = 0
    randoms: int = 0
    masks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if min((self.triples, self.bits, self.randoms, *self.masks)) < 0:
            raise ValueError("counts of material are not negative")

    def __add__(self, other: Need) -> Need:
        owners = max(len(self.masks), len(other.masks))
        ours, theirs = (n.masks + (0,) * (owners - len(n.masks)) for n in (self, other))
        return Need(
            triples=self.triples + other.triples,
            bits=self.bits + other.bits,
            randoms=self.randoms + other.randoms,
            masks=tuple(a + b for a, b in zip(ours, theirs, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Triples:
    """Sharings of uniform a, b, and of c = a*b, element-wise."""

    a: Shared
    b: Shared
    c: Shared

    def __len__(self) -> int:
        return len(self.a)


@dataclass(frozen=True, slots=True, repr=False)
class Masks:
    """Sharings of uniform values that their owner alone knows: ``clear`` is None at all other parties."""

    shared: Shared
    clear: Vector | None

    def __repr__(self) -> str:
        return f"<Masks: {len(self.shared)}>"


class Preparation(Protocol):
    """Authenticated material under one MAC key; no item is ever given twice.

    The shares of triples, bits and randoms are uniform at every party.  Those of masks need not be: all but
    the owner's may be zero.

    All parties call the same methods with the same counts in the same order.  Each method raises
    ProtocolAbort when making the material fails a check, or (check ``burnt``) after ``burn``.
    """

    @property
    def key(self) -> MacKey:
        """This party's share alpha_i of the MAC key."""

    @property
    def used(self) -> Need:
        """What was given out so far."""

    async def reserve(self, need: Need) -> None:
        """Have this much at hand, fetching or making what is missing before the online phase starts."""

    async def triples(self, n: int) -> Triples:
        """Give n triples."""

    async def bits(self, n: int) -> Shared:
        """Give n uniform bits that nobody knows."""

    async def randoms(self, n: int) -> Shared:
        """Give n uniform field elements that nobody knows."""

    async def masks(self, owner: int, n: int) -> Masks:
        """Give n uniform field elements that the owner alone knows."""

    def burn(self, reason: str) -> None:
        """Destroy the MAC key share and all material, as any failed check may have leaked a bit of either."""

    def note_check(self, going_on: bool) -> None:
        """Note durably that a check is going on, or that it has passed; a member that dies in between finds it burnt.

        The sums of a check that was cut short may have told a peer the MAC key.
        """
