# SPDX-License-Identifier: Apache-2.0
"""What follows from a plan alone, worked out once for all files of one audit that hold the same plan."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property

from ..disclosure import AuditBound, audit_bound
from ..plan import Plan, PlanRelation
from ..proofs import RangeRelation
from ..record import PlanItem

__all__ = ["KnownPlan", "KnownPlans"]

_MOST_PLANS = 8


class KnownPlan:
    """A decoded plan, its relations, and what checks ask of it; whatever takes long is found when it is asked for."""

    def __init__(self, item: PlanItem) -> None:
        self.item = item
        self.plan = Plan.from_bytes(item.encoded)
        self._bounds: dict[tuple[int, int], AuditBound] = {}

    def bound(self, plan_bytes: int, file_bytes: int) -> AuditBound:
        """Return what auditing a file of so many bytes can cost, of which so many are item 2."""
        key = plan_bytes, file_bytes
        if key not in self._bounds:
            # Files of one plan are equally long but for their names; whoever made them otherwise fills no memory.
            self._bounds = {key: audit_bound(self.plan, plan_bytes=plan_bytes, file_bytes=file_bytes)}
        return self._bounds[key]

    @cached_property
    def relation(self) -> PlanRelation:
        """The computation."""
        return PlanRelation(self.plan)

    @cached_property
    def ranges(self) -> tuple[RangeRelation, ...]:
        """The ranges of every member's inputs."""
        return tuple(self.plan.range_relation(k) for k in range(len(self.plan.members)))


class KnownPlans:
    """The plans of the last few files, by their bytes: equal bytes are one plan, whoever's file they stand in."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, KnownPlan] = OrderedDict()

    @property
    def items(self) -> list[PlanItem]:
        """The items that the plans stood in."""
        return [known.item for known in self._known.values()]

    def plan(self, item: PlanItem) -> KnownPlan:
        """Decode a plan, or find it; ``DecodeError`` as ``Plan.from_bytes`` raises it."""
        known = self._known.pop(item.encoded, None) or KnownPlan(item)
        self._known[item.encoded] = known
        if len(self._known) > _MOST_PLANS:
            self._known.popitem(last=False)
        return known
