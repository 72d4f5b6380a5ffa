# SPDX-License-Identifier: Apache-2.0
"""When an epoch ends: every failed check, and every check that is cut short; and when it does not."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from support.memory_mesh import DROP, run
from support.small_ring import prepared, seated
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS
from tallystick.encoding import dumps, loads
from tallystick.errors import ProtocolAbort, UsageError
from tallystick.offline import Need, Store
from tallystick.online import Openings
from tallystick.party import Party, xor

R = FR_MODULUS


def opened(path, name="store"):
    return Store(path / f"{name}.sqlite", key=bytes(32), binding=name.encode())


# ---------------------------------------------------------------------- checks that are cut short
def test_a_cheater_that_falls_silent_in_a_check_knows_the_mac_key_and_finds_it_burnt(fastest):
    """Party 1 shifts an opened value by 1, reads the other's share of alpha out of its sum, and does not answer."""
    seen = {}
    epochs = {}

    def shift(sender, label, payload):
        if (sender, label) == (1, "prepare/rho"):
            first = (int.from_bytes(payload[:32], "little") + 1) % R
            return first.to_bytes(32, "little") + payload[32:]
        return payload

    def silent(sender, receiver, label, payload):
        seen[sender, label] = payload
        return DROP if (sender, label) == (1, "prepare/sacrifice/check/mac-check/open") else payload

    async def protocol(mesh):
        lowgear, epoch, _party = await seated(mesh, fastest)
        epochs[mesh.index] = (epoch, epoch.keys.alpha)
        await lowgear.triples(1)

    results = run(protocol, 2, corrupt=shift, tamper=silent)
    coins = [seen[k, "prepare/sacrifice/check/coins/open"][32:64] for k in range(2)]
    chi = Vector.expand(fastest, xor(coins), bytes(12), 2)[0]
    sums = [
        int.from_bytes(seen[k, "prepare/sacrifice/check/mac-check/open"][32:], "little") for k in range(2)
    ]
    assert (
        -sum(sums) * pow(chi, -1, R) % R == epochs[0][1]
    )  # Party 1's own sum is over what it did not shift.
    assert (results[0].check, results[0].blame) == ("deadline", 1)
    assert epochs[0][0].burnt


@pytest.mark.parametrize(
    ("label", "burnt"),
    [
        ("prepare/products", False),
        ("prepare/rho", False),
        ("prepare/sacrifice/check/coins/open", False),
        ("prepare/sacrifice/check/mac-check/commit", True),
        ("prepare/sacrifice/check/mac-check/open", True),
        ("prepare/sacrifice/check/sacrifice/open", True),
    ],
)
def test_silence_burns_only_once_sums_may_be_open(fastest, tmp_path, label, burnt):
    stores = [opened(tmp_path, f"{k}") for k in range(3)]

    async def protocol(mesh):
        preparation = await prepared(mesh, fastest, stores[mesh.index])
        await preparation.reserve(Need(triples=1, masks=(0, 0, 0)))

    silent = lambda s, r, found, p: DROP if (s, found) == (1, label) else p  # noqa: E731
    results = run(protocol, 3, tamper=silent)
    for k in (0, 2):
        assert (results[k].check, results[k].blame) == ("deadline", 1)
        assert (stores[k].epoch() is None) == burnt
        assert [reason.partition(":")[0] for _, reason in stores[k].burnt()] == ["deadline"] * burnt


def test_silence_in_the_check_of_a_run_burns_too(fastest):
    reasons = {}

    async def protocol(mesh):
        store = Store(None, key=bytes(32), binding=b"test")
        preparation = await prepared(mesh, fastest, store)
        online = Openings(preparation._party, preparation)
        await online.open(await preparation.randoms(2))
        try:
            await online.check("validate")
        finally:
            reasons[mesh.index] = [reason for _, reason in store.burnt()]

    silent = lambda s, r, found, p: DROP if (s, found) == (1, "validate/mac-check/open") else p  # noqa: E731
    run(protocol, 3, tamper=silent)
    assert reasons[0] == ["deadline: a check was cut short: party 1 is silent"]
    assert len(reasons[2]) == 1


