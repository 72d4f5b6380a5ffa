# SPDX-License-Identifier: Apache-2.0
"""Homes: the same results wherever a value is computed, and nothing jointly that members can do alone."""

from __future__ import annotations

import pytest

import tallystick as ts
from support.homes import BODIES, ROWS, Tables, given, joined, plan_of, schemas
from tallystick.cost import estimate
from tallystick.plan import Plan, flat, simulate
from tallystick.tracing import Program, _place, trace


def agree(plan: Plan | str, plain: Plan | str, rows: tuple[int, ...]) -> None:
    """Assert that a plan and one without homes say the same, decoded from its bytes, and made flat again."""
    if isinstance(plain, str) or isinstance(plan, str):
        assert plan == plain
        return
    plan = Plan.from_bytes(plan.to_bytes())
    assert [n.label for n in plan.outputs] == [n.label for n in plain.outputs]
    for seed in (1, 2):
        inputs = given(plan, rows, seed)
        wanted = simulate(plain, given(plain, rows, seed))
        found, again = simulate(plan, inputs), simulate(flat(plan), inputs)
        assert (found.results, found.told) == (wanted.results, wanted.told)
        assert (again.results, again.told) == (wanted.results, wanted.told)
        if not plan.points:
            assert found.outputs == again.outputs == wanted.outputs


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("name", BODIES)
def test_a_plan_with_homes_says_what_one_without_says(name: str, rows: tuple[int, ...]) -> None:
    agree(plan_of(name, rows), plan_of(name, rows, version=1), rows)


@pytest.mark.parametrize("always", [False, True], ids=["where it costs nothing", "always"])
@pytest.mark.parametrize("name", BODIES)
def test_tables_in_parts_say_the_same(monkeypatch: pytest.MonkeyPatch, name: str, always: bool) -> None:
    if always:
        monkeypatch.setattr(_place._Placing, "gates", 0)
        monkeypatch.setattr(_place._Placing, "shared", 1)
    cut = 0
    for rows in ((5,), (7, 3), (1, 6, 4), (5, 0, 5)):
        plain = plan_of(name, rows, version=1)
        for gates in (1, 9, 17):
            monkeypatch.setattr(_place, "_GATES", gates)
            plan = plan_of(name, rows)
            agree(plan, plain, rows)
            if isinstance(plan, Plan):
                cut += len(plan.parts) > len({part.member for part in plan.parts})
    assert cut or not always


# ---------------------------------------------------------------------------------------- what is shared

SHARED: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "columns": ((4, 3), (2, 5, 1)),
    "mean": ((1, 1), (1, 1, 1)),
    "variance": ((2, 2), (2, 2, 2)),
    "deviation": ((2, 2), (2, 2, 2)),
    "covariance": ((3, 3), (3, 3, 3)),
    "correlation": ((5, 5), (5, 5, 5)),
    "slope": ((4, 4), (4, 4, 4)),
    "t statistic": ((4, 4), (4, 4, 4)),
    "regression": ((9, 9), (9, 9, 9)),
    "weighted mean": ((2, 2), (2, 2, 2)),
    "histogram": ((3, 3), (3, 3, 3)),
    "groups": ((8, 8), (8, 8, 8)),
    "weights": ((1, 1), (1, 1, 1)),
    "comparison of columns": ((1, 1), (1, 1, 1)),
    "comparison with numbers": ((4, 3), (2, 5, 1)),
    "equality": ((2, 2), (2, 2, 2)),
    "is in": ((4, 3), (2, 5, 1)),
    "choice": ((1, 1), (1, 1, 1)),
    "quotients": ((12, 9), (6, 15, 3)),
    "every second": ((1, 1), (1, 1, 0)),
    "stacked": ((3, 3), (3, 3, 3)),
    "products of matrices": ((4, 4), (4, 4, 2)),
    "outer products": ((3, 3), (3, 3, 3)),
    "factors for rows": ((1, 1), (1, 1, 1)),
    "a revealed entry": ((1, 0), (1, 0, 0)),
    "one beside another": ((1, 1), (1, 1, 1)),
    "sorted, each alone": ((1, 1), (1, 1, 1)),
    "variance of each": ((2, 2), (2, 2, 2)),
    "told": ((2, 6), (2, 2, 4)),
}
"""How many entries each member shares of tables of 4 and 3 rows, and of 2, 5 and 1."""


@pytest.mark.parametrize("name", SHARED)
def test_what_is_linear_in_what_members_have_alone_takes_no_gate_together(name: str) -> None:
    for rows, shared in zip(((4, 3), (2, 5, 1)), SHARED[name], strict=True):
        plan, plain = plan_of(name, rows), plan_of(name, rows, version=1)
        assert isinstance(plan, Plan)
        assert isinstance(plain, Plan)
        cost = estimate(plan)
        assert (cost.shared, cost.gates, cost.triples) == (shared, 0, 0)
        assert sum(cost.home_gates) >= plain.layout.gates


