# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest

from support.memory_mesh import run
from support.small_ring import prepared, small_scheme
from tallystick.algebra import Random
from tallystick.backend import FR_MODULUS
from tallystick.encoding import dumps, loads
from tallystick.errors import ProtocolAbort, UsageError
from tallystick.offline import LowGearPreparation, Need, Store
from tallystick.online import Openings
from tallystick.party import Party

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


# ---------------------------------------------------------------------- so many replies, and then another epoch
LIMIT = 28
"""Four batches of triples between two members."""


async def _fill(mesh, backend, store, need, limit=LIMIT):
    scheme = small_scheme(backend)
    scheme = replace(scheme, parameters=replace(scheme.parameters, epoch_replies=limit))
    party = Party(mesh, backend, b"session", Random.system())
    preparation = await LowGearPreparation.open(party, scheme, store)
    await preparation.reserve(need)


def triples(n):
    return Need(triples=n, masks=(0, 0))


def test_replies_are_counted_on_disk_before_they_are_sent(fastest, tmp_path):
    opened, seen = stores(tmp_path, 2), []

    def watch(sender, _receiver, label, payload):
        if label in {"prepare/products", "prepare/product-macs", "prepare/random", "prepare/mask"}:
            seen.append((label, opened[sender].replies()))
        return payload

    need = Need(triples=9, randoms=1, bits=1, masks=(0, 1))
    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], need), 2, tamper=watch)
    # One mask, one random, a batch of bits, two batches of triples: a batch of either takes seven.
    order = [label for label, _ in seen]
    assert order.count("prepare/mask") == 1
    assert order.count("prepare/products") == order.count("prepare/product-macs") == 2 * 3
    assert {label: max(n for found, n in seen if found == label) for label in order} == {
        "prepare/mask": 1,
        "prepare/random": 2,
        "prepare/products": 2 + 7 + 14,
        "prepare/product-macs": 2 + 7 + 14,
    }
    assert min(n for label, n in seen if label == "prepare/products") == 2 + 7
    assert [store.replies() for store in opened] == [23, 23]


def test_a_session_that_begins_with_more_than_half_spent_makes_a_new_epoch(fastest, tmp_path):
    opened = stores(tmp_path, 2)
    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(16)), 2)
    before = opened[0].epoch()
    assert opened[0].replies() == 14
    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(17)), 2)
    assert opened[0].epoch() == before
    assert opened[0].replies() == 21
    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(17)), 2)
    assert opened[0].epoch() != before
    assert [store.replies() for store in opened] == [21, 21]
    assert [store.span("triples") for store in opened] == [(0, 24)] * 2


def test_what_passes_the_limit_is_refused_before_anything_of_it_is_made(fastest, tmp_path):
    opened, labels = stores(tmp_path, 2), set()

    def watch(_sender, _receiver, label, payload):
        labels.add(label)
        return payload

    for need in (triples(33), Need(bits=33, masks=(0, 0)), Need(triples=32, masks=(1, 0))):
        results = run(lambda mesh, n=need: _fill(mesh, fastest, opened[mesh.index], n), 2, tamper=watch)
        assert all(isinstance(r, UsageError) and "replies" in r.message for r in results)
        assert not labels & {"prepare/b", "prepare/mask", "prepare/random"}
    assert run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(32)), 2) == [None, None]
    assert [store.replies() for store in opened] == [LIMIT, LIMIT]


def test_beyond_a_reservation_the_limit_holds_as_well(fastest, tmp_path):
    opened = stores(tmp_path, 2)

    async def take(mesh):
        scheme = small_scheme(fastest)
        scheme = replace(scheme, parameters=replace(scheme.parameters, epoch_replies=7))
        party = Party(mesh, fastest, b"session", Random.system())
        preparation = await LowGearPreparation.open(party, scheme, opened[mesh.index])
        await preparation.triples(8)
        await preparation.triples(1)

    assert all(isinstance(r, UsageError) and "7 are made" in r.message for r in run(take, 2))
    assert [store.span("triples") for store in opened] == [(8, 8)] * 2


def test_all_count_on_from_the_largest_number(fastest, tmp_path):
    """A member that was interrupted after it had counted a batch."""
    opened = stores(tmp_path, 2)
    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(8)), 2)
    opened[1].count_replies(7)
    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(8)), 2)
    assert [store.replies() for store in opened] == [14, 14]


@pytest.mark.parametrize("claim", [LIMIT // 2 + 1, 1 << 62])
def test_a_member_that_claims_to_have_replied_often_only_ends_the_epoch(fastest, tmp_path, claim):
    opened = stores(tmp_path, 2)
    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(8)), 2)
    before = opened[0].epoch()

    def lie(sender, label, payload):
        if (sender, label) != (1, "prepare/state"):
            return payload
        return dumps(loads(payload, max_size=len(payload)) | {"replies": claim})

    run(lambda mesh: _fill(mesh, fastest, opened[mesh.index], triples(8)), 2, corrupt=lie)
    assert opened[0].epoch() not in {None, before}
    assert [store.replies() for store in opened] == [7, 7]


def test_burning_and_a_new_epoch_forget_the_number(tmp_path):
    (store,) = stores(tmp_path, 1)
    store.begin_epoch(b"1", b"keys")
    store.count_replies(7)
    with pytest.raises(ValueError, match="not taken back"):
        store.count_replies(-1)
    assert store.replies() == 7
    store.begin_epoch(b"2", b"keys")
    assert store.replies() == 0
    store.count_replies(7)
    store.burn("test")
    assert store.replies() == 0
