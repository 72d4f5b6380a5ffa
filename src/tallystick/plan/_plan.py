"""The plan: a frozen dataflow graph, its canonical bytes, and what follows from it without any data.

A plan is valid or does not exist: whether it was traced or decoded, the same checks run when it is made.
The normative text is ``spec/plan.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from ..encoding import Value, dumps, expect_array, expect_int, expect_map, expect_text, loads
from ..errors import DecodeError
from ..limits import MAX_MEMBERS
from ..proofs import RangeInput, Shape, choose_columns
from ._expressions import (
    Expression,
    PublicOutput,
    decode_expression,
    encode_expression,
    evaluate_expressions,
    length_of,
    operands_of,
    places_of,
    points_of,
)
from ._hints import HINTS, MAX_COIN_HINTS, adviser_of
from ._intervals import Interval, OverflowRangeError, centred
from ._ops import (
    MAX_DECIMALS,
    MAX_LENGTH,
    MAX_NAME,
    Add,
    Hint,
    Input,
    Matching,
    Matmul,
    Mul,
    Node,
    Output,
    Points,
    View,
    Zero,
    check_text,
    decode_node,
    encode_node,
    is_late,
)

__all__ = [
    "MAX_BYTES",
    "MAX_NODES",
    "MAX_TOTAL",
    "VERSION",
    "Layout",
    "Member",
    "Plan",
    "Result",
    "ResultValue",
    "compute_layout",
    "range_input",
    "work_of",
]

VERSION = "tallystick/plan/1"

MAX_BYTES = 1 << 25
"""Bytes of an encoded plan: half of a transcript's file."""

MAX_VALUES = 1_000_000
"""CBOR values in an encoded plan: an item of a transcript holds as many, and its own few."""

MAX_NODES = 1 << 16
"""Nodes, and likewise expressions and results, of a plan."""

MAX_TOTAL = 1 << 26
"""Elements of all nodes together, multiplications by public matrices included."""

MAX_PUBLIC_TOTAL = 1 << 20
"""Entries of all expressions together."""

_MAX_EXACT_PLACES = 12
_ABOUT = 6
_LEAST_FIXED = -5


