# SPDX-License-Identifier: Apache-2.0
"""Small files that ask for much are refused by name before anything is computed; what is honest is not."""

from __future__ import annotations

import dataclasses
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.corrupt import fitted, items_of, plan_of, signed, transcript_of
from support.fast_model import load_model
from support.threads import using
from tallystick.algebra import Generators
from tallystick.audit import Limits, _stop, audit
from tallystick.audit._audit import Auditor
from tallystick.audit._known import KnownPlans
from tallystick.audit._limits import OPERATIONS_PER_SECOND
from tallystick.backend import get_backend, native_available
from tallystick.bench import LIBRARY
from tallystick.bench._library import _COLUMNS
from tallystick.cost import estimate
from tallystick.disclosure import audit_bound, openings
from tallystick.encoding import Value, loads
from tallystick.errors import DecodeError, VerificationError
from tallystick.gallery import examples
from tallystick.plan import VERSIONS, Column, MemberSchema, Plan, _plan
from tallystick.record import PlanItem, read_transcript
from tallystick.tracing import load_program, trace

FAST = get_backend("native" if native_available() else "pure")
MEMBERS = [("north", 1), ("south", 1)]
TABLES = {"north": {"x": [3]}, "south": {"x": [4]}}
INPUTS: list[list[Value]] = [
    ["input", 0, "x", 1, 0, 7, 0],
    ["input", 1, "x", 1, 0, 7, 0],
    ["add", 0, 1],
    ["output", 2, "sum", None],
]
RESULT: list[list[Value]] = [["sum", 0, []]]


def _wide(n: int, *rest: list[Value]) -> Plan:
    """A view of one value as n, and what is done with it: the next node is number 5."""
    return plan_of(MEMBERS, [*INPUTS, ["view", 2, [n], 0, [0]], *rest], [["output", 0]], RESULT)


def _fractions(n: int, products: int) -> Plan:
    p, q = (1 << 252) - 1, (1 << 251) - 9
    expressions: list[list[Value]] = [["output", 0], ["constant", [[str(p), str(q)], [str(q), str(p - 2)]]]]
    for _ in range(5):
        expressions.append(["mul", len(expressions) - 1, len(expressions) - 1])
    last = len(expressions) - 1
    expressions += [["take", last, [0] * n], ["take", last, [1] * n]]
    expressions += [["mul", last + 1, last + 2]] * products
    return plan_of(MEMBERS, INPUTS, expressions, RESULT)


def _results(n: int, results: int) -> Plan:
    named: list[list[Value]] = [[f"r{k}", 1, [n]] for k in range(results)]
    return plan_of(MEMBERS, INPUTS, [["output", 0], ["take", 0, [0] * n]], named)


def _rows(n: int, bits: int) -> Plan:
    column: list[Value] = ["input", 0, "x", n, 0, (1 << bits) - 2, 0]
    nodes = [column, INPUTS[1], ["sum", 0, 1, n, 1], ["add", 1, 2], ["output", 3, "sum", None]]
    return plan_of([("north", n), ("south", 1)], nodes, [["output", 0]], RESULT)


def _at_home(rows: int, parts: int, *nodes: list[Value], shares: Sequence[int] = (1,)) -> Plan:
    """Parts of one home of north's, each a column's rows and what is done with them; the first node is number 1.

    What the first part shares is added to south's value.
    """
    column: list[Value] = ["input", "x", rows, 0, 7, 0]
    home: list[Value] = [rows, [column, ["sum", 0, 1, rows, 1], *nodes], list(shares)]
    other: list[Value] = [1, [["input", "x", 1, 0, 7, 0]], [0]]
    body: dict[str, Value] = {
        "version": VERSIONS[2],
        "program": "forged",
        "members": [["north", rows * parts], ["south", 1]],
        "homes": [home, other],
        "parts": [*([[0, 0]] * parts), [1, 1]],
        "nodes": [["share", 0, 0], ["share", parts, 0], ["add", 0, 1], ["output", 2, "sum", None]],
        "expressions": [["output", 0]],
        "results": [*RESULT],
    }
    return fitted(body)


