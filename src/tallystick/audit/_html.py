# SPDX-License-Identifier: Apache-2.0
"""A verdict as one page of HTML that needs nothing else: no script, no other file, no network.

The template escapes whatever is put into it; names and labels are quoted as in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2

from ..disclosure import plain, quoted
from ..errors import TallystickError
from ..plan import Input, ResultValue
from ._audit import CHECK_MEANINGS, Verdict
from ._report import (
    Statement,
    headline,
    policy_lines,
    refused_json,
    scaled,
    warnings_of,
)

__all__ = ["refused_html", "verdict_html"]

_MAX_ROWS = 200
_MAX_VALUES = 12
_MAX_BOXES = 16
_BOX_HEIGHT, _BOX_GAP, _TOP = 40, 14, 36
_BOX_WIDTH, _COLUMN = 250, 330
_BOX_TEXT = 36


def verdict_html(verdict: Verdict, name: str) -> str:
    """Return the page on an accepted transcript."""
    statement, terms = Statement(verdict.plan), verdict.terms
    said: list[str] = []
    members, rows = len(terms.members), sum(table.rows for table in terms.tables)
    said.append(
        f"{members} members computed {quoted(terms.program)} on {rows:,} rows; what was opened has "
        f"{len(statement.openings):,} parts, and {len(verdict.results):,} results follow from them."
    )
    caveats = warnings_of(verdict, statement)
    inputs, opened, results = verdict.plan.inputs, statement.openings, verdict.results
    return _page(
        title=f"Audit of {plain(name)}: accepted",
        tone="good" if verdict.traced and not statement.unrelated else "care",
        heading=_sentence(headline(verdict, statement)),
        lead=said,
        caveats=[_sentence(caveat) for caveat in (*caveats, *_ALWAYS)],
        results=[_result(statement, k, r) for k, r in enumerate(results[:_MAX_ROWS])],
        more_results=_more(results),
        opened=[
            {
                "name": one.name,
                "derived": one.derived(),
                "label": quoted(one.label),
                "to": None if one.to is None else ", ".join(one.to),
            }
            for one in opened[:_MAX_ROWS]
        ],
        more_opened=_more(opened),
        inputs=[
            {
                "member": verdict.plan.members[node.member].name,
                "column": quoted(node.name) + ("" if node.order is None else " in random order"),
                "rows": f"{node.n:,}",
                "low": scaled(node.low, node.decimals),
                "high": scaled(node.high, node.decimals),
                "decimals": node.decimals,
            }
            for node in inputs[:_MAX_ROWS]
        ],
        more_inputs=_more(inputs),
        policy=policy_lines(verdict),
        privacy=[budget.text() for budget in statement.noise.budgets],
        svg=_drawing(statement),
        checks=[
            {"name": check.name, "means": CHECK_MEANINGS[check.name], "detail": plain(check.detail)}
            for check in verdict.checks
        ],
        identifiers=[
            ("file", plain(name)),
            ("plan (SHA-256)", terms.plan.hex()),
            ("session", terms.session_id.hex()),
            ("format", terms.format_text),
            *((f"key of {member.name}", member.key.hex()) for member in terms.members),
        ],
        footer=_footer(verdict.backend, verdict.size),
    )


_ALWAYS = (
    "a commitment fixes what a member computed with, and a range bounds it; that the data are true nobody has shown",
    "correct results can still tell something about single rows: whether to publish them is for people to judge",
)


def refused_html(error: TallystickError, name: str) -> str:
    """Return the page on a transcript that was not accepted."""
    entry = refused_json(error, name)
    refused = entry["verdict"] == "refused"
    check = str(entry["check"])
    return _page(
        title=f"Audit of {plain(name)}: {entry['verdict']}",
        tone="bad",
        heading="Refused." if refused else "Not finished: there is no verdict.",
        lead=[
            "Nothing in this file may be relied on."
            if refused
            else "Nothing wrong was found, but not all was checked."
        ],
        refused=[
            ("File", plain(name)),
            ("Place", plain(str(entry["item"] or "the whole"))),
            ("Check", check),
            ("It should have shown that", CHECK_MEANINGS.get(check, "the file can be checked")),
            ("Reason", plain(error.message)),
            *([("What to do", plain(error.hint))] if error.hint else []),
        ],
        footer=_footer(None, None),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _page(**values: Any) -> str:
    source = (resources.files(__package__) / "templates" / "report.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.ChainableUndefined)
    return environment.from_string(source).render(**values)


def _footer(backend: str | None, size: int | None) -> str:
    if backend is None or size is None:
        return "Written by tallystick audit."
    return f"Written by tallystick audit with the {backend} backend, from a file of {size:,} bytes."


def _more(listed: Sequence[object]) -> str:
    return f"And {len(listed) - _MAX_ROWS:,} more, which --json prints." if len(listed) > _MAX_ROWS else ""


def _result(statement: Statement, k: int, result: ResultValue) -> dict[str, str]:
    if result.shape == ():
        value = result.text()
    else:
        shown = result.texts()[:_MAX_VALUES]
        rest = len(result.values) - len(shown)
        value = ", ".join(shown) + (f" and {rest:,} more" if rest else "")
    needs = "not examined: too much"
    if statement.needs is not None:
        needs = (
            ", ".join(f"[{n}]" for n in statement.needs[k]) or "nothing opened: a public constant of the plan"
        )
    return {
        "name": quoted(result.name),
        "value": value,
        "long": " long" if len(value) > _MAX_VALUES * 8 else "",
        "formula": statement.formulas[k],
        "needs": needs,
    }


# ---------------------------------------------------------------------------------------------------- the drawing


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of the drawing with two lines of text."""

    x: int
    y: int
    first: str
    second: str
    unproved: bool = False
    width: int = _BOX_WIDTH
    height: int = _BOX_HEIGHT


