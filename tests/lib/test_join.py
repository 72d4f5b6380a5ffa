# SPDX-License-Identifier: Apache-2.0
"""Joins against plain Python: any identifiers, any multiplicities, and what a join refuses."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
import tallystick.online._hints as protocols
from support.advice import honest_advice, proves
from support.joint_run import Case, play
from tallystick import plan as plans
from tallystick import tracing
from tallystick.algebra import Random, Vector
from tallystick.backend import Backend
from tallystick.cost import render
from tallystick.errors import ProgramError
from tallystick.plan import Hint, Plan, Points, ReciprocalHint, simulate
from tallystick.tracing import Members, Table, schema_of, trace

Rows = Sequence[tuple[int, int]]
ID = ts.Column(-(2**200), 2**200)
AMOUNT = ts.Column(-1000, 1000)
COLUMNS = {"id": ID, "amount": AMOUNT, "key": ID}


def table(rows: Rows) -> dict[str, list[int]]:
    """A table whose rows have their identifier twice, because a column is in one join only."""
    return {"id": [i for i, _ in rows], "amount": [v for _, v in rows], "key": [i for i, _ in rows]}


def case(program: ts.Program, tables: dict[str, Rows], columns: dict[str, ts.Column] = COLUMNS) -> Case:
    members = [ts.MemberSchema(name, len(rows), columns) for name, rows in tables.items()]
    return Case(trace(program, members), {name: table(rows) for name, rows in tables.items()})


@ts.program
def everything(tables: Members[Table]) -> object:
    a, b = tables["a"], tables["b"]
    ids = (a["id"], b["id"])
    return {
        "size": ts.join.intersection_size(*ids),
        "swapped": ts.join.intersection_size(b["id"], a["id"]),
        "rows": ts.join.matching_rows(*ids, of=b["id"]),
        "sum": ts.join.intersection_sum(*ids, values=b["amount"]),
        "other": ts.join.intersection_sum(*ids, values=3 - 2 * a["amount"]),
        "squares": ts.join.intersection_sum(*ids, values=b["amount"] * b["amount"] - b["id"]),
        "mean": ts.join.intersection_mean(*ids, values=b["amount"]),
        "large": ts.join.intersection_sum(*ids, values=b["amount"], minimum=3),
    }


def plain(a: Rows, b: Rows) -> dict[str, Fraction | None]:
    """The same from the definitions."""
    ids_a, ids_b = {i for i, _ in a}, {i for i, _ in b}
    here = [(i, v) for i, v in b if i in ids_a]
    total = Fraction(sum(v for _, v in here))
    return {
        "size": Fraction(len(ids_a & ids_b)),
        "swapped": Fraction(len(ids_a & ids_b)),
        "rows": Fraction(len(here)),
        "sum": total,
        "other": Fraction(sum(3 - 2 * v for i, v in a if i in ids_b)),
        "squares": Fraction(sum(v * v - i for i, v in here)),
        "mean": total / len(here) if here else None,
        "large": total if len(here) >= 3 else None,
    }


identifiers = st.one_of(st.integers(0, 4), st.sampled_from([ID.low, ID.high, -1]))
# The sum over a single row is that row's value, which may not be revealed.
tables_drawn = st.lists(st.tuples(identifiers, st.integers(AMOUNT.low, AMOUNT.high)), max_size=7).filter(
    lambda rows: len(rows) != 1
)


def _same(a: Rows, b: Rows) -> None:
    c = case(everything, {"a": a, "b": b})
    found = {r.name: r.values[0] for r in simulate(c.plan, c.values).results}
    assert found == plain(a, b)


@given(a=tables_drawn, b=tables_drawn)
def test_joins_are_those_of_plain_python(a: Rows, b: Rows) -> None:
    _same(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([], []),
        ([], [(1, 5), (2, 6)]),
        ([(0, 1)] * 6, [(0, 1)] * 5),
        ([(k, k) for k in range(9)], [(-k, k) for k in range(8)]),
        ([(ID.low, 1000), (ID.high, -1000)], [(ID.high, -1000), (ID.low, 1000), (0, 0)]),
    ],
    ids=["empty", "one side empty", "all equal", "one in common", "extremes"],
)
def test_edges(a: Rows, b: Rows) -> None:
    _same(a, b)


def test_one_row_can_be_matched_and_not_added_up() -> None:
    @ts.program
    def size(tables: Members[Table]) -> object:
        return ts.join.intersection_size(tables["a"]["id"], tables["b"]["id"])

    for other, expected in ((1, 1), (2, 0)):
        c = case(size, {"a": [(1, 5)], "b": [(other, 6)]})
        assert simulate(c.plan, c.values).results[0].values == (expected,)
    with pytest.raises(ProgramError, match="as they are"):
        case(everything, {"a": [(1, 5), (2, 5)], "b": [(1, 6)]})


def test_a_join_of_larger_tables() -> None:
    a = [((k * 7919) % 1000, k % 13) for k in range(311)]
    b = [((k * 104729) % 1000, -(k % 17)) for k in range(257)]
    _same(a, b)


@ts.program
def of_three(tables: Members[Table]) -> object:
    ids = [t["id"] for t in tables]
    return {
        "size": ts.join.intersection_size(*ids),
        "sums": [ts.join.intersection_sum(*ids, values=t["amount"]) for t in tables],
        "pair": ts.join.intersection_size(tables["a"]["key"], tables["c"]["key"]),
    }


@given(
    rows=st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=2, max_size=5),
        min_size=3,
        max_size=3,
    )
)
def test_three_columns(rows: list[Rows]) -> None:
    c = case(of_three, dict(zip("abc", rows, strict=True)))
    found = {r.name: r.values[0] for r in simulate(c.plan, c.values).results}
    sets = [{i for i, _ in one} for one in rows]
    common = set.intersection(*sets)
    assert found["size"] == len(common)
    assert [found[f"sums.{k}"] for k in range(3)] == [sum(v for i, v in one if i in common) for one in rows]
    assert found["pair"] == len(sets[0] & sets[2])


def test_decimals_are_kept() -> None:
    @ts.program
    def program(tables: Members[Table]) -> object:
        a, b = tables["a"], tables["b"]
        return {
            "size": ts.join.intersection_size(a["id"], b["id"]),
            "sum": ts.join.intersection_sum(a["id"], b["id"], values=b["amount"]),
            "product": ts.join.intersection_sum(a["id"], b["id"], values=b["amount"] * b["id"]),
        }

    columns = {"id": ts.Column(0, 99, 1), "amount": ts.Column(-1000, 1000, 2)}
    c = case(program, {"a": [(15, 100)], "b": [(15, 250), (16, 1)]}, columns)
    found = {r.name: r.values[0] for r in simulate(c.plan, c.values).results}
    assert found == {"size": 1, "sum": Fraction(5, 2), "product": Fraction(15, 4)}


# ---------------------------------------------------------------------------------------- the plan


def test_a_join_asked_for_twice_is_made_once() -> None:
    plan = case(everything, {"a": [(k, 0) for k in range(5)], "b": [(k, 0) for k in range(6)]}).plan
    hints = [n.kind for n in plan.nodes if isinstance(n, Hint)]
    # Whichever column is named first, it is one join, with a key and two networks.
    assert sorted(hints) == ["random"] + ["reciprocal"] * 2 + ["switches"] * 2
    assert sum(isinstance(n, Points) for n in plan.nodes) == 2


def test_columns_are_committed_in_a_random_order_and_not_besides() -> None:
    plan = case(of_three, {name: [(1, 1), (2, 1)] for name in "abc"}).plan
    assert [(n.member, n.name, n.order) for n in plan.inputs if n.name != "amount"] == [
        (0, "id", 0),
        (1, "id", 0),
        (2, "id", 0),
        # The second join, of members a and c, draws orders of its own.
        (0, "key", 1),
        (2, "key", 1),
    ]
    assert all(node.order == 0 for node in plan.inputs if node.name == "amount")
    assert trace(of_three, schema_of(plan)).digest == plan.digest


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda a, b: (a["id"] * 2).sum(),
        lambda a, b: ts.max(b["id"]),
        lambda a, b: ts.join.intersection_size(a["id"], b["key"]),
        lambda a, b: ts.join.intersection_sum(a["key"], b["key"], values=a["id"]),
    ],
    ids=["a sum", "bits", "another join", "values of another join"],
)
def test_a_column_is_not_used_in_a_join_and_elsewhere(elsewhere) -> None:
    """It would be committed twice, and nothing proves that two commitments hold the same values."""

    @ts.program
    def both(tables: Members[Table]) -> object:
        a, b = tables["a"], tables["b"]
        return {"n": ts.join.intersection_size(a["id"], b["id"]), "other": elsewhere(a, b)}

    with pytest.raises(ProgramError, match=r"'id' of [ab] is used in a join and elsewhere") as raised:
        narrow = dict.fromkeys(COLUMNS, ts.Column(0, 15))
        case(both, {"a": [(1, 1), (2, 1)], "b": [(1, 1), (3, 2)]}, narrow)
    assert "test_join.py" in (raised.value.where or "")


def test_the_plan_does_not_grow_with_the_rows() -> None:
    def size(n: int) -> int:
        members = [ts.MemberSchema(m, n, {"id": ts.Column(0, 2**32 - 1), "amount": AMOUNT}) for m in "ab"]
        return len(trace(everything, members).to_bytes())

    assert size(4096) < 60_000
    assert size(10_000) < 100_000


def test_gates_are_those_of_the_specification() -> None:
    @ts.program
    def summed(tables: Members[Table]) -> object:
        a, b = tables["a"], tables["b"]
        return ts.join.intersection_sum(a["id"], b["id"], values=b["amount"])

    def network(n: int) -> int:
        return sum((i - 1).bit_length() for i in range(1, n + 1))

    members = [ts.MemberSchema(m, n, COLUMNS) for m, n in (("a", 30), ("b", 45))]
    plan = trace(summed, members)
    assert plan.shape.gates == 2 * network(30) + 3 * network(45) + 75
    assert (plan.shape.free, plan.shape.zeros, plan.shape.points, plan.shape.outputs) == (76, 75, 75, 1)


def test_what_is_revealed_is_said() -> None:
    plan = case(everything, {"a": [(1, 1)] * 20, "b": [(1, 1)] * 30}).plan
    text = render(plan)
    assert "sum of amount of b over the rows whose id occurs at a (30 rows)" in text
    assert "which of 20 rows of a have equal id, among themselves and with others" in text
    assert "in random order" in text
    assert "shows in which rows" not in text
    # Tags are inverses of what nobody can guess; points of columns are not, and are said to show them.
    assert ", as points that show which are equal\n" in text
    assert "to whoever guesses it" not in text


# ---------------------------------------------------------------------------------------- refusals


def _refused(body: object, match: str) -> None:
    @ts.program
    def program(tables: Members[Table]) -> object:
        return body(tables)

    with pytest.raises(ProgramError, match=match) as raised:
        case(program, {"a": [(1, 1), (2, 2)], "b": [(1, 1), (2, 2)], "c": [(1, 1), (2, 2)]})
    assert "test_join.py:" in (raised.value.where or "")


REFUSED = {
    "one column": (lambda t: ts.join.intersection_size(t["a"]["id"]), "two or more members"),
    "one member": (
        lambda t: ts.join.intersection_size(t["a"]["id"], t["a"]["amount"]),
        "of one member",
    ),
    "no column": (lambda t: ts.join.intersection_size(t["a"]["id"], 5), "columns of one member each"),
    "a scalar": (lambda t: ts.join.intersection_size(t["a"]["id"], t["b"]["id"].sum()), "columns of one"),
    "two members' ids": (
        lambda t: ts.join.intersection_size(t["a"]["id"], t["b"]["id"] + t["c"]["id"]),
        "tables of 2 members",
    ),
    "part of a column": (
        lambda t: ts.join.intersection_size(t["a"]["id"], t["b"]["id"][:1]),
        "one entry a row",
    ),
    "another order": (
        lambda t: ts.join.intersection_size(t["a"]["id"], t["b"]["id"][::-1]),
        "not computed row by row",
    ),
    "different constants": (
        lambda t: ts.join.intersection_size(t["a"]["id"], t["b"]["id"] + [1, 2]),
        "not computed row by row",
    ),
    "values of another member": (
        lambda t: ts.join.intersection_sum(t["a"]["id"], t["b"]["id"], values=t["c"]["amount"]),
        "brings no identifiers",
    ),
    "a sum as values": (
        lambda t: ts.join.intersection_sum(t["a"]["id"], t["b"]["id"], values=t["b"]["amount"].sum()),
        "columns of one member",
    ),
    "a fractional minimum": (
        lambda t: ts.join.intersection_sum(t["a"]["id"], t["b"]["id"], values=t["b"]["amount"], minimum=2.5),
        "a number of rows",
    ),
    "a square of what matches": (
        lambda t: (
            ts.join.intersection_sum(t["a"]["id"], t["b"]["id"], values=t["b"]["amount"]) + t["a"]["id"]
        ),
        "do not mix",
    ),
    "decimals": (
        lambda t: ts.join.intersection_size(t["a"]["id"].rescale(1), t["b"]["id"]),
        "different decimals",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_join_fails_with_the_line(name: str) -> None:
    _refused(*REFUSED[name])


# ---------------------------------------------------------------------------------------- advice

SMALL = {"id": ts.Column(0, 7), "amount": ts.Column(-9, 9)}


@ts.program
def summed(tables: Members[Table]) -> object:
    a, b = tables["a"], tables["b"]
    return ts.join.intersection_sum(a["id"], b["id"], values=b["amount"])


def _small() -> Case:
    return case(summed, {"a": [(3, 0), (1, 0), (5, 0)], "b": [(5, 4), (2, -2)]}, SMALL)


def _hints(plan: Plan, kind: str) -> list[int]:
    return [v for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and n.kind == kind]


def test_a_wrong_tag_is_not_proved(native: Backend) -> None:
    """With the key and all settings fixed, each tag has exactly one value that is proved."""
    c = _small()
    fixed = {v: honest_advice(c, k, "switches") for k, v in enumerate(_hints(c.plan, "switches"))}
    fixed[_hints(c.plan, "random")[0]] = [12345]
    assert proves(native, c, fixed)
    first = _hints(c.plan, "reciprocal")[0]
    n = c.plan.layout.lengths[first]
    for wrong in ([0] * n, [1] * n):
        assert not proves(native, c, {**fixed, first: wrong})


@pytest.mark.parametrize("wrong", [2, -1])
def test_settings_that_are_no_bits_are_not_proved(native: Backend, wrong: int) -> None:
    c = _small()
    first = _hints(c.plan, "switches")[0]
    settings = honest_advice(c, 0, "switches")
    assert proves(native, c, {first: settings})
    assert proves(native, c, {first: [1 - settings[0], *settings[1:]]})
    assert not proves(native, c, {first: [wrong, *settings[1:]]})


def test_a_key_for_which_a_tag_does_not_exist_is_not_proved(native: Backend) -> None:
    """k + x = 0 for an identifier that is there: nobody can prove anything, whatever the advice."""
    c = _small()
    key = _hints(c.plan, "random")[0]
    assert proves(native, c, {key: [-4]})
    assert not proves(native, c, {key: [-5]})


def test_wrong_tags_stop_the_run_before_any_is_shown(
    native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tags that are wrong under right MACs, as if all had conspired to compute them wrongly."""
    honest = protocols.answer

    async def lying(advice, arguments, intervals, online):
        right = await honest(advice, arguments, intervals, online)
        if not isinstance(advice, ReciprocalHint):
            return right
        return online.key.add(right, Vector.constant(right.backend, 1, len(right)))

    monkeypatch.setattr(protocols, "answer", lying)
    ran = play(_small(), [native] * 2)
    assert [r.check for r in ran.results] == ["assert-zero"] * 2
    assert not any(m.label.startswith("outputs") for m in ran.log)


