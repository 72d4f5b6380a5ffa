# SPDX-License-Identifier: Apache-2.0
"""Logistic regression against the same steps in doubles, against Newton's and SciPy's maximum, and on shares."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, isqrt, log2
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, special

import tallystick as ts
from support.joint_run import Case
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.audit import results_json
from tallystick.backend import Backend
from tallystick.disclosure import openings, unneeded
from tallystick.gallery import find
from tallystick.lib._logistic import _model, probability_table, short_quotients
from tallystick.plan import Plan, explain_results, simulate

LOW, HIGH = -40, 87
LIMIT = 16
EPSILON = 1.7e-4
TOLERANCE = 2.0**-13
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 1]))
Floats = npt.NDArray[np.float64]
Ints = Sequence[int] | npt.NDArray[np.int64]


# ---------------------------------------------------------------------------------------- fits


def case_of(
    columns: Sequence[Ints], y: Ints, ranges: Sequence[tuple[int, int]], iterations: int, decimals: int
) -> Case:
    """Trace a fit that is opened, of columns in ranges of their own."""
    names = [f"x{k}" for k in range(len(columns))]

    def body(tables: ts.Members[ts.Table]) -> object:
        joined = [ts.concat(t[name] for t in tables) for name in (*names, "y")]
        model = ts.logistic_regression(joined[:-1], joined[-1], iterations=iterations, decimals=decimals)
        return {"fit": model.coefficients, "converged": model.converged}

    half = len(y) // 2
    schema = {name: ts.Column(*r) for name, r in zip(names, ranges, strict=True)} | {"y": ts.Column(0, 1)}
    whole = dict(zip(names, columns, strict=True)) | {"y": y}
    tables = {
        "north": {name: [int(v) for v in values[:half]] for name, values in whole.items()},
        "south": {name: [int(v) for v in values[half:]] for name, values in whole.items()},
    }
    members = [ts.MemberSchema(m, len(t["y"]), schema) for m, t in tables.items()]
    return Case(ts.trace(ts.Program("fit", body), members), tables)


def fitted(
    columns: Sequence[Ints],
    y: Ints,
    iterations: int = 12,
    *,
    ranges: Sequence[tuple[int, int]] | None = None,
    decimals: int = 9,
) -> Floats | None:
    """Return the coefficients that simulation opens, or None where they did not converge."""
    case = case_of(columns, y, ranges or [(LOW, HIGH)] * len(columns), iterations, decimals)
    found = simulate(Plan.from_bytes(case.plan.to_bytes()), case.values)
    fit, converged = found.results
    if converged.values[0] == 1:
        return np.array([float(v) for v in fit.values if v is not None])
    assert converged.text() == "0"
    assert fit.texts() == ["not converged"] * (len(columns) + 1)
    assert not any(found.outputs), "nothing of the fit is opened, the bit is 0 as well"
    return None


def newton(columns: Any, y: Any) -> tuple[Floats, Floats]:
    """Return the maximum of the likelihood by Newton's method in doubles, and the standard errors there."""
    x = np.array(columns, dtype=float).T
    means, spreads = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(len(x)), (x - means) / spreads])
    b = np.zeros(design.shape[1])
    for _ in range(60):
        p = special.expit(design @ b)
        curvature = design.T @ (design * (p * (1 - p))[:, None])
        b = b + np.linalg.solve(curvature, design.T @ (np.asarray(y) - p))
    back = np.diag(1 / np.array([1, *spreads]))
    back[0, 1:] = -means / spreads
    errors = np.sqrt(np.diag(back @ np.linalg.inv(curvature) @ back.T))
    return back @ b, errors


# ---------------------------------------------------------------------------------------- every step


