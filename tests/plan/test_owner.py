# SPDX-License-Identifier: Apache-2.0
"""What an owner computes in the clear: the same as the simulation on integers, byte by byte on both backends."""

from __future__ import annotations

import random

import pytest

import tallystick as ts
from support.homes import BODIES, given, plan_of, schemas
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import DataError, ProgramError
from tallystick.plan import HINTS, Hint, Home, OwnerValues, Plan, evaluate_home, home_witness, simulate
from tallystick.plan._hint_kind import integers
from tallystick.proofs import to_words
from tallystick.tracing import Program, assert_zero, hint, trace

Columns = dict[str, list[int]]


def evaluated(backend: Backend, home: Home, columns: Columns) -> OwnerValues:
    return evaluate_home(backend, home, [to_words(columns[n.name]) for n in home.inputs])


def encoded(found: OwnerValues) -> list[bytes]:
    vectors = (found.shared, found.left, found.right, found.products, found.free)
    return [found.wires.tobytes(), *(v.to_bytes() for v in vectors)]


def parts(plan: Plan, inputs: dict[str, Columns]) -> list[tuple[Home, Columns]]:
    found = []
    for member in range(len(plan.members)):
        table = inputs.get(plan.members[member].name, {})
        found += [
            (home, {name: column[start : start + home.rows] for name, column in table.items()})
            for _, home, start in plan.parts_of(member)
        ]
    return found


@pytest.mark.parametrize("name", BODIES)
def test_both_backends_compute_what_the_simulation_does(native: Backend, pure: Backend, name: str) -> None:
    for rows in ((4, 3), (1, 1), (2, 5, 1), (3, 0)):
        plan = plan_of(name, rows)
        if not isinstance(plan, Plan):
            continue
        for home, columns in parts(plan, given(plan, rows)):
            found = evaluated(native, home, columns)
            assert encoded(found) == encoded(evaluated(pure, home, columns))
            named = {(n.name, n.order): integers(columns[n.name]) for n in home.inputs}
            wanted = home_witness(home, named, advice={})
            booleans = home.layout.booleans
            assert tuple(found.wires) == wanted.gates[:booleans]

            def residues(values: tuple[int, ...]) -> list[int]:
                return [v % FR_MODULUS for v in values]

            assert found.shared.to_ints() == residues(wanted.inputs[0])
            assert found.left.to_ints() == residues(wanted.left[booleans:])
            assert found.right.to_ints() == residues(wanted.right[booleans:])
            assert found.products.to_ints() == residues(wanted.gates[booleans:])
            assert found.free.to_ints() == residues(wanted.free)
            assert not any(residues(wanted.zeros))
            own = found.witness(Vector.zeros(native, home.layout.shape.input_rows))
            assert (len(own.gates), len(own.free)) == (home.layout.gates, home.layout.free)
            assert len(own.left) == len(own.right) == len(own.gates) - booleans


def test_every_kind_of_advice_is_found_at_home() -> None:
    """Of those that an owner can find the programs above have all."""

    kinds = set()
    for name in BODIES:
        plan = plan_of(name, (4, 3))
        if isinstance(plan, Plan):
            kinds |= {n.kind for home in plan.homes for n in home.nodes if isinstance(n, Hint)}
    assert kinds == {kind for kind, known in HINTS.items() if not known.joint}


@pytest.mark.parametrize("places", [0, 2])
def test_wide_values(native: Backend, pure: Backend, places: int) -> None:
    """Of intervals of 200 bits, that reach below zero, and at their ends."""
    low, high = -(2**60) * 3, 2**100
    column = ts.Column(low, high)

    def body(tables: ts.Members[ts.Table]) -> object:
        x, y = tables["a"]["x"], tables["a"]["y"]
        return {"less": x < y, "equal": (x == y).sum(), "sum": (x * y).sum(), "rest": x % 10 + x // 3}

    plan = trace(Program("p", body), [ts.MemberSchema("a", 6, {"x": column, "y": column})])
    draw = random.Random(places)
    x = [low, high, 0, low + 1, draw.randint(low, high), draw.randint(low, high)]
    columns = {"x": x, "y": [high, high, -1, low, x[4], draw.randint(low, high)]}
    (home,) = plan.homes
    assert encoded(evaluated(native, home, columns)) == encoded(evaluated(pure, home, columns))
    results = {r.name: r.values for r in simulate(plan, {"a": columns}).results}
    pairs = list(zip(x, columns["y"], strict=True))
    assert results["less"] == tuple(a < b for a, b in pairs)
    assert results["rest"] == tuple(v % 10 + v // 3 for v in x)
    shared = evaluated(native, home, columns).shared.to_ints()
    assert sum(a * b for a, b in pairs) % FR_MODULUS in shared


def test_an_assertion_that_does_not_hold_is_an_error_at_its_owner(backend: Backend) -> None:
    """Before anything is made of the rows that others could see; the simulation says so, too."""

    def body(tables: ts.Members[ts.Table]) -> object:
        x = tables["m0"]["x"]
        assert_zero((x * x - x) * (x - 2))
        return {"sum": x.sum() + tables["m1"]["x"].sum()}

    plan = trace(Program("p", body), schemas((3, 2)))
    (first, _), (second, _) = parts(plan, {})
    evaluated(backend, first, {"x": [0, 1, 2]})
    with pytest.raises(DataError, match="does not hold: a value is not zero"):
        evaluated(backend, first, {"x": [0, 3, 1]})
    evaluated(backend, second, {"x": [3, 3]})
    with pytest.raises(ProgramError, match=r"part 0, node \d+ does not hold for element 1"):
        simulate(plan, {"m0": {"x": [0, 3, 1]}, "m1": {"x": [3, 3]}})


def test_an_assertion_about_two_members_is_none_of_either(backend: Backend) -> None:
    def body(tables: ts.Members[ts.Table]) -> object:
        x, y = tables["m0"]["x"], tables["m1"]["x"]
        assert_zero(x - y)
        return {"sum": x.sum()}

    plan = trace(Program("p", body), schemas((2, 2)))
    for home, columns in parts(plan, {"m0": {"x": [1, 2]}, "m1": {"x": [2, 2]}}):
        assert not home.layout.zeros
        evaluated(backend, home, columns)


def test_the_repr_shows_no_values(pure: Backend) -> None:
    def body(tables: ts.Members[ts.Table]) -> object:
        x = tables["m0"]["x"]
        return {"bits": hint("bits", x, parameters=(-8, 4), n=4 * x.size, boolean=True).sum()}

    plan = trace(Program("p", body), schemas((3,)))
    assert repr(evaluated(pure, plan.homes[0], {"x": [1, 2, 3]})) == "<OwnerValues: 1 shared>"
