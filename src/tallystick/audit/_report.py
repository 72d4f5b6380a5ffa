# SPDX-License-Identifier: Apache-2.0
"""A verdict for people and for machines.

Everything that a file's members chose, such as names and labels, is quoted as what they call it; what follows from the
plan stands beside it.  The same statement is printed as text, JSON and HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..disclosure import (
    Noise,
    Opening,
    columns_committed_twice,
    needs_of_results,
    noise_of,
    noise_warnings,
    openings,
    plain,
    quoted,
    unneeded,
)
from ..errors import DecodeError, TallystickError, UnfinishedError, VerificationError
from ..plan import Input, Plan, ResultValue, explain_results
from ._audit import CHECK_MEANINGS, Verdict

__all__ = [
    "Statement",
    "accepted_json",
    "headline",
    "plan_text",
    "refused_json",
    "result_entries",
    "results_json",
    "safe",
    "verdict_text",
    "warnings_of",
]

_MAX_VALUES = 12
_MAX_LINES = 200
_WIDTH = 100
_MIN_WIDTH = 40
_CONTINUED = "    | "


@dataclass(frozen=True)
class Statement:
    """What a plan says, whoever wrote it: inputs, what is opened, how results follow, what noise protects."""

    plan: Plan

    @cached_property
    def openings(self) -> list[Opening]:
        """What is opened."""
        return openings(self.plan)

    @cached_property
    def formulas(self) -> list[str]:
        """How each result follows from what is opened."""
        cut = "\u2026"
        return [
            "a formula too long to print" if text == cut else text.replace(cut, "...")
            for text in explain_results(self.plan)
        ]

    @cached_property
    def needs(self) -> list[tuple[str, ...]] | None:
        """Which openings each result needs, or None if that is too much to find out."""
        return needs_of_results(self.plan)

    @cached_property
    def unneeded(self) -> list[str]:
        """The openings that no result needs all of, as far as that was examined."""
        return unneeded(self.plan) or []

    @cached_property
    def noise(self) -> Noise:
        """What noise protects."""
        return noise_of(self.plan)

    @cached_property
    def unrelated(self) -> list[tuple[str, str]]:
        """The columns that are several commitments, of which nothing says that they hold the same values."""
        return columns_committed_twice(self.plan)

    def range_text(self, node: Input) -> str:
        """Return an input's range, scaled as its member's values are."""
        if not node.decimals:
            return f"{node.low} to {node.high}"
        return f"{scaled(node.low, node.decimals)} to {scaled(node.high, node.decimals)}"

    def concerns(self) -> list[str]:
        """Return what a reader must know and no check can establish, as far as the plan alone tells."""
        found = [
            f"{quoted(name)} of {member} is several unrelated columns: its commitments may hold different values, and "
            "nothing in this file says otherwise"
            for member, name in self.unrelated
        ]
        found += [
            f"[{one.name}] is not proved: it was opened to {', '.join(one.to)} only, and is no part of this verdict"
            for one in self.openings
            if one.to is not None
        ]
        if self.unneeded:
            found.append(f"no result needs all of what {', '.join(f'[{n}]' for n in self.unneeded)} opens")
        return found + noise_warnings(self.plan, self.noise)


def scaled(value: int, decimals: int) -> str:
    """Write value / 10^decimals with all its decimals."""
    if not decimals:
        return str(value)
    digits = str(abs(value)).rjust(decimals + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def headline(verdict: Verdict, statement: Statement) -> str:
    """Return the verdict in one line: what was accepted, and what was not vouched for."""
    if verdict.traced is None:
        said = "accepted: the proof holds; the program is the file's own"
    else:
        said = f"accepted: the proof holds for {verdict.traced}"
    if statement.unrelated:
        names = ", ".join(f"{quoted(name)} of {member}" for member, name in statement.unrelated)
        one = len(statement.unrelated) == 1
        said += f"; but {names} {'is' if one else 'are each'} several unrelated columns, not one"
    return said


def warnings_of(verdict: Verdict, statement: Statement | None = None) -> list[str]:
    """What a reader must know that no check can establish."""
    statement = statement or Statement(verdict.plan)
    found = []
    if verdict.traced is None:
        found.append(
            "the program is the file's own: names and labels are what its members call things, and nobody compared "
            "the plan with a source (give --program FILE, or --job JOB)"
        )
    if not verdict.pinned:
        found.append(
            "the members' keys are the file's own: the signatures show that somebody holds them, not who "
            "(give --consortium FILE, or --job JOB)"
        )
    if verdict.job is None:
        found.append(
            "ranges, decimals and policy are what the members agreed on (--job JOB compares them with yours)"
        )
    if verdict.absent:
        found.append(f"{', '.join(verdict.absent)} of the consortium file took no part")
    if verdict.terms.preparation == "insecure-small-ring":
        found.append(
            "the triples came from an insecurely small ring, so members could have computed each other's inputs; "
            "this verdict does not depend on it, their privacy does"
        )
    return found + statement.concerns()


# ---------------------------------------------------------------------------------------------------- text


def verdict_text(verdict: Verdict, name: str, *, width: int = _WIDTH) -> str:
    """Return the report of an accepted transcript; its first line is the verdict."""
    statement, terms = Statement(verdict.plan), verdict.terms
    lines = [headline(verdict, statement), f"file {safe(name)}"]
    lines += ["", "computed"]
    lines += [
        f"  {quoted(terms.program)}",
        f"  plan     {terms.plan.hex()}",
        f"  session  {terms.session_id.hex()}",
        f"  format   {terms.format_text}",
    ]
    lines += ["", "by"]
    lines += _table(
        [member.name, f"{table.rows:,} rows", f"key {member.key.hex()}"]
        for member, table in zip(terms.members, terms.tables, strict=True)
    )
    lines += _inputs(statement)
    lines += ["", "policy, as every member signed it"]
    lines += [f"  {line}" for line in policy_lines(verdict)]
    lines += _opened(statement)
    lines += ["", "results, computed from what was opened; quoted names are what the members call them"]
    lines += _cut(
        [line for k, result in enumerate(verdict.results) for line in _result_lines(statement, k, result)]
    )
    if statement.noise.budgets:
        lines += ["", "differential privacy"]
        lines += [f"  {budget.text()}" for budget in statement.noise.budgets]
    lines += ["", "checks"]
    lines += _table(["ok", check.name, safe(check.detail)] for check in verdict.checks)
    lines += [""]
    lines += [f"note: {warning}" for warning in warnings_of(verdict, statement)]
    lines += [f"{verdict.seconds:.2f} s with the {verdict.backend} backend, {verdict.size:,} bytes"]
    return _folded(lines, width)


def plan_text(plan: Plan, name: str, concerns: Sequence[str] = (), *, width: int = _WIDTH) -> str:
    """Return what the plan of a transcript says, without any check of the transcript."""
    statement = Statement(plan)
    lines = [
        f"plan of {safe(name)}, which has not been audited",
        f"  {quoted(plan.program)}  {plan.digest.hex()}",
    ]
    lines += _inputs(statement)
    lines += _opened(statement)
    lines += ["", "results, computed from what is opened; quoted names are what the plan calls them"]
    lines += _cut(
        [f"  {quoted(r.name)} = {f}" for r, f in zip(plan.results, statement.formulas, strict=True)]
    )
    if statement.noise.budgets:
        lines += ["", "differential privacy"]
        lines += [f"  {budget.text()}" for budget in statement.noise.budgets]
    found = [*statement.concerns(), *(plain(concern) for concern in concerns)]
    if found:
        lines += ["", "think about"]
        lines += _cut([f"  {line}" for line in found])
    return _folded(lines, width)


def policy_lines(verdict: Verdict) -> list[str]:
    """Return the policy in words, with who asked for it."""
    policy, terms = verdict.terms.policy, verdict.terms
    allowed = "any" if policy.outputs is None else ", ".join(map(quoted, policy.outputs)) or "none"
    asked = f"asked for by {', '.join(member.name for member in terms.members)}"
    if verdict.job is not None:
        asked += f", and by the auditor's job {quoted(verdict.job)}"
    least = f"at least {policy.min_members} members, each with {policy.min_rows:,} rows or more"
    return [f"{least}; results allowed: {allowed}", asked]


def _inputs(statement: Statement) -> list[str]:
    plan = statement.plan
    lines = ["", "inputs, committed by their members and proved to lie in these ranges"]
    rows = [
        [
            plan.members[node.member].name,
            quoted(node.name),
            f"{node.n:,} rows",
            statement.range_text(node),
            f"{node.decimals} decimals" if node.decimals else "integers",
            "in random order" if node.order is not None else "",
        ]
        for node in plan.inputs
    ]
    return lines + (_cut(_table(rows)) if rows else ["  none: nothing here depends on any member's data"])


def _opened(statement: Statement) -> list[str]:
    lines = ["", "opened to everybody, unless said otherwise; quoted labels are what the plan calls them"]
    shown = [line for one in statement.openings for line in one.lines()]
    return lines + (_cut(shown) or ["  nothing"])


def _result_lines(statement: Statement, k: int, result: ResultValue) -> Iterator[str]:
    formula, name = statement.formulas[k], quoted(result.name)
    depends = ""
    if statement.needs is not None:
        needed = ", ".join(f"[{n}]" for n in statement.needs[k])
        depends = f"; depends on {needed}" if needed else "; a public constant of the plan"
    if result.shape == ():
        yield f"  {name} = {result.text()}"
    else:
        yield f"  {name}: {len(result.values):,} values"
        for at, text in enumerate(result.texts()[:_MAX_VALUES]):
            yield f"    {name}[{at}] = {text}"
        if len(result.values) > _MAX_VALUES:
            yield f"    and {len(result.values) - _MAX_VALUES:,} more, which --json prints"
    yield f"      by {formula}{depends}"


def _table(rows: Iterable[list[str]]) -> list[str]:
    cells = list(rows)
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))] if cells else []
    return ["  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= _MAX_LINES:
        return lines
    return [*lines[:_MAX_LINES], f"  and {len(lines) - _MAX_LINES:,} more lines, which --json has"]


def _folded(lines: Iterable[str], width: int) -> str:
    """Break long lines with a mark in front of what continues, so that no text wraps into the look of another line."""
    width = max(width, _MIN_WIDTH)
    out = []
    for line in lines:
        mark = ""
        rest = line
        while len(mark) + len(rest) > width:
            most = width - len(mark)
            space = rest.rfind(" ", most // 2, most + 1)
            cut = most if space < 0 else space + 1
            out.append((mark + rest[:cut]).rstrip())
            mark, rest = _CONTINUED, rest[cut:]
        out.append(mark + rest)
    return "\n".join(out) + "\n"


def safe(text: str) -> str:
    """A file's name or a path may hold anything: nothing in it may steer the auditor's terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def result_entries(results: Iterable[ResultValue]) -> list[tuple[str, str]]:
    """Return label and value of each line of a table of results, safe to print."""
    return [(safe(label), text) for result in results for label, text in _entries(result)]


