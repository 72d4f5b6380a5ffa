"""The operations of a plan, and no others.

A node is a flat vector; its operands are the positions of earlier nodes.  Each class says how long the vector
is, in which interval its entries lie, and how it is written; ``_linear`` says what the linear ones do to
field elements, forwards and transposed.  The normative text is ``spec/plan.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, TypeAlias, TypeVar

from ..encoding import Value, expect_array, expect_bool, expect_decimal, expect_int, expect_text
from ..limits import MAX_INPUT_BITS, MAX_NAME, MAX_ROWS
from ._hints import HINTS, check_hint
from ._intervals import BOOLEAN, HALF, Interval, checked, hull, product, scaled

__all__ = [
    "MAX_LABEL",
    "MAX_LENGTH",
    "MAX_NAME",
    "NODE_TYPES",
    "Add",
    "Concat",
    "Constant",
    "Hint",
    "Input",
    "InputBits",
    "Matching",
    "Matmul",
    "Mul",
    "Neg",
    "Node",
    "Output",
    "Points",
    "Scale",
    "Sub",
    "Sum",
    "Take",
    "View",
    "Zero",
    "check_text",
    "decode_integer",
    "decode_node",
    "encode_integer",
    "encode_node",
    "is_late",
    "moved",
]

MAX_LENGTH = MAX_ROWS
"""Elements of one node."""

MAX_LABEL = 300
"""Characters of the description of an output."""

MAX_ORDER = 1 << 16
"""Number of an order of rows."""

_MAX_DIMENSIONS = 16
_INT64 = 1 << 63


@dataclass(frozen=True, slots=True)
class Input:
    """A member's column: n integers in [low, high], committed and range-proved by their owner.

    ``order`` is None for the order of the member's table.  A number stands for an order that the member draws at random
    and tells nobody, the same for all its inputs with this number; such an input is written as ``shuffled``.
    """

    op: ClassVar[str] = "input"
    member: int
    name: str
    n: int
    low: int
    high: int
    decimals: int
    form: str
    order: int | None = None

    @property
    def bits(self) -> int:
        """k, the bit length of high - low."""
        return (self.high - self.low).bit_length()

    @property
    def slots(self) -> int:
        """How many witness slots the column takes."""
        return self.n * self.bits if self.form == "bits" else self.n

    @property
    def operands(self) -> tuple[int, ...]:
        """No operands."""
        return ()

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return n, after checking what a file may claim."""
        _require(0 <= self.n <= MAX_LENGTH, f"{self.n} rows")
        _require(self.low <= self.high, f"low {self.low} is above high {self.high}")
        checked(self.low, self.high)
        _require(
            self.bits <= MAX_INPUT_BITS, f"a range of {self.bits} bits; at most {MAX_INPUT_BITS} are provable"
        )
        _require(self.form in ("value", "bits"), f"unknown form {self.form[:40]!r}")
        _require(self.slots <= MAX_LENGTH, f"{self.slots} slots")
        _require(self.order is None or 0 <= self.order <= MAX_ORDER, f"order {self.order}")
        _require(self.order is None or self.form == "value", "an input in random order has no committed bits")
        return self.n

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the declared range."""
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class InputBits:
    """The binary digits of x - low of a bits-form input x, element by element, lowest first."""

    op: ClassVar[str] = "input_bits"
    source: int

    @property
    def operands(self) -> tuple[int, ...]:
        """The input."""
        return (self.source,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return n*k."""
        source = nodes[self.source]
        _require(
            isinstance(source, Input) and source.form == "bits", "the operand is not an input in bits form"
        )
        assert isinstance(source, Input)
        return source.slots

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return [0, 1]: the owner's range proof proves it."""
        return BOOLEAN


@dataclass(frozen=True, slots=True)
class Constant:
    """Public integers."""

    op: ClassVar[str] = "constant"
    values: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        """No operands."""
        return ()

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the number of values."""
        return len(self.values)

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the least and the greatest value."""
        return checked(min(self.values, default=0), max(self.values, default=0))


