# SPDX-License-Identifier: Apache-2.0
"""The ring operations of BGV, batched: one object per parameter set, made by ``Backend.ring``.

Normative text: ``spec/ring.md``; names and letters are that page's.  Polynomials modulo q are numpy
``uint64`` arrays of shape ``(rows, N)`` holding canonical residues, in both backends; small polynomials are
``int64`` arrays of shape ``(N,)``; polynomials over Fr are ``FrArray`` of N elements.  The native backend does
the work of one ciphertext prime by prime (one row fits the cache), releases the GIL, and is constant time in
all secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ._protocol import Buffer, FrArray

__all__ = ["Ciphertext", "Octets", "Poly", "PublicKey", "Ring", "RingParameters", "Small"]

Poly: TypeAlias = npt.NDArray[np.uint64]
Small: TypeAlias = npt.NDArray[np.int64]

Octets: TypeAlias = Buffer | npt.NDArray[np.uint8]
"""Bytes, or a slice of bytes as an array.

Messages are cut into arrays and not into memoryviews: before 3.11.9 and 3.12.3 CPython's collector can crash on a
memoryview in a reference cycle, such as an abort and its traceback's frames (gh-77894).
"""


@dataclass(frozen=True, slots=True)
class RingParameters:
    """The degree N, the primes p_0 > p_1 > ... of q, and how many of them survive switching.

    N is a power of two from 4, a prime is below 2**50 and 1 modulo 2N (``Backend.ring`` raises ValueError otherwise);
    ``wide_limbs`` counts the 52-bit limbs of the integers that drown a reply.
    """

    degree: int
    primes: tuple[int, ...]
    kept: int
    wide_limbs: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """(a, b), both of shape (L, N) in the evaluation domain."""

    a: Poly
    b: Poly


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """(c_0, c_1): shape (L, N) in the evaluation domain when fresh, (L', N) in the coefficient domain as a reply."""

    c0: Poly
    c1: Poly


class Ring(Protocol):
    """BGV over one parameter set."""

    @property
    def parameters(self) -> RingParameters:
        """The parameter set."""

    # ------------------------------------------------------------------ samplers (spec/ring.md, "Samplers")
    def ternary(self, seed: bytes, nonce: bytes) -> Small:
        """Uniform in {-1, 0, 1}."""

    def binomial(self, seed: bytes, nonce: bytes) -> Small:
        """Centred binomial, variance 10.5, in [-21, 21]."""

    def box(self, seed: bytes, nonce: bytes, bits: int) -> Small:
        """Uniform in [-2**bits, 2**bits), 0 <= bits <= 62, without any bias."""

    def wide(self, seed: bytes, nonce: bytes) -> npt.NDArray[np.uint64]:
        """Uniform in [0, 2**(52*k)), k = ``wide_limbs``: shape (k, N), 52-bit limbs, lowest first."""

    def uniform(self, seed: bytes, nonce: bytes) -> Poly:
        """Uniform modulo q: shape (L, N)."""

    # ------------------------------------------------------------------ plaintexts
    def slots(self, coefficients: FrArray) -> FrArray:
        """Evaluate a plaintext polynomial at its N slots."""

    def coefficients(self, slots: FrArray) -> FrArray:
        """Interpolate a plaintext polynomial from its N slots."""

    # ------------------------------------------------------------------ BGV
    def to_evaluation(self, small: Small) -> Poly:
        """Lift a small polynomial modulo q and transform it: shape (L, N).  Rows 0..L'-1 serve ``decrypt``."""

    def public_key(self, a: Poly, s: Small, e: Small) -> PublicKey:
        """Return (a, a*s + r*e)."""

    def encrypt(self, key: PublicKey, m: FrArray, e0: Small, v: Small, e1: Small) -> Ciphertext:
        """Return (b*v + m + r*e0, a*v + r*e1)."""

    def reply(
        self,
        ciphertext: Ciphertext,
        y: FrArray,
        key: PublicKey,
        *,
        v: Small,
        e1: Small,
        u: npt.NDArray[np.uint64],
        mask: FrArray,
    ) -> Ciphertext:
        """Return the switched (y*c_0 + b*v + r*u - mask, y*c_1 + a*v + r*e_1): shape (L', N), coefficients."""

    def decrypt(self, reply: Ciphertext, s: Poly) -> FrArray:
        """Return the plaintext coefficients of a switched reply; s is ``to_evaluation(s)``."""

    def double(self, ciphertext: Ciphertext) -> Ciphertext:
        """Return 2*(c_0, c_1)."""

    def combine(self, ciphertexts: list[Ciphertext], shifts: npt.NDArray[np.int64]) -> list[Ciphertext]:
        """Return, for each row k of ``shifts`` (V x U), the sum over u of X**shifts[k, u] * ciphertexts[u].

        A shift lies in [0, 2N) (X**N = -1) or is -1, which stands for the challenge 0.
        """

    def subtract(self, x: Ciphertext, y: Ciphertext) -> Ciphertext:
        """Return x - y."""

    # ------------------------------------------------------------------ bytes
    def pack(self, poly: Poly) -> bytes:
        """Pack the rows of a polynomial, 50 bits a residue."""

    def unpack(self, data: Octets, rows: int) -> Poly:
        """Unpack; DecodeError with the offset when the length is wrong or a residue is not canonical."""
