"""Logistic regression found inside the computation: Newton's method on fixed point, a fixed number of steps.

Formulas, costs and error bounds are in ``spec/library.md``, "Logistic regression".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import combinations, combinations_with_replacement
from math import factorial, prod
from operator import add, sub

import numpy as np

from ..plan import MAX_DECIMALS, advice_width
from ..tracing import Array, Secret, concat, constant, fail, stack
from ._choice import choose, clip, minimum
from ._compare import complement, is_boolean, product
from ._digits import constants, decompose, tighten, weighted
from ._naming import named, units
from ._numbers import divide, divided, divided_by_secret
from ._regression import Columns, columns_of

__all__ = ["logistic_regression", "probability_table", "short_quotients"]

_PROBABILITY = 52
"""Probabilities are integers over 2^52."""

_PART = 12
"""The binary digits of a logit's fraction that its probability is computed from."""

_WEIGHT = 10
"""Weights p(1 - p) are integers over 2^10, from 1 to 2^8."""

_SLOPE = 12
"""Entries of the gradient, over the scale of their columns, are integers over 2^12."""

_MARGIN = 11
"""By how many digits coefficients are finer than the columns' ranges are wide."""

_COARSE = 10
"""Columns are rounded to so many digits, and a sign, for the curvature: it need not be exact."""

_MAX_DROP = 11
"""By how many digits the curvature is cut at most."""

_SHORT = 16
"""A divisor of more than twice as many digits is cut to more than so many."""

_MAX_ITERATIONS = 64


def logistic_regression(
    columns: Columns, y: Secret, *, iterations: int, decimals: int, limit: int = 128
) -> Secret:
    """Return the intercept and the coefficients of the logistic model under which y is the most likely.

    ``columns`` is a secret matrix with one row an observation, or a sequence of vectors; y is 0 or 1.  Reveals
    nothing by itself: the result is secret, with so many decimals.  It is what that many steps of Newton's
    method with approximate weights reach from 0; after 6 to 10 it is usually as close to the maximum as
    probabilities with an error of 0.00017 allow.  No coefficient moves a logit by more than ``limit`` over its
    column's range, nor does the intercept at the mean of all columns: where data are separable, so that
    there is no maximum, this ends the steps.  Where columns are linearly dependent, it is one of many fits.
    """
    model = _model(columns, y, iterations, decimals, limit)
    coefficients = [constants(y.builder, 0, ()) for _ in model.bounds]
    for k in range(iterations):
        found, weights = model.fitted(coefficients) if k else (1 << (_PROBABILITY - 1), None)
        steps = model.steps(model.gradient(found), model.curvature(weights))
        coefficients = [
            clip(b + steps[j], -bound, bound)
            for j, (b, bound) in enumerate(zip(coefficients, model.bounds, strict=True))
        ]
    return named(
        model.in_decimals(coefficients, decimals), f"logistic fit of {y.origin.text}", y, *model.exact
    )


# ---------------------------------------------------------------------------------------- the model


