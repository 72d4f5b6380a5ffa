# SPDX-License-Identifier: Apache-2.0
"""Comparisons and choices against NumPy, on drawn data with ties, extremes and negatives, and on shares."""

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
from support.advice import every_witness, hint_node, honest_advice, proves
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.plan import Hint, simulate
from tallystick.tracing import Secret

LOW, HIGH = -37, 90
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, -1, 1, 5]))
ROWS = st.lists(st.tuples(ENTRIES, ENTRIES), min_size=0, max_size=7)

Function = Callable[..., Any]


def booleans(found: object) -> object:
    """NumPy's booleans as integers."""
    return np.asarray(found).astype(int) if np.asarray(found).dtype == bool else np.asarray(found)


# Each function works on secrets with ts and on arrays with numpy: the second argument is the namespace.
TWO: dict[str, Callable[[Any, Any, Any], Any]] = {
    "less": lambda m, x, y: x < y,
    "at most": lambda m, x, y: x <= y,
    "greater": lambda m, x, y: x > y,
    "at least": lambda m, x, y: x >= y,
    "equal": lambda m, x, y: x == y,
    "unequal": lambda m, x, y: x != y,
    "less than constant": lambda m, x, y: x < 17,
    "at most lowest": lambda m, x, y: x <= LOW,
    "greater than highest": lambda m, x, y: x > HIGH,
    "at least far below": lambda m, x, y: x >= LOW - 40,
    "constant first": lambda m, x, y: x > 17,
    "power of two": lambda m, x, y: x >= LOW + 64,
    "equal constant": lambda m, x, y: x == 5,
    "equal outside": lambda m, x, y: x == HIGH + 1,
    "unequal constant": lambda m, x, y: x != -37,
    "computed and constant": lambda m, x, y: x + y >= 3,
    "computed equal": lambda m, x, y: x + y == 3,
    "affine": lambda m, x, y: 3 * x - 5 < 20,
    "affine turned": lambda m, x, y: 7 - 2 * x >= 20,
    "affine equal": lambda m, x, y: 4 - 3 * x == 19,
    "affine never equal": lambda m, x, y: 4 - 3 * x == 20,
    "both affine": lambda m, x, y: 2 * x < 3 * y + 1,
    "slices": lambda m, x, y: x[::-1] < 5,
    "picked": lambda m, x, y: x[[0, 0, -1]] <= 5 if len(x) else x < 5,
    "booleans": lambda m, x, y: (x < 5) < (y < 5),
    "booleans equal": lambda m, x, y: (x < 5) == (y < 5),
    "and": lambda m, x, y: (x < 5) & (y > 0),
    "or": lambda m, x, y: (x < 5) | (y > 0),
    "xor": lambda m, x, y: (x < 5) ^ (y > 0),
    "and constants": lambda m, x, y: (x < 5) & True | False,
    "xor constant": lambda m, x, y: (x < 5) ^ 1,
    "where": lambda m, x, y: m.where(x < y, x, 2 * y),
    "where constants": lambda m, x, y: m.where(x < y, 3, -4),
    "where zero": lambda m, x, y: m.where(x == y, 0, y),
    "minimum": lambda m, x, y: m.minimum(x, y),
    "maximum": lambda m, x, y: m.maximum(x, y),
    "minimum with constant": lambda m, x, y: m.minimum(7, x),
    "clip": lambda m, x, y: m.clip(x, -3, 40),
    "clip below": lambda m, x, y: m.clip(x, 0, None),
    "clip above": lambda m, x, y: m.clip(x, None, 12),
    "clip of sum": lambda m, x, y: m.clip(x + y, -3, 41),
    "clip all": lambda m, x, y: m.clip(x, HIGH + 1, HIGH + 3),
    "abs": lambda m, x, y: abs(x) + abs(x - y),
    "sign": lambda m, x, y: m.sign(x) + 3 * m.sign(x - y),
    "isin": lambda m, x, y: m.isin(x, [5, 7, 8, 9, -37, 90, 91]),
    "isin of sum": lambda m, x, y: m.isin(x - y, [0, 2]),
    "isin nothing": lambda m, x, y: m.isin(x, [1000]),
    "outer": lambda m, x, y: x.reshape(-1, 1) < y.reshape(1, -1),
    "thresholds": lambda m, x, y: x.reshape(-1, 1) >= np.array([-50, -37, 0, 5, 6, 90, 91]),
    "equal to each": lambda m, x, y: x.reshape(-1, 1) == np.array([-50, -37, 0, 5, 6, 90, 91]),
    "thresholds of sum": lambda m, x, y: (x + y).reshape(-1, 1) >= np.array([-50, 5, 6]),
    "any": lambda m, x, y: m.any(x < y),
    "all": lambda m, x, y: m.all(x < y),
}


