# SPDX-License-Identifier: Apache-2.0
"""Reading the TOML files that people write, with errors that name the file and the entry."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from ..errors import UsageError, explaining

__all__ = ["integer", "naming", "only", "read_toml", "table", "text", "texts"]

_MAX_FILE = 1 << 20


def read_toml(path: Path, what: str) -> dict[str, object]:
    """Read a TOML file; numbers with a point become exact ``Decimal``."""
    with explaining(f"{path}: cannot read the {what}"), path.open("rb") as file:
        raw = file.read(_MAX_FILE + 1)
    if len(raw) > _MAX_FILE:
        raise UsageError(f"{path}: a {what} has at most {_MAX_FILE} bytes")
    try:
        return tomllib.loads(raw.decode("utf-8"), parse_float=Decimal)
    except RecursionError as error:
        raise UsageError(f"{path}: not valid TOML: lists or tables within each other too often") from error
    except (ValueError, ArithmeticError) as error:  # Integers of thousands of digits are a ValueError, too.
        raise UsageError(f"{path}: not valid TOML: {error}") from error


@contextmanager
def naming(where: object) -> Iterator[None]:
    """Put the file's or the entry's name before an error's message."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{where}: {error.message}", hint=error.hint) from error


def only(entries: Mapping[str, object], known: set[str], where: str) -> None:
    """Refuse entries that nobody reads: a misspelt rule must not be a rule that is not there."""
    unknown = sorted(set(entries) - known)
    if unknown:
        raise UsageError(
            f"{where}: unknown entry {unknown[0]!r}", hint=f"known are: {', '.join(sorted(known))}"
        )


def table(value: object, where: str) -> dict[str, object]:
    """Return a table."""
    if not isinstance(value, dict):
        raise UsageError(f"{where}: {_found(value, 'a table')}")
    return value


def text(value: object, where: str, *, max_length: int = 200) -> str:
    """Return printable text of 1 to ``max_length`` characters."""
    if not isinstance(value, str):
        raise UsageError(f"{where}: {_found(value, 'text')}")
    if not 1 <= len(value) <= max_length or not value.isprintable():
        raise UsageError(f"{where}: between 1 and {max_length} printable characters were expected")
    return value


def texts(value: object, where: str) -> tuple[str, ...]:
    """Return a list of distinct texts."""
    if not isinstance(value, list):
        raise UsageError(f"{where}: {_found(value, 'a list of texts')}")
    items = tuple(text(item, where) for item in value)
    if len(set(items)) != len(items):
        raise UsageError(f"{where}: an entry appears twice")
    return items


def integer(value: object, where: str, *, low: int, high: int) -> int:
    """Return an integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{where}: {_found(value, 'an integer')}")
    if not low <= value <= high:
        raise UsageError(f"{where}: {value} is not between {low} and {high}")
    return value


def _found(value: object, wanted: str) -> str:
    return f"is missing; {wanted} is needed" if value is None else f"{wanted} was expected"
