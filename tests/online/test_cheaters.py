# SPDX-License-Identifier: Apache-2.0
"""The cheaters of a consortium of three: every honest member stops before any output, and says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.joint_run import SESSION, Cheat, case, owner, play
from support.memory_mesh import DROP
from tallystick import tracing
from tallystick.algebra import Generators, Points, Vector
from tallystick.backend import FR_BYTES, G1_BYTES
from tallystick.errors import ProtocolAbort
from tallystick.offline import Triples
from tallystick.online import OwnInputs
from tallystick.party import Party, Shared

CHEATER = 1


@tracing.program
def products(members):
    x = tracing.concat(t["x"] for t in members)
    return {"product": x[0] * x[1], "sum": x.sum()}


CASE = case(products, {"a": {"x": [1]}, "b": {"x": [3]}, "c": {"x": [2]}}, 0, 3)


def stopped(ran, check, blame=None, *, opened=False):
    """Assert that all honest parties stopped with this check, and whether outputs had been opened to the parties."""
    honest = ran.honest(CHEATER)
    assert all(isinstance(r, ProtocolAbort) for r in honest), honest
    assert [(r.check, r.blame) for r in honest] == [(check, blame)] * 2
    assert any(m.label == "outputs/public" for m in ran.log) == opened
    for j in (0, 2):
        if j in ran.used:
            with pytest.raises(ProtocolAbort, match="destroyed"):
                _ = ran.used[j].key


def changed(label, change, occurrence=0):
    """Corrupt the cheater's broadcasts of one label."""
    seen = []

    def corrupt(sender, found, payload):
        if (sender, found) != (CHEATER, label):
            return payload
        seen.append(found)
        return change(payload) if len(seen) == occurrence + 1 else payload

    return corrupt


def flip(position):
    def change(payload):
        data = bytearray(payload)
        data[position] ^= 1
        return bytes(data)

    return change


def bump(backend, position=0):
    """Add 1 to one field element of a message."""

    def change(payload):
        v = Vector.from_bytes(backend, payload)
        return (v + _unit(backend, len(v), position)).to_bytes()

    return change


def shift_point(backend, position=0):
    """Add the generator Q to one point of a message."""

    def change(payload):
        at = position * G1_BYTES
        point = Points.from_bytes(backend, payload[at : at + G1_BYTES]) + Generators(backend, 1).q
        return payload[:at] + point.to_bytes() + payload[at + G1_BYTES :]

    return change


def _unit(backend, n, position):
    return Vector.from_ints(backend, [int(k == position) for k in range(n)])


def test_an_input_that_differs_from_its_commitment(backend):
    cheat = Cheat(shared=lambda own: OwnInputs(own.slots + 1, own.gammas))
    stopped(play(CASE, [backend] * 3, cheat=cheat), "input-consistency", CHEATER)


def test_blinding_factors_that_differ_from_the_commitment(backend):
    cheat = Cheat(shared=lambda own: OwnInputs(own.slots, own.gammas + 1))
    stopped(play(CASE, [backend] * 3, cheat=cheat), "input-consistency", CHEATER)


def test_an_input_that_differs_from_its_commitment_and_a_summand_that_makes_up_for_it(backend):
    """The sum of the parties' row commitments alone would not catch this one."""
    cheat = Cheat(shared=lambda own: OwnInputs(own.slots + 1, own.gammas))

    def make_up(payload):
        start = CHEATER * G1_BYTES
        own = Points.from_bytes(backend, payload[start : start + G1_BYTES])
        own = own - Generators(backend, CASE.plan.columns).g[:1]
        return payload[:start] + own.to_bytes() + payload[start + G1_BYTES :]

    ran = play(CASE, [backend] * 3, cheat=cheat, corrupt=changed("inputs/rows", make_up))
    stopped(ran, "input-consistency", CHEATER)


def test_an_input_out_of_range(backend):
    cheat = Cheat(published=lambda _: owner(backend, CASE, CHEATER, [[4]]))
    stopped(play(CASE, [backend] * 3, cheat=cheat), "range-proof", CHEATER)


def test_an_input_without_a_range_proof(backend):
    cheat = Cheat(published=lambda made: replace(made, committed=replace(made.committed, proof=None)))
    stopped(play(CASE, [backend] * 3, cheat=cheat), "range-proof", CHEATER)


