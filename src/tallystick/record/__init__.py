"""What members sign and auditors read: the consortium file and the transcript (``spec/file.md``)."""

from __future__ import annotations

from ._consortium import (
    MAX_MEMBER_NAME,
    Consortium,
    Member,
    check_name,
    fingerprint_text,
    member_toml,
    parse_address,
    read_consortium,
)
from ._file import (
    FIRST_PREVIOUS,
    MAX_FILE_SIZE,
    TRANSCRIPT_SUFFIX,
    Link,
    Transcript,
    TranscriptWriter,
    read_transcript,
    transcript_bytes,
)
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
from ._terms import FORMAT_VERSION, PREPARATIONS, AgreedMember, Policy, Table, Terms, columns_body

__all__ = [
    "FIRST_PREVIOUS",
    "FORMAT_VERSION",
    "MAX_FILE_SIZE",
    "MAX_MEMBER_NAME",
    "PREPARATIONS",
    "TRANSCRIPT_SUFFIX",
    "AgreedMember",
    "Agreement",
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
    "columns_body",
    "commitment_digest",
    "fingerprint_text",
    "member_toml",
    "parse_address",
    "range_context",
    "read_consortium",
    "read_transcript",
    "sign",
    "transcript_bytes",
]
