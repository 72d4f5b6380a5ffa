# SPDX-License-Identifier: Apache-2.0
"""Whatever one member does to its pairwise messages: no wrong triple, random or mask is ever accepted."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.cheats import LyingRing, once
from support.memory_mesh import run
from support.small_ring import DEGREE, small_parameters, small_scheme
from tallystick.algebra import Random
from tallystick.backend import FR_MODULUS, Ciphertext
from tallystick.errors import ProtocolAbort
from tallystick.offline import Epoch, LowGear, Scheme, derive, start_epoch
from tallystick.offline._lowgear import _Checked
from tallystick.party import Party

R = FR_MODULUS
POLY = DEGREE * 50 // 8 * small_parameters().ring.kept
FACTORS = {"prepare/products": 5, "prepare/product-macs": 2, "prepare/random": 1, "prepare/mask": 1}
SIZE = 3


@cache
def epoch_keys(backend):
    """One honest epoch for all examples; each gets a copy of the key that it may burn."""

    async def protocol(mesh):
        party = Party(mesh, backend, b"session", Random(bytes([mesh.index + 1]) * 32))
        return await start_epoch(party, small_scheme(backend))

    return run(protocol, SIZE)


def attempt(backend, tamper):
    """Make some of everything with an answer tampered with; open it all under a check. Shares, or the aborts."""
    epochs = [Epoch(replace(keys, secret=keys.secret.copy())) for keys in epoch_keys(backend)]

    async def protocol(mesh):
        party = Party(mesh, backend, b"session", Random.system())
        epoch = epochs[mesh.index]
        lowgear = LowGear(party, small_scheme(backend), epoch)
        masks = await lowgear.masks(1)
        x = await lowgear.randoms()
        t = await lowgear.triples(1)
        online = _Checked(party, epoch)
        made = [t.a, t.b, t.c, x, masks.shared]
        with online.burning():
            for shared in made:
                await online.open(shared)
            await online.check()
        return epoch.keys.alpha, [(s.value.to_ints(), s.mac.to_ints()) for s in made]

    return run(protocol, SIZE, tamper=tamper), epochs


def right(results):
    """What the members hold is what it claims to be, and carries its MAC."""
    alpha = sum(r[0] for r in results) % R
    opened = []
    for k in range(len(results[0][1])):
        values = [sum(v) % R for v in zip(*(r[1][k][0] for r in results), strict=True)]
        macs = [sum(m) % R for m in zip(*(r[1][k][1] for r in results), strict=True)]
        assert macs == [alpha * v % R for v in values]
        opened.append(values)
    a, b, c, *_ = opened
    return [x * y % R for x, y in zip(a, b, strict=True)] == c


def bit(payload, position):
    changed = bytearray(payload)
    changed[position // 8 % len(changed)] ^= 1 << position % 8
    return bytes(changed)


def noise(backend, payload, amount):
    """Add ``amount`` to the constant coefficient of d_0, and so a known number to one item's coefficient."""
    ring = small_scheme(backend).ring
    kept = ring.parameters.kept
    d0 = ring.unpack(payload[:POLY], kept)
    primes = np.array(ring.parameters.primes[:kept], dtype=object)
    d0[:, 0] = ((d0[:, 0].astype(object) + amount) % primes).astype(np.uint64)
    return ring.pack(d0) + payload[POLY:]


CHANGES = st.one_of(
    st.tuples(st.just("bit"), st.integers(0, 1 << 20)),
    st.tuples(st.just("noise"), st.integers(-(1 << 300), 1 << 300)),
    st.tuples(st.just("noise"), st.sampled_from([1, -1, R, -R, R << 40, 1 << 250])),
    st.tuples(st.just("swap"), st.just(0)),
)


