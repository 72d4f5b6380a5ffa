# SPDX-License-Identifier: Apache-2.0
"""BGV on the C core.

Shapes, types and lengths are checked here, because the core trusts what it is given; cffi releases the interpreter
lock while the core runs, and a ring may be used by several threads at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BackendError, DecodeError
from ._native import ffi, lib
from ._protocol import FR_MODULUS, Backend, FrArray, check_seed
from ._ring_constants import ring_constants
from ._ring_protocol import Ciphertext, Octets, Poly, PublicKey, Ring, RingParameters, Small

__all__ = ["NativeRing"]

_RESIDUE_BITS = 50
_FR_LIMBS = 4
_MAX_INPUTS = 63


def _checked(a: npt.NDArray[Any], dtype: type, shape: tuple[int, ...], what: str) -> npt.NDArray[Any]:
    """Return ``a`` as the C-contiguous array of this type and shape that the core reads."""
    if not isinstance(a, np.ndarray) or a.dtype != dtype or a.shape != shape:
        found = f"{a.dtype} {a.shape}" if isinstance(a, np.ndarray) else type(a).__name__
        raise ValueError(f"{what}: expected {np.dtype(dtype)} of shape {shape}, not {found}")
    return np.require(a, requirements=["C", "A"])


def _words(a: npt.NDArray[Any]) -> Any:
    return ffi.from_buffer("uint64_t[]", a)


def _seed(seed: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    check_seed(seed, nonce)
    return bytes(seed), bytes(nonce)


def _succeed(code: int, what: str) -> None:
    if code != lib.TS_OK:
        raise BackendError(f"the native core refused to {what} (code {code})")


class NativeRing(Ring):
    """Implements ``Ring`` on the C core; the contracts are in ``_ring_protocol``."""

    def __init__(self, backend: Backend, cpu: Any, parameters: RingParameters) -> None:
        """Build the tables; ``cpu`` is the code path, a ``const ts_cpu *``."""
        self._backend, self._cpu, self._parameters = backend, cpu, parameters
        self._n, self._rows = parameters.degree, len(parameters.primes)
        sizes = (self._rows, parameters.kept, parameters.wide_limbs)
        self._memory = np.empty(lib.ts_ring_size(self._n, *sizes), dtype=np.uint8)
        if not len(self._memory):
            raise ValueError(f"the native core has no ring of degree {self._n} with {self._rows} primes")
        out = ffi.new("const ts_ring **")
        code = lib.ts_ring_init(
            cpu,
            ffi.from_buffer("char[]", self._memory, require_writable=True),
            len(self._memory),
            out,
            self._n,
            list(parameters.primes),
            list(ring_constants(parameters).psi),
            *sizes,
        )
        _succeed(code, "make a ring")
        self._ring = out[0]
        self._free_scratch: list[npt.NDArray[np.uint8]] = []
        psi = pow(7, (FR_MODULUS - 1) // (2 * self._n), FR_MODULUS)
        self._twist = backend.fr_powers(psi, self._n)
        self._untwist = backend.fr_powers(pow(psi, -1, FR_MODULUS), self._n)

    @property
    def parameters(self) -> RingParameters:
        return self._parameters

    # ------------------------------------------------------------------ samplers
    def ternary(self, seed: bytes, nonce: bytes) -> Small:
        return self._sample(lib.ts_sample_ternary, seed, nonce)

    def binomial(self, seed: bytes, nonce: bytes) -> Small:
        return self._sample(lib.ts_sample_binomial, seed, nonce)

    def box(self, seed: bytes, nonce: bytes, bits: int) -> Small:
        if not 0 <= bits <= 62:
            raise ValueError(f"a box has at most 62 bits, not {bits}")
        return self._sample(lib.ts_sample_box, seed, nonce, bits)

    def _sample(self, function: Any, seed: bytes, nonce: bytes, *bits: int) -> Small:
        out = np.empty(self._n, dtype=np.int64)
        target = ffi.from_buffer("int64_t[]", out)
        _succeed(function(self._cpu, target, self._n, *bits, *_seed(seed, nonce)), "sample")
        return out

    def wide(self, seed: bytes, nonce: bytes) -> npt.NDArray[np.uint64]:
        limbs = self._parameters.wide_limbs
        out = np.empty((limbs, self._n), dtype=np.uint64)
        _succeed(lib.ts_sample_wide(self._cpu, _words(out), self._n, limbs, *_seed(seed, nonce)), "sample")
        return out

    def uniform(self, seed: bytes, nonce: bytes) -> Poly:
        out = self._new()
        lib.ts_ring_uniform(self._ring, _words(out), *_seed(seed, nonce))
        return out

    # ------------------------------------------------------------------ plaintexts
    def slots(self, coefficients: FrArray) -> FrArray:
        return self._backend.fr_ntt(self._backend.fr_mul(coefficients, self._twist), self._n)

    def coefficients(self, slots: FrArray) -> FrArray:
        return self._backend.fr_mul(self._backend.fr_ntt(slots, self._n, inverse=True), self._untwist)

    # ------------------------------------------------------------------ BGV
    def to_evaluation(self, small: Small) -> Poly:
        out = self._new()
        lib.ts_ring_to_evaluation(self._ring, _words(out), self._small(small))
        return out

    def public_key(self, a: Poly, s: Small, e: Small) -> PublicKey:
        b = self._new()
        self._call(lib.ts_ring_public_key, _words(b), self._poly(a), self._small(s), self._small(e))
        return PublicKey(a, b)

    def encrypt(self, key: PublicKey, m: FrArray, e0: Small, v: Small, e1: Small) -> Ciphertext:
        c0, c1 = self._pair()
        smalls = [self._small(x) for x in (e0, v, e1)]
        keys = self._poly(key.a), self._poly(key.b)
        self._call(lib.ts_ring_encrypt, _words(c0), _words(c1), *keys, self._fr(m), *smalls)
        return Ciphertext(c0, c1)

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
        d0, d1 = self._pair(self._parameters.kept)
        limbs = _checked(u, np.uint64, (self._parameters.wide_limbs, self._n), "wide limbs")
        self._call(
            lib.ts_ring_reply,
            _words(d0),
            _words(d1),
            self._poly(ciphertext.c0),
            self._poly(ciphertext.c1),
            self._fr(y),
            self._poly(key.a),
            self._poly(key.b),
            self._small(v),
            self._small(e1),
            _words(limbs),
            self._fr(mask),
        )
        return Ciphertext(d0, d1)

    def decrypt(self, reply: Ciphertext, s: Poly) -> FrArray:
        out = np.empty((self._n, _FR_LIMBS), dtype=np.uint64)
        kept = self._parameters.kept
        parts = self._poly(reply.c0, kept), self._poly(reply.c1, kept), self._poly(s[:kept], kept)
        self._call(lib.ts_ring_decrypt, ffi.from_buffer("ts_fr[]", out), *parts)
        return out

    def double(self, ciphertext: Ciphertext) -> Ciphertext:
        c0, c1 = self._pair()
        lib.ts_ring_double(self._ring, _words(c0), self._poly(ciphertext.c0))
        lib.ts_ring_double(self._ring, _words(c1), self._poly(ciphertext.c1))
        return Ciphertext(c0, c1)

    def subtract(self, x: Ciphertext, y: Ciphertext) -> Ciphertext:
        c0, c1 = self._pair()
        lib.ts_ring_sub(self._ring, _words(c0), self._poly(x.c0), self._poly(y.c0))
        lib.ts_ring_sub(self._ring, _words(c1), self._poly(x.c1), self._poly(y.c1))
        return Ciphertext(c0, c1)

    def combine(self, ciphertexts: list[Ciphertext], shifts: npt.NDArray[np.int64]) -> list[Ciphertext]:
        inputs, outputs = len(ciphertexts), len(shifts)
        if inputs > _MAX_INPUTS:
            raise ValueError(f"at most {_MAX_INPUTS} ciphertexts are combined at once, not {inputs}")
        places = _checked(shifts, np.int64, (outputs, inputs), "shifts")
        out = [Ciphertext(*self._pair()) for _ in range(outputs)]
        scratch = np.empty(lib.ts_ring_combine_scratch(self._ring, outputs, inputs), dtype=np.uint8)
        code = lib.ts_ring_combine_var(
            self._ring,
            [_words(c.c0) for c in out],
            [_words(c.c1) for c in out],
            outputs,
            [self._poly(c.c0) for c in ciphertexts],
            [self._poly(c.c1) for c in ciphertexts],
            inputs,
            ffi.from_buffer("int64_t[]", places),
            ffi.from_buffer("char[]", scratch, require_writable=True),
            len(scratch),
        )
        if code == lib.TS_ERR_INDEX:
            raise ValueError(f"a shift lies outside [-1, {2 * self._n})")
        _succeed(code, "combine ciphertexts")
        return out

    # ------------------------------------------------------------------ bytes
    def pack(self, poly: Poly) -> bytes:
        rows = len(poly)
        if rows > self._rows:
            raise ValueError(f"a polynomial has at most {self._rows} rows, not {rows}")
        out = bytearray(rows * self._row_bytes)
        lib.ts_ring_pack(self._ring, ffi.from_buffer("uint8_t[]", out), self._poly(poly, rows), rows)
        return bytes(out)

    def unpack(self, data: Octets, rows: int) -> Poly:
        view = np.frombuffer(data, dtype=np.uint8)
        if not 0 <= rows <= self._rows:
            raise ValueError(f"a polynomial has at most {self._rows} rows, not {rows}")
        if len(view) != rows * self._row_bytes:
            raise DecodeError(
                f"a polynomial of {rows} rows has {rows * self._row_bytes} bytes, not {len(view)}", offset=0
            )
        out = self._new(rows)
        bad = ffi.new("size_t *")
        source = ffi.from_buffer("uint8_t[]", view)
        if lib.ts_ring_unpack_var(self._ring, _words(out), bad, source, rows) != lib.TS_OK:
            row, at = divmod(bad[0], self._n)
            offset = row * self._row_bytes + at * _RESIDUE_BITS // 8
            raise DecodeError("a residue is not below its prime", offset=offset)
        return out

    # ------------------------------------------------------------------ helpers
    @property
    def _row_bytes(self) -> int:
        return self._n * _RESIDUE_BITS // 8

    def _new(self, rows: int | None = None) -> Poly:
        return np.empty((self._rows if rows is None else rows, self._n), dtype=np.uint64)

    def _pair(self, rows: int | None = None) -> tuple[Poly, Poly]:
        """Allocate both parts at once: from 4 MiB on numpy asks for huge pages, which are quicker to get."""
        both = np.empty((2, self._rows if rows is None else rows, self._n), dtype=np.uint64)
        return both[0], both[1]

    def _poly(self, a: Poly, rows: int | None = None) -> Any:
        shape = (self._rows if rows is None else rows, self._n)
        return _words(_checked(a, np.uint64, shape, "residues"))

    def _small(self, a: Small) -> Any:
        return ffi.from_buffer("int64_t[]", _checked(a, np.int64, (self._n,), "a small polynomial"))

    def _fr(self, a: FrArray) -> Any:
        return ffi.from_buffer("ts_fr[]", _checked(a, np.uint64, (self._n, _FR_LIMBS), "Fr"))

    def _call(self, function: Any, *arguments: Any) -> None:
        """Call a function of the core that takes scratch memory, which later calls use again."""
        try:
            scratch = self._free_scratch.pop()
        except IndexError:
            scratch = np.empty(lib.ts_ring_scratch(self._ring), dtype=np.uint8)
        area = ffi.from_buffer("char[]", scratch, require_writable=True)
        code = function(self._ring, *arguments, area, len(scratch))
        self._free_scratch.append(scratch)
        _succeed(code, "compute in the ring")
