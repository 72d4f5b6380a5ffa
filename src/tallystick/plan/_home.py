# SPDX-License-Identifier: Apache-2.0
"""A home: what an owner computes of its rows alone, in the clear, and shares; a template, for every part of a table.

A home is valid or does not exist.  Its relation is what the owner proves (``HomeRelation``).  The normative text is
``spec/plan.md``, "Homes".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import assert_never

from ..encoding import Value, dumps, expect_array, expect_int
from ..proofs import OwnShape, choose_columns
from ._arithmetic import Mul
from ._fields import MAX_LENGTH, check_fields
from ._hints import HINTS
from ._intervals import Interval, OverflowRangeError
from ._operation import MAX_NODES, MAX_TOTAL, Before, Linear, TooManyError, check_operands
from ._ops import Constant, Hint, Zero
from ._own import OWN_NODES, OwnBits, OwnInput, OwnNode, decode_own_node

__all__ = ["Home", "HomeDraft", "HomeLayout", "Part", "decode_home"]

_FORM = "tallystick/home/2-draft.2"


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive rows of a member's table, and the home that says what is made of them."""

    member: int
    home: int


@dataclass(frozen=True, slots=True)
class HomeLayout:
    """What follows from the nodes of a home: lengths, intervals, and places in the owner's witness.

    ``place[v]`` is where the gates of node v start (wires of inputs, digits, boolean hints, then products) or the free
    slots of other hints, ``zero[v]`` where its zeros do; -1 for the rest.  The first ``booleans`` gates are wires.
    ``starts[i]`` is where the i-th shared value begins among the shared slots.
    """

    lengths: tuple[int, ...]
    intervals: tuple[Interval, ...]
    place: tuple[int, ...]
    zero: tuple[int, ...]
    starts: tuple[int, ...]
    booleans: int
    gates: int
    free: int
    zeros: int
    shared: int
    width: int
    columns: int
    work: int

    @property
    def shape(self) -> OwnShape:
        """The dimensions of the owner's witness."""
        return OwnShape(
            columns=self.columns,
            inputs=(self.shared,),
            widths=(self.width,),
            free=self.free,
            gates=self.gates,
            zeros=self.zeros + self.shared,
            outputs=0,
        )