# ---------------------------------------------------------------------------------------- orders


@pytest.mark.parametrize("n", [*range(1, 20), 31, 32, 33, 65, 100])
def test_a_program_sends_rows_where_the_settings_say(n: int) -> None:
    """The gates of a network, all subnetworks of a size at once, are those that settings are found for."""

    @ts.program
    def moved(tables: Members[Table]) -> object:
        ids = tables["a"]["id"]
        builder, parameters = ids.builder, (1, n)
        kind = {"parameters": parameters, "n": plans.switch_count(n), "boolean": True, "builder": builder}
        networks = [tracing.hint("switches", **kind)] if n > 1 else []
        return ts.reveal(ts.join._through(ids, networks), allow_input=True)

    drawn = np.random.default_rng(n)
    rows, goal = drawn.integers(ID.low >> 150, ID.high >> 150, n), drawn.permutation(n).astype(np.int64)
    c = case(moved, {"a": [(int(x), 0) for x in rows], "b": []})
    advice = {v: [int(s) for s in plans.route(goal)] for v in _hints(c.plan, "switches")}
    out = simulate(c.plan, c.values, advice=advice).outputs
    assert [out[k] for k in goal] == rows.tolist()


def test_permutations_are_drawn_uniformly() -> None:
    random = Random(b"r" * 32)
    seen: dict[tuple[int, ...], int] = {}
    for _ in range(6000):
        order = tuple(int(k) for k in random.permutation(3))
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 6
    assert max(abs(count - 1000) for count in seen.values()) < 150
    assert sorted(random.permutation(1000)) == list(range(1000))
    assert list(random.permutation(0)) == []


def test_a_random_key_is_another_one_each_time() -> None:
    c = _small()
    keys = {plans.witness(c.plan, c.values).free[0] for _ in range(3)}
    assert len(keys) == 3
