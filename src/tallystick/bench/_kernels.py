# SPDX-License-Identifier: Apache-2.0
"""Calls of single backend operations on fixed pseudorandom arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import ParamSpec, TypeAlias, TypeVar, cast

import numpy as np

from ..backend import FR_MODULUS, Backend, Ciphertext, FrArray, G1Array, PublicKey, Ring, Small
from ..offline import Parameters, derive

__all__ = [
    "elements",
    "fr_combine",
    "fr_expand",
    "fr_from_bytes",
    "fr_matvec",
    "fr_ntt",
    "fr_powers",
    "fr_sqrt",
    "g1_add",
    "g1_from_bytes",
    "g1_hash",
    "g1_subset_sums",
    "on_elements",
    "on_points",
    "points",
    "remembered",
    "ring_combine",
    "ring_decrypt",
    "ring_encrypt",
    "ring_ntt",
    "ring_pack",
    "ring_reply",
    "ring_slots",
    "ring_unpack",
    "ring_wide",
]

_SEED = b"tallystick bench: a public seed."
_DST = b"TALLYSTICK-BENCH"
_ROWS = 64
_POINTS = 64

Call: TypeAlias = Callable[[], object]
Make: TypeAlias = Callable[[Backend, int], Call]
_P = ParamSpec("_P")
_T = TypeVar("_T")


def remembered(make: Callable[_P, _T]) -> Callable[_P, _T]:
    """Keep what was made last for a few backends and sizes."""
    return cast(Callable[_P, _T], lru_cache(maxsize=4)(make))


def elements(backend: Backend, n: int, column: int = 0) -> FrArray:
    """Return n fixed uniform elements; each column is another vector."""
    return backend.fr_expand(_SEED, column.to_bytes(12, "big"), n)


@remembered
def points(backend: Backend, n: int) -> G1Array:
    """Return n different fixed points: hashed ones, and their sums with others."""
    made = backend.g1_hash([b"%d" % k for k in range(min(n, _POINTS))], _DST)
    while len(made) < n:
        shift = backend.g1_hash([b"shift %d" % len(made)], _DST)
        made = np.concatenate([made, backend.g1_add(made, np.repeat(shift, len(made), axis=0))])
    return made[:n]


def on_elements(operation: str, columns: int = 1) -> Make:
    """Return what prepares a call of a backend's operation, by its name, on so many vectors of n elements."""
    return lambda backend, n: partial(
        getattr(backend, operation), *(elements(backend, n, k) for k in range(columns))
    )


def on_points(operation: str, columns: int = 0) -> Make:
    """Return what prepares a call on n points, and on so many vectors of n 255-bit scalars."""
    return lambda backend, n: partial(
        getattr(backend, operation), points(backend, n), *(elements(backend, n, k) for k in range(columns))
    )


# ---------------------------------------------------------------------- Fr
def fr_combine(backend: Backend, n: int) -> Call:
    """Combine the rows of a matrix of n elements."""
    return partial(backend.fr_combine, elements(backend, n), elements(backend, _ROWS, 1))