def _entries(result: ResultValue) -> list[tuple[str, str]]:
    """One line for a single value or a long vector, one a value for a short vector."""
    if result.shape == () or not 1 < len(result.values) <= _MAX_VALUES:
        return [(result.name, result.text())]
    return [(f"{result.name}[{k}]", text) for k, text in enumerate(result.texts())]


# ---------------------------------------------------------------------------------------------------- JSON


def accepted_json(verdict: Verdict, name: str) -> dict[str, object]:
    """Return the machine-readable form of an accepted transcript."""
    terms, statement = verdict.terms, Statement(verdict.plan)
    plan, policy = verdict.plan, terms.policy
    return {
        "verdict": "accepted",
        "statement": headline(verdict, statement),
        "file": name,
        "program": terms.program,
        "plan": terms.plan.hex(),
        "session": terms.session_id.hex(),
        "format": terms.format_text,
        "preparation": terms.preparation,
        "members": [
            {
                "name": member.name,
                "key": member.key.hex(),
                "certificate": member.certificate.hex(),
                "rows": table.rows,
            }
            for member, table in zip(terms.members, terms.tables, strict=True)
        ],
        "absent": list(verdict.absent),
        "inputs": [
            {
                "member": plan.members[node.member].name,
                "column": node.name,
                "rows": node.n,
                "low": str(node.low),
                "high": str(node.high),
                "decimals": node.decimals,
                "random_order": node.order is not None,
            }
            for node in plan.inputs
        ],
        "unrelated_columns": [{"member": member, "column": column} for member, column in statement.unrelated],
        "policy": {
            "min_members": policy.min_members,
            "min_rows": policy.min_rows,
            "outputs": None if policy.outputs is None else list(policy.outputs),
            "asked_for_by": [member.name for member in terms.members],
        },
        "pinned": verdict.pinned,
        "job": verdict.job,
        "traced": verdict.traced is not None,
        "source": verdict.traced,
        "revealed": [
            {
                "name": one.name,
                "label": one.label,
                "derived": one.derived(),
                "entries": one.entries,
                "points": one.points,
                "to": None if one.to is None else list(one.to),
                "proved": one.to is None,
            }
            for one in statement.openings
        ],
        "privacy": [
            {
                "outputs": [number + 1 for number in budget.outputs],
                "values": budget.values,
                "coins": budget.coins,
                "sensitivity": budget.sensitivity,
                "delta_bits": budget.delta_bits,
                "epsilon": budget.epsilon,
                "if": "one member was honest",
            }
            for budget in statement.noise.budgets
        ],
        "results": results_json(verdict.results),
        "formulas": [
            {
                "name": result.name,
                "formula": formula,
                "depends_on": None if statement.needs is None else list(statement.needs[k]),
            }
            for k, (result, formula) in enumerate(zip(verdict.results, statement.formulas, strict=True))
        ],
        "checks": [
            {
                "check": check.name,
                "detail": check.detail,
                "means": CHECK_MEANINGS[check.name],
                "seconds": round(check.seconds, 6),
            }
            for check in verdict.checks
        ],
        "notes": warnings_of(verdict, statement),
        "bound": {"bytes": verdict.bound.bytes, "operations": verdict.bound.operations},
        "backend": verdict.backend,
        "bytes": verdict.size,
        "seconds": round(verdict.seconds, 6),
    }


def results_json(results: Iterable[ResultValue]) -> list[dict[str, object]]:
    """Return results in machine-readable form: exact fractions as text, and the text for people."""
    return [
        {
            "name": result.name,
            "shape": list(result.shape),
            "values": [None if value is None else str(value) for value in result.values],
            "text": result.text(),
        }
        for result in results
    ]


def refused_json(error: TallystickError, name: str) -> dict[str, object]:
    """Return the machine-readable form of a file that was not accepted: the item, the check, and the message.

    Its verdict is ``refused``, or ``unfinished`` where nothing was found wrong but not all could be checked.
    """
    unfinished = isinstance(error, UnfinishedError)
    check = error.check if isinstance(error, VerificationError | UnfinishedError) else "decode"
    item = error.item if isinstance(error, DecodeError | VerificationError) else None
    offset = error.offset if isinstance(error, DecodeError) else None
    return {
        "verdict": "unfinished" if unfinished else "refused",
        "file": name,
        "item": item,
        "check": check,
        "offset": offset,
        "message": error.message,
        "hint": error.hint,
    }