@dataclass(frozen=True, slots=True)
class Member:
    """A party of the computation, and how many rows its table has."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Result:
    """A named entry of the final report: an expression, read in row-major order as ``shape``."""

    name: str
    expression: int
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ResultValue:
    """The value of a result: fractions in row-major order, None where undefined.

    ``places`` is the number of decimals the program rounded to, or None where it did not round.
    """

    name: str
    shape: tuple[int, ...]
    values: tuple[Fraction | None, ...]
    places: int | None

    def text(self) -> str:
        """Return the value for people: exact where a few decimals are exact, ``undefined`` where there is
        none.
        """
        entries = ["undefined" if v is None else _decimal(v, self.places) for v in self.values]
        return entries[0] if self.shape == () else f"[{', '.join(entries)}]"


@dataclass(frozen=True, slots=True)
class Layout:
    """What follows from the nodes: lengths, intervals, places in the witness, depths.

    ``place[v]`` is where node v's elements start among the slots of their kind: in its owner's inputs, the
    gates (``mul`` and boolean ``hint``), the free slots (other hints), the zeros, the public outputs, or the points;
    -1 for the rest.
    ``depth[v]`` is how many rounds of multiplications and hints come before node v; ``late[v]`` says that it can only
    be computed when points have been opened.
    """

    lengths: tuple[int, ...]
    intervals: tuple[Interval, ...]
    place: tuple[int, ...]
    depth: tuple[int, ...]
    late: tuple[bool, ...]
    inputs: tuple[int, ...]
    free: int
    gates: int
    zeros: int
    outputs: int
    points: int
    columns: int

    @property
    def shape(self) -> Shape:
        """The dimensions of the computation's witness (``spec/relation.md``)."""
        return Shape(
            columns=self.columns,
            inputs=self.inputs,
            free=self.free,
            gates=self.gates,
            zeros=self.zeros,
            outputs=self.outputs,
            points=self.points,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A traced program.  Raises ``ValueError`` for what is not a plan."""

    program: str
    members: tuple[Member, ...]
    nodes: tuple[Node, ...]
    expressions: tuple[Expression, ...]
    results: tuple[Result, ...]
    columns: int
    layout: Layout = field(init=False, repr=False, compare=False)
    digest: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_members(self.program, self.members)
        layout = compute_layout(self.members, self.nodes)
        object.__setattr__(self, "layout", layout)
        if self.columns != layout.columns:
            raise ValueError(
                f"columns: {self.columns} is not the choice of spec/relation.md, {layout.columns}"
            )
        _check_results(self)
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).digest())

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

    def ranges_of(self, member: int) -> list[RangeInput]:
        """Return what one member's range proof covers, in the order of its witness slots."""
        return [range_input(n) for n in self.inputs_of(member)]

    def member_index(self, name: str) -> int:
        """Return the index of the member with this name; raise ``KeyError`` if there is none."""
        for k, member in enumerate(self.members):
            if member.name == name:
                return k
        raise KeyError(name)

    # ------------------------------------------------------------------ results
    def signed_outputs(self, flat: Sequence[int]) -> list[list[int]]:
        """Split the elements of all public outputs, residues or signed, into a list of signed integers each.

        Outputs to some members only stand in the result as empty lists.  Raises ``ValueError`` for a wrong
        count.
        """
        if len(flat) != self.layout.outputs:
            raise ValueError(f"{len(flat)} output elements, {self.layout.outputs} were expected")
        split: list[list[int]] = []
        at = 0
        for node in self.outputs:
            n = self.layout.lengths[node.a] if node.to is None else 0
            split.append([centred(v) for v in flat[at : at + n]])
            at += n
        return split

    def split_points(self, flat: Sequence[Hashable]) -> list[Sequence[Hashable]]:
        """Split all points, in any form in which equal points are equal, by the nodes that open them."""
        if len(flat) != self.layout.points:
            raise ValueError(f"{len(flat)} points, {self.layout.points} were expected")
        split: list[Sequence[Hashable]] = []
        at = 0
        for node in self.points:
            n = self.layout.lengths[node.a]
            split.append(flat[at : at + n])
            at += n
        return split

    def evaluate(self, flat: Sequence[int], points: Sequence[Hashable] = ()) -> list[ResultValue]:
        """Return the results that follow from what is opened to everybody.

        ``flat`` are the elements of all public outputs, residues or signed, ``points`` all points, in any form in which
        equal points are equal, such as their encodings.
        """
        values = evaluate_expressions(self.expressions, self.signed_outputs(flat), self.split_points(points))
        return [
            ResultValue(
                r.name, r.shape, tuple(values[r.expression]), places_of(self.expressions[r.expression])
            )
            for r in self.results
        ]

    # ------------------------------------------------------------------ bytes
    def to_bytes(self) -> bytes:
        """Return the canonical encoding."""
        return dumps(
            {
                "version": VERSION,
                "program": self.program,
                "members": [[m.name, m.rows] for m in self.members],
                "nodes": [encode_node(n) for n in self.nodes],
                "expressions": [encode_expression(e) for e in self.expressions],
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
        expect_text(item["version"], "plan: version", choices=[VERSION])
        try:
            plan = cls(
                program=expect_text(item["program"], "plan: program", max_length=MAX_NAME),
                members=tuple(
                    _decode_member(m, f"plan: member {k}")
                    for k, m in enumerate(
                        expect_array(item["members"], "plan: members", max_length=MAX_MEMBERS)
                    )
                ),
                nodes=tuple(
                    decode_node(n, k, f"plan: node {k}")
                    for k, n in enumerate(expect_array(item["nodes"], "plan: nodes", max_length=MAX_NODES))
                ),
                expressions=tuple(
                    decode_expression(e, k, f"plan: expression {k}")
                    for k, e in enumerate(
                        expect_array(item["expressions"], "plan: expressions", max_length=MAX_NODES)
                    )
                ),
                results=tuple(
                    _decode_result(r, f"plan: result {k}")
                    for k, r in enumerate(
                        expect_array(item["results"], "plan: results", max_length=MAX_NODES)
                    )
                ),
                columns=expect_int(item["columns"], "plan: columns"),
            )
        except ValueError as error:
            raise DecodeError(str(error) if str(error).startswith("plan") else f"plan: {error}") from error
        if plan.to_bytes() != bytes(data):
            raise DecodeError("plan: the bytes are not the canonical encoding of what they say")
        return plan


_KEYS = ("version", "program", "members", "nodes", "expressions", "results", "columns")


def compute_layout(members: Sequence[Member], nodes: Sequence[Node]) -> Layout:
    """Check the nodes and return what follows from them.  Raises ``ValueError`` naming the node."""
    if len(nodes) > MAX_NODES:
        raise ValueError(f"{len(nodes)} nodes; at most {MAX_NODES} are allowed")
    lengths: list[int] = []
    intervals: list[Interval] = []
    place: list[int] = []
    depth: list[int] = []
    inputs = [0] * len(members)
    uses = sum(isinstance(node, Hint) and node.kind == "coins" for node in nodes)
    if uses > MAX_COIN_HINTS:
        raise ValueError(f"plan: {uses} coins hints; at most {MAX_COIN_HINTS} are allowed")
    late: list[bool] = []
    origins = _Origins(nodes)
    named: set[tuple[int, str, int | None]] = set()
    free = gates = zeros = outputs = points = total = 0
    for v, node in enumerate(nodes):
        try:
            _check_operands(node, v, nodes)
            late.append(is_late(node, late))
            if isinstance(node, Input):
                _check_input(node, members, named)
            n = node.length(lengths, nodes)
            if isinstance(node, Hint):
                _check_adviser(node, members)
            origins.add(node)
            total += work_of(node, n, lengths, nodes)
            if n > MAX_LENGTH:
                raise ValueError(f"{n} elements; at most {MAX_LENGTH} are allowed")
            if total > MAX_TOTAL:
                raise ValueError(f"the plan has more than {MAX_TOTAL} elements")
            intervals.append(node.interval(intervals, lengths, nodes))
        except OverflowRangeError as error:
            raise OverflowRangeError(f"plan: node {v} ({node.op}): {error}") from error
        except ValueError as error:
            raise ValueError(f"plan: node {v} ({node.op}): {error}") from error
        lengths.append(n)
        start = max((depth[p] for p in node.operands), default=0)
        depth.append(start + 1 if isinstance(node, Mul | Hint) else start)
        match node:
            case Input():
                place.append(inputs[node.member])
                inputs[node.member] += node.slots
            case Hint(boolean=False):
                place.append(free)
                free += n
            case Mul() | Hint():
                place.append(gates)
                gates += n
            case Zero(a):
                place.append(zeros)
                zeros += lengths[a]
            case Output(a, _, to):
                _check_recipients(to, v, len(members))
                place.append(outputs if to is None else -1)
                outputs += lengths[a] if to is None else 0
            case Points(a):
                place.append(points)
                points += lengths[a]
            case _:
                place.append(-1)
    ranges = list(inputs)
    for node in nodes:
        if isinstance(node, Input):
            ranges[node.member] += 2 * range_input(node).gates
    slots = [sum(inputs) + free + 2 * gates, *ranges]
    return Layout(
        lengths=tuple(lengths),
        intervals=tuple(intervals),
        place=tuple(place),
        depth=tuple(depth),
        late=tuple(late),
        inputs=tuple(inputs),
        free=free,
        gates=gates,
        zeros=zeros,
        outputs=outputs,
        points=points,
        columns=choose_columns(max(slots)),
    )


def work_of(node: Node, n: int, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
    """Return how many elements node, of n entries, makes its reader handle: ``MAX_TOTAL`` bounds their sum."""
    match node:
        case Input():
            return n + node.slots + range_input(node).gates
        case Matmul():
            return max(n, node.work)
        case Zero(a) | Output(a) | Points(a):
            return lengths[a]
        case Matching():
            sources = [nodes[p] for p in node.points]
            return n + sum(lengths[s.a] for s in sources if isinstance(s, Points))
        case _:
            return n


def range_input(node: Input) -> RangeInput:
    """Return what the owner of an input proves about it before the run."""
    return RangeInput(n=node.n, low=node.low, high=node.high, form="bits" if node.form == "bits" else "value")


def _check_operands(node: Node, v: int, nodes: Sequence[Node]) -> None:
    for p in node.operands:
        if not 0 <= p < v:
            raise ValueError(f"operand {p} is not an earlier node")
        if isinstance(nodes[p], Zero | Output | Points) and not (
            isinstance(node, Matching) and p in node.points
        ):
            raise ValueError(f"operand {p} ({nodes[p].op}) has no value")


class _Origins:
    """Which nodes depend on one member's choices, and which on elements that nobody knows, node by node.

    What hints open before anything has been checked is masked under conditions that a member which deviates, or
    whoever wrote the plan, could otherwise break: see ``spec/plan.md``, "Hints".
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._chosen: list[bool] = []
        self._random: list[bool] = []
        self._drawn: list[bool] = []

    def add(self, node: Node) -> None:
        """Take the next node; raise ``ValueError`` for a hint whose argument it must not be about."""
        chosen = any(self._chosen[p] for p in node.operands)
        random = any(self._random[p] for p in node.operands)
        drawn = isinstance(node, View) and self._drawn[node.a]
        if isinstance(node, Hint):
            kind = HINTS[node.kind]
            if chosen and kind.masked:
                raise ValueError(
                    "its argument depends on what a member chooses, and may be out of its interval"
                )
            if kind is HINTS["reciprocal"] and not self._blinded(node.arguments[0]):
                raise ValueError("its argument is not a random element plus what depends on no such element")
            drawn = kind is HINTS["random"]
            chosen, random = chosen or kind.dealt, random or drawn
        self._chosen.append(chosen)
        self._random.append(random)
        self._drawn.append(drawn)

    def _blinded(self, v: int) -> bool:
        node = self._nodes[v]
        if not isinstance(node, Add):
            return False
        pairs = ((node.a, node.b), (node.b, node.a))
        return any(self._drawn[k] and not self._random[x] for k, x in pairs)


def _check_adviser(node: Hint, members: Sequence[Member]) -> None:
    adviser = adviser_of(node.kind, node.parameters)
    if adviser is not None and not 0 <= adviser < len(members):
        raise ValueError(f"member {adviser} of {len(members)}")


def _check_input(node: Input, members: Sequence[Member], named: set[tuple[int, str, int | None]]) -> None:
    if not 0 <= node.member < len(members):
        raise ValueError(f"member {node.member} of {len(members)}")
    check_text("input", node.name)
    if node.n != members[node.member].rows:
        raise ValueError(f"{node.n} rows, but {members[node.member].name} has {members[node.member].rows}")
    if not 0 <= node.decimals <= MAX_DECIMALS:
        raise ValueError(f"{node.decimals} decimals; at most {MAX_DECIMALS} are allowed")
    if (node.member, node.name, node.order) in named:
        raise ValueError(f"a second input {node.name!r} of {members[node.member].name}")
    named.add((node.member, node.name, node.order))


def _check_recipients(to: tuple[int, ...] | None, v: int, members: int) -> None:
    if to is not None and (not to or list(to) != sorted(set(to)) or not 0 <= to[0] <= to[-1] < members):
        raise ValueError(f"plan: node {v} (output): the recipients are not an ascending list of members")


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
        if any(not 0 <= p < k for p in operands_of(expression)):
            raise ValueError(f"{what}: an operand is not an earlier expression")
        try:
            lengths.append(length_of(expression, lengths, sizes, points))
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from error
        if isinstance(expression, PublicOutput) and outputs[expression.output].to is not None:
            raise ValueError(f"{what}: output {expression.output} is not public")
        total += lengths[-1]
        compared += sum(points[number] for number in points_of(expression))
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


def _decode_member(value: Value, what: str) -> Member:
    name, rows = expect_array(value, what, length=2)
    return Member(expect_text(name, f"{what}: name", max_length=MAX_NAME), expect_int(rows, f"{what}: rows"))


def _decode_result(value: Value, what: str) -> Result:
    name, expression, shape = expect_array(value, what, length=3)
    return Result(
        expect_text(name, f"{what}: name", max_length=MAX_NAME),
        expect_int(expression, f"{what}: expression"),
        tuple(
            expect_int(d, f"{what}: dimension", high=MAX_LENGTH)
            for d in expect_array(shape, f"{what}: shape", max_length=16)
        ),
    )


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
