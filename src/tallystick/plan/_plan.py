# SPDX-License-Identifier: Apache-2.0
"""The plan: a frozen dataflow graph, its canonical bytes, and what follows from it without any data.

A plan is valid or does not exist: whether it was traced or decoded, the same checks run when it is made.
The normative text is ``spec/plan.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from itertools import accumulate
from math import prod
from typing import Annotated, Final, TypeVar

from ..encoding import Value, dumps, expect_array, expect_int, expect_map, expect_text, loads
from ..errors import DecodeError
from ..limits import MAX_MEMBERS, MAX_NAME
from ..proofs import OwnShape, RangeRelation, Shape
from ._expressions import (
    EXPRESSIONS,
    Expression,
    PublicOutput,
    decode_expression,
    evaluate_expressions,
    length_of,
    places_of,
    used_entries,
)
from ._fields import MAX_LENGTH, check_text, references, size
from ._intervals import centred
from ._layout import MAX_NODES, MAX_TOTAL, Draft, Layout, Member, compute_layout
from ._ops import NODES, Input, Node, Output, Points, decode_node

__all__ = [
    "CONVERGED",
    "MAX_BYTES",
    "MAX_VALUES",
    "VERSIONS",
    "Plan",
    "Result",
    "ResultValue",
]

_T = TypeVar("_T")

VERSIONS: Final[Mapping[int, str]] = {1: "tallystick/plan/1", 2: "tallystick/plan/2-draft.1"}
"""What a plan calls its format.  Plans of format 1 are read, for audits, and made no more."""

MAX_BYTES = 1 << 25
"""Bytes of an encoded plan: half of a transcript's file."""

MAX_VALUES = 1_000_000
"""CBOR values in an encoded plan: an item of a transcript holds as many, and its own few."""

CONVERGED = "converged: "
"""How the label of an output begins that is 1 where something converged, and 0 where nothing may be made of it."""

MAX_PUBLIC_TOTAL = 1 << 20
"""Entries of all expressions together."""

_MAX_EXACT_PLACES = 12
_ABOUT = 6
_LEAST_FIXED = -5


@dataclass(frozen=True, slots=True)
class Result:
    """A named entry of the final report: an expression, read in row-major order as ``shape``."""

    name: str
    expression: Annotated[int, size(refers="expression")]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ResultValue:
    """The value of a result: fractions in row-major order, None where undefined.

    ``places`` is the number of decimals the program rounded to, or None where it did not round; ``stalled`` are the
    positions of the entries that are undefined because something did not converge.
    """

    name: str
    shape: tuple[int, ...]
    values: tuple[Fraction | None, ...]
    places: int | None
    stalled: frozenset[int] = frozenset()

    def texts(self) -> list[str]:
        """Return every entry for people: exact where a few decimals are exact; ``undefined`` or ``not converged``
        where there is none.
        """
        return [
            _decimal(v, self.places)
            if v is not None
            else "not converged"
            if k in self.stalled
            else "undefined"
            for k, v in enumerate(self.values)
        ]

    def text(self) -> str:
        """Return the value for people, all entries together."""
        entries = self.texts()
        return entries[0] if self.shape == () else f"[{', '.join(entries)}]"


