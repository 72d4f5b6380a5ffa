# SPDX-License-Identifier: Apache-2.0
"""G1 on numpy object arrays, and its encodings: the pure backend's group half.

Arrays hold affine points as Python ints, (0, 0) for infinity.  Everything is variable time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DecodeError
from ._protocol import G1_BYTES, BitArray, Buffer, FrArray, G1Array, check_bits
from ._pure_curve import AFFINE_ZERO, Affine, B, P, add_pairs, in_subgroup, msm, sum_groups, to_affine
from ._pure_fr import check_fr, pieces
from ._pure_hash import hash_to_g1

__all__ = ["PureG1"]

_FP_BYTES = 48
_COMPRESSED, _INFINITY, _LARGER_Y = 0x80, 0x40, 0x20


def _pack(points: Sequence[Affine]) -> G1Array:
    out = np.empty((len(points), 2), dtype=object)
    if points:
        out[:, 0] = [x for x, _ in points]
        out[:, 1] = [y for _, y in points]
    return out


def _unpack(a: G1Array) -> list[Affine]:
    """Return the points; refuse what is not an array of this backend."""
    if not isinstance(a, np.ndarray) or a.dtype != object or a.ndim != 2 or a.shape[1] != 2:
        found = f"{a.dtype} {a.shape}" if isinstance(a, np.ndarray) else type(a).__name__
        raise ValueError(f"G1: expected a pure array, object of shape (n, 2), not {found}")
    return list(zip(a[:, 0].tolist(), a[:, 1].tolist(), strict=True))


def _ints(scalars: FrArray) -> list[int]:
    check_fr(scalars)
    ints: list[int] = scalars.tolist()
    return ints


def _decompress(piece: bytes, offset: int) -> Affine:
    """Decode one point (Zcash/IETF convention, ``spec/conventions.md``); raises DecodeError."""
    flags = piece[0]
    if not flags & _COMPRESSED:
        raise DecodeError("a point is not in compressed form", offset=offset)
    x = int.from_bytes(piece, "big") & ((1 << 381) - 1)
    if flags & _INFINITY:
        if x or flags & _LARGER_Y:
            raise DecodeError("a point at infinity has other bits set", offset=offset)
        return AFFINE_ZERO
    if x >= P:
        raise DecodeError("a point's x is not below the field's order", offset=offset)
    square = (x * x * x + B) % P
    # p = 3 mod 4, so this power is a root whenever one exists.
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        raise DecodeError("no point of the curve has this x", offset=offset)
    if (y > P // 2) != bool(flags & _LARGER_Y):
        y = P - y
    if not in_subgroup((x, y)):
        raise DecodeError("a point lies outside the group of prime order", offset=offset)
    return x, y


def _compress(p: Affine) -> bytes:
    x, y = p
    flags = _COMPRESSED | (_LARGER_Y if y > P // 2 else 0) if y else _COMPRESSED | _INFINITY
    return (x | flags << 376).to_bytes(G1_BYTES, "big")


class PureG1:
    """The G1 operations of ``Backend``; the contracts are in ``_protocol``."""

    def g1_from_bytes(self, data: Buffer) -> G1Array:
        return _pack([_decompress(piece, at) for at, piece in pieces(data, G1_BYTES, "a point")])

    def g1_to_bytes(self, points: G1Array) -> bytes:
        return b"".join(map(_compress, _unpack(points)))

    def g1_from_trusted_affine(self, data: Buffer) -> G1Array:
        points = []
        for at, piece in pieces(data, 2 * _FP_BYTES, "a point"):
            x, y = (int.from_bytes(half, "big") for half in (piece[:_FP_BYTES], piece[_FP_BYTES:]))
            if x >= P or y >= P:
                raise DecodeError("a point's coordinate is not below the field's order", offset=at)
            if (x or y) and (y * y - x * x * x - B) % P:
                raise DecodeError("a point is not on the curve", offset=at)
            points.append((x, y))
        return _pack(points)

    def g1_to_affine(self, points: G1Array) -> bytes:
        return b"".join(c.to_bytes(_FP_BYTES, "big") for point in _unpack(points) for c in point)

    def g1_identity(self, n: int) -> G1Array:
        return np.full((n, 2), 0, dtype=object)

    def g1_hash(self, messages: Sequence[bytes], dst: bytes) -> G1Array:
        return _pack(to_affine(hash_to_g1([bytes(m) for m in messages], dst)))

    def g1_add(self, a: G1Array, b: G1Array) -> G1Array:
        _same_length(a, b)
        return _pack(add_pairs(_unpack(a), _unpack(b)))

    def g1_neg(self, a: G1Array) -> G1Array:
        return _pack([(x, P - y if y else 0) for x, y in _unpack(a)])

    def g1_equal(self, a: G1Array, b: G1Array) -> bool:
        _same_length(a, b)
        return _unpack(a) == _unpack(b)

    def g1_is_identity(self, a: G1Array) -> bool:
        return not any(y for _, y in _unpack(a))

    def g1_sum(self, a: G1Array) -> G1Array:
        return _pack(sum_groups([_unpack(a)]))

    def g1_mul(self, points: G1Array, scalars: FrArray) -> G1Array:
        _same_length(points, scalars)
        pairs = zip(_unpack(points), _ints(scalars), strict=True)
        return _pack(to_affine([msm([p], [s]) for p, s in pairs]))

    def g1_msm(self, points: G1Array, scalars: FrArray) -> G1Array:
        _same_length(points, scalars)
        return _pack(to_affine([msm(_unpack(points), _ints(scalars))]))

    def g1_msm_rows(self, points: G1Array, rows: FrArray) -> G1Array:
        n = len(points)
        if len(rows) % n if n else len(rows):
            raise ValueError(f"{len(rows)} scalars are not a whole number of rows of {n}")
        if n == 0:
            return self.g1_identity(0)
        unpacked = _unpack(points)
        scalars = _ints(rows)
        return _pack(to_affine([msm(unpacked, scalars[k : k + n]) for k in range(0, len(scalars), n)]))

    def g1_subset_sums(self, points: G1Array, bits: BitArray) -> G1Array:
        """Return for each row of ``bits``, of shape (m, len(points)), the sum of the points whose bit is 1.

        The other points are added up, too, so that a row takes as many additions whatever it holds.
        """
        unpacked = _unpack(points)
        sums = []
        for row in check_bits(bits, len(unpacked)).tolist():
            groups: tuple[list[Affine], list[Affine]] = ([], [])
            for point, bit in zip(unpacked, row, strict=True):
                groups[bit].append(point)
            sums.append(sum_groups(list(groups))[1])
        return _pack(sums)


def _same_length(a: G1Array, b: FrArray | G1Array) -> None:
    if len(a) != len(b):
        raise ValueError(f"lengths differ: {len(a)} and {len(b)}")
