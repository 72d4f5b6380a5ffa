# SPDX-License-Identifier: Apache-2.0
"""No function without evidence: a reference, a real run, and lies at every piece of advice that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

import tallystick.online._evaluate as evaluation
from support.advice import honest_advice, proves, satisfies
from support.functions import (
    CASES,
    COLUMNS,
    FunctionCase,
    Near,
    expected,
    functions,
    reference,
    traced,
    values_of,
)
from support.joint_run import Case, play
from tallystick.algebra import Vector
from tallystick.backend import Backend
from tallystick.errors import ProgramError, ProtocolAbort
from tallystick.plan import HINTS, Hint, Output, Plan, Points, Zero, simulate, witness
from tallystick.plan import Witness as PlainWitness
from tallystick.plan._intervals import HALF

IDS = [f"{k}-{case.name}" for k, case in enumerate(CASES)]


def test_every_public_function_has_a_case() -> None:
    assert functions() == {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_simulation_agrees_with_the_reference(case: FunctionCase) -> None:
    """The plan is the one decoded from its bytes, which is what members and auditors run."""
    plan = Plan.from_bytes(traced(case).plan.to_bytes())
    expected(case, 0, simulate(plan, values_of(plan)).results)


# ---------------------------------------------------------------------------------------- edges


def tables_of(*rows: int, **entries: Sequence[int]) -> dict[str, dict[str, list[int]]]:
    """Return the three members' tables with so many rows, each of one member's entries of every column."""
    names = ("north", "south", "west")
    return {
        m: {c: [v[k % len(v)]] * n for c, v in entries.items()}
        for k, (m, n) in enumerate(zip(names, rows, strict=True))
    }


LOWEST = {c: [column.low] for c, column in COLUMNS.items()}
HIGHEST = {c: [column.high] for c, column in COLUMNS.items()}
MIDDLE = {"x": [3], "y": [2], "g": [1], "b": [1], "id": [2], "key": [2], "u": [3]}
EDGES = {
    "all equal": tables_of(3, 2, 2, **MIDDLE),
    "all lowest": tables_of(3, 2, 2, **LOWEST),
    "all highest": tables_of(3, 2, 2, **HIGHEST),
    "lowest and highest": tables_of(2, 3, 2, **{c: [*LOWEST[c], *HIGHEST[c]] for c in COLUMNS}),
    "one row": tables_of(1, 0, 0, **MIDDLE),
    "a row of each": tables_of(1, 1, 1, **{c: [*LOWEST[c], *MIDDLE[c], *HIGHEST[c]] for c in COLUMNS}),
    "no row": tables_of(0, 0, 0, **MIDDLE),
}
NO_MAXIMUM = ("lowest and highest", "a row of each")
"""Tables whose classes a logistic model separates."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_edges_agree_or_are_refused_with_the_line(case: FunctionCase) -> None:
    """Where the reference has no number, any result that the function's own tests fix will do, but no crash."""
    for name, tables in EDGES.items():
        try:
            plan = traced(case, tables=tables).plan
        except ProgramError as error:
            assert name in ("one row", "a row of each", "no row"), error
            assert error.where is not None
            continue
        results = simulate(plan, values_of(plan, tables)).results
        try:
            wanted = reference(case, tables)
        except (ArithmeticError, ValueError):  # NumPy's LinAlgError is a ValueError.
            continue
        if case.name == "logistic_regression" and name in NO_MAXIMUM:
            assert [r.text() for r in results] == ["[not converged, not converged]", "not converged", "0"]
        elif _finite(wanted):
            expected(case, 0, results, tables)


def _finite(wanted: object) -> bool:
    if isinstance(wanted, Mapping):
        return all(_finite(v) for v in wanted.values())
    if isinstance(wanted, Near):
        return bool(np.isfinite(np.asarray(wanted.values, dtype=float)).all())
    return not isinstance(wanted, list) or all(_finite(v) for v in wanted)


# ---------------------------------------------------------------------------------------- lies
FREE = {"coins", "random", "switches"}
"""Advice that is nobody's to get right: any coin, key or order is as good as another, if it is one at all."""


@dataclass(frozen=True)
class Lie:
    """One entry of one hint changed; all other advice is what follows from it."""

    node: int
    entry: int
    shift: int


def hints_of(plan: Plan) -> dict[int, Hint]:
    return {v: n for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and plan.layout.lengths[v]}


