# SPDX-License-Identifier: Apache-2.0
"""Disclosure: what an output may say about one person or a small group, enforced inside the computation.

Normative text, with the argument for the noise: ``spec/disclosure.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from ..disclosure import coins_for, epsilon_of
from ..plan import MAX_COINS
from ..tracing import Secret, broadcast_shape, coins, constant, fail, public_array
from ._compare import at_least
from ._naming import named, units, with_scale

__all__ = ["Suppressed", "add_noise", "round_to", "suppress"]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Values of groups, with 0 in place of those of groups that are too small.

    ``shown`` is 1 for the groups that are large enough.  ``value`` and ``count`` are 0 for the others, so that
    ``ts.reveal(s.value) / ts.reveal(s.count)`` is undefined exactly for them.
    """

    value: Secret
    count: Secret
    shown: Secret


def suppress(value: Secret, count: Secret, minimum: int) -> Suppressed:
    """Return the values of groups of at least ``minimum`` members, zeros for the others.

    The multiplication happens inside the computation: what is opened of a small group is 0, whatever its value.
    ``value`` and ``count`` have one shape, or one that broadcasts to the other; counts of a group never see the
    light unless it is large enough.  That a group is small does become known.
    """
    for part in (value, count):
        if not isinstance(part, Secret):
            fail(
                f"ts.suppress takes secrets, not {type(part).__name__}",
                hint="a public count can be compared with an ordinary if",
            )
    if isinstance(minimum, bool) or not isinstance(minimum, int | np.integer) or minimum < 1:
        fail(f"a minimum group size is a positive integer, not {minimum!r}")
    if count.decimals:
        fail("ts.suppress counts whole rows: the count has decimals")
    shown = named(
        at_least(count, np.array(int(minimum), dtype=object)), f"{count.origin.text} ≥ {minimum}", count
    )
    wide = shown.broadcast_to(broadcast_shape(shown.shape, value.shape))
    return Suppressed(
        value=named(wide * value, f"{value.origin.text} if {shown.origin.text}", value, count),
        count=named(shown * count, f"{count.origin.text} if at least {minimum}", count),
        shown=shown,
    )


def round_to(x: Secret, step: int | Decimal | Fraction) -> Secret:
    """Return x rounded to the nearest multiple of a public step; halves go up.

    The quotient is found digit by digit: one comparison for each binary digit of the number of multiples that
    x's interval spans.
    """
    if not isinstance(x, Secret):
        fail(
            f"ts.round_to takes a secret, not {type(x).__name__}",
            hint="opened values have round(value, places)",
        )
    found, decimals = public_array(step)
    if found.shape != () or decimals > x.decimals or found.item() <= 0:
        fail(f"a step is a positive number with at most {x.decimals} decimals, not {step!r}")
    s = int(found.item()) * 10 ** (x.decimals - decimals)
    if s == 1:
        return x
    base = (x.low + s // 2) // s * s
    rest = units(x) + (s // 2 - base)
    quotient = constant(x.builder, np.array(0, dtype=object)).broadcast_to(x.shape)
    for i in reversed(range((rest.high // s).bit_length())):
        digit = at_least(rest, np.array(s << i, dtype=object))
        rest = rest - digit * (s << i)
        quotient = quotient + digit * (1 << i)
    rounded = quotient * s + base
    return named(with_scale(rounded, x.decimals), f"({x.origin.text}) to the nearest {step}", x)


def add_noise(x: Secret, *, epsilon: float, delta_bits: int = 40, sensitivity: int = 1) -> Secret:
    """Return integers x with binomial noise, drawn inside the computation, of mean 0.

    Made for counts: one person changes one entry of x, by at most ``sensitivity``.  Opening all entries is then
    (epsilon, 2^-delta_bits)-differentially private.  Each entry takes as few fair coins as that needs, about
    8·ln(2)·delta_bits·(sensitivity / epsilon)², and moves by half of them at most.  Where a person changes
    several entries (another value in a row of a histogram: two), or the same data are used again, the budgets add
    up; the plan lists each use.
    """
    if not isinstance(x, Secret):
        fail(f"ts.add_noise takes a secret, not {type(x).__name__}", hint="add noise before revealing")
    if x.decimals:
        fail("ts.add_noise takes integers", hint="round to whole units before adding noise")
    if isinstance(sensitivity, bool) or not isinstance(sensitivity, int) or sensitivity < 1:
        fail(f"a sensitivity is a positive integer, not {sensitivity!r}")
    if isinstance(delta_bits, bool) or not isinstance(delta_bits, int) or not 1 <= delta_bits <= 128:
        fail(f"delta_bits is an integer between 1 and 128, not {delta_bits!r}")
    if not epsilon > 0:
        fail(f"epsilon is positive, not {epsilon}")
    count = coins_for(float(epsilon), sensitivity, delta_bits)
    if count is None:
        fail(
            f"epsilon {epsilon} at sensitivity {sensitivity} needs more than {MAX_COINS} coins a value",
            hint="allow a greater epsilon, or count in coarser units so that the sensitivity is smaller",
        )
    assert epsilon_of(count, sensitivity, delta_bits) is not None
    drawn = coins(x.builder, x.size, count, sensitivity=sensitivity, delta_bits=delta_bits)
    noisy = x + (drawn.sum(axis=1) - count // 2).reshape(x.shape)
    return named(noisy, f"({x.origin.text}) with binomial noise", x)