@dataclass(frozen=True, slots=True)
class _Model:
    """Columns, and the scales of everything that is computed from them.

    ``exact`` are the integers of the columns less ``centres``, about their means, ``coarse`` the same without
    their lowest ``shifts`` digits, and ``squares`` the products of every two of these; ``scales`` are the
    columns' decimals.  Logits and coefficients are integers over 2^``point``: logits in [-2^``top``,
    2^``top``), coefficients at most ``bounds``, the intercept first, and steps have at most ``digits`` digits.
    The curvature is cut by ``drop`` digits.
    """

    y: Secret
    exact: tuple[Secret, ...]
    coarse: tuple[Secret, ...]
    squares: tuple[Secret, ...]
    centres: tuple[Secret, ...]
    shifts: tuple[int, ...]
    scales: tuple[int, ...]
    point: int
    top: int
    digits: int
    drop: int
    bounds: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return len(self.bounds)

    @property
    def damping(self) -> int:
        """What the diagonal of the curvature has more than XᵀWX over 2^``drop``."""
        return self.size if self.drop else 1

    # ------------------------------------------------------------------ probabilities
    def fitted(self, coefficients: list[Secret]) -> tuple[Secret, Secret]:
        """Return all rows' probabilities and weights."""
        intercept, *others = coefficients
        logits = intercept.broadcast_to(self.y.shape)
        for x, b in zip(self.exact, others, strict=True):
            logits = logits + x * b
        digits = decompose(logits, -1 << self.top, self.top + 1).T
        positive, beyond = digits[self.top], list(digits[self.point + 3 : self.top])
        # The integer part of a logit is in 0 … 7 where it is not negative and no digit beyond is set, and in
        # -8 … -1 where it is negative and all of them are.
        above = positive * product([complement(d) for d in beyond])
        below = complement(positive) * product(beyond)
        four, two, one = (digits[self.point + k] for k in (2, 1, 0))
        upper, lower = above * four, below * four
        blocks = stack([below - lower, lower, above - upper, upper])
        both = two * one
        places = stack([one - both, two - both, both])
        cells = (blocks.reshape(4, 1, -1) * places.reshape(1, 3, -1)).reshape(12, -1)
        outside = stack([complement(positive) - below, positive - above])
        indicators = concat([blocks, cells, outside])
        # A product for each row of the table, as every one has an interval of its own.
        c0, c1, c2, c3, weights = (row @ indicators for row in probability_table())
        part = weighted(digits[self.point - _PART : self.point].T, [1 << i for i in range(_PART)])
        return ((c3 * part + c2) * part + c1) * part + c0, weights

    # ------------------------------------------------------------------ steps
    def gradient(self, probabilities: Secret | int) -> list[Secret]:
        """Return Xᵀ(y - p), each entry over its column's 2^shift and rounded down."""
        left = self.y * (1 << _PROBABILITY) - probabilities
        sums = [left.sum(), *((x * left).sum() for x in self.exact)]
        drop = _PROBABILITY - _SLOPE
        return [divided(g, 1 << (drop + s))[0] for g, s in zip(sums, (0, *self.shifts), strict=True)]

    def curvature(self, weights: Secret | None) -> list[list[Secret]]:
        """Return XᵀWX of the coarse columns over 2^``drop``, with more on the diagonal: positive definite.

        Without weights all are 1/4, as where all coefficients are 0.  Each entry is rounded down, which takes
        off a matrix of norm less than its size, and so much is added to the diagonal.
        """
        quarter = 1 << (_WEIGHT - 2)
        factor, ones = quarter if weights is None else weights, weights
        if ones is None:
            ones = constants(self.y.builder, quarter, self.y.shape)
        terms = [ones, *(x * factor for x in (*self.coarse, *self.squares))]
        most = self.y.size * quarter
        ends = [1, *(_half_width(x) for x in self.coarse)]
        sums = {}
        for (i, j), term in zip(combinations_with_replacement(range(self.size), 2), terms, strict=True):
            end = most * ends[i] * ends[j]
            within = ((0 if i == j else -end) >> self.drop, end >> self.drop)
            sums[i, j] = divided(term.sum(), 1 << self.drop, within)[0] + (self.damping if i == j else 0)
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
        for j, shift in enumerate((0, *self.shifts)):
            # The gradient is the last column, and moves to place j over those between.
            top = minors[columns[:j] + columns[j + 1 :]] * (
                1 << (self.point + _WEIGHT - _SLOPE - shift - self.drop)
            )
            tops.append(-top if (m - 1 - j) % 2 else top)
        return short_quotients(stack(tops), determinant, most, self.digits)

    # ------------------------------------------------------------------ results
    def in_decimals(self, coefficients: list[Secret], decimals: int) -> Secret:
        """Return the coefficients of the columns as they were given, rounded to the nearest."""
        intercept, *others = coefficients
        for b, centre in zip(others, self.centres, strict=True):
            intercept = intercept - b * centre
        given = [intercept, *(b * 10**d for b, d in zip(others, self.scales, strict=True))]
        return divide(stack(given), 1 << self.point, decimals=decimals)


