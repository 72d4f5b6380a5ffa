# SPDX-License-Identifier: Apache-2.0
"""``audit --html``: one page that needs nothing else, and that no label can change."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support import genuine
from support.corrupt import plan_of, transcript_of
from support.genuine import PROGRAMS
from tallystick.audit import audit, verdict_html
from tallystick.backend import get_backend, native_available
from tallystick.cli import main
from tallystick.disclosure import quoted
from tallystick.encoding import Value

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
    assert "follows, as the plan says, from rows of its own in their ranges" in text
    assert "proved to follow from these inputs" in text and "Gates proved at home" in text
    assert "west 5 30 1" in text
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
        ["input", 0, label[:100], 1, 0, 7, 0],
        ["input", 1, "x", 1, 0, 7, 0],
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
