# SPDX-License-Identifier: Apache-2.0
"""Statistics of the bundled wages and biopsies against NumPy and SciPy: all rows, as members bring them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

import tallystick as ts
from tallystick.gallery import find
from tallystick.plan import simulate
from tallystick.tracing import Members, Program, Table, trace

Function = Callable[..., Any]
Columns = Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]


def computed(example: str, function: Function) -> tuple[dict[str, Any], Columns]:
    """What a function of all members' columns gives under simulation, and the columns as doubles."""
    bundled = find(example)
    tables = bundled.tables()

    def body(members: Members[Table]) -> object:
        found = function({name: ts.concat(t[name] for t in members) for name in bundled.columns})
        return {k: ts.reveal(v) if isinstance(v, ts.Secret) else v for k, v in found.items()}

    results = simulate(plan := trace(Program("body", body), bundled.schema()), _used(plan, tables)).results
    columns = {
        name: np.concatenate([np.array(t[name], dtype=float) for t in tables.values()]) / 10**column.decimals
        for name, column in bundled.columns.items()
    }
    return {
        r.name: np.array([float("nan") if v is None else float(v) for v in r.values]).reshape(r.shape)
        for r in results
    }, columns


def _used(
    plan: Any, tables: Mapping[str, Mapping[str, Sequence[int]]]
) -> dict[str, dict[str, Sequence[int]]]:
    return {
        m.name: {n.name: tables[m.name][n.name] for n in plan.inputs_of(k)}
        for k, m in enumerate(plan.members)
    }


def test_moments_of_wages() -> None:
    found, c = computed(
        "returns",
        lambda c: {
            "mean": ts.mean(c["wage_cents"], decimals=4),
            "std": ts.std(c["wage_cents"], ddof=1, decimals=4),
            "opened": ts.std(c["wage_cents"], ddof=1, places=9),
            "correlation": ts.correlation(c["wage_cents"], c["educ_years"], places=12),
            "hidden": ts.correlation(c["wage_cents"], c["educ_years"], decimals=5, otherwise=0),
            "weighted": ts.weighted_mean(c["wage_cents"], c["educ_years"]),
        },
    )
    wage, schooling = c["wage_cents"], c["educ_years"]
    assert found["mean"] == pytest.approx(wage.mean(), abs=0.00005)
    assert found["std"] == pytest.approx(wage.std(ddof=1), abs=0.00005)
    assert found["opened"] == pytest.approx(wage.std(ddof=1), rel=1e-12)
    assert found["correlation"] == pytest.approx(np.corrcoef(wage, schooling)[0, 1], abs=2e-12)
    assert found["hidden"] == pytest.approx(np.corrcoef(wage, schooling)[0, 1], abs=0.6e-5)
    assert found["weighted"] == pytest.approx(np.average(wage, weights=schooling), rel=1e-12)


def test_groups_of_wages() -> None:
    edges = [100, 300, 512, 1024, 2404]
    years = [8, 12, 16]

    def grouped(c: Mapping[str, ts.Secret]) -> dict[str, object]:
        g = ts.group_by(c["educ_years"], years)
        return {
            "histogram": ts.histogram(c["wage_cents"], edges),
            "count": g.count(),
            "mean": g.mean(c["wage_cents"]),
            "variance": g.variance(c["wage_cents"], ddof=1),
            "above": ts.count_above(c["wage_cents"], 1000),
        }

    found, c = computed("returns", grouped)
    wage = c["wage_cents"]
    own = [wage[c["educ_years"] == y] for y in years]
    assert found["histogram"].tolist() == np.histogram(wage, edges)[0].tolist()
    assert found["count"].tolist() == [len(w) for w in own]
    assert found["mean"] == pytest.approx([w.mean() for w in own], rel=1e-12)
    assert found["variance"] == pytest.approx([w.var(ddof=1) for w in own], rel=1e-12)
    assert found["above"] == (wage > 1000).sum()


def test_t_and_z_of_biopsies() -> None:
    def tested(c: Mapping[str, ts.Secret]) -> dict[str, object]:
        g = ts.group_by(c["benign"], [0, 1])
        return {
            "welch": g.t_statistic(c["mean_radius"], equal_var=False, places=10),
            "student": g.t_statistic(c["mean_radius"], places=10),
            "z": ts.zscores(c["mean_symmetry"], decimals=3),
            "outliers": ts.outliers(c["mean_symmetry"], 3),
        }

    found, c = computed("screening", tested)
    groups = [c["mean_radius"][c["benign"] == d] for d in (0, 1)]
    assert found["welch"] == pytest.approx(stats.ttest_ind(*groups, equal_var=False).statistic, rel=1e-9)
    assert found["student"] == pytest.approx(stats.ttest_ind(*groups).statistic, rel=1e-9)
    z = stats.zscore(c["mean_symmetry"])
    assert np.abs(found["z"] - z).max() <= 0.00055
    assert found["outliers"].tolist() == (np.abs(z) > 3).astype(int).tolist()
