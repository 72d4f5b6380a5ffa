# SPDX-License-Identifier: Apache-2.0
"""Proofs about BGV keys and ciphertexts: plaintext knowledge, well-formed keys, constant plaintexts.

Normative text: ``spec/preparation.md``, "Proofs".  The first is TopGear's (Baum, Cozzo and Smart, SAC 2019,
section 3) made non-interactive; responses are hidden by rejection (Lyubashevsky, ASIACRYPT 2009) instead of
drowning.  The letters are the spec page's.

Masks come from a seed and are sampled again when the challenge is known, so that memory does not grow with
their number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..algebra import Random, Vector
from ..backend import FR_BYTES, FR_MODULUS, Backend, Ciphertext, FrArray, Octets, Poly, PublicKey, Ring, Small
from ..encoding import absorb
from ..errors import DecodeError, VerificationError
from ._parameters import DIAGONAL_CHALLENGE, Box, Parameters, ProofParameters

__all__ = [
    "Opened",
    "Scheme",
    "constant",
    "fresh_encryption",
    "multiple",
    "prove_diagonal",
    "prove_key",
    "prove_plaintexts",
    "proven_key",
    "verify_diagonal",
    "verify_key",
    "verify_plaintexts",
]

_R = FR_MODULUS
_LIMB_BITS = 52
_DIGEST_BYTES = 32
_MAX_ATTEMPTS = 200  # Each fails with probability below 0.12.

_Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A parameter set with its ring on one backend."""

    backend: Backend
    ring: Ring
    parameters: Parameters

    @property
    def degree(self) -> int:
        """N."""
        return self.ring.parameters.degree


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What a ciphertext was made of: m over Fr, and the small e_0, v, e_1.  Secret."""

    m: FrArray
    e0: Small
    v: Small
    e1: Small

    def __repr__(self) -> str:
        return "<Opened>"

    def encrypt(self, ring: Ring, key: PublicKey) -> Ciphertext:
        """Encrypt with exactly this randomness."""
        return ring.encrypt(key, self.m, self.e0, self.v, self.e1)


class _Draws:
    """Samplers over one secret seed; every call uses a nonce of its own."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._next = 0

    def __call__(self, sample: Callable[..., Any], *args: int) -> Any:
        # The last byte stays free: ``Ring.uniform`` counts rows in it.
        nonce = self._next.to_bytes(11, "little") + b"\0"
        self._next += 1
        return sample(self._seed, nonce, *args)


def proven_key(scheme: Scheme, key: PublicKey) -> PublicKey:
    """Return (a, 2*b), the key that ``verify_key`` of (a, b) shows to have a short secret and a short error.

    Nobody encrypts under (a, b) or replies under it: b itself may be half of something odd.
    """
    b = scheme.ring.double(Ciphertext(key.b, key.b)).c0
    return PublicKey(key.a, b)


def fresh_encryption(scheme: Scheme, m: FrArray, random: Random) -> Opened:
    """Draw the randomness of a fresh encryption of m (coefficients)."""
    draw, ring = _Draws(random.bytes(32)), scheme.ring
    return Opened(m, draw(ring.binomial), draw(ring.ternary), draw(ring.binomial))


# ---------------------------------------------------------------------- integers modulo nothing
def _limbs(scheme: Scheme, m: FrArray) -> _Ints:
    """Return the canonical integers of m as 5 limbs of 52 bits: shape (5, N)."""
    words = np.frombuffer(scheme.backend.fr_to_bytes(m), dtype="<u8").reshape(-1, 4).astype(np.uint64)
    mask = np.uint64((1 << _LIMB_BITS) - 1)
    out = np.empty((5, len(words)), dtype=np.int64)
    for i in range(5):
        bit = _LIMB_BITS * i
        word, shift = divmod(bit, 64)
        value = words[:, word] >> np.uint64(shift)
        if shift > 64 - _LIMB_BITS and word + 1 < 4:
            value = value | (words[:, word + 1] << np.uint64(64 - shift))
        out[i] = (value & mask).astype(np.int64)
    return out


