# SPDX-License-Identifier: Apache-2.0
"""Commit-and-open, and the coins tossed with it.

Normative text: ``spec/online.md``, "Commit and open".  Commitments are SHA-256 with a 32-byte nonce, in the
random oracle model hiding and binding; each is bound to session, label, round and party, so none can be
replayed or claimed by another.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence

from ..backend import Buffer
from ..errors import ProtocolAbort
from ._party import Party
from ._wire import broadcast_fields

__all__ = ["NONCE_BYTES", "SEED_BYTES", "commit_and_open", "toss", "xor"]

NONCE_BYTES = 32
SEED_BYTES = 32
_DIGEST_BYTES = 32


async def commit_and_open(
    party: Party,
    label: str,
    payload: Buffer,
    *,
    before_opening: Callable[[], Awaitable[None]] | None = None,
) -> list[bytes]:
    """Have every party announce a payload that it fixed before it saw any other; return all n, by party.

    All payloads have the same length; ``before_opening`` may still stop it when all have committed.  Two broadcasts,
    ``label/commit`` and ``label/open``.  Raises ProtocolAbort, check ``commitment``, blaming the party whose opening
    does not fit its commitment.
    """
    round_ = party.next_round()
    nonce = party.random.bytes(NONCE_BYTES)
    own = party.commitment(label, round_, party.index, nonce, payload)
    commitments = await broadcast_fields(party, f"{label}/commit", [own], [_DIGEST_BYTES])
    if before_opening is not None:
        await before_opening()
    opened = await broadcast_fields(party, f"{label}/open", [nonce, payload])
    for j, (theirs, opening) in enumerate(zip(commitments, opened, strict=True)):
        expected = party.commitment(label, round_, j, opening[0], opening[1])
        if not hmac.compare_digest(theirs[0], expected):
            raise ProtocolAbort.by(
                j,
                f"opened its commitment {label!r} to something else than it committed to",
                check="commitment",
            )
    return [bytes(opening[1]) for opening in opened]


def xor(seeds: Sequence[Buffer]) -> bytes:
    """Combine seeds: uniform if any one of them is, and they were fixed independently."""
    total = 0
    for seed in seeds:
        total ^= int.from_bytes(seed, "big")
    return total.to_bytes(SEED_BYTES, "big")


async def toss(party: Party, label: str) -> bytes:
    """Return a 32-byte seed that no party could predict or choose, the same at all parties."""
    return xor(await commit_and_open(party, label, party.random.bytes(SEED_BYTES)))
