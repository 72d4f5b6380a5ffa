# SPDX-License-Identifier: Apache-2.0
"""The encoding of plans: it round-trips, it is fixed, and a hostile file gets a DecodeError and little memory."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

import tallystick as ts
from support.plans import Drawn, drawn_plans, sample_join, sample_plan
from tallystick.encoding import dumps, loads
from tallystick.errors import DecodeError
from tallystick.plan import HALF, Hint, Input, Plan, simulate
from tallystick.tracing import schema_of

PLAN = sample_plan()
JOIN = sample_join()


def test_the_samples_use_every_operation() -> None:
    from tallystick.plan._ops import NODES

    assert {NODES.encode(n)[0] for n in (*PLAN.nodes, *JOIN.nodes)} == set(NODES.forms)
    expressions = {e.op for e in (*PLAN.expressions, *JOIN.expressions)}
    usual = {"constant", "output", "add", "sub", "mul", "div", "neg", "round", "sqrt", "take"}
    assert expressions == usual | {"common", "matching"}


def test_the_encoding_is_fixed() -> None:
    # A change of this digest is a change of format and needs a new version.
    assert PLAN.digest.hex() == "cea07c44b6ab4628529aeccf37b959a9fa82e95a7614feb4c5570c330c433179"
    assert (
        PLAN.in_format(1).digest.hex() == "4267cbba23e9e3a165f03e5e968dac09ff1753f99dea36fc40800713ba267c71"
    )
    assert (
        JOIN.in_format(1).digest.hex() == "1d32b181eadf27a8f39e4787936b4c7d7af9eb8b95fb7ad257d2a1b2dca7d02a"
    )
    assert JOIN.digest.hex() == "8322c31d50d4549a6dea831c23108eefcf7c310f601ed16e59eb8474c566a5a6"


@given(drawn=drawn_plans(fewest_rows=0))
def test_plans_round_trip(drawn: Drawn) -> None:
    data = drawn.plan.to_bytes()
    again = Plan.from_bytes(data)
    assert again == drawn.plan
    assert (again.layout, again.digest) == (drawn.plan.layout, drawn.plan.digest)


def test_a_plan_that_is_put_together_by_hand_is_checked() -> None:
    assert replace(PLAN, program="other").layout == PLAN.layout
    gate = _node("mul")
    with pytest.raises(ValueError, match=f"plan: node {gate} .mul.: operands of"):
        replace(PLAN, nodes=(*PLAN.nodes[:gate], replace(PLAN.nodes[gate], a=0), *PLAN.nodes[gate + 1 :]))
    with pytest.raises(ValueError, match=r"plan: node 0 .input.: n: -1 is not between 0 and"):
        replace(PLAN, nodes=(replace(PLAN.nodes[0], n=-1), *PLAN.nodes[1:]))
    with pytest.raises(ValueError, match="columns"):
        replace(PLAN, columns=1024)


@given(drawn=drawn_plans())
def test_values_stay_in_their_intervals(drawn: Drawn) -> None:
    simulate(drawn.plan, drawn.inputs)


def test_a_plan_says_what_to_trace_it_with() -> None:
    schemas = schema_of(PLAN)
    assert [(s.name, s.rows, sorted(s.columns)) for s in schemas] == [("a", 1, ["x"]), ("b", 2, ["x", "y"])]
    assert schemas[1].columns["y"] == ts.Column(-4, 8)


@pytest.mark.parametrize("plan", [PLAN, JOIN], ids=["usual", "join"])
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
    "member": (_set("input", 1, 2), "member 2 of 2"),
    "rows": (_set("input", 3, 7), "rows"),
    "low above high": (_set("input", 4, 16), "above high"),
    "high too wide": (_set("input", 5, str(HALF)), "bits; at most 250"),
    "integer as long text": (_set("input", 5, "15"), "within 64 bits"),
    "padded text": (_set("input", 5, "0" * 70 + "15"), "decimal integer"),
    "beyond the field": (_set("input", 5, str(HALF + 1)), "does not fit the field"),
    "decimals": (_set("input", 6, 77), "77"),
    "form": (_set("input", 7, "both"), "unknown form"),
    "bits form that nothing reads": (_set("input", 7, "bits"), "nothing reads its bits"),
    "bits of a value form": (_set("input_bits", 1, 0), "bits form"),
    "second input of one name": (_insert_node(["input", 0, "x", 1, 0, 15, 0, "value"]), "second input"),
    "lengths": (_set("mul", 2, 0), "operands of"),
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
    "order": (_set("shuffled", 7, -1), "between 0"),
    "form of a shuffled input": (_set("shuffled", 7, "bits"), "integer"),
    "second input of one order": (_insert_node(["shuffled", 0, "x", 3, 0, 15, 0, 0]), "second input"),
    "bits of a shuffled input": (
        _insert_node(["input_bits", next(k for k, n in enumerate(JOIN.nodes) if n.op == "input")]),
        "bits form",
    ),
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


@pytest.mark.parametrize("name", [*BAD, *BAD_JOINS])
def test_what_breaks_a_rule_is_refused_with_its_place(name: str) -> None:
    change, message = BAD[name] if name in BAD else BAD_JOINS[name]
    item: Any = loads((PLAN if name in BAD else JOIN).to_bytes(), max_size=1 << 20)
    change(item)
    with pytest.raises(DecodeError, match=message) as raised:
        Plan.from_bytes(dumps(item))
    assert raised.value.message.startswith("plan")


def _bomb(*nodes: list[Any], rows: int = 1 << 20) -> bytes:
    item = {
        "version": "tallystick/plan/2-draft.1",
        "program": "bomb",
        "members": [["a", rows]],
        "nodes": list(nodes),
        "expressions": [],
        "results": [],
        "columns": 16384,
    }
    return dumps(item)


WIDE = ["input", 0, "x", 1 << 20, 0, 1, 0, "value"]
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


@pytest.mark.parametrize("name", BOMBS)
def test_small_files_cannot_ask_for_big_work(name: str) -> None:
    data = _bomb(*BOMBS[name])
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=r"elements|at most|slots|not between|wires"):
            Plan.from_bytes(data)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


def test_a_number_that_grows_becomes_undefined() -> None:
    squares = [["output", 0], *[["mul", k, k] for k in range(60)]]
    item = loads(
        _bomb(["input", 0, "x", 1, 0, 9, 0, "value"], ["output", 0, "x", None], rows=1), max_size=1 << 20
    )
    assert isinstance(item, dict)
    item |= {"expressions": squares, "results": [["x", 60, []], ["y", 3, []]], "columns": 32}
    plan = Plan.from_bytes(dumps(item))
    assert isinstance(plan.nodes[0], Input)
    huge, small = plan.evaluate([3])
    assert huge.values == (None,)
    assert huge.text() == "undefined"
    assert small.text() == str(3**8)
