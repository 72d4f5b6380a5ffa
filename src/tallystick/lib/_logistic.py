# SPDX-License-Identifier: Apache-2.0
"""Logistic regression found inside the computation: Newton's method on fixed point, a fixed number of steps.

Columns are taken about their means and in units of their own spread, which stay secret, so that a fit does not depend
on how wide a column was declared; whether the steps reached the maximum is decided inside, and public.  Formulas, costs
and error bounds are in ``spec/library.md``, "Logistic regression".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import combinations, combinations_with_replacement
from math import factorial, isqrt, prod
from operator import add, sub

import numpy as np

from ..plan import CONVERGED, MAX_DECIMALS, advice_width
from ..tracing import Array, Opened, Secret, announce, concat, constant, fail, reveal, stack
from ._choice import choose, clip, minimum
from ._compare import complement, is_boolean, is_zero, not_negative, product
from ._digits import constants, decompose, tighten, weighted
from ._naming import named, statistic, units
from ._numbers import divide, divided_by_secret, rounded_quotient
from ._regression import Columns, columns_of

__all__ = ["LogisticRegression", "logistic_regression", "probability_table", "short_quotients"]

_PROBABILITY = 52
"""Probabilities are integers over 2^52."""

_PART = 12
"""The binary digits of a logit's fraction that its probability is computed from."""

_WEIGHT = 13
"""Weights p(1 - p) are integers over 2^13, from 2 to 2^11."""

_SLOPE = 15
"""Entries of the gradient, over the scale of their columns, are integers over 2^15."""

_PRECISION = 12
"""A column's standard deviation has at least so many binary digits."""

_RESOLUTION = 16
"""A coefficient has so many binary digits for a standard deviation of its column, and so has the intercept."""

_FINEST = 10
"""A coefficient has so many binary digits at least for a column's spread, however many rows there are."""

_COARSE = 5
"""A column's standard deviation has so many binary digits for the curvature, which need not be exact, or ..."""

_COARSEST = 2
"""... as few as these, where columns are many."""

_MAX_DROP = 14
"""By how many digits the curvature is cut at most."""

_TOLERANCE = 13
"""A gradient is small if an error of 2^-13 in every probability may be all of it."""

_STANDSTILL = 5
"""A step is small if it changes the intercept by at most 2^-5, and all columns' part of a logit by at most 2^-3."""

_SHORT = 16
"""A divisor of more than twice as many digits is cut to more than so many."""

_MAX_ITERATIONS = 64

_MAX_ROWS = 1 << 24


@dataclass(frozen=True, slots=True)
class LogisticRegression:
    """A logistic fit, of which nobody knows more than whether it converged until more is opened.

    ``converged`` is 1 where the steps reached the maximum of the likelihood, to the error that ``spec/library.md``
    states, and 0 elsewhere; everybody sees it.  ``secret_coefficients`` are the intercept and the coefficients of the
    columns in their order, for further computation, and ``secret_converged`` is the same bit among secrets.  Where the
    fit did not converge, ``secret_coefficients`` are 0 and mean nothing: open what is computed from them by ``reveal``.
    """

    converged: Opened
    secret_coefficients: Secret
    secret_converged: Secret

    @property
    def coefficients(self) -> Opened:
        """The intercept and the coefficients, opened; undefined, and shown as not converged, if they did not."""
        return reveal(self.secret_coefficients) / self.converged

    def reveal(self, secret: Secret, *, label: str | None = None) -> Opened:
        """Open something that was computed from the fit, as ``ts.reveal`` does.

        Undefined, and shown as not converged, if the fit is not: 0 is opened in its place.  A gate an entry.
        """
        if not isinstance(secret, Secret):
            fail(f"reveal takes a secret, not {type(secret).__name__}")
        kept = named(secret * self.secret_converged, secret.origin.text, secret)
        return reveal(kept, label=label) / self.converged


