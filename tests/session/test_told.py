# SPDX-License-Identifier: Apache-2.0
"""Outputs to some members: what they learn, what others see of it, what is refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

import tallystick as ts
from support.joint_run import Case, audit, play
from tallystick.backend import FR_MODULUS, Backend
from tallystick.cost import estimate, render
from tallystick.errors import PolicyError, ProgramError
from tallystick.plan import Plan, simulate, told
from tallystick.record import Policy, check_policy
from tallystick.tracing import Members, Program, Table, trace

TABLES = {"north": {"x": [3, -1]}, "south": {"x": [7]}, "west": {"x": [-5, 0, 2]}}
SCHEMAS = [ts.MemberSchema(m, len(t["x"]), {"x": ts.Column(-8, 7)}) for m, t in TABLES.items()]


def deviations(tables: Members[Table]) -> object:
    """Tell each member how far twice its rows are from the greatest, and north and west their sum."""
    x = ts.concat(t["x"] for t in tables)
    most = ts.max(x)
    for t in tables:
        ts.tell(t["x"] * 2 - most, to=t, name="twice")
    ts.tell((x * Decimal("0.5")).sum(), to=["west", tables["north"]], name="half.sum")
    return {"total": x.sum()}


def case() -> Case:
    return Case(trace(Program("deviations", deviations), SCHEMAS), TABLES)


def test_each_member_learns_its_own_and_no_more(backend: Backend) -> None:
    c = case()
    half = told("half.sum / 10^1", [30])
    expected = {m: [told("twice", [2 * x - 7 for x in t["x"]])] for m, t in TABLES.items()}
    for member in ("north", "west"):
        expected[member].append(half)
    simulated = simulate(Plan.from_bytes(c.plan.to_bytes()), TABLES).told
    assert {m: list(r) for m, r in simulated.items()} == expected
    ran = play(c, [backend] * 3)
    for member, result in zip(TABLES, ran.results, strict=True):
        learnt = []
        for v, values in result.private.items():
            ints = [x if x < FR_MODULUS // 2 else x - FR_MODULUS for x in values.to_ints()]
            learnt.append(told(c.plan.nodes[v].label, ints))
        assert learnt == expected[member]
    assert audit(c, ran.results[1], backend) == [6]
    assert ran.used[0].used == estimate(c.plan).need


def test_a_told_value_has_its_decimals() -> None:
    assert told("z / 10^2", [-150]).values == (Fraction(-3, 2),)
    assert told("z / 10^2", [-150]).name == "z"
    assert told("a / 10^b", [1, 2]).shape == (2,)
    assert told("a / 10^b", [1, 2]).name == "a / 10^b"


def test_the_plan_says_who_learns_what() -> None:
    text = render(case().plan)
    assert "to south only, NOT PROVED: " in text
    assert '      called "twice"\n' in text
    assert "to north, west only, NOT PROVED: " in text
    assert '      called "half.sum / 10^1"\n' in text
    assert "together with other outputs is not examined" in text


def test_a_policy_allows_what_is_told_by_name() -> None:
    plan = case().plan
    check_policy(Policy(outputs=("total", "twice", "half")), plan, whose="the job")
    for missing, allowed in (("twice", ("total", "half")), ("half.sum", ("total", "twice"))):
        with pytest.raises(PolicyError, match=f"does not allow the output '{missing}'"):
            check_policy(Policy(outputs=allowed), plan, whose="the job")


ERRORS = {
    "another's input": (
        lambda t: ts.tell(t["north"]["x"][:1], to="south", name="x"),
        "as they are to another",
    ),
    "all inputs": (
        lambda t: ts.tell(ts.concat(m["x"] for m in t), to="south", name="x"),
        "as they are to another",
    ),
    "nobody": (lambda t: ts.tell(t["north"]["x"], to=[], name="x"), "to nobody"),
    "a stranger": (lambda t: ts.tell(t["north"]["x"], to="east", name="x"), "there is no member 'east'"),
    "no name": (lambda t: ts.tell(t["north"]["x"], to="north", name="a / 10^2"), "is no name"),
    "no secret": (lambda t: ts.tell(3, to="north", name="x"), "takes a secret"),
    "twice": (
        lambda t: [ts.tell(t["north"]["x"], to="north", name="x") for _ in range(2)],
        "north is told 'x' twice",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_refused_with_the_line(name: str) -> None:
    body, message = ERRORS[name]

    def program(tables: Members[Table]) -> object:
        body(tables)
        return {"n": 3}

    with pytest.raises(ProgramError, match=message) as raised:
        trace(Program("program", program), SCHEMAS)
    assert (raised.value.where or "").rsplit(":", 1)[0].endswith("test_told.py")


def test_a_member_may_be_told_its_own_rows() -> None:
    def program(tables: Members[Table]) -> object:
        ts.tell(tables["north"]["x"], to="north", name="x")
        return {"sum": tables["north"]["x"].sum() + tables["south"]["x"].sum()}

    plan = trace(Program("program", program), SCHEMAS)
    assert simulate(plan, {"north": TABLES["north"], "south": TABLES["south"]}).told["north"] == (
        told("x", [3, -1]),
    )
