"""Disclosure: what an output may say about one person or a small group, enforced inside the computation.

Normative text, with the argument for the noise: ``spec/disclosure.md``.
"""

from __future__ import annotations

from ..plan import MAX_COINS, Secret, coins, coins_for, epsilon_of, fail, joined

__all__ = ["add_noise"]


def add_noise(x: Secret, *, epsilon: float, delta_bits: int = 40, sensitivity: int = 1) -> Secret:
    """Return integers x with binomial noise, drawn inside the computation, of mean 0.

    Made for counts: one person changes one entry of x, by at most ``sensitivity``.  Opening all entries is then
    (epsilon, 2^-delta_bits)-differentially private.  Each entry takes as few fair coins as that needs, about
    8·ln(2)·delta_bits·(sensitivity / epsilon)², and moves by half of them at most.  Where a person changes
    several entries, or the same data are used again, the budgets add up; the plan lists each use.
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
    origin = joined(f"({x.origin.text}) with binomial noise", [x.origin])
    return Secret(noisy.builder, noisy.node, noisy.shape, decimals=0, origin=origin)
