# SPDX-License-Identifier: Apache-2.0
"""Frames on a connection between two members (``spec/session.md``, "Frames").

::

    frame = I2OSP(length, 4) || kind (1) || I2OSP(sequence, 8) || I2OSP(len(label), 1) || label || payload

``length`` counts everything after itself, and is judged before a message's payload is read.  Only the member that
opened a connection sends on it, apart from the answer to its hello: one writer and one reader per connection, and no
TLS object shared by two threads.
"""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from ..backend import Buffer
from ..party import STATEMENT_BYTES

__all__ = [
    "HEADER_BYTES",
    "MAX_CONTROL",
    "MAX_LABEL",
    "MAX_PAYLOAD",
    "BadFrame",
    "Frame",
    "Kind",
    "read_frame",
    "write_frame",
]

MAX_LABEL = 64
MAX_PAYLOAD = 1 << 30
MAX_CONTROL = STATEMENT_BYTES
"""Bytes of the payload of a frame that is no message."""

_HEADER = struct.Struct(">IBQB")
HEADER_BYTES = _HEADER.size
_AFTER_LENGTH = HEADER_BYTES - 4
_JOINED = 1 << 14
_FIRST_ALLOCATION = 1 << 20


class Kind(IntEnum):
    """What a frame is for."""

    GREETING = 1
    MESSAGE = 2
    PING = 3
    ABORT = 4
    GOODBYE = 5
    STATEMENT = 6


class BadFrame(Exception):
    """Bytes that are not a frame; the channel turns it into an abort that names the peer."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``payload`` is owned by nobody else."""

    kind: Kind
    sequence: int
    label: str
    payload: bytes


def write_frame(sock: socket.socket, kind: Kind, sequence: int, label: str, payload: Buffer) -> None:
    """Send one frame; a large payload goes out from where it lies, but for its beginning."""
    name = label.encode("ascii")
    # Released on the way out, because a failed send keeps this frame alive: before 3.11.9 and 3.12.3 CPython's
    # collector can crash on a live memoryview in a reference cycle (gh-77894).
    with memoryview(payload) as whole, whole.cast("B") as view:
        head = _HEADER.pack(_AFTER_LENGTH + len(name) + len(view), kind, sequence, len(name)) + name
        with view[:_JOINED] as first, view[_JOINED:] as rest:
            sock.sendall(head + first)
            if rest:
                sock.sendall(rest)


def read_frame(
    sock: socket.socket,
    *,
    limit: int = MAX_PAYLOAD,
    admit: Callable[[str, int], None] = lambda label, size: None,
) -> Frame | None:
    """Read one frame, or None where the stream ends between frames.

    ``admit`` is asked before a message of more than ``MAX_CONTROL`` bytes is read, with its label and size; it may
    wait, or raise.  Raises ``BadFrame`` for anything else that is not a frame with a payload of at most ``limit``
    bytes, and passes on ``TimeoutError`` and ``OSError`` of the socket.
    """
    head = sock.recv(HEADER_BYTES)
    if not head:
        return None
    if len(head) < HEADER_BYTES:
        head += _read(sock, HEADER_BYTES - len(head))
    length, kind, sequence, label_length = _HEADER.unpack(head)
    payload_length = length - _AFTER_LENGTH - label_length
    if payload_length < 0 or label_length > MAX_LABEL:
        raise BadFrame("a frame whose lengths contradict each other")
    if payload_length > limit:
        raise BadFrame(f"a frame of {payload_length} bytes, at most {limit} are allowed")
    joined = payload_length <= MAX_CONTROL
    first = _read(sock, label_length + payload_length if joined else label_length)
    try:
        known, label = Kind(kind), first[:label_length].decode("ascii")
    except ValueError as error:
        raise BadFrame("a frame of unknown kind or with a label outside ASCII") from error
    if not joined:
        if known is not Kind.MESSAGE:
            raise BadFrame(
                f"a {known.name.lower()} of {payload_length} bytes, at most {MAX_CONTROL} are allowed"
            )
        admit(label, payload_length)
    return Frame(known, sequence, label, first[label_length:] if joined else _read(sock, payload_length))


def _read(sock: socket.socket, length: int) -> bytes:
    """Read exactly ``length`` bytes, many without copying them: BytesIO hands over the buffer it was filled in.

    The buffer grows with what has arrived, so a length that is only claimed costs no memory.
    """
    data = sock.recv(length) if 0 < length <= _JOINED else b""
    if len(data) == length:
        return data
    out = io.BytesIO(data)
    got = len(data)
    while got < length:
        end = min(length, max(2 * got, _FIRST_ALLOCATION))
        out.seek(end - 1)
        out.write(b"\0")
        with out.getbuffer() as view:
            while got < end:
                with view[got:end] as rest:
                    count = sock.recv_into(rest)
                if not count:
                    raise BadFrame("a frame that breaks off")
                got += count
    return out.getvalue()
