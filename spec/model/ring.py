# SPDX-License-Identifier: Apache-2.0
"""BGV as in ``spec/ring.md``, in integers.

Polynomials are lists of N ints, modulo q or in Fr, and products are schoolbook.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from codec import DecodeError
from hashing import chacha20_block

from algebra import R

Polynomial = list[int]
PRIME_BITS, LIMB_BITS = 50, 52


def stream(seed: bytes, nonce: bytes, length: int) -> bytes:
    """Return the first bytes of the ChaCha20 key stream."""
    blocks = (chacha20_block(seed, nonce, i) for i in range(-(-length // 64)))
    return b"".join(blocks)[:length]


def words(seed: bytes, nonce: bytes, size: int, count: int) -> list[int]:
    """Return ``count`` little-endian words of ``size`` bytes."""
    data = stream(seed, nonce, size * count)
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]


def is_prime(n: int) -> bool:
    """Whether n is prime: Miller and Rabin with bases that are enough below 2^64."""
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if n < 40:
        return n in bases
    twos = (n - 1 & 1 - n).bit_length() - 1
    odd = n - 1 >> twos
    for base in bases:
        powers = [pow(base, odd << k, n) for k in range(twos)]
        if powers[0] != 1 and n - 1 not in powers:
            return False
    return True


def factors(n: int) -> set[int]:
    """Return the primes that divide n."""
    found, f = set(), 2
    while f * f <= n:
        while n % f == 0:
            found.add(f)
            n //= f
        f += 1
    return found | ({n} if n > 1 else set())


@dataclass(frozen=True)
class Ring:
    """R_q for degree N, L primes of which the first ``kept`` survive switching, masks of ``wide`` limbs."""

    degree: int
    count: int
    kept: int
    wide_limbs: int

    @cached_property
    def primes(self) -> list[int]:
        """The L largest primes below 2^50 that are 1 modulo 2N."""
        found: list[int] = []
        candidate = (1 << PRIME_BITS) // (2 * self.degree) * 2 * self.degree + 1
        while len(found) < self.count:
            candidate -= 2 * self.degree
            if is_prime(candidate):
                found.append(candidate)
        return found

    @cached_property
    def psi(self) -> list[int]:
        """A root of order 2N modulo each prime, by the smallest generator."""
        out = []
        for p in self.primes:
            dividing = factors(p - 1)
            g = 2
            while any(pow(g, (p - 1) // f, p) == 1 for f in dividing):
                g += 1
            out.append(pow(g, (p - 1) // (2 * self.degree), p))
        return out

    @property
    def q(self) -> int:
        """The ciphertext modulus."""
        return prod(self.primes)

    # -- domains ------------------------------------------------------------------------------------

    def rows(self, a: Polynomial, count: int | None = None) -> list[list[int]]:
        """Return the residues of an element."""
        return [[x % p for x in a] for p in self.primes[:count]]

    def exponents(self) -> list[int]:
        """Return 2 rev(i) + 1 for every i."""
        bits = self.degree.bit_length() - 1
        return [2 * int(f"{i:0{bits}b}"[::-1], 2) + 1 for i in range(self.degree)]

    def evaluate(self, a: Polynomial) -> list[list[int]]:
        """Return the rows of an element in the evaluation domain."""
        return [
            [sum(x * pow(psi, e * k, p) for k, x in enumerate(row)) % p for e in self.exponents()]
            for row, p, psi in zip(self.rows(a), self.primes, self.psi, strict=True)
        ]

    def interpolate(self, rows: list[list[int]]) -> Polynomial:
        """Return the element modulo q that has these values: the inverse of ``evaluate``."""
        coefficients = []
        for row, p, psi in zip(rows, self.primes, self.psi, strict=True):
            pairs = list(zip(row, self.exponents(), strict=True))
            over = pow(self.degree, -1, p)
            coefficients.append(
                [sum(v * pow(psi, -e * k, p) for v, e in pairs) * over % p for k in range(self.degree)]
            )
        return [self.remainder(column) for column in zip(*coefficients, strict=True)]

    def remainder(self, residues: tuple[int, ...]) -> int:
        """Return the integer in [0, q) with these residues."""
        q = self.q
        return sum(x * (q // p) * pow(q // p, -1, p) for x, p in zip(residues, self.primes, strict=True)) % q

    def slots(self, a: Polynomial) -> list[int]:
        """Return the slots of a plaintext polynomial."""
        psi = pow(7, (R - 1) // (2 * self.degree), R)
        return [
            sum(x * pow(psi, (2 * i + 1) * k, R) for k, x in enumerate(a)) % R for i in range(self.degree)
        ]

    def times(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """Return a·b modulo X^N + 1, over the integers."""
        out = [0] * self.degree
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                k = i + j
                out[k % self.degree] += x * y if k < self.degree else -x * y
        return out

    def monomial(self, shift: int) -> Polynomial:
        """Return X^shift for 0 <= shift < 2N."""
        out = [0] * self.degree
        out[shift % self.degree] = 1 if shift < self.degree else -1
        return out

    # -- samplers -----------------------------------------------------------------------------------

    def ternary(self, seed: bytes, nonce: bytes) -> Polynomial:
        """Return coefficients in {-1, 0, 1}."""
        return [(3 * w >> 64) - 1 for w in words(seed, nonce, 8, self.degree)]

    def binomial(self, seed: bytes, nonce: bytes) -> Polynomial:
        """Return centred binomial coefficients of variance 10.5."""
        low = (1 << 21) - 1
        return [
            (w & low).bit_count() - (w >> 21 & low).bit_count() for w in words(seed, nonce, 8, self.degree)
        ]

    def box(self, seed: bytes, nonce: bytes, bits: int) -> Polynomial:
        """Return coefficients in [-2^bits, 2^bits)."""
        return [w % (2 << bits) - (1 << bits) for w in words(seed, nonce, 8, self.degree)]

    def wide(self, seed: bytes, nonce: bytes) -> Polynomial:
        """Return integers in [0, 2^(52k))."""
        w, k, mask = (
            words(seed, nonce, 8, self.wide_limbs * self.degree),
            self.wide_limbs,
            (1 << LIMB_BITS) - 1,
        )
        return [sum((w[k * i + j] & mask) << (LIMB_BITS * j) for j in range(k)) for i in range(self.degree)]

    def uniform(self, seed: bytes, nonce: bytes) -> list[list[int]]:
        """Return uniform rows."""
        return [
            [w % p for w in words(seed, nonce[:11] + bytes([(nonce[11] + l) % 256]), 16, self.degree)]
            for l, p in enumerate(self.primes)
        ]

    # -- BGV ----------------------------------------------------------------------------------------

    def noisy(self, a: Polynomial, b: Polynomial, added: Polynomial, e: Polynomial) -> Polynomial:
        """Return a·b + added + r·e modulo q."""
        return [(x + m + R * y) % self.q for x, m, y in zip(self.times(a, b), added, e, strict=True)]

    def encrypt(
        self, a: Polynomial, b: Polynomial, m: Polynomial, e0: Polynomial, v: Polynomial, e1: Polynomial
    ) -> tuple[Polynomial, Polynomial]:
        """Return (b·v + m + r·e_0, a·v + r·e_1)."""
        return self.noisy(b, v, m, e0), self.noisy(a, v, [0] * self.degree, e1)

    def switch(self, d: Polynomial) -> list[list[int]]:
        """Return (d - r·t)/P modulo the kept primes."""
        dropped = self.primes[self.kept :]
        big = prod(dropped)
        out = []
        for x in d:
            t = sum(x * pow(R * (big // p), -1, p) % p * (big // p) for p in dropped)
            quotient, rest = divmod(x - R * t, big)
            assert rest == 0
            out.append(quotient)
        return self.rows(out, self.kept)

    def reply(
        self,
        c: tuple[Polynomial, Polynomial],
        key: tuple[Polynomial, Polynomial],
        y: Polynomial,
        v: Polynomial,
        e1: Polynomial,
        u: Polynomial,
        mask: Polynomial,
    ) -> tuple[list[list[int]], list[list[int]]]:
        """Return the switched (y·c_0 + b·v + r·u - μ, y·c_1 + a·v + r·e_1); the key is (a, b)."""
        a, b = key
        d0 = self.noisy(b, v, [x - m for x, m in zip(self.times(y, c[0]), mask, strict=True)], u)
        d1 = self.noisy(a, v, self.times(y, c[1]), e1)
        return self.switch(d0), self.switch(d1)

    def decrypt(self, d0: Polynomial, d1: Polynomial, s: Polynomial) -> Polynomial:
        """Return the plaintext of a switched reply, given as integers modulo q'."""
        q, big = prod(self.primes[: self.kept]), prod(self.primes[self.kept :])
        x = [(u - w) % q for u, w in zip(d0, self.times(d1, s), strict=True)]
        return [(w - q if 2 * w > q else w) * big % R for w in x]


def pack(rows: list[list[int]]) -> bytes:
    """Return rows as bytes, 50 bits a residue."""
    out = b""
    for row in rows:
        bits = sum(x << (PRIME_BITS * i) for i, x in enumerate(row))
        out += bits.to_bytes(PRIME_BITS * len(row) // 8, "little")
    return out


def unpack(data: bytes, degree: int, primes: list[int]) -> list[list[int]]:
    """Decode one row for each prime."""
    size = PRIME_BITS * degree // 8
    if len(data) != size * len(primes):
        raise DecodeError("a polynomial of another length")
    rows = []
    for l, p in enumerate(primes):
        bits = int.from_bytes(data[l * size : (l + 1) * size], "little")
        row = [bits >> (PRIME_BITS * i) & (1 << PRIME_BITS) - 1 for i in range(degree)]
        if any(x >= p for x in row):
            raise DecodeError("a residue that is not below its prime")
        rows.append(row)
    return rows
