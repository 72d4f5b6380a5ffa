"""What a kind of hint is; ``_hints`` lists the kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ._intervals import Interval
from ._tally import Tally

__all__ = ["HintKind", "Integers", "bounds", "integers"]

Integers: TypeAlias = npt.NDArray[np.object_]
"""A flat numpy array of Python integers."""


@dataclass(frozen=True, slots=True)
class HintKind:
    """One kind: its arity, what it yields, a plain computation of it, and its cost.

    ``expected`` gives, from the parameters and the lengths of the arguments, how many outputs there are, or
    raises ``ValueError``; ``compute`` gives the outputs from the parameters and the arguments' values;
    ``cost`` counts the sub-protocol; ``width`` is the bit length of the widest value that it opens under a
    mask, given that all arguments lie in their intervals.  A kind that opens nothing under such a mask (``masked``
    is false) takes arguments without interval; one with ``boolean_arguments`` takes zeros and ones.  ``dealt`` says
    that the advice is one member's own choice, namely of the first parameter.
    """

    name: str
    parameters: tuple[str, ...]
    arguments: int
    boolean: bool
    expected: Callable[[Sequence[int], Sequence[int]], int]
    compute: Callable[[Sequence[int], Sequence[Integers]], Integers]
    cost: Callable[[Sequence[int], Sequence[int], Sequence[Interval], Tally], None]
    width: Callable[[Sequence[int], Sequence[Interval]], int]
    masked: bool = True
    deterministic: bool = True
    dealt: bool = False
    boolean_arguments: bool = False

    def check_intervals(self, intervals: Sequence[Interval]) -> None:
        """Raise ``ValueError`` unless values in these intervals can be masked as the kind does it."""
        for interval in intervals:
            if self.masked and interval is None:
                raise ValueError(f"a {self.name} hint about a value without interval")
            if self.boolean_arguments and (interval is None or interval[0] < 0 or interval[1] > 1):
                raise ValueError(f"a {self.name} hint takes zeros and ones")


def integers(entries: Iterable[int]) -> Integers:
    """Return Python integers as an array."""
    values = list(entries)
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def bounds(interval: Interval) -> tuple[int, int]:
    """Return the interval of an argument, which a plan refuses to be without."""
    assert interval is not None, "a plan refuses hints about values without interval"
    return interval
