# SPDX-License-Identifier: Apache-2.0
"""An in-memory ``Mesh`` for n parties in one event loop, with hooks to tamper with any message.

``corrupt`` replaces what a party puts into a broadcast, its own copy included: a sender that lies to
everyone alike. ``tamper`` replaces what one receiver gets: a sender that equivocates, or a single bad
pairwise message.  Either hook may return ``DROP`` for silence, which the receiver meets as a deadline.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.encoding import absorb
from tallystick.errors import ProtocolAbort, TallystickError
from tallystick.party import SMALL, Statements, compare_statements
from tallystick.session._wire import MAX_LABEL

Tamper: TypeAlias = Callable[[int, int, str, bytes], bytes | None]
Corrupt: TypeAlias = Callable[[int, str, bytes], bytes | None]
Restate: TypeAlias = Callable[[int, int, bytes], bytes]
DROP: Final = None
KEYS: Final = [
    Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"party %d" % index).digest()) for index in range(8)
]
"""With what the parties sign their statements."""


def signed_by(party: int, message: bytes, signature: bytes) -> bool:
    try:
        KEYS[party].public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True


@dataclass
class Message:
    """One delivery, as the log keeps it."""

    sender: int
    receiver: int
    label: str
    size: int
    broadcast: bool


@dataclass
class Network:
    """The queues between n parties, the hooks, and a log of every delivery."""

    size: int
    tamper: Tamper | None = None
    corrupt: Corrupt | None = None
    log: list[Message] = field(default_factory=list)
    queues: dict[tuple[int, int], asyncio.Queue[Any]] = field(default_factory=dict)
    statements: dict[tuple[int, int], asyncio.Queue[bytes]] = field(default_factory=dict)
    restate: Restate = lambda sender, receiver, statement: statement

    def __post_init__(self) -> None:
        for i in range(self.size):
            for j in range(self.size):
                if i != j:
                    self.queues[i, j] = asyncio.Queue()
                    self.statements[i, j] = asyncio.Queue()

    def mesh(self, index: int) -> MemoryMesh:
        return MemoryMesh(self, index)

    def deliver(
        self, sender: int, receiver: int, label: str, payload: bytes, *, broadcast: bool = False
    ) -> None:
        assert label.isascii() and len(label) <= MAX_LABEL, f"no frame has the label {label!r}"
        self.log.append(Message(sender, receiver, label, len(payload), broadcast))
        sent: bytes | None = payload
        if self.tamper is not None:
            sent = self.tamper(sender, receiver, label, payload)
        self.queues[sender, receiver].put_nowait((label, sent))

    def abort(self, index: int, error: BaseException) -> None:
        for j in range(self.size):
            if j != index:
                self.queues[index, j].put_nowait((None, error))


class MemoryMesh:
    """One party's end; see ``tallystick.party.Mesh`` for the contract."""

    def __init__(self, network: Network, index: int) -> None:
        self._network = network
        self._index = index
        self._digests = [hashlib.sha256() for _ in range(network.size)]
        self._statements = Statements(
            index, network.size, sign=KEYS[index].sign, signed=lambda j, *signed: signed_by(j, *signed)
        )

    @property
    def index(self) -> int:
        return self._index

    @property
    def size(self) -> int:
        return self._network.size

    @property
    def nonces(self) -> tuple[bytes, ...]:
        return tuple(hashlib.sha256(b"nonce of party %d" % j).digest() for j in range(self.size))

    async def broadcast(self, label: str, payload: bytes, sizes: Sequence[int] | None = None) -> list[bytes]:
        own: bytes | None = bytes(payload)
        if self._network.corrupt is not None:
            own = self._network.corrupt(self._index, label, bytes(payload))
        for j in range(self.size):
            if j != self._index:
                if own is None:
                    self._network.queues[self._index, j].put_nowait((label, None))
                else:
                    self._network.deliver(self._index, j, label, own, broadcast=True)
        received = [
            own or b""
            if j == self._index
            else await self.receive(j, label, len(payload) if sizes is None else sizes[j])
            for j in range(self.size)
        ]
        for j, data in enumerate(received):
            for part in (label.encode(), data):
                absorb(self._digests[j], part)
        return received

    async def exchange(self, label: str, payloads: Sequence[bytes]) -> list[bytes]:
        for j, payload in enumerate(payloads):
            if j != self._index:
                self._network.deliver(self._index, j, label, bytes(payload))
        return [
            bytes(payloads[j]) if j == self._index else await self.receive(j, label, len(payloads[j]))
            for j in range(self.size)
        ]

    async def send(self, to: int, label: str, payload: bytes) -> None:
        self._network.deliver(self._index, to, label, bytes(payload))

    async def receive(self, sender: int, label: str, most: int = SMALL) -> bytes:
        found, payload = await self._network.queues[sender, self._index].get()
        if isinstance(payload, BaseException):
            check = getattr(payload, "check", "internal")
            accused = getattr(payload, "blame", None)
            blame = sender if accused == sender else None
            raise ProtocolAbort(f"stopped: {payload}", check=check, blame=blame, about=(sender,), heard=True)
        if payload is None:
            raise ProtocolAbort.by(sender, "is silent", check="deadline")
        if found != label:
            raise ProtocolAbort.by(sender, f"sent {found!r}, expected {label!r}", check="unexpected-message")
        if len(payload) > max(most, SMALL):
            raise ProtocolAbort.by(sender, f"sent {len(payload)} bytes where {most} are due", check="frame")
        return bytes(payload)

    def state(self, session: bytes) -> None:
        if self.size > 2:
            self._tell(self._statements.state(session, self.broadcast_digests()))

    async def compare(self) -> None:
        if self.size > 2:
            peers = [j for j in range(self.size) if j != self._index]
            await compare_statements(self._statements, peers, tell=self._tell, hear=self._hear)

    def _tell(self, statement: bytes) -> None:
        for j in range(self.size):
            if j != self._index:
                told = self._network.restate(self._index, j, statement)
                self._network.statements[self._index, j].put_nowait(told)

    async def _hear(self, j: int, patient: bool) -> bytes | None:
        queue = self._network.statements[j, self._index]
        if queue.empty() and patient:
            await asyncio.sleep(0.2)
        return None if queue.empty() else queue.get_nowait()

    def broadcast_digests(self) -> tuple[bytes, ...]:
        return tuple(h.digest() for h in self._digests)


Protocol: TypeAlias = Callable[[MemoryMesh], Awaitable[Any]]


def run(
    protocol: Protocol | Sequence[Protocol],
    size: int = 3,
    *,
    tamper: Tamper | None = None,
    corrupt: Corrupt | None = None,
    log: list[Message] | None = None,
    restate: Restate | None = None,
) -> list[Any]:
    """Run one coroutine per party; return each one's result, or the TallystickError it stopped with.

    Any other exception is a defect and is raised.
    """

    async def main() -> list[Any]:
        network = Network(size, tamper=tamper, corrupt=corrupt)
        if restate is not None:
            network.restate = restate

        async def one(index: int) -> Any:
            chosen = protocol if callable(protocol) else protocol[index]
            try:
                return await chosen(network.mesh(index))
            except TallystickError as error:
                network.abort(index, error)
                return error
            except Exception as error:
                network.abort(index, error)
                raise

        results = await asyncio.gather(*(one(i) for i in range(size)), return_exceptions=True)
        if log is not None:
            log.extend(network.log)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, TallystickError):
                raise result
        return list(results)

    return asyncio.run(main())
