# SPDX-License-Identifier: Apache-2.0
"""Fr on both backends against formulas on Python ints: what agrees with them agrees with the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend, FrArray
from tallystick.errors import DecodeError

EDGES = [0, 1, 2, R - 1, R - 2, R // 2, R // 2 + 1, 2**64 - 1, 2**64, 2**128, 2**192, (1 << 255) % R]
elements = st.one_of(st.sampled_from(EDGES), st.integers(0, R - 1))
scalars = st.one_of(elements, st.integers(-(2**300), 2**600))
vectors = st.lists(elements, max_size=9)


def equal_lengths(count: int) -> st.SearchStrategy[list[list[int]]]:
    """``count`` vectors of one length, at times longer than any block a vectorised path works in."""
    sizes = st.one_of(st.integers(0, 9), st.sampled_from([16, 33, 70]))
    return sizes.flatmap(
        lambda n: st.lists(st.lists(elements, min_size=n, max_size=n), min_size=count, max_size=count)
    )


def ints(backend: Backend, got: FrArray) -> list[int]:
    """Read the result back, having checked that it is a fresh, contiguous array."""
    assert got.flags.c_contiguous
    assert backend.fr_from_ints([0]).dtype == got.dtype
    return backend.fr_to_ints(got)


@given(values=st.lists(scalars, max_size=9))
def test_from_ints(backend: Backend, values: list[int]) -> None:
    assert ints(backend, backend.fr_from_ints(values)) == [v % R for v in values]


@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=9))
def test_from_i64(backend: Backend, values: list[int]) -> None:
    array = np.array([-(2**63), 2**63 - 1, -1, 0, 1, *values], dtype=np.int64)
    assert ints(backend, backend.fr_from_i64(array)) == [v % R for v in array.tolist()]
    assert ints(backend, backend.fr_from_i64(array[::-2])) == [v % R for v in array[::-2].tolist()]


def test_zeros(backend: Backend) -> None:
    for n in (0, 1, 5):
        assert ints(backend, backend.fr_zeros(n)) == [0] * n


@given(values=vectors)
def test_bytes(backend: Backend, values: list[int]) -> None:
    data = b"".join(v.to_bytes(32, "little") for v in values)
    decoded = backend.fr_from_bytes(data)
    assert ints(backend, decoded) == values
    assert backend.fr_to_bytes(decoded) == data
    assert ints(backend, backend.fr_from_bytes(memoryview(bytearray(data)))) == values


@pytest.mark.parametrize("too_large", [R, R + 1, 1 << 255, (1 << 256) - 1])
def test_bytes_that_are_not_canonical(backend: Backend, too_large: int) -> None:
    good, bad = bytes(32), too_large.to_bytes(32, "little")
    for data, offset in (
        (bad, 0),
        (good * 2 + bad + good, 64),
        (good + bad + bad, 32),
        (good + bad + b"\0", 32),
        (good * 2 + b"\0", 64),
        (good + bytes(31), 32),
    ):
        with pytest.raises(DecodeError) as caught:
            backend.fr_from_bytes(data)
        assert caught.value.offset == offset


@given(lists=equal_lengths(3), s=scalars)
def test_element_wise(backend: Backend, lists: list[list[int]], s: int) -> None:
    x, y, z = lists
    a, b, c = (backend.fr_from_ints(v) for v in lists)
    xy = list(zip(x, y, strict=True))
    assert ints(backend, backend.fr_add(a, b)) == [(u + v) % R for u, v in xy]
    assert ints(backend, backend.fr_sub(a, b)) == [(u - v) % R for u, v in xy]
    assert ints(backend, backend.fr_neg(a)) == [-u % R for u in x]
    assert ints(backend, backend.fr_mul(a, b)) == [u * v % R for u, v in xy]
    assert ints(backend, backend.fr_mul(a, a)) == [u * u % R for u in x]
    assert ints(backend, backend.fr_muladd(a, b, c)) == [
        (u * v + w) % R for u, v, w in zip(x, y, z, strict=True)
    ]
    assert ints(backend, backend.fr_scale(a, s)) == [s * u % R for u in x]
    assert ints(backend, backend.fr_axpy(s, a, b)) == [(s * u + v) % R for u, v in xy]
    assert ints(backend, backend.fr_outer(a, b[:3])) == [u * v % R for u in x for v in y[:3]]
    for array, values in zip((a, b, c), lists, strict=True):
        assert backend.fr_to_ints(array) == values, "an argument was modified"


@given(lists=equal_lengths(2))
def test_views_along_the_first_axis(backend: Backend, lists: list[list[int]]) -> None:
    x, y = lists
    a, b = (backend.fr_from_ints(v) for v in lists)
    assert ints(backend, backend.fr_add(a[::-1], b)) == [(u + v) % R for u, v in zip(x[::-1], y, strict=True)]
    assert ints(backend, backend.fr_mul(a[::2], b[::2])) == [
        u * v % R for u, v in zip(x[::2], y[::2], strict=True)
    ]
    assert backend.fr_to_bytes(a[::-1]) == b"".join(u.to_bytes(32, "little") for u in x[::-1])


@given(values=vectors)
def test_inverse(backend: Backend, values: list[int]) -> None:
    a = backend.fr_from_ints(values)
    if 0 in values:
        with pytest.raises(ZeroDivisionError):
            backend.fr_inv(a)
    else:
        assert ints(backend, backend.fr_inv(a)) == [pow(v, -1, R) for v in values]


@given(x=scalars, first=scalars, n=st.integers(0, 40))
def test_powers(backend: Backend, x: int, first: int, n: int) -> None:
    assert ints(backend, backend.fr_powers(x, n, first)) == [first * pow(x, k, R) % R for k in range(n)]
    assert ints(backend, backend.fr_powers(x, n)) == [pow(x, k, R) for k in range(n)]


@given(values=vectors, at=st.integers(0, 8), difference=elements)
def test_equal_and_zero(backend: Backend, values: list[int], at: int, difference: int) -> None:
    other = list(values)
    if other:
        other[at % len(other)] = (other[at % len(other)] + difference) % R
    a, b = backend.fr_from_ints(values), backend.fr_from_ints(other)
    assert backend.fr_equal(a, b) is (values == other)
    assert backend.fr_is_zero(a) is (not any(values))
    assert backend.fr_is_zero(backend.fr_sub(a, b)) is (values == other)


@given(lists=equal_lengths(2))
def test_reductions(backend: Backend, lists: list[list[int]]) -> None:
    a, b = (backend.fr_from_ints(v) for v in lists)
    assert backend.fr_sum(a) == sum(lists[0]) % R
    assert backend.fr_dot(a, b) == sum(u * v for u, v in zip(*lists, strict=True)) % R


def test_long_reductions_of_the_largest_element(backend: Backend) -> None:
    """Lazy reductions overflow here if anywhere."""
    n = 3000
    a = backend.fr_from_ints([R - 1] * n)
    assert backend.fr_sum(a) == -n % R
    assert backend.fr_dot(a, a) == n
    assert ints(backend, backend.fr_sum_axis(a, 2, n // 4, 2)) == [-(n // 4) % R] * 4
    assert ints(backend, backend.fr_matvec(a, a[: n // 2])) == [n // 2] * 2
    assert ints(backend, backend.fr_combine(a, a[: n // 2])) == [n // 2] * 2
    assert ints(backend, backend.fr_scatter_add(a, np.zeros(n, dtype=np.int64), 1)) == [-n % R]


@given(outer=st.integers(0, 3), n=st.integers(0, 4), inner=st.integers(0, 3), data=st.data())
def test_sum_axis(backend: Backend, outer: int, n: int, inner: int, data: st.DataObject) -> None:
    size = outer * n * inner
    x = data.draw(st.lists(elements, min_size=size, max_size=size))
    got = ints(backend, backend.fr_sum_axis(backend.fr_from_ints(x), outer, n, inner))
    assert got == [
        sum(x[(o * n + k) * inner + i] for k in range(n)) % R for o in range(outer) for i in range(inner)
    ]


@given(m=st.integers(0, 5), c=st.integers(0, 5), data=st.data())
def test_matrices(backend: Backend, m: int, c: int, data: st.DataObject) -> None:
    x = data.draw(st.lists(elements, min_size=m * c, max_size=m * c))
    w = data.draw(st.lists(elements, min_size=m, max_size=m))
    v = data.draw(st.lists(elements, min_size=c, max_size=c))
    rows = backend.fr_from_ints(x)
    # A matrix with a side of length zero has no elements to tell the other side's length by.
    combined = [sum(w[i] * x[i * c + j] for i in range(m)) % R for j in range(c)] if m else []
    applied = [sum(x[i * c + j] * v[j] for j in range(c)) % R for i in range(m)] if c else []
    assert ints(backend, backend.fr_combine(rows, backend.fr_from_ints(w))) == combined
    assert ints(backend, backend.fr_matvec(rows, backend.fr_from_ints(v))) == applied


@given(n=st.integers(1, 6), data=st.data())
def test_scatter_add(backend: Backend, n: int, data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.integers(0, n - 1), elements), max_size=9))
    want = [0] * n
    for at, value in pairs:
        want[at] = (want[at] + value) % R
    index = np.array([at for at, _ in pairs], dtype=np.int64)
    values = backend.fr_from_ints([value for _, value in pairs])
    assert ints(backend, backend.fr_scatter_add(values, index, n)) == want
    if pairs:
        for bad in (n, -1):
            with pytest.raises(IndexError):
                backend.fr_scatter_add(values, np.full(len(pairs), bad, dtype=np.int64), n)


@given(log=st.integers(0, 6), batches=st.integers(0, 3), data=st.data())
def test_ntt(backend: Backend, log: int, batches: int, data: st.DataObject) -> None:
    size = 1 << log
    seed = data.draw(st.binary(min_size=32, max_size=32))
    a = backend.fr_expand(seed, bytes(12), size * batches)
    if batches:
        a = np.concatenate([backend.fr_from_ints([data.draw(elements)]), a[1:]])
    x = backend.fr_to_ints(a)
    w = pow(7, (R - 1) // size, R)
    values = [
        sum(x[b * size + k] * pow(w, i * k, R) for k in range(size)) % R
        for b in range(batches)
        for i in range(size)
    ]
    forward = backend.fr_ntt(a, size)
    assert ints(backend, forward) == values
    assert ints(backend, backend.fr_ntt(forward, size, inverse=True)) == x
    assert ints(backend, backend.fr_ntt(backend.fr_ntt(a, size, inverse=True), size)) == x


@pytest.mark.parametrize("log", [8, 10, 12])
def test_large_ntt(backend: Backend, log: int) -> None:
    size = 1 << log
    a = backend.fr_expand(bytes(32), log.to_bytes(12, "little"), 2 * size)
    forward = backend.fr_ntt(a, size)
    assert backend.fr_equal(backend.fr_ntt(forward, size, inverse=True), a)
    w = pow(7, (R - 1) // size, R)
    for i in (0, 1, size // 2, size - 1):
        powers = backend.fr_powers(pow(w, i, R), size)
        assert backend.fr_to_ints(forward[i : i + 1]) == [backend.fr_dot(a[:size], powers)]
        assert backend.fr_to_ints(forward[size + i :][:1]) == [backend.fr_dot(a[size:], powers)]


def test_mismatched_lengths(backend: Backend) -> None:
    two, three = backend.fr_zeros(2), backend.fr_zeros(3)
    for mistake in (
        lambda: backend.fr_add(two, three),
        lambda: backend.fr_sub(two, three),
        lambda: backend.fr_mul(two, three),
        lambda: backend.fr_muladd(two, two, three),
        lambda: backend.fr_muladd(two, three, two),
        lambda: backend.fr_axpy(1, two, three),
        lambda: backend.fr_dot(two, three),
        lambda: backend.fr_equal(two, three),
        lambda: backend.fr_sum_axis(three, 1, 2, 1),
        lambda: backend.fr_sum_axis(three, -1, -3, 1),
        lambda: backend.fr_combine(three, two),
        lambda: backend.fr_combine(three, backend.fr_zeros(0)),
        lambda: backend.fr_matvec(three, two),
        lambda: backend.fr_matvec(three, backend.fr_zeros(0)),
        lambda: backend.fr_scatter_add(two, np.zeros(3, dtype=np.int64), 4),
        lambda: backend.fr_ntt(three, 2),
        lambda: backend.fr_ntt(three, 3),
        lambda: backend.fr_ntt(three, 0),
        lambda: backend.fr_zeros(-1),
        lambda: backend.fr_powers(2, -1),
        lambda: backend.fr_add(two.astype(np.float64), two),
        lambda: backend.fr_neg(np.zeros((2, 3), dtype=two.dtype)),
    ):
        with pytest.raises(ValueError):
            mistake()
