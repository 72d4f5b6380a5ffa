# SPDX-License-Identifier: Apache-2.0
"""A key epoch: everybody's BGV key and encrypted MAC share, each with its proof.

Normative text: ``spec/preparation.md``, "Set-up of a key epoch".
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..backend import FR_MODULUS, Ciphertext, Octets, Poly, PublicKey
from ..encoding import frame, i2osp
from ..errors import DecodeError, ProtocolAbort, UsageError, VerificationError
from ..party import MacKey, Party, compare_broadcasts, malformed, toss
from ._knowledge import (
    Scheme,
    constant,
    fresh_encryption,
    multiple,
    prove_diagonal,
    prove_key,
    proven_key,
    verify_diagonal,
    verify_key,
)
from ._parameters import DIAGONAL_FACTOR

__all__ = ["Epoch", "EpochKeys", "common_part", "cut", "read_ciphertext", "start_epoch", "verified"]

_T = TypeVar("_T")
_RING_NONCE = bytes(12)


@dataclass(frozen=True, slots=True, repr=False)
class EpochKeys:
    """What one party keeps for the life of an epoch; ``secret`` and ``alpha`` are secret.

    ``public[j]`` and ``mac_keys[j]`` are party j's proven key (a, 2*b) and an encryption of alpha_j under it, own
    entries included; ``secret`` is the secret 2*s of one's own in the evaluation domain, its first L' rows.
    """

    identifier: bytes
    index: int
    secret: Poly
    alpha: int
    public: tuple[PublicKey, ...]
    mac_keys: tuple[Ciphertext, ...]

    def __repr__(self) -> str:
        return f"<EpochKeys {self.identifier.hex()[:16]} of party {self.index}>"


class Epoch:
    """The keys of an epoch while they may be used; ``burn`` ends that for good."""

    def __init__(
        self,
        keys: EpochKeys,
        *,
        on_burn: Callable[[str], None] = lambda reason: None,
        on_check: Callable[[bool], None] = lambda going_on: None,
        on_replies: Callable[[int], None] = lambda n: None,
        replies: int = 0,
    ) -> None:
        self._keys: EpochKeys | None = keys
        self._on_burn = on_burn
        self._on_check = on_check
        self._on_replies = on_replies
        self._replies = replies
        self._forget: Callable[[], None] = lambda: None
        self._reason = ""

    @property
    def keys(self) -> EpochKeys:
        """The keys; ProtocolAbort (``burnt``) after ``burn``."""
        if self._keys is None:
            raise ProtocolAbort(
                f"the key epoch was destroyed after a failed check: {self._reason}",
                check="burnt",
                hint="start a new run; a new epoch is made for it",
            )
        return self._keys

    @property
    def burnt(self) -> bool:
        """Whether the epoch is over."""
        return self._keys is None

    @property
    def mac_key(self) -> MacKey:
        """This party's MAC key share."""
        return MacKey(share=self.keys.alpha, index=self.keys.index)

    @property
    def replies(self) -> int:
        """How many replies each peer was given in this epoch, counted before they are made."""
        return self._replies

    def count_replies(self, n: int, limit: int) -> None:
        """Count n more replies to each peer, wherever ``on_replies`` reaches; UsageError if they pass the limit."""
        if self._replies + n > limit:
            raise UsageError(
                f"a key epoch of these members has {limit} replies to each, of which {self._replies} are made:"
                f" {n} more would show more than is allowed",
                hint="end this run; when half of them are made, the next run starts a new epoch",
            )
        self._replies += n
        self._on_replies(n)

    def forgets(self, forget: Callable[[], None]) -> None:
        """Have burning also drop what somebody holds in memory."""
        self._forget = forget

    def burn(self, reason: str) -> None:
        """Destroy the keys, here and wherever ``on_burn`` reaches."""
        if self._keys is None:
            return
        self._keys.secret.fill(0)
        self._keys, self._reason = None, reason
        self._forget()
        self._on_burn(reason)

    def note_check(self, going_on: bool) -> None:
        """Pass on that a check begins, or that it has passed, to what outlives this process."""
        if self._keys is not None:
            self._on_check(going_on)


def cut(data: bytes, sizes: Sequence[int], *, label: str, sender: int) -> list[npt.NDArray[np.uint8]]:
    """Cut a message into fields; the last takes what is left."""
    view, start, fields = np.frombuffer(data, dtype=np.uint8), 0, []
    if len(data) < sum(sizes):
        malformed(label, sender, f"{len(data)} bytes, fewer than {sum(sizes)}")
    for size in sizes:
        fields.append(view[start : start + size])
        start += size
    return [*fields, view[start:]]


def verified(check: Callable[[], _T], *, label: str, sender: int) -> _T:
    """Run the check of something a party sent; blame it when that fails."""
    try:
        return check()
    except DecodeError as error:
        malformed(label, sender, error.message)
    except VerificationError as error:
        raise ProtocolAbort.by(sender, f": {error.message}", check=error.check) from error


