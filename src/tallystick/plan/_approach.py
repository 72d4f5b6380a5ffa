# SPDX-License-Identifier: Apache-2.0
"""How a quotient or a root is approached: a polynomial, and steps of high order; the bounds that make it exact.

Normative text, with the proof that the result is never wrong: ``spec/online.md``, "Approach".  A division by
normalisation and iteration as in Catrina and Saxena (FC 2010), with other first guesses, other steps, and
truncation that is proved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal, TypeAlias

from ._hint_kind import digits_held

__all__ = [
    "COMBINATIONS",
    "COMBINED",
    "GUESSES",
    "Approach",
    "Bounds",
    "Correction",
    "Guess",
    "Truncation",
    "raised_width",
    "ratio_approach",
    "root_approach",
]

COMBINATIONS = 80
"""Random sums that show that truncated values are integers: each misses one that is not with probability 1/2."""

COMBINED = 1 << 10
"""At most so many values enter one such sum."""

Bounds: TypeAlias = tuple[int, int]
"""The least and the greatest integer that something may be."""

Kind: TypeAlias = Literal["ratio", "root"]

_WIDEST = 164
"""Bits that the members of any consortium can mask: the choice must not depend on how many there are."""

_SPARE = 5
"""Binary places that the front keeps, and that the last residual has beyond the digits of the result."""

_EXCHANGE = 16
"""Of two approaches the one is taken that truncates fewer digits, one truncation more standing for so many."""

_OFFSET = Fraction(19, 32)
"""What is taken off the approximation, so that its floor is the result or 1 less: 11/32 for its error, 1/4 for the
truncation's."""


def raised_width(bounds: Bounds, k: int) -> int:
    """Return the bit length of a value within bounds, once it is raised by a multiple of 2^k if it may be negative."""
    low, high = bounds
    return max((high - min(0, low >> k << k)).bit_length(), k)


def _product(a: Bounds, b: Bounds) -> Bounds:
    corners = [x * y for x in a for y in b]
    return min(corners), max(corners)


@dataclass(frozen=True, slots=True)
class Truncation:
    """x, in [low, high] for certain, becomes ⌊x / 2^places⌋ or 1 more; nothing happens for no places.

    With ``close`` it becomes ⌊x / 2^places + d⌋ for some 0 ≤ d < 1/4.
    """

    low: int
    high: int
    places: int
    close: bool = False

    @property
    def raise_by(self) -> int:
        """The multiple of 2^places to add, so that nothing is negative."""
        return -min(0, self.low >> self.places << self.places)

    @property
    def width(self) -> int:
        """The bit length of what is opened under a mask."""
        return raised_width((self.low, self.high), self.places)

    @property
    def result(self) -> Bounds:
        """Where the result lies for certain."""
        return self.low >> self.places, (self.high >> self.places) + bool(self.places)


@dataclass(frozen=True, slots=True)
class Guess:
    """A polynomial on the t highest digits Z of z: y = ⌊Σ coefficients[i]·Z^i·2^(t(d - i)) / 2^(d·t + 2)⌋ or 1 more.

    y / 2^t misses 1/ζ or 1/√ζ, ζ = z / 2^w, so little that |ε| ≤ 1 / error.
    """

    t: int
    coefficients: tuple[int, ...]
    error: int

    @property
    def degree(self) -> int:
        """The degree d."""
        return len(self.coefficients) - 1

    @property
    def truncation(self) -> Truncation:
        """From the polynomial to y; it is greatest at 0, which stands for z = 0."""
        return Truncation(0, self.coefficients[0] << self.degree * self.t, self.degree * self.t + 2)


# Near-minimax polynomials, found by Lawson's iteration and rounded; the tests verify each error at every Z.
GUESSES: Mapping[Kind, tuple[Guess, ...]] = {
    "ratio": (
        Guess(10, (17361, -23812, 10588), 87),
        Guess(13, (185334, -385203, 348878, -116300), 522),
        Guess(15, (926772, -2581544, 3541854, -2394524, 638550), 2863),
        Guess(18, (8897395, -31075368, 57189805, -58504595, 31553097, -7011814), 17630),
    ),
    "root": (
        Guess(11, (25480, -48375, 50991, -19963), 65),
        Guess(12, (57288, -147109, 239998, -196066, 62307), 204),
        Guess(14, (251961, -815579, 1809307, -2280943, 1500471, -399725), 682),
        Guess(16, (1091338, -4262003, 11976870, -20537808, 20781965, -11398182, 2610015), 2247),
    ),
}

