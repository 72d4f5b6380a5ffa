# SPDX-License-Identifier: Apache-2.0
"""What a plan has its members do at home, and what of it they share with the joint computation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..plan import Home, OwnBits, OwnInput, Plan
from ._statement import quoted

__all__ = ["AtHome", "Shared", "at_home"]

_Way: TypeAlias = Literal["as it is", "digits", "computed"]
_Kind: TypeAlias = tuple[_Way, int]
_MOST_COLUMNS = 8
_MOST_KINDS = 32
_MOST_BITS = 1_024


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
    """Return what each member does at home, of those that have a home; nothing of a plan of format 1.

    What a member shares is said in a few lines, however many its values and columns are: beyond those it is one more.
    """
    kinds = [_kinds(home) for home in plan.homes]
    of_members: list[Counter[int]] = [Counter() for _ in plan.members]
    for part in plan.parts:
        of_members[part.member][part.home] += 1
    found = []
    for member, parts in zip(plan.members, of_members, strict=True):
        if not parts:
            continue
        shared: Counter[_Kind] = Counter()
        for home, times in parts.items():
            for kind, values in kinds[home].items():
                _count(shared, kind, times * values)
        # All homes of a member have the same columns.
        names = [node.name for node in plan.homes[next(iter(parts))].inputs]
        found.append(
            AtHome(
                member.name,
                member.rows,
                parts.total(),
                sum(times * plan.homes[home].layout.gates for home, times in parts.items()),
                tuple(Shared(values, way, _named(mask, names)) for (way, mask), values in shared.items()),
            )
        )
    return found


def _kinds(home: Home) -> Counter[_Kind]:
    """Count the values that a part with this home shares, by what they are."""
    reached = _columns(home)
    found: Counter[_Kind] = Counter()
    for v in home.shares:
        match home.nodes[v]:
            case OwnInput():
                way: _Way = "as it is"
            case OwnBits():
                way = "digits"
            case _:
                way = "computed"
        if home.layout.lengths[v]:
            _count(found, (way, reached[v]), home.layout.lengths[v])
    return found


def _count(shared: Counter[_Kind], kind: _Kind, values: int) -> None:
    """Add values of a kind, or where there are many kinds already, to one of all their columns."""
    if kind in shared or len(shared) < _MOST_KINDS:
        shared[kind] += values
        return
    last = next(reversed(shared))
    before = shared.pop(last)
    shared["computed", last[1] | kind[1]] += before + values


def _columns(home: Home) -> list[int]:
    """Return, for each node, the inputs that it depends on as bits of a number, the last for all further ones."""
    known: list[int] = []
    count = 0
    for node in home.nodes:
        found = 0
        if isinstance(node, OwnInput):
            found, count = 1 << min(count, _MOST_BITS), count + 1
        for p in node.operands:
            found |= known[p]
        known.append(found)
    return known


def _named(mask: int, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for k, name in enumerate(names) if mask >> min(k, _MOST_BITS) & 1))
