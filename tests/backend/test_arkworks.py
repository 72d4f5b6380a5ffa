# SPDX-License-Identifier: Apache-2.0
"""Multi-scalar multiplication against arkworks, which shares no code with either backend."""

from __future__ import annotations

import numpy as np
import pytest

from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend, FrArray, G1Array
from tallystick.bench import arkworks_available, arkworks_msm

pytestmark = pytest.mark.skipif(
    not arkworks_available(), reason="py_arkworks_bls12381 is not installed: its wheel is optional"
)

DST = b"TALLYSTICK-TEST-ARKWORKS"
LAMBDA = 0xAC45A4010001A40200000000FFFFFFFF
"""A cube root of unity modulo r: scalars near its multiples are where a split by the endomorphism has its edges."""

EDGES = [0, 1, 2, R - 1, R - 2, (R - 1) // 2, (R + 1) // 2, LAMBDA, R - LAMBDA, LAMBDA + 1, LAMBDA - 1]
EDGES += [1 << k for k in (51, 52, 63, 64, 127, 128, 254)] + [(1 << k) - 1 for k in (52, 64, 128, 254)]


def points(backend: Backend, n: int) -> G1Array:
    return backend.g1_hash([b"%d" % k for k in range(n)], DST)


def compare(backend: Backend, a: G1Array, scalars: FrArray) -> None:
    assert backend.g1_to_bytes(backend.g1_msm(a, scalars)) == arkworks_msm(backend, a, scalars)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 31, 64, 100, 257])
def test_random_scalars(backend: Backend, n: int) -> None:
    compare(backend, points(backend, n), backend.fr_expand(bytes(32), n.to_bytes(12, "big"), n))


@pytest.mark.parametrize("n", [1024, 4097])
def test_many_random_scalars(native: Backend, n: int) -> None:
    some = points(native, 61)
    a = np.concatenate([some] * (n // 61 + 1))[:n]
    shift = native.g1_mul(a, native.fr_powers(3, n))
    compare(native, shift, native.fr_expand(bytes(32), n.to_bytes(12, "big"), n))


def test_edges_of_scalars(backend: Backend) -> None:
    a, scalars = points(backend, len(EDGES)), backend.fr_from_ints(EDGES)
    compare(backend, a, scalars)
    for k in range(len(EDGES)):
        compare(backend, a[k : k + 1], scalars[k : k + 1])


def test_equal_scalars_fill_one_bucket(backend: Backend) -> None:
    a = points(backend, 64)
    for scalar in (1, R - 1, 1 << 200, LAMBDA):
        compare(backend, a, backend.fr_from_ints([scalar] * 64))


def test_equal_points_meet_in_a_bucket(backend: Backend) -> None:
    """Adding a point to itself needs a doubling wherever two copies meet, and again for their sums."""
    a = np.concatenate([points(backend, 1)] * 65)
    compare(backend, a, backend.fr_from_ints([7] * 65))
    compare(backend, a, backend.fr_expand(bytes(32), bytes(12), 65))


def test_opposite_points_cancel_in_a_bucket(backend: Backend) -> None:
    one = points(backend, 20)
    a = np.concatenate([one, backend.g1_neg(one)])
    compare(backend, a, backend.fr_from_ints([5] * 40))
    compare(backend, a, backend.fr_from_ints([R - 5] * 20 + [5] * 20))
    assert backend.g1_is_identity(backend.g1_msm(a, backend.fr_from_ints([11] * 40)))


def test_points_at_infinity_and_small_multiples(backend: Backend) -> None:
    """Points whose sums run into each other: 1P, 2P, ..., and infinity among them."""
    base = np.concatenate([points(backend, 1)] * 40)
    small = backend.g1_mul(base, backend.fr_from_ints(list(range(40))))
    a = np.concatenate([small, backend.g1_identity(3), backend.g1_neg(small)])
    scalars = backend.fr_from_ints([k % 9 for k in range(83)])
    compare(backend, a, scalars)
