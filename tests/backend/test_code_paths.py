# SPDX-License-Identifier: Apache-2.0
"""Every code path of the native core against the portable one: same bytes for the same inputs.

The portable path is held to formulas on Python ints elsewhere; here lengths run around the widths of the
vector kernels (8 lanes, sums that are reduced every 192 or 1,024 blocks, tiles of up to 256 rows), and
elements around the edges of their limbs.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend
from tallystick.errors import BackendError, DecodeError

from ..conftest import native_or_skip

PATHS = ["adx", "ifma"]
LENGTHS = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 33, 64, 100, 1536, 1537, 8193]
LIMB = (1 << 52) - 1
EDGES = [
    0,
    1,
    2,
    R - 1,
    R - 2,
    (R - 1) // 2,
    (R + 1) // 2,
    LIMB,
    LIMB << 52,
    LIMB << 104,
    LIMB << 156,
    (1 << 208) - 1,
]
EDGES += [(1 << 254) - 1, (1 << 64) - 1, ((1 << 64) - 1) << 128, R - (1 << 32)]

Array = npt.NDArray[np.uint64]


@pytest.fixture(scope="module")
def portable() -> Any:
    native_or_skip()
    from tallystick.backend._native_backend import NativeBackend

    return NativeBackend("portable")


@pytest.fixture(scope="module", params=PATHS)
def path(request: pytest.FixtureRequest) -> Any:
    native_or_skip()
    from tallystick.backend._native_backend import NativeBackend

    try:
        return NativeBackend(request.param)
    except BackendError as reason:
        pytest.skip(str(reason))


def elements(backend: Backend, label: str, n: int) -> Array:
    """Elements in Montgomery form, a third of them edges, some as value and some as representation."""
    stream = hashlib.shake_256(label.encode()).digest(41 * n)
    mont_inv = pow(1 << 256, -1, R)
    out = []
    for k in range(n):
        kind, body = stream[41 * k], int.from_bytes(stream[41 * k + 1 : 41 * k + 41], "little")
        edge = EDGES[body % len(EDGES)]
        out.append(edge if kind < 48 else edge * mont_inv if kind < 96 else body)
    return backend.fr_from_ints(out)


def same(got: Any, expected: Any) -> None:
    if isinstance(expected, np.ndarray):
        assert got.dtype == expected.dtype and got.shape == expected.shape
        assert np.array_equal(got, expected)
    else:
        assert got == expected


@pytest.mark.parametrize("n", LENGTHS)
def test_element_wise(portable: Any, path: Any, n: int) -> None:
    a, b, c = (elements(portable, f"{name} {n}", n) for name in "abc")
    for s in (0, 1, R - 1, 0x1234567 << 200):
        same(path.fr_scale(a, s), portable.fr_scale(a, s))
        same(path.fr_axpy(s, a, b), portable.fr_axpy(s, a, b))
        same(path.fr_powers(s, n, 3), portable.fr_powers(s, n, 3))
    for m in (0, 1, 8, 11):
        same(path.fr_outer(a[:m], b), portable.fr_outer(a[:m], b))
        same(path.fr_outer(a, b[:m]), portable.fr_outer(a, b[:m]))
    for name in ("fr_add", "fr_sub", "fr_mul"):
        for x, y in ((a, b), (b, a), (a, a)):
            same(getattr(path, name)(x, y), getattr(portable, name)(x, y))
    same(path.fr_neg(a), portable.fr_neg(a))
    same(path.fr_muladd(a, b, c), portable.fr_muladd(a, b, c))
    same(path.fr_muladd(a, a, a), portable.fr_muladd(a, a, a))
    assert path.fr_equal(a, a.copy()) and path.fr_is_zero(path.fr_zeros(n))
    if n:
        other = a.copy()
        other[n // 2, n % 4] ^= np.uint64(1 << (n % 64))
        assert not path.fr_equal(a, other) and not path.fr_is_zero(other ^ a)


def test_words_that_carry(portable: Any, path: Any) -> None:
    """Elements whose Montgomery form has words of all ones, zeros or the order's: carries run through all of them."""
    edges = [
        [0, 1, (1 << 64) - 2, (1 << 64) - 1, 1 << 63, word - 1, word, word + 1]
        for word in (R >> 64 * k & (1 << 64) - 1 for k in range(4))
    ]
    forms = [sum(w << 64 * k for k, w in enumerate(words)) for words in itertools.product(*edges)]
    data = b"".join(v.to_bytes(32, "little") for v in forms if v < R)
    a = np.frombuffer(data, dtype="<u8").astype(np.uint64).reshape(-1, 4)
    for shift in (0, 1, 8, 64, 512, 700):
        b = np.roll(a, shift, axis=0).copy()
        for name in ("fr_add", "fr_sub", "fr_mul"):
            same(getattr(path, name)(a, b), getattr(portable, name)(a, b))
        assert path.fr_is_zero(path.fr_add(path.fr_sub(a, b), path.fr_sub(b, a)))
    same(path.fr_neg(a), portable.fr_neg(a))
    assert path.fr_to_bytes(a) == portable.fr_to_bytes(a)
    same(path.fr_from_bytes(data), portable.fr_from_bytes(data))


