# SPDX-License-Identifier: Apache-2.0
"""The encoding of plans: it round-trips, it is fixed, and a hostile file gets a DecodeError and little memory."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

import tallystick as ts
from support.plans import Drawn, drawn_plans, first_sample_plan, sample_join, sample_plan
from tallystick.encoding import dumps, loads
from tallystick.errors import DecodeError
from tallystick.plan import (
    HALF,
    Hint,
    Home,
    Member,
    Mul,
    Output,
    OwnBits,
    OwnInput,
    Part,
    Plan,
    PublicOutput,
    Result,
    Share,
    Sub,
    Zero,
    flat,
)
from tallystick.plan._ops import NODES
from tallystick.plan._own import OWN_NODES
from tallystick.tracing import schema_of

PLAN = sample_plan()
JOIN = sample_join()
FIRST_PLAN = first_sample_plan()
FIRST_JOIN = sample_join(1)


def test_the_samples_use_every_operation() -> None:
    first, joint = {"input", "shuffled", "input_bits"}, set(NODES.forms)
    assert {NODES.encode(n)[0] for n in (*PLAN.nodes, *JOIN.nodes)} == joint - first
    assert {NODES.encode(n)[0] for n in (*FIRST_PLAN.nodes, *FIRST_JOIN.nodes)} == joint - {"share"}
    for plans in ((PLAN, JOIN), map(flat, (PLAN, JOIN))):
        homes = [home for plan in plans for home in plan.homes]
        own = {OWN_NODES.encode(n)[0] for home in homes for n in home.nodes}
        assert own == (set(OWN_NODES.forms) if homes else set())
    expressions = {e.op for e in (*PLAN.expressions, *JOIN.expressions)}
    usual = {"constant", "output", "add", "sub", "mul", "div", "neg", "round", "sqrt", "take"}
    assert expressions == usual | {"common", "matching"}


def test_the_encoding_is_fixed() -> None:
    # A change of this digest is a change of format and needs a new version.
    assert [plan.digest.hex() for plan in (FIRST_PLAN, FIRST_JOIN)] == [
        "4267cbba23e9e3a165f03e5e968dac09ff1753f99dea36fc40800713ba267c71",
        "1d32b181eadf27a8f39e4787936b4c7d7af9eb8b95fb7ad257d2a1b2dca7d02a",
    ]
    home = Home(
        2,
        (
            OwnInput("x", 2, -3, 9, 1),
            OwnInput("x", 2, -3, 9, 1, 7),
            OwnBits(0),
            Hint("bits", (-3, 4), (0,), 8, True),
            Mul(2, 3),
            Sub(4, 2),
            Zero(5),
        ),
        (1, 0, 4),
    )
    plan = Plan(
        "by hand",
        (Member("a", 4), Member("b", 0), Member("c", 2)),
        (Share(1, 1), Share(2, 0), Mul(0, 1), Output(2, "x * x", None)),
        (PublicOutput(0),),
        (Result("product", 0, (2,)),),
        64,
        (home,),
        (Part(0, 0), Part(0, 0), Part(2, 0)),
    )
    assert home.digest.hex() == "81e819e6b468e601fb03572e9fb4f31b0421a3d7811e58dff2e2ac2e55a74843"
    assert plan.digest.hex() == "93e76c65e59e306cdeaf8fa09410d8239f849cf2e1787f519a79d350c6c94eaf"


@given(drawn=drawn_plans(fewest_rows=0))
def test_plans_round_trip(drawn: Drawn) -> None:
    for plan in (drawn.plan, drawn.whole, flat(drawn.plan)):
        again = Plan.from_bytes(plan.to_bytes())
        assert again == plan
        assert (again.layout, again.digest) == (plan.layout, plan.digest)
        assert [h.layout for h in again.homes] == [h.layout for h in plan.homes]
        assert [h.digest for h in again.homes] == [h.digest for h in plan.homes]


def test_a_plan_that_is_put_together_by_hand_is_checked() -> None:
    assert replace(PLAN, program="other").layout == PLAN.layout
    gate = _node("mul")
    with pytest.raises(ValueError, match=f"plan: node {gate} .mul.: operands of"):
        replace(PLAN, nodes=(*PLAN.nodes[:gate], replace(PLAN.nodes[gate], a=1), *PLAN.nodes[gate + 1 :]))
    with pytest.raises(ValueError, match=r"plan: node 0 .input.: n: -1 is not between 0 and"):
        replace(FIRST_PLAN, nodes=(replace(FIRST_PLAN.nodes[0], n=-1), *FIRST_PLAN.nodes[1:]))
    with pytest.raises(ValueError, match="columns"):
        replace(PLAN, columns=1024)


def test_a_plan_says_what_to_trace_it_with() -> None:
    schemas = schema_of(PLAN)
    assert [(s.name, s.rows, sorted(s.columns)) for s in schemas] == [("a", 1, ["x"]), ("b", 2, ["x", "y"])]
    assert schemas[1].columns["y"] == ts.Column(-4, 8)


@pytest.mark.parametrize("plan", [PLAN, JOIN, FIRST_PLAN], ids=["usual", "join", "first format"])
def test_changed_bytes_never_decode_to_the_same_plan_nor_crash(plan: Plan) -> None:
    data = plan.to_bytes()
    rng = random.Random(5)
    refused = 0
    for _ in range(1500):
        changed = bytearray(data)
        changed[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        try:
            other = Plan.from_bytes(bytes(changed))
        except DecodeError:
            refused += 1
        else:
            assert other.digest != plan.digest
            assert other.to_bytes() == bytes(changed)
    assert refused > 400
    for end in range(0, len(data), 7):
        with pytest.raises(DecodeError):
            Plan.from_bytes(data[:end])
    with pytest.raises(DecodeError):
        Plan.from_bytes(data + b"\x00")


Change = Callable[[dict[str, Any]], None]


def _node(op: str) -> int:
    return next(k for k, n in enumerate(PLAN.nodes) if n.op == op)


def _set(op: str, field: int, value: object) -> Change:
    def change(item: dict[str, Any]) -> None:
        next(node for node in item["nodes"] if node[0] == op)[field] = value

    return change


def _put(key: str, value: object) -> Change:
    def change(item: dict[str, Any]) -> None:
        item[key] = value

    return change


def _append(key: str, value: object) -> Change:
    def change(item: dict[str, Any]) -> None:
        item[key].append(value)

    return change


def _insert_node(*nodes: object) -> Change:
    def change(item: dict[str, Any]) -> None:
        item["nodes"].extend(nodes)

    return change


FREE = next(k for k, n in enumerate(PLAN.nodes) if isinstance(n, Hint) and not n.boolean)

BAD: dict[str, tuple[Change, str]] = {
    "version": (_put("version", "tallystick/plan/2"), "version"),
    "unknown key": (_put("more", 1), "unknown key"),
    "columns": (_put("columns", 1024), "columns"),
    "no members": (_put("members", []), "members"),
    "member twice": (_put("members", [["a", 1], ["a", 2]]), "one name"),
    "member name": (_put("members", [["a\x1b[31m", 1], ["b", 2]]), "printable"),
    "program name": (_put("program", "line\nbreak"), "printable"),
    "unknown op": (_set("add", 0, "pow"), "not one of"),
    "missing field": (lambda i: i["nodes"][_node("add")].pop(), "missing"),
    "extra field": (lambda i: i["nodes"][_node("add")].append(0), "too many"),
    "boolean as integer": (_set("add", 1, True), "boolean"),
    "operand ahead": (_set("add", 1, _node("add")), "between 0 and"),
    "operand without value": (_set("output", 1, _node("zero")), "has no value|earlier node|entries"),
    "integer as long text": (_set("constant", 1, ["15"]), "within 64 bits"),
    "padded text": (_set("constant", 1, ["0" * 70 + "15"]), "decimal integer"),
    "beyond the field": (_set("constant", 1, [str(HALF + 1)]), "does not fit the field"),
    "lengths": (_set("mul", 2, 1), "operands of"),
    "scale without factors": (_set("scale", 2, []), "factor"),
    "scale period": (_set("scale", 2, [1, 2, 3]), "period"),
    "sum dimensions": (_set("sum", 3, 5), "operand's length"),
    "view outside": (_set("view", 3, 4), "reaches"),
    "view strides": (_set("view", 4, [2**23]), "reaches|as many strides"),
    "view dimensions": (_set("view", 2, [1] * 17), "as many strides"),
    "take outside": (_set("take", 2, [3]), "indices"),
    "empty concat": (_set("concat", 1, []), "needs a part"),
    "matrix entries": (_set("matmul", 5, [1, 2]), "number of entries"),
    "matrix dimensions": (_set("matmul", 3, 2), "number of entries"),
    "hint kind": (_set("hint", 1, "oracle"), "unknown kind"),
    "hint outputs": (_set("hint", 4, 9), "outputs"),
    "hint boolean": (_set("hint", 5, False), "boolean"),
    "hint parameters": (_set("hint", 2, [1]), "parameters"),
    "hint bits": (_set("hint", 2, [0, 251]), "250 bits"),
    "label": (_set("output", 2, ""), "characters"),
    "recipients": (_set("output", 3, [1, 0]), "ascending"),
    "private result": (_set("output", 3, [0]), "not public|columns"),
    "unbounded output": (_insert_node(["output", FREE, "x", None]), "unbounded"),
    "expression ahead": (lambda i: i["expressions"].insert(0, ["neg", 0]), "no operands"),
    "expression op": (_append("expressions", ["pow", 0, 1]), "unknown operation"),
    "expression arity": (_append("expressions", ["neg", 0, 1]), "entries"),
    "fraction": (_append("expressions", ["constant", [[2, 4]]]), "lowest terms"),
    "output number": (_append("expressions", ["output", 9]), "output 9 of"),
    "places": (_append("expressions", ["round", 0, 101]), "101"),
    "result expression": (_append("results", ["z", 999, []]), "expression 999"),
    "result shape": (_append("results", ["z", 0, [2, 2]]), "does not hold"),
    "result twice": (_append("results", ["a", 0, []]), "appears twice"),
    "result name": (_append("results", ["", 0, []]), "characters"),
}


KEY, SETTINGS = (
    next(k for k, n in enumerate(JOIN.nodes) if isinstance(n, Hint) and n.kind == kind)
    for kind in ("random", "switches")
)
OPENED, MATCHED = (next(k for k, n in enumerate(JOIN.nodes) if n.op == op) for op in ("points", "matching"))


def _hint(position: int, field: int, value: object) -> Change:
    def change(item: dict[str, Any]) -> None:
        item["nodes"][position][field] = value

    return change


BAD_JOINS: dict[str, tuple[Change, str]] = {
    "points without label": (_set("points", 2, ""), "characters"),
    "sum of points": (_insert_node(["add", OPENED, OPENED]), "no value"),
    "points of points": (_insert_node(["points", OPENED, "x"]), "no value"),
    "match of outputs": (_insert_node(["matching", 0, 0, [OPENED], 0]), "something else"),
    "match of points": (_insert_node(["matching", OPENED, OPENED, [OPENED], 0]), "no value"),
    "match with nothing": (_set("matching", 3, []), "others"),
    "match of other lengths": (_set("matching", 2, OPENED), "entries"),
    "match ahead": (_set("matching", 2, MATCHED), "between 0 and"),
    "minimum": (_set("matching", 4, -1), "between 0"),
    "gate after a match": (_insert_node(["mul", MATCHED, MATCHED]), "which points match"),
    "advice after a match": (
        _insert_node(["hint", "bits", [0, 4], [MATCHED], 16, True]),
        "which points match",
    ),
    "assertion after a match": (_insert_node(["zero", MATCHED]), "which points match"),
    "points after a match": (_insert_node(["points", MATCHED, "x"]), "which points match"),
    "switches of nobody": (_hint(SETTINGS, 2, [2, 3]), "member 2 of 2"),
    "switches of one wire": (_hint(SETTINGS, 2, [0, 1]), "between 2 and"),
    "number of switches": (_hint(SETTINGS, 4, 4), "outputs"),
    "switches that are no bits": (_hint(SETTINGS, 5, False), "boolean"),
    "random elements of nothing": (_hint(KEY, 2, [0]), "between 1 and"),
    "random elements about something": (_hint(KEY, 3, [KEY]), "first node|arguments|earlier"),
    "common of nothing": (_append("expressions", ["common", []]), "at least 1|entries"),
    "common of other points": (_append("expressions", ["common", [0, 2]]), "points 2 of 2"),
    "matching arity": (_append("expressions", ["matching", 0, [1]]), "entries"),
    "matching nothing": (_append("expressions", ["matching", 0, [], 0]), "at least 1|entries"),
    "matching other points": (_append("expressions", ["matching", 7, [1], 0]), "points 7 of 2"),
}


BAD_FIRST: dict[str, tuple[Change, str]] = {
    "member of an input": (_set("input", 1, 2), "member 2 of 2"),
    "rows": (_set("input", 3, 7), "rows"),
    "low above high": (_set("input", 4, 16), "above high"),
    "high too wide": (_set("input", 5, str(HALF)), "bits; at most 250"),
    "high beyond the field": (_set("input", 5, str(HALF + 1)), "does not fit the field"),
    "decimals": (_set("input", 6, 77), "77"),
    "form": (_set("input", 7, "both"), "unknown form"),
    "bits form that nothing reads": (_set("input", 7, "bits"), "nothing reads its bits"),
    "bits of a value form": (_set("input_bits", 1, 0), "bits form"),
    "second input of one name": (_insert_node(["input", 0, "x", 1, 0, 15, 0, "value"]), "second input"),
    "share of nobody": (_insert_node(["share", 0, 0]), "part 0 of 0"),
    "homes in the first format": (_put("homes", []), "homes and parts stand in plans of format 2"),
    "parts in the first format": (_put("parts", []), "homes and parts stand in plans of format 2"),
    "homes and parts in the first format": (
        lambda item: item.update(homes=[[1, [], []]], parts=[[0, 0]]),
        "homes and parts stand in plans of format 2",
    ),
}

BAD_FIRST_JOINS: dict[str, tuple[Change, str]] = {
    "order": (_set("shuffled", 7, -1), "between 0"),
    "form of a shuffled input": (_set("shuffled", 7, "bits"), "integer"),
    "second input of one order": (_insert_node(["shuffled", 0, "x", 3, 0, 15, 0, 0]), "second input"),
    "bits of a shuffled input": (
        _insert_node(["input_bits", next(k for k, n in enumerate(FIRST_JOIN.nodes) if n.op == "input")]),
        "bits form",
    ),
}


# ------------------------------------------------------------------------------------ homes


def _at_home(op: str, field: int, value: object, home: int = 1) -> Change:
    """Change a field of the first such node of a home."""

    def change(item: dict[str, Any]) -> None:
        next(node for node in item["homes"][home][1] if node[0] == op)[field] = value

    return change


def _add_home(*nodes: object, home: int = 1) -> Change:
    def change(item: dict[str, Any]) -> None:
        item["homes"][home][1].extend(nodes)

    return change


def _shares(*more: object, home: int = 1) -> Change:
    def change(item: dict[str, Any]) -> None:
        item["homes"][home][2].extend(more)

    return change


def _rows(home: int, value: object) -> Change:
    def change(item: dict[str, Any]) -> None:
        item["homes"][home][0] = value

    return change


def _twice(item: dict[str, Any]) -> None:
    """Let both members have one number of rows and one home, which is written twice."""
    item["members"][1][1] = 1
    item["homes"][1] = item["homes"][0]


def _other_columns(**changed: object) -> Change:
    """Give the second member a second part whose column differs."""

    def change(item: dict[str, Any]) -> None:
        item["members"][1][1] += 1
        column = {"name": "x", "low": 0, "high": 15, "decimals": 0} | changed
        nodes = [["input", "y", 1, -4, 8, 0], ["input", column["name"], 1, *list(column.values())[1:]]]
        item["homes"].append([1, nodes, []])
        item["parts"].append([1, 2])

    return change


def _without(key: str) -> Change:
    def change(item: dict[str, Any]) -> None:
        del item[key]

    return change


OWN = PLAN.homes[1]
OWN_ZERO, OWN_FREE = (
    next(k for k, n in enumerate(OWN.nodes) if wanted(n))
    for wanted in (lambda n: isinstance(n, Zero), lambda n: isinstance(n, Hint) and not n.boolean)
)
LAST = len(OWN.nodes)

BAD_HOMES: dict[str, tuple[Change, str]] = {
    "no homes": (_without("homes"), "homes and parts stand in plans of format 2"),
    "no parts": (_without("parts"), "homes and parts stand in plans of format 2"),
    "neither homes nor parts": (lambda i: (i.pop("homes"), i.pop("parts")), "homes and parts stand in"),
    "fields of a home": (lambda i: i["homes"][1].append(0), "home 1"),
    "rows of a home": (_rows(1, -1), "home 1: rows"),
    "too many rows": (_rows(1, (1 << 24) + 1), "home 1: rows"),
    "rows of an input": (_at_home("input", 2, 3), r"home 1: node 0 .input.: 3 rows, but the home has 2"),
    "low above high": (_at_home("input", 3, 9), "home 1: node 0 .*above high"),
    "high too wide": (_at_home("input", 4, str(HALF)), "home 1: node 0 .*bits; at most 250"),
    "high beyond the field": (_at_home("input", 4, str(HALF + 1)), "home 1: node 0 .*does not fit the field"),
    "low beyond the field": (_at_home("input", 3, str(-HALF - 1)), "home 1: node 0 .*does not fit the field"),
    "decimals": (_at_home("input", 5, 77), "home 1: node 0 .*77"),
    "name": (_at_home("input", 1, ""), "home 1: node 0 .*characters"),
    "form of an input": (lambda i: i["homes"][1][1][0].append("bits"), "home 1: node 0 .*too many"),
    "second input of one name": (
        _add_home(["input", "x", 2, 0, 15, 0]),
        f"home 1: node {LAST} .*second input",
    ),
    "digits of a value": (
        _at_home("input_bits", 1, OWN_ZERO - 1),
        "home 1: .*not an input in the order of its table",
    ),
    "operation of the joint computation": (_add_home(["output", 0, "x", None]), "home 1: .*not one of"),
    "points at home": (_add_home(["points", 0, "x"]), "home 1: .*not one of"),
    "share at home": (_add_home(["share", 0, 0]), "home 1: .*not one of"),
    "operand ahead": (_add_home(["neg", LAST]), f"home 1: node {LAST} .*between 0 and"),
    "operand without value": (_add_home(["neg", OWN_ZERO]), f"home 1: node {LAST} .*has no value"),
    "lengths": (_at_home("mul", 2, 2), "home 1: node .*mul.: operands of"),
    "out of the field": (_at_home("scale", 2, [str(HALF)]), "home 1: node .*field"),
    "argument without interval": (
        _add_home(["hint", "bits", [0, 4], [OWN_FREE], 8, True]),
        f"home 1: node {LAST} .*without interval",
    ),
    "split of no digits": (
        _add_home(["hint", "split", [0, 1], [0], 6, True]),
        f"home 1: node {LAST} .*zeros and ones",
    ),
    "coins at home": (
        _add_home(["hint", "coins", [2, 2, 1, 1], [], 4, True]),
        "home 1: .*a coins hint is nothing",
    ),
    "random at home": (
        _add_home(["hint", "random", [2], [], 2, False]),
        "home 1: .*a random hint is nothing",
    ),
    "switches at home": (
        _add_home(["hint", "switches", [0, 2], [], 1, True]),
        "home 1: .*a switches hint is",
    ),
    "reciprocal at home": (
        _add_home(["hint", "reciprocal", [], [0], 2, False]),
        "home 1: .*a reciprocal hint is nothing",
    ),
    "zeros without a proof": (
        lambda item: item["homes"].__setitem__(0, [1, [["constant", [1]], ["zero", 0]], []]),
        "home 0: it asserts something of constants",
    ),
    "shared zero": (_shares(OWN_ZERO), f"home 1: shared value {len(OWN.shares)} is not a node with a value"),
    "shared nothing": (_shares(LAST), "home 1: share"),
    "part of nobody": (_put("parts", [[0, 0], [2, 1]]), "part 1: member 2 of 2"),
    "parts out of order": (_put("parts", [[1, 0], [0, 1]]), "part 1: member 0 of 2, in ascending order"),
    "homes out of order": (_put("parts", [[0, 1], [1, 0]]), "part 0: home 1; homes are numbered"),
    "home that there is not": (_put("parts", [[0, 0], [1, 2]]), "part 1: home 2; homes are numbered"),
    "home of nobody": (_put("parts", [[0, 0]]), "home 1 is the home of nobody|part 1 of 1"),
    "two homes are equal": (_twice, "two homes are equal"),
    "too few rows": (_put("members", [["a", 1], ["b", 3]]), "the parts of b have 2 rows, not 3"),
    "too many rows of parts": (
        lambda i: i["parts"].append([1, 1]),
        "the parts of b have 4 rows, not 2",
    ),
    "columns of another name": (_other_columns(name="z"), "part 2: its columns are not those of"),
    "columns of another interval": (_other_columns(high=14), "part 2: its columns are not those of"),
    "columns of other decimals": (_other_columns(decimals=1), "part 2: its columns are not those of"),
    "share of another part": (_set("share", 1, 2), "node 0 .share.: part 2 of 2"),
    "share of another value": (
        _set("share", 2, len(OWN.shares)),
        f"node 0 .share.: shared value {len(OWN.shares)} of {len(OWN.shares)}",
    ),
    "input in the joint computation": (
        _insert_node(["input", 0, "z", 1, 0, 15, 0, "value"]),
        "input.: a plan of format 2 has no such operation",
    ),
    "shuffled input in the joint computation": (
        _insert_node(["shuffled", 0, "z", 1, 0, 15, 0, 0]),
        "input.: a plan of format 2 has no such operation",
    ),
}

BAD_JOINED_HOMES: dict[str, tuple[Change, str]] = {
    "order": (_at_home("shuffled", 6, -1), "home 1: node 0 .*between 0"),
    "order too high": (_at_home("shuffled", 6, (1 << 16) + 1), "home 1: node 0 .*between 0"),
    "second input of one order": (
        _add_home(["shuffled", "x", 4, 0, 15, 0, 0]),
        f"home 1: node {len(JOIN.homes[1].nodes)} .*second input",
    ),
    "digits of a shuffled input": (
        _add_home(["input_bits", 0]),
        "home 1: .*not an input in the order of its table",
    ),
}

ALL_BAD = [
    (PLAN, BAD),
    (JOIN, BAD_JOINS),
    (FIRST_PLAN, BAD_FIRST),
    (FIRST_JOIN, BAD_FIRST_JOINS),
    (PLAN, BAD_HOMES),
    (JOIN, BAD_JOINED_HOMES),
]


@pytest.mark.parametrize(
    ("plan", "change", "message"),
    [(plan, *case) for plan, cases in ALL_BAD for case in cases.values()],
    ids=[f"{plan.format}-{name}" for plan, cases in ALL_BAD for name in cases],
)
def test_what_breaks_a_rule_is_refused_with_its_place(plan: Plan, change: Change, message: str) -> None:
    item: Any = loads(plan.to_bytes(), max_size=1 << 20)
    change(item)
    with pytest.raises(DecodeError, match=message) as raised:
        Plan.from_bytes(dumps(item))
    assert raised.value.message.startswith("plan")


def test_parts_of_one_member_may_differ_in_all_but_their_columns() -> None:
    item: Any = loads(PLAN.to_bytes(), max_size=1 << 20)
    _other_columns()(item)
    plan = Plan.from_bytes(dumps(item))
    assert [start for _, _, start in plan.parts_of(1)] == [0, 2]
    assert plan.layout.inputs == (*PLAN.layout.inputs, 0)


A, B = PLAN.homes
COLUMN = OwnInput("x", 1, 0, 15, 0)
BY_HAND: dict[str, tuple[Callable[[], object], str]] = {
    "rows": (lambda: Home(-1, (), ()), "-1 rows"),
    "too many rows": (lambda: Home((1 << 24) + 1, (), ()), "rows; 0 to"),
    "rows of an input": (lambda: Home(2, (COLUMN,), ()), "node 0 .input.: 1 rows, but the home has 2"),
    "negative order": (lambda: Home(1, (replace(COLUMN, order=-1),), ()), "node 0 .input.: order: -1"),
    "second input": (lambda: Home(1, (COLUMN, COLUMN), ()), "node 1 .input.: a second input"),
    "joint operation": (lambda: Home(1, (Share(0, 0),), ()), "node 0 .share.: there is no part 0"),
    "shared value": (lambda: Home(1, (COLUMN,), (1,)), "shared value 0 is not a node with a value"),
    "shared before the first": (
        lambda: Home(1, (COLUMN,), (-1,)),
        "shared value 0 is not a node with a value",
    ),
    "shared zero": (lambda: Home(1, (COLUMN, Zero(0)), (0, 1)), "shared value 1 is not a node with a value"),
    "too many shared": (
        lambda: Home(1, (COLUMN,), (0,) * ((1 << 16) + 1)),
        "more than 65536 nodes or shared",
    ),
    "zeros without a proof": (
        lambda: Home(1, (replace(COLUMN, low=7, high=7), Zero(0)), ()),
        "asserts something of constants",
    ),
    "part of nobody": (lambda: replace(PLAN, parts=(Part(0, 0), Part(2, 1))), "part 1: member 2 of 2"),
    "part before the first": (
        lambda: replace(PLAN, parts=(Part(-1, 0), Part(1, 1))),
        "part 0: member -1 of 2",
    ),
    "order of parts": (lambda: replace(PLAN, parts=(Part(1, 0), Part(0, 1))), "in ascending order"),
    "order of homes": (lambda: replace(PLAN, parts=(Part(0, 1), Part(1, 0))), "part 0: home 1; homes are"),
    "home before the first": (lambda: replace(PLAN, parts=(Part(0, -1), Part(1, 0))), "part 0: home -1"),
    "home of nobody": (
        lambda: replace(PLAN, homes=(A, B, replace(A, shares=()))),
        "home 2 is the home of nobody",
    ),
    "equal homes": (
        lambda: replace(PLAN, members=(PLAN.members[0], replace(PLAN.members[1], rows=1)), homes=(A, A)),
        "two homes are equal",
    ),
    "rows of parts": (
        lambda: replace(PLAN, members=(replace(PLAN.members[0], rows=2), PLAN.members[1])),
        "the parts of a have 1 rows, not 2",
    ),
    "homes in format 1": (lambda: replace(FIRST_PLAN, homes=PLAN.homes), "a plan of format 1 has no homes"),
    "parts in format 1": (lambda: replace(FIRST_PLAN, parts=PLAN.parts), "a plan of format 1 has no homes"),
    "inputs in format 2": (
        lambda: replace(FIRST_PLAN, format=2),
        "node 0 .input.: a plan of format 2 has no such",
    ),
    "share in format 1": (lambda: replace(PLAN, format=1, homes=(), parts=()), "node 0 .share.: part 1 of 0"),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_homes_that_are_put_together_by_hand_are_checked(name: str) -> None:
    make, message = BY_HAND[name]
    with pytest.raises(ValueError, match=message):
        make()


def _bomb(*nodes: list[Any], rows: int = 1 << 20, first: bool = False, **more: object) -> bytes:
    item = {
        "version": "tallystick/plan/1" if first else "tallystick/plan/2-draft.2",
        "program": "bomb",
        "members": [["a", rows]],
        "nodes": list(nodes),
        "expressions": [],
        "results": [],
        "columns": 16384,
    }
    return dumps(item | ({} if first else {"homes": [], "parts": []}) | more)


WIDE = ["input", 0, "x", 1 << 20, 0, 1, 0, "value"]
OWN_WIDE = ["input", "x", 1 << 20, 0, 1, 0]
BOMBS = {
    "broadcast": [WIDE, ["view", 0, [1 << 24, 1 << 24], 0, [0, 0]]],
    "one node": [WIDE, ["view", 0, [1 << 24, 2], 0, [0, 0]]],
    "many nodes": [WIDE, *[["concat", [k] * 8] for k in range(60)]],
    "repeated view": [WIDE, *[["view", 0, [1 << 24], 0, [0]] for _ in range(5)]],
    "outputs": [WIDE, *[["output", 0, f"o{k}", None] for k in range(100)]],
    "zeros": [WIDE, *[["zero", 0] for _ in range(100)]],
    "range proof": [["input", 0, "x", 1 << 20, 0, str(2**240), 0, "value"]],
    "bits": [["input", 0, "x", 1 << 20, 0, str(2**240), 0, "bits"]],
    "advice": [WIDE, ["hint", "bits", [0, 250], [0], 250 << 20, True]],
    "matches": [WIDE, ["points", 0, "x"], *[["matching", 0, 1, [1] * 9, 0] for _ in range(9)]],
    "switches": [["hint", "switches", [0, 1 << 24], [], 0, True]],
    "random": [["hint", "random", [1 << 24], [], 1 << 24, False]],
    "matrix work": [WIDE, ["matmul", 0, 256, 256, 4096, [1] * (1 << 16)]],
}


JOINT_ONLY = ("outputs", "matches", "switches", "random")
FORMAT_1_ONLY = ("range proof", "bits")
OWN_BOMBS = {
    "wires": [["input", "x", 1 << 20, 0, str(2**240), 0]],
    "digits": [["input", "x", 1 << 19, 0, 2**60, 0], ["input_bits", 0], ["input_bits", 0]],
}


def _bombs() -> Iterator[tuple[str, bytes]]:
    """Yield the nodes in a plan of format 1, those that are computed jointly, and those at home."""
    share = {"homes": [[1 << 20, [OWN_WIDE], [0]]], "parts": [[0, 0]]}
    for name, nodes in BOMBS.items():
        yield f"1-{name}", _bomb(*nodes, first=True)
        if name not in FORMAT_1_ONLY:
            yield f"2-{name}", _bomb(*(["share", 0, 0] if n is WIDE else n for n in nodes), **share)
        if name not in FORMAT_1_ONLY + JOINT_ONLY:
            own = [OWN_WIDE if n is WIDE else n for n in nodes]
            yield f"home-{name}", _bomb(homes=[[1 << 20, own, []]], parts=[[0, 0]])
    for name, nodes in OWN_BOMBS.items():
        rows = nodes[0][2]
        yield f"home-{name}", _bomb(homes=[[rows, nodes, []]], parts=[[0, 0]], rows=rows)


EVERY_BOMB = dict(_bombs())


@pytest.mark.parametrize("name", EVERY_BOMB)
def test_small_files_cannot_ask_for_big_work(name: str) -> None:
    data = EVERY_BOMB[name]
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=r"elements|at most|slots|not between|wires"):
            Plan.from_bytes(data)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


def test_a_number_that_grows_becomes_undefined() -> None:
    squares = [["output", 0], *[["mul", k, k] for k in range(60)]]
    homes = [[1, [["input", "x", 1, 0, 9, 0]], [0]]]
    item = loads(
        _bomb(["share", 0, 0], ["output", 0, "x", None], rows=1, homes=homes, parts=[[0, 0]]),
        max_size=1 << 20,
    )
    assert isinstance(item, dict)
    item |= {"expressions": squares, "results": [["x", 60, []], ["y", 3, []]], "columns": 16}
    plan = Plan.from_bytes(dumps(item))
    huge, small = plan.evaluate([3])
    assert huge.values == (None,)
    assert huge.text() == "undefined"
    assert small.text() == str(3**8)
