# SPDX-License-Identifier: Apache-2.0
"""Mean wages by schooling, where a group of fewer than forty people does not show.

The groups are public, who is in which is not. A small group's sum and count are multiplied by zero inside the
computation, so that nobody ever holds them; its mean comes out undefined. No total of wages over all groups is
opened: with a single group suppressed, a total would give it back, as the public number of rows gives back how
many people it has.
"""

from __future__ import annotations

from fractions import Fraction

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column, mean, rounded

MINIMUM = 40
STARTS = {"at_most_5": 0, "from_6": 6, "from_9": 9, "from_12": 12, "from_13": 13, "from_16": 16}
MOST = 31


@ts.program
def schooling(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Mean wage and number of people by years of schooling, small groups suppressed."""
    wage = ts.concat(t["wage_cents"] for t in table)
    years = ts.concat(t["educ_years"] for t in table)
    groups = ts.group_by(years, edges=[*STARTS.values(), MOST])
    kept = ts.suppress(groups.sum(wage), groups.count(), MINIMUM)
    people, total = ts.reveal(kept.count), ts.reveal(kept.value)
    return {
        group: {"people": people[k], "mean_wage": round(total[k] / people[k], 2)}
        for k, group in enumerate(STARTS)
    }


def plain(tables: Tables) -> Plain:
    """Sort the people into groups, then leave out the small ones."""
    wage, years = (column(tables.values(), name) for name in ("wage_cents", "educ_years"))
    ends = [*list(STARTS.values())[1:], 10**9]
    results: dict[str, Fraction | None] = {}
    for (group, start), end in zip(STARTS.items(), ends, strict=True):
        own = [w for w, y in zip(wage, years, strict=True) if start <= y < end]
        large = len(own) >= MINIMUM
        results[f"{group}.people"] = Fraction(len(own) if large else 0)
        results[f"{group}.mean_wage"] = rounded(mean(own), 2) if large else None
    return results


EXAMPLE = Example(
    program=schooling,
    title="mean wages by years of schooling, groups of fewer than 40 people suppressed",
    revealed=(
        "For every group of at least 40 people over all members: how many they are and the sum of their wages. "
        "Of a smaller group: that it has fewer than 40 people, and no wages. Since the number of all people is "
        "public, what the other groups leave of it is the number of people in all small groups together."
    ),
    folder="wages",
    columns={"wage_cents": ts.Column(0, 2**12 - 1), "educ_years": ts.Column(0, MOST)},
    plain=plain,
)
