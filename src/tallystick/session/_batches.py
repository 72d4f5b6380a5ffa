# SPDX-License-Identifier: Apache-2.0
"""CSV and Parquet files in batches of rows: memory is bounded by a batch, however long the file is."""

from __future__ import annotations

import codecs
import csv
import importlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from ..errors import DataError, UsageError
from ._cells import Cells, Floats, Integers, Octets, Strings, written

__all__ = ["Batch", "csv_batches", "parquet_batches"]

_CELLS: Final = 1 << 16
"""Cells of a batch, unless a row has more."""

_BLOCK: Final = 1 << 20
"""Bytes of a CSV file that are looked at together."""

_FLOATS = {"halffloat": 11, "float": 24, "double": 53}
"""How many binary digits the numbers of Arrow's floating-point types have."""

_INTEGERS = {
    **{f"int{size}": np.int64 for size in (8, 16, 32, 64)},
    **{f"uint{size}": np.uint64 for size in (8, 16, 32, 64)},
}
"""What Arrow's types of integers are widened to."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: the number of the first, the lines on which they end in a CSV file, and the chosen columns' cells."""

    first: int
    rows: int
    lines: Sequence[int] | None
    columns: tuple[Cells, ...]

    def where(self, k: int) -> str:
        """Name a row as people find it in the file."""
        line = "" if self.lines is None else f" (line {self.lines[k]})"
        return f"row {self.first + k}{line}"


def csv_batches(path: Path, columns: Sequence[str]) -> Iterator[Batch]:
    """Yield the columns of a CSV file, whose header names each of them once.

    Raises ``DataError`` where the file is not UTF-8 or CSV, or a row has too few or too many cells; all rows before are
    yielded first.
    """
    with _readable(path), path.open("rb") as file:
        names, at, lines = _header(path, file)
        places = _places(path, names, columns)
        rows = 0
        while block := _block(file, at):
            ends = _separators(block, len(names))
            if ends is None:
                yield from _by_module(path, file, at, len(names), places, rows, lines + rows)
                return
            yield Batch(
                rows + 1,
                len(ends),
                range(lines + rows + 1, lines + rows + len(ends) + 1),
                tuple(_cut(np.frombuffer(block, dtype=np.uint8), ends, k) for k in places),
            )
            rows, at = rows + len(ends), at + len(block)


