# SPDX-License-Identifier: Apache-2.0
"""Plans with homes: they say what the plan without homes says, and their relations hold of the owners' values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.plans import Drawn, drawn_plans, placed, run_home, sample_join, sample_plan
from tallystick.algebra import Generators, Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import DataError, ProgramError, VerificationError
from tallystick.plan import (
    FEW,
    HINTS,
    Hint,
    Home,
    HomeRelation,
    Matmul,
    Member,
    Mul,
    Output,
    OwnBits,
    OwnInput,
    Part,
    Plan,
    PlanRelation,
    Scale,
    Share,
    Sub,
    Sum,
    View,
    Zero,
    evaluate_home,
    exchanges,
    flat,
    home_witness,
    over,
    simulate,
    witness,
)
from tallystick.plan._simulate import Simulation, _tables
from tallystick.proofs import BatchVerifier, prove, to_words
from tallystick.tracing import Members, Program, Table, trace

PLANS = {"usual": sample_plan(), "join": sample_join()}
HOMES = [home for plan in PLANS.values() for home in plan.homes]


def _columns(drawn: Drawn) -> Iterator[tuple[Home, list[list[int]]]]:
    """Yield the home of every part with the rows of its inputs."""
    for home, columns in _tables(drawn.plan, drawn.inputs):
        yield home, [[int(x) for x in columns[n.name, n.order]] for n in home.inputs]


def _named(home: Home, columns: list[list[int]]) -> dict[tuple[str, int | None], Any]:
    return {
        (n.name, n.order): np.array(column, dtype=object)
        for n, column in zip(home.inputs, columns, strict=True)
    }


# ------------------------------------------------------------------------------------ one meaning


def _said(found: Simulation) -> object:
    return found.outputs, found.results, found.told


@given(drawn=drawn_plans(fewest_rows=0))
def test_a_plan_with_homes_says_what_the_one_without_does(drawn: Drawn) -> None:
    whole = _said(simulate(drawn.whole, drawn.inputs))
    assert _said(simulate(drawn.plan, drawn.inputs)) == whole
    assert _said(simulate(flat(drawn.plan), drawn.inputs)) == whole


@given(drawn=drawn_plans(fewest_rows=0))
def test_what_placing_keeps(drawn: Drawn) -> None:
    """Inputs, outputs, points, expressions and results; nothing opened has a wider interval.

    But for sums of hulls over several factors: each home's is one of its own, and the sum may be wider than one of all.
    """
    hulls = any(isinstance(n, Matmul | Scale) for n in drawn.whole.nodes)
    for plan in (drawn.plan, flat(drawn.plan)):
        assert (plan.expressions, plan.results) == (drawn.whole.expressions, drawn.whole.results)
        for k in range(len(plan.members)):
            own = [
                [(n.name, n.n, n.low, n.high, n.decimals) for n in p.inputs_of(k)]
                for p in (plan, drawn.whole)
            ]
            assert own[0] == own[1]
        assert len(plan.outputs) == len(drawn.whole.outputs)
        for node, before in zip(plan.outputs, drawn.whole.outputs, strict=True):
            assert (node.label, node.to) == (before.label, before.to)
            (low, high), wide = plan.layout.intervals[node.a], drawn.whole.layout.intervals[before.a]
            assert wide is not None
            assert hulls or wide[0] <= low <= high <= wide[1]
    assert drawn.plan.layout.gates <= drawn.whole.layout.gates


@given(drawn=drawn_plans())
def test_every_node_at_home_is_needed_and_of_one_member(drawn: Drawn) -> None:
    for home in drawn.plan.homes:
        for v, node in enumerate(home.nodes):
            assert home.needed[v] or isinstance(node, OwnInput | Zero)
    read = {(n.part, n.number) for n in drawn.plan.nodes if isinstance(n, Share)}
    shared = {
        (k, i) for k, p in enumerate(drawn.plan.parts) for i in range(len(drawn.plan.homes[p.home].shares))
    }
    # Equal homes of several parts share the same, though one of them may be read less.
    assert read <= shared


# ------------------------------------------------------------------------------------ witness and relation


def _weights(backend: Backend, relation: HomeRelation) -> dict[str, Vector]:
    random, shape = Random(hashlib.sha256(relation.digest).digest()), relation.shape
    sizes = {"left": shape.gates, "right": shape.gates, "zeros": shape.zeros, "outputs": 0, "points": 0}
    return {name: random.vector(backend, n) for name, n in sizes.items()}


def _check_transposed(backend: Backend, home: Home) -> None:
    relation = HomeRelation(home)
    shape, weights, random = relation.shape, _weights(backend, relation), Random(b"s" * 32)
    shared, free, gates = (random.vector(backend, n) for n in (*shape.inputs, shape.free, shape.gates))
    forms = run_home(backend, home, shared, free, gates)
    direct = sum(weights[name].dot(getattr(forms, name)) for name in ("left", "right", "zeros"))
    t = relation.transpose(backend, **weights)
    assert tuple(map(len, t.inputs)) == shape.inputs
    assert 0 <= t.constant < FR_MODULUS
    slots = t.constant + t.inputs[0].dot(shared) + t.free.dot(free) + t.gates.dot(gates)
    assert direct % FR_MODULUS == slots % FR_MODULUS


@given(drawn=drawn_plans(fewest_rows=0))
def test_transposed_equals_forward_at_random_slots(backend: Backend, drawn: Drawn) -> None:
    for home in drawn.plan.homes:
        _check_transposed(backend, home)


@pytest.mark.parametrize("home", HOMES, ids=lambda home: str(home.rows))
def test_transposed_equals_forward_for_every_operation(backend: Backend, home: Home) -> None:
    _check_transposed(backend, home)


def _check_owner(backend: Backend, home: Home, columns: list[list[int]]) -> None:
    """The owner computes the witness of the oracle, whose forms are those that the relation has."""
    w = home_witness(home, _named(home, columns), advice={})
    shape = HomeRelation(home).shape
    assert (len(w.inputs[0]), len(w.free), len(w.gates), len(w.zeros)) == (
        *shape.inputs,
        shape.free,
        shape.gates,
        shape.zeros,
    )
    assert all((a * b - c) % FR_MODULUS == 0 for a, b, c in zip(w.left, w.right, w.gates, strict=True))
    assert all(z % FR_MODULUS == 0 for z in w.zeros)
    wanted = over(w, backend, Vector.zeros(backend, 0))
    forms = run_home(backend, home, wanted.inputs[0], wanted.free, wanted.gates)
    assert forms.left.equal(wanted.left)
    assert forms.right.equal(wanted.right)
    assert forms.zeros.is_zero()
    found = evaluate_home(backend, home, [to_words(c) for c in columns]).witness(Vector.zeros(backend, 0))
    assert found.bits is not None
    assert found.bits.tolist() == list(w.gates[: home.layout.booleans])
    for name in ("free", "gates", "outputs"):
        assert getattr(found, name).equal(getattr(wanted, name)), name
    for ours, theirs in ((found.left, wanted.left), (found.right, wanted.right)):
        # Of wires the bits may say it all.
        assert ours.equal(theirs[len(theirs) - len(ours) :])
        assert len(ours) in (len(theirs), len(theirs) - home.layout.booleans)
    assert found.inputs[0].equal(wanted.inputs[0])


@given(drawn=drawn_plans())
def test_an_owner_computes_its_witness(backend: Backend, drawn: Drawn) -> None:
    for home, columns in _columns(drawn):
        _check_owner(backend, home, columns)


X, Y, Z, B = 0, 1, 2, 3
INPUTS = (
    OwnInput("x", 0, -8, 7, 0),
    OwnInput("y", 0, 0, 255, 0),
    OwnInput("z", 0, 1, 9, 0),
    OwnInput("b", 0, 0, 1, 0),
)
HINTED = {
    "bits": ((-8, 4), (X,), 4),
    "span": ((-8, 3), (X,), 4),
    "copy": ((), (B,), 1),
    "inverse": ((), (X,), 1),
    "controls": ((), (X,), 0),
    "quotient": ((3, -8, 3), (X,), 3),
    "root": ((4,), (Y,), 4),
    "ratio": ((8,), (Y, Z), 8),
    "split": ((1, 8), (len(INPUTS),), 0),
}
"""Parameters, arguments, and outputs a row where they go by rows; a split takes the digits of y."""


def test_every_kind_of_advice_that_an_owner_has_is_tried() -> None:
    assert set(HINTED) == {kind for kind, advice in HINTS.items() if not advice.joint}


def _hinted(kind: str, rows: int) -> Home:
    parameters, arguments, each = HINTED[kind]
    n = {"controls": sum(layer.count for layer in exchanges(rows)), "split": 3 * rows}.get(kind, rows * each)
    advice = Hint(kind, parameters, arguments, n, HINTS[kind].boolean)
    columns = tuple(replace(column, n=rows) for column in INPUTS)
    return Home(rows, (*columns, OwnBits(Y), advice), (len(columns) + 1, X, len(columns)))


@pytest.mark.parametrize("rows", [3, FEW + 1])
@pytest.mark.parametrize("kind", HINTED)
@given(data=st.data())
def test_advice_at_home_is_what_the_simulation_advises(
    backend: Backend, kind: str, rows: int, data: st.DataObject
) -> None:
    home = _hinted(kind, rows)
    values = [st.lists(st.integers(n.low, n.high), min_size=rows, max_size=rows) for n in home.inputs]
    _check_transposed(backend, home)
    _check_owner(backend, home, [data.draw(column) for column in values])


@pytest.mark.parametrize("kind", sorted(kind for kind, advice in HINTS.items() if advice.joint))
def test_advice_that_no_owner_has_is_not_at_home(kind: str) -> None:
    hint = Hint(kind, (), (), 1, True)
    with pytest.raises(ValueError, match=f"node 1 .hint.: .*{kind}|parameters"):
        Home(1, (OwnInput("x", 1, 0, 1, 0), hint), ())


# ------------------------------------------------------------------------------------ what is proved


def _proves(backend: Backend, home: Home, columns: list[list[int]], **forged: Any) -> bool:
    """Whether a witness with forged values, by node, or another shared one, is accepted with its proof."""
    advice = {int(k.removeprefix("v")): v for k, v in forged.items() if k.startswith("v")}
    w = home_witness(home, _named(home, columns), advice=advice)
    if "shared" in forged:
        w = replace(w, inputs=(tuple(forged["shared"]),))
    relation, random = HomeRelation(home), Random(b"p" * 32)
    generators = Generators(backend, home.layout.columns)
    values = over(w, backend, random.vector(backend, relation.shape.input_rows))
    rows = values.input_commitments(generators, relation.shape)
    context = {"context": b"t", "input_commitments": rows}
    proof = prove(relation, values, generators=generators, random=random, **context)  # type: ignore[arg-type]
    verifier = BatchVerifier(generators)
    none = Vector.zeros(backend, 0)
    verifier.add(relation, proof, outputs=none, name="home", **context)  # type: ignore[arg-type]
    try:
        verifier.verify()
    except VerificationError:
        return False
    return True


PROVED = Home(
    2,
    (
        OwnInput("x", 2, -3, 9, 0),
        OwnBits(0),
        OwnInput("y", 2, 0, 3, 0),
        OwnBits(2),
        Mul(0, 2),
        Hint("inverse", (), (0,), 2, False),
        Mul(0, 5),
        Mul(0, 6),
        Sub(7, 0),
        Zero(8),
    ),
    (4, 2, 6),
)
COLUMNS = [[-3, 9], [0, 3]]
SHARED = [0, 27, 0, 3, 1, 1]


def test_an_owner_proves_what_it_shares(backend: Backend) -> None:
    assert _proves(backend, PROVED, COLUMNS)
    assert _proves(backend, PROVED, COLUMNS, shared=SHARED)


@pytest.mark.parametrize(
    "forged",
    [
        {"shared": [1, *SHARED[1:]]},
        {"shared": [*SHARED[:-1], 0]},
        {"v0": [-3, 10]},
        {"v0": [-4, 9]},
        {"v2": [0, 4]},
        {"v1": [0, 0, 0, 1, 0, 0, 1, 1]},
        {"v1": [0, 0, 0, 0, 2, 1, 0, 1]},
        {"v4": [0, 26]},
        {"v5": [1, 1]},
    ],
    ids=str,
)
def test_what_does_not_follow_is_not_proved(backend: Backend, forged: dict[str, list[int]]) -> None:
    assert not _proves(backend, PROVED, COLUMNS, **forged)


def test_an_owner_learns_what_its_rows_break_before_anybody_else_does(backend: Backend) -> None:
    home = Home(2, (OwnInput("x", 2, 0, 9, 0), Zero(0)), ())
    evaluate_home(backend, home, [to_words([0, 0])])
    with pytest.raises(DataError, match="of these rows does not hold"):
        evaluate_home(backend, home, [to_words([0, 1])])
    plan = Plan("p", (Member("a", 2),), (), (), (), 16, (home,), (Part(0, 0),))
    with pytest.raises(ProgramError, match="at part 0, node 1 does not hold for element 1"):
        simulate(plan, {"a": {"x": [0, 1]}})


def test_parts_have_consecutive_rows_and_homes_in_common() -> None:
    def body(table: Members[Table]) -> object:
        return {"total": (table["a"]["x"] ** 2).sum() + table["b"]["x"].sum()}

    column = {"x": ts.Column(0, 9)}
    whole = trace(Program("p", body), [ts.MemberSchema("a", 5, column), ts.MemberSchema("b", 3, column)], 1)
    plan = placed(whole, {0: 2})
    assert [(p.member, p.home) for p in plan.parts] == [(0, 0), (0, 0), (0, 1), (1, 2)]
    assert [home.rows for home in plan.homes] == [2, 1, 3]
    assert [[start for _, _, start in plan.parts_of(k)] for k in range(2)] == [[0, 2, 4], [0]]
    inputs = {"a": {"x": [1, 2, 3, 4, 5]}, "b": {"x": [7, 8, 9]}}
    assert simulate(plan, inputs).outputs == simulate(flat(plan), inputs).outputs == (79,)
    assert list(witness(plan, inputs).inputs) == [(5,), (25,), (25,), (24,)]


def test_what_is_read_twice_or_never_has_its_place(backend: Backend) -> None:
    """Shared slots in any order, those that nobody reads between them, and one value read by two nodes."""
    home = Home(2, (OwnInput("x", 2, 0, 9, 0), Sum(0, 1, 2, 1)), (0, 1, 0, 1))
    nodes = (Share(0, 3), Share(0, 0), Share(0, 3), Scale(2, (5,), 1), Output(0, "a", None))
    nodes += (Output(1, "b", None), Output(3, "c", None))
    plan = Plan("p", (Member("a", 2),), nodes, (), (), 32, (home,), (Part(0, 0),))
    none = Vector.zeros(backend, 0)
    weights = Vector.from_ints(backend, [100, 20, 30, 1])
    form = PlanRelation(plan).transpose(
        backend, left=none, right=none, zeros=none, outputs=weights, points=none
    )
    assert [v.to_ints() for v in form.inputs] == [[20, 30, 0, 0, 0, 105]]


def test_what_a_home_shares_counts_as_its_work() -> None:
    """One value of many entries could be shared very often."""
    nodes = (OwnInput("x", 1, 0, 1, 0), View(0, (1 << 22,), 0, (0,)))
    assert Home(1, nodes, (1,) * 14).layout.work == 2 + 15 * (1 << 22)
    with pytest.raises(ValueError, match="more than 67108864 elements, those that it shares included"):
        Home(1, nodes, (1,) * 15)
