# SPDX-License-Identifier: Apache-2.0
"""What the members agree on before anything else: item 1 of ``spec/file.md``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from typing import Final

from ..backend import FR_MODULUS
from ..encoding import (
    Value,
    dumps,
    expect_array,
    expect_bytes,
    expect_decimal,
    expect_int,
    expect_map,
    expect_text,
)
from ..errors import DecodeError, UsageError
from ..limits import MAX_COLUMN_DECIMALS, MAX_MEMBERS, MAX_NAME, MAX_ROWS
from ..plan import Column
from ._consortium import MAX_MEMBER_NAME, check_name, first_repeated

__all__ = [
    "DRAFT",
    "FORMAT",
    "PREPARATIONS",
    "AgreedMember",
    "Policy",
    "Table",
    "Terms",
    "columns_body",
]

FORMAT: Final = 2
"""The format of what is written.  Format 1 is read, for audits."""

DRAFT: Final = 1
"""Format 2 is not final: this number rises with every change, and no other draft is read."""

PREPARATIONS: Final = ("insecure-small-ring", "lowgear")

_MAX_COLUMNS = 1024
_MAX_DIGITS = 77
_MAX_OUTPUTS = 1 << 16
_MAX_OUTPUT = MAX_NAME + 1 + MAX_MEMBER_NAME
"""A policy lists a result, or what is told to some members: a name, a dot, and a member's name."""


def _printable(value: Value, what: str, longest: int = MAX_NAME) -> str:
    """A name that is safe to print: no control characters reach an auditor's terminal."""
    text = expect_text(value, what, min_length=1, max_length=longest)
    if not text.isprintable():
        raise DecodeError(f"{what}: {ascii(text)[:60]} has characters that cannot be printed")
    return text


