"""``spec/constant-time.md`` names every function of the core, and what it calls checked is checked."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tallystick.backend import native_available

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "spec/constant-time.md").read_text(encoding="utf-8")
CHECK = (ROOT / "native/tests/constant_time.c").read_text(encoding="utf-8")


def exported() -> set[str]:
    """Return the functions that the public header declares."""
    header = (ROOT / "native/include/tallystick.h").read_text(encoding="ascii")
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    return set(re.findall(r"\b(ts_\w+)\(", code))


def named(heading: str) -> Counter[str]:
    """Return how often each function is named under a heading of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return Counter(re.findall(r"`(ts_\w+)`", section))


def checked() -> set[str]:
    """Return the functions in the table of what is checked."""
    section = PAGE.split("\n## What is checked, and how\n")[1]
    table = section[section.index("| functions |") :].split("\n\n")[0]
    return set(re.findall(r"`(ts_\w+)`", table))


def test_every_function_stands_in_one_place() -> None:
    here, variable = (
        named("What is checked, and how"),
        named("What takes variable time, and why that is acceptable"),
    )
    assert {name for name, times in (here + variable).items() if times > 1} == {"ts_ring_combine_var"}
    assert set(here) | set(variable) == exported()
    assert set(variable) == {name for name in exported() if name.endswith("_var")}


def test_what_is_called_checked_is_checked() -> None:
    called = {f"ts_{name}" for name in re.findall(r"cpu->(\w+)\(", CHECK)} | set(
        re.findall(r"\b(ts_ring_\w+|ts_g1_subset_\w+)\(", CHECK)
    )
    assert checked() <= called
    assert len(checked()) > 40


@pytest.mark.skipif(not native_available(), reason="the native core is not built")
def test_the_header_is_what_the_core_exports() -> None:
    from tallystick.backend._native import lib

    assert {name for name in dir(lib) if name.startswith("ts_")} == exported()
