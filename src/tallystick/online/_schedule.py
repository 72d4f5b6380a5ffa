# SPDX-License-Identifier: Apache-2.0
"""In which order the online phase computes a plan: layers of linear work, each ended by one exchange."""

from __future__ import annotations

from dataclasses import dataclass

from ..plan import Hint, Mul, Output, Plan, Points, Zero, advice_of

__all__ = ["Layer", "schedule"]

GROUP_LIMIT = 1 << 21
"""Hints whose sizes add up to more are not computed side by side: what they need is held in memory at once."""


@dataclass(frozen=True, slots=True)
class Layer:
    """``local`` nodes need no message; then come the ``hints``, and the ``muls`` go out in one round together.

    All are node positions in plan order.  The hints of one group are computed side by side: they share their rounds.
    Those that members deal are in groups of their own, before the others.  Inputs and constants count as local; zeros,
    outputs and points belong to no layer, because nothing is opened before the checks, and so does what depends on
    opened points.
    """

    local: tuple[int, ...]
    muls: tuple[int, ...]
    hints: tuple[tuple[int, ...], ...]


def schedule(plan: Plan) -> list[Layer]:
    """Return the layers by depth.

    Layer d holds the local nodes of depth d and the gates and hints of depth d+1, whose operands have at most
    depth d.
    """
    depths = plan.layout.depth
    count = max(depths, default=0) + 1
    local: list[list[int]] = [[] for _ in range(count)]
    muls: list[list[int]] = [[] for _ in range(count)]
    hints: list[list[int]] = [[] for _ in range(count)]
    for v, node in enumerate(plan.nodes):
        match node:
            case Mul():
                muls[depths[v] - 1].append(v)
            case Hint():
                hints[depths[v] - 1].append(v)
            case Zero() | Output() | Points():
                pass
            case _:
                if not plan.layout.late[v]:
                    local[depths[v]].append(v)
    return [Layer(tuple(a), tuple(b), _groups(plan, c)) for a, b, c in zip(local, muls, hints, strict=True)]


def _groups(plan: Plan, hints: list[int]) -> tuple[tuple[int, ...], ...]:
    """Group the hints of a layer: each joins the group before it, unless that would become too large."""
    groups: list[list[int]] = []
    for dealt in (True, False):
        room = -1
        for v in hints:
            node = plan.nodes[v]
            assert isinstance(node, Hint)
            advice = advice_of(node.kind, node.parameters)
            if advice.dealt != dealt:
                continue
            lengths = [plan.layout.lengths[p] for p in node.arguments]
            intervals = [plan.layout.intervals[p] for p in node.arguments]
            size = max(node.n, advice.held(lengths, intervals))
            if size > room:
                groups.append([])
                room = max(GROUP_LIMIT, size)
            groups[-1].append(v)
            room -= size
    return tuple(tuple(group) for group in groups)
