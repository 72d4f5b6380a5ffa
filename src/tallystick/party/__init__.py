# SPDX-License-Identifier: Apache-2.0
"""What every protocol between parties stands on: messages, commitments, coins, authenticated shares.

Normative text: ``spec/online.md``.
"""

from ._commit import NONCE_BYTES, commit_and_open, toss, xor
from ._labels import MESSAGES, Message, labels
from ._mesh import SMALL, Mesh
from ._openings import PENDING_LIMIT, AuthenticatedOpenings, Claim, PointClaim, compare_broadcasts
from ._party import Party
from ._shared import MacKey, Shared
from ._statements import STATEMENT_BYTES, Statements, compare_statements
from ._wire import (
    broadcast_points,
    broadcast_vector,
    malformed,
    read_points,
    read_vector,
)
from ._zero import share_zeros

__all__ = [
    "MESSAGES",
    "NONCE_BYTES",
    "PENDING_LIMIT",
    "SMALL",
    "STATEMENT_BYTES",
    "AuthenticatedOpenings",
    "Claim",
    "MacKey",
    "Mesh",
    "Message",
    "Party",
    "PointClaim",
    "Shared",
    "Statements",
    "broadcast_points",
    "broadcast_vector",
    "commit_and_open",
    "compare_broadcasts",
    "compare_statements",
    "labels",
    "malformed",
    "read_points",
    "read_vector",
    "share_zeros",
    "toss",
    "xor",
]
