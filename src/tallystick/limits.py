# SPDX-License-Identifier: Apache-2.0
"""Bounds that more than one room keeps to, each with the reason for its size; others stand where they are used."""

from __future__ import annotations

from typing import Final

__all__ = [
    "MAX_COLUMN_DECIMALS",
    "MAX_INPUT_BITS",
    "MAX_MEMBERS",
    "MAX_NAME",
    "MAX_ROWS",
    "STATISTICAL_BITS",
]

MAX_MEMBERS: Final = 64
"""Members of a consortium, a run and a plan: more than anyone runs under full-threshold sharing."""

MAX_ROWS: Final = 1 << 24
"""Rows of a member's table: as many as one node of a plan has elements."""

MAX_NAME: Final = 100
"""Characters of the name of a program, a column or a result."""

MAX_COLUMN_DECIMALS: Final = 18
"""Decimals of a column; results, which are products of entries, may have more."""

MAX_INPUT_BITS: Final = 250
"""Bit length of high - low of an input, so that products of range proofs do not wrap (``spec/ranges.md``)."""

STATISTICAL_BITS: Final = 80
"""An opened value that is masked statistically is this many bits shorter than its mask."""
