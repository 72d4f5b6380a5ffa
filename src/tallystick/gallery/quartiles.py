# SPDX-License-Identifier: Apache-2.0
"""Median and quartiles of a measurement over all hospitals, by radix selection on its committed digits.

From the highest binary digit down, the candidates left are counted by their next digit, which tells the digit of the
wanted one, and those with another digit leave. All of it is secret, and takes two gates a digit and candidate. All
hospitals' digits are committed and proved by their range proofs, so no value is taken apart inside the computation.
"""

from __future__ import annotations

from fractions import Fraction

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column

NAME = "mean_texture"
COLUMN = ts.Column(0, 2**12 - 1, 2)
QUARTILES = {"lower_quartile": 1, "median": 2, "upper_quartile": 3}


@ts.program
def quartiles(table: ts.Members[ts.Table]) -> dict[str, object]:
    """The values at ranks (n - 1)/4, (n - 1)/2 and 3(n - 1)/4 from below, rounded down."""
    x = ts.concat(t[NAME] for t in table)
    values = ts.quantile(x, [Fraction(q, 4) for q in QUARTILES.values()], method="lower")
    return {name: values[k].renamed(f"{name} of {NAME}") for k, name in enumerate(QUARTILES)}


def plain(tables: Tables) -> Plain:
    """Sort, and take the values at the ranks."""
    values = sorted(column(tables.values(), NAME, COLUMN.decimals))
    return {name: Fraction(values[(len(values) - 1) * q // 4]) for name, q in QUARTILES.items()}


EXAMPLE = Example(
    program=quartiles,
    title="median and quartiles of a measurement over all hospitals",
    revealed=(
        "Three values of the column over all hospitals: those at a quarter, half and three quarters of the order. "
        "Each is some biopsy's value; whose, or which hospital's, does not show."
    ),
    folder="hospitals",
    columns={NAME: COLUMN},
    plain=plain,
)
