# SPDX-License-Identifier: Apache-2.0
"""Truncation of shared values by masked openings, and the proof that nobody spoiled the masks.

Normative text: ``spec/online.md``, "Hints", "Truncation".  Probabilistic truncation after Catrina and Saxena (FC 2010),
with the masks' upper part dealt by the parties.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..algebra import Vector
from ..backend import FR_MODULUS
from ..party import Shared
from ..plan import COMBINATIONS, COMBINED, Truncation, mask_room
from ._digits import Unmasked, open_masked, plus
from ._openings import Openings

__all__ = ["truncated"]


async def truncated(
    online: Openings, values: Sequence[Shared], truncations: Sequence[Truncation]
) -> list[Shared]:
    """Truncate vectors of one length side by side, each in its own way.

    With c = x + r + 2^m·Σ R_j open, r of m digits, (x + r - c mod 2^m) / 2^m is ⌊x / 2^m⌋ or 1 more, if c is what it
    should be.  If a party's R_j is not, c mod 2^m is wrong, and the result is no small integer but off by a
    fraction; random sums of results, which are small if all of them are, find that out before anything is computed
    that could show it.
    """
    n = len(values[0])
    done = list(values)
    cut = [i for i, t in enumerate(truncations) if t.places]
    if n == 0 or not cut:
        return done
    raised = [plus(online, values[i], truncations[i].raise_by) for i in cut]
    cuts = [truncations[i] for i in cut]
    sums = COMBINATIONS * -(-n // COMBINED)
    for t in cuts:
        # A result counts once more for each combination: these have lost the digits that were cut off, and so have
        # their masks.
        online.note_masked(COMBINATIONS * n, t.width)
    unmasked, smudges = await open_masked(
        online,
        [(x, t.places, t.width) for x, t in zip(raised, cuts, strict=True)],
        [(sums, t.places) for t in cuts],
    )
    for i, x, t, at in zip(cut, raised, cuts, unmasked, strict=True):
        multiple = online.key.add(x + at.mask(), -at.low())
        done[i] = multiple * pow(2, -t.places, FR_MODULUS)
    await _require_small(online, [done[i] for i in cut], smudges, [t.places for t in cuts])
    for i, t, at in zip(cut, cuts, unmasked, strict=True):
        if t.close:
            done[i] = done[i] - await _carry(online, at)
        done[i] = plus(online, done[i], -(t.raise_by >> t.places))
    return done


async def _require_small(
    online: Openings, results: Sequence[Shared], smudges: Shared, places: Sequence[int]
) -> None:
    """Stop the run unless random sums of results that have lost so many places are as much smaller than the field.

    A sum is opened under a mask of the parties that has all the room that is left: with what was cut off, no more than
    the field has.  Where a result is not the right one, at least one of two sums that differ in it alone is longer.
    """
    party, backend, n = online.party, online.party.backend, len(results[0])
    # Whoever lies about the coin may choose it, and is found out before the next opening under a mask.
    coin = await online.open(await online.preparation.randoms(1), label="hint/coin")
    drawn = Vector.expand(backend, coin.to_bytes(), bytes(12), n)
    sums = []
    for start in range(0, n, COMBINED):
        chi = drawn[start : start + COMBINED].bits(0, COMBINATIONS)
        sums.append([Shared.linear(chi.matvec, x[start : start + COMBINED]) for x in results])
    combined = Shared.concat([group[i] for i in range(len(results)) for group in sums])
    opened = (await online.open(combined + smudges, label="hint/small")).to_ints()
    each = len(opened) // len(results)
    for i, k in enumerate(places):
        limit = mask_room(party.size) - k + party.size.bit_length()
        if any(v.bit_length() > limit for v in opened[i * each : (i + 1) * each]):
            raise online.failed("a truncated value is not small: somebody spoiled the mask", check="advice")


async def _carry(online: Openings, at: Unmasked) -> Shared:
    """Return [c < r] for the two highest of the m digits: 1 only where the truncation added 1."""
    k = at.places
    (c0, c1), (r0, r1) = at.columns(k - 2, k), (at.digit(k - 2), at.digit(k - 1))
    borrow = r0 * (1 - c0)
    both = await online.multiply(r1, borrow, label="hint/borrow")
    return (r1 + borrow) * (1 - c1) - both * (1 - c1 * 2)
