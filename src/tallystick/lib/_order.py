# SPDX-License-Identifier: Apache-2.0
"""Order statistics: sorting networks whose exchanges are advice, and selection by digits.

Nothing depends on the data: neither messages nor opened values show how often a value occurs.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np

from ..plan import Exchange, advice_width, exchanges
from ..tracing import Secret, assert_zero, concat, constant, fail, hint, stack
from ._choice import axis_first, choose
from ._choice import max as greatest
from ._choice import min as least
from ._compare import complement
from ._digits import committed, committed_bits, constants, decompose, weighted
from ._naming import named, statistic, text_of, units, with_scale
from ._numbers import Rounding, divide

__all__ = ["argsort", "median", "percentile", "quantile", "sort", "top_k"]

Method: TypeAlias = Literal["lower", "higher", "nearest", "midpoint", "linear"]
Level: TypeAlias = "int | Fraction | Decimal"

_METHODS = ("lower", "higher", "nearest", "midpoint", "linear")


# ---------------------------------------------------------------------------------------- sorting


def sort(x: Secret, axis: int = -1) -> Secret:
    """Return the entries along an axis in ascending order, as ``numpy.sort``."""
    return along("ts.sort", x, axis, _sorted)


def argsort(x: Secret, axis: int = -1) -> Secret:
    """Return the positions that sort the entries along an axis, equal ones in their order (stable)."""
    return along("ts.argsort", x, axis, lambda v: sorted_with_positions(v).positions)


def top_k(x: Secret, k: int, axis: int = -1) -> Secret:
    """Return the k greatest entries along an axis, the greatest first."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        fail(f"ts.top_k takes a positive number of entries, not {k!r}")

    def greatest_of(v: Secret) -> Secret:
        if k > len(v):
            fail(f"ts.top_k: the {k} greatest of {len(v)} entries")
        return (
            greatest(v).reshape(1)
            if k == 1
            else _sorted(v)[: len(v) - int(k) - 1 if k < len(v) else None : -1]
        )

    return along("ts.top_k", x, axis, greatest_of)


def along(name: str, x: Secret, axis: int, function: Callable[[Secret], Secret]) -> Secret:
    """Apply a function of a vector along an axis."""
    if isinstance(x, Secret) and not x.ndim:
        fail(f"{name} of a single value")
    front = axis_first(name, x, axis)
    shape = front.shape[1:]
    columns = front.reshape(len(front), -1) if front.size else front.reshape(len(front), 0)
    found = [function(columns[:, j]) for j in range(columns.shape[1])]
    if not found:
        return x
    joined = stack(found).T
    whole = joined.reshape(joined.shape[0], *shape).moveaxis(0, axis)
    return statistic(whole, f"{name.removeprefix('ts.')}({x.origin.text})", x)


def _sorted(x: Secret) -> Secret:
    """Sort by a network: a boolean wire and a gate a comparator, and neighbours proved to be in order.

    Whatever the wires are, the outputs are a permutation of the inputs; in order they are sorted.
    """
    if len(x) < 2:
        return x
    out = exchanged(len(x), controls(x), [units(x)])[0]
    assert_ascending(out, x.high - x.low)
    return with_scale(out, x.decimals)


@dataclass(frozen=True, slots=True)
class Arranged:
    """Where the sorted entries were, and which comparators exchanged."""

    positions: Secret
    controls: Secret


def sorted_with_positions(x: Secret) -> Arranged:
    """Sort by value and then by position: the keys (x - low) * n + position are all different."""
    n = len(x)
    positions = constant(x.builder, np.arange(n).astype(object))
    if n < 2:
        return Arranged(positions, constants(x.builder, 0, (0,)))
    values = units(x) - x.low
    swaps = controls(values * n + positions)
    values, positions = exchanged(n, swaps, [values, positions])
    keys = values * n + positions
    assert_ascending(keys, keys.high - keys.low)
    return Arranged(positions, swaps)


