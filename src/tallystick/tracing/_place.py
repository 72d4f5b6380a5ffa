# SPDX-License-Identifier: Apache-2.0
"""Where what a program computes is at home, and where it crosses: ``share`` is placed here, and nowhere else.

Nobody has to trust this room: the plan says the homes, and every reader checks them (``spec/plan.md``, "Homes").  What
depends on one member's rows alone is computed by that member; what works row by row on the rows of several, by each on
its own; of what is linear in values of several members each one sums its own before it shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..plan import (
    HINTS,
    MAX_DIMENSIONS,
    Add,
    Concat,
    Constant,
    Draft,
    Hint,
    Home,
    HomeDraft,
    Input,
    InputBits,
    Interval,
    Linear,
    Matching,
    Matmul,
    Member,
    Mul,
    Neg,
    Node,
    Output,
    OwnBits,
    OwnInput,
    OwnNode,
    Part,
    Points,
    Scale,
    Share,
    Sub,
    Sum,
    Take,
    View,
    Zero,
    advice_of,
    advice_width,
    renumbered,
)

__all__ = ["place"]

_ELEMENTWISE = frozenset(("bits", "span", "copy", "inverse", "quotient", "ratio", "root"))
_MOST_FACTORS = 1 << 20
_GATES = (1 << 20) - (1 << 12)
"""The most gates of one part of a table, about: its proof is made, and checked, in memory of its own.

With those of one row more, by which parts differ, and two dummies they fit a sumcheck of 20 variables.
"""


# ---------------------------------------------------------------------------------------- where a value is


@dataclass(frozen=True, slots=True)
class _Known:
    """The value is a public constant."""


@dataclass(frozen=True, slots=True)
class _Joint:
    """A node of the joint computation."""

    node: int


@dataclass(frozen=True, slots=True)
class _At:
    """A node of one part's home."""

    part: int
    node: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """The entries of a ``_Split`` that one part holds: its node is a matrix of ``outer`` rows and ``m`` columns."""

    part: int
    node: int
    m: int


@dataclass(frozen=True, slots=True)
class _Split:
    """A matrix of ``outer`` rows whose columns belong to parts, one after the other."""

    outer: int
    pieces: tuple[_Piece, ...]

    @property
    def m(self) -> int:
        """Columns of the whole."""
        return sum(p.m for p in self.pieces)

    @property
    def kind(self) -> tuple[object, ...]:
        """What two of them have in common that are alike entry by entry."""
        return self.outer, tuple((p.part, p.m) for p in self.pieces)

    def starts(self) -> list[int]:
        """The first column of each piece."""
        return [sum(p.m for p in self.pieces[:k]) for k in range(len(self.pieces))]


@dataclass(frozen=True, slots=True)
class _Terms:
    """A sum of nodes of several parts."""

    terms: tuple[_At, ...]


_Value: TypeAlias = _Known | _Joint | _At | _Split | _Terms


class _Growing(Draft):
    """The joint nodes, while homes still grow."""

    def __init__(self, members: Sequence[Member], growing: Sequence[_Home]) -> None:
        super().__init__(members)
        self.growing = growing

    def shared(self, part: int, number: int) -> tuple[int, Interval]:
        home = self.growing[part]
        v = home.shares[number]
        return home.draft.lengths[v], home.draft.intervals[v]


class _Home:
    """One part's nodes, and what it shares."""

    def __init__(self, rows: int) -> None:
        self.draft = HomeDraft(rows, whole=True)
        self.shares: list[int] = []
        self.joint: dict[int, int] = {}
        self.known: dict[OwnNode, int] = {}
        self.constants: dict[int, int] = {}
        self.costs: dict[int, int] = {}

    def add(self, node: OwnNode) -> int:
        """Return the node's position, new or already there; hints that may differ are never the same."""
        if node not in self.known:
            self.known[node] = self.draft.add(node)
        return self.known[node]

    @property
    def shared(self) -> int:
        """How many entries are shared."""
        return sum(self.draft.lengths[v] for v in self.shares)

    def finish(self) -> Home:
        """Return the home of what is shared or asserted, and of all columns."""
        nodes = self.draft.nodes
        needed = set(self.shares) | {v for v, n in enumerate(nodes) if isinstance(n, Zero | OwnInput)}
        for v in range(len(nodes) - 1, -1, -1):
            if v in needed:
                needed.update(nodes[v].operands)
        new = {old: k for k, old in enumerate(sorted(needed))}
        return Home(
            self.draft.rows,
            tuple(renumbered(nodes[v], {"node": new}) for v in sorted(needed)),
            tuple(new[v] for v in self.shares),
        )


