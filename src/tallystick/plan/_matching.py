# SPDX-License-Identifier: Apache-2.0
"""Which entries the opened points select (``spec/plan.md``, "Points")."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ._ops import Matching, Points
from ._plan import Plan

__all__ = ["selections"]


def selections(plan: Plan, points: Sequence[Hashable]) -> Mapping[int, npt.NDArray[np.int64]]:
    """Return 1 for every selected entry of each ``Matching`` node, else 0, by the node's position.

    ``points`` are all points of the plan, in any form in which equal points are equal.
    """
    by_node: dict[int, Sequence[Hashable]] = {}
    split = iter(plan.split_points(points))
    for v, node in enumerate(plan.nodes):
        if isinstance(node, Points):
            by_node[v] = next(split)
    distinct = {v: frozenset(opened) for v, opened in by_node.items()}
    found = {}
    for v, node in enumerate(plan.nodes):
        if isinstance(node, Matching):
            common = frozenset.intersection(*(distinct[p] for p in node.others))
            chosen = np.array([point in common for point in by_node[node.own]], dtype=np.int64)
            found[v] = chosen if chosen.sum() >= node.minimum else np.zeros_like(chosen)
    return found