def controls(keys: Secret) -> Secret:
    """Return what the comparators of a vector do, each a wire: advice, which binds nobody."""
    count = sum(layer.count for layer in exchanges(len(keys)))
    return hint("controls", keys, parameters=(), n=count, boolean=True)


def assert_ascending(x: Secret, spread: int) -> None:
    """Prove that neighbours ascend, by no more than ``spread``."""
    decompose(x[1:] - x[:-1], 0, spread.bit_length())


def exchanged(n: int, swaps: Secret, rows: Sequence[Secret], *, backwards: bool = False) -> list[Secret]:
    """Send vectors through the network, exchanging where the wires say so, or back from its end.

    The vectors are padded to a power of two, so that the p-blocks of a layer alternate; no comparator touches
    the padding.
    """
    size = 1 << (n - 1).bit_length()
    padded = [concat([x, constants(x.builder, x.low, (size - n,))]) if size > n else x for x in rows]
    at = 0
    steps = []
    for layer in exchanges(n):
        steps.append((layer, at))
        at += layer.count
    for layer, start in reversed(steps) if backwards else steps:
        swap = swaps[start : start + layer.count]
        padded = [_layer(x, layer, swap) for x in padded]
    return [x[:n] for x in padded]


def _layer(x: Secret, layer: Exchange, swap: Secret) -> Secret:
    p, m = layer.p, layer.count
    blocks = x.reshape(-1, 2, p)
    even, odd = blocks[:, 0, :].reshape(-1), blocks[:, 1, :].reshape(-1)
    if layer.r == 0:
        start = 0
        lower, upper = even[:m], odd[:m]
    else:
        # The upper end of the first odd position p is p + distance, the first half of whose blocks are even.
        start = (p + layer.distance) // 2
        lower, upper = odd[:m], even[start : start + m]
    moved = swap * (lower - upper)
    lower, upper = lower - moved, upper + moved
    if layer.r == 0:
        even, odd = concat([lower, even[m:]]), concat([upper, odd[m:]])
    else:
        odd = concat([lower, odd[m:]])
        even = concat([even[:start], upper, even[start + m :]])
    return concat([even.reshape(-1, 1, p), odd.reshape(-1, 1, p)], axis=1).reshape(-1)


# ---------------------------------------------------------------------------------------- selection


def median(x: Secret, axis: int | None = None) -> Secret:
    """Return the middle entry, or the mean of the two in the middle, of all or along an axis."""
    return quantile(x, Fraction(1, 2), axis, method="midpoint")


def percentile(
    x: Secret,
    q: Level | Sequence[Level],
    axis: int | None = None,
    *,
    method: Method = "linear",
    decimals: int | None = None,
    rounding: Rounding = "half up",
) -> Secret:
    """Return ``quantile`` at q / 100."""
    levels = [_level(v, 100) for v in q] if isinstance(q, Sequence) else _level(q, 100)
    return quantile(x, levels, axis, method=method, decimals=decimals, rounding=rounding)


def quantile(
    x: Secret,
    q: Level | Sequence[Level],
    axis: int | None = None,
    *,
    method: Method = "linear",
    decimals: int | None = None,
    rounding: Rounding = "half up",
) -> Secret:
    """Return the q-quantile, 0 ≤ q ≤ 1, of all entries or along an axis; of several q along a new first axis.

    The methods are NumPy's: the virtual position is q * (n - 1), and the result is the entry below it, above
    it, the nearest (halves to the even position), their mean, or interpolated.  A mean of two takes a decimal
    more; an interpolation is exact if its weights are decimal, else it is rounded to ``decimals``.
    """
    if method not in _METHODS:
        fail(f"ts.quantile knows no method {method!r}", hint=f"the exact ones are {', '.join(_METHODS)}")
    if isinstance(q, Sequence):
        levels = [_level(v, 1) for v in q]
        if not levels:
            fail("ts.quantile at no level")
        values = _last("ts.quantile", x, axis)
        found = _quantiles(values, levels, method, decimals, rounding)
        widest = builtins.max(f.decimals for f in found)
        return named(stack([f.rescale(widest) for f in found]), f"quantiles of {text_of(x)}", x)
    level = _level(q, 1)
    (found_one,) = _quantiles(_last("ts.quantile", x, axis), [level], method, decimals, rounding)
    return statistic(found_one, f"{_shown(level)} of {x.origin.text}", x)


