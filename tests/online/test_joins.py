# SPDX-License-Identifier: Apache-2.0
"""Joins between members: right when all are honest; when not, a stop before any tag, or before the sum."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

import tallystick as ts
from support.joint_run import Case, Cheat, Ran, audit, play
from support.memory_mesh import DROP
from tallystick.algebra import Generators, Points, Vector
from tallystick.backend import G1_BYTES, Backend
from tallystick.cost import estimate
from tallystick.errors import ProtocolAbort
from tallystick.online import Proven
from tallystick.party import Shared
from tallystick.plan import Output, Plan, Result, encodings
from tallystick.tracing import Members, Table, trace

CHEATER = 1
TABLES = {
    "a": {"id": [7, 1, 5], "amount": [0, 0, 0]},
    "b": {"id": [5, 7], "amount": [20, -3]},
    "c": {"id": [2], "amount": [9]},
}


@ts.program
def joined(table: Members[Table]) -> object:
    a, b = table["a"], table["b"]
    return {
        "size": ts.join.intersection_size(a["id"], b["id"]),
        "sum": ts.join.intersection_sum(a["id"], b["id"], values=b["amount"]),
    }


@ts.program
def all_three(table: Members[Table]) -> object:
    ids = [t["id"] for t in table]
    return {
        "size": ts.join.intersection_size(*ids),
        "mean": ts.join.intersection_mean(*ids, values=table["a"]["amount"]),
    }


def _case(program: ts.Program, tables: dict[str, dict[str, list[int]]]) -> Case:
    columns = {"id": ts.Column(0, 7), "amount": ts.Column(-50, 50)}
    members = [ts.MemberSchema(name, len(t["id"]), columns) for name, t in tables.items()]
    return Case(trace(program, members), tables)


CASE = _case(joined, TABLES)


def results(case: Case, proven: Proven, backend: Backend) -> dict[str, str]:
    outputs = audit(case, proven, backend)
    points = encodings(proven.points.to_bytes())
    return {r.name: r.text() for r in case.plan.evaluate(outputs, points)}


EXPECTED = {"size": "2", "sum": "17"}


@cache
def honest(backend: Backend) -> Ran:
    return play(CASE, [backend] * 3)


def test_three_members_agree_and_an_auditor_too(backend: Backend) -> None:
    ran = honest(backend)
    for proven in ran.results:
        assert results(CASE, proven, backend) == EXPECTED
    assert len({r.points.to_bytes() for r in ran.results}) == 1


def test_backends_mix(pure: Backend, native: Backend) -> None:
    ran = play(CASE, [pure, native, native])
    assert results(CASE, ran.results[0], pure) == results(CASE, ran.results[1], native) == EXPECTED


def test_three_columns(native: Backend) -> None:
    tables = {name: {**t, "amount": [4 * k for k in range(len(t["id"]))]} for name, t in TABLES.items()}
    tables["c"]["id"] = [5]
    case = _case(all_three, tables)
    assert results(case, play(case, [native] * 3).results[2], native) == {"size": "1", "mean": "8"}


def test_a_member_without_rows(native: Backend) -> None:
    empty = {**TABLES, "a": {"id": [], "amount": []}}
    case = _case(joined, empty)
    assert results(case, play(case, [native] * 3).results[0], native) == {"size": "0", "sum": "0"}


def test_material_rounds_and_bytes_are_those_estimated(pure: Backend) -> None:
    need, cost = estimate(CASE.plan).need, estimate(CASE.plan)
    assert (cost.triples, cost.random_bits, cost.random_elements, cost.masks) == (
        need.triples,
        need.bits,
        need.randoms,
        need.masks,
    )
    ran = honest(pure)
    assert all(used.used == need for used in ran.used.values())
    messages = [m for m in ran.log if not m.label.startswith("insecure-dealer")]
    steps = [s for s in cost.steps if s.phase != "commit"]
    for k in range(3):
        sent = [m.size for m in messages if m.sender == k]
        assert sum(s.rounds for s in steps) == len(sent) // 2
        assert sum(s.payload[k] for s in steps) * 2 == sum(sent)
    assert cost.proof_bytes == sum(map(len, ran.results[0].proof.to_body().values()))


def test_a_late_output_for_one_member(native: Backend) -> None:
    plan = CASE.plan
    (v,) = (k for k, n in enumerate(plan.nodes) if isinstance(n, Output))
    nodes = list(plan.nodes)
    nodes[v] = replace(plan.outputs[0], to=(2,))
    size = next(r for r in plan.results if r.name == "size")
    expressions = plan.expressions[size.expression : size.expression + 1]
    private = Plan(
        plan.program, plan.members, tuple(nodes), expressions, (Result("size", 0, ()),), plan.columns
    )
    case = Case(private, TABLES)
    ran = play(case, [native] * 3)
    assert results(case, ran.results[0], native) == {"size": "2"}
    assert [{k: x.to_ints() for k, x in r.private.items()} for r in ran.results] == [{}, {}, {v: [17]}]


# ---------------------------------------------------------------------------------------- cheaters


def stopped(ran: Ran, check: str, blame: int | None = None, *, opened: tuple[str, ...] = ()) -> None:
    """Assert that the honest stopped with this check, and what had been opened to the parties by then."""
    left = ran.honest(CHEATER)
    assert all(isinstance(r, ProtocolAbort) for r in left), left
    assert [(r.check, r.blame) for r in left] == [(check, blame)] * 2
    assert {m.label for m in ran.log} & {"outputs/points", "outputs/public"} == set(opened)
    for j in (0, 2):
        with pytest.raises(ProtocolAbort, match="destroyed"):
            _ = ran.used[j].key


POINTS = ("outputs/points",)
BOTH = ("outputs/points", "outputs/public")


def changed(label: str, change):
    """Corrupt the cheater's broadcasts of one label."""
    return lambda sender, found, payload: change(payload) if (sender, found) == (CHEATER, label) else payload


