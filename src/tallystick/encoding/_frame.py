"""The two byte-string primitives of ``spec/conventions.md`` that are not CBOR."""

from __future__ import annotations

__all__ = ["frame", "i2osp"]


def i2osp(x: int, length: int) -> bytes:
    """Return x in ``length`` bytes, big-endian (RFC 8017); ``OverflowError`` if it does not fit."""
    return x.to_bytes(length, "big")


def frame(data: bytes | bytearray | memoryview) -> bytes:
    """Return ``I2OSP(len(data), 8) || data``: concatenated frames parse in one way only."""
    raw = bytes(data)
    return i2osp(len(raw), 8) + raw