@dataclass(frozen=True, slots=True)
class Add:
    """a + b, element by element."""

    op: ClassVar[str] = "add"
    a: int
    b: int

    @property
    def operands(self) -> tuple[int, ...]:
        """a and b."""
        return self.a, self.b

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the common length."""
        return _common_length(lengths[self.a], lengths[self.b])

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the sum of the intervals; for a choice between two nodes their hull."""
        for x, product_ in ((self.a, self.b), (self.b, self.a)):
            for difference in _chosen(product_, intervals, nodes):
                if difference.b == x:
                    return hull((intervals[x], intervals[difference.a]))
        a, b = intervals[self.a], intervals[self.b]
        return None if a is None or b is None else checked(a[0] + b[0], a[1] + b[1])


@dataclass(frozen=True, slots=True)
class Sub:
    """a - b, element by element."""

    op: ClassVar[str] = "sub"
    a: int
    b: int

    @property
    def operands(self) -> tuple[int, ...]:
        """a and b."""
        return self.a, self.b

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the common length."""
        return _common_length(lengths[self.a], lengths[self.b])

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the difference of the intervals; for a choice between two nodes their hull."""
        for difference in _chosen(self.b, intervals, nodes):
            if difference.a == self.a:
                return hull((intervals[self.a], intervals[difference.b]))
        a, b = intervals[self.a], intervals[self.b]
        return None if a is None or b is None else checked(a[0] - b[1], a[1] - b[0])