_R_LIMBS = np.array([[(_R >> (_LIMB_BITS * i)) & ((1 << _LIMB_BITS) - 1)] for i in range(5)], dtype=np.int64)


def _carry(limbs: _Ints) -> _Ints:
    """Normalise limbs to [0, 2**52) but for the top one, which keeps the sign."""
    limbs = limbs.copy()
    for i in range(4):
        limbs[i + 1] += limbs[i] >> _LIMB_BITS
        limbs[i] &= (1 << _LIMB_BITS) - 1
    return limbs


def _divide(scheme: Scheme, limbs: _Ints) -> tuple[FrArray, _Ints]:
    """Split integers of at most a few dozen r into remainder (over Fr, canonical) and quotient by r."""
    limbs = _carry(limbs)
    quotient = np.floor(limbs[4] / float(_R_LIMBS[4, 0] + 1)).astype(np.int64)
    rest = _carry(limbs - quotient * _R_LIMBS)
    for _ in range(3):  # The estimate errs by at most one or two.
        step = (rest[4] < 0) * -1 + _at_least_r(rest)
        quotient += step
        rest = _carry(rest - step * _R_LIMBS)
    words = np.zeros((limbs.shape[1], 4), dtype=np.uint64)
    for i in range(5):
        word, shift = divmod(_LIMB_BITS * i, 64)
        value = rest[i].astype(np.uint64)
        words[:, word] |= value << np.uint64(shift)
        if shift > 64 - _LIMB_BITS and word + 1 < 4:
            words[:, word + 1] |= value >> np.uint64(64 - shift)
    return scheme.backend.fr_from_bytes(words.astype("<u8").tobytes()), quotient


def _at_least_r(limbs: _Ints) -> _Ints:
    out: _Ints = (_carry(limbs - _R_LIMBS)[4] >= 0).astype(np.int64)
    return out


def _times_monomial(a: _Ints, shift: int) -> _Ints:
    """Return X**shift * a (last axis) modulo X**N + 1, 0 <= shift < 2N."""
    n = a.shape[-1]
    sign, k = (-1, shift - n) if shift >= n else (1, shift)
    out = np.empty_like(a)
    out[..., k:] = sign * a[..., : n - k]
    out[..., :k] = -sign * a[..., n - k :]
    return out


def _combination(mask: _Ints, witnesses: Sequence[_Ints], shifts: Sequence[int]) -> _Ints:
    """Return mask + sum of X**shift * witness; a shift of -1 stands for the challenge 0."""
    total = mask.copy()
    for witness, shift in zip(witnesses, shifts, strict=True):
        if shift >= 0:
            total += _times_monomial(witness, shift)
    return total


# ---------------------------------------------------------------------- challenges
def _hash(parts: Iterable[Octets]) -> Any:
    h = hashlib.sha256()
    for part in parts:
        absorb(h, np.frombuffer(part, dtype=np.uint8).data)
    return h


def _absorb(h: Any, *polys: Poly) -> None:
    for poly in polys:
        h.update(np.ascontiguousarray(poly.astype("<u8", copy=False)).data)


def _shifts(digest: bytes, n: int, masks: int, instances: int) -> _Ints:
    """Derive V x U challenges, each uniform among 0 and the 2N signed monomials (bias below 2**-100)."""
    stream = Random(digest).bytes(16 * masks * instances)
    words = [int.from_bytes(stream[at : at + 16], "little") for at in range(0, len(stream), 16)]
    values = [((2 * n + 1) * w >> 128) - 1 for w in words]
    return np.array(values, dtype=np.int64).reshape(masks, instances)


def _constants(digest: bytes, masks: int) -> list[int]:
    """Derive constant challenges, each uniform in {-5, ..., 5} (bias below 2**-120)."""
    stream = Random(digest).bytes(16 * masks)
    words = [int.from_bytes(stream[at : at + 16], "little") for at in range(0, len(stream), 16)]
    return [((2 * DIAGONAL_CHALLENGE + 1) * w >> 128) - DIAGONAL_CHALLENGE for w in words]


# ---------------------------------------------------------------------- responses as bytes
def _width(box: Box) -> int:
    return (box.response.bit_length() + 1 + 7) // 8


