# SPDX-License-Identifier: Apache-2.0
"""Filling the store ahead of a run: the members connect, agree on how much, and prepare (``spec/session.md``)."""

from __future__ import annotations

import resource
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ..algebra import Random
from ..backend import Backend
from ..encoding import Value
from ..offline import Need
from ..party import Party
from ..record import Consortium
from ._connect import bind, own_address
from ._events import Observer, Stopwatch
from ._hello import exchange_hellos
from ._identity import Identity
from ._mesh import Limits, TlsMesh
from ._names import naming
from ._preparation import open_store, start_preparation, stocking_progress
from ._tls import check_validity

__all__ = ["Filling", "Preparing", "Stocked", "prepare_member"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """Everything one member brings to a preparation; ``need`` is what the store shall hold afterwards."""

    consortium: Consortium
    identity: Identity
    backend: Backend
    preparation: str
    store: Path
    need: Need
    listen: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stocked:
    """What a kind of material has in store after a preparation."""

    kind: str
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What a preparation made and cost: seconds for the epoch's set-up (0 if it went on) and for the material.

    ``epoch_cpu`` and ``cpu`` are seconds of processor time. ``sent`` counts bytes of messages for the
    material alone, ``epoch_sent`` those of the set-up; ``peak_bytes`` is the process's peak resident
    memory.
    """

    stocked: tuple[Stocked, ...]
    made: int
    epoch_seconds: float
    seconds: float
    epoch_cpu: float
    cpu: float
    epoch_sent: int
    sent: int
    peak_bytes: int


async def prepare_member(preparing: Preparing, observer: Observer | None = None) -> Filling:
    """Fill this member's store together with the others'.

    Raises ``UsageError`` for what this member can correct, ``ProtocolAbort`` when the members differ or a check failed.
    """
    observer = observer or Observer()
    members = preparing.consortium.members
    async with AsyncExitStack() as stack:
        observer.phase("identity")
        address = own_address(preparing.consortium, preparing.identity)
        check_validity(members)
        store = stack.enter_context(
            open_store(preparing.preparation, preparing.identity, members, preparing.store)
        )
        mesh = TlsMesh(
            preparing.identity,
            members,
            bind(preparing.listen or address),
            limits=preparing.limits,
            remark=observer.remark,
        )
        await stack.enter_async_context(mesh)
        stack.enter_context(naming(preparing.consortium.names))
        observer.phase("agreement")
        with mesh.phase("agreement"):
            session = await _agree(mesh, preparing)
        party = Party(mesh, preparing.backend, session, Random.system())
        observer.phase("preparation")
        watch = Stopwatch(Observer())
        with watch.phase("epoch"), mesh.phase("epoch"):
            preparation = await start_preparation(
                preparing.preparation,
                party,
                preparing.backend,
                store,
                stocking=stocking_progress(preparing.need, observer.progress),
            )
        before = store.span("triples")
        with watch.phase("material"), mesh.phase("material"):
            await preparation.reserve(preparing.need)
        traffic = mesh.traffic
        after = {kind: store.span(kind) for kind in store.kinds()}
        made = after.get("triples", (0, 0))[1] - before[1]
    return Filling(
        stocked=tuple(Stocked(kind=kind, items=last - first) for kind, (first, last) in after.items()),
        made=made,
        epoch_seconds=watch.seconds["epoch"],
        seconds=watch.seconds["material"],
        epoch_cpu=watch.cpu["epoch"],
        cpu=watch.cpu["material"],
        epoch_sent=traffic["epoch"].sent,
        sent=traffic["material"].sent,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


async def _agree(mesh: TlsMesh, preparing: Preparing) -> bytes:
    """Compare what all want, and return the session's name: the digest of everybody's hello."""
    need = preparing.need
    wanted: Value = [need.triples, need.bits, need.randoms, list(need.masks)]
    _hellos, digest = await exchange_hellos(
        mesh,
        preparing.consortium.members,
        preparing.identity,
        "prepare",
        terms={"need": wanted},
        preparation=preparing.preparation,
    )
    return digest
