# SPDX-License-Identifier: Apache-2.0
"""Sharing what single members hold: their inputs, and what they choose.

Normative text: ``spec/online.md``, "Inputs".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..algebra import Vector
from ..backend import FR_BYTES
from ..party import Shared, read_vector, share_zeros
from ._openings import Openings

__all__ = ["deal"]


async def deal(
    online: Openings, counts: Sequence[tuple[int, int]], own: Sequence[Vector], *, label: str, zeros: str
) -> list[Shared]:
    """Share vectors, of which ``counts`` says the owner and the length; ``own`` are this party's, in their order.

    Owners broadcast them less masks that they alone know, all in one round.  Shares of zero are added, because an
    owner may be the only one with a share of its masks that is not zero, and later steps publish functions of one
    party's shares.
    """
    party, nothing = online.party, Vector.zeros(online.party.backend, 0)
    masks = [await online.preparation.masks(owner, n) for owner, n in counts]
    clear = [mask.clear for mask in masks if mask.clear is not None]
    masked = Vector.concat([nothing, *own]) - Vector.concat([nothing, *clear])
    due = [sum(n for owner, n in counts if owner == j) for j in range(party.size)]
    received = await party.mesh.broadcast(label, masked.to_bytes(), [n * FR_BYTES for n in due])
    left = [
        read_vector(party, data, n, label=label, sender=j)
        for j, (data, n) in enumerate(zip(received, due, strict=True))
    ]
    total = sum(n for _, n in counts)
    shares = await share_zeros(party, 2 * total, label=zeros)
    fresh, dealt, at = Shared(shares[:total], shares[total:]), [], 0
    for (owner, n), mask in zip(counts, masks, strict=True):
        public, left[owner] = left[owner][:n], left[owner][n:]
        dealt.append(online.preparation.key.add(mask.shared, public) + fresh[at : at + n])
        at += n
    return dealt