def logistic_regression(
    columns: Columns, y: Secret, *, iterations: int, decimals: int, limit: int = 16
) -> LogisticRegression:
    """Return the logistic model under which y is the most likely: an intercept, and a coefficient for each column.

    ``columns`` is a secret matrix with one row an observation, or a sequence of vectors; y is 0 or 1.  Reveals whether
    the fit converged.  The coefficients stay secret until they are opened, with so many decimals.  They are what so
    many steps of Newton's method with approximate weights reach from 0; 6 to 10 usually suffice, where ones or zeros
    are rare a few more.  The fit converged if the last step was small and began where the gradient was no more than
    what an error of 0.00012 in every probability makes, beside that of 0.00017 which probabilities have.  A coefficient
    that moves a logit by no more than ``limit`` for a standard deviation of its column is always within reach, one of
    more than four times as much never, nor an intercept beyond ``limit`` at the mean of all columns.  Where data are
    separable there is no maximum, and the fit does not converge.  How wide a column was declared changes nothing.  A
    column whose entries are all equal has the coefficient 0; where columns are linearly dependent, the fit is one of
    many maxima.
    """
    model = _model(columns, y, iterations, decimals, limit)
    gradient, steps, reached = model.newton(iterations)
    converged = model.converged(gradient, steps, reached)
    parents = (y, *(c.exact for c in model.columns))
    kept = [
        tighten(b * converged, 1 - bound, bound - 1) for b, bound in zip(reached, model.bounds, strict=True)
    ]
    text = f"logistic fit of {y.origin.text}"
    return LogisticRegression(
        converged=announce(statistic(converged, f"{CONVERGED}{text}", *parents)),
        secret_coefficients=statistic(model.in_decimals(kept, decimals), text, *parents),
        secret_converged=statistic(converged, f"{text} converged", *parents),
    )


# ---------------------------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class _Column:
    """A column about its mean in units of its spread, the greatest 2^q that is at most √Σ(x - centre)².

    ``fine`` and ``coarse`` are (x - ``centre``) / 2^q as integers over 2^V and 2^C (``_Scales``): both at most 2, as no
    deviation is more than the root of the sum of all squares.  ``factor`` is 2^(``places`` - 1 - q), and 0 where all
    entries are equal, as the column is then.
    """

    exact: Secret
    centre: Secret
    factor: Secret
    places: int
    fine: Secret
    coarse: Secret
    decimals: int


