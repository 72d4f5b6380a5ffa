"""What members sign and auditors read: the consortium file and the items of a transcript."""

from __future__ import annotations

from ._consortium import (
    MAX_MEMBERS,
    Consortium,
    Member,
    check_name,
    fingerprint_text,
    member_toml,
    parse_address,
    read_consortium,
)

__all__ = [
    "MAX_MEMBERS",
    "Consortium",
    "Member",
    "check_name",
    "fingerprint_text",
    "member_toml",
    "parse_address",
    "read_consortium",
]
