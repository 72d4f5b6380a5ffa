# SPDX-License-Identifier: Apache-2.0
"""Vectors of elements of Fr."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Self, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ..backend import Backend, Buffer, FrArray, IndexArray

__all__ = ["Array", "Index", "Vector", "contiguous"]

Index: TypeAlias = "slice | IndexArray"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Array:
    """An immutable array, held in a backend's representation.

    Arithmetic is element-wise.  Different lengths raise ValueError, different backends TypeError.  ``==`` raises
    TypeError, since it would be ambiguous between one answer and one an element; use ``equal``.
    """

    backend: Backend
    data: npt.NDArray[Any]

    # Makes numpy scalars and arrays leave arithmetic with these to their methods.
    __array_ufunc__ = None
    _many: ClassVar[str]

    @classmethod
    def concat(cls, parts: Iterable[Self]) -> Self:
        """Join at least one part, all of one backend."""
        items = tuple(parts)
        if not items:
            raise ValueError("nothing to concatenate: the backend would be unknown")
        for part in items:
            items[0]._same_backend(part)
        return cls(items[0].backend, np.concatenate([part.data for part in items]))

    def __len__(self) -> int:
        return len(self.data)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError(f"{self._many} are compared with equal(), which says what it compares")

    __hash__ = None  # type: ignore[assignment]

    def _new(self, data: npt.NDArray[Any]) -> Self:
        return type(self)(self.backend, data)

    def _same_backend(self, other: Self) -> None:
        self._fits(other, type(self))

    def _same_length(self, other: Self) -> npt.NDArray[Any]:
        """Return the array of another of self's backend and length."""
        self._same_backend(other)
        if len(other) != len(self):
            raise ValueError(f"{self._many} of different lengths: {len(self)} and {len(other)}")
        return other.data

    def _fits(self, other: Array, kind: type[Array]) -> None:
        """Raise TypeError unless the other is of that kind and of self's backend."""
        if not isinstance(other, kind):
            raise TypeError(f"{kind._many} are needed, not {type(other).__name__}")
        if other.backend is not self.backend:
            raise TypeError(f"operands of different backends: {self.backend.name} and {other.backend.name}")


