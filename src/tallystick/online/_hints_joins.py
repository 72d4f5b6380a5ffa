"""Advice about joins: tags, their key, and settings of permutation networks.

Normative text: ``spec/online.md``, "Hints", and ``spec/joins.md``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..algebra import Vector
from ..backend import FR_BYTES
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


async def switches(online: Openings, networks: Sequence[Sequence[int]]) -> list[Shared]:
    """Share the settings of networks, each for a uniform permutation that one member draws now and forgets.

    ``networks`` are pairs of a member and a number of wires; a member broadcasts the settings of all its networks
    together.  Shares of zero are added, as to inputs: the dealer may be the only one whose share of its masks is not
    zero.
    """
    party, backend, label = online.party, online.party.backend, "hint/switches"
    counts = [switch_count(n) for _, n in networks]
    masks = [
        await online.preparation.masks(member, count)
        for (member, _), count in zip(networks, counts, strict=True)
    ]
    own = [Vector.zeros(backend, 0)]
    for (_, n), mask in zip(networks, masks, strict=True):
        if mask.clear is not None:
            own.append(Vector.from_i64(backend, route(party.random.permutation(n))) - mask.clear)
    dealt = [_dealt_by(j, networks) for j in range(party.size)]
    payload = Vector.concat(own).to_bytes()
    received = await party.mesh.broadcast(label, payload, [n * FR_BYTES for n in dealt])
    left = [
        read_vector(party, data, n, label=label, sender=j)
        for j, (data, n) in enumerate(zip(received, dealt, strict=True))
    ]
    zeros = await share_zeros(party, 2 * sum(counts), label="hint/zeros")
    values, macs = zeros[: sum(counts)], zeros[sum(counts) :]
    shared, at = [], 0
    for (member, _), count, mask in zip(networks, counts, masks, strict=True):
        public, left[member] = left[member][:count], left[member][count:]
        zero = Shared(values[at : at + count], macs[at : at + count])
        shared.append(online.preparation.key.add(mask.shared, public) + zero)
        at += count
    return shared


def _dealt_by(member: int, networks: Sequence[Sequence[int]]) -> int:
    return sum(switch_count(n) for dealer, n in networks if dealer == member)


def patched(opened: Vector) -> Vector:
    """Return opened values with 1 for 0, which means a mask of 0 and happens to nobody: any advice will do then."""
    raw = np.frombuffer(opened.to_bytes(), dtype=np.uint8).reshape(len(opened), 32)
    return opened + Vector.from_i64(opened.backend, np.asarray(raw.max(axis=1) == 0, dtype=np.int64))
