# SPDX-License-Identifier: Apache-2.0
"""Randomness as a parameter: a secret seed, expanded without ever repeating a nonce."""

from __future__ import annotations

import builtins
import os
import threading

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ..backend import FR_BYTES, FR_MODULUS, Backend, IndexArray
from ._vector import Vector

__all__ = ["Random"]


class Random:
    """A deterministic stream from a 32-byte secret seed; ``Random.system()`` draws the seed itself.

    Two instances with the same seed that receive the same calls in the same order return the same
    values, on any backend.  Every call uses a nonce of its own, from whatever thread, and ``fork`` separates purposes,
    so no two calls share key stream.  An instance that is copied by ``os.fork`` repeats itself in both
    processes: draw a fresh one after the fork.
    """

    __slots__ = ("_calls", "_key", "_lock", "_root")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 32:
            raise ValueError(f"a seed has 32 bytes, not {len(seed)}")
        self._root = bytes(seed)
        self._key = self._derive(b"tallystick/v1/random/stream")
        self._calls = 0
        self._lock = threading.Lock()

    @classmethod
    def system(cls) -> Random:
        """Return an instance seeded by the operating system."""
        return cls(os.urandom(32))

    def __repr__(self) -> str:
        return "Random(<secret seed>)"

    def vector(self, backend: Backend, n: int) -> Vector:
        """Return n uniform elements."""
        return Vector.expand(backend, self._key, self._nonce(), n)

    def scalar(self) -> int:
        """Return one uniform element of Fr."""
        return int.from_bytes(self.bytes(64), "little") % FR_MODULUS

    def bytes(self, n: int) -> bytes:
        """Return n uniform bytes."""
        cipher = Cipher(algorithms.ChaCha20(self._key, bytes(4) + self._nonce()), mode=None)
        return cipher.encryptor().update(b"\0" * n)

    def below(self, backend: Backend, bits: int, n: int) -> Vector:
        """Return n uniform integers below 2^bits, for at most 254 bits."""
        size = -(-bits // 8)
        raw = np.zeros((n, FR_BYTES), dtype=np.uint8)
        raw[:, :size] = np.frombuffer(self.bytes(n * size), dtype=np.uint8).reshape(n, size)
        raw[:, size - 1 : size] &= 0xFF >> (8 * size - bits)
        return Vector.from_bytes(backend, raw.tobytes())

    def permutation(self, n: int) -> IndexArray:
        """Return a uniform permutation of 0, …, n-1, but for a distance below n^2 * 2^-129.

        It is the order of n uniform keys of 128 bits, of which two are equal with at most that probability.
        """
        keys = np.frombuffer(self.bytes(16 * n), dtype="<u8").reshape(2, n)
        return np.lexsort((keys[0], keys[1])).astype(np.int64)

    def fork(self, label: str) -> Random:
        """Return an independent instance for the purpose named by ``label``.

        The seed is HKDF-Expand of this one's over the label and the number of calls made so far
        (RFC 5869), so forking twice with one label gives two independent instances.
        """
        return Random(self._derive(b"tallystick/v1/random/fork" + self._nonce() + label.encode()))

    def _nonce(self) -> builtins.bytes:
        # Threads make batches of preparation side by side: with one nonce twice, two replies would have one mask.
        with self._lock:
            calls, self._calls = self._calls, self._calls + 1
        return calls.to_bytes(12, "big")

    def _derive(self, info: builtins.bytes) -> builtins.bytes:
        return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=info).derive(self._root)
