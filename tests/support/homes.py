# SPDX-License-Identifier: Apache-2.0
"""Programs of every kind on members' tables of all sizes, for what is computed at home and what is shared."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tallystick as ts
from tallystick.errors import ProgramError
from tallystick.plan import Plan
from tallystick.tracing import Members, Program, Secret, Table, trace

__all__ = ["BODIES", "ROWS", "Tables", "given", "joined", "plan_of", "schemas", "values"]

Tables = Members[Table]
Body = Callable[[Tables], object]

COLUMNS = {
    "x": ts.Column(-8, 7),
    "y": ts.Column(1, 9),
    "g": ts.Column(0, 2),
    "b": ts.Column(0, 1),
    "w": ts.Column(-(2**20), 2**20, 2),
    "id": ts.Column(0, 12),
    "c": ts.Column(5, 5),
}
"""Signed, positive, categories, booleans, decimals, identifiers, a constant: whole powers of two long, and not."""

ROWS = [(5,), (1,), (4, 3), (1, 6), (3, 0), (0, 0), (1, 1), (2, 5, 1), (3, 3, 3), (4, 1, 0, 2)]


def schemas(rows: Sequence[int]) -> list[ts.MemberSchema]:
    return [ts.MemberSchema(f"m{k}", n, COLUMNS) for k, n in enumerate(rows)]


def values(rows: Sequence[int], seed: int = 1) -> dict[str, dict[str, list[int]]]:
    """Return tables with ties and both ends of every interval; identifiers differ within a table."""
    draw = random.Random(seed)
    tables: dict[str, dict[str, list[int]]] = {}
    for k, n in enumerate(rows):
        tables[f"m{k}"] = {
            name: [draw.choice([c.low, c.high, draw.randint(c.low, c.high)]) for _ in range(n)]
            for name, c in COLUMNS.items()
        }
        tables[f"m{k}"]["id"] = draw.sample(range(13), n)
    return tables


def joined(tables: Tables, name: str) -> Secret:
    return ts.concat(t[name] for t in tables)


def shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [shown(v) for v in value]
    return ts.reveal(value, allow_input=True) if isinstance(value, Secret) else value


def of(*names: str) -> Callable[[Callable[..., object]], Body]:
    """Let a function have these columns of all members, one after the other."""

    def made(function: Callable[..., object]) -> Body:
        return lambda tables: function(*(joined(tables, name) for name in names))

    return made


def first_and_last(tables: Tables) -> list[Table]:
    parts = list(tables)
    return [parts[0], parts[-1]]


def told(tables: Tables) -> object:
    x, own = joined(tables, "x"), tables[tables.names[-1]]["y"]
    ts.tell((x * x).sum(), to=tables.names[0], name="squares")
    ts.tell(own * own, to=tables.names, name="own")
    ts.tell(own[:1], to=tables.names[-1:], name="first")
    return {"sum": x.sum()}


def on_both_sides(tables: Tables) -> object:
    """What one computes with another, and alone, of the same columns."""
    a, b = first_and_last(tables)
    n = min(a.rows, b.rows)
    x, y = a["x"][:n], b["y"][:n]
    return {"mixed": ((x * x) * (y * y)).sum(), "alone": (x * x * x).sum(), "sums": x.sum() * y.sum()}


BODIES: dict[str, Body] = {
    # ------------------------------------------------------------------ sums
    "columns": of("x")(lambda x: x),
    "sum": of("x")(lambda x: x.sum()),
    "mean": of("w")(lambda w: ts.mean(w)),
    "variance": of("x")(lambda x: ts.variance(x)),
    "deviation": of("w")(lambda w: ts.std(w, ddof=1, places=3)),
    "covariance": of("x", "y")(lambda x, y: ts.covariance(x, y)),
    "correlation": of("x", "y")(lambda x, y: ts.correlation(x, y, places=4)),
    "slope": of("x", "y")(lambda x, y: ts.slope(x, y)),
    "t statistic": of("x", "y")(lambda x, y: ts.t_statistic(x, y, places=4)),
    "regression": of("x", "y", "g")(lambda x, y, g: ts.ols([x, g], y).coefficients),
    "weighted mean": of("x", "y")(lambda x, y: ts.weighted_mean(x, y)),
    "histogram": of("x")(lambda x: ts.histogram(x, [-8, -2, 0, 5])),
    "groups": of("g", "x")(
        lambda g, x: [ts.group_by(g, [2, 0, 1]).count(), ts.group_by(g, [0, 2]).variance(x)]
    ),
    "weights": of("x")(lambda x: x @ np.arange(x.size)),
    "secret mean": of("x")(lambda x: ts.mean(x, decimals=2)),
    "secret variance": of("x")(lambda x: ts.variance(x, decimals=1)),
    # ------------------------------------------------------------------ row by row
    "comparison of columns": of("x", "y")(lambda x, y: (x < y).sum()),
    "comparison with numbers": of("x")(lambda x: x >= np.arange(x.size) - 2),
    "comparison with a number": of("w")(lambda w: (w > 3).sum()),
    "equality": of("g", "b")(lambda g, b: [(g == b).sum(), (g == 2).sum()]),
    "is in": of("x")(lambda x: ts.isin(x, [-8, 0, 3])),
    "choice": of("x", "y", "b")(lambda x, y, b: ts.where(b, x * x, y).sum()),
    "absolute and sign": of("x", "y")(lambda x, y: [abs(x - y).sum(), ts.sign(x)]),
    "clip": of("x")(lambda x: ts.clip(x, -2, 3)),
    "quotients": of("x", "y")(lambda x, y: [x // y, x % 3, ts.divide(x, y, decimals=2)]),
    "roots": of("y")(lambda y: ts.sqrt(y, places=1)),
    "powers": of("x")(lambda x: [(x * x * x).sum(), (-x * 3 + 1).sum(), 5 - x]),
    "constants of two shapes": of("x")(lambda x: (x.reshape(1, -1) * np.array([[1], [-2], [3]])).sum(axis=1)),
    "a column that is one number": of("c", "x")(lambda c, x: (c * x).sum() + (c == 5).sum()),
    # ------------------------------------------------------------------ places
    "every second": of("x")(lambda x: (x[::2] * x[::2]).sum()),
    "backwards": of("x")(lambda x: (x[::-1] * x).sum()),
    "a slice": of("x")(lambda x: [x[1:5] * 2, (x[1:5] * x[1:5]).sum()]),
    "differences": of("x")(lambda x: x[1:] - x[:-1]),
    "entries": of("x")(lambda x: x[[0, -1, 0]] * x[0]),
    "a revealed entry": of("x")(lambda x: x[:1]),
    "cumulated": of("x")(lambda x: np.tri(x.size, dtype=int) @ x),
    "stacked": of("x", "y")(lambda x, y: ts.stack([x, y, x * y]).sum(axis=1)),
    "across the rows of a matrix": of("x", "y")(
        lambda x, y: (ts.stack([x, y, x * y]).reshape(-1)[1:5] * 2).sum()
    ),
    "windows": of("x")(lambda x: ts.stack([x[k : k + x.size - 2] for k in range(3)]).sum(axis=0)),
    "rows of a matrix": of("x", "y")(lambda x, y: ts.stack([x, y])[1] * ts.stack([x, y])[0]),
    "side by side": of("x", "y")(lambda x, y: ts.concat([x.reshape(-1, 1), y.reshape(-1, 1)], axis=1)),
    "side by side, with squares": of("x", "y")(
        lambda x, y: ts.concat([x.reshape(-1, 1), (y * y).reshape(-1, 1)], axis=1).sum(axis=0)
    ),
    "products of matrices": of("x", "y")(
        lambda x, y: np.array([[1, 2], [0, -3]]) @ ts.stack([x, y]) @ np.arange(2 * x.size).reshape(x.size, 2)
    ),
    "outer products": of("x", "y")(lambda x, y: (x.reshape(-1, 1) * ts.stack([x, y, x]).T).sum(axis=0)),
    "transposed": of("x", "y")(lambda x, y: ts.stack([x, y]).T.reshape(-1)),
    "sums along both axes": of("x", "g")(
        lambda x, g: [
            (ts.stack([x, g]) * np.array([[2], [3]])).sum(axis=0),
            (ts.stack([x, g]) * np.arange(2 * x.size).reshape(2, -1)).sum(axis=1),
        ]
    ),
    "factors for rows": of("x")(lambda x: (x * (np.arange(x.size) % 3 - 1)).sum()),
    "constants beside": of("x")(lambda x: x + np.arange(x.size) * 7),
    # ------------------------------------------------------------------ together
    "sorted": of("x")(lambda x: ts.sort(x)),
    "median": of("x")(lambda x: ts.median(x)),
    "greatest": of("x")(lambda x: [ts.max(x), ts.argmax(x)]),
    "one beside another": lambda tables: sum(t["x"].sum() * (k + 1) for k, t in enumerate(tables)),
    "comparison of members": lambda tables: (
        first_and_last(tables)[0]["x"].sum() < first_and_last(tables)[1]["y"].sum()
    ),
    "comparison of members' rows": lambda tables: (
        (a := first_and_last(tables)[0]["x"][:2]) < first_and_last(tables)[1]["y"][: a.size]
    ),
    "sorted, each alone": lambda tables: [ts.sort(t["x"])[:1] for t in tables],
    "medians, each alone": lambda tables: [ts.median(t["x"]) for t in tables if t.rows],
    "greatest of greatest": lambda tables: ts.max(ts.stack([ts.max(t["x"]) for t in tables])),
    "variance of each": lambda tables: {t.name: ts.variance(t["x"]) for t in tables},
    "told": told,
    "both sides": on_both_sides,
    "size of a join": lambda tables: ts.join.intersection_size(*(t["id"] for t in tables)),
    "sum of a join": lambda tables: ts.join.intersection_sum(
        *(t["id"] for t in tables), values=first_and_last(tables)[1]["x"]
    ),
    "suppressed": of("g", "x")(
        lambda g, x: {
            "count": ts.suppress((x * (g == 1)).sum(), (g == 1).sum(), 3).count,
            "value": ts.suppress((x * (g == 1)).sum(), (g == 1).sum(), 3).value,
        }
    ),
}


def plan_of(name: str, rows: Sequence[int], version: int = 2) -> Plan | str:
    """Return the plan, or why there is none."""
    program = Program("p", lambda tables: {"out": shown(BODIES[name](tables))})
    try:
        return trace(program, schemas(rows), version=version)
    except ProgramError as error:
        return str(error)


def given(plan: Plan, rows: Sequence[int], seed: int = 1) -> dict[str, dict[str, list[int]]]:
    tables = values(rows, seed)
    return {
        m.name: {n.name: tables[m.name][n.name] for n in plan.inputs_of(k)}
        for k, m in enumerate(plan.members)
    }
