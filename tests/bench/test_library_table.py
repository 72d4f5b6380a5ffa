"""The recorded cost table: all cases, with the counts that plans cost today."""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path

import pytest

from tallystick.bench import LIBRARY
from tallystick.bench._library import _COLUMNS
from tallystick.cost import estimate
from tallystick.online import plan_need
from tallystick.plan import Column, MemberSchema
from tallystick.tracing import load_program, trace

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DOCUMENT = json.loads((BENCHMARKS / "library.json").read_text(encoding="utf-8"))
RECORDED = {(result["case"], result["size"]): result["facts"] for result in DOCUMENT["results"]}


def test_every_case_is_recorded_from_a_whole_run():
    assert not DOCUMENT["quick"]
    assert list(RECORDED) == [(case.name, n) for case in LIBRARY for n in case.sizes]


@pytest.mark.parametrize("case", LIBRARY, ids=lambda case: case.name)
def test_counts_are_those_of_the_plan(case, tmp_path):
    n = case.sizes[0]
    facts = RECORDED[case.name, n]
    source = tmp_path / "program.py"
    source.write_text(case.program(), encoding="utf-8")
    schemas = [
        MemberSchema(
            name, len(next(iter(table.values()))), {column: Column(*_COLUMNS[column]) for column in table}
        )
        for name, table in zip("ab", case.tables(n, 2), strict=True)
    ]
    plan = trace(load_program(source, "measured"), schemas)
    cost = estimate(plan)
    need = plan_need(plan)
    assert facts["gates"] == cost.gates
    assert facts["rounds"] == cost.rounds
    assert facts["triples"] == cost.triples == need.triples
    assert facts["random_bits"] == cost.random_bits == need.bits
    assert facts["bytes_sent"] == pytest.approx(max(cost.bytes_sent), rel=0.02)


def test_the_page_is_what_the_document_says():
    table = run_path(str(BENCHMARKS / "library_table.py"))["table"]
    assert (BENCHMARKS / "library.md").read_text(encoding="utf-8") == table(DOCUMENT)
