# SPDX-License-Identifier: Apache-2.0
"""Every function of the library once, on three members' small tables, beside a reference that shares no code with it.

To enter a function, add a ``FunctionCase`` to ``CASES``: its name as in ``ts.<name>`` (operators by their
symbol), what to compute on secrets, and the same from the definition.  ``tests/lib/test_registry.py`` fails while
a function is missing; it runs each case under simulation and tries wrong advice at every hint;
``tests/session/test_every_function.py`` runs all of them between three members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor, isqrt
from statistics import median
from typing import Any, TypeAlias

import numpy as np
from scipy import stats

import tallystick as ts
from support.joint_run import Case
from tallystick.plan import Plan
from tallystick.tracing import OPERATORS, Members, Program, Table, trace

__all__ = [
    "CASES",
    "COLUMNS",
    "TABLES",
    "Between",
    "Data",
    "FunctionCase",
    "Near",
    "Tables",
    "expected",
    "functions",
    "program_of",
    "reference",
    "schemas",
    "traced",
    "values_of",
]

TABLES: dict[str, dict[str, list[int]]] = {
    "north": {
        "x": [-8, 3, 0],
        "y": [1, 9, 4],
        "g": [0, 1, 2],
        "b": [1, 0, 1],
        "id": [5, 7, 2],
        "key": [5, 7, 2],
    },
    "south": {"x": [7, 3], "y": [2, 2], "g": [1, 1], "b": [0, 1], "id": [7, 1], "key": [7, 1]},
    "west": {"x": [-1, -8], "y": [9, 5], "g": [0, 2], "b": [1, 1], "id": [2, 5], "key": [2, 5]},
}
"""Signed values, positive ones, categories, booleans, identifiers; with ties, and both ends of x's interval.

``id`` is joined by all members and ``key`` by two, with values of its rows in ``u``: a column is in one join only.
"""
for _rows in TABLES.values():
    _rows["u"] = list(_rows["x"])

COLUMNS = {
    "x": ts.Column(-8, 7),
    "y": ts.Column(1, 9),
    "g": ts.Column(0, 2),
    "b": ts.Column(0, 1),
    "id": ts.Column(0, 7),
    "key": ts.Column(0, 7),
    "u": ts.Column(-8, 7),
}


AROUND = {"load_program", "program", "reveal", "simulate", "tell", "trace"}
"""What ``ts`` offers to make programs, run them and open their results: these compute nothing on secrets."""


class Data:
    """All members' columns joined, and their tables: of secrets, or of numpy arrays of integers."""

    def __init__(self, tables: Members[Table] | Mapping[str, Mapping[str, Any]], joined: Callable[..., Any]):
        self.tables: Any = tables
        parts = list(tables) if isinstance(tables, Members) else list(tables.values())
        for name in COLUMNS:
            setattr(self, name, joined([part[name] for part in parts]))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@dataclass(frozen=True, slots=True)
class Between:
    """What a random result must lie in."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Near:
    """A reference in double precision, and how far from it a result may be."""

    values: Any
    error: Fraction | float


@dataclass(frozen=True, slots=True)
class FunctionCase:
    """A function on secrets, and what it must give: an array, a dict or a list of arrays, ``Between`` or ``Near``.

    ``None`` in a reference stands for an undefined entry.
    """

    name: str
    secret: Callable[[Data], object]
    plain: Callable[[Data], Any]


def half_up(value: Fraction, decimals: int = 0) -> Fraction:
    """Return the nearest multiple of 10^-decimals, halves up."""
    return Fraction(floor(value * 10**decimals + Fraction(1, 2)), 10**decimals)


def fraction(value: object, below: object = 1) -> Fraction:
    """Return an exact quotient of integers of numpy or of Python."""
    return Fraction(int(value), int(below))  # type: ignore[call-overload]


def _variance(x: Any, ddof: int = 0) -> Fraction:
    mean = fraction(x.sum(), len(x))
    return sum(((fraction(v) - mean) ** 2 for v in x), Fraction(0)) / (len(x) - ddof)


def _covariance(x: Any, y: Any, ddof: int = 0) -> Fraction:
    of_x, of_y = fraction(x.sum(), len(x)), fraction(y.sum(), len(y))
    pairs = zip(x, y, strict=True)
    return sum(((fraction(v) - of_x) * (fraction(w) - of_y) for v, w in pairs), Fraction(0)) / (len(x) - ddof)


def _ids(d: Data) -> list[Any]:
    return [t["id"] for t in (d.tables if isinstance(d.tables, Members) else d.tables.values())]


def _common(d: Data, column: str, *names: str) -> set[int]:
    return set.intersection(*({int(v) for v in d.tables[name][column]} for name in names))


def _matching(d: Data, column: str) -> list[int]:
    """Return the entries of south's column in rows whose identifier north has."""
    common = _common(d, "key", "north", "south")
    south = d.tables["south"]
    return [int(v) for i, v in zip(south["key"], south[column], strict=True) if int(i) in common]


