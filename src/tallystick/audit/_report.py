"""A verdict for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..disclosure import budgets
from ..errors import DecodeError, TallystickError, VerificationError
from ..plan import ResultValue
from ._audit import Verdict

__all__ = [
    "accepted_json",
    "print_verdict",
    "refused_json",
    "result_entries",
    "results_json",
    "warnings_of",
]

_MAX_VALUES = 12


def warnings_of(verdict: Verdict) -> list[str]:
    """What a reader must know that no check can establish."""
    found = []
    if not verdict.pinned:
        found.append(
            "the members' keys are the file's own: the signatures show that somebody holds them, not who "
            "(give --consortium FILE)"
        )
    if verdict.terms.preparation == "insecure-small-ring":
        found.append(
            "the triples came from an insecurely small ring, so members could have computed each other's inputs; "
            "this verdict does not depend on it, their privacy does"
        )
    private = sum(1 for output in verdict.plan.outputs if output.to is not None)
    if private:
        found.append(f"outputs to some members only are not part of this verdict; there are {private}")
    return found


def print_verdict(verdict: Verdict, name: str, console: Console) -> None:
    """Print the report of an accepted transcript."""
    terms = verdict.terms
    session = terms.session_id.hex()
    console.print(Text.assemble(("accepted ", "bold green"), (_safe(name), "bold")))
    computed = f"{_safe(terms.program)}\nplan     {terms.plan.hex()}\nsession  {session}"
    console.print(_section("computed", computed))
    console.print(_section("by", _members(verdict)))
    console.print(_section("revealed", _revealed(verdict)))
    spent = budgets(verdict.plan)
    if spent:
        console.print(_section("differential privacy", "\n".join(budget.text() for budget in spent)))
    console.print(_section("results", _results(verdict.results)))
    console.print(_section("checks", _checks(verdict)))
    for warning in warnings_of(verdict):
        console.print(Text.assemble(("note: ", "bold yellow"), warning))
    console.print(f"{verdict.seconds:.2f} s with the {verdict.backend} backend, {verdict.size:,} bytes")


def _section(title: str, content: RenderableType) -> Group:
    body = Text(content) if isinstance(content, str) else content
    return Group(Text(title, style="bold"), Padding(body, (0, 0, 0, 2)))


def _members(verdict: Verdict) -> Table:
    table = Table.grid(padding=(0, 2))
    for member, rows in zip(verdict.terms.members, verdict.terms.tables, strict=True):
        table.add_row(Text(member.name), f"{rows.rows:,} rows", f"key {member.key.hex()[:16]}…")
    return table


def _revealed(verdict: Verdict) -> Text:
    lines = [_safe(label) for label in _labels(verdict)]
    return Text("\n".join(lines) if lines else "nothing")


def _labels(verdict: Verdict) -> list[str]:
    plan = verdict.plan
    return [output.label for output in plan.outputs] + [points.label for points in plan.points]


def _results(results: Iterable[ResultValue]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for label, text in result_entries(results):
        table.add_row(Text(label), Text(text))
    return table


def result_entries(results: Iterable[ResultValue]) -> list[tuple[str, str]]:
    """Return label and value of each line of a table of results, safe to print."""
    return [(_safe(label), text) for result in results for label, text in _entries(result)]


def _entries(result: ResultValue) -> list[tuple[str, str]]:
    """One line for a single value or a long vector, one a value for a short vector."""
    if result.shape == () or not 1 < len(result.values) <= _MAX_VALUES:
        return [(result.name, result.text())]
    single = [ResultValue("", (), (value,), result.places).text() for value in result.values]
    return [(f"{result.name}[{k}]", text) for k, text in enumerate(single)]


def _checks(verdict: Verdict) -> Table:
    table = Table.grid(padding=(0, 2))
    for check in verdict.checks:
        table.add_row(
            Text("✓", style="green"), check.name, Text(_safe(check.detail)), f"{check.seconds * 1000:.0f} ms"
        )
    return table


def _safe(text: str) -> str:
    """Names in a plan come from the file: nothing in them may steer the auditor's terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def accepted_json(verdict: Verdict, name: str) -> dict[str, object]:
    """Return the machine-readable form of an accepted transcript."""
    terms = verdict.terms
    return {
        "verdict": "accepted",
        "file": name,
        "program": terms.program,
        "plan": terms.plan.hex(),
        "session": terms.session_id.hex(),
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
        "pinned": verdict.pinned,
        "traced": verdict.traced,
        "revealed": _labels(verdict),
        "privacy": [
            {
                "outputs": [number + 1 for number in budget.outputs],
                "values": budget.values,
                "coins": budget.coins,
                "sensitivity": budget.sensitivity,
                "delta_bits": budget.delta_bits,
                "epsilon": budget.epsilon,
            }
            for budget in budgets(verdict.plan)
        ],
        "results": results_json(verdict.results),
        "checks": [
            {"check": check.name, "detail": check.detail, "seconds": round(check.seconds, 6)}
            for check in verdict.checks
        ],
        "notes": warnings_of(verdict),
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
    """Return the machine-readable form of a refusal: the item, the check, and the message."""
    check = error.check if isinstance(error, VerificationError) else "decode"
    item = error.item if isinstance(error, DecodeError | VerificationError) else None
    offset = error.offset if isinstance(error, DecodeError) else None
    return {
        "verdict": "refused",
        "file": name,
        "item": item,
        "check": check,
        "offset": offset,
        "message": error.message,
        "hint": error.hint,
    }
