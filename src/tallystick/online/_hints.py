"""Advice for hints, computed on shares; nobody relies on it, because the plan constrains it.

Normative text: ``spec/online.md``, "Hints".  The opened values are masked statistically at 80 bits
(comparison and modular arithmetic after Catrina and de Hoogh, SCN 2010, with the masks' upper part dealt by
the parties).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..algebra import Vector
from ..backend import FR_MODULUS, IndexArray
from ..errors import ProgramError
from ..offline import Need
from ..party import Shared, broadcast_vector
from ..plan import Hint, Interval
from ._openings import Openings

__all__ = ["STATISTICAL_BITS", "advise", "hint_need"]

STATISTICAL_BITS = 80
_FIELD_BITS = FR_MODULUS.bit_length()


async def advise(
    online: Openings, node: Hint, arguments: Sequence[Shared], intervals: Sequence[Interval]
) -> Shared:
    """Return shares of a hint's outputs, given its arguments and the intervals that the plan proves for them."""
    if node.kind == "bits":
        low, k = node.parameters
        return await _bits(online, online.preparation.key.add(arguments[0], _constant(arguments[0], -low)), k)
    if node.kind == "inverse":
        return await _inverse(online, arguments[0], _zero_bits(intervals[0]))
    raise ProgramError(f"the online phase does not know hints of kind {node.kind!r}")


def hint_need(node: Hint, lengths: Sequence[int], intervals: Sequence[Interval], parties: int) -> Need:
    """Return the material that a hint takes.

    Raises ProgramError for a hint whose argument is too wide, or not bounded at all, to be masked in the
    field.
    """
    n = lengths[0]
    if node.kind == "bits":
        k = node.parameters[1]
        _check_width(k, parties)
        return Need(triples=n * (k - 1), bits=n * k, masks=(n,) * parties)
    if node.kind == "inverse":
        k = _zero_bits(intervals[0])
        need = Need(triples=n, randoms=n)
        if k:
            _check_width(k + 1, parties)
            need = need + Need(triples=n * (k - 1), bits=n * k, masks=(n,) * parties)
        return need
    raise ProgramError(f"the online phase does not know hints of kind {node.kind!r}")


def _check_width(k: int, parties: int) -> None:
    limit = _FIELD_BITS - 2 - STATISTICAL_BITS - parties.bit_length()
    if k > limit:
        raise ProgramError(f"a hint looks into a value of {k} bits; {parties} parties can mask {limit}")


def _zero_bits(interval: Interval) -> int:
    """Return k with |x| < 2**k if x may be zero, or 0 if it may not."""
    if interval is None:
        raise ProgramError("an inverse of a value without bounds would show whether it is zero")
    low, high = interval
    return 0 if low > 0 or high < 0 else max(abs(low), abs(high), 1).bit_length()


@dataclass(frozen=True, slots=True)
class _Masked:
    """x + r, opened: the k low bits of both, element by element."""

    opened: list[Vector]
    mask: list[Shared]


async def _open_masked(online: Openings, x: Shared, k: int) -> _Masked:
    """Open x + r for x in [0, 2**(k+1)), r = (k shared bits) + 2**k * (80 bits of every party's own).

    Each party's summand alone hides x up to distance 2**-80 an element, whatever the others
    contribute; a party that exceeds its 80 bits spoils the advice, which the plan's constraints then refuse.
    """
    party, n = online.party, len(x)
    bits = await online.preparation.bits(n * k)
    key = online.preparation.key
    masks = [await online.preparation.masks(j, n) for j in range(party.size)]
    clear = masks[party.index].clear
    assert clear is not None
    own = Vector.from_bytes(party.backend, _short(party.random.bytes(n * STATISTICAL_BITS // 8)))
    offsets = await broadcast_vector(party, "hint/masks", own - clear)
    weights = Vector.powers(party.backend, 2, k)
    masked = x + Shared.linear(lambda v: v.matvec(weights), bits)
    for mask, offset in zip(masks, offsets, strict=True):
        masked = masked + key.add(mask.shared, offset) * (1 << k)
    opened = await online.open(masked, label="hint/masked")
    raw = np.frombuffer(opened.to_bytes(), dtype=np.uint8).reshape(n, 32)
    table = np.unpackbits(raw, axis=1, bitorder="little")[:, :k].astype(np.int64)
    columns = [Vector.from_i64(party.backend, np.ascontiguousarray(table[:, i])) for i in range(k)]
    return _Masked(columns, [bits[_column(n, k, i)] for i in range(k)])


async def _bits(online: Openings, x: Shared, k: int) -> Shared:
    """Return the k bits of each x in [0, 2**k), element by element, lowest first: (c - r) mod 2**k by borrows."""
    n, key = len(x), online.preparation.key
    if n == 0:
        return x
    masked = await _open_masked(online, x, k)
    borrow = Shared.zeros(x.backend, n)
    digits = []
    for i, (c, r) in enumerate(zip(masked.opened, masked.mask, strict=True)):
        both = borrow if i == 0 else await online.multiply(r, borrow, label="hint/borrow")
        sign = 1 - c * 2
        digits.append(key.add((r + borrow - both * 2) * sign, c))
        # Where c's bit is 0 a borrow arises from either of r and the borrow before, where it is 1 from both.
        borrow = (r + borrow) * (1 - c) - both * sign
    return Shared.concat(digits)[np.arange(n * k, dtype=np.int64).reshape(k, n).T.reshape(-1)]


async def _inverse(online: Openings, x: Shared, zero_bits: int) -> Shared:
    """Return 1/x where x is not zero, 0 where it is: x + [x = 0] is inverted under a multiplicative mask."""
    n = len(x)
    if n == 0:
        return x
    zero = await _is_zero(online, x, zero_bits) if zero_bits else Shared.zeros(x.backend, n)
    s = await online.preparation.randoms(n)
    opened = await online.open(await online.multiply(x + zero, s, label="hint/inverse"), label="hint/inverse")
    # An opened zero means a mask of zero or a wrong argument: any advice will do, since it is constrained.
    raw = np.frombuffer(opened.to_bytes(), dtype=np.uint8).reshape(n, 32)
    patched = opened + Vector.from_i64(x.backend, np.asarray(raw.max(axis=1) == 0, dtype=np.int64))
    return s * patched.inverse() - zero


async def _is_zero(online: Openings, x: Shared, k: int) -> Shared:
    """Return [x = 0] for |x| < 2**k: whether the k low bits of x + 2**k + r equal those of r."""
    key = online.preparation.key
    masked = await _open_masked(online, key.add(x, _constant(x, 1 << k)), k)
    equal = [key.add(r * (c * 2 - 1), 1 - c) for c, r in zip(masked.opened, masked.mask, strict=True)]
    while len(equal) > 1:
        half = len(equal) // 2
        product = await online.multiply(
            Shared.concat(equal[:half]), Shared.concat(equal[half : 2 * half]), label="hint/equal"
        )
        n = len(x)
        equal = [product[i * n : (i + 1) * n] for i in range(half)] + equal[2 * half :]
    return equal[0]


def _constant(x: Shared, value: int) -> Vector:
    return Vector.constant(x.backend, value, len(x))


def _column(n: int, k: int, i: int) -> IndexArray:
    """Return the positions of bit i of n elements of k bits."""
    return np.arange(n, dtype=np.int64) * k + i


def _short(data: bytes) -> bytes:
    """Encode uniform 80-bit integers as field elements."""
    size = STATISTICAL_BITS // 8
    raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, size)
    return np.concatenate([raw, np.zeros((len(raw), 32 - size), dtype=np.uint8)], axis=1).tobytes()
