# SPDX-License-Identifier: Apache-2.0
"""Least squares against exact fractions, NumPy and SciPy, under simulation and on shares."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import tallystick as ts
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend

LOW, HIGH = -50, 99
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 1]))


def everything(fit: ts.Regression) -> dict[str, Any]:
    return {
        "coefficients": fit.coefficients,
        "residual": fit.residual_sum,
        "variance": fit.residual_variance,
        "r_squared": fit.r_squared,
        "adjusted": fit.adjusted_r_squared,
        "f": fit.f_statistic,
        "inverse": fit.normalized_covariance,
        "covariance": fit.covariance,
        "errors": fit.standard_errors(12),
        "t": fit.t_statistics(12),
    }


def exact(design: Sequence[Sequence[Fraction]], y: Sequence[Fraction]) -> list[Fraction] | None:
    """Return the least-squares coefficients of rows by elimination with pivoting, None if there is no unique one."""
    p = len(design[0])
    rows = [
        [
            *(sum(r[i] * r[j] for r in design) for j in range(p)),
            sum(r[i] * v for r, v in zip(design, y, strict=True)),
        ]
        for i in range(p)
    ]
    for k in range(p):
        pivot = next((i for i in range(k, p) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [Fraction(v) / rows[k][k] for v in rows[k]]
        for i in range(p):
            if i != k:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[p] for row in rows]


@given(
    rows=st.lists(st.tuples(ENTRIES, ENTRIES, ENTRIES, ENTRIES), min_size=0, max_size=9),
    kinds=st.tuples(*[st.sampled_from(["free", "all equal", "like the first"])] * 3),
    p=st.integers(1, 3),
    intercept=st.booleans(),
    decimals=st.sampled_from([0, 2]),
)
def test_coefficients_and_residuals_are_exact(
    rows: list[tuple[int, ...]], kinds: tuple[str, ...], p: int, intercept: bool, decimals: int
) -> None:
    columns = [[r[j] for r in rows] for j in range(p)]
    for j, kind in enumerate(kinds[:p]):
        if kind != "free" and rows:
            columns[j] = [columns[j][0]] * len(rows) if kind == "all equal" else columns[0]
    y = [r[3] for r in rows]
    got = compute(
        lambda *v: everything(ts.ols(list(v[:-1]), v[-1], intercept=intercept)),
        *columns,
        y,
        low=LOW,
        high=HIGH,
        decimals=decimals,
    )
    unit = Fraction(1, 10**decimals)
    design = [[*([Fraction(1)] if intercept else []), *(c[i] * unit for c in columns)] for i in range(len(y))]
    ys = [v * unit for v in y]
    wanted = exact(design, ys) if rows else None
    if wanted is None:
        for name in ("coefficients", "residual", "variance", "r_squared", "inverse", "errors", "t", "f"):
            assert all(v is None for v in got[name].reshape(-1)), name
        return
    assert got["coefficients"].tolist() == wanted
    left = sum(
        (v - sum(a * b for a, b in zip(r, wanted, strict=True))) ** 2 for r, v in zip(design, ys, strict=True)
    )
    mean = sum(ys) / len(ys) if intercept else 0
    total = sum((v - mean) ** 2 for v in ys)
    degrees = len(y) - len(wanted)
    assert got["residual"].item() == left
    assert got["r_squared"].item() == (1 - left / total if total else None)
    assert got["variance"].item() == (left / degrees if degrees else None)
    if degrees and total:
        assert got["adjusted"].item() == 1 - (left / degrees) / (total / (len(y) - intercept))


@pytest.fixture(scope="module")
def sample() -> tuple[list[list[int]], list[int]]:
    rng = np.random.default_rng(5)
    columns = [rng.integers(0, 60, 40).tolist() for _ in range(3)]
    noise = rng.integers(-20, 20, 40)
    y = [int(v) for v in np.clip(columns[0] - np.array(columns[2]) // 2 + noise, LOW, HIGH)]
    return columns, y


def test_agreement_with_doubles(sample: tuple[list[list[int]], list[int]]) -> None:
    """Every figure against NumPy's least squares and the textbook's formulas in double precision."""
    columns, y = sample
    got = compute(lambda *v: everything(ts.ols(v[:-1], v[-1])), *columns, y, low=LOW, high=HIGH)
    floats = {k: v.astype(float) for k, v in got.items()}
    x = np.column_stack([np.ones(40), *columns]).astype(float)
    beta, (left,), _, _ = np.linalg.lstsq(x, np.array(y, dtype=float), rcond=None)
    inverse = np.linalg.inv(x.T @ x)
    variance = left / 36
    errors = np.sqrt(np.diag(inverse) * variance)
    total = float(np.var(y)) * 40
    assert floats["coefficients"] == pytest.approx(beta)
    assert floats["inverse"] == pytest.approx(inverse)
    assert floats["covariance"] == pytest.approx(inverse * variance)
    assert floats["errors"] == pytest.approx(errors)
    assert floats["t"] == pytest.approx(beta / errors)
    assert floats["f"] == pytest.approx((total - left) / 3 / variance)
    assert floats["adjusted"] == pytest.approx(1 - variance / (total / 39))


def test_one_column_agrees_with_scipy(sample: tuple[list[list[int]], list[int]]) -> None:
    (x, *_), y = sample
    got = compute(lambda a, b: everything(ts.ols(a, b)), x, y, low=LOW, high=HIGH)
    line = stats.linregress(x, y)
    assert [float(v) for v in got["coefficients"]] == pytest.approx([line.intercept, line.slope])
    assert [float(v) for v in got["errors"]] == pytest.approx([line.intercept_stderr, line.stderr])
    assert float(got["r_squared"].item()) == pytest.approx(line.rvalue**2)


def test_a_matrix_and_public_columns(sample: tuple[list[list[int]], list[int]]) -> None:
    """A public column (here which member a row is of, and a trend) costs no gates and counts as any other."""
    (a, b, _), y = sample
    group, trend = [0] * 20 + [1] * 20, [Decimal(k) / 4 for k in range(40)]

    def body(x: ts.Secret, z: ts.Secret, w: ts.Secret) -> dict[str, Any]:
        return {
            "matrix": ts.ols(ts.stack([x, z]).T, w).coefficients,
            "list": ts.ols([x, z], w).coefficients,
            "public": ts.ols([x, np.array(group), trend], w).coefficients,
            "only public": ts.ols(np.array([group, trend], dtype=object).T, w).coefficients,
            "mean": ts.ols([], w).coefficients,
        }

    got = compute(body, a, b, y, low=LOW, high=HIGH)
    assert got["matrix"].tolist() == got["list"].tolist()
    ys = [Fraction(v) for v in y]
    public = [[Fraction(1), Fraction(a[k]), Fraction(group[k]), Fraction(k, 4)] for k in range(40)]
    assert got["public"].tolist() == exact(public, ys)
    assert got["only public"].tolist() == exact([[r[0], *r[2:]] for r in public], ys)
    assert got["mean"].tolist() == [sum(ys) / 40]
    assert cost_of(lambda x, w: ts.ols([x, trend], w).coefficients, 40, LOW, HIGH, columns=2).gates == 3 * 40


def test_moments_are_opened_once_and_shared() -> None:
    def body(x: ts.Secret, z: ts.Secret, y: ts.Secret) -> list[Any]:
        fit = ts.ols([x, z], y)
        return [fit.coefficients, fit.standard_errors(3), ts.covariance(x, y), ts.variance(z), ts.mean(y)]

    plan = library_case(body, [1, 2, 3], [4, 5, 6], [7, 8, 8], low=0, high=9).plan
    assert [o.label for o in plan.outputs] == [
        f"sum of {what} over all members (3 rows)"
        for what in ("x0", "x0^2", "x1", "(x0 * x1)", "x1^2", "x2", "(x0 * x2)", "(x1 * x2)", "x2^2")
    ]


def test_twenty_columns_are_no_trouble() -> None:
    """Nodes grow with the square of the number of columns, and the fractions stay within the plan's limit."""
    rng = np.random.default_rng(7)
    columns = rng.integers(LOW, HIGH, (20, 30))
    y = rng.integers(LOW, HIGH, 30).tolist()
    names = list(columns.tolist())
    got = compute(lambda *v: ts.ols(v[:-1], v[-1]).coefficients, *names, y, low=LOW, high=HIGH)
    x = np.column_stack([np.ones(30), *columns])
    assert got.astype(float) == pytest.approx(np.linalg.lstsq(x, np.array(y), rcond=None)[0])
    plan = library_case(lambda *v: ts.ols(v[:-1], v[-1]).coefficients, *names, y, low=LOW, high=HIGH).plan
    assert len(plan.expressions) < 10 * 21**2


