# SPDX-License-Identifier: Apache-2.0
"""A second-price auction (Vickrey 1961): the winner pays the highest bid of the others, and bids stay secret.

Four federations bid for a training centre; a federation's bid is the hourly payroll of its urban members, which
it could not state without a proof in an auction without one. Of equal bids the first member's wins.
"""

from __future__ import annotations

from fractions import Fraction

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables


@ts.program
def auction(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Who wins, and the price: the second-highest bid."""
    bids = ts.stack((t["urban"] * t["wage_cents"]).sum() for t in table).renamed("bids")
    sale = ts.second_price(bids)
    return {
        "wins": {t.name: sale.wins[k].renamed(f"whether {t.name} wins") for k, t in enumerate(table)},
        "price": sale.price.renamed("second-highest bid"),
    }


def plain(tables: Tables) -> Plain:
    """Sort the bids."""
    bids = {
        name: sum(w for w, u in zip(t["wage_cents"], t["urban"], strict=True) if u)
        for name, t in tables.items()
    }
    winner = max(bids, key=lambda name: bids[name])
    results = {f"wins.{name}": Fraction(name == winner) for name in tables}
    return {**results, "price": Fraction(sorted(bids.values())[-2])}


EXAMPLE = Example(
    program=auction,
    title="a second-price auction between federations: the winner and the price, and no other bid",
    revealed=(
        "Which federation bids most, and the second-highest bid, which is the price. Neither the winning bid nor "
        "whose bid the second one is, nor anything of the lower bids but that they are lower."
    ),
    folder="wages",
    columns={"wage_cents": ts.Column(0, 2**12 - 1), "urban": ts.Column(0, 1)},
    plain=plain,
)