def bump(backend: Backend, position: int = 0, by: int = 1):
    def change(payload: bytes) -> bytes:
        values = Vector.from_bytes(backend, payload)
        unit = Vector.from_ints(backend, [int(k == position % len(values)) for k in range(len(values))])
        return (values + unit * by).to_bytes()

    return change


def shift(backend: Backend, position: int):
    """Add Q to one of several points."""

    def change(payload: bytes) -> bytes:
        at = position * G1_BYTES
        point = Points.from_bytes(backend, payload[at : at + G1_BYTES]) + Generators(backend, 1).q
        return payload[:at] + point.to_bytes() + payload[at + G1_BYTES :]

    return change


@pytest.mark.parametrize("position", [0, 4])
def test_a_lie_about_a_tag_stops_before_the_sum(backend: Backend, position: int) -> None:
    corrupt = changed("outputs/points", shift(backend, position))
    stopped(play(CASE, [backend] * 3, corrupt=corrupt), "point-check", opened=POINTS)


def test_two_lies_about_tags_that_cancel_in_the_sum_of_all(native: Backend) -> None:
    def swap(payload: bytes) -> bytes:
        return payload[G1_BYTES : 2 * G1_BYTES] + payload[:G1_BYTES] + payload[2 * G1_BYTES :]

    stopped(play(CASE, [native] * 3, corrupt=changed("outputs/points", swap)), "point-check", opened=POINTS)


def test_different_tags_to_different_members(native: Backend) -> None:
    def tamper(sender: int, receiver: int, label: str, payload: bytes) -> bytes:
        lie = (sender, receiver, label) == (CHEATER, 2, "outputs/points")
        return shift(native, 0)(payload) if lie else payload

    ran = play(CASE, [native] * 3, tamper=tamper)
    assert [r.check for r in ran.honest()] == ["equivocation"] * 2
    assert ran.results[2].blame == CHEATER
    assert "outputs/public" not in {m.label for m in ran.log}


def test_a_lie_about_the_mac_of_a_tag(native: Backend) -> None:
    def lie(evaluation):
        return replace(evaluation, points=Shared(evaluation.points.value, evaluation.points.mac + 1))

    stopped(play(CASE, [native] * 3, cheat=Cheat(evaluation=lie)), "point-check", opened=POINTS)


def test_a_lie_about_a_share_of_a_tag_and_of_the_witness(native: Backend) -> None:
    """The cheater publishes multiples of another share than it proves with."""

    def lie(evaluation):
        return replace(evaluation, points=Shared(evaluation.points.value + 1, evaluation.points.mac))

    stopped(play(CASE, [native] * 3, cheat=Cheat(evaluation=lie)), "point-check", opened=POINTS)


def test_a_lie_about_the_sum(backend: Backend) -> None:
    corrupt = changed("outputs/public", bump(backend))
    stopped(play(CASE, [backend] * 3, corrupt=corrupt), "mac-check", opened=BOTH)


