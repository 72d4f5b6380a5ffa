# SPDX-License-Identifier: Apache-2.0
"""The two byte-string primitives of ``spec/conventions.md`` that are not CBOR."""

from __future__ import annotations

from typing import Protocol

__all__ = ["absorb", "frame", "i2osp"]


class _Hash(Protocol):
    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...


def i2osp(x: int, length: int) -> bytes:
    """Return x in ``length`` bytes, big-endian (RFC 8017); ``OverflowError`` if it does not fit."""
    return x.to_bytes(length, "big")


def frame(data: bytes | bytearray | memoryview) -> bytes:
    """Return ``I2OSP(len(data), 8) || data``: concatenated frames parse in one way only."""
    raw = bytes(data)
    return i2osp(len(raw), 8) + raw


def absorb(h: _Hash, data: bytes | bytearray | memoryview) -> None:
    """Have a hash absorb ``frame(data)``, without a copy of the data."""
    h.update(i2osp(memoryview(data).nbytes, 8))
    h.update(data)
