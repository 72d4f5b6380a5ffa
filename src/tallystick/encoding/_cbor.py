# SPDX-License-Identifier: Apache-2.0
"""CBOR, limited to the strict profile of ``spec/conventions.md``.

Encoding is cbor2's canonical mode behind a check of types.  Decoding is done here, in one pass that knows
only the profile: no general parser with tags, shared references and floats ever meets bytes from another
party, memory is bounded by ``max_size`` and ``max_values`` before anything is allocated, and every fault has
its offset.  What is accepted is exactly what ``dumps`` produces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, Union

import cbor2

from ..errors import DecodeError

__all__ = [
    "MAX_DEPTH",
    "MAX_VALUES",
    "SequenceItem",
    "Value",
    "decode_next",
    "dumps",
    "iter_sequence",
    "loads",
]

MAX_DEPTH = 32
"""How deep arrays and maps may nest."""

MAX_VALUES = 1 << 20
"""How many values, nested ones included, one item may hold unless the caller says otherwise."""

Value: TypeAlias = Union[bool, int, bytes, str, list["Value"], dict[str, "Value"], None]  # noqa: UP007  recursive
"""What a decoded item may consist of."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_INDEFINITE = 31
_INT_BOUND = 1 << 64


def dumps(value: object) -> bytes:
    """Encode None, bool, int, bytes, str, lists or tuples, and dicts with text keys.

    Raises ``TypeError`` for any other type (float included), and ``ValueError`` for an integer outside
    [-2**64, 2**64) or nesting deeper than ``MAX_DEPTH``: both are programming errors.
    """
    _check(value, 0)
    return cbor2.dumps(value, canonical=True)


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if value is None or kind in (bool, bytes):
        return
    if kind is int:
        assert isinstance(value, int)
        if not -_INT_BOUND <= value < _INT_BOUND:
            raise ValueError(f"integer outside 64 bits: {value.bit_length()} bits")
        return
    if kind is str:
        assert isinstance(value, str)
        value.encode("utf-8")
        return
    if isinstance(value, (list, tuple, dict)):
        if depth >= MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            for key in value:
                if type(key) is not str:
                    raise TypeError(f"map keys are text, not {type(key).__name__}")
        for child in value.values() if isinstance(value, dict) else value:
            _check(child, depth + 1)
        return
    raise TypeError(f"not part of the encoding: {kind.__name__}")


@dataclass(frozen=True, slots=True)
class SequenceItem:
    """One item of a CBOR sequence: bytes ``start`` to ``end`` of the buffer decode to ``value``."""

    start: int
    end: int
    value: Value


def loads(
    data: bytes | bytearray | memoryview,
    *,
    max_size: int,
    max_values: int = MAX_VALUES,
    what: str = "data",
) -> Value:
    """Decode exactly one item that fills ``data``.

    Raises ``DecodeError`` with the offset of the first fault: more than ``max_size`` bytes, more than
    ``max_values`` values, truncated, trailing bytes, not canonical, or outside the profile.  ``what`` names
    the data in the message.
    """
    raw = _bounded(data, max_size, what)
    decoder = _Decoder(raw, 0, max_values, what)
    value = decoder.value(0)
    if decoder.at != len(raw):
        raise DecodeError(f"{what}: {len(raw) - decoder.at} trailing bytes", offset=decoder.at)
    return value


def decode_next(
    data: bytes,
    start: int,
    *,
    max_item_size: int | None = None,
    max_values: int = MAX_VALUES,
    what: str = "item",
) -> SequenceItem:
    """Decode the item of a CBOR sequence (RFC 8742) that begins at ``start``; more may follow it.

    Errors are those of ``loads``, with offsets from the beginning of ``data``; ``max_item_size`` bounds the
    item's bytes.
    """
    limit = len(data) if max_item_size is None else min(len(data), start + max_item_size)
    decoder = _Decoder(data, start, max_values, what, limit)
    value = decoder.value(0)
    return SequenceItem(start, decoder.at, value)


def iter_sequence(
    data: bytes | bytearray | memoryview,
    *,
    max_size: int,
    max_item_size: int | None = None,
    max_values: int = MAX_VALUES,
    what: str = "sequence",
) -> Iterator[SequenceItem]:
    """Decode a CBOR sequence item by item; the empty sequence has none.  Messages number the items from 1."""
    raw = _bounded(data, max_size, what)
    at, number = 0, 1
    while at < len(raw):
        item = decode_next(
            raw, at, max_item_size=max_item_size, max_values=max_values, what=f"{what}, item {number}"
        )
        yield item
        at, number = item.end, number + 1