class Lies:
    """The witnesses of a case in which one piece of advice is wrong."""

    def __init__(self, case: Case) -> None:
        self.case, self.plan = case, case.plan
        self.hints = hints_of(case.plan)
        drawn = [v for v, n in self.hints.items() if not HINTS[n.kind].deterministic]
        self.drawn = {v: honest_advice(case, node=v) for v in drawn}
        self.honest = self.witness({})

    def witness(self, advice: dict[int, list[int]]) -> PlainWitness:
        return witness(self.plan, self.case.values, advice=self.drawn | advice)

    def honestly(self, v: int) -> list[int]:
        at, n = self.plan.layout.place[v], self.plan.layout.lengths[v]
        return list((self.honest.gates if self.hints[v].boolean else self.honest.free)[at : at + n])

    def told(self, v: int) -> bool:
        """Whether an inverse is one of anything but 0, of which any will do."""
        return any(self.honestly(v))

    def advice(self, lie: Lie) -> dict[int, list[int]]:
        advice = self.honestly(lie.node)
        advice[lie.entry] += lie.shift
        return {lie.node: advice}

    def shown(self, w: PlainWitness) -> object:
        """What a reader of the transcript learns: the outputs, and which points are equal to which."""
        points = {p: k for k, p in enumerate(dict.fromkeys(w.points))}
        return w.outputs, [points[p] for p in w.points]

    def all(self) -> list[Lie]:
        lies = []
        for v, node in self.hints.items():
            at = self.plan.layout.place[v]
            for entry in range(self.plan.layout.lengths[v]):
                if not node.boolean:
                    lies.append(Lie(v, entry, 1))
                    continue
                flip = 1 - 2 * self.honest.gates[at + entry]
                lies += (
                    [Lie(v, entry, 2)]
                    if node.kind in FREE
                    else [Lie(v, entry, flip), Lie(v, entry, 2 * flip)]
                )
        return lies


def refused(lies: Lies) -> dict[str, Lie]:
    """Return a lie that no witness survives for every kind of advice; others must not change what is shown."""
    found: dict[str, Lie] = {}
    shown = lies.shown(lies.honest)
    for lie in lies.all():
        kind = lies.hints[lie.node].kind
        w = lies.witness(lies.advice(lie))
        if satisfies(w):
            assert kind == "random" or lies.shown(w) == shown, f"{kind} {lie} changes a result"
        else:
            found.setdefault(kind, lie)
    return found


HINTED = [(k, case) for k, case in enumerate(CASES) if hints_of(traced(case).plan)]


@pytest.mark.parametrize("case", [c for _, c in HINTED], ids=[IDS[k] for k, _ in HINTED])
def test_no_lie_changes_a_result_and_each_kind_is_refused(
    native: Backend, monkeypatch: pytest.MonkeyPatch, case: FunctionCase
) -> None:
    """One witness proved alone, and one run between three members, for every kind of advice the function takes."""
    lies = Lies(traced(case))
    assert satisfies(lies.honest)
    assert proves(native, lies.case, lies.drawn)
    found = refused(lies)
    kinds = {n.kind for v, n in lies.hints.items() if n.kind != "inverse" or lies.told(v)}
    assert set(found) == kinds - {"random"}
    for kind, lie in found.items():
        assert not proves(native, lies.case, lies.drawn | lies.advice(lie)), kind
        with monkeypatch.context() as patch:
            _tell(patch, lies, lie)
            ran = play(lies.case, [native] * 3)
        for result in ran.results:
            assert isinstance(result, ProtocolAbort), (kind, result)
            assert result.check in ("assert-zero", "gate-check", "advice"), (kind, result)
        assert not any(m.label.startswith("outputs") for m in ran.log), kind


def test_every_kind_of_advice_is_lied_about() -> None:
    """By the test above, which refuses a lie of each kind that a case takes; keys have tests of their own."""
    taken = {n.kind for _, case in HINTED for n in hints_of(traced(case).plan).values()}
    assert taken == set(HINTS)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_only_inverses_are_arithmetic_modulo_the_field(case: FunctionCase) -> None:
    """A zero between bounded values is one of integers: its interval lies in (-r/2, r/2), so no sum wraps around.

    What has no interval comes from inverses and keys alone, and ends in a zero or in a wire that is 0 or 1.
    """
    plan = traced(case).plan
    unbounded = {v for v, interval in enumerate(plan.layout.intervals) if interval is None}
    for v, node in enumerate(plan.nodes):
        if isinstance(node, Zero | Output | Points) and node.a not in unbounded:
            low, high = plan.layout.intervals[node.a] or (0, 0)
            assert -HALF <= low <= high <= HALF
        if isinstance(node, Output):
            assert node.a not in unbounded
        if isinstance(node, Hint):
            assert v not in unbounded or node.kind in ("inverse", "reciprocal", "random")
            assert node.kind in ("copy", "reciprocal") or not unbounded & set(node.arguments)


def _tell(patch: pytest.MonkeyPatch, lies: Lies, lie: Lie) -> None:
    """Let all members add the same shift to one entry of this hint, under right MACs."""
    honest, about = evaluation.advise, lies.hints[lie.node]

    async def lying(online, questions):
        advice = await honest(online, questions)
        for k, question in enumerate(questions):
            if question.hint is about:
                shifts = [0] * len(advice[k])
                shifts[lie.entry] = lie.shift
                advice[k] = online.key.add(advice[k], Vector.from_ints(advice[k].backend, shifts))
        return advice

    patch.setattr(evaluation, "advise", lying)
