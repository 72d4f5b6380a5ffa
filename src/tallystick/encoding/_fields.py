# SPDX-License-Identifier: Apache-2.0
"""Typed access to decoded values: each function returns the value with its type or raises ``DecodeError``.

``what`` names the value the way a reader of the file would: ``agreement: member 2: name``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import DecodeError
from ._cbor import Value

__all__ = [
    "expect_array",
    "expect_bool",
    "expect_bytes",
    "expect_decimal",
    "expect_int",
    "expect_map",
    "expect_text",
]

_DECIMAL = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    names = {int: "an integer", bytes: "bytes", str: "text", list: "an array", dict: "a map"}
    return names.get(type(value), "null" if value is None else type(value).__name__)


def expect_map(
    value: Value, what: str, *, required: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, Value]:
    """Return the map if its keys are all of ``required`` and, beyond them, only some of ``optional``."""
    if not isinstance(value, dict):
        raise DecodeError(f"{what}: a map was expected, not {_kind(value)}")
    wanted = set(required)
    for key in sorted(wanted - value.keys()):
        raise DecodeError(f"{what}: the key {key!r} is missing")
    for key in sorted(value.keys() - wanted - set(optional)):
        raise DecodeError(f"{what}: unknown key {key[:40]!r}")
    return value


def expect_array(
    value: Value, what: str, *, length: int | None = None, min_length: int = 0, max_length: int | None = None
) -> list[Value]:
    """Return the array if it has the length, or a length within the bounds."""
    if not isinstance(value, list):
        raise DecodeError(f"{what}: an array was expected, not {_kind(value)}")
    _expect_length(len(value), what, "entries", length, min_length, max_length)
    return value


def expect_bytes(
    value: Value, what: str, *, length: int | None = None, min_length: int = 0, max_length: int | None = None
) -> bytes:
    """Return the byte string if it has the length, or a length within the bounds."""
    if not isinstance(value, bytes):
        raise DecodeError(f"{what}: bytes were expected, not {_kind(value)}")
    _expect_length(len(value), what, "bytes", length, min_length, max_length)
    return value


def expect_text(
    value: Value,
    what: str,
    *,
    min_length: int = 0,
    max_length: int | None = None,
    choices: Iterable[str] | None = None,
) -> str:
    """Return the text if its length in characters is within the bounds and it is one of ``choices``."""
    if not isinstance(value, str):
        raise DecodeError(f"{what}: text was expected, not {_kind(value)}")
    _expect_length(len(value), what, "characters", None, min_length, max_length)
    if choices is not None:
        allowed = sorted(choices)
        if value not in allowed:
            raise DecodeError(f"{what}: {value[:40]!r} is not one of {', '.join(allowed)}")
    return value


def expect_int(value: Value, what: str, *, low: int = 0, high: int = (1 << 64) - 1) -> int:
    """Return the integer if low <= value <= high (booleans are not integers)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise DecodeError(f"{what}: an integer was expected, not {_kind(value)}")
    if not low <= value <= high:
        raise DecodeError(f"{what}: {value} is not between {low} and {high}")
    return value


def expect_bool(value: Value, what: str) -> bool:
    """Return the boolean."""
    if not isinstance(value, bool):
        raise DecodeError(f"{what}: a boolean was expected, not {_kind(value)}")
    return value


def expect_decimal(value: Value, what: str, *, max_digits: int = 80) -> int:
    """Return the integer that a text states in decimal, without leading zeros, ``+`` or ``-0``."""
    text = expect_text(value, what, min_length=1, max_length=max_digits + 1)
    if not _DECIMAL.fullmatch(text) or len(text.removeprefix("-")) > max_digits:
        raise DecodeError(f"{what}: {text[:40]!r} is not a decimal integer of at most {max_digits} digits")
    return int(text)


def _expect_length(size: int, what: str, unit: str, length: int | None, low: int, high: int | None) -> None:
    if length is not None and size != length:
        raise DecodeError(f"{what}: {size} {unit}, {length} were expected")
    if size < low:
        raise DecodeError(f"{what}: {size} {unit}, at least {low} were expected")
    if high is not None and size > high:
        raise DecodeError(f"{what}: {size} {unit}, at most {high} are allowed")
