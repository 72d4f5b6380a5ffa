# SPDX-License-Identifier: Apache-2.0
"""A program given as ``FILE`` or ``FILE:FUNCTION``, traced again with what the members agreed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from ..errors import ProgramError, VerificationError
from ..plan import MemberSchema, Plan
from ..record import Terms

__all__ = ["ProgramSource", "Source", "TracedHere"]


class Source(Protocol):
    """Where the plan that a program traces to comes from."""

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """Return the bytes of the program's plan for these members, rows and columns.

        Raises ``UsageError`` if there is no such program, ``VerificationError`` (check ``program``) if it does not
        trace with what the terms say, ``UnfinishedError`` if it ends or hangs instead.
        """


@dataclass(frozen=True, slots=True)
class ProgramSource:
    """Where a program's source is; ``function`` chooses one where the file defines several.

    Tracing runs the file, confined like a program that a member got from another (``spec/session.md``, "Programs"): one
    that ends, hangs, prints or takes all memory is not taken for a verdict.
    """

    path: Path
    function: str | None = None

    @classmethod
    def parse(cls, text: str) -> ProgramSource:
        """Read ``FILE`` or ``FILE:FUNCTION``."""
        path, colon, function = text.rpartition(":")
        if colon and function.isidentifier():
            return cls(Path(path), function)
        return cls(Path(text))

    def __str__(self) -> str:
        return f"{self.path}:{self.function}" if self.function else str(self.path)

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """See ``Source``."""
        # An auditor who gives no program loads nothing that traces.
        from ..tracing import ProgramFile

        file = ProgramFile(self.path, self.function)
        file.check(seconds=seconds)
        return _traced(partial(file.trace, seconds=seconds), terms)


@dataclass(frozen=True, slots=True)
class TracedHere:
    """A program of this process, such as one of the package: it needs no process of its own.

    ``name`` is what the verdict calls it, ``trace`` what makes its plan.
    """

    name: str
    trace: Callable[[list[MemberSchema]], Plan]

    def __str__(self) -> str:
        return self.name

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """See ``Source``."""
        return _traced(self.trace, terms)


def _traced(trace: Callable[[list[MemberSchema]], Plan], terms: Terms) -> bytes:
    agreed = zip(terms.members, terms.tables, strict=True)
    try:
        return trace([MemberSchema(m.name, table.rows, table.columns) for m, table in agreed]).to_bytes()
    except ProgramError as error:
        raise VerificationError(
            f"the program does not trace with the members, rows and columns of this file: {error.message}",
            check="program",
            hint=error.hint,
        ) from error
