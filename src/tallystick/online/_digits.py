# SPDX-License-Identifier: Apache-2.0
"""Digits of shared values, found by opening them under a mask; what all advice is made of.

Normative text: ``spec/online.md``, "Hints".  Comparison and modular arithmetic after Catrina and de Hoogh (SCN
2010), with the masks' upper part dealt by the parties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from operator import add

import numpy as np

from ..algebra import Vector
from ..backend import IndexArray
from ..party import Shared
from ..plan import FEW, Interval, mask_room
from ._openings import Openings

__all__ = [
    "Unmasked",
    "borrow_levels",
    "by_element",
    "digits",
    "digits_from",
    "multiplied",
    "open_masked",
    "plus",
    "products",
    "sign",
]


@dataclass(frozen=True, slots=True)
class Unmasked:
    """What was opened under masks, and the ``places`` lowest digits of these, element by element."""

    opened: Vector
    bits: Shared
    places: int

    def columns(self, start: int, stop: int) -> list[Vector]:
        """Return the digits of what was opened from one place up to another."""
        n, digits = len(self.opened), self.opened.bits(start, stop)
        return [digits[i * n : (i + 1) * n] for i in range(stop - start)]

    def digit(self, i: int) -> Shared:
        """Return the masks' digits at one place."""
        return self.bits[i :: self.places]

    def by_place(self) -> tuple[Vector, Shared]:
        """Return all these digits, of what was opened and of the masks: place by place, element by element."""
        n, k = len(self.opened), self.places
        return self.opened.bits(0, k), Shared.linear(lambda v: v.transposed(n, k), self.bits)

    def low(self) -> Vector:
        """Return the number that the lowest digits of what was opened make."""
        octets = np.frombuffer(self.opened.to_bytes(), dtype=np.uint8).reshape(-1, 32)
        kept = np.packbits(np.arange(256) < self.places, bitorder="little")
        return Vector.from_bytes(self.opened.backend, (octets & kept).tobytes())

    def mask(self) -> Shared:
        """Return the number that the masks' digits make."""
        weights = Vector.powers(self.opened.backend, 2, self.places)
        return Shared.linear(lambda v: v.matvec(weights), self.bits)


def borrow_levels(k: int) -> list[list[tuple[int, int]]]:
    """Return, level by level, which places (upper, lower) are combined to know all borrows of k digits.

    Sklansky's prefix tree over the places 0 … k-2: afterwards each knows whether it makes a borrow.  At level l
    the places below 2^(l+1) are finished; the others also need to know whether they pass one on.
    """
    places = range(k - 1)
    depth = max(k - 2, 0).bit_length()
    return [[(i, (i >> level << level) - 1) for i in places if i >> level & 1] for level in range(depth)]


async def digits(
    online: Openings, x: Shared, k: int, interval: tuple[int, int] | None = None
) -> list[Shared]:
    """Return the k binary digits of x in [0, 2^k), lowest first, and claim that they are those of x.

    ``interval`` is where x lies for certain, [0, 2^k) if it is left out: the mask must cover it.  Below 0 it is
    raised by a multiple of 2^k, which leaves the digits as they are.  With c = x + r open, they are those of
    (c - r) mod 2^k, found by borrows.  They are 0 or 1 whatever the parties contributed, and the claim
    ``advice``, that they add up to x, fails at the next check if x has others or somebody spoiled c.
    """
    if len(x) == 0 or k == 0:
        return [x] * k
    return await online.part((digits, len(x), k, interval), partial(_digits, x=x, k=k, interval=interval))


async def _digits(online: Openings, x: Shared, k: int, interval: Interval) -> list[Shared]:
    n, key, backend = len(x), online.preparation.key, x.backend
    raised, width = x, k
    if interval is not None:
        low = min(0, interval[0] >> k << k)
        raised = key.add(x, Vector.constant(backend, -low, n))
        width = max((interval[1] - low).bit_length(), k)
    (unmasked,), _ = await open_masked(online, [(raised, k, width)])
    if n > FEW:
        found = await _in_turn(online, unmasked)
        total = found[0]
        for i, digit in enumerate(found[1:], 1):
            total = _plus_multiple(total, 1 << i, digit)
    else:
        together = await _in_a_tree(online, unmasked)
        weights = Vector.powers(backend, 2, k)
        total = Shared.linear(lambda v: v.combine(weights), together)
        found = [together[i * n : (i + 1) * n] for i in range(k)]
    await online.assert_zero(total - x, check="advice")
    return found


