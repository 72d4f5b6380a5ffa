# SPDX-License-Identifier: Apache-2.0
"""Cells of a table as integers: ordinary ones by numpy, many at once; whatever else there is by ``exact``, one by one.

``exact`` states the rules.  What ``plain`` returns is a part of what ``exact`` does, and the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..plan import Column
from ..proofs import Words
from ._job import brief

__all__ = ["Cells", "Floats", "Integers", "Octets", "Plain", "Strings", "Unfit", "exact", "written"]

_NUMBER = re.compile(r"([+-]?)([0-9]{1,100})(?:\.([0-9]{1,100}))?", re.ASCII)

_MOST_DIGITS: Final = 19
"""Decimal digits of a number that is always below 2**64."""

_MOST_FLOAT_DIGITS: Final = 15
"""Decimal digits that a double always gives back, so that no shorter number shares its representation."""

_LONGEST: Final = 40
"""Characters of a cell that numpy looks at: more than a number of ``_MOST_DIGITS`` and some zeros after it have."""

_TENS = np.array([10**k for k in range(_MOST_DIGITS + 1)], dtype=np.uint64)


class Unfit(Exception):
    """A cell that does not fit its column: why, and what to do about it."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Plain(NamedTuple):
    """n cells as signs and magnitudes.  ``exact`` is to be asked of those that are not ``known``."""

    negative: npt.NDArray[np.bool_]
    magnitude: npt.NDArray[np.uint64]
    known: npt.NDArray[np.bool_]

    def within(self, low: int, high: int) -> Plain:
        """Return the same, where what lies outside [low, high] is not known."""
        ends = [_ends(low, high), _ends(-high, -low)]
        least, most = (
            np.array([end[k] for end in ends], dtype=np.uint64)[self.negative.astype(np.intp)]
            for k in range(2)
        )
        inside = (least <= self.magnitude) & (self.magnitude <= most)
        return self._replace(known=self.known & inside)

    def words(self, count: int) -> Words:
        """Return the integers in so many words; 0 where they are not known."""
        magnitude = np.where(self.known, self.magnitude, np.uint64(0))
        sign = np.uint64(0) - (self.negative & (magnitude != 0)).astype(np.uint64)
        out: Words = np.empty((count, len(magnitude)), dtype=np.uint64)
        out[0] = (magnitude ^ sign) - sign
        out[1:] = sign
        return out


def _ends(low: int, high: int) -> tuple[int, int]:
    """Return the part of [low, high] within [0, 2**64) by its ends; (1, 0) if there is none."""
    low, high = max(low, 0), min(high, (1 << 64) - 1)
    return (low, high) if low <= high else (1, 0)


class Cells(Protocol):
    """Some cells of a column, one below the other."""

    @property
    def digits(self) -> int | None:
        """How many binary digits the numbers have, if they are floating-point numbers."""

    def plain(self, decimals: int) -> Plain:
        """Return the cells as integers that stand for integer / 10**decimals, as far as they are ordinary numbers."""

    def text(self, k: int) -> str:
        """Return a cell as it stands in a CSV file, or would."""


@dataclass(frozen=True, slots=True)
class Octets:
    """Cells of text in UTF-8: cell k lies from ``starts[k]`` up to ``ends[k]``."""

    octets: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @property
    def digits(self) -> None:
        """Text has no binary digits."""

    def plain(self, decimals: int) -> Plain:
        """See ``Cells``."""
        return _numbers(self.octets, self.starts, self.ends, decimals)

    def text(self, k: int) -> str:
        """See ``Cells``."""
        return self.octets[self.starts[k] : self.ends[k]].tobytes().decode()


@dataclass(frozen=True, slots=True)
class Strings:
    """Cells of text; ``original`` says what is written in a cell, if it is not the string."""

    strings: Sequence[str]
    original: Callable[[int], str] | None = None

    @property
    def digits(self) -> None:
        """Text has no binary digits."""

    def plain(self, decimals: int) -> Plain:
        """See ``Cells``."""
        # What is not ASCII becomes a question mark: one octet for each character, and no part of a number.
        octets = np.frombuffer("".join(self.strings).encode("ascii", "replace"), dtype=np.uint8)
        lengths = np.fromiter(map(len, self.strings), np.int64, len(self.strings))
        ends = np.cumsum(lengths)
        return _numbers(octets, ends - lengths, ends, decimals)

    def text(self, k: int) -> str:
        """See ``Cells``."""
        return self.strings[k] if self.original is None else self.original(k)


