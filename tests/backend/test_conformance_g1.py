# SPDX-License-Identifier: Apache-2.0
"""G1 on both backends: the group's laws, py_ecc as the oracle, encodings, and each other's bytes."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.optimized_bls12_381 import FQ, Z1, is_inf, multiply, normalize
from py_ecc.optimized_bls12_381 import add as oracle_add
from py_ecc.optimized_bls12_381.optimized_curve import is_on_curve

from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend, G1Array
from tallystick.errors import DecodeError

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
B = FQ(4)
COFACTOR = 0x396C8C005555E1568C00AAAB0000AAAB
INFINITY = bytes([0xC0]) + bytes(47)
VECTORS = Path(__file__).parents[2] / "spec/vectors/rfc9380/hash_to_g1.json"
DST = b"TALLYSTICK-TEST_BLS12381G1_XMD:SHA-256_SSWU_RO_"

# A scalar's size decides which windows and which code a multiplication meets.
EDGES = [
    0,
    1,
    2,
    3,
    15,
    16,
    17,
    R - 1,
    R - 2,
    R // 2,
    R // 2 + 1,
    2**64,
    2**128 - 1,
    2**128,
    0xD201000000010000,
]
scalars = st.one_of(st.sampled_from(EDGES), st.integers(0, 1), st.integers(0, 2**16), st.integers(0, R - 1))


def affine(point: tuple[FQ, FQ, FQ]) -> bytes:
    """Encode a point of the oracle as 96 bytes."""
    if is_inf(point):
        return bytes(96)
    x, y = normalize(point)
    return int(x).to_bytes(48, "big") + int(y).to_bytes(48, "big")


def oracle(data: bytes) -> tuple[FQ, FQ, FQ]:
    """Read 96 bytes as a point of the oracle."""
    x, y = int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big")
    return (FQ(x), FQ(y), FQ(1)) if y else Z1


def compressed(data: bytes) -> bytes:
    """Compress 96 bytes, by the definition of the Zcash/IETF encoding."""
    x, y = int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big")
    if y == 0:
        return INFINITY
    return (x | (4 + (y > P - y)) << 381).to_bytes(48, "big")


@pytest.fixture(scope="module")
def points(backend: Backend) -> G1Array:
    """Infinity, P, -P, P again, and others: every pair of cases an addition tells apart."""
    some = backend.g1_hash([bytes([i]) for i in range(5)], DST)
    return np.concatenate([backend.g1_identity(1), some[:1], backend.g1_neg(some[:1]), some[:1], some[1:]])


def same(backend: Backend, got: G1Array, want: list[tuple[FQ, FQ, FQ]]) -> bool:
    assert got.flags.c_contiguous
    return backend.g1_to_affine(got) == b"".join(map(affine, want))


def oracles(backend: Backend, array: G1Array) -> list[tuple[FQ, FQ, FQ]]:
    data = backend.g1_to_affine(array)
    return [oracle(data[k : k + 96]) for k in range(0, len(data), 96)]


# ---------------------------------------------------------------------- the group law
def test_addition_of_every_pair(backend: Backend, points: G1Array) -> None:
    n = len(points)
    left = points[np.repeat(np.arange(n), n)]
    right = points[np.tile(np.arange(n), n)]
    want = oracles(backend, points)
    assert same(backend, backend.g1_add(left, right), [oracle_add(p, q) for p, q in product(want, want)])


def test_negation_equality_and_identity(backend: Backend, points: G1Array) -> None:
    negated = backend.g1_neg(points)
    assert backend.g1_is_identity(backend.g1_add(points, negated))
    assert backend.g1_equal(backend.g1_neg(negated), points)
    assert backend.g1_equal(points, points) and not backend.g1_equal(points, negated)
    assert backend.g1_equal(points[:1], negated[:1])
    assert backend.g1_is_identity(points[:1]) and not backend.g1_is_identity(points)
    assert not backend.g1_is_identity(points[1:2])
    assert backend.g1_is_identity(backend.g1_identity(3)) and backend.g1_is_identity(backend.g1_identity(0))
    assert backend.g1_equal(points[::-1], points[::-1].copy())


@pytest.fixture(scope="module")
def torsion(pure: Backend) -> bytes:
    """Every point of order 1, 3, 11 or 33 in one cyclic subgroup outside G1, generator's multiples in order."""
    x = 1
    while True:
        square = (x * x * x + 4) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            candidate = multiply((FQ(x), FQ(y), FQ(1)), R * COFACTOR // 33 // 11)
            for _ in range(2):
                if not is_inf(multiply(candidate, 33)):
                    candidate = multiply(candidate, 11)
            if not is_inf(multiply(candidate, 3)) and not is_inf(multiply(candidate, 11)):
                break
        x += 1
    multiples = [Z1]
    for _ in range(32):
        multiples.append(oracle_add(multiples[-1], candidate))
    assert is_on_curve(candidate, B) and is_inf(oracle_add(multiples[-1], candidate))
    return b"".join(map(affine, multiples))


def test_addition_law_exhaustively_in_a_small_subgroup(backend: Backend, torsion: bytes) -> None:
    """33 points: x = 0 occurs among them, and every doubling, opposite and infinity."""
    n = len(torsion) // 96
    group = backend.g1_from_trusted_affine(torsion)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    assert backend.g1_equal(backend.g1_add(group[i], group[j]), group[(i + j) % n])
    assert backend.g1_equal(backend.g1_neg(group), group[-np.arange(n) % n])
    for k in range(n):
        # The sum of the first k multiples of the generator is its multiple by k(k-1)/2.
        assert backend.g1_equal(backend.g1_sum(group[:k]), group[[k * (k - 1) // 2 % n]])


# ---------------------------------------------------------------------- multiplication
@settings(max_examples=20)
@given(data=st.data())
def test_multiplication(backend: Backend, points: G1Array, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 4))
    at = data.draw(st.lists(st.integers(0, len(points) - 1), min_size=n, max_size=n))
    s = data.draw(st.lists(scalars, min_size=n, max_size=n))
    chosen = points[np.array(at, dtype=np.int64)]
    want = [multiply(p, k) for p, k in zip(oracles(backend, chosen), s, strict=True)]
    total = Z1
    for p in want:
        total = oracle_add(total, p)
    vector = backend.fr_from_ints(s)
    assert same(backend, backend.g1_mul(chosen, vector), want)
    assert same(backend, backend.g1_msm(chosen, vector), [total])


def test_multiplication_by_every_edge(backend: Backend, points: G1Array) -> None:
    every = np.concatenate([points[1:2]] * len(EDGES))
    base = oracles(backend, points[1:2])[0]
    got = backend.g1_mul(every, backend.fr_from_ints(EDGES))
    assert same(backend, got, [multiply(base, k) for k in EDGES])
    assert backend.g1_is_identity(
        backend.g1_mul(backend.g1_identity(len(EDGES)), backend.fr_from_ints(EDGES))
    )


@pytest.fixture(scope="module")
def many(backend: Backend) -> tuple[G1Array, G1Array]:
    """300 known multiples k*P of one point, with infinities, repeats and opposites; and P."""
    base = backend.g1_hash([b"base"], DST)
    table = np.concatenate([backend.g1_identity(1), base])
    for _ in range(6):
        table = np.concatenate([table, backend.g1_add(table, table[[-1] * len(table)])])
    return table, base


KNOWN = [0, 1]
for _ in range(6):
    KNOWN = KNOWN + [k + KNOWN[-1] for k in KNOWN]


@pytest.mark.parametrize(
    "kind", ["bits", "signed bits", "bytes", "full", "mixed", "one full", "zeros", "equal", "one point"]
)
@pytest.mark.parametrize("n", [1, 2, 4, 5, 6, 9, 33, 64, 100, 128, 300])
def test_multi_scalar_multiplication(
    backend: Backend, many: tuple[G1Array, G1Array], n: int, kind: str
) -> None:
    """Every point is a known multiple of one, so one multiplication is the oracle."""
    seed = n
    table, base = many
    draw = np.random.default_rng(seed)
    at = draw.integers(0, len(KNOWN), n)
    full = backend.fr_to_ints(backend.fr_expand(seed.to_bytes(32, "little"), bytes(12), n))
    bits = [int(b) for b in draw.integers(0, 2, n)]
    s = {
        "bits": bits,
        "signed bits": [b * (-1) ** k for k, b in enumerate(bits)],
        "bytes": [int(b) for b in draw.integers(-128, 256, n)],
        "full": full,
        "mixed": [(f, b, f % 2**40, -b)[k % 4] for k, (f, b) in enumerate(zip(full, bits, strict=True))],
        "one full": [*bits[:-1], full[-1]],
        "zeros": [0] * n,
        "equal": [full[0]] * n,
        "one point": [f % 2**20 * (-1) ** (k // 2) for k, f in enumerate(full)],
    }[kind]
    if kind == "one point":
        # Doublings and, by the signs, cancellations inside the buckets.
        at[:] = 1
    chosen, vector = table[at], backend.fr_from_ints(s)
    total = sum(KNOWN[a] * k for a, k in zip(at.tolist(), s, strict=True))
    want = backend.g1_mul(base, backend.fr_from_ints([total]))
    assert backend.g1_equal(backend.g1_msm(chosen, vector), want)


@settings(max_examples=6)
@given(m=st.integers(0, 3), n=st.integers(0, 12), seed=st.binary(min_size=32, max_size=32))
def test_rows(backend: Backend, many: tuple[G1Array, G1Array], m: int, n: int, seed: bytes) -> None:
    table, base = many
    rows = backend.fr_expand(seed, bytes(12), m * n)
    got = backend.g1_msm_rows(table[:n], rows)
    x = backend.fr_to_ints(rows)
    totals = [sum(KNOWN[j] * x[i * n + j] for j in range(n)) for i in range(m if n else 0)]
    want = backend.g1_mul(np.concatenate([base] * 3)[: len(totals)], backend.fr_from_ints(totals))
    assert backend.g1_equal(got, want)


@settings(max_examples=6)
@given(m=st.integers(0, 40), n=st.integers(0, 12), seed=st.integers(0, 2**32))
def test_subsets(backend: Backend, many: tuple[G1Array, G1Array], m: int, n: int, seed: int) -> None:
    table, base = many
    bits = np.random.default_rng(seed).integers(0, 2, (m, n), dtype=np.uint8)
    bits[:1], bits[1:2] = 0, 1
    got = backend.g1_subset_sums(table[:n], bits)
    totals = [sum(KNOWN[j] for j in range(n) if row[j]) for row in bits]
    want = backend.g1_mul(np.concatenate([base] * 41)[:m], backend.fr_from_ints(totals))
    assert backend.g1_equal(got, want)


def test_subsets_of_points_that_cancel(backend: Backend, many: tuple[G1Array, G1Array]) -> None:
    table, _ = many
    points = np.concatenate([table[:4], backend.g1_neg(table[:4]), table[:4], backend.g1_identity(2)])
    ones = np.ones((9, len(points)), dtype=np.uint8)
    assert backend.g1_equal(
        backend.g1_subset_sums(points, ones), np.concatenate([backend.g1_sum(table[:4])] * 9)
    )
    ones[:, 8:] = 0
    assert backend.g1_is_identity(backend.g1_subset_sums(points, ones))


def test_sums(backend: Backend, many: tuple[G1Array, G1Array]) -> None:
    table, base = many
    for n in (0, 1, 2, 3, 7, 64, 128):
        want = backend.g1_mul(base, backend.fr_from_ints([sum(KNOWN[:n])]))
        assert backend.g1_equal(backend.g1_sum(table[:n]), want)
    cancelling = np.concatenate([table, backend.g1_neg(table[::-1])])
    assert backend.g1_is_identity(backend.g1_sum(cancelling))
    assert len(backend.g1_msm(table[:0], backend.fr_zeros(0))) == 1
    assert backend.g1_is_identity(backend.g1_msm(table[:0], backend.fr_zeros(0)))


def test_mismatched_lengths(backend: Backend, points: G1Array) -> None:
    for mistake in (
        lambda: backend.g1_add(points, points[1:]),
        lambda: backend.g1_equal(points, points[1:]),
        lambda: backend.g1_mul(points, backend.fr_zeros(1)),
        lambda: backend.g1_msm(points, backend.fr_zeros(1)),
        lambda: backend.g1_msm_rows(points, backend.fr_zeros(len(points) + 1)),
        lambda: backend.g1_msm_rows(points[:0], backend.fr_zeros(1)),
        lambda: backend.g1_subset_sums(points, np.zeros((2, len(points) - 1), dtype=np.uint8)),
        lambda: backend.g1_subset_sums(points, np.zeros(len(points), dtype=np.uint8)),
        lambda: backend.g1_subset_sums(points, np.zeros((1, len(points)), dtype=np.int64)),  # type: ignore[arg-type]
        lambda: backend.g1_subset_sums(points, np.full((1, len(points)), 2, dtype=np.uint8)),
        lambda: backend.g1_subset_sums(backend.fr_zeros(2), np.zeros((1, 2), dtype=np.uint8)),
        lambda: backend.g1_identity(-1),
        lambda: backend.g1_neg(backend.fr_zeros(2)),
        lambda: backend.g1_msm(points, points),
    ):
        with pytest.raises(ValueError):
            mistake()


# ---------------------------------------------------------------------- encodings
def test_encodings(backend: Backend, points: G1Array) -> None:
    data = backend.g1_to_affine(points)
    packed = backend.g1_to_bytes(points)
    assert packed == b"".join(compressed(data[k : k + 96]) for k in range(0, len(data), 96))
    assert packed[:48] == INFINITY
    assert backend.g1_equal(backend.g1_from_bytes(packed), points)
    assert backend.g1_equal(backend.g1_from_bytes(memoryview(bytearray(packed))), points)
    assert backend.g1_equal(backend.g1_from_trusted_affine(data), points)
    assert backend.g1_to_bytes(points[::-2]) == b"".join(
        packed[48 * k : 48 * k + 48] for k in range(len(points) - 1, -1, -2)
    )
    assert backend.g1_from_bytes(b"").shape == points[:0].shape
    assert backend.g1_to_bytes(points[:0]) == b"" == backend.g1_to_affine(points[:0])


def no_point() -> int:
    """Return an x, below 2**380, without a point of the curve."""
    return next(x for x in range(1, 99) if pow(x**3 + 4, (P - 1) // 2, P) != 1)


COMPRESSED, LARGER = 1 << 383, 1 << 381
BAD = {
    "all zero": bytes(48),
    "x = p": (P | COMPRESSED).to_bytes(48, "big"),
    "x = p + 4, a point's x if reduced": (P + 4 | COMPRESSED).to_bytes(48, "big"),
    "x of all ones": (LARGER - 1 | COMPRESSED).to_bytes(48, "big"),
    "no point": (no_point() | COMPRESSED).to_bytes(48, "big"),
    "order 3": COMPRESSED.to_bytes(48, "big"),
    "order 3, larger y": (COMPRESSED | LARGER).to_bytes(48, "big"),
    "infinity with the sign bit": bytes([0xE0]) + bytes(47),
    "infinity with x": INFINITY[:-1] + b"\1",
    "infinity, uncompressed": bytes([0x40]) + bytes(47),
    "infinity with high x bits": bytes([0xC1]) + bytes(47),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_encodings(backend: Backend, points: G1Array, kind: str) -> None:
    good = backend.g1_to_bytes(points[:2])
    for data, offset in ((BAD[kind], 0), (good + BAD[kind] + good, 96), (good + BAD[kind] + b"\0", 96)):
        with pytest.raises(DecodeError) as caught:
            backend.g1_from_bytes(data)
        assert caught.value.offset == offset


def test_cut_encodings(backend: Backend, points: G1Array) -> None:
    good = backend.g1_to_bytes(points[:2])
    for cut in (1, 47):
        with pytest.raises(DecodeError) as caught:
            backend.g1_from_bytes(good + good[:cut])
        assert caught.value.offset == 96


def test_every_flipped_flag_is_refused_or_another_point(backend: Backend, points: G1Array) -> None:
    good = backend.g1_to_bytes(points[1:2])
    for bit, accepted in ((0x80, False), (0x40, False), (0x20, True)):
        flipped = bytes([good[0] ^ bit]) + good[1:]
        if accepted:
            assert backend.g1_equal(backend.g1_from_bytes(flipped), backend.g1_neg(points[1:2]))
        else:
            with pytest.raises(DecodeError):
                backend.g1_from_bytes(flipped)


def test_points_outside_the_group(backend: Backend, points: G1Array, torsion: bytes) -> None:
    """Points of small order, and sums of a point of G1 with one."""
    small = [torsion[k : k + 96] for k in range(96, len(torsion), 96)]
    member = oracles(backend, points[1:2])[0]
    shifted = [affine(oracle_add(member, oracle(p))) for p in small[::8]]
    for data in small[::4] + shifted:
        with pytest.raises(DecodeError) as caught:
            backend.g1_from_bytes(compressed(data))
        assert caught.value.offset == 0


def test_bad_affine_points(backend: Backend, points: G1Array) -> None:
    good = backend.g1_to_affine(points[:2])
    x, y = int.from_bytes(good[96:144], "big"), int.from_bytes(good[144:], "big")

    def pack(x: int, y: int) -> bytes:
        return x.to_bytes(48, "big") + y.to_bytes(48, "big")

    for bad in (
        pack(x, y + 1),
        pack(x + P, y),
        pack(x, y + P),
        pack(P, 0),
        pack(0, P),
        pack(0, 1),
        pack(x, 0),
    ):
        with pytest.raises(DecodeError) as caught:
            backend.g1_from_trusted_affine(good + bad + good)
        assert caught.value.offset == 192
    with pytest.raises(DecodeError) as caught:
        backend.g1_from_trusted_affine(good[:-1])
    assert caught.value.offset == 96


# ---------------------------------------------------------------------- hash to curve
def test_rfc_9380_vectors(backend: Backend) -> None:
    suite = json.loads(VECTORS.read_text())
    assert suite["ciphersuite"] == "BLS12381G1_XMD:SHA-256_SSWU_RO_"
    messages = [v["msg"].encode() for v in suite["vectors"]]
    want = b"".join(int(v["P"][c], 16).to_bytes(48, "big") for v in suite["vectors"] for c in "xy")
    assert backend.g1_to_affine(backend.g1_hash(messages, suite["dst"].encode())) == want
    assert len(messages) == 5 and len(backend.g1_hash([], DST)) == 0


@pytest.mark.parametrize("length", [0, 256, 300])
def test_tags_have_1_to_255_bytes(backend: Backend, length: int) -> None:
    with pytest.raises(ValueError):
        backend.g1_hash([b""], bytes(length))


def test_the_longest_tag(backend: Backend, pure: Backend) -> None:
    tag = bytes(range(255))
    assert backend.g1_to_affine(backend.g1_hash([b"m"], tag)) == pure.g1_to_affine(pure.g1_hash([b"m"], tag))


# ---------------------------------------------------------------------- one against the other
@settings(max_examples=10)
@given(messages=st.lists(st.binary(max_size=200), max_size=4), seed=st.binary(min_size=32, max_size=32))
def test_both_give_the_same_bytes(pure: Backend, native: Backend, messages: list[bytes], seed: bytes) -> None:
    out = []
    for backend in (pure, native):
        hashed = backend.g1_hash(messages, DST)
        rows = backend.fr_expand(seed, bytes(12), 2 * len(messages))
        bits = np.frombuffer(seed, dtype=np.uint8)[: 7 * len(messages)].reshape(-1, len(messages) or 1) & 1
        s = rows[: len(messages)]
        decoded = backend.g1_from_bytes(backend.g1_to_bytes(hashed))
        multiples = backend.g1_mul(decoded, s)
        out.append(
            [
                backend.g1_to_bytes(a)
                for a in (
                    hashed,
                    multiples,
                    backend.g1_add(hashed, multiples),
                    backend.g1_neg(multiples),
                    backend.g1_sum(multiples),
                    backend.g1_msm(hashed, s),
                    backend.g1_msm_rows(hashed, rows),
                    backend.g1_subset_sums(hashed, bits[:, : len(messages)]),
                )
            ]
        )
    assert out[0] == out[1]
