# SPDX-License-Identifier: Apache-2.0
"""The Fiat-Shamir transcript: labelled, framed, and the only source of challenges.

Normative text: ``spec/transcript.md``.  Challenges come from RFC 9380 ``expand_message_xmd`` (section 5.3.1)
with SHA-256.
"""

from __future__ import annotations

import hashlib

from .backend import FR_MODULUS, Buffer
from .encoding import absorb, frame

__all__ = ["Transcript", "expand_message_xmd"]

_CHALLENGE_DST = b"TALLYSTICK-V1-CHALLENGE"
_CHALLENGE_BYTES = 48
_SHA256_BYTES = 32
_SHA256_BLOCK = 64


def expand_message_xmd(message: bytes, dst: bytes, length: int) -> bytes:
    """Expand a message to ``length`` uniform bytes: RFC 9380 section 5.3.1 with SHA-256.

    ``dst`` has at most 255 bytes and ``length`` is at most 8160; otherwise ValueError.
    """
    blocks = -(-length // _SHA256_BYTES)
    if blocks > 255 or len(dst) > 255:
        raise ValueError("expand_message_xmd gives at most 8160 bytes for a tag of at most 255 bytes")
    dst_prime = dst + bytes([len(dst)])
    b_0 = hashlib.sha256(
        bytes(_SHA256_BLOCK) + message + length.to_bytes(2, "big") + b"\x00" + dst_prime
    ).digest()
    b_i = hashlib.sha256(b_0 + b"\x01" + dst_prime).digest()
    out = [b_i]
    for i in range(2, blocks + 1):
        mixed = (int.from_bytes(b_0, "big") ^ int.from_bytes(b_i, "big")).to_bytes(_SHA256_BYTES, "big")
        b_i = hashlib.sha256(mixed + bytes([i]) + dst_prime).digest()
        out.append(b_i)
    return b"".join(out)[:length]


class Transcript:
    """A hash state that absorbs labelled public values and gives challenges in Fr."""

    __slots__ = ("_state",)

    def __init__(self, protocol: str) -> None:
        self._state = hashlib.sha256(frame(b"tallystick/v1") + frame(protocol.encode("ascii"))).digest()

    @property
    def state(self) -> bytes:
        """The 32-byte state, which determines everything absorbed so far."""
        return self._state

    def absorb(self, label: str, data: Buffer) -> None:
        """Absorb ``data`` under an ASCII label."""
        h = hashlib.sha256(self._state + b"\x01" + frame(label.encode("ascii")))
        absorb(h, data)
        self._state = h.digest()

    def challenge(self, label: str) -> int:
        """Return a challenge in [0, r), at distance below 2**-128 from uniform."""
        framed = frame(label.encode("ascii"))
        out = expand_message_xmd(self._state + b"\x02" + framed, _CHALLENGE_DST, _CHALLENGE_BYTES)
        self._state = hashlib.sha256(self._state + b"\x03" + framed + frame(out)).digest()
        return int.from_bytes(out, "big") % FR_MODULUS
