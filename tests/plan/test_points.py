"""Values opened as points, and what is selected by which of them are equal."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import tallystick as ts
from support.plans import fake_points, run_forward
from tallystick import plan as plans
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import ProgramError
from tallystick.plan import Members, Plan, PlanRelation, Table, simulate, trace, witness


@ts.program
def opened(table: Members[Table]) -> object:
    x, y, z = (t["x"] for t in table)
    first, second, third = (plans.open_points(v * v, "squares") for v in (x, y, z))
    chosen = plans.matching(y, second, [first, third])
    few = plans.matching(x + 1, first, [second], minimum=2)
    return {
        "chosen": (chosen * 3).sum() + x.sum(),
        "entries": ts.reveal(ts.concat([chosen, few]), allow_input=True),
        "early": z.sum(),
        "common": plans.common([first, second]),
        "all": plans.common([first, second, third]),
        "rows": plans.matching_count(second, [first]),
        "enough": plans.matching_count(first, [second], minimum=2),
    }


INPUTS = {"a": {"x": [3, -3, 4]}, "b": {"x": [-4, 3, 3, 5]}, "c": {"x": [3, 0]}}


def _plan() -> Plan:
    columns = {"x": ts.Column(-9, 9)}
    members = [ts.MemberSchema(name, len(table["x"]), columns) for name, table in INPUTS.items()]
    return trace(opened, members)


def test_the_simulation_selects_by_equality() -> None:
    plan = _plan()
    assert Plan.from_bytes(plan.to_bytes()) == plan
    results = {r.name: r.values for r in simulate(plan, INPUTS).results}
    assert results["chosen"] == (3 * 6 + 4,)
    assert results["entries"] == (0, 3, 3, 0, 4, -2, 5)
    assert results["common"] == (2,)
    assert results["all"] == (1,)
    assert results["rows"] == (3,)
    assert results["enough"] == (3,)
    assert results["early"] == (3,)


def test_too_few_matches_select_nothing() -> None:
    plan = _plan()
    inputs = {**INPUTS, "a": {"x": [3, 1, 1]}}
    results = {r.name: r.values for r in simulate(plan, inputs).results}
    assert results["entries"] == (0, 3, 3, 0, 0, 0, 0)
    assert results["enough"] == (None,)


@pytest.mark.parametrize("equal", [True, False])
def test_transposed_equals_forward_at_random_slots(backend: Backend, equal: bool) -> None:
    """Whatever the slots are: equal gate outputs, or all different."""
    plan = _plan()
    relation, shape = PlanRelation(plan), plan.shape
    random = Random(hashlib.sha256(plan.digest).digest())
    inputs = tuple(random.vector(backend, n) for n in shape.inputs)
    gates = random.vector(backend, shape.gates)
    if equal:
        gates = gates[np.array([0, 1, 2, 1, 0, 0, 3, 1, 0], dtype=np.int64)]
    free = random.vector(backend, shape.free)
    names = ("left", "right", "zeros", "outputs", "points")
    sizes = (shape.gates, shape.gates, shape.zeros, shape.outputs, shape.points)
    weights = {name: random.vector(backend, n) for name, n in zip(names, sizes, strict=True)}
    forms = run_forward(backend, plan, inputs, free, gates)
    direct = sum(weights[name].dot(getattr(forms, name)) for name in names)
    given = relation.given(fake_points(forms.points))
    assert (given.shape, given.digest) == (relation.shape, relation.digest)
    t = given.transpose(backend, **weights)
    through_slots = t.constant + t.free.dot(free) + t.gates.dot(gates)
    through_slots += sum(c.dot(x) for c, x in zip(t.inputs, inputs, strict=True))
    assert direct % FR_MODULUS == through_slots % FR_MODULUS


def test_the_integer_witness_satisfies_the_relation(backend: Backend) -> None:
    plan = _plan()
    w = witness(plan, INPUTS)
    assert w.points == (9, 9, 16, 16, 9, 9, 25, 9, 0)
    inputs = tuple(Vector.from_ints(backend, slots) for slots in w.inputs)
    free, gates = Vector.from_ints(backend, w.free), Vector.from_ints(backend, w.gates)
    forms = run_forward(backend, plan, inputs, free, gates)
    for name in ("left", "right", "zeros", "outputs", "points"):
        assert getattr(forms, name).to_ints() == [x % FR_MODULUS for x in getattr(w, name)]


def test_weights_must_fit(backend: Backend) -> None:
    plan = _plan()
    none = Vector.zeros(backend, 0)
    with pytest.raises(ValueError, match="weights for gates"):
        PlanRelation(plan).transpose(backend, left=none, right=none, zeros=none, outputs=none, points=none)


def test_what_is_opened_is_listed_and_explained() -> None:
    plan = _plan()
    assert plans.revealed(plan)[-3:] == ["squares"] * 3
    text = plans.render(plan)
    assert "[T3] squares" in text
    assert "common([T1], [T2], [T3])" in text
    assert "matching([T2] in [T1])" in text
    assert "[T1] shows in which rows equal values are: squares" in text


@pytest.mark.parametrize("late", ["gate", "advice", "assertion", "points"])
def test_nothing_that_is_checked_first_may_depend_on_points(late: str) -> None:
    @ts.program
    def program(table: Members[Table]) -> object:
        x = table["a"]["x"]
        tags = plans.open_points(x, "x")
        chosen = plans.matching(x, tags, [tags])
        if late == "gate":
            return (chosen * chosen).sum()
        if late == "advice":
            return plans.hint("bits", chosen, parameters=(-9, 5), n=15, boolean=True).sum()
        if late == "assertion":
            plans.assert_zero(chosen - x)
        else:
            plans.open_points(chosen, "again")
        return x.sum()

    with pytest.raises(ProgramError, match="which points match") as raised:
        trace(program, [ts.MemberSchema("a", 3, {"x": ts.Column(-9, 9)})])
    assert "test_points.py:" in (raised.value.where or "")


def test_a_result_of_points_of_the_wrong_number_is_an_error() -> None:
    plan = _plan()
    with pytest.raises(ValueError, match="9 were expected"):
        plan.evaluate([0] * plan.layout.outputs, [b""] * 8)
