# SPDX-License-Identifier: Apache-2.0
"""``tell``: outputs to some members."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..plan import MAX_LABEL
from ._builder import Builder, fail
from ._opened import inputs_shown
from ._program import Table
from ._secret import Secret

__all__ = ["tell"]

_NAME = re.compile(r"[^\W\d][\w.]*")


def tell(secret: Secret, *, to: Table | str | Iterable[Table | str], name: str) -> None:
    """Open a secret to some members only; ``name`` is what they get it as, and what policies allow.

    The values are right, by MACs and the checks of the gates, or the run stops; but neither they nor any proof of them
    are in the transcript (``spec/online.md``, "Outputs to some members").  An entry of an input as it is may be told to
    its owner alone.
    """
    if not isinstance(secret, Secret):
        fail(f"ts.tell takes a secret, not {type(secret).__name__}")
    if secret.interval is None:
        fail("advice without a proved range cannot be told")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > MAX_LABEL // 2:
        fail(f"ts.tell: {name!r} is no name of letters, digits, _ and full stops")
    builder = secret.builder
    wanted = [to] if isinstance(to, Table | str) else list(to)
    members = tuple(sorted({_position(builder, member) for member in wanted}))
    if not members:
        fail("ts.tell to nobody")
    if any(members != (node.member,) for node in inputs_shown(secret)):
        fail(
            f"this would tell entries of an input as they are to another member: {secret.origin.text}",
            hint="compute something from them",
        )
    label = f"{name} / 10^{secret.decimals}" if secret.decimals else name
    builder.tell(secret.node, label, members)


def _position(builder: Builder, member: object) -> int:
    names = [m.name for m in builder.members]
    name = member.name if isinstance(member, Table) else member
    if name not in names:
        fail(f"there is no member {name!r}", hint=f"the members are: {', '.join(names)}")
    return names.index(name)
