# SPDX-License-Identifier: Apache-2.0
"""Elimination modulo the small prime, in blocks whose products are those of doubles.

Normative text: ``spec/disclosure.md``, "Linear forms".
"""

from __future__ import annotations

import numpy as np

from ._small_prime import Columns, prime

__all__ = ["dependencies", "rank"]

_BLOCK = 64
_HALF = 16


def rank(rows: Columns) -> int:
    """Return the rank of a matrix modulo the prime."""
    return len(rows) - len(dependencies(rows))


def dependencies(rows: Columns) -> Columns:
    """Return the combinations of rows that vanish, as the one basis in which each ends with a 1 of its own.

    That is: of every row that the rows before it span, the combination of it and of those among them that no row
    before spans.  About n³/3 multiplications for n rows and columns.
    """
    m = np.ascontiguousarray(rows.T)
    n, p = len(rows), prime()
    pivots: list[int] = []
    free: list[int] = []
    for start in range(0, n, _BLOCK):
        first, stop = len(pivots), min(n, start + _BLOCK)
        lower = _panel(m[first:], start, stop, pivots, free)
        q = len(pivots) - first
        if q and stop < n:
            top, rest = m[first : first + q, stop:], m[first + q :, stop:]
            for i in range(q - 1):
                top[i + 1 :] = (top[i + 1 :] - lower[i + 1 : q, i, None] * top[i]) % p
            rest[:] = (rest - _product(lower[q:, :q], top)) % p
    found = np.zeros((len(free), n), dtype=np.int64)
    found[np.arange(len(free)), free] = 1
    found[:, pivots] = -_solved(m[: len(pivots)], pivots, free).T % p
    return found


def _panel(m: Columns, start: int, stop: int, pivots: list[int], free: list[int]) -> Columns:
    """Eliminate below the pivots of some columns, in these columns only; return by what each row was changed."""
    p, q = prime(), 0
    lower = np.zeros((len(m), stop - start), dtype=np.int64)
    for c in range(start, stop):
        there = np.flatnonzero(m[q:, c])
        if not len(there):
            free.append(c)
            continue
        if there[0]:
            swapped = [q, q + int(there[0])]
            m[swapped], lower[swapped] = m[swapped[::-1]], lower[swapped[::-1]]
        factors = m[q + 1 :, c] * pow(int(m[q, c]), -1, p) % p
        lower[q + 1 :, q] = factors
        m[q + 1 :, c:stop] = (m[q + 1 :, c:stop] - factors[:, None] * m[q, c:stop]) % p
        pivots.append(c)
        q += 1
    return lower


def _solved(m: Columns, pivots: list[int], free: list[int]) -> Columns:
    """Return the free columns as combinations of those of the pivots, which are in echelon form."""
    p, left = prime(), m[:, free]
    for stop in range(len(pivots), 0, -_BLOCK):
        start = max(0, stop - _BLOCK)
        for i in range(stop - 1, start - 1, -1):
            left[i] = left[i] * pow(int(m[i, pivots[i]]), -1, p) % p
            above = slice(start, i)
            left[above] = (left[above] - m[above, pivots[i], None] * left[i]) % p
        if start:
            left[:start] = (left[:start] - _product(m[:start, pivots[start:stop]], left[start:stop])) % p
    return left


def _product(a: Columns, b: Columns) -> Columns:
    """Return a @ b for few inner columns: halves of 16 bits, whose products add up exactly in doubles."""
    p, mask = prime(), (1 << _HALF) - 1
    a_high, a_low, b_high, b_low = (
        part.astype(np.float64) for part in (a >> _HALF, a & mask, b >> _HALF, b & mask)
    )
    high, middle, low = (
        part.astype(np.int64) % p
        for part in (a_high @ b_high, a_high @ b_low + a_low @ b_high, a_low @ b_low)
    )
    return np.asarray(((((high << _HALF) + middle) % p << _HALF) + low) % p, dtype=np.int64)
