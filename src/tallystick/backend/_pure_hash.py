# SPDX-License-Identifier: Apache-2.0
"""Hashing to G1 on Python ints: RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_.

The steps follow RFC 9380 section 3; the message expansion and the constants of the 11-isogeny (appendix E.2)
are py_ecc's, the arithmetic is done on plain ints, which is several times faster than py_ecc's field class.
Variable time: for public messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, cast

from py_ecc.bls.hash import expand_message_xmd
from py_ecc.optimized_bls12_381.constants import (
    ISO_11_A,
    ISO_11_B,
    ISO_11_MAP_COEFFICIENTS,
    ISO_11_Z,
    SQRT_MINUS_11_CUBED,
)

from ._pure_curve import Jacobian, P, add, invert, times_x

__all__ = ["hash_to_field", "hash_to_g1", "isogeny", "simplified_swu"]

_L = 64
_A, _B, _Z = int(ISO_11_A), int(ISO_11_B), int(ISO_11_Z)
_SQRT_MINUS_Z_CUBED = int(SQRT_MINUS_11_CUBED)
_MINUS_B_OVER_A = -_B * pow(_A, -1, P) % P
_B_OVER_ZA = _B * pow(_Z * _A, -1, P) % P
# Numerator and denominator of x, then of y; coefficients from the highest degree down.
_ISOGENY = tuple(tuple(int(k) for k in reversed(poly)) for poly in ISO_11_MAP_COEFFICIENTS)


def hash_to_field(message: bytes, dst: bytes) -> list[int]:
    """Return two elements of Fp (RFC 9380, section 5.2)."""
    uniform = expand_message_xmd(message, dst, 2 * _L, cast(Any, hashlib.sha256))
    return [int.from_bytes(uniform[at : at + _L], "big") % P for at in (0, _L)]


def simplified_swu(us: Sequence[int]) -> list[tuple[int, int]]:
    """Map field elements to the isogenous curve y**2 = x**3 + A*x + B (RFC 9380, section 6.6.2).

    One power serves both cases: if gx1 is not a square, c = gx1**((p+1)/4) has c**2 = -gx1, and
    gx2 = (Z*u**2)**3 * gx1 = (sqrt(-Z**3) * u**3 * c)**2.
    """
    zu2s = [_Z * u * u % P for u in us]
    inverses = invert([zu2 * (zu2 + 1) % P or 1 for zu2 in zu2s])
    out = []
    for u, zu2, inverse in zip(us, zu2s, inverses, strict=True):
        x = _MINUS_B_OVER_A * (1 + inverse) % P if zu2 * (zu2 + 1) % P else _B_OVER_ZA
        gx = (x * x * x + _A * x + _B) % P
        y = pow(gx, (P + 1) // 4, P)
        if y * y % P != gx:
            x = x * zu2 % P
            y = _SQRT_MINUS_Z_CUBED * u * u * u * y % P
        out.append((x, y if (y - u) % 2 == 0 else P - y))
    return out


def isogeny(x: int, y: int) -> Jacobian:
    """Map a point of the isogenous curve to the curve itself (RFC 9380, appendix E.2)."""
    values = []
    for poly in _ISOGENY:
        value = 0
        for k in poly:
            value = (value * x + k) % P
        values.append(value)
    x_num, x_den, y_num, y_den = values
    # With Z = x_den * y_den no division is needed, and a pole of the map gives Z = 0, infinity.
    z = x_den * y_den % P
    return x_num * z * y_den % P, y * y_num * z * z * x_den % P, z


def hash_to_g1(messages: Sequence[bytes], dst: bytes) -> list[Jacobian]:
    """Hash each message to a point of G1, in Jacobian coordinates; ValueError for a bad tag."""
    if not 1 <= len(dst) <= 255:
        raise ValueError(f"a domain separation tag has 1 to 255 bytes, not {len(dst)}")
    us = [u for message in messages for u in hash_to_field(message, dst)]
    mapped = [isogeny(x, y) for x, y in simplified_swu(us)]
    out = []
    for k in range(0, len(mapped), 2):
        p = add(mapped[k], mapped[k + 1])
        # The effective cofactor is 1 - x = |x| + 1 (RFC 9380, section 8.8.1).
        out.append(add(times_x(p), p))
    return out
