# SPDX-License-Identifier: Apache-2.0
"""``audit --html``: one page that needs nothing else, and that no label can change."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from support import genuine
from support.corrupt import plan_of, transcript_of
from support.genuine import PROGRAMS
from tallystick.audit import Verdict, audit, refused_html, verdict_html
from tallystick.audit import _html as html
from tallystick.audit._report import Statement
from tallystick.backend import get_backend, native_available
from tallystick.cli import main
from tallystick.disclosure import quoted
from tallystick.encoding import Value
from tallystick.errors import UnfinishedError, VerificationError

FAST = get_backend("native" if native_available() else "pure")
VOID = {"meta", "br", "hr", "img", "input", "link", "path", "rect"}


class _Page(HTMLParser):
    """The elements and texts of a page; fails for one that is not well formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def data() -> bytes:
    return genuine.genuine(FAST)


@pytest.fixture
def path(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "run.tally"
    file.write_bytes(data)
    return file


def _run(*args: object) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, args), "--backend", FAST.name])


def test_the_page_says_what_the_text_says(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    result = _run(path, "--html", file)
    assert result.exit_code == 0, result.stderr
    raw = file.read_text()
    page = _Page(raw)
    text = page.text
    assert "Accepted: the proof holds; the program is the file's own." in text
    for part in ("by_member.south", "0.07", '"wage"', "0.12", "everybody", "asked for by north, south, west"):
        assert part in text
    assert '1 value: the sum of all 6 entries of "wage" of north, south, west' in text
    assert "every committed value lies in the range of its column" in text
    assert "that the data are true nobody has shown" in text
    for key in genuine.KEYS:
        assert key.public_key().public_bytes_raw().hex() in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["page.html", "run.tally"]
    named = _run(path, "--html", file, "--program", f"{PROGRAMS / 'pay.py'}:pay")
    assert named.exit_code == 0
    assert "Accepted: the proof holds for " in _Page(file.read_text()).text


def test_the_page_needs_no_script_and_nothing_else(data: bytes) -> None:
    page = _Page(verdict_html(audit(data, backend=FAST), "run.tally"))
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(names)
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in ("src", "href", "style") for name in attributes)
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in verdict_html(audit(data, backend=FAST), "run.tally")


def test_the_page_can_be_read_by_everybody(data: bytes) -> None:
    page = _Page(verdict_html(audit(data, backend=FAST), "run.tally"))
    names = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert names.count("h1") == names.count("main") == names.count("title") - 1 == 1
    assert any(a.get("name") == "viewport" for t, a in page.tags if t == "meta")
    assert all("scope" in a for t, a in page.tags if t == "th")
    (drawing,) = [a for t, a in page.tags if t == "svg"]
    ids = {a["id"] for _, a in page.tags if "id" in a}
    assert drawing["role"] == "img"
    for _, attributes in page.tags:
        assert set((attributes.get("aria-labelledby") or "").split()) <= ids
    # On a phone a cell says what its column is called.
    cells = [a for t, a in page.tags if t == "td"]
    assert sum("data-label" in a for a in cells) >= 0.6 * len(cells)


@pytest.mark.parametrize(
    "label",
    [
        "<script>alert(1)</script>",
        '" onload="alert(1)',
        "</td></tr></table><h1>Accepted: everything</h1>",
        "&lt;b&gt; {{ 7 * 7 }} {% raw %}",
        "x" * 100,
        "\u0455um\u3164",
    ],
)
def test_no_text_of_the_file_becomes_markup(label: str) -> None:
    nodes: list[list[Value]] = [
        ["input", 0, label[:100], 1, 0, 7, 0, "value"],
        ["input", 1, "x", 1, 0, 7, 0, "value"],
        ["add", 0, 1],
        ["output", 2, label, None],
        ["output", 2, label, [1]],
    ]
    results: list[list[Value]] = [[label[:100], 0, []]]
    plan = plan_of([("a", 1), ("b", 1)], nodes, [["output", 0]], results, program=label[:100])
    data = transcript_of(FAST, plan, {"a": {label[:100]: [3]}, "b": {"x": [4]}})
    raw = verdict_html(audit(data, backend=FAST), label)
    page = _Page(raw)
    assert raw.isascii()
    names = [tag for tag, _ in page.tags]
    assert "script" not in names and names.count("h1") == 1
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.text.count("only, not proved") == page.text.count("everybody") == 1
    assert page.text.count(quoted(label)) >= 2


