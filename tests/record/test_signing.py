# SPDX-License-Identifier: Apache-2.0
"""Signatures: a key that signs everything signs nothing."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tallystick.errors import VerificationError
from tallystick.record import check_signature, sign
from tallystick.record._signing import has_small_order

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
DIGEST = bytes(range(32))


def double(x: int, y: int) -> tuple[int, int]:
    """The doubling formula of RFC 8032, section 5.1.4, on affine coordinates."""
    t = D * x * x * y * y
    return 2 * x * y * pow(1 + t, -1, P) % P, (y * y + x * x) * pow(1 - t, -1, P) % P


def recover(y: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x * x % P == square else None


def torsion() -> set[int]:
    """The y of all points whose order divides 8: those of eighths of multiples of the group order."""
    order = 2**252 + 27742317777372353535851937790883648493
    found = set()
    for y in range(2, 60):
        x = recover(y)
        if x is None:
            continue
        at: tuple[int, int] = (0, 1)
        for digit in f"{order:b}":
            at = double(*at)
            if digit == "1":
                t = D * at[0] * x * at[1] * y
                at = (
                    (at[0] * y + at[1] * x) * pow(1 + t, -1, P) % P,
                    (at[1] * y + at[0] * x) * pow(1 - t, -1, P) % P,
                )
        found.add(at[1])
    return found


def test_all_points_of_small_order_and_no_others() -> None:
    small = torsion()
    assert len(small) == 5
    for y in small:
        for sign_bit in (0, 1 << 255):
            assert has_small_order((y + sign_bit).to_bytes(32, "little"))
            if y + P < 2**255:
                assert has_small_order((y + P + sign_bit).to_bytes(32, "little")), (
                    "not canonical, yet decoded"
                )
    for y in set(range(2, 200)) - small:
        assert not has_small_order(y.to_bytes(32, "little"))


def test_a_key_of_small_order_signs_nothing() -> None:
    """With A and R neutral and s = 0 the equation of RFC 8032 holds for every message."""
    neutral = (1).to_bytes(32, "little")
    signature = neutral + bytes(32)
    Ed25519PublicKey.from_public_bytes(neutral).verify(signature, b"whatever it says")
    with pytest.raises(VerificationError, match="the transcript signature is not north's"):
        check_signature(neutral, "transcript", DIGEST, signature, signer="north")


def test_a_signature_is_for_one_purpose_and_one_digest() -> None:
    key = Ed25519PrivateKey.generate()
    public, signature = key.public_key().public_bytes_raw(), sign(key, "agreement", DIGEST)
    check_signature(public, "agreement", DIGEST, signature, signer="north")
    for purpose, digest in (("transcript", DIGEST), ("agreement", bytes(32))):
        with pytest.raises(VerificationError):
            check_signature(public, purpose, digest, signature, signer="north")  # type: ignore[arg-type]
