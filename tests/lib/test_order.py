# SPDX-License-Identifier: Apache-2.0
"""Sorting and quantiles against NumPy and SciPy, on drawn data with ties and extremes, and on shares."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.advice import every_witness, forgery_is_refused, hint_node, honest_advice, satisfies
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.plan import exchanges, simulate, witness

LOW, HIGH = -37, 90
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 0, 7]))
VECTORS = st.lists(ENTRIES, min_size=1, max_size=9)
METHODS = ("lower", "higher", "nearest", "midpoint", "linear")
Function = Callable[..., Any]


# ------------------------------------------------------------------------------------ sorting


@pytest.mark.parametrize("n", range(2, 19))
def test_the_network_sorts_every_vector_of_zeros_and_ones(n: int) -> None:
    """Then it sorts everything (Knuth's 0-1 principle); and the counts are those of the layers."""
    states = (np.arange(1 << min(n, 12))[:, None] >> np.arange(n) & 1).astype(np.int8)
    if n > 12:
        states = np.random.default_rng(n).integers(0, 2, (4096, n)).astype(np.int8)
    for layer in exchanges(n):
        i = layer.lower(n)
        j = i + layer.distance
        assert len(i) == layer.count
        assert j.max() < n
        low, high = np.minimum(states[:, i], states[:, j]), np.maximum(states[:, i], states[:, j])
        states[:, i], states[:, j] = low, high
    assert (np.diff(states.astype(int), axis=1) >= 0).all()


@given(x=VECTORS)
def test_sorting_agrees_with_numpy(x: list[int]) -> None:
    found = compute(
        lambda a: {
            "sort": ts.sort(a),
            "argsort": ts.argsort(a),
            "of sums": ts.sort(2 * a + 1),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    assert found["sort"].tolist() == sorted(x)
    assert found["argsort"].tolist() == np.argsort(x, kind="stable").tolist()
    assert found["of sums"].tolist() == sorted(2 * v + 1 for v in x)


@given(x=VECTORS, data=st.data())
def test_the_greatest(x: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(x)))
    found = compute(lambda a: ts.top_k(a, k), x, low=LOW, high=HIGH)
    assert found.tolist() == sorted(x, reverse=True)[:k]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_an_axis(axis: int) -> None:
    x = [5, -3, 5, 90, -37, -37, 0, 1, 1, 0, 0, 7]
    grid = np.array(x).reshape(3, 4)
    found = compute(
        lambda a: {
            "sort": ts.sort(a.reshape(3, 4), axis=axis),
            "argsort": ts.argsort(a.reshape(3, 4), axis=axis),
            "top": ts.top_k(a.reshape(3, 4), 2, axis=axis),
            "median": ts.median(a.reshape(3, 4), axis=axis),
            "lower": ts.quantile(a.reshape(3, 4), Fraction(1, 3), axis=axis, method="lower"),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    assert found["sort"].tolist() == np.sort(grid, axis=axis).tolist()
    assert found["argsort"].tolist() == np.argsort(grid, axis=axis, kind="stable").tolist()
    assert (
        found["top"].tolist()
        == np.flip(np.sort(grid, axis=axis), axis)[(slice(None),) * (axis % 2) + (slice(2),)].tolist()
    )
    assert [float(v) for v in found["median"]] == np.median(grid, axis=axis).tolist()
    assert found["lower"].tolist() == np.quantile(grid, 1 / 3, axis=axis, method="lower").tolist()


# ------------------------------------------------------------------------------------ quantiles


@pytest.mark.parametrize("method", METHODS)
@given(x=VECTORS, q=st.fractions(0, 1, max_denominator=8))
def test_quantiles_agree_with_numpy(method: Any, x: list[int], q: Fraction) -> None:
    """Where n - 1 times the level is half way, doubles round as fractions do: the levels are eighths at most."""
    found = compute(lambda a: ts.quantile(a, q, method=method, decimals=3), x, low=LOW, high=HIGH)
    position = q * (len(x) - 1)
    if method in ("linear", "midpoint"):
        exact = Fraction(*_interpolated(sorted(x), position, method).as_integer_ratio())
        assert abs(Fraction(found.item()) - exact) <= Fraction(1, 2000)
        assert float(exact) == pytest.approx(np.quantile(x, float(q), method=method), abs=1e-9)
    elif method == "nearest" or position.denominator == 1:
        assert found == sorted(x)[round(position)]
    else:
        assert found == np.quantile(x, float(q), method=method)


def _interpolated(x: list[int], position: Fraction, method: str) -> Fraction:
    below, part = int(position // 1), position % 1
    if method == "midpoint" and part:
        part = Fraction(1, 2)
    return x[below] + part * (x[below + 1] - x[below]) if part else Fraction(x[below])


@pytest.mark.parametrize("x", [[3], [3, 4], [4, 3, 3], [7] * 6, [LOW, HIGH] * 3, [5, 1, 5, 1, 5]])
def test_medians(x: list[int]) -> None:
    found = compute(
        lambda a: {
            "median": ts.median(a),
            "quartiles": ts.quantile(a, [Fraction(1, 4), Decimal("0.5"), 1], method="lower"),
            "percent": ts.percentile(a, [0, 25, 100], decimals=2),
            "of squares": ts.median(a * a),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    assert float(found["median"]) == np.median(x)
    assert found["quartiles"].tolist() == [np.quantile(x, q, method="lower") for q in (0.25, 0.5, 1)]
    assert [float(v) for v in found["percent"]] == [np.percentile(x, q) for q in (0, 25, 100)]
    assert float(found["of squares"]) == np.median(np.square(x))


def test_wide_values_with_decimals() -> None:
    """Pairs that one sum cannot carry, and committed digits of unequal columns."""
    top = 2**90
    x = [0, top, top - 1, 1, 5, 5]
    found = compute(lambda a: {"m": ts.median(a), "s": ts.sort(a)}, x, low=0, high=top, decimals=3)
    assert found["m"] == Fraction(5, 1000)
    assert found["s"].tolist() == [Fraction(v, 1000) for v in sorted(x)]


# ------------------------------------------------------------------------------------ costs

TOP = 2**32 - 1


def test_the_anchors_median_of_a_thousand() -> None:
    for function in (lambda x: ts.median(x), lambda x: ts.quantile(x, Fraction(1, 2), method="lower")):
        assert cost_of(function, 1000, 0, TOP).gates <= 70_000


def test_a_sort_costs_two_gates_a_comparator_and_a_range_proof_an_entry() -> None:
    n = 100
    comparators = sum(layer.count for layer in exchanges(n))
    cost = cost_of(lambda x: ts.sort(x)[::-1], n, 0, TOP)
    assert cost.gates == 2 * comparators + 32 * (n - 1)


# ------------------------------------------------------------------------------------ on shares and forged

SHARED: dict[str, Function] = {
    "sort": lambda x: ts.sort(x),
    "argsort": lambda x: ts.argsort(x),
    "top": lambda x: ts.top_k(x, 2),
    "median": lambda x: ts.median(x),
    "lower": lambda x: ts.quantile(x, Fraction(1, 2), method="lower"),
    "linear": lambda x: ts.quantile(x, Fraction(1, 3), decimals=1),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("x", [[5, -37, 90, 5, 7, 5], [7, 7, 7, 7]])
def test_runs_on_shares(native: Backend, name: str, x: list[int]) -> None:
    agree_on_shares(native, SHARED[name], x, low=LOW, high=HIGH)


def test_the_split_is_found_at_every_rank(native: Backend) -> None:
    x = [3, 1, 3, 0, 2]
    agree_on_shares(
        native,
        lambda a: [ts.quantile(a, Fraction(2 * r + 1, 8), method="midpoint") for r in range(4)],
        x,
        low=0,
        high=3,
    )


@pytest.mark.parametrize("x", [[1, 0, 1], [0, 0, 0], [1, 1, 0]])
def test_every_witness_sorts(x: list[int]) -> None:
    for function in (ts.sort, ts.argsort):
        case = library_case(function, x, low=0, high=1)
        assert set(every_witness(case)) == {simulate(case.plan, case.values).outputs}


@pytest.mark.parametrize("x", [[1, 0], [1, 1], [0, 1]])
def test_every_witness_has_the_same_median(x: list[int]) -> None:
    """The flags by exhaustion; the digits that follow from them are those of the values, proved elsewhere."""
    case = library_case(ts.median, x, low=0, high=1)
    assert set(every_witness(case, limit=16)) == {simulate(case.plan, case.values).outputs}


def test_no_other_flags_select_another_pair() -> None:
    """All 2^12 flags of four values, digits following honestly: whoever satisfies the plan has its outputs."""
    for x in ([2, 0, 3, 1], [1, 1, 2, 0], [3, 3, 3, 3]):
        case = library_case(ts.median, x, low=0, high=3)
        v, want = hint_node(case.plan, kind="split"), simulate(case.plan, case.values).outputs
        satisfied = 0
        for flags in range(1 << 12):
            w = witness(case.plan, case.values, advice={v: [flags >> i & 1 for i in range(12)]})
            if satisfies(w):
                satisfied += 1
                assert w.outputs == want
        assert satisfied >= 1


@pytest.mark.parametrize(
    ("name", "kind"), [("sort", "controls"), ("median", "split"), ("argsort", "controls")]
)
def test_forged_advice_is_not_proved(native: Backend, name: str, kind: str) -> None:
    case = library_case(SHARED[name], [5, -37, 90, 6], low=LOW, high=HIGH)
    honest = honest_advice(case, kind=kind)
    forgery_is_refused(native, case, [1 - honest[0], *honest[1:]], kind=kind)
    forgery_is_refused(native, case, [0] * len(honest), kind=kind)


# ------------------------------------------------------------------------------------ misuse

ERRORS: dict[str, tuple[Function, str]] = {
    "float": (lambda x: ts.quantile(x, 0.3), "0.3 is a float"),
    "level": (lambda x: ts.quantile(x, 2), "between 0 and 1"),
    "percent": (lambda x: ts.percentile(x, 101), "between 0 and 100"),
    "method": (lambda x: ts.quantile(x, 1, method="weibull"), "knows no method 'weibull'"),  # type: ignore[arg-type]
    "weights": (lambda x: ts.quantile(x, Fraction(1, 3)), "no finite decimals"),
    "nothing": (lambda x: ts.median(x[:0]), "of no entries"),
    "no level": (lambda x: ts.quantile(x, []), "at no level"),
    "single": (lambda x: ts.sort(x[0]), "of a single value"),
    "top": (lambda x: ts.top_k(x, 5), "the 5 greatest of 3"),
    "top zero": (lambda x: ts.top_k(x, 0), "positive number"),
    "list": (lambda x: ts.sort([3, 1]), "takes a secret"),  # type: ignore[arg-type]
    "axis": (lambda x: ts.sort(x, axis=1), "axis 1 of 1"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
