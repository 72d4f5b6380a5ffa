# SPDX-License-Identifier: Apache-2.0
"""Rotation: the holder of an identity states, with its old key, which certificate replaces it.

Normative text: ``spec/session.md``, "Rotation".
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from .. import encoding
from ..errors import UsageError, explaining
from ..record import Member, check_signature, sign
from ._identity import Identity

__all__ = ["check_rotation", "make_rotation", "read_rotation"]

_FORMAT = "tallystick/rotation/1"
_MAX_BYTES = 1 << 16


def make_rotation(old: Identity, new: Identity) -> bytes:
    """Return the statement that ``new`` replaces ``old``, signed with the old key."""
    if old.name != new.name:
        raise UsageError(f"{new.name} cannot replace {old.name}: an identity keeps its name")
    return encoding.dumps(
        {
            "format": _FORMAT,
            "old": old.certificate,
            "new": new.certificate,
            "signature": sign(old.key, "rotation", _digest(old.certificate, new.certificate)),
        }
    )


def check_rotation(statement: bytes, member: Member) -> Member:
    """Return the member's new entry if its present certificate vouches for the statement.

    Raises ``DecodeError`` for what is no statement, ``UsageError`` for one about another certificate, and
    ``VerificationError`` (check ``rotation-signature``).
    """
    value = encoding.loads(statement, max_size=_MAX_BYTES, what="rotation")
    fields = encoding.expect_map(value, "rotation", required=("format", "old", "new", "signature"))
    encoding.expect_text(fields["format"], "rotation: format", choices=[_FORMAT])
    old = encoding.expect_bytes(fields["old"], "rotation: old")
    new = encoding.expect_bytes(fields["new"], "rotation: new")
    signature = encoding.expect_bytes(fields["signature"], "rotation: signature", length=64)
    if old != member.certificate:
        raise UsageError(f"the statement does not replace {member.name}'s certificate, but another")
    check_signature(member.public_key, "rotation", _digest(old, new), signature, signer=member.name)
    return Member.checked(member.name, member.address, new)


def read_rotation(path: Path) -> bytes:
    """Read a statement's bytes."""
    with explaining(f"{path}: cannot read the statement"), path.open("rb") as file:
        return file.read(_MAX_BYTES + 1)


def _digest(old: bytes, new: bytes) -> bytes:
    return hashlib.sha256(encoding.dumps([old, new])).digest()