def test_a_refused_file_has_a_page_too(path: Path, tmp_path: Path, data: bytes) -> None:
    path.write_bytes(data[:-1])
    file = tmp_path / "page.html"
    assert _run(path, "--html", file).exit_code == 1
    text = _Page(file.read_text()).text
    assert text.count("Refused.") == 1 and "item 8 (signatures)" in text and "decode" in text
    assert "Accepted" not in text and "Results" not in text


def test_a_page_that_cannot_be_written_changes_no_verdict(path: Path, tmp_path: Path, data: bytes) -> None:
    assert _run(path, "--html", tmp_path / "none" / "page.html").exit_code == 2
    assert _run(path, path, "--html", tmp_path / "page.html").exit_code == 2
    assert _run(path, "--html", path).exit_code == 2 and path.read_bytes() == data
    if Path("/dev/full").exists():
        result = _run(path, "--html", "/dev/full")
        assert result.exit_code == 3 and result.stdout.startswith("accepted: ")
        assert "the page could not be written: no space left on device" in result.stderr
        assert Path("/dev/full").is_char_device()
        path.write_bytes(data[:-1])
        assert _run(path, "--html", "/dev/full").exit_code == 1


# ---------------------------------------------------------------------- what the page says, row by row
@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """Two columns, one of them of both members; three openings, one of them private; a vector and a sum."""
    nodes: list[list[Value]] = [
        ["input", 0, "x", 3, 0, 70, 1, "value"],
        ["input", 1, "x", 3, 0, 70, 1, "value"],
        ["input", 1, "y", 3, -5, 5, 0, "value"],
        ["add", 0, 1],
        ["sum", 2, 1, 3, 1],
        ["output", 3, "sums", None],
        ["output", 2, "own", [1]],
        ["output", 4, "total", None],
    ]
    results: list[list[Value]] = [["sums", 0, [3]], ["total", 1, []], ["two", 2, []]]
    expressions: list[list[Value]] = [["output", 0], ["output", 2], ["constant", [2]]]
    plan = plan_of([("a", 3), ("b", 3)], nodes, expressions, results)
    return audit(
        transcript_of(FAST, plan, {"a": {"x": [10, 20, 30]}, "b": {"x": [1, 2, 3], "y": [-5, 0, 4]}}),
        backend=FAST,
    )


