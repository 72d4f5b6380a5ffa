# SPDX-License-Identifier: Apache-2.0
"""Columns of integers as words, on which numpy takes the same time whatever they are; Python's integers do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..backend import Backend, BitArray

__all__ = ["Column", "Words", "at_least", "low_bits", "minus", "to_vector", "to_words"]

Words: TypeAlias = npt.NDArray[np.uint64]
"""n integers in two's complement of 256 bits: shape (4, n), lowest word first."""

Column: TypeAlias = Sequence[int] | Words

_WORDS = 4
_SIGN = np.uint64(63)


def to_words(column: Column) -> Words:
    """Return integers in [-2**255, 2**255) as words; words stay what they are.  OverflowError beyond that."""
    if isinstance(column, np.ndarray):
        return column
    data = b"".join(value.to_bytes(8 * _WORDS, "little", signed=True) for value in column)
    return np.ascontiguousarray(np.frombuffer(data, dtype="<u8").reshape(-1, _WORDS).T)


def minus(a: Words | int, b: Words | int) -> Words:
    """Return a - b modulo 2**256."""
    left, right = (to_words([x]) if isinstance(x, int) else x for x in (a, b))
    out: Words = np.empty(np.broadcast_shapes(left.shape, right.shape), dtype=np.uint64)
    borrow = np.zeros(out[0].shape, dtype=np.uint64)
    for word, x, y in zip(out, left, right, strict=True):
        difference = x - y
        np.subtract(difference, borrow, out=word)
        borrow = ((x < y) | (difference < borrow)).astype(np.uint64)
    return out


def at_least(a: Words, bound: int) -> npt.NDArray[np.uint64]:
    """Return 1 where a >= bound, else 0, of shape (n,); a - bound must lie in [-2**255, 2**255)."""
    sign: npt.NDArray[np.uint64] = minus(a, bound)[-1] >> _SIGN
    return sign ^ np.uint64(1)


def low_bits(a: Words, k: int) -> BitArray:
    """Return the lowest k bits of each, lowest first, of shape (n, k)."""
    octets = np.ascontiguousarray(a.T.astype("<u8", copy=False)).view(np.uint8)
    return np.unpackbits(octets[:, : -(-k // 8)], axis=1, bitorder="little")[:, :k]


def to_vector(backend: Backend, a: Words) -> Vector:
    """Return the integers as elements of Fr; DecodeError if one is not below r in absolute value."""
    negative = a[-1] >> _SIGN
    mask = np.broadcast_to(np.uint64(0) - negative, a.shape)
    magnitude = minus(a ^ mask, mask)
    signs = 1 - 2 * negative.astype(np.int64)
    return Vector.from_bytes(backend, magnitude.T.astype("<u8").tobytes()) * Vector.from_i64(backend, signs)