def _model(columns: Columns, y: Secret, iterations: int, decimals: int, limit: int) -> _Model:
    given = columns_of("ts.logistic_regression", columns, y)
    _check(y, len(given), iterations, decimals, limit)
    wide = [c.values if isinstance(c.values, Secret) else constant(y.builder, c.values) for c in given]
    wide = [units(x) for x in wide]
    scales = tuple(c.decimals for c in given)
    spans = [max(x.high - x.low, 1).bit_length() for x in wide]
    # A unit of a coefficient moves no logit by more than 2^-11, and is a quarter of a result's last place at most.
    finest = (4 * 10 ** (decimals + max(scales))).bit_length()
    point = max(max(spans) + _MARGIN, finest, _MAX_DROP + _SLOPE - _WEIGHT)
    digits = ((2 * limit) << point).bit_length()
    # An average weight of 2^5 / 2^10 makes the sum of weights 16 times what is added to it, or more.
    drop = min(max(2 * y.size // (len(wide) + 1), 1).bit_length() - 1, _MAX_DROP)
    kept = _kept_digits(y, spans, digits, drop)
    shifts = tuple(max(0, span - kept) for span in spans)
    coarse = [divided(x, 1 << s)[0] for x, s in zip(wide, shifts, strict=True)]
    means = [tighten(divided(x.sum(), y.size)[0], x.low, x.high) for x in coarse]
    coarse = [x - mean for x, mean in zip(coarse, means, strict=True)]
    centres = tuple(mean * (1 << s) + (1 << s >> 1) for mean, s in zip(means, shifts, strict=True))
    exact = tuple(x - c for x, c in zip(wide, centres, strict=True))
    return _Model(
        y=units(y),
        exact=exact,
        coarse=tuple(coarse),
        squares=tuple(a * b for a, b in combinations_with_replacement(coarse, 2)),
        centres=centres,
        shifts=shifts,
        scales=scales,
        point=point,
        top=((len(wide) + 1) * limit << point).bit_length(),
        digits=digits,
        drop=drop,
        bounds=(limit << point, *((limit << point) // _half_width(x) for x in exact)),
    )


def _half_width(x: Secret) -> int:
    """Return the greatest absolute value of x, and at least 1."""
    return max(abs(x.low), abs(x.high), 1)


def _kept_digits(y: Secret, spans: list[int], digits: int, drop: int) -> int:
    """Return to how many digits columns are rounded for the curvature, so that its determinant can be taken apart.

    A product in it has a factor of about 2^(8-drop)·n and two entries for each coefficient; the determinant is
    multiplied by a step's greatest value, and compared with a numerator of the same size.
    """
    m = len(spans) + 1
    room = advice_width(len(y.builder.members)) - digits - 8
    room -= m * (y.size.bit_length() + _WEIGHT - 1 - drop) + factorial(m).bit_length()
    fitting = [k for k in range(4, _COARSE + 1) if sum(2 * min(span, k + 1) for span in spans) <= room]
    if not fitting:
        fail(
            f"ts.logistic_regression of {len(spans)} columns of {y.size} rows needs digits of too wide values",
            hint="use fewer columns, or fewer decimals of the result",
        )
    return fitting[-1]


def _check(y: Secret, columns: int, iterations: object, decimals: object, limit: object) -> None:
    if not is_boolean(y):
        fail("ts.logistic_regression takes zeros and ones as y", hint="compare first, as in y != 0")
    if not y.size or not columns:
        fail("ts.logistic_regression needs at least one row and one column")
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
    ends = [[v, 0, 0, 0, 1] for v in (low, (1 << _PROBABILITY) - low)]
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
    weight = max(1, round(middle * (1 - middle) * (1 << _WEIGHT)))
    return [*(round(c * (1 << (_PROBABILITY - _PART * i))) for i, c in enumerate(powers)), weight]


def _probability(z: Fraction) -> Fraction:
    """Return 1 / (1 + e^-z) to 40 digits, rounded alike on every machine."""
    with localcontext() as context:
        context.prec = 40
        return 1 / (1 + Fraction((-Decimal(z.numerator) / Decimal(z.denominator)).exp()))
