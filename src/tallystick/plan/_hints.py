"""Kinds of advice: what a hint's outputs should be, and what they cost the online phase.

A hint's outputs are untrusted: an auditor ignores how they were found, and whatever a program concludes from
them it must constrain with ``mul`` and ``zero``.  This table serves those who compute them: the simulation
(on plain integers) and the estimate; the online phase has a sub-protocol for each, whose steps ``cost`` walks
through.  ``spec/plan.md`` lists the kinds.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from ..backend import FR_MODULUS
from ..limits import STATISTICAL_BITS
from ._hint_kind import HintKind, Integers, bounds, integers
from ._hints_joins import RANDOM, RECIPROCAL, SWITCHES
from ._hints_numbers import QUOTIENT, RATIO, ROOT
from ._hints_order import CONTROLS, SPLIT
from ._intervals import Interval
from ._tally import ADVICE, Tally

__all__ = [
    "HINTS",
    "MAX_COINS",
    "HintKind",
    "Integers",
    "advice_width",
    "adviser_of",
    "check_hint",
    "span_weights",
]

MAX_COINS = 1 << 12
"""The most coins that one value of noise may be the sum of."""

MAX_COIN_HINTS = 64
"""The most uses of noise in a plan: whoever reads a plan computes the budget of each."""

_MAX_BITS = 250
_MAX_DELTA_BITS = 128


def advice_width(parties: int) -> int:
    """Return how many bits a value may have that so many parties can mask in the field."""
    return FR_MODULUS.bit_length() - 2 - STATISTICAL_BITS - parties.bit_length()


def adviser_of(kind: str, parameters: Sequence[int]) -> int | None:
    """Return the member whose own choice the advice is, or None."""
    return parameters[0] if HINTS[kind].dealt else None


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


def _same_length(_parameters: Sequence[int], lengths: Sequence[int]) -> int:
    return lengths[0]


def _shifted_width(interval: Interval, low: int, k: int) -> int:
    """Return the bit length of x - low for x in the interval, raised by a multiple of 2^k if it may be
    negative.
    """
    bottom, top = (end - low for end in bounds(interval))
    return max(top - min(0, bottom >> k << k), 1).bit_length()


# ---------------------------------------------------------------------------------------- bits


def _bits_expected(parameters: Sequence[int], lengths: Sequence[int]) -> int:
    _low, k = parameters
    if not 1 <= k <= _MAX_BITS:
        raise ValueError(f"a bits hint has between 1 and {_MAX_BITS} bits, not {k}")
    return lengths[0] * k


def _bits(parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    low, k = parameters
    return integers((int(x) - low) >> i & 1 for x in arguments[0] for i in range(k))


def _bits_cost(
    parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    tally.digits(lengths[0], parameters[1])


def _bits_width(parameters: Sequence[int], intervals: Sequence[Interval]) -> int:
    low, k = parameters
    return max(_shifted_width(intervals[0], low, k), k)


# ---------------------------------------------------------------------------------------- span


def span_weights(high: int) -> list[int]:
    """Return weights whose sums over subsets are exactly 0 … high (``spec/ranges.md``)."""
    k = high.bit_length()
    return [1 << i for i in range(k - 1)] + [high - ((1 << (k - 1)) - 1)] if k else []


def _span_expected(parameters: Sequence[int], lengths: Sequence[int]) -> int:
    low, high = parameters
    k = (high - low).bit_length() if high > low else 0
    if not 1 <= k <= _MAX_BITS:
        raise ValueError(f"a span hint needs low < high, at most 2^{_MAX_BITS} apart")
    return lengths[0] * k


def _span(parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    low, high = parameters
    weights = span_weights(high - low)
    k = len(weights)
    digits: list[int] = []
    for x in arguments[0]:
        value = int(x) - low
        top = value >> (k - 1) & 1
        rest = value - top * weights[-1]
        digits += [*(rest >> i & 1 for i in range(k - 1)), top]
    return integers(digits)


def _span_cost(
    parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    low, high = parameters
    k = (high - low).bit_length()
    tally.digits(lengths[0], k)
    if high - low + 1 != 1 << k:
        tally.digits(lengths[0], k - 1)


def _span_width(parameters: Sequence[int], intervals: Sequence[Interval]) -> int:
    low, high = parameters
    return _bits_width((low, (high - low).bit_length()), intervals)


# ---------------------------------------------------------------------------------------- copy


def _copy(_parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    return integers(int(x) % FR_MODULUS for x in arguments[0])


def _copy_cost(
    _parameters: Sequence[int], lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    """Claim that the value is its own square."""
    tally.multiply(lengths[0])
    tally.claim(ADVICE, lengths[0])


# ---------------------------------------------------------------------------------------- inverse


def _inverse(_parameters: Sequence[int], arguments: Sequence[Integers]) -> Integers:
    return integers(pow(int(x), -1, FR_MODULUS) if int(x) % FR_MODULUS else 0 for x in arguments[0])


def _inverse_cost(
    _parameters: Sequence[int], lengths: Sequence[int], intervals: Sequence[Interval], tally: Tally
) -> None:
    """Open the product with a random element; where the argument may be zero, first find out from digits."""
    n = lengths[0]
    if n == 0:
        return
    low, high = bounds(intervals[0])
    if low <= 0 <= high:
        k = max(high - low, 1).bit_length()
        tally.digits(n, k)
        tally.product(n, k)
    tally.randoms += n
    tally.check()
    tally.multiply(n)
    tally.check()
    tally.open(n)


def _inverse_width(_parameters: Sequence[int], intervals: Sequence[Interval]) -> int:
    low, high = bounds(intervals[0])
    return max(high - low, 1).bit_length() if low <= 0 <= high else 0


# ---------------------------------------------------------------------------------------- coins


def _coins_expected(parameters: Sequence[int], _lengths: Sequence[int]) -> int:
    values, coins, sensitivity, delta_bits = parameters
    if values < 0 or not 2 <= coins <= MAX_COINS or coins % 2:
        raise ValueError(f"a coins hint has an even number of coins for each value, at most {MAX_COINS}")
    if not 1 <= sensitivity <= coins or not 1 <= delta_bits <= _MAX_DELTA_BITS:
        raise ValueError(
            f"a coins hint has a sensitivity between 1 and its coins, and 1 to {_MAX_DELTA_BITS} delta bits"
        )
    return values * coins


def _coins(parameters: Sequence[int], _arguments: Sequence[Integers]) -> Integers:
    n = parameters[0] * parameters[1]
    drawn = secrets.randbits(n) if n else 0
    return integers(drawn >> i & 1 for i in range(n))


def _coins_cost(
    parameters: Sequence[int], _lengths: Sequence[int], _intervals: Sequence[Interval], tally: Tally
) -> None:
    tally.bits += parameters[0] * parameters[1]


HINTS: Mapping[str, HintKind] = {
    kind.name: kind
    for kind in (
        HintKind("bits", ("low", "k"), 1, True, _bits_expected, _bits, _bits_cost, _bits_width),
        HintKind("span", ("low", "high"), 1, True, _span_expected, _span, _span_cost, _span_width),
        HintKind("copy", (), 1, True, _same_length, _copy, _copy_cost, lambda _p, _i: 0, masked=False),
        HintKind("inverse", (), 1, False, _same_length, _inverse, _inverse_cost, _inverse_width),
        HintKind(
            "coins",
            ("values", "coins", "sensitivity", "delta_bits"),
            0,
            True,
            _coins_expected,
            _coins,
            _coins_cost,
            lambda _p, _i: 0,
            masked=False,
            deterministic=False,
        ),
        QUOTIENT,
        RATIO,
        ROOT,
        RECIPROCAL,
        RANDOM,
        SWITCHES,
        CONTROLS,
        SPLIT,
    )
}
"""The kinds that a plan of version 1 may use.

