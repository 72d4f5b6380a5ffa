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
    "a product of k limbs takes k^2 of them (ifma: 2k^2) and its reduction k(1 + k) (ifma: k(1 + 2k)),",
    "with k = 4 for Fr and 6 for Fp (ifma: 5 and 8); done: in the fastest run;",
    "the roof: the highest rate of all kernels on the same path in this run, which had least else to wait for",
)


@dataclass(frozen=True, slots=True)
class _Limbs:
    """Prices in multiplier operations on one kind of path."""

    product: int
    fr: int
    fp: int


def _prices(fr: int, fp: int, halves: int) -> _Limbs:
    """Price schoolbook products of so many limbs and Montgomery's reduction.

    A reduction takes, for each limb, one operation for the quotient and one product by the modulus.
    """

    def multiply(limbs: int) -> int:
        return halves * limbs**2 + limbs * (1 + halves * limbs)

    return _Limbs(halves * fr**2, multiply(fr), multiply(fp))


_PATHS: Mapping[str, _Limbs] = {
    "native/portable": _prices(4, 6, 1),
    "native/adx": _prices(4, 6, 1),
    "native/ifma": _prices(5, 8, 2),
}


def _msm(n: int) -> float:
    """Return field multiplications a point.

    With the endomorphism 2n scalars of 128 bits, signed windows of c bits: an addition for each digit, two for each
    of 2**(c-1) buckets of each window, six multiplications each with a shared inversion; the best c.
    """
    windows = {c: -(-129 // c) for c in range(2, 18)}
    return 6 * min((2 * n + (1 << c)) * count for c, count in windows.items()) / n


@dataclass(frozen=True, slots=True)
class Formula:
    """Multiplier operations an element, as words and as a function of the prices and the size."""

    text: str
    count: Callable[[_Limbs, int], float]


_FR = Formula("one product and reduction", lambda p, n: p.fr)
_SUM = Formula("one product, reduced once a sum", lambda p, n: p.product)
_ROOT = 460
"""Multiplications of a power by about p/4: 379 squarings, and products by windows."""

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
    "g1_add": Formula("6 in Fp with a shared inversion", lambda p, n: 6 * p.fp),
    "g1_mul": Formula(
        "about 128 doublings of 7 and 52 additions of 11 in Fp (endomorphism, windows)",
        lambda p, n: (128 * 7 + 52 * 11) * p.fp,
    ),
    "g1_msm": Formula(
        "6 in Fp an addition: min over c of (2n + 2^c)*ceil(129/c)/n additions", lambda p, n: _msm(n) * p.fp
    ),
    "g1_hash": Formula(
        "about two roots of 460, two maps and an isogeny of 80 each, 63 doublings of 8 and 5 additions of 12 in Fp",
        lambda p, n: (2 * _ROOT + 160 + 63 * 8 + 5 * 12) * p.fp,
    ),
    "g1_from_bytes": Formula(
        "about a root of 460, 126 doublings of 8 and 10 additions of 12 in Fp",
        lambda p, n: (_ROOT + 126 * 8 + 10 * 12) * p.fp,
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
