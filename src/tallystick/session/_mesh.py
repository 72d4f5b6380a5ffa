# SPDX-License-Identifier: Apache-2.0
"""The mesh of a run between processes: authenticated, private, ordered channels over TLS 1.3.

Implements ``party.Mesh``; the rules are on the page ``spec/session.md``.  Whatever ends a run
is decided here once: the first failure is kept, every coroutine that waits raises it, and all
peers are told.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EHOSTUNREACH, ENETDOWN, ENETUNREACH, ETIMEDOUT
from functools import partial
from types import TracebackType

from .. import encoding
from ..backend import Buffer
from ..errors import DecodeError, ProtocolAbort, TallystickError, VerificationError
from ..party import SMALL, Mesh, Statements, compare_statements
from ..record import Member, check_signature, sign
from ._channel import Inbox, Outbox, Wakeup
from ._connect import Connector, describe
from ._identity import Identity
from ._wire import HEADER_BYTES, MAX_CONTROL, MAX_LABEL, MAX_PAYLOAD, BadFrame, Frame, Kind

__all__ = ["Limits", "TlsMesh", "Traffic"]

_GRACE = 2.0
"""How long own evidence may still overtake what only a peer's notice, or a failed write, says."""

_MAX_TEXT = 600
_WAIT_BYTES = 9
_HASH_ASIDE = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines in seconds, and bounds in bytes.

    ``connect`` bounds the wait for all members to appear, ``wait`` that for any one message; what a member says it
    spent waiting for others does not count, up to as long again.  A connection on which nothing arrives for
    ``silence``, although its sender writes a ping after ``ping`` without a message, or sooner where ``wait`` is short,
    belongs to a member that hangs or is gone.  ``queue`` bounds what waits in each direction for each peer.
    """

    connect: float = 120.0
    wait: float = 300.0
    silence: float = 10.0
    ping: float = 1.0
    queue: int = 1 << 26
    close: float = 5.0


class _Due:
    """What is due from some members since a moment, and what each had been excused from by then."""

    def __init__(
        self, inboxes: Mapping[int, Inbox], members: Iterable[int], text: str, *, receives: bool
    ) -> None:
        self._inboxes = inboxes
        self.text = text
        self.receives = receives
        self.begun = time.monotonic()
        self.missing = {j: inboxes[j].excused if j in inboxes else 0.0 for j in members}

    def overdue(self, wait: float, exempt: Container[int]) -> tuple[float, int | None]:
        """Return after how many seconds to look again, and who is late by then without an excuse.

        A member is late when it has been waited for so long, the time in which it said that it waited itself left
        out; those that are ``exempt`` are not.  Everybody has an excuse for as long again at most: 0 seconds and
        nobody mean that this is over.
        """
        waited = time.monotonic() - self.begun
        left = wait
        for j, before in sorted(self.missing.items()):
            if j in exempt:
                continue
            own = waited - (self._inboxes[j].excused - before)
            if own >= wait:
                return 0.0, j
            left = min(left, wait - own, 2 * wait - waited)
        return max(left, 0.0), None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one phase cost this member: rounds, and bytes with their frames (not TLS's own)."""

    rounds: int = 0
    sent: int = 0
    received: int = 0