@dataclass(frozen=True, slots=True)
class Neg:
    """-a."""

    op: ClassVar[str] = "neg"
    a: int

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the operand's length."""
        return lengths[self.a]

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the mirrored interval."""
        return scaled(intervals[self.a], -1)


@dataclass(frozen=True, slots=True)
class Scale:
    """Public multiples: entry i is factors[(i // inner) mod len(factors)] * a_i.

    One factor scales everything; k factors with inner = 1 repeat along the last axis.
    """

    op: ClassVar[str] = "scale"
    a: int
    factors: tuple[int, ...]
    inner: int

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the operand's length, which whole periods of the factors must fill."""
        _require(bool(self.factors) and self.inner >= 1, "scale needs a factor and inner >= 1")
        n, period = lengths[self.a], len(self.factors) * self.inner
        _require(
            len(self.factors) == 1 or n % period == 0, f"{n} entries are no multiple of the period {period}"
        )
        _require(len(self.factors) > 1 or self.inner == 1, "a single factor has inner = 1")
        return n

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the hull of the multiples."""
        checked(min(self.factors), max(self.factors))
        a = intervals[self.a]
        return hull(scaled(a, f) for f in (min(self.factors), max(self.factors)))


@dataclass(frozen=True, slots=True)
class Sum:
    """The operand viewed as (outer, n, inner), summed over the middle axis."""

    op: ClassVar[str] = "sum"
    a: int
    outer: int
    n: int
    inner: int

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return outer * inner."""
        _require(min(self.outer, self.n, self.inner) >= 0, "a dimension is negative")
        _require(
            self.outer * self.n * self.inner == lengths[self.a],
            f"{self.outer} x {self.n} x {self.inner} is not the operand's length {lengths[self.a]}",
        )
        return self.outer * self.inner

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return n times the interval."""
        return scaled(intervals[self.a], self.n)


@dataclass(frozen=True, slots=True)
class View:
    """An affine gather: entry (i_0, i_1, …) of ``shape``, row-major, is a[offset + Σ i_j * strides_j].

    Slices, transpositions and broadcasts (stride 0) are views.
    """

    op: ClassVar[str] = "view"
    a: int
    shape: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the number of entries, after checking that the view stays inside its operand."""
        _require(
            len(self.shape) == len(self.strides) <= _MAX_DIMENSIONS,
            "as many strides as dimensions, at most 16",
        )
        _require(min(self.shape, default=0) >= 0, "a dimension is negative")
        n = prod(self.shape)
        if n:
            first = self.offset + sum(
                min(0, s * (d - 1)) for d, s in zip(self.shape, self.strides, strict=True)
            )
            last = self.offset + sum(
                max(0, s * (d - 1)) for d, s in zip(self.shape, self.strides, strict=True)
            )
            _require(
                first >= 0 and last < lengths[self.a], f"reaches {first}..{last} of {lengths[self.a]} entries"
            )
        return n

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the operand's interval."""
        return intervals[self.a]


@dataclass(frozen=True, slots=True)
class Take:
    """Entry k is a[indices[k]]."""

    op: ClassVar[str] = "take"
    a: int
    indices: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the number of indices, all of which must exist."""
        n = lengths[self.a]
        if self.indices:
            _require(
                min(self.indices) >= 0 and max(self.indices) < n,
                f"indices {min(self.indices)}..{max(self.indices)} of {n} entries",
            )
        return len(self.indices)

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the operand's interval."""
        return intervals[self.a]


@dataclass(frozen=True, slots=True)
class Concat:
    """The operands one after the other."""

    op: ClassVar[str] = "concat"
    parts: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        """The parts."""
        return self.parts

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the sum of the lengths."""
        _require(bool(self.parts), "concat needs a part")
        return sum(lengths[p] for p in self.parts)

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the hull of the parts that have entries."""
        return hull(intervals[p] for p in self.parts if lengths[p])


@dataclass(frozen=True, slots=True)
class Matmul:
    """A @ X for a public (rows x columns) matrix A and the operand viewed as X of shape (columns, inner)."""

    op: ClassVar[str] = "matmul"
    a: int
    rows: int
    columns: int
    inner: int
    entries: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    @property
    def work(self) -> int:
        """Multiplications: bounded like a length, because a file could ask for the cube of what it stores."""
        return self.rows * self.columns * self.inner

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return rows * inner."""
        _require(min(self.rows, self.columns, self.inner) >= 1, "a dimension is not positive")
        _require(self.rows * self.columns == len(self.entries), "the matrix has another number of entries")
        _require(self.columns * self.inner == lengths[self.a], "the matrix does not fit its operand")
        return self.rows * self.inner

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the hull over the rows of A of the sum of its entries' multiples."""
        checked(min(self.entries), max(self.entries))
        a = intervals[self.a]
        if a is None:
            return None
        low = high = None
        for start in range(0, len(self.entries), self.columns):
            row = self.entries[start : start + self.columns]
            plus, minus = sum(e for e in row if e > 0), sum(e for e in row if e < 0)
            bottom, top = plus * a[0] + minus * a[1], plus * a[1] + minus * a[0]
            low = bottom if low is None else min(low, bottom)
            high = top if high is None else max(high, top)
        assert low is not None and high is not None
        return checked(low, high)


@dataclass(frozen=True, slots=True)
class Mul:
    """One gate per entry: a_i * b_i.  The only non-linear operation."""

    op: ClassVar[str] = "mul"
    a: int
    b: int

    @property
    def operands(self) -> tuple[int, ...]:
        """a and b."""
        return self.a, self.b

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the common length."""
        return _common_length(lengths[self.a], lengths[self.b])

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the product of the intervals; the square's if both operands are one node."""
        return product(intervals[self.a], intervals[self.b], same=self.a == self.b)


@dataclass(frozen=True, slots=True)
class Hint:
    """Untrusted advice: boolean wires (gates with left = right = output) or free slots."""

    op: ClassVar[str] = "hint"
    kind: str
    parameters: tuple[int, ...]
    arguments: tuple[int, ...]
    n: int
    boolean: bool

    @property
    def operands(self) -> tuple[int, ...]:
        """The arguments."""
        return self.arguments

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return n, which the kind must confirm."""
        check_hint(
            self.kind, self.parameters, [lengths[a] for a in self.arguments], self.n, boolean=self.boolean
        )
        return self.n

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return [0, 1] for boolean wires, which gates prove, and no bound at all for free slots.

        Advice about a value without bounds could not be masked.
        """
        HINTS[self.kind].check_intervals([intervals[a] for a in self.arguments])
        return BOOLEAN if self.boolean else None


@dataclass(frozen=True, slots=True)
class Zero:
    """Every entry of the operand must be 0.  Has no entries itself."""

    op: ClassVar[str] = "zero"
    a: int

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return 0."""
        return 0

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return an interval nobody reads."""
        return (0, 0)


@dataclass(frozen=True, slots=True)
class Output:
    """The operand is opened: to everybody (``to`` is None) or to some members.  Has no entries itself."""

    op: ClassVar[str] = "output"
    a: int
    label: str
    to: tuple[int, ...] | None

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return 0."""
        return 0

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return an interval nobody reads, if the operand has one: what is opened must be an integer."""
        check_text("label", self.label, MAX_LABEL)
        _require(intervals[self.a] is not None, "an unbounded value may not be opened")
        return (0, 0)


@dataclass(frozen=True, slots=True)
class Points:
    """The entries y of the operand are opened to everybody as points y*Q.  Has no entries itself."""

    op: ClassVar[str] = "points"
    a: int
    label: str

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a."""
        return (self.a,)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return 0."""
        return 0

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return an interval nobody reads."""
        check_text("label", self.label, MAX_LABEL)
        return (0, 0)


@dataclass(frozen=True, slots=True)
class Matching:
    """Entry i is a_i where point i of ``own`` occurs in each of ``others``, and 0 elsewhere.

    All entries are 0 if fewer than ``minimum`` points occur.  ``own`` and ``others`` are ``Points`` nodes.  Which
    entries those are is public when the points have been opened, so the operation is linear; nothing but linear
    operations and outputs may follow it.
    """

    op: ClassVar[str] = "matching"
    a: int
    own: int
    others: tuple[int, ...]
    minimum: int

    @property
    def operands(self) -> tuple[int, ...]:
        """The operand a, and the points."""
        return (self.a, *self.points)

    @property
    def points(self) -> tuple[int, ...]:
        """The points, its own first."""
        return (self.own, *self.others)

    def length(self, lengths: Sequence[int], nodes: Sequence[Node]) -> int:
        """Return the operand's length, which is that of its points."""
        _require(bool(self.others), "others are needed to match")
        _require(0 <= self.minimum <= MAX_LENGTH, f"a minimum of {self.minimum}")
        sources = [nodes[p] for p in self.points]
        _require(all(isinstance(s, Points) for s in sources), "a match of something else than points")
        assert isinstance(sources[0], Points)
        _require(not isinstance(nodes[self.a], Points), "the operand has no value")
        return _common_length(lengths[self.a], lengths[sources[0].a])

    def interval(
        self, intervals: Sequence[Interval], lengths: Sequence[int], nodes: Sequence[Node]
    ) -> Interval:
        """Return the hull of the operand's interval and 0."""
        return hull((intervals[self.a], (0, 0)))


Node: TypeAlias = (
    Input
    | InputBits
    | Constant
    | Add
    | Sub
    | Neg
    | Scale
    | Sum
    | View
    | Take
    | Concat
    | Matmul
    | Mul
    | Hint
    | Zero
    | Output
    | Points
    | Matching
)

_N = TypeVar("_N", bound=Node)


def _chosen(v: int, intervals: Sequence[Interval], nodes: Sequence[Node]) -> Iterator[Sub]:
    """Yield the difference x - y if node v is c * (x - y) with c in [0, 1].

    Then y + c * (x - y) and x - c * (x - y) are each x or y, entry by entry, and need no wider interval.
    """
    node = nodes[v]
    if isinstance(node, Mul):
        for c, d in ((node.a, node.b), (node.b, node.a)):
            bounds, difference = intervals[c], nodes[d]
            if bounds is not None and bounds[0] >= 0 and bounds[1] <= 1 and isinstance(difference, Sub):
                yield difference


def is_late(node: Node, late: Sequence[bool]) -> bool:
    """Whether the node can only be computed when points have been opened, given which earlier nodes are so.

    Raises ``ValueError`` for one that must not be: gates, advice and assertions come before anything is opened.
    """
    if isinstance(node, Matching):
        return True
    found = any(late[p] for p in node.operands)
    _require(
        not (found and isinstance(node, Mul | Hint | Zero | Points)),
        "its operand depends on which points match, which is known only when all this is checked",
    )
    return found


def moved(node: Node, position: Callable[[int], int]) -> Node:
    """Return the node with every operand p replaced by position(p)."""
    match node:
        case Input() | Constant():
            return node
        case InputBits(source):
            return InputBits(position(source))
        case Add(a, b) | Sub(a, b) | Mul(a, b):
            return replace(node, a=position(a), b=position(b))
        case Concat(parts):
            return Concat(tuple(position(p) for p in parts))
        case Hint():
            return replace(node, arguments=tuple(position(p) for p in node.arguments))
        case Matching(a, own, others):
            others = tuple(position(p) for p in others)
            return replace(node, a=position(a), own=position(own), others=others)
        case _:
            return replace(node, a=position(node.a))


# ---------------------------------------------------------------------------------------- encoding


def encode_integer(value: int) -> Value:
    """Return the integer itself within signed 64 bits, otherwise its decimal text."""
    return value if -_INT64 <= value < _INT64 else str(value)


def decode_integer(value: Value, what: str) -> int:
    """Return the integer that ``encode_integer`` wrote, at most HALF in absolute value."""
    if isinstance(value, str):
        number = expect_decimal(value, what)
        _require(not -_INT64 <= number < _INT64, f"{what}: an integer within 64 bits is not written as text")
    else:
        number = expect_int(value, what, low=-_INT64, high=_INT64 - 1)
    _require(-HALF <= number <= HALF, f"{what}: the integer does not fit the field")
    return number


def encode_node(node: Node) -> list[Value]:
    """Return the node as an array: the operation's name, then its fields in order."""
    head: list[Value] = [node.op]
    match node:
        case Input(member, name, n, low, high, decimals, form, order):
            fields: list[Value] = [member, name, n, encode_integer(low), encode_integer(high), decimals]
            return [*head, *fields, form] if order is None else [_SHUFFLED, *fields, order]
        case InputBits(source):
            return [*head, source]
        case Constant(values):
            return [*head, _integers(values)]
        case Add(a, b) | Sub(a, b) | Mul(a, b):
            return [*head, a, b]
        case Neg(a) | Zero(a):
            return [*head, a]
        case Scale(a, factors, inner):
            return [*head, a, _integers(factors), inner]
        case Sum(a, outer, n, inner):
            return [*head, a, outer, n, inner]
        case View(a, shape, offset, strides):
            return [*head, a, list(shape), offset, list(strides)]
        case Take(a, indices):
            return [*head, a, list(indices)]
        case Concat(parts):
            return [*head, list(parts)]
        case Matmul(a, rows, columns, inner, entries):
            return [*head, a, rows, columns, inner, _integers(entries)]
        case Hint(kind, parameters, arguments, n, boolean):
            return [*head, kind, _integers(parameters), list(arguments), n, boolean]
        case Output(a, label, to):
            return [*head, a, label, None if to is None else list(to)]
        case Points(a, label):
            return [*head, a, label]
        case Matching(a, own, others, minimum):
            return [*head, a, own, list(others), minimum]


def decode_node(value: Value, position: int, what: str) -> Node:
    """Return the node that ``encode_node`` wrote as number ``position`` of a plan.

    Types, sizes and that operands are earlier nodes are checked here; what a node requires of its operands,
    by the plan.  Raises ``DecodeError`` or ``ValueError``.
    """
    items = expect_array(value, what, min_length=1)
    op = expect_text(items[0], f"{what}: operation", choices=NODE_TYPES)
    return _DECODERS[op](_Fields(items[1:], position, f"{what} ({op})"))


class _Fields:
    """Reads the fields of one node in order; each reader names the field in its errors."""

    def __init__(self, items: list[Value], position: int, what: str) -> None:
        self._items = items
        self._at = 0
        self._position = position
        self._what = what

    def _next(self, name: str) -> tuple[Value, str]:
        what = f"{self._what}: {name}"
        _require(self._at < len(self._items), f"{what} is missing")
        self._at += 1
        return self._items[self._at - 1], what

    def end(self, node: _N) -> _N:
        """Return the node if no field is left over."""
        _require(self._at == len(self._items), f"{self._what}: {len(self._items) - self._at} fields too many")
        return node

    def operand(self, name: str) -> int:
        value, what = self._next(name)
        _require(self._position > 0, f"{what}: the first node has no operands")
        return expect_int(value, what, high=self._position - 1)

    def operands(self, name: str) -> tuple[int, ...]:
        value, what = self._next(name)
        listed = expect_array(value, what)
        _require(self._position > 0 or not listed, f"{what}: the first node has no operands")
        return tuple(expect_int(v, what, high=self._position - 1) for v in listed)

    def size(self, name: str, high: int = MAX_LENGTH) -> int:
        value, what = self._next(name)
        return expect_int(value, what, high=high)

    def sizes(self, name: str) -> tuple[int, ...]:
        value, what = self._next(name)
        return tuple(expect_int(v, what, high=MAX_LENGTH) for v in expect_array(value, what))

    def steps(self, name: str) -> tuple[int, ...]:
        value, what = self._next(name)
        items = expect_array(value, what, max_length=_MAX_DIMENSIONS)
        return tuple(expect_int(v, what, low=-MAX_LENGTH, high=MAX_LENGTH) for v in items)

    def integer(self, name: str) -> int:
        value, what = self._next(name)
        return decode_integer(value, what)

    def integers(self, name: str) -> tuple[int, ...]:
        value, what = self._next(name)
        return tuple(decode_integer(v, what) for v in expect_array(value, what))

    def text(self, name: str, high: int = MAX_NAME) -> str:
        value, what = self._next(name)
        return expect_text(value, what, min_length=1, max_length=high)

    def flag(self, name: str) -> bool:
        value, what = self._next(name)
        return expect_bool(value, what)

    def members(self, name: str) -> tuple[int, ...] | None:
        value, what = self._next(name)
        if value is None:
            return None
        return tuple(expect_int(v, what, high=MAX_LENGTH) for v in expect_array(value, what, min_length=1))


def _decode_input(f: _Fields, *, shuffled: bool = False) -> Node:
    return f.end(
        Input(
            member=f.size("member"),
            name=f.text("name"),
            n=f.size("rows"),
            low=f.integer("low"),
            high=f.integer("high"),
            decimals=f.size("decimals", high=MAX_DECIMALS),
            form="value" if shuffled else f.text("form"),
            order=f.size("order", high=MAX_ORDER) if shuffled else None,
        )
    )


_SHUFFLED = "shuffled"


MAX_DECIMALS = 76
"""Decimal places of a value: more would not fit the field."""


_DECODERS: Mapping[str, Callable[[_Fields], Node]] = {
    Input.op: _decode_input,
    _SHUFFLED: lambda f: _decode_input(f, shuffled=True),
    InputBits.op: lambda f: f.end(InputBits(f.operand("source"))),
    Constant.op: lambda f: f.end(Constant(f.integers("values"))),
    Add.op: lambda f: f.end(Add(f.operand("a"), f.operand("b"))),
    Sub.op: lambda f: f.end(Sub(f.operand("a"), f.operand("b"))),
    Neg.op: lambda f: f.end(Neg(f.operand("a"))),
    Scale.op: lambda f: f.end(Scale(f.operand("a"), f.integers("factors"), f.size("inner"))),
    Sum.op: lambda f: f.end(Sum(f.operand("a"), f.size("outer"), f.size("n"), f.size("inner"))),
    View.op: lambda f: f.end(View(f.operand("a"), f.sizes("shape"), f.size("offset"), f.steps("strides"))),
    Take.op: lambda f: f.end(Take(f.operand("a"), f.sizes("indices"))),
    Concat.op: lambda f: f.end(Concat(f.operands("parts"))),
    Matmul.op: lambda f: f.end(
        Matmul(f.operand("a"), f.size("rows"), f.size("columns"), f.size("inner"), f.integers("entries"))
    ),
    Mul.op: lambda f: f.end(Mul(f.operand("a"), f.operand("b"))),
    Hint.op: lambda f: f.end(
        Hint(
            f.text("kind"),
            f.integers("parameters"),
            f.operands("arguments"),
            f.size("outputs"),
            f.flag("boolean"),
        )
    ),
    Zero.op: lambda f: f.end(Zero(f.operand("a"))),
    Output.op: lambda f: f.end(Output(f.operand("a"), f.text("label", high=MAX_LABEL), f.members("to"))),
    Points.op: lambda f: f.end(Points(f.operand("a"), f.text("label", high=MAX_LABEL))),
    Matching.op: lambda f: f.end(
        Matching(f.operand("a"), f.operand("own"), f.operands("others"), f.size("minimum"))
    ),
}

NODE_TYPES: tuple[str, ...] = tuple(_DECODERS)
"""The names of all operations."""


def _integers(values: Sequence[int]) -> list[Value]:
    return [encode_integer(v) for v in values]


def _common_length(a: int, b: int) -> int:
    _require(a == b, f"operands of {a} and {b} entries")
    return a


def check_text(what: str, text: str, longest: int = MAX_NAME) -> None:
    """Raise ``ValueError`` unless the text is short and safe to print: no control characters reach a terminal."""
    if not 1 <= len(text) <= longest or not text.isprintable():
        raise ValueError(f"{what}: 1 to {longest} printable characters are required, not {ascii(text)[:60]}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