@pytest.mark.parametrize("name", TWO)
@given(rows=ROWS)
def test_agrees_with_numpy(name: str, rows: list[tuple[int, int]]) -> None:
    x, y = [r[0] for r in rows], [r[1] for r in rows]
    found = compute(lambda a, b: TWO[name](ts, a, b), x, y, low=LOW, high=HIGH)
    want = booleans(TWO[name](np, np.array(x, dtype=int), np.array(y, dtype=int)))
    assert found.shape == np.shape(want)
    assert found.tolist() == np.asarray(want).tolist()


@pytest.mark.parametrize("name", ["min", "max", "any", "all"])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_reductions_along_axes(name: str, axis: int | None) -> None:
    data = [5, -3, 5, 90, -37, -37, 0, 1, 1, 0, 0, 7]

    def reduced(m: Any, x: Any) -> Any:
        grid = x.reshape(3, 4)
        return getattr(m, name)(grid < 5 if name in ("any", "all") else grid, axis=axis)

    found = compute(lambda x: reduced(ts, x), data, low=LOW, high=HIGH)
    assert found.tolist() == booleans(reduced(np, np.array(data))).tolist()  # type: ignore[attr-defined]


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 11])
def test_any_and_all_of_every_size(n: int) -> None:
    for ones in {0, 1, n - 1, n}:
        x = [1] * ones + [0] * (n - ones)
        assert compute(lambda x: [ts.any(x != 0), ts.all(x != 0)], x, low=0, high=1)["0"] == bool(ones)
        assert compute(lambda x: [ts.any(x != 0), ts.all(x != 0)], x, low=0, high=1)["1"] == (ones == n)


@given(x=st.lists(ENTRIES, min_size=1, max_size=9))
def test_extremes(x: list[int]) -> None:
    found = compute(lambda x: {"min": ts.min(x), "max": ts.max(x)}, x, low=LOW, high=HIGH)
    assert (found["min"], found["max"]) == (min(x), max(x))


def test_scales_and_thresholds_between_two_values() -> None:
    """1.25 <= x in hundredths; constants finer than the value's own units."""
    x = [124, 125, 126, -125]
    found = compute(
        lambda x: {
            "at least": x >= Decimal("1.25"),
            "finer": x < Decimal("1.2549"),
            "finer below": x > Decimal("-1.2501"),
            "fraction": x <= Fraction(5, 4),
            "clip": ts.clip(x, 0, Decimal("1.25")),
            "where": ts.where(x > 0, Decimal("0.5"), 2),
            "isin": ts.isin(x, [Decimal("1.25"), Decimal("1.255")]),
        },
        x,
        low=-200,
        high=200,
        decimals=2,
    )
    assert found["at least"].tolist() == [0, 1, 1, 0]
    assert found["finer"].tolist() == [1, 1, 0, 1]
    assert found["finer below"].tolist() == [1, 1, 1, 1]
    assert found["fraction"].tolist() == [1, 1, 0, 1]
    assert found["clip"].tolist() == [Fraction(31, 25), Fraction(5, 4), Fraction(5, 4), 0]
    assert found["where"].tolist() == [Fraction(1, 2)] * 3 + [2]
    assert found["isin"].tolist() == [0, 1, 0, 0]


