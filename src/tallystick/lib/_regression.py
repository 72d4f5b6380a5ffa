# SPDX-License-Identifier: Apache-2.0
"""Ordinary least squares from opened moments, solved in public by exact arithmetic.

Formulas and costs are in ``spec/library.md``, "Regression".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add
from typing import TypeAlias

import numpy as np

from ..plan import MAX_BITS, MAX_PLACES, PublicConstant
from ..tracing import Array, Builder, Opened, Operand, Secret, fail, public_array, public_constant
from ._moments import opened

__all__ = ["Columns", "Regression", "columns_of", "ols"]

Columns: TypeAlias = "Secret | Sequence[Operand]"
"""A matrix with one row an observation, or its columns."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A least-squares fit, exact; all of it is undefined where the columns are linearly dependent.

    ``coefficients`` are those of the intercept, if there is one, and of the columns in their order;
    ``normalized_covariance`` is (XᵀX)^-1; ``residual_sum`` is the sum of the squared residuals, and
    ``total_sum`` that of y's squared deviations from its mean, or without an intercept from 0.
    """

    observations: int
    model_degrees: int
    residual_degrees: int
    coefficients: Opened
    normalized_covariance: Opened
    residual_sum: Opened
    total_sum: Opened

    @property
    def residual_variance(self) -> Opened:
        """The sum of the squared residuals over the residual degrees of freedom."""
        return self.residual_sum / self.residual_degrees

    @property
    def r_squared(self) -> Opened:
        """The part of y's variation that the fit explains; undefined where y has none."""
        return 1 - self.residual_sum / self.total_sum

    @property
    def adjusted_r_squared(self) -> Opened:
        """1 less the quotient of both sums, each over its degrees of freedom."""
        degrees = self.residual_degrees + self.model_degrees
        return 1 - self.residual_variance * degrees / self.total_sum

    @property
    def f_statistic(self) -> Opened:
        """The explained sum of squares over the model's degrees of freedom, over the residual variance."""
        return (self.total_sum - self.residual_sum) / self.model_degrees / self.residual_variance

    @property
    def covariance(self) -> Opened:
        """The estimated covariance matrix of the coefficients."""
        return self.residual_variance * self.normalized_covariance

    def standard_errors(self, places: int) -> Opened:
        """Return the standard errors of the coefficients, rounded to so many decimals."""
        return self._variances().sqrt(places)

    def t_statistics(self, places: int) -> Opened:
        """Return the coefficients over their standard errors, rounded to so many decimals.

        The standard errors s are taken to 100 decimals, which adds an error of less than ``|t| * 10^-100 / s``.
        """
        return round(self.coefficients / self._variances().sqrt(MAX_PLACES), places)

    def _variances(self) -> Opened:
        diagonal = np.arange(len(self.coefficients))
        return self.residual_variance * self.normalized_covariance[diagonal, diagonal]


def ols(columns: Columns, y: Secret, *, intercept: bool = True) -> Regression:
    """Fit y by a linear combination of columns (and a constant) with the least sum of squared residuals.

    ``columns`` is a secret matrix with one row an observation, or a sequence of vectors, of which some may be
    public.  Reveals the moments: the sum of the products of every two of the columns and y, their squares
    included, and with an intercept the sums themselves; from these follows every second-order statistic of the
    columns.  One gate an observation and secret product; all the rest is exact public arithmetic.
    """
    given = columns_of("ts.ols", columns, y)
    one = _Column(np.array([1] * y.size, dtype=object), 0)
    design = [one, *given] if intercept else given
    if not design:
        fail("ts.ols without columns and without an intercept has nothing to fit")
    p, n = len(design), y.size
    every = [*design, _Column(y, y.decimals)]
    _check_size(every, n)
    moments = [[_moment(y.builder, b, a) for b in every[: i + 1]] for i, a in enumerate(every)]
    rows = [_stacked([moments[max(i, j)][min(i, j)] for j in range(p + 1)]) for i in range(p + 1)]
    total = rows[p][p]
    if intercept:
        total = total - rows[p][0] * rows[p][0] / n
    for k in range(p):
        rows = _swept(rows, k)
    return Regression(
        observations=n,
        model_degrees=p - intercept,
        residual_degrees=n - p,
        coefficients=-rows[p][:p],
        normalized_covariance=_stacked(rows[:p])[:, :p],
        residual_sum=rows[p][p],
        total_sum=total,
    )


# ---------------------------------------------------------------------------------------- columns and moments


@dataclass(frozen=True, slots=True)
class _Column:
    """A vector, secret or of public integers over 10^decimals."""

    values: Secret | Array
    decimals: int

    @property
    def square_bits(self) -> int:
        """The bit length of the greatest square of an entry, and of the square of its denominator."""
        if isinstance(self.values, Secret):
            most = max(abs(self.values.low), abs(self.values.high))
        else:
            most = max((abs(int(v)) for v in self.values), default=0)
        return (most * most).bit_length() + int(100**self.decimals).bit_length()


