# SPDX-License-Identifier: Apache-2.0
"""Each gadget at tiny size, searched through: whatever the advice, no witness gives another result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

import tallystick as ts
from support.advice import every_result
from support.joint_run import Case
from support.library import library_case
from tallystick.plan import Hint, simulate
from tallystick.tracing import Secret, assert_zero, hint

Columns = Sequence[Sequence[int]]
Function = Callable[..., Any]


def every(low: int, high: int, *, rows: int = 1, columns: int = 1) -> list[Columns]:
    """Return all columns with so many entries from low to high."""
    one = [list(v) for v in product(range(low, high + 1), repeat=rows)]
    return [list(c) for c in product(one, repeat=columns)]


# A function, the interval of the columns, and the columns to try.
GADGETS: dict[str, tuple[Function, tuple[int, int], list[Columns]]] = {
    "less": (lambda x, y: x < y, (-2, 1), every(-2, 1, columns=2)),
    "at most": (lambda x, y: x <= y, (-2, 1), every(-2, 1, columns=2)),
    "greater": (lambda x, y: x > 2 * y, (-2, 1), every(-2, 1, columns=2)),
    "at least": (lambda x, y: x + y >= 1, (-2, 1), every(-2, 1, columns=2)),
    "at least different numbers": (lambda x, y: x >= np.array([2]), (0, 6), every(0, 6, columns=2)[::3]),
    "at least, two entries": (
        lambda x, y: x >= np.array([2, 5]),
        (0, 6),
        [[[a, b], [0, 0]] for a in (0, 1, 2, 6) for b in (0, 4, 5, 6)],
    ),
    "equal": (lambda x, y: x == y, (-2, 1), every(-2, 1, columns=2)),
    "unequal": (lambda x, y: x != 2 * y, (-2, 1), every(-2, 1, columns=2)),
    "equal to numbers": (
        lambda x, y: x == np.array([2, 5]),
        (0, 5),
        [[[a, b], [0, 0]] for a in range(6) for b in (2, 5)],
    ),
    "exclusive or with numbers": (
        lambda x, y: (x > 0) ^ np.array([0, 1]),
        (0, 1),
        every(0, 1, rows=2, columns=2),
    ),
    "choice": (lambda x, y: ts.where(x < y, x * x, y - 3), (-2, 1), every(-2, 1, columns=2)),
    "absolute": (lambda x, y: abs(x - y), (-2, 1), every(-2, 1, columns=2)),
    "sign": (lambda x, y: ts.sign(x - y), (-2, 1), every(-2, 1, columns=2)),
    "minimum": (lambda x, y: ts.minimum(x, y), (-2, 1), every(-2, 1, columns=2)),
    "maximum": (lambda x, y: ts.maximum(x, -y), (-2, 1), every(-2, 1, columns=2)),
    "least": (lambda x: ts.min(x), (-1, 1), every(-1, 1, rows=3)),
    "greatest": (lambda x: ts.max(x), (-1, 1), every(-1, 1, rows=3)),
    "greatest place": (lambda x: ts.argmax(x), (0, 2), every(0, 2, rows=3)),
    "least place": (lambda x: ts.argmin(x), (0, 2), every(0, 2, rows=3)),
    "clip": (lambda x, y: ts.clip(x * y, -2, 3), (-2, 2), every(-2, 2, columns=2)),
    "clip to one side": (lambda x, y: ts.clip(x - y, low=0), (-2, 2), every(-2, 2, columns=2)),
    "is in": (lambda x, y: ts.isin(x - y, [-3, -1, 0, 2]), (-2, 1), every(-2, 1, columns=2)),
    "any": (lambda x: ts.any(x == 1), (0, 1), every(0, 1, rows=6)[::5]),
    "all": (lambda x: ts.all(x > 0), (0, 1), every(0, 1, rows=6)[::5]),
    # ------------------------------------------------------------------ numbers
    "floor of a third": (lambda x: x // 3, (-4, 5), every(-4, 5)),
    "floor of a negative third": (lambda x: x // -3, (-4, 5), every(-4, 5)),
    "rest of a third": (lambda x: x % 3, (-4, 5), every(-4, 5)),
    "floor of a quarter": (lambda x, y: (x - y) // 4, (-4, 4), every(-4, 4, columns=2)[::2]),
    "rest of a quarter": (lambda x, y: (x - y) % 4, (-4, 4), every(-4, 4, columns=2)[::2]),
    "quotient": (lambda x, y: x // (y + 3), (-2, 2), every(-2, 2, columns=2)),
    "quotient by a negative": (lambda x, y: x // (y - 3), (-2, 2), every(-2, 2, columns=2)),
    "rest": (lambda x, y: x % (y + 3), (-2, 2), every(-2, 2, columns=2)),
    "division, half up": (lambda x, y: ts.divide(x, 2 * y, decimals=0), (1, 4), every(1, 4, columns=2)),
    "division of negatives, half up": (
        lambda x, y: ts.divide(x - 3, y, decimals=0),
        (1, 3),
        every(1, 3, columns=2),
    ),
    "division, floor": (
        lambda x, y: ts.divide(x, y, decimals=0, rounding="floor"),
        (1, 4),
        every(1, 4, columns=2),
    ),
    "division by zero, otherwise": (
        lambda x, y: ts.divide(x, y, decimals=0, otherwise=-1),
        (0, 3),
        every(0, 3, columns=2),
    ),
    "to a tenth": (lambda x: ts.divide(x, 3, decimals=1), (-2, 3), every(-2, 3)),
    "root, floor": (lambda x: ts.sqrt(x, places=0, rounding="floor"), (0, 17), every(0, 17)),
    "root to the nearest": (lambda x: ts.sqrt(x, places=0), (0, 9), every(0, 9)),
    "fewer decimals, half up": (
        lambda x: (x * Decimal("0.5")).rescale(0, rounding="half up"),
        (-3, 3),
        every(-3, 3),
    ),
    "fewer decimals, floor": (
        lambda x: (x * Decimal("0.5")).rescale(0, rounding="floor"),
        (-3, 3),
        every(-3, 3),
    ),
    "to the nearest multiple": (lambda x, y: ts.round_to(x - y, 3), (-2, 2), every(-2, 2, columns=2)),
    # ------------------------------------------------------------------ order
    "sort": (lambda x: ts.sort(x), (0, 2), every(0, 2, rows=3)),
    "sort along an axis": (lambda x: ts.sort(x.reshape(2, 2), axis=0), (0, 1), every(0, 1, rows=4)),
    "places in order": (lambda x: ts.argsort(x), (0, 1), every(0, 1, rows=3)),
    "rank": (lambda x: ts.rank(x), (0, 1), every(0, 1, rows=3)),
    "least rank": (lambda x: ts.rank(x, method="min"), (0, 1), every(0, 1, rows=3)),
    "average rank": (lambda x: ts.rank(x, method="average"), (0, 1), every(0, 1, rows=3)),
    "greatest two": (lambda x: ts.top_k(x, 2), (0, 2), every(0, 2, rows=3)),
    "middle entry": (lambda x: ts.median(x), (0, 1), every(0, 1, rows=3)),
    "middle pair": (lambda x: ts.median(x), (0, 2), every(0, 2, rows=2)),
    "third of four": (
        lambda x: ts.quantile(x, Fraction(2, 3), method="lower"),
        (0, 2),
        every(0, 2, rows=4)[::4],
    ),
    "between two": (lambda x: ts.quantile(x, Fraction(1, 2)), (0, 1), every(0, 1, rows=2)),
    # ------------------------------------------------------------------ statistics
    "mean": (lambda x: ts.mean(x, decimals=0), (-2, 2), every(-2, 2, rows=3)[::3]),
    "variance": (lambda x: ts.variance(x, decimals=0), (0, 2), every(0, 2, rows=3)),
    "deviation": (lambda x: ts.std(x, decimals=0), (0, 2), every(0, 2, rows=3)),
    "covariance": (lambda x, y: ts.covariance(x, y, decimals=0), (0, 2), every(0, 2, rows=2, columns=2)),
    "weighted mean": (
        lambda x, y: ts.weighted_mean(x, y, decimals=0, otherwise=3),
        (0, 1),
        every(0, 1, rows=3, columns=2),
    ),
    "groups too small": (
        lambda x: [
            ts.suppress(x.sum() * 2, (x > 0).sum(), 2).value,
            ts.suppress(x.sum(), (x > 0).sum(), 2).count,
        ],
        (0, 1),
        every(0, 1, rows=3),
    ),
    "second price": (lambda x: ts.second_price(x).price, (0, 2), every(0, 2, rows=3)),
    "winner": (lambda x: ts.second_price(x).winner, (0, 2), every(0, 2, rows=3)),
    "score": (lambda x, y: ts.score([x > 0, y > x], 2).flagged, (0, 2), every(0, 2, columns=2)),
    "means of groups": (
        lambda x, y: ts.group_by(x, [0, 2]).mean(y, decimals=0, otherwise=-1),
        (0, 2),
        every(0, 2, rows=2, columns=2)[::5],
    ),
    "histogram": (lambda x, y: ts.histogram(x + y, [0, 2, 3]), (0, 2), every(0, 2, columns=2)),
}


def cases(name: str) -> Iterator[tuple[Case, Columns]]:
    function, (low, high), columns = GADGETS[name]
    traced = library_case(function, *columns[0], low=low, high=high, members=1)
    for given in columns:
        yield Case(traced.plan, {"m0": {f"x{k}": list(c) for k, c in enumerate(given)}}), given


def inputs_of(case: Case) -> dict[str, dict[str, Sequence[int]]]:
    used = {n.name for n in case.plan.inputs}
    return {"m0": {c: v for c, v in case.values["m0"].items() if c in used}}


@pytest.mark.parametrize("name", GADGETS)
def test_every_witness_gives_the_one_result(name: str) -> None:
    hinted = 0
    for case, given in cases(name):
        found, witnesses = every_result(case)
        honest = simulate(case.plan, inputs_of(case))
        assert witnesses > 0, given
        assert found == {(honest.outputs, tuple((r.name, r.values) for r in honest.results))}, given
        hinted += any(isinstance(n, Hint) for n in case.plan.nodes)
    assert bool(hinted) != (name in DETERMINED)


DETERMINED = {"any", "all", "at least different numbers"}
"""Made of gates alone at this size."""


@pytest.mark.parametrize("ids", [([1, 2], [2, 2]), ([1, 2], [2, 1]), ([0, 3], [1, 2])])
def test_every_setting_and_key_join_the_same_rows(ids: tuple[list[int], list[int]]) -> None:
    def body(tables: ts.Members[ts.Table]) -> object:
        columns = [t["id"] for t in tables]
        total = ts.join.intersection_sum(*columns, values=tables["b"]["v"])
        return {"size": ts.join.intersection_size(*columns), "sum": total}

    columns = {"id": ts.Column(0, 3), "v": ts.Column(0, 9)}
    members = [ts.MemberSchema(m, 2, columns) for m in "ab"]
    tables = {"a": {"id": ids[0]}, "b": {"id": ids[1], "v": [4, 5]}}
    case = Case(ts.trace(ts.Program("join", body), members), tables)
    honest = simulate(case.plan, tables)
    found, witnesses = every_result(case)
    assert found == {(honest.outputs, tuple((r.name, r.values) for r in honest.results))}
    assert witnesses >= 4


def test_the_search_finds_a_second_witness() -> None:
    """Of a gadget that forgets to bound the remainder: x = 3q + r alone."""

    def loose(x: Secret) -> Secret:
        digits = hint("quotient", x, parameters=(3, 0, 2), n=2, boolean=True)
        rest = hint("bits", x, parameters=(0, 3), n=3, boolean=True)
        quotient = digits @ [1, 2]
        assert_zero(quotient * 3 + rest @ [1, 2, 4] - x[0])
        return quotient

    traced = library_case(loose, [5], low=0, high=7, members=1)
    assert {outputs for outputs, _ in every_result(traced)[0]} == {(0,), (1,)}  # type: ignore[misc, attr-defined]
