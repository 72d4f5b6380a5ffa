# SPDX-License-Identifier: Apache-2.0
"""Words for what is revealed: a best effort to say in a line what an opened value is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..plan import MAX_LABEL

__all__ = ["Origin", "joined", "label_of"]

_MAX_TEXT = 160


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a secret comes from: an expression in column names, the members it draws on, and their rows.

    ``statistic`` says that it is made of a sum, an extreme or a quantile, whatever the number of rows: of a single
    row that is its entry, which is then for the plan's warnings to say.
    """

    text: str
    members: frozenset[int]
    rows: int
    statistic: bool = False

    @property
    def wrapped(self) -> str:
        """The expression as a part of another one: in parentheses where it is made of several words."""
        text = self.text
        return f"({text})" if " " in text and not (text.startswith("(") and text.endswith(")")) else text

    def renamed(self, text: str) -> Origin:
        """Return the same origin under another expression."""
        return replace(self, text=_short(text))

    def as_statistic(self) -> Origin:
        """Return the same origin of a statistic."""
        return replace(self, statistic=True)


def joined(text: str, origins: Sequence[Origin]) -> Origin:
    """Return the origin of something computed from several values element by element."""
    members = frozenset[int]().union(*(o.members for o in origins))
    rows = max((o.rows for o in origins), default=0)
    return Origin(_short(text), members, rows, any(o.statistic for o in origins))


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
