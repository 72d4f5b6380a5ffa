# SPDX-License-Identifier: Apache-2.0
"""The mathematical operations every backend offers, batched.

Two implementations exist, ``native`` (C11 through cffi) and ``pure`` (Python integers, numpy,
py_ecc).  For the same inputs both give the same results, and the same bytes wherever bytes leave
a backend; a session may mix them.

Representation
--------------
``FrArray``  a numpy array whose first axis counts field elements of Fr, the scalar field of
             BLS12-381.  *native*: ``uint64`` of shape ``(n, 4)``, Montgomery form with R = 2**256,
             little-endian limbs, always fully reduced.  *pure*: ``object`` of shape ``(n,)``,
             Python ints in [0, r).
``G1Array``  a numpy array whose first axis counts affine points of G1.  *native*: ``uint64`` of shape
             ``(n, 12)``, x then y, Montgomery form with R = 2**384; infinity is all zero.
             *pure*: ``object`` of shape ``(n, 2)``, Python ints; infinity is ``(0, 0)``.

Only indexing, slicing and concatenation along the first axis may be done on them directly (numpy does
these for both); everything else goes through a backend.  Functions never modify their arguments and
always return fresh C-contiguous arrays.  Scalars are Python ints; they are reduced modulo r on entry, and
those returned lie in [0, r).  Lengths that do not match raise ``ValueError``: they are programming errors.
Functions whose running time may depend on values say *variable time*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ._ring_protocol import Ring, RingParameters

__all__ = [
    "FR_BYTES",
    "FR_MODULUS",
    "G1_BYTES",
    "Backend",
    "BitArray",
    "Buffer",
    "FrArray",
    "G1Array",
    "IndexArray",
    "check_bits",
]

FR_MODULUS = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
FR_BYTES = 32
G1_BYTES = 48

FrArray: TypeAlias = npt.NDArray[Any]
G1Array: TypeAlias = npt.NDArray[Any]
IndexArray: TypeAlias = npt.NDArray[np.int64]
BitArray: TypeAlias = npt.NDArray[np.uint8]
Buffer: TypeAlias = bytes | bytearray | memoryview


def check_bits(bits: BitArray, n: int) -> BitArray:
    """Return ``bits`` in C order; ValueError unless they are bytes 0 or 1 of shape (m, n)."""
    if not isinstance(bits, np.ndarray) or bits.dtype != np.uint8 or bits.ndim != 2 or bits.shape[1] != n:
        found = f"{bits.dtype} {bits.shape}" if isinstance(bits, np.ndarray) else type(bits).__name__
        raise ValueError(f"bits: expected uint8 of shape (m, {n}), not {found}")
    if bits.max(initial=0) > 1:
        raise ValueError("bits: a byte is neither 0 nor 1")
    return np.ascontiguousarray(bits)


def check_seed(seed: bytes, nonce: bytes) -> None:
    """Raise ValueError unless these are as long as those of ChaCha20 (``spec/conventions.md``, "Hashes")."""
    if len(seed) != 32 or len(nonce) != 12:
        raise ValueError(f"a seed has 32 bytes and a nonce 12, not {len(seed)} and {len(nonce)}")


class Backend(Protocol):
    """See the module's docstring for the representation and the rules common to all operations."""

    @property
    def name(self) -> str:
        """``native`` or ``pure``."""

    @property
    def cpu(self) -> str:
        """The code path in use: ``portable``, ``adx``, ``ifma``, or ``python`` for the pure backend."""

    # ------------------------------------------------------------------ Fr: conversion
    def fr_zeros(self, n: int) -> FrArray:
        """Return n zeros."""

    def fr_from_ints(self, values: Sequence[int]) -> FrArray:
        """Reduce Python ints (any size, any sign) modulo r."""

    def fr_from_i64(self, values: npt.NDArray[np.int64]) -> FrArray:
        """Reduce signed 64-bit integers modulo r: the fast road for table columns."""

    def fr_to_ints(self, a: FrArray) -> list[int]:
        """Return canonical ints in [0, r)."""

    def fr_from_bytes(self, data: Buffer) -> FrArray:
        """Decode 32-byte little-endian canonical elements.

        Raises DecodeError with the offset of the first element >= r, or of a partial element at the end.
        """

    def fr_to_bytes(self, a: FrArray) -> bytes:
        """Encode as 32-byte little-endian canonical elements."""

    def fr_bits(self, a: FrArray, start: int, stop: int) -> FrArray:
        """Return the binary digits of the canonical ints from one place up to another, as zeros and ones.

        Place by place, in each the digits of all elements.
        """

    def fr_expand(self, seed: bytes, nonce: bytes, n: int, offset: int = 0) -> FrArray:
        """Expand a 32-byte seed into n elements: element k is block ``offset + k``.

        Block i is the 64-byte ChaCha20 block (RFC 8439) with key ``seed``, the 12-byte ``nonce`` and
        block counter i, read as a 512-bit little-endian integer and reduced modulo r (bias below 2**-256).
        ``offset + n`` must not exceed 2**32.
        """

    # ------------------------------------------------------------------ Fr: element-wise
    def fr_add(self, a: FrArray, b: FrArray) -> FrArray:
        """Return a + b."""

    def fr_sub(self, a: FrArray, b: FrArray) -> FrArray:
        """Return a - b."""

    def fr_neg(self, a: FrArray) -> FrArray:
        """Return -a."""

    def fr_mul(self, a: FrArray, b: FrArray) -> FrArray:
        """Return a * b, element-wise."""

    def fr_muladd(self, a: FrArray, b: FrArray, c: FrArray) -> FrArray:
        """Return a * b + c, element-wise."""

    def fr_scale(self, a: FrArray, s: int) -> FrArray:
        """Return s * a."""

    def fr_outer(self, a: FrArray, b: FrArray) -> FrArray:
        """Return a[i] * b[j] for all i and j, row-major: length len(a) * len(b)."""

    def fr_axpy(self, s: int, a: FrArray, b: FrArray) -> FrArray:
        """Return s * a + b."""

    def fr_inv(self, a: FrArray) -> FrArray:
        """Return the inverses (Montgomery's trick).  Raises ZeroDivisionError if any element is zero."""

    def fr_sqrt(self, a: FrArray) -> FrArray:
        """Return the smaller, as canonical ints, of the two square roots of each element; 0 for 0.

        Raises ValueError naming the first element that is no square.  Variable time: for public values.
        """

    def fr_powers(self, x: int, n: int, first: int = 1) -> FrArray:
        """Return ``first * x**k`` for k in 0..n-1."""

    def fr_equal(self, a: FrArray, b: FrArray) -> bool:
        """Whether a == b, in constant time in the native backend."""

    def fr_is_zero(self, a: FrArray) -> bool:
        """Whether every element is zero, in constant time in the native backend."""

    # ------------------------------------------------------------------ Fr: reductions and linear maps
    def fr_sum(self, a: FrArray) -> int:
        """Return the sum of all elements."""

    def fr_dot(self, a: FrArray, b: FrArray) -> int:
        """Return the inner product."""

    def fr_sum_axis(self, a: FrArray, outer: int, n: int, inner: int) -> FrArray:
        """View a as shape (outer, n, inner), row-major, and sum over the middle axis."""

    def fr_combine(self, rows: FrArray, weights: FrArray) -> FrArray:
        """View rows as a (len(weights), c) matrix, row-major, and return weights @ rows (length c)."""

    def fr_matvec(self, rows: FrArray, v: FrArray) -> FrArray:
        """View rows as a (m, len(v)) matrix, row-major, and return rows @ v (length m)."""

    def fr_scatter_add(self, a: FrArray, index: IndexArray, n: int) -> FrArray:
        """Return out of length n with out[index[k]] += a[k], starting from zeros."""

    def fr_ntt(self, a: FrArray, size: int, *, inverse: bool = False) -> FrArray:
        """Transform len(a)/size batches of ``size`` elements, size a power of two up to 2**32.

        Forward: coefficients to values at w**0, w**1, ..., natural order, where
        w = 7**((r-1)/size).  Inverse: back, including the factor 1/size.
        """

    # ------------------------------------------------------------------ G1
    def g1_from_bytes(self, data: Buffer) -> G1Array:
        """Decode 48-byte compressed points (Zcash/IETF), checking curve and subgroup.

        Raises DecodeError with the offset of the first bad point.  Variable time.
        """

    def g1_to_bytes(self, points: G1Array) -> bytes:
        """Encode as 48-byte compressed points (one shared inversion is not needed: points are affine)."""

    def g1_from_trusted_affine(self, data: Buffer) -> G1Array:
        """Decode 96-byte affine points: x then y, 48 bytes big-endian each, infinity all zero.

        Only for bytes that the caller has compared with a digest it trusts: coordinates below p and the
        curve's equation are checked, the subgroup is not.  Raises DecodeError with the offset of the first
        bad point.  Variable time.
        """

    def g1_to_affine(self, points: G1Array) -> bytes:
        """Encode as the 96-byte affine points that ``g1_from_trusted_affine`` reads."""

    def g1_identity(self, n: int) -> G1Array:
        """Return n points at infinity."""

    def g1_hash(self, messages: Sequence[bytes], dst: bytes) -> G1Array:
        """Hash messages to G1: RFC 9380 suite ``BLS12381G1_XMD:SHA-256_SSWU_RO_`` with the tag ``dst``.

        ``dst`` has 1 to 255 bytes; otherwise ValueError.  Variable time.
        """

    def g1_add(self, a: G1Array, b: G1Array) -> G1Array:
        """Return a + b, element-wise, complete (equal, opposite and infinite points included)."""

    def g1_neg(self, a: G1Array) -> G1Array:
        """Return -a."""

    def g1_equal(self, a: G1Array, b: G1Array) -> bool:
        """Whether a == b."""

    def g1_is_identity(self, a: G1Array) -> bool:
        """Whether every point is the point at infinity."""

    def g1_sum(self, a: G1Array) -> G1Array:
        """Return the sum of all points, as an array of one point."""

    def g1_mul(self, points: G1Array, scalars: FrArray) -> G1Array:
        """Return scalars[k] * points[k], element-wise."""

    def g1_msm(self, points: G1Array, scalars: FrArray) -> G1Array:
        """Return the sum of scalars[k] * points[k], as an array of one point.  Variable time."""

    def g1_msm_rows(self, points: G1Array, rows: FrArray) -> G1Array:
        """View rows as an (m, len(points)) matrix; return the m sums rows[i] * points.  Variable time."""

    def g1_subset_sums(self, points: G1Array, bits: BitArray) -> G1Array:
        """Return for each row of ``bits``, of shape (m, len(points)), the sum of the points whose bit is 1."""

    # ------------------------------------------------------------------ BGV
    def ring(self, parameters: RingParameters) -> Ring:
        """Return the ring operations for a parameter set; the same object for the same parameters."""