def _bounded(data: bytes | bytearray | memoryview, max_size: int, what: str) -> bytes:
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    if size > max_size:
        raise DecodeError(f"{what}: {size} bytes, at most {max_size} are allowed", offset=max_size)
    return bytes(data)


class _Decoder:
    """A cursor over one item; every method leaves ``at`` behind what it has read."""

    __slots__ = ("_data", "_left", "_limit", "_what", "at")

    def __init__(self, data: bytes, at: int, max_values: int, what: str, limit: int | None = None) -> None:
        self._data = data
        self._limit = len(data) if limit is None else limit
        self._left = max_values
        self._what = what
        self.at = at

    def _fail(self, message: str, offset: int) -> DecodeError:
        return DecodeError(f"{self._what}: {message}", offset=offset)

    def _short(self, message: str, offset: int) -> DecodeError:
        if self._limit < len(self._data):
            return self._fail("item larger than allowed", offset)
        return self._fail(f"truncated: {message}", offset)

    def value(self, depth: int) -> Value:
        """Read one value, nested ``depth`` deep."""
        start = self.at
        if start >= self._limit:
            raise self._short("a value is missing", start)
        if self._left <= 0:
            raise self._fail("more values than allowed", start)
        self._left -= 1
        first = self._data[start]
        major = first >> 5
        if major > _MAP:
            return self._simple(first)
        argument = self._argument(first)
        if major == _UNSIGNED:
            return argument
        if major == _NEGATIVE:
            return -1 - argument
        if major == _BYTES:
            return self._bytes(argument, start)
        if major == _TEXT:
            return self._text(argument, start)
        if depth >= MAX_DEPTH:
            raise self._fail(f"nested deeper than {MAX_DEPTH}", start)
        if major == _ARRAY:
            self._enough(argument, start)
            return [self.value(depth + 1) for _ in range(argument)]
        self._enough(2 * argument, start)
        return self._map(argument, depth)

    def _simple(self, first: int) -> bool | None:
        start = self.at
        if first in (_FALSE, _TRUE):
            self.at += 1
            return first == _TRUE
        if first == _NULL:
            self.at += 1
            return None
        if first >> 5 == _TAG:
            raise self._fail("tags are not part of the encoding", start)
        if 0xF9 <= first <= 0xFB:
            raise self._fail("floats are not part of the encoding", start)
        raise self._fail(f"byte 0x{first:02x} is not part of the encoding", start)

    def _argument(self, first: int) -> int:
        """Read the argument of a head (RFC 8949 section 3), which must be in its shortest form."""
        start = self.at
        info = first & 31
        if info < 24:
            self.at = start + 1
            return info
        if info == _INDEFINITE:
            raise self._fail("indefinite lengths are not part of the encoding", start)
        if info > 27:
            raise self._fail(f"byte 0x{first:02x} is not part of the encoding", start)
        width = 1 << (info - 24)
        end = start + 1 + width
        if end > self._limit:
            raise self._short("a length or integer is cut off", start)
        argument = int.from_bytes(self._data[start + 1 : end], "big")
        if argument < (24 if width == 1 else 1 << (4 * width)):
            raise self._fail("not canonical: a shorter form of this number exists", start)
        self.at = end
        return argument

    def _bytes(self, length: int, start: int) -> bytes:
        end = self.at + length
        if end > self._limit:
            raise self._short(f"a string of {length} bytes is cut off", start)
        out = self._data[self.at : end]
        self.at = end
        return out

    def _text(self, length: int, start: int) -> str:
        body = self.at
        raw = self._bytes(length, start)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._fail("text is not UTF-8", body + error.start) from None

    def _enough(self, count: int, start: int) -> None:
        """Refuse a count that the bytes left cannot hold, before looping over it."""
        if count > self._limit - self.at:
            raise self._short("an array or map is cut off", start)

    def _map(self, count: int, depth: int) -> dict[str, Value]:
        out: dict[str, Value] = {}
        previous = b""
        for _ in range(count):
            start = self.at
            if start < self._limit and self._data[start] >> 5 != _TEXT:
                raise self._fail("map keys are text", start)
            key = self.value(depth + 1)
            assert isinstance(key, str)
            encoded = self._data[start : self.at]
            if encoded <= previous:
                reason = "twice the same map key" if encoded == previous else "map keys out of order"
                raise self._fail(f"not canonical: {reason}", start)
            previous = encoded
            out[key] = self.value(depth + 1)
        return out