def _picked(of: int, count: int) -> list[list[Value]]:
    """Single entries of a large node."""
    return [["view", of, [1], k, [1]] for k in range(count)]


def _without_rows(parts: int, nodes: int, inputs: int = 1) -> Plan:
    """North has no rows, in so many parts of one home, whose nodes have no entries."""
    columns: list[list[Value]] = [["input", f"x{k}", 0, 0, 7, 0] for k in range(inputs)]
    negated: list[list[Value]] = [["neg", k] for k in range(inputs - 1, inputs - 1 + nodes)]
    body: dict[str, Value] = {
        "version": VERSIONS[2],
        "program": "forged",
        "members": [["north", 0], ["south", 1]],
        "homes": [[0, [*columns, *negated], []], [1, [["input", "x", 1, 0, 7, 0]], [0]]],
        "parts": [*([[0, 0]] * parts), [1, 1]],
        "nodes": [["share", parts, 0], ["output", 0, "sum", None]],
        "expressions": [["output", 0]],
        "results": [*RESULT],
    }
    return fitted(body)


BOMBS = {
    "results times entries": lambda: _results(20_000, 200),
    "fractions that grow": lambda: _fractions(1_000, 1_040),
    "gates": lambda: _wide(1 << 22, ["mul", 4, 4]),
    "assertions": lambda: _wide(1 << 22, ["sub", 4, 4], ["zero", 5]),
    "outputs of many entries": lambda: _wide(1 << 24, ["sum", 4, 1, 1 << 24, 1], ["output", 5, "big", None]),
    "values at hand": lambda: _wide(
        1 << 20, *[["neg", k] for k in range(4, 12)], ["concat", list(range(4, 13))]
    ),
    "ranges": lambda: _rows(1 << 18, 30),
    "gates at home": lambda: _at_home(1, 1, ["view", 0, [1 << 22], 0, [0]], ["mul", 2, 2]),
    "assertions at home": lambda: _at_home(1, 1, ["view", 0, [1 << 24], 0, [0]], ["sub", 2, 2], ["zero", 3]),
    "values at hand at home": lambda: _at_home(
        1,
        1,
        ["view", 0, [1 << 20], 0, [0]],
        *[["neg", k] for k in range(2, 10)],
        ["concat", list(range(2, 11))],
        ["sum", 11, 1, 9 << 20, 1],
    ),
    "shared values": lambda: _at_home(1, 1, ["view", 0, [1 << 22], 0, [0]], shares=(1, 2)),
    "entries picked of many": lambda: _wide(1 << 20, *_picked(4, 600)),
    "sums of many": lambda: _wide(1 << 20, *([["sum", 4, 1, 1 << 20, 1]] * 600)),
    "entries picked of many at home": lambda: _at_home(
        1, 1, ["view", 0, [1 << 20], 0, [0]], *_picked(2, 600)
    ),
    "nodes of many parts": lambda: _without_rows(2_000, 6_000),
    "parts": lambda: _at_home(1, 3_000, ["view", 0, [1 << 16], 0, [0]], ["mul", 2, 2]),
}


def _bound(plan: Plan, size: int = 5_000) -> Any:
    return audit_bound(plan, plan_bytes=len(plan.to_bytes()), file_bytes=size)


@pytest.fixture(scope="module")
def honest() -> bytes:
    plan = plan_of(MEMBERS, INPUTS, [["output", 0]], RESULT)
    return transcript_of(FAST, plan, TABLES)


