# SPDX-License-Identifier: Apache-2.0
"""What filling an empty store with the material of a run takes and sends (``spec/preparation.md``, "Messages").

The sizes of messages are those of the ring that runs use; a test holds them to its derivation.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..backend import FR_BYTES

__all__ = ["RING", "Material", "Ring"]

_HASH = 32
_NONCE = 32
_SEED = 32
_MOST_BATCHES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Sizes of the offline phase: items in a batch, and bytes of a polynomial, its ciphertexts and the proofs."""

    batch: int
    polynomial: int
    ciphertext: int
    reply: int
    key_proof: int
    diagonal_proof: int
    plaintext_proof: int


RING = Ring(
    batch=32_768,
    polynomial=3_072_000,
    ciphertext=6_144_000,
    reply=2_457_600,
    key_proof=1_835_040,
    diagonal_proof=17_433_824,
    plaintext_proof=11_534_368,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Batches of each kind that a run of ``parties`` members takes, and what making them sends.

    ``groups`` counts how often triples are made, up to 8 batches under one proof; bits are made of triples.
    """

    parties: int
    groups: int
    triple_batches: int
    bit_batches: int
    random_batches: int
    mask_batches: tuple[int, ...]

    @classmethod
    def of(cls, *, triples: int, bits: int, randoms: int, masks: tuple[int, ...]) -> Material:
        """Return how many batches hold so many items."""
        triple, bit, random = (_batches(n) for n in (triples, bits, randoms))
        return cls(
            parties=len(masks),
            groups=-(-triple // _MOST_BATCHES) + -(-bit // _MOST_BATCHES),
            triple_batches=triple,
            bit_batches=bit,
            random_batches=random,
            mask_batches=tuple(map(_batches, masks)),
        )

    @property
    def batches(self) -> int:
        """All batches of triples, those that become bits included."""
        return self.triple_batches + self.bit_batches

    @property
    def set_up_bytes(self) -> int:
        """What every member sends to all others together to begin an epoch."""
        agreed = _commit(_SEED) + self.parties * _HASH
        key = RING.polynomial + RING.key_proof
        return (self.parties - 1) * (agreed + key + RING.ciphertext + RING.diagonal_proof)

    @property
    def bytes_sent(self) -> tuple[int, ...]:
        """What each member sends to all others together to fill empty stores after that."""
        opened = RING.batch * FR_BYTES
        check = _commit(_SEED + self.parties * _HASH)
        group = RING.plaintext_proof + _commit(_SEED) + check + 2 * _commit(FR_BYTES)
        triples = self.groups * group + self.batches * (RING.ciphertext + 7 * RING.reply + opened)
        bit_groups = -(-self.bit_batches // _MOST_BATCHES)
        bits = bit_groups * (check + _commit(FR_BYTES)) + self.bit_batches * 2 * opened
        shared = triples + bits + self.random_batches * RING.reply
        return tuple((self.parties - 1) * (shared + masks * RING.reply) for masks in self.mask_batches)


def _commit(payload: int) -> int:
    """Bytes of a commitment and its opening."""
    return _HASH + _NONCE + payload


def _batches(items: int) -> int:
    return -(-items // RING.batch)
