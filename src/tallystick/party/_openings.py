# SPDX-License-Identifier: Apache-2.0
"""Opening shares, multiplying them, and the check that nobody lied about either.

SPDZ (Damgard, Pastro, Smart and Zakarias, CRYPTO 2012; the MAC check of Damgard et al., ESORICS 2013,
section 4). Normative text: ``spec/online.md``, "Openings" and "The check".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, reduce
from operator import add

import numpy as np

from ..algebra import Points, Vector
from ..backend import FR_MODULUS
from ..errors import ProtocolAbort
from ._commit import SEED_BYTES, commit_and_open, xor
from ._party import Party
from ._shared import MacKey, Shared
from ._statements import compare_digests, contradiction
from ._wire import broadcast_fields, broadcast_points, broadcast_vector, read_points, read_vector

__all__ = ["PENDING_LIMIT", "AuthenticatedOpenings", "Claim", "PointClaim", "compare_broadcasts"]

PENDING_LIMIT = 1 << 22
"""More elements opened or claimed than this set off a check by themselves."""

_R = FR_MODULUS
_CHUNK = 1 << 15
_DIGEST_BYTES = 32
_MAC_CHECK = "mac-check"
_POINT_CHECK = "point-check"
_NOT_CHECKS = frozenset({"connection", "deadline", "stopped"})
"""Aborts that say that a peer went away, which outside a check tells nobody anything: the material stays good."""


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """A public vector (None: zeros) and this party's MAC shares on it."""

    opened: Vector | None
    mac: Vector


@dataclass(frozen=True, slots=True, repr=False)
class PointClaim:
    """Public points, said to be multiples of one base, and this party's MAC shares on the multipliers."""

    base: Points
    opened: Points
    mac: Vector