@pytest.mark.parametrize("rows", [(40, 30), (7, 200, 33)], ids=str)
@pytest.mark.parametrize("name", ["variance", "covariance", "regression", "histogram", "groups"])
def test_what_is_shared_does_not_grow_with_the_rows(name: str, rows: tuple[int, ...]) -> None:
    plan = plan_of(name, rows)
    assert isinstance(plan, Plan)
    cost = estimate(plan)
    assert cost.shared == SHARED[name][len(rows) - 2]
    assert cost.triples == 0


TOGETHER = {
    "comparison of members": ((1, 1), 7),
    "greatest of greatest": ((1, 1), 6),
    "both sides": ((5, 4), 4),
    "backwards": ((4, 3), 7),
    "secret variance": ((2, 2), 18),
    "suppressed": ((2, 2), 6),
}
"""Entries shared of tables of 4 and 3 rows, and gates of the joint computation."""


@pytest.mark.parametrize("name", TOGETHER)
def test_what_needs_several_is_computed_together_of_as_little_as_will_do(name: str) -> None:
    plan, plain = plan_of(name, (4, 3)), plan_of(name, (4, 3), version=1)
    assert isinstance(plan, Plan)
    assert isinstance(plain, Plan)
    cost = estimate(plan)
    assert (cost.shared, cost.gates) == TOGETHER[name]
    assert cost.triples > 0


def test_what_was_shared_stays_at_home_as_well() -> None:
    """Not the row that is opened as it is, nor the one compared with another's, makes a square a joint one."""

    def body(tables: Tables) -> object:
        a, b = tables
        return {"less": (a["x"] < b["x"]).sum(), "cubes": (a["x"] * a["x"] * a["x"]).sum()}

    plan = trace(Program("p", body), schemas((3, 3)))
    less = trace(Program("p", lambda tables: {"less": body(tables)["less"]}), schemas((3, 3)))  # type: ignore[index]
    cost, without = estimate(plan), estimate(less)
    assert cost.gates == without.gates
    assert cost.shared == (without.shared[0] + 1, without.shared[1])


def test_a_plan_of_nothing_but_public_results_has_something_to_prove() -> None:
    for rows in ((3, 2), (0, 0)):
        plan = trace(Program("p", lambda tables: {"n": ts.count(joined(tables, "x"))}), schemas(rows))
        assert estimate(plan).shared == (1, 0)
        (result,) = simulate(plan, given(plan, rows)).results
        assert result.values == (sum(rows),)


# ---------------------------------------------------------------------------------------- parts


def test_a_table_is_cut_where_its_home_would_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts have about as many gates as they should, and share what the whole would, each its own."""
    whole = plan_of("variance", (40, 3))
    assert isinstance(whole, Plan)
    assert [whole.homes[p.home].rows for p in whole.parts] == [40, 3]
    gates = whole.homes[0].layout.gates
    for count in (3, 4, 5):
        monkeypatch.setattr(_place, "_GATES", -(-gates // count))
        plan = plan_of("variance", (40, 3))
        assert isinstance(plan, Plan)
        assert [p.member for p in plan.parts] == [0] * count + [1]
        sizes = [plan.homes[p.home].rows for p in plan.parts]
        assert sizes == [-(-40 // count)] * (count - 1) + [40 - (count - 1) * -(-40 // count), 3]
        # Parts of as many rows are at one home.
        assert len(plan.homes) == len(set(sizes))
        assert estimate(plan).shared == (2 * count, 2)
        assert estimate(plan).triples == 0
    monkeypatch.setattr(_place, "_GATES", gates // 2)
    plan = plan_of("variance", (40, 3))
    assert isinstance(plan, Plan)
    assert len(plan.parts) == (2 if 2 * (gates // 2) == gates else 4)


def test_a_table_is_not_cut_where_that_would_cost_gates_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member's own greatest value is one that its parts would have to find together."""
    monkeypatch.setattr(_place, "_GATES", 8)
    plan = plan_of("greatest of greatest", (40, 3))
    assert isinstance(plan, Plan)
    assert [p.member for p in plan.parts] == [0, 1]
    assert len(plan_of("variance", (40, 3)).parts) > 2  # type: ignore[union-attr]


def test_a_table_is_not_cut_where_rows_would_be_shared_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row taken from all others is at home with the whole table, and not with parts."""

    def body(tables: Tables) -> object:
        x = tables["m0"]["x"]
        return {"out": ((x - x[:1]) * 3).sum(), "squares": (x * x).sum()}

    monkeypatch.setattr(_place, "_GATES", 8)
    plan = trace(Program("p", body), schemas((40, 3)))
    assert [p.member for p in plan.parts] == [0]
    assert estimate(plan).shared == (2, 0)
