# SPDX-License-Identifier: Apache-2.0
"""Signed statements of what each party broadcast, and the evidence that convicts one that signed two.

Normative text: ``spec/online.md``, "Statements".  Without a signature a third party cannot tell who lies when two
others contradict each other; with one, whoever tells two parties different things must sign different digests for
them, or contradict to one of them what it sent there.  This holds no sockets: a ``Mesh`` carries the bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..encoding import absorb, i2osp
from ..errors import ProtocolAbort

__all__ = ["STATEMENT_BYTES", "Statements", "compare_digests", "compare_statements", "contradiction"]

_DIGEST: Final = 32
_SIGNATURE: Final = 64
_CHECK: Final = "equivocation"

STATEMENT_BYTES: Final = 1 << 13
"""More than any statement or evidence has, of the most members that a run may have."""

Tell = Callable[[bytes], None]
Hear = Callable[[int, bool], Awaitable[bytes | None]]
"""Gives the next statement of a party, or None if it sends none.

If the flag says that it may be on its way, it is waited for as a message is: ProtocolAbort at the deadline.
"""


@dataclass(frozen=True, slots=True)
class _Statement:
    """What a party says it saw of each party's broadcasts, and its signature on what it broadcast itself."""

    digests: tuple[bytes, ...]
    signature: bytes


class Statements:
    """One party's side: it signs, once for every number, and holds others to what they signed.

    ``sign`` signs 32 bytes; ``signed`` says whether a signature on 32 bytes is a party's.
    """

    def __init__(
        self,
        index: int,
        size: int,
        *,
        sign: Callable[[bytes], bytes],
        signed: Callable[[int, bytes, bytes], bool],
    ) -> None:
        self._index = index
        self._size = size
        self._sign = sign
        self._signed = signed
        self._number = 0
        self._session = b""
        self._own: tuple[bytes, ...] = ()

    def state(self, session: bytes, digests: Sequence[bytes]) -> bytes:
        """Return the next statement: number, the n digests, the signature on this party's own."""
        self._number += 1
        self._session, self._own = session, tuple(digests)
        signature = self._sign(self._message(digests[self._index]))
        return i2osp(self._number, 8) + b"".join(digests) + signature

    def judge(self, heard: Mapping[int, bytes | None]) -> tuple[list[tuple[int, int]], dict[int, _Statement]]:
        """Hold everybody's statement against what this party saw.

        Raises ProtocolAbort for what convicts on this party's own evidence.  Otherwise returns all pairs s and j where
        j says it saw s broadcast something else, and all statements.
        """
        made = {j: self._read(j, data) for j, data in heard.items()}
        seen = {j: statement.digests for j, statement in made.items()}
        return compare_digests(self._index, self._own, seen), made

    def evidence(self, made: Mapping[int, _Statement]) -> bytes:
        """Return what this party passes on: everybody's digest and signature, after checking that they are theirs."""
        parts = [i2osp(self._number, 8)]
        for s in range(self._size):
            if s == self._index:
                continue
            if not self._signed(s, self._message(self._own[s]), made[s].signature):
                raise ProtocolAbort.by(s, "did not sign what it says that it broadcast", check=_CHECK)
            parts.append(self._own[s] + made[s].signature)
        return b"".join(parts)

    def convict(
        self, s: int, j: int, made: Mapping[int, _Statement], passed_on: bytes | None
    ) -> ProtocolAbort:
        """Return the abort, with whom the evidence convicts that j passed on about s."""
        entry = self._entry(s, j, passed_on)
        if entry is None:
            return contradiction((s, j))
        digest, signature = entry
        if digest != made[j].digests[s] or not self._signed(s, self._message(digest), signature):
            return ProtocolAbort.by(
                j, "passes on as another party's what that party did not sign", check=_CHECK
            )
        return ProtocolAbort.by(s, "signed different broadcasts for different parties", check=_CHECK)

    def _message(self, digest: bytes) -> bytes:
        h = hashlib.sha256()
        for part in (b"tallystick/v1/broadcasts", self._session, i2osp(self._number, 8), digest):
            absorb(h, part)
        return h.digest()

    def _read(self, j: int, data: bytes | None) -> _Statement:
        size = 8 + self._size * _DIGEST + _SIGNATURE
        if data is None or len(data) != size or data[:8] != i2osp(self._number, 8):
            raise ProtocolAbort.by(j, "does not state what it saw broadcast", check=_CHECK)
        digests = tuple(data[8 + k * _DIGEST : 8 + (k + 1) * _DIGEST] for k in range(self._size))
        return _Statement(digests, data[-_SIGNATURE:])

    def _entry(self, s: int, j: int, data: bytes | None) -> tuple[bytes, bytes] | None:
        """Return what j passes on about s: it leaves itself out."""
        width = _DIGEST + _SIGNATURE
        if data is None or len(data) != 8 + (self._size - 1) * width or data[:8] != i2osp(self._number, 8):
            return None
        start = 8 + (s - (s > j)) * width
        return data[start : start + _DIGEST], data[start + _DIGEST : start + width]


