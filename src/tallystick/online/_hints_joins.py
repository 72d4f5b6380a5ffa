"""Advice about joins: tags, their key, and settings of permutation networks.

Normative text: ``spec/online.md``, "Hints", and ``spec/joins.md``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..algebra import Vector
from ..party import Shared, read_vector, share_zeros
from ..plan import Interval, route, switch_count
from ._openings import Openings

__all__ = ["patched", "random", "reciprocal", "switches"]


async def reciprocal(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return 1/x by opening x*s for a random s, which shows whether x is 0: for an x that nobody can guess."""
    x = arguments[0]
    s = await online.preparation.randoms(len(x))
    if not len(x):
        return s
    product = await online.multiply(x, s, label="hint/reciprocal")
    opened = await online.open(product, label="hint/reciprocal")
    return s * patched(opened).inverse()


async def random(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return elements of the preparation that nobody knows."""
    return await online.preparation.randoms(parameters[0])


async def switches(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Share the settings of a network for a uniform permutation that one member draws now and forgets.

    Shares of zero are added, as to inputs: the dealer may be the only one whose share of its masks is not zero.
    """
    party, backend = online.party, online.party.backend
    member, n = parameters
    count, label = switch_count(n), "hint/switches"
    masks = await online.preparation.masks(member, count)
    own = b""
    if masks.clear is not None:
        settings = Vector.from_i64(backend, route(party.random.permutation(n)))
        own = (settings - masks.clear).to_bytes()
    received = await party.mesh.broadcast(label, own)
    for j, data in enumerate(received):
        if j != member:
            read_vector(party, data, 0, label=label, sender=j)
    public = read_vector(party, received[member], count, label=label, sender=member)
    zeros = await share_zeros(party, 2 * count, label="hint/zeros")
    return online.preparation.key.add(masks.shared, public) + Shared(zeros[:count], zeros[count:])


def patched(opened: Vector) -> Vector:
    """Return opened values with 1 for 0, which means a mask of 0 and happens to nobody: any advice will do then."""
    raw = np.frombuffer(opened.to_bytes(), dtype=np.uint8).reshape(len(opened), 32)
    return opened + Vector.from_i64(opened.backend, np.asarray(raw.max(axis=1) == 0, dtype=np.int64))
