# SPDX-License-Identifier: Apache-2.0
"""Collects nodes while a program runs, and makes the plan of those that matter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ..errors import ProgramError
from ..plan import (
    HINTS,
    MAX_LENGTH,
    MAX_NODES,
    MAX_TOTAL,
    Draft,
    Expression,
    Hint,
    Input,
    InputBits,
    Interval,
    Member,
    Node,
    Output,
    Plan,
    Points,
    PublicOutput,
    Result,
    TooManyError,
    Zero,
    length_of,
    references,
    renumbered,
)

__all__ = ["Builder", "fail", "is_program", "location", "program_line", "refusal"]


def program_line() -> str | None:
    """Return ``file:line`` of the innermost frame outside the package, which is the program's own line.

    The gallery's programs are programs, although they live in the package.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_program(str(frame.f_globals.get("__name__"))):
            return location(Path(frame.f_code.co_filename), frame.f_lineno)
        frame = frame.f_back
    return None


def location(path: Path, line: int) -> str:
    """Return ``file:line``, the file relative to the working directory where it lies below it."""
    try:
        shown = path.relative_to(Path.cwd())
    except ValueError:
        shown = path
    return f"{shown}:{line}"


def is_program(module: str) -> bool:
    """Whether a module is the user's: not this package's, numpy's or the standard library's."""
    top = module.partition(".")[0]
    if module.startswith("tallystick.gallery."):
        return True
    return top not in ("tallystick", "numpy") and (top == "__main__" or top not in sys.stdlib_module_names)


def fail(message: str, *, hint: str | None = None) -> NoReturn:
    """Raise ``ProgramError`` that names the program's line."""
    raise ProgramError(message, where=program_line(), hint=hint)


def refusal(message: str, *, hint: str | None = None) -> Callable[..., NoReturn]:
    """Return a method that fails so, whatever it is given."""
    return lambda *_args, **_kwargs: fail(message, hint=hint)


def _refuse(op: str, error: ValueError) -> NoReturn:
    if isinstance(error, TooManyError):
        limits = f"at most {MAX_LENGTH} a node, {MAX_TOTAL} in all"
        fail(f"{op}: {error.length} elements are too many for a plan ({limits})")
    fail(f"{op}: {error}")