def _plus_multiple(x: Shared, factor: int, y: Shared) -> Shared:
    return Shared.linear(lambda u, v: v.axpy(factor, u), x, y)


async def _in_turn(online: Openings, unmasked: Unmasked) -> list[Shared]:
    """Return the digits of c - r by the borrow into each place: a product and a round a place."""
    key, k = online.preparation.key, unmasked.places
    borrow = both = Shared.zeros(unmasked.opened.backend, len(unmasked.opened))
    found = []
    for i, c in enumerate(unmasked.columns(0, k)):
        r = unmasked.digit(i)
        if i:
            both = await online.multiply(r, borrow, label="hint/borrow")
        either = r + borrow - both
        one = either - both  # Exactly one of r and the borrow.
        turned = one * c
        found.append(key.add(_plus_multiple(one, -2, turned), c))
        # Where c's digit is 0 a borrow arises from either of r and the borrow before, where it is 1 from both.
        borrow = either - turned
    return found


async def _in_a_tree(online: Openings, unmasked: Unmasked) -> Shared:
    """Return the same place by place, in few rounds: a place makes a borrow or passes one on, and so do runs of
    places.
    """
    key, n, k = online.preparation.key, len(unmasked.opened), unmasked.places
    c, r = unmasked.by_place()
    makes, passes = r * (1 - c), key.add(r * (c * 2 - 1), 1 - c)
    for level in _tree(k, n):
        made = await online.multiply(
            passes[level.factors],
            Shared.concat([makes[level.lower], passes[level.below]]),
            label="hint/borrow",
        )
        count = len(level.upper)
        makes = Shared.concat([makes, makes[level.upper] + made[:count]])[level.makes]
        passes = Shared.concat([passes, made[count:]])[level.passes]
    nothing, borrows = Shared.zeros(c.backend, n), makes[: (k - 1) * n]
    both = Shared.concat([nothing, await online.multiply(r[n:], borrows, label="hint/borrow")])
    return key.add((r + Shared.concat([nothing, borrows]) - both * 2) * (1 - c * 2), c)


@dataclass(frozen=True, slots=True)
class _Level:
    """Which entries are combined at a level of the tree, place by place, and which then take the others' places."""

    factors: IndexArray
    upper: IndexArray
    lower: IndexArray
    below: IndexArray
    makes: IndexArray
    passes: IndexArray


@lru_cache(maxsize=128)
def _tree(k: int, n: int) -> list[_Level]:
    """Return the levels of ``borrow_levels`` for n values."""
    row, found = np.arange(n, dtype=np.int64), []

    def entries(places: Sequence[int]) -> IndexArray:
        return (np.array(places, dtype=np.int64)[:, None] * n + row).reshape(-1)

    def replaced(at: IndexArray) -> IndexArray:
        """Return the order that puts what is appended to all entries in the place of some."""
        order = np.arange(k * n, dtype=np.int64)
        order[at] = k * n + np.arange(len(at), dtype=np.int64)
        return order

    for level, pairs in enumerate(borrow_levels(k)):
        further = [pair for pair in pairs if pair[0] >= 2 << level]
        upper, lower = (entries(side) for side in zip(*pairs, strict=True))
        above, below = (entries([pair[side] for pair in further]) for side in (0, 1))
        factors = np.concatenate([upper, above])
        found.append(_Level(factors, upper, lower, below, replaced(upper), replaced(above)))
    return found


async def multiplied(
    online: Openings, pairs: Sequence[tuple[Shared, Shared]], *, label: str = "hint/borrow"
) -> list[Shared]:
    """Multiply pairs of vectors of one length, all in one round."""
    if not pairs:
        return []
    left, right = (Shared.concat(side) for side in zip(*pairs, strict=True))
    made = await online.multiply(left, right, label=label)
    n = len(pairs[0][0])
    return [made[i * n : (i + 1) * n] for i in range(len(pairs))]


