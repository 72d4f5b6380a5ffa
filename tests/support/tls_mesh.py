# SPDX-License-Identifier: Apache-2.0
"""Members over real TLS in threads of one process, and raw peers that send what no member would."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from tallystick.errors import ProtocolAbort
from tallystick.record import Member
from tallystick.session import Identity, Limits, TlsMesh, new_identity
from tallystick.session._connect import Connector

IDENTITIES = [new_identity(name) for name in ("north", "south", "west")]
FAST = Limits(connect=8.0, wait=8.0, silence=8.0, ping=0.1, close=2.0)

Action = Callable[[TlsMesh], Awaitable[object]]


def listeners(n: int) -> tuple[list[socket.socket], list[Member]]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    members = [
        identity.member(f"127.0.0.1:{sock.getsockname()[1]}")
        for identity, sock in zip(IDENTITIES, sockets, strict=False)
    ]
    return sockets, members


def party(
    identity: Identity,
    members: Sequence[Member],
    listener: socket.socket,
    action: Action,
    limits: Limits = FAST,
    remarks: list[str] | None = None,
) -> object:
    async def run() -> object:
        sink: Callable[[str], object] = remarks.append if remarks is not None else len
        async with TlsMesh(identity, members, listener, limits=limits, remark=sink) as mesh:
            return await action(mesh)

    return asyncio.run(run())


def together(*actions: Action, limits: Limits = FAST) -> list[object]:
    """Run one member per action, in threads; return each one's result or the exception that it raised."""
    sockets, members = listeners(len(actions))
    with ThreadPoolExecutor(len(actions)) as pool:
        futures: list[Future[object]] = [
            pool.submit(party, IDENTITIES[i], members, sockets[i], action, limits)
            for i, action in enumerate(actions)
        ]
        return [future.exception() or future.result() for future in futures]


def abort_of(outcome: object) -> ProtocolAbort:
    assert isinstance(outcome, ProtocolAbort), outcome
    return outcome


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 8
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def connector(
    index: int,
    members: Sequence[Member],
    *,
    opened: Callable[[int, ssl.SSLSocket], None] = lambda j, sock: None,
    failed: Callable[[ProtocolAbort], None] = lambda error: None,
    remark: Callable[[str], None] = lambda text: None,
) -> Connector:
    return Connector(
        IDENTITIES[index],
        members,
        index,
        deadline=8,
        opened=opened,
        accepted=lambda j, sock: held.append(sock),
        failed=failed,
        remark=remark,
    )


held: list[ssl.SSLSocket] = []
"""Keeps accepted connections of raw peers open."""


def raw_frame(kind: int = 2, sequence: int = 0, label: bytes = b"due", payload: bytes = b"") -> bytes:
    return struct.pack(">IBQB", 10 + len(label) + len(payload), kind, sequence, len(label)) + label + payload
