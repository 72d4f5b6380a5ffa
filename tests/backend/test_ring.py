# SPDX-License-Identifier: Apache-2.0
"""BGV's ring: all code paths against the pure backend, byte for byte; identities; samplers; refusals."""

from __future__ import annotations

import hashlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend, Ciphertext, FrArray, PublicKey, Ring, RingParameters, get_backend
from tallystick.backend._ring_constants import ring_constants
from tallystick.errors import BackendError, DecodeError
from tallystick.offline._parameters import LIMB_BITS, derive, ring_primes

from ..conftest import native_or_skip

FULL = 32_768
PATHS = ["portable", "adx", "ifma"]
SEED = hashlib.sha256(b"ring").digest()
I64 = np.iinfo(np.int64)

Array = npt.NDArray[Any]


def nonce(k: int) -> bytes:
    return k.to_bytes(12, "big")


def parameters(n: int) -> RingParameters:
    return derive(n, insecure_degree=True).ring


@pytest.fixture(scope="module", params=PATHS)
def path(request: pytest.FixtureRequest) -> Any:
    """The native backend on each code path."""
    native_or_skip()
    from tallystick.backend._native_backend import NativeBackend

    try:
        return NativeBackend(request.param)
    except BackendError as reason:
        pytest.skip(str(reason))


