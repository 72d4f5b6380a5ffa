# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the reports: medians, schedules, ratios and rooflines."""

from __future__ import annotations

import pytest

from tallystick.bench import (
    CASES,
    FORMULAS,
    Measurement,
    Schedule,
    anchors_of,
    measure,
    ratios,
    remarks,
)
from tallystick.bench import (
    Result as BenchResult,
)
from tallystick.bench._measure import summary


def result(case: str, subject: str, seconds: float, size: int = 1000) -> BenchResult:
    return BenchResult(
        suite="core", case=case, title="", size=size, subject=subject, measurement=summary([seconds])
    )


def test_summary() -> None:
    assert summary([3.0, 1.0, 2.0, 6.0], loops=5, cpu=[1.0, 3.0, 2.0, 1.5]) == Measurement(
        median=2.5, minimum=1.0, spread=2.0, runs=4, loops=5, cpu=1.75
    )


@pytest.mark.parametrize(
    ("seconds", "runs", "loops"),
    [(1e-5, 9, 200), (0.5, 9, 1), (8.0, 2, 1), (50.0, 1, 1), (0.0, 9, 2_000_000)],
)
def test_slow_calls_run_less_often_and_short_ones_in_loops(seconds: float, runs: int, loops: int) -> None:
    assert Schedule.after(seconds) == Schedule(runs, loops)


def test_measure_calls_as_often_as_it_says() -> None:
    calls: list[int] = []
    found = measure(lambda: calls.append(sum(range(20_000))), runs=3)
    assert found.runs == 3
    assert len(calls) == 2 + found.runs * found.loops


def test_ratios_take_the_fastest_path() -> None:
    found = [
        result("fr_mul", "native/portable", 4.0),
        result("fr_mul", "native/ifma", 2.0),
        result("fr_mul", "pure", 10.0),
        result("fr_mul", "arkworks", 1.0),
        result("g1_msm", "native/ifma", 1.0),
    ]
    assert ratios(found) == {("core", "fr_mul", 1000): 5.0}


def test_the_roof_is_the_highest_rate_of_a_path() -> None:
    found = remarks([result("fr_mul", "native/ifma", 1e-6), result("fr_dot", "native/ifma", 2e-6)])
    assert found["fr_mul", 1000, "native/ifma"].needed == 2 * 25 + 5 * 11
    assert found["fr_mul", 1000, "native/ifma"].rate == pytest.approx(105)
    assert found["fr_dot", 1000, "native/ifma"].share == pytest.approx(25 / 105)
    assert remarks([result("fr_mul", "pure", 1.0), result("fr_add", "native/adx", 1.0)]) == {}


def test_formulas_and_anchors_name_cases_that_exist() -> None:
    names = {case.name for case in CASES}
    assert set(FORMULAS) <= names
    assert [a.peer for a in anchors_of("g1_msm", 1 << 14)] == ["blst", "mcl", "arkworks"]
    assert [round(a.value * 1e9 / 100, 1) for a in anchors_of("fr_mul", 100)] == [16.8, 13.6, 79.0]
    assert len({case.name for case in CASES}) == len(CASES)


def test_pure_is_spared_what_takes_it_too_long() -> None:
    (msm,) = (case for case in CASES if case.name == "g1_msm")
    assert max(msm.sizes_for("native")) == 1 << 16
    assert max(msm.sizes_for("pure")) == 1 << 14
    assert msm.sizes_for("pure", quick=True) == (16,)
