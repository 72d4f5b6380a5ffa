# SPDX-License-Identifier: Apache-2.0
"""Bytes as in ``spec/conventions.md``: Fr elements, points, frames and canonical CBOR.

A decoder either returns the value whose encoding it was given or raises ``DecodeError``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from algebra import INFINITY, P, Point, R, curve


class DecodeError(ValueError):
    """Bytes that are not the encoding of what was expected."""


def i2osp(x: int, length: int) -> bytes:
    """Return I2OSP(x, length)."""
    return x.to_bytes(length, "big")


def frame(data: bytes) -> bytes:
    """Return I2OSP(len(data), 8) || data."""
    return i2osp(len(data), 8) + data


# -- Fr ---------------------------------------------------------------------------------------------


def scalars_to_bytes(values: list[int]) -> bytes:
    """Encode residues in [0, r) as 32 bytes each, little-endian."""
    return b"".join((v % R).to_bytes(32, "little") for v in values)


def scalars_from_bytes(data: bytes) -> list[int]:
    """Decode a list of Fr elements."""
    if len(data) % 32:
        raise DecodeError("a partial Fr element at the end")
    values = [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]
    for v in values:
        if v >= R:
            raise DecodeError("an Fr element is not below r")
    return values


# -- G1 ---------------------------------------------------------------------------------------------


def point_to_bytes(point: Point) -> bytes:
    """Encode one point in 48 bytes."""
    if curve.is_inf(point):
        return bytes([0xC0]) + bytes(47)
    x, y = (c.n for c in curve.normalize(point))
    flags = 0x80 | (0x20 if y > P - y else 0)
    data = bytearray(i2osp(x, 48))
    data[0] |= flags
    return bytes(data)


@cache
def point_from_bytes(data: bytes) -> Point:
    """Decode one point: compressed, on the curve, in the subgroup of order r."""
    if len(data) != 48:
        raise DecodeError("a point takes 48 bytes")
    compressed, infinite, larger = (bool(data[0] & bit) for bit in (0x80, 0x40, 0x20))
    if not compressed:
        raise DecodeError("the compressed flag is not set")
    x = int.from_bytes(bytes([data[0] & 0x1F]) + data[1:], "big")
    if infinite:
        if larger or x:
            raise DecodeError("infinity with other bits set")
        return INFINITY
    if x >= P:
        raise DecodeError("x is not below p")
    square = (x * x * x + 4) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        raise DecodeError("no point of the curve has this x")
    if (y > P - y) != larger:
        y = P - y
    point = (curve.FQ(x), curve.FQ(y), curve.FQ(1))
    if not curve.is_inf(curve.multiply(point, R)):
        raise DecodeError("the point is outside G1")
    return point


def points_to_bytes(points: list[Point]) -> bytes:
    """Encode a list of points."""
    return b"".join(map(point_to_bytes, points))


def points_from_bytes(data: bytes) -> list[Point]:
    """Decode a list of points."""
    if len(data) % 48:
        raise DecodeError("a partial point at the end")
    return [point_from_bytes(data[i : i + 48]) for i in range(0, len(data), 48)]


# -- CBOR -------------------------------------------------------------------------------------------

MAX_DEPTH = 32  # arrays and maps


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | info]) + i2osp(argument, size)
    raise ValueError("an integer outside 64 bits")


def cbor_encode(value: Any) -> bytes:
    """Encode in the core deterministic encoding of RFC 8949, section 4.2.1."""
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, list | tuple):
        return _head(4, len(value)) + b"".join(map(cbor_encode, value))
    if isinstance(value, dict):
        items = sorted((cbor_encode(k), cbor_encode(v)) for k, v in value.items() if isinstance(k, str))
        if len(items) != len(value):
            raise ValueError("map keys are text")
        return _head(5, len(value)) + b"".join(k + v for k, v in items)
    raise ValueError(f"no encoding for {type(value).__name__}")


def cbor_decode(data: bytes) -> Any:
    """Decode one item that fills ``data``; anything not canonical is an error."""
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise DecodeError(f"{len(data) - end} bytes after the item")
    return value


def cbor_decode_first(data: bytes, start: int) -> tuple[Any, int]:
    """Decode the item at ``start``; return it and the position behind it."""
    return _item(data, start, 0)


def _take(data: bytes, start: int, count: int) -> tuple[bytes, int]:
    if count > len(data) - start:
        raise DecodeError(f"truncated at byte {len(data)}")
    return data[start : start + count], start + count


def _item(data: bytes, start: int, depth: int) -> tuple[Any, int]:
    first, at = _take(data, start, 1)
    major, info = first[0] >> 5, first[0] & 31
    if major == 7:
        if info not in (20, 21, 22):
            raise DecodeError(f"a simple value or float at byte {start}")
        return {20: False, 21: True, 22: None}[info], at
    if major == 6:
        raise DecodeError(f"a tag at byte {start}")
    argument = info
    if info >= 24:
        if info > 27:
            raise DecodeError(f"an indefinite length or reserved head at byte {start}")
        raw, at = _take(data, at, 1 << (info - 24))
        argument = int.from_bytes(raw, "big")
        if len(_head(major, argument)) != at - start:
            raise DecodeError(f"a head longer than needed at byte {start}")
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major in (2, 3):
        raw, at = _take(data, at, argument)
        if major == 2:
            return raw, at
        try:
            return raw.decode(), at
        except UnicodeDecodeError as error:
            raise DecodeError(f"text at byte {start} is not UTF-8") from error
    if depth == MAX_DEPTH:
        raise DecodeError("nested too deeply")
    if major == 4:
        items = []
        for _ in range(argument):
            value, at = _item(data, at, depth + 1)
            items.append(value)
        return items, at
    result: dict[str, Any] = {}
    last = b""
    for _ in range(argument):
        key_at = at
        key, at = _item(data, at, depth + 1)
        if not isinstance(key, str):
            raise DecodeError(f"a map key at byte {key_at} is not text")
        if data[key_at:at] <= last:
            raise DecodeError(f"map keys out of order at byte {key_at}")
        last = data[key_at:at]
        result[key], at = _item(data, at, depth + 1)
    return result, at
