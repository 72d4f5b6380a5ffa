from __future__ import annotations

import pytest

from support.memory_mesh import run
from support.small_ring import prepared
from tallystick.backend import FR_MODULUS
from tallystick.errors import ProtocolAbort
from tallystick.offline import Need, Store
from tallystick.online import Openings

R = FR_MODULUS
KEY = bytes(32)


def stores(tmp_path, size):
    return [Store(tmp_path / f"{k}.sqlite", key=KEY, binding=b"member %d" % k) for k in range(size)]


async def _take(mesh, backend, store, counts):
    preparation = await prepared(mesh, backend, store)
    await preparation.reserve(Need(triples=counts[0], masks=(counts[1], counts[1])))
    triples = await preparation.triples(counts[0])
    masks = await preparation.masks(1, counts[1])
    online = Openings(preparation._party, preparation)
    opened = [await online.open(s) for s in (triples.a, triples.b, triples.c, masks.shared)]
    await online.check()
    return [v.to_ints() for v in opened], None if masks.clear is None else masks.clear.to_ints()


def test_runs_share_a_store_and_never_an_item(backend, tmp_path):
    seen = []
    for counts in ((3, 2), (9, 5), (4, 1)):
        opened = stores(tmp_path, 2)
        results = run(lambda mesh, s=opened, c=counts: _take(mesh, backend, s[mesh.index], c), 2)
        for store in opened:
            store.close()
        (a, b, c, m), none = results[0]
        assert none is None
        assert results[1] == ([a, b, c, m], m)
        assert [x * y % R for x, y in zip(a, b, strict=True)] == c
        seen += a + b + m
    assert len(set(seen)) == len(seen)


def test_what_a_run_reserved_is_taken_at_once_and_nothing_else(backend, tmp_path):
    opened = stores(tmp_path, 2)
    there = []

    async def some(mesh):
        store = opened[mesh.index]
        preparation = await prepared(mesh, backend, store)
        await preparation.reserve(Need(triples=5, masks=(0, 0)))
        parts = [await preparation.triples(n) for n in (2, 3, 2)]
        there.append(store.span("triples"))
        await preparation.reserve(Need(triples=3, masks=(0, 0)))
        parts.append(await preparation.triples(1))
        there.append(store.span("triples"))
        preparation.burn("test")
        with pytest.raises(ProtocolAbort) as caught:
            await preparation.triples(1)
        assert caught.value.check == "burnt"
        assert preparation.used.triples == 8
        return [t.a.value.to_ints() for t in parts]

    mine, theirs = run(some, 2)
    # What went beyond the reservation was taken exactly; of the second one, what is left was held when it burnt.
    assert sorted(there) == [(7, 8), (7, 8), (10, 16), (10, 16)]
    assert [len(a) for a in mine] == [2, 3, 2, 1]
    assert len({x for a in mine for x in a}) == 8
    assert len({x for a in theirs for x in a}) == 8


def test_members_that_fell_out_of_step_align_on_what_both_still_have(backend, tmp_path):
    opened = stores(tmp_path, 2)
    run(lambda mesh: _take(mesh, backend, opened[mesh.index], (3, 2)), 2)
    # Member 0 crashed after it had taken two more triples; member 1 has a segment that member 0 lost.
    opened[0].take("triples", 2)
    opened[1].append("randoms", [(8, bytes(8 * 64))])
    results = run(lambda mesh: _take(mesh, backend, opened[mesh.index], (3, 1)), 2)
    (a, b, c, _m), _ = results[0]
    assert [x * y % R for x, y in zip(a, b, strict=True)] == c
    assert opened[0].span("triples") == opened[1].span("triples") == (8, 8)
    assert opened[1].span("randoms") == (0, 0)


def test_a_failed_check_empties_the_store_and_the_next_run_starts_anew(backend, tmp_path):
    opened = stores(tmp_path, 2)

    def tamper(sender, receiver, label, payload):
        if (sender, receiver, label) != (1, 0, "prepare/products"):
            return payload
        changed = bytearray(payload)
        changed[0] ^= 1
        return bytes(changed)

    failed = run(lambda mesh: _take(mesh, backend, opened[mesh.index], (3, 2)), 2, tamper=tamper)
    assert {r.check for r in failed} <= {"mac-check", "sacrifice"}
    for store in opened:
        assert store.epoch() is None
        assert store.span("masks/1") == (0, 0)
        assert len(store.burnt()) == 1
    results = run(lambda mesh: _take(mesh, backend, opened[mesh.index], (3, 2)), 2)
    (a, b, c, _m), _ = results[0]
    assert [x * y % R for x, y in zip(a, b, strict=True)] == c
    assert opened[0].epoch() is not None


def test_a_member_without_the_epoch_makes_everybody_start_a_new_one(backend, tmp_path):
    opened = stores(tmp_path, 2)
    run(lambda mesh: _take(mesh, backend, opened[mesh.index], (3, 2)), 2)
    before = opened[1].epoch()
    opened[0].burn("lost")
    run(lambda mesh: _take(mesh, backend, opened[mesh.index], (1, 1)), 2)
    assert opened[1].epoch() != before
    assert opened[0].span("triples") == opened[1].span("triples") == (1, 8)


@pytest.mark.parametrize("state", [b"", b"\xa0", b"\xa2eepoch@espans\x80"])
def test_a_malformed_state_blames_its_sender(backend, state):
    async def protocol(mesh):
        return await prepared(mesh, backend)

    results = run(protocol, 3, corrupt=lambda s, label, p: state if (s, label) == (2, "prepare/state") else p)
    assert [(r.check, r.blame) for r in results[:2]] == [("malformed-message", 2)] * 2
