# SPDX-License-Identifier: Apache-2.0
"""A backend whose vectors are only lengths: protocols that run on it do everything but compute.

Arrays have as many rows as there are elements, and no columns, so that numpy cuts and joins them without touching
memory.  Whatever is read from them is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..algebra import Generators, Points, Random, Vector
from ..backend import (
    FR_BYTES,
    G1_BYTES,
    Backend,
    BitArray,
    Buffer,
    FrArray,
    G1Array,
    IndexArray,
    Ring,
    RingParameters,
)

__all__ = ["LENGTHS", "NoGenerators", "NoRandom"]


@lru_cache(maxsize=1 << 14)
def _of(n: int) -> FrArray:
    return np.empty((n, 0), dtype=np.uint8)


def _same(a: FrArray, b: FrArray) -> FrArray:
    if a.shape != b.shape:
        raise ValueError(f"lengths differ: {len(a)} and {len(b)}")
    return a


def _cut(a: FrArray, n: int) -> FrArray:
    """Return one row for every n of an array."""
    if len(a) % n:
        raise ValueError(f"{len(a)} elements are no rows of {n}")
    return _of(len(a) // n)


class _Lengths:
    """See ``Backend``; a length that does not fit raises ValueError, as everywhere."""

    name = "lengths"
    cpu = "none"

    def fr_zeros(self, n: int) -> FrArray:
        return _of(n)

    def fr_powers(self, x: int, n: int, first: int = 1) -> FrArray:
        return _of(n)

    def fr_expand(self, seed: bytes, nonce: bytes, n: int, offset: int = 0) -> FrArray:
        return _of(n)

    def fr_from_ints(self, values: Sequence[int]) -> FrArray:
        return _of(len(values))

    def fr_from_i64(self, values: npt.NDArray[np.int64]) -> FrArray:
        return _of(len(values))

    def fr_from_bytes(self, data: Buffer) -> FrArray:
        return _of(len(data) // FR_BYTES)

    def fr_to_ints(self, a: FrArray) -> list[int]:
        return [0] * len(a)

    def fr_to_bytes(self, a: FrArray) -> bytes:
        return bytes(FR_BYTES * len(a))

    def fr_bits(self, a: FrArray, start: int, stop: int) -> FrArray:
        return _of(len(a) * (stop - start))

    def fr_neg(self, a: FrArray) -> FrArray:
        return a

    fr_inv = fr_sqrt = g1_neg = fr_neg

    def fr_add(self, a: FrArray, b: FrArray) -> FrArray:
        return _same(a, b)

    fr_sub = fr_mul = g1_add = fr_add

    def fr_muladd(self, a: FrArray, b: FrArray, c: FrArray) -> FrArray:
        return _same(_same(a, b), c)

    def fr_scale(self, a: FrArray, s: int) -> FrArray:
        return a

    def fr_axpy(self, s: int, a: FrArray, b: FrArray) -> FrArray:
        return _same(a, b)

    def fr_outer(self, a: FrArray, b: FrArray) -> FrArray:
        return _of(len(a) * len(b))

    def fr_is_zero(self, a: FrArray) -> bool:
        return True

    g1_is_identity = fr_is_zero

    def fr_equal(self, a: FrArray, b: FrArray) -> bool:
        return _same(a, b) is a

    g1_equal = fr_equal

    def fr_sum(self, a: FrArray) -> int:
        return 0

    def fr_dot(self, a: FrArray, b: FrArray) -> int:
        _same(a, b)
        return 0

    def fr_sum_axis(self, a: FrArray, outer: int, n: int, inner: int) -> FrArray:
        _same(a, _of(outer * n * inner))
        return _of(outer * inner)

    def fr_combine(self, rows: FrArray, weights: FrArray) -> FrArray:
        return _cut(rows, len(weights))

    def fr_matvec(self, rows: FrArray, v: FrArray) -> FrArray:
        return _cut(rows, len(v))

    def fr_scatter_add(self, a: FrArray, index: IndexArray, n: int) -> FrArray:
        return _of(n)

    def fr_ntt(self, a: FrArray, size: int, *, inverse: bool = False) -> FrArray:
        _cut(a, size)
        return a

    def g1_identity(self, n: int) -> G1Array:
        return _of(n)

    def g1_hash(self, messages: Sequence[bytes], dst: bytes) -> G1Array:
        return _of(len(messages))

    def g1_from_bytes(self, data: Buffer) -> G1Array:
        return _of(len(data) // G1_BYTES)

    def g1_to_bytes(self, points: G1Array) -> bytes:
        return bytes(G1_BYTES * len(points))

    def g1_from_trusted_affine(self, data: Buffer) -> G1Array:
        return _of(len(data) // (2 * G1_BYTES))

    def g1_to_affine(self, points: G1Array) -> bytes:
        return bytes(2 * G1_BYTES * len(points))

    def g1_sum(self, a: G1Array) -> G1Array:
        return _of(1)

    def g1_mul(self, points: G1Array, scalars: FrArray) -> G1Array:
        return _same(points, scalars)

    def g1_msm(self, points: G1Array, scalars: FrArray) -> G1Array:
        _same(points, scalars)
        return _of(1)

    def g1_msm_rows(self, points: G1Array, rows: FrArray) -> G1Array:
        return _cut(rows, len(points))

    def g1_subset_sums(self, points: G1Array, bits: BitArray) -> G1Array:
        return _of(len(bits))

    def ring(self, parameters: RingParameters) -> Ring:
        raise NotImplementedError("what the offline phase sends follows from the ring's parameters")


LENGTHS: Backend = _Lengths()


class NoRandom(Random):
    """Draws zeros, as many as are asked for."""

    def __init__(self) -> None:
        super().__init__(bytes(32))

    def bytes(self, n: int) -> bytes:
        return bytes(n)

    def below(self, backend: Backend, bits: int, n: int) -> Vector:
        return Vector.zeros(backend, n)


class NoGenerators(Generators):
    """As many generators as are asked for, which need not be hashed."""

    def __post_init__(self) -> None:
        for name, n in (("g", self.count), ("h", 1), ("q", 1)):
            object.__setattr__(self, name, Points.identity(self.backend, n))
