"""Parties are numbers to the protocols and members with names to people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import ProtocolAbort

__all__ = ["naming"]

_PARTY = re.compile(r"\bparty ([0-9]{1,2})\b")


@contextmanager
def naming(names: Sequence[str]) -> Iterator[None]:
    """Call parties by their members' names in an abort's message; protocols know numbers only."""
    try:
        yield
    except ProtocolAbort as error:
        text = _PARTY.sub(
            lambda match: names[int(match[1])] if int(match[1]) < len(names) else match[0], error.message
        )
        raise ProtocolAbort(text, check=error.check, blame=error.blame, hint=error.hint) from error
