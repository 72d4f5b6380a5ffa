# SPDX-License-Identifier: Apache-2.0
"""Parties are numbers to the protocols and members with names to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import ProtocolAbort

__all__ = ["naming"]


@contextmanager
def naming(names: Sequence[str]) -> Iterator[None]:
    """Call the parties that an abort is about by their members' names."""
    try:
        yield
    except ProtocolAbort as error:
        raise error.named(names) from error
