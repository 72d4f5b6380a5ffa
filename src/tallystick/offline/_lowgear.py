# SPDX-License-Identifier: Apache-2.0
"""LowGear: authenticated triples, random elements, bits and masks from pairwise BGV products.

Keller, Pastro and Rotaru, "Overdrive", Eurocrypt 2018, section 3, over the keys of an ``Epoch``.  Normative
text: ``spec/preparation.md``; the letters are that page's.  One *batch* is N elements, one in each slot.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from ..algebra import Random, Vector
from ..backend import FR_MODULUS, Ciphertext, FrArray, Octets
from ..encoding import i2osp
from ..party import AuthenticatedOpenings, MacKey, Party, Shared, malformed, toss
from ._epoch import Epoch, cut, read_ciphertext, verified
from ._knowledge import Opened, Scheme, fresh_encryption, prove_plaintexts, verify_plaintexts
from ._parameters import CIPHERTEXTS_PER_PROOF, LIMB_BITS, TRIPLE_REPLIES
from ._preparation import Masks, Triples

__all__ = ["LowGear"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_R = FR_MODULUS


def _burning(
    step: Callable[Concatenate[LowGear, _P], Awaitable[_T]],
) -> Callable[Concatenate[LowGear, _P], Awaitable[_T]]:
    """Burn the epoch when a protocol aborts for any reason but a lost or stopped peer."""

    @wraps(step)
    async def guarded(self: LowGear, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with self._openings.burning():
            return await step(self, *args, **kwargs)

    return guarded


class _Checked(AuthenticatedOpenings):
    """Openings under the epoch's MAC key."""

    def __init__(self, party: Party, epoch: Epoch) -> None:
        super().__init__(party)
        self._epoch = epoch

    @property
    def key(self) -> MacKey:
        return self._epoch.mac_key

    def burn(self, reason: str) -> None:
        self._epoch.burn(reason)

    def note_check(self, going_on: bool) -> None:
        self._epoch.note_check(going_on)


@dataclass(frozen=True, slots=True, repr=False)
class _Factor:
    """A polynomial y over Fr, and for each party the ciphertext that y is multiplied into."""

    targets: Sequence[Ciphertext]
    y: FrArray


@dataclass(frozen=True, slots=True, repr=False)
class _Answers:
    """What this party sends each peer, and the masks it keeps: one sum over all peers for each factor."""

    payloads: list[bytes]
    kept: list[Vector]


@dataclass(frozen=True, slots=True, repr=False)
class _Begun:
    """A batch of triples after its local half: own shares of a, b, a^ as slots, and the first answers."""

    a: Vector
    b: Vector
    a_hat: Vector
    answers: _Answers


