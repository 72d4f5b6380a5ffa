# SPDX-License-Identifier: Apache-2.0
"""Mutation testing of what a verdict rests on: ``audit/``, ``proofs/`` and ``record/``.

    python tests/mutants.py --jobs 2
    python tests/mutants.py --room proofs --sample 100
    python tests/mutants.py --room record --keep /tmp/record
    python tests/mutants.py --only record/_file.py:88 --tests tests/record/test_file.py

Each mutant is one change of one place: a comparison turned or moved by one, ``and`` for ``or``, a condition negated, a
number off by one, a sum for a difference, a ``raise`` left out.  First the tests of the room run once under coverage,
which tells which test reaches which line, and how long it takes.  Then each mutant is put in the place of the module in
a process of its own, in which the tests that reach its line run, the quickest first, for as long as ``--seconds`` says;
nothing is written into the source.  A mutant is killed if a test fails, or if one takes five times as long, and half a
minute.  Prints every survivor with its line: a missing test, or a change of nothing.  ``mutants.md`` says of each one
known which it is.

What is kept in a folder is what the tests reach, and what became of each mutant, so that a run that was cut short goes
on where it stopped; it is of one state of the sources.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import mmap
import multiprocessing
import os
import random
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

__all__ = ["mutants"]

for _name in (
    "hypothesis",
    "numpy",
    "cryptography.x509",
    "jinja2",
    "asyncio",
    "sqlite3",
    "xml.etree.ElementTree",
):
    importlib.import_module(_name)  # Once, before processes are forked.

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tallystick"
TESTS = {
    "audit": ["tests/audit", "tests/spec/test_spec_audit.py"],
    "proofs": [
        "tests/proofs",
        "tests/spec/test_vectors_proofs.py",
        "tests/spec/test_vectors_own.py",
        "tests/audit",
        "tests/online/test_cheaters.py",
    ],
    "record": ["tests/record", "tests/audit", "tests/session/test_job.py", "tests/session/test_data.py"],
}
_FLAGS = ["-q", "-x"]
_FLAGS += [f"-pno:{name}" for name in ("cacheprovider", "xdist", "xdist.looponfail", "benchmark")]
# Not these, which take a minute: bounds on memory are measured in processes that no mutant reaches.
_SLOW = ("a_small_file_that_asks", "the_bound_on_memory_holds", "the_default_limits_accept")
_FLAGS += [f"--deselect=tests/audit/test_limits.py::test_{name}" for name in _SLOW]
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}


@dataclass(frozen=True)
class Mutant:
    """A change: the module's file, which of its places, and what is done there."""

    file: Path
    place: int
    line: int
    what: str

    @property
    def room(self) -> str:
        """The package that the file is of."""
        return self.file.parent.name

    @property
    def key(self) -> str:
        """Which one it is among all."""
        return f"{self} ({self.place})"

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}: {self.what}"