def compare_digests(
    index: int, own: Sequence[bytes], seen: Mapping[int, Sequence[bytes]]
) -> list[tuple[int, int]]:
    """Compare digests: seen[j][s] is what party j says it saw of party s's broadcasts, own[s] what this one saw.

    Raises ProtocolAbort for what convicts on this party's own evidence; else returns all pairs s and j where j
    says it saw s broadcast something else than this party did.
    """
    for s, digests in seen.items():
        if digests[s] != own[s]:
            raise ProtocolAbort.by(
                s, "broadcast one thing to this party and says that it broadcast another", check=_CHECK
            )
    for j, digests in seen.items():
        if digests[index] != own[index]:
            raise ProtocolAbort.by(j, "misreports what this party broadcast to it", check=_CHECK)
    return [(s, j) for j, digests in seen.items() for s in seen if digests[s] != own[s]]


def contradiction(suspects: tuple[int, int]) -> ProtocolAbort:
    """Return the abort for two parties, s and j, where j says it saw s broadcast something else than this one saw."""
    return ProtocolAbort(
        "contradict each other: the first broadcast different things to this party and to the second, "
        "or the second lies about it",
        check=_CHECK,
        about=suspects,
    )


async def compare_statements(statements: Statements, peers: Sequence[int], *, tell: Tell, hear: Hear) -> None:
    """Hear everybody's statement, and raise ProtocolAbort, check ``equivocation``, unless all agree.

    Every party has stated what it saw before the message that this one received last, so no statement is waited for;
    but where two contradict each other, both see it, and each passes on what the others signed.  What convicts anybody
    goes before what convicts nobody.
    """
    pairs, made = statements.judge({j: await hear(j, False) for j in peers})
    if not pairs:
        return
    tell(statements.evidence(made))
    undecided: list[ProtocolAbort] = []
    asked = [
        asyncio.create_task(_convicted(statements, pairs, j, made, hear))
        for j in dict.fromkeys(j for _, j in pairs)
    ]
    try:
        for answer in asyncio.as_completed(asked):
            for abort in await answer:
                # One that accuses falsely and has nothing to pass on must not keep another from being convicted.
                if abort.blame is not None:
                    raise abort
                undecided.append(abort)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    raise undecided[0]


async def _convicted(
    statements: Statements,
    pairs: Sequence[tuple[int, int]],
    j: int,
    made: Mapping[int, _Statement],
    hear: Hear,
) -> list[ProtocolAbort]:
    """Return the aborts by what j passes on about those that it accuses, or the one by which it passes on nothing."""
    try:
        passed_on = await hear(j, True)
    except ProtocolAbort as abort:
        return [abort]
    return [statements.convict(s, accuser, made, passed_on) for s, accuser in pairs if accuser == j]
