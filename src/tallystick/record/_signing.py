"""Ed25519 signatures with a purpose: see the table in ``spec/file.md``."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..encoding import frame
from ..errors import VerificationError

__all__ = ["Purpose", "check_signature", "sign"]

Purpose: TypeAlias = Literal["agreement", "commitment", "rotation", "transcript"]
"""What a signature is for; a signature made for one purpose is worthless for another."""


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

    ``key`` is the 32-byte public key; ``signer`` and ``item`` only appear in the message.
    """
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _message(purpose, digest))
    except (InvalidSignature, ValueError):
        where = f"{item}: " if item else ""
        raise VerificationError(
            f"{where}the {purpose} signature is not {signer}'s", check=f"{purpose}-signature", item=item
        ) from None
