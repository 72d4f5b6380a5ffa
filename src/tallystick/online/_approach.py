# SPDX-License-Identifier: Apache-2.0
"""Quotients and roots approached: a first guess from the highest digits, better ones, and one sign test.

Normative text, with the proof that the result is exact: ``spec/online.md``, "Approach".  Letters as there; what is
truncated, and how far, ``tallystick.plan.Approach`` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

from ..party import Shared
from ..plan import FEW, Approach, Correction, Interval
from ._digits import borrow_levels, by_element, digits, digits_from, multiplied, plus, sign
from ._openings import Openings
from ._truncate import truncated

__all__ = ["approached_ratio", "approached_root"]

_LABEL = "hint/approach"


async def approached_ratio(
    online: Openings, approach: Approach, a: Shared, b: Shared, interval: Interval
) -> Shared:
    """Return the digits of a / b, for b ≥ 1 and a quotient of no more digits."""
    if approach.promised is not None:
        await _hold_to_promise(online, approach, a, b)
    digit = await digits_from(online, b, interval, 0, approach.whole)
    leading = await _leading(online, digit)
    v = _weighted(leading, 1)
    z, front, top = await _normalised(online, approach, digit, leading, (b, v), (a, v))
    y, z = await _first(online, approach, z, top)
    if approach.refined is not None:
        (zy,) = await multiplied(online, [(z, y)], label=_LABEL)
        y = await _refined(online, approach, approach.refined, y, zy, approach.guess.t)
    zy, front = await multiplied(online, [(z, y), (front, y)], label=_LABEL)
    q = await _found(online, approach, zy, front)
    product = await online.multiply(plus(online, q, 1), b, label=_LABEL)
    return await _repaired(online, approach, q, a - product)


async def _hold_to_promise(online: Openings, approach: Approach, a: Shared, b: Shared) -> None:
    """Claim that a and 2^k·b - 1 - a have w + k digits, so that neither is negative."""
    rest = plus(online, b * (1 << approach.k) - a, -1)
    await digits(online, Shared.concat([a, rest]), approach.whole + approach.k, approach.promised)


async def approached_root(online: Openings, approach: Approach, x: Shared, digit: Sequence[Shared]) -> Shared:
    """Return the digits of the square root of x, whose digits are known."""
    either = await multiplied(online, list(zip(digit[::2], digit[1::2], strict=True)), label="hint/leading")
    pairs = [d + e - both for d, e, both in zip(digit[::2], digit[1::2], either, strict=True)]
    leading = await _leading(online, pairs)
    v, square = _weighted(leading, 1), _weighted(leading, 2)
    z, front, top = await _normalised(online, approach, digit, leading, (x, square), (x, v))
    y, z = await _first(online, approach, z, top)
    if approach.refined is not None:
        yy = await online.multiply(y, y, label=_LABEL)
        (zyy,) = await multiplied(online, [(z, yy)], label=_LABEL)
        y = await _refined(online, approach, approach.refined, y, zyy, 2 * approach.guess.t)
    yy = await online.multiply(y, y, label=_LABEL)
    zyy, front = await multiplied(online, [(z, yy), (front, y)], label=_LABEL)
    q = await _found(online, approach, zyy, front)
    more = plus(online, q, 1)
    return await _repaired(online, approach, q, x - await online.multiply(more, more, label=_LABEL))


async def _leading(online: Openings, flags: Sequence[Shared]) -> list[Shared]:
    """Return, lowest first, 1 at the highest of the flags that is 1 and 0 elsewhere."""
    seen = list(flags)[::-1]
    k = len(seen)
    if len(seen[0]) > FEW:
        for i in range(1, k):
            both = await online.multiply(seen[i - 1], seen[i], label="hint/leading")
            seen[i] = seen[i] + seen[i - 1] - both
    else:
        for pairs in borrow_levels(k + 1):
            made = await multiplied(online, [(seen[i], seen[j]) for i, j in pairs], label="hint/leading")
            for (i, j), both in zip(pairs, made, strict=True):
                seen[i] = seen[i] + seen[j] - both
    return [seen[0], *(seen[i] - seen[i - 1] for i in range(1, k))][::-1]


def _weighted(leading: Sequence[Shared], exponent: int) -> Shared:
    """Return what brings the highest digit to the highest place: 2^places, or its power."""
    k = len(leading)
    return reduce(add, [h * (1 << exponent * (k - 1 - i)) for i, h in enumerate(leading)])


async def _normalised(
    online: Openings,
    approach: Approach,
    digit: Sequence[Shared],
    leading: Sequence[Shared],
    scaled: tuple[Shared, Shared],
    front: tuple[Shared, Shared],
) -> tuple[Shared, Shared, Shared]:
    """Return both products, and the t highest digits of the first, z, as a number."""
    t, step = approach.guess.t, len(digit) // len(leading)
    if approach.whole <= t:
        z, front_value = await multiplied(online, [scaled, front], label="hint/normalised")
        return z, front_value, z * (1 << t - approach.whole)
    windows = []
    for i in range(len(leading)):
        highest = step * (i + 1) - 1
        window = [
            digit[j] * (1 << t - 1 - (highest - j)) for j in range(max(highest - t + 1, 0), highest + 1)
        ]
        windows.append(reduce(add, window))
    pairs = [scaled, front, *zip(leading, windows, strict=True)]
    z, front_value, *chosen = await multiplied(online, pairs, label="hint/normalised")
    return z, front_value, reduce(add, chosen)


async def _first(online: Openings, approach: Approach, z: Shared, top: Shared) -> tuple[Shared, Shared]:
    """Return the first y, and the digits of z that are kept."""
    guess = approach.guess
    powers = {1: top}
    for i in range((guess.degree - 1).bit_length()):
        found = range((1 << i) + 1, min(2 << i, guess.degree) + 1)
        pairs = [(powers[e // 2], powers[e - e // 2]) for e in found]
        powers.update(zip(found, await multiplied(online, pairs, label="hint/guess"), strict=True))
    d, t = guess.degree, guess.t
    terms = [powers[e] * (guess.coefficients[e] << t * (d - e)) for e in range(1, d + 1)]
    value = plus(online, reduce(add, terms), guess.coefficients[0] << t * d)
    y, z = await truncated(online, [value, z], [guess.truncation, approach.cut])
    return y, z


async def _refined(
    online: Openings, approach: Approach, correction: Correction, y: Shared, product: Shared, places: int
) -> Shared:
    """Return a better y; ``product`` is z·y or z·y², with so many binary places beside those of z."""
    ones = plus(online, -product, 1 << approach.kept + places)
    (residual,) = await truncated(online, [ones], [correction.residual])
    return await _corrected(online, correction, residual, y)


async def _found(online: Openings, approach: Approach, product: Shared, front: Shared) -> Shared:
    """Return the result or 1 less than that."""
    places = approach.u if approach.kind == "ratio" else 2 * approach.u
    ones = plus(online, -product, 1 << approach.kept + places)
    residual, front = await truncated(online, [ones, front], [approach.last.residual, approach.front])
    return await _corrected(online, approach.last, residual, front)


async def _corrected(online: Openings, correction: Correction, residual: Shared, value: Shared) -> Shared:
    """Return the value times the series in the residual, truncated."""
    weights, powers = correction.weights, [residual]
    if len(weights) == 3:
        powers.append(await online.multiply(residual, residual, label=_LABEL))
    factor = plus(online, reduce(add, [p * w for p, w in zip(powers, weights[1:], strict=True)]), weights[0])
    product = await online.multiply(value, factor, label=_LABEL)
    (found,) = await truncated(online, [plus(online, product, -correction.offset)], [correction.product])
    return found


async def _repaired(online: Openings, approach: Approach, q: Shared, rest: Shared) -> Shared:
    """Return the digits of q, or of q + 1 if what that leaves is not negative."""
    q = q + await sign(online, rest, approach.rest_digits, approach.rest)
    return by_element(await digits_from(online, q, approach.candidate, 0, approach.k))