def _drawing(statement: Statement) -> dict[str, Any]:
    """Return boxes and lines: inputs, what is opened of them, and the results that need it."""
    plan, opened, results = statement.plan, statement.openings, statement.plan.results
    sources: dict[str, list[Input]] = {}
    for node in plan.inputs:
        sources.setdefault(node.name, []).append(node)
    names = list(sources)
    columns: list[list[_Box]] = [[], [], []]
    for name in names[:_MAX_BOXES]:
        members = sorted({node.member for node in sources[name]})
        ranges = {statement.range_text(node) for node in sources[name]}
        whose = plan.members[members[0]].name if len(members) == 1 else f"{len(members)} members"
        rows = sum(plan.members[k].rows for k in members)
        _put(columns[0], 0, f"{quoted(name)} of {whose}", f"{rows:,} rows, {' or '.join(sorted(ranges))}")
    for one in opened[:_MAX_BOXES]:
        how = ", sums" if one.exact else ", products or advice"
        count = f"{one.entries:,} {'point' if one.points else 'value'}{'s' * (one.entries != 1)}"
        said = f"[{one.name}] {count}{how}" if one.to is None else f"[{one.name}] {count}, NOT PROVED"
        _put(columns[1], 1, said, f"called {quoted(one.label)}", unproved=one.to is not None)
    for result, formula in zip(results[:_MAX_BOXES], statement.formulas, strict=False):
        _put(columns[2], 2, quoted(result.name), f"= {formula}")
    for k, total in enumerate((len(names), len(opened), len(results))):
        if total > _MAX_BOXES:
            _put(columns[k], k, f"and {total - _MAX_BOXES:,} more", "which the tables list")
    paths = []
    for b, one in enumerate(opened[:_MAX_BOXES]):
        wanted = names if one.columns is None else dict.fromkeys(name for _, name in one.columns)
        places = (names.index(name) for name in wanted)
        paths += [_line(columns[0][a], columns[1][b]) for a in places if a < _MAX_BOXES]
    by_name = {one.name: k for k, one in enumerate(opened[:_MAX_BOXES])}
    for c, needed in enumerate((statement.needs or [])[:_MAX_BOXES]):
        paths += [_line(columns[1][by_name[n]], columns[2][c]) for n in needed if n in by_name]
    tallest = max(len(column) for column in columns)
    text = (
        f"{len(names)} columns of {len(plan.members)} members, {len(opened)} opened, {len(results)} results."
    )
    return {
        "width": 2 * _COLUMN + _BOX_WIDTH + 4,
        "height": _TOP + max(tallest, 1) * (_BOX_HEIGHT + _BOX_GAP),
        "heads": [(2 + k * _COLUMN, head) for k, head in enumerate(("inputs", "opened", "results"))],
        "boxes": [box for column in columns for box in column],
        "paths": paths,
        "text": text,
    }


def _put(column: list[_Box], k: int, first: str, second: str, *, unproved: bool = False) -> None:
    y = _TOP + len(column) * (_BOX_HEIGHT + _BOX_GAP)
    column.append(_Box(2 + k * _COLUMN, y, _clipped(first), _clipped(second), unproved))


def _clipped(text: str) -> str:
    return text if len(text) <= _BOX_TEXT else text[: _BOX_TEXT - 3] + "..."


def _line(a: _Box, b: _Box) -> str:
    x, y, to, end = a.x + a.width, a.y + a.height // 2, b.x, b.y + b.height // 2
    bend = (x + to) // 2
    return f"M{x} {y} C{bend} {y} {bend} {end} {to} {end}"
