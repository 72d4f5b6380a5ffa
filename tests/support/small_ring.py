# SPDX-License-Identifier: Apache-2.0
"""LowGear on a ring of degree 8: the same protocol and the same proofs, without the security of its size."""

from __future__ import annotations

from functools import cache

from tallystick.algebra import Random
from tallystick.backend import Backend
from tallystick.offline import (
    Epoch,
    LowGear,
    LowGearPreparation,
    Parameters,
    Scheme,
    Store,
    derive,
    start_epoch,
)
from tallystick.party import Party

DEGREE = 8


@cache
def small_parameters() -> Parameters:
    return derive(DEGREE, insecure_degree=True)


def small_scheme(backend: Backend) -> Scheme:
    parameters = small_parameters()
    return Scheme(backend, backend.ring(parameters.ring), parameters)


async def seated(mesh, backend: Backend, **options) -> tuple[LowGear, Epoch, Party]:
    """Start an epoch at the small ring over an in-memory mesh."""
    party = Party(mesh, backend, b"session", Random(bytes([mesh.index + 1]) * 32))
    scheme = small_scheme(backend)
    epoch = Epoch(await start_epoch(party, scheme), **options)
    return LowGear(party, scheme, epoch), epoch, party


async def prepared(mesh, backend: Backend, store: Store | None = None, **options) -> LowGearPreparation:
    """Open a preparation at the small ring, over a store in memory unless one is given."""
    party = Party(mesh, backend, b"session", options.pop("random", None) or Random.system())
    if store is None:
        store = Store(None, key=bytes(32), binding=b"test")
    return await LowGearPreparation.open(party, small_scheme(backend), store, **options)
