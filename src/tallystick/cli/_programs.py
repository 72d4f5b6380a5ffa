"""Finding the program that a job or a user names."""

from __future__ import annotations

from pathlib import Path

from ..audit import ProgramSource
from ..gallery import find
from ..tracing import Program, load_program

__all__ = ["GALLERY", "find_program"]

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
