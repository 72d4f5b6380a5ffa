"""Median and quartiles of a measurement over all hospitals, by radix selection on its committed digits.

From the highest binary digit down: of the candidates left, count those with digit 0. If the wanted rank is below
that count the result's digit is 0, otherwise it is 1 and the rank falls by the count; the candidates with another
digit leave. All of it is secret, and takes two gates a digit and candidate. All hospitals' digits are committed
and proved by their range proofs, so no value is taken apart inside the computation.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column
from tallystick.plan import input_bits

NAME = "mean_texture"
COLUMN = ts.Column(0, 2**12 - 1, 2)
QUARTILES = {"lower_quartile": 1, "median": 2, "upper_quartile": 3}


@ts.program
def quartiles(table: ts.Members[ts.Table]) -> dict[str, object]:
    """The values at ranks (n - 1)/4, (n - 1)/2 and 3(n - 1)/4 from below, rounded down."""
    digits = ts.concat(input_bits(t[NAME]) for t in table).T
    k, n = digits.shape
    rank: ts.Secret | np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    rank = np.array([(n - 1) * q // 4 for q in QUARTILES.values()])
    left = None
    found = []
    for i in reversed(range(k)):
        digit = digits[i].reshape(1, n)
        ones = digit if left is None else left * digit
        zeros = 1 - digit if left is None else left - ones
        below = zeros.sum(axis=1)
        is_one = below <= rank
        found.append(is_one * 2**i)
        rank = rank - below * is_one
        left = ts.where(is_one.reshape(-1, 1), ones, zeros)
    values = ts.stack(found).sum(axis=0) * Fraction(1, 10**COLUMN.decimals)
    return {name: values[q].renamed(f"{name} of {NAME}") for q, name in enumerate(QUARTILES)}


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
    members=("hospital_a", "hospital_b", "hospital_c"),
    columns={NAME: COLUMN},
    plain=plain,
)