def _last(name: str, x: Secret, axis: int | None) -> Secret:
    """Return x with one axis at the end, or all entries as a vector; there must be some."""
    front = axis_first(name, x, axis)
    if not len(front):
        fail(f"{name} of no entries")
    return front.moveaxis(0, -1)


def _shown(level: Fraction) -> str:
    return "median" if level == Fraction(1, 2) else f"{level}-quantile"


def _level(q: object, unit: int) -> Fraction:
    if isinstance(q, float | np.floating):
        fail(f"{q} is a float, which is not exact", hint=f'write it as Fraction or as Decimal("{q}")')
    if isinstance(q, bool) or not isinstance(q, int | np.integer | Fraction | Decimal):
        fail(f"a quantile's level is a number between 0 and {unit}, not {q!r}")
    level = Fraction(int(q) if isinstance(q, np.integer) else q) / unit
    if not 0 <= level <= 1:
        fail(f"a quantile's level is between 0 and {unit}, not {q}")
    return level


def _quantiles(
    x: Secret, levels: Sequence[Fraction], method: Method, decimals: int | None, rounding: Rounding
) -> list[Secret]:
    """Return the quantiles along the last axis; those that are entries are selected together."""
    positions = [_position(level * (x.shape[-1] - 1), method) for level in levels]
    entries = _selected(x, sorted({int(p) for p in positions if p.denominator == 1}))
    found = []
    for position in positions:
        if position.denominator > 1:
            found.append(_between(x, position, decimals, rounding))
        else:
            one = entries[int(position)]
            found.append(one if decimals is None else one.rescale(decimals, rounding=rounding))
    return found


