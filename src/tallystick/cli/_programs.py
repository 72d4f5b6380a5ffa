"""Finding the program that a job or a user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..audit import ProgramSource, Source
from ..errors import ProgramError, VerificationError
from ..gallery import find
from ..plan import MemberSchema
from ..record import Terms
from ..tracing import ProgramFile, Traceable, trace

__all__ = ["GALLERY", "find_program", "find_source"]

GALLERY = "tallystick.gallery:"
"""What a reference to one of the bundled programs begins with."""


def find_program(reference: str, folder: Path) -> Traceable:
    """Return the program ``FILE.py:FUNCTION``, relative to ``folder``, or ``tallystick.gallery:NAME``.

    No module is imported because a job says so.  A file is run and traced in processes of its own, without this one's
    keys, data and network; the package's own programs are traced here.
    """
    if reference.startswith(GALLERY):
        return find(reference.removeprefix(GALLERY)).program
    return ProgramFile.parse(reference, folder)


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
                MemberSchema(m.name, t.rows, t.columns)
                for m, t in zip(terms.members, terms.tables, strict=True)
            ]
            return trace(program, schemas).to_bytes()
        except ProgramError as error:
            raise VerificationError(
                f"the program does not trace with this file's tables: {error.message}", check="program"
            ) from error
