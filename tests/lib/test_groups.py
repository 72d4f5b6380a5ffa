# SPDX-License-Identifier: Apache-2.0
"""Histograms and groups against NumPy and the same groups made in the open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

import tallystick as ts
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.plan import Plan

LOW, HIGH = -3, 12
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0]))
VECTORS = st.one_of(st.lists(ENTRIES, max_size=12), st.integers(1, 5).map(lambda n: [4] * n))
EDGES = st.lists(st.integers(LOW - 3, HIGH + 3), min_size=2, max_size=6, unique=True).map(sorted)
Function = Callable[..., Any]


@given(x=VECTORS, edges=EDGES)
def test_histograms_agree_with_numpy(x: list[int], edges: list[int]) -> None:
    found = compute(
        lambda a: {
            "input": ts.histogram(a, edges),
            "negated": ts.histogram(-a, edges),
            "square": ts.histogram(a * a, edges),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    assert found["input"].tolist() == np.histogram(x, edges)[0].tolist()
    assert found["negated"].tolist() == np.histogram([-v for v in x], edges)[0].tolist()
    assert found["square"].tolist() == np.histogram([v * v for v in x], edges)[0].tolist()


def test_edges_of_decimals_and_a_grid() -> None:
    x = [100, 150, 151, 250, 299, 300]
    edges = [Decimal("1"), Decimal("1.505"), 3]
    found = compute(lambda a: ts.histogram(a.reshape(2, 3), edges), x, low=0, high=999, decimals=2)
    assert found.tolist() == np.histogram(np.array(x) / 100, [1, 1.505, 3])[0].tolist() == [2, 4]


@given(
    rows=st.lists(st.tuples(ENTRIES, ENTRIES), max_size=10),
    categories=st.lists(st.integers(LOW - 1, HIGH + 1), min_size=1, max_size=5, unique=True),
    decimals=st.integers(0, 2),
)
def test_groups_agree_with_those_made_in_the_open(
    rows: list[tuple[int, int]], categories: list[int], decimals: int
) -> None:
    keys, x = ([r[k] for r in rows] for k in (0, 1))

    def grouped(k: ts.Secret, a: ts.Secret) -> dict[str, object]:
        g = ts.group_by(k, categories)
        return {
            "count": g.count(),
            "sum": g.sum(a),
            "mean": g.mean(a),
            "secret": g.mean(a, decimals=decimals, otherwise=-99),
            "variance": g.variance(a, ddof=1),
        }

    found = compute(grouped, keys, x, low=LOW, high=HIGH)
    for j, category in enumerate(categories):
        own = [v for k, v in rows if k == category]
        check(found, j, own, decimals)


def check(found: Any, j: int, own: Sequence[int], decimals: int) -> None:
    mean = Fraction(sum(own), len(own)) if own else None
    assert found["count"][j] == len(own)
    assert found["sum"][j] == sum(own)
    assert found["mean"][j] == mean
    assert found["secret"][j] == (
        -99 if mean is None else Fraction(floor(mean * 10**decimals + Fraction(1, 2)), 10**decimals)
    )
    if len(own) < 2:
        assert found["variance"][j] is None
    else:
        assert float(found["variance"][j]) == pytest.approx(np.var(own, ddof=1))


@given(rows=st.lists(st.tuples(st.integers(0, 3), ENTRIES), max_size=10), order=st.permutations(range(4)))
def test_the_last_of_all_categories_is_all_others(rows: list[tuple[int, int]], order: list[int]) -> None:
    keys, x = ([r[k] for r in rows] for k in (0, 1))

    def grouped(k: ts.Secret, a: ts.Secret) -> dict[str, object]:
        g = ts.group_by(ts.clip(k, 0, 3), [*order[:2], 9, *order[2:]])
        return {
            "count": g.count(),
            "sum": g.sum(a),
            "mean": g.mean(a),
            "secret": g.mean(a, decimals=1, otherwise=-99),
            "variance": g.variance(a, ddof=1),
        }

    found = compute(grouped, keys, x, low=LOW, high=HIGH)
    for j, category in enumerate([*order[:2], 9, *order[2:]]):
        check(found, j, [v for k, v in rows if k == category], 1)


@given(rows=st.lists(st.tuples(st.booleans(), ENTRIES, ENTRIES), max_size=10), every=st.booleans())
def test_several_keys_and_edges(rows: list[tuple[bool, int, int]], every: bool) -> None:
    first, second, x = ([int(r[k]) for r in rows] for k in (0, 1, 2))
    categories = [(1, 5), (0, 5), (0, HIGH)]
    edges = [-2, 0, 5, 12]

    def grouped(a: ts.Secret, b: ts.Secret, v: ts.Secret) -> dict[str, object]:
        both = ts.group_by([a == 1, b], categories)
        table = ts.group_by([a == 1, b >= 5], [(1, 1), (1, 0), (0, 1), (0, 0)])
        cut = ts.group_by(b, edges=edges)
        return {"both": both.sum(v), "table": table.sum(v), "cut": cut.sum(v), "counts": table.count()}

    found = compute(grouped, first, second, x, low=LOW, high=HIGH)
    triples = list(zip(first, second, x, strict=True))
    assert found["both"].tolist() == [sum(v for p, q, v in triples if (p, q) == c) for c in categories]
    table = [(1, True), (1, False), (0, True), (0, False)]
    assert found["table"].tolist() == [sum(v for p, q, v in triples if (p, q >= 5) == c) for c in table]
    assert found["counts"].tolist() == [sum((p, q >= 5) == c for p, q, _ in triples) for c in table]
    weighted = np.histogram(second, edges, weights=x)[0].tolist() if rows else [0, 0, 0]
    assert found["cut"].tolist() == weighted


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(rows=st.lists(st.tuples(st.booleans(), ENTRIES), min_size=1, max_size=10), equal_var=st.booleans())
def test_t_of_two_groups_agrees_with_scipy(rows: list[tuple[bool, int]], equal_var: bool) -> None:
    keys, x = ([int(r[k]) for r in rows] for k in (0, 1))
    found = compute(
        lambda k, a: ts.group_by(k == 1, [1, 0]).t_statistic(a, equal_var=equal_var, places=6),
        keys,
        x,
        low=LOW,
        high=HIGH,
    ).item()
    ones, zeros = ([v for k, v in rows if k == group] for group in (True, False))
    if len(set(ones)) <= 1 and len(set(zeros)) <= 1:
        assert found is None
        return
    with np.errstate(all="ignore"):
        expected = ttest_ind(ones, zeros, equal_var=equal_var).statistic if ones and zeros else np.nan
    if not np.isfinite(expected):
        assert found is None
    else:
        assert float(found) == pytest.approx(expected, abs=1e-6)


def test_groups_can_be_suppressed() -> None:
    keys, x = [1, 1, 1, 2, 2, 5], [4, 5, 6, 7, 8, 9]

    def kept(k: ts.Secret, a: ts.Secret) -> dict[str, object]:
        g = ts.group_by(k, [1, 2, 3])
        s = ts.suppress(g.sum(a), g.count(), 3)
        people = ts.reveal(s.count)
        return {"people": people, "mean": ts.reveal(s.value) / people}

    found = compute(kept, keys, x, low=LOW, high=HIGH)
    assert found["people"].tolist() == [3, 0, 0]
    assert found["mean"].tolist() == [5, None, None]


# ------------------------------------------------------------------------------------ costs, what is revealed


def gates(function: Function, rows: int = 100, columns: int = 2) -> int:
    return int(cost_of(function, rows, 0, 15, columns=columns).gates)


def test_an_edge_is_one_comparison_and_the_equalities_are_shared() -> None:
    n, k = 100, 4
    assert gates(lambda x, _: ts.histogram(x, [0, 3, 5, 16])) == 2 * (k - 1) * n
    assert gates(lambda x, _: ts.histogram(x, [0, 8, 16])) == 0

    def all_of_it(x: ts.Secret, y: ts.Secret) -> list[ts.Secret]:
        g = ts.group_by(x, [1, 6])
        return [g.count(), g.sum(y), g.count(), g.sum(y)]

    # Two equalities of four digits, and a product a category and row.
    assert gates(all_of_it) == 2 * (k - 1) * n + 2 * n
    flags = library_case(lambda x, y: ts.group_by(y > x, [0, 1]).sum(y), [1] * 4, [2] * 4, low=0, high=15)
    once = library_case(lambda x, y: ((y > x) * y).sum(), [1] * 4, [2] * 4, low=0, high=15)
    assert total_gates(flags.plan) == total_gates(once.plan)


def total_gates(plan: Plan) -> int:
    return plan.layout.gates


def test_what_is_revealed() -> None:
    def program(k: ts.Secret, a: ts.Secret) -> list[object]:
        g = ts.group_by(k, [1, 2])
        return [g.mean(a), g.variance(a)]

    plan = library_case(program, [1, 2, 3], [3, 4, 5], low=0, high=9).plan
    assert [o.label for o in plan.outputs] == [
        "sum of x1 by x0 over all members (3 rows, 2 values)",
        "rows by x0 over all members (3 rows, 2 values)",
        "sum of x1^2 by x0 over all members (3 rows, 2 values)",
    ]


# ------------------------------------------------------------------------------------ on shares

SHARED: dict[str, Function] = {
    "histogram": lambda k, x: ts.histogram(k, [0, 2, 5, 12]),
    "group": lambda k, x: [ts.group_by(k, [5, 0]).sum(x), ts.group_by(k, [5, 0]).count()],
    "means": lambda k, x: ts.group_by(k, [5, 0, 2]).mean(x, decimals=1, otherwise=0),
    "edges": lambda k, x: ts.group_by(k, edges=[0, 2, 12]).variance(x),
    "t": lambda k, x: ts.group_by(k > 0, [1, 0]).t_statistic(x, places=3),
}


@pytest.mark.parametrize("name", SHARED)
def test_runs_on_shares(native: Backend, name: str) -> None:
    agree_on_shares(native, SHARED[name], [5, 0, 12, 5, 0, 1], [3, -3, 9, 12, 0, 0], low=LOW, high=HIGH)


# ------------------------------------------------------------------------------------ misuse

ERRORS: dict[str, tuple[Function, str]] = {
    "list": (lambda x: ts.histogram([1], [0, 1]), "ts.histogram takes a secret"),  # type: ignore[arg-type]
    "one edge": (lambda x: ts.histogram(x, [0]), "at least two edges"),
    "order": (lambda x: ts.histogram(x, [0, 2, 1]), "ascend"),
    "bins": (lambda x: ts.histogram(x, 10), "at least two edges"),  # type: ignore[arg-type]
    "secret edges": (lambda x: ts.group_by(x, edges=x), "edges of a histogram are public"),  # type: ignore[arg-type]
    "secret categories": (lambda x: ts.group_by(x, x), "categories of ts.group_by are public"),  # type: ignore[arg-type]
    "one category": (lambda x: ts.group_by(x, 5), "are public, and several"),  # type: ignore[arg-type]
    "key": (lambda x: ts.group_by(5, [1]), "takes a secret, not int"),  # type: ignore[arg-type]
    "neither": (lambda x: ts.group_by(x), "either categories or edges="),
    "both": (lambda x: ts.group_by(x, [1], edges=[0, 1]), "either categories or edges="),
    "none": (lambda x: ts.group_by(x, []), "without categories"),
    "no keys": (lambda x: ts.group_by([], [1]), "without keys"),
    "twice": (lambda x: ts.group_by(x, [1, 2, 1]), "occurs twice"),
    "lengths": (lambda x: ts.group_by([x, x[1:]], [(1, 1)]), "vectors of one length"),
    "values": (lambda x: ts.group_by([x, x], [1]), "a category of 1 values for 2 keys"),
    "decimals": (lambda x: ts.group_by(x, [Decimal("0.5")]), "keys of 0 decimals are never 1/2"),
    "keys and edges": (lambda x: ts.group_by([x, x], edges=[0, 1]), "takes one key"),
    "rows": (lambda x: ts.group_by(x, [1]).sum(x[1:]), "for 3 rows in groups"),
    "otherwise": (lambda x: ts.group_by(x, [1]).mean(x, decimals=1), "may add up to 0"),  # type: ignore[call-overload]
    "three": (lambda x: ts.group_by(x, [1, 2, 3]).t_statistic(x, places=1), "compares two groups, not 3"),
    "ddof": (lambda x: ts.group_by(x, [1]).variance(x, ddof=-1), "at least 0"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
