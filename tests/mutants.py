# SPDX-License-Identifier: Apache-2.0
"""Mutation testing of what a verdict rests on: ``audit/``, ``proofs/`` and ``record/``.

    python tests/mutants.py --jobs 2
    python tests/mutants.py --room proofs --sample 100
    python tests/mutants.py --room record --keep /tmp/record
    python tests/mutants.py --only record/_file.py:88 --tests tests/record/test_file.py

Each mutant is one change of one place: a comparison turned or moved by one, ``and`` for ``or``, a condition negated, a
number off by one, a sum for a difference, a ``raise`` left out.  First the tests of the room run once under coverage,
which tells which test reaches which line, and how long it takes.  Then the tests that reach a mutant's line run on it,
the quickest first, for as long as ``--seconds`` says, in a process of its own: one that is forked when all tests are
loaded, where the code of the mutant's function is exchanged; or, for what is done when a module is loaded, one that
loads everything, with the mutant in the place of the module.  Nothing is written into the source.

A mutant is killed if a test fails, or if one takes five times as long, and a quarter of a minute.  Prints every
survivor with its line: a missing test, or a change of nothing.  ``mutants.md`` says of each one known which it is.

What is kept in a folder is what the tests reach, and what became of each mutant, so that a run that was cut short goes
on where it stopped; it is of one state of the sources.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import inspect
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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TypeAlias

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
    "audit": ["tests/audit"],
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
# Not these, which take the longest: they bound memory, or start processes that no mutant reaches.
_SLOW = {
    "command": ("a_program_that_misbehaves", "no_encoding_changes_the_verdict"),
    "limits": ("a_small_file_that_asks", "the_bound_on_memory_holds", "the_default_limits_accept"),
    "many": ("a_confined_program_that_never_ends", "two_workers_of_a_cluster", "the_command_on_a_cluster"),
    "statement": ("what_did_not_converge",),
}
_FLAGS += [f"--deselect=tests/audit/test_{file}.py::test_{name}" for file in _SLOW for name in _SLOW[file]]
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


Tell: TypeAlias = Callable[[Mutant, str], None]
"""Is told what became of a mutant."""


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
        """Return the tests that reach a mutant's line, as many as take ``most`` seconds in all, file by file.

        Quick ones of the file that is named like the module come first, then others of the room, then all others.
        """
        found = self.lines.get(mutant.file, {}).get(mutant.line, frozenset())
        own = f"/test_{mutant.file.stem.lstrip('_')}.py::", f"tests/{mutant.room}/"
        quickest: dict[str, float] = {}
        for test in found:
            file = test.partition("::")[0]
            quickest[file] = min(quickest.get(file, self.seconds[test]), self.seconds[test])

        def order(test: str) -> tuple[object, ...]:
            file, seconds = test.partition("::")[0], self.seconds[test]
            return seconds > 1, *(name not in test for name in own), quickest[file], file, seconds

        ordered = sorted(found, key=order)
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

        @cache
        def under(context: str) -> frozenset[str]:
            return frozenset(test for test in watch.seconds if test.startswith(context))

        lines = {
            Path(file): {
                line: frozenset[str]().union(*map(under, set(contexts) - {""} or {TESTS[room][0]}))
                for line, contexts in coverage.get_data().contexts_by_lineno(file).items()
            }
            for file in coverage.get_data().measured_files()
        }
    return _Reach(lines, watch.seconds)


def _apart(function: Callable[[], Any]) -> Any:
    """Return what a function returns in a process of its own, as the package must not be loaded in this one."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=lambda: sender.send(function()))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise SystemExit("a process ended before its time") from None
    finally:
        process.join()


# ---------------------------------------------------------------------------------------- the mutants


class _Limit:
    """By when the test that runs must have ended, or before the first what comes before it.

    It is said in memory that both processes see, as an alarm would be one that the audit sets and takes back itself.
    As a plugin of pytest it says so before every test.
    """

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.seconds = seconds
        self._end = mmap.mmap(-1, 8)
        self.allow("")

    def allow(self, test: str) -> None:
        """Give a test its time."""
        self._end[:] = struct.pack("d", time.monotonic() + 15 + 5 * self.seconds.get(test, 0))

    @property
    def passed(self) -> bool:
        """Whether it takes too long."""
        (end,) = struct.unpack("d", self._end[:])
        return time.monotonic() > float(end)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.allow(item.nodeid)
        yield


Begin: TypeAlias = Callable[[Mutant, _Limit], Callable[[], int] | str]
"""Says what is to be done in a process of its own for a mutant, which is 0 if it survives, or what became of it."""


def _forked(work: Callable[[], int]) -> int:
    """Do something in a process forked from this one, and return its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        code = work()
    finally:
        os._exit(code)


def _fates(
    chosen: Iterable[Mutant], begin: Begin, seconds: Mapping[str, float], jobs: int
) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant with what becomes of it, in words."""
    waiting, running = list(chosen)[::-1], dict[int, tuple[Mutant, _Limit]]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant, limit = waiting.pop(), _Limit(seconds)
            work = begin(mutant, limit)
            if isinstance(work, str):
                yield mutant, work
            else:
                running[_forked(work)] = (mutant, limit)
        time.sleep(0.01)
        for pid, (mutant, limit) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done or limit.passed:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)  # With what a test may have started.
                if not done:
                    os.waitpid(pid, 0)
                del running[pid]
                yield mutant, "takes too long" if not done else "killed" if status else "survives"


