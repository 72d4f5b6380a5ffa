# SPDX-License-Identifier: Apache-2.0
"""Numbers that depend on a ring's parameters alone; both backends take them from here.

Normative text: ``spec/ring.md``, "The ring".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ._protocol import FR_MODULUS
from ._ring_protocol import Poly, RingParameters

__all__ = ["RingConstants", "psi_powers", "ring_constants", "smallest_generator"]


def smallest_generator(p: int) -> int:
    """Return the smallest generator of the multiplicative group modulo the prime p (below 2**50)."""
    rest, factors, f = p - 1, set(), 2
    while f * f <= rest:
        while rest % f == 0:
            factors.add(f)
            rest //= f
        f += 1
    if rest > 1:
        factors.add(rest)
    return next(g for g in range(2, p) if all(pow(g, (p - 1) // f, p) != 1 for f in factors))


@dataclass(frozen=True, slots=True)
class RingConstants:
    """Per prime p_l: psi_l; and the integers of switching and decryption."""

    psi: tuple[int, ...]
    #: For l >= L': the inverse of r * (P/p_l) modulo p_l.
    switch_in: tuple[int, ...]
    #: Row l >= L', column l' < L': r * (P/p_l) modulo p_l'.
    switch_out: tuple[tuple[int, ...], ...]
    #: For l' < L': the inverse of P modulo p_l'.
    inverse_dropped: tuple[int, ...]
    #: For l' < L': the inverse of q'/p_l' modulo p_l'.
    crt_in: tuple[int, ...]
    #: For l' < L': q'/p_l' * P modulo r.
    crt_out: tuple[int, ...]
    #: q' * P modulo r.
    crt_wrap: int


@lru_cache(maxsize=8)
def ring_constants(parameters: RingParameters) -> RingConstants:
    """Compute the constants of a parameter set."""
    n, primes, kept = parameters.degree, parameters.primes, parameters.kept
    if n < 4 or n & (n - 1):
        raise ValueError(f"a ring's degree is a power of two from 4, not {n}")
    if not 1 <= kept <= len(primes):
        raise ValueError(f"{kept} of {len(primes)} primes cannot survive switching")
    for p in primes:
        if p % (2 * n) != 1 or p >= 1 << 50:
            raise ValueError(f"{p} is no prime below 2**50 that is 1 modulo {2 * n}")
    dropped = primes[kept:]
    q_kept = big = 1
    for p in primes[:kept]:
        q_kept *= p
    for p in dropped:
        big *= p
    r = FR_MODULUS
    return RingConstants(
        psi=tuple(pow(smallest_generator(p), (p - 1) // (2 * n), p) for p in primes),
        switch_in=tuple(pow(r * (big // p), -1, p) for p in dropped),
        switch_out=tuple(tuple(r * (big // p) % k for k in primes[:kept]) for p in dropped),
        inverse_dropped=tuple(pow(big, -1, k) for k in primes[:kept]),
        crt_in=tuple(pow(q_kept // k, -1, k) for k in primes[:kept]),
        crt_out=tuple(q_kept // k * big % r for k in primes[:kept]),
        crt_wrap=q_kept * big % r,
    )


@lru_cache(maxsize=4)
def psi_powers(parameters: RingParameters) -> Poly:
    """Return psi_l**k for k in [0, 2N): shape (L, 2N).  The array is shared: never write to it."""
    rows = []
    for p, psi in zip(parameters.primes, ring_constants(parameters).psi, strict=True):
        count = 2 * parameters.degree
        row = [1]
        for _ in range(count - 1):
            row.append(row[-1] * psi % p)
        rows.append(row)
    out = np.array(rows, dtype=np.uint64)
    out.flags.writeable = False
    return out
