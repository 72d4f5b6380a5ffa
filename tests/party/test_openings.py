# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from support.insecure_dealer import InsecureDealer
from support.memory_mesh import run
from tallystick.algebra import Random, Vector
from tallystick.errors import ProtocolAbort
from tallystick.online import Openings
from tallystick.party import MacKey, Party, Shared, _openings


async def seated(mesh, backend, **options):
    party = Party(mesh, backend, b"session", Random(bytes([mesh.index + 1]) * 32))
    return Openings(party, await InsecureDealer.start(party), **options)


def flip(sender, label, position=0, parts=()):
    """Corrupt one message of one sender, adding 1 to a byte."""

    def corrupt(found_sender, found, payload):
        if (found_sender, found) == (sender, label):
            changed = bytearray(payload)
            changed[position] ^= 1
            return bytes(changed)
        return payload

    return corrupt


@pytest.mark.parametrize("size", [2, 3])
def test_material_is_what_it_claims(backend, size):
    async def protocol(mesh):
        online = await seated(mesh, backend)
        p = online.preparation
        t = await p.triples(5)
        bits, randoms, masks = await p.bits(40), await p.randoms(3), await p.masks(1, 4)
        opened = [await online.open(s) for s in (t.a, t.b, t.c, bits, randoms, masks.shared)]
        await online.check()
        return [v.to_ints() for v in opened], masks.clear and masks.clear.to_ints(), p.used

    results = run(protocol, size)
    a, b, c, bits, randoms, masks = results[0][0]
    r = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    assert [x * y % r for x, y in zip(a, b, strict=True)] == c
    assert set(bits) == {0, 1}
    assert len(set(a + b + randoms + masks)) == 17
    assert [owned for _, owned, _ in results] == [None, masks] + [None] * (size - 2)
    used = results[0][2]
    assert (used.triples, used.bits, used.randoms, used.masks) == (5, 40, 3, (0, 4) + (0,) * (size - 2))


def test_linear_maps_and_products(backend):
    async def protocol(mesh):
        online = await seated(mesh, backend)
        x, y = await online.preparation.randoms(4), await online.preparation.randoms(4)
        key = online.preparation.key
        five = Vector.from_ints(backend, [5, 6, 7, 8])
        terms = [
            x + y, x - y, -x, x * 3, x * five, key.add(x, five), key.constant(five),
            Shared.concat([x[1:3], y[:2]]), x[:1].pad(4), await online.multiply(x, y),
        ]  # fmt: skip
        opened = [(await online.open(s)).to_ints() for s in [x, y, *terms]]
        await online.check()
        return opened

    results = run(protocol)
    assert results[0] == results[1] == results[2]
    r = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    x, y, *terms = results[0]
    pairs = list(zip(x, y, strict=True))
    assert terms == [
        [(a + b) % r for a, b in pairs],
        [(a - b) % r for a, b in pairs],
        [-a % r for a in x],
        [3 * a % r for a in x],
        [a * k % r for a, k in zip(x, (5, 6, 7, 8), strict=True)],
        [(a + k) % r for a, k in zip(x, (5, 6, 7, 8), strict=True)],
        [5, 6, 7, 8],
        [*x[1:3], *y[:2]],
        [x[0], 0, 0, 0],
        [a * b % r for a, b in pairs],
    ]


async def _square(mesh, backend, **options):
    online = await seated(mesh, backend, **options)
    x = await online.preparation.randoms(3)
    z = await online.multiply(x, x)
    await online.check()
    return online, z


@pytest.mark.parametrize("position", [0, 95, 96, 191])
def test_a_flipped_share_fails_the_mac_check(backend, position):
    results = run(lambda mesh: _square(mesh, backend), corrupt=flip(1, "multiply", position))
    assert all(isinstance(r, ProtocolAbort) for r in results)
    assert {results[i].check for i in (0, 2)} == {"mac-check"}


def test_a_lie_about_a_mac_share_fails_the_mac_check(backend):
    async def protocol(mesh):
        online = await seated(mesh, backend)
        x = await online.preparation.randoms(3)
        if mesh.index == 2:
            x = Shared(x.value, x.mac + 1)
        await online.open(x)
        await online.check()

    results = run(protocol)
    assert [r.check for r in results] == ["mac-check"] * 3