async def products(online: Openings, factors: Sequence[Shared], *, label: str) -> Shared:
    """Return the element-wise product of all factors by a tree of multiplications."""
    left = list(factors)
    n = len(left[0])
    while len(left) > 1:
        half = len(left) // 2
        pairs = Shared.concat(left[:half]), Shared.concat(left[half : 2 * half])
        made = await online.multiply(*pairs, label=label)
        left = [made[i * n : (i + 1) * n] for i in range(half)] + left[2 * half :]
    return left[0]


async def open_masked(
    online: Openings, values: Sequence[tuple[Shared, int, int]], extra: Sequence[tuple[int, int]] = ()
) -> tuple[list[Unmasked], Shared]:
    """Open c = x + r for vectors (x, k, width) of x in [0, 2^width), r = (k shared bits) + 2^k * Σ_j R_j.

    Each party's R_j, uniform below 2^(room - k) for all the room that the field has, alone hides an element of x up to
    distance 2^(width - room), if x is what it should be; what the plan opens shows 2^-80 at most together
    (``cost.require_hidden``).  So everything that x may depend on is checked before: a wrong product or a wrong digit
    could shift x by a multiple of a secret, out of the reach of the mask.  A party whose R_j is out of range
    spoils c, which a claim on the digits finds, or what follows a truncation.  For each (n, places) of ``extra`` every
    party deals n more numbers below 2^(room - places), whose sums are returned as well.
    """
    party, key = online.party, online.preparation.key
    room = mask_room(party.size)
    assert all(k <= width < room for _, k, width in values), "the plan was not checked"
    for x, _, width in values:
        online.note_masked(len(x), width)
    await online.check_pending("hint/check")
    bits = [await online.preparation.bits(len(x) * k) for x, k, _ in values]
    drawn = [(len(x), room - k) for x, k, _ in values] + [(n, room - places) for n, places in extra]
    masks = [await online.preparation.masks(j, sum(n for n, _ in drawn)) for j in range(party.size)]
    clear = masks[party.index].clear
    assert clear is not None
    own = Vector.concat([party.random.below(party.backend, limit, n) for n, limit in drawn])
    offsets = await online.broadcast("hint/masks", own - clear)
    dealt = reduce(add, [key.add(mask.shared, offset) for mask, offset in zip(masks, offsets, strict=True)])
    masked, start = [], 0
    for (x, k, _), r in zip(values, bits, strict=True):
        weights = Vector.powers(party.backend, 2, k)
        upper = dealt[start : start + len(x)] * (1 << k)
        masked.append(x + Shared.linear(lambda v, w=weights: v.matvec(w), r) + upper)
        start += len(x)
    opened = await online.open(Shared.concat(masked), label="hint/masked")
    found, at = [], 0
    for (x, k, _), r in zip(values, bits, strict=True):
        found.append(Unmasked(opened[at : at + len(x)], r, k))
        at += len(x)
    return found, dealt[start:]


async def digits_from(online: Openings, x: Shared, interval: Interval, low: int, k: int) -> list[Shared]:
    """Return the k digits of x - low for x in an interval."""
    assert interval is not None
    return await digits(online, plus(online, x, -low), k, (interval[0] - low, interval[1] - low))


async def sign(online: Openings, d: Shared, k: int, interval: Interval) -> Shared:
    """Return [d ≥ 0] for -2^k ≤ d < 2^k, in an interval that may be wider."""
    return (await digits_from(online, d, interval, -1 << k, k + 1))[k]


def plus(online: Openings, x: Shared, value: int) -> Shared:
    """Return x plus a public integer."""
    return online.preparation.key.add(x, Vector.constant(x.backend, value, len(x)))


def by_element(columns: Sequence[Shared]) -> Shared:
    """Put k vectors of n elements into one of n*k, element by element."""
    n, k = len(columns[0]), len(columns)
    return Shared.linear(lambda v: v.transposed(k, n), Shared.concat(columns))
