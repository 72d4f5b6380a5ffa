"""Advice for hints, computed on shares; nobody relies on it, because the plan constrains it.

Normative text: ``spec/online.md``, "Hints".  What a kind takes, and in which order, ``tallystick.plan.HINTS``
counts; each sub-protocol here follows its ``cost`` step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..offline import Need
from ..party import Shared
from ..plan import HINTS, Hint, Interval, Tally, span_weights
from ._abreast import abreast
from ._digits import by_element, digits, digits_from, plus, products
from ._hints_joins import patched, random, reciprocal, switches
from ._hints_numbers import quotient, ratio, root
from ._hints_order import controls, split
from ._openings import Openings

__all__ = ["Question", "advise", "hint_need"]


@dataclass(frozen=True, slots=True)
class Question:
    """A hint with its arguments, and the intervals that the plan proves for them."""

    hint: Hint
    arguments: Sequence[Shared]
    intervals: Sequence[Interval]


async def advise(online: Openings, questions: Sequence[Question]) -> list[Shared]:
    """Return shares of the outputs of hints of one group, for each of them."""
    if all(HINTS[q.hint.kind].dealt for q in questions):
        return await switches(online, [q.hint.parameters for q in questions])
    return await abreast(online, [partial(_answer, q) for q in questions])


async def _answer(question: Question, online: Openings) -> Shared:
    hint = question.hint
    return await _PROTOCOLS[hint.kind](online, hint.parameters, question.arguments, question.intervals)


def hint_need(node: Hint, lengths: Sequence[int], intervals: Sequence[Interval], parties: int) -> Need:
    """Return the material that a hint takes."""
    kind = HINTS[node.kind]
    tally = Tally()
    kind.cost(node.parameters, lengths, intervals, tally)
    masks = tuple(tally.masks + tally.dealt.get(k, 0) for k in range(parties))
    return Need(triples=tally.triples, bits=tally.bits, randoms=tally.randoms, masks=masks)


async def _bits(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    low, k = parameters
    return by_element(await digits_from(online, arguments[0], intervals[0], low, k))


async def _span(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """The top wire is the top digit; the others are the digits of what is left."""
    low, high = parameters
    weights = span_weights(high - low)
    k, x = len(weights), arguments[0]
    found = await digits_from(online, x, intervals[0], low, k)
    if high - low + 1 == 1 << k or k == 1:
        return by_element(found)
    rest = plus(online, x, -low) - found[-1] * weights[-1]
    return by_element([*await digits(online, rest, k - 1, (0, (1 << k) - 1)), found[-1]])


async def _copy(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return x, and claim that it is its own square.

    The gate check would find out too, but only after advice about what depends on x had been opened under masks for
    zeros and ones.
    """
    x = arguments[0]
    await online.assert_zero(await online.multiply(x, x, label="hint/copy") - x, check="advice")
    return x


async def _inverse(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return 1/x where x is not zero, 0 where it is: x + [x = 0] is inverted under a multiplicative mask.

    The product is checked before it is opened: one that is wrong by a known shift would be zero, and visibly
    so, exactly where x has the value that somebody guessed.
    """
    x, interval = arguments[0], intervals[0]
    n = len(x)
    if n == 0:
        return x
    assert interval is not None
    zero = Shared.zeros(x.backend, n)
    if interval[0] <= 0 <= interval[1]:
        low, high = interval
        k = max(high - low, 1).bit_length()
        found = await digits(online, plus(online, x, -low), k)
        literals = [d if -low >> i & 1 else plus(online, -d, 1) for i, d in enumerate(found)]
        zero = await products(online, literals, label="hint/equal")
    s = await online.preparation.randoms(n)
    await online.check_pending("hint/check")
    product = await online.multiply(x + zero, s, label="hint/inverse")
    await online.check_pending("hint/check")
    opened = await online.open(product, label="hint/inverse")
    return s * patched(opened).inverse() - zero


async def _coins(
    online: Openings, parameters: Sequence[int], arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return bits of the preparation: uniform as long as one party is honest, and authenticated ever since."""
    return await online.preparation.bits(parameters[0] * parameters[1])


_Protocol = Callable[
    [Openings, Sequence[int], Sequence[Shared], Sequence[Interval]],
    Coroutine[Any, Any, Shared],
]
_PROTOCOLS: Mapping[str, _Protocol] = {
    "bits": _bits,
    "span": _span,
    "copy": _copy,
    "inverse": _inverse,
    "coins": _coins,
    "quotient": quotient,
    "ratio": ratio,
    "root": root,
    "reciprocal": reciprocal,
    "random": random,
    "controls": controls,
    "split": split,
}
