# SPDX-License-Identifier: Apache-2.0
"""Which measurements of a biopsy tell malignant from benign: means of both, and Welch's t.

The diagnosis is a secret column of zeros and ones like any other: who is in which group stays with the hospitals.
"""

from __future__ import annotations

from fractions import Fraction

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column, covariance, mean, root, rounded

COLUMNS = {
    "mean_radius": ts.Column(0, 2**15 - 1, 3),
    "mean_texture": ts.Column(0, 2**12 - 1, 2),
    "mean_symmetry": ts.Column(0, 2**12 - 1, 4),
}


@ts.program
def screening(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Group sizes; per measurement the mean of each diagnosis and Welch's t statistic of their difference."""
    benign = ts.concat(t["benign"] for t in table)
    diagnoses = ts.group_by(benign, [0, 1])
    n_malignant, n_benign = ts.reveal(diagnoses.count())
    results: dict[str, object] = {"benign": n_benign, "malignant": n_malignant}
    for name in COLUMNS:
        x = ts.concat(t[name] for t in table)
        of_malignant, of_benign = diagnoses.mean(x)
        results[name] = {
            "benign": round(of_benign, 4),
            "malignant": round(of_malignant, 4),
            "t": diagnoses.t_statistic(x, equal_var=False, places=3),
        }
    return results


def plain(tables: Tables) -> Plain:
    """Split the rows by diagnosis and compare the groups from the definitions."""
    benign = column(tables.values(), "benign")
    results: dict[str, Fraction | None] = {
        "benign": Fraction(benign.count(Fraction(1))),
        "malignant": Fraction(benign.count(Fraction(0))),
    }
    for name, public in COLUMNS.items():
        x = column(tables.values(), name, public.decimals)
        b, m = ([v for v, d in zip(x, benign, strict=True) if d == group] for group in (1, 0))
        error = root(covariance(b, b, ddof=1) / len(b) + covariance(m, m, ddof=1) / len(m))
        results[f"{name}.benign"] = rounded(mean(b), 4)
        results[f"{name}.malignant"] = rounded(mean(m), 4)
        results[f"{name}.t"] = rounded((mean(m) - mean(b)) / error, 3)
    return results


EXAMPLE = Example(
    program=screening,
    title="which measurements of a biopsy tell malignant from benign: group means and Welch's t",
    revealed=(
        "How many biopsies are malignant and benign; of radius, texture and symmetry the sum and the sum of squares "
        "of each diagnosis, of all hospitals together. No hospital's own numbers, and not which biopsy is which."
    ),
    folder="hospitals",
    columns={"benign": ts.Column(0, 1), **COLUMNS},
    plain=plain,
)