class Plain:
    """The design of spec/library.md in doubles: columns about their means in units of their spread."""

    def __init__(self, columns: Sequence[Ints]) -> None:
        x = np.array(columns).T
        n, self.p = x.shape
        half = ceil(log2(n) / 2)
        self.centres = np.array([floor(Fraction(2 * int(v) + n, 2 * n)) for v in x.sum(axis=0)])
        apart = x - self.centres
        squares = [int(v) for v in (apart * apart).sum(axis=0)]
        # The greatest power of two whose square is at most the sum; where all entries are equal it does not matter.
        self.units = np.array([2.0 ** (isqrt(s).bit_length() - 1) if s else 1.0 for s in squares])
        self.design = np.column_stack([np.ones(n), apart / self.units])
        coarse = 5 + half
        self.kept = 2.0**coarse
        self.coarse = np.column_stack([np.ones(n), np.floor(apart / self.units * self.kept)])
        self.resolution = np.array([2.0**-16, *[2.0 ** -max(16 - half, 10)] * self.p])
        self.ends = LIMIT * np.array([1, *[2.0**half] * self.p])
        self.drop = min(max(16 * n // (self.p + 1), 1).bit_length() - 1, 14)
        self.n = n

    def scaled(self, given: Floats) -> Floats:
        """Return coefficients as they are given about the centres, in units of the spread."""
        return np.array([given[0] + self.centres @ given[1:], *(given[1:] * self.units)])

    def next(self, y: Floats, b: Floats) -> tuple[Floats, Floats]:
        """Return where a step from b leads, and how much an error in probabilities may move it."""
        b = np.clip(b, -self.ends, self.ends)
        z = self.design @ b
        middles = special.expit(np.floor(z) + 0.5)
        weights = np.where((z >= -8) & (z < 8), np.round(8192 * middles * (1 - middles)), 2)
        if not b.any():
            weights = np.full(self.n, 2048.0)
        curvature = np.floor(self.coarse.T @ (self.coarse * weights[:, None]) / 2**self.drop)
        curvature += np.eye(self.p + 1) * (self.p + 1 if self.drop else 1)
        units = np.array([1, *[self.kept] * self.p])
        inverse = np.linalg.inv(curvature) * 2.0 ** (13 - self.drop) * units[:, None]
        step = inverse @ (units * (self.design.T @ (y - special.expit(z))))
        error = np.abs(inverse) @ (units * EPSILON * np.abs(self.design).sum(axis=0) + 2.0**-15)
        return b + step, error + 2.0**-16 * np.abs(step) + 2 * self.resolution


def raw(columns: Sequence[Ints], y: Ints, iterations: int) -> Floats:
    """Return what so many steps reach, converged or not: the coefficients before anything is kept back."""

    def body(*v: ts.Secret) -> ts.Secret:
        model = _model(v[:-1], v[-1] == 1, iterations, 12, LIMIT)
        return model.in_decimals(list(model.newton(iterations)[2]), 12)

    return compute(body, *columns, y, low=LOW, high=HIGH).astype(np.float64)


@settings(deadline=None)
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
    plain = Plain(columns)
    before = plain.scaled(raw(columns, y, iterations - 1)) if iterations > 1 else np.zeros(p + 1)
    after = plain.scaled(raw(columns, y, iterations))
    z = plain.design @ np.clip(before, -plain.ends, plain.ends)
    # Next to an integer a rounded logit may take the weight of its neighbour.
    assume(iterations == 1 or np.abs(z - np.round(z)).min() > 1e-5)
    wanted, bound = plain.next(np.array(y, dtype=float), before)
    far = plain.ends * 2
    assert (np.abs(after - np.clip(wanted, before - far, before + far)) <= bound + 1e-5).all(), (
        after,
        wanted,
        bound,
    )


# ---------------------------------------------------------------------------------------- maxima


@pytest.fixture(scope="module")
def sample() -> tuple[list[list[int]], list[int]]:
    rng = np.random.default_rng(3)
    columns = rng.integers(LOW, HIGH, (2, 80))
    likely = special.expit(0.04 * columns[0] - 0.03 * columns[1] - 0.3)
    return columns.tolist(), (rng.random(80) < likely).astype(int).tolist()


def test_convergence_to_the_maximum(sample: tuple[list[list[int]], list[int]]) -> None:
    """The score is what probabilities with their error make 0, and the fit as close to SciPy's as that allows."""
    columns, y = sample
    fit = fitted(columns, y, 8)
    assert fit is not None
    plain = Plain(columns)
    score = plain.design.T @ (y - special.expit(plain.design @ plain.scaled(fit)))
    assert (np.abs(score) <= EPSILON * np.abs(plain.design).sum(axis=0) + 2.0**-10).all()
    x = np.column_stack([np.ones(len(y)), *columns]) / 100

    def loss(b: Floats) -> float:
        return float(np.sum(np.logaddexp(0, x @ b) - np.array(y) * (x @ b)))

    best = optimize.minimize(
        loss,
        np.zeros(3),
        jac=lambda b: x.T @ (special.expit(x @ b) - y),
        method="BFGS",
        options={"gtol": 1e-9},
    ).x
    reference, errors = newton(columns, y)
    assert reference == pytest.approx(best / 100, rel=1e-5)
    assert (np.abs(fit - reference) <= 0.005 * errors).all()


def test_too_few_steps_have_not_converged(sample: tuple[list[list[int]], list[int]]) -> None:
    columns, y = sample
    assert [fitted(columns, y, k) is not None for k in (1, 2, 3, 7, 8)] == [False, False, False, True, True]


YEARS = ((1990, 2020), (1900, 2100), (0, 2100), (0, 9999), (-(10**6), 10**6), (0, 2**44))


def test_the_declared_range_changes_nothing() -> None:
    """Years declared in many ways: one fit, to the last digit, which is Newton's."""
    rng = np.random.default_rng(2)
    year = rng.integers(1990, 2021, 80)
    y = (rng.random(80) < special.expit((year - 2005) * 0.25)).astype(int)
    best, errors = newton([year], y)
    assert best == pytest.approx([-421.455, 0.2103], rel=1e-3)
    fits = [fitted([year], y, 8, ranges=[r]) for r in YEARS]
    for fit in fits:
        assert fit is not None
        assert (np.abs(fit - best) <= 0.003 * errors).all()
        assert (fit == fits[0]).all()


@pytest.mark.parametrize("high", [6000, 10**5, 10**7])
def test_wages_in_cents_declared_far_too_wide(high: int) -> None:
    rng = np.random.default_rng(5)
    wage = rng.integers(1000, 6000, 200)
    y = (rng.random(200) < special.expit((wage - 3500) / 500)).astype(int)
    fit = fitted([wage], y, 10, ranges=[(0, high)])
    best, errors = newton([wage], y)
    assert fit is not None
    assert (np.abs(fit - best) <= 0.005 * errors).all()


def test_values_too_large_for_their_scale_are_rounded_to_it() -> None:
    """A column whose deviation is beyond 2^12 is rounded to a part of 2^-12 of it: declared so or wider alike."""
    rng = np.random.default_rng(6)
    x = rng.integers(10**9, 2 * 10**9, 100)
    y = (rng.random(100) < special.expit((x - 1.5e9) / 2e8)).astype(int)
    best, errors = newton([x], y)
    fits = [fitted([x], y, 10, ranges=[(0, high)], decimals=18) for high in (2 * 10**9, 2**40)]
    for fit in fits:
        assert fit is not None
        assert (np.abs(fit - best) <= 0.005 * errors).all()
        assert (fit == fits[0]).all()


def test_the_bundled_diagnoses_against_newton() -> None:
    example = find("diagnosis")
    tables = example.tables()
    names = ("mean_radius", "mean_texture")
    raw_columns = [[v for t in tables.values() for v in t[name]] for name in names]
    y = [1 - v for t in tables.values() for v in t["benign"]]
    best, errors = newton([np.array(c) / s for c, s in zip(raw_columns, (1000, 100), strict=True)], y)
    plain = example.plain(tables)
    assert [float(plain[name]) for name in ("intercept", *names)] == pytest.approx(best, abs=6e-4)
    assert (
        max(float(example.bounds[k]) / e for k, e in zip(("intercept", *names), errors, strict=True)) < 0.03
    )
    units = np.array([1, 1000, 100])
    declared = [(c.low, c.high) for c in (example.columns[name] for name in names)]
    for ranges in (declared, [(0, 10**9), (-(10**6), 10**6)]):
        fit = fitted(raw_columns, y, 8, ranges=ranges)
        assert fit is not None
        assert (np.abs(fit * units - best) <= 0.005 * errors).all()
    assert fitted(raw_columns, y, 5, ranges=declared) is None


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(ENTRIES, ENTRIES, st.integers(0, 1)), min_size=2, max_size=16),
    p=st.integers(1, 2),
    iterations=st.integers(1, 14),
)
def test_what_converged_is_a_maximum_and_nothing_separable_converges(
    rows: list[tuple[int, int, int]], p: int, iterations: int
) -> None:
    columns, y = [[r[j] for r in rows] for j in range(p)], np.array([r[2] for r in rows])
    fit = fitted(columns, y.tolist(), iterations)
    if separable(columns, y):
        assert fit is None
    if fit is not None:
        plain = Plain(columns)
        score = plain.design.T @ (y - special.expit(plain.design @ plain.scaled(fit)))
        allowed = (EPSILON + TOLERANCE) * np.sqrt(len(y) * (plain.design**2).sum(axis=0))
        assert (np.abs(score) <= allowed + 2.0**-10).all()


