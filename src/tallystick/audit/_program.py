"""A program given as ``FILE`` or ``FILE:FUNCTION``, traced again with what the members agreed on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..plan import MemberSchema, Plan
from ..record import Terms

__all__ = ["ProgramSource"]


@dataclass(frozen=True, slots=True)
class ProgramSource:
    """Where a program's source is; ``function`` chooses one where the file defines several.

    Tracing runs the file, confined like a program that a member got from another (``spec/session.md``, "Programs").
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

    def trace(self, terms: Terms) -> Plan:
        """Trace with the agreed members, rows and columns; ``UsageError`` if the program does not trace."""
        # An auditor who gives no program loads nothing that traces.
        from ..tracing import ProgramFile

        schemas = [
            MemberSchema(
                name=member.name,
                rows=table.rows,
                columns=table.columns,
            )
            for member, table in zip(terms.members, terms.tables, strict=True)
        ]
        return ProgramFile(self.path, self.function).trace(schemas)
