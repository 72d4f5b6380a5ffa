# SPDX-License-Identifier: Apache-2.0
"""The job file: what is computed, by whom, on which columns, and what may be disclosed (``spec/session.md``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ..encoding import Value
from ..errors import UsageError
from ..limits import MAX_COLUMN_DECIMALS, MAX_INPUT_BITS, MAX_MEMBERS, MAX_NAME, MAX_ROWS
from ..plan import Column, MemberSchema
from ..record import Consortium, Policy, columns_body, read_consortium
from ..record.toml import integer, naming, only, read_toml, table, text, texts

__all__ = ["Job", "brief", "read_job", "read_policy", "schemas"]

_EPSILON = "max_epsilon"
_MOST_EPSILON = 1000

_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job: the program's reference, the members in the order of the run, their columns, the policy.

    ``consortium`` holds the members that take part; ``program`` is ``FILE.py:FUNCTION`` relative to the job
    file, or ``tallystick.gallery:NAME``.
    """

    path: Path
    name: str
    program: str
    consortium: Consortium
    columns: Mapping[str, Column]
    policy: Policy

    def terms(self) -> dict[str, Value]:
        """Return what the members' job files must have in common, as CBOR, part by part."""
        return {
            "name": self.name,
            "members": [[m.name, m.fingerprint] for m in self.consortium.members],
            "columns": columns_body(self.columns),
            "policy": self.policy.to_body(),
        }


def read_job(path: str | Path) -> Job:
    """Read a job file and the consortium file that it names; ``UsageError`` names file and entry."""
    path = Path(path)
    entries = read_toml(path, "job file")
    with naming(path):
        where = text(entries.get("consortium"), "consortium", max_length=4096)
    consortium = read_consortium(path.parent / where)
    with naming(path):
        return _job(path, entries, consortium)


def _job(path: Path, entries: Mapping[str, object], consortium: Consortium) -> Job:
    only(entries, {"name", "program", "consortium", "members", "columns", "policy"}, "the job")
    if "members" in entries:
        consortium = consortium.select(texts(entries["members"], "members"))
    if len(consortium.members) < 2:
        raise UsageError("members: a computation has at least 2 members")
    columns = table(entries.get("columns"), "columns")
    if not columns:
        raise UsageError("columns: at least one is needed", hint="[columns.NAME] with low, high and decimals")
    return Job(
        path=path,
        name=text(entries.get("name"), "name"),
        program=text(entries.get("program"), "program", max_length=4096),
        consortium=consortium,
        columns={name: _column(name, value) for name, value in columns.items()},
        policy=_policy(table(entries.get("policy", {}), "policy"), "policy"),
    )


def _column(name: str, value: object) -> Column:
    where = f"columns.{text(name, 'columns', max_length=MAX_NAME)}"
    entries = table(value, where)
    only(entries, {"low", "high", "decimals"}, where)
    decimals = integer(entries.get("decimals", 0), f"{where}.decimals", low=0, high=MAX_COLUMN_DECIMALS)
    low, high = (_scaled(entries.get(end), decimals, f"{where}.{end}") for end in ("low", "high"))
    if low > high:
        raise UsageError(f"{where}: low is above high")
    if max(high - low, abs(low), abs(high)).bit_length() > MAX_INPUT_BITS:
        raise UsageError(f"{where}: the range takes more than {MAX_INPUT_BITS} bits")
    return Column(low, high, decimals)


def _scaled(value: object, decimals: int, where: str) -> int:
    """Return value * 10**decimals, which must be an integer; ends of ranges are written as values are."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UsageError(f"{where}: a number is needed")
    if isinstance(value, int) and value.bit_length() > 4 * MAX_INPUT_BITS:
        raise UsageError(f"{where}: an integer of {value.bit_length()} bits is out of range")
    number = Decimal(value)
    if number == 0:
        return 0
    if not number.is_finite() or number.adjusted() > MAX_INPUT_BITS:
        raise UsageError(f"{where}: {brief(value)} is out of range")
    # Zeros at the end may be many, in digits or in the exponent, and say nothing: without them every power of ten below
    # is bounded, however the number was written.
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits))
    significant = written.rstrip("0")
    shift = exponent + len(written) - len(significant) + decimals
    if shift < 0:
        raise UsageError(f"{where}: {brief(value)} has more than {decimals} decimals")
    scaled: int = int(significant) * 10**shift
    return -scaled if sign else scaled


def brief(value: object) -> str:
    """Write what somebody wrote, or the beginning of it."""
    written = str(value)
    return written if len(written) <= _SHOWN else written[: _SHOWN - 1] + "…"


def _policy(entries: Mapping[str, object], where: str) -> Policy:
    only(entries, {"min_members", "min_rows", "outputs"}, where)
    default = Policy()
    outputs = entries.get("outputs")
    return Policy(
        min_members=integer(
            entries.get("min_members", default.min_members), f"{where}.min_members", low=2, high=MAX_MEMBERS
        ),
        min_rows=integer(
            entries.get("min_rows", default.min_rows), f"{where}.min_rows", low=0, high=MAX_ROWS
        ),
        outputs=None if outputs is None else texts(outputs, f"{where}.outputs"),
    )


def read_policy(path: str | Path) -> tuple[Policy, float | None]:
    """Read a node's own policy file: the same entries as a job's ``[policy]``, and ``max_epsilon``.

    That is how much epsilon all noisy runs together may spend, None if the file is silent.
    """
    path = Path(path)
    entries = read_toml(path, "policy file")
    with naming(path):
        epsilon = _epsilon(entries)
        return _policy(
            {name: entry for name, entry in entries.items() if name != _EPSILON}, "policy"
        ), epsilon


def _epsilon(entries: Mapping[str, object]) -> float | None:
    value = entries.get(_EPSILON)
    if value is None:
        return None
    number = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
    if number is None or not number.is_finite() or not 0 <= number <= _MOST_EPSILON:
        raise UsageError(f"{_EPSILON}: a number between 0 and {_MOST_EPSILON} was expected")
    return float(number)


def schemas(job: Job, rows: Sequence[int]) -> list[MemberSchema]:
    """Return what a program sees of the members' tables, with these numbers of rows, in the job's order."""
    return [
        MemberSchema(member.name, count, job.columns)
        for member, count in zip(job.consortium.members, rows, strict=True)
    ]