def separable(columns: Any, y: Any) -> bool:
    """Whether some logit is on the right side of 0 or on it in every row, and not 0 in all (Albert, Anderson, 1984)."""
    x = np.column_stack([np.ones(len(y)), *columns]).astype(float)
    signed = x * (2 * np.asarray(y) - 1)[:, None]
    found = optimize.linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(y)), bounds=[(-1, 1)] * x.shape[1]
    )
    return bool(-found.fun > 1e-6)


SEPARABLE: dict[str, tuple[list[list[int]], list[int]]] = {
    "apart": ([[LOW, 0, 1, HIGH]], [0, 0, 1, 1]),
    "touching": ([[1, 2, 3, 3, 4, 5]], [0, 0, 0, 1, 1, 1]),
    "all 1": ([[LOW, 0, 1, HIGH]], [1, 1, 1, 1]),
    "all 0": ([[LOW, 0, 1, HIGH]], [0, 0, 0, 0]),
    "one row": ([[HIGH]], [1]),
    "one row of 0": ([[LOW]], [0]),
    "a group of one kind": (
        [[1, 2, 3, 4, 5, 6, 7, 8] * 4, [1] + [0] * 31],
        [1] + [1, 0, 0, 1, 1, 0, 1] * 4 + [0] * 3,
    ),
    "beside a constant": ([[7] * 4, [1, 2, 3, 4]], [0, 0, 1, 1]),
}