def _with_plan(data: bytes, plan: Plan) -> bytes:
    """The transcript with another plan that all agree on; its proofs fit no longer, which nobody gets to see."""
    items = items_of(data)
    items["plan"] = loads(plan.to_bytes(), max_size=1 << 26)
    items["terms"] = {**items["terms"], "plan": plan.digest, "program": plan.program}
    for k, member in enumerate(plan.members):
        columns = [
            {"name": i.name, "low": str(i.low), "high": str(i.high), "decimals": 0} for i in plan.inputs_of(k)
        ]
        items["terms"]["tables"][k] = {"rows": member.rows, "columns": columns}
    return signed(items)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_that_asks_for_much_is_refused_before_any_work(
    honest: bytes, tmp_path: Path, bomb: str
) -> None:
    data = _with_plan(honest, BOMBS[bomb]())
    assert len(data) < 100_000
    with pytest.raises(VerificationError) as caught:
        audit(data, backend=FAST)
    assert (caught.value.check, caught.value.item) == ("limits", "item 2 (plan)")
    module = load_model()
    with pytest.raises(module.Refused) as told:
        module.audit(data)
    assert (told.value.check, told.value.item) == ("limits", "item 2 (plan)")
    file = tmp_path / "bomb.tally"
    file.write_bytes(data)
    run = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(file), FAST.name], capture_output=True, text=True, timeout=300
    )
    code, peak = map(int, run.stdout.split())
    assert code == 1 and peak < 300_000_000
    assert "(check: limits)" in run.stderr and "tallystick: hint: --max-" in run.stderr


_MEASURED = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, "-m", "tallystick", "audit", sys.argv[1], "--backend", sys.argv[2]]).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


@pytest.mark.skipif(
    not native_available(), reason="the pure backend's objects are larger, and it is not for large files"
)
@pytest.mark.parametrize(
    "plan",
    [
        lambda: _wide(1 << 19, ["mul", 4, 4], ["mul", 4, 5]),
        lambda: _wide(1 << 20, ["sub", 4, 4], ["zero", 5]),
        lambda: _rows(1 << 15, 30),
        lambda: _fractions(1_000, 3),
        lambda: _at_home(1, 1, ["view", 0, [1 << 19], 0, [0]], ["mul", 2, 2], ["mul", 2, 3]),
        lambda: _at_home(1 << 12, 24, ["mul", 0, 0], ["mul", 0, 2], ["mul", 0, 3], ["mul", 0, 4]),
        lambda: _at_home(1, 300),
    ],
    ids=["gates", "assertions", "ranges", "fractions", "gates at home", "large parts", "many parts"],
)
def test_the_bound_on_memory_holds(tmp_path: Path, plan: Any) -> None:
    """A witness of zeros fits all these plans, so that their transcripts are genuine, and all work is done."""
    made = plan()
    zeros = {name: {"x": [0] * rows} for name, rows in [(m.name, m.rows) for m in made.members]}
    data = transcript_of(FAST, made, zeros)
    file = tmp_path / "large.tally"
    file.write_bytes(data)
    run = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(file), FAST.name], capture_output=True, text=True, timeout=300
    )
    code, peak = map(int, run.stdout.splitlines()[-1].split())
    assert code == 0, run.stderr
    bound = _bound(made, len(data))
    assert peak < bound.bytes <= Limits().bytes_for(len(data))


