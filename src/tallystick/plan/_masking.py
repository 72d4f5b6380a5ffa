"""How little a run shows of all that it opens under statistical masks, counted from its plan.

Normative text: ``spec/online.md``, "Masks".  A mask takes all the room that the field has, so that a value of w bits is
hidden up to distance 2^(w - room); what a run shows at most is the sum over all that its plan opens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from ..backend import FR_MODULUS
from ..errors import ProgramError
from ._approach import Approach, Bounds, raised_width
from ._hint_kind import bounds
from ._hints import HINTS, STATISTICAL_BITS
from ._hints_numbers import ratio_by_approach, ratio_steps, root_by_approach, root_step
from ._intervals import Interval
from ._ops import Hint
from ._tally import COMBINATIONS, Tally

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["MaskedOpenings", "mask_room", "masked_openings", "require_hidden", "shown_by_masks"]


@dataclass(frozen=True, slots=True)
class MaskedOpenings:
    """So many values of at most ``width`` bits that are opened under masks, or as much as that."""

    count: int
    width: int

    @property
    def weight(self) -> int:
        """Their share in what a run shows: the sum of 2^width."""
        return self.count << self.width


def mask_room(parties: int) -> int:
    """Return how many bits a mask may have above which the sum of all parties' masks and a value would wrap around.

    Each party's part is below 2^room, their sum and a value, together with 2^room more, below 2^254 < r.
    """
    return FR_MODULUS.bit_length() - 2 - parties.bit_length()


def masked_openings(
    kind: str, parameters: Sequence[int], lengths: Sequence[int], intervals: Sequence[Interval]
) -> list[MaskedOpenings]:
    """Return what the advice of a hint opens under masks.

    Quotients and roots open values of many widths, of which few are the widest; for the other kinds all count as such.
    """
    if lengths and lengths[0] == 0:
        return []
    if kind == "ratio":
        return list(_ratio(parameters[0], lengths[0], intervals))
    if kind == "root":
        return list(_root(parameters[0], lengths[0], intervals))
    tally = Tally()
    HINTS[kind].cost(parameters, lengths, intervals, tally)
    return [MaskedOpenings(tally.masks, HINTS[kind].width(parameters, intervals))] if tally.masks else []


def _ratio(k: int, n: int, intervals: Sequence[Interval]) -> Iterator[MaskedOpenings]:
    approach = ratio_by_approach(k, intervals)
    if approach is not None:
        yield MaskedOpenings(n, raised_width(bounds(intervals[1]), approach.whole))
        yield from _approached(approach, n)
        return
    steps = ratio_steps(k, intervals)
    yield MaskedOpenings(n, raised_width(bounds(intervals[0]), steps.dividend))
    yield MaskedOpenings(k * n, _sign_width(steps.digits, steps.difference))


def _root(k: int, n: int, intervals: Sequence[Interval]) -> Iterator[MaskedOpenings]:
    yield MaskedOpenings(n, raised_width(bounds(intervals[0]), 2 * k))
    approach = root_by_approach(k)
    if approach is not None:
        yield from _approached(approach, n)
        return
    for i in range(k):
        yield MaskedOpenings(n, _sign_width(*root_step(i)))


def _sign_width(digits: int, interval: Bounds) -> int:
    """Return how wide a value in an interval is, once 2^digits is added to it for the digit above them."""
    half = 1 << digits
    return raised_width((interval[0] + half, interval[1] + half), digits + 1)


def _approached(approach: Approach, n: int) -> Iterator[MaskedOpenings]:
    """Yield the openings of ``spec/online.md``, "Approach", but for the digits of its step 1."""
    if approach.promised is not None:
        yield MaskedOpenings(2 * n, raised_width(approach.promised, approach.whole + approach.k))
    yield MaskedOpenings(n, _sign_width(approach.rest_digits, approach.rest))
    yield MaskedOpenings(n, raised_width(approach.candidate, approach.k))
    for t in approach.truncations:
        if t.places:
            # A value counts for itself and for each combination that it may enter: these have lost the digits that were
            # cut off, and so have their masks.
            yield MaskedOpenings((1 + COMBINATIONS) * n, t.width)


def _hints(plan: Plan) -> Iterator[tuple[Hint, list[MaskedOpenings]]]:
    lengths, intervals = plan.layout.lengths, plan.layout.intervals
    for node in plan.nodes:
        if isinstance(node, Hint):
            at = node.arguments
            yield (
                node,
                masked_openings(
                    node.kind, node.parameters, [lengths[p] for p in at], [intervals[p] for p in at]
                ),
            )


def shown_by_masks(plan: Plan) -> float:
    """Return log2 of what a run of the plan shows at most of all that it opens under masks; -inf if that is nothing."""
    total = sum(part.weight for _, parts in _hints(plan) for part in parts)
    return log2(total) - mask_room(len(plan.members)) if total else -float("inf")


def require_hidden(plan: Plan) -> None:
    """Raise ProgramError if a run would show more than 2^-80 of all that it opens under masks together."""
    room = mask_room(len(plan.members))
    total, worst = 0, (0, "")
    for node, parts in _hints(plan):
        weight = sum(part.weight for part in parts)
        total, worst = total + weight, max(worst, (weight, node.kind))
        for part in parts:
            if part.width > room - STATISTICAL_BITS:
                raise ProgramError(
                    f"a hint looks into a value of {part.width} bits; {len(plan.members)} parties can mask"
                    f" {room - STATISTICAL_BITS}"
                )
    if total > 1 << room - STATISTICAL_BITS:
        raise ProgramError(
            f"a run would show 2^{log2(total) - room:.2f} of what it opens under masks, more than"
            f" 2^-{STATISTICAL_BITS} together; most of it by {worst[1]!r} advice about wide values",
            hint="declare narrower columns, or ask for fewer digits, or take fewer values in one run",
        )