def _distinct(names: Sequence[str | bytes], what: str) -> None:
    twice = first_repeated(names)
    if twice is not None:
        raise DecodeError(f"{what}: {twice.hex() if isinstance(twice, bytes) else repr(twice)} appears twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedMember:
    """A member as the agreement states it: Ed25519 public key, SHA-256 of the certificate in DER."""

    name: str
    key: bytes
    certificate: bytes

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        return {"name": self.name, "key": self.key, "certificate": self.certificate}

    @classmethod
    def from_body(cls, body: Value, what: str) -> AgreedMember:
        """Decode; ``DecodeError`` names the field."""
        fields = expect_map(body, what, required=("name", "key", "certificate"))
        name = expect_text(fields["name"], f"{what}: name", max_length=MAX_MEMBER_NAME)
        try:
            check_name(name)
        except UsageError:
            raise DecodeError(f"{what}: name: {name!a} cannot name a member") from None
        return cls(
            name=name,
            key=expect_bytes(fields["key"], f"{what}: key", length=32),
            certificate=expect_bytes(fields["certificate"], f"{what}: certificate", length=32),
        )


def columns_body(columns: Mapping[str, Column]) -> list[Value]:
    """Return the CBOR structure of a table's columns, in order."""
    return [
        {"name": name, "low": str(column.low), "high": str(column.high), "decimals": column.decimals}
        for name, column in columns.items()
    ]


def _column(body: Value, what: str) -> tuple[str, Column]:
    fields = expect_map(body, what, required=("name", "low", "high", "decimals"))
    low, high = (
        expect_decimal(fields[key], f"{what}: {key}", max_digits=_MAX_DIGITS) for key in ("low", "high")
    )
    if not -FR_MODULUS < 2 * low <= 2 * high < FR_MODULUS:
        raise DecodeError(f"{what}: [{low}, {high}] is not an interval inside (-r/2, r/2)")
    decimals = expect_int(fields["decimals"], f"{what}: decimals", high=MAX_COLUMN_DECIMALS)
    try:
        return _printable(fields["name"], f"{what}: name"), Column(low, high, decimals)
    except UsageError as error:
        raise DecodeError(f"{what}: {error.message}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One member's table: how many rows it contributes, and the columns that the job declares, by name."""

    rows: int
    columns: Mapping[str, Column]

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        return {"rows": self.rows, "columns": columns_body(self.columns)}

    @classmethod
    def from_body(cls, body: Value, what: str) -> Table:
        """Decode; ``DecodeError`` names the field."""
        fields = expect_map(body, what, required=("rows", "columns"))
        bodies = expect_array(fields["columns"], f"{what}: columns", max_length=_MAX_COLUMNS)
        columns = [_column(c, f"{what}: column {i}") for i, c in enumerate(bodies)]
        _distinct([name for name, _ in columns], f"{what}: column names")
        return cls(rows=expect_int(fields["rows"], f"{what}: rows", high=MAX_ROWS), columns=dict(columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The disclosure policy; ``outputs`` None allows every output of the plan."""

    min_members: int = 2
    min_rows: int = 1
    outputs: tuple[str, ...] | None = None

    def allows(self, result: str) -> bool:
        """Whether it lists the result, or the group it is part of: ``mean`` allows ``mean.south``."""
        return self.outputs is None or any(
            result == name or result.startswith(f"{name}.") for name in self.outputs
        )

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        outputs: Value = None if self.outputs is None else list(self.outputs)
        return {"min_members": self.min_members, "min_rows": self.min_rows, "outputs": outputs}

    @classmethod
    def from_body(cls, body: Value, what: str) -> Policy:
        """Decode; ``DecodeError`` names the field."""
        fields = expect_map(body, what, required=("min_members", "min_rows", "outputs"))
        outputs: tuple[str, ...] | None = None
        if fields["outputs"] is not None:
            names = expect_array(fields["outputs"], f"{what}: outputs", max_length=_MAX_OUTPUTS)
            outputs = tuple(_printable(name, f"{what}: outputs", _MAX_OUTPUT) for name in names)
            _distinct(outputs, f"{what}: outputs")
        return cls(
            min_members=expect_int(fields["min_members"], f"{what}: min_members", high=MAX_MEMBERS),
            min_rows=expect_int(fields["min_rows"], f"{what}: min_rows", high=MAX_ROWS),
            outputs=outputs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Everything the members sign before the run; ``plan`` is the plan's digest, ``tables`` one per member."""

    program: str
    plan: bytes
    members: tuple[AgreedMember, ...]
    tables: tuple[Table, ...]
    policy: Policy
    preparation: str
    nonces: tuple[bytes, ...]
    format: int = FORMAT
    session_id: bytes = field(init=False, repr=False, compare=False)
    """SHA-256 of the encoded terms: 32 bytes that name this run."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "session_id", hashlib.sha256(dumps(self.to_body())).digest())

    @property
    def format_text(self) -> str:
        """The format in words."""
        return f"{self.format}, draft {DRAFT}" if self.format == FORMAT else str(self.format)

    def to_body(self) -> dict[str, Value]:
        """Return the CBOR structure."""
        return {
            "version": self.format,
            **({} if self.format == 1 else {"draft": DRAFT}),
            "program": self.program,
            "plan": self.plan,
            "members": [member.to_body() for member in self.members],
            "tables": [table.to_body() for table in self.tables],
            "policy": self.policy.to_body(),
            "preparation": self.preparation,
            "nonces": list(self.nonces),
        }

    @classmethod
    def from_body(cls, body: Value, what: str = "terms") -> Terms:
        """Decode; ``DecodeError`` names the field."""
        version, draft = (body.get("version"), body.get("draft")) if isinstance(body, dict) else (None, None)
        other_draft = version == FORMAT and isinstance(draft, int) and draft != DRAFT
        if isinstance(version, int) and (version not in (1, FORMAT) or other_draft):
            raise DecodeError(
                f"{what}: format {version}{f', draft {draft!r}' if other_draft else ''}; this program reads "
                f"format 1 and draft {DRAFT} of format {FORMAT}",
                hint="audit the file with the release of tallystick that wrote it",
            )
        names = (f.name for f in dataclass_fields(cls) if f.init and f.name != "format")
        fields = expect_map(
            body, what, required=("version", *(["draft"] if version == FORMAT else []), *names)
        )
        version = expect_int(fields["version"], f"{what}: version")
        if version == FORMAT:
            expect_int(fields["draft"], f"{what}: draft")
        entries = expect_array(fields["members"], f"{what}: members", min_length=2, max_length=MAX_MEMBERS)
        members = tuple(AgreedMember.from_body(m, f"{what}: member {i}") for i, m in enumerate(entries))
        _distinct([member.name for member in members], f"{what}: member names")
        _distinct([member.key for member in members], f"{what}: member keys")
        tables = expect_array(fields["tables"], f"{what}: tables", length=len(members))
        nonces = expect_array(fields["nonces"], f"{what}: nonces", length=len(members))
        return cls(
            program=_printable(fields["program"], f"{what}: program"),
            plan=expect_bytes(fields["plan"], f"{what}: plan", length=32),
            members=members,
            tables=tuple(Table.from_body(table, f"{what}: table {i}") for i, table in enumerate(tables)),
            policy=Policy.from_body(fields["policy"], f"{what}: policy"),
            preparation=expect_text(fields["preparation"], f"{what}: preparation", choices=PREPARATIONS),
            nonces=tuple(expect_bytes(nonce, f"{what}: nonces", length=32) for nonce in nonces),
            format=version,
        )
