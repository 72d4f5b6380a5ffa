# SPDX-License-Identifier: Apache-2.0
"""What is public about the members' tables before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UsageError
from ..limits import MAX_INPUT_BITS, MAX_NAME
from ._fields import MAX_LENGTH
from ._ops import MAX_DECIMALS

__all__ = ["Column", "MemberSchema"]


@dataclass(frozen=True, slots=True)
class Column:
    """What is public about a column: its integers lie in [low, high], and stand for integer / 10^decimals."""

    low: int
    high: int
    decimals: int = 0

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise UsageError(f"a column's low {self.low} is above its high {self.high}")
        if (self.high - self.low).bit_length() > MAX_INPUT_BITS:
            raise UsageError(f"a column's range may span {MAX_INPUT_BITS} bits at most")
        if not 0 <= self.decimals <= MAX_DECIMALS:
            raise UsageError(f"a column has between 0 and {MAX_DECIMALS} decimals, not {self.decimals}")


@dataclass(frozen=True, slots=True)
class MemberSchema:
    """What is public about a member's table: its owner's name, the number of rows, the columns."""

    name: str
    rows: int
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= MAX_NAME:
            raise UsageError(f"a member's name has between 1 and {MAX_NAME} characters")
        if not 0 <= self.rows <= MAX_LENGTH:
            raise UsageError(f"{self.name}: between 0 and {MAX_LENGTH} rows are possible, not {self.rows}")
        for column in self.columns:
            if not 1 <= len(column) <= MAX_NAME:
                raise UsageError(f"{self.name}: a column's name has between 1 and {MAX_NAME} characters")
