"""Tallystick: computations on data that nobody may see, whose results anybody can check.

A program is an ordinary function over secret arrays::

    import tallystick as ts

    @ts.program
    def wages(table: ts.Members[ts.Table]):
        wage = ts.concat(t["wage_cents"] for t in table)
        return {"count": wage.size, "mean": ts.mean(wage), "variance": ts.variance(wage)}
"""

from __future__ import annotations

from .lib import (
    Suppressed,
    abs,
    add_noise,
    all,
    any,
    clip,
    concat,
    count,
    covariance,
    divide,
    floor_divide,
    isin,
    join,
    max,
    maximum,
    mean,
    min,
    minimum,
    reciprocal,
    round_to,
    sign,
    slope,
    sqrt,
    stack,
    sum,
    suppress,
    variance,
    where,
)
from .plan import (
    Column,
    Members,
    MemberSchema,
    Opened,
    Program,
    Secret,
    Table,
    load_program,
    program,
    reveal,
    trace,
)

__all__ = [
    "Column",
    "MemberSchema",
    "Members",
    "Opened",
    "Program",
    "Secret",
    "Suppressed",
    "Table",
    "abs",
    "add_noise",
    "all",
    "any",
    "clip",
    "concat",
    "count",
    "covariance",
    "divide",
    "floor_divide",
    "isin",
    "join",
    "load_program",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "program",
    "reciprocal",
    "reveal",
    "round_to",
    "sign",
    "slope",
    "sqrt",
    "stack",
    "sum",
    "suppress",
    "trace",
    "variance",
    "where",
]
