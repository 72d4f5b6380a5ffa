# SPDX-License-Identifier: Apache-2.0
"""Opening values as points, selecting by which of them are equal, and columns in random order.

What ``tallystick.lib`` builds joins from.  Normative text: ``spec/plan.md``, "Points", and ``spec/joins.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..plan import Add, Constant, Input, Matching, Mul, Neg, PublicCommon, PublicMatching, Scale, Sub, View
from ._builder import Builder, fail
from ._describe import Origin, joined
from ._opened import Opened
from ._secret import Secret

__all__ = [
    "Tags",
    "columns_of",
    "common",
    "matching",
    "matching_count",
    "open_points",
    "rowwise",
    "shuffled",
]


@dataclass(frozen=True, slots=True)
class Tags:
    """Values that are opened as points: their number among the outputs of points, and their node."""

    builder: Builder
    number: int
    node: int
    size: int
    members: frozenset[int]


def columns_of(value: Secret) -> list[Secret]:
    """Return the columns, as their members bring them, that a value is computed from."""
    builder = value.builder
    found, seen, waiting = set[int](), set[int](), [value.node]
    while waiting:
        v = waiting.pop()
        if v not in seen:
            seen.add(v)
            if isinstance(builder.nodes[v], Input):
                found.add(v)
            waiting.extend(builder.nodes[v].operands)
    return [_column(builder, v) for v in sorted(found)]


def _column(builder: Builder, v: int) -> Secret:
    node = builder.nodes[v]
    assert isinstance(node, Input)
    origin = Origin(node.name, frozenset([node.member]), node.n)
    return Secret(builder, v, (node.n,), decimals=node.decimals, origin=origin)


def shuffled(column: Secret, order: int) -> Secret:
    """Return a column with its rows in random order number ``order``.

    It is committed in that order, which its member draws and tells nobody.
    """
    node = column.builder.shuffled(column.node, order)
    return Secret(column.builder, node, column.shape, decimals=column.decimals, origin=column.origin)


def rowwise(value: Secret, replace: Callable[[Secret], Secret]) -> Secret:
    """Return a value computed row by row from columns, with every column replaced by another one.

    ``ProgramError`` for a value that is not computed row by row, for which another order of the rows might mean another
    result.
    """
    builder, n = value.builder, value.size
    moved: dict[int, int] = {}

    def copy(v: int) -> int:
        if v not in moved:
            moved[v] = make(v)
        return moved[v]

    def make(v: int) -> int:
        node = builder.nodes[v]
        if isinstance(node, Input) and node.order is None:
            return replace(_column(builder, v)).node
        if isinstance(node, Add | Sub | Mul) and builder.lengths[v] == n:
            return builder.add(type(node)(copy(node.a), copy(node.b)))
        if isinstance(node, Neg):
            return builder.add(Neg(copy(node.a)))
        if isinstance(node, Scale) and len(node.factors) == 1:
            return builder.add(Scale(copy(node.a), node.factors, node.inner))
        if isinstance(node, Constant) and len(set(node.values)) <= 1:
            return v
        if isinstance(node, View) and not any(node.strides) and isinstance(builder.nodes[node.a], Constant):
            return v
        return fail(
            f"{value.origin.text} is not computed row by row from columns",
            hint="a join takes columns, and sums, differences, products and multiples of columns of one member",
        )

    return Secret(builder, copy(value.node), value.shape, decimals=value.decimals, origin=value.origin)


def open_points(value: Secret, label: str) -> Tags:
    """Open every entry y to everybody as the point y*Q, which shows which entries are equal."""
    number = value.builder.open_points(value.node, label)
    node = value.builder.points_node(number)
    return Tags(value.builder, number, node, value.size, value.origin.members)


def matching(value: Secret, own: Tags, others: Sequence[Tags], *, minimum: int = 0) -> Secret:
    """Return the entries whose tag occurs in each of ``others``, and 0 for the rest.

    ``own`` are the tags of the entries.  If fewer than ``minimum`` occur, all are 0.  The result can be added up,
    multiplied by constants and revealed, and nothing else, because it is known only after all checks.
    """
    builder = value.builder
    node = builder.add(Matching(value.node, own.node, tuple(t.node for t in others), minimum))
    origin = joined(f"matching {value.origin.text}", [value.origin])
    return Secret(builder, node, value.shape, decimals=value.decimals, origin=origin)


def common(tags: Sequence[Tags]) -> Opened:
    """Return how many different tags occur in each of several openings."""
    builder = tags[0].builder
    return Opened(builder, builder.express(PublicCommon(tuple(t.number for t in tags))), ())


def matching_count(own: Tags, others: Sequence[Tags], *, minimum: int = 0) -> Opened:
    """Return how many tags of ``own`` occur in each of ``others``; undefined if fewer than ``minimum`` do."""
    builder = own.builder
    expression = PublicMatching(own.number, tuple(t.number for t in others), minimum)
    return Opened(builder, builder.express(expression), ())
