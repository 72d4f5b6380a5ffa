"""Auctions: who wins and what it costs, and nothing else about the bids.

Normative text: ``spec/library.md``, "Auctions".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..plan import Secret, concat, constant, fail
from ._digits import weighted
from ._moments import check_secret
from ._naming import named, text_of, units, with_scale
from ._order import digits_of, split

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
    itself.  About two gates a digit and bid, half of that for bids that are entries of columns.
    """
    check_secret("second_price", bids)
    if bids.ndim != 1 or len(bids) < 2:
        fail(f"ts.second_price takes a vector of at least two bids, not shape {bids.shape}")
    n = len(bids)
    # All keys are different, and of equal bids the first has the greatest key.
    digits, low, _ = digits_of(bids)
    places = (n - 1).bit_length()
    order = np.array([(1 << places) - 1 - k for k in range(n)], dtype=object)
    lowest = np.array([[int(v) >> i & 1 for i in range(places)] for v in order], dtype=object)
    keys = (units(bids) - low) * (1 << places) + order
    found = split(keys, concat([constant(bids.builder, lowest), digits], axis=1), n - 2)
    place = weighted(1 - found.second[:places], [1 << i for i in range(places)])
    price = weighted(found.first[places:], [1 << i for i in range(digits.shape[1])]) + low
    text = text_of(bids)
    return SecondPrice(
        wins=named(found.beyond, f"which of {text} wins", bids),
        winner=named(place, f"the highest of {text}", bids),
        price=named(with_scale(price, bids.decimals), f"second-highest of {text}", bids),
    )
