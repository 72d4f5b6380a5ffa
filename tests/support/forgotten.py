# SPDX-License-Identifier: Apache-2.0
"""Modules as they would be if a case had been forgotten."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator
from types import ModuleType

__all__ = ["without_each_case"]


def without_each_case(module: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """Yield the module once for each class that a ``match`` in it names, without that case, and where that was.

    Those are the matches that say, with ``assert_never``, that they name all there are.
    """
    tree = ast.parse(inspect.getsource(module))
    for number, match in enumerate(n for n in ast.walk(tree) if isinstance(n, ast.Match)):
        if "assert_never" not in ast.unparse(match.cases[-1]):
            continue
        for k, case in enumerate(match.cases):
            options = case.pattern.patterns if isinstance(case.pattern, ast.MatchOr) else [case.pattern]
            for j, option in enumerate(options):
                if not isinstance(option, ast.MatchClass):
                    continue
                changed = copy.deepcopy(tree)
                there = [n for n in ast.walk(changed) if isinstance(n, ast.Match)][number]
                pattern = there.cases[k].pattern
                if isinstance(pattern, ast.MatchOr) and len(options) > 2:
                    del pattern.patterns[j]
                elif isinstance(pattern, ast.MatchOr):
                    there.cases[k].pattern = pattern.patterns[1 - j]
                else:
                    del there.cases[k]
                yield f"line {option.lineno}: {ast.unparse(option)}", _made(module, changed)


def _made(module: ModuleType, tree: ast.Module) -> ModuleType:
    made = ModuleType(module.__name__)
    made.__package__, made.__file__ = module.__package__, module.__file__
    exec(compile(tree, str(module.__file__), "exec"), made.__dict__)
    return made
