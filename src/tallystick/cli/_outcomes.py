# SPDX-License-Identifier: Apache-2.0
"""What became of audited files, in words, as JSON and as an exit code."""

from __future__ import annotations

from collections.abc import Collection

import click

from ..audit import Audited, Word, accepted_json, refused_json, safe
from ..disclosure import plain
from ._group import EXIT_REFUSED, EXIT_UNFINISHED, EXIT_USAGE, print_error

__all__ = ["audited_json", "exit_code", "report"]

_EXIT_CODES: dict[Word, int] = {
    "refused": EXIT_REFUSED,
    "unfinished": EXIT_UNFINISHED,
    "unread": EXIT_USAGE,
    "accepted": 0,
}
"""What became of files makes of the command, the worst first."""


def exit_code(words: Collection[str]) -> int:
    """Return the code of the worst that became of any file."""
    return next(code for word, code in _EXIT_CODES.items() if word in words)


def audited_json(found: Audited) -> dict[str, object]:
    """Return the machine-readable form."""
    if found.verdict is not None:
        return accepted_json(found.verdict, str(found.path))
    assert found.error is not None
    entry = refused_json(found.error, str(found.path))
    return {**entry, "verdict": "unread", "check": None} if found.word == "unread" else entry


def report(found: Audited) -> None:
    """Say on stderr why a file is not accepted."""
    error, path = found.error, safe(str(found.path))
    assert error is not None
    if found.fault is not None:
        click.echo(found.fault, err=True, nl=False)
        print_error(f"{path}: {safe(error.message)}", _REPORT)
        return
    if found.word == "unread":
        print_error(safe(error.message), error.hint)
        return
    said = "could not be finished: " if found.word == "unfinished" else ""
    hint = None if error.hint is None else plain(error.hint)
    print_error(f"{path}: {said}{plain(error.message)} (check: {audited_json(found)['check']})", hint)


_REPORT = "this is a fault of tallystick; please report it with the lines above"
