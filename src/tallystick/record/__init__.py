"""What members sign and auditors read: the consortium file and the transcript (``spec/file.md``)."""

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
from ._file import FIRST_PREVIOUS, MAX_FILE_SIZE, Link, Transcript, TranscriptWriter, read_transcript
from ._items import (
    Agreement,
    Commitment,
    Item,
    Outputs,
    PlanItem,
    ProofItem,
    Signatures,
    commitment_digest,
    range_context,
)
from ._signing import Purpose, check_signature, sign
from ._terms import FORMAT_VERSION, PREPARATIONS, AgreedMember, Column, Policy, Table, Terms

__all__ = [
    "FIRST_PREVIOUS",
    "FORMAT_VERSION",
    "MAX_FILE_SIZE",
    "MAX_MEMBERS",
    "PREPARATIONS",
    "AgreedMember",
    "Agreement",
    "Column",
    "Commitment",
    "Consortium",
    "Item",
    "Link",
    "Member",
    "Outputs",
    "PlanItem",
    "Policy",
    "ProofItem",
    "Purpose",
    "Signatures",
    "Table",
    "Terms",
    "Transcript",
    "TranscriptWriter",
    "check_name",
    "check_signature",
    "commitment_digest",
    "fingerprint_text",
    "member_toml",
    "parse_address",
    "range_context",
    "read_consortium",
    "read_transcript",
    "sign",
]