def test_a_sigma_that_is_not_the_committed_one_is_blamed(backend):
    results = run(lambda mesh: _square(mesh, backend), corrupt=flip(1, "check/mac-check/open", 40))
    assert [(results[i].check, results[i].blame) for i in (0, 2)] == [("commitment", 1)] * 2


def test_a_nonzero_zero_is_named(backend):
    async def protocol(mesh):
        online = await seated(mesh, backend)
        x = await online.preparation.randoms(3)
        opened = await online.open(x)
        await online.assert_zero(online.preparation.key.add(x, -opened), check="gate-check")
        await online.check()
        await online.assert_zero(x, check="assert-zero")
        await online.check()

    assert [r.check for r in run(protocol)] == ["assert-zero"] * 3


@pytest.mark.parametrize("receiver", [0, 2])
def test_equivocation_is_caught_and_blamed_by_the_one_it_hit(backend, receiver):
    def tamper(sender, to, label, payload):
        if (sender, to, label) == (1, receiver, "multiply"):
            return bytes([payload[0] ^ 1]) + payload[1:]
        return payload

    results = run(lambda mesh: _square(mesh, backend), tamper=tamper)
    assert (results[receiver].check, results[receiver].blame) == ("equivocation", 1)
    other = results[2 - receiver]
    assert other.check == "equivocation"
    assert other.blame in (None, receiver, 1)


def test_a_misreport_about_my_own_broadcasts_is_blamed(backend):
    async def protocol(mesh):
        if mesh.index == 1:
            honest = mesh.broadcast_digests
            mesh.broadcast_digests = lambda: (bytes(32), *honest()[1:])
        return await _square(mesh, backend)

    results = run(protocol)
    assert (results[0].check, results[0].blame) == ("equivocation", 1)
    assert (results[2].check, results[2].blame) == ("equivocation", None)


def test_a_failed_check_burns_the_material(backend):
    kept = {}

    async def protocol(mesh):
        online = await seated(mesh, backend)
        kept[mesh.index] = online.preparation
        x = await online.preparation.randoms(1)
        await online.open(x)
        await online.check()

    run(protocol, corrupt=flip(1, "open"))
    for index in (0, 2):
        with pytest.raises(ProtocolAbort) as caught:
            _ = kept[index].key
        assert caught.value.check == "burnt"
        assert "mac-check" in str(caught.value)


def test_checks_run_by_themselves_when_much_is_pending(backend):
    async def protocol(mesh):
        online = await seated(mesh, backend, pending_limit=5)
        x = await online.preparation.randoms(3)
        await online.open(x)
        await online.open(x)
        return "reached"

    assert run(protocol) == ["reached"] * 3
    assert {r.check for r in run(protocol, corrupt=flip(1, "open")) if not isinstance(r, str)} == {
        "mac-check"
    }


def test_the_fold_does_not_depend_on_how_claims_are_cut(backend, rng, monkeypatch):
    class Key:
        key = MacKey(share=5, index=0)

    online = Openings(Party(None, backend, b"", rng), Key())
    x, m = rng.vector(backend, 23), rng.vector(backend, 23)
    expected = Vector.powers(backend, 7, len(x), 7).dot(m - x * 5)
    for chunk in (1, 4, 23, 64):
        monkeypatch.setattr(_openings, "_CHUNK", chunk)
        whole = [_openings.Claim(x, m)]
        cut = [_openings.Claim(x[:3], m[:3]), _openings.Claim(x[3:], m[3:])]
        assert online._fold(whole, 7) == online._fold(cut, 7) == expected


def test_after_a_false_opening_the_sum_of_the_zero_claims_stays_closed(backend):
    """Both sums would be multiples of one alpha; their ratio could depend on honest inputs."""
    seen = []

    def corrupt(sender, label, payload):
        seen.append(label)
        return flip(1, "multiply")(sender, label, payload)

    async def protocol(mesh):
        online = await seated(mesh, backend)
        x, y = await online.preparation.randoms(4), await online.preparation.randoms(4)
        product = await online.multiply(x, y)
        await online.assert_zero(product - product, check="gate-check")
        await online.check()

    results = run(protocol, corrupt=corrupt)
    assert {r.check for r in results} == {"mac-check"}
    assert any(label.startswith("check/mac-check") for label in seen)
    assert not any("gate-check" in label for label in seen)
