"""Logistic regression against the same iteration in doubles, against SciPy's maximum, and on shares."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, special

import tallystick as ts
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.gallery import find
from tallystick.lib._logistic import probability_table, short_quotients

LOW, HIGH = -40, 87
LIMIT = 128
EPSILON = 1.7e-4
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 1]))
Floats = npt.NDArray[np.float64]


def fitted(columns: Sequence[Sequence[int]], y: Sequence[int], iterations: int, decimals: int = 8) -> Floats:
    """Fit under simulation, with as many decimals."""
    found = compute(
        lambda *v: ts.logistic_regression(v[:-1], v[-1] == 1, iterations=iterations, decimals=decimals),
        *columns,
        y,
        low=LOW,
        high=HIGH,
    )
    return found.astype(np.float64)


def centred(columns: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
    """Return the design with columns about their means, rounded down, and the means."""
    x = np.array(columns).T
    means = x.sum(axis=0) // len(x)
    return np.column_stack([np.ones(len(x)), x - means]), means.astype(float)


def next_in_doubles(design: Floats, y: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return the step from b in double precision, and how much an error in probabilities may move it."""
    n, m = design.shape
    z = design @ b
    middles = special.expit(np.floor(z) + 0.5)
    weights = np.where((z >= -8) & (z < 8), np.maximum(np.round(1024 * middles * (1 - middles)), 1), 1)
    weights = np.where((b == 0).all(), 256, weights)
    drop = max(2 * n // m, 1).bit_length() - 1
    curvature = np.floor(design.T @ (design * weights[:, None]) / 2**drop)
    curvature += np.eye(m) * (m if drop else 1)
    inverse = np.linalg.inv(curvature) * 2.0 ** (10 - drop)
    ends = np.array([LIMIT, *[LIMIT / (HIGH - LOW)] * (m - 1)])
    step = inverse @ (design.T @ (y - special.expit(z)))
    error = np.abs(inverse) @ (EPSILON * np.abs(design).sum(axis=0) + 2.0**-12) + 2.0**-16 * np.abs(step)
    return np.clip(b + step, -ends, ends), error


def about_means(fit: Floats, means: Floats) -> Floats:
    return np.array([fit[0] + means @ fit[1:], *fit[1:]])


@given(
    rows=st.lists(st.tuples(ENTRIES, ENTRIES, st.integers(0, 1)), min_size=1, max_size=10),
    p=st.integers(1, 2),
    iterations=st.integers(1, 5),
    equal=st.booleans(),
)
def test_every_step_is_that_of_doubles_within_the_bound(
    rows: list[tuple[int, int, int]], p: int, iterations: int, equal: bool
) -> None:
    columns = [[r[j] for r in rows] for j in range(p)]
    if equal:
        columns[-1] = [columns[-1][0]] * len(rows)
    y = [r[2] for r in rows]
    design, means = centred(columns)
    before = about_means(fitted(columns, y, iterations - 1), means) if iterations > 1 else np.zeros(p + 1)
    after = about_means(fitted(columns, y, iterations), means)
    z = design @ before
    # Next to an integer a rounded logit may take the weight of its neighbour.
    assume(iterations == 1 or np.abs(z - np.round(z)).min() > 1e-5)
    wanted, bound = next_in_doubles(design, np.array(y, dtype=float), before)
    assert (np.abs(after - wanted) <= bound + 1e-5).all(), (after, wanted, bound)


@pytest.fixture(scope="module")
def sample() -> tuple[list[list[int]], list[int]]:
    rng = np.random.default_rng(3)
    columns = rng.integers(LOW, HIGH, (2, 80))
    likely = special.expit(0.04 * columns[0] - 0.03 * columns[1] - 0.3)
    return columns.tolist(), (rng.random(80) < likely).astype(int).tolist()


def maximum(columns: Any, y: Any) -> tuple[Floats, Floats]:
    """Return SciPy's maximum of the likelihood, and the standard errors there."""
    x = np.column_stack([np.ones(len(y)), *columns]).astype(float)
    scale = np.abs(x).max(axis=0)
    u, v = x / scale, np.asarray(y, dtype=float)

    def loss(b: Floats) -> float:
        return float(np.sum(np.logaddexp(0, u @ b) - v * (u @ b)))

    found = optimize.minimize(
        loss,
        np.zeros(x.shape[1]),
        jac=lambda b: u.T @ (special.expit(u @ b) - v),
        method="BFGS",
        options={"gtol": 1e-9},
    )
    p = special.expit(u @ found.x)
    errors = np.sqrt(np.diag(np.linalg.inv(u.T @ (u * (p * (1 - p))[:, None]))))
    return found.x / scale, errors / scale


def test_convergence_to_the_maximum(sample: tuple[list[list[int]], list[int]]) -> None:
    """The score is what probabilities with their error make 0, and the fit as close to SciPy's as that allows."""
    columns, y = sample
    fit = fitted(columns, y, 8)
    design, means = centred(columns)
    score = design.T @ (y - special.expit(design @ about_means(fit, means)))
    assert (np.abs(score) <= EPSILON * np.abs(design).sum(axis=0) + 2.0**-10).all()
    best, errors = maximum(columns, y)
    assert (np.abs(fit - best) <= 0.005 * errors).all()


def test_the_bundled_diagnoses_against_scipy() -> None:
    example = find("diagnosis")
    tables = example.tables()
    columns = [
        [v / 10**d for t in tables.values() for v in t[name]]
        for name, d in (("mean_radius", 3), ("mean_texture", 2))
    ]
    best, errors = maximum(columns, [1 - v for t in tables.values() for v in t["benign"]])
    plain = example.plain(tables)
    found = [float(plain[name]) for name in ("intercept", "mean_radius", "mean_texture")]
    assert found == pytest.approx(best, abs=6e-4)
    assert (
        max(float(example.bounds[name]) / e for name, e in zip(list(plain)[:3], errors, strict=True)) < 0.03
    )


def test_probabilities_and_weights() -> None:
    """The table's cubics at every t, in the middle and at both ends of what a t stands for."""
    table = probability_table()
    t = np.arange(4096)
    for k in range(-8, 8):
        block, place = divmod(k + 8, 4)
        cell = table[:, block] + (table[:, 4 + 3 * block + place - 1] if place else 0)
        c0, c1, c2, c3, weight = (int(v) for v in cell)
        found = np.array([((c3 * int(v) + c2) * int(v) + c1) * int(v) + c0 for v in t]) / 2**52
        for offset in (0, 0.5, 1):
            assert np.abs(found - special.expit(k + (t + offset) / 4096)).max() < 7e-5
        assert 1 <= weight <= 256
    outside = [float(v) / 2**52 for v in table[0, 16:]]
    assert max(abs(outside[0] - special.expit(z)) for z in (-8, -100)) < EPSILON
    assert max(abs(outside[1] - special.expit(z)) for z in (8, 100)) < EPSILON


@given(
    tops=st.lists(st.integers(-(2**60), 2**60) | st.integers(-300, 300), min_size=1, max_size=3),
    divisor=st.integers(1, 2**60) | st.integers(1, 300) | st.integers(0, 60).map(lambda k: 2**k),
    width=st.sampled_from([61, 80, 97]),
    k=st.sampled_from([3, 30]),
)
def test_short_quotients(tops: list[int], divisor: int, width: int, k: int) -> None:
    found = compute(
        lambda a, b: short_quotients(a, b[0], (1 << width) - 1, k),
        tops,
        [divisor] * len(tops),
        low=-(2**60),
        high=2**60,
    )
    for top, quotient in zip(tops, found, strict=True):
        wanted = max(min(Fraction(top, divisor), 2**k - 1), 1 - 2**k)
        assert abs(quotient - wanted) <= abs(wanted) / 2**16 + 2


def test_separable_data_and_single_rows_end_within_the_limit() -> None:
    for columns, y in (
        ([[LOW, 0, 1, HIGH]], [0, 0, 1, 1]),
        ([[LOW, 0, 1, HIGH]], [1, 1, 1, 1]),
        ([[HIGH]], [1]),
        ([[LOW]], [0]),
    ):
        fit = fitted(columns, y, 12, decimals=4)
        design, means = centred(columns)
        moved = about_means(fit, means)
        assert np.abs(moved[0]) <= LIMIT + 0.01
        assert np.abs(moved[1:]).max() <= LIMIT / (HIGH - LOW) + 0.01
        assert ((design @ moved > 0) == np.array(y)).all()


def test_dependent_columns_share_a_fit(sample: tuple[list[list[int]], list[int]]) -> None:
    (x, _), y = sample
    single, double = fitted([x], y, 10), fitted([x, x], y, 10)
    assert double[0] == pytest.approx(single[0], abs=2e-3)
    assert double[1:].sum() == pytest.approx(single[1], abs=1e-4)


def test_public_columns_scales_and_wide_ranges() -> None:
    """Columns of other scales and of 33 bits are rounded for the steps alone, and the fit is the same."""
    rng = np.random.default_rng(8)
    x = rng.integers(0, 1000, 50)
    group = [0] * 25 + [1] * 25
    y = (rng.random(50) < special.expit((x - 500) / 250)).astype(int).tolist()

    def body(v: ts.Secret, w: ts.Secret) -> dict[str, ts.Secret]:
        fit = {"iterations": 8, "decimals": 6}
        wide = v * 10**7 - 12345
        return {
            "plain": ts.logistic_regression([v, group], w == 1, **fit),
            "decimals": ts.logistic_regression([v * Decimal("0.01"), group], w == 1, **fit),
            "wide": ts.logistic_regression([wide, group], w == 1, iterations=8, decimals=12),
        }

    got = {k: v.astype(float) for k, v in compute(body, x.tolist(), y, low=0, high=1000).items()}
    best, errors = maximum([x, group], y)
    assert (np.abs(got["plain"] - best) <= 0.01 * errors).all()
    assert got["decimals"] == pytest.approx(got["plain"] * [1, 100, 1], abs=2e-3)
    assert got["wide"][1] * 10**7 == pytest.approx(best[1], abs=0.01 * errors[1])


@pytest.mark.parametrize(
    ("p", "rows", "high"),
    [(1, 100_000, 4095), (1, 100_000, 1), (3, 1000, 4095), (4, 1000, 4095), (5, 1000, 4095)],
)
def test_more_columns_and_rows_fit(p: int, rows: int, high: int) -> None:
    case = library_case(
        lambda *v: ts.logistic_regression(v[:-1], v[-1] == 1, iterations=2, decimals=3),
        *[[0] * rows] * (p + 1),
        low=0,
        high=high,
        members=5,
    )
    assert len(case.plan.outputs) == 1


def test_costs() -> None:
    """The formula of spec/library.md: digits of logits dominate."""

    def gates(rows: int, iterations: int) -> int:
        return cost_of(
            lambda a, b, y: ts.logistic_regression([a, b], y == 1, iterations=iterations, decimals=3),
            rows,
            0,
            2**12 - 1,
            columns=3,
        ).gates

    p, point, top = 2, 12 + 11, 23 + 9
    more = (gates(500, 4) - gates(500, 3)) - (gates(400, 4) - gates(400, 3))
    # Sums of more rows are a digit wider here and there.
    assert abs(more - 100 * (3 * p + p * (p + 1) // 2 + 18 + (top + 1) + 2 * (top - point - 3))) < 20
    assert gates(1000, 8) < 550_000


def test_runs_on_shares(native: Backend) -> None:
    agree_on_shares(
        native,
        lambda x, y: ts.logistic_regression([x], y == 1, iterations=2, decimals=2),
        [1, 5, 2, 7, 3, 6],
        [0, 1, 1, 1, 0, 0],
        low=0,
        high=7,
    )


ERRORS: dict[str, tuple[Any, str]] = {
    "y": (lambda x: ts.logistic_regression([x], x, iterations=3, decimals=2), "zeros and ones as y"),
    "no columns": (
        lambda x: ts.logistic_regression([], x == 1, iterations=3, decimals=2),
        "at least one row",
    ),
    "no rows": (
        lambda x: ts.logistic_regression([x[:0]], x[:0] == 1, iterations=3, decimals=2),
        "at least one row",
    ),
    "iterations": (
        lambda x: ts.logistic_regression([x], x == 1, iterations=0, decimals=2),
        "iterations is an integer between 1 and 64",
    ),
    "decimals": (lambda x: ts.logistic_regression([x], x == 1, iterations=1, decimals=-1), "decimals is an"),
    "limit": (
        lambda x: ts.logistic_regression([x], x == 1, iterations=1, decimals=1, limit=2),
        "limit is an integer",
    ),
    "lengths": (lambda x: ts.logistic_regression([x[:2]], x == 1, iterations=1, decimals=1), "column 0"),
    "too many": (
        lambda x: ts.logistic_regression([x * k for k in range(1, 9)], x == 1, iterations=1, decimals=1),
        "of 8 columns of 3 rows needs digits of too wide values",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)
