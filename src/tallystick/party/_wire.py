# SPDX-License-Identifier: Apache-2.0
"""Vectors and points as messages: exact lengths, canonical encodings, and the sender named when they are not.

Normative text: ``spec/online.md``, "Messages".  A message is the concatenation of its fields, whose lengths
both ends know from the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from ..algebra import Points, Vector
from ..backend import FR_BYTES, G1_BYTES, Buffer
from ..errors import DecodeError, ProtocolAbort
from ._party import Party

__all__ = [
    "broadcast_fields",
    "broadcast_points",
    "broadcast_vector",
    "malformed",
    "read_points",
    "read_vector",
    "split_fields",
]


def malformed(label: str, sender: int, fault: str) -> NoReturn:
    """Abort because ``sender`` sent bytes that no honest party sends under this label."""
    raise ProtocolAbort.by(sender, f"sent a malformed message {label!r}: {fault}", check="malformed-message")


def _check_size(data: Buffer, size: int, *, label: str, sender: int) -> None:
    if len(data) != size:
        malformed(label, sender, f"{len(data)} bytes instead of {size}")


def split_fields(data: Buffer, sizes: Sequence[int], *, label: str, sender: int) -> list[bytes]:
    """Cut a message into fields of exactly these sizes in bytes.

    The fields are copies: an abort keeps its frames alive, and before 3.11.9 and 3.12.3 CPython's collector
    can crash on a memoryview in a reference cycle of them (gh-77894).
    """
    _check_size(data, sum(sizes), label=label, sender=sender)
    raw, start, fields = bytes(data), 0, []
    for size in sizes:
        fields.append(raw[start : start + size])
        start += size
    return fields


def read_vector(party: Party, data: Buffer, n: int, *, label: str, sender: int) -> Vector:
    """Decode exactly n field elements."""
    _check_size(data, n * FR_BYTES, label=label, sender=sender)
    try:
        return Vector.from_bytes(party.backend, data)
    except DecodeError as error:
        malformed(label, sender, error.message)


def read_points(party: Party, data: Buffer, n: int, *, label: str, sender: int) -> Points:
    """Decode exactly n points of G1."""
    _check_size(data, n * G1_BYTES, label=label, sender=sender)
    try:
        return Points.from_bytes(party.backend, data)
    except DecodeError as error:
        malformed(label, sender, error.message)


async def broadcast_fields(
    party: Party, label: str, fields: Sequence[Buffer], sizes: Sequence[int] | None = None
) -> list[list[bytes]]:
    """Broadcast one message of several fields; return everyone's fields, by party.

    ``sizes`` are the sizes in bytes that every message must have, by default those of this party's own
    fields.
    """
    expected = [len(field) for field in fields] if sizes is None else list(sizes)
    received = await party.mesh.broadcast(label, b"".join(fields), [sum(expected)] * party.size)
    return [split_fields(data, expected, label=label, sender=j) for j, data in enumerate(received)]


async def broadcast_vector(party: Party, label: str, own: Vector) -> list[Vector]:
    """Broadcast a vector; return everyone's vectors of the same length, by party."""
    received = await party.mesh.broadcast(label, own.to_bytes())
    return [
        own if j == party.index else read_vector(party, data, len(own), label=label, sender=j)
        for j, data in enumerate(received)
    ]


async def broadcast_points(party: Party, label: str, own: Points) -> list[Points]:
    """Broadcast points; return everyone's points, as many each, by party."""
    received = await party.mesh.broadcast(label, own.to_bytes())
    return [
        own if j == party.index else read_points(party, data, len(own), label=label, sender=j)
        for j, data in enumerate(received)
    ]
