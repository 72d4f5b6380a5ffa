"""The job file: what is computed, by whom, on which columns, and what may be disclosed (``spec/session.md``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ..encoding import Value
from ..errors import PolicyError, UsageError
from ..plan import Column as PlanColumn
from ..plan import MemberSchema, Plan, policy_names, unneeded
from ..record import MAX_MEMBERS, Column, Consortium, Policy, read_consortium
from ..record.toml import integer, naming, only, read_toml, table, text, texts

__all__ = ["Job", "check_policy", "read_job", "read_policy", "schemas"]

_MAX_DECIMALS = 18
_MAX_ROWS = 1 << 32
_MAX_BITS = 250


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
    columns: tuple[Column, ...]
    policy: Policy

    def terms(self) -> dict[str, Value]:
        """Return what the members' job files must have in common, as CBOR, part by part."""
        return {
            "name": self.name,
            "members": [[m.name, m.fingerprint] for m in self.consortium.members],
            "columns": [column.to_body() for column in self.columns],
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
        columns=tuple(_column(name, value) for name, value in columns.items()),
        policy=_policy(table(entries.get("policy", {}), "policy"), "policy"),
    )


def _column(name: str, value: object) -> Column:
    where = f"columns.{text(name, 'columns')}"
    entries = table(value, where)
    only(entries, {"low", "high", "decimals"}, where)
    decimals = integer(entries.get("decimals", 0), f"{where}.decimals", low=0, high=_MAX_DECIMALS)
    low, high = (_scaled(entries.get(end), decimals, f"{where}.{end}") for end in ("low", "high"))
    if low > high:
        raise UsageError(f"{where}: low is above high")
    if max(high - low, abs(low), abs(high)).bit_length() > _MAX_BITS:
        raise UsageError(f"{where}: the range takes more than {_MAX_BITS} bits")
    return Column(name=name, low=low, high=high, decimals=decimals)


def _scaled(value: object, decimals: int, where: str) -> int:
    """Return value * 10**decimals, which must be an integer; ends of ranges are written as values are."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UsageError(f"{where}: a number is needed")
    number = Decimal(value)
    if number.is_zero():
        return 0
    if not number.is_finite() or number.adjusted() > _MAX_BITS:
        raise UsageError(f"{where}: {value} is out of range")
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    shift = exponent + decimals
    # Before any power of ten: a small file may state an exponent of a billion.
    if -shift >= len(digits) or len(digits) > 2 * _MAX_BITS:
        raise UsageError(f"{where}: the number has more than {decimals} decimals")
    magnitude = int("".join(map(str, digits)))
    if shift < 0 and magnitude % 10**-shift:
        raise UsageError(f"{where}: {value} has more than {decimals} decimals")
    scaled: int = magnitude * 10**shift if shift >= 0 else magnitude // 10**-shift
    return -scaled if sign else scaled


def _policy(entries: Mapping[str, object], where: str) -> Policy:
    only(entries, {"min_members", "min_rows", "outputs"}, where)
    default = Policy()
    outputs = entries.get("outputs")
    return Policy(
        min_members=integer(
            entries.get("min_members", default.min_members), f"{where}.min_members", low=2, high=MAX_MEMBERS
        ),
        min_rows=integer(
            entries.get("min_rows", default.min_rows), f"{where}.min_rows", low=0, high=_MAX_ROWS
        ),
        outputs=None if outputs is None else texts(outputs, f"{where}.outputs"),
    )


def read_policy(path: str | Path) -> Policy:
    """Read a node's own policy file: the same entries as a job's ``[policy]``."""
    path = Path(path)
    entries = read_toml(path, "policy file")
    with naming(path):
        return _policy(entries, "policy")


def check_policy(policy: Policy, plan: Plan, *, whose: str) -> None:
    """Raise ``PolicyError`` with the rule unless the plan keeps to the policy."""
    if len(plan.members) < policy.min_members:
        raise PolicyError(
            f"{whose} demands at least {policy.min_members} members; the computation has {len(plan.members)}"
        )
    for member in plan.members:
        if member.rows < policy.min_rows:
            raise PolicyError(
                f"{whose} demands at least {policy.min_rows} rows of every member; "
                f"{member.name} has {member.rows}"
            )
    for name in policy_names(plan):
        if not policy.allows(name):
            raise PolicyError(
                f"{whose} does not allow the output {name!r}",
                hint=f"it allows: {', '.join(policy.outputs or ()) or 'none'}",
            )
    if policy.outputs is None:
        return
    found = unneeded(plan)
    if found is None:
        raise PolicyError(f"{whose} names outputs, and too much is opened to see that these need all of it")
    if found:
        opened = ", ".join(f"[{name}]" for name in found)
        raise PolicyError(
            f"{whose} allows results, none of which needs all of what the program opens as {opened}",
            hint="`tallystick plan` shows what that is; return what is needed, or do not reveal it",
        )


def schemas(job: Job, rows: Sequence[int]) -> list[MemberSchema]:
    """Return what a program sees of the members' tables, with these numbers of rows, in the job's order."""
    columns = {c.name: PlanColumn(c.low, c.high, c.decimals) for c in job.columns}
    return [
        MemberSchema(member.name, count, columns)
        for member, count in zip(job.consortium.members, rows, strict=True)
    ]