def _two(d: Data) -> tuple[Any, Any]:
    return d.tables["north"]["key"], d.tables["south"]["key"]


def _suppressed(d: Data) -> dict[str, object]:
    count = ts.stack([(d.g == v).sum() for v in range(3)])
    total = ts.stack([((d.g == v) * d.x).sum() for v in range(3)])
    s = ts.suppress(total, count, 3)
    return {"value": s.value, "count": s.count, "shown": s.shown}


def _plainly_suppressed(d: Data) -> dict[str, object]:
    count = np.array([(d.g == v).sum() for v in range(3)])
    total = np.array([d.x[d.g == v].sum() for v in range(3)])
    shown = count >= 3
    return {"value": total * shown, "count": count * shown, "shown": shown.astype(int)}


def _correlation(d: Data) -> float:
    return float(np.corrcoef(d.x.astype(float), d.y.astype(float))[0, 1])


def _spearman(d: Data) -> float:
    return float(stats.spearmanr(d.x.astype(int), d.y.astype(int)).statistic)


def _grouped(d: Data) -> dict[str, object]:
    groups = ts.group_by(d.g, [1, 0, 3])
    return {
        "count": groups.count(),
        "sum": groups.sum(d.x),
        "mean": groups.mean(d.x),
        "variance": groups.variance(d.x, ddof=1),
    }


def _plainly_grouped(d: Data) -> dict[str, object]:
    ones, zeros = d.x[d.g == 1], d.x[d.g == 0]
    return {
        "count": [len(ones), len(zeros), 0],
        "sum": [ones.sum(), zeros.sum(), 0],
        "mean": [fraction(ones.sum(), len(ones)), fraction(zeros.sum(), len(zeros)), None],
        "variance": [_variance(ones, 1), _variance(zeros, 1), None],
    }


def _fitted(fit: ts.Regression) -> dict[str, object]:
    return {"coefficients": fit.coefficients, "r_squared": fit.r_squared}


def _plainly_fitted(d: Data) -> dict[str, object]:
    design = np.column_stack([np.ones(len(d.x)), d.y, d.g]).astype(float)
    y = d.x.astype(float)
    found, (residual,), *_ = np.linalg.lstsq(design, y, rcond=None)
    deviations = y - y.mean()
    return {
        "coefficients": Near(found, 1e-9),
        "r_squared": Near(1 - residual / (deviations @ deviations), 1e-9),
    }


def _fitted_odds(d: Data) -> dict[str, object]:
    model = ts.logistic_regression([d.y], d.x >= 0, iterations=3, decimals=2, limit=8)
    return {
        "coefficients": model.coefficients,
        "at 4": model.reveal(model.secret_coefficients[0] + 4 * model.secret_coefficients[1]),
        "converged": model.converged,
    }


def _plain_odds(d: Data) -> dict[str, object]:
    """Newton's method in doubles until it stands still, for the log-odds of x ≥ 0 given y."""
    design, fit = np.column_stack([np.ones(len(d.y)), d.y]).astype(float), np.zeros(2)
    for _ in range(20):
        p = 1 / (1 + np.exp(-design @ fit))
        fit += np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), design.T @ ((d.x >= 0) - p))
    return {"coefficients": Near(fit, 0.007), "at 4": Near(fit @ [1, 4], 0.03), "converged": 1}


