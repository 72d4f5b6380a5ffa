"""Kinds of advice about order: how a network sorts, and where the middle of a vector is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._hint_kind import HintKind, Integers, bounds, integers
from ._intervals import Interval
from ._sorting import exchanges
from ._tally import Tally

__all__ = ["CONTROLS", "SPLIT", "control_digits"]

_MAX_BITS = 250


# ---------------------------------------------------------------------------------------- sorting


def control_digits(interval: Interval) -> int:
    """Return k with -2^k ≤ x - y - 1 < 2^k for all x, y in the interval."""
    low, high = bounds(interval)
    return (high - low).bit_length()


def _controls_expected(_parameters: Sequence[int], lengths: Sequence[int]) -> int:
    return sum(layer.count for layer in exchanges(lengths[0]))


def _controls(_parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    keys = arguments[0].copy()
    controls: list[int] = []
    for layer in exchanges(len(keys)):
        i = layer.lower(len(keys))
        j = i + layer.distance
        left, right = keys[i], keys[j]
        swap = np.asarray(left > right, dtype=bool)
        keys[i], keys[j] = np.where(swap, right, left), np.where(swap, left, right)
        controls += [int(s) for s in swap]
    return integers(controls)


def _controls_cost(
    _parameters: Sequence[int], lengths: Sequence[int], intervals: Sequence[Interval], tally: Tally
) -> None:
    digits = control_digits(intervals[0]) + 1
    for layer in exchanges(lengths[0]):
        tally.digits(layer.count, digits)
        tally.multiply(layer.count)


def _controls_width(_parameters: Sequence[int], intervals: Sequence[Interval]) -> int:
    return control_digits(intervals[0]) + 1


# ---------------------------------------------------------------------------------------- selection


def _split_expected(parameters: Sequence[int], lengths: Sequence[int]) -> int:
    rank, k = parameters
    n = lengths[0] // k if k else 0
    if not 1 <= k <= _MAX_BITS or n * k != lengths[0] or not 0 <= rank < n - 1:
        raise ValueError("a split hint needs k digits for each of at least two values, and 0 ≤ rank < n - 1")
    return 3 * n


def _split(parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    rank, k = parameters
    digits = arguments[0].reshape(-1, k)
    n = len(digits)
    keys = [sum(int(d) << i for i, d in enumerate(row)) for row in digits]
    order = sorted(range(n), key=lambda i: (keys[i], i))
    chosen = (set(order[rank + 1 :]), {order[rank]}, {order[rank + 1]})
    return integers(int(i in group) for group in chosen for i in range(n))


def _split_cost(
    parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    """Radix selection of both ranks together: digits of the values, then those of their positions."""
    k = parameters[1]
    n = lengths[0] // k
    for level in range(k + (n - 1).bit_length()):
        if 0 < level < k:
            tally.multiply(2 * n)
        tally.digits(2, n.bit_length() + 1)
        tally.multiply((3 if level < k else 2) * n + 2)


CONTROLS = HintKind("controls", (), 1, True, _controls_expected, _controls, _controls_cost, _controls_width)
SPLIT = HintKind(
    "split",
    ("rank", "k"),
    1,
    True,
    _split_expected,
    _split,
    _split_cost,
    lambda _p, _i: 26,
    boolean_arguments=True,
)
