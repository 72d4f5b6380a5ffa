"""Kinds of advice about joins: tags, their key, and settings of permutation networks (``spec/joins.md``)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np

from ..backend import FR_MODULUS
from ._hint_kind import HintKind, Integers, integers
from ._intervals import Interval
from ._network import route, switch_count
from ._tally import Tally

__all__ = ["RANDOM", "RECIPROCAL", "SWITCHES"]

_MAX_OWN = 1 << 20
"""Elements or wires of one hint without arguments."""


def _no_width(_parameters: Sequence[int], _intervals: Sequence[Interval]) -> int:
    return 0


def _reciprocal(_parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    return integers(pow(int(x), -1, FR_MODULUS) if int(x) % FR_MODULUS else 0 for x in arguments[0])


def _reciprocal_cost(
    _parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    """Open the product with a random element."""
    tally.randoms += lengths[0]
    tally.multiply(lengths[0])
    tally.open(lengths[0])


def _random_expected(parameters: Sequence[int], _lengths: Sequence[int]) -> int:
    (n,) = parameters
    if not 1 <= n <= _MAX_OWN:
        raise ValueError(f"between 1 and {_MAX_OWN} random elements are possible, not {n}")
    return n


def _random(parameters: Sequence[int], _arguments: Sequence[Integers]) -> Integers:
    return integers(secrets.randbelow(FR_MODULUS) for _ in range(parameters[0]))


def _random_cost(
    parameters: Sequence[int], _lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    tally.randoms += parameters[0]


def _switches_expected(parameters: Sequence[int], _lengths: Sequence[int]) -> int:
    _member, n = parameters
    if not 2 <= n <= _MAX_OWN:
        raise ValueError(f"a network has between 2 and {_MAX_OWN} wires, not {n}")
    return switch_count(n)


def _switches(parameters: Sequence[int], _arguments: Sequence[Integers]) -> Integers:
    order = np.random.default_rng().permutation(parameters[1]).astype(np.int64)
    return integers(int(setting) for setting in route(order))


def _switches_cost(
    parameters: Sequence[int], _lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    member, n = parameters
    tally.deal(member, switch_count(n))


RECIPROCAL = HintKind(
    "reciprocal",
    (),
    1,
    False,
    lambda _parameters, lengths: lengths[0],
    _reciprocal,
    _reciprocal_cost,
    _no_width,
    masked=False,
)
RANDOM = HintKind(
    "random",
    ("n",),
    0,
    False,
    _random_expected,
    _random,
    _random_cost,
    _no_width,
    masked=False,
    deterministic=False,
)
SWITCHES = HintKind(
    "switches",
    ("member", "n"),
    0,
    True,
    _switches_expected,
    _switches,
    _switches_cost,
    _no_width,
    masked=False,
    deterministic=False,
    dealt=True,
)
