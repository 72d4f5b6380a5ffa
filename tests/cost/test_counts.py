# SPDX-License-Identifier: Apache-2.0
"""The counter against recorded figures, against whole runs on lengths, and against the rules that choose protocols.

``figures.json`` holds what estimates by formulas, message by message, said of these plans, in format 1, before runs on
lengths took their place; where every 100 elements are checked, those of plans with points are the counter's, because
the formulas missed that an opened point may set off a check: ``test_estimate.py`` holds them to a run.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import tallystick as ts
from support.counted import counted_plans, figures
from support.library import cost_of, library_case
from support.memory_mesh import MemoryMesh, Message, run
from tallystick.algebra import Points, Vector
from tallystick.cost import _count, estimate
from tallystick.cost._lengths import LENGTHS, NoGenerators, NoRandom
from tallystick.lib import _compare
from tallystick.offline import Need
from tallystick.online import Openings, OwnInputs, answer, compute, prove, share_inputs
from tallystick.party import Party
from tallystick.plan import (
    FEW,
    HINTS,
    Hint,
    InverseHint,
    Plan,
    PlanRelation,
    RatioHint,
    RootHint,
    advice_of,
    ratio_steps,
)
from tallystick.plan._approach import ratio_approach, root_approach

RECORDED = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))
SHARES = 4


@pytest.mark.parametrize("share", range(SHARES))
def test_every_function_and_every_program_costs_what_is_recorded(tmp_path: Path, share: int) -> None:
    plans = dict(counted_plans(tmp_path))
    assert set(RECORDED["plans"]) <= set(plans)
    for name, recorded in list(RECORDED["plans"].items())[share::SHARES]:
        found = figures(plans[name]().in_format(1))
        assert list(found) == RECORDED["columns"]
        assert list(found.values()) == recorded, name


# ---------------------------------------------------------------------------------------- whole runs on lengths


class Stock(_count._Stock):
    """Material for a member that has a place of its own."""

    def __init__(self, index: int, parties: int) -> None:
        super().__init__(parties)
        self._index = index

    async def masks(self, owner: int, n: int) -> Any:
        made = await super().masks(owner, n)
        clear = Vector.zeros(LENGTHS, n) if owner == self._index else None
        return type(made)(made.shared, clear)


def whole_run(plan: Plan, **options: int) -> tuple[list[Message], Need]:
    """Run all members on lengths over the tests' own mesh, every node and every hint of the plan included."""
    shape, parties = plan.shape, len(plan.members)
    generators, log, stocks = NoGenerators(LENGTHS, plan.columns), [], {}
    rows = [shape.input_rows_of(k) for k in range(parties)]

    async def one(mesh: MemoryMesh) -> None:
        k = mesh.index
        stocks[k] = Stock(k, parties)
        online = Openings(Party(mesh, LENGTHS, bytes(32), NoRandom()), stocks[k], **options)
        own = OwnInputs(Vector.zeros(LENGTHS, shape.inputs[k]), Vector.zeros(LENGTHS, rows[k]))
        published = [Points.identity(LENGTHS, n) for n in rows]
        inputs = await share_inputs(online, shape, generators, own=own, commitments=published)
        evaluation = await compute(online, plan, inputs)
        await prove(online, PlanRelation(plan), evaluation, inputs, generators, context=b"")

    for result in run(one, parties, log=log):
        assert not isinstance(result, Exception), result
    assert len({stock.used for stock in stocks.values()}) == 1
    return log, stocks[0].used


