# SPDX-License-Identifier: Apache-2.0
"""What ``import tallystick`` offers and loads, each in an interpreter of its own: here everything is loaded already."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tallystick as ts

PROGRAM = """
from tallystick.tracing import program

@program
def larger(table):
    x = table["a"]["x"]
    return {"larger": (x > 3).sum(), "half": (x // 2).sum()}
"""


def run(code: str, cwd: Path | None = None) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rooms_loaded(code: str) -> set[str]:
    """Return the rooms that are loaded once ``code`` has run."""
    shown = run(f"{code}\nimport sys\nprint(*(m for m in sys.modules if m.startswith('tallystick.')))")
    return {module.split(".")[1] for module in shown.split()}


def test_every_name_exists_and_dir_shows_no_others() -> None:
    assert dir(ts) == ts.__all__ == sorted(set(ts.__all__))
    for name in ts.__all__:
        assert getattr(ts, name) is not None, name


def test_dir_stays_the_same_when_rooms_are_loaded() -> None:
    loads = "import tallystick as ts, tallystick.session, tallystick.bench, tallystick.cli"
    run(f"{loads}\nassert dir(ts) == sorted(ts.__all__)\nassert ts.session and 'session' not in dir(ts)")


def test_star_imports_exactly_what_is_listed() -> None:
    run(
        "from tallystick import *\n"
        "import tallystick as ts\n"
        "assert {n for n in globals() if not n.startswith('__')} == {*ts.__all__, 'ts'}"
    )


def test_importing_the_package_loads_no_room() -> None:
    assert rooms_loaded("import tallystick as ts; ts.__version__; dir(ts)") == set()


@pytest.mark.parametrize("module", ["tallystick.audit", "tallystick.cli._audit"])
def test_an_auditor_loads_what_it_trusts_and_no_more(module: str) -> None:
    """A room that is missing here is one more that every auditor must read; the order is that of the rooms."""
    trusted = {"audit", "record", "disclosure", "plan", "proofs", "transcript", "algebra", "backend"}
    allowed = trusted | {"encoding", "errors", "limits"} | ({"cli"} if "cli" in module else set())
    assert rooms_loaded(f"import {module}") == allowed


@pytest.mark.parametrize("module", ["tallystick.audit", "tallystick.cli._audit"])
def test_an_auditor_of_one_file_loads_nothing_that_starts_processes_or_connects(module: str) -> None:
    names = "('distributed', 'dask', 'multiprocessing', 'concurrent.futures.process', 'rich', 'ssl')"
    assert run(f"import sys, {module}\nprint([m for m in {names} if m in sys.modules])").strip() == "[]"


@pytest.mark.parametrize(
    "road",
    [
        "import tallystick as ts; load, trace = ts.load_program, ts.trace",
        "from tallystick.plan import load_program as load, trace",
        "from tallystick.tracing import load_program as load, trace",
        "from tallystick import tracing; load, trace = tracing.load_program, tracing.trace",
    ],
)
def test_operators_are_there_by_whichever_road_a_program_is_traced(road: str, tmp_path: Path) -> None:
    (tmp_path / "larger.py").write_text(PROGRAM, encoding="utf-8")
    run(
        f"{road}\n"
        "from tallystick.plan import Column, MemberSchema\n"
        "from tallystick.plan import simulate\n"
        "plan = trace(load('larger.py'), [MemberSchema('a', 2, {'x': Column(0, 9)})])\n"
        "assert [r.text() for r in simulate(plan, {'a': {'x': [3, 8]}}).results] == ['1', '5']",
        tmp_path,
    )


def test_an_auditor_with_a_program_traces_it_with_all_operators(tmp_path: Path) -> None:
    """``--program`` is the one thing by which an auditor loads what traces."""
    (tmp_path / "larger.py").write_text(PROGRAM, encoding="utf-8")
    run(
        "from types import SimpleNamespace as Named\n"
        "from tallystick.audit import ProgramSource\n"
        "from tallystick.plan import Column, Plan\n"
        "terms = Named(members=[Named(name='a')], tables=[Named(rows=2, columns={'x': Column(0, 9)})])\n"
        "plan = Plan.from_bytes(ProgramSource.parse('larger.py:larger').plan_bytes(terms))\n"
        "assert [r.name for r in plan.results] == ['larger', 'half']",
        tmp_path,
    )


def test_a_process_that_can_load_nothing_more_has_the_whole_library() -> None:
    """A program's file is traced where no file can be opened any more, not even Python's own."""
    run(
        "import sys, tallystick as ts, tallystick.lib\n"
        "sys.meta_path.clear()\n"
        "missing = [name for name in ts.__all__ if name != 'audit' and not getattr(ts, name)]\n"
        "assert not missing and ts.join.intersection_size and len(ts.tracing.OPERATORS) > 10"
    )


def test_the_version_stands_in_one_place() -> None:
    """``pyproject.toml`` takes it from the package."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"] and "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "tallystick.__version__"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", ts.__version__)
