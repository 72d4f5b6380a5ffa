# SPDX-License-Identifier: Apache-2.0
"""The linear rules of plans over a small prime: what questions about linear forms are answered with.

Normative text: ``spec/disclosure.md``, "Linear forms".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from secrets import randbelow
from typing import cast

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..backend import Backend, IndexArray

__all__ = ["BACKEND", "Columns", "evaluate", "inverses", "keys", "prime", "reached", "vector"]

Columns = npt.NDArray[np.int64]
"""Numbers modulo the prime; the first axis counts elements, each of which is a row."""

_CHUNK = 1 << 22


@cache
def prime() -> int:
    """Return a random prime between 2^30 and 2^31, the same for the whole process.

    A program that knew it could hide an entry behind a factor that is 0 modulo the prime.  A factor that fits the field
    has at most 8 such prime divisors, of about 5 * 10^7.
    """
    while True:
        p = (1 << 30) + 2 * randbelow(1 << 29) + 1
        if all(_probably_prime(p, base) for base in (2, 3, 5, 7)):
            return p


def _probably_prime(p: int, base: int) -> bool:
    """Whether odd p passes the test of Miller and Rabin; no composite below 3,215,031,751 does for 2, 3, 5 and 7."""
    odd, twos = p - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    x = pow(base, odd, p)
    return x == 1 or any(pow(x, 1 << k, p) == p - 1 for k in range(twos))


class _SmallPrime:
    """The operations of ``Backend`` that linear rules use, on rows of numbers modulo the prime, all rows alike.

    An array has shape (n, k): k copies of the field, on which the rules act at once.  What stands in a plan is the same
    in all copies and has k = 1.  Products are below 2^62, and sums of up to 2^32 reduced numbers below 2^63.
    """

    name = "small prime"

    def fr_from_ints(self, values: Sequence[int]) -> Columns:
        p = prime()
        return np.array([v % p for v in values], dtype=np.int64).reshape(-1, 1)

    def fr_add(self, a: Columns, b: Columns) -> Columns:
        return _reduced(a + b)

    def fr_sub(self, a: Columns, b: Columns) -> Columns:
        return _reduced(a - b)

    def fr_neg(self, a: Columns) -> Columns:
        return _reduced(-a)

    def fr_mul(self, a: Columns, b: Columns) -> Columns:
        return _reduced(a * b)

    def fr_scale(self, a: Columns, s: int) -> Columns:
        return _reduced(a * (s % prime()))

    def fr_sum_axis(self, a: Columns, outer: int, n: int, inner: int) -> Columns:
        """View a as (outer, n, inner) and sum over the middle axis."""
        return _reduced(a.reshape(outer, n, inner, a.shape[1]).sum(axis=1).reshape(-1, a.shape[1]))

    def fr_combine(self, rows: Columns, weights: Columns) -> Columns:
        """View rows as (len(weights), c) and return weights @ rows."""
        n = len(weights)
        cube = rows.reshape(n, -1, rows.shape[1])
        out = np.zeros((cube.shape[1], max(rows.shape[1], weights.shape[1])), dtype=np.int64)
        step = max(1, _CHUNK // max(1, out.size))
        for at in range(0, n, step):
            part = _reduced(cube[at : at + step] * weights[at : at + step, None])
            out = _reduced(out + part.sum(axis=0))
        return out

    def fr_matvec(self, rows: Columns, v: Columns) -> Columns:
        """View rows as (m, len(v)) and return rows @ v."""
        columns = rows.reshape(-1, len(v), rows.shape[1]).swapaxes(0, 1)
        return self.fr_combine(columns.reshape(-1, rows.shape[1]), v)

    def fr_scatter_add(self, a: Columns, index: IndexArray, n: int) -> Columns:
        """Return out of length n with out[index[k]] += a[k]."""
        out = np.zeros((n, a.shape[1]), dtype=np.int64)
        np.add.at(out, index, a)
        return _reduced(out)


def _reduced(a: Columns) -> Columns:
    return np.asarray(a % prime(), dtype=np.int64)


# Whatever else a rule asked of the backend, it would fail loudly, for there is no such method.
BACKEND = cast(Backend, _SmallPrime())


def vector(rows: Columns) -> Vector:
    """Return numbers modulo the prime as a vector that linear rules act on; elements are rows."""
    return Vector(BACKEND, _reduced(rows))


def inverses(a: Columns) -> Columns:
    """Return the inverses modulo the prime, and 0 for 0."""
    inverse, power, exponent = np.ones_like(a), a, prime() - 2
    while exponent:
        if exponent & 1:
            inverse = inverse * power % prime()
        power, exponent = power * power % prime(), exponent >> 1
    return inverse


def keys(v: Vector) -> Columns:
    """Return what tells rows of three numbers apart that are not multiples of each other; -1 for rows of zeros.

    Rows that are multiples have the same key.  Others have, if their first numbers are random, with probability 2^-60.
    """
    rows, p = v.data, prime()
    inverse = inverses(rows[:, 0])
    found = (rows[:, 1] * inverse % p) << 31 | (rows[:, 2] * inverse % p)
    return np.where(rows.any(axis=1), found, -1)


def reached(targets: Iterable[int], made_of: Callable[[int], tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """Return, by position, the targets and all that they are made of, each with what that is."""
    needed: dict[int, tuple[int, ...]] = {}
    waiting = list(targets)
    while waiting:
        v = waiting.pop()
        if v not in needed:
            needed[v] = made_of(v)
            waiting.extend(needed[v])
    return needed


def evaluate(
    needed: Mapping[int, tuple[int, ...]], value: Callable[[int, list[Vector]], Vector], wanted: Iterable[int]
) -> dict[int, Vector]:
    """Return the values of the wanted nodes.

    ``needed`` has every node that is looked at, by position, with those that it is made of; ``value`` makes a node's
    value of theirs.  Values are dropped when nothing needs them any more.
    """
    uses = Counter(p for operands in needed.values() for p in operands)
    uses.update(set(wanted))
    values: dict[int, Vector] = {}
    for v in sorted(needed):
        values[v] = value(v, [values[p] for p in needed[v]])
        for p in needed[v]:
            uses[p] -= 1
            if not uses[p]:
                del values[p]
    return values
