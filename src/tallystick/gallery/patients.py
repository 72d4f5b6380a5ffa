# SPDX-License-Identifier: Apache-2.0
"""Whom a clinic, a hospital and a pharmacy all treat: how many, and at what cost to each.

Nobody hands over a list of patients: numbers of patients are compared as tags under a key that nobody knows, in an
order that nobody knows.  The data is synthetic (``data/README.md``).
"""

from __future__ import annotations

from fractions import Fraction

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables

AT_LEAST = 5


@ts.program
def patients(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Count the patients that all have in common, and add up what they cost at each, if they are at least five."""
    numbers = [t["patient"] for t in table]
    return {
        "shared": ts.join.intersection_size(*numbers),
        "cost": {
            t.name: ts.join.intersection_sum(*numbers, values=t["cost_eur"], minimum=AT_LEAST) for t in table
        },
    }


def plain(tables: Tables) -> Plain:
    """Compare the lists in the open."""
    shared = set.intersection(*(set(t["patient"]) for t in tables.values()))
    results: dict[str, Fraction | None] = {"shared": Fraction(len(shared))}
    for name, t in tables.items():
        costs = [c for p, c in zip(t["patient"], t["cost_eur"], strict=True) if p in shared]
        results[f"cost.{name}"] = Fraction(sum(costs), 100) if len(costs) >= AT_LEAST else None
    return results


EXAMPLE = Example(
    program=patients,
    title="patients that a clinic, a hospital and a pharmacy have in common, and what they cost each",
    revealed=(
        "How many patients each two have in common, and all three; and what those of all three cost at each. Not "
        "who they are: neither to the others nor to the member that treats them."
    ),
    folder="patients",
    columns={"patient": ts.Column(0, 2**30 - 1), "cost_eur": ts.Column(0, 2**21 - 1, 2)},
    plain=plain,
)