def _pack_small(values: Small, width: int) -> bytes:
    raw = values.astype("<i8").view(np.uint8).reshape(-1, 8)
    return np.ascontiguousarray(raw[:, :width]).tobytes()


class _Reader:
    """Takes the fields of a proof out of its bytes, in order."""

    def __init__(self, data: Octets, masks: int, each: int) -> None:
        size = _DIGEST_BYTES + masks * each
        if len(data) != size:
            raise DecodeError(f"the proof has {len(data)} bytes instead of {size}", offset=0)
        self._view = np.frombuffer(data, dtype=np.uint8)
        self._at = 0
        self.digest = self.take(_DIGEST_BYTES).tobytes()

    def take(self, n: int) -> npt.NDArray[np.uint8]:
        self._at += n
        return self._view[self._at - n : self._at]

    def small(self, n: int, box: Box) -> Small:
        """Read n signed coefficients and check that they lie in the response box."""
        width, start = _width(box), self._at
        raw = self.take(n * width).reshape(n, width)
        full = np.zeros((n, 8), dtype=np.uint8)
        full[:, :width] = raw
        values = full.view("<i8").reshape(n).astype(np.int64)
        spare = 64 - 8 * width
        values = (values << spare) >> spare
        bad = np.flatnonzero((values > box.response) | (values < -box.response))
        if len(bad):
            raise VerificationError(
                f"a response (at byte {start + int(bad[0]) * width}) lies outside its box: oversized noise",
                check="response-box",
            )
        return values

    def field(self, backend: Backend, n: int) -> FrArray:
        return backend.fr_from_bytes(self.take(n * FR_BYTES).tobytes())


def _inside(values: Iterable[_Ints], box: Box) -> bool:
    return all(int(np.abs(v).max(initial=0)) <= box.response for v in values)


def _fail(what: str, check: str) -> VerificationError:
    return VerificationError(f"{what} does not hold", check=check)


def _packed(p: ProofParameters, e0: Small, v: Small, e1: Small) -> list[bytes]:
    return [_pack_small(z, _width(box)) for z, box in ((e0, p.noise), (v, p.secret), (e1, p.noise))]


# ---------------------------------------------------------------------- plaintext knowledge
def _opened_mask(scheme: Scheme, seed: bytes, k: int, p: ProofParameters, places: int) -> Opened:
    """Draw the opening of a mask with so many random coefficients of m."""
    draw, box = _Draws(hashlib.sha256(seed + k.to_bytes(4, "big")).digest()), scheme.ring.box
    m = Vector.expand(scheme.backend, draw._seed, b"plaintext---", places).pad(scheme.degree).data
    return Opened(m, draw(box, p.noise.bits), draw(box, p.secret.bits), draw(box, p.noise.bits))


def prove_plaintexts(
    scheme: Scheme,
    key: PublicKey,
    witnesses: Sequence[Opened],
    *,
    statement: Sequence[Octets],
    random: Random,
) -> bytes:
    """Prove knowledge of what 1 to 16 ciphertexts under ``key`` are made of.

    ``statement`` is everything that binds the proof, the ciphertexts' own bytes included; the verifier gives the same.
    """
    p = scheme.parameters.plaintext
    if not 1 <= len(witnesses) <= p.instances:
        raise ValueError(f"a proof covers 1 to {p.instances} ciphertexts, not {len(witnesses)}")
    limbs = [_limbs(scheme, w.m) for w in witnesses]
    base = _hash([b"tallystick/v1/plaintext-proof", *statement])
    for _ in range(_MAX_ATTEMPTS):
        seed = random.bytes(32)
        h = base.copy()
        for k in range(p.masks):
            a_k = _opened_mask(scheme, seed, k, p, scheme.degree).encrypt(scheme.ring, key)
            _absorb(h, a_k.c0, a_k.c1)
        digest = h.digest()
        out = [digest]
        for k, row in enumerate(_shifts(digest, scheme.degree, p.masks, len(witnesses)).tolist()):
            y = _opened_mask(scheme, seed, k, p, scheme.degree)
            z_m, carried = _divide(scheme, _combination(_limbs(scheme, y.m), limbs, row))
            z_e = _combination(y.e0 + carried, [w.e0 for w in witnesses], row)
            z_v = _combination(y.v, [w.v for w in witnesses], row)
            z_1 = _combination(y.e1, [w.e1 for w in witnesses], row)
            if not (_inside([z_e, z_1], p.noise) and _inside([z_v], p.secret)):
                break
            out += [scheme.backend.fr_to_bytes(z_m), *_packed(p, z_e, z_v, z_1)]
        else:
            return b"".join(out)
    raise AssertionError("rejection sampling does not end: the boxes are wrong")


