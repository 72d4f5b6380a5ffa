# SPDX-License-Identifier: Apache-2.0
"""Ranks of equal entries, and Spearman's correlation, against SciPy and counting one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from math import isqrt
from operator import le, lt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

import tallystick as ts
from support.advice import every_witness, forgery_is_refused, honest_advice
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.plan import exchanges, simulate

LOW, HIGH, TOP = -37, 90, 2**32 - 1
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 0, 7]))
TIES: tuple[Any, ...] = ("ordinal", "min", "average")
FEW = st.one_of(ENTRIES, st.integers(0, 2))
PAIRS = st.lists(st.tuples(FEW, FEW), min_size=1, max_size=9)
Function = Callable[..., Any]


def counted(x: Sequence[int], method: str) -> list[Fraction]:
    """The ranks by their definition: how many entries are below each, and how many are not above."""
    below, upto = ([sum(op(w, v) for w in x) for v in x] for op in (lt, le))
    if method == "average":
        return [Fraction(b + 1 + u, 2) for b, u in zip(below, upto, strict=True)]
    before = [x[:i].count(v) if method == "ordinal" else 0 for i, v in enumerate(x)]
    return [Fraction(b + 1 + e) for b, e in zip(below, before, strict=True)]


# ------------------------------------------------------------------------------------ ranks


@given(x=st.lists(FEW, min_size=1, max_size=9))
def test_ranks_agree_with_scipy(x: list[int]) -> None:
    found = compute(
        lambda a: {**{m: ts.rank(a, method=m) for m in TIES}, "as ever": ts.rank(a)}, x, low=LOW, high=HIGH
    )
    for method in TIES:
        assert found[method].tolist() == rankdata(x, method=method).tolist()
    assert found["as ever"].tolist() == found["ordinal"].tolist()


@pytest.mark.parametrize("n", range(1, 6))
def test_every_small_vector(n: int) -> None:
    """All vectors of four values, ties within a member's rows and across."""
    case = library_case(lambda a: [ts.rank(a, method=m) for m in TIES], [0] * n, low=0, high=3)
    half = len(case.values["m0"]["x0"])
    for vector in product(range(4), repeat=n):
        x = list(vector)
        found = simulate(case.plan, {"m0": {"x0": x[:half]}, "m1": {"x0": x[half:]}}).results
        assert [list(r.values) for r in found] == [counted(x, method) for method in TIES]


@pytest.mark.parametrize("members", [2, 3])
def test_ties_between_members_count(members: int) -> None:
    """All of a member's entries are equal to another's."""
    x = [4, 4, 1, 1, 4, 4, 1, 1, 4]
    for method in TIES:
        found = compute(lambda a, m=method: ts.rank(a, method=m), x, low=0, high=7, members=members)
        assert found.tolist() == rankdata(x, method=method).tolist()


def test_an_average_rank_has_one_decimal_and_goes_on_as_a_number() -> None:
    found = compute(
        lambda a: {
            "rank": (r := ts.rank(a, method="average")),
            "twice": (r * 2).rescale(0, rounding="floor"),
            "decimals": a.sum() * 0 + [ts.rank(a, method=m).decimals for m in TIES],
            "axis": ts.rank(a.reshape(2, 2), 0, method="average"),
        },
        [3, 3, 3, 1],
        low=0,
        high=3,
        decimals=2,
    )
    assert found["rank"].tolist() == [3, 3, 3, 1]
    assert found["twice"].tolist() == [6, 6, 6, 2]
    assert found["decimals"].tolist() == [0, 0, 1]
    assert found["axis"].tolist() == [[Fraction(3, 2), 2], [Fraction(3, 2), 1]]


# ------------------------------------------------------------------------------------ Spearman's correlation


def exact(x: Sequence[int], y: Sequence[int]) -> tuple[Fraction, int] | None:
    """The square of Pearson's correlation of the average ranks, and its sign; None where there is none."""
    mean = Fraction(len(x) + 1, 2)
    a, b = ([r - mean for r in counted(v, "average")] for v in (x, y))
    joint, of_a, of_b = (sum(v * w for v, w in zip(*p, strict=True)) for p in ((a, b), (a, a), (b, b)))
    return None if not of_a or not of_b else (joint * joint / (of_a * of_b), (joint > 0) - (joint < 0))