def place(flat: Draft) -> Draft:
    """Return the draft of a plan with homes from one without, whose inputs are whole columns.

    Tables whose proofs would be large are cut into parts, if that leaves the joint computation as it is, and if what
    is shared grows with the parts at most.
    """
    whole = _Placing(flat, {})
    cuts, most = {}, 1
    for (member, _), home in zip(whole.tables, whole.homes, strict=True):
        layout = home.draft.layout(home.shares)
        if layout.gates > 2 * _GATES:
            count = -(-layout.gates // _GATES)
            cuts[member], most = -(-home.draft.rows // count), max(most, count)
    if cuts:
        parts = _Placing(flat, cuts)
        if parts.gates <= whole.gates and parts.shared <= most * whole.shared:
            return parts.finish()
    return whole.finish()


class _Placing:
    """One attempt: ``cuts`` says how many rows a part of a member's table has, where it is cut."""

    def __init__(self, flat: Draft, cuts: dict[int, int]) -> None:
        self._flat = flat
        self._tables: dict[int, list[int]] = {}
        self.tables: list[tuple[int, int]] = []
        self.homes: list[_Home] = []
        for member in sorted({n.member for n in flat.nodes if isinstance(n, Input)}):
            rows = flat.members[member].rows
            size = cuts.get(member, rows) or 1
            for start in range(0, max(rows, 1), size):
                self._tables.setdefault(member, []).append(len(self.homes))
                self.tables.append((member, start))
                self.homes.append(_Home(min(size, rows - start)))
        self.joint = _Growing(flat.members, self.homes)
        self._known: dict[Node, int] = {}
        self._constants: dict[int, int] = {}
        self._crossed: dict[int, int] = {}
        self._values: list[_Value] = []
        for v, node in enumerate(flat.nodes):
            self._values.append(self._place(v, node))

    @property
    def gates(self) -> int:
        """How many gates are computed jointly."""
        lengths = self.joint.lengths
        return sum(
            n for node, n in zip(self.joint.nodes, lengths, strict=True) if isinstance(node, Mul | Hint)
        )

    @property
    def shared(self) -> int:
        """How many entries members share."""
        return sum(home.shared for home in self.homes)

    def finish(self) -> Draft:
        """Return the draft with its homes, equal ones once.

        Where nothing is shared at all, because results follow from intervals and numbers of rows, the first part shares
        a zero: a computation without any value would have nothing to prove.
        """
        if self.homes and not self.gates and not self.shared:
            self.homes[0].shares.append(self.homes[0].add(Constant((0,))))
        for growing in self.homes:
            if not growing.shared and growing.draft.layout(growing.shares).zeros:
                # Where nothing is left but an assertion about numbers that nobody chooses, a proof needs a row.
                growing.shares.append(growing.add(Constant((0,))))
        homes: dict[bytes, int] = {}
        listed: list[Home] = []
        parts: list[Part] = []
        for (member, _), growing in zip(self.tables, self.homes, strict=True):
            home = growing.finish()
            if home.to_key() not in homes:
                homes[home.to_key()] = len(listed)
                listed.append(home)
            parts.append(Part(member, homes[home.to_key()]))
        self.joint.homes, self.joint.parts = listed, parts
        self._check_hints()
        return self.joint

    def _check_hints(self) -> None:
        """Raise ``ValueError`` for a hint about a value too wide to be masked: of sums of several homes' values, hulls
        over factors may be wider than those that tracing knew.
        """
        limit = advice_width(len(self.joint.members))
        for v, node in enumerate(self.joint.nodes):
            if isinstance(node, Hint):
                intervals = [self.joint.intervals[p] for p in node.arguments]
                width = advice_of(node.kind, node.parameters).width(intervals)
                if width > limit:
                    raise ValueError(
                        f"node {v} ({node.kind}): digits of a value of {width} bits; {limit} can be masked"
                    )

    # ------------------------------------------------------------------ one node
    def _place(self, v: int, node: Node) -> _Value:
        match node:
            case Constant():
                return _Known()
            case Input():
                return self._column(node)
            case InputBits(source):
                return self._each(self._values[source], OwnBits, self._flat.nodes[source])
            case Output() | Points() | Matching() | Share():
                return self._jointly(node)
            case Hint() if HINTS[node.kind].joint:
                return self._jointly(node)
            case _:
                pass
        operands = [self._values[p] for p in node.operands]
        moving = [x for x in operands if not isinstance(x, _Known)]
        if not moving:
            return _Known() if isinstance(node, Linear) else self._jointly(node)
        first = moving[0]
        if isinstance(first, _At) and all(isinstance(x, _At) and x.part == first.part for x in moving):
            return self._at_home(first.part, node)
        return self._apart(v, node, operands, moving) or self._jointly(node)

    def _column(self, node: Input) -> _Value:
        pieces = []
        for part in self._tables[node.member]:
            home = self.homes[part]
            own = OwnInput(node.name, home.draft.rows, node.low, node.high, node.decimals, node.order)
            pieces.append(_Piece(part, home.add(own), home.draft.rows))
        return _split(1, pieces)

    def _each(self, value: _Value, make: Callable[[int], OwnNode], column: Node) -> _Value:
        """Apply an operation to what every part has of a column."""
        assert isinstance(column, Input)
        assert isinstance(value, _At | _Split)
        if isinstance(value, _At):
            return _At(value.part, self.homes[value.part].add(make(value.node)))
        return _split(
            1,
            [_Piece(p.part, self.homes[p.part].add(make(p.node)), p.m * column.bits) for p in value.pieces],
        )

    def _at_home(self, part: int, node: Node) -> _Value:
        """Add the same operation to a home that all its operands are at."""
        new = {}
        for p in node.operands:
            value = self._values[p]
            new[p] = value.node if isinstance(value, _At) else self._constant_at(part, p)
        return _At(part, self._add_home(part, renumbered(node, {"node": new})))

    def _add_home(self, part: int, node: Node | OwnNode) -> int:
        assert not isinstance(node, Input | InputBits | Share | Output | Points | Matching)
        return self.homes[part].add(node)

    def _jointly(self, node: Node) -> _Value:
        new = {p: self._to_joint(p) for p in node.operands}
        if isinstance(node, Mul):
            for a, b in ((node.a, node.b), (node.b, node.a)):
                new[a] = self._chosen(a, b, new[a])
        return _Joint(self._add_joint(renumbered(node, {"node": new})))

    def _add_joint(self, node: Node) -> int:
        same = not isinstance(node, Hint) or HINTS[node.kind].deterministic
        if not same or node not in self._known:
            self.joint.add(node)
            self._known[node] = len(self.joint.nodes) - 1
            return len(self.joint.nodes) - 1
        return self._known[node]

    def _chosen(self, v: int, by: int, node: int) -> int:
        """Return the operand of a product as a difference, where the other says which of two values is chosen.

        The interval of the choice is recognised by that (``spec/plan.md``, "Choices").
        """
        interval, difference = self._flat.intervals[by], self._flat.nodes[v]
        if not isinstance(difference, Sub) or interval is None or interval[0] < 0 or interval[1] > 1:
            return node
        return self._add_joint(Sub(self._to_joint(difference.a), self._to_joint(difference.b)))

    # ------------------------------------------------------------------ crossings
    def _to_joint(self, v: int) -> int:
        """Return the joint node of a flat node's value, shared where it is at home, where it stays as well."""
        value = self._values[v]
        if isinstance(value, _Joint):
            return value.node
        if v not in self._crossed:
            self._crossed[v] = self._cross(v, value)
        return self._crossed[v]

    def _cross(self, v: int, value: _Known | _At | _Split | _Terms) -> int:
        match value:
            case _Known():
                return self._constant_joint(v)
            case _At(part, node):
                joint = self._share(part, node)
            case _Terms(terms):
                joint = self._share(terms[0].part, terms[0].node)
                for term in terms[1:]:
                    joint = self._add_joint(Add(joint, self._share(term.part, term.node)))
            case _Split(outer, pieces):
                shared = [
                    self._share(
                        p.part,
                        self._add_home(p.part, _transposed(p.node, outer, p.m)) if outer > 1 else p.node,
                    )
                    for p in pieces
                ]
                joint = self._add_joint(Concat(tuple(shared)))
                if outer > 1:
                    joint = self._add_joint(_transposed(joint, value.m, outer))
        return joint

    def _share(self, part: int, node: int) -> int:
        """Return the joint node of a home's node: shared itself, or made of what is shared of fewer entries."""
        home = self.homes[part]
        if node not in home.joint:
            operation = home.draft.nodes[node]
            if isinstance(operation, Constant):
                home.joint[node] = self._add_joint(operation)
            elif self._cost(home, node) < home.draft.lengths[node] or self._moves_on(home, operation, node):
                new = {p: self._share(part, p) for p in operation.operands}
                assert not isinstance(operation, OwnInput | OwnBits)
                home.joint[node] = self._add_joint(renumbered(operation, {"node": new}))
            else:
                home.shares.append(node)
                home.joint[node] = self._add_joint(Share(part, len(home.shares) - 1))
            home.costs.clear()
        return home.joint[node]

    def _cost(self, home: _Home, node: int) -> int:
        """Return how many more entries a home shares for this node at least."""
        if node in home.joint:
            return 0
        if node not in home.costs:
            operation, n = home.draft.nodes[node], home.draft.lengths[node]
            if isinstance(operation, Constant):
                n = 0
            elif isinstance(operation, Linear):
                n = min(n, sum(self._cost(home, p) for p in set(operation.operands)))
            home.costs[node] = n
        return home.costs[node]

    def _moves_on(self, home: _Home, operation: OwnNode, node: int) -> bool:
        """Whether as many entries of one operand do as well: others may be made of it, too."""
        return (
            isinstance(operation, Linear)
            and self._cost_of_operands(home, operation) <= home.draft.lengths[node]
            and (sum(not isinstance(home.draft.nodes[p], Constant) for p in set(operation.operands)) == 1)
        )

    def _cost_of_operands(self, home: _Home, operation: OwnNode) -> int:
        return sum(self._cost(home, p) for p in set(operation.operands))

    def _constant_joint(self, v: int) -> int:
        if v not in self._constants:
            node = self._flat.nodes[v]
            new = {p: self._constant_joint(p) for p in node.operands}
            self._constants[v] = self._add_joint(renumbered(node, {"node": new}))
        return self._constants[v]

    def _constant_at(self, part: int, v: int) -> int:
        home = self.homes[part]
        if v not in home.constants:
            node = self._flat.nodes[v]
            new = {p: self._constant_at(part, p) for p in node.operands}
            home.constants[v] = self._add_home(part, renumbered(node, {"node": new}))
        return home.constants[v]

    # ------------------------------------------------------------------ every part by itself
    def _apart(
        self, v: int, node: Node, operands: Sequence[_Value], moving: Sequence[_Value]
    ) -> _Value | None:
        """Return the value if every part can compute what it has of it, else None."""
        if any(isinstance(x, _Joint) for x in moving):
            return None
        if isinstance(node, Concat):
            return self._concatenated(node, operands)
        if any(isinstance(x, _At | _Terms) for x in moving):
            return self._of_terms(node, operands)
        first = moving[0]
        assert isinstance(first, _Split)
        match node:
            case Add() | Sub() | Mul() | Zero() | Neg() | Hint():
                return self._row_by_row(node, operands, first)
            case Scale():
                return self._scaled(node, first)
            case Sum():
                return self._summed(node, first)
            case View():
                return self._viewed(node, first)
            case Take():
                return self._taken(node, first)
            case Matmul():
                return self._multiplied(node, first)
            case _:
                return None

    def _row_by_row(self, node: Node, operands: Sequence[_Value], first: _Split) -> _Value | None:
        if isinstance(node, Hint) and node.kind not in _ELEMENTWISE:
            return None
        if any(isinstance(x, _Split) and x.kind != first.kind for x in operands):
            return None
        each = 1
        if isinstance(node, Hint):
            n = self._flat.lengths[node.arguments[0]]
            each = node.n // n if n else 1
        pieces = []
        for k, piece in enumerate(first.pieces):
            new = {}
            for p, value in zip(node.operands, operands, strict=True):
                if isinstance(value, _Split):
                    new[p] = value.pieces[k].node
                else:
                    new[p] = self._constant_piece(piece.part, p, first, k)
            own = renumbered(node, {"node": new})
            if isinstance(own, Hint):
                own = replace(own, n=first.outer * piece.m * each)
            pieces.append(_Piece(piece.part, self._add_home(piece.part, own), piece.m * each))
        return _Split(first.outer, tuple(pieces))

    def _constant_piece(self, part: int, v: int, like: _Split, k: int) -> int:
        """Return the entries of a constant that belong to piece k."""
        piece, start = like.pieces[k], like.starts()[k]
        node = self._flat.nodes[v]
        if isinstance(node, View):
            cut = _cut_constant(node, like.outer, like.m, piece.m)
            if cut is not None:
                return self._add_home(part, replace(cut, a=self._constant_at(part, node.a)))
        entries = _entries(self._flat, v).reshape(like.outer, like.m)[:, start : start + piece.m].reshape(-1)
        return self._add_home(part, Constant(tuple(int(x) for x in entries)))

    def _scaled(self, node: Scale, of: _Split) -> _Value | None:
        period = len(node.factors) * node.inner
        if period == 1 or all(p.m % period == 0 for p in of.pieces):
            return self._pieces(of, lambda p, _: replace(node, a=p.node))
        if node.inner % of.m == 0:
            return self._pieces(of, lambda p, _: replace(node, a=p.node, inner=node.inner // of.m * p.m))
        if of.outer * of.m > _MOST_FACTORS:
            return None
        places = np.arange(of.outer * of.m) // node.inner % len(node.factors)
        table = places.reshape(of.outer, of.m)

        def own(p: _Piece, start: int) -> Node:
            chosen = table[:, start : start + p.m].reshape(-1).tolist()
            return Scale(p.node, tuple(node.factors[i] for i in chosen), 1)

        return self._pieces(of, own)

    def _summed(self, node: Sum, of: _Split) -> _Value | None:
        outer, n, inner = node.outer, node.n, node.inner
        chunk = n * inner
        if outer % of.outer == 0 and chunk and all(p.m % chunk == 0 for p in of.pieces):
            pieces = [
                _Piece(
                    p.part, self._add_home(p.part, Sum(p.node, of.outer * p.m // chunk, n, inner)), p.m // n
                )
                for p in of.pieces
            ]
            return _split(of.outer, pieces)
        if of.m and inner % of.m == 0:
            pieces = [
                _Piece(p.part, self._add_home(p.part, Sum(p.node, outer, n, inner // of.m * p.m)), p.m)
                for p in of.pieces
            ]
            return _split(outer * (inner // of.m), pieces)
        if of.m and chunk % of.m == 0 and all(p.m % inner == 0 for p in of.pieces):
            return self._total(
                (p.part, Sum(p.node, outer, chunk // of.m * p.m // inner, inner)) for p in of.pieces
            )
        return None

    def _viewed(self, node: View, of: _Split) -> _Value | None:
        if min(node.strides, default=0) < 0 or not of.m or prod(node.shape) == 0:
            return None
        first, offset = divmod(node.offset, of.m)
        within = [k for k, s in enumerate(node.strides) if s % of.m and node.shape[k] > 1]
        if not within:
            piece, start = next(
                (p, s) for p, s in zip(of.pieces, of.starts(), strict=True) if s <= offset < s + p.m
            )
            strides = tuple(s // of.m * piece.m for s in node.strides)
            view = View(piece.node, node.shape, first * piece.m + offset - start, strides)
            return _At(piece.part, self._add_home(piece.part, view))
        # The entries of one index of this dimension, wherever the others stand, have to be in one piece.
        row = max(within, key=lambda k: node.strides[k])
        stride = node.strides[row]
        if offset + stride * (node.shape[row] - 1) >= of.m:
            exact = of.m % stride == 0 and offset < stride
            return self._viewed_across(node, of, row, of.m // stride) if exact else None
        reach = sum(node.strides[k] * (node.shape[k] - 1) for k in within if k != row)
        begins = offset + stride * np.arange(node.shape[row], dtype=np.int64)
        starts = np.array(of.starts(), dtype=np.int64)
        owner = np.searchsorted(starts, begins, side="right") - 1
        ends = starts + np.array([p.m for p in of.pieces], dtype=np.int64)
        if (begins + reach >= ends[owner]).any():
            return None
        width, pieces = prod(node.shape[row + 1 :]), []
        for k in np.unique(owner).tolist():
            p, own = of.pieces[k], begins[owner == k]
            shape = (*node.shape[:row], len(own), *node.shape[row + 1 :])
            strides = tuple(
                0 if d == 1 else s if i in within else s // of.m * p.m
                for i, (s, d) in enumerate(zip(node.strides, shape, strict=True))
            )
            view = View(p.node, shape, first * p.m + int(own[0] - starts[k]), strides)
            pieces.append(_Piece(p.part, self._add_home(p.part, view), len(own) * width))
        return _split(prod(node.shape[:row]), pieces)

    def _viewed_across(self, node: View, of: _Split, row: int, across: int) -> _Value | None:
        """Apply a view one of whose axes runs through several rows of the matrix, as one with an axis for these."""
        rows, rest = divmod(node.shape[row], across)
        if rest or len(node.shape) == MAX_DIMENSIONS:
            return None
        shape = (*node.shape[:row], rows, across, *node.shape[row + 1 :])
        strides = (*node.strides[:row], of.m, *node.strides[row:])
        return self._viewed(replace(node, shape=shape, strides=strides), of)

    def _taken(self, node: Take, of: _Split) -> _Value | None:
        if of.outer > 1 or not node.indices:
            return None
        indices, starts = np.array(node.indices, dtype=np.int64), of.starts()
        owner = np.searchsorted(np.array(starts), indices, side="right") - 1
        if (np.diff(owner) < 0).any():
            return None
        pieces = []
        for k in np.unique(owner).tolist():
            p, own = of.pieces[k], indices[owner == k] - starts[k]
            taken = self._add_home(p.part, Take(p.node, tuple(own.tolist())))
            pieces.append(_Piece(p.part, taken, len(own)))
        return _split(1, pieces)

    def _multiplied(self, node: Matmul, of: _Split) -> _Value | None:
        rows, columns, inner = node.rows, node.columns, node.inner
        if of.m and inner % of.m == 0:
            each = inner // of.m
            pieces = [
                _Piece(p.part, self._add_home(p.part, replace(node, a=p.node, inner=each * p.m)), p.m)
                for p in of.pieces
            ]
            return _split(rows * each, pieces)
        if of.outer == 1 and all(p.m % inner == 0 for p in of.pieces):
            matrix = np.array(node.entries, dtype=object).reshape(rows, columns)
            products, start = [], 0
            for p in of.pieces:
                own = matrix[:, start : start + p.m // inner]
                start += p.m // inner
                entries = tuple(own.reshape(-1).tolist())
                products.append((p.part, Matmul(p.node, rows, p.m // inner, inner, entries)))
            return self._total(products)
        return None

    def _concatenated(self, node: Concat, operands: Sequence[_Value]) -> _Value | None:
        if any(isinstance(x, _Terms) for x in operands):
            return None
        splits = [x for x in operands if isinstance(x, _Split)]
        if splits and all(isinstance(x, _Split | _Known) for x in operands):
            first = splits[0]
            alike = all(x.kind[1] == first.kind[1] for x in splits)
            lengths = [self._flat.lengths[p] for p in node.parts]
            if alike and first.m and all(n % first.m == 0 for n in lengths):
                outers = [n // first.m for n in lengths]
                pieces = []
                for k, piece in enumerate(first.pieces):
                    parts = []
                    for p, value, outer in zip(node.parts, operands, outers, strict=True):
                        if isinstance(value, _Split):
                            parts.append(value.pieces[k].node)
                        elif outer:
                            parts.append(self._constant_piece(piece.part, p, _Split(outer, first.pieces), k))
                    pieces.append(
                        _Piece(piece.part, self._add_home(piece.part, Concat(tuple(parts))), piece.m)
                    )
                return _split(sum(outers), pieces)
        pieces = []
        for p, value in zip(node.parts, operands, strict=True):
            n = self._flat.lengths[p]
            match value:
                case _At(part, own):
                    pieces += [_Piece(part, own, n)] if n else []
                case _Split(1, own_pieces):
                    pieces += own_pieces
                case _Known() if not n:
                    pass
                case _:
                    return None
        return _split(1, pieces) if pieces else None

    # ------------------------------------------------------------------ sums of what several have
    def _of_terms(self, node: Node, operands: Sequence[_Value]) -> _Value | None:
        """Apply a linear operation to sums of several homes' values, term by term."""
        if not isinstance(node, Linear) or isinstance(node, Concat):
            return None
        if isinstance(node, Add | Sub):
            terms: list[_At] = []
            known: list[tuple[int, bool]] = []
            for k, (p, value) in enumerate(zip(node.operands, operands, strict=True)):
                minus = isinstance(node, Sub) and k == 1
                match value:
                    case _At() | _Terms():
                        own = (value,) if isinstance(value, _At) else value.terms
                        terms += [
                            _At(t.part, self._add_home(t.part, Neg(t.node))) if minus else t for t in own
                        ]
                    case _Known():
                        known.append((p, minus))
                    case _:
                        return None
            merged = self._merged(terms)
            for p, minus in known:
                first, constant = merged[0], self._constant_at(merged[0].part, p)
                pair = Sub if minus else Add
                merged = (
                    _At(first.part, self._add_home(first.part, pair(first.node, constant))),
                    *merged[1:],
                )
            return merged[0] if len(merged) == 1 else _Terms(merged)
        (value,) = operands
        if not isinstance(value, _Terms):
            return None
        (p,) = node.operands
        return self._total((t.part, renumbered(node, {"node": {p: t.node}})) for t in value.terms)

    def _total(self, nodes: Iterable[tuple[int, Node]]) -> _Value:
        merged = self._merged([_At(part, self._add_home(part, node)) for part, node in nodes])
        return merged[0] if len(merged) == 1 else _Terms(merged)

    def _merged(self, terms: Sequence[_At]) -> tuple[_At, ...]:
        """Add up the terms of each home."""
        sums: dict[int, int] = {}
        for t in terms:
            sums[t.part] = self._add_home(t.part, Add(sums[t.part], t.node)) if t.part in sums else t.node
        return tuple(_At(part, node) for part, node in sums.items())

    def _pieces(self, of: _Split, make: Callable[[_Piece, int], Node]) -> _Value:
        """Return what an operation, made from each piece and its first column, does to every piece."""
        pairs = zip(of.pieces, of.starts(), strict=True)
        return _Split(
            of.outer,
            tuple(_Piece(p.part, self._add_home(p.part, make(p, start)), p.m) for p, start in pairs),
        )


def _split(outer: int, pieces: Sequence[_Piece]) -> _Value:
    """Return the pieces as a value: of one home, if there is only one."""
    if len(pieces) == 1:
        return _At(pieces[0].part, pieces[0].node)
    return _Split(outer, tuple(pieces))


def _transposed(v: int, rows: int, columns: int) -> View:
    """Return a matrix of node v's entries with rows and columns exchanged."""
    strides = (1 if columns > 1 else 0, columns if rows > 1 else 0)
    return View(v, (columns, rows), 0, strides)


def _cut_constant(node: View, outer: int, m: int, part: int) -> View | None:
    """Return a view of a constant for ``part`` of m columns, if it is the same for all rows; without operand."""
    at, before = 0, 1
    while at < len(node.shape) and before < outer:
        before *= node.shape[at]
        at += 1
    width = prod(node.shape[at + 1 :])
    if before != outer or at == len(node.shape) or node.strides[at] or part % width:
        return None
    return replace(node, shape=(*node.shape[:at], part // width, *node.shape[at + 1 :]))


def _entries(flat: Draft, v: int) -> npt.NDArray[np.object_]:
    """Return the entries of a constant of the flat draft."""
    node = flat.nodes[v]
    out: npt.NDArray[np.object_]
    match node:
        case Constant(values):
            out = np.empty(len(values), dtype=object)
            out[:] = values
        case View(a) | Take(a):
            out = _entries(flat, a)[node.picked()]
        case Add(a, b):
            out = _entries(flat, a) + _entries(flat, b)
        case Sub(a, b):
            out = _entries(flat, a) - _entries(flat, b)
        case Neg(a):
            out = -_entries(flat, a)
        case Scale(a, factors, inner):
            x = _entries(flat, a)
            by = np.array(factors, dtype=object)
            out = x * by[np.arange(len(x)) // inner % len(factors)]
        case Sum(a, outer, n, inner):
            out = _entries(flat, a).reshape(outer, n, inner).sum(axis=1).reshape(-1)
        case Concat(parts):
            out = np.concatenate([_entries(flat, p) for p in parts])
        case Matmul(a, rows, columns, inner, entries):
            matrix = np.array(entries, dtype=object).reshape(rows, columns)
            out = np.dot(matrix, _entries(flat, a).reshape(columns, inner)).reshape(-1)
        case _:
            raise TypeError(f"{node.op} is not a constant")
    return out