class LowGear:
    """Makes material in batches; every method is one protocol that all parties enter together.

    Whatever fails a check burns the epoch before ProtocolAbort is raised.
    """

    def __init__(self, party: Party, scheme: Scheme, epoch: Epoch) -> None:
        self._party = party
        self._scheme = scheme
        self._epoch = epoch
        self._openings = _Checked(party, epoch)
        self._limit = scheme.parameters.replies_to_each(party.size)
        self._proofs = 0
        self._named = [hashlib.sha256(scheme.ring.pack(key.b)).digest() for key in epoch.keys.public]
        poly = len(scheme.ring.pack(np.zeros((1, scheme.degree), dtype=np.uint64)))
        self._fresh_bytes = 2 * poly * len(scheme.ring.parameters.primes)
        self._reply_bytes = 2 * poly * scheme.ring.parameters.kept

    @property
    def batch(self) -> int:
        """N, the number of elements in a batch."""
        return self._scheme.degree

    @property
    def most_batches(self) -> int:
        """How many batches of triples one call makes at most, all covered by one proof."""
        return CIPHERTEXTS_PER_PROOF

    @property
    def replies_left(self) -> int:
        """How many more replies to each peer the epoch admits."""
        return max(self._limit - self._epoch.replies, 0)

    # ------------------------------------------------------------------ what is made
    @_burning
    async def triples(self, batches: int) -> Triples:
        """Make up to ``most_batches`` batches of triples, sacrificed against as many others."""
        self._epoch.count_replies(TRIPLE_REPLIES * batches, self._limit)
        # What is used up is dropped at once: ciphertexts and vectors of a call fill hundreds of megabytes.
        encrypted = await self._encrypted(batches)
        made: list[list[Shared]] = []

        def begin() -> asyncio.Task[_Begun]:
            return asyncio.create_task(asyncio.to_thread(self._begin, *encrypted.pop()))

        pending = begin()
        try:
            while len(made) < batches:
                begun = await pending
                if encrypted:
                    pending = begin()
                made.append(list(await self._finish(begun)))
        finally:
            pending.cancel()
        a, b, c, a_hat, c_hat = (Shared.concat([one.pop(0) for one in made]) for _ in range(5))
        await self._sacrifice(a, b, c, a_hat, c_hat)
        return Triples(a, b, c)

    @_burning
    async def randoms(self) -> Shared:
        """Make one batch of uniform elements that nobody knows."""
        self._epoch.count_replies(1, self._limit)
        label, own = "prepare/random", self._uniform()
        answers = await asyncio.to_thread(self._answer, [_Factor(self._epoch.keys.mac_keys, own.data)])
        received = await self._party.mesh.exchange(label, answers.payloads)
        (mac,) = await asyncio.to_thread(self._combine, answers, received, label)
        value = self._slots(own)
        return Shared(value, value * self._epoch.keys.alpha + mac)

    @_burning
    async def masks(self, owner: int) -> Masks:
        """Make one batch of uniform elements that the owner alone knows."""
        label, keys, party = "prepare/mask", self._epoch.keys, self._party
        self._epoch.count_replies(1, self._limit)  # The others count with the owner, to stay in step.
        if party.index == owner:
            own = self._uniform()
            answers = await asyncio.to_thread(self._answer, [_Factor(keys.mac_keys, own.data)])
            for j in range(party.size):
                if j != owner:
                    await party.mesh.send(j, label, answers.payloads[j])
            value = self._slots(own)
            return Masks(Shared(value, value * keys.alpha + self._slots(answers.kept[0])), value)
        data = await party.mesh.receive(owner, label, self._reply_bytes)
        (mac,) = await asyncio.to_thread(self._decrypt, data, 1, label, owner)
        return Masks(Shared(Vector.zeros(self._scheme.backend, self.batch), self._slots(mac)), None)

    @_burning
    async def bits(self, triples: Triples) -> Shared:
        """Turn n triples into about n bits (one fewer for every zero): see ``spec/preparation.md``, "Bits"."""
        online = self._openings
        d = await online.open(triples.a - triples.b, label="prepare/bits/difference")
        square = triples.c + triples.a * d
        opened = await online.open(square, label="prepare/bits/square")
        await online.check("prepare/bits/check")
        nonzero = np.flatnonzero(np.array(opened.to_ints(), dtype=object) != 0).astype(np.int64)
        root = await asyncio.to_thread(opened[nonzero].sqrt)
        half = pow(2, -1, _R)
        signs = triples.a[nonzero] * root.inverse()
        return online.key.add(signs * half, Vector.constant(self._scheme.backend, half, len(nonzero)))

    # ------------------------------------------------------------------ encrypted b
    async def _encrypted(self, batches: int) -> list[tuple[Opened, tuple[Ciphertext, ...]]]:
        """Encrypt own b for each batch and prove it; return for each its opening, and all members' 2*C_j(b_j)."""
        scheme, party, keys = self._scheme, self._party, self._epoch.keys
        ring, rows = scheme.ring, len(scheme.ring.parameters.primes)
        # A member's own old proof, of an earlier batch or run of the epoch, must not pass for a new one.
        label, bound = "prepare/b", [keys.identifier, party.session, i2osp(self._proofs, 8)]
        self._proofs += 1
        random = self._random()

        def own() -> tuple[list[Opened], list[Ciphertext], bytes]:
            key = keys.public[party.index]
            witnesses = [
                fresh_encryption(scheme, random.vector(scheme.backend, self.batch).data, random)
                for _ in range(batches)
            ]
            ciphertexts = [w.encrypt(ring, key) for w in witnesses]
            data = b"".join(ring.pack(c.c0) + ring.pack(c.c1) for c in ciphertexts)
            statement = [*bound, i2osp(party.index, 4), self._named[party.index], data]
            proof = prove_plaintexts(scheme, key, witnesses, statement=statement, random=random)
            return witnesses, [ring.double(c) for c in ciphertexts], data + proof

        witnesses, doubled, payload = await asyncio.to_thread(own)
        sent = await party.mesh.broadcast(label, payload)

        def peer(j: int) -> list[Ciphertext]:
            data, proof = cut(sent[j], [batches * self._fresh_bytes], label=label, sender=j)

            def check() -> list[Ciphertext]:
                starts = range(0, len(data), self._fresh_bytes)
                ciphertexts = [
                    read_ciphertext(scheme, data[at : at + self._fresh_bytes], rows) for at in starts
                ]
                statement: list[Octets] = [*bound, i2osp(j, 4), self._named[j], data]
                verify_plaintexts(scheme, keys.public[j], ciphertexts, proof, statement=statement)
                return [ring.double(c) for c in ciphertexts]

            return verified(check, label=label, sender=j)

        others = [j for j in range(party.size) if j != party.index]
        checked = await asyncio.gather(*(asyncio.to_thread(peer, j) for j in others))
        by_party = dict(zip(others, checked, strict=True)) | {party.index: doubled}
        return list(zip(witnesses, zip(*(by_party[j] for j in range(party.size)), strict=True), strict=True))

    # ------------------------------------------------------------------ one batch of triples
    def _begin(self, own: Opened, ciphertexts: Sequence[Ciphertext]) -> _Begun:
        """Draw a and a^; answer b_j * a, b_j * a^ and the MACs of a, b, a^."""
        backend, macs = self._scheme.backend, self._epoch.keys.mac_keys
        a, a_hat = self._uniform(), self._uniform()
        b = Vector(backend, own.m) * 2  # The proof speaks of 2*C, so b is twice what was encrypted.
        factors = [_Factor(ciphertexts, a.data), _Factor(ciphertexts, a_hat.data)]
        factors += [_Factor(macs, one.data) for one in (a, b, a_hat)]
        return _Begun(self._slots(a), self._slots(b), self._slots(a_hat), self._answer(factors))

    async def _finish(self, begun: _Begun) -> tuple[Shared, ...]:
        """Exchange the answers; then the same for the MACs of the products. Returns a, b, c, a^, c^."""
        mesh, alpha = self._party.mesh, self._epoch.keys.alpha
        first = "prepare/products"
        received = await mesh.exchange(first, begun.answers.payloads)
        cross = await asyncio.to_thread(self._combine, begun.answers, received, first)
        c = begun.b.muladd(begun.a, cross[0])
        c_hat = begun.b.muladd(begun.a_hat, cross[1])
        second = "prepare/product-macs"

        def answer() -> _Answers:
            macs = self._epoch.keys.mac_keys
            return self._answer([_Factor(macs, self._coefficients(x).data) for x in (c, c_hat)])

        answers = await asyncio.to_thread(answer)
        received = await mesh.exchange(second, answers.payloads)
        product_macs = await asyncio.to_thread(self._combine, answers, received, second)
        values = (begun.a, begun.b, c, begun.a_hat, c_hat)
        macs = (cross[2], cross[3], product_macs[0], cross[4], product_macs[1])
        return tuple(Shared(x, x.axpy(alpha, m)) for x, m in zip(values, macs, strict=True))

    async def _sacrifice(self, a: Shared, b: Shared, c: Shared, a_hat: Shared, c_hat: Shared) -> None:
        """Open rho = t*a - a^ and require t*c - c^ - rho*b = 0: Overdrive, figure 8."""
        online = self._openings
        seed = await toss(self._party, "prepare/sacrifice")
        t = Vector.expand(self._scheme.backend, seed, bytes(12), 1)[0]
        rho = await online.open(a * t - a_hat, label="prepare/rho")
        await online.assert_zero(c * t - c_hat - b * rho, check="sacrifice")
        await online.check("prepare/sacrifice/check")

    # ------------------------------------------------------------------ pairwise products
    def _answer(self, factors: Sequence[_Factor]) -> _Answers:
        """Multiply every peer's ciphertexts by this party's factors, each answer masked and drowned."""
        scheme, party, keys = self._scheme, self._party, self._epoch.keys
        ring, random = scheme.ring, self._random()
        payloads = [b""] * party.size
        kept = [Vector.zeros(scheme.backend, self.batch) for _ in factors]
        for j in range(party.size):
            if j == party.index:
                continue
            parts = []
            for k, factor in enumerate(factors):
                seed = random.bytes(32)
                mask = random.vector(scheme.backend, self.batch)
                answer = ring.reply(
                    factor.targets[j],
                    factor.y,
                    keys.public[j],
                    v=ring.ternary(seed, _nonce(0)),
                    e1=ring.binomial(seed, _nonce(1)),
                    u=self._drowning(seed),
                    mask=mask.data,
                )
                parts += [ring.pack(answer.c0), ring.pack(answer.c1)]
                kept[k] = kept[k] + mask
            payloads[j] = b"".join(parts)
        return _Answers(payloads, kept)

    def _drowning(self, seed: bytes) -> npt.NDArray[np.uint64]:
        """Draw what hides a reply's noise, uniform below 2**drowning_bits: limbs, lowest first."""
        limbs = self._scheme.ring.wide(seed, _nonce(2))
        limbs[-1] &= np.uint64(
            (1 << self._scheme.parameters.drowning_bits - LIMB_BITS * (len(limbs) - 1)) - 1
        )
        return limbs

    def _decrypt(self, data: bytes, count: int, label: str, sender: int) -> list[Vector]:
        """Decrypt the answers of one peer: coefficients."""
        scheme, size = self._scheme, self._reply_bytes
        kept = scheme.ring.parameters.kept
        if len(data) != count * size:
            malformed(label, sender, f"{len(data)} bytes instead of {count * size}")
        out = []
        for k in range(count):
            read = partial(read_ciphertext, scheme, data[k * size : (k + 1) * size], kept)
            answer = verified(read, label=label, sender=sender)
            out.append(Vector(scheme.backend, scheme.ring.decrypt(answer, self._epoch.keys.secret)))
        return out

    def _combine(self, answers: _Answers, received: Sequence[bytes], label: str) -> list[Vector]:
        """Add what was decrypted from all peers to what was kept: this party's cross terms, as slots."""
        total = list(answers.kept)
        for j in range(self._party.size):
            if j != self._party.index:
                opened = self._decrypt(received[j], len(total), label, j)
                total = [x + y for x, y in zip(total, opened, strict=True)]
        return [self._slots(x) for x in total]

    # ------------------------------------------------------------------ small helpers
    def _random(self) -> Random:
        return self._party.random.fork("lowgear")

    def _uniform(self) -> Vector:
        return self._random().vector(self._scheme.backend, self.batch)

    def _slots(self, coefficients: Vector) -> Vector:
        return Vector(self._scheme.backend, self._scheme.ring.slots(coefficients.data))

    def _coefficients(self, slots: Vector) -> Vector:
        return Vector(self._scheme.backend, self._scheme.ring.coefficients(slots.data))


def _nonce(k: int) -> bytes:
    return bytes([k]) + bytes(11)
