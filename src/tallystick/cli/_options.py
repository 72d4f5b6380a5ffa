# SPDX-License-Identifier: Apache-2.0
"""Options that more than one command has, or that differ in little but their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["FILE", "backend_option", "file_option", "folder_option"]

_F = TypeVar("_F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
"""The type of an argument or an option that names a file."""

backend_option = click.option(
    "--backend", type=click.Choice(["native", "pure"]), help="Which arithmetic to use."
)


def file_option(*names: str, metavar: str = "FILE", **settings: Any) -> Callable[[_F], _F]:
    """Return an option that names a file; ``settings`` are those of ``click.option``."""
    return click.option(*names, metavar=metavar, type=FILE, **settings)


def folder_option(*names: str, **settings: Any) -> Callable[[_F], _F]:
    """Return an option that names a folder."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option(*names, metavar="DIR", type=kind, **settings)
