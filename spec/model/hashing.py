# SPDX-License-Identifier: Apache-2.0
"""Expand, expand_message_xmd, the generators and the Fiat-Shamir transcript."""

from __future__ import annotations

import hashlib
import hmac
import struct
from functools import cache

from codec import frame, i2osp
from py_ecc.bls.hash_to_curve import hash_to_G1

from algebra import Point, R

# -- ChaCha20 (RFC 8439) and Expand -----------------------------------------------------------------


def _quarter(s: list[int], a: int, b: int, c: int, d: int) -> None:
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] ^= s[x]
        s[z] = (s[z] << turn | s[z] >> (32 - turn)) & 0xFFFFFFFF


def chacha20_block(key: bytes, nonce: bytes, counter: int) -> bytes:
    """Return one 64-byte block (RFC 8439, section 2.3)."""
    start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), counter]
    start += struct.unpack("<3I", nonce)
    s = list(start)
    for _ in range(10):
        for i in range(4):
            _quarter(s, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            _quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((x + y) & 0xFFFFFFFF for x, y in zip(s, start, strict=True)))


def expand(seed: bytes, nonce: bytes, count: int, offset: int = 0) -> list[int]:
    """Return elements offset … offset+count-1 of Expand(seed, nonce)."""
    blocks = (chacha20_block(seed, nonce, i) for i in range(offset, offset + count))
    return [int.from_bytes(block, "little") % R for block in blocks]


class Stream:
    """A stream of draws from a 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        # HKDF-Expand (RFC 5869, section 2.3) of 32 bytes is a single block.
        self.key = hmac.digest(seed, b"tallystick/v1/random/stream\1", "sha256")
        self.draws = 0

    def draw(self, count: int) -> list[int]:
        """Return the next draw."""
        self.draws += 1
        return expand(self.key, i2osp(self.draws - 1, 12), count)


# -- RFC 9380 ---------------------------------------------------------------------------------------


def expand_message_xmd(message: bytes, dst: bytes, length: int) -> bytes:
    """Return ``length`` uniform bytes (RFC 9380, section 5.3.1, SHA-256)."""
    if len(dst) > 255 or length > 255 * 32:
        raise ValueError("dst or length too long")
    tail = dst + i2osp(len(dst), 1)
    b0 = hashlib.sha256(bytes(64) + message + i2osp(length, 2) + b"\0" + tail).digest()
    block = hashlib.sha256(b0 + b"\1" + tail).digest()
    out = block
    for i in range(2, -(-length // 32) + 1):
        mixed = bytes(x ^ y for x, y in zip(b0, block, strict=True))
        block = hashlib.sha256(mixed + i2osp(i, 1) + tail).digest()
        out += block
    return out[:length]


def hash_to_point(message: bytes, dst: bytes) -> Point:
    """Return the suite BLS12381G1_XMD:SHA-256_SSWU_RO_ of message under dst."""
    return hash_to_G1(message, dst, hashlib.sha256)


@cache
def generator(letter: str, index: int = 0) -> Point:
    """Return G_index, H or Q."""
    dst = f"TALLYSTICK-V1-{letter}_BLS12381G1_XMD:SHA-256_SSWU_RO_".encode()
    return hash_to_point(i2osp(index, 4), dst)


# -- the transcript ---------------------------------------------------------------------------------


class Transcript:
    """The state machine of ``spec/transcript.md``."""

    def __init__(self, protocol: str) -> None:
        self.state = hashlib.sha256(frame(b"tallystick/v1") + frame(protocol.encode("ascii"))).digest()

    def absorb(self, label: str, data: bytes) -> None:
        """Bind labelled data."""
        data = self.state + b"\1" + frame(label.encode("ascii")) + frame(data)
        self.state = hashlib.sha256(data).digest()

    def challenge(self, label: str) -> int:
        """Draw an element of Fr."""
        framed = frame(label.encode("ascii"))
        out = expand_message_xmd(self.state + b"\2" + framed, b"TALLYSTICK-V1-CHALLENGE", 48)
        self.state = hashlib.sha256(self.state + b"\3" + framed + frame(out)).digest()
        return int.from_bytes(out, "big") % R
