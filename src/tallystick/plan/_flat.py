# SPDX-License-Identifier: Apache-2.0
"""A plan without homes: the same values in one list of nodes, for whoever asks what is made of inputs.

What is at home is written where it is shared, on a member's whole columns, of which a part is a view.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ._arithmetic import View
from ._fields import renumbered
from ._home import Home
from ._layout import Draft
from ._ops import Input, InputBits, Node, Share
from ._own import OwnBits, OwnInput
from ._plan import Plan

__all__ = ["flat"]


class _Written(Draft):
    """Nodes that a plan with homes has, for all its parts: however many they are, readers counted them before."""

    def _check_size(self, n: int, total: int) -> None:
        pass


@lru_cache(maxsize=16)
def flat(plan: Plan) -> Plan:
    """Return the plan in format 1, which has no homes; outputs, points, expressions and results keep their numbers."""
    if plan.format == 1:
        return plan
    draft = _Written(plan.members, whole=True)
    known: dict[Node, int] = {}

    def add(node: Node) -> int:
        if node not in known or not isinstance(node, Input | InputBits | View):
            draft.add(node)
            known[node] = len(draft.nodes) - 1
        return known[node]

    shared: list[list[int]] = []
    for k in range(len(plan.members)):
        for _, home, start in plan.parts_of(k):
            at = _inline(home, k, plan.members[k].rows, start, add, draft)
            shared.append([at[p] for p in home.shares])
    new: dict[int, int] = {}
    for v, node in enumerate(plan.nodes):
        new[v] = (
            shared[node.part][node.number]
            if isinstance(node, Share)
            else add(renumbered(node, {"node": new}))
        )
    return Plan.of_draft(plan.program, draft, plan.expressions, plan.results, 1)


def _inline(
    home: Home, member: int, rows: int, start: int, add: Callable[[Node], int], draft: Draft
) -> dict[int, int]:
    """Add the nodes of one part of a table; return their positions."""
    new: dict[int, int] = {}
    whole: dict[int, int] = {}

    def part(v: int, width: int) -> int:
        """Return the entries that belong to this part, ``width`` for each row."""
        if home.rows == rows:
            return v
        return add(View(v, (home.rows * width,), start * width, (1,) if home.rows * width > 1 else (0,)))

    for v, node in enumerate(home.nodes):
        match node:
            case OwnInput():
                # Its form is changed when something reads its bits; what it is known by stays.
                form = Input(member, node.name, rows, node.low, node.high, node.decimals, order=node.order)
                whole[v] = add(form)
                new[v] = part(whole[v], 1)
            case OwnBits(source):
                column = draft.nodes[whole[source]]
                assert isinstance(column, Input)
                if column.form != "bits":
                    draft.set_form(whole[source], "bits")
                new[v] = part(add(InputBits(whole[source])), column.bits)
            case _:
                new[v] = add(renumbered(node, {"node": new}))
    return new