def test_intervals_stay_as_narrow_as_the_values() -> None:
    seen: dict[str, Any] = {}

    def body(x: Secret, y: Secret) -> Secret:
        made = {
            "less": x < y,
            "or": (x < y) | (y < 5),
            "where": ts.where(x < y, x, 2 * y),
            "min": ts.min(x),
            "clip": ts.clip(x + y, -3, 41),
            "abs": abs(x),
            "sign": ts.sign(x),
            "isin": ts.isin(x, [3, 5, 6]),
            "any": ts.any(x < y),
        }
        seen.update({k: v.interval for k, v in made.items()})
        return ts.any(x < 5)

    library_case(body, [0] * 40, [0] * 40, low=LOW, high=HIGH)
    assert seen == {
        "less": (0, 1),
        "or": (0, 1),
        "where": (2 * LOW, 2 * HIGH),
        "min": (LOW, HIGH),
        "clip": (-3, 41),
        "abs": (0, 128),
        "sign": (-1, 1),
        "isin": (0, 1),
        "any": (0, 1),
    }


# ------------------------------------------------------------------------------------ costs


def test_a_comparison_takes_as_many_digits_as_the_difference_needs() -> None:
    n = 10
    for low, high, digits in [(0, 15, 5), (0, 16, 6), (-8, 7, 5), (0, 2**32 - 1, 33), (0, 1, None)]:
        cost = cost_of(lambda x, y: (x < y).sum(), n, low, high, columns=2)
        wires = cost.boolean_wires
        assert wires == (n * digits if digits else 0), (low, high)
        assert cost.gates - wires == (0 if digits else n)


def test_a_comparison_with_a_constant_reads_committed_digits() -> None:
    n = 10
    for bound, gates in [(2**31, 0), (2**31 + 2**30, 1), (12345, 31), (2**32 - 1, 31), (1 << 20, 11)]:
        cost = cost_of(lambda x, bound=bound: (x >= bound).sum(), n, 0, 2**32 - 1)
        assert (cost.gates, cost.random_bits) == (n * gates, 0), bound


def test_comparing_costs_what_the_anchor_allows() -> None:
    cost = cost_of(lambda x, y: (x < y).sum(), 10_000, 0, 2**32 - 1, columns=2)
    assert cost.triples + cost.random_bits <= 150 * 10_000


# ------------------------------------------------------------------------------------ on shares

SHARED: dict[str, Function] = {
    "less": lambda x, y: x < y,
    "constant": lambda x, y: x < 17,
    "constants": lambda x, y: x.reshape(-1, 1) >= np.array([-50, 0, 90]),
    "equal": lambda x, y: x == y,
    "equal constants": lambda x, y: x.reshape(-1, 1) == np.array([-50, 0, 91]),
    "booleans": lambda x, y: ((x < 5) | (y < 5)) ^ (x > 80),
    "where": lambda x, y: ts.where(x < y, x, y),
    "max": lambda x, y: ts.max(x - y),
    "clip": lambda x, y: ts.clip(x, -3, 40),
    "abs": lambda x, y: abs(x - y),
    "sign": lambda x, y: ts.sign(x),
    "isin": lambda x, y: ts.isin(x, [5, 7, 8, 9, -37]),
    "any": lambda x, y: ts.any(x == y),
    "all": lambda x, y: ts.all(x != y),
}


@pytest.mark.parametrize("name", SHARED)
def test_runs_on_shares(native: Backend, name: str) -> None:
    x, y = [5, -37, 90, 0, 7, 5, 5], [5, 90, -37, 1, 7, 4, 6]
    agree_on_shares(native, SHARED[name], x, y, low=LOW, high=HIGH)


def test_runs_on_shares_of_the_pure_backend(pure: Backend) -> None:
    def body(x: Secret, y: Secret) -> list[Secret]:
        return [ts.where(x < y, x, y), (x == y).sum()]

    agree_on_shares(pure, body, [5, 3, 2], [5, 0, 7], low=0, high=7)


