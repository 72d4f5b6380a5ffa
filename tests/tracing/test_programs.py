# SPDX-License-Identifier: Apache-2.0
"""Programs in files, and what tracing them does once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tallystick as ts
from tallystick.errors import ProgramError, UsageError
from tallystick.gallery import examples
from tallystick.plan import Column, Draft, MemberSchema, Node, Plan, _plan
from tallystick.tracing import _program as program_module
from tallystick.tracing import load_program, trace

# ------------------------------------------------------------------------------------ files


def _write(path: Path, text: str) -> Path:
    path.write_text("import tallystick as ts\n" + text, encoding="utf-8")
    return path


ONE = "@ts.program\ndef one(table):\n    return {'n': ts.concat(t['x'] for t in table).sum()}\n"


def test_a_file_defines_a_program(tmp_path: Path) -> None:
    program = load_program(_write(tmp_path / "one.py", ONE))
    assert (program.name, program.doc) == ("one", "")
    assert program.where.endswith("one.py:2")
    assert trace(program, [ts.MemberSchema("a", 2, {"x": ts.Column(0, 1)})]).program == "one"


def test_a_file_that_does_not_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no program file"):
        load_program(tmp_path / "absent.py")
    with pytest.raises(UsageError, match="must define one program"):
        load_program(_write(tmp_path / "none.py", ""))
    two = _write(tmp_path / "two.py", ONE + ONE.replace("one", "two"))
    with pytest.raises(UsageError, match="it defines: one, two"):
        load_program(two)
    assert load_program(two, "two").name == "two"
    with pytest.raises(UsageError, match="no program 'three'"):
        load_program(two, "three")
    with pytest.raises(ProgramError, match="syntax error") as raised:
        load_program(_write(tmp_path / "syntax.py", "def (:\n"))
    assert (raised.value.where or "").endswith("syntax.py:2")
    with pytest.raises(ProgramError, match="ZeroDivisionError") as raised:
        load_program(_write(tmp_path / "crash.py", "\n\n1 / 0\n"))
    assert (raised.value.where or "").endswith("crash.py:4")


def test_an_overflow_names_the_line_in_the_file(tmp_path: Path) -> None:
    text = (
        "@ts.program\ndef big(table):\n    x = table['a']['x']\n    y = x * 2**250\n    return {'n': y * 8}\n"
    )
    program = load_program(_write(tmp_path / "big.py", text))
    with pytest.raises(ProgramError, match="does not fit the field") as raised:
        trace(program, [ts.MemberSchema("a", 2, {"x": ts.Column(0, 3)})])
    assert (raised.value.where or "").endswith("big.py:6")


# ------------------------------------------------------------------------------------ tracing


def test_a_plan_that_no_transcript_could_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    @ts.program
    def weighted(table: ts.Members[ts.Table]) -> object:
        return ts.sum(table["a"]["x"] * np.arange(200))

    schema = [MemberSchema("a", 200, {"x": Column(0, 5)})]
    assert trace(weighted, schema).to_bytes()
    monkeypatch.setattr(program_module, "MAX_VALUES", 200)
    with pytest.raises(
        ProgramError, match="the plan is too large for a transcript: more than 200 values"
    ) as caught:
        trace(weighted, schema)
    assert caught.value.where is not None
    assert "test_programs.py" in caught.value.where


def test_a_trace_checks_every_node_once_and_encodes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Node] = []
    encoded: list[object] = []
    add, dumps = Draft.add, _plan.dumps
    monkeypatch.setattr(Draft, "add", lambda self, node: (checked.append(node), add(self, node))[1])
    monkeypatch.setattr(_plan, "dumps", lambda item: (encoded.append(item), dumps(item))[1])
    example = next(e for e in examples() if e.name == "quartiles")
    plan = example.plan()
    plan.to_bytes()
    assert len(encoded) == 1
    assert len(set(checked)) == len(checked) >= len(plan.nodes)
    data = plan.to_bytes()
    checked.clear()
    again = Plan.from_bytes(data)
    assert (again, again.layout, again.digest) == (plan, plan.layout, plan.digest)
    # What was not traced here is checked in full, node by node.
    assert tuple(checked) == plan.nodes


@pytest.mark.parametrize(
    "make",
    [
        lambda x: [(x + k).sum() for k in range(40)],
        lambda x: x < 7,
    ],
    ids=["all", "bits"],
)
def test_too_many_elements_are_refused_at_the_line(make: Callable[[ts.Secret], object]) -> None:
    def body(table: ts.Members[ts.Table]) -> object:
        return make(table["a"]["x"])

    schema = [MemberSchema("a", 1 << 20, {"x": Column(0, 2**40)})]
    with pytest.raises(ProgramError, match="elements are too many for a plan") as raised:
        trace(ts.program(body), schema)
    assert "test_programs.py" in (raised.value.where or "")
