"""One member's side of a run: its identity, its connections, and what it agreed to."""

from __future__ import annotations

from ._identity import (
    SCRYPT_LOG_N,
    Identity,
    new_identity,
    read_certificate,
    read_identity,
    write_identity,
)
from ._mesh import Limits, TlsMesh, Traffic

__all__ = [
    "SCRYPT_LOG_N",
    "Identity",
    "Limits",
    "TlsMesh",
    "Traffic",
    "new_identity",
    "read_certificate",
    "read_identity",
    "write_identity",
]