@pytest.mark.parametrize("n", LENGTHS)
def test_conversion(portable: Any, path: Any, n: int) -> None:
    a = elements(portable, f"conversion {n}", n)
    data = portable.fr_to_bytes(a)
    assert path.fr_to_bytes(a) == data
    same(path.fr_from_bytes(data), a)
    numbers = np.ascontiguousarray(a[:, 0]).view(np.int64)
    same(path.fr_from_i64(numbers), portable.fr_from_i64(numbers))
    same(
        path.fr_expand(bytes(range(32)), bytes(12), n, 7),
        portable.fr_expand(bytes(range(32)), bytes(12), n, 7),
    )


@pytest.mark.parametrize("n", LENGTHS)
def test_inverse(portable: Any, path: Any, n: int) -> None:
    a = elements(portable, f"inverse {n}", n)
    a[(a == 0).all(axis=1)] = portable.fr_from_ints([5])[0]
    same(path.fr_inv(a), portable.fr_inv(a))
    for place in {0, n // 2, n - 1} if n else ():
        b = a.copy()
        b[place] = 0
        with pytest.raises(ZeroDivisionError):
            path.fr_inv(b)


@pytest.mark.parametrize("n", [*LENGTHS, 20_000])
def test_sums(portable: Any, path: Any, n: int) -> None:
    top = np.repeat(portable.fr_from_ints([(R - 1) * pow(1 << 256, -1, R)]), n, axis=0)
    for a, b in (
        (elements(portable, f"sum a {n}", n), elements(portable, f"sum b {n}", n)),
        (top, top),  # r - 1 in memory: the largest columns
    ):
        assert path.fr_sum(a) == portable.fr_sum(a)
        assert path.fr_dot(a, b) == portable.fr_dot(a, b)


@pytest.mark.parametrize(
    ("m", "c"), [(0, 5), (5, 0), (1, 1), (2, 9), (3, 8), (9, 1), (64, 17), (193, 3), (400, 7), (5, 1600)]
)
def test_matrices(portable: Any, path: Any, m: int, c: int) -> None:
    rows, w, v = (
        elements(portable, f"{name} {m} {c}", n) for name, n in (("rows", m * c), ("w", m), ("v", c))
    )
    if m:
        same(path.fr_combine(rows, w), portable.fr_combine(rows, w))
    if c:
        same(path.fr_matvec(rows, v), portable.fr_matvec(rows, v))
    for shape in ((1, m, c), (m, c, 1), (m, 1, c), (c, m, 1), (1, 1, m * c)):
        same(path.fr_sum_axis(rows, *shape), portable.fr_sum_axis(rows, *shape))
    index = np.arange(m * c, dtype=np.int64) * 7 % 11
    same(path.fr_scatter_add(rows, index, 11), portable.fr_scatter_add(rows, index, 11))


def test_sum_axis_over_many(portable: Any, path: Any) -> None:
    a = elements(portable, "many", 2500 * 3)
    for shape in ((1, 2500, 3), (3, 2500, 1), (75, 50, 2), (50, 3, 50)):
        same(path.fr_sum_axis(a, *shape), portable.fr_sum_axis(a, *shape))


@pytest.mark.parametrize("log", range(13))
def test_ntt(portable: Any, path: Any, log: int) -> None:
    size = 1 << log
    top = np.repeat(portable.fr_from_ints([(R - 1) * pow(1 << 256, -1, R)]), size, axis=0)
    for a in (elements(portable, f"ntt {log}", 3 * size), top):
        values = portable.fr_ntt(a, size)
        same(path.fr_ntt(a, size), values)
        same(path.fr_ntt(values, size, inverse=True), a)
        same(path.fr_ntt(a, size, inverse=True), portable.fr_ntt(a, size, inverse=True))


@pytest.mark.parametrize("log", [15, 17])
def test_ntt_of_several_passes(portable: Any, path: Any, log: int) -> None:
    a = portable.fr_expand(bytes(32), bytes(12), 1 << log)
    same(path.fr_ntt(a, 1 << log), portable.fr_ntt(a, 1 << log))
    same(path.fr_ntt(a, 1 << log, inverse=True), portable.fr_ntt(a, 1 << log, inverse=True))


@pytest.mark.parametrize("n", [1, 7, 8, 20, 50])
def test_in_place(portable: Any, path: Any, n: int) -> None:
    """The core allows out to be any of the inputs."""
    from tallystick.backend._native import ffi, lib

    def run(cpu: Any, function: str, arrays: list[Array], out: int) -> Array:
        arrays = [x.copy() for x in arrays]
        pointers = [ffi.from_buffer("ts_fr[]", x, require_writable=True) for x in arrays]
        getattr(lib, function)(cpu, pointers[out], *pointers, n)
        return arrays[out]

    a, b, c = (elements(portable, f"alias {name} {n}", n) for name in "abc")
    for function, arrays in {
        "ts_fr_vec_add": [a, b],
        "ts_fr_vec_sub": [a, b],
        "ts_fr_vec_mul": [a, b],
        "ts_fr_vec_neg": [a],
        "ts_fr_vec_muladd": [a, b, c],
        "ts_fr_vec_scale": [a, b],
        "ts_fr_vec_axpy": [a, b, c],
    }.items():
        for out in range(len(arrays)):
            same(run(path._cpu, function, arrays, out), run(portable._cpu, function, arrays, out))


# ---------------------------------------------------------------------- G1

Z_SQUARED = 0xD201000000010000**2


@pytest.fixture(scope="module")
def points(portable: Any) -> Array:
    """Points of G1 without a known relation, one of them infinity."""
    out: Array = portable.g1_hash([bytes([i]) for i in range(40)], b"code paths")
    out[7] = 0
    return out


def edge_scalars() -> list[int]:
    """Where the halves of a scalar, their signs and their digits change."""
    out = [0, 1, R - 1, 2, R - 2, (R - 1) // 2, (R + 1) // 2, 1 << 127, (1 << 254) - 1]
    for k in (1, 2, 3, Z_SQUARED // 2, Z_SQUARED // 2 + 1, Z_SQUARED - 1):
        out += [k * Z_SQUARED + d for d in (-1, 0, 1)]
        out += [k * Z_SQUARED + Z_SQUARED // 2 + d for d in (-1, 0, 1, 2)]
    for c in range(1, 17):
        out += [
            sum(1 << (c * i + c - 1) for i in range(127 // c)),
            (1 << c) - 1,
            1 << (c - 1),
            (1 << (c - 1)) + 1,
        ]
    return [v % R for v in out]


def scalar_rows(portable: Any, n: int) -> dict[str, Array]:
    """Rows of n scalars of several kinds."""
    stream = hashlib.shake_256(b"rows").digest(n)
    bits = [b & 1 for b in stream]
    signs = [1 if b & 2 else R - 1 for b in stream]
    kinds = {
        "random": None,
        "zeros": [0] * n,
        "ones": [1] * n,
        "bits": bits,
        "signs": signs,
        "sparse": [R // 3 if k == n // 2 else 0 for k in range(n)],
        "mixed": [R // 5 if k % 9 == 4 else bits[k] for k in range(n)],
        "equal": [R // 7] * n,
    }
    random = portable.fr_expand(bytes(32), bytes(12), n)
    return {k: random if v is None else portable.fr_from_ints(v) for k, v in kinds.items()}


@pytest.mark.parametrize("n", [0, 1, 2, 7, 9, 40])
def test_msm_rows(portable: Any, path: Any, points: Array, n: int) -> None:
    rows = np.concatenate(list(scalar_rows(portable, n).values()))
    few = points[:n]
    if n:
        same(path.g1_msm_rows(few, rows), portable.g1_msm_rows(few, rows))
    same(path.g1_msm(few, rows[:n]), portable.g1_msm(few, rows[:n]))


@pytest.mark.parametrize(("m", "n"), [(0, 5), (1, 40), (3, 1), (20, 33), (200, 40)])
def test_subset_sums(portable: Any, path: Any, points: Array, m: int, n: int) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (m, n), dtype=np.uint8)
    bits[:1], bits[1:2] = 0, 1
    same(path.g1_subset_sums(points[:n], bits), portable.g1_subset_sums(points[:n], bits))
    repeated = np.concatenate([points[:1], portable.g1_neg(points[:1]), portable.g1_identity(1)])
    index = np.arange(n) * 5 % 3
    same(path.g1_subset_sums(repeated[index], bits), portable.g1_subset_sums(repeated[index], bits))


@pytest.mark.parametrize("kind", ["random", "ones", "bits", "signs", "mixed", "equal"])
@pytest.mark.parametrize("repeat", [[3], [3, 4], [3, 11, 7], list(range(40))])
def test_msm_of_repeated_points(
    portable: Any, path: Any, points: Array, kind: str, repeat: list[int]
) -> None:
    """Equal, opposite and infinite points meet in one bucket, also across chunks of 8,192 points."""
    n = 600 if kind in ("random", "mixed", "equal") else 9_000
    index = np.array(repeat)[np.arange(n) * 5 % len(repeat)]
    many = np.concatenate([points, portable.g1_neg(points)])[index + 40 * (np.arange(n) % 3 == 1)]
    scalars = scalar_rows(portable, n)[kind]
    same(path.g1_msm(many, scalars), portable.g1_msm(many, scalars))


def test_msm_of_edge_scalars(portable: Any, path: Any, points: Array) -> None:
    scalars = portable.fr_from_ints(edge_scalars())
    one = points[:1]
    same(path.g1_msm_rows(one, scalars), portable.g1_msm_rows(one, scalars))
    many = np.concatenate([points] * 4)[: len(scalars)]
    same(path.g1_msm(many, scalars), portable.g1_msm(many, scalars))


def test_msm_of_many_points(portable: Any, path: Any, points: Array) -> None:
    """More digits than one chunk and one run of windows take."""
    n = 5_000
    many = np.concatenate([points] * (n // 40))
    scalars = portable.fr_expand(bytes(32), bytes(12), n)
    same(path.g1_msm(many, scalars), portable.g1_msm(many, scalars))


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 40, 63, 64, 65, 130])
def test_group(portable: Any, path: Any, points: Array, n: int) -> None:
    a = np.concatenate([points] * 4)[:n]
    b = a[::-1].copy()
    b[1::5] = a[1::5]
    b[2::5] = portable.g1_neg(a)[2::5]
    b[3::5] = 0
    for x, y in ((a, b), (b, a), (a, a)):
        same(path.g1_add(x, y), portable.g1_add(x, y))
    for x in (a, b, np.repeat(a[:1], n, axis=0), np.zeros_like(a)):
        same(path.g1_sum(x), portable.g1_sum(x))
    same(path.g1_neg(a), portable.g1_neg(a))
    assert path.g1_equal(a, a.copy()) and path.g1_is_identity(np.zeros_like(a))
    if n:
        assert not path.g1_equal(a, portable.g1_add(a, points[[0] * n])) and not path.g1_is_identity(a)


def test_multiples(portable: Any, path: Any, points: Array) -> None:
    scalars = [*edge_scalars(), *portable.fr_to_ints(portable.fr_expand(bytes(32), bytes(12), 20))]
    many = np.concatenate([points] * 4)[: len(scalars)]
    expected = portable.g1_mul(many, portable.fr_from_ints(scalars))
    same(path.g1_mul(many, portable.fr_from_ints(scalars)), expected)
    for n in (0, 1, 7, 9, 65):
        same(path.g1_mul(many[:n], portable.fr_from_ints(scalars[:n])), expected[:n])


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 40])
def test_point_bytes(portable: Any, path: Any, points: Array, n: int) -> None:
    a = points[:n]
    data, plain = portable.g1_to_bytes(a), portable.g1_to_affine(a)
    assert path.g1_to_bytes(a) == data and path.g1_to_affine(a) == plain
    same(path.g1_from_bytes(data), a)
    same(path.g1_from_trusted_affine(plain), a)


def outcome(decode: Any, data: bytes) -> tuple[int, str] | Array:
    """What the decoder returns, or the offset and words of its error."""
    try:
        result: Array = decode(data)
    except DecodeError as error:
        return error.offset or 0, str(error)
    return result


def test_bad_point_bytes(portable: Any, path: Any, points: Array) -> None:
    """The first bad point is named, with the same fault, wherever in a block of eight it stands."""
    data, plain = portable.g1_to_bytes(points), portable.g1_to_affine(points)
    stream = hashlib.shake_256(b"bad points").digest(4 * 60)
    for t in range(60):
        index, byte, bit, kind = (
            stream[4 * t] % 40,
            stream[4 * t + 1] % 48,
            stream[4 * t + 2] % 8,
            stream[4 * t + 3] % 5,
        )
        one = bytearray(data[48 * index : 48 * index + 48])
        if kind == 0:
            one[byte] ^= 1 << bit
        elif kind == 1:
            one[0] &= 0x7F
        elif kind == 2:
            one[:] = bytes([0xE0]) + bytes(47)
        elif kind == 3:
            one[:] = bytes([0x9A]) + b"\xff" * 47
        else:
            one[:] = bytes([0x80]) + bytes(46) + bytes([byte])
        mangled = data[: 48 * index] + bytes(one) + data[48 * index + 48 :]
        same(outcome(path.g1_from_bytes, mangled), outcome(portable.g1_from_bytes, mangled))
        other = bytearray(plain)
        other[96 * index + byte] ^= 1 << bit
        same(
            outcome(path.g1_from_trusted_affine, bytes(other)),
            outcome(portable.g1_from_trusted_affine, bytes(other)),
        )


@pytest.mark.parametrize("n", [0, 1, 8, 9, 70])
def test_hashed_points(portable: Any, path: Any, n: int) -> None:
    messages = [bytes([k]) * (k * 7 % 200) for k in range(n)]
    for tag in (b"t", b"code paths" * 25):
        same(path.g1_hash(messages, tag), portable.g1_hash(messages, tag))