@pytest.mark.parametrize("field", ["mask", "final", "rows"])
def test_a_range_proof_that_does_not_decode(backend, field):
    def garble(made):
        proof = made.committed.proof
        bad = replace(proof, **{field: b"\xff" * len(getattr(proof, field))})
        return replace(made, committed=replace(made.committed, proof=bad))

    stopped(play(CASE, [backend] * 3, cheat=Cheat(published=garble)), "range-proof", CHEATER)


def test_a_flipped_share_in_an_opening(backend):
    stopped(play(CASE, [backend] * 3, corrupt=changed("multiply", bump(backend))), "mac-check")


@pytest.mark.parametrize("label", ["multiply", "proof/coset", "proof/evaluations"])
def test_different_openings_to_different_members(backend, label):
    def tamper(sender, receiver, found, payload):
        wrong = (sender, receiver, found) == (CHEATER, 2, label)
        return bump(backend)(payload) if wrong else payload

    ran = play(CASE, [backend] * 3, tamper=tamper)
    assert [r.check for r in ran.honest()] == ["equivocation"] * 2
    assert ran.results[2].blame == CHEATER
    assert not any(m.label == "outputs/public" for m in ran.log)


@pytest.mark.parametrize("label", ["inputs/rows", "witness/rows", "proof/cross", "proof/mask"])
def test_different_points_to_different_members_frame_nobody(backend, label):
    """The members then draw different challenges, so honest parts look wrong to them."""

    def tamper(sender, receiver, found, payload):
        wrong = (sender, receiver, found) == (CHEATER, 2, label)
        return shift_point(backend)(payload) if wrong else payload

    ran = play(CASE, [backend] * 3, tamper=tamper)
    assert [r.check for r in ran.honest()] == ["equivocation"] * 2
    assert ran.results[0].blame in (None, CHEATER)
    assert ran.results[2].blame == CHEATER


@pytest.mark.parametrize("label", ["inputs/coins", "witness/coins"])
def test_different_coins_to_different_members_frame_nobody(backend, label):
    """The cheater commits and opens correctly towards everybody, but to another seed towards one member."""
    sent = {}

    def listen(sender, receiver, found, payload):
        if sender == CHEATER:
            sent[found] = payload
        return payload

    play(CASE, [backend] * 3, tamper=listen)
    nonce, seed = sent[f"{label}/open"][:32], sent[f"{label}/open"][32:]

    class Known:
        session = SESSION

    def commitment(round_, payload):
        return Party.commitment(Known, label, round_, CHEATER, nonce, payload)

    number = next(n for n in range(99) if commitment(n, seed) == sent[f"{label}/commit"])
    other = bytes(32)

    def tamper(sender, receiver, found, payload):
        if (sender, receiver) != (CHEATER, 2) or not found.startswith(label):
            return payload
        return commitment(number, other) if found.endswith("/commit") else nonce + other

    ran = play(CASE, [backend] * 3, tamper=tamper)
    assert [r.check for r in ran.honest()] == ["equivocation"] * 2
    assert ran.results[0].blame in (None, CHEATER)
    assert ran.results[2].blame == CHEATER


def test_a_lie_about_the_mac_of_an_input(backend):
    def lie(inputs):
        slots = [Shared(x.value, x.mac + 1) for x in inputs.slots]
        return replace(inputs, slots=tuple(slots))

    stopped(play(CASE, [backend] * 3, cheat=Cheat(inputs=lie)), "mac-check")


def test_a_lie_about_the_mac_of_an_output_is_caught_at_the_outputs(backend):
    def lie(evaluation):
        return replace(evaluation, outputs=Shared(evaluation.outputs.value, evaluation.outputs.mac + 1))

    stopped(play(CASE, [backend] * 3, cheat=Cheat(evaluation=lie)), "mac-check", opened=True)


def test_a_lie_about_an_output(backend):
    corrupt = changed("outputs/public", bump(backend))
    stopped(play(CASE, [backend] * 3, corrupt=corrupt), "mac-check", opened=True)


def test_a_lie_about_a_coset_product(backend):
    stopped(play(CASE, [backend] * 3, corrupt=changed("proof/coset", bump(backend))), "mac-check")