@dataclass(frozen=True, slots=True)
class _Scales:
    """What follows from the numbers of rows and columns: 2^``half`` is √rows, rounded up to a power of two.

    ``fine`` and ``coarse`` are V and C; coefficients of columns in units of their spread are integers over 2^``slope``,
    the intercept is one over 2^16, and logits are integers over 2^``point``.
    """

    rows: int
    columns: int
    kept: int

    @property
    def half(self) -> int:
        return ((self.rows - 1).bit_length() + 1) // 2

    @property
    def fine(self) -> int:
        return _PRECISION + self.half

    @property
    def coarse(self) -> int:
        return self.kept + self.half

    @property
    def slope(self) -> int:
        return max(_RESOLUTION - self.half, _FINEST)

    @property
    def point(self) -> int:
        return self.fine + self.slope

    @property
    def shifts(self) -> tuple[int, ...]:
        """By how many digits what coefficients multiply is finer than what the curvature is made of."""
        return (self.point - _RESOLUTION, *(self.fine - self.coarse,) * self.columns)

    @property
    def norms(self) -> tuple[int, ...]:
        """Bounds of the roots of the sums of the squares of a column of ones and of all coarse columns."""
        return (1 << self.half, *((2 << self.coarse) + (1 << self.half),) * self.columns)

    @property
    def drop(self) -> int:
        """An average weight of 2^8 / 2^13 makes the sum of weights 16 times what is added to it, or more."""
        return min(max(16 * self.rows // (self.columns + 1), 1).bit_length() - 1, _MAX_DROP)


def _spread(x: Secret, decimals: int, scales: _Scales) -> _Column:
    """Return a column of integers about its mean in units of its spread."""
    n, width = scales.rows, x.high - x.low
    if width == 0:
        nothing = constants(x.builder, 0, x.shape)
        centre, factor = constants(x.builder, x.low, ()), constants(x.builder, 0, ())
        return _Column(x, centre, factor, 1, nothing, nothing, decimals)
    centre = rounded_quotient(x.sum(), n, "half up", (x.low, x.high))
    apart = x - centre
    # Popoviciu's bound of the variance, and a quarter for the rounding of the mean.
    digits = decompose((apart * apart).sum(), 0, (n * (width * width + 1) // 4).bit_length())
    places = (digits.size + 1) // 2
    reached: list[Secret] = []
    for q in reversed(range(places)):
        either = digits[2 * q] if 2 * q + 1 == digits.size else digits[2 * q] | digits[2 * q + 1]
        reached.append(either | reached[-1] if reached else either)
    # One of all [Σ(x - centre)² ≥ 4^q] is the last that is 1, and each takes half off what the one before it gave.
    weights = [*(-1 << k for k in range(places - 1)), 1 << (places - 1)]
    factor = tighten(weighted(stack(reached), weights), 0, 1 << (places - 1))
    scaled = apart * factor
    if places - 1 <= scales.coarse:
        fine = scaled * (1 << (scales.fine + 1 - places))
        return _Column(
            x, centre, factor, places, fine, scaled * (1 << (scales.coarse + 1 - places)), decimals
        )
    # |scaled| < 2^places, and so much less that rounding stays below, for up to 2^24 rows (spec/library.md).
    cut = places - 1 - scales.fine
    signed = decompose(scaled + (1 << cut >> 1 if cut > 0 else 0), -1 << places, places + 1)
    coarse = _above(signed, places - 1 - scales.coarse) - (2 << scales.coarse)
    fine = (_above(signed, max(cut, 0)) - (1 << places >> max(cut, 0))) * (1 << max(-cut, 0))
    return _Column(x, centre, factor, places, fine, coarse, decimals)


# ---------------------------------------------------------------------------------------- the model


@dataclass(frozen=True, slots=True)
class _Model:
    """Columns, and the scales of everything that is computed from them.

    ``squares`` are the products of every two coarse columns.  Coefficients, the intercept first, are at most
    ``bounds``, logits lie in [-2^``top``, 2^``top``), and steps have at most ``digits`` digits.
    """

    y: Secret
    columns: tuple[_Column, ...]
    squares: tuple[Secret, ...]
    scales: _Scales
    top: int
    digits: int
    bounds: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return len(self.bounds)

    @property
    def damping(self) -> int:
        """What the diagonal of the curvature has more than XᵀWX over 2^drop."""
        return self.size if self.scales.drop else 1

    def newton(self, iterations: int) -> tuple[Secret, Secret, Secret]:
        """Return the gradient where the last step began, that step, and the coefficients that it reached."""
        coefficients = [constants(self.y.builder, 0, ()) for _ in self.bounds]
        gradient, steps = self.step(coefficients, first=True)
        for _ in range(iterations - 1):
            coefficients = [
                clip(b + steps[j], -bound, bound)
                for j, (b, bound) in enumerate(zip(coefficients, self.bounds, strict=True))
            ]
            gradient, steps = self.step(coefficients, first=False)
        return gradient, steps, stack([b + steps[j] for j, b in enumerate(coefficients)])

    def step(self, coefficients: list[Secret], *, first: bool) -> tuple[Secret, Secret]:
        """Return the gradient and Newton's step; the ``first`` one begins where all coefficients are 0."""
        found, weights = (1 << (_PROBABILITY - 1), None) if first else self.fitted(coefficients)
        gradient = self.gradient(found)
        return stack(gradient), self.steps(gradient, self.curvature(weights))

    # ------------------------------------------------------------------ probabilities
    def fitted(self, coefficients: list[Secret]) -> tuple[Secret, Secret]:
        """Return all rows' probabilities and weights."""
        point = self.scales.point
        intercept, *others = coefficients
        logits = (intercept * (1 << (point - _RESOLUTION))).broadcast_to(self.y.shape)
        for column, b in zip(self.columns, others, strict=True):
            logits = logits + column.fine * b
        digits = decompose(logits, -1 << self.top, self.top + 1).T
        positive, beyond = digits[self.top], list(digits[point + 3 : self.top])
        # The integer part of a logit is in 0 … 7 where it is not negative and no digit beyond is set, and in
        # -8 … -1 where it is negative and all of them are: so many digits beyond tell both.
        negative = complement(positive)
        within = is_zero(reduce(add, beyond) - negative * len(beyond))
        above, below = positive * within, negative * within
        four, two, one = (digits[point + k] for k in (2, 1, 0))
        upper, lower = above * four, below * four
        blocks = stack([below - lower, lower, above - upper, upper])
        both = two * one
        places = stack([one - both, two - both, both])
        cells = (blocks.reshape(4, 1, -1) * places.reshape(1, 3, -1)).reshape(12, -1)
        outside = stack([negative - below, positive - above])
        indicators = concat([blocks, cells, outside])
        # A product for each row of the table, as every one has an interval of its own.
        c0, c1, c2, c3, weights = (row @ indicators for row in probability_table())
        part = weighted(digits[point - _PART : point].T, [1 << i for i in range(_PART)])
        return ((c3 * part + c2) * part + c1) * part + c0, weights

    # ------------------------------------------------------------------ steps
    def gradient(self, probabilities: Secret | int) -> list[Secret]:
        """Return Xᵀ(y - p) of ones and of the columns on the scale of the coarse ones, rounded down to 2^-15."""
        left = self.y * (1 << _PROBABILITY) - probabilities
        drop, norms, rows = _PROBABILITY - _SLOPE, self.scales.norms, self.scales.half
        finer = (0, *self.scales.shifts[1:])
        sums = [left.sum(), *((c.fine * left).sum() for c in self.columns)]
        return [
            _shortened(g, norm << (rows + _PROBABILITY + s), drop + s)
            for g, norm, s in zip(sums, norms, finer, strict=True)
        ]

    def curvature(self, weights: Secret | None) -> list[list[Secret]]:
        """Return XᵀWX of the coarse columns over 2^drop, with more on the diagonal: positive definite.

        Without weights all are 1/4, as where all coefficients are 0.  Each entry is rounded down, which takes
        off a matrix of norm less than its size, and so much is added to the diagonal.
        """
        drop, norms = self.scales.drop, self.scales.norms
        quarter = 1 << (_WEIGHT - 2)
        factor, ones = quarter if weights is None else weights, weights
        if ones is None:
            ones = constants(self.y.builder, quarter, self.y.shape)
        terms = [ones, *(x * factor for x in (*(c.coarse for c in self.columns), *self.squares))]
        sums = {}
        for (i, j), term in zip(combinations_with_replacement(range(self.size), 2), terms, strict=True):
            entry = _shortened(term.sum(), quarter * norms[i] * norms[j], drop, positive=i == j)
            sums[i, j] = entry + (self.damping if i == j else 0)
        return [[sums[min(i, j), max(i, j)] for j in range(self.size)] for i in range(self.size)]

    def steps(self, gradient: list[Secret], curvature: list[list[Secret]]) -> Secret:
        """Return (XᵀWX)^-1 Xᵀ(y - p) by Cramer's rule, each entry at most 2^``digits`` - 1.

        The determinant is at least 1, as the matrix is positive definite, and an integer.
        """
        m = self.size
        minors = _minors([[*row, g] for row, g in zip(curvature, gradient, strict=True)])
        columns = tuple(range(m + 1))
        determinant = minors[columns[:m]]
        most = prod(curvature[j][j].high for j in range(m))
        tops = []
        for j, shift in enumerate(self.scales.shifts):
            # The gradient is the last column, and moves to place j over those between.
            top = minors[columns[:j] + columns[j + 1 :]] * (
                1 << (self.scales.point + _WEIGHT - _SLOPE - shift - self.scales.drop)
            )
            tops.append(-top if (m - 1 - j) % 2 else top)
        return short_quotients(stack(tops), determinant, most, self.digits)

    # ------------------------------------------------------------------ results
    def converged(self, gradient: Secret, steps: Secret, reached: Secret) -> Secret:
        """Return whether the last step was small, began at a small gradient, and reached no limit."""
        scales, others = self.scales, self.size - 1
        unit = 1 << (_SLOPE - _TOLERANCE)
        small = [scales.rows * unit + 1, *[(isqrt(scales.rows) << scales.coarse) * unit + 1] * others]
        short = [1 << (_RESOLUTION - _STANDSTILL), *[(2 << (scales.slope - _STANDSTILL)) // others] * others]
        inside = [bound - 1 for bound in self.bounds]
        ends = ((gradient, small), (steps, short), (reached, inside))
        left = [side + np.array(end, dtype=object) for v, end in ends for side in (v, -v)]
        return product(list(not_negative(concat(left))))

    def in_decimals(self, coefficients: list[Secret], decimals: int) -> Secret:
        """Return the coefficients of the columns as they were given, rounded to the nearest."""
        intercept, *others = coefficients
        point = max(_RESOLUTION, *(self.scales.slope + c.places - 1 for c in self.columns))
        intercept = intercept * (1 << (point - _RESOLUTION))
        given = []
        for b, column in zip(others, self.columns, strict=True):
            b = b * column.factor * (1 << (point + 1 - column.places - self.scales.slope))
            intercept = intercept - b * column.centre
            given.append(b * 10**column.decimals)
        return divide(stack([intercept, *given]), 1 << point, decimals=decimals)


def _model(columns: Columns, y: Secret, iterations: int, decimals: int, limit: int) -> _Model:
    given = columns_of("ts.logistic_regression", columns, y)
    _check(y, len(given), iterations, decimals, limit)
    scales = _scales(y, len(given), limit)
    spread = tuple(
        _spread(
            units(c.values) if isinstance(c.values, Secret) else constant(y.builder, c.values),
            c.decimals,
            scales,
        )
        for c in given
    )
    coarse = [c.coarse for c in spread]
    widest = 1 + (len(given) << (scales.half + 1))
    return _Model(
        y=units(y),
        columns=spread,
        squares=tuple(a * b for a, b in combinations_with_replacement(coarse, 2)),
        scales=scales,
        top=(limit * widest << scales.point).bit_length(),
        digits=_step_digits(scales, limit),
        bounds=(limit << _RESOLUTION, *(limit << (scales.half + scales.slope),) * len(given)),
    )


def _step_digits(scales: _Scales, limit: int) -> int:
    """Return how many digits a step from one limit to the other has."""
    return (2 * limit << max(_RESOLUTION, scales.half + scales.slope)).bit_length()


def _scales(y: Secret, columns: int, limit: int) -> _Scales:
    """Return the finest scales on which the curvature's determinant can be taken apart.

    It is at most the product of its diagonal and multiplied by a step's greatest value, and compared with a numerator
    of the same size.
    """
    room = advice_width(len(y.builder.members)) - factorial(columns + 1).bit_length() - 8
    fitting = []
    for kept in range(_COARSEST, _COARSE + 1):
        scales = _Scales(y.size, columns, kept)
        ones = _WEIGHT - 1 - scales.drop + y.size.bit_length()
        entry = _WEIGHT - 1 - scales.drop + 2 * (scales.coarse + 1)
        if ones + columns * entry + _step_digits(scales, limit) <= room:
            fitting.append(scales)
    if not fitting:
        fail(
            f"ts.logistic_regression of {columns} columns of {y.size} rows needs digits of too wide values",
            hint="use fewer columns",
        )
    return fitting[-1]


def _check(y: Secret, columns: int, iterations: object, decimals: object, limit: object) -> None:
    if not is_boolean(y):
        fail("ts.logistic_regression takes zeros and ones as y", hint="compare first, as in y != 0")
    if not y.size or not columns:
        fail("ts.logistic_regression needs at least one row and one column")
    if y.size > _MAX_ROWS:
        fail(f"ts.logistic_regression takes up to {_MAX_ROWS:,} rows, not {y.size:,}")
    numbers = (
        ("iterations", iterations, 1, _MAX_ITERATIONS),
        ("decimals", decimals, 0, MAX_DECIMALS),
        ("limit", limit, 8, 1 << 20),
    )
    for name, value, low, high in numbers:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            fail(f"{name} is an integer between {low} and {high}, not {value!r}")


# ---------------------------------------------------------------------------------------- determinants, the sigmoid


def _minors(rows: list[list[Secret]]) -> dict[tuple[int, ...], Secret]:
    """Return the determinants of all rows with each choice of as many columns, by expansion along the last row.

    No entry is divided and no minor computed twice: k·C(columns, k) gates for each size k > 1.
    """
    width = len(rows[0])
    found: dict[tuple[int, ...], Secret] = {(j,): entry for j, entry in enumerate(rows[0])}
    for size in range(2, len(rows) + 1):
        larger: dict[tuple[int, ...], Secret] = {}
        for chosen in combinations(range(width), size):
            terms = [
                rows[size - 1][chosen[place]] * found[chosen[:place] + chosen[place + 1 :]]
                for place in reversed(range(size))
            ]
            larger[chosen] = reduce(sub, terms[1::2], reduce(add, terms[::2]))
        found = larger
    return found


def short_quotients(tops: Secret, divisor: Secret, highest: int, k: int) -> Secret:
    """Return tops over a divisor from 1 to ``highest``, with a relative error below 2^-16, and one below 2.

    Quotients of more than k digits become the greatest of so many.  Numerators and divisor first lose
    as many digits as leave the divisor more than 16 and at most 32, which makes the division short.
    """
    most = (1 << k) - 1
    width = highest.bit_length()
    digits = decompose(divisor, 0, width)
    places = max(tops.high, -tops.low - 1, highest).bit_length()
    signed = decompose(tops, -1 << places, places + 1)
    short, cut = _above(digits, 0), _above(signed, 0) - (1 << places)
    for shift, shifted in _leading(digits):
        fewer, less = _above(digits, shift), _above(signed, shift) - (1 << (places - shift))
        short = choose(shifted, fewer, short)
        cut = choose(shifted.broadcast_to(cut.shape), less, cut)
    divisors = tighten(short, 1, (1 << min(width, 2 * _SHORT)) - 1).broadcast_to(tops.shape)
    positive = signed[:, places]
    kept = minimum(choose(positive, cut, -cut), divisors * most)
    quotients, _ = divided_by_secret(tighten(kept, 0, most * divisors.high), divisors, within=(0, most))
    return choose(positive, quotients, -quotients)


def _shortened(x: Secret, most: int, shift: int, *, positive: bool = False) -> Secret:
    """Return ⌊x / 2^shift⌋ for |x| ≤ ``most``, and x ≥ 0 if ``positive``: as the caller knows and its digits prove."""
    places = max(most.bit_length(), shift)
    if positive:
        return _above(decompose(x, 0, places), shift)
    return _above(decompose(x, -1 << places, places + 1), shift) - (1 << (places - shift))


def _above(digits: Secret, shift: int) -> Secret:
    """Return numbers without their lowest digits, from their digits along the last axis."""
    return weighted(digits, [0] * shift + [1 << i for i in range(digits.shape[-1] - shift)])


def _leading(digits: Secret) -> list[tuple[int, Secret]]:
    """Return by how many digits a number may be shifted, and whether it has that many to spare, in ascending order.

    A number has a multiple of 16 to spare if it has more than 16 digits beside.
    """
    found: list[tuple[int, Secret]] = []
    seen: Secret | None = None
    for start in reversed(range(2 * _SHORT, digits.size, _SHORT)):
        empty = product([complement(d) for d in digits[start : start + _SHORT]])
        seen = empty if seen is None else seen * empty
        found.append((start - _SHORT, complement(seen)))
    return found[::-1]


@lru_cache(maxsize=1)
def probability_table() -> Array:
    """Return what probabilities and weights are made of, as a matrix for the indicators of a logit's integer part.

    Rows: the cubic's coefficients for t = 0 … 2^12 - 1, the lowest first, and the weight.  Columns: the value at
    integer parts -8, -4, 0 and 4; what the three following each of these have more; the value below -8 and
    above.  Cubics interpolate at Chebyshev's points, in the middle of what a t stands for.  Exact arithmetic
    makes the table the same everywhere.
    """
    cells = [_cubic(k) for k in range(-8, 8)]
    low = round(_probability(Fraction(-8)) / 2 * (1 << _PROBABILITY))
    ends = [[v, 0, 0, 0, 2] for v in (low, (1 << _PROBABILITY) - low)]
    blocks = [cells[4 * i] for i in range(4)]
    more = [
        [a - b for a, b in zip(cells[4 * i + j], blocks[i], strict=True)] for i in range(4) for j in (1, 2, 3)
    ]
    return np.array([*blocks, *more, *ends], dtype=object).T


_CHEBYSHEV = [Fraction(n, 10**6) for n in (38060, 308658, 691342, 961940)]
"""(1 - cos((2i + 1)·π/8)) / 2, rounded: every choice of points near them is as good."""


def _cubic(k: int) -> list[int]:
    """Return the coefficients of the cubic for logits in [k, k + 1), and the weight in the middle."""
    half = Fraction(1, 2 << _PART)
    # Newton's divided differences.
    differences = [_probability(k + half + v) for v in _CHEBYSHEV]
    for order in range(1, 4):
        for i in range(3, order - 1, -1):
            step = _CHEBYSHEV[i] - _CHEBYSHEV[i - order]
            differences[i] = (differences[i] - differences[i - 1]) / step
    powers = [Fraction(0)] * 4
    for i in (3, 2, 1, 0):
        powers = [a - _CHEBYSHEV[i] * b for a, b in zip([Fraction(0), *powers[:3]], powers, strict=True)]
        powers[0] += differences[i]
    middle = _probability(k + Fraction(1, 2))
    weight = round(middle * (1 - middle) * (1 << _WEIGHT))
    return [*(round(c * (1 << (_PROBABILITY - _PART * i))) for i, c in enumerate(powers)), weight]


def _probability(z: Fraction) -> Fraction:
    """Return 1 / (1 + e^-z) to 40 digits, rounded alike on every machine."""
    with localcontext() as context:
        context.prec = 40
        return 1 / (1 + Fraction((-Decimal(z.numerator) / Decimal(z.denominator)).exp()))
