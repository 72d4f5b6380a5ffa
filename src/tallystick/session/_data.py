# SPDX-License-Identifier: Apache-2.0
"""A member's own table: CSV or Parquet in, exact scaled integers out.

Strict on purpose: a cell that would have to be guessed at is an error that names file, row and column, and a
value outside the declared range is refused here, before anything leaves the machine.
"""

from __future__ import annotations

import csv
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ..errors import DataError, UsageError
from ..plan import Column
from ..proofs import Words, to_words
from ._job import brief

__all__ = ["DataTable", "read_table"]

_NUMBER = re.compile(r"([+-]?)([0-9]{1,100})(?:\.([0-9]{1,100}))?", re.ASCII)
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, slots=True, repr=False)
class DataTable:
    """A member's columns as scaled integers, in the order declared; the repr shows no value.

    ``words`` are the columns once more, in the form that takes the same time whatever the values are.  They are made
    here, before anything is connected.
    """

    rows: int
    columns: dict[str, list[int]]
    words: dict[str, Words] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", {name: to_words(column) for name, column in self.columns.items()})

    def __repr__(self) -> str:
        return f"<DataTable: {self.rows} rows of {', '.join(self.columns)}>"


def read_table(path: str | Path, columns: Mapping[str, Column]) -> DataTable:
    """Read the declared columns of a CSV or Parquet file, checked against their declared ranges.

    Raises ``DataError`` for the first thing that does not fit, with file, row and column.  Other columns of
    the file are ignored.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    read = _parquet_rows if path.suffix.lower() in _PARQUET else _csv_rows
    out: list[list[int]] = [[] for _ in columns]
    rows = 0
    for rows, (where, cells) in enumerate(read(path, columns), 1):  # noqa: B007  counts the rows
        for values, (name, column), cell in zip(out, columns.items(), cells, strict=True):
            values.append(_entry(cell, column, f"{path}: {where}, column {name!r}"))
    return DataTable(rows, dict(zip(columns, out, strict=True)))


def _entry(cell: str, column: Column, where: str) -> int:
    match = _NUMBER.fullmatch(cell.strip(" \t"))
    if match is None:
        raise DataError(f"{where}: {_shown(cell)} is not a number" if cell.strip() else f"{where}: is empty")
    sign, whole, fraction = match.groups()
    fraction = (fraction or "").rstrip("0")
    if len(fraction) > column.decimals:
        raise DataError(
            f"{where}: {_shown(cell)} has {len(fraction)} decimals, the job declares {column.decimals}"
        )
    if len(whole) > 1 and whole[0] == "0":
        raise DataError(
            f"{where}: {_shown(cell)} begins with a zero",
            hint=f"as a number it is the same as {whole.lstrip('0') or '0'}; write it so if that is meant",
        )
    value = int(whole + fraction.ljust(column.decimals, "0"))
    if isinstance(cell, _Rounded) and value >> cell.digits:
        # Several numbers share this representation: identifiers that went through doubles come out as others.
        raise DataError(
            f"{where}: {_shown(cell)} is a floating-point number of {cell.digits} binary digits, too few to be exact",
            hint="store the column as integers, decimals or text",
        )
    if sign == "-":
        value = -value
    if not column.low <= value <= column.high:
        low, high = (_written(end, column.decimals) for end in (column.low, column.high))
        raise DataError(f"{where}: {_shown(cell)} is outside [{low}, {high}]")
    return value


def _written(scaled: int, decimals: int) -> str:
    digits = str(abs(scaled)).rjust(decimals + 1, "0")
    sign = "-" if scaled < 0 else ""
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)


def _shown(cell: str) -> str:
    return repr(brief(cell))


def _places(names: Sequence[str], columns: Iterable[str], path: Path) -> list[int]:
    places = []
    for column in columns:
        found = [k for k, name in enumerate(names) if name == column]
        if len(found) != 1:
            problem = "more than one column" if found else "no column"
            raise DataError(
                f"{path}: the header has {problem} {column!r}",
                hint=f"its columns are: {', '.join(names)}",
            )
        places.append(found[0])
    return places


def _csv_rows(path: Path, columns: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            places = _places(header, columns, path)
            for number, row in enumerate(reader, 1):
                where = f"row {number} (line {reader.line_num})"
                if len(row) != len(header):
                    raise DataError(
                        f"{path}: {where}: has {len(row)} cells, the header has {len(header)} columns"
                    )
                yield where, [row[k] for k in places]
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text") from error
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def _parquet_rows(path: Path, columns: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            f"{path}: reading Parquet takes the package pyarrow",
            hint="pip install 'tallystick[parquet]', or convert the table to CSV",
        ) from error
    try:
        file = parquet.ParquetFile(path)
        names = list(file.schema_arrow.names)
        _places(names, columns, path)
        number = 0
        for batch in file.iter_batches(columns=list(columns)):
            read = [batch.column(name) for name in columns]
            digits = [_FLOATS.get(str(c.type)) for c in read]
            for cells in zip(*(c.to_pylist() for c in read), strict=True):
                number += 1
                yield f"row {number}", [_cell(cell, n) for cell, n in zip(cells, digits, strict=True)]
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: is not a readable Parquet file: {str(error).splitlines()[0]}") from error


def _cell(value: object, digits: int | None) -> str:
    """Write a Parquet value as it would stand in a CSV file; floats by their shortest exact digits."""
    if value is None:
        return ""
    if isinstance(value, float | Decimal):
        number = Decimal(repr(value)) if isinstance(value, float) else value
        text = format(number, "f") if number.is_finite() else str(number)
        return text if digits is None else _Rounded(text, digits)
    return str(value)


_FLOATS = {"halffloat": 11, "float": 24, "double": 53}
"""How many binary digits the numbers of Arrow's floating-point types have."""


class _Rounded(str):
    """The text of a floating-point number of so many binary digits."""

    digits: int

    def __new__(cls, text: str, digits: int) -> _Rounded:
        self = super().__new__(cls, text)
        self.digits = digits
        return self
