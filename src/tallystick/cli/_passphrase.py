# SPDX-License-Identifier: Apache-2.0
"""Where a passphrase comes from: a file, the environment, or a prompt."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import UsageError, explaining
from ..session import forbid_dumps, wipe
from ._options import file_option

__all__ = ["VARIABLE", "passphrase_of", "passphrase_option"]

VARIABLE = "TALLYSTICK_PASSPHRASE"

_MAX_BYTES = 4096
_F = TypeVar("_F", bound=Callable[..., Any])


def passphrase_option(function: _F) -> _F:
    """Add ``--passphrase-file`` to a command."""
    return file_option(
        "--passphrase-file",
        help=f"Read the identity's passphrase from the first line of FILE, not from {VARIABLE} or a prompt.",
    )(function)


@contextmanager
def passphrase_of(name: str, file: Path | None, *, new: bool = False) -> Iterator[bytearray]:
    """Give the passphrase of the identity ``name``, and overwrite it afterwards; a new one is asked for twice.

    Whoever asks will hold a key, so from here on the process leaves no core dump.
    """
    try:
        forbid_dumps()
    except OSError as error:
        click.echo(f"tallystick: warning: core dumps cannot be forbidden: {error.strerror}", err=True)
    secret = _read(file, name=name, new=new)
    try:
        yield secret
    finally:
        wipe(secret)


def _read(file: Path | None, *, name: str, new: bool) -> bytearray:
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


def _from_file(file: Path) -> bytearray:
    raw = bytearray(_MAX_BYTES)
    with explaining(f"{file}: cannot read the passphrase"), file.open("rb", buffering=0) as stream:
        del raw[stream.readinto(raw) or 0 :]
    end = raw.find(b"\n")
    line = raw if end < 0 else raw[:end]
    if line.endswith(b"\r"):
        del line[-1:]
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: the passphrase is not UTF-8 text") from error
    if not line:
        raise UsageError(f"{file}: the passphrase is empty")
    if line is not raw:
        wipe(raw)
    return line


def _checked(text: str, where: str) -> bytearray:
    if not text:
        raise UsageError(f"{where}: the passphrase is empty")
    return bytearray(text.encode("utf-8"))
