"""Kinds of advice: what a hint's outputs should be, and what they cost the online phase.

A hint's outputs are untrusted: an auditor ignores how they were found, and whatever a program concludes from
them it must constrain with ``mul`` and ``zero``.  This table serves those who compute them: the simulation
(on plain integers) and the estimate; the online phase has a sub-protocol for each.  ``spec/plan.md`` lists
the kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..backend import FR_MODULUS
from ._intervals import Interval

__all__ = ["HINTS", "HintCost", "HintKind", "Integers", "check_hint"]

Integers: TypeAlias = npt.NDArray[np.object_]
"""A flat numpy array of Python integers."""


@dataclass(frozen=True, slots=True)
class HintCost:
    """What the sub-protocol takes (``spec/online.md``, "Hints"): ``masks`` of every member, ``opened``
    elements.
    """

    triples: int = 0
    bits: int = 0
    randoms: int = 0
    masks: int = 0
    rounds: int = 0
    opened: int = 0


@dataclass(frozen=True, slots=True)
class HintKind:
    """One kind: its arity, what it yields, and a plain computation of it.

    ``expected`` gives, from the parameters and the lengths of the arguments, how many outputs there are, or
    raises ``ValueError``; ``compute`` gives the outputs from the parameters and the arguments' values.
    """

    name: str
    parameters: tuple[str, ...]
    arguments: int
    boolean: bool
    deterministic: bool
    expected: Callable[[Sequence[int], Sequence[int]], int]
    compute: Callable[[Sequence[int], Sequence[Integers]], Integers]
    cost: Callable[[Sequence[int], Sequence[int], Sequence[Interval]], HintCost]


def check_hint(
    kind: str, parameters: Sequence[int], lengths: Sequence[int], n: int, *, boolean: bool
) -> None:
    """Raise ``ValueError`` unless a hint of this kind has these parameters, argument lengths and outputs."""
    if kind not in HINTS:
        raise ValueError(f"unknown kind of hint {kind[:40]!r}; known are {', '.join(sorted(HINTS))}")
    known = HINTS[kind]
    if len(parameters) != len(known.parameters):
        raise ValueError(f"a {kind} hint has {len(known.parameters)} parameters, not {len(parameters)}")
    if len(lengths) != known.arguments:
        raise ValueError(f"a {kind} hint has {known.arguments} arguments, not {len(lengths)}")
    if boolean != known.boolean:
        raise ValueError(
            f"the outputs of a {kind} hint are {'boolean wires' if known.boolean else 'free slots'}"
        )
    if n != known.expected(parameters, lengths):
        raise ValueError(
            f"a {kind} hint of these arguments has {known.expected(parameters, lengths)} outputs, not {n}"
        )


def _bits_expected(parameters: Sequence[int], lengths: Sequence[int]) -> int:
    _low, k = parameters
    if not 1 <= k <= 250:
        raise ValueError(f"a bits hint has between 1 and 250 bits, not {k}")
    return lengths[0] * k


def _bits(parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    low, k = parameters
    shifted = arguments[0] - low
    out = np.empty(len(shifted) * k, dtype=object)
    out[:] = [(int(x) >> i) & 1 for x in shifted for i in range(k)]
    return out


def _bits_cost(parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval]) -> HintCost:
    """Mask and open, then one multiplication a bit for the borrows, one after the other."""
    n, k = lengths[0], parameters[1]
    if n == 0:
        return HintCost()
    return HintCost(triples=n * (k - 1), bits=n * k, masks=n, rounds=k + 1, opened=2 * n + 2 * n * (k - 1))


def _same_length(_parameters: Sequence[int], lengths: Sequence[int]) -> int:
    return lengths[0]


def _inverse(_parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    out = np.empty(len(arguments[0]), dtype=object)
    out[:] = [pow(int(x), -1, FR_MODULUS) if int(x) % FR_MODULUS else 0 for x in arguments[0]]
    return out


def _inverse_cost(
    _parameters: Sequence[int], lengths: Sequence[int], intervals: Sequence[Interval]
) -> HintCost:
    """Open the product with a random element; where the argument may be zero, first find out on shares."""
    n = lengths[0]
    if n == 0 or intervals[0] is None:
        return HintCost()
    low, high = intervals[0]
    if low > 0 or high < 0:
        return HintCost(triples=n, randoms=n, rounds=2, opened=3 * n)
    k = max(abs(low), abs(high), 1).bit_length()
    return HintCost(
        triples=n * k,
        bits=n * k,
        randoms=n,
        masks=n,
        rounds=4 + (k - 1).bit_length(),
        opened=5 * n + 2 * n * (k - 1),
    )


HINTS: Mapping[str, HintKind] = {
    kind.name: kind
    for kind in (
        HintKind("bits", ("low", "k"), 1, True, True, _bits_expected, _bits, _bits_cost),
        HintKind("inverse", (), 1, False, True, _same_length, _inverse, _inverse_cost),
    )
}
"""The kinds that a plan of version 1 may use.

``bits(low, k; x)``: the k binary digits of x - low, element by element, lowest first (boolean wires).
``inverse(; x)``: 1/x modulo r, or 0 where x = 0 (free slots).
"""
