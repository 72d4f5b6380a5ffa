# SPDX-License-Identifier: Apache-2.0
"""What a plan has its members do at home, and what of it they share with the joint computation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..plan import Home, OwnBits, OwnInput, Plan
from ._statement import quoted

__all__ = ["AtHome", "Shared", "at_home"]

_Way: TypeAlias = Literal["as it is", "digits", "computed"]
_Kind: TypeAlias = tuple[_Way, tuple[str, ...]]
_MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class Shared:
    """So many values that are columns as they are, the digits of columns, or computed from columns."""

    values: int
    way: _Way
    columns: tuple[str, ...]

    def text(self) -> str:
        """Return it in words, with the names of the columns quoted."""
        names = ", ".join(map(quoted, self.columns[:_MOST_COLUMNS]))
        if len(self.columns) > _MOST_COLUMNS:
            names += f" and {len(self.columns) - _MOST_COLUMNS:,} more columns"
        how = {
            "as it is": f"{names} as it is",
            "digits": f"the digits of {names}",
            "computed": f"computed from {names}" if names else "constants",
        }[self.way]
        return f"{self.values:,} value{'s' * (self.values != 1)}: {how}"


@dataclass(frozen=True, slots=True)
class AtHome:
    """What one member does by itself: rows, the parts that they are cut into, gates it proves, and what it shares."""

    member: str
    rows: int
    parts: int
    gates: int
    shared: tuple[Shared, ...]

    @property
    def values(self) -> int:
        """How many values it shares."""
        return sum(one.values for one in self.shared)

    def row_by_row(self) -> list[Shared]:
        """Return what has as many values as the member has rows, or more, if it has several."""
        return [one for one in self.shared if 1 < self.rows <= one.values]


def at_home(plan: Plan) -> list[AtHome]:
    """Return what each member does at home, of those that have a home; nothing of a plan of format 1."""
    kinds = [_kinds(home) for home in plan.homes]
    found = []
    for k, member in enumerate(plan.members):
        parts = Counter(part.home for part in plan.parts if part.member == k)
        if not parts:
            continue
        shared: Counter[_Kind] = Counter()
        for home, times in parts.items():
            for kind, values in kinds[home].items():
                shared[kind] += times * values
        found.append(
            AtHome(
                member.name,
                member.rows,
                parts.total(),
                sum(times * plan.homes[home].layout.gates for home, times in parts.items()),
                tuple(Shared(values, way, columns) for (way, columns), values in shared.items()),
            )
        )
    return found


def _kinds(home: Home) -> Counter[_Kind]:
    """Count the values that a part with this home shares, by what they are."""
    names = [node.name for node in home.inputs]
    reached = list(_columns(home))
    found: Counter[_Kind] = Counter()
    for v in home.shares:
        match home.nodes[v]:
            case OwnInput():
                way: _Way = "as it is"
            case OwnBits():
                way = "digits"
            case _:
                way = "computed"
        columns = tuple(dict.fromkeys(name for k, name in enumerate(names) if reached[v] >> k & 1))
        if home.layout.lengths[v]:
            found[way, columns] += home.layout.lengths[v]
    return found


def _columns(home: Home) -> Iterator[int]:
    """Yield, for each node, the inputs that it depends on as the bits of a number."""
    known: list[int] = []
    count = 0
    for node in home.nodes:
        found = 0
        if isinstance(node, OwnInput):
            found, count = 1 << count, count + 1
        for p in node.operands:
            found |= known[p]
        known.append(found)
        yield found