# ------------------------------------------------------------------------------------ forgers


SMALL: dict[str, Function] = {
    "less": lambda x, y: x < y,
    "at most": lambda x, y: 2 * x <= y,
    "equal": lambda x, y: x == y,
    "abs": lambda x, y: abs(x - y),
    "sign": lambda x, y: ts.sign(x - y),
    "clip": lambda x, y: ts.clip(x - y, -1, 2),
    "isin": lambda x, y: ts.isin(x - y, [-1, 1]),
    "max": lambda x, y: ts.maximum(x, y),
    "constants": lambda x, y: x >= np.array([1]),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_witness_gives_the_same_outputs(name: str) -> None:
    """All assignments of all boolean wires: none makes a comparison come out differently."""
    for x, y in [(0, 3), (3, 0), (1, 2), (2, 2), (0, 0)]:
        case = library_case(SMALL[name], [x], [y], low=0, high=3)
        if not any(isinstance(n, Hint) for n in case.plan.nodes):
            continue
        outputs = list(every_witness(case))
        assert set(outputs) == {simulate(case.plan, case.values).outputs}, (x, y)


@pytest.mark.parametrize("name", ["less", "abs", "clip"])
def test_no_other_digits_are_proved(native: Backend, name: str) -> None:
    """The same with proofs: all zeros, and each digit changed, are refused."""
    case = library_case(SHARED[name], [5, 50], [7, 50], low=LOW, high=HIGH)
    hints = [v for v, n in enumerate(case.plan.nodes) if isinstance(n, Hint)]
    assert hints
    for number in range(len(hints)):
        v, honest = hint_node(case.plan, number), honest_advice(case, number)
        assert proves(native, case, {v: honest})
        forgeries = [[*honest[:k], 1 - honest[k], *honest[k + 1 :]] for k in range(len(honest))]
        for forged in [*forgeries, [0] * len(honest)]:
            assert not proves(native, case, {v: forged}), (number, forged)


# ------------------------------------------------------------------------------------ misuse

ERRORS: dict[str, tuple[Function, str]] = {
    "scales": (lambda x: x * x < x, "cannot compare values of 4 and 2 decimals"),
    "never equal": (lambda x: x == Decimal("0.125"), "of 2 decimals never equal a constant of 3"),
    "float": (lambda x: x < 0.5, "0.5 is a float"),
    "shapes": (lambda x: x[:2] < x, "do not match"),
    "shape of constants": (lambda x: x < np.array([1, 2]), "do not match"),
    "and": (lambda x: x & (x > 0), "needs zeros and ones"),
    "or constant": (lambda x: (x > 0) | 2, "needs zeros and ones"),
    "not": (lambda x: ~x, "needs zeros and ones"),
    "where": (lambda x: ts.where(x, x, 0), "needs zeros and ones"),
    "public where": (lambda x: ts.where(True, x, 0), "takes a secret condition"),
    "where scales": (lambda x: ts.where(x > 0, x * x, x), "cannot choose between values of"),
    "branch": (lambda x: x if x[0] > 0 else -x, "no truth value"),
    "min of nothing": (lambda x: ts.min(x[:0]), "of no entries"),
    "min of numbers": (lambda x: ts.min([1, 2]), "takes a secret"),
    "minimum of numbers": (lambda x: ts.minimum(1, 2), "at least one secret"),
    "axis": (lambda x: ts.max(x, axis=2), "axis 2 of 1 dimensions"),
    "any of numbers": (lambda x: ts.any(x), "needs zeros and ones"),
    "clip bounds": (lambda x: ts.clip(x, 3, 1), "lower bound is above"),
    "clip by a secret": (lambda x: ts.clip(x, x), "use ts.minimum|public bounds"),
    "isin of secrets": (lambda x: ts.isin(x, x), "public values"),
    "membership": (lambda x: 3 in x, "membership"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH, decimals=2)