def _lines(drawing: dict[str, Any]) -> set[tuple[str, str]]:
    """Which box each line of a drawing joins to which, by their first lines of text."""
    starts = {(b.x + b.width, b.y + b.height // 2): b.first for b in drawing["boxes"]}
    ends = {(b.x, b.y + b.height // 2): b.first for b in drawing["boxes"]}
    found = set()
    for path in drawing["paths"]:
        x, y, bend, y1, bend1, end, to, end1 = map(int, re.findall(r"\d+", path))
        assert (y1, bend1, end1) == (y, bend, end) and x < bend < to
        found.add((starts[x, y], ends[to, end]))
    return found


def test_the_drawing_joins_inputs_what_is_opened_and_results(
    verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = html._drawing(Statement(verdict.plan))
    said = {b.first: b.second for b in drawing["boxes"]}
    x, y, sums, own, total = list(said)[:5]
    assert (x, said[x]) == ('"x" of 2 members', "6 rows, 0.0 to 7.0")
    assert (y, said[y]) == ('"y" of b', "3 rows, -5 to 5")
    assert [sums, own, total] == ["[1] 3 values, sums", "[2] 3 values, NOT PROVED", "[3] 1 value, sums"]
    assert [b.first for b in drawing["boxes"] if b.unproved] == [own]
    assert list(said)[5:] == ['"sums"', '"total"', '"two"'] and said['"two"'] == "= 2"
    assert said[own] == 'called "own"'
    every = {(x, sums), (y, own), (y, total), (sums, '"sums"'), (total, '"total"')}
    assert _lines(drawing) == every
    assert drawing["text"] == "2 columns of 2 members, 3 opened, 3 results."
    # Nothing overlaps, and all is inside.
    columns = [[b for b in drawing["boxes"] if b.x == place] for place, _ in drawing["heads"]]
    assert [len(column) for column in columns] == [2, 3, 3]
    for column, after in zip(columns, [*columns[1:], []], strict=True):
        assert all(a.y + a.height < b.y for a, b in pairwise(column))
        assert all(a.x + a.width < b.x for a in column for b in after)
        assert column[-1].y + column[-1].height < drawing["height"]
        assert column[-1].x + column[-1].width < drawing["width"]
    # What does not fit is counted.
    for most, more, lines in (
        (3, [], every),
        (2, ["and 1 more", "and 1 more"], {(x, sums), (y, own), (sums, '"sums"')}),
        (1, ["and 1 more", "and 2 more", "and 2 more"], {(x, sums), (sums, '"sums"')}),
    ):
        monkeypatch.setattr(html, "_MAX_BOXES", most)
        drawing = html._drawing(Statement(verdict.plan))
        assert [b.first for b in drawing["boxes"] if b.first.startswith("and ")] == more
        assert _lines(drawing) == lines


def test_long_text_is_cut_to_fit_its_box() -> None:
    assert html._clipped("x" * 36) == "x" * 36
    assert html._clipped("x" * 37) == "x" * 33 + "..."


def test_rows_of_the_page(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    def row(k: int, name: str) -> str:
        return html._result(Statement(verdict.plan), k, verdict.results[k])[name]

    assert [row(k, "value") for k in range(3)] == ["11, 22, 33", "-1", "2"]
    assert [row(k, "needs") for k in range(3)] == [
        "[1]",
        "[3]",
        "nothing opened: a public constant of the plan",
    ]
    assert row(0, "long") == ""
    page = _Page(verdict_html(verdict, "f"))
    assert "in random order" not in page.text and "which --json prints" not in page.text
    assert "from a file of" in page.text
    assert next(a for t, a in page.tags if t == "header")["class"] == "verdict care"
    traced = dataclasses.replace(verdict, traced="pay.py")
    assert 'class="verdict good"' in verdict_html(traced, "f")
    monkeypatch.setattr(html, "_MAX_VALUES", 3)
    assert row(0, "value") == "11, 22, 33"
    monkeypatch.setattr(html, "_MAX_VALUES", 1)
    assert (row(0, "value"), row(0, "long")) == ("11 and 2 more", " long")
    monkeypatch.setattr(html, "_MAX_ROWS", 3)
    assert "which --json prints" not in _Page(verdict_html(verdict, "f")).text
    monkeypatch.setattr(html, "_MAX_ROWS", 2)
    text = _Page(verdict_html(verdict, "f")).text
    assert text.count("And 1 more, which --json prints.") == 3
    monkeypatch.setattr(Statement, "needs", None)
    assert row(0, "needs") == "not examined: too much"


def test_what_is_not_finished_is_not_refused() -> None:
    page = _Page(refused_html(UnfinishedError("no time", check="limits"), "f"))
    assert "Not finished: there is no verdict." in page.text and "Place the whole" in page.text
    assert "checking the file cannot cost more than the auditor allows" in page.text
    assert page.text.endswith("Written by tallystick audit.")
    page = _Page(refused_html(VerificationError("wrong", check="chain", item="item 2 (plan)"), "f"))
    assert "Refused." in page.text and "Place item 2 (plan)" in page.text