``bits(low, k; x)``: the k binary digits of x - low, element by element, lowest first (boolean wires).
``span(low, high; x)``: k wires with Σ weight_i * wire_i = x - low, for the weights whose sums are exactly
0 … high - low (boolean wires); the top wire is set exactly if x - low ≥ 2^(k-1).
``copy(; x)``: x itself (boolean wires), for a value that is 0 or 1 although its interval does not say so.
``inverse(; x)``: 1/x modulo r, or 0 where x = 0 (free slots).
``coins(values, coins, sensitivity, delta_bits)``: values * coins uniform bits (boolean wires), drawn anew by
every run; the other two parameters are what the noise made of them claims (``spec/disclosure.md``).
``quotient(divisor, low, k; x)``: the k digits of ⌊(x - low) / divisor⌋, for 0 ≤ x - low < divisor * 2^k.
``ratio(k; a, b)``: the k digits of ⌊a / b⌋, for b ≥ 1 and 0 ≤ a < b * 2^k.
``root(k; x)``: the k digits of ⌊√x⌋, for 0 ≤ x < 2^(2k).
``reciprocal(; x)``: 1/x modulo r (free slots), for an x that nobody can guess: whether x is 0 shows.
``random(n; )``: n uniform elements that nobody knows (free slots), drawn anew by every run.
``switches(member, n; )``: settings of a network on n wires for a uniform permutation that only the member knows
(boolean wires), drawn anew by every run.
``controls(; x)``: whether each comparator of the sorting network for x exchanges its two values, layer by layer.
``split(rank, k; digits)``: of n values of k digits (element by element, lowest first), ordered by value and then
by position: n flags of those beyond the rank (from 0), n of the one with that rank, n of the next one.
"""
