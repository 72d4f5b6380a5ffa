# SPDX-License-Identifier: Apache-2.0
"""What to think about before a plan is run."""

from __future__ import annotations

from collections.abc import Sequence

from ..plan import Input, Node, Plan
from ._copies import copied_inputs, sources
from ._isolation import combined_warnings
from ._noise import Noise
from ._selected import Selected, selected
from ._small_prime import reached
from ._suppressed import suppressed_warnings

__all__ = ["noise_warnings", "warnings"]

_FEW_ROWS = 10
_MAX_COPY_WORK = 1 << 24


def warnings(plan: Plan) -> list[str]:
    """Return what a member should think about before agreeing: outputs that show one member's data, or rows."""
    found: list[str] = []
    if len(plan.members) == 2 and plan.outputs:
        found.append("with two members, each can subtract its own part from every sum and learn the other's")
    owners = sources(plan.nodes)
    layout, opened = plan.layout, [node.a for node in plan.outputs]
    copied = copied_inputs(plan.nodes, layout.lengths, layout.intervals, opened, limit=_MAX_COPY_WORK)
    if copied is None:
        found.append(
            "too many values are added up to examine whether entries of inputs are shown as they are"
        )
    rows_of = selected(plan.nodes, layout.intervals, opened)
    for number, node in enumerate(plan.outputs):
        if node.to is not None and owners[node.a] <= set(node.to):
            continue
        members = sorted({plan.members[k].name for k in owners[node.a]})
        rows = sum(plan.members[k].rows for k in owners[node.a])
        if copied is not None and copied[number]:
            found.append(f"[{number + 1}] shows entries of an input as they are: {node.label}")
        elif shown := _of_rows(plan, number, rows_of[number], owners[node.a]):
            found.append(f"[{number + 1}] shows {shown}: {node.label}")
        elif len(members) == 1 and len(plan.members) > 1:
            found.append(f"[{number + 1}] depends on {members[0]} alone: {node.label}")
        if members and rows < _FEW_ROWS:
            found.append(f"[{number + 1}] is computed from {rows} rows only: {node.label}")
    found += combined_warnings(plan)
    found += suppressed_warnings(plan)
    private = [f"[{number + 1}]" for number, node in enumerate(plan.outputs) if node.to is not None]
    if private:
        found.append(f"what {', '.join(private)} show together with other outputs is not examined")
    for number, points in enumerate(plan.points):
        if not _random_order(plan.nodes, points.a):
            found.append(f"[T{number + 1}] shows in which rows equal values are: {points.label}")
    if not plan.inputs:
        found.append("the program uses no column of any member")
    return found


def _of_rows(plan: Plan, number: int, rows: Selected | None, owners: frozenset[int]) -> str | None:
    """Return in words which values or places of single rows are opened: any of one member's, or many of several."""
    node = plan.outputs[number]
    entries = plan.layout.lengths[node.a]
    if rows is None or rows.public or not entries:
        return None
    if plan.layout.intervals[node.a] == (0, 1) and not rows.sorted:
        # A condition, which is no value of a row.
        return None
    inputs = (plan.nodes[v] for v in rows.inputs)
    own = frozenset(one.member for one in inputs if isinstance(one, Input)) or owners
    if len(own) > 1 and sum(plan.members[k].rows for k in own) >= _FEW_ROWS * entries:
        return None
    who = f"rows of {', '.join(plan.members[k].name for k in sorted(own))}"
    if not rows.inputs:
        return f"in which order the {who} are"
    return f"{entries:,} values of {who} as they are" if entries > 1 else f"a value of the {who} as it is"


def noise_warnings(plan: Plan, noise: Noise) -> list[str]:
    """Return what a plan's coins do not protect, though somebody might think so."""
    found = list(noise.void)
    bare = [f"[{k + 1}]" for k, node in enumerate(plan.outputs) if node.to is None and k not in noise.covered]
    if noise.budgets and bare:
        found.append(
            f"no noise protects {', '.join(bare)}, and what is said of the others is said of them alone"
        )
    return found


def _random_order(nodes: Sequence[Node], v: int) -> bool:
    """Whether all inputs that node v depends on are in an order that their member draws at random."""
    used = (nodes[p] for p in reached([v], lambda p: nodes[p].operands))
    return all(node.order is not None for node in used if isinstance(node, Input))
