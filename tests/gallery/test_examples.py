# SPDX-License-Identifier: Apache-2.0
"""Every gallery program: its plan, its data, and the same figures computed in the open."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

import pytest

from support.joint_run import Case, audit, play
from tallystick.backend import Backend
from tallystick.errors import ProgramError, UsageError
from tallystick.gallery import Example, examples, find
from tallystick.plan import Plan, simulate
from tallystick.tracing import load_program, schema_of, trace


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.name)
@pytest.mark.parametrize("count", [2, None])
def test_simulation_equals_the_plain_computation(example: Example, count: int | None) -> None:
    tables = example.tables(count)
    plan = trace(example.program, example.schema(count))
    results = simulate(plan, {m: {c: t[c] for c in t} for m, t in tables.items()}).results
    assert {r.name for r in results} == set(example.plain(tables))
    for result, (expected, same) in zip(results, example.in_the_open(results, count), strict=True):
        assert same, (result, expected)


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.name)
def test_plan_reproduces_itself_from_source_and_bytes(example: Example) -> None:
    plan = trace(example.program, example.schema())
    assert Plan.from_bytes(plan.to_bytes()) == plan
    again = trace(load_program(example.source), schema_of(plan))
    assert again.digest == plan.digest
    # Newton's steps on numbers of a hundred digits are many nodes; none of them grows with the rows.
    assert len(plan.to_bytes()) < (120_000 if example.name == "diagnosis" else 40_000)
    assert example.program.doc and example.title and example.revealed


def test_wages_against_the_statistics_module() -> None:
    example = find("wages")
    tables = example.tables()
    assert sum(len(t["wage_cents"]) for t in tables.values()) == 3010
    wage = [x for t in tables.values() for x in t["wage_cents"]]
    schooling = [x for t in tables.values() for x in t["educ_years"]]
    plain = example.plain(tables)
    assert float(plain["mean"]) == pytest.approx(statistics.fmean(wage), abs=0.005)
    assert float(plain["variance"]) == pytest.approx(statistics.pvariance(wage), abs=0.005)
    assert float(plain["slope"]) == pytest.approx(
        statistics.linear_regression(schooling, wage).slope, abs=0.005
    )


@pytest.mark.parametrize("name", ["auction", "outliers", "histogram", "wages_report"])
def test_a_few_rows_on_shares(native: Backend, name: str) -> None:
    """The same program on the first rows of every table: run by three members in memory, and audited."""
    example = find(name)
    tables = {m: {c: v[:12] for c, v in t.items()} for m, t in example.tables(3).items()}
    plan = trace(example.program, [replace(member, rows=12) for member in example.schema(3)])
    played = Case(plan, tables)
    ran = play(played, [native] * 3)
    results = plan.evaluate(audit(played, ran.results[0], native))
    plain = example.plain(tables)
    for result in results:
        expected = plain[result.name]
        values = list(expected) if isinstance(expected, Sequence) else [expected]
        if name == "histogram":
            assert all(abs(a - b) <= 98 for a, b in zip(values, result.values, strict=True))
        else:
            assert list(result.values) == values


def test_results_that_differ_are_told_apart() -> None:
    example = find("histogram")
    (right,) = simulate(example.plan(2), example.tables(2)).results
    assert example.in_the_open([right], 2)[0][1]
    far = replace(right, values=(right.values[0] + 200, *right.values[1:]))
    assert not example.in_the_open([far], 2)[0][1]
    exact = find("wages")
    results = simulate(exact.plan(2), exact.tables(2)).results
    wrong = replace(results[1], values=(results[1].values[0] + 1,))
    assert [same for _, same in exact.in_the_open([results[0], wrong], 2)] == [True, False]


def test_choices_are_explained() -> None:
    with pytest.raises(UsageError, match="there is no example 'wage'") as raised:
        find("wage")
    assert "wages" in (raised.value.hint or "")
    with pytest.raises(UsageError, match="2 to 4"):
        find("wages").chosen(5)


def test_errors_in_an_example_name_its_line() -> None:
    example = find("wages")
    schema = [
        replace(member, columns={"wage_cents": member.columns["wage_cents"]}) for member in example.schema()
    ]
    with pytest.raises(ProgramError, match="no column 'educ_years'") as raised:
        trace(example.program, schema)
    assert "wages.py:" in (raised.value.where or "")