def test_columns_of_many_parts_are_compared_once_for_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any limit is looked at: a plan of a few bytes may have very many inputs times parts."""
    encoded = _without_rows(2_000, 0, inputs=50).to_bytes()
    copied: list[Value] = []
    monkeypatch.setattr(
        _plan, "replace", lambda node, **to: copied.append(0) or dataclasses.replace(node, **to)
    )
    assert len(Plan.from_bytes(encoded).parts) == 2_001
    assert len(copied) == 51


def test_what_follows_from_homes_is_said_however_large_they_are_together() -> None:
    """Each home keeps to its bound, and so do the joint nodes: one list of all their nodes would not."""
    plan = _at_home(1, 20, ["view", 0, [1 << 22], 0, [0]], ["matmul", 2, 1, 1, 1 << 22, [1]])
    assert plan.homes[0].layout.work < 1 << 26 < 20 << 22
    (opening,) = openings(plan)
    assert opening.members == ("north", "south")


@pytest.mark.parametrize(
    "node",
    [["scale", 2, [1] * 20_000, 1 << 24], ["view", 2, [1 << 24, 1 << 24, 0], 0, [5, 7, 1]]],
    ids=["scale", "view"],
)
def test_what_has_no_entries_takes_no_memory(node: list[Value]) -> None:
    """Its fields may speak of any number of entries, as all numbers of them fit none."""
    nodes = [*INPUTS[:2], ["view", 0, [0], 0, [1]], node, ["sum", 3, 1, 0, 1], ["add", 4, 1]]
    plan = plan_of(MEMBERS, [*nodes, ["output", 5, "sum", None]], [["output", 0]], RESULT)
    assert [opening.derived() for opening in openings(plan)] == ['1 value: the one entry of "x" of south']


def test_parts_cost_operations_each_and_memory_once() -> None:
    """Only one home at a time is in memory, but for its nodes; what waits in the batch is held by the file's bytes."""
    few, many = (_at_home(1 << 12, n, ["mul", 0, 0]) for n in (2, 50))
    home, written = few.homes[0].layout, 48 * len(few.homes[0].to_key())
    assert _bound(many).bytes == _bound(few).bytes + 100 * written
    more = 48 * (40 * home.shape.rows * home.columns + 8 * home.work + 2 * (1 << 12))
    longer = 200 * (len(many.to_bytes()) - len(few.to_bytes()) + written)
    assert 0 <= _bound(many).operations - _bound(few).operations - more - longer < 0.3 * more


def test_what_waits_in_a_batch_is_held_by_the_files_bytes() -> None:
    """Of every proof no more is held than the bound counts for its bytes, however many columns it has."""
    plan = _at_home(1 << 14, 3, ["mul", 0, 0])
    assert plan.homes[0].layout.columns > 1 << 10
    data = transcript_of(FAST, plan, {"north": {"x": [1] * (3 << 14)}, "south": {"x": [2]}})
    auditor = Auditor(None, None, None, Limits(), FAST)
    steps = auditor.steps(data)
    verifier = next(steps)
    assert 0 < verifier.held_bytes < 20 * len(data)
    assert all(len(e.g.last) <= 16 for one in verifier._checked for _, e in one.equations)
    with pytest.raises(StopIteration):
        steps.send(None)


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.name)
def test_the_gallery_stays_far_below_the_default_limits(example: Any) -> None:
    plan = example.plan()
    size = estimate(plan).transcript_bytes
    bound = _bound(plan, size)
    assert bound.bytes < Limits().bytes_for(size) // 2
    assert bound.operations < Limits().operations_for(size, "native") // 2


@pytest.mark.parametrize("case", LIBRARY, ids=lambda c: c.name)
def test_the_default_limits_accept_what_the_benchmarks_make(case: Any, tmp_path: Path) -> None:
    source = tmp_path / "program.py"
    source.write_text(case.program())
    for n in case.sizes:
        columns = {name: Column(*_COLUMNS[name]) for name in case.tables(4, 2)[0]}
        rows = n if case.by_member else n // 2
        plan = trace(load_program(source, "measured"), [MemberSchema(m, rows, columns) for m in "ab"])
        size = estimate(plan).transcript_bytes
        bound = _bound(plan, size)
        assert bound.bytes < Limits().bytes_for(size)
        assert bound.operations < Limits().operations_for(size, "native")


