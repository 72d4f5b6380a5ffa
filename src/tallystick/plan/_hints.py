# SPDX-License-Identifier: Apache-2.0
"""The kinds of advice that a plan of version 1 may use.

A hint's outputs are untrusted: an auditor ignores how they were found, and whatever a program concludes from
them it must constrain with ``mul`` and ``zero``.  A kind serves those who compute them: the simulation
(on plain integers) and the online phase, which has a protocol for each.  ``spec/plan.md`` lists the kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TypeAlias, get_args

from ..backend import FR_MODULUS
from ..limits import STATISTICAL_BITS
from ._hint_kind import Integers
from ._hints_digits import BitsHint, CopyHint, SpanHint
from ._hints_drawn import CoinsHint, RandomHint, SwitchesHint
from ._hints_inverses import InverseHint, ReciprocalHint
from ._hints_numbers import QuotientHint, RatioHint, RootHint
from ._hints_order import ControlsHint, SplitHint

__all__ = [
    "HINTS",
    "MAX_COIN_HINTS",
    "Advice",
    "Integers",
    "advice_of",
    "advice_width",
    "check_hint",
    "mask_room",
]


MAX_COIN_HINTS = 64
"""The most uses of noise in a plan: whoever reads a plan computes the budget of each."""

Advice: TypeAlias = (
    BitsHint
    | SpanHint
    | CopyHint
    | InverseHint
    | CoinsHint
    | QuotientHint
    | RatioHint
    | RootHint
    | ReciprocalHint
    | RandomHint
    | SwitchesHint
    | ControlsHint
    | SplitHint
)
"""All kinds."""

HINTS: Mapping[str, type[Advice]] = {kind.name: kind for kind in get_args(Advice)}
"""The kinds by name."""


def advice_of(kind: str, parameters: Sequence[int]) -> Advice:
    """Return a kind with its parameters, for a hint that has been checked."""
    return HINTS[kind](*parameters)


def mask_room(parties: int) -> int:
    """Return how many bits a mask may have above which the sum of all parties' masks and a value would wrap around.

    Each party's part is below 2^room; their sum and a value, together with 2^room more, are below 2^254 < r.
    """
    return FR_MODULUS.bit_length() - 2 - parties.bit_length()


def advice_width(parties: int) -> int:
    """Return how many bits a value may have that so many parties can mask in the field."""
    return mask_room(parties) - STATISTICAL_BITS


def check_hint(
    kind: str, parameters: Sequence[int], lengths: Sequence[int], n: int, *, boolean: bool
) -> None:
    """Raise ``ValueError`` unless a hint of this kind has these parameters, argument lengths and outputs."""
    if kind not in HINTS:
        raise ValueError(f"unknown kind of hint {kind[:40]!r}; known are {', '.join(sorted(HINTS))}")
    known = HINTS[kind]
    if len(parameters) != len(fields(known)):
        raise ValueError(f"a {kind} hint has {len(fields(known))} parameters, not {len(parameters)}")
    if len(lengths) != known.arguments:
        raise ValueError(f"a {kind} hint has {known.arguments} arguments, not {len(lengths)}")
    if boolean != known.boolean:
        raise ValueError(
            f"the outputs of a {kind} hint are {'boolean wires' if known.boolean else 'free slots'}"
        )
    outputs = known(*parameters).outputs(lengths)
    if n != outputs:
        raise ValueError(f"a {kind} hint of these arguments has {outputs} outputs, not {n}")