def test_an_interrupted_check_burns(fastest):
    """An operator who loses patience with a silent peer must not save the epoch."""
    burnt = {}

    async def _check(openings):
        with openings._settling():
            await asyncio.sleep(10)

    async def alone(mesh):
        lowgear, epoch, _party = await seated(mesh, fastest)
        task = asyncio.ensure_future(_check(lowgear._openings))
        await asyncio.sleep(0)
        assert not epoch.burnt
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        burnt[mesh.index] = epoch.burnt

    run(alone, 2)
    assert burnt == {0: True, 1: True}


def test_a_process_that_died_in_a_check_finds_its_epoch_burnt(tmp_path):
    with opened(tmp_path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("triples", [(1, b"a")])
        store.note_check(True)
        store.note_check(False)
    with opened(tmp_path) as store:
        assert store.epoch() == b"keys"
        store.note_check(True)
    with opened(tmp_path) as store:
        assert store.epoch() is None
        assert store.span("triples") == (0, 0)
        ((identifier, reason),) = store.burnt()
        assert (identifier, reason.partition(":")[0]) == (b"e1", "a check was cut short")
        store.begin_epoch(b"e2", b"new keys")
    with opened(tmp_path) as store:
        assert store.epoch() == b"new keys"


def test_a_store_that_cannot_be_emptied_is_removed(tmp_path, monkeypatch):
    with opened(tmp_path) as store:
        store.begin_epoch(b"e1", b"keys")

        def full():
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(store, "_wipe", full)
        store.burn("mac-check: somebody lied")
        with pytest.raises(UsageError):
            store.epoch()
    assert not list(tmp_path.glob("store.sqlite*[!k]"))
    with opened(tmp_path) as store:
        assert store.epoch() is None


# ---------------------------------------------------------------------- what comes by notice
@pytest.mark.parametrize(("claim", "cut_short"), [("mac-check", True), ("sacrifice", False)])
def test_a_check_that_failed_at_a_peer_alone_burns_there_and_where_it_is_cut_short(fastest, claim, cut_short):
    """Party 1 shows party 2 another sum, which fails there; the others learn of it from party 2's notice.

    Before the last sum they are in the middle of a check themselves; after it they have only heard.
    """
    burnt = {}

    def other_sum(sender, receiver, label, payload):
        # Commitment and opening are exchanged together, so party 2 sees a sum that is honestly committed to.
        if (sender, receiver) == (1, 2) and label.startswith(f"prepare/sacrifice/check/{claim}/"):
            return other[label]
        return payload

    other = {}

    async def protocol(mesh):
        lowgear, epoch, party = await seated(mesh, fastest)
        if mesh.index == 1:
            nonce, payload = bytes(32), bytes([1]) + bytes(31)
            label = f"prepare/sacrifice/check/{claim}"
            other[f"{label}/open"] = nonce + payload
            # The coins of the sacrifice and of the check come first, and the sum before this one.
            rounds = party.rounds + (2 if claim == "mac-check" else 3)
            other[f"{label}/commit"] = Party.commitment(party, label, rounds, 1, nonce, payload)
        try:
            await lowgear.triples(1)
            await lowgear.triples(1)
        finally:
            burnt[mesh.index] = epoch.burnt

    results = run(protocol, 3, tamper=other_sum)
    assert [(r.check, r.heard) for r in results] == [(claim, k != 2) for k in range(3)]
    assert burnt == {0: cut_short, 1: cut_short, 2: True}
    assert "stopped" in results[0].message


@pytest.mark.parametrize("name", ["mac-check", "sacrifice", "burnt", "equivocation", "whatever"])
@pytest.mark.parametrize("accused", [None, 0, 1])
def test_a_notice_alone_empties_nobodys_store(fastest, tmp_path, name, accused):
    """Party 1 says that a check failed, which it did not: everybody else keeps what it has, and goes on with it."""
    stores = [opened(tmp_path, f"{k}") for k in range(3)]

    async def fill(mesh, notice=None):
        preparation = await prepared(mesh, fastest, stores[mesh.index])
        online = Openings(preparation._party, preparation)
        await preparation.reserve(Need(triples=8, masks=(0, 0, 0)))
        with online.burning():
            if mesh.index == 1 and notice:
                # Its own store is none of its victims' business.
                raise ProtocolAbort("stopped: so it says", check=name, blame=accused, heard=True)
            await online.open(await preparation.randoms(1))

    run(fill, 3)
    before = [stores[k].epoch() for k in (0, 2)]
    results = run(lambda mesh: fill(mesh, notice=True), 3)
    assert {results[k].check for k in (0, 2)} == {name}
    assert [stores[k].epoch() for k in (0, 2)] == before
    assert [stores[k].burnt() for k in (0, 2)] == [[], []]
    assert run(fill, 3) == [None] * 3
    assert [stores[k].epoch() for k in (0, 2)] == before


def test_a_failure_after_the_epoch_is_burnt_says_so(fastest):
    async def protocol(mesh):
        lowgear, epoch, _party = await seated(mesh, fastest)
        epoch.burn("test")
        with pytest.raises(ProtocolAbort) as caught:
            await lowgear.triples(1)
        return caught.value.check

    assert run(protocol, 2) == ["burnt", "burnt"]


# ---------------------------------------------------------------------- members told different things
def test_a_member_that_tells_different_states_is_found_before_anything_is_aligned(fastest, tmp_path):
    stores = [opened(tmp_path, f"{k}") for k in range(3)]

    async def fill(mesh):
        preparation = await prepared(mesh, fastest, stores[mesh.index])
        await preparation.reserve(Need(triples=4, masks=(0, 0, 0)))

    def another(sender, receiver, label, payload):
        if (sender, receiver, label) != (1, 2, "prepare/state"):
            return payload
        assert payload.count(b"\x00\x08") == 1
        return payload.replace(b"\x00\x08", b"\x05\x08")  # Party 2 is told that five triples are gone.

    run(fill, 3)
    results = run(fill, 3, tamper=another)
    assert [(r.check, r.blame) for r in (results[0], results[2])] == [
        ("equivocation", None),
        ("equivocation", 1),
    ]
    assert [store.span("triples") for store in stores] == [(0, 8)] * 3


def test_a_member_that_opens_different_coins_convicts_nobody_honest(fastest):
    other = {}

    def two_coins(sender, receiver, label, payload):
        if (sender, receiver) == (1, 2) and label in other:
            return other[label]
        return payload

    async def protocol(mesh):
        label = "prepare/epoch"
        if mesh.index == 1:
            party = type("Seat", (), {"session": b"session"})
            other[f"{label}/open"] = bytes(64)
            other[f"{label}/commit"] = Party.commitment(party, label, 0, 1, bytes(32), bytes(32))
        await seated(mesh, fastest)

    results = run(protocol, 3, tamper=two_coins)
    assert [(r.check, r.blame) for r in (results[0], results[2])] == [
        ("equivocation", None),
        ("equivocation", 1),
    ]


@pytest.mark.parametrize("position", [(1 << 56) + 1, 1 << 62])
def test_a_member_that_claims_to_have_used_everything_up_only_ends_the_epoch(fastest, tmp_path, position):
    stores = [opened(tmp_path, f"{k}") for k in range(2)]

    async def fill(mesh):
        preparation = await prepared(mesh, fastest, stores[mesh.index])
        await preparation.reserve(Need(triples=4, masks=(0, 0)))

    def far(sender, label, payload):
        if (sender, label) != (1, "prepare/state"):
            return payload
        state = loads(payload, max_size=len(payload))
        state["spans"][0] = [position, position]
        return dumps(state)

    run(fill, 2)
    before = stores[0].epoch()
    assert run(fill, 2, corrupt=far) == [None, None]
    assert stores[0].epoch() != before
    assert stores[0].span("triples") == stores[1].span("triples") == (0, 8)
    assert run(fill, 2) == [None, None]
