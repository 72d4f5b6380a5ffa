# SPDX-License-Identifier: Apache-2.0
"""Small files that ask for much are refused by name before anything is computed; what is honest is not."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.corrupt import items_of, plan_of, signed, transcript_of
from support.fast_model import load_model
from tallystick.algebra import Generators
from tallystick.audit import Limits, audit
from tallystick.audit._known import KnownPlans
from tallystick.audit._limits import OPERATIONS_PER_SECOND
from tallystick.backend import get_backend, native_available
from tallystick.bench import LIBRARY
from tallystick.bench._library import _COLUMNS
from tallystick.cost import estimate
from tallystick.disclosure import audit_bound
from tallystick.encoding import Value, loads
from tallystick.errors import DecodeError, VerificationError
from tallystick.gallery import examples
from tallystick.plan import Column, MemberSchema, Plan
from tallystick.record import PlanItem, read_transcript
from tallystick.tracing import load_program, trace

FAST = get_backend("native" if native_available() else "pure")
MEMBERS = [("north", 1), ("south", 1)]
TABLES = {"north": {"x": [3]}, "south": {"x": [4]}}
INPUTS: list[list[Value]] = [
    ["input", 0, "x", 1, 0, 7, 0, "value"],
    ["input", 1, "x", 1, 0, 7, 0, "value"],
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
    column: list[Value] = ["input", 0, "x", n, 0, (1 << bits) - 2, 0, "value"]
    nodes = [column, INPUTS[1], ["sum", 0, 1, n, 1], ["add", 1, 2], ["output", 3, "sum", None]]
    return plan_of([("north", n), ("south", 1)], nodes, [["output", 0]], RESULT)


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
    ],
    ids=["gates", "assertions", "ranges", "fractions"],
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


@pytest.mark.parametrize(("kind", "others"), [("commitment", 12), ("outputs", 6), ("proof", 6)])
def test_only_the_agreement_and_the_plan_hold_many_values(honest: bytes, kind: str, others: int) -> None:
    """The item's array, kind and hash, and the map with its keys are values too: 64 in all, and no more."""
    module = load_model()
    for total in (64, 65):
        items = items_of(honest)
        junk = [0] * (total - others)
        if kind == "commitment":
            items["commitments"][0]["range"] = {"rows": junk}
        elif kind == "outputs":
            items["outputs"] = {"values": junk}
        else:
            items["proof"] = {"rows": junk}
        with pytest.raises(DecodeError) as caught:
            audit(signed(items), backend=FAST)
        assert ("more values than allowed" in caught.value.message) == (total == 65)
        with pytest.raises(module.Refused) as told:
            module.audit(signed(items))
        assert told.value.check == "decode" and ("too many values" in told.value.reason) == (total == 65)


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
