"""Filling the store ahead of a run: the members connect, agree on how much, and prepare (``spec/session.md``)."""

from __future__ import annotations

import hashlib
import resource
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .. import encoding
from ..algebra import Random
from ..backend import Backend
from ..encoding import Value, frame
from ..errors import DecodeError, ProtocolAbort
from ..offline import Need
from ..party import Party
from ..record import Consortium
from ._agreement import malformed
from ._connect import bind, own_address
from ._events import Observer
from ._identity import Identity
from ._mesh import Limits, TlsMesh
from ._names import naming
from ._preparation import open_store, start_preparation, stocking_progress
from ._tls import check_validity

__all__ = ["Filling", "Preparing", "Stocked", "prepare_member"]

_NONCE_BYTES: Final = 32
_MAX_HELLO: Final = 1 << 16
_MAX_ITEMS: Final = 1 << 40


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
        start, start_cpu = time.monotonic(), time.process_time()
        with mesh.phase("epoch"):
            preparation = await start_preparation(
                preparing.preparation,
                party,
                preparing.backend,
                store,
                stocking=stocking_progress(preparing.need, observer.progress),
            )
        begun, begun_cpu = time.monotonic(), time.process_time()
        before = store.span("triples")
        with mesh.phase("material"):
            await preparation.reserve(preparing.need)
        done, done_cpu = time.monotonic(), time.process_time()
        traffic = mesh.traffic
        after = {kind: store.span(kind) for kind in store.kinds()}
        made = after.get("triples", (0, 0))[1] - before[1]
    return Filling(
        stocked=tuple(Stocked(kind=kind, items=last - first) for kind, (first, last) in after.items()),
        made=made,
        epoch_seconds=begun - start,
        seconds=done - begun,
        epoch_cpu=begun_cpu - start_cpu,
        cpu=done_cpu - begun_cpu,
        epoch_sent=traffic["epoch"].sent,
        sent=traffic["material"].sent if "material" in traffic else 0,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


async def _agree(mesh: TlsMesh, preparing: Preparing) -> bytes:
    """Compare what all want, and return the session's name: the hash of everybody's hello."""
    need = preparing.need
    wanted: Value = [need.triples, need.bits, need.randoms, list(need.masks)]
    own = {"preparation": preparing.preparation, "need": wanted, "nonce": Random.system().bytes(_NONCE_BYTES)}
    sent = await mesh.broadcast("prepare/hello", encoding.dumps(own))
    session = hashlib.sha256(frame(b"tallystick/v1/prepare"))
    for j, data in enumerate(sent):
        session.update(frame(data))
        try:
            keys = ("preparation", "need", "nonce")
            hello = encoding.expect_map(
                encoding.loads(data, max_size=_MAX_HELLO, what="hello"), "hello", required=keys
            )
            encoding.expect_bytes(hello["nonce"], "hello: nonce", length=_NONCE_BYTES)
        except DecodeError as error:
            raise malformed(j, error) from error
        if (hello["preparation"], hello["need"]) != (preparing.preparation, wanted):
            raise ProtocolAbort(
                "wants to prepare something else than this member",
                check="job",
                about=(j,),
                hint="the members compare their commands and start again",
            )
    # With another hello, or another member's, the first commitment that was opened would convict an honest member.
    named = await mesh.broadcast("prepare/session", session.digest())
    for j, data in enumerate(named):
        if data != session.digest():
            raise ProtocolAbort(
                "saw other hellos than this member: somebody told members different things",
                check="agreement",
                about=(j,),
            )
    return session.digest()
