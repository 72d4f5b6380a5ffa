# SPDX-License-Identifier: Apache-2.0
"""Batched arithmetic in Fr and G1 of BLS12-381: one protocol, a native and a pure implementation."""

from __future__ import annotations

from ._memory import keep_large_buffers
from ._protocol import (
    FR_BYTES,
    FR_MODULUS,
    G1_BYTES,
    Backend,
    BitArray,
    Buffer,
    FrArray,
    G1Array,
    IndexArray,
)
from ._ring_protocol import Ciphertext, Octets, Poly, PublicKey, Ring, RingParameters, Small
from ._select import get_backend, native_available

__all__ = [
    "FR_BYTES",
    "FR_MODULUS",
    "G1_BYTES",
    "Backend",
    "BitArray",
    "Buffer",
    "Ciphertext",
    "FrArray",
    "G1Array",
    "IndexArray",
    "Octets",
    "Poly",
    "PublicKey",
    "Ring",
    "RingParameters",
    "Small",
    "get_backend",
    "keep_large_buffers",
    "native_available",
]
