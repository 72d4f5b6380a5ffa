# SPDX-License-Identifier: Apache-2.0
"""Seed expansion on both backends: RFC 8439's block, the counter's range, random access."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from hypothesis import given
from hypothesis import strategies as st

from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend

# RFC 8439, section 2.3.2.
KEY = bytes(range(32))
NONCE = bytes.fromhex("000000090000004a00000000")
BLOCK_1 = bytes.fromhex(
    "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
    "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
)


def test_rfc_8439_block(backend: Backend) -> None:
    want = int.from_bytes(BLOCK_1, "little") % R
    assert backend.fr_to_ints(backend.fr_expand(KEY, NONCE, 1, offset=1)) == [want]
    assert backend.fr_to_ints(backend.fr_expand(KEY, NONCE, 3)[1:2]) == [want]


@given(
    seed=st.binary(min_size=32, max_size=32),
    nonce=st.binary(min_size=12, max_size=12),
    n=st.one_of(st.integers(0, 20), st.just(67)),
    offset=st.one_of(st.integers(0, 2**32 - 67), st.just(2**32 - 67)),
)
def test_every_block_is_addressed_by_its_counter(
    backend: Backend, seed: bytes, nonce: bytes, n: int, offset: int
) -> None:
    want = []
    for k in range(offset, offset + n):
        cipher = Cipher(algorithms.ChaCha20(seed, k.to_bytes(4, "little") + nonce), mode=None)
        want.append(int.from_bytes(cipher.encryptor().update(bytes(64)), "little") % R)
    assert backend.fr_to_ints(backend.fr_expand(seed, nonce, n, offset)) == want


def test_the_counter_ends_at_32_bits(backend: Backend) -> None:
    last = backend.fr_expand(KEY, NONCE, 2, offset=2**32 - 2)
    assert backend.fr_equal(last[1:], backend.fr_expand(KEY, NONCE, 1, offset=2**32 - 1))
    assert len(backend.fr_expand(KEY, NONCE, 0, offset=2**32)) == 0


def test_refusals(backend: Backend) -> None:
    for mistake in (
        lambda: backend.fr_expand(KEY[1:], NONCE, 1),
        lambda: backend.fr_expand(KEY, NONCE + b"\0", 1),
        lambda: backend.fr_expand(KEY, NONCE, -1),
        lambda: backend.fr_expand(KEY, NONCE, 1, offset=-1),
        lambda: backend.fr_expand(KEY, NONCE, 3, offset=2**32 - 2),
        lambda: backend.fr_expand(KEY, NONCE, 1, offset=2**32),
        lambda: backend.fr_expand(KEY, NONCE, 0, offset=2**32 + 1),
    ):
        with pytest.raises(ValueError):
            mistake()
