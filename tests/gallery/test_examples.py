"""Every gallery program: its plan, its data, and the same figures computed in the open."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from tallystick.errors import ProgramError, UsageError
from tallystick.gallery import Example, examples, find
from tallystick.plan import Plan, load_program, schema_of, simulate, trace


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
    assert len(plan.to_bytes()) < 30_000
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
