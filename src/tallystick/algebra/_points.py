"""Arrays of points of G1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from ..backend import Backend, BitArray, Buffer, G1Array
from ._vector import Index, Vector, contiguous

__all__ = ["Points"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Points:
    """An immutable array of points of G1, held in a backend's representation.

    A single point is an array of one.  Addition is element-wise; different lengths raise ValueError,
    different backends TypeError.  ``==`` raises TypeError; use ``equal``.
    """

    backend: Backend
    data: G1Array

    __array_ufunc__ = None

    # ------------------------------------------------------------------ constructors
    @classmethod
    def from_bytes(cls, backend: Backend, data: Buffer) -> Points:
        """Decode 48-byte compressed points; raises DecodeError with the offset of the first bad one."""
        return cls(backend, backend.g1_from_bytes(data))

    @classmethod
    def hash(cls, backend: Backend, messages: Sequence[bytes], dst: bytes) -> Points:
        """Hash each message to G1 (RFC 9380, BLS12381G1_XMD:SHA-256_SSWU_RO_)."""
        return cls(backend, backend.g1_hash(messages, dst))

    @classmethod
    def identity(cls, backend: Backend, n: int) -> Points:
        """Return n points at infinity."""
        return cls(backend, backend.g1_identity(n))

    @staticmethod
    def concat(parts: Iterable[Points]) -> Points:
        """Join at least one part, all of one backend."""
        items = tuple(parts)
        if not items:
            raise ValueError("nothing to concatenate: the backend would be unknown")
        for part in items:
            items[0]._same_backend(part)
        return Points(items[0].backend, np.concatenate([part.data for part in items]))

    # ------------------------------------------------------------------ reading
    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"Points(<{len(self)} points>, {self.backend.name})"

    def __getitem__(self, index: Index) -> Points:
        """Return the points of a slice or of an array of indices."""
        return self._new(contiguous(self.data, index))

    def to_bytes(self) -> bytes:
        """Encode as 48-byte compressed points."""
        return self.backend.g1_to_bytes(self.data)

    def equal(self, other: Points) -> bool:
        """Whether both hold the same points; ValueError if the lengths differ."""
        return self.backend.g1_equal(self.data, self._operand(other))

    def is_identity(self) -> bool:
        """Whether every point is the point at infinity."""
        return self.backend.g1_is_identity(self.data)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("points are compared with equal(), which says what it compares")

    __hash__ = None  # type: ignore[assignment]

    # ------------------------------------------------------------------ arithmetic
    def __add__(self, other: Points) -> Points:
        return self._new(self.backend.g1_add(self.data, self._operand(other)))

    def __sub__(self, other: Points) -> Points:
        return self._new(self.backend.g1_add(self.data, self.backend.g1_neg(self._operand(other))))

    def __neg__(self) -> Points:
        return self._new(self.backend.g1_neg(self.data))

    def scale(self, scalars: Vector) -> Points:
        """Return scalars[k] * self[k], element-wise."""
        self._scalars(scalars)
        return self._new(self.backend.g1_mul(self.data, scalars.data))

    def sum(self) -> Points:
        """Return the sum of all points, as an array of one."""
        return self._new(self.backend.g1_sum(self.data))

    def msm(self, scalars: Vector) -> Points:
        """Return the sum of scalars[k] * self[k], as an array of one.  Variable time."""
        self._scalars(scalars)
        return self._new(self.backend.g1_msm(self.data, scalars.data))

    def msm_rows(self, rows: Vector) -> Points:
        """View rows as an (m, len(self)) matrix, row-major; return the m sums.  Variable time."""
        self._scalars(rows)
        return self._new(self.backend.g1_msm_rows(self.data, rows.data))

    def subset_sums(self, bits: BitArray) -> Points:
        """Return for each row of ``bits``, of shape (m, len(self)), the sum of the points whose bit is 1."""
        return self._new(self.backend.g1_subset_sums(self.data, bits))

    # ------------------------------------------------------------------ helpers
    def _new(self, data: G1Array) -> Points:
        return Points(self.backend, data)

    def _same_backend(self, other: Points) -> None:
        if not isinstance(other, Points):
            raise TypeError(f"Points are needed, not {type(other).__name__}")
        if other.backend is not self.backend:
            raise TypeError(f"points of different backends: {self.backend.name} and {other.backend.name}")

    def _operand(self, other: Points) -> G1Array:
        self._same_backend(other)
        if len(other) != len(self):
            raise ValueError(f"arrays of different lengths: {len(self)} and {len(other)}")
        return other.data

    def _scalars(self, scalars: Vector) -> None:
        if not isinstance(scalars, Vector):
            raise TypeError(f"a Vector is needed, not {type(scalars).__name__}")
        if scalars.backend is not self.backend:
            raise TypeError(f"operands of different backends: {self.backend.name} and {scalars.backend.name}")
