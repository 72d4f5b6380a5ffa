# SPDX-License-Identifier: Apache-2.0
"""The recorded cost table: all cases, with the counts that plans cost today."""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path

import pytest

from support.counted import measured_plan
from tallystick.bench import LIBRARY
from tallystick.cost import estimate

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DOCUMENT = json.loads((BENCHMARKS / "library.json").read_text(encoding="utf-8"))
RECORDED = {(result["case"], result["size"]): result["facts"] for result in DOCUMENT["results"]}


def test_every_case_is_recorded_from_a_whole_run():
    assert not DOCUMENT["quick"]
    assert list(RECORDED) == [(case.name, n) for case in LIBRARY for n in case.sizes]


@pytest.mark.parametrize("case", LIBRARY, ids=lambda case: case.name)
def test_counts_are_those_of_the_plan(case, tmp_path):
    for n in case.sizes:
        facts = RECORDED[case.name, n]
        cost = estimate(measured_plan(case, n, 2, tmp_path))
        assert facts["gates"] == facts["estimated_gates"] == cost.gates
        assert facts["rounds"] == facts["estimated_rounds"] == cost.rounds
        assert facts["triples"] == facts["estimated_triples"] == cost.triples
        assert facts["random_bits"] == facts["estimated_random_bits"] == cost.random_bits
        assert facts["random_elements"] == facts["estimated_random_elements"] == cost.random_elements
        assert facts["masks"] == facts["estimated_masks"] == sum(cost.masks)
        assert facts["estimated_bytes_sent"] == max(cost.bytes_sent)
        assert facts["bytes_sent"] == pytest.approx(max(cost.bytes_sent), rel=0.02)
        prepared = cost.material.set_up_bytes + max(cost.material.bytes_sent)
        assert facts["estimated_prepare_bytes"] == prepared


def test_the_page_is_what_the_document_says():
    table = run_path(str(BENCHMARKS / "library_table.py"))["table"]
    assert (BENCHMARKS / "library.md").read_text(encoding="utf-8") == table(DOCUMENT)
