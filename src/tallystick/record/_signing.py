# SPDX-License-Identifier: Apache-2.0
"""Ed25519 signatures with a purpose: see the table in ``spec/file.md``."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..encoding import frame
from ..errors import VerificationError

__all__ = ["Purpose", "check_signature", "has_small_order", "sign"]

Purpose: TypeAlias = Literal["agreement", "broadcasts", "commitment", "hello", "rotation", "transcript"]
"""What a signature is for; a signature made for one purpose is worthless for another."""

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def has_small_order(key: bytes) -> bool:
    """Whether a 32-byte Ed25519 key encodes one of the eight points of order 1, 2, 4 or 8.

    Under such a key one signature fits many messages, so it commits its owner to nothing (Chalkias, Garillot and
    Nikolaenko, SSR 2020, section 3).  On -x² + y² = 1 + dx²y² the orders 1 and 2 have y = ±1, order 4 has y = 0, and
    twice a point has y = 0 exactly if x² = -y², that is dy⁴ + 2y² = 1: order 8.
    """
    y = int.from_bytes(key, "little") % 2**255 % _P
    return y in (0, 1, _P - 1) or (_D * y**4 + 2 * y**2 - 1) % _P == 0


def _message(purpose: Purpose, digest: bytes) -> bytes:
    if len(digest) != 32:
        raise ValueError("signatures are over 32-byte digests")
    return frame(f"tallystick/v1/{purpose}".encode("ascii")) + digest


def sign(key: Ed25519PrivateKey, purpose: Purpose, digest: bytes) -> bytes:
    """Return the 64-byte signature over a 32-byte digest."""
    return key.sign(_message(purpose, digest))


def check_signature(
    key: bytes, purpose: Purpose, digest: bytes, signature: bytes, *, signer: str, item: str | None = None
) -> None:
    """Raise ``VerificationError`` (check ``<purpose>-signature``) unless the signature is the signer's.

    A key of small order signs nothing.  ``key`` is the 32-byte public key; ``signer`` and ``item`` only appear
    in the message.
    """
    try:
        if has_small_order(key):
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _message(purpose, digest))
    except (InvalidSignature, ValueError):
        where = f"{item}: " if item else ""
        raise VerificationError(
            f"{where}the {purpose} signature is not {signer}'s", check=f"{purpose}-signature", item=item
        ) from None