def verify_plaintexts(
    scheme: Scheme,
    key: PublicKey,
    ciphertexts: Sequence[Ciphertext],
    proof: Octets,
    *,
    statement: Sequence[Octets],
) -> None:
    """Check ``prove_plaintexts``; VerificationError or DecodeError if it does not hold."""
    p, n = scheme.parameters.plaintext, scheme.degree
    reader = _Reader(proof, p.masks, n * (FR_BYTES + 2 * _width(p.noise) + _width(p.secret)))
    h = _hash([b"tallystick/v1/plaintext-proof", *statement])
    for row in _shifts(reader.digest, n, p.masks, len(ciphertexts)):
        m = reader.field(scheme.backend, n)
        z_e, z_v, z_1 = reader.small(n, p.noise), reader.small(n, p.secret), reader.small(n, p.noise)
        combined = scheme.ring.combine(list(ciphertexts), row[None, :])[0]
        a_k = scheme.ring.subtract(Opened(m, z_e, z_v, z_1).encrypt(scheme.ring, key), combined)
        _absorb(h, a_k.c0, a_k.c1)
    if h.digest() != reader.digest:
        raise _fail("the proof of plaintext knowledge", "plaintext-proof")


# ---------------------------------------------------------------------- keys
def _key_mask(scheme: Scheme, seed: bytes, k: int) -> tuple[Small, Small]:
    p = scheme.parameters.key
    draw = _Draws(hashlib.sha256(seed + k.to_bytes(4, "big")).digest())
    return draw(scheme.ring.box, p.secret.bits), draw(scheme.ring.box, p.noise.bits)


def prove_key(
    scheme: Scheme, key: PublicKey, s: Small, e: Small, *, statement: Sequence[Octets], random: Random
) -> bytes:
    """Prove that 2*b = a*s' + r*e' with short s' and e', from b = a*s + r*e; ``a`` is nobody's choice."""
    p = scheme.parameters.key
    base = _hash([b"tallystick/v1/key-proof", *statement])
    for _ in range(_MAX_ATTEMPTS):
        seed = random.bytes(32)
        h = base.copy()
        for k in range(p.masks):
            _absorb(h, scheme.ring.public_key(key.a, *_key_mask(scheme, seed, k)).b)
        digest = h.digest()
        out = [digest]
        for k, row in enumerate(_shifts(digest, scheme.degree, p.masks, 1).tolist()):
            y_s, y_e = _key_mask(scheme, seed, k)
            z_s, z_e = _combination(y_s, [s], row), _combination(y_e, [e], row)
            if not (_inside([z_s], p.secret) and _inside([z_e], p.noise)):
                break
            out += [_pack_small(z_s, _width(p.secret)), _pack_small(z_e, _width(p.noise))]
        else:
            return b"".join(out)
    raise AssertionError("rejection sampling does not end: the boxes are wrong")


def verify_key(scheme: Scheme, key: PublicKey, proof: Octets, *, statement: Sequence[Octets]) -> None:
    """Check ``prove_key``."""
    p, n = scheme.parameters.key, scheme.degree
    reader = _Reader(proof, p.masks, n * (_width(p.secret) + _width(p.noise)))
    h = _hash([b"tallystick/v1/key-proof", *statement])
    b = Ciphertext(key.b, key.b)
    for row in _shifts(reader.digest, n, p.masks, 1):
        z_s, z_e = reader.small(n, p.secret), reader.small(n, p.noise)
        answer = scheme.ring.public_key(key.a, z_s, z_e).b
        a_k = scheme.ring.subtract(Ciphertext(answer, answer), scheme.ring.combine([b], row[None, :])[0])
        _absorb(h, a_k.c0)
    if h.digest() != reader.digest:
        raise _fail("the proof that the key is well formed", "key-proof")


