"""INSECURE: material for timing the online phase, dealt by everybody from one public seed.

Only this room uses it, on vectors that are nobody's secrets; a run takes its material from ``offline``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ..algebra import Random, Vector
from ..backend import Backend
from ..offline import Preparation, Triples
from ..online import Openings
from ..party import MacKey, Party, Shared

__all__ = ["Dealt", "deal", "openings"]

_SEED = b"tallystick bench: public shares."


@dataclass(frozen=True, slots=True)
class Dealt:
    """INSECURE: one party's key, n triples, and its shares of the two vectors to multiply."""

    key: MacKey
    triples: Triples
    x: Shared
    y: Shared


@dataclass(frozen=True, slots=True)
class _KeyAlone:
    """INSECURE: all of a preparation that opening shares and multiplying by given triples reads of it."""

    key: MacKey

    def burn(self, reason: str) -> None:
        """Keep the key, which is public from the start: the failed check raises all the same."""


def openings(party: Party, dealt: Dealt) -> Openings:
    """INSECURE: return openings under a MAC key that is no secret, without material."""
    return Openings(party, cast(Preparation, _KeyAlone(dealt.key)))


def deal(backend: Backend, *, index: int, parties: int, n: int) -> Dealt:
    """INSECURE: expand a public seed to everybody's shares, and return one party's."""
    random = Random(_SEED)
    alphas = [random.scalar() for _ in range(parties)]

    def parts(value: Vector) -> Vector:
        """Cut a vector into uniform summands; the last party's is the value less all others."""
        others = [random.vector(backend, n) for _ in range(parties - 1)]
        return [*others, _less(value, others)][index]

    def shared(value: Vector) -> Shared:
        return Shared(parts(value), parts(value * sum(alphas)))

    a, b, x, y = (random.vector(backend, n) for _ in range(4))
    return Dealt(
        key=MacKey(share=alphas[index], index=index),
        triples=Triples(shared(a), shared(b), shared(a * b)),
        x=shared(x),
        y=shared(y),
    )


def _less(value: Vector, others: Sequence[Vector]) -> Vector:
    for other in others:
        value = value - other
    return value
