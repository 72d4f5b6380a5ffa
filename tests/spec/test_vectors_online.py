# SPDX-License-Identifier: Apache-2.0
"""The online phase computes what ``spec/model`` computed: commitments, coins, shares, products, checks."""

from __future__ import annotations

import asyncio
import hashlib
from types import SimpleNamespace

import pytest

from support.memory_mesh import Network
from support.spec_vectors import load, points, scalars, unhex
from tallystick.algebra import Generators, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.offline import Triples
from tallystick.online import Openings
from tallystick.online._rows import _fits
from tallystick.party import AuthenticatedOpenings, MacKey, Party, Shared, xor
from tallystick.proofs import commit_rows


class _Fixed(AuthenticatedOpenings):
    """Openings under a key that the vectors state."""

    def __init__(self, backend: Backend, key: MacKey) -> None:
        super().__init__(Party(mesh=None, backend=backend, session=b""))
        self._key = key

    @property
    def key(self) -> MacKey:
        return self._key

    def burn(self, reason: str) -> None:
        raise AssertionError(reason)

    def note_check(self, going_on: bool) -> None:
        raise AssertionError("no check is made here")


def _shared(backend, data, i):
    x, m = scalars(backend, data["x"]), scalars(backend, data["m"])
    return Shared(x[i : i + 1], m[i : i + 1])


def _same(shared, data, i):
    return shared.value.to_bytes() == unhex(data["x"])[32 * i : 32 * i + 32] and (
        shared.mac.to_bytes() == unhex(data["m"])[32 * i : 32 * i + 32]
    )


def test_commitments():
    data = load("online/commitments")
    party = Party(SimpleNamespace(), SimpleNamespace(), unhex(data["session"]))
    for case in data["cases"]:
        made = party.commitment(
            case["label"],
            case["round"],
            case["party"],
            unhex(case["nonce"]),
            unhex(case["payload"]),
        )
        assert made == unhex(case["commitment"])


def test_broadcast_digests_of_the_tests_own_mesh():
    """Most tests run over this mesh, so it must digest what the page says; the real one is tested below."""
    for case in load("online/broadcast_digests")["cases"]:
        network = Network(2)

        async def play(index, network=network, case=case):
            mesh = network.mesh(index)
            for message in case["messages"]:
                payload = unhex(message["payload"]) if index == 1 else b"other"
                await mesh.broadcast(message["label"], payload)
            return mesh.broadcast_digests()

        async def both(play=play):
            return await asyncio.gather(play(0), play(1))

        first, second = asyncio.run(both())
        assert first == second
        assert first[1] == unhex(case["digest"])


def test_broadcast_digests_of_the_mesh_between_processes():
    from tallystick.session._mesh import TlsMesh

    for case in load("online/broadcast_digests")["cases"]:
        mesh = SimpleNamespace(_digests=[hashlib.sha256(), hashlib.sha256()])
        for message in case["messages"]:
            TlsMesh._absorb(mesh, message["label"], [b"other", unhex(message["payload"])])
        assert mesh._digests[1].digest() == unhex(case["digest"])


def test_coins(backend):
    data = load("online/coins")
    seed = xor([unhex(share) for share in data["shares"]])
    assert seed == unhex(data["seed"])
    assert Vector.expand(backend, seed, bytes(12), 3).to_bytes() == unhex(data["challenges"])


def test_shares_and_products(backend):
    data = load("online/shares")
    alphas = scalars(backend, data["alphas"]).to_ints()
    opened = scalars(backend, data["d"]).to_ints() + scalars(backend, data["e"]).to_ints()

    class _Preparation:
        def __init__(self, i):
            self.key = MacKey(share=alphas[i], index=i)

    class _Told(Openings):
        """Multiplies with an opening whose result the vectors state; what this party would send is kept."""

        async def open(self, shared, *, label="open"):
            self.sent = shared.value.to_ints()
            return Vector.from_ints(backend, opened)

    sent = []
    for i in range(3):
        preparation = _Preparation(i)
        k = scalars(backend, data["k"])
        assert _same(preparation.key.add(_shared(backend, data["x"], i), k), data["x_plus_k"], i)
        online = _Told(Party(mesh=None, backend=backend, session=b""), preparation)
        triple = Triples(*(_shared(backend, data[name], i) for name in "abc"))
        x, y = (_shared(backend, data[name], i) for name in "xy")
        product = asyncio.run(online.multiply_with(triple, x, y))
        assert _same(product, data["product"], i)
        sent.append(online.sent)
    assert [sum(column) % FR_MODULUS for column in zip(*sent, strict=True)] == opened


@pytest.mark.parametrize("case", load("online/mac_check")["cases"], ids=lambda case: case["name"])
def test_mac_check(backend, case):
    alphas = scalars(backend, load("online/mac_check")["alphas"]).to_ints()
    (chi,) = scalars(backend, case["chi"]).to_ints()
    sums = []
    for i, alpha in enumerate(alphas):
        openings = _Fixed(backend, MacKey(share=alpha, index=i))
        opened, macs = scalars(backend, case["opened"]), scalars(backend, case["macs"][i])

        async def record(openings=openings, opened=opened, macs=macs):
            # Two pieces: the challenge's powers run on from one to the next.
            await openings.claim(opened[:2], macs[:2])
            await openings.claim(opened[2:], macs[2:])

        asyncio.run(record())
        sums.append(openings._fold(openings._claims["mac-check"], chi))
    assert sums == scalars(backend, case["sigmas"]).to_ints()
    assert (sum(sums) % FR_MODULUS == 0) == case["holds"]


def test_row_check(backend):
    data = load("online/row_check")
    generators = Generators(backend, data["columns"])
    (chi,) = scalars(backend, data["chi"]).to_ints()
    total_points = total_opened = None
    for party in data["parties"]:
        rows = [scalars(backend, row) for row in (*party["rows"], party["mask_row"])]
        gammas = Vector.concat([scalars(backend, party["gammas"]), scalars(backend, party["sigma"])])
        made = commit_rows(generators, data["columns"], Vector.concat(rows), gammas)
        assert made.to_bytes() == unhex(party["commitments"])
        weights = Vector.powers(backend, chi, len(rows) - 1, chi)
        opened = Vector.concat([scalars(backend, party["t"]), scalars(backend, party["gamma_t"])])
        combined = Vector.concat(rows[:-1]).combine(weights) + rows[-1]
        assert combined.to_bytes() == unhex(party["t"])
        committed = points(backend, party["commitments"])
        assert _fits(generators, data["columns"], committed, weights, opened)
        assert not _fits(generators, data["columns"], committed, weights, opened + 1)
        total_points = committed if total_points is None else total_points + committed
        total_opened = opened if total_opened is None else total_opened + opened
    assert _fits(generators, data["columns"], total_points, weights, total_opened)
