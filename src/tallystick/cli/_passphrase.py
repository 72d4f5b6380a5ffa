"""Where a passphrase comes from: a file, the environment, or a prompt."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import UsageError

__all__ = ["VARIABLE", "passphrase_option", "read_passphrase"]

VARIABLE = "TALLYSTICK_PASSPHRASE"

_MAX_BYTES = 4096
_F = TypeVar("_F", bound=Callable[..., Any])


def passphrase_option(function: _F) -> _F:
    """Add ``--passphrase-file`` to a command."""
    return click.option(
        "--passphrase-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help=f"Read the identity's passphrase from the first line of FILE, not from {VARIABLE} or a prompt.",
    )(function)


def read_passphrase(file: Path | None, *, name: str, new: bool = False) -> bytes:
    """Return the passphrase of the identity ``name``; a new one is asked for twice."""
    if file is not None:
        return _from_file(file)
    if VARIABLE in os.environ:
        return _checked(os.environ[VARIABLE], VARIABLE)
    if not sys.stdin.isatty():
        raise UsageError(
            f"there is no terminal to ask for the passphrase of {name}",
            hint=f"give --passphrase-file FILE or set {VARIABLE}",
        )
    text = click.prompt(
        f"Passphrase of {name}", hide_input=True, confirmation_prompt=new, default="", show_default=False
    )
    return _checked(text, "the passphrase")


def _from_file(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            raw = stream.read(_MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{file}: cannot read the passphrase: {error.strerror}") from error
    try:
        return _checked(raw.decode("utf-8").partition("\n")[0].rstrip("\r"), str(file))
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: the passphrase is not UTF-8 text") from error


def _checked(text: str, where: str) -> bytes:
    if not text:
        raise UsageError(f"{where}: the passphrase is empty")
    return text.encode("utf-8")