class TlsMesh(Mesh):
    """This member's channels to all others; an asynchronous context manager, entered once all are connected.

    Leaving it says goodbye to all peers or, on an exception, tells them why this member stops.
    """

    def __init__(
        self,
        identity: Identity,
        members: Sequence[Member],
        listener: socket.socket,
        *,
        limits: Limits | None = None,
        remark: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._members = tuple(members)
        self._names = [m.name for m in members]
        self._index = [m.certificate for m in members].index(identity.certificate)
        self._peers = [j for j in range(len(members)) if j != self._index]
        self._identity = identity
        self._listener = listener
        self._limits = limits or Limits()
        self._remark = remark
        self._lock = threading.Lock()
        self._failure: ProtocolAbort | None = None
        self._notified: set[int] = set()
        self._left: set[int] = set()
        self._closing = False
        self._inboxes: dict[int, Inbox] = {}
        self._outboxes: dict[int, Outbox] = {}
        self._receiving = [asyncio.Lock() for _ in members]
        self._sending = [asyncio.Lock() for _ in members]
        self._late = [0] * len(members)
        self._sent = [0] * len(members)
        self._taken = [0] * len(members)
        self._waiting: list[_Due] = []
        self._digests = [hashlib.sha256() for _ in members]
        self._statements = Statements(
            self._index,
            len(members),
            sign=partial(sign, identity.key, "broadcasts"),
            signed=self._is_signed,
        )
        self._hasher = ThreadPoolExecutor(1, "digest")
        self._hashed: Future[None] | None = None
        self._phase = ""
        self._traffic: dict[str, Traffic] = {}

    @property
    def index(self) -> int:
        return self._index

    @property
    def size(self) -> int:
        return len(self._members)

    @property
    def nonces(self) -> tuple[bytes, ...]:
        """The 32 bytes with which each party greeted this one, by party, and its own; every run has others."""
        return tuple(self._connector.nonces[j] for j in range(self.size))

    @property
    def traffic(self) -> dict[str, Traffic]:
        """What each phase cost so far, by its name, in order."""
        return dict(self._traffic)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens inside under ``name``."""
        before, self._phase = self._phase, name
        self._count()
        try:
            yield
        finally:
            self._phase = before

    # ------------------------------------------------------------------ opening and closing
    async def __aenter__(self) -> TlsMesh:
        self._loop = asyncio.get_running_loop()
        self._wakeup = Wakeup(self._loop)
        self._connector = Connector(
            self._identity,
            self._members,
            self._index,
            deadline=self._limits.connect,
            opened=self._opened,
            accepted=self._accepted,
            failed=self._fail,
            remark=self._remark,
        )
        self._connector.start(self._listener)
        try:
            await self._all_connected()
        except BaseException as error:
            await self._close(error)
            raise
        self._connector.stop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close(error)

    async def _all_connected(self) -> None:
        # The connector reports who cannot be reached; who is reached but does not connect back is found here.
        deadline = time.monotonic() + self._limits.connect + 1
        with self._waits_for(self._peers, "connection", receives=False) as due:
            while True:
                if self._failure:
                    raise self._failure
                missing = [j for j in self._peers if j not in self._inboxes or j not in self._outboxes]
                due.missing = dict.fromkeys(missing, 0.0)
                if not missing:
                    return
                left = deadline - time.monotonic()
                silent = [j for j in missing if j not in self._inboxes]
                if left <= 0 and silent:
                    text = f"did not connect to this member within {self._limits.connect:g} s"
                    raise self._abort(silent[0], "deadline", text)
                await self._wakeup.wait(max(left, 1.0))

    def _opened(self, j: int, sock: ssl.SSLSocket) -> None:
        with self._lock:
            if self._closing:
                sock.close()
                return
            self._outboxes[j] = Outbox(
                sock,
                name=self._members[j].name,
                wakeup=self._wakeup,
                limit=self._limits.queue,
                ping=min(self._limits.ping, self._limits.wait / 8),
                waits=self._waits,
                failed=lambda error: self._write_failed(j, error),
            )
        self._wakeup.notify()

    def _accepted(self, j: int, sock: ssl.SSLSocket) -> None:
        with self._lock:
            if self._closing or j in self._inboxes:
                sock.close()
                return
            self._inboxes[j] = Inbox(
                sock,
                name=self._members[j].name,
                wakeup=self._wakeup,
                limit=self._limits.queue,
                silence=self._limits.silence,
                excuses=lambda waits: self._excuses(j, waits),
                control=lambda frame: self._control(j, frame),
                failed=lambda error: self._read_failed(j, error),
            )
        self._wakeup.notify()

    async def _close(self, error: BaseException | None) -> None:
        with self._lock:
            self._closing = True
        self._connector.stop()
        notice = None if error is None else self._notice(error)
        for outbox in self._outboxes.values():
            outbox.finish(notice)
        timeout = self._limits.wait if error is None else self._limits.close
        await asyncio.shield(self._loop.run_in_executor(None, self._hang_up, timeout))

    def _hang_up(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        for outbox in self._outboxes.values():
            outbox.close(max(0.0, end - time.monotonic()))
        for inbox in self._inboxes.values():
            inbox.close(self._limits.close)
        self._hasher.shutdown()
        self._connector.wait()

    # ------------------------------------------------------------------ failures
    def _fail(self, error: ProtocolAbort) -> None:
        """End the run with ``error``, unless it has ended already; from any thread."""
        with self._lock:
            if self._failure is None:
                self._failure = error
        self._wakeup.notify()

    def _fail_later(self, error: ProtocolAbort) -> None:
        """End the run with ``error`` unless this member sees better evidence shortly; from any thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.call_later, _GRACE, self._fail, error)

    def _read_failed(self, j: int, error: Exception) -> None:
        if self._closing or j in self._notified:
            return
        if isinstance(error, BadFrame):
            self._fail(self._abort(j, "frame", f"sent {error}"))
        elif isinstance(error, TimeoutError) or _is_of_the_network(error):
            self._fail(self._silent(j))
        else:
            self._fail(self._abort(j, "connection", f"is gone: {describe(error)}"))

    def _write_failed(self, j: int, error: Exception) -> None:
        # Why the peer hung up is on its own connection, so what that one says takes precedence.
        if self._closing or j in self._left:
            return
        if _is_of_the_network(error):
            self._fail_later(self._silent(j))
        else:
            self._fail_later(self._abort(j, "connection", f"takes no messages any more: {describe(error)}"))

    def _silent(self, j: int) -> ProtocolAbort:
        """Return the abort for a peer that is not heard: it is named unless this member hears nobody else either."""
        limit = self._limits.silence
        others = [inbox.heard for k, inbox in self._inboxes.items() if k != j and k not in self._left]
        if others and max(others) < time.monotonic() - limit / 2:
            return ProtocolAbort(
                f"nobody has been heard for {limit / 2:g} s or more, so that this member's own connection may be down",
                check="deadline",
            )
        return self._abort(j, "deadline", f"has been silent for {limit:g} s")

    def _control(self, j: int, frame: Frame) -> None:
        if frame.kind is Kind.ABORT:
            self._notified.add(j)
            self._heed(j, frame.payload)
            self._wakeup.notify()
        else:
            self._left.add(j)
            self._wakeup.notify()

    def _heed(self, j: int, notice: bytes) -> None:
        """Take note of a peer's abort notice: of itself it is believed, of others it is hearsay."""
        try:
            fields = encoding.expect_array(
                encoding.loads(notice, max_size=MAX_CONTROL, what="notice"), "notice", length=3
            )
            check = encoding.expect_text(fields[0], "notice: check", max_length=64)
            text = encoding.expect_text(fields[2], "notice: text", max_length=_MAX_TEXT)
            accused = fields[1] if fields[1] is None else encoding.expect_int(fields[1], "notice: accused")
        except DecodeError as error:
            self._fail(self._abort(j, "frame", f"sent an abort notice that is none: {error.message}"))
            return
        text = "".join(c if c.isprintable() else "?" for c in text)
        check = "".join(c if c.isprintable() else "?" for c in check)
        abort = ProtocolAbort(
            f"stopped the run: {text}",
            check=check,
            blame=j if accused == j else None,
            about=(j,),
            names=self._names,
            heard=True,
        )
        if accused == j:
            self._fail(abort)
        else:
            self._fail_later(abort)

    def _notice(self, error: BaseException) -> bytes:
        """What the peers are told; of local errors only their kind, because a message may quote data."""
        accused: int | None = self._index
        if isinstance(error, ProtocolAbort):
            check, accused, text = error.check, error.blame, error.message
        elif isinstance(error, (asyncio.CancelledError, KeyboardInterrupt)):
            check, text = "stopped", "its operator interrupted it"
        elif isinstance(error, TallystickError):
            check, text = "stopped", f"a {type(error).__name__} on its own side"
        else:
            check, text = "stopped", "an internal error on its own side"
        return encoding.dumps([check, accused, text[:_MAX_TEXT]])

    def _abort(self, j: int, check: str, text: str) -> ProtocolAbort:
        return ProtocolAbort.by(j, text, check=check, names=self._names)

    # ------------------------------------------------------------------ messages
    async def broadcast(self, label: str, payload: Buffer, sizes: Sequence[int] | None = None) -> list[bytes]:
        own = bytes(payload)
        received = await self._swap(label, [own] * self.size, sizes)
        if self.size > 2:
            self._digest(label, received)
        return received

    async def exchange(self, label: str, payloads: Sequence[Buffer]) -> list[bytes]:
        if len(payloads) != self.size:
            raise ValueError(f"{len(payloads)} payloads for {self.size} parties")
        return await self._swap(label, payloads)

    async def send(self, to: int, label: str, payload: Buffer) -> None:
        """Queue one payload for one party, once there is room for it; it must not be changed afterwards."""
        if not self._offer(to, label, payload):
            await self._send_late(to, label, payload)

    def _offer(self, to: int, label: str, payload: Buffer) -> bool:
        """Queue one payload at once if there is room; if not, return False, and ``_send_late`` must follow."""
        _check_message(label, payload)
        if self._failure:
            raise self._failure
        self._count(sent=_size(label, payload))
        self._sent[to] += 1
        if not self._late[to] and self._outboxes[to].offer(label, payload):
            return True
        self._late[to] += 1
        return False

    async def _send_late(self, to: int, label: str, payload: Buffer) -> None:
        """Queue what found no room, in the order of the calls; meanwhile nothing overtakes it."""
        try:
            async with self._sending[to]:
                with self._waits_for([to], f"takes no messages ({label!r} waits)", receives=False) as due:
                    while not self._outboxes[to].offer(label, payload):
                        await self._change(due)
        finally:
            self._late[to] -= 1

    async def receive(self, sender: int, label: str, most: int = SMALL) -> bytes:
        with self._waits_for([sender], self._unsent(label)) as due:
            return await self._receive(sender, label, due, most)

    async def _swap(
        self, label: str, payloads: Sequence[Buffer], sizes: Sequence[int] | None = None
    ) -> list[bytes]:
        sizes = sizes or [memoryview(payload).nbytes for payload in payloads]
        self._count(rounds=1)
        # What has room goes out before anything is received: it may be evidence, and must not depend on what
        # comes in.  The rest goes on meanwhile, so two parties that both wait for room still make progress.
        late = [j for j in self._peers if not self._offer(j, label, payloads[j])]
        if not late:
            return await self._receive_all(label, payloads, sizes)
        sending = asyncio.gather(*(self._send_late(j, label, payloads[j]) for j in late))
        try:
            received = await self._receive_all(label, payloads, sizes)
            await sending
        except BaseException:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            raise
        return received

    async def _receive_all(self, label: str, payloads: Sequence[Buffer], sizes: Sequence[int]) -> list[bytes]:
        for j in self._peers:
            if self._inboxes[j].empty:
                self._inboxes[j].expect(sizes[j])
        with self._waits_for(self._peers, self._unsent(label)) as due:
            return [
                bytes(payload) if j == self._index else await self._receive(j, label, due, sizes[j])
                for j, payload in enumerate(payloads)
            ]

    async def _receive(self, sender: int, label: str, due: _Due, most: int) -> bytes:
        async with self._receiving[sender]:
            while True:
                # What arrived before a failure is still handed out: own evidence is better than a notice.
                gone = sender in self._left and sender not in self._notified
                frame = self._inboxes[sender].take()
                if frame is not None:
                    break
                self._inboxes[sender].expect(most)
                if gone:
                    self._fail(self._abort(sender, "connection", f"ended its run before sending {label!r}"))
                await self._change(due)
        with self._lock:
            del due.missing[sender]
        self._taken[sender] += 1
        if frame.label != label:
            error = self._abort(sender, "label", f"sent {frame.label!r} where {label!r} was due")
            self._fail(error)
            raise error
        self._count(received=_size(label, frame.payload))
        return frame.payload

    async def _change(self, due: _Due) -> None:
        """Wait for something to happen; raise if the run has failed, or does by somebody being late."""
        # Who has said why it stops is not late, nor is one whose message has come and is only not looked at yet.
        arrived = [j for j in due.missing if due.receives and not self._inboxes[j].empty]
        left, late = due.overdue(self._limits.wait, self._notified.union(arrived))
        if left <= 0 and not self._failure:
            self._fail(self._overdue(due, late))
        if self._failure:
            raise self._failure
        await self._wakeup.wait(left)

    def _unsent(self, label: str) -> str:
        return f"sent no {label!r} within {self._limits.wait:g} s"

    def _overdue(self, due: _Due, late: int | None) -> ProtocolAbort:
        """Return the abort at a deadline: nobody is convicted that says it waited itself, which nobody can check."""
        if late is not None:
            return self._abort(late, "deadline", due.text)
        j = min(due.missing)
        said = [k for k, _ in _waited_for(self._inboxes[j].waits)]
        others = " and ".join("this member" if k == self._index else self._names[k] for k in said) or "others"
        return ProtocolAbort(
            f"{due.text}, and says that it waited for {others}",
            check="deadline",
            about=(j,),
            names=self._names,
        )

    @contextmanager
    def _waits_for(self, members: Iterable[int], text: str, *, receives: bool = True) -> Iterator[_Due]:
        """Tell peers, as long as this lasts, that this member waits for others."""
        due = _Due(self._inboxes, members, text, receives=receives)
        with self._lock:
            self._waiting.append(due)
        try:
            yield due
        finally:
            with self._lock:
                self._waiting.remove(due)

    def _waits(self) -> bytes:
        """Return, as a ping holds it, whom this member waits for at this moment, and for which message of each."""
        with self._lock:
            found = {
                j: self._taken[j] + 1 if due.receives else 0
                for due in self._waiting
                for j in due.missing
                if not (due.receives and j in self._inboxes and not self._inboxes[j].empty)
            }
        return b"".join(bytes([j]) + encoding.i2osp(number, 8) for j, number in sorted(found.items()))

    def _excuses(self, j: int, waits: bytes) -> bool:
        """Whether what a peer's ping says is a reason not to have sent what is due; raises ``BadFrame``.

        To wait for a message that this member has not sent yet is none: a member sends its part of a step before it
        waits for others' parts, so the peer would have sent what is due here, and it would have come before the ping.
        """
        found = _waited_for(waits)
        if any(k >= self.size or k == j for k, _ in found):
            raise BadFrame("a ping that names nobody of this run")
        return any(k != self._index or number <= self._sent[j] for k, number in found)

    # ------------------------------------------------------------------ statements
    def state(self, session: bytes) -> None:
        if self.size > 2:
            self._tell(self._statements.state(session, self.broadcast_digests()))

    async def compare(self) -> None:
        if self.size > 2:
            await compare_statements(self._statements, self._peers, tell=self._tell, hear=self._hear)

    def _tell(self, statement: bytes) -> None:
        for outbox in self._outboxes.values():
            outbox.state(statement)

    async def _hear(self, j: int, patient: bool) -> bytes | None:
        statements = self._inboxes[j].statements
        if patient:
            # Whoever withholds a message from j keeps it from passing anything on: to stop before j's own deadline
            # would leave nobody named.
            text = f"passed on nothing of what others signed within {self._limits.wait:g} s"
            with self._waits_for([j], text, receives=False) as due:
                while not statements and j not in self._notified and j not in self._left:
                    await self._change(due)
        return statements.popleft() if statements else None

    def _is_signed(self, j: int, digest: bytes, signature: bytes) -> bool:
        member = self._members[j]
        try:
            check_signature(member.public_key, "broadcasts", digest, signature, signer=member.name)
        except VerificationError:
            return False
        return True

    # ------------------------------------------------------------------ digests and counters
    def broadcast_digests(self) -> tuple[bytes, ...]:
        if self._hashed:
            self._hashed.result()
        return tuple(digest.digest() for digest in self._digests)

    def _digest(self, label: str, payloads: Sequence[bytes]) -> None:
        """Absorb one broadcast of everybody; large ones in a thread, in order."""
        if self._hashed and self._hashed.done():
            self._hashed = None
        if self._hashed or sum(map(len, payloads)) >= _HASH_ASIDE:
            self._hashed = self._hasher.submit(self._absorb, label, payloads)
        else:
            self._absorb(label, payloads)

    def _absorb(self, label: str, payloads: Sequence[bytes]) -> None:
        for digest, payload in zip(self._digests, payloads, strict=True):
            encoding.absorb(digest, label.encode("ascii"))
            encoding.absorb(digest, payload)

    def _count(self, *, rounds: int = 0, sent: int = 0, received: int = 0) -> None:
        old = self._traffic.get(self._phase, Traffic())
        self._traffic[self._phase] = Traffic(old.rounds + rounds, old.sent + sent, old.received + received)


