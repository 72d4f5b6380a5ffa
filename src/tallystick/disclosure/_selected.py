# SPDX-License-Identifier: Apache-2.0
"""Which opened values are entries of inputs that secret conditions choose, or places that a sort gives them.

A sort, an extreme or a choice does not mix values: what it opens is what members put into rows, though not into which.
Normative text: ``spec/disclosure.md``, "Values of rows".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from ..plan import (
    Add,
    Concat,
    Constant,
    Hint,
    Input,
    InputBits,
    Interval,
    Linear,
    Matching,
    Matmul,
    Mul,
    Neg,
    Node,
    Output,
    Points,
    Scale,
    Sub,
    Sum,
    Take,
    View,
    Zero,
)
from ._small_prime import reached

__all__ = ["Selected", "selected"]


@dataclass(frozen=True, slots=True)
class Selected:
    """Every entry of a node is an entry of one of these inputs, or a public number, up to public factors and summands.

    ``sorted`` says that a sorting network chose which.
    """

    inputs: frozenset[int]
    sorted: bool

    @property
    def public(self) -> bool:
        """Whether the node is public."""
        return not self.inputs and not self.sorted


def selected(
    nodes: Sequence[Node], intervals: Sequence[Interval], targets: Sequence[int]
) -> list[Selected | None]:
    """Return what the targets are selected from; None for what is computed otherwise."""

    def made_of(v: int) -> tuple[int, ...]:
        node = nodes[v]
        return (node.a,) if isinstance(node, Matching) else node.operands

    found: dict[int, Selected | None] = {}
    for v in sorted(reached(targets, made_of)):
        found[v] = _selected(nodes, intervals, found, v)
    return [found[v] for v in targets]


def _selected(
    nodes: Sequence[Node], intervals: Sequence[Interval], found: dict[int, Selected | None], v: int
) -> Selected | None:
    node = nodes[v]
    match node:
        case Input():
            return Selected(frozenset([v]), sorted=False)
        case Constant():
            return Selected(frozenset(), sorted=False)
        case Neg(a) | Scale(a) | View(a) | Take(a) | Matching(a):
            return found[a]
        case Concat(parts):
            return _any_of([found[p] for p in parts])
        case Add(a, b) | Sub(a, b):
            return _choice(nodes, intervals, found, v) or _beside(found[a], found[b])
        case Mul(a, b):
            if intervals[a] == (0, 1):
                return found[b] or _beside(found[a], found[b])
            return found[a] if intervals[b] == (0, 1) else _beside(found[a], found[b])
        case Hint():
            return found[node.operands[0]] if node.kind == "copy" else None
        case InputBits() | Sum() | Matmul():
            return None
        case Zero() | Output() | Points():
            raise TypeError(f"{node.op} has no value")
        case _:
            assert_never(node)


def _beside(a: Selected | None, b: Selected | None) -> Selected | None:
    """Return the one of two beside which the other is public."""
    if a is None or b is None:
        return None
    return a if b.public else b if a.public else None


def _any_of(parts: Sequence[Selected | None]) -> Selected | None:
    known = [p for p in parts if p is not None]
    if len(known) < len(parts):
        return None
    return Selected(frozenset[int]().union(*(p.inputs for p in known)), any(p.sorted for p in known))


def _choice(
    nodes: Sequence[Node], intervals: Sequence[Interval], found: dict[int, Selected | None], v: int
) -> Selected | None:
    """Return what a choice between two is selected from: y + c·(x - y), or x - c·(x - y), for a c that is 0 or 1."""
    node = nodes[v]
    assert isinstance(node, Add | Sub)
    for end, product in ((node.a, node.b), (node.b, node.a))[: 1 if isinstance(node, Sub) else 2]:
        gate = nodes[product]
        if not isinstance(gate, Mul):
            continue
        for c, between in ((gate.a, gate.b), (gate.b, gate.a)):
            difference = nodes[between]
            if intervals[c] != (0, 1) or not isinstance(difference, Sub):
                continue
            if end == (difference.a if isinstance(node, Sub) else difference.b):
                either = _any_of([found[difference.a], found[difference.b]])
                if either is not None:
                    return Selected(either.inputs, either.sorted or _by_network(nodes, c))
    return None


def _by_network(nodes: Sequence[Node], c: int) -> bool:
    """Whether a choice is made by what the comparators of a sorting network do."""
    made_of = reached([c], lambda v: nodes[v].operands if isinstance(nodes[v], Linear) else ())
    return any(isinstance(node, Hint) and node.kind == "controls" for node in map(nodes.__getitem__, made_of))
