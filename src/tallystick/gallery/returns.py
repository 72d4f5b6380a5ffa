# SPDX-License-Identifier: Apache-2.0
"""What schooling and experience add to wages: a correlation and a regression on two columns.

Every sum that the formulas need is opened once, and the rest is exact public arithmetic: nine numbers about
3,010 people, and not one gate more than the products they are made of.
"""

from __future__ import annotations

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column, covariance, least_squares, root, rounded

COLUMNS = {
    "wage_cents": ts.Column(0, 2**12 - 1),
    "educ_years": ts.Column(0, 2**5 - 1),
    "exper_years": ts.Column(0, 2**5 - 1),
}


@ts.program
def returns(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Correlation of wages with schooling, and the least-squares plane over schooling and experience."""
    wage = ts.concat(t["wage_cents"] for t in table)
    schooling = ts.concat(t["educ_years"] for t in table)
    experience = ts.concat(t["exper_years"] for t in table)
    fit = ts.ols([schooling, experience], wage)
    base, per_school_year, per_working_year = round(fit.coefficients, 2)
    return {
        "correlation": ts.correlation(schooling, wage, places=4),
        "base": base,
        "per_school_year": per_school_year,
        "per_working_year": per_working_year,
        "r_squared": round(fit.r_squared, 4),
    }


def plain(tables: Tables) -> Plain:
    """Solve the normal equations of the raw columns and take R² from the residuals."""
    wage, schooling, experience = (column(tables.values(), name) for name in COLUMNS)
    design = [[1, s, e] for s, e in zip(schooling, experience, strict=True)]
    (base, per_school_year, per_working_year), _, left_over = least_squares(design, wage)
    spread = root(covariance(schooling, schooling) * covariance(wage, wage))
    return {
        "correlation": rounded(covariance(schooling, wage) / spread, 4),
        "base": rounded(base, 2),
        "per_school_year": rounded(per_school_year, 2),
        "per_working_year": rounded(per_working_year, 2),
        "r_squared": rounded(1 - left_over / (len(wage) * covariance(wage, wage)), 4),
    }


EXAMPLE = Example(
    program=returns,
    title="what schooling and experience add to wages: correlation and a two-column regression, with R²",
    revealed=(
        "The sums of wages, years of schooling and years of experience over all members, the sums of their "
        "squares, and the sums of the three products: nine numbers about all people together. From them follow "
        "the coefficients, and also every other second-order statistic of the three columns."
    ),
    folder="wages",
    columns=COLUMNS,
    plain=plain,
)
