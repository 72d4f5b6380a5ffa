# SPDX-License-Identifier: Apache-2.0
"""Statistics against NumPy and exact fractions, under simulation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from tallystick.errors import ProgramError
from tallystick.plan import simulate

INTEGERS = st.integers(-1000, 1000)


def run(
    program: ts.Program, columns: dict[str, list[int]], split: int, decimals: int = 0
) -> dict[str, object]:
    """Simulate a program on columns whose first ``split`` rows belong to one member, the rest to another."""
    column = ts.Column(-1000, 1000, decimals)
    inputs = {
        "left": {c: v[:split] for c, v in columns.items()},
        "right": {c: v[split:] for c, v in columns.items()},
    }
    members = [
        ts.MemberSchema(m, len(next(iter(t.values()))), dict.fromkeys(t, column)) for m, t in inputs.items()
    ]
    results = simulate(ts.trace(program, members), inputs).results
    return {r.name: r.values[0] if r.shape == () else r.values for r in results}


@ts.program
def everything(table: ts.Members[ts.Table]) -> dict[str, object]:
    x = ts.concat(t["x"] for t in table)
    y = ts.concat(t["y"] for t in table)
    return {
        "count": ts.count(x),
        "sum": ts.sum(x),
        "mean": ts.mean(x),
        "variance": ts.variance(x),
        "sample_variance": ts.variance(x, ddof=1),
        "covariance": ts.covariance(x, y, ddof=1),
        "slope": ts.slope(x, y),
    }


@given(
    rows=st.lists(st.tuples(INTEGERS, INTEGERS), min_size=2, max_size=12),
    split=st.integers(0, 12),
    decimals=st.sampled_from([0, 2]),
)
def test_statistics_agree_with_numpy_and_are_exact(
    rows: list[tuple[int, int]], split: int, decimals: int
) -> None:
    x, y = [r[0] for r in rows], [r[1] for r in rows]
    got = run(everything, {"x": x, "y": y}, min(split, len(x)), decimals)
    xs = np.array([Fraction(v, 10**decimals) for v in x])
    ys = np.array([Fraction(v, 10**decimals) for v in y])
    assert got["count"] == len(x)
    assert got["sum"] == xs.sum()
    assert got["mean"] == xs.mean()
    dx, dy = xs - xs.mean(), ys - ys.mean()
    assert got["variance"] == (dx * dx).sum() / len(x)
    assert got["sample_variance"] == (dx * dx).sum() / (len(x) - 1)
    assert got["covariance"] == (dx * dy).sum() / (len(x) - 1)
    spread = (dx * dx).sum()
    assert got["slope"] == (None if spread == 0 else (dx * dy).sum() / spread)

    floats = xs.astype(float)
    assert float(got["variance"]) == pytest.approx(np.var(floats))
    assert float(got["sample_variance"]) == pytest.approx(np.var(floats, ddof=1))
    assert float(got["covariance"]) == pytest.approx(np.cov(floats, ys.astype(float))[0, 1], abs=1e-6)


def test_axis_arguments() -> None:
    @ts.program
    def by_axis(table: ts.Members[ts.Table]) -> dict[str, object]:
        grid = ts.concat(t["x"] for t in table).reshape(2, 3)
        return {
            "rows": ts.mean(grid, axis=1),
            "columns": ts.variance(grid, axis=0),
            "last": ts.sum(grid, axis=-1),
            "n": ts.count(grid, axis=0),
        }

    x = [1, 2, 6, -4, 5, 9]
    got = run(by_axis, {"x": x}, 4)
    grid = np.array([Fraction(v) for v in x]).reshape(2, 3)
    assert list(got["rows"]) == list(grid.mean(axis=1))
    assert list(got["columns"]) == list(((grid - grid.mean(axis=0)) ** 2).mean(axis=0))
    assert list(got["last"]) == list(grid.sum(axis=1))
    assert got["n"] == 2


def test_degenerate_divisors_are_undefined_not_a_crash() -> None:
    @ts.program
    def degenerate(table: ts.Members[ts.Table]) -> dict[str, object]:
        x = table["left"]["x"]
        return {
            "mean": ts.mean(table["right"]["x"]),
            "sample": ts.variance(x, ddof=1),
            "slope": ts.slope(x, x),
        }

    assert run(degenerate, {"x": [7]}, 1) == {"mean": None, "sample": None, "slope": None}


def test_what_is_revealed_is_the_sums() -> None:
    plan = ts.trace(everything, [ts.MemberSchema(m, 3, {c: ts.Column(0, 9) for c in "xy"}) for m in "ab"])
    assert [o.label for o in plan.outputs] == [
        "sum of x over all members (6 rows)",
        "sum of x^2 over all members (6 rows)",
        "sum of (x * y) over all members (6 rows)",
        "sum of y over all members (6 rows)",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: ts.mean([1, 2]), "ts.mean takes a secret, not list"),
        (lambda t: ts.slope(t["left"]["x"], t["right"]["x"]), "two vectors of one length"),
        (lambda t: ts.count(t["left"]["x"], axis=1), "axis 1 of 1 dimensions"),
    ],
)
def test_misuse_names_the_line(call: object, message: str) -> None:
    @ts.program
    def misuse(table: ts.Members[ts.Table]) -> dict[str, object]:
        return {"x": call(table)}  # type: ignore[operator]

    with pytest.raises(ProgramError, match=message) as raised:
        run(misuse, {"x": [1, 2, 3]}, 1)
    assert raised.value.where is not None
    assert raised.value.where.split(":")[0].endswith("test_statistics.py")
