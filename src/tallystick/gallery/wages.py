# SPDX-License-Identifier: Apache-2.0
"""Hourly wages of four employers' federations (data: D. Card, 1995; see ``data/README.md``)."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import mean


@ts.program
def wages(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Count, mean and variance of hourly wages, the mean per region, and what a year of schooling adds."""
    wage = ts.concat(t["wage_cents"] for t in table)
    schooling = ts.concat(t["educ_years"] for t in table)
    return {
        "count": ts.count(wage),
        "mean": round(ts.mean(wage), 2),
        "variance": round(ts.variance(wage), 2),
        "slope": round(ts.slope(schooling, wage), 2),
        "mean_by_region": {t.name: round(ts.mean(t["wage_cents"]), 2) for t in table},
    }


def plain(tables: Tables) -> Plain:
    """Compute the same in the open, from the definitions."""
    wage = list(chain.from_iterable(t["wage_cents"] for t in tables.values()))
    schooling = list(chain.from_iterable(t["educ_years"] for t in tables.values()))
    wage_mean, schooling_mean = mean(wage), mean(schooling)
    products = [(x - schooling_mean) * (y - wage_mean) for x, y in zip(schooling, wage, strict=True)]
    exact = {
        "mean": wage_mean,
        "variance": mean([(y - wage_mean) ** 2 for y in wage]),
        "slope": sum(products, Fraction(0)) / sum((x - schooling_mean) ** 2 for x in schooling),
    }
    exact |= {f"mean_by_region.{name}": mean(t["wage_cents"]) for name, t in tables.items()}
    return {"count": Fraction(len(wage))} | {name: Fraction(round(v, 2)) for name, v in exact.items()}


EXAMPLE = Example(
    program=wages,
    title="hourly wages of four regions' employers: mean, variance, and the return to schooling",
    revealed=(
        "Besides the figures, the sums they are made of: wages and their squares, years of schooling and their "
        "squares, and the products of both, over all members; and each region's own sum of wages."
    ),
    folder="wages",
    columns={"wage_cents": ts.Column(0, 2**12 - 1), "educ_years": ts.Column(0, 2**5 - 1)},
    plain=plain,
)