def columns_of(name: str, columns: Columns, y: Secret) -> list[_Column]:
    """Return the columns of a design, all as long as y."""
    if not isinstance(y, Secret) or y.ndim != 1:
        fail(f"{name} takes a secret vector as y", hint="join members' columns with ts.concat")
    if isinstance(columns, Secret):
        if columns.ndim > 2:
            fail(f"{name} takes a matrix with one row an observation, not shape {columns.shape}")
        matrix = columns.reshape(-1, 1) if columns.ndim == 1 else columns
        parts: list[Operand] = [matrix[:, j] for j in range(matrix.shape[1])]
    elif isinstance(columns, list | tuple | np.ndarray):
        parts = list(columns.T) if isinstance(columns, np.ndarray) else list(columns)
    else:
        fail(f"{name} takes a secret matrix or a sequence of vectors, not {type(columns).__name__}")
    found = [_column(part) for part in parts]
    for j, column in enumerate(found):
        if column.values.shape != y.shape:
            fail(
                f"{name}: column {j} has shape {column.values.shape}, y {y.shape}",
                hint="one vector a column, each with an entry for every row of y",
            )
    return found


def _column(part: Operand) -> _Column:
    if isinstance(part, Secret):
        return _Column(part, part.decimals)
    return _Column(*public_array(part))


def _moment(builder: Builder, a: _Column, b: _Column) -> Opened:
    """Return the sum of products of two columns, opened unless it is public."""
    x, y = a.values, b.values
    if isinstance(x, Secret):
        return opened((x * y).sum()) if isinstance(y, Secret) else _weighted_sum(x, y, b.decimals)
    if isinstance(y, Secret):
        return _weighted_sum(y, x, a.decimals)
    return public_constant(builder, Fraction(int((x * y).sum()), 10 ** (a.decimals + b.decimals)))


def _weighted_sum(x: Secret, weights: Array, decimals: int) -> Opened:
    """Return the sum of x times public integers over 10^decimals; of the plain sum, that is opened."""
    one = not decimals and bool((weights == 1).all())
    total = opened((x if one else x * weights).sum())
    return total / 10**decimals if decimals else total


# ---------------------------------------------------------------------------------------- public elimination


def _stacked(parts: Sequence[Opened]) -> Opened:
    """Join opened values of one shape along a new first axis: each times a unit vector, and added up."""
    terms = (_unit(part.builder, len(parts), i, part.ndim) * part for i, part in enumerate(parts))
    return reduce(add, terms)


def _unit(builder: Builder, n: int, i: int, trailing: int = 0) -> Opened:
    """Return the vector of n entries with a 1 at i and 0 elsewhere, with axes of length 1 behind."""
    values = tuple(Fraction(int(j == i)) for j in range(n))
    return Opened(builder, builder.express(PublicConstant(values)), (n, *(1,) * trailing))


def _swept(rows: Sequence[Opened], k: int) -> list[Opened]:
    """Sweep a symmetric matrix on its k-th diagonal entry (Goodnight, The American Statistician 33(3), 1979).

    When all but the last were swept, the matrix of moments of [X y] holds (XᵀX)^-1, the coefficients, negated,
    in the last row, and the residual sum of squares in the corner.  No exchange of rows is needed: entry k is
    then the residual sum of squares of column k on those before it, and 0 only if it depends on them linearly.
    """
    unit = _unit(rows[k].builder, len(rows), k)
    pivot = rows[k][k]
    swept = (rows[k] - pivot * unit + unit) / pivot
    taken = swept + unit
    return [swept if i == k else row - row[k] * taken for i, row in enumerate(rows)]


def _check_size(columns: Sequence[_Column], n: int) -> None:
    """Fail unless every fraction on the way surely has at most ``MAX_BITS`` bits, beyond which it is undefined.

    All entries of a swept matrix of moments are quotients of its minors, and a minor is at most the root of
    the product of its rows' and its columns' diagonal entries (Hadamard's inequality for Gram matrices).  The
    products in between, and what is made of the fit, take twice that and a little more.
    """
    rows = n.bit_length()
    minor = sum(column.square_bits + rows for column in columns)
    bits = 2 * minor + 4 * (columns[-1].square_bits + rows) + (100**MAX_PLACES).bit_length()
    if bits > MAX_BITS:
        fail(
            f"ts.ols: exact fractions of these {len(columns) - 1} columns may take {bits} bits, more than {MAX_BITS}",
            hint="use fewer columns, or columns of narrower ranges and fewer decimals",
        )