def fr_edges(n: int, k: int) -> list[int]:
    """Edge values in turn, starting at another one for every k."""
    edges = [0, 1, R - 1, R - 2, R // 2, (1 << 52) - 1, (1 << 208) - 1, ((1 << 52) - 1) << 156, 1 << 254]
    return [edges[(i + k) % len(edges)] for i in range(n)]


def small_edges(n: int, bound: int, k: int) -> Array:
    edges = [0, 1, -1, bound, -bound, bound - 1]
    return np.array([edges[(i + k) % len(edges)] for i in range(n)], dtype=np.int64)


def residue_edges(p: RingParameters, k: int) -> Array:
    rows = [
        [(0, 1, q - 1, q - 2, q // 2)[(i + l + k) % 5] for i in range(p.degree)]
        for l, q in enumerate(p.primes)
    ]
    return np.array(rows, dtype=np.uint64)


def inputs(ring: Ring, pure: Backend, kind: str) -> dict[str, Any]:
    """What every operation works on: pseudo-random, or edges only; Fr as ints."""
    n, p = ring.parameters.degree, ring.parameters
    if kind == "random":
        return {
            "a": ring.uniform(SEED, nonce(0)),
            "b": ring.uniform(SEED, nonce(1)),
            "s": ring.ternary(SEED, nonce(2)),
            "e": ring.binomial(SEED, nonce(3)),
            "v": ring.box(SEED, nonce(4), 27),
            "e1": ring.box(SEED, nonce(5), 32),
            "u": ring.wide(SEED, nonce(6)),
            "m": pure.fr_to_ints(pure.fr_expand(SEED, nonce(7), n)),
            "y": pure.fr_to_ints(pure.fr_expand(SEED, nonce(8), n)),
        }
    top = np.uint64((1 << 52) - 1)
    if kind == "top":  # The largest of everything: no sum inside may overflow.
        q = np.array(p.primes, dtype=np.uint64)[:, None]
        return {
            "a": np.repeat(q - np.uint64(1), n, axis=1),
            "b": np.repeat(q - np.uint64(1), n, axis=1),
            "s": np.full(n, I64.max),
            "e": np.full(n, I64.min),
            "v": np.full(n, -(1 << 32)),
            "e1": np.full(n, 1 << 32),
            "u": np.full((p.wide_limbs, n), top),
            "m": [R - 1] * n,
            "y": [R - 1] * n,
        }
    wide = np.array([[0, top, 1, top][(i + n // 2) % 4] for i in range(n)], dtype=np.uint64)
    return {
        "a": residue_edges(p, 0),
        "b": residue_edges(p, 3),
        "s": small_edges(n, 1, 0),
        "e": small_edges(n, 21, 1),
        "v": small_edges(n, 1 << 32, 2),
        "e1": small_edges(n, 1 << 62, 3),
        "u": np.stack([wide] * p.wide_limbs),
        "m": fr_edges(n, 0),
        "y": fr_edges(n, 4),
    }


def shifts(n: int) -> Array:
    return np.array(
        [[0, 1, 2 * n - 1, -1, n], [n - 1, n + 1, 0, n // 2, -1], [-1] * 5, [7, 6, 5, 4, 3]],
        dtype=np.int64,
    )


def everything(backend: Backend, ring: Ring, given: dict[str, Any]) -> dict[str, Any]:
    """Every operation of the ring on these inputs, as arrays and bytes that do not depend on the backend."""
    key = PublicKey(given["a"], given["b"])
    m, y = backend.fr_from_ints(given["m"]), backend.fr_from_ints(given["y"])
    s, e, v, e1 = given["s"], given["e"], given["v"], given["e1"]
    c = ring.encrypt(key, m, e, v, e1)
    d = ring.double(c)
    r = ring.reply(d, y, key, v=v, e1=e1, u=given["u"], mask=m)
    out: dict[str, Any] = {
        "to_evaluation": ring.to_evaluation(s),
        "public_key": ring.public_key(given["a"], s, e).b,
        "slots": backend.fr_to_bytes(ring.slots(m)),
        "coefficients": backend.fr_to_bytes(ring.coefficients(y)),
        "pack": ring.pack(given["a"]),
        "unpack": ring.unpack(ring.pack(given["b"]), len(given["b"])),
    }
    ciphertexts = {
        "encrypt": c,
        "double": d,
        "subtract": ring.subtract(d, Ciphertext(c.c1, given["a"])),
        "reply": r,
    }
    five = [c, d, ciphertexts["subtract"], Ciphertext(given["a"], given["b"]), Ciphertext(c.c1, c.c0)]
    ciphertexts |= {f"combine {k}": x for k, x in enumerate(ring.combine(five, shifts(len(m))))}
    for name, ciphertext in ciphertexts.items():
        out[f"{name} 0"], out[f"{name} 1"] = ciphertext.c0, ciphertext.c1
    return out


def sampled(ring: Ring) -> dict[str, Any]:
    out: dict[str, Any] = {f"box {b}": ring.box(SEED, nonce(1), b) for b in (0, 1, 10, 32, 62)}
    return out | {
        "ternary": ring.ternary(SEED, nonce(2)),
        "binomial": ring.binomial(SEED, nonce(2)),
        "wide": ring.wide(SEED, nonce(2)),
        "uniform": ring.uniform(SEED, nonce(2)),
        "uniform, carried nonce": ring.uniform(SEED, nonce(250)),
    }


def same(got: dict[str, Any], expected: dict[str, Any]) -> None:
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, bytes):
            assert got[name] == value, name
        else:
            assert got[name].dtype == value.dtype and np.array_equal(got[name], value), name


@pytest.mark.parametrize("kind", ["random", "edges", "top"])
@pytest.mark.parametrize("n", [4, 8, 16, 32, 64, 128, 256, 512, 1024])
def test_paths_agree(pure: Backend, path: Any, n: int, kind: str) -> None:
    oracle, ring = pure.ring(parameters(n)), path.ring(parameters(n))
    given = inputs(oracle, pure, kind)
    same(everything(path, ring, given), everything(pure, oracle, given))
    if kind == "random":
        same(sampled(ring), sampled(oracle))


@pytest.fixture(scope="module")
def full_size(pure: Backend) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Inputs and results of the pure ring at the degree in use."""
    ring = pure.ring(parameters(FULL))
    given = inputs(ring, pure, "random")
    return given, everything(pure, ring, given), sampled(ring)


def test_paths_agree_at_full_size(path: Any, full_size: Any) -> None:
    ring = path.ring(parameters(FULL))
    given, results, samples = full_size
    same(everything(path, ring, given), results)
    same(sampled(ring), samples)


@pytest.mark.parametrize("primes", [(17,), (97, 89, 73, 41, 17)])
def test_tiny_primes(pure: Backend, path: Any, primes: tuple[int, ...]) -> None:
    p = RingParameters(degree=4, primes=primes, kept=max(1, len(primes) - 3), wide_limbs=2)
    oracle, ring = pure.ring(p), path.ring(p)
    for kind in ("random", "edges", "top"):
        given = inputs(oracle, pure, kind)
        same(everything(path, ring, given), everything(pure, oracle, given))


# ---------------------------------------------------------------------- against schoolbook


def schoolbook(a: list[int], b: list[int], p: int) -> list[int]:
    n = len(a)
    out = [0] * n
    for i, j in itertools.product(range(n), repeat=2):
        out[(i + j) % n] += a[i] * b[j] * (1 if i + j < n else -1)
    return [x % p for x in out]


def test_products_in_the_ring_of_degree_4_modulo_17(backend: Backend) -> None:
    """All 81 ternary polynomials, times each of four: the values multiply as the polynomials do."""
    ring = backend.ring(RingParameters(degree=4, primes=(17,), kept=1, wide_limbs=1))
    zero = np.zeros(4, dtype=np.int64)
    for a in ([1, 0, 0, 0], [0, 0, 0, 1], [16, 1, 2, 8], [3, 5, 7, 11]):
        values = ring.to_evaluation(np.array(a, dtype=np.int64))
        for s in itertools.product((-1, 0, 1), repeat=4):
            got = ring.public_key(values, np.array(s, dtype=np.int64), zero).b
            expected = np.array(schoolbook(a, list(s), 17), dtype=np.int64)
            assert np.array_equal(got, ring.to_evaluation(expected))


@pytest.mark.parametrize("n", [4, 8, 64])
def test_evaluation_is_what_the_specification_says(backend: Backend, n: int) -> None:
    ring = backend.ring(parameters(n))
    small = ring.box(SEED, nonce(1), 40)
    values = ring.to_evaluation(small)
    bits = n.bit_length() - 1
    for row, p, psi in zip(
        values.tolist(), ring.parameters.primes, ring_constants(ring.parameters).psi, strict=True
    ):
        assert pow(psi, n, p) == p - 1
        for i in range(0, n, n // 4):
            x = pow(psi, 2 * int(f"{i:0{bits}b}"[::-1], 2) + 1, p)
            assert row[i] == sum(c * pow(x, k, p) for k, c in enumerate(small.tolist())) % p


@pytest.mark.parametrize("n", [4, 8, 128])
def test_slots_are_what_the_specification_says(backend: Backend, n: int) -> None:
    ring = backend.ring(parameters(n))
    m = backend.fr_expand(SEED, nonce(1), n)
    psi = pow(7, (R - 1) // (2 * n), R)
    coefficients = backend.fr_to_ints(m)
    expected = [
        sum(c * pow(psi, (2 * i + 1) * k, R) for k, c in enumerate(coefficients)) % R for i in range(n)
    ]
    assert backend.fr_to_ints(ring.slots(m)) == expected
    assert backend.fr_equal(ring.coefficients(ring.slots(m)), m)


def test_monomials_shift_coefficients(backend: Backend) -> None:
    n = 16
    ring = backend.ring(parameters(n))
    small = ring.binomial(SEED, nonce(1))
    values = ring.to_evaluation(small)
    for k in range(2 * n):
        shifted = np.empty_like(small)
        for i, x in enumerate(small.tolist()):
            shifted[(i + k) % n] = x if (i + k) // n % 2 == 0 else -x
        got = ring.combine([Ciphertext(values, values)], np.array([[k]], dtype=np.int64))[0]
        assert np.array_equal(got.c0, ring.to_evaluation(shifted)) and np.array_equal(got.c1, got.c0)


# ---------------------------------------------------------------------- the homomorphism


def reply_opens(backend: Backend, n: int, m: FrArray, y: FrArray, mask: FrArray) -> None:
    """Slots of the decrypted reply to twice a ciphertext are 2 m y - mask."""
    ring = backend.ring(parameters(n))
    s, e = ring.ternary(SEED, nonce(1)), ring.binomial(SEED, nonce(2))
    key = ring.public_key(ring.uniform(SEED, nonce(3)), s, e)
    noise = [ring.binomial(SEED, nonce(k)) for k in (4, 5, 6)]
    v, w = ring.ternary(SEED, nonce(7)), ring.ternary(SEED, nonce(8))
    c = ring.double(ring.encrypt(key, ring.coefficients(m), noise[0], v, noise[1]))
    f, g = ring.coefficients(y), ring.coefficients(mask)
    u = ring.wide(SEED, nonce(9))
    u[-1] &= np.uint64((1 << derive(n, insecure_degree=True).drowning_bits % LIMB_BITS) - 1)
    r = ring.reply(c, f, key, v=w, e1=noise[2], u=u, mask=g)
    opened = ring.slots(ring.decrypt(r, ring.to_evaluation(s)))
    expected = backend.fr_sub(backend.fr_scale(backend.fr_mul(m, y), 2), mask)
    assert backend.fr_equal(opened, expected)


@pytest.mark.parametrize("n", [8, 64])
def test_replies_open_to_products(backend: Backend, n: int) -> None:
    m, y, mask = (backend.fr_expand(SEED, nonce(20 + k), n) for k in range(3))
    reply_opens(backend, n, m, y, mask)
    top = backend.fr_from_ints([R - 1] * n)
    reply_opens(backend, n, top, top, top)
    edges = [backend.fr_from_ints(fr_edges(n, k)) for k in (0, 3, 5)]
    reply_opens(backend, n, *edges)


def test_replies_open_to_products_at_full_size(path: Any) -> None:
    m, y, mask = (path.fr_expand(SEED, nonce(20 + k), FULL) for k in range(3))
    reply_opens(path, FULL, m, y, mask)


def test_decryption_agrees_over_the_whole_range(pure: Backend, path: Any) -> None:
    """Integers of every size up to q'/4, both signs, against exact arithmetic."""
    p = parameters(64)
    kept = p.primes[: p.kept]
    q = big = 1
    for x in kept:
        q *= x
    for x in p.primes[p.kept :]:
        big *= x
    values = [0, 1, -1, q // 4 - 1, 1 - q // 4, q // 4 - R, R - q // 4]
    values += [sign * ((q // 4 - 1) >> k) for k in range(1, 29) for sign in (1, -1)]
    values += [int.from_bytes(hashlib.sha256(bytes([k])).digest(), "big") for k in range(64 - len(values))]
    d0 = np.array([[v % x for v in values] for x in kept], dtype=np.uint64)
    d1 = np.zeros_like(d0)
    s = np.zeros((len(p.primes), 64), dtype=np.uint64)
    expected = [v * big % R for v in values]
    for backend in (pure, path):
        assert backend.fr_to_ints(backend.ring(p).decrypt(Ciphertext(d0, d1), s)) == expected


# ---------------------------------------------------------------------- bytes and refusals


def test_packing_round_trip_and_size(backend: Backend) -> None:
    for n in (4, 8, 64):
        ring = backend.ring(parameters(n))
        for poly in (ring.uniform(SEED, nonce(1)), residue_edges(ring.parameters, 1)):
            for rows in (0, 1, 6, len(poly)):
                data = ring.pack(poly[:rows])
                assert len(data) == 25 * n // 4 * rows
                for form in (data, bytearray(data), memoryview(data)):
                    assert np.array_equal(ring.unpack(form, rows), poly[:rows])


@pytest.mark.parametrize(("row", "place"), [(0, 0), (0, 1), (0, 63), (3, 2), (5, 40)])
def test_unpacking_names_the_first_bad_residue(backend: Backend, row: int, place: int) -> None:
    ring = backend.ring(parameters(64))
    size = 64 * 50 // 8
    for value in (ring.parameters.primes[row], (1 << 50) - 1):
        poly = ring.uniform(SEED, nonce(1))
        poly[row, place] = value
        poly[5, 63] = (1 << 50) - 1
        with pytest.raises(DecodeError) as caught:
            ring.unpack(ring.pack(poly), len(poly))
        assert caught.value.offset == row * size + place * 50 // 8


def test_unpacking_refuses_other_lengths(backend: Backend) -> None:
    ring = backend.ring(parameters(8))
    for size in (0, 49, 51, 100):
        with pytest.raises(DecodeError):
            ring.unpack(bytes(size), 1)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 12])
def test_degrees_that_are_refused(backend: Backend, degree: int) -> None:
    with pytest.raises(ValueError):
        backend.ring(RingParameters(degree=degree, primes=ring_primes(16, 2), kept=1, wide_limbs=1))


def test_primes_that_are_refused(backend: Backend) -> None:
    for primes in ((19,), ((1 << 50) + 1,)):
        with pytest.raises((ValueError, BackendError)):
            backend.ring(RingParameters(degree=8, primes=primes, kept=1, wide_limbs=1))
    with pytest.raises(ValueError):
        backend.ring(RingParameters(degree=8, primes=ring_primes(8, 2), kept=3, wide_limbs=1))


def test_arguments_of_other_shapes_are_refused(native: Backend) -> None:
    p = parameters(8)
    ring = native.ring(p)
    poly, small = ring.uniform(SEED, nonce(1)), ring.ternary(SEED, nonce(1))
    fr, key = native.fr_zeros(8), PublicKey(poly, poly)
    for wrong in (small[:4], small.astype(np.int32), small.reshape(2, 4), small.tolist()):
        with pytest.raises(ValueError, match="small"):
            ring.to_evaluation(wrong)  # type: ignore[arg-type]
    for wrong in (poly[:3], poly[:, :4], poly.astype(np.int64)):
        with pytest.raises(ValueError, match="residues"):
            ring.encrypt(PublicKey(wrong, poly), fr, small, small, small)
    with pytest.raises(ValueError, match="Fr"):
        ring.encrypt(key, native.fr_zeros(7), small, small, small)
    one = Ciphertext(poly, poly)
    for wrong_shifts in ([[16]], [[-2]], [[0, 0]]):
        with pytest.raises(ValueError):
            ring.combine([one], np.array(wrong_shifts, dtype=np.int64))
    with pytest.raises(ValueError):
        ring.combine([one] * 64, np.zeros((1, 64), dtype=np.int64))


def test_sampler_arguments_that_are_refused(backend: Backend) -> None:
    ring = backend.ring(parameters(8))
    for bits in (-1, 63):
        with pytest.raises(ValueError):
            ring.box(SEED, nonce(1), bits)
    for seed, at in ((SEED[:31], nonce(1)), (SEED, nonce(1)[:11])):
        for sampler in (ring.ternary, ring.binomial, ring.wide, ring.uniform):
            with pytest.raises(ValueError):
                sampler(seed, at)


def test_strided_arguments(native: Backend) -> None:
    ring = native.ring(parameters(8))
    poly, small = ring.uniform(SEED, nonce(1)), ring.ternary(SEED, nonce(1))
    spread = np.zeros(16, dtype=np.int64)
    spread[::2] = small
    fortran = np.asfortranarray(poly)
    expected = ring.public_key(poly, small, small).b
    assert np.array_equal(ring.public_key(fortran, spread[::2], small).b, expected)


# ---------------------------------------------------------------------- threads and memory


def test_a_ring_serves_several_threads(path: Any) -> None:
    ring = path.ring(parameters(1024))
    given = inputs(ring, get_backend("pure"), "random")
    expected = everything(path, ring, given)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: everything(path, ring, given), range(12)):
            same(got, expected)


def test_scratch_memory_is_wiped(path: Any) -> None:
    from tallystick.backend._native import ffi, lib

    ring = path.ring(parameters(64))
    given = inputs(ring, get_backend("pure"), "random")
    size = lib.ts_ring_scratch(ring._ring)
    for offset in (0, 1, 63):
        scratch = np.full(size + 64, 0xA5, dtype=np.uint8)
        area = ffi.from_buffer("char[]", scratch, require_writable=True)
        m, y = path.fr_from_ints(given["m"]), path.fr_from_ints(given["y"])
        words = {k: ffi.from_buffer("uint64_t[]", given[k]) for k in ("a", "b", "u")}
        smalls = {k: ffi.from_buffer("int64_t[]", given[k]) for k in ("v", "e1")}
        out = [np.empty((ring.parameters.kept, 64), dtype=np.uint64) for _ in range(2)]
        assert (
            lib.ts_ring_reply(
                ring._ring,
                *[ffi.from_buffer("uint64_t[]", d) for d in out],
                words["a"],
                words["b"],
                ffi.from_buffer("ts_fr[]", y),
                words["b"],
                words["a"],
                smalls["v"],
                smalls["e1"],
                words["u"],
                ffi.from_buffer("ts_fr[]", m),
                area + offset,
                size,
            )
            == lib.TS_OK
        )
        used = np.flatnonzero(scratch != 0xA5)
        assert not scratch[used].any()
        # What is left over on both sides is for the alignment.
        first, end = int(used[0]), int(used[-1]) + 1
        assert len(used) == end - first and first < offset + 64 and offset + size - end <= 64


# ---------------------------------------------------------------------- samplers


def chi_square(counts: Array, probabilities: Array) -> float:
    expected = probabilities * counts.sum()
    return float(((counts - expected) ** 2 / expected).sum())


def limit(cells: int) -> float:
    """Far out in the tail of the chi-square distribution: mean plus seven deviations; the seeds are fixed."""
    freedom = cells - 1
    return freedom + 7 * float(np.sqrt(2 * freedom))


@pytest.fixture(scope="module")
def full_ring(native: Backend) -> Ring:
    return native.ring(parameters(FULL))


def test_ternary_is_uniform(full_ring: Ring) -> None:
    x = full_ring.ternary(SEED, nonce(1))
    counts = np.array([(x == k).sum() for k in (-1, 0, 1)])
    assert counts.sum() == FULL
    assert chi_square(counts, np.full(3, 1 / 3)) < limit(3)
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 7 / FULL**0.5


def test_binomial_has_its_distribution(full_ring: Ring) -> None:
    x = full_ring.binomial(SEED, nonce(1))
    assert abs(x).max() <= 21
    assert abs(x.mean()) < 7 * (10.5 / FULL) ** 0.5 and abs(x.var() / 10.5 - 1) < 7 * (2 / FULL) ** 0.5
    # The difference of two binomials of 21 coins is one of 42, moved: values beyond 10 in one cell each.
    probability = np.array([comb(42, 21 + k) / 2**42 for k in range(-21, 22)])
    counts = np.array([(x == k).sum() for k in range(-21, 22)])
    cut = [slice(0, 12), *[slice(k, k + 1) for k in range(12, 31)], slice(31, 43)]
    merged = [np.array([a[c].sum() for c in cut]) for a in (counts, probability)]
    assert chi_square(*merged) < limit(len(cut))


@pytest.mark.parametrize("bits", [0, 3, 32, 62])
def test_box_is_uniform(full_ring: Ring, bits: int) -> None:
    x = full_ring.box(SEED, nonce(1), bits)
    assert -(1 << bits) <= int(x.min()) and int(x.max()) < 1 << bits
    if bits < 4:
        counts = np.array([(x == k).sum() for k in range(-(1 << bits), 1 << bits)])
    else:
        end = float(1 << bits)
        counts = np.histogram(x.astype(np.float64), bins=64, range=(-end, end))[0]
    assert counts.sum() == FULL and chi_square(counts, np.full(len(counts), 1 / len(counts))) < limit(
        len(counts)
    )


def test_wide_limbs_and_residues_are_uniform(full_ring: Ring) -> None:
    limbs = full_ring.wide(SEED, nonce(1))
    assert int(limbs.max()) < 1 << 52
    for row in limbs:
        ones = np.array([int(((row >> np.uint64(b)) & np.uint64(1)).sum()) for b in range(52)])
        assert (abs(ones - FULL / 2) < 7 * FULL**0.5 / 2).all()
    residues = full_ring.uniform(SEED, nonce(1))
    for row, p in zip(residues, full_ring.parameters.primes, strict=True):
        assert int(row.max()) < p
        counts = np.histogram(row.astype(np.float64), bins=64, range=(0.0, float(p)))[0]
        assert chi_square(counts, np.full(64, 1 / 64)) < limit(64)
    assert len({row.tobytes() for row in residues}) == len(residues)
