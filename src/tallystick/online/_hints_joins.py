# SPDX-License-Identifier: Apache-2.0
"""Advice about joins: tags, their key, and settings of permutation networks.

Normative text: ``spec/online.md``, "Hints", and ``spec/joins.md``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..algebra import Vector
from ..party import Shared
from ..plan import SwitchesHint, route
from ._deal import deal
from ._openings import Openings

__all__ = ["patched", "reciprocal", "switches"]


async def reciprocal(online: Openings, x: Shared) -> Shared:
    """Return 1/x by opening x*s for a random s, which shows whether x is 0: for an x that nobody can guess."""
    s = await online.preparation.randoms(len(x))
    if not len(x):
        return s
    product = await online.multiply(x, s, label="hint/reciprocal")
    opened = await online.open(product, label="hint/reciprocal")
    return s * patched(opened).inverse()


async def switches(online: Openings, networks: Sequence[SwitchesHint]) -> list[Shared]:
    """Share the settings of networks, each for a uniform permutation that one member draws now and forgets.

    A member broadcasts the settings of all its networks together.
    """
    party = online.party
    own = [
        Vector.from_i64(party.backend, route(party.random.permutation(network.n)))
        for network in networks
        if network.member == party.index
    ]
    counts = [(network.member, network.outputs([])) for network in networks]
    return await deal(online, counts, own, label="hint/switches", zeros="hint/zeros")


def patched(opened: Vector) -> Vector:
    """Return opened values with 1 for 0, which means a mask of 0 and happens to nobody: any advice will do then."""
    raw = np.frombuffer(opened.to_bytes(), dtype=np.uint8).reshape(len(opened), 32)
    return opened + Vector.from_i64(opened.backend, np.asarray(raw.max(axis=1) == 0, dtype=np.int64))
