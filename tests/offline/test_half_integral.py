# SPDX-License-Identifier: Apache-2.0
"""Keys and ciphertexts of which only a multiple is short: the proofs let them pass, and replies show no more for it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pytest

from support.cheats import CHEATER, LyingRing, once
from support.memory_mesh import run
from support.small_ring import DEGREE, small_parameters, small_scheme
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Ciphertext, PublicKey
from tallystick.offline import Epoch, LowGear, _epoch, _knowledge, start_epoch
from tallystick.offline._parameters import DIAGONAL_FACTOR
from tallystick.party import Party

R = FR_MODULUS
P = small_parameters()
PRIMES = [int(p) for p in P.ring.primes]
Q = prod(PRIMES)
ODD = np.ones(DEGREE, dtype=np.int64)
"""h: odd everywhere, and even times any X^i - X^j, so that a proof that takes h/2 for an integer holds."""


def rows(function, *polys):
    """Compute with rows of residues modulo each prime."""
    parts = [function(p, *(x.astype(object) for x in at)) for p, *at in zip(PRIMES, *polys, strict=True)]
    return np.stack([(part % p).astype(np.uint64) for part, p in zip(parts, PRIMES, strict=True)])


def plus_half(ring, poly):
    """Add r*h/2 modulo q."""
    zeros = np.zeros_like(poly)
    r_times_h = ring.public_key(zeros, 0 * ODD, ODD).b
    return rows(lambda p, x, h: x + h * pow(2, -1, p), poly, r_times_h)


def minus_half(ring, poly):
    return rows(lambda p, x, h: 2 * x - h, poly, plus_half(ring, poly))


# ---------------------------------------------------------------------- the key gets through, and is used as (a, 2b)
def proof_of_a_half(scheme, key, s, e, *, statement, random):
    """Prove b = a*s + r*(e + h/2), by first messages that lack r*h/2: responses are integers if no challenge is 0."""
    p, ring = P.key, scheme.ring
    while True:
        seed, hashed = random.bytes(32), _knowledge._hash([b"tallystick/v1/key-proof", *statement])
        masks = [_knowledge._key_mask(scheme, seed, k) for k in range(p.masks)]
        for mask in masks:
            _knowledge._absorb(hashed, minus_half(ring, ring.public_key(key.a, *mask).b))
        digest = hashed.digest()
        out = [digest]
        for (y_s, y_e), row in zip(
            masks, _knowledge._shifts(digest, DEGREE, p.masks, 1).tolist(), strict=True
        ):
            moved = _knowledge._times_monomial(ODD, max(row[0], 0)) - ODD
            z_s = _knowledge._combination(y_s, [s], row)
            z_e = _knowledge._combination(y_e, [e], row) + moved // 2
            if row[0] < 0 or not (_knowledge._inside([z_s], p.secret) and _knowledge._inside([z_e], p.noise)):
                break
            out += [_knowledge._pack_small(z_s, _knowledge._width(p.secret))]
            out += [_knowledge._pack_small(z_e, _knowledge._width(p.noise))]
        else:
            return b"".join(out)


def test_a_half_integral_key_passes_its_proof_and_is_answered_under_its_double(monkeypatch, fastest):
    honest = small_scheme(fastest)

    def half(honest_key, a, s, e):
        key = honest_key(a, s, e)
        return PublicKey(a, plus_half(honest.ring, key.b))

    answered = []

    def record(reply, target, y, key, **drawn):
        answered.append((target, key))
        return reply(target, y, key, **drawn)

    cheating = replace(honest, ring=LyingRing(honest.ring, public_key=once(half)))
    observed = replace(honest, ring=LyingRing(honest.ring, reply=record))
    prove_key = _epoch.prove_key

    def prove(scheme, *args, **kwargs):
        if scheme is cheating:
            return proof_of_a_half(honest, *args, **kwargs)
        return prove_key(scheme, *args, **kwargs)

    monkeypatch.setattr(_epoch, "prove_key", prove)
    sent = {}

    async def protocol(mesh):
        scheme = cheating if mesh.index == CHEATER else observed
        party = Party(mesh, fastest, b"session", Random.system())
        keys = await start_epoch(party, scheme)
        lowgear = LowGear(party, scheme, Epoch(keys))
        await lowgear.randoms()
        await lowgear.triples(1)
        return keys

    def overhear(sender, label, payload):
        sent[sender, label] = payload
        return payload

    run(protocol, 2, corrupt=overhear)
    size = DEGREE * 50 // 8 * len(PRIMES)
    b = honest.ring.unpack(sent[CHEATER, "prepare/key"][:size], len(PRIMES))

    def multiple(label, factor):
        parts = sent[CHEATER, label]
        halves = (honest.ring.unpack(parts[at : at + size], len(PRIMES)) for at in (0, size))
        return [rows(lambda p, x: factor * x, half) for half in halves]

    proven = [multiple("prepare/mac-key", DIAGONAL_FACTOR), multiple("prepare/b", 2)]
    assert len(answered) == 8
    for target, key in answered:
        assert np.array_equal(key.b, rows(lambda p, x: 2 * x, b))
        assert any(np.array_equal(target.c0, c0) and np.array_equal(target.c1, c1) for c0, c1 in proven)


# ---------------------------------------------------------------------- what a reply shows
def decrypted(reply, secret):
    """What the owner of the secret sees, d_0 - d_1*secret over the integers, centred."""

    def integers(poly):
        lifts = [(Q // p) * pow(Q // p, -1, p) for p in PRIMES]
        return [sum(int(x) * f for x, f in zip(column, lifts, strict=True)) for column in poly.T]

    d0, d1 = integers(reply.c0), integers(reply.c1)
    out = []
    for i in range(DEGREE):
        x = d0[i]
        for j, s in enumerate(secret.tolist()):
            x += -s * d1[i - j] if j <= i else s * d1[DEGREE + i - j]
        out.append((x + Q // 2) % Q - Q // 2)
    return out


HALVES = ["nothing", "key", "ciphertext"]
SECRETS = ["v", "e1", "y"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("another", SECRETS)
def test_a_reply_is_as_likely_with_other_secrets(fastest, rng, half, another):
    """What the owner sees is t + r*(u + w), t the plaintext and w below a bound: with another y, v or e1 and the same
    t it is the same for another u, moved by less than a 2^-80th of its range.
    """
    differences = seen_differences(fastest, rng, half, another, of_key=2, of_ciphertext=2)
    assert any(any(difference) for difference in differences)
    for difference in differences:
        assert all(x % R == 0 and abs(x) <= 2 * P.hidden_noise for x in difference)


@pytest.mark.parametrize(
    ("half", "another", "of_key", "of_ciphertext"), [("key", "v", 1, 2), ("ciphertext", "y", 2, 1)]
)
def test_it_would_not_be_without_the_factors_of_the_proofs(
    fastest, rng, half, another, of_key, of_ciphertext
):
    """Where secrets differ in the parity of their sum, what is seen of them differs by half of the modulus."""
    differences = seen_differences(fastest, rng, half, another, of_key=of_key, of_ciphertext=of_ciphertext)
    apart = [all(abs(x) > Q // 4 for x in difference) for difference in differences]
    together = [all(abs(x) <= 2 * P.hidden_noise for x in difference) for difference in differences]
    assert all(x != y for x, y in zip(apart, together, strict=True))
    assert any(apart)
    assert any(together)


def seen_differences(backend, rng, half, another, *, of_key, of_ciphertext):
    """Replies with the same plaintext and the same u, one secret of which is drawn anew: how far what is seen moves."""
    # Nothing is dropped, so that a reply is seen as it is before switching.
    ring = backend.ring(replace(P.ring, kept=len(PRIMES)))
    draw = _knowledge._Draws(rng.bytes(32))
    s = draw(ring.ternary)
    key = ring.public_key(ring.uniform(rng.bytes(32), bytes(12)), s, draw(ring.binomial))
    if half == "key":
        key = PublicKey(key.a, plus_half(ring, key.b))
    key = PublicKey(key.a, rows(lambda p, x: of_key * x, key.b))
    m = rng.vector(backend, DEGREE)
    opened = _knowledge.Opened(m.data, draw(ring.binomial), draw(ring.ternary), draw(ring.binomial))
    c = opened.encrypt(ring, key)
    if half == "ciphertext":
        c = Ciphertext(plus_half(ring, c.c0), c.c1)
    c = Ciphertext(*(rows(lambda p, x: of_ciphertext * x, part) for part in (c.c0, c.c1)))
    secrets = {"v": draw(ring.ternary), "e1": draw(ring.binomial), "y": draw(ring.box, 20) + (1 << 20)}
    u, plaintext = draw(ring.wide), rng.vector(backend, DEGREE)

    def product(x, y):
        x, y = (Vector(backend, ring.slots(z.data)) for z in (x, y))
        return Vector(backend, ring.coefficients((x * y).data))

    def seen(v, e1, y):
        factor = Vector.from_ints(backend, y.tolist())
        mask = product(factor, m) * of_ciphertext - plaintext
        return decrypted(ring.reply(c, factor.data, key, v=v, e1=e1, u=u, mask=mask.data), of_key * s)

    first, samples = seen(**secrets), {"v": ring.ternary, "e1": ring.binomial}
    differences = []
    for _ in range(16):
        drawn = draw(samples[another]) if another in samples else draw(ring.box, 20) + (1 << 20)
        differences.append([x - y for x, y in zip(seen(**secrets | {another: drawn}), first, strict=True)])
    # Around the modulus, as what is seen is only known modulo it.
    return [[(x + Q // 2) % Q - Q // 2 for x in difference] for difference in differences]
