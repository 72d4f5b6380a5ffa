# SPDX-License-Identifier: Apache-2.0
"""A small program over three members' tables, for transcripts made in tests."""

from __future__ import annotations

import tallystick as ts


@ts.program
def pay(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Mean and variance of all wages, each member's mean, and the slope of wage on years."""
    wage = ts.concat([t["wage"] for t in table])
    years = ts.concat([t["years"] for t in table])
    return {
        "count": wage.size,
        "mean": ts.mean(wage),
        "variance": ts.variance(wage),
        "slope": ts.slope(years, wage),
        "by_member": {t.name: ts.mean(t["wage"]) for t in table},
    }


@ts.program
def other(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Another computation on the same tables."""
    return {"mean": ts.mean(ts.concat([t["wage"] for t in table]))}


@ts.program
def shared(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Two joins: of years, and of wages that the north pays and the west too, and there for how many years."""
    wages = (table["north"]["wage"], table["west"]["wage"])
    return {
        "south": ts.join.intersection_size(table["north"]["years"], table["south"]["years"]),
        "size": ts.join.intersection_size(*wages),
        "years": ts.join.intersection_sum(*wages, values=table["west"]["years"]),
    }
