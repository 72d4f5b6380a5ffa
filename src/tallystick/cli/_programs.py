# SPDX-License-Identifier: Apache-2.0
"""Finding the program that a job or a user names."""

from __future__ import annotations

from pathlib import Path

from ..audit import ProgramSource, Source, TracedHere
from ..gallery import find
from ..tracing import ProgramFile, Traceable

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
        return TracedHere(reference, find_program(reference, folder).trace)
    source = ProgramSource.parse(reference)
    return ProgramSource(folder / source.path, source.function)
