# SPDX-License-Identifier: Apache-2.0
"""Tracing: a program over secret arrays becomes a plan.

``trace`` runs a ``Program`` once on ``Secret`` arrays, which know shapes, intervals and scales and no values.  The
library of ``ts.*`` functions is built on this room.
"""

from __future__ import annotations

from ._builder import Builder, fail
from ._describe import joined
from ._nearest import INSTEAD
from ._opened import Opened, announce, public_constant, reveal
from ._points import (
    Tags,
    columns_of,
    common,
    matching,
    matching_count,
    open_points,
    rowwise,
    shuffled,
)
from ._program import (
    Members,
    Program,
    Table,
    Traceable,
    load_program,
    program,
    schema_of,
    trace,
)
from ._secret import (
    OPERATORS,
    Array,
    Operand,
    Secret,
    assert_zero,
    broadcast_shape,
    coins,
    concat,
    constant,
    hint,
    input_bits,
    public_array,
    stack,
)
from ._source import ProgramFile
from ._tell import tell

__all__ = [
    "INSTEAD",
    "OPERATORS",
    "Array",
    "Builder",
    "Members",
    "Opened",
    "Operand",
    "Program",
    "ProgramFile",
    "Secret",
    "Table",
    "Tags",
    "Traceable",
    "announce",
    "assert_zero",
    "broadcast_shape",
    "coins",
    "columns_of",
    "common",
    "concat",
    "constant",
    "fail",
    "hint",
    "input_bits",
    "joined",
    "load_program",
    "matching",
    "matching_count",
    "open_points",
    "program",
    "public_array",
    "public_constant",
    "reveal",
    "rowwise",
    "schema_of",
    "shuffled",
    "stack",
    "tell",
    "trace",
]