def _is_of_the_network(error: Exception) -> bool:
    """Whether this machine could not send or receive, which says nothing about the peer."""
    return isinstance(error, OSError) and error.errno in (ENETDOWN, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT)


def _waited_for(waits: bytes) -> list[tuple[int, int]]:
    """Return what a ping says: parties, in ascending order, and the number of the message waited for, 0 for room."""
    entries = [waits[k : k + _WAIT_BYTES] for k in range(0, len(waits), _WAIT_BYTES)]
    found = [(entry[0], int.from_bytes(entry[1:], "big")) for entry in entries]
    parties = [k for k, _ in found]
    if len(waits) % _WAIT_BYTES or parties != sorted(set(parties)):
        raise BadFrame("a ping that names nobody of this run")
    return found


def _size(label: str, payload: Buffer) -> int:
    return HEADER_BYTES + len(label) + memoryview(payload).nbytes


def _check_message(label: str, payload: Buffer) -> None:
    if not label.isascii() or not 1 <= len(label) <= MAX_LABEL:
        raise ValueError(f"a label is 1 to {MAX_LABEL} ASCII characters, not {label!r}")
    if memoryview(payload).nbytes > MAX_PAYLOAD:
        raise ValueError(f"{label}: a message has at most {MAX_PAYLOAD} bytes")