class _Change(ast.NodeTransformer):
    """Finds the places of a module, and changes one of them."""

    def __init__(self, wanted: int | None = None) -> None:
        self.wanted = wanted
        self.places: list[tuple[int, str]] = []

    def _here(self, node: ast.stmt | ast.expr, what: str) -> bool:
        self.places.append((node.lineno, what))
        return self.wanted == len(self.places) - 1

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        for k, op in enumerate(node.ops):
            other = _COMPARED.get(type(op))
            if other is not None and self._here(node, f"{type(op).__name__} becomes {other.__name__}"):
                node.ops[k] = other()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if self._here(node, f"{type(node.op).__name__} becomes the other"):
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        other = _COMPUTED.get(type(node.op))
        text = any(
            isinstance(n, ast.JoinedStr | ast.Constant) and not _is_number(n) for n in (node.left, node.right)
        )
        if (
            other is not None
            and not text
            and self._here(node, f"{type(node.op).__name__} becomes {other.__name__}")
        ):
            node.op = other()
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if self._here(node, "the condition is negated"):
            node.test = ast.UnaryOp(ast.Not(), node.test)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if _is_number(node) and self._here(node, f"{node.value} becomes {node.value + 1}"):  # type: ignore[operator]
            return ast.copy_location(ast.Constant(node.value + 1), node)  # type: ignore[operator]
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        if self._here(node, "raise is left out"):
            return ast.copy_location(ast.Pass(), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Messages are for people."""
        return node


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def mutants() -> Iterator[Mutant]:
    """Yield every mutant."""
    for room in TESTS:
        for file in sorted((PACKAGE / room).glob("*.py")):
            if file.name != "__init__.py":
                change = _Change()
                change.visit(ast.parse(file.read_text()))
                for place, (line, what) in enumerate(change.places):
                    yield Mutant(file, place, line, what)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with one change."""

    place = 0

    def source_to_code(self, data: object, path: object, **_: object) -> object:  # type: ignore[override]
        tree = _Change(self.place).visit(ast.parse(bytes(data)))  # type: ignore[arg-type]
        return compile(ast.fix_missing_locations(tree), str(path), "exec")

    def get_code(self, fullname: str) -> object:  # type: ignore[override]
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the one module that is changed."""

    def __init__(self, file: Path, place: int) -> None:
        self._name = ".".join(("tallystick", *file.relative_to(PACKAGE).with_suffix("").parts))
        self._file, self._place = file, place

    def find_spec(
        self, name: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        loader = _Loader(name, str(self._file))
        loader.place = self._place
        return importlib.machinery.ModuleSpec(name, loader, origin=str(self._file))


# ---------------------------------------------------------------------------------------- which test reaches what


@dataclass(frozen=True)
class _Reach:
    """Which tests of a room reach each line of its modules, and the seconds that each test takes."""

    lines: Mapping[Path, Mapping[int, frozenset[str]]]
    seconds: Mapping[str, float]

    def of(self, mutant: Mutant, most: float) -> list[str]:
        """Return the tests that reach a mutant's line, as many as take ``most`` seconds in all.

        Quick ones of the file that is named like the module come first, then all others, the quickest first.
        """
        found = self.lines.get(mutant.file, {}).get(mutant.line, frozenset())
        own = f"/test_{mutant.file.stem.lstrip('_')}.py::"
        ordered = sorted(found, key=lambda t: (own not in t or self.seconds[t] > 1, self.seconds[t]))
        until = accumulate(self.seconds[test] for test in ordered)
        return [test for test, end in zip(ordered, until, strict=True) if end <= most or test == ordered[0]]

    def to_json(self) -> str:
        """Return it as text."""
        lines = {str(f): {n: sorted(tests) for n, tests in by.items()} for f, by in self.lines.items()}
        return json.dumps({"lines": lines, "seconds": self.seconds})

    @classmethod
    def from_json(cls, text: str) -> _Reach:
        """Return what was written."""
        read = json.loads(text)
        lines = {
            Path(file): {int(n): frozenset(tests) for n, tests in by.items()}
            for file, by in read["lines"].items()
        }
        return cls(lines, read["seconds"])


class _Watch:
    """A plugin of pytest: says to coverage which test runs, and keeps how long each takes.

    What a fixture of several tests does counts for all tests of the file; what is done when a module is loaded, or for
    the whole session, for all tests in the room's own folder.
    """

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        started = time.perf_counter()
        yield
        self.seconds[item.nodeid] = time.perf_counter() - started
        self.coverage.switch_context("")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: pytest.FixtureRequest) -> Iterator[None]:
        item = request._pyfuncitem.nodeid
        if fixturedef.scope != "function":
            self.coverage.switch_context(item.partition("::")[0] if fixturedef.scope == "module" else "")
        yield
        self.coverage.switch_context(item)


def _reach(room: str) -> _Reach:
    """Run a room's tests once under coverage."""
    from coverage import Coverage

    with tempfile.TemporaryDirectory() as folder:
        coverage = Coverage(data_file=f"{folder}/data", include=[f"{PACKAGE / room}/*"])
        watch = _Watch(coverage)
        coverage.start()
        code = pytest.main([*_FLAGS, *TESTS[room]], plugins=[watch])
        coverage.stop()
        if code:
            raise SystemExit(f"the tests of {room} fail without a mutant")
        lines: dict[Path, dict[int, frozenset[str]]] = {}
        for file in coverage.get_data().measured_files():
            lines[Path(file)] = {
                line: frozenset(
                    test
                    for context in set(contexts) - {""} or {TESTS[room][0]}
                    for test in watch.seconds
                    if test.startswith(context)
                )
                for line, contexts in coverage.get_data().contexts_by_lineno(file).items()
            }
    return _Reach(lines, watch.seconds)


def _apart(function: Callable[[], Any]) -> Any:
    """Return what a function returns in a process of its own, as the package must not be loaded in this one."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        return pool.submit(function).result()


# ---------------------------------------------------------------------------------------- the mutants


class _Limit:
    """A plugin of pytest: says by when the test that runs must have ended; before the first, the tests' loading.

    It is said in memory that both processes see, as an alarm would be one that the audit sets and takes back itself.
    """

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.seconds = seconds
        self._end = mmap.mmap(-1, 8)
        self._allow(0)

    def _allow(self, seconds: float) -> None:
        self._end[:] = struct.pack("d", time.monotonic() + 30 + 5 * seconds)

    @property
    def passed(self) -> bool:
        """Whether it takes too long."""
        (end,) = struct.unpack("d", self._end[:])
        return time.monotonic() > float(end)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._allow(self.seconds.get(item.nodeid, 0))
        yield


def _run(mutant: Mutant, tests: list[str], limit: _Limit) -> int:
    """Run tests on a mutant in a process forked from this one, and return its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        sys.meta_path.insert(0, _Finder(mutant.file, mutant.place))
        code = int(pytest.main([*_FLAGS, *tests], plugins=[limit]))
    finally:
        os._exit(code)


def _fates(
    chosen: list[Mutant], tests: Callable[[Mutant], list[str]], seconds: Mapping[str, float], jobs: int
) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant with what becomes of it, in words."""
    waiting, running = list(reversed(chosen)), dict[int, tuple[Mutant, _Limit]]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            if found := tests(mutant):
                limit = _Limit(seconds)
                running[_run(mutant, found, limit)] = (mutant, limit)
            else:
                yield mutant, "survives, as no test comes here"
        time.sleep(0.02)
        for pid, (mutant, limit) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done or limit.passed:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)  # With what a test may have started.
                if not done:
                    os.waitpid(pid, 0)
                del running[pid]
                yield mutant, "takes too long" if not done else "killed" if status else "survives"


def _reaches(rooms: list[str], keep: Path | None) -> dict[str, _Reach]:
    """Return what the tests of each room reach, from the folder where they are kept if they are there."""
    found = {}
    for room in rooms:
        file = keep / f"{room}.json" if keep else None
        if file and file.exists():
            found[room] = _Reach.from_json(file.read_text())
        else:
            found[room] = _apart(partial(_reach, room))
            if file:
                file.write_text(found[room].to_json())
    return found


def main() -> int:
    """Make mutants and print what became of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, help="how many to draw (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--room", choices=sorted(TESTS))
    parser.add_argument("--only", default="", help="those whose line of --list has this text")
    parser.add_argument("--seconds", type=float, default=20, help="of tests to run on a mutant")
    parser.add_argument("--tests", nargs="+", help="run these on each mutant, whatever they reach")
    parser.add_argument("--keep", type=Path, help="a folder for what is known, to go on with")
    parser.add_argument("--list", action="store_true", help="print the mutants and make none")
    options = parser.parse_args()
    every = [m for m in mutants() if options.room in (None, m.room) and options.only in str(m)]
    if options.list:
        print(*every, sep="\n")
        return 0
    chosen = every
    if options.sample is not None:
        chosen = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    os.chdir(ROOT)
    known = dict[str, str]()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        kept = options.keep / "fates"
        if kept.exists():
            known = dict(line.split("\t") for line in kept.read_text().splitlines())
    reach = {} if options.tests else _reaches(sorted({m.room for m in chosen}), options.keep)
    fates = {m: known[m.key] for m in chosen if m.key in known}
    seconds = {test: s for r in reach.values() for test, s in r.seconds.items()}
    for mutant, fate in _fates(
        [m for m in chosen if m not in fates],
        lambda m: options.tests or reach[m.room].of(m, options.seconds),
        seconds,
        options.jobs,
    ):
        fates[mutant] = fate
        if options.keep:
            with kept.open("a") as file:
                file.write(f"{mutant.key}\t{fate}\n")
        if fate != "killed":
            print(f"{mutant}: {fate}", flush=True)
    for room in sorted({m.room for m in chosen}):
        count = Counter(fate for m, fate in fates.items() if m.room == room)
        whole = sum(m.room == room for m in every)
        words = ", ".join(f"{n} {fate}" for fate, n in sorted(count.items()))
        print(f"{room}: {count.total()} of {whole} mutants made: {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