@dataclass(frozen=True, slots=True)
class Plan:
    """A traced program.  Raises ``ValueError`` for what is not a plan."""

    program: str
    members: tuple[Member, ...]
    nodes: tuple[Node, ...]
    expressions: tuple[Expression, ...]
    results: tuple[Result, ...]
    columns: int
    format: int = 2
    layout: Layout = field(init=False, repr=False, compare=False)
    digest: bytes = field(init=False, repr=False, compare=False)
    _encoded: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._complete(None)

    @classmethod
    def of_draft(
        cls, program: str, draft: Draft, expressions: Sequence[Expression], results: Sequence[Result]
    ) -> Plan:
        """Return the plan of a draft, whose nodes were checked when they were added."""
        layout = draft.layout()
        plan = cls.__new__(cls)
        given = (program, draft.members, draft.nodes, expressions, results, layout.columns, 2)
        for f, value in zip((f for f in fields(cls) if f.init), given, strict=True):
            object.__setattr__(plan, f.name, tuple(value) if isinstance(value, list) else value)
        plan._complete(layout)
        return plan

    def _complete(self, layout: Layout | None) -> None:
        """Check all that the layout does not, and set what follows."""
        _check_members(self.program, self.members)
        if layout is None:
            layout = compute_layout(self.members, self.nodes, self.format)
        object.__setattr__(self, "layout", layout)
        if self.columns != layout.columns:
            raise ValueError(
                f"columns: {self.columns} is not the choice of spec/relation.md, {layout.columns}"
            )
        _check_results(self)
        object.__setattr__(self, "_encoded", self._encode())
        object.__setattr__(self, "digest", hashlib.sha256(self._encoded).digest())

    @property
    def shape(self) -> Shape:
        """The dimensions of the computation's witness (``spec/relation.md``)."""
        return self.layout.shape

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All input nodes in plan order."""
        return tuple(n for n in self.nodes if isinstance(n, Input))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All output nodes in plan order; their positions are the output numbers."""
        return tuple(n for n in self.nodes if isinstance(n, Output))

    @property
    def points(self) -> tuple[Points, ...]:
        """All nodes opened as points, in plan order; their positions are the numbers of the points' outputs."""
        return tuple(n for n in self.nodes if isinstance(n, Points))

    def inputs_of(self, member: int) -> tuple[Input, ...]:
        """Return one member's input nodes in plan order, which is the order of its witness slots."""
        return tuple(n for n in self.nodes if isinstance(n, Input) and n.member == member)

    def range_relation(self, member: int) -> RangeRelation:
        """Return what one member's range proof proves: its inputs, in the order of its witness slots."""
        kind = Shape if self.format == 1 else OwnShape
        return RangeRelation([n.range for n in self.inputs_of(member)], self.columns, kind)

    # ------------------------------------------------------------------ results
    def signed_outputs(self, flat: Sequence[int]) -> list[list[int]]:
        """Split the elements of all public outputs, residues or signed, into a list of signed integers each.

        Outputs to some members only stand in the result as empty lists.  Raises ``ValueError`` for a wrong
        count.
        """
        if len(flat) != self.layout.outputs:
            raise ValueError(f"{len(flat)} output elements, {self.layout.outputs} were expected")
        lengths = [self.layout.lengths[n.a] if n.to is None else 0 for n in self.outputs]
        return [[centred(v) for v in part] for part in _split(flat, lengths)]

    def split_points(self, flat: Sequence[Hashable]) -> list[Sequence[Hashable]]:
        """Split all points, in any form in which equal points are equal, by the nodes that open them."""
        if len(flat) != self.layout.points:
            raise ValueError(f"{len(flat)} points, {self.layout.points} were expected")
        return _split(flat, [self.layout.lengths[n.a] for n in self.points])

    def evaluate(self, flat: Sequence[int], points: Sequence[Hashable] = ()) -> list[ResultValue]:
        """Return the results that follow from what is opened to everybody.

        ``flat`` are the elements of all public outputs, residues or signed, ``points`` all points, in any form in which
        equal points are equal, such as their encodings.
        """
        opened = self.signed_outputs(flat)
        values = evaluate_expressions(self.expressions, opened, self.split_points(points))
        failed = {
            number: {k for k, v in enumerate(opened[number]) if v == 0}
            for number, node in enumerate(self.outputs)
            if node.label.startswith(CONVERGED)
        }
        stalled = used_entries(self.expressions, {n: entries for n, entries in failed.items() if entries})
        return [
            ResultValue(
                name=r.name,
                shape=r.shape,
                values=tuple(values[r.expression]),
                places=places_of(self.expressions[r.expression]),
                stalled=frozenset(k for k in stalled[r.expression] if values[r.expression][k] is None),
            )
            for r in self.results
        ]

    # ------------------------------------------------------------------ bytes
    def in_format(self, version: int) -> Plan:
        """Return the plan of the same nodes and results in another format, as an older file has it."""
        if version == self.format:
            return self
        columns = compute_layout(self.members, self.nodes, version).columns
        return replace(self, format=version, columns=columns)

    def to_bytes(self) -> bytes:
        """Return the canonical encoding."""
        return self._encoded

    def _encode(self) -> bytes:
        return dumps(
            {
                "version": VERSIONS[self.format],
                "program": self.program,
                "members": [[m.name, m.rows] for m in self.members],
                "nodes": [NODES.encode(n) for n in self.nodes],
                "expressions": [EXPRESSIONS.encode(e) for e in self.expressions],
                "results": [[r.name, r.expression, list(r.shape)] for r in self.results],
                "columns": self.columns,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Plan:
        """Decode and check a plan from anywhere.  Raises ``DecodeError`` for everything else."""
        item = expect_map(
            loads(data, max_size=MAX_BYTES, max_values=MAX_VALUES, what="plan"), "plan", required=_KEYS
        )
        version = expect_text(item["version"], "plan: version", choices=list(VERSIONS.values()))

        def listed(key: str, most: int, decode: Callable[[Value, int, str], _T]) -> tuple[_T, ...]:
            entries, noun = expect_array(item[key], f"plan: {key}", max_length=most), key.removesuffix("s")
            return tuple(decode(v, k, f"plan: {noun} {k}") for k, v in enumerate(entries))

        try:
            plan = cls(
                program=expect_text(item["program"], "plan: program", max_length=MAX_NAME),
                members=listed("members", MAX_MEMBERS, _decode_member),
                nodes=listed("nodes", MAX_NODES, decode_node),
                expressions=listed("expressions", MAX_NODES, decode_expression),
                results=listed("results", MAX_NODES, _decode_result),
                columns=expect_int(item["columns"], "plan: columns"),
                format=next(number for number, name in VERSIONS.items() if name == version),
            )
        except ValueError as error:
            raise DecodeError(str(error) if str(error).startswith("plan") else f"plan: {error}") from error
        if plan.to_bytes() != bytes(data):
            raise DecodeError("plan: the bytes are not the canonical encoding of what they say")
        return plan


_KEYS = ("version", "program", "members", "nodes", "expressions", "results", "columns")


def _check_members(program: str, members: Sequence[Member]) -> None:
    check_text("plan: program", program)
    if not 1 <= len(members) <= MAX_MEMBERS:
        raise ValueError(f"plan: {len(members)} members; between 1 and {MAX_MEMBERS} are allowed")
    for k, member in enumerate(members):
        check_text(f"plan: member {k}", member.name)
        if not 0 <= member.rows <= MAX_LENGTH:
            raise ValueError(f"plan: member {k}: {member.rows} rows; 0 to {MAX_LENGTH} are possible")
    if len({m.name for m in members}) != len(members):
        raise ValueError("plan: two members have one name")


def _check_results(plan: Plan) -> None:
    outputs = plan.outputs
    sizes = [plan.layout.lengths[n.a] for n in outputs]
    points = [plan.layout.lengths[n.a] for n in plan.points]
    lengths: list[int] = []
    total = compared = 0
    for k, expression in enumerate(plan.expressions):
        what = f"plan: expression {k} ({expression.op})"
        if any(not 0 <= p < k for p in references(expression, "expression")):
            raise ValueError(f"{what}: an operand is not an earlier expression")
        try:
            lengths.append(length_of(expression, lengths, sizes, points))
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from error
        if isinstance(expression, PublicOutput) and outputs[expression.number].to is not None:
            raise ValueError(f"{what}: output {expression.number} is not public")
        total += lengths[-1]
        compared += sum(points[number] for number in references(expression, "points"))
        if total > MAX_PUBLIC_TOTAL:
            raise ValueError(f"{what}: more than {MAX_PUBLIC_TOTAL} public values")
        if compared > MAX_TOTAL:
            raise ValueError(f"{what}: more than {MAX_TOTAL} points to compare")
    names: set[str] = set()
    for result in plan.results:
        check_text("plan: result", result.name)
        what = f"plan: result {result.name!r}"
        if result.name in names:
            raise ValueError(f"{what}: the name appears twice")
        names.add(result.name)
        if not 0 <= result.expression < len(plan.expressions):
            raise ValueError(f"{what}: expression {result.expression} of {len(plan.expressions)}")
        if prod(result.shape) != lengths[result.expression] or min(result.shape, default=0) < 0:
            raise ValueError(
                f"{what}: shape {result.shape} does not hold {lengths[result.expression]} values"
            )


def _decode_member(value: Value, position: int, what: str) -> Member:
    name, rows = expect_array(value, what, length=2)
    return Member(expect_text(name, f"{what}: name", max_length=MAX_NAME), expect_int(rows, f"{what}: rows"))


def _decode_result(value: Value, position: int, what: str) -> Result:
    name, expression, shape = expect_array(value, what, length=3)
    return Result(
        expect_text(name, f"{what}: name", max_length=MAX_NAME),
        expect_int(expression, f"{what}: expression"),
        tuple(
            expect_int(d, f"{what}: dimension", high=MAX_LENGTH)
            for d in expect_array(shape, f"{what}: shape", max_length=16)
        ),
    )


def _split(flat: Sequence[_T], lengths: Sequence[int]) -> list[Sequence[_T]]:
    ends = accumulate(lengths)
    return [flat[end - n : end] for n, end in zip(lengths, ends, strict=True)]


def _decimal(value: Fraction, places: int | None) -> str:
    """Write a fraction as a decimal number: with ``places`` digits, the shortest exact form up to 12 digits, or about.

    What is only about right has at least six significant digits, so that nothing but 0 is written as 0.
    """
    if places is None:
        places = next((p for p in range(_MAX_EXACT_PLACES + 1) if (value * 10**p).denominator == 1), None)
        if places is None:
            return "≈" + _about(value)
    scaled = round(value * 10**places)
    digits = str(abs(scaled)).rjust(places + 1, "0")
    sign = "-" if scaled < 0 else ""
    return sign + (digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}")


def _about(value: Fraction) -> str:
    """Write a fraction to six decimals, or to six significant digits where that is more."""
    exponent = len(str(abs(value.numerator))) - len(str(value.denominator))
    exponent -= abs(value) < Fraction(10) ** exponent
    if exponent >= _LEAST_FIXED:
        places = max(_ABOUT, _ABOUT - 1 - exponent)
        return _decimal(Fraction(round(value, places)), places)
    digits = Fraction(round(value / Fraction(10) ** exponent, _ABOUT - 1))
    if abs(digits) == 10:
        digits, exponent = digits / 10, exponent + 1
    return f"{_decimal(digits, _ABOUT - 1)}e{exponent}"
