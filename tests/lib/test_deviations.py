# SPDX-License-Identifier: Apache-2.0
"""z-scores and outliers against SciPy and exact fractions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import zscore

import tallystick as ts
from support.advice import forgery_is_refused, honest_advice
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend

LOW, HIGH = -37, 90
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 7]))
VECTORS = st.one_of(
    st.lists(ENTRIES, min_size=1, max_size=12),
    st.integers(1, 5).map(lambda n: [7] * n),
    st.integers(1, 6).map(lambda n: [HIGH] + [LOW] * n),
    st.integers(1, 6).map(lambda n: [8] + [7] * n),
)
Function = Callable[..., Any]


def exact_scores(x: Sequence[int], ddof: int, places: int) -> list[Fraction]:
    n, total = len(x), sum(x)
    spread = n * sum(v * v for v in x) - total * total
    found = []
    for v in x:
        d = n * v - total
        square = Fraction(d * d * (n - ddof), n * spread) if spread else Fraction(0)
        size = Fraction(isqrt(square.numerator * 10 ** (2 * places) // square.denominator), 10**places)
        found.append(size if d >= 0 else -size)
    return found


@given(x=VECTORS, decimals=st.integers(0, 5), ddof=st.integers(0, 1), of_data=st.sampled_from([0, 2]))
def test_z_scores_within_their_bound(x: list[int], decimals: int, ddof: int, of_data: int) -> None:
    ddof = min(ddof, len(x) - 1)
    found = compute(
        lambda a: ts.zscores(a, decimals=decimals, ddof=ddof), x, low=LOW, high=HIGH, decimals=of_data
    )
    bound = Fraction(55, 10 ** (decimals + 2))
    for got, exact in zip(found, exact_scores(x, ddof, decimals + 9), strict=True):
        assert abs(got - exact) <= bound
    if len(set(x)) > 1:
        expected = zscore(x, ddof=ddof)
        assert [float(v) for v in found] == pytest.approx(list(expected), abs=float(bound) + 1e-9)


@given(
    x=VECTORS,
    deviations=st.one_of(
        st.integers(0, 3), st.sampled_from([Fraction(1, 2), Decimal("1.25"), Decimal("2.5")])
    ),
    ddof=st.integers(0, 1),
)
def test_outliers_are_exact(x: list[int], deviations: Any, ddof: int) -> None:
    """Also those that lie exactly so many deviations from the mean, which are none."""
    ddof = min(ddof, len(x) - 1)
    found = compute(lambda a: ts.outliers(a, deviations, ddof=ddof), x, low=LOW, high=HIGH)
    n, total = len(x), sum(x)
    spread = n * sum(v * v for v in x) - total * total
    limit = Fraction(deviations) ** 2 * Fraction(n, n - ddof) * spread
    assert found.tolist() == [int((n * v - total) ** 2 > limit) for v in x]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_an_axis(axis: int) -> None:
    x = [5, -3, 5, 90, -37, -37, 0, 1, 1, 0, 0, 7]
    grid = np.array(x).reshape(3, 4)
    found = compute(
        lambda a: {
            "z": ts.zscores(a.reshape(3, 4), axis, decimals=4),
            "out": ts.outliers(a.reshape(3, 4), 1, axis),
            "all": ts.outliers(a.reshape(3, 4), 1),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    assert np.abs(found["z"].astype(float) - zscore(grid, axis)).max() < 0.000055
    assert found["out"].tolist() == (np.abs(zscore(grid, axis)) > 1).astype(int).tolist()
    assert found["all"].tolist() == (np.abs(zscore(grid, None)) > 1).astype(int).tolist()


def test_extremes_of_wide_columns() -> None:
    top = 2**32 - 1
    x = [0, top, top, 1, 5]
    found = compute(lambda a: [ts.zscores(a, decimals=4), ts.outliers(a, 1)], x, low=0, high=top)
    for got, exact in zip(found["0"], exact_scores(x, 0, 12), strict=True):
        assert abs(got - exact) < Fraction(55, 10**6)
    assert found["1"].tolist() == [int(abs(z) > 1) for z in exact_scores(x, 0, 12)]


def test_costs() -> None:
    """For 32 bits and a thousand rows: a product, and about as many digits as the deviations from the mean have."""
    n, top = 1000, 2**32 - 1
    assert cost_of(lambda x: ts.zscores(x, decimals=2), n, 0, top).gates < 66 * n
    assert cost_of(lambda x: ts.outliers(x, 3), n, 0, top).gates < 74 * n


SHARED: dict[str, Function] = {
    "z": lambda x: ts.zscores(x, decimals=2),
    "sample z": lambda x: ts.zscores(x, decimals=1, ddof=1),
    "outliers": lambda x: ts.outliers(x, Decimal("1.5")),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("x", [[5, -8, 15, 5], [5, 5, 5]])
def test_runs_on_shares(native: Backend, name: str, x: list[int]) -> None:
    agree_on_shares(native, SHARED[name], x, low=-8, high=15)


@pytest.mark.parametrize(
    ("name", "kind"), [("z", "root"), ("z", "ratio"), ("z", "quotient"), ("outliers", "root")]
)
def test_forged_advice_is_not_proved(native: Backend, name: str, kind: str) -> None:
    case = library_case(SHARED[name], [5, -8, 15], low=-8, high=15)
    honest = honest_advice(case, kind=kind)
    forgery_is_refused(native, case, [1 - honest[0], *honest[1:]], kind=kind)
    forgery_is_refused(native, case, [1 - b for b in honest], kind=kind)


ERRORS: dict[str, tuple[Function, str]] = {
    "list": (lambda x: ts.zscores([1], decimals=1), "ts.zscores takes a secret"),  # type: ignore[arg-type]
    "nothing": (lambda x: ts.zscores(x[:0], decimals=1), "ts.zscores of no entries"),
    "too few": (lambda x: ts.outliers(x[:1], 2, ddof=1), "ts.outliers of 1 entries divides by 0"),
    "ddof": (lambda x: ts.zscores(x, decimals=1, ddof=True), "ddof is an integer"),
    "decimals": (lambda x: ts.zscores(x, decimals=-1), "decimals is an integer"),
    "negative": (lambda x: ts.outliers(x, -1), "at least 0"),
    "secret": (lambda x: ts.outliers(x, x), "public number of deviations"),
    "axis": (lambda x: ts.zscores(x, 1, decimals=1), "axis 1 of 1"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
