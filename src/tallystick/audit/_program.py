"""A program given as ``FILE`` or ``FILE:FUNCTION``, traced again with what the members agreed on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..plan import MemberSchema, Plan, load_program, trace
from ..record import Terms

__all__ = ["ProgramSource"]


@dataclass(frozen=True, slots=True)
class ProgramSource:
    """Where a program's source is; ``function`` chooses one where the file defines several.

    Tracing runs the file: it is code that the auditor trusts, such as a published copy it has read.
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
        schemas = [
            MemberSchema(
                name=member.name,
                rows=table.rows,
                columns=table.columns,
            )
            for member, table in zip(terms.members, terms.tables, strict=True)
        ]
        return trace(load_program(self.path, self.function), schemas)
