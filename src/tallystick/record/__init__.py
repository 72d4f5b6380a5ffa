# SPDX-License-Identifier: Apache-2.0
"""What members sign and auditors read: the consortium file and the transcript (``spec/file.md``)."""

from __future__ import annotations

from ._consortium import (
    Consortium,
    Member,
    check_name,
    fingerprint_text,
    list_digest,
    member_toml,
    parse_address,
    read_consortium,
)
from ._file import (
    FIRST_PREVIOUS,
    MAX_FILE_SIZE,
    TRANSCRIPT_SUFFIX,
    Transcript,
    TranscriptWriter,
    read_transcript,
    transcript_bytes,
)
from ._items import (
    Agreement,
    Commitment,
    Outputs,
    PlanItem,
    ProofItem,
    Signatures,
    commitment_digest,
    range_context,
)
from ._policy import check_policy
from ._signing import Purpose, check_signature, sign
from ._terms import DRAFT, FORMAT, AgreedMember, Policy, Table, Terms, columns_body

__all__ = [
    "DRAFT",
    "FIRST_PREVIOUS",
    "FORMAT",
    "MAX_FILE_SIZE",
    "TRANSCRIPT_SUFFIX",
    "AgreedMember",
    "Agreement",
    "Commitment",
    "Consortium",
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
    "check_policy",
    "check_signature",
    "columns_body",
    "commitment_digest",
    "fingerprint_text",
    "list_digest",
    "member_toml",
    "parse_address",
    "range_context",
    "read_consortium",
    "read_transcript",
    "sign",
    "transcript_bytes",
]