def root(square: Fraction, places: int) -> Fraction:
    """The root, rounded down."""
    return Fraction(isqrt(square.numerator * 10 ** (2 * places) // square.denominator), 10**places)


@given(rows=PAIRS, places=st.integers(0, 6))
def test_spearman_is_what_scipy_gives(rows: list[tuple[int, int]], places: int) -> None:
    x, y = ([r[k] for r in rows] for k in (0, 1))
    found = compute(
        lambda a, b: {
            "opened": ts.spearman(a, b, places=places),
            "turned": ts.spearman(-b, a, places=places),
            "secret": ts.spearman(a, b, decimals=places, otherwise=2),
        },
        x,
        y,
        low=LOW,
        high=HIGH,
    )
    whole = exact(x, y)
    if whole is None:
        assert found["opened"].item() is None
        assert found["secret"] == 2
        return
    square, sign = whole
    assert found["opened"] == sign * Fraction(round(root(square, places + 30), places))
    assert found["turned"] == -found["opened"]
    assert abs(found["secret"].item() - sign * root(square, places + 9)) <= Fraction(6, 10 ** (places + 1))
    assert float(found["opened"]) == pytest.approx(spearmanr(x, y).statistic, abs=0.51 / 10**places)


def test_ties_change_it_and_their_order_does_not() -> None:
    """Of ordinal ranks it would depend on which of equal entries stands first."""
    x, y = [1, 1, 2, 2, 2, 5, 7, 7], [3, 1, 1, 4, 4, 2, 2, 9]
    turned = [list(reversed(v)) for v in (x, y)]
    one, other = (
        compute(
            lambda a, b: {
                "average": ts.spearman(a, b, places=9),
                "ordinal": ts.correlation(ts.rank(a), ts.rank(b), places=9),
            },
            *columns,
            low=0,
            high=9,
        )
        for columns in ((x, y), turned)
    )
    assert one["average"] == other["average"]
    assert one["ordinal"] != other["ordinal"]
    assert float(one["average"]) == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)


def test_what_is_revealed() -> None:
    """Two numbers, of which the result is a quotient; or nothing but the result."""
    opened, secret = (
        library_case(f, [1, 2, 2], [3, 3, 5], low=0, high=9).plan.outputs
        for f in (
            lambda a, b: ts.spearman(a, b, places=2),
            lambda a, b: ts.spearman(a, b, decimals=2, otherwise=0),
        )
    )
    assert len(opened) == 2
    assert len(secret) == 1


# ------------------------------------------------------------------------------------ costs


def test_ranks_cost_what_the_page_says() -> None:
    n, k = 100, 32
    comparators = sum(layer.count for layer in exchanges(n))
    for method, carried in (("min", 1), ("average", 2)):
        gates = cost_of(lambda x, m=method: ts.rank(x, method=m), n, 0, TOP).gates
        network = 3 * comparators + (k + 3) * (n - 1)
        assert network < gates <= network + 3 * carried * n
    ordinal = cost_of(lambda x: ts.rank(x), n, 0, TOP).gates
    assert ordinal == 4 * comparators + (k + (n - 1).bit_length()) * (n - 1)


# ------------------------------------------------------------------------------------ on shares and forged

SHARED: dict[str, Function] = {
    **{m: lambda x, y, m=m: ts.rank(x, method=m) for m in TIES},
    "spearman": lambda x, y: ts.spearman(x, y, places=4),
    "secret": lambda x, y: ts.spearman(x, y, decimals=2, otherwise=0),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("x", [[5, -8, 15, 5, 7, 5], [7, 7, 7, 7, 7, 7]])
def test_runs_on_shares(native: Backend, name: str, x: list[int]) -> None:
    agree_on_shares(native, SHARED[name], x, [1, 1, 0, 2, 2, 2], low=-8, high=15)


@pytest.mark.parametrize("x", [[1, 0, 1], [0, 0, 0], [1, 1, 0]])
@pytest.mark.parametrize("method", TIES)
def test_every_witness_has_the_same_ranks(x: list[int], method: Any) -> None:
    """Of equal entries the network may exchange either; what they get is one."""
    case = library_case(lambda a: ts.rank(a, method=method), x, low=0, high=1)
    assert set(every_witness(case)) == {simulate(case.plan, case.values).outputs}


@pytest.mark.parametrize("name", ["min", "average", "spearman"])
def test_forged_advice_is_not_proved(native: Backend, name: str) -> None:
    case = library_case(SHARED[name], [5, -37, 90, 6], [1, 2, 3, 4], low=LOW, high=HIGH)
    honest = honest_advice(case, kind="controls")
    forgery_is_refused(native, case, [1 - honest[0], *honest[1:]], kind="controls")
    forgery_is_refused(native, case, [0] * len(honest), kind="controls")


# ------------------------------------------------------------------------------------ misuse

ERRORS: dict[str, tuple[Function, str]] = {
    "method": (lambda x: ts.rank(x, method="dense"), "knows no method 'dense'"),  # type: ignore[arg-type]
    "single": (lambda x: ts.rank(x[0], method="min"), "ts.rank of a single value"),
    "neither": (lambda x: ts.spearman(x, x), "ts.spearman takes places= or decimals="),  # type: ignore[call-overload]
    "flat": (lambda x: ts.spearman(x, x, decimals=1), "may be equal"),  # type: ignore[call-overload]
    "lengths": (lambda x: ts.spearman(x, x[1:], places=1), "two vectors of one length"),
    "list": (lambda x: ts.spearman(x, [1, 2, 3], places=1), "ts.spearman takes a secret, not list"),  # type: ignore[call-overload]
    "nothing": (lambda x: ts.spearman(x[:0], x[:0], decimals=1, otherwise=0), "ts.spearman of no entries"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
