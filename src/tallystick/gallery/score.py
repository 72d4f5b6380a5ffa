# SPDX-License-Identifier: Apache-2.0
"""How well a public rule finds malignant biopsies: a score of points, a threshold, and four counts.

A biopsy gets a point for each measurement that is above a public limit, and the rule calls it malignant from two
points on. The same shape fits a joint fraud score: points from several columns, one threshold, and only totals
come out.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column

COLUMNS = {
    "mean_radius": ts.Column(0, 2**15 - 1, 3),
    "mean_texture": ts.Column(0, 2**12 - 1, 2),
    "mean_smoothness": ts.Column(0, 2**15 - 1, 5),
}
LIMITS = {
    "mean_radius": Decimal("15.104"),
    "mean_texture": Decimal("20.48"),
    "mean_smoothness": Decimal("0.1024"),
}
POINTS = 2


@ts.program
def score(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Malignant and benign biopsies, with and without enough points."""
    benign = ts.concat(t["benign"] for t in table)
    rules = [ts.concat(t[name] for t in table) >= limit for name, limit in LIMITS.items()]
    called = ts.score(rules, POINTS).flagged
    n, n_benign = ts.count(benign), ts.reveal(benign.sum(), label="benign biopsies")
    n_called = ts.reveal(called.sum(), label=f"biopsies of at least {POINTS} points")
    wrongly = ts.reveal((benign * called).sum(), label=f"benign biopsies of at least {POINTS} points")
    rightly = n_called - wrongly
    n_malignant = n - n_benign
    return {
        "found": rightly,
        "missed": n_malignant - rightly,
        "false_alarms": wrongly,
        "sensitivity": round(rightly / n_malignant, 4),
        "specificity": round((n_benign - wrongly) / n_benign, 4),
    }


def plain(tables: Tables) -> Plain:
    """Apply the rule to every row."""
    benign = column(tables.values(), "benign")
    values = [column(tables.values(), name, COLUMNS[name].decimals) for name in LIMITS]
    limits = [Fraction(limit) for limit in LIMITS.values()]
    called = [
        sum(v >= c for v, c in zip(row, limits, strict=True)) >= POINTS for row in zip(*values, strict=True)
    ]
    pairs = list(zip(benign, called, strict=True))
    found, missed = pairs.count((0, True)), pairs.count((0, False))
    wrongly, cleared = pairs.count((1, True)), pairs.count((1, False))
    return {
        "found": Fraction(found),
        "missed": Fraction(missed),
        "false_alarms": Fraction(wrongly),
        "sensitivity": Fraction(round(Fraction(found, found + missed), 4)),
        "specificity": Fraction(round(Fraction(cleared, cleared + wrongly), 4)),
    }


EXAMPLE = Example(
    program=score,
    title="how well a rule of points finds malignant biopsies: sensitivity and specificity",
    revealed=(
        "How many biopsies are benign, how many get two points or more, and how many do both, of all hospitals "
        "together. No biopsy's score, and no hospital's share of the counts."
    ),
    folder="hospitals",
    columns={"benign": ts.Column(0, 1), **COLUMNS},
    plain=plain,
)
