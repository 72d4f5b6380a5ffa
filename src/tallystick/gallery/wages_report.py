# SPDX-License-Identifier: Apache-2.0
"""A report on the wages of all 3,010 people: median and quartiles, correlation, and a regression on two columns.

The quartiles are selected inside the computation by the digits that members committed to; of the moments that
correlation and regression are made of, nine sums over everybody are opened.
"""

from __future__ import annotations

from fractions import Fraction
from statistics import median

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column, covariance, least_squares, root, rounded, solve
from tallystick.gallery.returns import COLUMNS

QUARTILES = {"lower_quartile": Fraction(1, 4), "upper_quartile": Fraction(3, 4)}


@ts.program
def wages_report(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Quartiles (rounded down to a wage) and median; correlation; what schooling and experience explain."""
    wage = ts.concat(t["wage_cents"] for t in table)
    schooling = ts.concat(t["educ_years"] for t in table)
    experience = ts.concat(t["exper_years"] for t in table)
    quartiles = ts.quantile(wage, list(QUARTILES.values()), method="lower")
    fit = ts.ols([schooling, experience], wage)
    return {
        **{name: quartiles[k].renamed(f"{name} of wage_cents") for k, name in enumerate(QUARTILES)},
        "median": ts.median(wage).renamed("median of wage_cents"),
        "correlation": ts.correlation(schooling, wage, places=4),
        "coefficients": round(fit.coefficients, 3),
        "standard_errors": fit.standard_errors(3),
        "r_squared": round(fit.r_squared, 4),
    }


def plain(tables: Tables) -> Plain:
    """Sort; solve the normal equations of the raw columns, and take R² and errors from the residuals."""
    wage, schooling, experience = (column(tables.values(), name) for name in COLUMNS)
    n = len(wage)
    design = [[1, s, e] for s, e in zip(schooling, experience, strict=True)]
    coefficients, matrix, left_over = least_squares(design, wage)
    # Column i of the inverse solves the equations for unit vector i.
    units = [[int(i == j) for j in range(3)] for i in range(3)]
    variances = [solve(matrix, unit)[i] * left_over / (n - 3) for i, unit in enumerate(units)]
    spread = root(covariance(schooling, schooling) * covariance(wage, wage))
    return {
        **{name: Fraction(sorted(wage)[int(level * (n - 1))]) for name, level in QUARTILES.items()},
        "median": Fraction(median(map(Fraction, wage))),
        "correlation": rounded(covariance(schooling, wage) / spread, 4),
        "coefficients": [rounded(b, 3) for b in coefficients],
        "standard_errors": [rounded(root(v), 3) for v in variances],
        "r_squared": rounded(1 - left_over / (n * covariance(wage, wage)), 4),
    }


EXAMPLE = Example(
    program=wages_report,
    title="a report on wages: median and quartiles, correlation, a two-column regression with standard errors",
    revealed=(
        "Three numbers about the order of all wages: median and quartiles, each the wage of someone, or half-way "
        "between the wages of two people; whose does not show. And nine sums over all members: of wages, years of "
        "schooling and years of experience, of their squares, and of their products; from them follow the "
        "correlation, the regression, and every other second-order statistic of the three columns."
    ),
    folder="wages",
    columns=COLUMNS,
    plain=plain,
)
