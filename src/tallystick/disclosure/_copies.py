# SPDX-License-Identifier: Apache-2.0
"""Which opened values are entries of inputs as they are: opening one would show what a member put into a row.

A public factor and public summands do not hide an entry, nor do sums in which everything else cancels, so this is
decided on linear forms.  Every entry of an input, a gate or advice stands for an unknown; unknowns get values at
random modulo a prime, three times over, and an entry of a node is a multiple of a single entry of an input exactly
if its three values are those of that entry up to one factor (with negligible probability of error).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from ..algebra import Vector
from ..plan import (
    Constant,
    Hint,
    Input,
    InputBits,
    Interval,
    Linear,
    Matching,
    Mul,
    Node,
    Output,
    Points,
    Zero,
)
from ._small_prime import BACKEND, Columns, evaluate, keys, prime, reached, vector

__all__ = ["copied_inputs", "sources"]

_TIMES = 3


def sources(nodes: Sequence[Node]) -> list[frozenset[int]]:
    """Return the members that each node depends on."""
    found: list[frozenset[int]] = []
    for node in nodes:
        own = [node.member] if isinstance(node, Input) else []
        found.append(frozenset(own).union(*(found[p] for p in node.operands)))
    return found


def copied_inputs(
    nodes: Sequence[Node],
    lengths: Sequence[int],
    intervals: Sequence[Interval],
    targets: Sequence[int],
    *,
    limit: int | None = None,
) -> list[frozenset[int]] | None:
    """Return, for each target, the inputs of which it has an entry as it is, up to a public factor and summand.

    None if more than ``limit`` entries would have to be looked at.  Entries of inputs that can only have one value
    are public.
    """
    forms = _Forms(nodes, lengths, intervals, targets)
    if limit is not None and forms.work > limit:
        return None
    return forms.copied()


class _Forms:
    """The linear forms of some nodes and of all that these are made of, at random points."""

    def __init__(
        self,
        nodes: Sequence[Node],
        lengths: Sequence[int],
        intervals: Sequence[Interval],
        targets: Sequence[int],
    ) -> None:
        self._nodes, self._lengths, self._intervals = nodes, lengths, intervals
        self._targets = targets
        self._public: dict[int, bool] = {}
        self._needed = reached(targets, self._made_of)
        self._digits = {n.source for v in self._needed if isinstance(n := nodes[v], InputBits)}
        self.work = sum(lengths[v] for v in self._needed)

    def copied(self) -> list[frozenset[int]]:
        """Return the inputs of which each target has an entry."""
        known, owners = self._table()
        values = evaluate(self._needed, self._value, self._targets)
        return [frozenset(owners[_found(keys(values[v]), known)].tolist()) for v in self._targets]

    def _table(self) -> tuple[Columns, Columns]:
        """Return the keys of all entries of inputs in order, and which input each is of."""
        inputs = [v for v in self._needed if isinstance(self._nodes[v], Input)]
        empty = np.zeros(0, dtype=np.int64)
        known = [keys(self._value(v, [])) for v in inputs]
        owners = [np.full(len(k), v, dtype=np.int64) for v, k in zip(inputs, known, strict=True)]
        joined = np.concatenate([empty, *known])
        order = np.argsort(joined)
        return joined[order], np.concatenate([empty, *owners])[order]

    def _made_of(self, v: int) -> tuple[int, ...]:
        """Return what the form of node v is made of; nothing for an unknown."""
        node = self._nodes[v]
        match node:
            case Linear():
                return node.operands
            case Matching(a):
                return (a,)
            case Mul(a, b):
                boolean = self._intervals[a] is not None and self._intervals[a] in ((0, 0), (0, 1), (1, 1))
                # The square of 0 or 1 is itself; with a public factor a gate is as linear as ``scale``.
                linear = (a == b and boolean) or self._is_public(a) or self._is_public(b)
                return (a, b) if linear else ()
            case Hint():
                return node.operands if node.kind == "copy" else ()
            case Input() | InputBits() | Constant():
                return ()
            case Zero() | Output() | Points():
                raise TypeError(f"{node.op} has no value")
            case _:
                assert_never(node)

    def _is_public(self, v: int) -> bool:
        """Whether node v is made of constants alone, by linear operations."""
        if v not in self._public:
            waiting, seen, public = [v], {v}, True
            while waiting and public:
                node = self._nodes[waiting.pop()]
                if isinstance(node, Linear):
                    waiting.extend(set(node.operands) - seen)
                    seen.update(node.operands)
                else:
                    public = isinstance(node, Constant)
            self._public[v] = public
        return self._public[v]

    def _constant(self, v: int) -> Vector:
        """Return the values of a public node."""

        def value(p: int, operands: list[Vector]) -> Vector:
            node = self._nodes[p]
            if isinstance(node, Constant):
                return Vector.from_ints(BACKEND, node.values)
            assert isinstance(node, Linear)
            return node.forward(operands)

        needed = reached([v], lambda p: self._nodes[p].operands)
        return evaluate(needed, value, [v])[v]

    def _unknowns(self, v: int, n: int) -> Vector:
        return vector(np.random.default_rng(v).integers(1, prime(), (n, _TIMES), dtype=np.int64))

    def _bits(self, v: int) -> Vector:
        """Return the unknowns that stand for the digits of input v."""
        node = self._nodes[v]
        assert isinstance(node, Input)
        return self._unknowns(v, node.n * node.bits)

    def _zeros(self, n: int) -> Vector:
        return vector(np.zeros((n, _TIMES), dtype=np.int64))

    def _value(self, v: int, operands: list[Vector]) -> Vector:
        """Return the linear part of node v: its value where unknowns have theirs and constants are 0."""
        node, n = self._nodes[v], self._lengths[v]
        match node:
            case Linear():
                return node.forward(operands)
            case Matching():
                return operands[0]
            case Mul(a, b):
                if not operands:
                    return self._unknowns(v, n)
                if a == b:
                    return operands[0]
                factor, other = (a, 1) if self._is_public(a) else (b, 0)
                return operands[other] * self._constant(factor)
            case Hint():
                return operands[0] if operands else self._unknowns(v, n)
            case Input():
                if node.low == node.high:
                    return self._zeros(n)
                if v not in self._digits:
                    return self._unknowns(v, n)
                weights = Vector.from_ints(BACKEND, [1 << i for i in range(node.bits)])
                return self._bits(v).matvec(weights)
            case InputBits(source):
                return self._bits(source)
            case Constant():
                return self._zeros(n)
            case Zero() | Output() | Points():
                raise TypeError(f"{node.op} has no value")
            case _:
                assert_never(node)


def _found(own: Columns, table: Columns) -> Columns:
    """Return the places in the table of those keys that it has."""
    known = own[own >= 0]
    places = np.searchsorted(table, known)
    places, known = places[places < len(table)], known[places < len(table)]
    return np.asarray(places[table[places] == known], dtype=np.int64)
