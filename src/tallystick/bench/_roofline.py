# SPDX-License-Identifier: Apache-2.0
"""How many multiplier operations each kernel needs, and how close its speed comes to the multiplier's.

A multiplier operation is one half of a 52-bit product in one of eight lanes on the AVX-512 IFMA path, and one
64-bit product on the other paths.  What a kernel needs is a formula of its algorithm.  What the multiplier could
have issued in that time is taken from the roof: the highest rate that any kernel reaches on the same path in
the same run, by its fastest run.  What is missing to it goes to additions, shifts, inversions and memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import log2

from ._result import Result

__all__ = ["FORMULAS", "ROOFLINE_NOTES", "Formula", "Remark", "remarks"]

ROOFLINE_NOTES = (
    "an operation is half a 52-bit product in one of eight lanes on ifma, a 64-bit product on the other paths;",
    "of k limbs a product takes k^2 (ifma: 2k^2), a square k(k + 1)/2 (k(k + 1)), a reduction k(1 + k) (k(1 + 2k)),",
    "with k = 4 for Fr and 6 for Fp (5 and 8); M and S are a product and a square in Fp, reduced;",
    "done: in the fastest run; the roof: the highest rate of all kernels on the same path in this run",
)


@dataclass(frozen=True, slots=True)
class _Prices:
    """Multiplier operations on one kind of path: of a product in Fr alone, of one with its reduction, and in Fp."""

    fr_product: int
    fr: int
    multiply: int
    square: int

    @property
    def root(self) -> int:
        """A power by about p/4: 379 squarings, and products by windows."""
        return 379 * self.square + 80 * self.multiply

    @property
    def double(self) -> int:
        """A doubling in Jacobian coordinates (EFD, dbl-2009-l)."""
        return 2 * self.multiply + 5 * self.square

    @property
    def add(self) -> int:
        """Adding an affine point in Jacobian coordinates (EFD, madd-2007-bl)."""
        return 7 * self.multiply + 4 * self.square

    @property
    def add_affine(self) -> int:
        """Adding two affine points, three products for its share of an inversion."""
        return 5 * self.multiply + self.square


def _prices(fr: int, fp: int, halves: int) -> _Prices:
    """Price schoolbook products and squares of so many limbs, and Montgomery's reduction.

    A reduction takes, for each limb, one operation for the quotient and one product by the modulus.
    """

    def reduction(limbs: int) -> int:
        return limbs * (1 + halves * limbs)

    return _Prices(
        fr_product=halves * fr**2,
        fr=halves * fr**2 + reduction(fr),
        multiply=halves * fp**2 + reduction(fp),
        square=halves * fp * (fp + 1) // 2 + reduction(fp),
    )


_PATHS: Mapping[str, _Prices] = {
    "native/portable": _prices(4, 6, 1),
    "native/adx": _prices(4, 6, 1),
    "native/ifma": _prices(5, 8, 2),
}


def _msm_additions(n: int) -> float:
    """Return additions a point.

    With the endomorphism 2n scalars of 128 bits, signed windows of c bits: an addition for each digit, two for each
    of the 2**(c-1) buckets of each window; the best c.
    """
    return min((2 * n + (1 << c)) * -(-129 // c) for c in range(2, 18)) / n


@dataclass(frozen=True, slots=True)
class Formula:
    """Multiplier operations an element, as words and as a function of the prices and the size."""

    text: str
    count: Callable[[_Prices, int], float]


_FR = Formula("one product and reduction", lambda p, n: p.fr)
_SUM = Formula("one product, reduced once a sum", lambda p, n: p.fr_product)

FORMULAS: Mapping[str, Formula] = {
    "fr_mul": _FR,
    "fr_muladd": _FR,
    "fr_powers": _FR,
    "fr_from_bytes": _FR,
    "fr_dot": _SUM,
    "fr_combine": _SUM,
    "fr_matvec": _SUM,
    "fr_inv": Formula("three products and reductions", lambda p, n: 3 * p.fr),
    "fr_ntt": Formula("log2(n)/2 products and reductions", lambda p, n: log2(n) / 2 * p.fr),
    "ring_ntt": Formula(
        "3 a butterfly, log2(n)/2 butterflies, and 6 to lift", lambda p, n: 1.5 * log2(n) + 6
    ),
    "g1_add": Formula("5 M + S", lambda p, n: p.add_affine),
    "g1_mul": Formula(
        "about 128 doublings of 2 M + 5 S and 52 additions of 7 M + 4 S (endomorphism, windows)",
        lambda p, n: 128 * p.double + 52 * p.add,
    ),
    "g1_msm": Formula(
        "min over c of (2n + 2^c)*ceil(129/c)/n additions of 5 M + S (endomorphism, signed windows)",
        lambda p, n: _msm_additions(n) * p.add_affine,
    ),
    "g1_hash": Formula(
        "about two roots, 160 M for maps and isogeny, 63 doublings, 5 additions",
        lambda p, n: 2 * p.root + 160 * p.multiply + 63 * p.double + 5 * p.add,
    ),
    "g1_from_bytes": Formula(
        "about a root of 379 S + 80 M, and 126 doublings and 10 additions to check the subgroup",
        lambda p, n: p.root + 126 * p.double + 10 * p.add,
    ),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """``needed`` operations an element, ``rate`` of them done in a nanosecond, and its share of the roof."""

    needed: float
    rate: float
    share: float


def remarks(results: Iterable[Result]) -> dict[tuple[str, int, str], Remark]:
    """Return the remarks by case, size and subject, where there is a formula."""
    needed: dict[tuple[str, int, str], float] = {}
    rate: dict[tuple[str, int, str], float] = {}
    roof: dict[str, float] = {}
    for result in results:
        formula, prices = FORMULAS.get(result.case), _PATHS.get(result.subject)
        if formula is None or prices is None:
            continue
        key = (result.case, result.size, result.subject)
        needed[key] = formula.count(prices, result.size)
        rate[key] = needed[key] * result.size / result.measurement.minimum / 1e9
        roof[result.subject] = max(rate[key], roof.get(result.subject, 0.0))
    return {key: Remark(needed[key], rate[key], rate[key] / roof[key[2]]) for key in needed}
