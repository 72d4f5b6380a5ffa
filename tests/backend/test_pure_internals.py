# SPDX-License-Identifier: Apache-2.0
"""The pure backend's own parts: the exceptional cases of hashing, recodings, and array checks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_ecc.bls.hash_to_curve import map_to_curve_G1
from py_ecc.optimized_bls12_381 import FQ, normalize

from tallystick.backend import FR_MODULUS, Backend
from tallystick.backend._pure_curve import (
    BETA,
    X_ABS,
    P,
    add,
    add_affine,
    double,
    in_subgroup,
    jacobian,
    straus,
    to_affine,
    wnaf,
)
from tallystick.backend._pure_hash import hash_to_field, isogeny, simplified_swu

VECTORS = Path(__file__).parents[2] / "spec/vectors/rfc9380/hash_to_g1.json"
Z = 11


def test_constants_follow_from_the_parameter() -> None:
    """p, r and the cofactor are polynomials in x (the BLS12 family)."""
    x = -X_ABS
    assert x**4 - x**2 + 1 == FR_MODULUS
    assert (x - 1) ** 2 * FR_MODULUS // 3 + x == P
    assert BETA != 1 and pow(BETA, 3, P) == 1


def test_hash_to_field_and_the_map_of_rfc_9380() -> None:
    suite = json.loads(VECTORS.read_text())
    for v in suite["vectors"]:
        us = hash_to_field(v["msg"].encode(), suite["dst"].encode())
        assert us == [int(u, 16) for u in v["u"]]
        mapped = to_affine([isogeny(x, y) for x, y in simplified_swu(us)])
        assert mapped == [(int(v[q]["x"], 16), int(v[q]["y"], 16)) for q in ("Q0", "Q1")]


def exceptional() -> list[int]:
    """Return the u with Z**2 * u**4 + Z * u**2 = 0: zero, and the roots of -1/Z."""
    root = pow(-pow(Z, -1, P), (P + 1) // 4, P)
    assert root * root * Z % P == P - 1
    return [0, root, P - root]


@pytest.mark.parametrize("u", [*exceptional(), 1, P - 1, 2])
def test_the_map_agrees_with_py_ecc(u: int) -> None:
    x, y = normalize(map_to_curve_G1(FQ(u)))
    # Between others, because the map shares its inversions.
    got = to_affine([isogeny(*q) for q in simplified_swu([3, u, 0])])[1]
    assert got == (int(x), int(y))


@given(s=st.integers(0, FR_MODULUS), width=st.integers(2, 6))
def test_non_adjacent_form(s: int, width: int) -> None:
    digits = wnaf(s, width)
    assert sum(d << k for k, d in enumerate(digits)) == s
    assert all(d == 0 or (d % 2 and abs(d) < 1 << (width - 1)) for d in digits)
    for k, d in enumerate(digits):
        assert d == 0 or not any(digits[k + 1 : k + width])


def test_mixed_and_full_additions_agree(pure: Backend) -> None:
    p, q = [(int(x), int(y)) for x, y in pure.g1_hash([b"p", b"q"], b"TALLYSTICK-TEST")]
    zero = (0, 0)
    opposite = (p[0], P - p[1])
    scaled = add(double(jacobian(p)), jacobian(opposite))
    assert scaled[2] != 1 and to_affine([scaled]) == [p]
    for left in (scaled, jacobian(p), jacobian(zero)):
        for right in (p, q, opposite, zero):
            full, mixed = add(left, jacobian(right)), add_affine(left, right)
            assert to_affine([full]) == to_affine([mixed])
            assert to_affine([add(jacobian(right), left)]) == to_affine([full])
    assert to_affine([add(scaled, jacobian(opposite)), double(jacobian(zero))]) == [zero, zero]
    assert to_affine([straus([p, p], [5, FR_MODULUS - 5])]) == [zero]


def test_the_subgroup_test_agrees_with_its_definition(pure: Backend) -> None:
    """Points found by their x alone are hardly ever in G1; their multiples by the cofactor are."""
    member = (
        int(pure.g1_hash([b"m"], b"TALLYSTICK-TEST")[0, 0]),
        int(pure.g1_hash([b"m"], b"TALLYSTICK-TEST")[0, 1]),
    )
    assert in_subgroup(member) and in_subgroup((0, 0))
    found = 0
    x = 0
    while found < 4:
        square = (x**3 + 4) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            found += 1
            in_g1 = to_affine([straus([(x, y)], [FR_MODULUS])]) == [(0, 0)]
            assert in_subgroup((x, y)) is in_g1 is False
            cleared = to_affine([straus([(x, y)], [(X_ABS + 1) ** 2 // 3])])[0]
            assert in_subgroup(cleared)
        x += 1


def test_arrays_of_another_backend_are_refused(pure: Backend) -> None:
    foreign = np.zeros((2, 4), dtype=np.uint64)
    for mistake in (
        lambda: pure.fr_add(foreign, foreign),
        lambda: pure.fr_sum(foreign),
        lambda: pure.fr_to_bytes(foreign),
        lambda: pure.fr_ntt(foreign, 2),
        lambda: pure.g1_neg(np.zeros((2, 12), dtype=np.uint64)),
        lambda: pure.g1_mul(pure.g1_identity(2), foreign),
        lambda: pure.fr_equal([1], [1]),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match="pure array"):
            mistake()
