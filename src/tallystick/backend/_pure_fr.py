# SPDX-License-Identifier: Apache-2.0
"""Fr on Python ints in numpy object arrays: the pure backend's field half."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from ..errors import DecodeError
from ._protocol import FR_BYTES, FR_MODULUS, Buffer, FrArray, IndexArray, check_seed

__all__ = ["PureFr", "check_fr", "fr_array", "pieces"]

R = FR_MODULUS
_GENERATOR = 7
_BLOCK = 64
_ODD = (R - 1) >> 32  # t, with r - 1 = 2**32 * t
_WINDOWS = 4


def fr_array(values: Sequence[int]) -> FrArray:
    """Return the object array of ints that are already in [0, r)."""
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def check_fr(*arrays: FrArray) -> None:
    """Refuse what is not an array of this backend, which numpy would compute on without a word."""
    for a in arrays:
        if not isinstance(a, np.ndarray) or a.dtype != object or a.ndim != 1:
            found = f"{a.dtype} {a.shape}" if isinstance(a, np.ndarray) else type(a).__name__
            raise ValueError(f"Fr: expected a pure array, object of shape (n,), not {found}")


def pieces(data: Buffer, size: int, what: str) -> Iterator[tuple[int, bytes]]:
    """Yield each piece of so many bytes with its offset; DecodeError where the last one is shorter."""
    raw = bytes(data)
    for at in range(0, len(raw), size):
        piece = raw[at : at + size]
        if len(piece) < size:
            raise DecodeError(f"{what} is cut short to {len(piece)} bytes", offset=at)
        yield at, piece


def _same_length(*arrays: FrArray) -> None:
    check_fr(*arrays)
    if len({len(a) for a in arrays}) > 1:
        raise ValueError(f"lengths differ: {', '.join(str(len(a)) for a in arrays)}")


def _reduced(a: npt.NDArray[Any]) -> FrArray:
    out: FrArray = a % R
    return out


class PureFr:
    """The Fr operations of ``Backend``; the contracts are in ``_protocol``."""

    # ------------------------------------------------------------------ conversion
    def fr_zeros(self, n: int) -> FrArray:
        return np.full(n, 0, dtype=object)

    def fr_from_ints(self, values: Sequence[int]) -> FrArray:
        return fr_array([operator.index(v) % R for v in values])

    def fr_from_i64(self, values: npt.NDArray[np.int64]) -> FrArray:
        return fr_array([v % R for v in np.asarray(values, dtype=np.int64).ravel().tolist()])

    def fr_to_ints(self, a: FrArray) -> list[int]:
        check_fr(a)
        ints: list[int] = a.tolist()
        return ints

    def fr_from_bytes(self, data: Buffer) -> FrArray:
        out = []
        for at, piece in pieces(data, FR_BYTES, "a field element"):
            value = int.from_bytes(piece, "little")
            if value >= R:
                raise DecodeError("a field element is not below the field's order", offset=at)
            out.append(value)
        return fr_array(out)

    def fr_to_bytes(self, a: FrArray) -> bytes:
        return b"".join(v.to_bytes(FR_BYTES, "little") for v in self.fr_to_ints(a))

    def fr_bits(self, a: FrArray, start: int, stop: int) -> FrArray:
        values = self.fr_to_ints(a)
        return fr_array([v >> i & 1 for i in range(start, stop) for v in values])

    def fr_expand(self, seed: bytes, nonce: bytes, n: int, offset: int = 0) -> FrArray:
        check_seed(seed, nonce)
        if n < 0 or offset < 0 or offset + n > 1 << 32:
            raise ValueError(f"blocks {offset} to {offset + n} do not fit a 32-bit counter")
        if n == 0:
            return self.fr_zeros(0)
        # The library takes the initial counter and the nonce as one 16-byte value.
        cipher = Cipher(algorithms.ChaCha20(seed, offset.to_bytes(4, "little") + nonce), mode=None)
        stream = cipher.encryptor().update(bytes(_BLOCK * n))
        return fr_array(
            [int.from_bytes(stream[at : at + _BLOCK], "little") % R for at in range(0, _BLOCK * n, _BLOCK)]
        )

    # ------------------------------------------------------------------ element-wise
    def fr_add(self, a: FrArray, b: FrArray) -> FrArray:
        _same_length(a, b)
        return _reduced(a + b)

    def fr_sub(self, a: FrArray, b: FrArray) -> FrArray:
        _same_length(a, b)
        return _reduced(a - b)

    def fr_neg(self, a: FrArray) -> FrArray:
        check_fr(a)
        return _reduced(-a)

    def fr_mul(self, a: FrArray, b: FrArray) -> FrArray:
        _same_length(a, b)
        return _reduced(a * b)

    def fr_muladd(self, a: FrArray, b: FrArray, c: FrArray) -> FrArray:
        _same_length(a, b, c)
        return _reduced(a * b + c)

    def fr_scale(self, a: FrArray, s: int) -> FrArray:
        check_fr(a)
        return _reduced(a * (s % R))

    def fr_outer(self, a: FrArray, b: FrArray) -> FrArray:
        check_fr(a)
        check_fr(b)
        return _reduced(np.multiply.outer(a, b).reshape(-1))

    def fr_axpy(self, s: int, a: FrArray, b: FrArray) -> FrArray:
        _same_length(a, b)
        return _reduced(a * (s % R) + b)

    def fr_inv(self, a: FrArray) -> FrArray:
        """Return the inverses, by Montgomery's trick: three products an element and one inversion."""
        values = self.fr_to_ints(a)
        if 0 in values:
            raise ZeroDivisionError(f"element {values.index(0)} is zero and has no inverse")
        prefix = list(accumulate(values, lambda u, v: u * v % R, initial=1))
        inverse = pow(prefix[-1], -1, R)
        for k in range(len(values) - 1, -1, -1):
            value = values[k]
            values[k] = inverse * prefix[k] % R
            inverse = inverse * value % R
        return fr_array(values)

    def fr_sqrt(self, a: FrArray) -> FrArray:
        return fr_array([_square_root(k, v) for k, v in enumerate(self.fr_to_ints(a))])

    def fr_powers(self, x: int, n: int, first: int = 1) -> FrArray:
        x %= R
        if n == 0:
            return self.fr_zeros(0)
        if n < 0:
            raise ValueError(f"the length is negative: {n}")
        return fr_array(list(accumulate(repeat(x, n - 1), lambda u, v: u * v % R, initial=first % R)))

    def fr_equal(self, a: FrArray, b: FrArray) -> bool:
        _same_length(a, b)
        return bool(a.tolist() == b.tolist())

    def fr_is_zero(self, a: FrArray) -> bool:
        return not any(self.fr_to_ints(a))

    # ------------------------------------------------------------------ reductions and linear maps
    def fr_sum(self, a: FrArray) -> int:
        return sum(self.fr_to_ints(a)) % R

    def fr_dot(self, a: FrArray, b: FrArray) -> int:
        _same_length(a, b)
        return sum(u * v for u, v in zip(self.fr_to_ints(a), self.fr_to_ints(b), strict=True)) % R

    def fr_sum_axis(self, a: FrArray, outer: int, n: int, inner: int) -> FrArray:
        check_fr(a)
        if min(outer, n, inner) < 0 or len(a) != outer * n * inner:
            raise ValueError(f"{len(a)} elements are not {outer} x {n} x {inner}")
        if n == 0:
            return self.fr_zeros(outer * inner)
        return _reduced(a.reshape(outer, n, inner).sum(axis=1).reshape(-1))

    def fr_combine(self, rows: FrArray, weights: FrArray) -> FrArray:
        columns = _other_side(rows, weights)
        if columns == 0:
            return self.fr_zeros(0)
        return _reduced(np.dot(weights, rows.reshape(len(weights), columns)))

    def fr_matvec(self, rows: FrArray, v: FrArray) -> FrArray:
        m = _other_side(rows, v)
        if m == 0:
            return self.fr_zeros(0)
        return _reduced(np.dot(rows.reshape(m, len(v)), v))

    def fr_scatter_add(self, a: FrArray, index: IndexArray, n: int) -> FrArray:
        check_fr(a)
        if len(a) != len(index) or n < 0:
            raise ValueError(f"{len(a)} elements and {len(index)} indices do not scatter into {n}")
        out = [0] * n
        for at, value in zip(np.asarray(index, dtype=np.int64).tolist(), self.fr_to_ints(a), strict=True):
            if not 0 <= at < n:
                raise IndexError(f"index {at} lies outside [0, {n})")
            out[at] += value
        return _reduced(fr_array(out))

    def fr_ntt(self, a: FrArray, size: int, *, inverse: bool = False) -> FrArray:
        """Transform batches of ``size`` elements: decimation in time, all batches in one pass a stage."""
        check_fr(a)
        if size < 1 or size & (size - 1) or size > 1 << 32:
            raise ValueError(f"a transform's size is a power of two up to 2**32, not {size}")
        if len(a) % size:
            raise ValueError(f"{len(a)} elements are not a whole number of batches of {size}")
        root = pow(_GENERATOR, (R - 1) // size, R)
        roots = self.fr_powers(pow(root, -1, R) if inverse else root, size // 2)
        out = a.reshape(-1, size)[:, _bit_reversal(size)]
        half = 1
        while half < size:
            pairs = out.reshape(-1, 2, half)
            top, low = pairs[:, 0, :], pairs[:, 1, :] * roots[:: size // (2 * half)] % R
            # Sums stay unreduced: each stage adds at most r in absolute value, which Python ints take.
            out = np.stack((top + low, top - low), axis=1)
            half *= 2
        return _reduced(out.reshape(-1) * pow(size, -1, R) if inverse else out.reshape(-1))


@cache
def _root_tables() -> tuple[list[list[int]], dict[int, int]]:
    """For g = 7**t of order 2**32: g**(-256**k * j) for k < 4 and j < 256, and j by g**(2**24 * j)."""
    g = pow(_GENERATOR, _ODD, R)
    powers = [[pow(g, -(256**k) * j, R) for j in range(256)] for k in range(_WINDOWS)]
    return powers, {pow(g, j << 24, R): j for j in range(256)}


def _square_root(k: int, a: int) -> int:
    """Return the smaller root of element number k: Tonelli and Shanks, logarithms by windows of eight bits."""
    powers, logs = _root_tables()
    half = pow(a, (_ODD - 1) // 2, R)
    root = a * half % R
    u = root * half % R  # a**t = g**e; root**2 = a * u, so a root is root * g**(-e/2) if e is even.
    if u == 0:
        return 0
    e = 0
    for i in range(_WINDOWS):
        top = pow(u, 1 << 8 * (_WINDOWS - 1 - i), R)
        for j in range(i):
            top = top * powers[_WINDOWS - 1 - i + j][e >> 8 * j & 255] % R
        e |= logs[top] << 8 * i
    if e & 1:
        raise ValueError(f"element {k} is not a square")
    for j in range(_WINDOWS):
        root = root * powers[j][e >> 1 >> 8 * j & 255] % R
    return min(root, R - root)


def _other_side(rows: FrArray, vector: FrArray) -> int:
    """Return the other dimension of a row-major matrix that has len(vector) on one side."""
    check_fr(rows, vector)
    if len(vector) == 0:
        if len(rows):
            raise ValueError(f"{len(rows)} elements do not form a matrix with a side of length 0")
        return 0
    side, rest = divmod(len(rows), len(vector))
    if rest:
        raise ValueError(f"{len(rows)} elements do not form a matrix with a side of length {len(vector)}")
    return side


def _bit_reversal(size: int) -> npt.NDArray[np.int64]:
    """Return the permutation that reverses the log2(size) bits of an index."""
    out = np.zeros(1, dtype=np.int64)
    while len(out) < size:
        out = np.concatenate((2 * out, 2 * out + 1))
    return out
