# SPDX-License-Identifier: Apache-2.0
"""The tables of ``spec/plan.md`` are what the classes declare, and nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tallystick.plan import HINTS
from tallystick.plan._expressions import EXPRESSIONS
from tallystick.plan._fields import Codec
from tallystick.plan._ops import NODES
from tallystick.plan._own import OWN_NODES

PAGE = (Path(__file__).parents[2] / "spec" / "plan.md").read_text(encoding="utf-8")


def _table(head: str, page: str = PAGE) -> list[list[str]]:
    """Return the cells of the rows of the first table whose first line begins so."""
    lines = page[page.index(f"\n| {head}") + 1 :].splitlines()
    end = next(k for k, line in enumerate(lines) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:end]]


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        ("node at home | entries", OWN_NODES),
        ("node | entries", NODES),
        ("expression | entries", EXPRESSIONS),
    ],
    ids=["at home", "jointly", "expressions"],
)
def test_operations_and_their_fields(head: str, codec: Codec[object]) -> None:
    found = _listed(PAGE, head)
    if codec is NODES:
        found |= _listed(PAGE[PAGE.index("\n## Format 1") :], head)
    if codec is OWN_NODES:
        jointly = _listed(PAGE, "node | entries")
        found = {op: fields or jointly[op] for op, fields in found.items()}  # "as below"
    assert found == {op: [name for name, _ in fields] for op, fields in codec.forms.items()}


def _listed(page: str, head: str) -> dict[str, list[str]]:
    """Return the operations of a table and their fields."""
    found = {}
    for row in _table(head, page):
        names = [cell.split(", ") for cell in re.findall(r"`([^`]+)`", row[0])]
        for op, *fields in [] if row[0].startswith("`hint` of") else names:
            found[op] = fields or names[0][1:]  # ``sub`` after ``add, a, b`` has the same fields.
        if row[0].startswith("`hint` of"):
            found["hint"] = []
    return found


def test_kinds_of_hints_at_home() -> None:
    (row,) = (row for row in _table("node at home | entries") if row[0].startswith("`hint` of"))
    assert set(re.findall(r"`(\w+)`", row[0])) - {"hint"} == {k for k, v in HINTS.items() if v.joint}


def test_kinds_of_fields() -> None:
    declared = defaultdict(set)
    for fields in (*NODES.forms.values(), *OWN_NODES.forms.values()):
        for name, kind in fields:
            declared[kind].add(name)
    assert {row[0]: set(re.findall(r"`(\w+)`", row[1])) for row in _table("kind | fields")} == declared