def _rows(columns: Sequence[object]) -> int:
    return max(_CELLS // max(len(columns), 1), 1)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def _not_csv(path: Path, line: int, error: csv.Error) -> DataError:
    return DataError(f"{path}: line {line}: {error}")


def _places(path: Path, names: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Return where the columns stand; ``DataError`` for one that is missing or doubled."""
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


# ------------------------------------------------------------------ CSV
def _header(path: Path, file: BinaryIO) -> tuple[list[str], int, int]:
    """Return the names in the header, where it ends in the file, and how many lines it has."""
    size = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
    file.seek(size)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")

    def lines() -> Iterator[str]:
        nonlocal size
        for line in text:
            size += len(line.encode())
            yield line

    reader = csv.reader(lines(), strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise _not_csv(path, reader.line_num, error) from error
    text.detach()
    return names, size, reader.line_num


def _block(file: BinaryIO, at: int) -> bytes:
    """Return the whole lines within the block that begins there, the last one of the file with a line feed.

    That is b"" at the end of the file; a line that is longer than a block is cut, and has no line feed.
    """
    file.seek(at)
    block = file.read(_BLOCK)
    end = block.rfind(b"\n") + 1
    if end or len(block) in (0, _BLOCK):
        return block[:end] or block
    return block + b"\n"


def _separators(block: bytes, width: int) -> npt.NDArray[np.int64] | None:
    """Return where the cells end, of shape (rows, width); None if commas and line feeds alone do not tell.

    So it is with quotes, with line feeds that are none to ``csv``, and with all that ``csv`` refuses.
    """
    if b'"' in block or b"\0" in block or block.count(b"\r") != block.count(b"\r\n"):
        return None
    if not block.endswith(b"\n") or not _is_utf8(block):
        return None
    octets = np.frombuffer(block, dtype=np.uint8)
    is_line = octets == ord("\n")
    places = np.flatnonzero(is_line | (octets == ord(",")))
    if not width or len(places) % width or np.diff(places, prepend=-1).max() > csv.field_size_limit():
        return None
    if width == 1 and b"\n\n" in b"\n" + block.replace(b"\r\n", b"\n"):
        return None  # An empty line has no cell, not an empty one.
    ends = places.reshape(-1, width)
    last = is_line[ends]
    return ends if last[:, -1].all() and not last[:, :-1].any() else None


def _is_utf8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _cut(octets: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64], k: int) -> Octets:
    """Return the cells of column k."""
    before = ends[:, k - 1] if k else np.concatenate([[-1], ends[:-1, -1]])
    stops = ends[:, k]
    if k == ends.shape[1] - 1:
        stops = stops - (octets[stops - 1] == ord("\r"))
    return Octets(octets, before + 1, stops)


def _by_module(
    path: Path, file: BinaryIO, at: int, width: int, places: Sequence[int], rows: int, lines: int
) -> Iterator[Batch]:
    """Read from a row's beginning on, after so many rows and lines, as ``csv`` does."""
    file.seek(at)
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""), strict=True)
    failure: Exception | None = None
    while failure is None:
        columns: list[list[str]] = [[] for _ in places]
        read: list[int] = []
        try:
            for row in islice(reader, _rows(places)):
                line = lines + reader.line_num
                if len(row) != width:
                    where = f"{path}: row {rows + len(read) + 1} (line {line})"
                    failure = DataError(f"{where}: has {len(row)} cells, the header has {width} columns")
                    break
                for column, k in zip(columns, places, strict=True):
                    column.append(row[k])
                read.append(line)
        except csv.Error as error:
            failure = _not_csv(path, lines + reader.line_num, error)
        except (UnicodeDecodeError, OSError) as error:
            failure = error
        if read:
            yield Batch(rows + 1, len(read), read, tuple(map(Strings, columns)))
            rows += len(read)
        elif failure is None:
            return
    raise failure


# ------------------------------------------------------------------ Parquet
def parquet_batches(path: Path, columns: Sequence[str]) -> Iterator[Batch]:
    """Yield the columns of a Parquet file, which has each of them once.

    Raises ``UsageError`` without pyarrow, and ``DataError`` if the file cannot be read.
    """
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            f"{path}: reading Parquet takes the package pyarrow",
            hint="pip install 'tallystick[parquet]', or convert the table to CSV",
        ) from error
    rows = 0
    try:
        # Pages as they are needed, instead of all of a row group's columns before the first row.
        with parquet.ParquetFile(path, buffer_size=_BLOCK, pre_buffer=False) as file:
            _places(path, list(file.schema_arrow.names), columns)
            for batch in file.iter_batches(batch_size=_rows(columns), columns=list(columns)):
                yield Batch(rows + 1, len(batch), None, tuple(_cells(batch.column(name)) for name in columns))
                rows += len(batch)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: is not a readable Parquet file: {str(error).splitlines()[0]}") from error


def _cells(column: Any) -> Cells:
    """Return an Arrow array's cells."""
    kind = str(column.type)
    if kind in _FLOATS:
        values = column.to_numpy(zero_copy_only=False).astype(np.float64)
        return Floats(values, _missing(column), _FLOATS[kind])
    if kind in _INTEGERS:
        values = column.fill_null(0).to_numpy().astype(_INTEGERS[kind])
        return Integers(values, _missing(column))
    if kind.startswith(("decimal128(", "decimal256(")):
        # Arrow writes some with an exponent.
        strings = column.cast("string").fill_null("").to_pylist()
        return Strings(strings, lambda k: written(column[k].as_py()))
    return Strings([written(value) for value in column.to_pylist()])


def _missing(column: Any) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return found
