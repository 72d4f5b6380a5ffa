# SPDX-License-Identifier: Apache-2.0
"""Auctions: who wins and what it costs, and nothing else about the bids.

Normative text: ``spec/library.md``, "Auctions".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..tracing import Secret, concat, constant, fail, stack
from ._choice import choose
from ._digits import constants
from ._naming import check_secret, named, text_of, with_scale

__all__ = ["SecondPrice", "second_price"]


@dataclass(frozen=True, slots=True)
class SecondPrice:
    """The outcome of a second-price auction, secret until it is revealed.

    ``wins`` is 1 for the winner and 0 for all others, ``winner`` its position from 0, ``price`` what it pays: the
    highest bid of the others.
    """

    wins: Secret
    winner: Secret
    price: Secret


def second_price(bids: Secret) -> SecondPrice:
    """Return who bids most, the first of equals, and the highest bid of the others (Vickrey, 1961).

    Bids are a vector of two or more; where the highest ones are equal, they are the price.  Reveals nothing by
    itself.  Two comparisons a bid, in as many rounds of them as n has binary digits.
    """
    check_secret("second_price", bids)
    if bids.ndim != 1 or len(bids) < 2:
        fail(f"ts.second_price takes a vector of at least two bids, not shape {bids.shape}")
    n = len(bids)
    places = constant(bids.builder, np.arange(n).astype(object))
    least = with_scale(constants(bids.builder, bids.low, (n,)), bids.decimals)
    state = _Standing(bids, least, places)
    matches: list[Secret] = []
    while len(state.first) > 1:
        h = len(state.first) // 2
        earlier, later, rest = (
            state.part(slice(0, 2 * h, 2)),
            state.part(slice(1, 2 * h, 2)),
            state.part(slice(2 * h, None)),
        )
        ahead, met = _met(earlier, later, fresh=not matches)
        matches.append(ahead)
        state = _Standing(*(concat(pair) for pair in zip(met, rest, strict=True)))
    text = text_of(bids)
    return SecondPrice(
        wins=named(_winners(matches, n), f"which of {text} wins", bids),
        winner=named(state.place[0], f"the highest of {text}", bids),
        price=named(state.second[0], f"second-highest of {text}", bids),
    )


class _Standing(NamedTuple):
    """Of each group of neighbouring bidders: the highest bid, the next one, and whose the highest is.

    The next one to a single bid is the least there may be.
    """

    first: Secret
    second: Secret
    place: Secret

    def part(self, key: slice) -> _Standing:
        return _Standing(*(field[key] for field in self))


def _met(a: _Standing, b: _Standing, *, fresh: bool) -> tuple[Secret, _Standing]:
    """Return whether groups have the highest bid of both, theirs and their later neighbours', and both together.

    ``fresh`` says that all are single bidders.
    """
    if fresh:
        ahead = a.first >= b.first
        second = choose(ahead, b.first, a.first)
    else:
        # What comes second is second in the better group or first in the other one; all comparisons in one round.
        found = concat([a.first, a.second, a.first]) >= concat([b.first, b.first, b.second])
        ahead, behind, before = found.reshape(3, -1)
        second = choose(ahead, choose(behind, a.second, b.first), choose(before, a.first, b.second))
    both = _Standing(choose(ahead, a.first, b.first), second, choose(ahead, a.place, b.place))
    return ahead, both


def _winners(matches: Sequence[Secret], n: int) -> Secret:
    """Return 1 for who is ahead in all its matches and 0 for the others, given the matches of every round."""
    groups = [n]
    for ahead in matches:
        groups.append(groups[-1] - len(ahead))
    wins = constants(matches[0].builder, 1, (1,))
    for ahead, size in zip(reversed(matches), reversed(groups[:-1]), strict=True):
        h = len(ahead)
        # Written as a choice between the pair's flag and nothing, so that the interval stays.
        pair, nothing = wins[:h], constants(ahead.builder, 0, (h,))
        earlier = ahead * (pair - nothing)
        wins = concat([stack([earlier, pair - earlier]).T.reshape(2 * h), wins[h : size - h]])
    return wins
