# SPDX-License-Identifier: Apache-2.0
"""Groups of rows by public categories or edges: which row is in which group is secret, the groups are not.

Normative text: ``spec/library.md``, "Groups".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from math import prod
from operator import and_
from typing import TypeAlias, overload

import numpy as np

from ..tracing import Array, Opened, Operand, Secret, concat, fail, public_array, stack
from ._compare import complement, is_boolean
from ._digits import constants, public_values, tighten
from ._moments import Sums, average, check_ddof, opened, t_of
from ._naming import check_secret, named, text_of, units

__all__ = ["Groups", "group_by", "histogram"]

_Row: TypeAlias = dict[int, int]
"""The rows of a group: a sum of flags by number, with factors; number 0 is the flag that all rows have."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows in secret groups: counts, sums and means of each, as vectors in the order of the groups.

    ``flags`` holds zeros and ones, a line for each test that was made of the rows; ``weights`` says in public how
    the groups are made of all rows (column 0) and of those that passed a test.
    """

    flags: Secret
    weights: Array
    text: str

    def __len__(self) -> int:
        return len(self.weights)

    def count(self) -> Secret:
        """Return how many rows each group has.  Reveals nothing by itself; takes no gate."""
        n = self.flags.shape[1]
        everybody = constants(self.flags.builder, n, ())
        return named(self._of_groups(everybody, self.flags), f"rows {self.text}", self.flags)

    def sum(self, x: Secret) -> Secret:
        """Return the sum of x over each group.  Reveals nothing by itself; a gate a row and test."""
        self._check("sum", x)
        return named(
            self._of_groups(x.sum(), self.flags * x), f"sum of {text_of(x)} {self.text}", x, self.flags
        )

    @overload
    def mean(self, x: Secret, *, decimals: None = None, otherwise: None = None) -> Opened: ...
    @overload
    def mean(self, x: Secret, *, decimals: int, otherwise: Operand) -> Secret: ...
    def mean(
        self, x: Secret, *, decimals: int | None = None, otherwise: Operand | None = None
    ) -> Opened | Secret:
        """Return the mean of x in each group.

        Reveals the sums and the numbers of rows; undefined for a group without rows.  With ``decimals`` the means are
        secret, the nearest multiples of 10^-decimals, halves up, and ``otherwise`` for groups without rows.
        """
        total, n = self.sum(x), self.count()
        if decimals is None:
            return opened(total) / opened(n)
        rows = tighten(n, 0, self.flags.shape[1])
        found = average("group_by(…).mean", total, rows, x, decimals, otherwise)
        return named(found, f"mean of {text_of(x)} {self.text}", x, self.flags)

    def variance(self, x: Secret, *, ddof: int = 0) -> Opened:
        """Return the variance of x in each group, divisor its rows less ddof.

        Reveals the sums, the sums of squares and the numbers of rows; undefined where the divisor is 0.
        """
        check_ddof(ddof)
        n, total, squares = self._sums(x)
        return (squares - total * total / n) / (n - ddof)

    def t_statistic(self, x: Secret, *, equal_var: bool = True, places: int) -> Opened:
        """Return Student's t of the first group's mean less the second's, or Welch's for ``equal_var=False``.

        The statistic of ``scipy.stats.ttest_ind`` for two groups, rounded to ``places``, ties to even.  Reveals the
        sums, the sums of squares and the numbers of rows.
        """
        if len(self) != 2:
            fail(f"ts.group_by(…).t_statistic compares two groups, not {len(self)}")
        n, total, squares = self._sums(x)
        a, b = (Sums(n[k], total[k], squares[k]) for k in (0, 1))
        return t_of(a, b, equal_var=equal_var, places=places, decimals=x.decimals)

    def _sums(self, x: Secret) -> tuple[Opened, Opened, Opened]:
        """Open the numbers of rows, the sums and the sums of squares."""
        self._check("sum", x)
        own = self.flags * x
        squares = self._of_groups((x * x).sum() if self._needs_all else x.sum(), own * x)
        squares = named(squares, f"sum of {text_of(x)}^2 {self.text}", x, self.flags)
        return opened(self.count()), opened(self.sum(x)), opened(squares)

    @property
    def _needs_all(self) -> bool:
        return bool(self.weights[:, 0].any())

    def _of_groups(self, everybody: Secret, rows: Secret) -> Secret:
        """Return the groups' sums, given that of all rows and the entries that passed each test."""
        sums = rows.sum(axis=1)
        if self._needs_all:
            return concat([everybody.reshape(1), sums]).__rmatmul__(self.weights)
        plain = self.weights[:, 1:]
        same = plain.shape[0] == plain.shape[1] and (plain == np.eye(len(plain), dtype=object)).all()
        return sums if same else sums.__rmatmul__(plain)

    def _check(self, what: str, x: Secret) -> None:
        check_secret(f"group_by(…).{what}", x)
        if x.shape != (self.flags.shape[1],):
            fail(
                f"values of shape {x.shape} for {self.flags.shape[1]} rows in groups",
                hint="values are a vector with an entry for each key",
            )