def test_runs_on_shares(native: Backend) -> None:
    agree_on_shares(
        native,
        lambda x, z, y: [ts.ols([x, z], y).coefficients, ts.ols([x, x], y).r_squared],
        [5, -50, 99, 0, 7],
        [1, 20, 0, 7, -3],
        [4, 4, -9, 99, 0],
        low=LOW,
        high=HIGH,
    )


ERRORS: dict[str, tuple[Any, str]] = {
    "y": (lambda x: ts.ols([x], [1, 2, 3]), "secret vector as y"),
    "matrix y": (lambda x: ts.ols([x], x.reshape(3, 1)), "secret vector as y"),
    "lengths": (lambda x: ts.ols([x, x[:2]], x), r"column 1 has shape \(2,\), y \(3,\)"),
    "three dimensions": (lambda x: ts.ols(x.reshape(3, 1, 1), x), "one row an observation"),
    "no columns": (lambda x: ts.ols([], x, intercept=False), "nothing to fit"),
    "a name": (lambda x: ts.ols("x", x), "not str"),
    "a float": (lambda x: ts.ols([x, [0.5, 1.0, 2.0]], x), "not exact"),
    "too wide": (
        lambda x: ts.ols([x * 10**30 + k for k in range(30)], x).coefficients,
        r"may take \d+ bits, more than 8192",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
