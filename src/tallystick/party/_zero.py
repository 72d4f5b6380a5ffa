# SPDX-License-Identifier: Apache-2.0
"""Shares of zero: what makes a party's shares uniform without changing what is shared.

Normative text: ``spec/online.md``, "Inputs".  Every pair of parties expands one seed; one adds what the other
subtracts (Cramer, Damgard and Ishai, TCC 2005, in the additive case).
"""

from __future__ import annotations

from ..algebra import Vector
from ._commit import SEED_BYTES, xor
from ._party import Party
from ._wire import split_fields

__all__ = ["share_zeros"]

_NONCE = bytes(12)


async def share_zeros(party: Party, n: int, *, label: str) -> Vector:
    """Return this party's shares of n zeros, uniform but for their sum; one pairwise exchange of fresh seeds.

    The shares of any honest parties are uniform and independent given all others', but for the sum.  A
    party that departs from the seeds adds an error to its own share, as it always could.
    """
    own = [party.random.bytes(SEED_BYTES) for _ in range(party.size)]
    received = await party.mesh.exchange(label, own)
    total = Vector.zeros(party.backend, n)
    for j in range(party.size):
        if j == party.index:
            continue
        (theirs,) = split_fields(received[j], [SEED_BYTES], label=label, sender=j)
        expanded = Vector.expand(party.backend, xor([own[j], theirs]), _NONCE, n)
        total = total + expanded if party.index < j else total - expanded
    return total