def _loaded_anew(tests: list[str], mutant: Mutant, limit: _Limit) -> int:
    """Load the package with a mutant, and run tests on it."""
    sys.meta_path.insert(0, _Finder(mutant.file, mutant.place))
    return int(pytest.main([*_FLAGS, *tests], plugins=[limit]))


class _Exchange:
    """A plugin of pytest: runs the tests that are collected on one mutant after the other, if it is in a function.

    The function's code is exchanged in a process that is forked when all is loaded.
    """

    def __init__(self, chosen: list[Mutant], reach: _Reach, most: float, jobs: int, tell: Tell) -> None:
        self._chosen, self._reach, self._most, self._jobs, self._tell = chosen, reach, most, jobs, tell

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        functions: dict[tuple[str, str, int], list[FunctionType]] = {}
        for found in gc.get_objects():
            if isinstance(found, FunctionType):
                functions.setdefault(_place(found.__code__), []).append(found)
        gc.freeze()

        def begin(mutant: Mutant, limit: _Limit) -> Callable[[], int] | str:
            codes = _exchanged(mutant)
            where = functions.get(_place(codes[0]), []) if codes else []
            if not where or codes is None:
                return _ELSEWHERE
            tests = self._reach.of(mutant, self._most)
            if not tests:
                return _UNREACHED
            return partial(_run_items, session, [items[t] for t in tests], where, codes[1], limit)

        for mutant, fate in _fates(self._chosen, begin, self._reach.seconds, self._jobs):
            if fate != _ELSEWHERE:
                self._tell(mutant, fate)
        return True


_ELSEWHERE = "is not in a function"
_UNREACHED = "survives, as no test comes here"


def _run_items(
    session: pytest.Session,
    items: list[pytest.Item],
    where: list[FunctionType],
    code: CodeType,
    limit: _Limit,
) -> int:
    """Give functions another code, and run tests until one fails."""
    for function in where:
        function.__code__ = code
    for item, following in zip(items, [*items[1:], None], strict=True):
        limit.allow(item.nodeid)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return 1
    return 0


def _place(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _exchanged(mutant: Mutant) -> tuple[CodeType, CodeType] | None:
    """Return the code of the outermost function that a mutant changes, before and after; None if it is in none."""
    source = mutant.file.read_text()
    before, after = ast.parse(source), _Change(mutant.place).visit(ast.parse(source))
    codes = [
        compile(ast.fix_missing_locations(tree), str(mutant.file), "exec", dont_inherit=True)
        for tree in (before, after)
    ]
    return _differing(*codes)


def _differing(before: CodeType, after: CodeType) -> tuple[CodeType, CodeType] | None:
    inner = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (before, after)]
    own = [
        (code.co_code, code.co_names, repr([c for c in code.co_consts if not isinstance(c, CodeType)]))
        for code in (before, after)
    ]
    if own[0] != own[1]:
        return None
    for a, b in zip(*inner, strict=True):
        if a != b:
            return (a, b) if a.co_flags & inspect.CO_OPTIMIZED else _differing(a, b)
    return None


def _exchange(room: str, chosen: list[Mutant], reach: _Reach, most: float, jobs: int, tell: Tell) -> None:
    pytest.main([*_FLAGS, "-s", *TESTS[room]], plugins=[_Exchange(chosen, reach, most, jobs, tell)])


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


def _all_fates(chosen: list[Mutant], options: argparse.Namespace, keep: Path) -> dict[Mutant, str]:
    """Make mutants, but for those of which it is kept what became of them; return all."""
    keep.mkdir(parents=True, exist_ok=True)
    kept = keep / "fates"
    kept.touch()

    def known() -> dict[Mutant, str]:
        lines = dict(line.split("\t") for line in kept.read_text().splitlines())
        return {m: lines[m.key] for m in chosen if m.key in lines}

    def tell(mutant: Mutant, fate: str) -> None:
        with kept.open("a") as file:
            file.write(f"{mutant.key}\t{fate}\n")
        if fate != "killed":
            print(f"{mutant}: {fate}", flush=True)

    reach = {} if options.tests else _reaches(sorted({m.room for m in chosen}), keep)
    for room, found in reach.items():
        left = [m for m in chosen if m.room == room and m not in known()]
        if left:
            _apart(partial(_exchange, room, left, found, options.seconds, options.jobs, tell))

    def begin(mutant: Mutant, limit: _Limit) -> Callable[[], int] | str:
        tests = options.tests or reach[mutant.room].of(mutant, options.seconds)
        return partial(_loaded_anew, tests, mutant, limit) if tests else _UNREACHED

    seconds = {test: s for found in reach.values() for test, s in found.seconds.items()}
    done = known()
    for mutant, fate in _fates([m for m in chosen if m not in done], begin, seconds, options.jobs):
        tell(mutant, fate)
    return known()


def main() -> int:
    """Make mutants and print what became of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, help="how many to draw (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--room", choices=sorted(TESTS))
    parser.add_argument("--only", default="", help="those whose line of --list has this text")
    parser.add_argument("--seconds", type=float, default=6, help="of tests to run on a mutant")
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
    with tempfile.TemporaryDirectory() as folder:
        fates = _all_fates(chosen, options, options.keep or Path(folder))
    for room in sorted({m.room for m in chosen}):
        count = Counter(fate for m, fate in fates.items() if m.room == room)
        whole = sum(m.room == room for m in every)
        words = ", ".join(f"{n} {fate}" for fate, n in sorted(count.items()))
        print(f"{room}: {count.total()} of {whole} mutants made: {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
