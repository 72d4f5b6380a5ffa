# SPDX-License-Identifier: Apache-2.0
"""Columns of integers as words, on which numpy takes the same time whatever they are; Python's integers do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..backend import FR_BYTES, Backend, BitArray

__all__ = [
    "Column",
    "Words",
    "at_least",
    "constant",
    "extended",
    "low_bits",
    "minus",
    "to_ints",
    "to_vector",
    "to_words",
    "words_for",
]

Words: TypeAlias = npt.NDArray[np.uint64]
"""n integers in two's complement of 64 w bits: shape (w, n), lowest word first, w from 1 to 4."""

Column: TypeAlias = Sequence[int] | Words

_BITS: Final = 64
_MOST: Final = 4
_SIGN = np.uint64(_BITS - 1)


def words_for(low: int, high: int) -> int:
    """Return the fewest words in which all of [low, high] and all differences of two of them can be written.

    OverflowError if that is more than 4.
    """
    bits = max((end if end >= 0 else ~end).bit_length() for end in (low, high, high - low))
    words = bits // _BITS + 1
    if words > _MOST:
        raise OverflowError(f"the interval [{low}, {high}] does not fit {_BITS * _MOST} bits")
    return words


def to_words(column: Column) -> Words:
    """Return integers in [-2**255, 2**255) as 4 words each; words stay what they are.  OverflowError beyond that."""
    if isinstance(column, np.ndarray):
        return column
    data = b"".join(value.to_bytes(8 * _MOST, "little", signed=True) for value in column)
    return np.ascontiguousarray(np.frombuffer(data, dtype="<u8").reshape(-1, _MOST).T, dtype=np.uint64)


def to_ints(a: Words) -> list[int]:
    """Return words as integers."""
    data, size = _octets(a).tobytes(), 8 * len(a)
    return [int.from_bytes(data[i : i + size], "little", signed=True) for i in range(0, len(data), size)]


def extended(a: Words, words: int) -> Words:
    """Return the same integers in at least so many words."""
    if len(a) >= words:
        return a
    sign = np.uint64(0) - (a[-1] >> _SIGN)
    return np.concatenate([a, np.broadcast_to(sign, (words - len(a), *sign.shape))])


def constant(value: int, words: int) -> Words:
    """Return an integer modulo 2**(64 words), of shape (words, 1)."""
    parts = [value >> (_BITS * i) & ((1 << _BITS) - 1) for i in range(words)]
    return np.array(parts, dtype=np.uint64)[:, None]


def minus(a: Words | int, b: Words | int) -> Words:
    """Return a - b modulo 2**(64 w); w is the longer operand's, of which an int has as many as the other."""
    w = max(len(x) for x in (a, b) if not isinstance(x, int))
    left, right = (constant(x, w) if isinstance(x, int) else extended(x, w) for x in (a, b))
    out: Words = np.empty(np.broadcast_shapes(left.shape, right.shape), dtype=np.uint64)
    borrow = np.zeros(out[0].shape, dtype=np.uint64)
    for word, x, y in zip(out, left, right, strict=True):
        difference = x - y
        np.subtract(difference, borrow, out=word)
        borrow = ((x < y) | (difference < borrow)).astype(np.uint64)
    return out


def at_least(a: Words, bound: int) -> npt.NDArray[np.uint64]:
    """Return 1 where a >= bound, else 0, of shape (n,); a - bound must fit a's words."""
    sign: npt.NDArray[np.uint64] = minus(a, bound)[-1] >> _SIGN
    return sign ^ np.uint64(1)


def low_bits(a: Words, k: int) -> BitArray:
    """Return the lowest k bits of each, lowest first, of shape (n, k); k is at most 64 w."""
    return np.unpackbits(_octets(a)[:, : -(-k // 8)], axis=1, bitorder="little")[:, :k]


def to_vector(backend: Backend, a: Words) -> Vector:
    """Return the integers as elements of Fr; DecodeError if one is not below r in absolute value."""
    if len(a) == 1:
        return Vector.from_i64(backend, a[0].view(np.int64))
    negative = a[-1] >> _SIGN
    mask = np.broadcast_to(np.uint64(0) - negative, a.shape)
    magnitude = np.zeros((FR_BYTES // 8, a.shape[1]), dtype=np.uint64)
    magnitude[: len(a)] = minus(a ^ mask, mask)
    signs = 1 - 2 * negative.astype(np.int64)
    return Vector.from_bytes(backend, _octets(magnitude).tobytes()) * Vector.from_i64(backend, signs)


def _octets(a: Words) -> npt.NDArray[np.uint8]:
    """Return the bytes of each integer, lowest first, of shape (n, 8 w)."""
    return np.ascontiguousarray(a.T, dtype="<u8").view(np.uint8)