def fr_matvec(backend: Backend, n: int) -> Call:
    """Multiply a matrix of n elements by a vector."""
    return partial(backend.fr_matvec, elements(backend, n), elements(backend, n // _ROWS, 1))


def fr_powers(backend: Backend, n: int) -> Call:
    """Compute n powers of one element."""
    return partial(backend.fr_powers, FR_MODULUS // 3, n)


def fr_sqrt(backend: Backend, n: int) -> Call:
    """Take the roots of n squares."""
    a = elements(backend, n)
    return partial(backend.fr_sqrt, backend.fr_mul(a, a))


def fr_ntt(backend: Backend, n: int) -> Call:
    """Transform n coefficients to values."""
    return partial(backend.fr_ntt, elements(backend, n), n)


def fr_expand(backend: Backend, n: int) -> Call:
    """Expand a seed to n elements."""
    return partial(backend.fr_expand, _SEED, bytes(12), n)


def fr_from_bytes(backend: Backend, n: int) -> Call:
    """Decode n elements."""
    return partial(backend.fr_from_bytes, backend.fr_to_bytes(elements(backend, n)))


# ---------------------------------------------------------------------- G1
def g1_add(backend: Backend, n: int) -> Call:
    """Add n pairs of points."""
    return partial(backend.g1_add, points(backend, n), points(backend, n)[::-1].copy())


def g1_subset_sums(backend: Backend, n: int) -> Call:
    """Sum 64 subsets of n points."""
    bits = np.random.default_rng(0).integers(0, 2, (_ROWS, n), dtype=np.uint8)
    return partial(backend.g1_subset_sums, points(backend, n), bits)


def g1_hash(backend: Backend, n: int) -> Call:
    """Hash n short messages to the curve."""
    return partial(backend.g1_hash, [b"%d" % k for k in range(n)], _DST)


def g1_from_bytes(backend: Backend, n: int) -> Call:
    """Decompress n points, subgroup check included."""
    return partial(backend.g1_from_bytes, backend.g1_to_bytes(points(backend, n)))


# ---------------------------------------------------------------------- BGV
@lru_cache(maxsize=2)
def _parameters(degree: int) -> Parameters:
    return derive() if degree == 1 << 15 else derive(degree, insecure_degree=True)


@remembered
def _ring(backend: Backend, degree: int) -> tuple[Ring, Small, PublicKey]:
    """Return the ring, a secret key and its public key."""
    ring = backend.ring(_parameters(degree).ring)
    s = ring.ternary(_SEED, bytes(12))
    e = ring.binomial(_SEED, b"\1" + bytes(11))
    return ring, s, ring.public_key(ring.uniform(_SEED, b"\2" + bytes(11)), s, e)


def ring_ntt(backend: Backend, degree: int) -> Call:
    """Transform one polynomial modulo one prime."""
    full = _parameters(degree).ring
    one = type(full)(degree=degree, primes=full.primes[:1], kept=1, wide_limbs=full.wide_limbs)
    ring = backend.ring(one)
    return partial(ring.to_evaluation, ring.ternary(_SEED, bytes(12)))


def ring_encrypt(backend: Backend, degree: int) -> Call:
    """Encrypt N slots, their packing and the randomness left out."""
    ring, s, key = _ring(backend, degree)
    e = ring.binomial(_SEED, bytes(12))
    return partial(ring.encrypt, key, elements(backend, degree), e, s, e)


def ring_reply(backend: Backend, degree: int) -> Call:
    """Multiply a ciphertext by a plaintext, drown it, and switch the modulus."""
    ring, s, key = _ring(backend, degree)
    e, u = ring.binomial(_SEED, bytes(12)), ring.wide(_SEED, bytes(12))
    ciphertext = ring.encrypt(key, elements(backend, degree), e, s, e)
    y, mask = elements(backend, degree, 1), elements(backend, degree, 2)
    return partial(ring.reply, ciphertext, y, key, v=s, e1=e, u=u, mask=mask)


def ring_decrypt(backend: Backend, degree: int) -> Call:
    """Decrypt a reply."""
    ring, s, _ = _ring(backend, degree)
    reply = cast(Ciphertext, ring_reply(backend, degree)())
    return partial(ring.decrypt, reply, ring.to_evaluation(s))


def ring_combine(backend: Backend, degree: int) -> Call:
    """Combine 16 ciphertexts into 8 sums with monomials, as the verifier of a batch of ciphertexts does."""
    ring, s, key = _ring(backend, degree)
    e, m = ring.binomial(_SEED, bytes(12)), elements(backend, degree)
    ciphertexts = [ring.encrypt(key, m, e, s, ring.binomial(_SEED, bytes([k] * 12))) for k in range(16)]
    shifts = (np.arange(8 * 16, dtype=np.int64) * 7919 % (2 * degree)).reshape(8, 16)
    return partial(ring.combine, ciphertexts, shifts)


def ring_slots(backend: Backend, degree: int) -> Call:
    """Evaluate a plaintext polynomial at its slots."""
    return partial(_ring(backend, degree)[0].slots, elements(backend, degree))


def ring_wide(backend: Backend, degree: int) -> Call:
    """Draw the integers that drown a reply."""
    return partial(_ring(backend, degree)[0].wide, _SEED, bytes(12))


def ring_pack(backend: Backend, degree: int) -> Call:
    """Pack one polynomial modulo q, 50 bits a residue."""
    ring, _, key = _ring(backend, degree)
    return partial(ring.pack, key.b)


def ring_unpack(backend: Backend, degree: int) -> Call:
    """Unpack it and check every residue."""
    ring, _, key = _ring(backend, degree)
    return partial(ring.unpack, ring.pack(key.b), len(key.b))
