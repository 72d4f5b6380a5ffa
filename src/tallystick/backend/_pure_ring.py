# SPDX-License-Identifier: Apache-2.0
"""BGV on numpy: the pure backend's ring half.

Residues are below 2**50, so a product's quotient by p is known to within 1 from double precision and
the rest follows exactly in wrapping 64-bit arithmetic: every result here is exact.  Not constant time.
Normative text: ``spec/ring.md``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from ..errors import DecodeError
from ._protocol import FR_MODULUS, FrArray, check_seed
from ._pure_fr import PureFr, fr_array
from ._ring_constants import psi_powers, ring_constants
from ._ring_protocol import Ciphertext, Octets, Poly, PublicKey, Ring, RingParameters, Small

__all__ = ["PureRing"]

_R = FR_MODULUS
_FR = PureFr()
_RESIDUE_BITS = 50
_LIMB = (1 << 52) - 1
_U64 = np.uint64


def _mul(a: Poly, b: Poly, p: Poly) -> Poly:
    """Return a*b modulo p; all broadcast.  a*b/p < 2**50 has a double-precision error below 2**-1."""
    quotient = (a.astype(np.float64) * b.astype(np.float64) / p.astype(np.float64)).astype(np.uint64)
    rest = (a * b - quotient * p).view(np.int64)
    signed = p.view(np.int64)
    rest = np.where(rest < 0, rest + signed, rest)
    out: Poly = np.where(rest >= signed, rest - signed, rest).view(np.uint64)
    return out


def _add(a: Poly, b: Poly, p: Poly) -> Poly:
    total = a + b
    out: Poly = np.where(total >= p, total - p, total)
    return out


def _sub(a: Poly, b: Poly, p: Poly) -> Poly:
    out: Poly = np.where(a >= b, a - b, a + p - b)
    return out


def _stream(seed: bytes, nonce: bytes, words: int) -> npt.NDArray[np.uint64]:
    check_seed(seed, nonce)
    cipher = Cipher(algorithms.ChaCha20(seed, bytes(4) + nonce), mode=None)
    return np.frombuffer(cipher.encryptor().update(bytes(8 * words)), dtype="<u8").astype(np.uint64)


def _popcount(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Count the bits of 21-bit values."""
    count = np.zeros(x.shape, dtype=np.int64)
    for i in range(21):
        count += ((x >> _U64(i)) & _U64(1)).astype(np.int64)
    return count


