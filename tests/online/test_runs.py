# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest

from support.joint_run import Cheat, audit, case, play
from tallystick import plan as plan_room
from tallystick import tracing
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS
from tallystick.cost import estimate
from tallystick.offline import Masks
from tallystick.online import Proven
from tallystick.party import Shared
from tallystick.plan import simulate


@tracing.program
def sums(members):
    x = tracing.concat(t["x"] for t in members)
    return {"sum": x.sum(), "squares": (x * x).sum(), "first": x[0] * x[-1]}


@tracing.program
def linear(members):
    x = tracing.concat(t["x"] for t in members)
    return {"sum": x.sum(), "weighted": (x * 3 - 7).sum()}


@tracing.program
def deep(members):
    x = tracing.concat(t["x"] for t in members)
    y = x * x
    z = y * x - 5
    return {"z": (z * y).sum(), "y": y}


TABLES = {"a": {"x": [3, 0, 7]}, "b": {"x": [15, 1]}, "c": {"x": [2, 2, 2, 9]}}
TWO = {"a": {"x": [3, 0, 7]}, "b": {"x": [15, 1]}}


@pytest.mark.parametrize("program", [sums, linear, deep], ids=lambda p: p.name)
@pytest.mark.parametrize("tables", [TABLES, TWO], ids=["three", "two"])
def test_an_honest_run_equals_the_plain_computation(backend, program, tables):
    c = case(program, tables, 0, 15)
    ran = play(c, [backend] * len(tables))
    expected = [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    for result in ran.results:
        assert isinstance(result, Proven), result
        assert audit(c, result, backend) == expected
    assert len({r.proof.final for r in ran.results}) == 1


@pytest.mark.parametrize("program", [sums, linear], ids=lambda p: p.name)
def test_the_need_is_exactly_what_is_used(pure, program):
    c = case(program, TABLES, 0, 15)
    ran = play(c, [pure] * 3)
    assert [p.used for p in ran.used.values()] == [estimate(c.plan).need] * 3


def test_native_and_pure_members_compute_together(native, pure):
    c = case(sums, TABLES, 0, 15)
    ran = play(c, [native, pure, native])
    expected = [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    assert {r.proof.final for r in ran.results} == {ran.results[0].proof.final}
    assert audit(c, ran.results[0], native) == audit(c, ran.results[1], pure) == expected


def test_a_mixed_session_makes_the_same_proof_as_a_uniform_one(native, pure):
    c = case(sums, TWO, 0, 15)
    mixed, uniform = play(c, [native, pure]), play(c, [native, native])
    assert mixed.results[0].proof == uniform.results[0].proof


def test_all_phases_report_progress(pure):
    seen = []
    c = case(deep, TWO, 0, 15)
    play(c, [pure] * 2, progress=lambda *step: seen.append(step))
    phases = {name: [(done, total) for n, done, total in seen if n == name] for name, *_ in seen}
    assert set(phases) == {"compute", "prove"}
    for steps in phases.values():
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1]


@tracing.program
def digits(members):
    x = tracing.concat(t["x"] for t in members)
    bits = tracing.hint("bits", x, parameters=(-4, 4), n=4 * x.size, boolean=True).reshape(x.size, 4)
    tracing.assert_zero(x + 4 - bits @ [1, 2, 4, 8])
    return {"bits": bits}


@tracing.program
def inverses(members):
    x = tracing.concat(t["x"] for t in members)
    inverse = tracing.hint("inverse", x, parameters=(), n=x.size, boolean=False)
    product = x * inverse
    tracing.assert_zero(x * (1 - product))
    return {"nonzero": x.sum()}


SIGNED = {"a": {"x": [3, 0, -4]}, "b": {"x": [11, -1]}, "c": {"x": [0, 7]}}


def test_bits_are_decomposed(backend):
    c = case(digits, SIGNED, -4, 11)
    ran = play(c, [backend] * 3)
    values = [v + 4 for t in SIGNED.values() for v in t["x"]]
    assert audit(c, ran.results[0], backend) == [v >> i & 1 for v in values for i in range(4)]
    assert ran.used[0].used == estimate(c.plan).need


def test_inverses_do_not_show_zeros(backend):
    c = case(inverses, SIGNED, -4, 11)
    ran = play(c, [backend] * 3)
    assert audit(c, ran.results[0], backend) == [16]
    assert ran.used[0].used == estimate(c.plan).need


def test_positive_values_are_inverted_without_a_zero_test(backend):
    c = case(inverses, {"a": {"x": [3, 1]}, "b": {"x": [15]}}, 1, 15)
    ran = play(c, [backend] * 2)
    assert audit(c, ran.results[0], backend) == [19]
    assert ran.used[0].used == estimate(c.plan).need
    assert not estimate(c.plan).need.bits


def test_an_output_for_some_members_is_learnt_by_them_alone(backend):
    c = case(sums, TABLES, 0, 15)
    squares = next(v for v, node in enumerate(c.plan.nodes) if isinstance(node, plan_room.Mul))
    c.plan = replace(c.plan, nodes=(*c.plan.nodes, plan_room.Output(squares, "the squares", (0, 2))))
    node = len(c.plan.nodes) - 1
    ran = play(c, [backend] * 3)
    expected = [v * v for t in TABLES.values() for v in t["x"]]
    learnt = [{v: x.to_ints() for v, x in r.private.items()} for r in ran.results]
    assert learnt == [{node: expected}, {}, {node: expected}]
    assert audit(c, ran.results[1], backend) == [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    assert ran.used[0].used == estimate(c.plan).need


def test_the_repr_of_secrets_shows_no_values(pure):
    c = case(sums, TWO, 0, 15)
    shown = []

    def look(thing):
        shown.append(repr(thing))
        return thing

    play(c, [pure] * 2, cheat=Cheat(shared=look, inputs=look, evaluation=look))
    assert shown == ["<OwnInputs: 2 slots>", "<InputShares of 2 owners>", "<Evaluation of 32 gate slots>"]


def test_no_share_shows_an_input_when_masks_are_their_owners_alone(pure):
    """Preparation may leave all of a mask to its owner; the shares in the computation are uniform nonetheless."""

    class Bare:
        """A preparation whose masks are shared as (0, ..., 0, r, 0, ..., 0)."""

        def __init__(self, dealer, index):
            self._dealer, self._index = dealer, index

        def __getattr__(self, name):
            return getattr(self._dealer, name)

        async def masks(self, owner, n):
            masks = await self._dealer.masks(owner, n)
            mine = owner == self._index
            value = masks.clear if mine else Vector.zeros(pure, n)
            return Masks(Shared(value, masks.shared.mac), masks.clear)

    def bare(online):
        online.preparation = Bare(online.preparation, online.party.index)

    shares = []

    def look(inputs):
        shares.append([x.value.to_ints() for x in inputs.slots])
        return inputs

    c = case(linear, TABLES, 0, 15)
    ran = play(c, [pure] * 3, cheat=Cheat(online=bare, inputs=look, everyone=True))
    assert audit(c, ran.results[0], pure) == [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    for party in range(3):
        for owner_ in range(3):
            assert all(v > 1 << 200 for v in shares[party][owner_])
