# SPDX-License-Identifier: Apache-2.0
"""The bodies of the transcript's items (``spec/file.md``), apart from the terms."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, TypeAlias

from ..encoding import Value, dumps, expect_array, expect_bytes, expect_map, i2osp
from ..errors import DecodeError
from ._terms import Terms

__all__ = [
    "Agreement",
    "Commitment",
    "CommittedPart",
    "Item",
    "Outputs",
    "PlanItem",
    "ProofItem",
    "Signatures",
    "home_context",
    "range_context",
]

MAX_PARTS: Final = 1 << 16
"""Parts of one member's table."""

_SIGNATURE_BYTES: Final = 64
_POINT_BYTES: Final = 48
_ELEMENT_BYTES: Final = 32


def range_context(session_id: bytes, member: int) -> bytes:
    """Return the context of a member's range proof, in files of format 1."""
    return session_id + i2osp(member, 4)


def home_context(session_id: bytes, member: int, part: int, parts: int) -> bytes:
    """Return the context of the proof of one of a member's so many parts."""
    return session_id + b"".join(i2osp(n, 4) for n in (member, part, parts))


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
class CommittedPart:
    """Commitments to the rows of what a part of a table shares (48-byte points), and the proof of its home, if any.

    In files of format 1 all of a member's input rows, and the proof of their ranges.
    """

    rows: bytes
    proof: dict[str, Value] | None

    @classmethod
    def from_body(cls, rows: Value, proof: Value, names: tuple[str, str]) -> CommittedPart:
        """Decode; ``DecodeError`` names the field: ``names`` are those of the rows and of the proof."""
        if proof is not None and not isinstance(proof, dict):
            raise DecodeError(f"{names[1]}: a map or null was expected")
        return cls(_multiple(rows, names[0], _POINT_BYTES), proof)


@dataclass(frozen=True, slots=True)
class Commitment:
    """What one member commits to and proves, part by part, and its signature; one part in format 1."""

    kind: ClassVar[str] = "commitment"

    parts: tuple[CommittedPart, ...]
    signature: bytes
    format: int = 2

    @classmethod
    def signed(
        cls, parts: Sequence[CommittedPart], session_id: bytes, member: int, sign: Callable[[bytes], bytes]
    ) -> Commitment:
        """Return the commitment of these parts, with the signature that ``sign`` makes of its digest."""
        unsigned = cls(tuple(parts), bytes(_SIGNATURE_BYTES))
        return replace(unsigned, signature=sign(unsigned.digest(session_id, member)))

    def digest(self, session_id: bytes, member: int) -> bytes:
        """Return what the signature is over."""
        if self.format == 1:
            (part,) = self.parts
            return hashlib.sha256(dumps([session_id, member, part.rows, part.proof])).digest()
        return hashlib.sha256(dumps([session_id, member, self._listed()])).digest()

    def _listed(self) -> list[Value]:
        return [[part.rows, part.proof] for part in self.parts]

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        if self.format == 1:
            (part,) = self.parts
            return {"rows": part.rows, "range": part.proof, "signature": self.signature}
        return {"parts": self._listed(), "signature": self.signature}

    @classmethod
    def from_body(cls, body: Value, version: int = 2) -> Commitment:
        """Decode what a file of this format holds; ``DecodeError`` names the field."""
        if version == 1:
            fields = expect_map(body, "body", required=("rows", "range", "signature"))
            parts = [CommittedPart.from_body(fields["rows"], fields["range"], ("rows", "range"))]
        else:
            fields = expect_map(body, "body", required=("parts", "signature"))
            listed = expect_array(fields["parts"], "parts", max_length=MAX_PARTS)
            pairs = [expect_array(value, f"part {k}", length=2) for k, value in enumerate(listed)]
            parts = [
                CommittedPart.from_body(rows, proof, (f"part {k}: rows", f"part {k}: proof"))
                for k, (rows, proof) in enumerate(pairs)
            ]
        signature = expect_bytes(fields["signature"], "signature", length=_SIGNATURE_BYTES)
        return cls(tuple(parts), signature, version)


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
