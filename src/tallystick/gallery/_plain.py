# SPDX-License-Identifier: Apache-2.0
"""The same figures from all tables in the open, with exact fractions and nothing of this package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

__all__ = ["Number", "column", "covariance", "least_squares", "mean", "root", "rounded", "solve"]

Number = int | Fraction

_DIGITS = 60


def column(tables: Iterable[Mapping[str, Sequence[int]]], name: str, decimals: int = 0) -> list[Number]:
    """Return one column of all tables, one after the other, as the numbers that it stands for."""
    scale = 10**decimals
    return [Fraction(x, scale) if decimals else x for table in tables for x in table[name]]


def mean(values: Sequence[Number]) -> Fraction:
    """Return the mean of at least one value."""
    return Fraction(sum(values)) / len(values)


def covariance(x: Sequence[Number], y: Sequence[Number], *, ddof: int = 0) -> Fraction:
    """Return the covariance of two columns, from n times the deviations from their means."""
    n, sum_x, sum_y = len(x), sum(x), sum(y)
    total = sum((n * a - sum_x) * (n * b - sum_y) for a, b in zip(x, y, strict=True))
    return Fraction(total) / (n * n * (n - ddof))


def root(value: Fraction) -> Fraction:
    """Return the square root to 60 significant digits."""
    with localcontext() as context:
        context.prec = _DIGITS
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())


def rounded(value: Fraction | None, places: int) -> Fraction | None:
    """Return the nearest multiple of 10^-places, ties to even."""
    return None if value is None else Fraction(round(value, places))


def solve(matrix: Sequence[Sequence[Number]], right: Sequence[Number]) -> list[Fraction]:
    """Solve a regular system of linear equations by elimination."""
    rows = [[Fraction(v) for v in (*row, b)] for row, b in zip(matrix, right, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[n] for row in rows]


def least_squares(
    design: Sequence[Sequence[Number]], y: Sequence[Number]
) -> tuple[list[Fraction], list[list[Number]], Fraction]:
    """Solve the normal equations; return coefficients, the equations' matrix, and the sum of the squared residuals."""
    columns = list(zip(*design, strict=True))
    matrix = [[sum(a * b for a, b in zip(u, v, strict=True)) for v in columns] for u in columns]
    coefficients = solve(matrix, [sum(a * b for a, b in zip(u, y, strict=True)) for u in columns])
    fitted = [sum(b * v for b, v in zip(coefficients, row, strict=True)) for row in design]
    return coefficients, matrix, Fraction(sum((w - f) ** 2 for w, f in zip(y, fitted, strict=True)))