def test_the_auditor_may_allow_more_or_less(honest: bytes) -> None:
    verdict, link = audit(honest, backend=FAST), read_transcript(honest).links[1]
    bound = audit_bound(verdict.plan, plan_bytes=link.end - link.start, file_bytes=len(honest))
    assert verdict.bound == bound
    rate = OPERATIONS_PER_SECOND[FAST.name]
    most = [Limits(memory=bound.bytes), Limits(memory=bound.bytes, seconds=(bound.operations + 0.5) / rate)]
    for limits in most:
        assert audit(honest, backend=FAST, limits=limits).bound == bound
    megabytes, seconds = -(-bound.bytes // 10**6), -(-bound.operations // rate)
    for limits, hint in (
        (Limits(memory=bound.bytes - 1), f"--max-memory {megabytes} allows it"),
        (Limits(seconds=(bound.operations - 0.5) / rate), f"--max-seconds {seconds} allows it"),
    ):
        with pytest.raises(VerificationError) as caught:
            audit(honest, backend=FAST, limits=limits)
        assert (caught.value.check, caught.value.item) == ("limits", "item 2 (plan)")
        assert caught.value.hint == hint


def test_defaults_grow_with_the_file() -> None:
    assert [Limits().bytes_for(n) for n in (0, 1_000_000, 1_000_001, 1 << 26)] == [
        10**9,
        10**9,
        2 * 10**9,
        4 * 10**9,
    ]
    assert Limits().operations_for(1, "native") == 4 * 10**8
    assert Limits(seconds=3).operations_for(1, "pure") == 3_000_000


@pytest.mark.parametrize(
    ("kind", "others", "most"), [("commitment", 13, 1 << 17), ("outputs", 6, 64), ("proof", 6, 64)]
)
def test_items_hold_as_many_values_as_they_may(honest: bytes, kind: str, others: int, most: int) -> None:
    """The item's array, kind and hash, and the map with its keys are values too."""
    module = load_model()
    for total in (most, most + 1):
        items = items_of(honest)
        junk = [0] * (total - others)
        if kind == "commitment":
            items["commitments"][0][0][1] = {"rows": junk}
        elif kind == "outputs":
            items["outputs"] = {"values": junk}
        else:
            items["proof"] = {"rows": junk}
        with pytest.raises(DecodeError) as caught:
            audit(signed(items), backend=FAST)
        assert ("more values than allowed" in caught.value.message) == (total > most)
        with pytest.raises(module.Refused) as told:
            module.audit(signed(items))
        assert told.value.check == "decode" and ("too many values" in told.value.reason) == (total > most)


def test_as_many_values_and_points_are_opened_as_the_plan_says(honest: bytes) -> None:
    module = load_model()
    values = items_of(honest)["outputs"]["values"]
    point = Generators(FAST, 16).q.to_bytes()
    for outputs, message in (
        ({"values": values + bytes(32)}, "2 values, the plan opens 1"),
        ({"values": b""}, "0 values, the plan opens 1"),
        ({"values": values, "points": point}, "1 points, the plan opens 0"),
    ):
        changed = signed({**items_of(honest), "outputs": outputs})
        with pytest.raises(VerificationError, match=message) as caught:
            audit(changed, backend=FAST)
        with pytest.raises(module.Refused) as told:
            module.audit(changed)
        assert (caught.value.check, caught.value.item) == ("outputs", "item 5 (outputs)")
        assert (told.value.check, told.value.item) == ("outputs", "item 5 (outputs)")


def test_the_last_few_plans_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallystick.audit._known._MOST_PLANS", 2)
    plans = [plan_of(MEMBERS, INPUTS, [["output", 0]], RESULT, program=f"p{k}") for k in range(3)]
    one, two, three = (PlanItem(loads(plan.to_bytes(), max_size=1 << 20)) for plan in plans)
    known = KnownPlans()
    first = known.plan(one)
    known.plan(two)
    assert known.plan(one) is first and known.items == [two, one]
    known.plan(three)
    assert known.items == [one, three] and known.plan(one) is first


def test_no_address_space_is_taken_from_what_follows(honest: bytes, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from tallystick.cli import main

    file = tmp_path / "file.tally"
    file.write_bytes(honest)
    before = resource.getrlimit(resource.RLIMIT_AS)
    args = ["audit", str(file), "--backend", FAST.name, "--max-memory", "900", "--max-seconds", "60"]
    assert CliRunner().invoke(main, args).exit_code == 0
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_threads_have_address_space_of_their_own() -> None:
    """Stacks and heaps that a thread reserves are not taken from what the audit may use."""

    def bound(threads: int) -> int:
        with using(threads), _stop._address_space_limit(1 << 30):
            return resource.getrlimit(resource.RLIMIT_AS)[0]

    assert bound(65) - bound(1) >= 64 * (128 + 8 << 20)
