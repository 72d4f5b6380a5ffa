# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from support.memory_mesh import DROP, run
from tallystick.algebra import Random, Vector
from tallystick.backend import get_backend
from tallystick.errors import ProtocolAbort
from tallystick.party import Party, broadcast_points, broadcast_vector, commit_and_open, read_points, toss

BACKEND = get_backend("pure")


def seat(mesh, session=b"session", seed=None):
    random = Random(bytes([mesh.index + 1]) * 32) if seed is None else Random(seed)
    return Party(mesh, BACKEND, session, random)


async def two_rounds(mesh):
    party = seat(mesh)
    first = await commit_and_open(party, "first", bytes([mesh.index]) * 8)
    second = await commit_and_open(party, "second", bytes([mesh.index + 10]) * 8)
    return first, second


def test_everyone_learns_every_payload():
    results = run(two_rounds)
    for first, second in results:
        assert first == [bytes([i]) * 8 for i in range(3)]
        assert second == [bytes([i + 10]) * 8 for i in range(3)]


@pytest.mark.parametrize("label", ["first/commit", "first/open", "second/commit", "second/open"])
@pytest.mark.parametrize("position", [0, 31, -1])
def test_a_changed_commitment_or_opening_blames_its_sender(label, position):
    def corrupt(sender, found, payload):
        if sender == 1 and found == label:
            changed = bytearray(payload)
            changed[position] ^= 1
            return bytes(changed)
        return payload

    honest = [run(two_rounds, corrupt=corrupt)[i] for i in (0, 2)]
    assert [(e.check, e.blame) for e in honest] == [("commitment", 1)] * 2


def test_a_copied_commitment_cannot_be_opened():
    seen = {}

    def corrupt(sender, label, payload):
        seen[label, sender] = payload
        return seen.get((label, 0), payload) if sender == 2 else payload

    error = run(two_rounds, corrupt=corrupt)[0]
    assert (error.check, error.blame) == ("commitment", 2)


def test_an_earlier_opening_cannot_be_replayed():
    kept = {}

    async def same_twice(mesh):
        party = seat(mesh)
        await commit_and_open(party, "again", b"payload")
        return await commit_and_open(party, "again", b"payload")

    def corrupt(sender, label, payload):
        if sender == 1:
            return kept.setdefault(label, payload)
        return payload

    error = run(same_twice, corrupt=corrupt)[0]
    assert (error.check, error.blame) == ("commitment", 1)


def test_another_session_does_not_open():
    async def protocol(mesh):
        return await commit_and_open(seat(mesh, session=b"A" if mesh.index else b"B"), "x", b"payload")

    results = run(protocol)
    assert all(isinstance(r, ProtocolAbort) and r.check == "commitment" for r in results)


def test_silence_is_named():
    def corrupt(sender, label, payload):
        return DROP if sender == 1 and label == "second/open" else payload

    results = run(two_rounds, corrupt=corrupt)
    assert [(results[i].check, results[i].blame) for i in (0, 2)] == [("deadline", 1)] * 2


def test_coins_are_common_and_depend_on_everyone():
    async def protocol(mesh):
        return await toss(seat(mesh), "coins")

    seeds = run(protocol)
    assert len(set(seeds)) == 1

    async def other(mesh):
        return await toss(seat(mesh, seed=b"\x77" * 32 if mesh.index == 2 else None), "coins")

    assert run(other)[0] != seeds[0]


def test_vectors_and_points_travel():
    async def protocol(mesh):
        party = seat(mesh)
        vectors = await broadcast_vector(party, "v", Vector.from_ints(BACKEND, [mesh.index, -1]))
        g = Random(bytes(32)).vector(BACKEND, 1)
        points = await broadcast_points(party, "p", _points().scale(g))
        return [v.to_ints() for v in vectors], [p.to_bytes() for p in points]

    for vectors, points in run(protocol):
        assert [v[0] for v in vectors] == [0, 1, 2]
        assert len(set(points)) == 1


def _points():
    from tallystick.algebra import Points

    return Points.hash(BACKEND, [b"x"], b"TEST")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"",
        lambda data: b"\xff" * len(data),
    ],
    ids=["short", "long", "empty", "not-canonical"],
)
@pytest.mark.parametrize("label", ["v", "p"])
def test_malformed_messages_blame_their_sender(change, label):
    async def protocol(mesh):
        party = seat(mesh)
        await broadcast_vector(party, "v", Vector.from_ints(BACKEND, [1, 2]))
        return await broadcast_points(party, "p", _points())

    def corrupt(sender, found, payload):
        return change(payload) if (sender, found) == (2, label) else payload

    results = run(protocol, corrupt=corrupt)
    assert [(results[i].check, results[i].blame) for i in (0, 1)] == [("malformed-message", 2)] * 2


def test_points_outside_the_subgroup_are_refused():
    outside = bytes([0x80]) + bytes(46) + bytes([4])  # x = 4 is on the curve, outside G1.
    with pytest.raises(ProtocolAbort) as caught:
        read_points(Party(_Alone(), BACKEND, b"s"), outside, 1, label="p", sender=1)
    assert (caught.value.check, caught.value.blame) == ("malformed-message", 1)


class _Alone:
    index = 0
    size = 1