class AuthenticatedOpenings(ABC):
    """Everything one party has opened since the last check, and the check itself.

    Nothing opened may leave the protocol before ``check`` has returned.  Claims are kept by reference and
    folded piece by piece when they are checked; more than ``pending_limit`` elements set off a check by
    themselves, so memory stays bounded. A failed check burns the key and all material under it.
    """

    def __init__(self, party: Party, *, pending_limit: int = PENDING_LIMIT) -> None:
        self.party = party
        self._limit = pending_limit
        self._pending = 0
        self._claims: dict[str, list[Claim | PointClaim]] = {}

    @property
    @abstractmethod
    def key(self) -> MacKey:
        """This party's share of the MAC key."""

    @abstractmethod
    def burn(self, reason: str) -> None:
        """Destroy the MAC key share and all material under it."""

    @abstractmethod
    def note_check(self, going_on: bool) -> None:
        """Note, where it outlives this process, that a check is going on, or that it has passed."""

    # ------------------------------------------------------------------ opening
    async def broadcast(self, label: str, own: Vector) -> list[Vector]:
        """Broadcast a vector; return everyone's vectors of the same length, by party."""
        return await broadcast_vector(self.party, label, own)

    async def open(self, shared: Shared, *, label: str = "open") -> Vector:
        """Open a sharing to all parties; the value is not to be relied on before the next ``check``."""
        total, _parts = await self.open_parts(shared, label=label)
        return total

    async def open_parts(self, shared: Shared, *, label: str = "open") -> tuple[Vector, list[Vector]]:
        """Open a sharing, and return every party's share besides the value."""
        parts = await self.broadcast(label, shared.value)
        total = reduce(add, parts)
        await self.claim(total, shared.mac)
        return total, parts

    async def open_points(
        self, shared: Shared, base: Points, *, label: str = "open-points"
    ) -> tuple[Points, list[Points]]:
        """Open x*base for every x of a sharing; return the points, and every party's share of them.

        Only the points become known.  The next check, claim ``point-check``, covers them.
        """
        own = base[np.zeros(len(shared), dtype=np.int64)].scale(shared.value)
        parts = await broadcast_points(self.party, label, own)
        total = reduce(add, parts)
        await self.record(_POINT_CHECK, PointClaim(base, total, shared.mac))
        return total, parts

    async def claim(self, opened: Vector, mac: Vector) -> None:
        """Have the next check cover a value that was opened in some other way, with this party's MAC shares."""
        await self.record(_MAC_CHECK, Claim(opened, mac))

    async def assert_zero(self, shared: Shared, *, check: str) -> None:
        """Claim that a sharing is of zeros, without opening it; the next check fails as ``check`` if not."""
        await self.record(check, Claim(None, shared.mac))

    async def record(self, name: str, claim: Claim | PointClaim) -> None:
        """Keep a claim for the next check, and check at once if too much is pending."""
        self.keep(name, claim)
        await self.check_excess()

    def keep(self, name: str, claim: Claim | PointClaim) -> None:
        """Keep a claim for the next check."""
        if len(claim.mac):
            self._claims.setdefault(name, []).append(claim)
            self._pending += len(claim.mac)

    # ------------------------------------------------------------------ the check
    async def check(self, label: str = "check") -> None:
        """Check all that was broadcast, opened and claimed zero since the last check.

        Raises ProtocolAbort: ``equivocation``, ``mac-check``, or the name that a zero was claimed under.
        Whatever else ends it once sums may have been opened burns as well: see ``_settling``.
        """
        claims, self._claims, self._pending = self._claims, {}, 0
        names = sorted(claims, key=lambda name: (name != _MAC_CHECK, name))
        seed, suspects = await self._coins(label)
        if not names:
            if suspects is not None:
                with self.burning():
                    raise contradiction(suspects)
            return
        challenges = Vector.expand(self.party.backend, seed, bytes(12), len(names)).to_ints()
        # The coins are broadcasts, too: whoever sent others to one party is found before that one opens its sum.
        self.party.mesh.state(self.party.session)
        # One claim after the other, each sum opened only when those before it were zero: the sums of two
        # false claims are multiples of the same unknown alpha, so together they would reveal their ratio,
        # which can depend on honest inputs (the lie in one opening shows in a later gate check).
        with self._settling():
            compare: Callable[[], Awaitable[None]] | None = partial(self._compare_statements, suspects)
            for name, chi in zip(names, challenges, strict=True):
                values = [claim for claim in claims[name] if isinstance(claim, Claim)]
                points = [claim for claim in claims[name] if isinstance(claim, PointClaim)]
                if points:
                    await self._check_points(label, name, self._fold_points(points, chi), compare)
                else:
                    await self._check_sum(label, name, self._fold(values, chi), compare)
                compare = None

    async def _compare_statements(self, suspects: tuple[int, int] | None) -> None:
        """Find whom signatures convict, also of two parties that contradicted each other with their coins."""
        await self.party.mesh.compare()
        if suspects is not None:
            raise _taken_back(suspects)

    async def check_pending(self, label: str) -> None:
        """Check if anything was opened or claimed since the last check; all parties know alike."""
        if self._claims:
            await self.check(label)

    async def check_excess(self) -> None:
        """Check if more is pending than may be; all parties count alike."""
        if self._pending > self._limit:
            await self.check()

    async def agree(self, label: str) -> None:
        """Compare what all parties saw broadcast, when nothing is left to check; else ``equivocation``."""
        with self.burning():
            await compare_broadcasts(self.party, label)

    @contextmanager
    def _settling(self) -> Iterator[None]:
        """Burn whatever ends the opening of sums before all of them were zero: silence, a crash, an interruption.

        A party that shifted an opened value by a known amount finds alpha in its peers' sigma_i.  It sees them
        before it opens its own, and could then fall silent and forge MACs in the next run.
        """
        self.note_check(True)
        try:
            yield
        except BaseException as error:
            check = error.check if isinstance(error, ProtocolAbort) else type(error).__name__
            self.burn(f"{check}: a check was cut short: {error}")
            raise
        self.note_check(False)

    async def _check_sum(
        self, label: str, name: str, sigma: int, compare: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Commit to and open the sigma_i of one claim; they must add up to zero."""
        payload = Vector.from_ints(self.party.backend, [sigma]).to_bytes()
        opened = await commit_and_open(self.party, f"{label}/{name}", payload, before_opening=compare)
        parts = [
            read_vector(self.party, data, 1, label=f"{label}/{name}", sender=j)
            for j, data in enumerate(opened)
        ]
        if sum(part[0] for part in parts) % _R != 0:
            raise self.failed(_WHY.get(name, "a value that must be zero is not"), check=name)

    async def _check_points(
        self, label: str, name: str, sigma: Points, compare: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Commit to and open the points sigma_i of one claim; they must add up to the point at infinity."""
        opened = await commit_and_open(
            self.party, f"{label}/{name}", sigma.to_bytes(), before_opening=compare
        )
        parts = [
            read_points(self.party, data, 1, label=f"{label}/{name}", sender=j)
            for j, data in enumerate(opened)
        ]
        if not Points.concat(parts).sum().is_identity():
            raise self.failed(_WHY[name], check=name)

    @contextmanager
    def burning(self) -> Iterator[None]:
        """Burn the preparation if the protocol steps inside stop because a check failed here.

        What a peer says of a check of its own burns nothing, or one notice would empty every store; if it is true,
        the peer has burnt its epoch, and nobody uses one that any member lacks.
        """
        try:
            yield
        except ProtocolAbort as abort:
            if abort.check not in _NOT_CHECKS and not abort.heard:
                self.burn(f"{abort.check}: {abort.message}")
            raise

    def failed(self, what: str, *, check: str, blame: int | None = None) -> ProtocolAbort:
        """Burn the key and return the abort to raise; ``what`` is said of the party to blame, if there is one."""
        error = ProtocolAbort(what, check=check, blame=blame, about=() if blame is None else (blame,))
        self.burn(f"{check}: {error.message}")
        return error

    async def _coins(self, label: str) -> tuple[bytes, tuple[int, int] | None]:
        """Toss a seed, and compare what all parties saw broadcast until now; also returns who contradict each other."""
        party = self.party
        own = party.mesh.broadcast_digests()
        payload = party.random.bytes(SEED_BYTES) + b"".join(own)
        opened = await commit_and_open(party, f"{label}/coins", payload)
        with self.burning():
            suspects = _compare(party, [data[SEED_BYTES:] for data in opened], own)
        return xor([data[:SEED_BYTES] for data in opened]), suspects

    def _fold(self, claims: Sequence[Claim], chi: int) -> int:
        """Return sigma_i = sum_k chi**(k+1) * (m_k - alpha_i * x_k) over all elements of all claims.

        One table of powers serves every piece: piece by piece the inner products are scaled by
        chi**(position).
        """
        longest = max(len(claim.mac) for claim in claims)
        powers = Vector.powers(self.party.backend, chi, min(_CHUNK, longest), chi)
        macs = opened = 0
        scale = 1
        for claim in claims:
            for start, stop in _pieces(len(claim.mac)):
                weights = powers[: stop - start]
                macs += scale * weights.dot(claim.mac[start:stop])
                if claim.opened is not None:
                    opened += scale * weights.dot(claim.opened[start:stop])
                scale = scale * pow(chi, stop - start, _R) % _R
        return (macs - self.key.share * opened) % _R

    def _fold_points(self, claims: Sequence[PointClaim], chi: int) -> Points:
        """Return the same in the exponent: sigma_i = sum_k chi**(k+1) * (m_k*base - alpha_i*T_k)."""
        backend = self.party.backend
        total, first = Points.identity(backend, 1), chi
        for claim in claims:
            n = len(claim.mac)
            weights = Vector.powers(backend, chi, n, first)
            first = first * pow(chi, n, _R) % _R
            mac = Vector.from_ints(backend, [weights.dot(claim.mac)])
            alpha = Vector.from_ints(backend, [-self.key.share])
            # One by one and not as a sum of multiples, which would take variable time in the key.
            total = total + claim.base.scale(mac) + claim.opened.msm(weights).scale(alpha)
        return total


_WHY = {
    _MAC_CHECK: "an opened value does not carry its MAC: somebody lied about a share",
    _POINT_CHECK: "an opened point does not carry its MAC: somebody lied about a share",
    "gate-check": "a product in the proof is wrong: somebody lied about a coset product, or a triple was bad",
    "advice": "digits found under a mask are not those of the value: somebody spoiled the mask",
    "assert-zero": "a value that the program asserts to be zero is not",
}


async def compare_broadcasts(party: Party, label: str) -> None:
    """Compare what all parties saw broadcast until now; ProtocolAbort, check ``equivocation``, if they differ."""
    own = party.mesh.broadcast_digests()
    party.mesh.state(party.session)
    received = await broadcast_fields(party, label, [b"".join(own)])
    suspects = _compare(party, [fields[0] for fields in received], own)
    await party.mesh.compare()
    if suspects is not None:
        raise _taken_back(suspects)


def _compare(party: Party, said: Sequence[bytes], own: Sequence[bytes]) -> tuple[int, int] | None:
    """Compare digests as ``compare_digests`` does; said[j] are those that party j says it saw, joined."""
    seen = {
        j: [data[k : k + _DIGEST_BYTES] for k in range(0, len(data), _DIGEST_BYTES)]
        for j, data in enumerate(said)
    }
    return next(iter(compare_digests(party.index, own, seen)), None)


def _taken_back(suspects: tuple[int, int]) -> ProtocolAbort:
    """Blame j, which said that it saw s broadcast something else, and then stated that it saw what all saw.

    A digest that differs once differs ever after, so no honest party says both.
    """
    return ProtocolAbort.by(
        suspects[1],
        "misreports what another party broadcast, and then states what all saw of it",
        check="equivocation",
    )


def _pieces(n: int) -> Iterator[tuple[int, int]]:
    for start in range(0, n, _CHUNK):
        yield start, min(start + _CHUNK, n)