# ---------------------------------------------------------------------- constant plaintexts
def constant(scheme: Scheme, value: int) -> FrArray:
    """Return the polynomial of one value, the same in every slot."""
    return Vector.from_ints(scheme.backend, [value]).pad(scheme.degree).data


def _multiples(scheme: Scheme, ciphertext: Ciphertext) -> dict[int, Ciphertext]:
    """Return w times a ciphertext for every challenge w."""
    ring = scheme.ring
    zero = ring.subtract(ciphertext, ciphertext)
    out = {0: zero}
    for w in range(1, DIAGONAL_CHALLENGE + 1):
        negative = ring.subtract(out[1 - w], ciphertext)
        out[-w], out[w] = negative, ring.subtract(zero, negative)
    return out


def multiple(scheme: Scheme, ciphertext: Ciphertext, factor: int) -> Ciphertext:
    """Return factor times a ciphertext, factor >= 1, by doubling."""
    ring = scheme.ring
    zero = ring.subtract(ciphertext, ciphertext)
    total, power = zero, ciphertext
    while factor:
        if factor & 1:
            total = ring.subtract(total, ring.subtract(zero, power))
        power = ring.double(power)
        factor >>= 1
    return total


def prove_diagonal(
    scheme: Scheme, key: PublicKey, witness: Opened, *, statement: Sequence[Octets], random: Random
) -> bytes:
    """Prove that a ciphertext under ``key`` holds a constant polynomial, the same value in every slot."""
    p = scheme.parameters.diagonal
    alpha = scheme.backend.fr_to_ints(witness.m[:1])[0]
    base = _hash([b"tallystick/v1/diagonal-proof", *statement])
    for _ in range(_MAX_ATTEMPTS):
        seed = random.bytes(32)
        h = base.copy()
        for k in range(p.masks):
            a_k = _opened_mask(scheme, seed, k, p, 1).encrypt(scheme.ring, key)
            _absorb(h, a_k.c0, a_k.c1)
        digest = h.digest()
        out = [digest]
        for k, w in enumerate(_constants(digest, p.masks)):
            y = _opened_mask(scheme, seed, k, p, 1)
            carried, z_m = divmod(scheme.backend.fr_to_ints(y.m[:1])[0] + w * alpha, _R)
            z_e, z_v, z_1 = y.e0 + w * witness.e0, y.v + w * witness.v, y.e1 + w * witness.e1
            z_e[0] += carried
            if not (_inside([z_e, z_1], p.noise) and _inside([z_v], p.secret)):
                break
            out += [z_m.to_bytes(FR_BYTES, "little"), *_packed(p, z_e, z_v, z_1)]
        else:
            return b"".join(out)
    raise AssertionError("rejection sampling does not end: the boxes are wrong")


def verify_diagonal(
    scheme: Scheme, key: PublicKey, ciphertext: Ciphertext, proof: Octets, *, statement: Sequence[Octets]
) -> None:
    """Check ``prove_diagonal``."""
    p, n = scheme.parameters.diagonal, scheme.degree
    reader = _Reader(proof, p.masks, FR_BYTES + n * (2 * _width(p.noise) + _width(p.secret)))
    h = _hash([b"tallystick/v1/diagonal-proof", *statement])
    multiples = _multiples(scheme, ciphertext)
    for w in _constants(reader.digest, p.masks):
        z_m = scheme.backend.fr_to_ints(reader.field(scheme.backend, 1))[0]
        z_e, z_v, z_1 = reader.small(n, p.noise), reader.small(n, p.secret), reader.small(n, p.noise)
        a_k = Opened(constant(scheme, z_m), z_e, z_v, z_1).encrypt(scheme.ring, key)
        a_k = scheme.ring.subtract(a_k, multiples[w])
        _absorb(h, a_k.c0, a_k.c1)
    if h.digest() != reader.digest:
        raise _fail("the proof that the MAC key is the same in every slot", "diagonal-proof")
