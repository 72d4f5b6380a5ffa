# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from support.memory_mesh import run
from support.small_ring import seated
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS
from tallystick.errors import ProtocolAbort

R = FR_MODULUS


async def _everything(mesh, backend):
    lowgear, epoch, _party = await seated(mesh, backend)
    triples = await lowgear.triples(2)
    randoms = await lowgear.randoms()
    masks = [await lowgear.masks(owner) for owner in range(mesh.size)]
    bits = await lowgear.bits(await lowgear.triples(1))
    shares = [triples.a, triples.b, triples.c, randoms, *(m.shared for m in masks), bits]
    clear = [None if m.clear is None else m.clear.to_ints() for m in masks]
    return epoch.keys.alpha, [(s.value.to_ints(), s.mac.to_ints()) for s in shares], clear


@pytest.mark.parametrize("size", [2, 3])
def test_material_is_what_it_claims_and_carries_its_mac(backend, size):
    results = run(lambda mesh: _everything(mesh, backend), size)
    alpha = sum(r[0] for r in results) % R
    opened = []
    for k in range(len(results[0][1])):
        values = [sum(v) % R for v in zip(*(r[1][k][0] for r in results), strict=True)]
        macs = [sum(m) % R for m in zip(*(r[1][k][1] for r in results), strict=True)]
        assert macs == [alpha * v % R for v in values]
        opened.append(values)
    a, b, c, randoms, *rest = opened
    masks, bits = rest[:size], rest[size]
    assert len(a) == 16
    assert [x * y % R for x, y in zip(a, b, strict=True)] == c
    assert [results[k][2][k] for k in range(size)] == masks
    assert all(r[2][k] is None for i, r in enumerate(results) for k in range(size) if k != i)
    assert set(bits) <= {0, 1}
    assert len(bits) == 8
    everything = a + b + c + randoms + [x for m in masks for x in m]
    assert len(set(everything)) == len(everything)


def flip(sender, label, position):
    def corrupt(found_sender, found, payload):
        if (found_sender, found) != (sender, label):
            return payload
        changed = bytearray(payload)
        changed[position] ^= 1
        return bytes(changed)

    return corrupt


async def _burnt_or_fine(mesh, backend):
    reasons = []
    lowgear = epoch = None
    try:
        lowgear, epoch, _party = await seated(mesh, backend, on_burn=reasons.append)
        await lowgear.triples(1)
    finally:
        if epoch is not None and mesh.index != 1:
            assert epoch.burnt == bool(reasons)
            mesh.burnt = reasons
    return "fine"


@pytest.mark.parametrize(
    ("label", "position", "check"),
    [
        ("prepare/key", 5, "key-proof"),
        ("prepare/key", -1, "response-box"),
        ("prepare/mac-key", 5, "diagonal-proof"),
        ("prepare/mac-key", -1, "response-box"),
        ("prepare/b", 5, "plaintext-proof"),
        ("prepare/b", -1, "response-box"),
        ("prepare/rho", 0, "mac-check"),
    ],
)
def test_a_changed_broadcast_is_caught_and_its_sender_named(backend, label, position, check):
    def corrupt(sender, found, payload):
        if (sender, found) != (1, label):
            return payload
        changed = bytearray(payload)
        changed[position] ^= 0x40 if position < 0 else 1
        return bytes(changed)

    results = run(lambda mesh: _burnt_or_fine(mesh, backend), corrupt=corrupt)
    for index, result in enumerate(results):
        assert isinstance(result, ProtocolAbort), index
        if index != 1:
            assert result.check == check
            assert result.blame == (None if check == "mac-check" else 1)


@pytest.mark.parametrize("label", ["prepare/products", "prepare/product-macs"])
def test_a_wrong_answer_is_caught_by_the_sacrifice(backend, label):
    """A garbled but canonical answer decrypts to something random: a wrong product or a wrong MAC."""

    def tamper(sender, receiver, found, payload):
        if (sender, receiver, found) != (1, 0, label):
            return payload
        changed = bytearray(payload)
        changed[0] ^= 1
        return bytes(changed)

    results = run(lambda mesh: _burnt_or_fine(mesh, backend), tamper=tamper)
    assert all(isinstance(r, ProtocolAbort) for r in results)
    assert {r.check for r in results} <= {"mac-check", "sacrifice"}


def test_a_burnt_epoch_gives_nothing(backend):
    async def protocol(mesh):
        lowgear, epoch, _party = await seated(mesh, backend)
        epoch.burn("test")
        with pytest.raises(ProtocolAbort, match="destroyed") as caught:
            await lowgear.randoms()
        assert caught.value.check == "burnt"
        return Vector.zeros(backend, 1).to_ints()

    assert run(protocol, 2) == [[0], [0]]
