# SPDX-License-Identifier: Apache-2.0
"""Noise from coins that nobody knows: its budget is exact, it is proved to be bounded, and it is there."""

from __future__ import annotations

import sys
from fractions import Fraction
from math import comb, exp

import pytest

import tallystick as ts
from support.advice import hint_node, proves
from support.joint_run import Case, audit, play
from support.spec_vectors import ROOT
from tallystick.backend import FR_MODULUS, Backend
from tallystick.cost import estimate, render
from tallystick.disclosure import budgets, coins_for, epsilon_of
from tallystick.encoding import loads
from tallystick.errors import ProgramError
from tallystick.online import Proven
from tallystick.plan import Draft, Hint, Plan, simulate
from tallystick.tracing import Program, trace

TABLES = {"a": {"x": [3, 0]}, "b": {"x": [4, 4]}, "c": {"x": [6, 1]}}
COINS = 64


def noisy_case(function, tables=TABLES) -> Case:
    def body(members):
        return {"out": function(ts.stack(t["x"] for t in members).sum(axis=0))}

    schemas = [ts.MemberSchema(m, len(t["x"]), {"x": ts.Column(0, 7)}) for m, t in tables.items()]
    return Case(trace(Program("noisy", body), schemas), tables)


def noisy(x):
    return ts.add_noise(x, epsilon=2, delta_bits=20)


def hockey_stick(coins: int, shift: int, epsilon: float) -> Fraction:
    """The least delta for an epsilon, from the definition: a sum over all outcomes."""
    factor = Fraction(exp(epsilon))
    total = Fraction(0)
    for heads in range(coins + shift + 1):
        here = comb(coins, heads)
        there = comb(coins, heads - shift) if heads >= shift else 0
        total += max(Fraction(0), here - factor * there)
    return total / 2**coins


@pytest.mark.parametrize(
    ("coins", "shift", "delta_bits"), [(20, 1, 10), (64, 1, 20), (136, 1, 30), (200, 3, 20)]
)
def test_the_budget_is_that_of_the_definition(coins: int, shift: int, delta_bits: int) -> None:
    epsilon = epsilon_of(coins, shift, delta_bits)
    assert epsilon is not None
    delta = Fraction(1, 2**delta_bits)
    assert hockey_stick(coins, shift, epsilon) <= delta < hockey_stick(coins, shift, epsilon - 1e-6)


def test_too_few_coins_have_no_budget() -> None:
    assert epsilon_of(20, 1, 20) is not None
    assert epsilon_of(20, 1, 21) is None
    assert epsilon_of(2, 1, 1) == 0


@pytest.mark.parametrize(("epsilon", "sensitivity"), [(2.0, 1), (1.0, 1), (1.5, 2)])
def test_no_coin_too_many(epsilon: float, sensitivity: int) -> None:
    coins = coins_for(epsilon, sensitivity, 30)
    assert coins is not None
    enough, fewer = epsilon_of(coins, sensitivity, 30), epsilon_of(coins - 2, sensitivity, 30)
    assert enough is not None and enough <= epsilon
    assert fewer is None or fewer > epsilon