class Vector(Array):
    """An immutable vector of elements of Fr, held in a backend's representation.

    The other operand may be an int, which is reduced modulo r.  A vector may hold secrets: its repr shows length and
    backend only.
    """

    __slots__ = ()
    _many = "vectors"

    # ------------------------------------------------------------------ constructors
    @classmethod
    def zeros(cls, backend: Backend, n: int) -> Vector:
        """Return n zeros."""
        return cls(backend, backend.fr_zeros(n))

    @classmethod
    def constant(cls, backend: Backend, value: int, n: int) -> Vector:
        """Return n copies of a value."""
        return cls(backend, backend.fr_powers(1, n, value))

    @classmethod
    def from_ints(cls, backend: Backend, ints: Sequence[int]) -> Vector:
        """Reduce Python ints, of any size and sign."""
        return cls(backend, backend.fr_from_ints(ints))

    @classmethod
    def from_i64(cls, backend: Backend, values: npt.NDArray[np.int64]) -> Vector:
        """Reduce signed 64-bit integers: the fast road for table columns."""
        return cls(backend, backend.fr_from_i64(values))

    @classmethod
    def from_bytes(cls, backend: Backend, data: Buffer) -> Vector:
        """Decode 32-byte little-endian elements; raises DecodeError with the offset of the first bad one."""
        return cls(backend, backend.fr_from_bytes(data))

    @classmethod
    def powers(cls, backend: Backend, x: int, n: int, first: int = 1) -> Vector:
        """Return first * x**k for k in 0..n-1."""
        return cls(backend, backend.fr_powers(x, n, first))

    @classmethod
    def expand(cls, backend: Backend, seed: bytes, nonce: bytes, n: int, offset: int = 0) -> Vector:
        """Expand a 32-byte seed under a 12-byte nonce (``spec/conventions.md``, "Hashes")."""
        return cls(backend, backend.fr_expand(seed, nonce, n, offset))

    # ------------------------------------------------------------------ reading
    def __repr__(self) -> str:
        return f"Vector(<{len(self)} elements>, {self.backend.name})"

    @overload
    def __getitem__(self, index: int | np.integer) -> int: ...
    @overload
    def __getitem__(self, index: Index) -> Vector: ...
    def __getitem__(self, index: int | np.integer | Index) -> int | Vector:
        """Return one element as an int, or those of a slice or an array of indices as a vector."""
        if isinstance(index, int | np.integer):
            k = int(index)
            if not -len(self) <= k < len(self):
                raise IndexError(f"index {k} is out of range for a vector of {len(self)}")
            k %= len(self)
            return self.backend.fr_to_ints(self.data[k : k + 1])[0]
        return self._new(contiguous(self.data, index))

    def to_ints(self) -> list[int]:
        """Return canonical ints in [0, r)."""
        return self.backend.fr_to_ints(self.data)

    def to_bytes(self) -> bytes:
        """Encode as 32-byte little-endian elements."""
        return self.backend.fr_to_bytes(self.data)

    def bits(self, start: int, stop: int) -> Vector:
        """Return the binary digits of canonical ints from one place up to another, place by place."""
        return self._new(self.backend.fr_bits(self.data, start, stop))

    def equal(self, other: Vector) -> bool:
        """Whether both hold the same elements; ValueError if the lengths differ."""
        self._same_backend(other)
        return self.backend.fr_equal(self.data, other.data)

    def is_zero(self) -> bool:
        """Whether every element is zero."""
        return self.backend.fr_is_zero(self.data)

    # ------------------------------------------------------------------ arranging
    def transposed(self, rows: int, columns: int) -> Vector:
        """View self as a (rows, columns) matrix, row-major, and return its columns, one after the other."""
        return self._new(_transposed(self.data, rows, columns))

    def tiled(self, times: int) -> Vector:
        """Return all of self so many times over."""
        return self._new(np.tile(self.data, (times, *(1 for _ in self.data.shape[1:]))))

    def repeated(self, times: int) -> Vector:
        """Return each element so many times, before the next one."""
        return self._new(np.repeat(self.data, times, axis=0))

    # ------------------------------------------------------------------ arithmetic
    def __add__(self, other: Vector | int) -> Vector:
        return self._new(self.backend.fr_add(self.data, self._operand(other)))

    __radd__ = __add__

    def __sub__(self, other: Vector | int) -> Vector:
        return self._new(self.backend.fr_sub(self.data, self._operand(other)))

    def __rsub__(self, other: int) -> Vector:
        return self._new(self.backend.fr_sub(self._operand(other), self.data))

    def __mul__(self, other: Vector | int) -> Vector:
        if isinstance(other, int | np.integer):
            return self._new(self.backend.fr_scale(self.data, int(other)))
        return self._new(self.backend.fr_mul(self.data, self._operand(other)))

    __rmul__ = __mul__

    def __neg__(self) -> Vector:
        return self._new(self.backend.fr_neg(self.data))

    def outer(self, other: Vector) -> Vector:
        """Return self[i] * other[j] for all i and j, row-major."""
        self._same_backend(other)
        return self._new(self.backend.fr_outer(self.data, other.data))

    def muladd(self, b: Vector, c: Vector) -> Vector:
        """Return self * b + c."""
        return self._new(self.backend.fr_muladd(self.data, self._operand(b), self._operand(c)))

    def axpy(self, s: int, b: Vector) -> Vector:
        """Return s * self + b."""
        return self._new(self.backend.fr_axpy(int(s), self.data, self._operand(b)))

    def inverse(self) -> Vector:
        """Return the element-wise inverses; raises ZeroDivisionError if any element is zero."""
        return self._new(self.backend.fr_inv(self.data))

    def sqrt(self) -> Vector:
        """Return the smaller of the two square roots of each element, which must be public.

        Raises ValueError naming the first element that is no square.
        """
        return self._new(self.backend.fr_sqrt(self.data))

    # ------------------------------------------------------------------ reductions and linear maps
    def sum(self) -> int:
        """Return the sum of all elements."""
        return self.backend.fr_sum(self.data)

    def dot(self, other: Vector) -> int:
        """Return the inner product."""
        return self.backend.fr_dot(self.data, self._operand(other))

    def sum_axis(self, outer: int, n: int, inner: int) -> Vector:
        """View self as (outer, n, inner), row-major, and sum over the middle axis."""
        return self._new(self.backend.fr_sum_axis(self.data, outer, n, inner))

    def combine(self, weights: Vector) -> Vector:
        """View self as a (len(weights), c) matrix, row-major, and return weights @ self (length c)."""
        self._same_backend(weights)
        return self._new(self.backend.fr_combine(self.data, weights.data))

    def matvec(self, v: Vector) -> Vector:
        """View self as an (m, len(v)) matrix, row-major, and return self @ v (length m)."""
        self._same_backend(v)
        return self._new(self.backend.fr_matvec(self.data, v.data))

    def scatter_add(self, index: IndexArray, n: int) -> Vector:
        """Return out of length n with out[index[k]] += self[k], starting from zeros."""
        return self._new(self.backend.fr_scatter_add(self.data, index, n))

    def ntt(self, size: int, inverse: bool = False) -> Vector:
        """Transform each batch of ``size`` elements between coefficients and values at powers of w_size."""
        return self._new(self.backend.fr_ntt(self.data, size, inverse=inverse))

    def pad(self, n: int) -> Vector:
        """Append zeros up to length n; ValueError if self is longer."""
        if n < len(self):
            raise ValueError(f"a vector of {len(self)} cannot be padded to {n}")
        if n == len(self):
            return self
        return self._new(np.concatenate([self.data, self.backend.fr_zeros(n - len(self))]))

    # ------------------------------------------------------------------ helpers
    def _operand(self, other: Vector | int) -> FrArray:
        """Return the other operand's array, of self's length."""
        if isinstance(other, int | np.integer):
            return self.backend.fr_powers(1, len(self), int(other))
        return self._same_length(other)


def contiguous(data: FrArray, index: Index) -> FrArray:
    """Index along the first axis and return a C-contiguous array, as backends return them."""
    if not isinstance(index, slice | np.ndarray):
        raise TypeError(f"index by an int, a slice or an array of ints, not {type(index).__name__}")
    if isinstance(index, np.ndarray) and index.dtype != np.bool_:
        # Faster by far than data[index], which does not copy an element in one piece.
        return np.take(data, index, axis=0)
    return np.ascontiguousarray(data[index])


def _transposed(data: FrArray, rows: int, columns: int) -> FrArray:
    if data.ndim == 1 or not data.size:
        return np.ascontiguousarray(data.reshape(rows, columns, *data.shape[1:]).swapaxes(0, 1)).reshape(
            data.shape
        )
    # An element in one piece is moved several times faster than its limbs one by one.
    whole = data.view(np.dtype((np.void, data.itemsize * data.shape[1]))).reshape(rows, columns)
    return np.ascontiguousarray(whole.T).view(data.dtype).reshape(data.shape)
