# SPDX-License-Identifier: Apache-2.0
"""A member's own table: CSV or Parquet in, exact scaled integers out.

Strict on purpose: a cell that would have to be guessed at is an error that names file, row and column, and a
value outside the declared range is refused here, before anything leaves the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..limits import MAX_ROWS
from ..plan import Column
from ..proofs import Words, to_ints, to_words, words_for
from ._batches import Batch, csv_batches, parquet_batches
from ._cells import Unfit, exact

__all__ = ["DataTable", "read_table"]

_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class DataTable:
    """A member's columns as scaled integers, in the order declared; the repr shows no value.

    ``words`` are the columns in the form that takes the same time whatever the values are: as many words a cell as the
    declared range needs, or 4 where a table is made of Python's integers.  They are made here, before anything is
    connected, and nothing else is kept.
    """

    rows: int
    columns: InitVar[Mapping[str, Sequence[int] | Words]]
    words: dict[str, Words] = field(init=False)

    def __post_init__(self, columns: Mapping[str, Sequence[int] | Words]) -> None:
        object.__setattr__(self, "words", {name: to_words(column) for name, column in columns.items()})

    def __repr__(self) -> str:
        return f"<DataTable: {self.rows} rows of {', '.join(self.words)}>"

    def integers(self) -> dict[str, list[int]]:
        """Return the columns as Python's integers, which take several times the memory."""
        return {name: to_ints(words) for name, words in self.words.items()}


def read_table(path: str | Path, columns: Mapping[str, Column]) -> DataTable:
    """Read the declared columns of a CSV or Parquet file, checked against their declared ranges.

    Raises ``DataError`` for the first row that does not fit, with file, row and column, and for more than ``MAX_ROWS``
    rows.  Other columns of the file are ignored.  Beside the words, memory holds a batch of rows and, while a column
    grows, that one a second time.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    batches = parquet_batches if path.suffix.lower() in _PARQUET else csv_batches
    growing = [_Growing(words_for(column.low, column.high)) for column in columns.values()]
    rows = 0
    for batch in batches(path, list(columns)):
        for column, words in zip(growing, _words(path, batch, columns), strict=True):
            column.append(words)
        rows += batch.rows
        if rows > MAX_ROWS:
            raise DataError(f"{path}: has more than {MAX_ROWS:,} rows")
    return DataTable(rows, {name: column.words for name, column in zip(columns, growing, strict=True)})


class _Growing:
    """Words in one array with room at its end, so that neither parts nor room take memory: pages come when written."""

    def __init__(self, count: int) -> None:
        self._room: Words = np.empty((count, 0), dtype=np.uint64)
        self._size = 0

    @property
    def words(self) -> Words:
        """What was appended."""
        return self._room[:, : self._size]

    def append(self, words: Words) -> None:
        """Append words of the same count."""
        count, more = words.shape
        if self._size + more > self._room.shape[1]:
            room: Words = np.empty((count, (self._size + more) * 5 // 4), dtype=np.uint64)
            room[:, : self._size] = self.words
            self._room = room
        self._room[:, self._size : self._size + more] = words
        self._size += more


def _words(path: Path, batch: Batch, columns: Mapping[str, Column]) -> list[Words]:
    """Return a batch's integers, column by column; ``DataError`` for the first row with one that does not fit."""
    found = [
        cells.plain(column.decimals).within(column.low, column.high)
        for cells, column in zip(batch.columns, columns.values(), strict=True)
    ]
    unknown = ~np.array([plain.known for plain in found])
    rest: list[dict[int, int]] = [{} for _ in found]
    for k in np.flatnonzero(unknown.any(axis=0)).tolist():
        for j, (name, column) in enumerate(columns.items()):
            if not unknown[j, k]:
                continue
            try:
                rest[j][k] = exact(batch.columns[j].text(k), batch.columns[j].digits, column)
            except Unfit as error:
                where = f"{path}: {batch.where(k)}, column {name!r}"
                raise DataError(f"{where}: {error.reason}", hint=error.hint) from None
    out = []
    for plain, others, column in zip(found, rest, columns.values(), strict=True):
        words = plain.words(words_for(column.low, column.high))
        if others:
            words[:, list(others)] = to_words(list(others.values()))[: len(words)]
        out.append(words)
    return out
