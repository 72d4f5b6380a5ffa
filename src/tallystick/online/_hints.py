# SPDX-License-Identifier: Apache-2.0
"""Advice for hints, computed on shares; nobody relies on it, because the plan constrains it.

Normative text: ``spec/online.md``, "Hints".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from ..errors import ProgramError
from ..party import Shared
from ..plan import (
    Advice,
    BitsHint,
    CoinsHint,
    ControlsHint,
    CopyHint,
    Hint,
    Interval,
    InverseHint,
    QuotientHint,
    RandomHint,
    RatioHint,
    ReciprocalHint,
    RootHint,
    SpanHint,
    SplitHint,
    SwitchesHint,
    advice_of,
    advice_width,
)
from ._abreast import abreast
from ._digits import by_element, digits, digits_from, plus, products
from ._hints_joins import patched, reciprocal, switches
from ._hints_numbers import quotient, ratio, root
from ._hints_order import controls, split
from ._openings import Openings

__all__ = ["Question", "advise", "answer"]


@dataclass(frozen=True, slots=True)
class Question:
    """A hint with its arguments, and the intervals that the plan proves for them."""

    hint: Hint
    arguments: Sequence[Shared]
    intervals: Sequence[Interval]

    @property
    def advice(self) -> Advice:
        """What is asked for."""
        return advice_of(self.hint.kind, self.hint.parameters)


async def advise(online: Openings, questions: Sequence[Question]) -> list[Shared]:
    """Return shares of the outputs of hints of one group, for each of them."""
    networks = [q.advice for q in questions if isinstance(q.advice, SwitchesHint)]
    if networks:
        return await switches(online, networks)
    return await abreast(online, [partial(answer, q.advice, q.arguments, q.intervals) for q in questions])


async def answer(
    advice: Advice, arguments: Sequence[Shared], intervals: Sequence[Interval], online: Openings
) -> Shared:
    """Return shares of the outputs of one hint.

    Raises ProgramError for a hint that looks into a value too wide to be masked in the field.
    """
    width, limit = advice.width(intervals), advice_width(online.party.size)
    if width > limit:
        raise ProgramError(
            f"a hint looks into a value of {width} bits; {online.party.size} parties can mask {limit}"
        )
    match advice:
        case BitsHint():
            return await _bits(online, advice, arguments[0], intervals[0])
        case SpanHint():
            return await _span(online, advice, arguments[0], intervals[0])
        case CopyHint():
            return await _copy(online, arguments[0])
        case CoinsHint():
            # Uniform as long as one party is honest, and authenticated ever since.
            return await online.preparation.bits(advice.values * advice.coins)
        case RandomHint():
            return await online.preparation.randoms(advice.n)
        case ReciprocalHint():
            return await reciprocal(online, arguments[0])
        case InverseHint():
            return await _inverse(online, arguments[0], intervals[0])
        case QuotientHint():
            return await quotient(online, advice, arguments[0], intervals[0])
        case RatioHint():
            return await ratio(online, advice, arguments, intervals)
        case RootHint():
            return await root(online, advice, arguments[0], intervals[0])
        case ControlsHint():
            return await controls(online, arguments[0], intervals[0])
        case SplitHint():
            return await split(online, advice, arguments[0])
        case SwitchesHint():
            raise AssertionError("what members deal is in groups of its own")
        case _:
            assert_never(advice)


async def _bits(online: Openings, advice: BitsHint, x: Shared, interval: Interval) -> Shared:
    return by_element(await digits_from(online, x, interval, advice.low, advice.k))


async def _span(online: Openings, advice: SpanHint, x: Shared, interval: Interval) -> Shared:
    """The top wire is the top digit; the others are the digits of what is left."""
    k, weights = advice.k, advice.weights
    found = await digits_from(online, x, interval, advice.low, k)
    if weights[-1] == 1 << k - 1 or k == 1:
        return by_element(found)
    rest = plus(online, x, -advice.low) - found[-1] * weights[-1]
    return by_element([*await digits(online, rest, k - 1, (0, (1 << k) - 1)), found[-1]])


async def _copy(online: Openings, x: Shared) -> Shared:
    """Return x, and claim that it is its own square.

    The gate check would find out too, but only after advice about what depends on x had been opened under masks for
    zeros and ones.
    """
    await online.assert_zero(await online.multiply(x, x, label="hint/copy") - x, check="advice")
    return x


async def _inverse(online: Openings, x: Shared, interval: Interval) -> Shared:
    """Return 1/x where x is not zero, 0 where it is: x + [x = 0] is inverted under a multiplicative mask.

    The product is checked before it is opened: one that is wrong by a known shift would be zero, and visibly
    so, exactly where x has the value that somebody guessed.
    """
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
