# SPDX-License-Identifier: Apache-2.0
"""Preparation by LowGear over a store: takes what is there, makes what is missing, and keeps members in step.

Normative text: ``spec/preparation.md``, "Store".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..algebra import Vector
from ..backend import FR_BYTES, PublicKey
from ..encoding import dumps, expect_array, expect_bytes, expect_int, expect_map, loads
from ..errors import DecodeError, UsageError
from ..limits import STATISTICAL_BITS
from ..party import MacKey, Party, Shared, compare_broadcasts, malformed
from ._epoch import Epoch, EpochKeys, common_part, read_ciphertext, start_epoch
from ._knowledge import Scheme
from ._lowgear import LowGear
from ._parameters import TRIPLE_REPLIES
from ._preparation import Masks, Need, Preparation, Triples
from ._store import Piece, Store

__all__ = ["LowGearPreparation", "Stocking"]

#: Called with a kind of material, how much of it is there, and how much is wanted.
Stocking: TypeAlias = Callable[[str, int, int], None]

_TRIPLES, _BITS, _RANDOMS = "triples", "bits", "randoms"
_AHEAD = 1 << 15
"""So many items of a kind are taken from the store at once, as far as they are reserved: each time, the disk must
acknowledge."""
_SEGMENT = 1 << 15
"""Items of a segment at most."""
_MAX_STATE = 1 << 16
_MAX_POSITION = 1 << 62
#: No store counts this far.  A member that claims so ends the epoch, for counting on from there would end badly.
_LAST_POSITION = 1 << 56


def _masks_of(owner: int) -> str:
    return f"masks/{owner}"


class LowGearPreparation(Preparation):
    """Implements ``Preparation``. Made by ``open``, which agrees with the other members on what is usable."""

    def __init__(
        self, party: Party, scheme: Scheme, store: Store, epoch: Epoch, *, stocking: Stocking | None = None
    ) -> None:
        self._party = party
        self._store = store
        self._epoch = epoch
        self._lowgear = LowGear(party, scheme, epoch)
        self._scheme = scheme
        self._used = Need(masks=(0,) * party.size)
        self._stocking = stocking
        self._reserved: dict[str, int] = {}
        self._ahead: dict[str, list[list[Vector]]] = {}
        epoch.forgets(self._ahead.clear)

    @classmethod
    async def open(
        cls, party: Party, scheme: Scheme, store: Store, *, stocking: Stocking | None = None
    ) -> LowGearPreparation:
        """Agree on the epoch and on every kind's span; start a new epoch if any member lacks this one."""
        kept = store.epoch()
        keys = None if kept is None else await asyncio.to_thread(_decode_keys, kept, party, scheme)
        own = {
            "epoch": b"" if keys is None else keys.identifier,
            "replies": store.replies(),
            "spans": [list(store.span(kind)) for kind in _kinds(party.size)],
        }
        label = "prepare/state"
        sent = await party.mesh.broadcast(label, dumps(own))
        states = [_read_state(data, party.size, label, j) for j, data in enumerate(sent)]
        # All must draw the same conclusions, or they would use items of different positions together.
        await compare_broadcasts(party, f"{label}/agree")
        # All count on from the largest number: who was interrupted may have counted replies that others had not.
        replies = max(state.replies for state in states)
        # A session begins with at least half of what an epoch may show.
        spent = replies > scheme.parameters.replies_to_each(party.size) // 2
        others = keys is None or any(
            state.identifier != keys.identifier or state.exhausted for state in states
        )
        if keys is None or others or spent:
            replies = 0
            if stocking is not None:
                stocking("epoch", 0, 1)
            keys = await start_epoch(party, scheme)
            store.begin_epoch(keys.identifier, _encode_keys(keys, scheme))
            if stocking is not None:
                stocking("epoch", 1, 1)
        else:
            for k, kind in enumerate(_kinds(party.size)):
                first = max(state.spans[k][0] for state in states)
                store.align(kind, first, min(state.spans[k][1] for state in states))
            store.count_replies(replies - store.replies())
        return cls(
            party,
            scheme,
            store,
            Epoch(
                keys,
                on_burn=store.burn,
                on_check=store.note_check,
                on_replies=store.count_replies,
                replies=replies,
            ),
            stocking=stocking,
        )

    def __repr__(self) -> str:
        return "<LowGearPreparation>"

    @property
    def key(self) -> MacKey:
        return self._epoch.mac_key

    @property
    def used(self) -> Need:
        return self._used

    def burn(self, reason: str) -> None:
        self._epoch.burn(reason)

    def note_check(self, going_on: bool) -> None:
        self._epoch.note_check(going_on)

    # ------------------------------------------------------------------ filling
    async def reserve(self, need: Need) -> None:
        """Make whatever the store lacks, batch by batch; each batch is on disk before the next begins."""
        wanted = {_masks_of(owner): n for owner, n in enumerate(need.masks)}
        wanted |= {_RANDOMS: need.randoms, _BITS: need.bits, _TRIPLES: need.triples}
        self._require_room({kind: n - self._held(kind) for kind, n in wanted.items()})
        for kind, n in wanted.items():
            await self._fill(kind, n - self._held(kind))
        self._reserved = {kind: n - self._held(kind) for kind, n in wanted.items()}

    def _require_room(self, wanted: Mapping[str, int]) -> None:
        """Refuse what would take more replies than the epoch has left, before anything of it is made."""
        replies = 0
        for kind, n in wanted.items():
            first, last = self._store.span(kind)
            each = TRIPLE_REPLIES if kind in (_TRIPLES, _BITS) else 1
            replies += -(-max(n - (last - first), 0) // self._lowgear.batch) * each
        if replies > self._lowgear.replies_left:
            raise UsageError(
                f"this takes {replies:,} replies to every member, and the key epoch has"
                f" {self._lowgear.replies_left:,} left: more would show more than 2^-{STATISTICAL_BITS} allows",
                hint="ask for less in one run; a run that begins with more than half used starts a new epoch",
            )

    async def _fill(self, kind: str, n: int) -> None:
        while True:
            self._epoch.keys  # noqa: B018  a burnt epoch must say so before anything is sent
            first, last = self._store.span(kind)
            if self._stocking is not None and n:
                self._stocking(kind, min(last - first, n), n)
            if last - first >= n:
                return
            parts = await self._make(kind, n - (last - first))
            await asyncio.to_thread(self._store.append, kind, _segments(parts))

    async def _make(self, kind: str, missing: int) -> list[Vector]:
        """Make at least one batch; return its vectors, all of one length."""
        batches = min(-(-missing // self._lowgear.batch), self._lowgear.most_batches)
        if kind == _TRIPLES:
            t = await self._lowgear.triples(batches)
            made = [t.a, t.b, t.c]
        elif kind == _BITS:
            made = [await self._lowgear.bits(await self._lowgear.triples(batches))]
        elif kind == _RANDOMS:
            made = [await self._lowgear.randoms()]
        else:
            made = [(await self._lowgear.masks(int(kind.rpartition("/")[2]))).shared]
        return [vector for shared in made for vector in (shared.value, shared.mac)]

    # ------------------------------------------------------------------ giving
    async def triples(self, n: int) -> Triples:
        v = await self._take(_TRIPLES, n, 6)
        self._used = self._used + Need(triples=n)
        return Triples(Shared(v[0], v[1]), Shared(v[2], v[3]), Shared(v[4], v[5]))

    async def bits(self, n: int) -> Shared:
        v = await self._take(_BITS, n, 2)
        self._used = self._used + Need(bits=n)
        return Shared(v[0], v[1])

    async def randoms(self, n: int) -> Shared:
        v = await self._take(_RANDOMS, n, 2)
        self._used = self._used + Need(randoms=n)
        return Shared(v[0], v[1])

    async def masks(self, owner: int, n: int) -> Masks:
        v = await self._take(_masks_of(owner), n, 2)
        counts = tuple(n if k == owner else 0 for k in range(self._party.size))
        self._used = self._used + Need(masks=counts)
        # The owner's share is the whole value, every other member's is zero.
        return Masks(Shared(v[0], v[1]), v[0] if owner == self._party.index else None)

    async def _take(self, kind: str, n: int, vectors: int) -> list[Vector]:
        self._epoch.keys  # noqa: B018  a burnt epoch gives nothing
        if n == 0:
            return [Vector.zeros(self._scheme.backend, 0)] * vectors
        missing = n - self._held(kind)
        if missing > 0:
            await self._fetch(kind, max(missing, min(_AHEAD, self._reserved.get(kind, 0))), vectors)
        held, given = self._ahead[kind], []
        while n > 0:
            part = held.pop(0)
            given.append([v[:n] for v in part])
            if len(part[0]) > n:
                held.insert(0, [v[n:] for v in part])
            n -= len(given[-1][0])
        return given[0] if len(given) == 1 else [Vector.concat(vs) for vs in zip(*given, strict=True)]

    def _held(self, kind: str) -> int:
        return sum(len(part[0]) for part in self._ahead.get(kind, []))

    async def _fetch(self, kind: str, n: int, vectors: int) -> None:
        """Take n items from the store, and hold them behind those that are held already."""
        await self._fill(kind, n)
        taken = await asyncio.to_thread(self._given, kind, n, vectors)
        self._reserved[kind] = self._reserved.get(kind, 0) - n
        self._epoch.keys  # noqa: B018  it may have been burnt meanwhile
        self._ahead.setdefault(kind, []).extend(taken)

    def _given(self, kind: str, n: int, vectors: int) -> list[list[Vector]]:
        return [self._read(piece, vectors) for piece in self._store.take(kind, n)]

    def _read(self, piece: Piece, vectors: int) -> list[Vector]:
        width = piece.total * FR_BYTES
        if len(piece.data) != vectors * width:
            raise UsageError("the preparation store holds a segment of the wrong length")
        if piece.count == piece.total:
            whole = Vector.from_bytes(self._scheme.backend, piece.data)
            return [whole[k * piece.total : (k + 1) * piece.total] for k in range(vectors)]
        out = []
        for k in range(vectors):
            start = k * width + piece.offset * FR_BYTES
            data = piece.data[start : start + piece.count * FR_BYTES]
            out.append(Vector.from_bytes(self._scheme.backend, data))
        return out


def _segments(parts: Sequence[Vector]) -> Iterator[tuple[int, bytes]]:
    """Cut vectors of one length into segments: few enough items that one takes little memory, on its way or read."""
    n = len(parts[0])
    for at in range(0, n, _SEGMENT):
        count = min(_SEGMENT, n - at)
        yield count, b"".join(v[at : at + count].to_bytes() for v in parts)


def _kinds(size: int) -> list[str]:
    return [_TRIPLES, _BITS, _RANDOMS, *(_masks_of(k) for k in range(size))]


@dataclass(frozen=True, slots=True)
class _State:
    """What a member says it has: its epoch (empty for none), replies counted in it, [first, last) of each kind."""

    identifier: bytes
    replies: int
    spans: list[tuple[int, int]]

    @property
    def exhausted(self) -> bool:
        return any(max(span) > _LAST_POSITION for span in self.spans)


def _read_state(data: bytes, size: int, label: str, sender: int) -> _State:
    try:
        body = expect_map(
            loads(data, max_size=_MAX_STATE, what="state"), "state", required=("epoch", "replies", "spans")
        )
        identifier = expect_bytes(body["epoch"], "epoch")
        replies = expect_int(body["replies"], "replies", low=0, high=_MAX_POSITION)
        spans = []
        for k, item in enumerate(expect_array(body["spans"], "spans", length=len(_kinds(size)))):
            pair = expect_array(item, f"span {k}", length=2)
            first, last = (expect_int(x, f"span {k}", low=0, high=_MAX_POSITION) for x in pair)
            spans.append((first, last))
    except DecodeError as error:
        malformed(label, sender, error.message)
    return _State(identifier, replies, spans)


# ---------------------------------------------------------------------- keys at rest
def _encode_keys(keys: EpochKeys, scheme: Scheme) -> bytes:
    ring = scheme.ring
    body = {
        "identifier": keys.identifier,
        "secret": ring.pack(keys.secret),
        "alpha": keys.alpha.to_bytes(FR_BYTES, "little"),
        "public": [ring.pack(key.b) for key in keys.public],
        "macs": [ring.pack(c.c0) + ring.pack(c.c1) for c in keys.mac_keys],
    }
    return dumps(body)


def _decode_keys(data: bytes, party: Party, scheme: Scheme) -> EpochKeys | None:
    """Read stored keys back; None if they are for another number of members or another parameter set."""
    ring, p = scheme.ring, scheme.ring.parameters
    rows = len(p.primes)
    try:
        names = ("identifier", "secret", "alpha", "public", "macs")
        body = expect_map(loads(data, max_size=len(data), what="epoch keys"), "epoch keys", required=names)
        identifier = expect_bytes(body["identifier"], "identifier")
        public = tuple(
            PublicKey(common_part(scheme, identifier, j), ring.unpack(expect_bytes(packed, "key"), rows))
            for j, packed in enumerate(expect_array(body["public"], "public", length=party.size))
        )
        macs = tuple(
            read_ciphertext(scheme, expect_bytes(packed, "MAC key"), rows)
            for packed in expect_array(body["macs"], "macs", length=party.size)
        )
        secret = np.ascontiguousarray(ring.unpack(expect_bytes(body["secret"], "secret"), p.kept))
        alpha = int.from_bytes(expect_bytes(body["alpha"], "alpha", length=FR_BYTES), "little")
    except DecodeError:
        return None
    return EpochKeys(identifier, party.index, secret, alpha, public, macs)
