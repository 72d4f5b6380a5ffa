# SPDX-License-Identifier: Apache-2.0
"""Homes: the same results wherever a value is computed, and nothing jointly that members can do alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import tallystick as ts
from tallystick.cost import estimate
from tallystick.errors import ProgramError
from tallystick.plan import Plan, flat, simulate
from tallystick.tracing import Members, Program, Secret, Table, _place, trace

Tables = Members[Table]
Body = Callable[[Tables], object]

COLUMNS = {
    "x": ts.Column(-8, 7),
    "y": ts.Column(1, 9),
    "g": ts.Column(0, 2),
    "b": ts.Column(0, 1),
    "w": ts.Column(-(2**20), 2**20, 2),
    "id": ts.Column(0, 12),
    "c": ts.Column(5, 5),
}
"""Signed, positive, categories, booleans, decimals, identifiers, a constant: whole powers of two long, and not."""

ROWS = [(5,), (1,), (4, 3), (1, 6), (3, 0), (0, 0), (1, 1), (2, 5, 1), (3, 3, 3), (4, 1, 0, 2)]


def schemas(rows: Sequence[int]) -> list[ts.MemberSchema]:
    return [ts.MemberSchema(f"m{k}", n, COLUMNS) for k, n in enumerate(rows)]


def values(rows: Sequence[int], seed: int = 1) -> dict[str, dict[str, list[int]]]:
    """Return tables with ties and both ends of every interval; identifiers differ within a table."""
    draw = random.Random(seed)
    tables: dict[str, dict[str, list[int]]] = {}
    for k, n in enumerate(rows):
        tables[f"m{k}"] = {
            name: [draw.choice([c.low, c.high, draw.randint(c.low, c.high)]) for _ in range(n)]
            for name, c in COLUMNS.items()
        }
        tables[f"m{k}"]["id"] = draw.sample(range(13), n)
    return tables


def joined(tables: Tables, name: str) -> Secret:
    return ts.concat(t[name] for t in tables)


def shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [shown(v) for v in value]
    return ts.reveal(value, allow_input=True) if isinstance(value, Secret) else value


def of(*names: str) -> Callable[[Callable[..., object]], Body]:
    """Let a function have these columns of all members, one after the other."""

    def made(function: Callable[..., object]) -> Body:
        return lambda tables: function(*(joined(tables, name) for name in names))

    return made


def first_and_last(tables: Tables) -> list[Table]:
    parts = list(tables)
    return [parts[0], parts[-1]]


def told(tables: Tables) -> object:
    x, own = joined(tables, "x"), tables[tables.names[-1]]["y"]
    ts.tell((x * x).sum(), to=tables.names[0], name="squares")
    ts.tell(own * own, to=tables.names, name="own")
    ts.tell(own[:1], to=tables.names[-1:], name="first")
    return {"sum": x.sum()}


def on_both_sides(tables: Tables) -> object:
    """What one computes with another, and alone, of the same columns."""
    a, b = first_and_last(tables)
    n = min(a.rows, b.rows)
    x, y = a["x"][:n], b["y"][:n]
    return {"mixed": ((x * x) * (y * y)).sum(), "alone": (x * x * x).sum(), "sums": x.sum() * y.sum()}


BODIES: dict[str, Body] = {
    # ------------------------------------------------------------------ sums
    "columns": of("x")(lambda x: x),
    "sum": of("x")(lambda x: x.sum()),
    "mean": of("w")(lambda w: ts.mean(w)),
    "variance": of("x")(lambda x: ts.variance(x)),
    "deviation": of("w")(lambda w: ts.std(w, ddof=1, places=3)),
    "covariance": of("x", "y")(lambda x, y: ts.covariance(x, y)),
    "correlation": of("x", "y")(lambda x, y: ts.correlation(x, y, places=4)),
    "slope": of("x", "y")(lambda x, y: ts.slope(x, y)),
    "t statistic": of("x", "y")(lambda x, y: ts.t_statistic(x, y, places=4)),
    "regression": of("x", "y", "g")(lambda x, y, g: ts.ols([x, g], y).coefficients),
    "weighted mean": of("x", "y")(lambda x, y: ts.weighted_mean(x, y)),
    "histogram": of("x")(lambda x: ts.histogram(x, [-8, -2, 0, 5])),
    "groups": of("g", "x")(
        lambda g, x: [ts.group_by(g, [2, 0, 1]).count(), ts.group_by(g, [0, 2]).variance(x)]
    ),
    "weights": of("x")(lambda x: x @ np.arange(x.size)),
    "secret mean": of("x")(lambda x: ts.mean(x, decimals=2)),
    "secret variance": of("x")(lambda x: ts.variance(x, decimals=1)),
    # ------------------------------------------------------------------ row by row
    "comparison of columns": of("x", "y")(lambda x, y: (x < y).sum()),
    "comparison with numbers": of("x")(lambda x: x >= np.arange(x.size) - 2),
    "comparison with a number": of("w")(lambda w: (w > 3).sum()),
    "equality": of("g", "b")(lambda g, b: [(g == b).sum(), (g == 2).sum()]),
    "is in": of("x")(lambda x: ts.isin(x, [-8, 0, 3])),
    "choice": of("x", "y", "b")(lambda x, y, b: ts.where(b, x * x, y).sum()),
    "absolute and sign": of("x", "y")(lambda x, y: [abs(x - y).sum(), ts.sign(x)]),
    "clip": of("x")(lambda x: ts.clip(x, -2, 3)),
    "quotients": of("x", "y")(lambda x, y: [x // y, x % 3, ts.divide(x, y, decimals=2)]),
    "roots": of("y")(lambda y: ts.sqrt(y, places=1)),
    "powers": of("x")(lambda x: [(x * x * x).sum(), (-x * 3 + 1).sum(), 5 - x]),
    "constants of two shapes": of("x")(lambda x: (x.reshape(1, -1) * np.array([[1], [-2], [3]])).sum(axis=1)),
    "a column that is one number": of("c", "x")(lambda c, x: (c * x).sum() + (c == 5).sum()),
    # ------------------------------------------------------------------ places
    "every second": of("x")(lambda x: (x[::2] * x[::2]).sum()),
    "backwards": of("x")(lambda x: (x[::-1] * x).sum()),
    "a slice": of("x")(lambda x: [x[1:5] * 2, (x[1:5] * x[1:5]).sum()]),
    "differences": of("x")(lambda x: x[1:] - x[:-1]),
    "entries": of("x")(lambda x: x[[0, -1, 0]] * x[0]),
    "a revealed entry": of("x")(lambda x: x[:1]),
    "cumulated": of("x")(lambda x: np.tri(x.size, dtype=int) @ x),
    "stacked": of("x", "y")(lambda x, y: ts.stack([x, y, x * y]).sum(axis=1)),
    "across the rows of a matrix": of("x", "y")(
        lambda x, y: (ts.stack([x, y, x * y]).reshape(-1)[1:5] * 2).sum()
    ),
    "windows": of("x")(lambda x: ts.stack([x[k : k + x.size - 2] for k in range(3)]).sum(axis=0)),
    "rows of a matrix": of("x", "y")(lambda x, y: ts.stack([x, y])[1] * ts.stack([x, y])[0]),
    "side by side": of("x", "y")(lambda x, y: ts.concat([x.reshape(-1, 1), y.reshape(-1, 1)], axis=1)),
    "side by side, with squares": of("x", "y")(
        lambda x, y: ts.concat([x.reshape(-1, 1), (y * y).reshape(-1, 1)], axis=1).sum(axis=0)
    ),
    "products of matrices": of("x", "y")(
        lambda x, y: np.array([[1, 2], [0, -3]]) @ ts.stack([x, y]) @ np.arange(2 * x.size).reshape(x.size, 2)
    ),
    "outer products": of("x", "y")(lambda x, y: (x.reshape(-1, 1) * ts.stack([x, y, x]).T).sum(axis=0)),
    "transposed": of("x", "y")(lambda x, y: ts.stack([x, y]).T.reshape(-1)),
    "sums along both axes": of("x", "g")(
        lambda x, g: [
            (ts.stack([x, g]) * np.array([[2], [3]])).sum(axis=0),
            (ts.stack([x, g]) * np.arange(2 * x.size).reshape(2, -1)).sum(axis=1),
        ]
    ),
    "factors for rows": of("x")(lambda x: (x * (np.arange(x.size) % 3 - 1)).sum()),
    "constants beside": of("x")(lambda x: x + np.arange(x.size) * 7),
    # ------------------------------------------------------------------ together
    "sorted": of("x")(lambda x: ts.sort(x)),
    "median": of("x")(lambda x: ts.median(x)),
    "greatest": of("x")(lambda x: [ts.max(x), ts.argmax(x)]),
    "one beside another": lambda tables: sum(t["x"].sum() * (k + 1) for k, t in enumerate(tables)),
    "comparison of members": lambda tables: (
        first_and_last(tables)[0]["x"].sum() < first_and_last(tables)[1]["y"].sum()
    ),
    "comparison of members' rows": lambda tables: (
        (a := first_and_last(tables)[0]["x"][:2]) < first_and_last(tables)[1]["y"][: a.size]
    ),
    "sorted, each alone": lambda tables: [ts.sort(t["x"])[:1] for t in tables],
    "greatest of greatest": lambda tables: ts.max(ts.stack([ts.max(t["x"]) for t in tables])),
    "variance of each": lambda tables: {t.name: ts.variance(t["x"]) for t in tables},
    "told": told,
    "both sides": on_both_sides,
    "size of a join": lambda tables: ts.join.intersection_size(*(t["id"] for t in tables)),
    "sum of a join": lambda tables: ts.join.intersection_sum(
        *(t["id"] for t in tables), values=first_and_last(tables)[1]["x"]
    ),
    "suppressed": of("g", "x")(
        lambda g, x: {
            "count": ts.suppress((x * (g == 1)).sum(), (g == 1).sum(), 3).count,
            "value": ts.suppress((x * (g == 1)).sum(), (g == 1).sum(), 3).value,
        }
    ),
}


def plan_of(name: str, rows: Sequence[int], version: int = 2) -> Plan | str:
    """Return the plan, or why there is none."""
    program = Program("p", lambda tables: {"out": shown(BODIES[name](tables))})
    try:
        return trace(program, schemas(rows), version=version)
    except ProgramError as error:
        return str(error)


def given(plan: Plan, rows: Sequence[int], seed: int = 1) -> dict[str, dict[str, list[int]]]:
    tables = values(rows, seed)
    return {
        m.name: {n.name: tables[m.name][n.name] for n in plan.inputs_of(k)}
        for k, m in enumerate(plan.members)
    }


def agree(plan: Plan | str, plain: Plan | str, rows: Sequence[int]) -> None:
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