def group_by(
    keys: Secret | Sequence[Secret],
    categories: Sequence[object] | None = None,
    *,
    edges: Sequence[Operand] | None = None,
) -> Groups:
    """Return the rows in groups: by public categories of their keys, or by public edges.

    With several keys, vectors of one length, a category is a sequence of as many values.  A row whose key is no
    category belongs to no group.  Edges make groups as in ``ts.histogram``.  One test of equality a key and
    category, or one comparison an edge, serves all counts, sums and means.
    """
    columns = [keys] if isinstance(keys, Secret) else list(keys) if isinstance(keys, Sequence) else [keys]
    for key in columns:
        check_secret("group_by", key)
        if key.ndim != 1 or key.shape != columns[0].shape:
            shapes = ", ".join(str(k.shape) for k in columns)
            fail(f"ts.group_by takes keys that are vectors of one length, not of shapes {shapes}")
    if not columns:
        fail("ts.group_by without keys")
    if (categories is None) == (edges is None):
        fail("ts.group_by takes either categories or edges=")
    tests = _Tests(columns[0])
    if edges is not None:
        if len(columns) > 1:
            fail("ts.group_by with edges= takes one key", hint="use categories, or multiply by a 0/1 column")
        groups = _between(tests, columns[0], edges)
    else:
        assert categories is not None
        if isinstance(categories, Secret) or not isinstance(categories, Iterable):
            fail(
                "the categories of ts.group_by are public, and several",
                hint="as in ts.group_by(key, [1, 2, 3])",
            )
        groups = _equal(tests, columns, [_values(c, columns) for c in categories])
    return tests.groups(groups, "by " + ", ".join(text_of(k) for k in columns))


def histogram(x: Secret, edges: Sequence[Operand]) -> Secret:
    """Return how many entries lie between public edges, as ``numpy.histogram``.

    A bin begins at its edge and ends before the next one, the last bin at the last edge; what lies outside is in no
    bin.  One comparison an entry and edge.  Reveals nothing by itself.
    """
    check_secret("histogram", x)
    flat = x.reshape(x.size)
    return group_by(flat, edges=edges).count().renamed(f"histogram of {x.origin.text}")


class _Tests:
    """The tests that have been made of the rows."""

    def __init__(self, rows: Secret) -> None:
        self._rows = rows
        self._flags: list[Secret] = []

    def passed(self, flag: Secret) -> _Row:
        """Return the rows for which a flag is 1."""
        known = public_values(flag.builder, flag.node)
        if known is not None and (known == known[:1]).all():
            return {0: int(known[0])} if len(known) and known[0] else {}
        self._flags.append(flag)
        return {len(self._flags): 1}

    def groups(self, rows: Sequence[_Row], text: str) -> Groups:
        n = self._rows.size
        flags = stack(self._flags) if self._flags else constants(self._rows.builder, 0, (1, n))
        weights = np.zeros((len(rows), len(flags) + 1), dtype=object)
        for group, row in enumerate(rows):
            for number, factor in row.items():
                weights[group, number] = factor
        return Groups(flags, weights, text)


def _less(a: _Row, b: _Row) -> _Row:
    return {k: v for k in a | b if (v := a.get(k, 0) - b.get(k, 0))}


# ---------------------------------------------------------------------------------------- edges


def _between(tests: _Tests, x: Secret, edges: Sequence[Operand]) -> list[_Row]:
    """Return the rows between edges: those that reached an edge without those that reached the next one."""
    hint = "as in ts.histogram(x, [0, 10, 20])"
    if isinstance(edges, Secret):
        fail("the edges of a histogram are public", hint=hint)
    numbers, decimals = public_array(edges)
    if numbers.ndim != 1 or len(numbers) < 2:
        fail(
            "a histogram has at least two edges",
            hint=f"a number of bins would depend on secrets; write {hint}",
        )
    if any(low >= high for low, high in pairwise(numbers)):
        fail("the edges of a histogram ascend")
    exact = [Fraction(int(v), 10**decimals) for v in numbers]
    reached = [tests.passed(x >= edge) for edge in exact[:-1]]
    return [_less(a, b) for a, b in pairwise([*reached, tests.passed(x > exact[-1])])]


# ---------------------------------------------------------------------------------------- categories


def _values(category: object, keys: Sequence[Secret]) -> tuple[int, ...]:
    """Return a category's values as integers in the units of the keys."""
    numbers, decimals = public_array(category)
    if numbers.size != len(keys):
        fail(f"a category of {numbers.size} values for {len(keys)} keys")
    found = []
    for key, number in zip(keys, numbers.reshape(-1), strict=True):
        scaled = Fraction(int(number), 10**decimals) * 10**key.decimals
        if scaled.denominator != 1:
            fail(f"keys of {key.decimals} decimals are never {Fraction(int(number), 10**decimals)}")
        found.append(int(scaled))
    return tuple(found)


def _equal(tests: _Tests, keys: Sequence[Secret], categories: Sequence[tuple[int, ...]]) -> list[_Row]:
    """Return the rows of each category; where no row is left for another key, the last one is all the others."""
    if not categories:
        fail("ts.group_by without categories")
    if len(set(categories)) < len(categories):
        fail("a category of ts.group_by occurs twice")
    within = [c for c in categories if all(k.low <= v <= k.high for k, v in zip(keys, c, strict=True))]
    complete = len(within) == prod(k.high - k.low + 1 for k in keys)
    groups = {}
    for category in within[: len(within) - complete]:
        flags = [_is(key, value) for key, value in zip(keys, category, strict=True)]
        groups[category] = tests.passed(reduce(and_, flags))
    if complete:
        groups[within[-1]] = reduce(_less, groups.values(), {0: 1})
    return [groups.get(category, {}) for category in categories]


def _is(key: Secret, value: int) -> Secret:
    """Return whether keys are equal to an integer in their units; zeros and ones are their own answer."""
    integers = units(key)
    if is_boolean(integers):
        return integers if value else complement(integers)
    return integers == value
