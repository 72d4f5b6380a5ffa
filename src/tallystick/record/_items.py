# SPDX-License-Identifier: Apache-2.0
"""The bodies of the transcript's items (``spec/file.md``), apart from the terms."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeAlias

from ..encoding import Value, dumps, expect_array, expect_bytes, expect_map, i2osp
from ..errors import DecodeError
from ._terms import Terms

__all__ = [
    "Agreement",
    "Commitment",
    "Item",
    "Outputs",
    "PlanItem",
    "ProofItem",
    "Signatures",
    "commitment_digest",
    "range_context",
]

_SIGNATURE_BYTES: Final = 64
_POINT_BYTES: Final = 48
_ELEMENT_BYTES: Final = 32


def range_context(session_id: bytes, member: int) -> bytes:
    """Return the context of a member's range proof."""
    return session_id + i2osp(member, 4)


def commitment_digest(
    session_id: bytes, member: int, rows: bytes, range_proof: Mapping[str, Value] | None
) -> bytes:
    """Return what the owner of input rows signs."""
    proof = None if range_proof is None else dict(range_proof)
    return hashlib.sha256(dumps([session_id, member, rows, proof])).digest()


def _signatures(value: Value, what: str, members: int) -> tuple[bytes, ...]:
    entries = expect_array(value, what, length=members)
    return tuple(expect_bytes(entry, what, length=_SIGNATURE_BYTES) for entry in entries)


def _multiple(value: Value, what: str, unit: int) -> bytes:
    data = expect_bytes(value, what)
    if len(data) % unit:
        raise DecodeError(f"{what}: {len(data)} bytes are not a multiple of {unit}")
    return data


@dataclass(frozen=True, slots=True)
class Agreement:
    """Item 1: the terms, and every member's signature over the session id."""

    kind: ClassVar[str] = "agreement"

    terms: Terms
    signatures: tuple[bytes, ...]

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        return {"terms": self.terms.to_body(), "signatures": list(self.signatures)}

    @classmethod
    def from_body(cls, body: Value) -> Agreement:
        """Decode; ``DecodeError`` names the field."""
        fields = expect_map(body, "body", required=("terms", "signatures"))
        terms = Terms.from_body(fields["terms"])
        return cls(terms, _signatures(fields["signatures"], "signatures", len(terms.members)))


@dataclass(frozen=True, slots=True)
class PlanItem:
    """Item 2: the plan, as its canonical bytes; ``tallystick.plan`` gives them meaning."""

    kind: ClassVar[str] = "plan"

    structure: Value
    encoded: bytes = field(init=False, repr=False, compare=False)
    """The plan's canonical bytes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoded", dumps(self.structure))

    def to_body(self) -> Value:
        """Return the CBOR structure."""
        return self.structure


@dataclass(frozen=True, slots=True)
class Commitment:
    """One member's input rows (48-byte points), range proof (None without input slots) and signature."""

    kind: ClassVar[str] = "commitment"

    rows: bytes
    range_proof: dict[str, Value] | None
    signature: bytes

    def digest(self, session_id: bytes, member: int) -> bytes:
        """Return what the signature is over."""
        return commitment_digest(session_id, member, self.rows, self.range_proof)

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        return {"rows": self.rows, "range": self.range_proof, "signature": self.signature}

    @classmethod
    def from_body(cls, body: Value) -> Commitment:
        """Decode; ``DecodeError`` names the field."""
        fields = expect_map(body, "body", required=("rows", "range", "signature"))
        proof = fields["range"]
        if proof is not None and not isinstance(proof, dict):
            raise DecodeError("range: a map or null was expected")
        return cls(
            rows=_multiple(fields["rows"], "rows", _POINT_BYTES),
            range_proof=proof,
            signature=expect_bytes(fields["signature"], "signature", length=_SIGNATURE_BYTES),
        )


@dataclass(frozen=True, slots=True)
class Outputs:
    """The opened values: 32-byte field elements in the plan's order, and 48-byte points if there are any."""

    kind: ClassVar[str] = "outputs"

    values: bytes
    points: bytes = b""

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        body: dict[str, Value] = {"values": self.values}
        return body | ({"points": self.points} if self.points else {})

    @classmethod
    def from_body(cls, body: Value) -> Outputs:
        """Decode; ``DecodeError`` names the field."""
        fields = expect_map(body, "body", required=("values",), optional=("points",))
        points = _multiple(fields.get("points", b""), "points", _POINT_BYTES)
        if "points" in fields and not points:
            raise DecodeError("points: the field stands only where there are points")
        return cls(_multiple(fields["values"], "values", _ELEMENT_BYTES), points)


@dataclass(frozen=True, slots=True)
class ProofItem:
    """The proof of the computation, as its CBOR map; ``tallystick.proofs`` gives it meaning."""

    kind: ClassVar[str] = "proof"

    body: dict[str, Value]

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        return self.body

    @classmethod
    def from_body(cls, body: Value) -> ProofItem:
        """Decode as far as this room knows the structure."""
        if not isinstance(body, dict):
            raise DecodeError("body: a map was expected")
        return cls(body)


@dataclass(frozen=True, slots=True)
class Signatures:
    """The last item: every member's signature over the root."""

    kind: ClassVar[str] = "signatures"

    signatures: tuple[bytes, ...]

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        return {"signatures": list(self.signatures)}

    @classmethod
    def from_body(cls, body: Value, *, members: int) -> Signatures:
        """Decode; ``DecodeError`` names the field."""
        fields = expect_map(body, "body", required=("signatures",))
        return cls(_signatures(fields["signatures"], "signatures", members))


Item: TypeAlias = Agreement | PlanItem | Commitment | Outputs | ProofItem | Signatures
"""Any item of a transcript."""
