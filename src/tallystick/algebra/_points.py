# SPDX-License-Identifier: Apache-2.0
"""Arrays of points of G1."""

from __future__ import annotations

from collections.abc import Sequence

from ..backend import Backend, BitArray, Buffer
from ._vector import Array, Index, Vector, contiguous

__all__ = ["Points"]


class Points(Array):
    """An immutable array of points of G1, held in a backend's representation.  A single point is an array of one."""

    __slots__ = ()
    _many = "points"

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

    # ------------------------------------------------------------------ reading
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
        return self.backend.g1_equal(self.data, self._same_length(other))

    def is_identity(self) -> bool:
        """Whether every point is the point at infinity."""
        return self.backend.g1_is_identity(self.data)

    # ------------------------------------------------------------------ arithmetic
    def __add__(self, other: Points) -> Points:
        return self._new(self.backend.g1_add(self.data, self._same_length(other)))

    def __sub__(self, other: Points) -> Points:
        return self._new(self.backend.g1_add(self.data, self.backend.g1_neg(self._same_length(other))))

    def __neg__(self) -> Points:
        return self._new(self.backend.g1_neg(self.data))

    def scale(self, scalars: Vector) -> Points:
        """Return scalars[k] * self[k], element-wise."""
        self._fits(scalars, Vector)
        return self._new(self.backend.g1_mul(self.data, scalars.data))

    def sum(self) -> Points:
        """Return the sum of all points, as an array of one."""
        return self._new(self.backend.g1_sum(self.data))

    def msm(self, scalars: Vector) -> Points:
        """Return the sum of scalars[k] * self[k], as an array of one.  Variable time."""
        self._fits(scalars, Vector)
        return self._new(self.backend.g1_msm(self.data, scalars.data))

    def msm_rows(self, rows: Vector) -> Points:
        """View rows as an (m, len(self)) matrix, row-major; return the m sums.  Variable time."""
        self._fits(rows, Vector)
        return self._new(self.backend.g1_msm_rows(self.data, rows.data))

    def subset_sums(self, bits: BitArray) -> Points:
        """Return for each row of ``bits``, of shape (m, len(self)), the sum of the points whose bit is 1."""
        return self._new(self.backend.g1_subset_sums(self.data, bits))