class HomeDraft(Before):
    """Nodes that may become a home: each is checked once, when it is added, against those before it.

    Those of a ``whole`` draft may be too many, and are to be cut.
    """

    def __init__(self, rows: int, *, whole: bool = False) -> None:
        self.rows = rows
        self.whole = whole
        self.nodes: list[OwnNode] = []
        self.lengths: list[int] = []
        self.intervals: list[Interval] = []
        self.work = 0
        self._named: set[tuple[str, int | None]] = set()

    def add(self, node: OwnNode) -> int:
        """Take the next node and return its position.  Raises ``ValueError`` for what cannot be part of a home."""
        check_operands(self.nodes, node)
        check_fields(node, lengths=not self.whole)
        if isinstance(node, OwnInput):
            if node.n != self.rows:
                raise ValueError(f"{node.n} rows, but the home has {self.rows}")
            if (node.name, node.order) in self._named:
                raise ValueError(f"a second input {node.name!r}")
            self._named.add((node.name, node.order))
        n = node.length(self)
        if isinstance(node, Hint) and HINTS[node.kind].joint:
            raise ValueError(f"a {node.kind} hint is nothing that an owner has advice for")
        work = node.work(n, self)
        if n > MAX_LENGTH and not self.whole:
            raise TooManyError(n, f"{n} elements; at most {MAX_LENGTH} are allowed")
        if self.work + work > MAX_TOTAL and not self.whole:
            raise TooManyError(n, f"the home has more than {MAX_TOTAL} elements")
        interval = node.interval(self)
        self.nodes.append(node)
        self.lengths.append(n)
        self.intervals.append(interval)
        self.work += work
        return len(self.nodes) - 1

    def layout(self, shares: Sequence[int]) -> HomeLayout:
        """Return what follows when the values of these nodes are shared."""
        for k, p in enumerate(shares):
            if not 0 <= p < len(self.nodes) or isinstance(self.nodes[p], Zero):
                raise ValueError(f"shared value {k} is not a node with a value")
        place, zero = [-1] * len(self.nodes), [-1] * len(self.nodes)
        booleans = products = free = zeros = 0
        for v, (node, n) in enumerate(zip(self.nodes, self.lengths, strict=True)):
            match node:
                case OwnInput():
                    place[v], booleans = booleans, booleans + n * node.bits
                case OwnBits(source):
                    column = self.nodes[source]
                    assert isinstance(column, OwnInput)
                    if not column.whole:
                        place[v], booleans = booleans, booleans + n
                        zero[v], zeros = zeros, zeros + column.n
                case Hint():
                    place[v] = booleans if node.boolean else free
                    booleans += n * node.boolean
                    free += n * (not node.boolean)
                case Zero(a):
                    zero[v], zeros = zeros, zeros + self.lengths[a]
                case Constant() | Mul() | Linear():
                    pass
                case _:
                    assert_never(node)
        for v, (node, n) in enumerate(zip(self.nodes, self.lengths, strict=True)):
            if isinstance(node, Mul):
                place[v], products = booleans + products, products + n
        *starts, shared = accumulate((self.lengths[p] for p in shares), initial=0)
        return HomeLayout(
            lengths=tuple(self.lengths),
            intervals=tuple(self.intervals),
            place=tuple(place),
            zero=tuple(zero),
            starts=tuple(starts),
            booleans=booleans,
            gates=booleans + products,
            free=free,
            zeros=zeros,
            shared=shared,
            width=choose_columns(shared),
            columns=max(
                choose_columns(-(-(shared + free + booleans + products) // 4)), choose_columns(shared)
            ),
            work=self.work + shared,
        )


@dataclass(frozen=True)
class Home:
    """What an owner computes of ``rows`` rows: the nodes, and which of them it shares.  ``ValueError`` for no home."""

    rows: int
    nodes: tuple[OwnNode, ...]
    shares: tuple[int, ...]
    layout: HomeLayout = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.rows <= MAX_LENGTH:
            raise ValueError(f"{self.rows} rows; 0 to {MAX_LENGTH} are possible")
        if len(self.nodes) > MAX_NODES or len(self.shares) > MAX_NODES:
            raise ValueError(f"more than {MAX_NODES} nodes or shared values")
        draft = HomeDraft(self.rows)
        for v, node in enumerate(self.nodes):
            try:
                draft.add(node)
            except OverflowRangeError as error:
                raise OverflowRangeError(f"node {v} ({node.op}): {error}") from error
            except ValueError as error:
                raise ValueError(f"node {v} ({node.op}): {error}") from error
        layout = draft.layout(self.shares)
        if layout.work > MAX_TOTAL:
            raise ValueError(f"the home has more than {MAX_TOTAL} elements, those that it shares included")
        if layout.zeros and not layout.shape.rows:
            raise ValueError("it asserts something of constants, and has no row that a proof could be about")
        object.__setattr__(self, "layout", layout)

    @cached_property
    def inputs(self) -> tuple[OwnInput, ...]:
        """The columns, in order."""
        return tuple(n for n in self.nodes if isinstance(n, OwnInput))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of all that the owner proves."""
        return hashlib.sha256(dumps([_FORM, self.to_body(), self.layout.width, self.layout.columns])).digest()

    @cached_property
    def slots(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]], list[tuple[int, int]]]:
        """The nodes with slots and how many they have, in the order of the witness: wires, products, free slots."""
        booleans: list[tuple[int, int]] = []
        products: list[tuple[int, int]] = []
        free: list[tuple[int, int]] = []
        for v, (node, n) in enumerate(zip(self.nodes, self.layout.lengths, strict=True)):
            match node:
                case OwnInput():
                    booleans.append((v, n * node.bits))
                case OwnBits():
                    if self.layout.place[v] >= 0:
                        booleans.append((v, n))
                case Hint():
                    (booleans if node.boolean else free).append((v, n))
                case Mul():
                    products.append((v, n))
                case Constant() | Zero() | Linear():
                    pass
                case _:
                    assert_never(node)
        return booleans, products, free

    def shared(self, number: int) -> tuple[int, Interval]:
        """Return how many entries the shared value with this number has, and their interval."""
        if not 0 <= number < len(self.shares):
            raise ValueError(f"shared value {number} of {len(self.shares)}")
        v = self.shares[number]
        return self.layout.lengths[v], self.layout.intervals[v]

    def to_key(self) -> bytes:
        """Return the canonical encoding."""
        return dumps(self.to_body())

    def to_body(self) -> list[Value]:
        """Return the CBOR structure."""
        return [self.rows, [OWN_NODES.encode(n) for n in self.nodes], list(self.shares)]

    @cached_property
    def needed(self) -> Mapping[int, int]:
        """How often each node's value is read: by nodes, and by what is shared."""
        reads = dict.fromkeys(range(len(self.nodes)), 0)
        for p in (*(p for node in self.nodes for p in node.operands), *self.shares):
            reads[p] += 1
        return reads


def decode_home(value: Value, what: str) -> Home:
    """Return the home that ``Home.to_body`` wrote; ``DecodeError`` or ``ValueError``."""
    rows, nodes, shares = expect_array(value, what, length=3)
    listed = expect_array(nodes, f"{what}: nodes", max_length=MAX_NODES)
    shared = expect_array(shares, f"{what}: shares", max_length=MAX_NODES)
    rows = expect_int(rows, f"{what}: rows", high=MAX_LENGTH)
    decoded = tuple(decode_own_node(v, k, f"{what}: node {k}") for k, v in enumerate(listed))
    positions = tuple(expect_int(v, f"{what}: share", high=max(len(listed) - 1, 0)) for v in shared)
    try:
        return Home(rows, decoded, positions)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
