# SPDX-License-Identifier: Apache-2.0
"""Vector: operators, indexing, and the mistakes it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend, get_backend
from tallystick.errors import DecodeError


@pytest.mark.parametrize("n", [0, 1, 5])
def test_operators_agree_with_integers(backend: Backend, rng: Random, n: int) -> None:
    v, w, u = (rng.vector(backend, n) for _ in range(3))
    a, b, c = v.to_ints(), w.to_ints(), u.to_ints()
    s = rng.scalar()

    def check(got: Vector, want: list[int]) -> None:
        assert got.to_ints() == [x % R for x in want]

    check(v + w, [x + y for x, y in zip(a, b, strict=True)])
    check(v - w, [x - y for x, y in zip(a, b, strict=True)])
    check(v * w, [x * y for x, y in zip(a, b, strict=True)])
    check(-v, [-x for x in a])
    check(v + s, [x + s for x in a])
    check(s + v, [x + s for x in a])
    check(v - s, [x - s for x in a])
    check(s - v, [s - x for x in a])
    check(-3 * v, [-3 * x for x in a])
    check(v * np.int64(-3), [-3 * x for x in a])
    check(np.int64(2) - v, [2 - x for x in a])
    check(v.muladd(w, u), [x * y + z for x, y, z in zip(a, b, c, strict=True)])
    check(v.axpy(s, w), [s * x + y for x, y in zip(a, b, strict=True)])
    check(v.inverse() * v, [1] * n)
    assert v.sum() == sum(a) % R
    assert v.dot(w) == sum(x * y for x, y in zip(a, b, strict=True)) % R


def test_constructors(backend: Backend) -> None:
    assert Vector.zeros(backend, 3).to_ints() == [0, 0, 0]
    assert Vector.constant(backend, -1, 2).to_ints() == [R - 1, R - 1]
    assert Vector.powers(backend, 3, 4, 2).to_ints() == [2, 6, 18, 54]
    assert Vector.from_i64(backend, np.array([-(2**63), -1, 0, 2**63 - 1])).to_ints() == [
        R - 2**63,
        R - 1,
        0,
        2**63 - 1,
    ]
    v = Vector.from_ints(backend, [1, -1, R, 2**300])
    assert v.to_ints() == [1, R - 1, 0, 2**300 % R]
    assert Vector.from_bytes(backend, v.to_bytes()).equal(v)
    assert Vector.concat([v[:1], v[1:]]).equal(v)
    assert v.pad(6).to_ints() == [*v.to_ints(), 0, 0]


def test_indexing(backend: Backend) -> None:
    v = Vector.from_ints(backend, list(range(10)))
    assert v[2] == 2 and v[-1] == 9
    assert v[1:8:3].to_ints() == [1, 4, 7]
    assert v[::-1].to_ints() == list(range(9, -1, -1))
    assert (v[::-1] + v).to_ints() == [9] * 10
    assert v[np.array([3, 3, 0])].to_ints() == [3, 3, 0]
    for bad in (10, -11):
        with pytest.raises(IndexError):
            v[bad]
    with pytest.raises(TypeError):
        v[[1, 2]]  # type: ignore[call-overload]


def test_linear_maps(backend: Backend, rng: Random) -> None:
    v = rng.vector(backend, 12)
    a = v.to_ints()
    w = rng.vector(backend, 3)
    b = w.to_ints()
    assert v.matvec(w).to_ints() == [sum(a[3 * i + j] * b[j] for j in range(3)) % R for i in range(4)]
    assert v.combine(w).to_ints() == [sum(a[4 * i + j] * b[i] for i in range(3)) % R for j in range(4)]
    assert v.sum_axis(2, 3, 2).to_ints() == [
        sum(a[6 * o + 2 * k + i] for k in range(3)) % R for o in range(2) for i in range(2)
    ]
    assert w.scatter_add(np.array([1, 4, 1]), 5).to_ints() == [0, (b[0] + b[2]) % R, 0, 0, b[1]]
    assert v[:8].ntt(4).ntt(4, inverse=True).equal(v[:8])


@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (1, 5), (4, 0), (0, 3), (5, 1)])
def test_arranging(backend: Backend, rng: Random, rows: int, columns: int) -> None:
    v = rng.vector(backend, rows * columns)
    a = v.to_ints()
    turned = [a[columns * i + j] for j in range(columns) for i in range(rows)]
    assert v.transposed(rows, columns).to_ints() == turned
    assert v.tiled(3).to_ints() == a * 3
    assert v.repeated(2).to_ints() == [x for x in a for _ in range(2)]
    assert v.tiled(0).to_ints() == v.repeated(0).to_ints() == []
    assert (v.transposed(rows, columns) + v.tiled(1)).to_ints() == [
        (x + y) % R for x, y in zip(turned, a, strict=True)
    ]
    for start, stop in ((0, 255), (3, 5), (7, 17), (8, 8)):
        digits = [x >> i & 1 for i in range(start, stop) for x in a]
        assert v.bits(start, stop).to_ints() == digits


def test_a_repr_and_an_equality_sign_tell_nothing(backend: Backend) -> None:
    v = Vector.from_ints(backend, [123456789])
    assert repr(v) == f"Vector(<1 elements>, {backend.name})"
    with pytest.raises(TypeError, match="equal"):
        v == v  # noqa: B015
    with pytest.raises(TypeError, match="equal"):
        v != v  # noqa: B015
    with pytest.raises(TypeError):
        hash(v)


def test_mistakes_raise(backend: Backend) -> None:
    v, w = Vector.zeros(backend, 2), Vector.zeros(backend, 3)
    for mistake in (
        lambda: v + w,
        lambda: v * w,
        lambda: v.dot(w),
        lambda: v.equal(w),
        lambda: v.muladd(v, w),
        lambda: w.pad(2),
        lambda: Vector.concat([]),
        lambda: w.matvec(v),
        lambda: w.ntt(2),
        lambda: w.ntt(3),
    ):
        with pytest.raises(ValueError):
            mistake()
    with pytest.raises(TypeError):
        v + 0.5  # type: ignore[operator]
    with pytest.raises(TypeError):
        v.combine([1, 2])  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        v.inverse()
    with pytest.raises(DecodeError):
        Vector.from_bytes(backend, b"\0" * 33)


def test_backends_do_not_mix(native: Backend) -> None:
    v, w = Vector.zeros(get_backend("pure"), 2), Vector.zeros(native, 2)
    for mistake in (lambda: v + w, lambda: w.dot(v), lambda: v.equal(w), lambda: Vector.concat([v, w])):
        with pytest.raises(TypeError, match="different backends"):
            mistake()