class PureRing(Ring):
    """Implements ``Ring``; the contracts are in ``_ring_protocol``."""

    def __init__(self, parameters: RingParameters) -> None:
        self._parameters = parameters
        self._constants = ring_constants(parameters)
        self._n = parameters.degree
        self._p = np.array(parameters.primes, dtype=np.uint64)[:, None]
        self._psi = psi_powers(parameters)
        bits = self._n.bit_length() - 1
        reverse = [int(format(i, f"0{bits}b")[::-1], 2) for i in range(self._n)]
        self._reverse = np.array(reverse, dtype=np.int64)

    @property
    def parameters(self) -> RingParameters:
        return self._parameters

    # ------------------------------------------------------------------ samplers
    def ternary(self, seed: bytes, nonce: bytes) -> Small:
        w = _stream(seed, nonce, self._n)
        # floor(3w / 2**64), by the two places where it steps up.
        out: Small = (w > _U64((1 << 64) // 3)).astype(np.int64) + (w > _U64((2 << 64) // 3)) - 1
        return out

    def binomial(self, seed: bytes, nonce: bytes) -> Small:
        w = _stream(seed, nonce, self._n)
        mask = _U64((1 << 21) - 1)
        return _popcount(w & mask) - _popcount((w >> _U64(21)) & mask)

    def box(self, seed: bytes, nonce: bytes, bits: int) -> Small:
        if not 0 <= bits <= 62:
            raise ValueError(f"a box has at most 62 bits, not {bits}")
        w = _stream(seed, nonce, self._n) & _U64((2 << bits) - 1)
        return w.astype(np.int64) - (1 << bits)

    def wide(self, seed: bytes, nonce: bytes) -> npt.NDArray[np.uint64]:
        k = self._parameters.wide_limbs
        words = _stream(seed, nonce, k * self._n).reshape(self._n, k) & _U64(_LIMB)
        return np.ascontiguousarray(words.T)

    def uniform(self, seed: bytes, nonce: bytes) -> Poly:
        check_seed(seed, nonce)
        rows = []
        for l, p in enumerate(self._parameters.primes):
            row_nonce = nonce[:11] + bytes([(nonce[11] + l) % 256])
            w = _stream(seed, row_nonce, 2 * self._n).reshape(-1, 2).astype(object)
            rows.append(((w[:, 0] + (w[:, 1] << 64)) % p).astype(np.uint64))
        return np.stack(rows)

    # ------------------------------------------------------------------ transforms
    def _transform(self, a: Poly, *, inverse: bool = False) -> Poly:
        """Cyclic transform of each row at the N-th roots psi**(2i), natural order, without the factor 1/N."""
        rows, n = a.shape
        p = self._p[:rows, :, None]
        a = a[:, self._reverse]
        half = 1
        while half < n:
            index = np.arange(half, dtype=np.int64) * (n // half)
            if inverse:
                index = -index % (2 * n)
            w = self._psi[:rows, index][:, None, :]
            blocks = a.reshape(rows, n // (2 * half), 2, half)
            low, high = blocks[:, :, 0], _mul(blocks[:, :, 1], w, p)
            a = np.stack([_add(low, high, p), _sub(low, high, p)], axis=2).reshape(rows, n)
            half *= 2
        return a

    def _evaluate(self, a: Poly) -> Poly:
        p = self._p[: len(a)]
        return self._transform(_mul(a, self._psi[: len(a), : self._n], p))[:, self._reverse]

    def _interpolate(self, a: Poly) -> Poly:
        rows, n = a.shape
        p = self._p[:rows]
        back = self._psi[:rows, -np.arange(n, dtype=np.int64) % (2 * n)]
        scale = np.array([[pow(n, -1, k)] for k in self._parameters.primes[:rows]], dtype=np.uint64)
        return _mul(_mul(self._transform(a[:, self._reverse], inverse=True), back, p), scale, p)

    def slots(self, coefficients: FrArray) -> FrArray:
        twist = _FR.fr_powers(self._psi_r(), self._n)
        return _FR.fr_ntt(_FR.fr_mul(coefficients, twist), self._n)

    def coefficients(self, slots: FrArray) -> FrArray:
        twist = _FR.fr_powers(pow(self._psi_r(), -1, _R), self._n)
        return _FR.fr_mul(_FR.fr_ntt(slots, self._n, inverse=True), twist)

    def _psi_r(self) -> int:
        return pow(7, (_R - 1) // (2 * self._n), _R)

    # ------------------------------------------------------------------ lifting
    def _lift(self, integers: npt.NDArray[Any]) -> Poly:
        """Reduce a polynomial of Python ints modulo every prime."""
        return np.stack([(integers % p).astype(np.uint64) for p in self._parameters.primes])

    def _lift_small(self, small: Small, factor: int = 1) -> Poly:
        signed = self._p.view(np.int64)
        out = (small[None, :] % signed).view(np.uint64)
        if factor == 1:
            return out
        scale = np.array([[factor % p] for p in self._parameters.primes], dtype=np.uint64)
        return _mul(out, scale, self._p)

    def to_evaluation(self, small: Small) -> Poly:
        return self._evaluate(self._lift_small(small))

    # ------------------------------------------------------------------ BGV
    def public_key(self, a: Poly, s: Small, e: Small) -> PublicKey:
        p = self._p
        noise = self._evaluate(self._lift_small(e, _R))
        return PublicKey(a, _add(_mul(a, self.to_evaluation(s), p), noise, p))

    def encrypt(self, key: PublicKey, m: FrArray, e0: Small, v: Small, e1: Small) -> Ciphertext:
        p = self._p
        randomness = self.to_evaluation(v)
        f = self._evaluate(self._lift(m + _R * e0.astype(object)))
        noise = self._evaluate(self._lift_small(e1, _R))
        return Ciphertext(_add(_mul(key.b, randomness, p), f, p), _add(_mul(key.a, randomness, p), noise, p))

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
        p = self._p
        factor, randomness = self._evaluate(self._lift(y)), self.to_evaluation(v)
        wide = np.zeros(self._n, dtype=object)
        for limb in u[::-1]:
            wide = (wide << 52) + limb.astype(object)
        d0 = _add(_mul(factor, ciphertext.c0, p), _mul(key.b, randomness, p), p)
        d1 = _add(_mul(factor, ciphertext.c1, p), _mul(key.a, randomness, p), p)
        d0 = _add(self._interpolate(d0), self._lift(_R * wide - mask), p)
        d1 = _add(self._interpolate(d1), self._lift_small(e1, _R), p)
        return Ciphertext(self._switch(d0), self._switch(d1))

    def _switch(self, d: Poly) -> Poly:
        kept, p, c = self._parameters.kept, self._p, self._constants
        t = _mul(d[kept:], np.array(c.switch_in, dtype=np.uint64)[:, None], p[kept:])
        out = d[:kept]
        for row, weights in zip(t, c.switch_out, strict=True):
            scale = np.array(weights, dtype=np.uint64)[:, None]
            out = _sub(out, _mul(row[None, :] % p[:kept], scale, p[:kept]), p[:kept])
        return _mul(out, np.array(c.inverse_dropped, dtype=np.uint64)[:, None], p[:kept])

    def decrypt(self, reply: Ciphertext, s: Poly) -> FrArray:
        kept, c = self._parameters.kept, self._constants
        p = self._p[:kept]
        product = self._interpolate(_mul(self._evaluate(reply.c1), s[:kept], p))
        x = _sub(reply.c0, product, p)
        t = _mul(x, np.array(c.crt_in, dtype=np.uint64)[:, None], p)
        wraps = np.rint((t.astype(np.float64) * (1.0 / p.astype(np.float64))).sum(axis=0)).astype(np.int64)
        total = -wraps.astype(object) * c.crt_wrap
        for row, weight in zip(t, c.crt_out, strict=True):
            total = total + row.astype(object) * weight
        return fr_array((total % _R).tolist())

    def double(self, ciphertext: Ciphertext) -> Ciphertext:
        p = self._p
        return Ciphertext(_add(ciphertext.c0, ciphertext.c0, p), _add(ciphertext.c1, ciphertext.c1, p))

    def subtract(self, x: Ciphertext, y: Ciphertext) -> Ciphertext:
        p = self._p
        return Ciphertext(_sub(x.c0, y.c0, p), _sub(x.c1, y.c1, p))

    def combine(self, ciphertexts: list[Ciphertext], shifts: npt.NDArray[np.int64]) -> list[Ciphertext]:
        n, p = self._n, self._p
        odd = 2 * self._reverse + 1
        out = []
        for row in shifts.tolist():
            c0 = np.zeros((len(p), n), dtype=np.uint64)
            c1 = np.zeros((len(p), n), dtype=np.uint64)
            for shift, ciphertext in zip(row, ciphertexts, strict=True):
                if shift < 0:
                    continue
                monomial = self._psi[:, shift * odd % (2 * n)]
                c0 = _add(c0, _mul(ciphertext.c0, monomial, p), p)
                c1 = _add(c1, _mul(ciphertext.c1, monomial, p), p)
            out.append(Ciphertext(c0, c1))
        return out

    # ------------------------------------------------------------------ bytes
    def _row_bytes(self) -> int:
        return self._n * _RESIDUE_BITS // 8

    def pack(self, poly: Poly) -> bytes:
        shifts = np.arange(_RESIDUE_BITS, dtype=np.uint64)
        rows = []
        for row in poly:
            bits = ((row[:, None] >> shifts) & _U64(1)).astype(np.uint8)
            rows.append(np.packbits(bits.reshape(-1), bitorder="little").tobytes())
        return b"".join(rows)

    def unpack(self, data: Octets, rows: int) -> Poly:
        size = self._row_bytes()
        if len(data) != rows * size:
            raise DecodeError(
                f"a polynomial of {rows} rows has {rows * size} bytes, not {len(data)}", offset=0
            )
        powers = _U64(1) << np.arange(_RESIDUE_BITS, dtype=np.uint64)
        out = np.empty((rows, self._n), dtype=np.uint64)
        for l in range(rows):
            raw = np.frombuffer(data, dtype=np.uint8, count=size, offset=l * size)
            bits = np.unpackbits(raw, bitorder="little")
            used = bits.reshape(self._n, _RESIDUE_BITS)
            out[l] = (used.astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64)
            bad = np.flatnonzero(out[l] >= self._p[l, 0])
            if len(bad):
                at = l * size + int(bad[0]) * _RESIDUE_BITS // 8
                raise DecodeError("a residue is not below its prime", offset=at)
        return out
