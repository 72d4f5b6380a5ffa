# SPDX-License-Identifier: Apache-2.0
"""Ranks, with what equal entries get, and how the ranks of two vectors correlate.

Normative text: ``spec/library.md``, "Ranks".
"""

from __future__ import annotations

from typing import Literal, TypeAlias, overload

import numpy as np

from ..tracing import Opened, Operand, Secret, concat, constant, fail, stack
from ._choice import choose
from ._compare import complement, is_zero
from ._digits import constants
from ._moments import check_entries, check_pair, one_of, opened, rounded_correlation, signed_root
from ._naming import named, statistic, text_of, units, with_scale
from ._order import along, assert_ascending, controls, exchanged, sorted_with_positions

__all__ = ["rank", "spearman"]

Ties: TypeAlias = Literal["ordinal", "min", "average"]

_TIES = ("ordinal", "min", "average")


def rank(x: Secret, axis: int = -1, *, method: Ties = "ordinal") -> Secret:
    """Return each entry's place in ascending order, from 1, as ``scipy.stats.rankdata``.

    What equal entries get is named as there.  ``"ordinal"``: different places, the first of them first.  ``"min"``: all
    of them the first of their places.  ``"average"``: all of them the mean of their places, a multiple of 1/2, with one
    decimal, exactly; what Spearman's correlation is made of.  Reveals nothing by itself.
    """
    if method not in _TIES:
        fail(f"ts.rank knows no method {method!r}", hint=f"there are {', '.join(_TIES)}")
    if method == "ordinal":
        return along("ts.rank", x, axis, _ordinal)
    average = method == "average"
    found = along("ts.rank", x, axis, lambda v: _tied(v, average=average))
    return statistic(with_scale(found * 5, 1) if average else found, f"{method} rank({x.origin.text})", x)


@overload
def spearman(
    x: Secret, y: Secret, *, places: int, decimals: None = None, otherwise: None = None
) -> Opened: ...
@overload
def spearman(x: Secret, y: Secret, *, decimals: int, otherwise: Operand, places: None = None) -> Secret: ...
def spearman(
    x: Secret,
    y: Secret,
    *,
    places: int | None = None,
    decimals: int | None = None,
    otherwise: Operand | None = None,
) -> Opened | Secret:
    """Return Spearman's correlation of two vectors, that of their average ranks, as ``scipy.stats.spearmanr``.

    With ``places`` it reveals the sum of products of the ranks less their mean, and the product of both sums of their
    squares, and is rounded to so many, ties to even; undefined where all entries of a vector are equal.  With
    ``decimals`` it is a secret of so many, within 0.6 units of the last one, and ``otherwise`` where all entries of a
    vector are equal.
    """
    check_pair("spearman", x, y)
    n = len(x)
    # Twice the ranks less their mean, which is public: integers whose sum is 0.
    a, b = (named(_tied(v, average=True) - (n + 1), f"centred ranks of {text_of(v)}", v) for v in (x, y))
    spreads, joint = [(v * v).sum() for v in (a, b)], (a * b).sum()
    if places is not None and decimals is None:
        product, both = opened(joint), opened(spreads[0] * spreads[1])
        return signed_root(product * product / both, product, places)
    one_of("spearman", places, decimals)
    assert decimals is not None
    check_entries("spearman", n, 0)
    # Of different entries; equal ones have less.
    most = n * (n * n - 1) // 3
    found = rounded_correlation("spearman", lambda: stack(spreads), lambda: joint, most, decimals, otherwise)
    return named(found, f"Spearman's correlation of {text_of(x)} and {text_of(y)}", x, y)


def _ordinal(x: Secret) -> Secret:
    places = _places(x)
    return exchanged(len(x), sorted_with_positions(x).controls, [places], backwards=True)[0]


def _places(x: Secret) -> Secret:
    return constant(x.builder, np.arange(1, len(x) + 1).astype(object))


def _tied(x: Secret, *, average: bool) -> Secret:
    """Return the least rank of the entries that are equal, or the least and the greatest added.

    Equal entries stand together once the vector is sorted, in whichever order: all get the same, and it is sent back
    to where they were.
    """
    n, places = len(x), _places(x)
    if n < 2:
        return places * 2 if average else places
    swaps = controls(x)
    values = exchanged(n, swaps, [units(x)])[0]
    assert_ascending(values, x.high - x.low)
    same = complement(is_zero(values[1:] - values[:-1]))
    one = constants(x.builder, 1, (1,))
    first = concat([one, same])
    if not average:
        found = _carried(first.reshape(1, n), places.reshape(1, n))[0]
    else:
        # What the last of equals has is carried down to them, in a vector that is turned round.
        last = concat([same, one])
        both = _carried(stack([first, last[::-1]]), stack([places, places[::-1]]))
        found = both[0] + both[1][::-1]
    return exchanged(n, swaps, [found], backwards=True)[0]


def _carried(new: Secret, values: Secret) -> Secret:
    """Return, along the last axis, the latest value at which ``new`` is 1; the first one is.

    Pairs are joined, the vector of half the length is solved, and its answers are what pairs begin with: three gates
    an entry, in about twice as many rounds as the length has binary digits (Brent and Kung, 1982).
    """
    n = values.shape[-1]
    if n == 1:
        return values
    h = n // 2
    left, right = slice(0, 2 * h, 2), slice(1, 2 * h, 2)
    joined = choose(new[:, right], values[:, right], values[:, left])
    ends = _carried(new[:, left] | new[:, right], joined)
    inner = slice(2, n, 2)
    starts = choose(new[:, inner], values[:, inner], ends[:, : (n - 1) // 2])
    starts = concat([values[:, :1], starts], axis=1)
    if n % 2:
        pairs = stack([starts[:, :h], ends]).moveaxis(0, -1).reshape(len(values), 2 * h)
        return concat([pairs, starts[:, h:]], axis=1)
    return stack([starts, ends]).moveaxis(0, -1).reshape(len(values), n)