class Builder:
    """The nodes of one trace.  Equal nodes are one node, so nothing is computed twice.

    Advice that may differ from call to call is the exception: two hints are one only if their kind is
    deterministic.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        self._draft = Draft(self.members)
        self.nodes: Sequence[Node] = self._draft.nodes
        self.lengths: Sequence[int] = self._draft.lengths
        self.intervals: Sequence[Interval] = self._draft.intervals
        self.expressions: list[Expression] = []
        self.expression_lengths: list[int] = []
        self.memo: dict[object, object] = {}
        """What libraries made in this trace and may be asked for again."""
        self._output_lengths: list[int] = []
        self._known: dict[Node, int] = {}
        self._known_expressions: dict[Expression, int] = {}
        self._revealed: dict[int, int] = {}
        self._opened_points: dict[int, int] = {}
        self._points_lengths: list[int] = []
        self._kept: set[int] = set()
        self._told_names: set[tuple[str, int]] = set()
        self._replaced: set[int] = set()
        self._orders = 0

    # ------------------------------------------------------------------ nodes
    def add(self, node: Node) -> int:
        """Return the position of the node, new or already there; ``ProgramError`` if it cannot be part of a
        plan.
        """
        known = self._known.get(node)
        if known is not None:
            return known
        if len(self.nodes) >= MAX_NODES:
            fail(
                f"the program makes more than {MAX_NODES} operations",
                hint="write it with operations on whole arrays instead of loops over rows",
            )
        try:
            self._draft.add(node)
        except ValueError as error:
            _refuse(node.op, error)
        position = len(self.nodes) - 1
        if not isinstance(node, Hint) or HINTS[node.kind].deterministic:
            self._known[node] = position
        return position

    def bits_of(self, source: int) -> int:
        """Return the node of an input's bits; from now on the input is committed as its bits."""
        node = self.nodes[source]
        assert isinstance(node, Input)
        assert node.order is None
        if node.form != "bits":
            # The value node keeps its key, so that asking for the column again finds it.
            try:
                self._draft.set_form(source, "bits")
            except ValueError as error:
                _refuse(InputBits.op, error)
        return self.add(InputBits(source))

    def new_order(self) -> int:
        """Return the number of a new order of rows, which every member draws for itself (``shuffled``)."""
        self._orders += 1
        return self._orders - 1

    def shuffled(self, source: int, order: int) -> int:
        """Return the node of an input in another order; the source stays in the plan only if something reads it."""
        node = self.nodes[source]
        assert isinstance(node, Input)
        assert node.order is None
        self._replaced.add(source)
        return self.add(replace(node, form="value", order=order))

    # ------------------------------------------------------------------ opened values
    def open_points(self, v: int, label: str) -> int:
        """Return the number of the output that opens node v as points; a node is opened once."""
        if v not in self._opened_points:
            self.add(Points(v, label))
            self._points_lengths.append(self.lengths[v])
            self._opened_points[v] = len(self._points_lengths) - 1
        return self._opened_points[v]

    def points_node(self, number: int) -> int:
        """Return the position of an output of points."""
        return [v for v, node in enumerate(self.nodes) if isinstance(node, Points)][number]

    def reveal(self, v: int, label: str, *, keep: bool = False) -> int:
        """Return the expression that stands for node v's opened entries; a node is opened once.

        ``keep`` lets the output stay in the plan though no result reads it.
        """
        if v not in self._revealed:
            output = self.add(Output(v, label, None))
            if keep:
                self._kept.add(output)
            self._output_lengths.append(self.lengths[v])
            number = len(self._output_lengths) - 1
            self._revealed[v] = self.express(PublicOutput(number))
        return self._revealed[v]

    def tell(self, v: int, label: str, to: tuple[int, ...]) -> None:
        """Open node v to some members.  It stays in the plan though no result can read it."""
        for member in to:
            if (label, member) in self._told_names:
                fail(f"{self.members[member].name} is told {label!r} twice")
            self._told_names.add((label, member))
        self._kept.add(self.add(Output(v, label, to)))
        self._output_lengths.append(self.lengths[v])

    def express(self, expression: Expression) -> int:
        """Return the position of the public expression, new or already there."""
        known = self._known_expressions.get(expression)
        if known is not None:
            return known
        try:
            n = length_of(expression, self.expression_lengths, self._output_lengths, self._points_lengths)
        except ValueError as error:
            fail(f"{expression.op}: {error}")
        if len(self.expressions) >= MAX_NODES:
            fail(f"the program makes more than {MAX_NODES} operations on opened values")
        self.expressions.append(expression)
        self.expression_lengths.append(n)
        self._known_expressions[expression] = len(self.expressions) - 1
        return len(self.expressions) - 1

    # ------------------------------------------------------------------ the plan
    def finish(self, program: str, results: Sequence[Result]) -> Plan:
        """Return the plan of everything that results and zero assertions need.

        Inputs that the program touched stay, so that a plan alone says which columns to trace the program
        with; of those in another order the original goes, if nothing else reads it.
        """
        expressions = sorted(_needed((r.expression for r in results), self.expressions, "expression"))
        opened = {e.number for k in expressions if isinstance(e := self.expressions[k], PublicOutput)}
        outputs = [v for v, node in enumerate(self.nodes) if isinstance(node, Output)]
        kept_outputs = [number for number, v in enumerate(outputs) if number in opened or v in self._kept]
        points = [v for v, node in enumerate(self.nodes) if isinstance(node, Points)]
        roots = {outputs[number] for number in kept_outputs}
        roots |= {points[number] for k in expressions for number in references(self.expressions[k], "points")}
        roots |= {v for v, node in enumerate(self.nodes) if isinstance(node, Input | Zero)} - self._replaced
        needed = _needed(roots, self.nodes, "node")
        draft = self._draft.keep(sorted(needed))
        kept_points = [number for number, v in enumerate(points) if v in needed]
        kept = {"expression": expressions, "output": kept_outputs, "points": kept_points}
        new = {to: {old: k for k, old in enumerate(numbers)} for to, numbers in kept.items()}
        return Plan.of_draft(
            program,
            draft,
            [renumbered(self.expressions[old], new) for old in expressions],
            [renumbered(r, new) for r in results],
        )


def _needed(roots: Iterable[int], items: Sequence[Node] | Sequence[Expression], to: str) -> set[int]:
    """Return the positions of the roots and of all that they are made of."""
    needed = set(roots)
    for k in range(len(items) - 1, -1, -1):
        if k in needed:
            needed.update(references(items[k], to))
    return needed
