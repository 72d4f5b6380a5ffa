# SPDX-License-Identifier: Apache-2.0
"""Means and second moments, opened and secret, against NumPy, SciPy and exact fractions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor, isqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

import tallystick as ts
from support.advice import forgery_is_refused, honest_advice
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.plan import simulate

LOW, HIGH = -37, 90
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 7]))
ROWS = st.one_of(
    st.lists(st.tuples(ENTRIES, ENTRIES), min_size=1, max_size=9),
    st.integers(1, 6).map(lambda n: [(7, LOW)] * n),
    st.integers(1, 4).map(lambda n: [(LOW, HIGH), (HIGH, LOW)] * n),
)
DECIMALS = st.integers(0, 4)
Function = Callable[..., Any]


def moment(x: Sequence[int], y: Sequence[int]) -> Fraction:
    """The covariance, divisor n."""
    n = len(x)
    return Fraction(sum((n * a - sum(x)) * (n * b - sum(y)) for a, b in zip(x, y, strict=True)), n**3)


def half_up(v: Fraction, decimals: int) -> Fraction:
    return Fraction(floor(v * 10**decimals + Fraction(1, 2)), 10**decimals)


def root(square: Fraction, decimals: int) -> Fraction:
    """The root, halves up: a root of a fraction may be half of a unit."""
    fourfold = floor(square * 4 * 10 ** (2 * decimals))
    return Fraction((isqrt(fourfold) + 1) // 2, 10**decimals)


@given(rows=ROWS, decimals=DECIMALS, of_data=st.sampled_from([0, 2]))
def test_secret_moments_are_rounded_exactly(rows: list[tuple[int, int]], decimals: int, of_data: int) -> None:
    x, y = ([r[k] for r in rows] for k in (0, 1))
    n, unit = len(x), Fraction(1, 10**of_data)
    ddof = 1 if n > 1 else 0
    found = compute(
        lambda a, b: {
            "mean": ts.mean(a, decimals=decimals),
            "variance": ts.variance(a, ddof=ddof, decimals=decimals),
            "std": ts.std(a, ddof=ddof, decimals=decimals),
            "covariance": ts.covariance(a, b, ddof=ddof, decimals=decimals),
        },
        x,
        y,
        low=LOW,
        high=HIGH,
        decimals=of_data,
    )
    scale = Fraction(n, n - ddof) * unit**2
    assert found["mean"] == half_up(Fraction(sum(x), n) * unit, decimals)
    assert found["variance"] == half_up(moment(x, x) * scale, decimals)
    assert found["std"] == root(moment(x, x) * scale, decimals)
    assert found["covariance"] == half_up(moment(x, y) * scale, decimals)
    floats = np.array(x) / 10**of_data
    assert float(found["std"]) == pytest.approx(np.std(floats, ddof=ddof), abs=0.51 / 10**decimals)


@given(rows=ROWS, places=DECIMALS)
def test_opened_deviation_and_correlation(rows: list[tuple[int, int]], places: int) -> None:
    x, y = ([r[k] for r in rows] for k in (0, 1))
    found = compute(
        lambda a, b: {
            "std": ts.std(a, ddof=1, places=places),
            "correlation": ts.correlation(a, b, places=places),
            "of decimals": ts.correlation(a * Fraction(1, 10), -b, places=places),
        },
        x,
        y,
        low=LOW,
        high=HIGH,
    )
    n, unit = len(x), 0.51 / 10**places
    if n == 1:
        assert found["std"] == found["correlation"] == None  # noqa: E711 (arrays of one entry)
        return
    assert float(found["std"]) == pytest.approx(np.std(x, ddof=1), abs=unit)
    if min(len(set(x)), len(set(y))) == 1:
        assert found["correlation"].item() is None
        return
    square = moment(x, y) ** 2 / (moment(x, x) * moment(y, y))
    sign = (moment(x, y) > 0) - (moment(x, y) < 0)
    assert found["correlation"] == sign * Fraction(round(root(square, places + 30), places))
    assert found["of decimals"] == -found["correlation"]
    assert float(found["correlation"]) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=unit)


@given(rows=ROWS, decimals=st.integers(0, 5))
def test_secret_correlation_within_its_bound(rows: list[tuple[int, int]], decimals: int) -> None:
    x, y = ([r[k] for r in rows] for k in (0, 1))
    found = compute(
        lambda a, b: ts.correlation(a, b, decimals=decimals, otherwise=2), x, y, low=LOW, high=HIGH
    ).item()
    if min(len(set(x)), len(set(y))) == 1:
        assert found == 2
        return
    square = moment(x, y) ** 2 / (moment(x, x) * moment(y, y))
    exact = root(square, decimals + 9) * (1 if moment(x, y) > 0 else -1)
    assert abs(found - exact) <= Fraction(6, 10 ** (decimals + 1))


@given(
    rows=st.lists(
        st.tuples(ENTRIES, st.one_of(st.integers(0, 5), st.just(0), st.just(HIGH))), min_size=1, max_size=8
    ),
    decimals=DECIMALS,
)
def test_weighted_means(rows: list[tuple[int, int]], decimals: int) -> None:
    x, w = ([r[k] for r in rows] for k in (0, 1))
    found = compute(
        lambda a, b: {
            "opened": ts.weighted_mean(a, b),
            "secret": ts.weighted_mean(a, abs(b), decimals=decimals, otherwise=-3),
            "tenths": ts.weighted_mean(a, abs(b) * Fraction(1, 10), decimals=decimals, otherwise=-3),
            "public": ts.weighted_mean(a, [Fraction(v + 1, 10) for v in w]),
            "public secret": ts.weighted_mean(a, [v + 1 for v in w], decimals=decimals),
            "negative": ts.weighted_mean(a, [-v - 1 for v in w], decimals=decimals),
        },
        x,
        w,
        low=LOW,
        high=HIGH,
    )
    total = sum(a * b for a, b in rows)
    exact = Fraction(total, sum(w)) if sum(w) else None
    assert found["opened"].item() == exact
    assert found["secret"] == found["tenths"] == (-3 if exact is None else half_up(exact, decimals))
    more = Fraction(total + sum(x), sum(w) + len(w))
    assert found["public"] == more
    assert found["public secret"] == found["negative"] == half_up(more, decimals)
    assert float(more) == pytest.approx(np.average(x, weights=np.array(w) + 1))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_an_axis(axis: int) -> None:
    x = [5, -3, 5, 90, -37, -37, 0, 1, 1, 0, 0, 7]
    grid = np.array(x).reshape(3, 4)
    weights = [3, 1, 2, 1][: grid.shape[axis]]

    def along(a: ts.Secret) -> dict[str, object]:
        g = a.reshape(3, 4)
        return {
            "mean": ts.mean(g, axis, decimals=3),
            "variance": ts.variance(g, axis, ddof=1, decimals=3),
            "std": ts.std(g, axis, decimals=3),
            "places": ts.std(g, axis, places=3),
            "public": ts.weighted_mean(g, weights, axis),
            "secret": ts.weighted_mean(g, abs(a[: len(weights)]), axis, decimals=3, otherwise=0),
            "whole": ts.weighted_mean(g, g * g, axis),
        }

    found = compute(along, x, low=LOW, high=HIGH)

    def close(name: str, expected: Any) -> None:
        assert [float(v) for v in found[name]] == pytest.approx(list(expected), abs=0.00051), name

    close("mean", grid.mean(axis))
    close("variance", grid.var(axis, ddof=1))
    close("std", grid.std(axis))
    close("places", grid.std(axis))
    close("public", np.average(grid, axis, weights))
    close("secret", np.average(grid, axis, np.abs(x[: len(weights)])))
    close("whole", np.average(grid, axis, grid * grid))


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(
    x=st.lists(ENTRIES, min_size=1, max_size=6),
    y=st.lists(ENTRIES, min_size=1, max_size=6),
    places=DECIMALS,
    equal_var=st.booleans(),
)
def test_t_agrees_with_scipy(x: list[int], y: list[int], places: int, equal_var: bool) -> None:
    def body(table: ts.Members[ts.Table]) -> object:
        a, b = (t["x"] * Fraction(1, 10) for t in table)
        return {"t": ts.t_statistic(a, b, equal_var=equal_var, places=places)}

    columns = {"x": ts.Column(LOW, HIGH)}
    members = [ts.MemberSchema("a", len(x), columns), ts.MemberSchema("b", len(y), columns)]
    plan = ts.trace(ts.Program("t", body), members)
    found = simulate(plan, {"a": {"x": x}, "b": {"x": y}}).results[0].values[0]
    with np.errstate(all="ignore"):
        expected = ttest_ind(x, y, equal_var=equal_var).statistic
    if len(set(x)) == len(set(y)) == 1 or not np.isfinite(expected):
        assert found is None
    else:
        assert float(found) == pytest.approx(expected, abs=0.51 / 10**places, rel=1e-12)


def test_wide_columns_fit_the_field() -> None:
    """32 bits and a thousand rows, for three members: nothing needs more digits than a mask hides."""
    top = 2**32 - 1
    for function in SHARED.values():
        cost = cost_of(function, 1000, 0, top, columns=2)
        assert cost.gates < 6_000


@pytest.mark.parametrize("n", [2, 3])
def test_extremes_of_wide_columns(n: int) -> None:
    top = 2**32 - 1
    x = [0, top, top][:n]
    found = compute(
        lambda a: {
            "std": ts.std(a, decimals=6),
            "variance": ts.variance(a, decimals=6),
            "r": ts.correlation(a, top - a, decimals=4, otherwise=0),
        },
        x,
        low=0,
        high=top,
    )
    assert found["std"] == root(moment(x, x), 6)
    assert found["variance"] == half_up(moment(x, x), 6)
    assert found["r"] == -1


def test_what_is_revealed() -> None:
    for function, labels in (
        (lambda a, b: ts.correlation(a, b, places=2), {"x0", "x1", "x0^2", "x1^2", "(x0 * x1)"}),
        (lambda a, b: ts.std(a, places=2), {"x0", "x0^2"}),
        (lambda a, b: ts.weighted_mean(a, b), {"x1", "(x0 * x1)"}),
        (lambda a, b: ts.t_statistic(a, b, places=2), {"x0", "x1", "x0^2", "x1^2"}),
    ):
        plan = library_case(function, [1, 2, 3], [3, 4, 5], low=0, high=9).plan
        assert {o.label for o in plan.outputs} == {f"sum of {v} over all members (3 rows)" for v in labels}
    for secret in (
        lambda a, b: ts.mean(a, decimals=1),
        lambda a, b: ts.std(a, decimals=1),
        lambda a, b: ts.correlation(a, b, decimals=1, otherwise=0),
    ):
        assert len(library_case(secret, [1, 2, 3], [3, 4, 5], low=0, high=9).plan.outputs) == 1


# ------------------------------------------------------------------------------------ on shares and forged

SHARED: dict[str, Function] = {
    "mean": lambda x, y: ts.mean(x, decimals=2),
    "variance": lambda x, y: ts.variance(x, decimals=2),
    "std": lambda x, y: ts.std(x, ddof=1, decimals=1),
    "covariance": lambda x, y: ts.covariance(x, y, decimals=2),
    "correlation": lambda x, y: ts.correlation(x, y, decimals=2, otherwise=0),
    "weighted": lambda x, y: ts.weighted_mean(x, y * y, decimals=1, otherwise=0),
    "opened": lambda x, y: [ts.std(x, places=1), ts.correlation(x, y, places=2)],
    "t": lambda x, y: ts.t_statistic(x, y[:-1], equal_var=False, places=3),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("y", [[3, -7, 5, 9], [0, 0, 0, 0]])
def test_runs_on_shares(native: Backend, name: str, y: list[int]) -> None:
    agree_on_shares(native, SHARED[name], [5, -8, 15, 5], y, low=-8, high=15)


@pytest.mark.parametrize(
    ("name", "kind"), [("mean", "quotient"), ("std", "quotient"), ("std", "root"), ("weighted", "ratio")]
)
def test_forged_advice_is_not_proved(native: Backend, name: str, kind: str) -> None:
    case = library_case(SHARED[name], [5, -8, 15], [3, -7, 5], low=-8, high=15)
    honest = honest_advice(case, kind=kind)
    forgery_is_refused(native, case, [1 - honest[0], *honest[1:]], kind=kind)
    forgery_is_refused(native, case, [0] * len(honest), kind=kind)


# ------------------------------------------------------------------------------------ misuse

ERRORS: dict[str, tuple[Function, str]] = {
    "list": (lambda x: ts.mean([1, 2], decimals=1), "ts.mean takes a secret, not list"),  # type: ignore[call-overload]
    "nothing": (lambda x: ts.mean(x[:0], decimals=1), "ts.mean of no entries"),
    "axes": (lambda x: ts.mean(x, (0, 1)), "an axis is an integer"),  # type: ignore[call-overload]
    "too few": (lambda x: ts.std(x[:1], ddof=1, decimals=1), "ts.std of 1 entries divides by 0"),
    "ddof": (lambda x: ts.variance(x, ddof=-1), "ddof is an integer of at least 0"),
    "neither": (lambda x: ts.std(x), "ts.std takes places= or decimals="),  # type: ignore[call-overload]
    "both": (lambda x: ts.correlation(x, x, places=1, decimals=1), "takes places= or decimals="),  # type: ignore[call-overload]
    "flat": (lambda x: ts.correlation(x, x, decimals=1), "may be equal"),  # type: ignore[call-overload]
    "lengths": (lambda x: ts.correlation(x, x[1:], places=1), "two vectors of one length"),
    "decimals": (lambda x: ts.mean(x, decimals=-1), "decimals is an integer between 0"),
    "weights": (lambda x: ts.weighted_mean(x, x, decimals=1), "weights that are not negative"),
    "empty weights": (lambda x: ts.weighted_mean(x, x * x, decimals=1), "may add up to 0"),
    "public": (lambda x: ts.weighted_mean(x, [1, -1, 0]), "add up to 0"),
    "shape": (lambda x: ts.weighted_mean(x, [1, 2]), "weights of shape"),
    "shapes": (lambda x: ts.weighted_mean(x, x[1:]), "weights of shape"),
    "grid": (lambda x: ts.t_statistic(x.reshape(1, 3), x, places=1), "two vectors"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