@pytest.mark.parametrize("name", SEPARABLE)
@pytest.mark.parametrize("iterations", [4, 10, 40])
def test_separable_data_never_converge(name: str, iterations: int) -> None:
    columns, y = SEPARABLE[name]
    assert separable(columns, y)
    assert fitted(columns, y, iterations) is None


def test_a_limit_that_is_touched_is_no_fit() -> None:
    """A slope of 29 logits a deviation is beyond a limit of 8, which is one of 20 here, and within one of 32."""
    rng = np.random.default_rng(4)
    near = rng.integers(-6, 7, 60)
    x = np.array([*near, *[-20] * 50, *[20] * 50])
    y = np.array([*(rng.random(60) < special.expit(near * 0.8)), *[0] * 50, *[1] * 50]).astype(int)
    best, _ = newton([x], y)
    assert best[1] * np.std(x) == pytest.approx(29, abs=1)

    def fit(limit: int) -> Any:
        return compute(
            lambda v, w: ts.logistic_regression([v], w == 1, iterations=50, decimals=6, limit=limit).coefficients,
            x.tolist(), y.tolist(), low=LOW, high=HIGH,
        )  # fmt: skip

    assert (fit(8) == [None, None]).all()
    plain = Plain([x])
    score = plain.design.T @ (y - special.expit(plain.design @ plain.scaled(fit(32).astype(float))))
    allowed = (EPSILON + TOLERANCE) * np.sqrt(len(y) * (plain.design**2).sum(axis=0))
    assert (np.abs(score) <= allowed).all()


def test_constant_columns_have_no_part_in_a_fit() -> None:
    y = [1, 0, 0, 1, 0, 0, 1, 0]
    expected = np.log(3 / 5)
    for low, high in ((7, 7), (0, 20), (-(10**6), 10**6)):
        fit = fitted([[7] * 8], y, 6, ranges=[(low, high)])
        assert fit is not None
        assert fit[1] == 0
        assert fit[0] == pytest.approx(expected, abs=5e-4)
    x = [1, 5, 2, 7, 3, 6, 4, 4]
    alone, beside = fitted([x], y), fitted([x, [7] * 8], y)
    assert alone is not None and beside is not None
    assert beside == pytest.approx([*alone, 0], abs=1e-4)


