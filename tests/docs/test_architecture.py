# SPDX-License-Identifier: Apache-2.0
"""ARCHITECTURE.md and CONTRIBUTING.md name what there is, and the rooms in the order that is enforced."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {c["type"]: c for c in PROJECT["tool"]["importlinter"]["contracts"][:2]}
GUIDES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "RELEASING.md")
TOP = {path.name for path in ROOT.iterdir()}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def named(guide: str) -> set[str]:
    """Return the files and folders of the repository that a page names: in code spans, and in commands."""
    words = re.findall(r"[\w./-]+", " ".join(re.findall(r"`([^`\n]+)`", text(guide))))
    fences = re.findall(r"^```sh\n(.*?)^```", text(guide), re.DOTALL | re.MULTILINE)
    words += re.findall(r"(?<!\S)[\w./-]+", " ".join(fences))
    return {w for w in words if w.split("/")[0] in TOP - {".venv"} and ("/" in w or "." in w)}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_file_that_is_named_exists(guide: str) -> None:
    found = named(guide)
    assert len(found) > 3
    assert [name for name in sorted(found) if not (ROOT / name).exists()] == []


def rooms() -> dict[str, str]:
    """Return the rooms of the page's table, in its order, with what it says of each."""
    table = text("ARCHITECTURE.md").split("| room | holds |\n")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))


def test_the_rooms_stand_in_the_order_of_the_import_contract() -> None:
    layers = [layer.strip("()") for layer in CONTRACTS["layers"]["layers"]]
    assert list(rooms()) == layers


def test_every_room_is_listed() -> None:
    package = ROOT / "src" / "tallystick"
    there = {p.stem for p in package.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert there - {"__init__", "__main__"} == set(rooms())


def test_what_an_auditor_may_not_import_is_what_is_forbidden() -> None:
    forbidden = {module.split(".")[1] for module in CONTRACTS["forbidden"]["forbidden_modules"]}
    said = rooms()["audit"].split("may not import ")[1].split(";")[0]
    assert set(re.findall(r"`(\w+)`", said)) == forbidden


def test_the_set_up_installs_extras_that_exist() -> None:
    (listed,) = re.findall(r"pip install -e '\.\[([\w,]+)\]'", text("CONTRIBUTING.md"))
    assert set(listed.split(",")) == set(PROJECT["project"]["optional-dependencies"])


def test_the_fast_check_runs_tests_that_exist() -> None:
    chosen = re.findall(r"(?<=\s)tests/[\w/.]+", text(".ci/fast").split("chosen=(")[1].split("\n)")[0])
    assert len(chosen) > 5
    assert [name for name in chosen if not (ROOT / name).exists()] == []
