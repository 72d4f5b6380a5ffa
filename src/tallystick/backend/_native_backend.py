# SPDX-License-Identifier: Apache-2.0
"""The native backend: the C core behind the ``Backend`` protocol.

Shapes, types, lengths and contiguity are checked here, once per call, because the core trusts what it
is given; cffi releases the interpreter lock while the core runs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BackendError, DecodeError
from ._memory import keep_long_vectors
from ._native import ffi, lib
from ._native_ring import NativeRing
from ._protocol import (
    FR_BYTES,
    FR_MODULUS,
    G1_BYTES,
    Backend,
    BitArray,
    Buffer,
    FrArray,
    G1Array,
    IndexArray,
    check_bits,
    check_seed,
)
from ._ring_protocol import Ring, RingParameters

__all__ = ["NativeBackend"]

_VARIABLE = "TALLYSTICK_CPU"
_FR_LIMBS = 4
_G1_LIMBS = 12
_MAX_DST = 255
_AFFINE_BYTES = 2 * G1_BYTES
_FR_R = (1 << 256) % FR_MODULUS
_FR_R_INV = pow(_FR_R, -1, FR_MODULUS)
_MAX_NTT = 1 << 32
_LONG = 1 << 16  # elements
_LINE = 8  # words of a cache line
_POINT_FAULTS = {
    lib.TS_ERR_ENCODING: "a point's flags are wrong, or a coordinate is not below the field's order",
    lib.TS_ERR_CURVE: "not a point of the curve",
    lib.TS_ERR_SUBGROUP: "a point lies outside the group of prime order",
}


def _array(a: npt.NDArray[Any], limbs: int, what: str) -> npt.NDArray[np.uint64]:
    """Return ``a`` as the C-contiguous ``uint64`` array of shape (n, limbs) that the core reads."""
    if not isinstance(a, np.ndarray) or a.dtype != np.uint64 or a.ndim != 2 or a.shape[1] != limbs:
        found = f"{a.dtype} {a.shape}" if isinstance(a, np.ndarray) else type(a).__name__
        raise ValueError(f"{what}: expected a native array, uint64 of shape (n, {limbs}), not {found}")
    # Checked by hand first: np.require takes longer than a short vector's arithmetic.
    return a if a.flags.carray else np.require(a, requirements=["C", "A"])


def _same_length(*arrays: npt.NDArray[Any]) -> int:
    """Return the common length; ValueError if there is none."""
    n = len(arrays[0])
    for other in arrays[1:]:
        if len(other) != n:
            raise ValueError(f"lengths differ: {', '.join(str(len(a)) for a in arrays)}")
    return n


def _other_side(rows: npt.NDArray[Any], side: int) -> int:
    """Return the other dimension of a row-major matrix that has ``side`` on one side."""
    if len(rows) % side if side else len(rows):
        raise ValueError(f"{len(rows)} elements do not form a matrix with a side of length {side}")
    return len(rows) // side if side else 0


def _count(n: int, what: str) -> int:
    """Return ``n``, or raise ValueError if it is negative."""
    if n < 0:
        raise ValueError(f"{what} is negative: {n}")
    return n


def _fr_in(a: npt.NDArray[np.uint64]) -> Any:
    return ffi.from_buffer("const ts_fr[]", a)


def _fr_out(a: npt.NDArray[np.uint64]) -> Any:
    return ffi.from_buffer("ts_fr[]", a, require_writable=True)


def _octets(data: Buffer) -> npt.NDArray[np.uint8]:
    """View bytes from outside without a memoryview in the frame that refuses them.

    Before 3.11.9 and 3.12.3 CPython's collector can crash on a memoryview that it finds in a reference cycle,
    such as an exception and its traceback's frames (gh-77894).
    """
    return np.frombuffer(data, dtype=np.uint8)


def _octets_out(a: npt.NDArray[np.uint8]) -> Any:
    return ffi.from_buffer("uint8_t[]", a, require_writable=True)


def _fr(a: FrArray) -> npt.NDArray[np.uint64]:
    return _array(a, _FR_LIMBS, "Fr")


def _new_fr(n: int) -> npt.NDArray[np.uint64]:
    if n < _LONG:
        return np.empty((n, _FR_LIMBS), dtype=np.uint64)
    keep_long_vectors()
    # The core writes long results past the cache in whole lines, if they begin with one.
    spare = np.empty(n * _FR_LIMBS + _LINE, dtype=np.uint64)
    start = -(spare.ctypes.data // 8) % _LINE
    return spare[start : start + n * _FR_LIMBS].reshape(n, _FR_LIMBS)


def _scalar(value: int) -> npt.NDArray[np.uint64]:
    """Return one element, from a Python int: in Montgomery form, the one form the core knows."""
    data = (value % FR_MODULUS * _FR_R % FR_MODULUS).to_bytes(FR_BYTES, "little")
    return np.frombuffer(data, dtype="<u8").reshape(1, _FR_LIMBS)


def _int(element: npt.NDArray[np.uint64]) -> int:
    """Return the canonical int of an array of one element."""
    return int.from_bytes(element.tobytes(), "little") * _FR_R_INV % FR_MODULUS


def _g1_in(a: npt.NDArray[np.uint64]) -> Any:
    return ffi.from_buffer("const ts_g1[]", a)


def _g1_out(a: npt.NDArray[np.uint64]) -> Any:
    return ffi.from_buffer("ts_g1[]", a, require_writable=True)


def _g1(a: G1Array) -> npt.NDArray[np.uint64]:
    return _array(a, _G1_LIMBS, "G1")


def _new_g1(n: int) -> npt.NDArray[np.uint64]:
    if n >= _LONG:
        keep_long_vectors()
    return np.empty((n, _G1_LIMBS), dtype=np.uint64)


def _select_cpu(name: str) -> Any:
    """Return the code path called ``name``, or the fastest if it is empty; BackendError if there is none."""
    out = ffi.new("const ts_cpu **")
    code = lib.ts_cpu_select(out, name.encode("ascii", "replace"))
    if code == lib.TS_ERR_NAME:
        raise BackendError(
            f"the native core has no code path called {name!r}", hint="choose portable, adx or ifma"
        )
    if code == lib.TS_ERR_CPU:
        raise BackendError(
            f"this processor cannot run the native core's code path {name!r}",
            hint=f"unset {_VARIABLE} to have the fastest path chosen",
        )
    return out[0]


class NativeBackend(Backend):
    """Implements ``Backend``, which says what each operation does, on the C core.

    ``cpu`` names the code path (``portable``, ``adx``, ``ifma``); without it the environment variable
    ``TALLYSTICK_CPU`` decides, and without that the fastest path of this processor is used.
    Raises BackendError for an unknown path and for one this processor cannot run.
    """

    def __init__(self, cpu: str | None = None) -> None:
        self._cpu = _select_cpu(os.environ.get(_VARIABLE, "") if cpu is None else cpu)
        self._roots = ffi.new("ts_fr_roots *")
        lib.ts_fr_roots_table(self._cpu, self._roots)
        self._twiddles = _new_fr(0)
        self._rings: dict[RingParameters, Ring] = {}

    @property
    def name(self) -> str:
        return "native"

    @property
    def cpu(self) -> str:
        return bytes(ffi.string(lib.ts_cpu_name(self._cpu))).decode("ascii")

    def __repr__(self) -> str:
        return f"NativeBackend(cpu={self.cpu!r})"

    # ------------------------------------------------------------------ Fr: conversion
    def fr_zeros(self, n: int) -> FrArray:
        return np.zeros((_count(n, "the number of elements"), _FR_LIMBS), dtype=np.uint64)

    def fr_from_ints(self, values: Sequence[int]) -> FrArray:
        return self.fr_from_bytes(b"".join([(v % FR_MODULUS).to_bytes(FR_BYTES, "little") for v in values]))

    def fr_from_i64(self, values: npt.NDArray[np.int64]) -> FrArray:
        if values.ndim != 1 or values.dtype != np.int64:
            raise ValueError(f"expected int64 of shape (n,), not {values.dtype} {values.shape}")
        source = np.require(values, requirements=["C", "A"])
        out = _new_fr(len(source))
        lib.ts_fr_vec_from_i64(self._cpu, _fr_out(out), ffi.from_buffer("int64_t[]", source), len(source))
        return out

    def fr_to_ints(self, a: FrArray) -> list[int]:
        data = self.fr_to_bytes(a)
        return [int.from_bytes(data[i : i + FR_BYTES], "little") for i in range(0, len(data), FR_BYTES)]

    def fr_from_bytes(self, data: Buffer) -> FrArray:
        view = _octets(data)
        whole = len(view) - len(view) % FR_BYTES
        out = _new_fr(whole // FR_BYTES)
        bad = ffi.new("size_t *")
        source = ffi.from_buffer("uint8_t[]", view)
        if lib.ts_fr_vec_from_bytes(self._cpu, _fr_out(out), bad, source, len(out)) != lib.TS_OK:
            raise DecodeError("a field element is not below the field's order", offset=bad[0] * FR_BYTES)
        if whole != len(view):
            raise DecodeError(f"a field element is cut short to {len(view) - whole} bytes", offset=whole)
        return out

    def fr_to_bytes(self, a: FrArray) -> bytes:
        a = _fr(a)
        out = np.empty(len(a) * FR_BYTES, dtype=np.uint8)
        lib.ts_fr_vec_to_bytes(self._cpu, _octets_out(out), _fr_in(a), len(a))
        return out.tobytes()

    def fr_bits(self, a: FrArray, start: int, stop: int) -> FrArray:
        octets = np.frombuffer(self.fr_to_bytes(a), dtype=np.uint8).reshape(-1, FR_BYTES)
        first = start // 8
        digits = np.unpackbits(octets[:, first : -(-stop // 8)], axis=1, bitorder="little")
        chosen = digits[:, start - 8 * first : stop - 8 * first]
        return self.fr_from_i64(chosen.T.reshape(-1).astype(np.int64))

    def fr_expand(self, seed: bytes, nonce: bytes, n: int, offset: int = 0) -> FrArray:
        check_seed(seed, nonce)
        if n < 0 or offset < 0 or offset + n > 1 << 32:
            raise ValueError(f"blocks {offset} to {offset + n} are not within 0 to 2**32")
        out = _new_fr(n)
        code = lib.ts_fr_vec_expand(self._cpu, _fr_out(out), n, seed, nonce, offset)
        if code != lib.TS_OK:
            raise BackendError(f"the native core refused to expand a seed (code {code})")
        return out

    # ------------------------------------------------------------------ Fr: element-wise
    def _map(self, function: Any, *arrays: FrArray, scalar: int | None = None) -> FrArray:
        """Apply an element-wise function of the core to arrays of one length, and to a scalar before them."""
        checked = [_fr(a) for a in arrays]
        out = _new_fr(_same_length(*checked))
        before = () if scalar is None else (_fr_in(_scalar(scalar)),)
        function(self._cpu, _fr_out(out), *before, *[_fr_in(a) for a in checked], len(out))
        return out

    def fr_add(self, a: FrArray, b: FrArray) -> FrArray:
        return self._map(lib.ts_fr_vec_add, a, b)

    def fr_sub(self, a: FrArray, b: FrArray) -> FrArray:
        return self._map(lib.ts_fr_vec_sub, a, b)

    def fr_neg(self, a: FrArray) -> FrArray:
        return self._map(lib.ts_fr_vec_neg, a)

    def fr_mul(self, a: FrArray, b: FrArray) -> FrArray:
        return self._map(lib.ts_fr_vec_mul, a, b)

    def fr_muladd(self, a: FrArray, b: FrArray, c: FrArray) -> FrArray:
        return self._map(lib.ts_fr_vec_muladd, a, b, c)

    def fr_scale(self, a: FrArray, s: int) -> FrArray:
        return self._map(lib.ts_fr_vec_scale, a, scalar=s)

    def fr_outer(self, a: FrArray, b: FrArray) -> FrArray:
        a, b = _fr(a), _fr(b)
        out = _new_fr(len(a) * len(b))
        lib.ts_fr_vec_outer(self._cpu, _fr_out(out), _fr_in(a), len(a), _fr_in(b), len(b))
        return out

    def fr_axpy(self, s: int, a: FrArray, b: FrArray) -> FrArray:
        return self._map(lib.ts_fr_vec_axpy, a, b, scalar=s)

    def fr_inv(self, a: FrArray) -> FrArray:
        a = _fr(a)
        out = _new_fr(len(a))
        if lib.ts_fr_vec_inv(self._cpu, _fr_out(out), _fr_in(a), len(a)) != lib.TS_OK:
            raise ZeroDivisionError("an element to invert is zero")
        return out

    def fr_sqrt(self, a: FrArray) -> FrArray:
        a = _fr(a)
        out = _new_fr(len(a))
        bad = ffi.new("size_t *")
        code = lib.ts_fr_vec_sqrt_var(self._cpu, _fr_out(out), bad, _fr_in(a), len(a), self._roots)
        if code != lib.TS_OK:
            raise ValueError(f"element {bad[0]} is not a square")
        return out

    def fr_powers(self, x: int, n: int, first: int = 1) -> FrArray:
        out = _new_fr(_count(n, "the number of powers"))
        lib.ts_fr_vec_powers(self._cpu, _fr_out(out), n, _fr_in(_scalar(x)), _fr_in(_scalar(first)))
        return out

    def fr_equal(self, a: FrArray, b: FrArray) -> bool:
        a, b = _fr(a), _fr(b)
        return bool(lib.ts_fr_vec_equal(self._cpu, _fr_in(a), _fr_in(b), _same_length(a, b)))

    def fr_is_zero(self, a: FrArray) -> bool:
        a = _fr(a)
        return bool(lib.ts_fr_vec_is_zero(self._cpu, _fr_in(a), len(a)))

    # ------------------------------------------------------------------ Fr: reductions and linear maps
    def fr_sum(self, a: FrArray) -> int:
        a, out = _fr(a), _new_fr(1)
        lib.ts_fr_vec_sum(self._cpu, _fr_out(out), _fr_in(a), len(a))
        return _int(out)

    def fr_dot(self, a: FrArray, b: FrArray) -> int:
        a, b, out = _fr(a), _fr(b), _new_fr(1)
        lib.ts_fr_vec_dot(self._cpu, _fr_out(out), _fr_in(a), _fr_in(b), _same_length(a, b))
        return _int(out)

    def fr_sum_axis(self, a: FrArray, outer: int, n: int, inner: int) -> FrArray:
        a = _fr(a)
        if min(outer, n, inner) < 0 or len(a) != outer * n * inner:
            raise ValueError(f"{len(a)} elements do not have the shape ({outer}, {n}, {inner})")
        out = _new_fr(outer * inner)
        lib.ts_fr_vec_sum_axis(self._cpu, _fr_out(out), _fr_in(a), outer, n, inner)
        return out

    def fr_combine(self, rows: FrArray, weights: FrArray) -> FrArray:
        rows, weights = _fr(rows), _fr(weights)
        m = len(weights)
        out = _new_fr(_other_side(rows, m))
        lib.ts_fr_vec_combine(self._cpu, _fr_out(out), _fr_in(rows), _fr_in(weights), m, len(out))
        return out

    def fr_matvec(self, rows: FrArray, v: FrArray) -> FrArray:
        rows, v = _fr(rows), _fr(v)
        c = len(v)
        out = _new_fr(_other_side(rows, c))
        lib.ts_fr_vec_matvec(self._cpu, _fr_out(out), _fr_in(rows), _fr_in(v), len(out), c)
        return out

    def fr_scatter_add(self, a: FrArray, index: IndexArray, n: int) -> FrArray:
        a = _fr(a)
        if index.ndim != 1 or index.dtype != np.int64:
            raise ValueError(f"expected int64 indices of shape (n,), not {index.dtype} {index.shape}")
        index = np.require(index, requirements=["C", "A"])
        out = _new_fr(_count(n, "the length"))
        places = ffi.from_buffer("int64_t[]", index)
        count = _same_length(a, index)
        code = lib.ts_fr_vec_scatter_add(self._cpu, _fr_out(out), n, _fr_in(a), places, count)
        if code != lib.TS_OK:
            raise IndexError(f"an index lies outside [0, {n})")
        return out

    def fr_ntt(self, a: FrArray, size: int, *, inverse: bool = False) -> FrArray:
        a = _fr(a)
        if not 1 <= size <= _MAX_NTT or size & (size - 1) or len(a) % size:
            raise ValueError(f"{len(a)} elements cannot be transformed in batches of {size}")
        out = _new_fr(len(a))
        table = _fr_in(self._table(size))
        lib.ts_fr_vec_ntt(self._cpu, _fr_out(out), _fr_in(a), size, len(a) // size, table, inverse)
        return out

    def _table(self, size: int) -> npt.NDArray[np.uint64]:
        """Return the twiddles for ``size``: one table, which grows and then serves all smaller sizes."""
        table = self._twiddles
        if len(table) < size:
            # Two threads may both make one; either serves. A lock would stay locked in a process forked meanwhile.
            table = _new_fr(size)
            lib.ts_fr_ntt_table(self._cpu, _fr_out(table), size)
            self._twiddles = table
        return table

    # ------------------------------------------------------------------ G1
    def g1_from_bytes(self, data: Buffer) -> G1Array:
        return self._decode(lib.ts_g1_vec_from_bytes_var, data, G1_BYTES)

    def g1_to_bytes(self, points: G1Array) -> bytes:
        return self._encode(lib.ts_g1_vec_to_bytes, points, G1_BYTES)

    def g1_from_trusted_affine(self, data: Buffer) -> G1Array:
        return self._decode(lib.ts_g1_vec_from_affine_var, data, _AFFINE_BYTES)

    def g1_to_affine(self, points: G1Array) -> bytes:
        return self._encode(lib.ts_g1_vec_to_affine, points, _AFFINE_BYTES)

    def _decode(self, function: Any, data: Buffer, size: int) -> G1Array:
        view = _octets(data)
        whole = len(view) - len(view) % size
        out = _new_g1(whole // size)
        bad = ffi.new("size_t *")
        code = function(self._cpu, _g1_out(out), bad, ffi.from_buffer("uint8_t[]", view), len(out))
        if code != lib.TS_OK:
            raise DecodeError(_POINT_FAULTS[code], offset=bad[0] * size)
        if whole != len(view):
            raise DecodeError(f"a point is cut short to {len(view) - whole} bytes", offset=whole)
        return out

    def _encode(self, function: Any, points: G1Array, size: int) -> bytes:
        points = _g1(points)
        out = np.empty(len(points) * size, dtype=np.uint8)
        function(self._cpu, _octets_out(out), _g1_in(points), len(points))
        return out.tobytes()

    def g1_identity(self, n: int) -> G1Array:
        return np.zeros((_count(n, "the number of points"), _G1_LIMBS), dtype=np.uint64)

    def g1_hash(self, messages: Sequence[bytes], dst: bytes) -> G1Array:
        if not 1 <= len(dst) <= _MAX_DST:
            raise ValueError(f"a domain separation tag has 1 to {_MAX_DST} bytes, not {len(dst)}")
        out = _new_g1(len(messages))
        joined = b"".join(messages)
        ends = np.cumsum([len(m) for m in messages], dtype=np.uint64)
        source = ffi.from_buffer("uint64_t[]", ends)
        code = lib.ts_g1_vec_hash(self._cpu, _g1_out(out), len(out), joined, source, dst, len(dst))
        if code != lib.TS_OK:
            raise BackendError(f"the native core refused to hash to the curve (code {code})")
        return out

    def g1_add(self, a: G1Array, b: G1Array) -> G1Array:
        a, b = _g1(a), _g1(b)
        out = _new_g1(_same_length(a, b))
        lib.ts_g1_vec_add(self._cpu, _g1_out(out), _g1_in(a), _g1_in(b), len(out))
        return out

    def g1_neg(self, a: G1Array) -> G1Array:
        a = _g1(a)
        out = _new_g1(len(a))
        lib.ts_g1_vec_neg(self._cpu, _g1_out(out), _g1_in(a), len(out))
        return out

    def g1_equal(self, a: G1Array, b: G1Array) -> bool:
        a, b = _g1(a), _g1(b)
        return bool(lib.ts_g1_vec_equal(self._cpu, _g1_in(a), _g1_in(b), _same_length(a, b)))

    def g1_is_identity(self, a: G1Array) -> bool:
        a = _g1(a)
        return bool(lib.ts_g1_vec_is_identity(self._cpu, _g1_in(a), len(a)))

    def g1_sum(self, a: G1Array) -> G1Array:
        a, out = _g1(a), _new_g1(1)
        lib.ts_g1_vec_sum(self._cpu, _g1_out(out), _g1_in(a), len(a))
        return out

    def g1_mul(self, points: G1Array, scalars: FrArray) -> G1Array:
        points, scalars = _g1(points), _fr(scalars)
        out = _new_g1(_same_length(points, scalars))
        lib.ts_g1_vec_mul(self._cpu, _g1_out(out), _g1_in(points), _fr_in(scalars), len(out))
        return out

    def g1_msm(self, points: G1Array, scalars: FrArray) -> G1Array:
        points, scalars = _g1(points), _fr(scalars)
        _same_length(points, scalars)
        return self._msm(points, scalars, 1)

    def g1_msm_rows(self, points: G1Array, rows: FrArray) -> G1Array:
        points, rows = _g1(points), _fr(rows)
        return self._msm(points, rows, _other_side(rows, len(points)))

    def _msm(self, points: npt.NDArray[np.uint64], rows: npt.NDArray[np.uint64], m: int) -> G1Array:
        out = _new_g1(m)
        n = len(points)
        scratch = np.empty(lib.ts_g1_msm_scratch(self._cpu, n), dtype=np.uint8)
        area = ffi.from_buffer("char[]", scratch, require_writable=True)
        code = lib.ts_g1_msm_rows_var(
            self._cpu, _g1_out(out), m, _g1_in(points), n, _fr_in(rows), area, len(scratch)
        )
        if code != lib.TS_OK:
            raise BackendError(f"the native core refused a multi-scalar multiplication of {n} points")
        return out

    def g1_subset_sums(self, points: G1Array, bits: BitArray) -> G1Array:
        points, bits = _g1(points), check_bits(bits, len(points))
        out = _new_g1(len(bits))
        scratch = np.empty(lib.ts_g1_subset_scratch(len(bits)), dtype=np.uint8)
        code = lib.ts_g1_subset_sums(
            self._cpu,
            _g1_out(out),
            len(out),
            _g1_in(points),
            len(points),
            ffi.from_buffer("const uint8_t[]", bits),
            ffi.from_buffer("char[]", scratch, require_writable=True),
            len(scratch),
        )
        if code != lib.TS_OK:
            raise BackendError(f"the native core refused {len(bits)} subsets of {len(points)} points")
        return out

    # ------------------------------------------------------------------ BGV
    def ring(self, parameters: RingParameters) -> Ring:
        # Two threads may both make one; either serves.
        if parameters not in self._rings:
            self._rings[parameters] = NativeRing(self, self._cpu, parameters)
        return self._rings[parameters]