def test_dependent_columns_share_a_fit(sample: tuple[list[list[int]], list[int]]) -> None:
    (x, _), y = sample
    single, double = fitted([x], y, 10), fitted([x, x], y, 10)
    assert single is not None and double is not None
    assert double[0] == pytest.approx(single[0], abs=2e-3)
    assert double[1:].sum() == pytest.approx(single[1], abs=1e-4)


def test_public_columns_scales_and_wide_ranges() -> None:
    """Columns of other scales and of 33 bits: the fit is the same."""
    rng = np.random.default_rng(8)
    x = rng.integers(0, 1000, 50)
    group = [0] * 25 + [1] * 25
    y = (rng.random(50) < special.expit((x - 500) / 250)).astype(int).tolist()

    def body(v: ts.Secret, w: ts.Secret) -> dict[str, ts.Opened]:
        wide = v * 10**7 - 12345
        matrix = ts.stack([v, ts.concat([v[:0], v * 0 + np.array(group)])]).T
        designs: dict[str, tuple[Any, int]] = {
            "plain": ([v, group], 6),
            "decimals": ([v * Decimal("0.01"), group], 6),
            "wide": ([wide, group], 12),
            "matrix": (matrix, 6),
        }
        return {
            name: ts.logistic_regression(design, w == 1, iterations=8, decimals=decimals).coefficients
            for name, (design, decimals) in designs.items()
        }

    got = {k: v.astype(float) for k, v in compute(body, x.tolist(), y, low=0, high=1000).items()}
    best, errors = newton([x, group], y)
    assert (np.abs(got["plain"] - best) <= 0.005 * errors).all()
    assert (got["matrix"] == got["plain"]).all()
    assert got["decimals"] == pytest.approx(got["plain"] * [1, 100, 1], abs=1e-4)
    assert got["wide"][1] * 10**7 == pytest.approx(best[1], abs=0.005 * errors[1])


# ---------------------------------------------------------------------------------------- what is opened and said


def model_of(y: Ints) -> Case:
    def body(x: ts.Secret, w: ts.Secret) -> dict[str, object]:
        model = ts.logistic_regression([x], w == 1, iterations=6, decimals=2)
        fit = model.secret_coefficients
        odds = fit[0] + fit[1] * x
        return {
            "converged": model.converged,
            "fit": model.coefficients,
            "again": model.coefficients,
            "right": model.reveal(((odds > 0) ^ (w == 0)).sum().renamed("rows put right")),
            "each": model.reveal(fit * 2, label="twice the fit") / 2,
            "other": ts.reveal(x.sum()) / ts.reveal((x - x).sum()),
        }

    return library_case(body, [1, 5, 2, 7, 3, 6], y, low=0, high=7)


def test_the_plan_and_the_results_say_what_did_not_converge() -> None:
    mixed, apart = [0, 1, 1, 1, 0, 0], [0, 1, 0, 1, 0, 1]
    good, bad = model_of(mixed), model_of(apart)
    assert good.plan.digest == bad.plan.digest
    labels = [one.label for one in openings(good.plan)]
    assert labels[0].startswith("converged: logistic fit of x1 == 1 over all members (6 rows")
    assert labels[1].startswith("logistic fit of x1 == 1 over all members (6 rows, 2 values)")
    assert labels[2].startswith("rows put right") and labels[3] == "twice the fit"
    formulas = dict(zip([r.name for r in good.plan.results], explain_results(good.plan), strict=True))
    assert formulas["out.converged"] == "[1]"
    assert formulas["out.fit"] == formulas["out.again"] == "[2] / 100 / [1]"
    assert formulas["out.right"] == "[3] / [1]"
    texts = {r.name.removeprefix("out."): r.text() for r in simulate(good.plan, good.values).results}
    assert texts["converged"] == "1" and texts["right"] == "4" and texts["other"] == "undefined"
    assert texts["fit"] == texts["each"] != "[0, 0]"
    found = simulate(bad.plan, bad.values)
    assert found.outputs[:6] == (0,) * 6
    texts = {r.name.removeprefix("out."): r.text() for r in found.results}
    assert texts == {
        "converged": "0",
        "fit": "[not converged, not converged]",
        "again": "[not converged, not converged]",
        "right": "not converged",
        "each": "[not converged, not converged]",
        "other": "undefined",
    }
    entries = {e["name"]: (e["values"], e["text"]) for e in results_json(found.results)}
    assert entries["out.right"] == ([None], "not converged")
    assert entries["out.other"] == ([None], "undefined")