@pytest.mark.parametrize("label", ["hint/reciprocal", "multiply"])
def test_a_lie_in_the_computation_stops_before_any_tag(native: Backend, label: str) -> None:
    stopped(play(CASE, [native] * 3, corrupt=changed(label, bump(native))), "mac-check")


def test_settings_that_are_no_bits_stop_before_any_tag(native: Backend) -> None:
    deal = changed("hint/switches", lambda p: bump(native, by=2)(p) if p else p)
    stopped(play(CASE, [native] * 3, corrupt=deal), "gate-check")


def test_other_settings_are_another_order_and_nothing_else(native: Backend) -> None:
    """A member may deal what it likes, so long as it is bits: the tags come out in another order."""
    honest_tags = encodings(honest(native).results[0].points.to_bytes())
    orders = []
    for position in range(3):
        for by in (1, -1):
            deal = changed("hint/switches", lambda p, at=position, by=by: bump(native, at, by)(p) if p else p)
            (result, *_) = play(CASE, [native] * 3, corrupt=deal).results
            if isinstance(result, Proven):
                assert results(CASE, result, native) == EXPECTED
                tags = encodings(result.points.to_bytes())
                assert sorted(tags[:3]) == sorted(honest_tags[:3])
                orders.append(tags)
    # Of 0 and 1, one can be raised and the other lowered.
    assert len(orders) == 3
    assert honest_tags not in orders


@pytest.mark.parametrize("position", [-4, -3, -2, -1], ids=["z-last", "zeta", "omega", "eta"])
def test_a_lie_in_the_response(native: Backend, position: int) -> None:
    corrupt = changed("proof/response", bump(native, position))
    stopped(play(CASE, [native] * 3, corrupt=corrupt), "z-share", CHEATER, opened=BOTH)


def test_a_false_announcement_beside_a_bad_part_blames_its_sender(native: Backend) -> None:
    def both(sender: int, label: str, payload: bytes) -> bytes:
        wrong = sender == CHEATER and label in ("proof/claim", "proof/response")
        return bump(native)(payload) if wrong else payload

    stopped(play(CASE, [native] * 3, corrupt=both), "z-share", CHEATER, opened=BOTH)


def test_masks_are_committed_to_before_they_are_opened(native: Backend) -> None:
    labels = [m.label for m in honest(native).log if m.label.startswith("proof/mask")]
    assert labels == ["proof/mask/commit"] * 6 + ["proof/mask/open"] * 6
    corrupt = changed("proof/mask/open", lambda payload: shift_after_nonce(native, payload))
    stopped(play(CASE, [native] * 3, corrupt=corrupt), "commitment", CHEATER, opened=BOTH)


def shift_after_nonce(backend: Backend, payload: bytes) -> bytes:
    return payload[:32] + shift(backend, 2)(payload[32:])


def test_a_dealt_setting_of_no_network_is_malformed(native: Backend) -> None:
    def speak(sender: int, label: str, payload: bytes) -> bytes:
        return payload + bytes(32) if (sender, label) == (CHEATER, "hint/switches") else payload

    stopped(play(CASE, [native] * 3, corrupt=speak), "malformed-message", CHEATER)


@pytest.mark.parametrize("kind", ["cut", "flipped", "missing"])
def test_every_message_of_the_second_stage(native: Backend, kind: str) -> None:
    """From the tags on: each of the cheater's broadcasts changed once, and never a wrong result."""
    change = {
        "cut": lambda p: p[:-1],
        "flipped": lambda p: bytes([p[0] ^ 1]) + p[1:],
        "missing": lambda p: DROP,
    }[kind]
    sent = [m for m in honest(native).log if (m.sender, m.receiver) == (CHEATER, 0) and m.broadcast]
    first = next(k for k, m in enumerate(sent) if m.label == "outputs/points")
    for number in range(first, len(sent)):
        counter = iter(range(1 << 30))

        def corrupt(sender, _label, payload, number=number, counter=counter):
            return change(payload) if sender == CHEATER and next(counter) == number else payload

        ran = play(CASE, [native] * 3, corrupt=corrupt)
        for result in ran.honest(CHEATER):
            if isinstance(result, Proven):
                assert sent[number].label == "proof/claim"
                assert results(CASE, result, native) == EXPECTED
            else:
                assert isinstance(result, ProtocolAbort)
                assert result.blame in (None, CHEATER)
