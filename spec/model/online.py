# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of ``spec/online.md``: commitments, coins, shares, products, the check, the row check."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from codec import frame, i2osp
from hashing import expand
from proof import commit

from algebra import Point, R, add, equal, msm


def commitment(session: bytes, label: str, round_: int, party: int, nonce: bytes, payload: bytes) -> bytes:
    """Return what a party broadcasts before it opens ``payload``."""
    parts = b"tallystick/v1/commit", session, label.encode("ascii"), i2osp(round_, 8), i2osp(party, 8)
    return hashlib.sha256(b"".join(map(frame, (*parts, nonce, payload)))).digest()


def broadcast_digest(messages: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the digest of one sender's broadcasts, in order (``spec/session.md``)."""
    return hashlib.sha256(
        b"".join(frame(label.encode("ascii")) + frame(payload) for label, payload in messages)
    ).digest()


def coins(shares: Sequence[bytes]) -> bytes:
    """Return the seed that the parties' shares give."""
    seed = bytes(32)
    for share in shares:
        seed = bytes(x ^ y for x, y in zip(seed, share, strict=True))
    return seed


def challenges(seed: bytes, count: int) -> list[int]:
    """Return the first elements that a tossed seed gives."""
    return expand(seed, bytes(12), count)


@dataclass
class Shared:
    """All parties' halves of one sharing: x[i] and m[i] of party i."""

    x: list[int]
    m: list[int]

    def value(self) -> int:
        """Return Σ x_i."""
        return sum(self.x) % R

    def holds(self, alphas: Sequence[int]) -> bool:
        """Whether Σ m_i = α·x."""
        return (sum(self.m) - sum(alphas) * sum(self.x)) % R == 0


def combine(pairs: Sequence[tuple[int, Shared]]) -> Shared:
    """Return Σ k·[x]."""
    n = len(pairs[0][1].x)
    return Shared(
        [sum(k * s.x[i] for k, s in pairs) % R for i in range(n)],
        [sum(k * s.m[i] for k, s in pairs) % R for i in range(n)],
    )


def add_public(shared: Shared, k: int, alphas: Sequence[int]) -> Shared:
    """Return [x + k]."""
    x = [(shared.x[0] + k) % R, *shared.x[1:]]
    return Shared(x, [(m + alpha * k) % R for m, alpha in zip(shared.m, alphas, strict=True)])


def multiply(
    x: Shared, y: Shared, triple: tuple[Shared, Shared, Shared], alphas: Sequence[int]
) -> tuple[int, int, Shared]:
    """Return d, e, and [x·y]."""
    a, b, c = triple
    d = combine([(1, x), (-1, a)]).value()
    e = combine([(1, y), (-1, b)]).value()
    return d, e, add_public(combine([(1, c), (d, b), (e, a)]), d * e, alphas)


def sigma(chi: int, alpha: int, opened: Sequence[int], macs: Sequence[int]) -> int:
    """Return σ_i of one claim: ``macs`` are party i's."""
    pairs = enumerate(zip(opened, macs, strict=True), start=1)
    return sum(pow(chi, k, R) * (m - alpha * x) for k, (x, m) in pairs) % R


def row_check(rows: Sequence[Sequence[int]], gammas: Sequence[int], chi: int) -> tuple[list[int], int]:
    """Return t and γ_t: the last row (the mask) plus Σ χ^k·(row k), k from 1."""
    weights = [*(pow(chi, k, R) for k in range(1, len(rows))), 1]
    t = [sum(w * row[j] for w, row in zip(weights, rows, strict=True)) % R for j in range(len(rows[0]))]
    return t, sum(w * g for w, g in zip(weights, gammas, strict=True)) % R


def row_check_holds(points: Sequence[Point], t: Sequence[int], gamma: int, chi: int) -> bool:
    """Whether Com(t; γ_t) is the combination of the commitments, the last being the mask row's."""
    weights = [pow(chi, k, R) for k in range(1, len(points))]
    return equal(commit(list(t), gamma), add(msm(weights, points[:-1]), points[-1]))
