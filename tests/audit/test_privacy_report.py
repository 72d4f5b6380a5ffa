# SPDX-License-Identifier: Apache-2.0
"""The verdict on a transcript with noise says what was spent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support import genuine
from tallystick.audit import accepted_json, audit, verdict_text
from tallystick.backend import get_backend, native_available
from tallystick.gallery import find

FAST = get_backend("native" if native_available() else "pure")


@pytest.mark.parametrize("noisy", [False, True])
def test_the_budget_is_printed_and_in_the_json(noisy: bool) -> None:
    verdict = audit(genuine.genuine(FAST), backend=FAST)
    if noisy:
        plan = find("histogram").plan(2)
        verdict = replace(verdict, plan=plan, results=tuple(plan.evaluate([0] * plan.shape.outputs)))
    said = verdict_text(verdict, "a file")
    text = (
        "differential privacy [1]: binomial noise of 196 coins (at most ±98), epsilon 0.995 at delta 2^-40, if a "
        "person changes one value by at most 1 and one member was honest"
    )
    assert (text in " ".join(said.replace("| ", "").split())) == noisy
    (*spent,) = accepted_json(verdict, "a file")["privacy"]
    if not noisy:
        assert spent == []
        return
    (use,) = spent
    assert 0.99 < use.pop("epsilon") <= 1
    stated = {"outputs": [1], "values": 8, "coins": 196, "sensitivity": 1, "delta_bits": 40}
    assert use == stated | {"if": "one member was honest"}