# 1/(1 - ε) and 1/√(1 - ε) up to ε^(o-1), made integers by the first coefficient, a power of two; and c, such that what
# is left out is a part of at most c·|ε|^o for |ε| ≤ 1/64.
_SERIES: Mapping[Kind, Mapping[int, tuple[tuple[int, ...], Fraction]]] = {
    "ratio": {2: ((1, 1), Fraction(1)), 3: ((1, 1, 1), Fraction(1))},
    "root": {2: ((2, 1), Fraction(1, 2)), 3: ((8, 4, 3), Fraction(1, 3))},
}


@dataclass(frozen=True, slots=True)
class Correction:
    """A factor S = Σ series[i]·E^i·2^(p(o - 1 - i)) and what it makes better: their product, truncated.

    E is the residual ε with p binary places, found by a truncation; ``offset`` is taken off the product.
    """

    residual: Truncation
    p: int
    series: tuple[int, ...]
    offset: int
    product: Truncation

    @property
    def weights(self) -> tuple[int, ...]:
        """What the powers of E are multiplied by, lowest first."""
        top = len(self.series) - 1
        return tuple(c << self.p * (top - i) for i, c in enumerate(self.series))


@dataclass(frozen=True, slots=True)
class Approach:
    """The steps to the k digits of a quotient or a root.

    z has ``whole`` digits (w), of which ``cut`` leaves ``kept``; y has u binary places when it multiplies the front;
    ``candidate`` is where the result lies for certain, right or not, and ``rest`` where the minuend less the product,
    or the square, of one more than what was found; its sign, by ``rest_digits`` digits and one, repairs the result.
    ``promised`` is None, or where a and 2^k·b - 1 - a may lie, whose digits are to show first that neither is negative.
    """

    kind: Kind
    k: int
    whole: int
    guess: Guess
    cut: Truncation
    refined: Correction | None
    u: int
    front: Truncation
    last: Correction
    candidate: Bounds
    rest: Bounds
    rest_digits: int
    promised: Bounds | None = None

    @property
    def truncations(self) -> tuple[Truncation, ...]:
        """All truncations, in order."""
        refined = () if self.refined is None else (self.refined.residual, self.refined.product)
        return (self.guess.truncation, self.cut, *refined, self.last.residual, self.front, self.last.product)

    @property
    def exchanges(self) -> int:
        """How often something is truncated, one after the other."""
        return 3 if self.refined is None else 5

    @property
    def effort(self) -> int:
        """Random bits and products that one of many quotients takes, for the choice between this and long division."""
        digits = [self.whole, self.rest_digits + 1, self.k]
        digits += [self.whole + self.k] * 2 if self.promised else []
        better = [c for c in (self.refined, self.last) if c is not None]
        products = self.whole + self.guess.degree + sum(len(c.series) for c in better) + 3
        products += self.whole if self.whole > self.guess.t else 0
        return sum(2 * k - 1 for k in digits) + products + sum(t.places for t in self.truncations)

    def held(self, n: int) -> int:
        """Return how many digits of n values are looked for at once, or factors sent."""
        places = self.whole if self.kind == "ratio" else self.k
        corrections = [c for c in (self.refined, self.last) if c is not None]
        return max(
            digits_held(2 * n, self.whole + self.k) if self.promised else 0,
            *(digits_held(n, k) for k in (self.whole, self.rest_digits + 1, self.k)),
            2 * n * (2 + (places if self.whole > self.guess.t else 0)),
            _truncated_held(n, self.guess.truncation, self.cut),
            _truncated_held(n, self.last.residual, self.front),
            *(_truncated_held(n, t) for c in corrections for t in (c.residual, c.product)),
        )

    @property
    def kept(self) -> int:
        """How many digits of z residuals are found with."""
        return self.whole - self.cut.places

    @property
    def width(self) -> int:
        """The bit length that masks must have room for; combinations of truncated values are longer than those."""
        half = 1 << self.rest_digits
        return max(
            raised_width(self.promised, self.whole + self.k) if self.promised else 0,
            *(t.width + COMBINED.bit_length() - 1 for t in self.truncations if t.places),
            raised_width((self.rest[0] + half, self.rest[1] + half), self.rest_digits + 1),
            raised_width(self.candidate, self.k),
        )


