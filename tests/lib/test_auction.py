# SPDX-License-Identifier: Apache-2.0
"""Auctions, counts above a threshold and scores against the same in the open."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.advice import every_witness, forgery_is_refused, honest_advice
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.plan import simulate

LOW, HIGH = -37, 90
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 7]))
VECTORS = st.lists(ENTRIES, min_size=2, max_size=9)
Function = Callable[..., Any]


def outcome(sale: ts.SecondPrice) -> dict[str, ts.Secret]:
    return {"wins": sale.wins, "winner": sale.winner, "price": sale.price}


# ------------------------------------------------------------------------------------ auctions


@given(x=st.one_of(VECTORS, st.integers(2, 6).map(lambda n: [7] * n)), computed=st.booleans())
def test_the_first_of_the_highest_bids_wins_at_the_next_one(x: list[int], computed: bool) -> None:
    found = compute(lambda a: outcome(ts.second_price(a * a if computed else a)), x, low=LOW, high=HIGH)
    bids = [v * v for v in x] if computed else x
    winner = int(np.argmax(bids))
    assert found["winner"] == winner
    assert found["wins"].tolist() == [int(k == winner) for k in range(len(x))]
    assert found["price"] == sorted(bids)[-2]


def test_bids_of_decimals_wide_bids_and_bids_of_one_value() -> None:
    x = [2**70, 2**70 - 1, 0]
    found = compute(lambda a: outcome(ts.second_price(a)), x, low=0, high=2**70, decimals=2)
    assert found["winner"] == 0
    assert found["price"] * 100 == 2**70 - 1
    same = compute(lambda a: outcome(ts.second_price(a)), [5, 5, 5], low=5, high=5)
    assert (same["winner"], same["price"]) == (0, 5)


def test_an_auction_takes_two_comparisons_a_bid() -> None:
    n, bits = 100, 32
    sale = cost_of(lambda x: [ts.second_price(x).price, ts.second_price(x).winner], n, 0, 2**bits - 1)
    comparison = cost_of(lambda x: x[0] > x[1], 2, 0, 2**bits - 1)
    assert sale.gates < 2 * n * (comparison.gates + 3)
    assert rounds(sale) < 8 * rounds(comparison)
    few = cost_of(lambda x: ts.second_price(x).price, 4, 0, 2**bits - 1)
    assert rounds(few) < 2 * rounds(comparison)


def rounds(cost: Any) -> int:
    return sum(step.rounds for step in cost.steps)


@pytest.mark.parametrize("x", [[1, 0], [1, 1], [0, 0], [0, 1]])
def test_every_witness_has_the_same_winner(x: list[int]) -> None:
    case = library_case(lambda a: list(outcome(ts.second_price(a * 2)).values()), x, low=0, high=1)
    assert set(every_witness(case)) == {simulate(case.plan, case.values).outputs}


# ------------------------------------------------------------------------------------ thresholds


@given(x=VECTORS, threshold=ENTRIES)
def test_counts_above_a_threshold(x: list[int], threshold: int) -> None:
    found = compute(
        lambda a: {
            "above": ts.count_above(a, threshold),
            "from": ts.count_above(a, threshold, inclusive=True),
            "tenths": ts.count_above(a, Decimal("0.5") + threshold, inclusive=True),
            "secret": ts.count_above(a, a[0]),
            "secret from": ts.count_above(a, a[0], inclusive=True),
            "along": ts.count_above(a.reshape(1, -1), threshold, axis=0),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    v = np.array(x)
    assert found["above"] == found["tenths"] == (v > threshold).sum()
    assert found["from"] == (v >= threshold).sum()
    assert found["secret"] == (v > x[0]).sum()
    assert found["secret from"] == (v >= x[0]).sum()
    assert found["along"].tolist() == (v > threshold).astype(int).tolist()


@given(rows=st.lists(st.tuples(ENTRIES, ENTRIES), min_size=1, max_size=9), threshold=st.integers(-3, 5))
def test_scores(rows: list[tuple[int, int]], threshold: int) -> None:
    x, y = (np.array([r[k] for r in rows]) for k in (0, 1))

    def scored(a: ts.Secret, b: ts.Secret) -> dict[str, object]:
        plain = ts.score([a > 5, b >= 7, a == b], 2)
        weighed = ts.score([a > 5, b >= 7, a], threshold, points=[3, Decimal("-1.5"), Decimal("0.1")])
        secret = ts.score([a > 5, b > 5], (a == b).sum())
        return {
            "points": plain.points,
            "flagged": plain.flagged,
            "count": plain.count(),
            "weighed": weighed.points,
            "weighed flagged": weighed.flagged,
            "secret": secret.flagged,
        }

    found = compute(scored, list(x), list(y), low=LOW, high=HIGH)
    points = (x > 5).astype(int) + (y >= 7) + (x == y)
    assert found["points"].tolist() == points.tolist()
    assert found["flagged"].tolist() == (points >= 2).astype(int).tolist()
    assert found["count"] == (points >= 2).sum()
    weighed = [30 * int(a > 5) - 15 * int(b >= 7) + int(a) for a, b in zip(x, y, strict=True)]
    assert [v * 10 for v in found["weighed"]] == weighed
    assert found["weighed flagged"].tolist() == [int(v >= 10 * threshold) for v in weighed]
    both = (x > 5).astype(int) + (y > 5)
    assert found["secret"].tolist() == (both >= (x == y).sum()).astype(int).tolist()


def test_a_fraud_score_over_columns_of_several_members() -> None:
    """Each member knows something else about the same rows, and nobody another one's part or a row's points."""

    @ts.program
    def fraud(table: ts.Members[ts.Table]) -> dict[str, object]:
        bank, shop, phone = table
        found = ts.score([bank["amount"] > 500, shop["returns"] >= 3, phone["risk"]], 5, points=[2, 1, 1])
        return {"flagged": found.count()}

    columns = {"amount": [900, 10, 501, 500], "returns": [3, 3, 0, 9], "risk": [2, 1, 3, 4]}
    schema = [
        ts.MemberSchema(m, 4, {c: ts.Column(0, 1000)})
        for m, c in zip(("bank", "shop", "phone"), columns, strict=True)
    ]
    tables = {m.name: {c: columns[c] for c in m.columns} for m in schema}
    (flagged,) = simulate(ts.trace(fraud, schema), tables).results
    assert flagged.values == (3,)


# ------------------------------------------------------------------------------------ on shares and forged

SHARED: dict[str, Function] = {
    "auction": lambda x, y: list(outcome(ts.second_price(x)).values()),
    "computed": lambda x, y: list(outcome(ts.second_price(x + y)).values()),
    "above": lambda x, y: [ts.count_above(x, 5), ts.count_above(x, y[0], inclusive=True)],
    "score": lambda x, y: ts.score([x > 5, y > 0, y], 2, points=[2, 1, -1]).count(),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("x", [[5, -37, 90, 5], [7, 7, 7, 7]])
def test_runs_on_shares(native: Backend, name: str, x: list[int]) -> None:
    agree_on_shares(native, SHARED[name], x, [0, 4, -2, 0], low=LOW, high=HIGH)


def test_another_winner_is_not_proved(native: Backend) -> None:
    case = library_case(SHARED["auction"], [5, 9, 9, 6], [0] * 4, low=0, high=9)
    for number in (0, 1):
        honest = honest_advice(case, number, kind="bits")
        forgery_is_refused(native, case, [*honest[:-1], 1 - honest[-1]], number, kind="bits")


def test_every_witness_counts_alike() -> None:
    case = library_case(lambda x: ts.count_above(x[1:] * 3, x[0] + x[1]), [1, 1], low=0, high=1)
    assert set(every_witness(case)) == {simulate(case.plan, case.values).outputs}


# ------------------------------------------------------------------------------------ misuse

ERRORS: dict[str, tuple[Function, str]] = {
    "one bid": (lambda x: ts.second_price(x[:1]).price, "at least two bids"),
    "grid": (lambda x: ts.second_price(x.reshape(1, 3)).price, "at least two bids"),
    "list": (lambda x: ts.second_price([1, 2]).price, "ts.second_price takes a secret"),  # type: ignore[arg-type]
    "above": (lambda x: ts.count_above([1], 2), "ts.count_above takes a secret"),  # type: ignore[arg-type]
    "single rule": (lambda x: ts.score(x, 1).points, "takes a list of rules"),  # type: ignore[arg-type]
    "no rules": (lambda x: ts.score([], 1).points, "without rules"),
    "rows": (lambda x: ts.score([x > 1, x[1:] > 1], 1).points, "rules over the same rows"),
    "points": (lambda x: ts.score([x > 1], 1, points=[1, 2]).points, "2 numbers of points for 1 rules"),
    "rule": (lambda x: ts.score([x > 1, [1, 0, 1]], 1).points, "ts.score takes a secret"),  # type: ignore[list-item]
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
