# SPDX-License-Identifier: Apache-2.0
"""``spec/constant-time.md`` covers every function of the core, and what it calls checked is checked; all are fuzzed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tallystick.backend import native_available

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "spec/constant-time.md").read_text(encoding="utf-8")
FUZZ = (ROOT / "native/tests/fuzz.c").read_text(encoding="utf-8")
CHECK = (ROOT / "native/tests/constant_time.c").read_text(encoding="utf-8")


def exported() -> set[str]:
    """Return the functions that the public header declares."""
    header = (ROOT / "native/include/tallystick.h").read_text(encoding="ascii")
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    return set(re.findall(r"\b(ts_\w+)\(", code))


def section(heading: str) -> str:
    """Return what stands under a heading of the page."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def named(text: str) -> set[str]:
    """Return the functions that a text names in full."""
    return set(re.findall(r"`(ts_\w+)`", text))


HERE = section("What is checked, and how")
NO_SECRETS = named(HERE[HERE.index("No secret reaches these:") :].split("\n\n")[0])
VARIABLE = named(section("What takes variable time, and why that is acceptable"))


def promised() -> set[str]:
    """Return the functions that the table of what is checked stands for."""
    table = HERE[HERE.index("| functions |") :].split("\n\n")[0]
    patterns = re.findall(r"`(ts_\w+)\*`", table)
    starred = {name for name in exported() for start in patterns if name.startswith(start)}
    return starred - NO_SECRETS - VARIABLE | named(table)


def test_every_function_stands_in_one_place() -> None:
    assert promised() & VARIABLE == {"ts_ring_combine_var"}
    assert not promised() & NO_SECRETS and not VARIABLE & NO_SECRETS
    assert promised() | NO_SECRETS | VARIABLE == exported()
    assert {name for name in exported() if name.endswith("_var")} == VARIABLE


def test_what_is_called_checked_is_checked() -> None:
    called = set(re.findall(r"\b(?:CALL|RUN)\(.*?\b(ts_\w+)\(", CHECK))
    called |= {
        name for line in CHECK.splitlines() if "CALL(" in line for name in re.findall(r"\b(ts_\w+)\(", line)
    }
    assert promised() <= called
    assert len(promised()) > 40


def test_every_function_is_fuzzed() -> None:
    """Of those that take arguments from outside; what only measures or names is called on the way."""
    called = set(re.findall(r"\b(ts_\w+)\(", FUZZ))
    assert exported() - called <= {"ts_cpu_name"}
    targets = set(re.findall(r"TARGET\((\w+)\)", FUZZ)) - {"name"}
    assert targets == set(re.findall(r"static void fuzz_(\w+)\(fuzz_call \*c\)", FUZZ))


@pytest.mark.skipif(not native_available(), reason="the native core is not built")
def test_the_header_is_what_the_core_exports() -> None:
    from tallystick.backend._native import lib

    assert {name for name in dir(lib) if name.startswith("ts_")} == exported()