CASES: tuple[FunctionCase, ...] = (
    # ------------------------------------------------------------------ operators
    FunctionCase("<", lambda d: d.x < d.y, lambda d: d.x < d.y),
    FunctionCase("<", lambda d: d.x < -1, lambda d: d.x < -1),
    FunctionCase("<=", lambda d: d.x * 2 <= d.y, lambda d: d.x * 2 <= d.y),
    FunctionCase(">", lambda d: 5 - d.x > d.y, lambda d: 5 - d.x > d.y),
    FunctionCase(">=", lambda d: d.x >= d.y - 4, lambda d: d.x >= d.y - 4),
    FunctionCase("==", lambda d: d.x + 6 == d.y, lambda d: d.x + 6 == d.y),
    FunctionCase("==", lambda d: d.y == 9, lambda d: d.y == 9),
    FunctionCase("!=", lambda d: d.x != d.y, lambda d: d.x != d.y),
    FunctionCase("&", lambda d: d.b & (d.x < 0), lambda d: (d.b == 1) & (d.x < 0)),
    FunctionCase("|", lambda d: d.b | (d.x < 0), lambda d: (d.b == 1) | (d.x < 0)),
    FunctionCase("^", lambda d: d.b ^ (d.x < 0), lambda d: (d.b == 1) ^ (d.x < 0)),
    FunctionCase("~", lambda d: ~d.b & (d.g == 1), lambda d: (d.b == 0) & (d.g == 1)),
    FunctionCase("abs", lambda d: abs(d.x), lambda d: np.abs(d.x)),
    FunctionCase("//", lambda d: d.x[:3] // d.y[:3], lambda d: d.x[:3] // d.y[:3]),
    FunctionCase("//", lambda d: d.x // -3, lambda d: d.x // -3),
    FunctionCase("%", lambda d: d.x[:3] % d.y[:3], lambda d: d.x[:3] % d.y[:3]),
    FunctionCase("%", lambda d: d.x % 8, lambda d: d.x % 8),
    FunctionCase(
        "rescale",
        lambda d: (d.x[:3] * Decimal("0.25")).rescale(1, rounding="half up"),
        lambda d: [half_up(fraction(v, 4), 1) for v in d.x[:3]],
    ),
    # ------------------------------------------------------------------ choice
    FunctionCase("where", lambda d: ts.where(d.b, d.x, d.y), lambda d: np.where(d.b == 1, d.x, d.y)),
    FunctionCase("minimum", lambda d: ts.minimum(d.x, d.y - 5), lambda d: np.minimum(d.x, d.y - 5)),
    FunctionCase("maximum", lambda d: ts.maximum(d.x, 2), lambda d: np.maximum(d.x, 2)),
    FunctionCase("min", lambda d: ts.min(d.x), lambda d: d.x.min()),
    FunctionCase("max", lambda d: ts.max(d.x), lambda d: d.x.max()),
    FunctionCase("abs", lambda d: ts.abs(d.x - d.y), lambda d: np.abs(d.x - d.y)),
    FunctionCase("sign", lambda d: ts.sign(d.x), lambda d: np.sign(d.x)),
    FunctionCase("clip", lambda d: ts.clip(d.x, -3, 5), lambda d: np.clip(d.x, -3, 5)),
    FunctionCase("isin", lambda d: ts.isin(d.x, [-8, 2, 3, 7]), lambda d: np.isin(d.x, [-8, 2, 3, 7])),
    FunctionCase("any", lambda d: ts.any(d.b & (d.x == 7)), lambda d: ((d.b == 1) & (d.x == 7)).any()),
    FunctionCase("all", lambda d: ts.all(d.x < d.y + 9), lambda d: (d.x < d.y + 9).all()),
    FunctionCase(
        "concat",
        lambda d: ts.concat([d.x[:2] + d.y[:2], d.y]),
        lambda d: np.concatenate([d.x[:2] + d.y[:2], d.y]),
    ),
    FunctionCase(
        "stack", lambda d: ts.stack([d.x, d.y]).sum(axis=0), lambda d: np.stack([d.x, d.y]).sum(axis=0)
    ),
    # ------------------------------------------------------------------ numbers
    FunctionCase(
        "divide",
        lambda d: ts.divide(d.x[:3], d.y[:3], decimals=1),
        lambda d: [half_up(fraction(a, b), 1) for a, b in zip(d.x[:3], d.y[:3], strict=True)],
    ),
    FunctionCase(
        "divide",
        lambda d: ts.divide(d.x[:3], d.y[:3] - 1, decimals=0, rounding="floor", otherwise=-9),
        lambda d: [-9 if b == 1 else int(a) // (int(b) - 1) for a, b in zip(d.x[:3], d.y[:3], strict=True)],
    ),
    FunctionCase("floor_divide", lambda d: ts.floor_divide(d.x, 7), lambda d: d.x // 7),
    FunctionCase(
        "reciprocal",
        lambda d: ts.reciprocal(d.y[:3], decimals=2),
        lambda d: [half_up(fraction(1, v), 2) for v in d.y[:3]],
    ),
    FunctionCase(
        "sqrt",
        lambda d: ts.sqrt(d.y[:3], places=1),
        lambda d: [Fraction(isqrt(400 * int(v)) + 1 >> 1, 10) for v in d.y[:3]],
    ),
    FunctionCase(
        "sqrt", lambda d: ts.sqrt(d.y[:3], places=0, rounding="floor"), lambda d: [isqrt(v) for v in d.y[:3]]
    ),
    # ------------------------------------------------------------------ order
    FunctionCase("sort", lambda d: ts.sort(d.x), lambda d: np.sort(d.x)),
    FunctionCase("argsort", lambda d: ts.argsort(d.x[2:]), lambda d: np.argsort(d.x[2:], kind="stable")),
    FunctionCase(
        "rank", lambda d: ts.rank(d.x[2:]), lambda d: stats.rankdata(d.x[2:].astype(int), method="ordinal")
    ),
    FunctionCase(
        "rank",
        lambda d: ts.rank(d.x[2:], method="min"),
        lambda d: stats.rankdata(d.x[2:].astype(int), method="min"),
    ),
    FunctionCase(
        "rank",
        lambda d: ts.rank(d.x, method="average"),
        lambda d: [Fraction(float(v)) for v in stats.rankdata(d.x.astype(int))],
    ),
    FunctionCase("top_k", lambda d: ts.top_k(d.x, 3), lambda d: np.sort(d.x)[::-1][:3]),
    FunctionCase("median", lambda d: ts.median(d.x), lambda d: median(d.x)),
    FunctionCase("median", lambda d: ts.median(d.x[:4]), lambda d: median(Fraction(int(v)) for v in d.x[:4])),
    FunctionCase(
        "quantile",
        lambda d: ts.quantile(d.x, Fraction(1, 4), method="higher"),
        lambda d: np.quantile(d.x.astype(int), 0.25, method="higher"),
    ),
    FunctionCase(
        "percentile",
        lambda d: ts.percentile(d.x[:5], [40, 75]),
        lambda d: [Near(np.percentile(d.x[:5].astype(int), q), 1e-12) for q in (40, 75)],
    ),
    FunctionCase("argmax", lambda d: ts.argmax(d.x), lambda d: d.x.argmax()),
    FunctionCase("argmin", lambda d: ts.argmin(d.x), lambda d: d.x.argmin()),
    FunctionCase("cumsum", lambda d: ts.cumsum(d.x * d.y), lambda d: np.cumsum(d.x * d.y)),
    # ------------------------------------------------------------------ statistics
    FunctionCase("count", lambda d: ts.count(d.x), lambda d: len(d.x)),
    FunctionCase("sum", lambda d: ts.sum(d.x * d.y), lambda d: (d.x * d.y).sum()),
    FunctionCase("mean", lambda d: ts.mean(d.x), lambda d: fraction(d.x.sum(), len(d.x))),
    FunctionCase("variance", lambda d: ts.variance(d.x, ddof=1), lambda d: _variance(d.x, 1)),
    FunctionCase("covariance", lambda d: ts.covariance(d.x, d.y), lambda d: _covariance(d.x, d.y)),
    FunctionCase("slope", lambda d: ts.slope(d.y, d.x), lambda d: _covariance(d.y, d.x) / _variance(d.y)),
    FunctionCase(
        "mean", lambda d: ts.mean(d.x, decimals=1), lambda d: half_up(fraction(d.x.sum(), len(d.x)), 1)
    ),
    FunctionCase(
        "variance", lambda d: ts.variance(d.x[:4], decimals=1), lambda d: half_up(_variance(d.x[:4]), 1)
    ),
    FunctionCase(
        "covariance",
        lambda d: ts.covariance(d.x[:4], d.y[:4], ddof=1, decimals=0),
        lambda d: half_up(_covariance(d.x[:4], d.y[:4], 1)),
    ),
    FunctionCase(
        "std", lambda d: ts.std(d.x, ddof=1, places=9), lambda d: Near(d.x.astype(float).std(ddof=1), 1e-9)
    ),
    FunctionCase(
        "std", lambda d: ts.std(d.x[:3], decimals=1), lambda d: Near(d.x[:3].astype(float).std(), 0.05000001)
    ),
    FunctionCase(
        "correlation", lambda d: ts.correlation(d.x, d.y, places=9), lambda d: Near(_correlation(d), 1e-9)
    ),
    FunctionCase(
        "correlation",
        lambda d: ts.correlation(d.x, d.y, decimals=1, otherwise=0),
        lambda d: Near(_correlation(d), 0.06),
    ),
    FunctionCase("spearman", lambda d: ts.spearman(d.x, d.y, places=9), lambda d: Near(_spearman(d), 1e-9)),
    FunctionCase(
        "spearman",
        lambda d: ts.spearman(d.x[:4], d.g[:4], decimals=1, otherwise=0),
        lambda d: Near(stats.spearmanr(d.x[:4].astype(int), d.g[:4].astype(int)).statistic, 0.06),
    ),
    FunctionCase(
        "weighted_mean",
        lambda d: ts.weighted_mean(d.x, d.y),
        lambda d: fraction((d.x * d.y).sum(), d.y.sum()),
    ),
    FunctionCase(
        "weighted_mean",
        lambda d: ts.weighted_mean(d.x, d.b, decimals=1, otherwise=0),
        lambda d: half_up(fraction((d.x * d.b).sum(), d.b.sum()), 1),
    ),
    FunctionCase(
        "t_statistic",
        lambda d: ts.t_statistic(d.x, d.y, equal_var=False, places=9),
        lambda d: Near(
            stats.ttest_ind(d.x.astype(float), d.y.astype(float), equal_var=False).statistic, 1e-8
        ),
    ),
    FunctionCase(
        "histogram",
        lambda d: ts.histogram(d.x, [-8, 0, 3, 7]),
        lambda d: np.histogram(d.x.astype(int), [-8, 0, 3, 7])[0],
    ),
    FunctionCase("group_by", _grouped, _plainly_grouped),
    FunctionCase(
        "group_by",
        lambda d: ts.group_by([d.g, d.x < 0], [(1, 0), (2, 1)]).mean(d.y, decimals=1, otherwise=-1),
        lambda d: [
            half_up(fraction(d.y[rows].sum(), rows.sum()), 1)
            for rows in ((d.g == 1) & (d.x >= 0), (d.g == 2) & (d.x < 0))
        ],
    ),
    FunctionCase(
        "zscores",
        lambda d: ts.zscores(d.x[:3], decimals=0),
        lambda d: Near(stats.zscore(d.x[:3].astype(float)), 0.55),
    ),
    FunctionCase(
        "outliers",
        lambda d: ts.outliers(d.x, 1),
        lambda d: np.abs(stats.zscore(d.x.astype(float))) > 1,
    ),
    FunctionCase(
        "second_price",
        lambda d: {"who": (sale := ts.second_price(d.y)).winner, "price": sale.price, "wins": sale.wins},
        lambda d: {
            "who": d.y.argmax(),
            "price": np.sort(d.y)[-2],
            "wins": np.arange(len(d.y)) == d.y.argmax(),
        },
    ),
    FunctionCase("count_above", lambda d: ts.count_above(d.x, 2), lambda d: (d.x > 2).sum()),
    FunctionCase(
        "count_above",
        lambda d: ts.count_above(d.x, d.y[3], inclusive=True),
        lambda d: (d.x >= d.y[3]).sum(),
    ),
    FunctionCase(
        "score",
        lambda d: ts.score([d.b, d.x > 0, d.y], 5, points=[2, 3, 1]).flagged,
        lambda d: 2 * d.b + 3 * (d.x > 0) + d.y >= 5,
    ),
    FunctionCase("ols", lambda d: _fitted(ts.ols([d.y, d.g], d.x)), _plainly_fitted),
    FunctionCase("logistic_regression", _fitted_odds, _plain_odds),
    # ------------------------------------------------------------------ disclosure
    FunctionCase("suppress", _suppressed, _plainly_suppressed),
    FunctionCase(
        "round_to", lambda d: ts.round_to(d.x, 5), lambda d: [5 * half_up(fraction(v, 5)) for v in d.x]
    ),
    FunctionCase(
        "add_noise",
        lambda d: ts.add_noise(d.b.sum(), epsilon=8, delta_bits=4),
        lambda d: Between(int(d.b.sum()) - 12, int(d.b.sum()) + 12),
    ),
    # ------------------------------------------------------------------ joins
    FunctionCase(
        "join.intersection_size",
        lambda d: ts.join.intersection_size(*_ids(d)),
        lambda d: len(_common(d, "id", "north", "south", "west")),
    ),
    FunctionCase(
        "join.matching_rows",
        lambda d: ts.join.matching_rows(*_two(d), of=d.tables["south"]["key"]),
        lambda d: len(_matching(d, "key")),
    ),
    FunctionCase(
        "join.matching_values",
        lambda d: ts.join.matching_values(*_two(d), values=d.tables["south"]["u"]).sum(),
        lambda d: sum(_matching(d, "u")),
    ),
    FunctionCase(
        "join.intersection_sum",
        lambda d: ts.join.intersection_sum(*_two(d), values=d.tables["south"]["u"], minimum=2),
        lambda d: sum(_matching(d, "u")) if len(_matching(d, "u")) >= 2 else None,
    ),
    FunctionCase(
        "join.intersection_mean",
        lambda d: ts.join.intersection_mean(*_two(d), values=d.tables["south"]["u"]),
        lambda d: fraction(sum(_matching(d, "u")), len(_matching(d, "u"))),
    ),
)


def functions() -> set[str]:
    """Return the names of everything that a program can call: functions, joins, operators."""
    offered = {name: getattr(ts, name) for name in ts.__all__ if name not in AROUND}
    plain = {name for name, value in offered.items() if callable(value) and not isinstance(value, type)}
    return plain | {f"join.{name}" for name in ts.join.__all__} | set(OPERATORS)


# ---------------------------------------------------------------------------------------- running cases


Tables: TypeAlias = Mapping[str, Mapping[str, Sequence[int]]]


def schemas(tables: Tables = TABLES) -> list[ts.MemberSchema]:
    """Return what is public about the tables."""
    return [ts.MemberSchema(m, len(t["x"]), COLUMNS) for m, t in tables.items()]


def program_of(cases: Sequence[FunctionCase]) -> Program:
    """Return the program that opens what all the cases compute, each under its number."""

    def every_function(tables: Members[Table]) -> object:
        data = Data(tables, ts.concat)
        return {str(k): _revealed(case.secret(data)) for k, case in enumerate(cases)}

    return Program("every_function", every_function)


def traced(*cases: FunctionCase, tables: Tables = TABLES) -> Case:
    """Return the plan of some cases, with the tables."""
    return Case(trace(program_of(cases), schemas(tables)), tables)


def values_of(plan: Plan, tables: Tables = TABLES) -> dict[str, dict[str, Sequence[int]]]:
    """Return the columns that a plan reads."""
    return {
        m.name: {n.name: tables[m.name][n.name] for n in plan.inputs_of(k)}
        for k, m in enumerate(plan.members)
    }


def reference(case: FunctionCase, tables: Tables = TABLES) -> Any:
    """Return what the case must give on these tables."""
    arrays = {m: {c: np.array(v, dtype=object) for c, v in t.items()} for m, t in tables.items()}
    return case.plain(Data(arrays, np.concatenate))


def expected(case: FunctionCase, number: int, results: Sequence[Any], tables: Tables = TABLES) -> None:
    """Assert that the results whose names begin with this number are those of the case's reference."""
    wanted: dict[str, Any] = {}
    _flatten(reference(case, tables), str(number), wanted)
    found = {r.name: list(r.values) for r in results if r.name.partition(".")[0] == str(number)}
    if set(found) == {str(number)} and set(wanted) != set(found):
        wanted = {str(number): [v for values in wanted.values() for v in values]}
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        assert len(found[name]) == len(values), name
        for got, want in zip(found[name], values, strict=True):
            assert _agrees(got, want), f"{case.name} ({name}): {found[name]} is not {values}"


def _agrees(got: Fraction | None, want: Any) -> bool:
    match want:
        case None:
            return got is None
        case Between(low, high):
            return got is not None and low <= got <= high
        case Near(value, error):
            return got is not None and abs(float(got) - float(value)) <= error
        case Fraction():
            return got == want
        case _:
            return got == int(want)


def _flatten(value: Any, name: str, into: dict[str, Any]) -> None:
    if isinstance(value, Mapping):
        for key, child in value.items():
            _flatten(child, f"{name}.{key}", into)
    elif isinstance(value, Near):
        into[name] = [Near(v, value.error) for v in np.asarray(value.values).reshape(-1)]
    elif isinstance(value, Between):
        into[name] = [value]
    else:
        into[name] = list(np.asarray(value, dtype=object).reshape(-1))


def _revealed(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _revealed(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_revealed(v) for v in value]
    return ts.reveal(value, allow_input=True) if isinstance(value, ts.Secret) else value