def _truncated_held(n: int, *truncations: Truncation) -> int:
    """Return what truncating n values each in these ways holds: their digits, or the values with what masks sums."""
    cuts = [t.places for t in truncations if t.places]
    return max(n * sum(cuts), len(cuts) * (n + COMBINATIONS * -(-n // COMBINED)))


@dataclass(frozen=True, slots=True)
class _Target:
    """What is approached: k digits, by z of ``whole`` digits.

    The exact result lies within ``reach`` for certain.  ``divisor`` is None for a root, where the result itself takes
    its place.
    """

    kind: Kind
    k: int
    whole: int
    reach: tuple[Fraction, Fraction]
    minuend: Bounds
    divisor: Bounds | None
    rest_digits: int

    @property
    def cut(self) -> Truncation:
        """What leaves z 4 digits more than the last residual has places."""
        return Truncation(0, (1 << self.whole) - 1, max(self.whole - self.k - _SPARE - 4, 0))

    def best(self) -> Approach | None:
        """Return the approach that truncates the fewest digits, or None if none is narrow enough."""
        found = [
            approach
            for guess in GUESSES[self.kind]
            for order in (2, 3)
            for gamma in (None, max(6, -(-(self._spread(order) - 1).bit_length() // order)))
            if (approach := self._approach(guess, gamma, order)) is not None
        ]
        return min(
            found, key=lambda a: sum(t.places for t in a.truncations) + _EXCHANGE * a.exchanges, default=None
        )

    def _spread(self, order: int) -> int:
        """Return what |ε|^-order must reach: series are cut so that the result misses at most a quarter."""
        return int((4 << self.k) * _SERIES[self.kind][order][1])

    def _approach(self, guess: Guess, gamma: int | None, order: int) -> Approach | None:
        """Return the approach by a guess, a first correction to |ε| ≤ 2^-gamma or none, and a last one of an order.

        None if errors could add up to more than the sign test repairs, or if a number would be too wide.
        """
        u, error, refined = guess.t, guess.error, None
        if gamma is not None:
            if 2 << gamma > error**3:
                return None
            refined = self._correction(3, u, gamma + 3, guess.truncation.result, u - gamma - 3)
            u, error = gamma + 3, 1 << gamma
        if self._spread(order) > error**order:
            return None
        scale = (self.whole if self.kind == "ratio" else self.k) + u
        low, high = (int(end * (65 << scale) / 64) for end in self.reach)
        front = Truncation(low - 1, high + 1, scale - _SPARE)
        last = self._correction(order, u, self.k + _SPARE, front.result, _SPARE, last=True)
        low, high = last.product.result
        below, above = _product((low + 1, high + 1), self.divisor or (low + 1, high + 1))
        rest = self.minuend[0] - above, self.minuend[1] - below
        found = Approach(
            self.kind, self.k, self.whole, guess, self.cut, refined, u, front, last,
            (low, high + 1), rest, self.rest_digits,
        )  # fmt: skip
        return found if found.width <= _WIDEST else None

    def _correction(
        self, order: int, u: int, p: int, corrected: Bounds, extra: int, *, last: bool = False
    ) -> Correction:
        """Return the correction by E with p places, or as many as ε has, of a value with ``extra`` places too many.

        |ε| is below 1/32 where z is not 0, and ε is 1 where it is.  So S is below twice its first term, or below 4
        times that; but the front is 0 then.
        """
        exact = self.whole - self.cut.places + (u if self.kind == "ratio" else 2 * u)
        p = min(p, exact)
        residual = Truncation(-(1 << exact - 5), 1 << exact, exact - p)
        series = _SERIES[self.kind][order][0]
        first = p * (order - 1) + series[0].bit_length() - 1
        low, high = _product(corrected, (0, 1 << first + (1 if last else 2)))
        offset = int(_OFFSET * (1 << extra + first)) if last else 0
        product = Truncation(low - offset, high - offset, extra + first, close=last)
        return Correction(residual, p, series, offset, product)


@lru_cache(maxsize=1024)
def ratio_approach(k: int, a: Bounds, b: Bounds) -> Approach | None:
    """Return the approach to the k digits of a / b, or None where the numbers would be too wide.

    What the intervals allow may be too wide where what a program promises is not; then it is shown that it holds.
    """
    most = max(b[1], 1)
    whole = most.bit_length()
    least = min(max(b[0], 1), most)
    reach = Fraction(min(a[0], 0), least), Fraction(max(a[1], 0), least)
    found = _Target("ratio", k, whole, reach, a, (0, most), whole).best()
    if found is not None:
        return found
    dividend = 0, (most << k) - 1
    found = _Target("ratio", k, whole, (Fraction(0), Fraction(1 << k)), dividend, (0, most), whole).best()
    if found is None:
        return None
    promised = min(a[0], (b[0] << k) - 1 - a[1]), max(a[1], (b[1] << k) - 1 - a[0])
    found = replace(found, promised=promised)
    return found if found.width <= _WIDEST else None


@lru_cache(maxsize=1024)
def root_approach(k: int) -> Approach | None:
    """Return the approach to the k digits of the root of a number of 2k digits."""
    square = (0, (1 << 2 * k) - 1)
    return _Target("root", k, 2 * k, (Fraction(0), Fraction(1 << k)), square, None, k + 1).best()