def test_a_wrong_product_with_the_right_mac(backend):
    """What bad triples would give: no MAC is wrong, but the gate polynomials do not multiply."""

    class Bad:
        def __init__(self, dealer):
            self._dealer = dealer

        def __getattr__(self, name):
            return getattr(self._dealer, name)

        async def triples(self, n):
            t = await self._dealer.triples(n)
            return Triples(t.a, t.b, self._dealer.key.add(t.c, _unit(backend, n, 0)))

    def give_bad_triples(online):
        online.preparation = Bad(online.preparation)

    ran = play(CASE, [backend] * 3, cheat=Cheat(online=give_bad_triples, everyone=True))
    assert [r.check for r in ran.results] == ["gate-check"] * 3
    assert not any(m.label == "outputs/public" for m in ran.log)


@pytest.mark.parametrize("position", [0, 1, -1])
def test_a_lie_about_a_row_commitment(backend, position):
    rows = CASE.plan.shape.free_rows + CASE.plan.shape.gate_rows
    corrupt = changed("witness/rows", shift_point(backend, position % (rows + 1)))
    stopped(play(CASE, [backend] * 3, corrupt=corrupt), "row-commitment", CHEATER)


def test_a_lie_about_a_row_commitment_and_the_combination_that_makes_up_for_it(backend):
    """A party that commits to another row, and opens what it committed to, meets the MACs."""

    def bump_coset(evaluation):
        gates = evaluation.gates
        return replace(evaluation, gates=Shared(gates.value + 1, gates.mac))

    stopped(play(CASE, [backend] * 3, cheat=Cheat(evaluation=bump_coset)), "mac-check")


@pytest.mark.parametrize("position", [0, 1, -3, -2, -1], ids=["z0", "z1", "z-last", "zeta", "omega"])
def test_a_lie_about_a_z_share(backend, position):
    n = CASE.plan.columns + 2
    corrupt = changed("proof/response", bump(backend, position % n))
    stopped(play(CASE, [backend] * 3, corrupt=corrupt), "z-share", CHEATER, opened=True)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("label", ["proof/cross", "proof/mask"])
def test_a_lie_about_a_cross_term_or_a_mask(backend, label, position):
    corrupt = changed(label, shift_point(backend, position))
    stopped(play(CASE, [backend] * 3, corrupt=corrupt), "z-share", CHEATER, opened=True)


def test_other_rows_in_the_proof_than_those_committed_to(backend):
    """A party that swaps its input rows after the input check contributes to the proof what it did not commit to."""

    def swap(inputs):
        return replace(inputs, gammas=inputs.gammas + 1)

    stopped(play(CASE, [backend] * 3, cheat=Cheat(proved=swap)), "z-share", CHEATER, opened=True)


def test_a_false_announcement_is_not_needed_by_a_valid_proof_and_convicts_nobody_else(backend):
    """The announced y_i only serve to find a culprit: a false one changes nothing, and frames nobody."""
    alone = play(CASE, [backend] * 3, corrupt=changed("proof/claim", bump(backend)))
    assert {r.outputs.to_bytes() for r in alone.honest()} == {Vector.from_ints(backend, [3, 6]).to_bytes()}

    def both(sender, label, payload):
        if sender == CHEATER and label in ("proof/claim", "proof/response"):
            return bump(backend)(payload)
        return payload

    stopped(play(CASE, [backend] * 3, corrupt=both), "z-share", CHEATER, opened=True)


@pytest.mark.parametrize(
    "label", ["inputs/masked", "multiply", "witness/rows", "validate/coins/open", "proof/response"]
)
def test_a_malformed_message(backend, label):
    opened = label == "proof/response"
    corrupt = changed(label, lambda payload: payload[:-1])
    ran = play(CASE, [backend] * 3, corrupt=corrupt)
    stopped(ran, "malformed-message", CHEATER, opened=opened)
    corrupt = changed(label, lambda payload: payload[:-FR_BYTES] + b"\xff" * FR_BYTES)
    ran = play(CASE, [backend] * 3, corrupt=corrupt)
    expected = "commitment" if label.endswith("/open") else "malformed-message"
    stopped(ran, expected, CHEATER, opened=opened)


@pytest.mark.parametrize("label", ["inputs/masked", "multiply", "proof/mask"])
def test_a_missing_message_does_not_cost_the_material(backend, label):
    ran = play(CASE, [backend] * 3, corrupt=changed(label, lambda payload: DROP))
    assert [(r.check, r.blame) for r in ran.honest()] == [("deadline", CHEATER)] * 2
    assert ran.used[0].key.index == 0
