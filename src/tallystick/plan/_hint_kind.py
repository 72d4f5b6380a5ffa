# SPDX-License-Identifier: Apache-2.0
"""What a kind of hint is; ``_hints`` lists the kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from ._intervals import Interval

__all__ = ["FEW", "MAX_DIGITS", "HintKind", "Integers", "binary", "bounds", "digits_held", "integers"]

Integers: TypeAlias = npt.NDArray[np.object_]
"""A flat numpy array of Python integers."""

MAX_DIGITS = 250
"""The most binary digits of a value that a hint may ask for."""

FEW = 16
"""Up to so many values, borrows are found in a logarithmic number of rounds, for more products."""


class HintKind(ABC):
    """One kind of advice: a dataclass whose fields are the parameters of a hint, in the order of ``spec/plan.md``.

    It says what follows from them without a share being seen.  A kind that opens nothing under a mask (``masked`` is
    false) takes arguments without interval; one with ``boolean_arguments`` takes zeros and ones.  ``dealt`` says that
    the advice is one member's own choice, namely of ``member``.  The online phase has a protocol for each.
    """

    __slots__ = ()

    name: ClassVar[str]
    arguments: ClassVar[int] = 1
    boolean: ClassVar[bool] = True
    masked: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True
    dealt: ClassVar[bool] = False
    boolean_arguments: ClassVar[bool] = False

    @abstractmethod
    def outputs(self, lengths: Sequence[int]) -> int:
        """Return how many outputs there are for arguments of these lengths; ``ValueError`` if there can be none."""

    @abstractmethod
    def compute(self, arguments: Sequence[Integers]) -> Integers:
        """Return the outputs from the values of the arguments."""

    def width(self, _intervals: Sequence[Interval]) -> int:
        """Return the bit length of the widest value opened under a mask, if all arguments lie in these intervals."""
        return 0

    def held(self, _lengths: Sequence[int], _intervals: Sequence[Interval]) -> int:
        """Return how many elements one message holds at most, or how many digits are looked for at once, if more."""
        return 0

    @classmethod
    def check_intervals(cls, intervals: Sequence[Interval]) -> None:
        """Raise ``ValueError`` unless values in these intervals can be masked as the kind does it."""
        for interval in intervals:
            if cls.masked and interval is None:
                raise ValueError(f"a {cls.name} hint about a value without interval")
            if cls.boolean_arguments and (interval is None or interval[0] < 0 or interval[1] > 1):
                raise ValueError(f"a {cls.name} hint takes zeros and ones")


def integers(entries: Iterable[int]) -> Integers:
    """Return Python integers as an array."""
    values = list(entries)
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def binary(values: Iterable[int], k: int) -> Integers:
    """Return the k digits of each value, lowest first."""
    return integers(v >> i & 1 for v in values for i in range(k))


def bounds(interval: Interval) -> tuple[int, int]:
    """Return the interval of an argument, which a plan refuses to be without."""
    assert interval is not None, "a plan refuses hints about values without interval"
    return interval


def digits_held(n: int, k: int) -> int:
    """Return what finding the k digits of n values holds: all of them, or both factors of the last products."""
    return max(n * k, 2 * n * (k - 1) if n <= FEW else 0)
