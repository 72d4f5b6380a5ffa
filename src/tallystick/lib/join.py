# SPDX-License-Identifier: Apache-2.0
"""Joins of members' columns by identifiers that nobody sees: ``ts.join.intersection_size`` and others.

Rows are put into an order that nobody knows, and every identifier x is opened as a tag 1/(k + x)*Q under a key k that
nobody knows: equal identifiers have equal tags, and nothing else can be told from tags.  Normative text, with what is
revealed and what it costs: ``spec/joins.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ..plan import Group, layers, switch_count
from ..tracing import (
    Opened,
    Secret,
    Tags,
    assert_zero,
    columns_of,
    common,
    concat,
    fail,
    hint,
    matching,
    matching_count,
    open_points,
    reveal,
    rowwise,
    shuffled,
)
from ._naming import units

__all__ = [
    "intersection_mean",
    "intersection_size",
    "intersection_sum",
    "matching_rows",
    "matching_values",
]


def intersection_size(*ids: Secret) -> Opened:
    """Return how many different identifiers occur in each of several members' columns.

    ``ids`` are two or more columns of different members, or values computed row by row from columns of one member each.
    An identifier that occurs several times in a column counts once.  Reveals, for every set of these columns, how many
    identifiers occur how often in each; not which, and not in which rows.
    """
    join = _join("intersection_size", ids)
    return common([column.tags for column in join.columns])


def matching_rows(*ids: Secret, of: Secret, minimum: int = 0) -> Opened:
    """Return how many rows of the column ``of``, one of ``ids``, have an identifier that occurs in all others.

    Undefined if fewer than ``minimum``.  Reveals what ``intersection_size`` reveals.
    """
    _check_minimum("matching_rows", minimum)
    join = _join("matching_rows", ids)
    own = join.column_of("matching_rows", of)
    return matching_count(own.tags, join.others(own), minimum=minimum)


def matching_values(*ids: Secret, values: Secret, minimum: int = 0) -> Secret:
    """Return ``values`` where the identifier occurs in all other columns and 0 elsewhere, in an order nobody knows.

    For sums with noise, weighted sums, and sums of several columns at once: it can be added up, multiplied by constants
    and revealed, and nothing else, because it is known only when tags have been opened.  All are 0 if fewer than
    ``minimum`` rows match.  Reveals what ``intersection_size`` reveals, and what is then revealed of it.
    """
    _check_minimum("matching_values", minimum)
    join = _join("matching_values", ids)
    own = join.column_of("matching_values", values)
    return matching(own.carry(values), own.tags, join.others(own), minimum=minimum)


def intersection_sum(*ids: Secret, values: Secret, minimum: int = 0) -> Opened:
    """Return the sum of ``values`` over those rows of their member whose identifier occurs in all other columns.

    In SQL: ``SELECT SUM(values) FROM b WHERE id IN (SELECT id FROM a)``.  ``values`` is a column of one of the members,
    or computed row by row from its columns.  If fewer than ``minimum`` rows match, nothing is added up and the result
    is undefined.  Reveals what ``intersection_size`` reveals, and the sum.
    """
    chosen = matching_values(*ids, values=values, minimum=minimum)
    join = _join("intersection_sum", ids)
    own = join.column_of("intersection_sum", values)
    total = reveal(chosen.sum(), label=join.label(values, own))
    if minimum < 1:
        return total
    rows = matching_count(own.tags, join.others(own), minimum=minimum)
    return total * (rows / rows)


def intersection_mean(*ids: Secret, values: Secret, minimum: int = 1) -> Opened:
    """Return the mean of ``values`` over the rows that ``intersection_sum`` adds up; undefined if there are none.

    Reveals what ``intersection_size`` reveals, and the sum.
    """
    total = intersection_sum(*ids, values=values, minimum=minimum)
    return total / matching_rows(*ids, of=values, minimum=minimum)


@dataclass(slots=True)
class _Column:
    """One member's side: its rows' order, the networks they go through, and the tags that come out."""

    member: int
    name: str
    ids: Secret
    order: int
    networks: tuple[Secret, ...]
    tags: Tags
    carried: dict[int, Secret]

    def carry(self, values: Secret) -> Secret:
        """Return values in the order of the tags.

        What is computed from a single column is computed afterwards, so that the column passes the networks once.
        """
        if len(columns_of(values)) == 1:
            return rowwise(values, self._carry_column)
        return _through(rowwise(values, lambda column: shuffled(column, self.order)), self.networks)

    def _carry_column(self, column: Secret) -> Secret:
        if column.node not in self.carried:
            self.carried[column.node] = _through(shuffled(column, self.order), self.networks)
        return self.carried[column.node]


@dataclass(frozen=True, slots=True)
class _Join:
    """Columns with tags under one key."""

    columns: tuple[_Column, ...]

    def others(self, own: _Column) -> list[Tags]:
        """Return the tags of all other columns."""
        return [column.tags for column in self.columns if column is not own]

    def column_of(self, what: str, values: Secret) -> _Column:
        """Return the column whose rows ``values`` belong to."""
        member = _owner(what, values, "values")
        own = next((column for column in self.columns if column.member == member), None)
        if own is None:
            fail(f"ts.join.{what}: the values are of a member that brings no identifiers")
        return own

    def label(self, values: Secret, own: _Column) -> str:
        """Return what the sum over matching rows is called."""
        others = " and ".join(column.name for column in self.columns if column is not own)
        text = f"sum of {values.origin.text} of {own.name} over the rows whose {own.ids.origin.text}"
        return f"{text} occurs at {others} ({own.ids.size} rows)"[:_MAX_LABEL]


_MAX_LABEL = 300


def _join(what: str, ids: Sequence[Secret]) -> _Join:
    """Return the join of these columns, the same one if a program asks again, in whatever order it names them."""
    if len(ids) < 2:
        fail(f"ts.join.{what} takes the identifiers of two or more members")
    owners = [_owner(what, column, "identifiers") for column in ids]
    if len(set(owners)) != len(owners):
        fail(f"ts.join.{what}: two columns of identifiers are of one member")
    if len({column.decimals for column in ids}) > 1:
        fail(
            f"ts.join.{what}: identifiers of different decimals", hint="give the coarser one more: .rescale()"
        )
    builder = ids[0].builder
    if any(column.builder is not builder for column in ids):
        fail("a secret of another trace", hint="do not keep secrets in global variables")
    ordered = sorted(zip(owners, ids, strict=True), key=lambda pair: pair[0])
    key = (_join, *(column.node for _, column in ordered))
    if key not in builder.memo:
        builder.memo[key] = _make([column for _, column in ordered], [owner for owner, _ in ordered])
    return cast(_Join, builder.memo[key])


def _make(ids: Sequence[Secret], owners: Sequence[int]) -> _Join:
    builder = ids[0].builder
    names = [builder.members[owner].name for owner in owners]
    order = builder.new_order()
    key = hint("random", parameters=(1,), n=1, boolean=False, builder=builder).reshape(())
    columns = []
    for column, owner, name in zip(ids, owners, names, strict=True):
        # The owner commits its rows in a random order, so each of the others need only hide it from the owner.
        n = column.size
        networks = tuple(
            hint("switches", parameters=(other, n), n=switch_count(n), boolean=True, builder=builder)
            for other in owners
            if other != owner and n > 1
        )
        entering = units(rowwise(column, lambda one: shuffled(one, order)))
        moved = _through(entering, networks)
        text = (
            f"which of {n} rows of {name} have equal {column.origin.text}, among themselves and with others, "
        )
        tags = _tags(moved, key, text + "in an order that nobody knows")
        columns.append(_Column(owner, name, column, order, networks, tags, {}))
    return _Join(tuple(columns))


def _tags(ids: Secret, key: Secret, label: str) -> Tags:
    """Open 1/(k + x)*Q for every x (Dodis and Yampolskiy, PKC 2005); the product with k + x must be 1."""
    shifted = ids + key
    inverse = hint("reciprocal", shifted, parameters=(), n=ids.size, boolean=False)
    assert_zero(shifted * inverse - 1)
    return open_points(inverse, label[:_MAX_LABEL])


def _through(column: Secret, networks: Sequence[Secret]) -> Secret:
    """Send a column through permutation networks, one after the other."""
    moved = column
    for settings in networks:
        moved = _permuted(moved, settings)
    return moved.renamed(column.origin.text)


def _permuted(column: Secret, settings: Secret) -> Secret:
    """Return the column in the order that the settings of ``spec/joins.md``, "The network", give it.

    Arrays hold all subnetworks of one size at one depth: wire by wire, the subnetwork counting fastest.
    """
    depths = layers(column.size)
    entering: list[dict[int, Secret]] = [{column.size: column.reshape(column.size, 1)}]
    for depth in depths[:-1]:
        below: dict[int, list[Secret]] = {}
        for group in depth:
            wires = entering[-1][group.size]
            if group.size > 1:
                upper, lower = _entered(group, wires, settings)
                below.setdefault(group.half, []).append(upper)
                below.setdefault(group.size - group.half, []).append(lower)
        entering.append({size: concat(parts, axis=1) for size, parts in below.items()})
    leaving = entering[-1]
    for depth, wires_in in zip(reversed(depths[:-1]), reversed(entering[:-1]), strict=True):
        taken = dict.fromkeys(leaving, 0)
        done = {}
        for group in depth:
            if group.size == 1:
                done[1] = wires_in[1]
                continue
            halves = []
            for size in (group.half, group.size - group.half):
                halves.append(leaving[size][:, taken[size] : taken[size] + group.blocks])
                taken[size] += group.blocks
            done[group.size] = _left(group, halves[0], halves[1], settings)
        leaving = done
    return leaving[column.size].reshape(column.size)


def _entered(group: Group, wires: Secret, settings: Secret) -> tuple[Secret, Secret]:
    """Switch wires (j, half + j) to the upper and the lower half; the last wire of an odd size stays below."""
    h = group.half
    crossed = settings[group.start : group.start + h * group.blocks].reshape(h, group.blocks)
    upper, lower = _switched(wires[:h], wires[h : 2 * h], crossed)
    return upper, concat([lower, wires[2 * h :]]) if group.size % 2 else lower


def _left(group: Group, upper: Secret, lower: Secret, settings: Secret) -> Secret:
    """Switch wire j of both halves to places j and half + j; the first pair of an even size stays as it is."""
    h, k = group.half, group.leaving
    if k:
        start = group.start + h * group.blocks
        crossed = settings[start : start + k * group.blocks].reshape(k, group.blocks)
        first, second = _switched(upper[h - k :], lower[h - k : h], crossed)
    if k == h:
        return concat([first, second, lower[h:]])
    if k == 0:
        return concat([upper, lower])
    return concat([upper[:1], first, lower[:1], second])


def _switched(a: Secret, b: Secret, crossed: Secret) -> tuple[Secret, Secret]:
    """Return (a, b), or (b, a) where crossed is 1: one gate an entry."""
    change = crossed * (b - a)
    return a + change, b - change


def _owner(what: str, column: Secret, kind: str) -> int:
    if not isinstance(column, Secret) or column.ndim != 1:
        fail(f"ts.join.{what} takes {kind} as columns of one member each")
    owners = frozenset[int]().union(*(one.origin.members for one in columns_of(column)))
    if len(owners) != 1:
        fail(f"ts.join.{what}: {kind} that depend on the tables of {len(owners)} members")
    (owner,) = owners
    if column.size != column.builder.members[owner].rows:
        fail(f"ts.join.{what}: {kind} that do not have one entry a row")
    return owner


def _check_minimum(what: str, minimum: int) -> None:
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < 0:
        fail(f"ts.join.{what}: minimum is a number of rows, not {minimum!r}")
