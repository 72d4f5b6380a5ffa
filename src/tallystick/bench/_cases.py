# SPDX-License-Identifier: Apache-2.0
"""The table of what is measured within one process: each case a name, sizes, and a call to time.

``tallystick bench`` and ``benchmarks/`` read the same table, so their names and sizes agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import _kernels as kernels
from . import _proofs as proofs
from ._kernels import Make

__all__ = ["CASES", "SUITES", "Case", "find_cases"]


@dataclass(frozen=True, slots=True)
class Case:
    """``make(backend, size)`` prepares everything and returns the call that is timed.

    ``pure_limit`` is the largest size that the pure backend does in about ten seconds, ``quick`` the one
    size of a smoke test.  Where ``per_element`` the time is also given divided by the size.  ``proof_bytes``
    tells the size in bytes of the proof that the call makes or verifies.  ``twin`` says what does the work in the
    pure backend where that is not Python, so that the ratio compares C with C.
    """

    suite: str
    name: str
    title: str
    sizes: tuple[int, ...]
    pure_limit: int
    quick: int
    make: Make
    per_element: bool = True
    proof_bytes: Callable[[int], int] | None = None
    twin: str = ""

    def sizes_for(self, backend: str, *, quick: bool = False) -> tuple[int, ...]:
        """Return the sizes to measure on a backend."""
        sizes = (self.quick,) if quick else self.sizes
        return tuple(n for n in sizes if backend != "pure" or n <= self.pure_limit)


_K14, _K20 = 1 << 14, 1 << 20
_RANGES = (1, 16, 256)
_GATES = tuple(1 << k for k in (10, 12, 14, 16))


def _core(
    name: str,
    title: str,
    make: Make,
    *sizes: int,
    pure: int = 0,
    quick: int = 16,
    twin: str = "",
) -> Case:
    return Case("core", name, title, sizes, pure or max(sizes), quick, make, twin=twin)


def _ring(name: str, title: str, make: Make, twin: str = "numpy") -> Case:
    return _core(name, title, make, 1 << 15, quick=8, twin=twin)


def _proof(name: str, title: str, kind: proofs.Kind, act: str, *sizes: int, pure: int, quick: int) -> Case:
    make = kind.prove if act == "prove" else kind.verify
    name, title = f"{name}_{act}", f"{title}: {act}"
    return Case("proofs", name, title, sizes, pure, quick, make, per_element=False, proof_bytes=kind.size)


CASES: tuple[Case, ...] = (
    _core("fr_add", "Fr addition", kernels.on_elements("fr_add", 2), _K14, _K20),
    _core("fr_mul", "Fr multiplication", kernels.on_elements("fr_mul", 2), _K14, _K20),
    _core("fr_muladd", "Fr multiply and add", kernels.on_elements("fr_muladd", 3), _K14, _K20),
    _core("fr_dot", "Fr inner product", kernels.on_elements("fr_dot", 2), _K14, _K20),
    _core("fr_combine", "Fr matrix of 64 rows, combined", kernels.fr_combine, _K14, _K20, quick=128),
    _core("fr_matvec", "Fr matrix of 64 rows times a vector", kernels.fr_matvec, _K14, _K20, quick=128),
    _core("fr_powers", "Fr powers", kernels.fr_powers, _K14),
    _core("fr_inv", "Fr inversion, batched", kernels.on_elements("fr_inv"), _K14),
    _core("fr_sqrt", "Fr square root, batched", kernels.fr_sqrt, 1 << 10, 1 << 15, pure=1 << 15),
    _core("fr_ntt", "Fr transform", kernels.fr_ntt, _K14),
    _core(
        "fr_expand",
        "expansion of a seed to Fr",
        kernels.fr_expand,
        _K14,
        _K20,
        twin="OpenSSL's ChaCha20, then int.from_bytes and %",
    ),
    _core("fr_to_bytes", "Fr encoding", kernels.on_elements("fr_to_bytes"), _K14, twin="int.to_bytes"),
    _core("fr_from_bytes", "Fr decoding", kernels.fr_from_bytes, _K14, twin="int.from_bytes"),
    _core("g1_add", "G1 addition, batched", kernels.g1_add, 1 << 12),
    _core("g1_mul", "G1 scalar multiplications", kernels.on_points("g1_mul", 1), 1 << 8),
    _core(
        "g1_msm",
        "G1 multi-scalar multiplication",
        kernels.on_points("g1_msm", 1),
        *(1 << k for k in (6, 8, 10, 12, 14, 16)),
        pure=_K14,
    ),
    _core("g1_subset_sums", "sums of 64 subsets of G1 points", kernels.g1_subset_sums, 1 << 10),
    _core("g1_hash", "hash to G1, batched", kernels.g1_hash, 1 << 8, quick=2),
    _core("g1_to_bytes", "G1 compression", kernels.on_points("g1_to_bytes"), 1 << 10, twin="int.to_bytes"),
    _core("g1_from_bytes", "G1 decompression and subgroup check", kernels.g1_from_bytes, 1 << 8, quick=2),
    _ring("ring_ntt", "BGV ring transform, one prime", kernels.ring_ntt),
    _ring("ring_encrypt", "BGV encryption", kernels.ring_encrypt),
    _ring("ring_reply", "BGV reply to a ciphertext", kernels.ring_reply),
    _ring("ring_decrypt", "BGV decryption", kernels.ring_decrypt),
    _ring("ring_combine", "BGV, 8 monomial sums of 16", kernels.ring_combine),
    _ring("ring_slots", "BGV plaintext to slots", kernels.ring_slots),
    _ring("ring_wide", "BGV masks that drown a reply", kernels.ring_wide, "OpenSSL's ChaCha20, then numpy"),
    _ring("ring_pack", "BGV ring packing, all primes", kernels.ring_pack),
    _ring("ring_unpack", "BGV ring unpacking, all primes", kernels.ring_unpack),
    *(
        _proof(name, title, kind, act, *sizes, pure=pure, quick=quick)
        for name, title, kind, sizes, pure, quick in (
            ("range", "range proof of 64-bit values", proofs.RANGES, _RANGES, 256, 1),
            ("gate", "proof of gates, one prover", proofs.GATES, _GATES, _K14, 32),
            ("own_range", "own proof of 64-bit values", proofs.OWN_RANGES, (*_RANGES, _K14), 256, 1),
            ("own_gate", "own proof of gates", proofs.OWN_GATES, (*_GATES, _K20), _K14, 32),
        )
        for act in ("prove", "verify")
    ),
)

SUITES = ("core", "proofs", "online", "prepare", "library", "demo", "audit")


def find_cases(suite: str) -> tuple[Case, ...]:
    """Return a suite's cases; those that run processes of their own are in modules of their own."""
    return tuple(case for case in CASES if case.suite == suite)