@given(
    label=st.sampled_from(sorted(FACTORS)),
    receiver=st.sampled_from([0, 2]),
    factor=st.integers(0, 4),
    change=CHANGES,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_answer_never_makes_wrong_material(fastest, label, receiver, factor, change):
    kind, amount = change

    def tamper(sender, to, found, payload):
        if (sender, to, found) != (1, receiver, label):
            return payload
        at = factor % FACTORS[label] * 2 * POLY
        part, rest = payload[at : at + 2 * POLY], (payload[:at], payload[at + 2 * POLY :])
        if kind == "bit":
            part = bit(part, amount)
        elif kind == "noise":
            part = noise(fastest, part, amount)
        else:
            part = part[POLY:] + part[:POLY]
        return rest[0] + part + rest[1]

    results, epochs = attempt(fastest, tamper)
    if any(isinstance(r, ProtocolAbort) for r in results):
        for k in (0, 2):
            assert isinstance(results[k], ProtocolAbort)
            assert results[k].check in {"mac-check", "sacrifice", "malformed-message"}
            assert (results[k].blame is not None) <= (results[k].check == "malformed-message")
            assert epochs[k].burnt
    else:
        assert right(results)


def test_small_noise_is_no_error_and_a_shift_by_one_is(fastest):
    """The property above has both outcomes: multiples of r below the slack vanish, anything else is caught."""

    def add(amount):
        def tamper(sender, to, found, payload):
            chosen = (sender, to, found) == (1, 0, "prepare/products")
            return noise(fastest, payload, amount) if chosen else payload

        return tamper

    results, _ = attempt(fastest, add(R))
    assert right(results)
    results, _ = attempt(fastest, add(1))
    assert {r.check for r in results} == {"sacrifice"}


def test_at_full_size_a_wrong_answer_burns_too(native):
    """The ring in use: an honest batch passes, then one residue of one answer is changed."""
    parameters = derive()
    scheme = Scheme(native, native.ring(parameters.ring), parameters)
    batches = 0
    burnt = {}

    def tamper(sender, to, found, payload):
        nonlocal batches
        if (sender, to, found) != (1, 0, "prepare/products"):
            return payload
        batches += 1
        return bit(payload, 8 * 1000) if batches == 2 else payload

    async def protocol(mesh):
        party = Party(mesh, native, b"session", Random.system())
        epoch = Epoch(await start_epoch(party, scheme))
        burnt[mesh.index] = epoch
        lowgear = LowGear(party, scheme, epoch)
        triples = await lowgear.triples(1)
        assert not epoch.burnt
        shares = (triples.a, triples.b, triples.c)
        held.append([(s.value[:8], s.mac[:8], epoch.keys.alpha) for s in shares])
        await lowgear.triples(1)

    held = []
    results = run(protocol, 2, tamper=tamper)
    opened = [x[0] + y[0] for x, y in zip(*held, strict=True)]
    macs = [x[1] + y[1] for x, y in zip(*held, strict=True)]
    alpha = sum(shares[0][2] for shares in held) % R
    assert (opened[0] * opened[1]).to_ints() == opened[2].to_ints()
    assert [(v * alpha).to_ints() for v in opened] == [m.to_ints() for m in macs]
    assert {r.check for r in results} <= {"mac-check", "sacrifice"}
    assert all(isinstance(r, ProtocolAbort) for r in results)
    assert burnt[0].burnt


@pytest.mark.parametrize("factor", range(5))
def test_every_factor_of_an_answer_is_covered(fastest, factor):
    def tamper(sender, to, found, payload):
        if (sender, to, found) != (1, 2, "prepare/products"):
            return payload
        at = factor * 2 * POLY
        return payload[:at] + noise(fastest, payload[at:], 5)

    results, epochs = attempt(fastest, tamper)
    assert {r.check for r in results} <= {"mac-check", "sacrifice"}
    assert epochs[0].burnt
    assert epochs[2].burnt


# ---------------------------------------------------------------------- what survives tells of the key
def test_a_reply_that_wraps_around_for_one_value_of_a_key_passes_with_the_others(fastest):
    """Selective failure: what is added vanishes modulo r unless a coefficient of the secret takes it beyond q'/2.

    No proof goes with a reply, so a cheater learns what the check tells: by survival, or once and the epoch is gone.
    """
    kept, modulus = small_parameters().ring.kept, small_parameters().switched_modulus
    primes = np.array(small_parameters().ring.primes[:kept], dtype=object)
    added, times_secret = (part * modulus // 100 // R * R for part in (21, 15))

    def first_coefficient(poly, amount):
        changed = poly.copy()
        changed[:, 0] = ((poly[:, 0].astype(object) + amount) % primes).astype(np.uint64)
        return changed

    outcomes = {}
    for trial in range(10):
        secrets, epochs, calls = [], {}, iter(range(1 << 30))

        def observed(honest, a, s, e, secrets=secrets):
            secrets.append(int(s[0]))
            return honest(a, s, e)

        def wrong(honest, *args, calls=calls, **drawn):
            reply = honest(*args, **drawn)
            if next(calls) != 2:  # The MAC of a.
                return reply
            return Ciphertext(first_coefficient(reply.c0, added), first_coefficient(reply.c1, times_secret))

        rings = [{"public_key": once(observed)}, {"reply": wrong}]

        async def protocol(mesh, trial=trial, rings=rings, epochs=epochs):
            party = Party(mesh, fastest, b"session", Random(bytes([trial, mesh.index] * 16)))
            scheme = small_scheme(fastest)
            scheme = replace(scheme, ring=LyingRing(scheme.ring, **rings[mesh.index]))

            epochs[mesh.index] = Epoch(await start_epoch(party, scheme))
            await LowGear(party, scheme, epochs[mesh.index]).triples(1)

        results = run(protocol, 2)
        assert epochs[0].burnt == isinstance(results[0], ProtocolAbort)
        outcomes.setdefault(secrets[0], set()).add(getattr(results[0], "check", "passed"))
    assert outcomes == {-1: {"mac-check"}, 0: {"passed"}, 1: {"passed"}}