def _position(position: Fraction, method: Method) -> Fraction:
    """Return the rank, or the place between two ranks, that the method takes for a position."""
    below, part = int(position // 1), position % 1
    if method == "nearest":
        return Fraction(round(position))
    if method in ("lower", "higher"):
        return Fraction(below + (method == "higher" and part > 0))
    return Fraction(2 * below + 1, 2) if method == "midpoint" and part else position


def _between(x: Secret, position: Fraction, decimals: int | None, rounding: Rounding) -> Secret:
    """Return the entries on both sides of a position, weighted by the distance."""
    part = position % 1
    first, second = _neighbours(x, int(position // 1))
    weights, unit = part.numerator, part.denominator
    mixed = first * (unit - weights) + second * weights
    if decimals is None:
        places = next((d for d in range(_DECIMALS) if 10**d % unit == 0), None)
        if places is None:
            fail(
                f"the entries on both sides weigh {1 - part} and {part}, which have no finite decimals",
                hint="say how many to round to: ts.quantile(…, decimals=2)",
            )
        return with_scale(mixed * (10**places // unit), x.decimals + places)
    return divide(mixed, unit, decimals=decimals, rounding=rounding)


_DECIMALS = 12
"""More decimals than an interpolation is given without being asked."""


def _digits_of(x: Secret) -> tuple[Secret, int, int]:
    """Return the digits of x - low along a new last axis, low, and their number: committed ones if there are."""
    known = committed(x)
    if known is not None:
        return committed_bits(x), known.low, known.k
    k = (x.high - x.low).bit_length()
    return decompose(units(x), x.low, k), x.low, k


def _selected(x: Secret, ranks: Sequence[int]) -> dict[int, Secret]:
    """Return the entries of ranks from 0 along the last axis: radix selection, two gates a digit, entry and rank."""
    n = x.shape[-1]
    if n == 1:
        return dict.fromkeys(ranks, x[..., 0])
    ends = {0: least, n - 1: greatest}
    found = {r: ends[r](x, axis=-1) for r in ranks if r in ends}
    inner = [r for r in ranks if r not in ends]
    if not inner:
        return found
    digits, low, k = _digits_of(x)
    if k == 0:
        return dict.fromkeys(ranks, x[..., 0])
    shape = (len(inner), *x.shape[:-1])
    wide = (len(inner), *x.shape)
    start = np.array(inner, dtype=object).reshape(-1, *[1] * (x.ndim - 1))
    wanted: Secret = constant(x.builder, np.broadcast_to(start, shape))
    left = constants(x.builder, 1, x.shape)
    nothing = constants(x.builder, 0, wide)
    bits = []
    for i in reversed(range(k)):
        # Of the candidates left, those whose digit is 1 and the others; the wanted one is among the first if
        # the others are too few.  Written as a choice between left and nothing, so that the interval stays.
        digit = digits[..., i]
        ones = digit if i == k - 1 else digit.broadcast_to(wide) * (left - nothing)
        zeros = complement(digit) if i == k - 1 else left - ones
        below = zeros.sum(axis=-1).broadcast_to(shape)
        is_one = wanted >= below
        bits.append(is_one)
        if i:
            wanted = choose(is_one, wanted - below, wanted)
            chosen = is_one.reshape(*shape, 1).broadcast_to(wide)
            left = choose(chosen, ones.broadcast_to(wide), zeros.broadcast_to(wide))
    values = weighted(stack(bits[::-1]).moveaxis(0, -1), [1 << i for i in range(k)]) + low
    return found | {r: with_scale(values[j], x.decimals) for j, r in enumerate(inner)}


def _neighbours(x: Secret, rank: int) -> tuple[Secret, Secret]:
    """Return the entries of two neighbouring ranks along the last axis."""
    shape = x.shape[:-1]
    rows = x.reshape(-1, x.shape[-1])
    pairs = [_pair(rows[j], rank) for j in range(len(rows))]
    first, second = (stack([p[side] for p in pairs]).reshape(*shape) for side in (0, 1))
    return first, second


def _pair(x: Secret, rank: int) -> tuple[Secret, Secret]:
    """Return the entries of ranks r and r + 1 of a vector: advice, and one range proof an entry.

    Flags h say which n - r - 1 entries are beyond r; one-hot flags e and f say which entry, not beyond, is v
    and which one, beyond, is w.  All entries not beyond are proved to be at most v, all beyond at least w,
    and v ≤ w.  Then v is the greatest of r + 1 entries that no other is below, and w the least of the others.
    """
    n = len(x)
    digits, low, k = _digits_of(x)
    values = units(x) - low
    if k == 0:
        return x[0], x[0]
    flags = hint("split", digits, parameters=(rank, k), n=3 * n, boolean=True)
    beyond, first, second = flags[:n], flags[n : 2 * n], flags[2 * n :]
    assert_zero(beyond.sum() - (n - rank - 1))
    assert_zero(first.sum() - 1)
    assert_zero(second.sum() - 1)
    # Where h = 1: e = 0; where h = 0: f = 0.
    assert_zero((first - second) * beyond + second)
    v, w = _picked(values, first, second, k)
    decompose(w - v, 0, k)
    decompose(v - values + beyond * (values * 2 - v - w), 0, k)
    return with_scale(v + low, x.decimals), with_scale(w + low, x.decimals)


def _picked(values: Secret, first: Secret, second: Secret, k: int) -> tuple[Secret, Secret]:
    """Return the two picked entries of values in [0, 2^k), both from one sum where that can be taken apart."""
    n = len(values)
    weights = [1 << i for i in range(k)]
    if 2 * k + n.bit_length() <= advice_width(len(values.builder.members)):
        both = decompose(((first + second * (1 << k)) * values).sum(), 0, 2 * k)
        return weighted(both[:k], weights), weighted(both[k:], weights)
    v, w = (weighted(decompose((flags * values).sum(), 0, k), weights) for flags in (first, second))
    return v, w
