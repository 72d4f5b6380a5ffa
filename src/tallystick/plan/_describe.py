"""Words for what is revealed: a best effort to say in a line what an opened value is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._ops import MAX_LABEL

__all__ = ["Origin", "joined", "label_of"]

_MAX_TEXT = 160


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a secret comes from: an expression in column names, the members it draws on, and their rows."""

    text: str
    members: frozenset[int]
    rows: int

    def renamed(self, text: str) -> Origin:
        """Return the same origin under another expression."""
        return Origin(_short(text), self.members, self.rows)


def joined(text: str, origins: Sequence[Origin]) -> Origin:
    """Return the origin of something computed from several values element by element."""
    members = frozenset[int]().union(*(o.members for o in origins))
    return Origin(_short(text), members, max((o.rows for o in origins), default=0))


def label_of(origin: Origin, members: Sequence[str], size: int) -> str:
    """Return the description of an opened value, such as ``sum of wage over all members (3010 rows)``."""
    if len(origin.members) == len(members) > 1:
        scope = " over all members"
    elif not origin.members:
        scope = ""
    elif len(origin.members) == 1:
        scope = f" of {members[min(origin.members)]}"
    else:
        scope = f" over {', '.join(members[k] for k in sorted(origin.members))}"
    values = "" if size == 1 else f", {size} values"
    return f"{origin.text}{scope} ({origin.rows} rows{values})"[:MAX_LABEL]


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
