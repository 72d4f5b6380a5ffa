# SPDX-License-Identifier: Apache-2.0
"""The tables of ``spec/plan.md`` are what the classes declare, and nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tallystick.plan._expressions import EXPRESSIONS
from tallystick.plan._fields import Codec
from tallystick.plan._ops import NODES

PAGE = (Path(__file__).parents[2] / "spec" / "plan.md").read_text(encoding="utf-8")


def _table(head: str) -> list[list[str]]:
    """Return the cells of the rows of the table whose first line begins so."""
    lines = PAGE[PAGE.index(f"\n| {head}") + 1 :].splitlines()
    end = next(k for k, line in enumerate(lines) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:end]]


@pytest.mark.parametrize(
    ("head", "codec"),
    [("node | entries", NODES), ("expression | entries", EXPRESSIONS)],
    ids=["nodes", "expressions"],
)
def test_operations_and_their_fields(head: str, codec: Codec[object]) -> None:
    found = {}
    for row in _table(head):
        names = [cell.split(", ") for cell in re.findall(r"`([^`]+)`", row[0])]
        for op, *fields in names:
            found[op] = fields or names[0][1:]  # ``sub`` after ``add, a, b`` has the same fields.
    assert found == {op: [name for name, _ in fields] for op, fields in codec.forms.items()}


def test_kinds_of_fields() -> None:
    declared = defaultdict(set)
    for fields in NODES.forms.values():
        for name, kind in fields:
            declared[kind].add(name)
    assert {row[0]: set(re.findall(r"`(\w+)`", row[1])) for row in _table("kind | fields")} == declared