def test_runs_on_shares(native: Backend) -> None:
    """Within bounds, proved, with the material foretold; and not the same at every entry."""
    tables = {m: {"x": [v] * 12} for m, v in zip("abc", (3, 4, 5), strict=True)}
    case = noisy_case(noisy, tables)
    (use,) = budgets(case.plan)
    ran = play(case, [native] * 3)
    assert all(isinstance(r, Proven) for r in ran.results), ran.results
    found = audit(case, ran.results[0], native)
    noise = [(v + FR_MODULUS // 2) % FR_MODULUS - FR_MODULUS // 2 - 12 for v in found]
    assert all(abs(e) <= use.coins // 2 for e in noise)
    assert len(set(noise)) > 1
    assert ran.used[0].used == estimate(case.plan).need
    assert estimate(case.plan).need.bits == 12 * use.coins == estimate(case.plan).random_bits


def test_the_sum_of_the_coins_less_half_is_added() -> None:
    case = noisy_case(noisy)
    v = hint_node(case.plan, kind="coins")
    node = case.plan.nodes[v]
    assert isinstance(node, Hint)
    coins = node.parameters[1]
    heads = [1] * coins + [1, 0] * (coins // 2)
    outputs = simulate(case.plan, case.values, advice={v: heads}).outputs
    assert outputs == (13 + coins // 2, 5)
    many = {simulate(case.plan, case.values).outputs for _ in range(8)}
    assert len(many) > 1


def test_a_coin_that_is_neither_side_is_not_proved(native: Backend) -> None:
    case = noisy_case(noisy)
    v = hint_node(case.plan, kind="coins")
    fair = [0, 1] * (case.plan.layout.lengths[v] // 2)
    assert proves(native, case, {v: fair})
    assert not proves(native, case, {v: [2, *fair[1:]]})
    assert not proves(native, case, {v: [-1, *fair[1:]]})


def test_every_use_has_coins_of_its_own_and_is_listed() -> None:
    case = noisy_case(lambda x: [noisy(x), noisy(x), x])
    plan = Plan.from_bytes(case.plan.to_bytes())
    first, second = budgets(plan)
    assert (first.outputs, second.outputs) == ((0,), (1,))
    text = render(plan)
    assert '      called "(sum of x) with binomial noise over all members (6 rows, 2 values)"\n' in text
    assert f"  {first.text()}\n  {second.text()}\n" in text
    assert first.epsilon is not None and 1.9 < first.epsilon <= 2
    assert (
        f"[1]: binomial noise of {first.coins} coins (at most ±{first.coins // 2}), epsilon " in first.text()
    )


def test_the_model_reads_the_same_plan() -> None:
    sys.path.insert(0, str(ROOT / "model"))
    try:
        import plans as model
    finally:
        sys.path.remove(str(ROOT / "model"))
    plan = noisy_case(noisy).plan
    value = loads(plan.to_bytes(), max_size=1 << 20)
    assert model.Plan(value).digest == plan.digest
    coins = next(n for n in value["nodes"] if n[:2] == ["hint", "coins"])
    coins[2][2] = coins[2][1] + 1
    with pytest.raises(ValueError, match="parameters of coins"):
        model.Plan(value)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: ts.add_noise(x, epsilon=0.01), "needs more than 4096 coins"),
        (lambda x: ts.add_noise(x, epsilon=0), "epsilon is positive"),
        (lambda x: ts.add_noise(x, epsilon=1, sensitivity=0), "positive integer"),
        (lambda x: ts.add_noise(x, epsilon=1, delta_bits=129), "between 1 and 128"),
        (lambda x: ts.add_noise(x.rescale(2), epsilon=1), "takes integers"),
        (lambda x: ts.add_noise(ts.reveal(x), epsilon=1), "takes a secret"),
    ],
)
def test_misuse_names_the_line(function, message: str) -> None:
    with pytest.raises(ProgramError, match=message) as raised:
        noisy_case(function)
    assert "test_noise.py" in (raised.value.where or "")


def test_a_plan_spends_on_64_uses_at_most() -> None:
    assert len(budgets(noisy_case(lambda x: [noisy(x.sum()) for _ in range(64)]).plan)) == 64
    with pytest.raises(ProgramError, match="65 coins hints; at most 64"):
        noisy_case(lambda x: [noisy(x.sum()) for _ in range(65)])


@pytest.mark.parametrize(
    "parameters",
    [(1, 3, 1, 20), (1, 4098, 1, 20), (1, 4, 0, 20), (1, 4, 5, 20), (1, 4, 1, 0), (1, 4, 1, 129)],
)
def test_a_plan_with_other_coins_is_refused(parameters: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="coins hint"):
        Hint("coins", parameters, (), parameters[0] * parameters[1], True).length(Draft([]))