def everything(x: ts.Secret, y: ts.Secret) -> object:
    less, positive = x < y, y * y + 1
    return [
        ts.where(less, x, y).sum(),
        (x * x // positive).sum(),
        (ts.sqrt(positive * 8192, places=0) + x // 7).sum(),
        ts.median(x),
        (x == y).sum(),
        ts.sort(y[:9])[4],
        ts.add_noise(less.sum(), sensitivity=1, epsilon=1.0),
    ]


def joined(tables: ts.Members[ts.Table]) -> object:
    ids, values = ([t[column] for t in tables] for column in ("x", "y"))
    ts.tell(values[0].sum(), to="a", name="own")
    return {"sum": ts.join.intersection_sum(*ids, values=values[-1]), "size": ts.join.intersection_size(*ids)}


@pytest.mark.parametrize("members", [2, 3])
@pytest.mark.parametrize("limit", [1, 700, 1 << 22])
def test_estimates_are_those_of_whole_runs_on_lengths(members: int, limit: int) -> None:
    """With few and many values, and more than a sum of truncated values may have."""
    draw = random.Random(f"{members} {limit}")
    lengths = [draw.randint(10, FEW), draw.randint(FEW + 1, 60)] + [draw.randint(1025, 1100)] * (limit > 1)
    plans = [
        library_case(everything, [0] * n, [0] * n, low=-8, high=8, members=members).plan for n in lengths
    ]
    schemas = [
        ts.MemberSchema(m, draw.randint(1, 6), {c: ts.Column(0, 7) for c in "xy"}) for m in "abc"[:members]
    ]
    plans.append(ts.trace(ts.Program("joined", joined), schemas))
    kinds = {node.kind for plan in plans for node in plan.nodes if isinstance(node, Hint)}
    assert kinds == set(HINTS)
    for plan in plans:
        log, used = whole_run(plan, pending_limit=limit)
        cost = estimate(plan, pending_limit=limit)
        assert cost.need == used
        steps = [step for step in cost.steps if step.phase != "commit"]
        for k in range(members):
            sent = [m.size for m in log if m.sender == k]
            assert sum(step.rounds for step in steps) * (members - 1) == len(sent)
            assert sum(step.payload[k] for step in steps) * (members - 1) == sum(sent)


def test_lengths_that_do_not_fit_are_refused() -> None:
    """Else a protocol that joins the wrong vectors would be counted."""
    two, three = Vector.zeros(LENGTHS, 2), Vector.zeros(LENGTHS, 3)
    for mistake in (
        lambda: LENGTHS.fr_add(two.data, three.data),
        lambda: LENGTHS.fr_muladd(two.data, two.data, three.data),
        lambda: LENGTHS.fr_axpy(1, two.data, three.data),
        lambda: LENGTHS.fr_dot(two.data, three.data),
        lambda: LENGTHS.fr_equal(two.data, three.data),
        lambda: LENGTHS.fr_combine(three.data, two.data),
        lambda: LENGTHS.fr_matvec(three.data, two.data),
        lambda: LENGTHS.fr_sum_axis(three.data, 1, 2, 1),
        lambda: LENGTHS.fr_ntt(three.data, 2),
        lambda: LENGTHS.g1_mul(two.data, three.data),
        lambda: LENGTHS.g1_msm(two.data, three.data),
        lambda: LENGTHS.g1_msm_rows(two.data, three.data),
    ):
        with pytest.raises(ValueError, match=r"elements are no rows|lengths differ"):
            mistake()


# ---------------------------------------------------------------------------------------- what is chosen by cost


def taken(advice: Any, n: int, *intervals: tuple[int, int]) -> Need:
    return _count._recorded(advice, (n,) * len(intervals), intervals, 2).need


def effort(advice: Any, *intervals: tuple[int, int]) -> int:
    """Random bits and products that each of many values takes."""
    need = taken(advice, FEW + 1, *intervals)
    return (need.bits + need.triples) // (FEW + 1)


def test_the_rule_for_roots_is_what_the_counter_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(1, 60):
        square, chosen = (0, (1 << 2 * k) - 1), RootHint(k).approach
        assert (chosen is None) == (k < 13)
        found = []
        for approach in (None, root_approach(k)):
            _count._recorded.cache_clear()
            monkeypatch.setattr("tallystick.plan._hints_numbers._root_approach", lambda _, a=approach: a)
            found.append(effort(RootHint(k), square))
            monkeypatch.undo()
        assert (chosen is not None) == (found[1] < found[0]), k
    _count._recorded.cache_clear()
    assert all(root_approach(k) is None for k in range(60, 90))


def ratios() -> list[tuple[int, tuple[int, int], tuple[int, int]]]:
    """Quotients of all lengths by divisors of all lengths, and intervals of any kind."""
    draw, found = random.Random(1), []
    for k in (*range(1, 22), 30, 45, 60, 90):
        for w in (1, 2, 3, 5, 8, 11, 16, 24, 40, 64):
            found.append((k, (0, (1 << w + k) - 1), (1 << w - 1, (1 << w) - 1)))
        for _ in range(6):
            b = sorted(
                (draw.randint(-3, 1 << draw.randint(1, 40)), draw.randint(1, 1 << draw.randint(1, 60)))
            )
            a = sorted(
                (draw.randint(-(1 << draw.randint(1, 50)), 3), draw.randint(0, 1 << draw.randint(1, 120)))
            )
            found.append((k, (a[0], a[1]), (b[0], b[1])))
    return found


def test_the_rule_for_quotients_is_what_the_counter_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    for k, a, b in ratios():
        advice, approach = RatioHint(k), ratio_approach(k, a, b)
        chosen.append(advice.approach((a, b)))
        found = []
        for way in (None, approach):
            _count._recorded.cache_clear()
            monkeypatch.setattr("tallystick.plan._hints_numbers._ratio_approach", lambda *_, w=way: w)
            if advice.width((a, b)) > 171:
                found.append(ratio_steps(k, (a, b)).effort(k) if way is None else way.effort)
            else:
                found.append(effort(advice, a, b))
            monkeypatch.undo()
        assert found[0] == ratio_steps(k, (a, b)).effort(k), (k, a, b)
        if approach is None:
            assert chosen[-1] is None
        else:
            assert found[1] == approach.effort, (k, a, b)
            assert chosen[-1] == (approach if found[1] < found[0] else None), (k, a, b)
    _count._recorded.cache_clear()
    assert sum(one is None for one in chosen) > 40
    assert sum(one is not None and one.promised is not None for one in chosen) > 3
    assert sum(one is not None and one.promised is None for one in chosen) > 40


def test_what_the_library_chooses_comparisons_by_is_what_the_counter_finds() -> None:
    """Material that one more gate, digit or committed slot takes; the proof's columns of a gate add one by hand."""

    def material(function: Any, n: int) -> tuple[int, int]:
        """Return triples and bits, and masks; rows are full, so that neither blinders nor padding are in the way."""
        cost = cost_of(function, n, 0, (1 << 31) - 1, columns=2)
        return cost.triples + cost.random_bits, sum(cost.masks)

    def more(function: Any) -> tuple[int, int]:
        """Return what each of some more values takes."""
        small, large = (material(function, n) for n in (1 << 17, 1 << 18))
        return round((large[0] - small[0]) / (1 << 17)), round((large[1] - small[1]) / (1 << 17))

    product, both = more(lambda x, y: (x * y).sum()), more(lambda x, y: (x * y).sum() + (x * x).sum())
    assert both[0] - product[0] == product[0] == _compare._MUL - 1
    assert product[1] == 2 * _compare._SLOT
    less = more(lambda x, y: (x < y).sum())
    assert less[0] == 32 * (_compare._DIGIT - 1) - 1
    bits = more(lambda x, y: (x + y < 5).sum())
    assert bits[0] == 33 * (_compare._DIGIT - 1) - 1
    assert effort(InverseHint(), (-100, 1000)) == 3 * 11 - 1


@pytest.mark.parametrize("n", [3, FEW, FEW + 1, 400])
def test_what_a_hint_says_it_holds_is_its_largest_message_or_all_its_digits(n: int) -> None:
    low, high = -90, 900
    cases: list[tuple[str, tuple[int, ...], tuple[tuple[int, int], ...]]] = [
        ("bits", (low, 10), ((low, high),)),
        ("bits", (low, 1), ((low, high),)),
        ("span", (low, high), ((low, high),)),
        ("copy", (), ((0, 1),)),
        ("inverse", (), ((low, high),)),
        ("inverse", (), ((1, high),)),
        ("reciprocal", (), ((1, high),)),
        ("quotient", (7, low, 8), ((low, high),)),
        ("ratio", (3,), ((0, 7), (1, 5))),
        ("ratio", (32,), ((0, 1 << 60), (1, 1 << 32))),
        ("root", (5,), ((0, 1023),)),
        ("root", (16,), ((0, (1 << 32) - 1),)),
        ("controls", (), ((low, high),)),
        ("split", (1, 1), ((0, 1),)),
    ]
    for kind, parameters, intervals in cases:
        advice, lengths = advice_of(kind, parameters), (n,) * len(intervals)
        sent, at_once = seen(advice, lengths, intervals)
        held = advice.held(lengths, intervals)
        assert held == max(sent, at_once), (kind, parameters)


def seen(advice: Any, lengths: tuple[int, ...], intervals: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """Return the length of the longest message, and how many digits are looked for between two checks."""
    recorder, drawn = _count._Recorder(2), [0]
    bits, check = recorder.stock.bits, recorder.check_pending

    async def noting_bits(n: int) -> Any:
        drawn[-1] += n
        return await bits(n)

    async def noting_check(label: str) -> None:
        drawn.append(0)
        await check(label)

    async def plain_part(_key: object, protocol: Any) -> Any:
        return await protocol(recorder)

    recorder.stock.bits, recorder.check_pending = noting_bits, noting_check  # type: ignore[method-assign]
    recorder.part = plain_part  # type: ignore[method-assign]
    arguments = [_count._shared(n) for n in lengths]
    _count._run(answer(advice, arguments, intervals, recorder))
    return max(event[2] for event in recorder.recorded.events if event and event[0]), max(drawn)
