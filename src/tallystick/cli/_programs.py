"""Finding the program that a job or a user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..audit import ProgramSource, Source
from ..errors import ProgramError, VerificationError
from ..gallery import find
from ..plan import Column, MemberSchema, Program, load_program, trace
from ..record import Terms

__all__ = ["GALLERY", "find_program", "find_source"]

GALLERY = "tallystick.gallery:"
"""What a reference to one of the bundled programs begins with."""


def find_program(reference: str, folder: Path) -> Program:
    """Return the program ``FILE.py:FUNCTION``, relative to ``folder``, or ``tallystick.gallery:NAME``.

    Nothing else is imported: a job file that somebody sent cannot make a node run a module of its choice, only
    a file that the member put there, or a program that came with the package.
    """
    if reference.startswith(GALLERY):
        return find(reference.removeprefix(GALLERY)).program
    source = ProgramSource.parse(reference)
    return load_program(folder / source.path, source.function)


def find_source(reference: str, folder: Path) -> Source:
    """Return where an auditor traces the same program again."""
    if reference.startswith(GALLERY):
        return _Bundled(reference)
    source = ProgramSource.parse(reference)
    return ProgramSource(folder / source.path, source.function)


@dataclass(frozen=True, slots=True)
class _Bundled:
    """A program of the package: it needs no process of its own."""

    reference: str

    def __str__(self) -> str:
        return self.reference

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """See ``Source``."""
        program = find(self.reference.removeprefix(GALLERY)).program
        try:
            schemas = [
                MemberSchema(m.name, t.rows, {c.name: Column(c.low, c.high, c.decimals) for c in t.columns})
                for m, t in zip(terms.members, terms.tables, strict=True)
            ]
            return trace(program, schemas).to_bytes()
        except ProgramError as error:
            raise VerificationError(
                f"the program does not trace with this file's tables: {error.message}", check="program"
            ) from error
