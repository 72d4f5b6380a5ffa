from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest

from tallystick.backend import FR_MODULUS
from tallystick.errors import UsageError
from tallystick.offline import _parameters
from tallystick.offline._parameters import Box, derive, ring_primes

R = FR_MODULUS


def test_the_full_ring_is_inside_the_standard_and_as_the_spec_says():
    p = derive()
    assert prod(p.ring.primes).bit_length() <= 881
    assert (len(p.ring.primes), p.ring.kept, p.ring.wide_limbs) == (15, 6, 9)
    assert all(q % (2 * 32_768) == 1 and q < 2**50 for q in p.ring.primes)
    assert p.ring.primes == tuple(sorted(p.ring.primes, reverse=True))
    assert (2 * 32_768 + 1) ** p.plaintext.masks >= 2**128
    assert 11**p.diagonal.masks >= 2**128
    for difference in range(1, 11):
        assert _parameters.DIAGONAL_FACTOR % difference == 0


def test_drowning_and_decryption_have_their_margins():
    for p in (derive(), derive(8, insecure_degree=True)):
        n = p.ring.degree
        assert n * (p.hidden_noise // R + 1) * 2**80 <= 2 ** (52 * p.ring.wide_limbs)
        assert 4 * p.opened_noise < p.modulus
        assert 4 * p.switched_noise < p.switched_modulus
        for proof in (p.key, p.plaintext, p.diagonal):
            assert proof.noise.mask < 2**62
            assert proof.secret.response > 0


def test_a_box_accepts_with_probability_near_exp_minus_one_eighth():
    box = Box(mask=8 * 1000 * 5, shift=5)
    accepted = ((2 * box.response + 1) / (2 * box.mask + 1)) ** 1000
    assert 0.88 < accepted < 0.89


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
