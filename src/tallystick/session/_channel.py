# SPDX-License-Identifier: Apache-2.0
"""A connection's two ends: a thread that writes its frames, and a thread that reads them.

Blocking TLS sockets in threads move several times what asyncio's TLS does, because OpenSSL releases the
interpreter lock; coroutines meet the threads in bounded queues.  What a thread and the loop both touch is
guarded by the queue's condition.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from ..backend import Buffer
from ..party import SMALL
from ._wire import BadFrame, Frame, Kind, read_frame, write_frame

__all__ = ["Inbox", "Outbox", "Wakeup", "hang_up"]

_FRAME_COST = 512
"""What a queue counts for a frame besides its payload, so that empty ones cannot pile up without limit."""


_MAX_STATEMENTS = 16
"""No peer is so many comparisons ahead."""

_MAX_PINGS = 64
"""Pings of a second on average, and as many at once: each takes time of the interpreter's that the run needs."""


def hang_up(sock: socket.socket) -> None:
    """End a connection although a thread may be blocked in it.

    The base class's method is called because that of ``SSLSocket`` drops the TLS object under the thread.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Wakeup:
    """Lets threads wake the coroutines that wait for a change.

    A coroutine looks at the state and calls ``wait`` without an await in between; notices arrive through the
    loop, so none is lost.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiters: set[asyncio.Future[None]] = set()
        self._due = False

    def notify(self) -> None:
        """Wake all waiting coroutines; from any thread, and harmless once the loop has ended."""
        if self._due:
            return  # Whoever is woken looks at the state after this moment.
        self._due = True
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._due = False
        for waiter in self._waiters:
            _settle(waiter)

    async def wait(self, timeout: float) -> None:
        """Return at the next ``notify``, or after ``timeout`` seconds."""
        waiter = self._loop.create_future()
        self._waiters.add(waiter)
        timer = self._loop.call_later(timeout, _settle, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.discard(waiter)


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class Outbox:
    """Frames on their way to one peer.

    A thread writes them in order and sends a ping whenever there was nothing to write for ``ping`` seconds; it says
    whom this member waits for, which ``waits`` tells.  ``failed`` is called in that thread, once, if the connection
    breaks.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        name: str,
        wakeup: Wakeup,
        limit: int,
        ping: float,
        waits: Callable[[], bytes],
        failed: Callable[[Exception], None],
    ) -> None:
        self._sock = sock
        self._wakeup = wakeup
        self._limit = limit
        self._ping = ping
        self._waits = waits
        self._failed = failed
        self._queue: deque[tuple[Kind, str, Buffer]] = deque()
        self._pending = 0
        self._refused = False
        self._closing = False
        self._changed = threading.Condition()
        # A peer that takes nothing may be waiting itself: the mesh knows for how long, and hangs up.
        sock.settimeout(None)
        self._thread = threading.Thread(target=self._run, name=f"to {name}", daemon=True)
        self._thread.start()

    def offer(self, label: str, payload: Buffer) -> bool:
        """Queue a message if there is room (there always is for one); whether it was queued.

        If it was not, the wakeup tells when there is more room.
        """
        size = memoryview(payload).nbytes + _FRAME_COST
        with self._changed:
            if self._pending and self._pending + size > self._limit:
                self._refused = True
                return False
            self._queue.append((Kind.MESSAGE, label, payload))
            self._pending += size
            self._changed.notify()
        return True

    def state(self, statement: bytes) -> None:
        """Queue a statement behind the messages, for which there always is room."""
        with self._changed:
            self._queue.append((Kind.STATEMENT, "", statement))
            self._changed.notify()

    def finish(self, notice: bytes | None) -> None:
        """Say goodbye, after an abort notice if there is one, behind all that is queued.

        What is queued still goes out: it may be the evidence by which a peer finds the fault itself.
        """
        with self._changed:
            if self._closing:
                return
            if notice is not None:
                self._queue.append((Kind.ABORT, "", notice))
            self._queue.append((Kind.GOODBYE, "", b""))
            self._closing = True
            self._changed.notify()

    def close(self, timeout: float) -> None:
        """Wait for ``finish`` to be carried out, at most ``timeout`` seconds, and end the connection."""
        self._thread.join(timeout)
        hang_up(self._sock)
        self._thread.join(timeout)
        self._sock.close()

    def _run(self) -> None:
        sequence = 0
        try:
            while True:
                kind, label, payload = self._next()
                write_frame(self._sock, kind, sequence, label, payload)
                sequence += 1
                if kind is Kind.GOODBYE:
                    return
                if kind is Kind.MESSAGE:
                    self._written(memoryview(payload).nbytes + _FRAME_COST)
        except (OSError, ValueError) as error:
            self._failed(error)

    def _next(self) -> tuple[Kind, str, Buffer]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue, timeout=self._ping)
            if self._queue:
                return self._queue.popleft()
        return Kind.PING, "", self._waits()

    def _written(self, size: int) -> None:
        with self._changed:
            self._pending -= size
            refused, self._refused = self._refused, False
        if refused:
            self._wakeup.notify()


class Inbox:
    """Frames that have arrived from one peer and were not asked for yet.

    A thread reads them; beyond ``limit`` bytes it stops reading until some are taken, and before a message that is
    longer than any that was due so far until it is known what is due.  Nothing at all for ``silence`` seconds, not
    even a ping, is a failure.  In that thread ``control`` is called for an abort notice and a goodbye, ``failed``
    for any fault and the end of the stream.

    ``statements`` are those that were not asked for yet, ``waits`` is what the peer's last ping said, ``excused`` the
    seconds before pings that ``excuses`` accepts, and ``heard`` the moment of the last frame.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        name: str,
        wakeup: Wakeup,
        limit: int,
        silence: float,
        excuses: Callable[[bytes], bool],
        control: Callable[[Frame], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._sock = sock
        self._wakeup = wakeup
        self._limit = limit
        self._control = control
        self._failed = failed
        self._frames: deque[Frame] = deque()
        self._held = 0
        self._excuses = excuses
        self._ahead = SMALL
        self._due: int | None = None
        self.statements: deque[bytes] = deque()
        self.waits = b""
        self.excused = 0.0
        self.heard = self._begun = time.monotonic()
        self._pings = 0
        self._closed = False
        self._changed = threading.Condition()
        sock.settimeout(silence)
        self._thread = threading.Thread(target=self._run, name=f"from {name}", daemon=True)
        self._thread.start()

    def take(self) -> Frame | None:
        """Return the next message, or None if none has arrived."""
        with self._changed:
            if not self._frames:
                return None
            frame = self._frames.popleft()
            self._held -= len(frame.payload) + _FRAME_COST
            self._due = None
            self._changed.notify()
            return frame

    def expect(self, most: int) -> None:
        """Say that the next message is due and has at most so many bytes."""
        with self._changed:
            self._due, self._ahead = most, max(self._ahead, most)
            self._changed.notify()

    @property
    def empty(self) -> bool:
        """Whether no message has arrived that was not taken yet."""
        return not self._frames

    def close(self, timeout: float) -> None:
        """End the connection and its thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        hang_up(self._sock)
        self._thread.join(timeout)
        self._sock.close()

    def _run(self) -> None:
        expected = 0
        try:
            while not self._closed:
                frame = read_frame(self._sock, admit=self._admit)
                if frame is None:
                    raise ConnectionError("the connection was closed")
                if frame.sequence != expected:
                    raise BadFrame(f"frame {frame.sequence} where frame {expected} was due")
                expected += 1
                self._note(frame)
                if not self._deliver(frame):
                    return
        except (OSError, ValueError, BadFrame) as error:
            if not self._closed:
                self._failed(error)

    def _admit(self, label: str, size: int) -> None:
        """Wait until a message of this size may be read, or refuse it."""
        with self._changed:
            self._changed.wait_for(
                lambda: size <= self._ahead or (self._due is not None and not self._frames) or self._closed
            )
            if size > self._ahead:
                raise BadFrame(f"{size} bytes as {label!r} where at most {self._due} were due")
        self.heard = time.monotonic()

    def _note(self, frame: Frame) -> None:
        """Keep account of when the peer was heard, and of the time that it says it spent waiting for others."""
        now = time.monotonic()
        if frame.kind is Kind.PING:
            self._pings += 1
            if self._pings > _MAX_PINGS * (1 + now - self._begun):
                raise BadFrame("more pings than anybody has to send")
            self.waits = frame.payload
            if self._excuses(frame.payload):
                self.excused += now - self.heard
        self.heard = now

    def _deliver(self, frame: Frame) -> bool:
        """Hand one frame on; whether to read another."""
        if frame.kind is Kind.PING:
            return True
        if frame.kind is Kind.GREETING:
            raise BadFrame("a second greeting")
        if frame.kind is Kind.STATEMENT:
            if len(self.statements) >= _MAX_STATEMENTS:
                raise BadFrame("more statements than anything is due on")
            self.statements.append(frame.payload)
            self._wakeup.notify()
            return True
        if frame.kind is not Kind.MESSAGE:
            self._control(frame)
            return frame.kind is Kind.ABORT
        with self._changed:
            self._frames.append(frame)
            self._held += len(frame.payload) + _FRAME_COST
        self._wakeup.notify()
        with self._changed:
            self._changed.wait_for(lambda: self._held <= self._limit or self._closed)
        self.heard = time.monotonic()
        return True
