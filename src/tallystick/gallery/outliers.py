# SPDX-License-Identifier: Apache-2.0
"""Outliers against the whole consortium: biopsies more than two standard deviations from everybody's mean.

Neither the mean nor the deviation is opened, and the comparison is exact: two secret bounds are found once, and every
value is compared with both.
"""

from __future__ import annotations

from fractions import Fraction

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column, covariance, mean

DEVIATIONS = 2


@ts.program
def outliers(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Biopsies whose texture is far from the mean of all, by diagnosis."""
    benign = ts.concat(t["benign"] for t in table)
    x = ts.concat(t["mean_texture"] for t in table)
    far = ts.outliers(x, DEVIATIONS)
    return {
        "outliers": far.sum(),
        "benign_outliers": (far * benign).renamed(f"benign and {far.origin.text}").sum(),
    }


def plain(tables: Tables) -> Plain:
    """Compare every deviation with the standard deviation."""
    x = column(tables.values(), "mean_texture", 2)
    benign = column(tables.values(), "benign")
    centre, variance = mean(x), covariance(x, x)
    far = [(v - centre) ** 2 > DEVIATIONS**2 * variance for v in x]
    return {
        "outliers": Fraction(sum(far)),
        "benign_outliers": Fraction(sum(f and b == 1 for f, b in zip(far, benign, strict=True))),
    }


EXAMPLE = Example(
    program=outliers,
    title="how many biopsies lie more than two standard deviations from the mean of all hospitals",
    revealed=(
        "Two counts over all hospitals: the outliers, and the benign ones among them. Neither the mean nor the "
        "standard deviation that they are measured with."
    ),
    folder="hospitals",
    columns={"mean_texture": ts.Column(0, 2**12 - 1, 2), "benign": ts.Column(0, 1)},
    plain=plain,
)