def read_ciphertext(scheme: Scheme, data: Octets, rows: int) -> Ciphertext:
    """Unpack c_0 and c_1 of ``rows`` rows each."""
    half = len(data) // 2
    return Ciphertext(scheme.ring.unpack(data[:half], rows), scheme.ring.unpack(data[half:], rows))


def common_part(scheme: Scheme, identifier: bytes, owner: int) -> Poly:
    seed = hashlib.sha256(frame(b"tallystick/v1/bgv-a") + frame(identifier) + i2osp(owner, 4)).digest()
    return scheme.ring.uniform(seed, _RING_NONCE)


def _statement(identifier: bytes, owner: int, *parts: Octets) -> list[Octets]:
    return [identifier, i2osp(owner, 4), *parts]


async def start_epoch(party: Party, scheme: Scheme) -> EpochKeys:
    """Make keys and MAC shares, prove them to everybody, and check everybody's.

    Two broadcasts after a coin toss. Raises ProtocolAbort with the party to blame: ``key-proof``,
    ``diagonal-proof``, ``response-box``, ``malformed-message``, ``commitment`` or ``equivocation``.
    """
    identifier = await toss(party, "prepare/epoch")
    # With different coins each honest member's key would look malformed to the others.
    await compare_broadcasts(party, "prepare/epoch/agree")
    ring, index, parties = scheme.ring, party.index, range(party.size)
    rows = len(ring.parameters.primes)
    random = party.random.fork("epoch")
    poly = len(ring.pack(_zeros(scheme)))

    def own_key() -> tuple[Poly, PublicKey, bytes, bytes]:
        seed = random.bytes(32)
        s, e = ring.ternary(seed, bytes(12)), ring.binomial(seed, b"\1" + bytes(11))
        key = ring.public_key(common_part(scheme, identifier, index), s, e)
        packed = ring.pack(key.b)
        proof = prove_key(scheme, key, s, e, statement=_statement(identifier, index, packed), random=random)
        secret = ring.to_evaluation(2 * s)[: ring.parameters.kept].copy()
        return secret, proven_key(scheme, key), packed, proof

    secret, key, packed, proof = await asyncio.to_thread(own_key)
    label = "prepare/key"
    sent = await party.mesh.broadcast(label, packed + proof)

    def peer_key(j: int) -> PublicKey:
        data, proof_j = cut(sent[j], [poly], label=label, sender=j)

        def check() -> PublicKey:
            key_j = PublicKey(common_part(scheme, identifier, j), ring.unpack(data, rows))
            verify_key(scheme, key_j, proof_j, statement=_statement(identifier, j, data))
            return proven_key(scheme, key_j)

        return verified(check, label=label, sender=j)

    public = await asyncio.gather(*(asyncio.to_thread(peer_key, j) for j in parties if j != index))
    public.insert(index, key)

    def own_mac_key() -> tuple[int, Ciphertext, bytes, bytes]:
        encrypted = random.scalar()
        # The proof speaks of a multiple of the ciphertext, so alpha is that multiple of what is encrypted.
        alpha = encrypted * DIAGONAL_FACTOR % FR_MODULUS
        witness = fresh_encryption(scheme, constant(scheme, encrypted), random)
        ciphertext = witness.encrypt(ring, key)
        data = ring.pack(ciphertext.c0) + ring.pack(ciphertext.c1)
        statement = _statement(identifier, index, packed, data)
        return (
            alpha,
            ciphertext,
            data,
            prove_diagonal(scheme, key, witness, statement=statement, random=random),
        )

    alpha, ciphertext, data, proof = await asyncio.to_thread(own_mac_key)
    mac_label = "prepare/mac-key"
    sent_macs = await party.mesh.broadcast(mac_label, data + proof)

    def peer_mac_key(j: int) -> Ciphertext:
        data_j, proof_j = cut(sent_macs[j], [2 * poly], label=mac_label, sender=j)

        def check() -> Ciphertext:
            ciphertext_j = read_ciphertext(scheme, data_j, rows)
            statement = _statement(identifier, j, sent[j][:poly], data_j)
            verify_diagonal(scheme, public[j], ciphertext_j, proof_j, statement=statement)
            return multiple(scheme, ciphertext_j, DIAGONAL_FACTOR)

        return verified(check, label=mac_label, sender=j)

    mac_keys = await asyncio.gather(*(asyncio.to_thread(peer_mac_key, j) for j in parties if j != index))
    mac_keys.insert(index, ciphertext)
    return EpochKeys(identifier, index, secret, alpha, tuple(public), tuple(mac_keys))


def _zeros(scheme: Scheme) -> Poly:
    p = scheme.ring.parameters
    return np.zeros((len(p.primes), p.degree), dtype=np.uint64)
