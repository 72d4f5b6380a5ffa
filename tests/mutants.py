"""Mutation testing of what a verdict rests on: ``audit/``, ``proofs/`` and ``record/``.

    python tests/mutants.py --sample 200 --jobs 2

Each mutant is one change of one place: a comparison turned or moved by one, ``and`` for ``or``, a condition negated, a
number off by one, a sum for a difference, a ``raise`` left out.  It is put in the place of the module in a fresh
process, in which the tests of its room run; nothing is written into the source.  A mutant is killed if a test fails, or
if the tests take ten times as long.  Prints every survivor with its line: a missing test, or a change of nothing.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tallystick"
TESTS = {
    "audit": [
        "tests/audit/test_audit.py",
        "tests/audit/test_statement.py",
        "tests/audit/test_job.py",
        "tests/audit",
    ],
    "proofs": [
        "tests/proofs",
        "tests/spec/test_vectors_proofs.py",
        "tests/spec/test_vectors_own.py",
        "tests/audit/test_audit.py",
    ],
    "record": ["tests/record", "tests/audit/test_audit.py", "tests/session/test_job.py"],
}
VARIABLE = "TALLYSTICK_MUTANT"
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


def install() -> None:
    """Put the mutant that the environment names in the place of its module."""
    if VARIABLE in os.environ:
        file, _, place = os.environ[VARIABLE].rpartition(":")
        sys.meta_path.insert(0, _Finder(Path(file), int(place)))


def killed(mutant: Mutant | None, room: str, limit: float) -> bool:
    """Whether the tests of a room notice the mutant, or fail without one."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if mutant is not None:
        env[VARIABLE] = f"{mutant.file}:{mutant.place}"
    for tests in TESTS[room]:  # The likeliest first: most mutants do not live to see the others.
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", tests]
        command += ["--deselect", "tests/audit/test_limits.py", "-p", "mutants_plugin"]
        try:
            run = subprocess.run(
                command,
                env={**env, "PYTHONPATH": str(ROOT / "tests" / "support")},
                cwd=ROOT,
                capture_output=True,
                timeout=limit,
            )
        except subprocess.TimeoutExpired:
            return True
        if run.returncode:
            return True
    return False


def main() -> int:
    """Make mutants and print what became of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, help="how many to draw (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--room", choices=sorted(TESTS))
    parser.add_argument("--list", action="store_true", help="print the mutants and make none")
    options = parser.parse_args()
    every = [m for m in mutants() if options.room in (None, m.room)]
    if options.list:
        print(*every, sep="\n")
        return 0
    chosen = (
        every
        if options.sample is None
        else random.Random(options.seed).sample(every, min(options.sample, len(every)))
    )
    limits = {}
    for room in sorted({m.room for m in chosen}):
        started = time.time()
        if killed(None, room, 3600):
            print(f"the tests of {room} fail without a mutant")
            return 2
        limits[room] = 10 * (time.time() - started)
    made, dead = Counter[str](), Counter[str]()
    with ThreadPoolExecutor(options.jobs) as pool:
        found = pool.map(lambda m: (m, killed(m, m.room, limits[m.room])), chosen)
        for mutant, is_dead in found:
            made[mutant.room] += 1
            dead[mutant.room] += is_dead
            if not is_dead:
                print(f"survives: {mutant}", flush=True)
    for room in sorted(made):
        print(
            f"{room}: {made[room]} of {sum(m.room == room for m in every)} mutants made, {dead[room]} killed"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
