# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from math import exp, log2, prod

import pytest

from support.spec_vectors import ROOT
from tallystick.backend import FR_MODULUS
from tallystick.errors import UsageError
from tallystick.offline import _parameters
from tallystick.offline._parameters import TRIPLE_REPLIES, Box, derive, ring_primes

R = FR_MODULUS


def test_the_full_ring_is_inside_the_standard_and_as_the_spec_says():
    p = derive()
    assert prod(p.ring.primes).bit_length() <= 881
    assert (len(p.ring.primes), p.ring.kept, p.ring.wide_limbs) == (15, 6, 10)
    assert all(q % (2 * 32_768) == 1 and q < 2**50 for q in p.ring.primes)
    assert p.ring.primes == tuple(sorted(p.ring.primes, reverse=True))
    assert (2 * 32_768 + 1) ** p.plaintext.masks >= 2**128
    assert 11**p.diagonal.masks >= 2**128
    for difference in range(1, 11):
        assert _parameters.DIAGONAL_FACTOR % difference == 0


def test_the_page_states_the_figures():
    p, page = derive(), (ROOT / "preparation.md").read_text(encoding="utf-8")
    shown = p.epoch_replies * p.ring.degree * (p.hidden_noise // R + 1)
    assert (
        f"{len(p.ring.primes)} primes ({log2(p.modulus):.0f} bits), {p.ring.kept} kept"
        f" ({log2(p.switched_modulus):.0f} bits), u of {p.drowning_bits} bits in {p.ring.wide_limbs} limbs, hidden"
        f" noise 2^{log2(p.hidden_noise):.1f}, reply noise 2^{log2(p.opened_noise):.1f}, all replies of an epoch"
        f" 2^{log2(shown) - p.drowning_bits:.1f}"
    ) in page
    triples = {m: p.replies_to_each(m) // TRIPLE_REPLIES * p.ring.degree // 10**8 / 10 for m in (2, 3, 16)}
    assert triples == {2: 157.0, 3: 78.5, 16: 2.4}
    assert "157·10^9 triples for 2 members, 78·10^9 for 3, 2.4·10^9 for 16" in page
    rows = dict(p.table())
    assert rows["drowned by"] == "u in [0, 2^493), times r"
    assert rows["shown by all of them"] == "2^-81.6 at most (statistical distance)"
    assert rows["limit for 16 members"].startswith("2,454,257,664 triples")


def test_drowning_and_decryption_have_their_margins():
    for p in (derive(), derive(8, insecure_degree=True)):
        n = p.ring.degree
        assert 52 * (p.ring.wide_limbs - 1) < p.drowning_bits <= 52 * p.ring.wide_limbs
        assert p.epoch_replies * n * (p.hidden_noise // R + 1) * 2**80 <= 2**p.drowning_bits // 2
        assert 4 * p.opened_noise < p.modulus
        assert 4 * p.switched_noise < p.switched_modulus
        for proof in (p.key, p.plaintext, p.diagonal):
            assert proof.noise.bits <= 62
            assert proof.secret.response > 0


def test_what_is_hidden_is_what_the_proofs_leave():
    """The worst case by another way: every bound attained at once, with all signs so that nothing cancels."""
    p = derive()
    n = p.ring.degree

    def extracted(proof, box, factor=n):
        return 2 * factor * getattr(proof, box).response

    # The key proof: 2b = a*s + r*e.
    s, e = extracted(p.key, "secret"), extracted(p.key, "noise")
    openings = [
        (extracted(p.plaintext, "secret"), extracted(p.plaintext, "noise"), n, p.plaintext),
        (extracted(p.diagonal, "secret", 2520), extracted(p.diagonal, "noise", 2520), 2520, p.diagonal),
    ]
    largest = 0
    for v, e1, factor, proof in openings:
        f = factor * ((R - 1) + R * proof.noise.response + R * proof.noise.response)
        decrypted = f + R * n * e * v + R * n * e1 * s
        reply = n * (R - 1) * decrypted + R * n * e * 1 + R * n * 21 * s + (R - 1)
        assert reply <= p.hidden_noise
        largest = max(largest, reply)
    assert p.hidden_noise <= 2 * largest


def test_an_epochs_replies_are_shared_out_among_pairs():
    p = derive()
    for members in range(2, 257):
        pairs = max(h * (members - h) for h in range(1, members))
        assert 0 < pairs * p.replies_to_each(members) <= p.epoch_replies
    assert p.replies_to_each(16) // 7 * 32_768 > 2 * 10**9


def test_an_accepted_response_has_one_mask_whatever_it_was_moved_by():
    box = Box(bits=4, shift=3)
    masks = range(-(1 << box.bits), 1 << box.bits)
    for by in range(-box.shift, box.shift + 1):
        accepted = sorted(mask + by for mask in masks if abs(mask + by) <= box.response)
        assert accepted == list(range(-box.response, box.response + 1))


def test_a_proof_is_accepted_with_probability_exp_minus_one_eighth():
    for p in (derive(), derive(8, insecure_degree=True)):
        n = p.ring.degree
        for proof, kinds in ((p.key, (1, 1)), (p.plaintext, (2, 1)), (p.diagonal, (2, 1))):
            accepted = 1.0
            for box, count in zip((proof.noise, proof.secret), kinds, strict=True):
                accepted *= ((2 * box.response + 1) / (2 << box.bits)) ** (proof.masks * n * count)
            assert exp(-1 / 8) < accepted < 1


def test_a_ring_that_is_too_small_is_refused():
    with pytest.raises(UsageError, match="128 bits"):
        derive(16_384)
    with pytest.raises(UsageError):
        derive(8)


def test_primes_are_the_largest_and_prime():
    assert ring_primes(2, 3)[0] < 2**50
    first = ring_primes(32_768, 1)[0]
    for candidate in range(first + 65_536, 2**50, 65_536):
        assert not _parameters._is_prime(candidate)
    p = derive(8, insecure_degree=True)
    assert replace(p) == p
