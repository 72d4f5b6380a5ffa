# SPDX-License-Identifier: Apache-2.0
"""Fr and G1 as in ``spec/conventions.md``: Python ints, and py_ecc's projective points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from py_ecc import optimized_bls12_381 as curve

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
P = curve.field_modulus
Point = Any  # a projective py_ecc point; infinity has z = 0
INFINITY: Point = curve.Z1


def root(n: int) -> int:
    """Return ω_n = 7^((r-1)/n), n a power of two."""
    if n & (n - 1) or (R - 1) % n:
        raise ValueError(f"no root of unity of order {n}")
    return pow(7, (R - 1) // n, R)


def inverse(x: int) -> int:
    """Return 1/x in Fr."""
    return pow(x, -1, R)


def dot(a: Sequence[int], b: Sequence[int]) -> int:
    """Return the inner product in Fr."""
    return sum(x * y for x, y in zip(a, b, strict=True)) % R


def add(*points: Point) -> Point:
    """Return the sum of points."""
    total = INFINITY
    for p in points:
        total = curve.add(total, p)
    return total


def mul(k: int, point: Point) -> Point:
    """Return k·point, for a point of G1."""
    return curve.multiply(point, k % R)


def neg(point: Point) -> Point:
    """Return -point."""
    return curve.neg(point)


def msm(scalars: Iterable[int], points: Iterable[Point]) -> Point:
    """Return Σ scalars_i·points_i: one doubling per bit, one addition per bit that is set."""
    terms = [(k % R, p) for k, p in zip(scalars, points, strict=True)]
    total = INFINITY
    for bit in reversed(range(R.bit_length())):
        total = curve.double(total)
        for k, p in terms:
            if k >> bit & 1:
                total = curve.add(total, p)
    return total


def equal(a: Point, b: Point) -> bool:
    """Whether a = b."""
    if curve.is_inf(a) or curve.is_inf(b):
        return bool(curve.is_inf(a) and curve.is_inf(b))
    return bool(curve.eq(a, b))
