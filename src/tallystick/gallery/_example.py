# SPDX-License-Identifier: Apache-2.0
"""What a gallery program comes with: bundled data, its public schema, and the same figures computed in plain."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from ..errors import DataError, UsageError
from ..plan import Column, MemberSchema, Plan, ResultValue
from ..tracing import Program, trace

__all__ = ["Example", "Plain", "Tables"]

Tables = Mapping[str, Mapping[str, Sequence[int]]]
"""Each member's columns: integers over 10^decimals."""

Plain = Mapping[str, Fraction | Sequence[Fraction | None] | None]
"""Results by the plan's names; a sequence for an array, and None where undefined."""


@dataclass(frozen=True, slots=True)
class Example:
    """A complete program on bundled data.

    The data folder ``folder`` has one file ``<member>.csv`` for each owner; ``columns`` are those the program may use,
    with their public ranges; ``revealed`` says in a paragraph what anyone learns; ``plain`` computes the same results
    from all tables in the open, with the standard library, under the plan's names.  A result to which the computation
    adds noise, or that it approximates, may differ from ``plain`` by at most its entry in ``bounds``; all others are
    equal.
    """

    program: Program
    title: str
    revealed: str
    folder: str
    columns: Mapping[str, Column]
    plain: Callable[[Tables], Plain]
    bounds: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    @property
    def members(self) -> tuple[str, ...]:
        """The owners, in alphabetical order."""
        return tuple(sorted(file.name.removesuffix(".csv") for file in self._data.iterdir()))

    @property
    def _data(self) -> Traversable:
        return resources.files(__package__) / "data" / self.folder

    @property
    def source(self) -> Path:
        """The file that defines the program."""
        return Path(self.program.function.__code__.co_filename)

    def chosen(self, count: int | None = None) -> tuple[str, ...]:
        """Return the first ``count`` members, all by default."""
        if count is not None and not 2 <= count <= len(self.members):
            raise UsageError(
                f"{self.name} has data of {len(self.members)} members; choose 2 to {len(self.members)}"
            )
        return self.members[:count]

    def csv(self, member: str) -> bytes:
        """Return a member's file as it lies in the package."""
        if member not in self.members:
            raise UsageError(
                f"{self.name} has no member {member!r}", hint=f"its members: {', '.join(self.members)}"
            )
        return (self._data / f"{member}.csv").read_bytes()

    def table(self, member: str) -> dict[str, list[int]]:
        """Return a member's columns as scaled integers."""
        reader = csv.DictReader(io.StringIO(self.csv(member).decode("utf-8")))
        rows = list(reader)
        return {
            name: [
                _scaled(row[name], column.decimals, f"{member}.csv, row {k}, {name}")
                for k, row in enumerate(rows)
            ]
            for name, column in self.columns.items()
        }

    def tables(self, count: int | None = None) -> dict[str, dict[str, list[int]]]:
        """Return the columns of the first ``count`` members."""
        return {member: self.table(member) for member in self.chosen(count)}

    def schema(self, count: int | None = None) -> list[MemberSchema]:
        """Return the public schema of the first ``count`` members, for ``trace``."""
        tables = self.tables(count)
        return [
            MemberSchema(member, len(next(iter(columns.values()))), self.columns)
            for member, columns in tables.items()
        ]

    def plan(self, count: int | None = None) -> Plan:
        """Trace the program for the first ``count`` members."""
        return trace(self.program, self.schema(count))

    def in_the_open(
        self, results: Sequence[ResultValue], count: int | None = None
    ) -> list[tuple[ResultValue, bool]]:
        """Return, for every result, what ``plain`` has for it, and whether the two agree."""
        plain = self.plain(self.tables(count))
        found = []
        for result in results:
            value = plain[result.name]
            values = tuple(value) if isinstance(value, Sequence) else (value,)
            expected = ResultValue(result.name, result.shape, values, result.places)
            found.append((expected, _agree(values, result.values, self.bounds.get(result.name))))
        return found


def _agree(
    plain: Sequence[Fraction | None], joint: Sequence[Fraction | None], bound: Fraction | None
) -> bool:
    if bound is None:
        return list(plain) == list(joint)
    return len(plain) == len(joint) and all(
        a is not None and b is not None and abs(a - b) <= bound for a, b in zip(plain, joint, strict=True)
    )


def _scaled(text: str, decimals: int, where: str) -> int:
    try:
        number = Fraction(text) * 10**decimals
    except ValueError:
        raise DataError(f"{where}: {text[:40]!r} is not a number") from None
    if number.denominator != 1:
        raise DataError(f"{where}: {text[:40]!r} has more than {decimals} decimals")
    return int(number)
