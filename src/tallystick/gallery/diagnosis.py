# SPDX-License-Identifier: Apache-2.0
"""How two measurements of a biopsy tell malignant from benign: a logistic model fitted over three hospitals.

The coefficients are found inside the computation, by a fixed number of Newton's steps, and nothing is opened on
the way but whether these converged. They stay secret until the end, and serve once more to count how many diagnoses
the model gets right.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import chain

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column, rounded, solve

MEASUREMENTS = {"mean_radius": ts.Column(0, 2**15 - 1, 3), "mean_texture": ts.Column(0, 2**12 - 1, 2)}
STEPS = 7
DECIMALS = 3


@ts.program
def diagnosis(table: ts.Members[ts.Table]) -> dict[str, object]:
    """The log-odds of malignant: intercept and a coefficient a measurement; and how many rows they put right."""
    malignant = 1 - ts.concat(t["benign"] for t in table)
    columns = [ts.concat(t[name] for t in table) for name in MEASUREMENTS]
    model = ts.logistic_regression(columns, malignant, iterations=STEPS, decimals=DECIMALS)
    fit = model.secret_coefficients
    odds = fit[0].rescale(DECIMALS + 3)
    for k, x in enumerate(columns):
        odds = odds + fit[k + 1] * x.rescale(3)
    right = ((odds > 0) ^ malignant ^ 1).sum()
    names = ["intercept", *MEASUREMENTS]
    return {
        "converged": model.converged,
        **{name: model.reveal(fit[k].renamed(f"coefficient of {name}")) for k, name in enumerate(names)},
        "right": model.reveal(right.renamed("rows whose diagnosis the model gets right")),
    }


def plain(tables: Tables) -> Plain:
    """Newton's method with 40 digits, until it stands still."""
    columns = [column(tables.values(), name, c.decimals) for name, c in MEASUREMENTS.items()]
    rows = [[Fraction(1), *map(Fraction, row)] for row in zip(*columns, strict=True)]
    malignant = [1 - v for v in chain.from_iterable(t["benign"] for t in tables.values())]
    fit = [Fraction(0)] * 3
    for _ in range(12):
        likely = [_probability(_odds(fit, row)) for row in rows]
        weights = [p * (1 - p) for p in likely]
        curvature = [
            [sum(w * r[i] * r[j] for w, r in zip(weights, rows, strict=True)) for j in range(3)]
            for i in range(3)
        ]
        gradient = [
            sum(r[i] * (y - p) for r, y, p in zip(rows, malignant, likely, strict=True)) for i in range(3)
        ]
        steps = solve(curvature, gradient)
        fit = [Fraction(round(b + d, 30)) for b, d in zip(fit, steps, strict=True)]
    odds = [_odds(fit, row) for row in rows]
    names = ["intercept", *MEASUREMENTS]
    return {
        "converged": Fraction(1),
        **{name: rounded(b, DECIMALS) for name, b in zip(names, fit, strict=True)},
        "right": Fraction(sum((o > 0) == (y == 1) for o, y in zip(odds, malignant, strict=True))),
    }


def _odds(fit: Sequence[Fraction], row: Sequence[Fraction]) -> Fraction:
    return sum((b * v for b, v in zip(fit, row, strict=True)), Fraction(0))


def _probability(odds: Fraction) -> Fraction:
    with localcontext() as context:
        context.prec = 20
        return Fraction(1 / (1 + (-Decimal(odds.numerator) / Decimal(odds.denominator)).exp()))


EXAMPLE = Example(
    program=diagnosis,
    title="a logistic model of malignant and benign from two measurements, fitted inside the computation",
    revealed=(
        "Whether the fit converged, three coefficients, to three decimals, and how many of all biopsies the model "
        "puts on the right side. Nothing else: no sums, and none of the values on the way to the fit. The "
        "coefficients differ from the exact maximum by a few thousandths of their standard errors, as probabilities "
        "are approximated."
    ),
    folder="hospitals",
    columns={"benign": ts.Column(0, 1), **MEASUREMENTS},
    plain=plain,
    bounds={
        "intercept": Fraction(1, 100),
        "mean_radius": Fraction(1, 1000),
        "mean_texture": Fraction(1, 1000),
        "right": Fraction(1),
    },
)
