# SPDX-License-Identifier: Apache-2.0
"""Values opened as points, and what is selected by which of them are equal."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import tallystick as ts
from support.plans import fake_points, run_forward
from tallystick import cost, tracing
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import ProgramError
from tallystick.plan import (
    Add,
    Concat,
    Hint,
    Input,
    Member,
    Mul,
    Node,
    Plan,
    PlanRelation,
    Scale,
    Sub,
    View,
    simulate,
    witness,
)
from tallystick.tracing import Members, Table, trace


@ts.program
def opened(table: Members[Table]) -> object:
    x, y, z = (t["x"] for t in table)
    first, second, third = (tracing.open_points(v * v, "squares") for v in (x, y, z))
    chosen = tracing.matching(y, second, [first, third])
    few = tracing.matching(x + 1, first, [second], minimum=2)
    return {
        "chosen": (chosen * 3).sum() + x.sum(),
        "entries": ts.reveal(ts.concat([chosen, few]), allow_input=True),
        "early": z.sum(),
        "common": tracing.common([first, second]),
        "all": tracing.common([first, second, third]),
        "rows": tracing.matching_count(second, [first]),
        "enough": tracing.matching_count(first, [second], minimum=2),
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
    assert [node.label for node in plan.points] == ["squares"] * 3
    text = cost.render(plan)
    shown = ", as points that show which are equal, and each value to whoever guesses it\n"
    assert f'{shown}      called "squares"\n' in text
    assert "common([T1], [T2], [T3])" in text
    assert "matching([T2] in [T1])" in text
    assert "[T1] shows in which rows equal values are: squares" in text


@pytest.mark.parametrize("late", ["gate", "advice", "assertion", "points"])
def test_nothing_that_is_checked_first_may_depend_on_points(late: str) -> None:
    @ts.program
    def program(table: Members[Table]) -> object:
        x = table["a"]["x"]
        tags = tracing.open_points(x, "x")
        chosen = tracing.matching(x, tags, [tags])
        if late == "gate":
            return (chosen * chosen).sum()
        if late == "advice":
            return tracing.hint("bits", chosen, parameters=(-9, 5), n=15, boolean=True).sum()
        if late == "assertion":
            tracing.assert_zero(chosen - x)
        else:
            tracing.open_points(chosen, "again")
        return x.sum()

    with pytest.raises(ProgramError, match="which points match") as raised:
        trace(program, [ts.MemberSchema("a", 3, {"x": ts.Column(-9, 9)})])
    assert "test_points.py:" in (raised.value.where or "")


def test_a_result_of_points_of_the_wrong_number_is_an_error() -> None:
    plan = _plan()
    with pytest.raises(ValueError, match="9 were expected"):
        plan.evaluate([0] * plan.layout.outputs, [b""] * 8)


# ---------------------------------------------------------------------------------------- hostile plans


def _made(*nodes: Node) -> Plan:
    members = (Member("a", 4), Member("b", 4))
    for k in range(4, 15):
        try:
            return Plan("hostile", members, nodes, (), (), 1 << k)
        except ValueError as error:
            if "is not the choice" not in str(error):
                raise
    raise AssertionError("no number of columns is right")


A, B = Input(0, "x", 4, 0, 100, 0, "value"), Input(1, "x", 4, 0, 100, 0, "value")
KEY = Hint("random", (1,), (), 1, False)
SPREAD = View(1, (4,), 0, (0,))
RECIPROCAL_OF_2, RECIPROCAL_OF_3 = (Hint("reciprocal", (), (v,), 4, False) for v in (2, 3))


def test_a_reciprocal_of_a_random_element_plus_anything_else() -> None:
    for add in (Add(0, 2), Add(2, 0)):
        plan = _made(A, KEY, SPREAD, add, RECIPROCAL_OF_3)
        assert Plan.from_bytes(plan.to_bytes()) == plan


@pytest.mark.parametrize(
    "nodes",
    [
        (A, B, Sub(0, 1), RECIPROCAL_OF_2),
        (A, B, Add(0, 1), RECIPROCAL_OF_2),
        # Randomness that falls out again: k + (x - k).
        (A, KEY, SPREAD, Sub(0, 2), Add(2, 3), Hint("reciprocal", (), (4,), 4, False)),
        # Nothing is opened of k itself, but then everything is of the next product with it.
        (A, KEY, SPREAD, Mul(0, 2), Hint("reciprocal", (), (3,), 4, False)),
        (A, KEY, SPREAD, Scale(2, (2,), 1), Add(0, 3), Hint("reciprocal", (), (4,), 4, False)),
    ],
    ids=["difference", "sum", "cancelled", "product", "multiple"],
)
def test_a_reciprocal_that_could_show_whether_a_secret_is_zero(nodes: tuple[Node, ...]) -> None:
    with pytest.raises(ValueError, match="not a random element plus"):
        _made(*nodes)


@pytest.mark.parametrize("kind", ["bits", "span", "inverse", "split"])
def test_advice_about_what_a_member_chooses_could_not_be_masked(kind: str) -> None:
    """Whoever deals 2^200 instead of a bit would have others' values opened beyond their masks."""
    one, other = View(0, (1,), 0, (1,)), View(0, (1,), 1, (1,))
    switch = Hint("switches", (1, 2), (), 1, True)
    asked = {
        "bits": Hint("bits", (0, 9), (6,), 9, True),
        "span": Hint("span", (0, 100), (6,), 7, True),
        "inverse": Hint("inverse", (), (6,), 1, False),
        "split": Hint("split", (0, 1), (7,), 6, True),
    }[kind]
    bits = Concat((3, 3))
    nodes = (A, one, other, switch, Sub(1, 2), Mul(3, 4), Add(2, 5), bits, asked)
    with pytest.raises(ValueError, match="depends on what a member chooses"):
        _made(*nodes)
    honest = (A, one, other, Hint("coins", (1, 2, 1, 1), (), 2, True), View(3, (1,), 0, (1,)))
    assert _made(*honest, Sub(1, 2), Mul(4, 5), Add(2, 6), Hint("bits", (0, 9), (7,), 9, True))