def test_a_fit_opens_its_bit_even_if_nothing_else_of_it_is_opened() -> None:
    case = library_case(
        lambda x, y: ts.logistic_regression([x], y == 1, iterations=2, decimals=2).secret_converged * 2,
        [1, 5, 2, 7],
        [0, 1, 1, 0],
        low=0,
        high=7,
    )
    first, second = sorted((one.label for one in openings(case.plan)), reverse=True)
    assert first.startswith("converged: ") and second.startswith("2 * ")
    assert len(unneeded(case.plan) or []) == 1


# ---------------------------------------------------------------------------------------- parts


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
        likely = special.expit(k + 0.5)
        assert weight == round(8192 * likely * (1 - likely))
    assert table[4, 16:].tolist() == [2, 2]
    outside = [float(v) / 2**52 for v in table[0, 16:]]
    assert max(abs(outside[0] - special.expit(z)) for z in (-8, -100)) < EPSILON
    assert max(abs(outside[1] - special.expit(z)) for z in (8, 100)) < EPSILON


def test_weights_are_as_near_as_convergence_needs() -> None:
    """What spec/library.md says of approximate weights: a last step shrinks the score, and separable data drift on."""
    z = np.linspace(-30, 30, 60_001)
    middles = special.expit(np.floor(z) + 0.5)
    weights = np.where((z >= -8) & (z < 8), np.round(8192 * middles * (1 - middles)), 2) / 8192
    p = special.expit(z)
    assert (p * (1 - p) / weights).max() < 1.7
    approximate = np.where((z >= -8) & (z < 8), np.minimum(p, 1 - p), special.expit(-8.0) / 2)
    assert (weights / approximate).max() < 1.85


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


@pytest.mark.parametrize(
    ("p", "rows", "high"),
    [(1, 100_000, 4095), (1, 100_000, 1), (3, 1000, 4095), (4, 1000, 4095), (5, 1000, 4095)],
)
def test_more_columns_and_rows_fit(p: int, rows: int, high: int) -> None:
    case = library_case(
        lambda *v: ts.logistic_regression(v[:-1], v[-1] == 1, iterations=2, decimals=3).coefficients,
        *[[0] * rows] * (p + 1),
        low=0,
        high=high,
        members=5,
    )
    assert len(case.plan.outputs) == 2


def test_costs() -> None:
    """The formula of spec/library.md: digits of logits dominate."""

    def gates(rows: int, iterations: int, high: int = 2**12 - 1) -> int:
        return cost_of(
            lambda a, b, y: (
                ts.logistic_regression([a, b], y <= 1, iterations=iterations, decimals=3).coefficients
            ),
            rows,
            0,
            high,
            columns=3,
        ).gates

    p, half = 2, 5
    top = (LIMIT * (1 + p * 2 ** (half + 1)) << 28).bit_length()
    more = (gates(1000, 4) - gates(1000, 3)) - (gates(900, 4) - gates(900, 3))
    # Sums of more rows are a digit wider here and there.
    assert abs(more - 100 * (3 * p + p * (p + 1) // 2 + 23 + top + 1)) < 20
    assert gates(1000, 8) < 600_000
    # A declared range that is twice as wide takes a digit more in each column, once.
    assert gates(1000, 8, 2**32 - 1) - gates(1000, 8, 2**31 - 1) < 4_300


@pytest.mark.parametrize("y", [[0, 1, 1, 1, 0, 0], [0, 1, 0, 1, 0, 1]])
def test_runs_on_shares(native: Backend, y: list[int]) -> None:
    agree_on_shares(
        native,
        lambda x, y: ts.logistic_regression([x], y == 1, iterations=4, decimals=2).coefficients,
        [1, 5, 2, 7, 3, 6],
        y,
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
    "what is opened": (
        lambda x: ts.logistic_regression([x], x == 1, iterations=1, decimals=1).reveal(3),  # type: ignore[arg-type]
        "reveal takes a secret",
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
