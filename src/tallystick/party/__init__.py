"""What every protocol between parties stands on: messages, commitments, coins, authenticated shares.

Normative text: ``spec/online.md``.
"""

from ._commit import NONCE_BYTES, SEED_BYTES, commit_and_open, toss, xor
from ._labels import CLAIMS, MESSAGES, Message, labels
from ._mesh import SMALL, Mesh
from ._openings import PENDING_LIMIT, AuthenticatedOpenings, Claim, PointClaim, compare_broadcasts
from ._party import Party
from ._shared import MacKey, Shared
from ._wire import (
    broadcast_fields,
    broadcast_points,
    broadcast_vector,
    malformed,
    read_points,
    read_vector,
    split_fields,
)
from ._zero import share_zeros

__all__ = [
    "CLAIMS",
    "MESSAGES",
    "NONCE_BYTES",
    "PENDING_LIMIT",
    "SEED_BYTES",
    "SMALL",
    "AuthenticatedOpenings",
    "Claim",
    "MacKey",
    "Mesh",
    "Message",
    "Party",
    "PointClaim",
    "Shared",
    "broadcast_fields",
    "broadcast_points",
    "broadcast_vector",
    "commit_and_open",
    "compare_broadcasts",
    "labels",
    "malformed",
    "read_points",
    "read_vector",
    "share_zeros",
    "split_fields",
    "toss",
    "xor",
]