@dataclass(frozen=True, slots=True)
class Integers:
    """Cells of integers of 64 bits, signed or not; those that are missing are empty."""

    values: npt.NDArray[np.int64] | npt.NDArray[np.uint64]
    missing: npt.NDArray[np.bool_]

    @property
    def digits(self) -> None:
        """Integers are exact."""

    def plain(self, decimals: int) -> Plain:
        """See ``Cells``."""
        negative = self.values < 0
        sign = np.uint64(0) - negative.astype(np.uint64)
        magnitude = (self.values.astype(np.uint64) ^ sign) - sign
        if decimals > _MOST_DIGITS:
            return Plain(negative, magnitude, np.zeros_like(negative))
        most = np.uint64(((1 << 64) - 1) // 10**decimals)
        return Plain(negative, magnitude * _TENS[decimals], (magnitude <= most) & ~self.missing)

    def text(self, k: int) -> str:
        """See ``Cells``."""
        return "" if self.missing[k] else str(int(self.values[k]))


@dataclass(frozen=True, slots=True)
class Floats:
    """Cells of floating-point numbers of so many binary digits, at most 53; those that are missing are empty."""

    values: npt.NDArray[np.float64]
    missing: npt.NDArray[np.bool_]
    digits: int

    def plain(self, decimals: int) -> Plain:
        """See ``Cells``."""
        negative, size = np.signbit(self.values), np.abs(self.values)
        if decimals > _MOST_FLOAT_DIGITS:
            return Plain(negative, np.zeros(len(size), dtype=np.uint64), np.zeros_like(negative))
        # Below these bounds ``scaled`` and ``tens`` are exact, and their quotient is the double nearest to the decimal
        # number that they make.  No other number of so few digits is nearest to it, so this one is how it is written.
        tens = float(10**decimals)
        most = float(min(10**_MOST_FLOAT_DIGITS, 1 << self.digits))
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.rint(size * tens)
            known = (scaled < most) & (scaled / tens == size) & ~self.missing
        return Plain(negative, np.where(known, scaled, 0.0).astype(np.uint64), known)

    def text(self, k: int) -> str:
        """See ``Cells``."""
        return "" if self.missing[k] else written(float(self.values[k]))


def written(value: object) -> str:
    """Write a value as it would stand in a CSV file, None as an empty cell; floats by their shortest exact digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    return str(value)


def exact(text: str, digits: int | None, column: Column) -> int:
    """Return the integer that a cell stands for; ``Unfit`` says why it does not fit the column."""
    match = _NUMBER.fullmatch(text.strip(" \t"))
    if match is None:
        raise Unfit(f"{_shown(text)} is not a number" if text.strip() else "is empty")
    sign, whole, fraction = match.groups()
    fraction = (fraction or "").rstrip("0")
    if len(fraction) > column.decimals:
        raise Unfit(f"{_shown(text)} has {len(fraction)} decimals, the job declares {column.decimals}")
    if len(whole) > 1 and whole[0] == "0":
        raise Unfit(
            f"{_shown(text)} begins with a zero",
            f"as a number it is the same as {whole.lstrip('0') or '0'}; write it so if that is meant",
        )
    value = int(whole + fraction.ljust(column.decimals, "0"))
    if digits is not None and value >> digits:
        # Several numbers share this representation: identifiers that went through doubles come out as others.
        raise Unfit(
            f"{_shown(text)} is a floating-point number of {digits} binary digits, too few to be exact",
            "store the column as integers, decimals or text",
        )
    if sign == "-":
        value = -value
    if not column.low <= value <= column.high:
        low, high = (_scaled(end, column.decimals) for end in (column.low, column.high))
        raise Unfit(f"{_shown(text)} is outside [{low}, {high}]")
    return value


def _scaled(value: int, decimals: int) -> str:
    digits = str(abs(value)).rjust(decimals + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)


def _shown(text: str) -> str:
    return repr(brief(text))


def _numbers(
    octets: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    decimals: int,
) -> Plain:
    """Read blanks, a sign, digits, and digits after a point: no zeros before, and only zeros after the decimals."""
    if not len(octets):
        octets = np.zeros(1, dtype=np.uint8)  # Something to look at; all cells are empty.

    def at(places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        return octets.take(places, mode="clip")

    starts, ends = _without_blanks(at, starts, ends)
    first = at(starts)
    negative = (first == ord("-")) & (starts < ends)
    starts = starts + (negative | ((first == ord("+")) & (starts < ends)))
    lengths = ends - starts
    known = (lengths > 0) & (lengths <= _LONGEST)
    whole, fraction, points = np.zeros((3, len(starts)), dtype=np.int8)
    magnitude = np.zeros(len(starts), dtype=np.uint64)
    for k in range(min(int(lengths.max(initial=0)), _LONGEST)):
        places = starts + k
        inside, octet = places < ends, at(places)
        digit = octet - np.uint8(ord("0"))
        is_digit = inside & (digit <= 9)
        if is_digit.all() and not points.any():
            whole += 1
            magnitude = magnitude * _TENS[1] + digit
            continue
        is_point = inside & (octet == ord("."))
        points += is_point
        known &= is_digit | is_point | ~inside
        whole += is_digit & (points == 0)
        fraction += is_digit & (points > 0)
        counts = fraction <= decimals
        known &= counts | (digit == 0) | ~is_digit
        magnitude = np.where(is_digit & counts, magnitude * _TENS[1] + digit, magnitude)
    known &= (whole > 0) & (points <= 1) & ((points == 0) | (fraction > 0))
    known &= (whole == 1) | (at(starts) != ord("0"))
    known &= whole <= _MOST_DIGITS - decimals
    missing = np.clip(decimals - fraction.astype(np.int64), 0, _MOST_DIGITS)
    return Plain(negative, magnitude * _TENS[missing], known)


def _without_blanks(
    at: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Leave out spaces and tabs around cells, not more than a cell of ordinary length has."""
    for _ in range(_LONGEST):
        before, after = (
            (starts < ends) & ((octet == ord(" ")) | (octet == ord("\t")))
            for octet in (at(starts), at(ends - 1))
        )
        if not (before.any() or after.any()):
            break
        starts = starts + before
        ends = np.maximum(ends - after, starts)
    return starts, ends
