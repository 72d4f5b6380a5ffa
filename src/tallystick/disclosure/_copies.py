"""Which opened values are entries of inputs as they are: opening one would show what a member put into a row.

A public factor and public summands do not hide an entry, nor do sums in which everything else cancels, so this is
decided on linear forms.  Every entry of an input, a gate or advice stands for an unknown; unknowns get values at
random modulo a prime, three times over, and an entry of a node is a multiple of a single entry of an input exactly
if its three values are those of that entry up to one factor (with negligible probability of error).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..plan import (
    Add,
    Concat,
    Constant,
    Hint,
    Input,
    InputBits,
    Interval,
    Matching,
    Matmul,
    Mul,
    Neg,
    Node,
    Scale,
    Sub,
    Sum,
    Take,
    View,
    view_indices,
)

__all__ = ["copied_inputs", "sources"]

_P = (1 << 31) - 1
_TIMES = 3

_Values = npt.NDArray[np.int64]
"""Values modulo the prime, one row for each choice of unknowns."""


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
        self._needed: dict[int, tuple[int, ...]] = {}
        waiting = list(targets)
        while waiting:
            v = waiting.pop()
            if v not in self._needed:
                self._needed[v] = self._operands(v)
                waiting.extend(self._needed[v])
        self._digits = {n.source for v in self._needed if isinstance(n := nodes[v], InputBits)}
        self.work = sum(lengths[v] for v in self._needed)

    def copied(self) -> list[frozenset[int]]:
        """Return the inputs of which each target has an entry."""
        keys, owners = self._table()
        uses = Counter(p for operands in self._needed.values() for p in operands)
        uses.update(self._targets)
        values: dict[int, _Values] = {}
        for v in sorted(self._needed):
            operands = self._needed[v]
            values[v] = self._value(v, [values[p] for p in operands])
            for p in operands:
                uses[p] -= 1
                if not uses[p]:
                    del values[p]
        return [frozenset(owners[_found(_keys(values[v]), keys)].tolist()) for v in self._targets]

    def _table(self) -> tuple[_Values, _Values]:
        """Return the keys of all entries of inputs in order, and which input each is of."""
        inputs = [v for v in self._needed if isinstance(self._nodes[v], Input)]
        empty = np.zeros(0, dtype=np.int64)
        keys = [_keys(self._input(v)) for v in inputs]
        owners = [np.full(len(k), v, dtype=np.int64) for v, k in zip(inputs, keys, strict=True)]
        joined = np.concatenate([empty, *keys])
        order = np.argsort(joined)
        return joined[order], np.concatenate([empty, *owners])[order]

    def _operands(self, v: int) -> tuple[int, ...]:
        """Return what the form of node v is made of; nothing for an unknown."""
        node = self._nodes[v]
        match node:
            case Mul(a, b):
                boolean = self._intervals[a] is not None and self._intervals[a] in ((0, 0), (0, 1), (1, 1))
                # The square of 0 or 1 is itself; with a public factor a gate is as linear as ``scale``.
                linear = (a == b and boolean) or self._public(a) or self._public(b)
                return (a, b) if linear else ()
            case Hint(kind):
                return node.operands if kind == "copy" else ()
            case InputBits():
                return ()
            case _:
                return node.operands

    def _public(self, v: int) -> bool:
        node = self._nodes[v]
        return isinstance(node, Constant) or (
            isinstance(node, View | Take | Neg | Scale) and self._public(node.a)
        )

    def _unknowns(self, v: int, n: int) -> _Values:
        return np.random.default_rng(v).integers(1, _P, (_TIMES, n), dtype=np.int64)

    def _input(self, v: int) -> _Values:
        node = self._nodes[v]
        assert isinstance(node, Input)
        if node.low == node.high:
            return np.zeros((_TIMES, node.n), dtype=np.int64)
        if v not in self._digits:
            return self._unknowns(v, node.n)
        digits, total = self._bits(v), np.zeros((_TIMES, node.n), dtype=np.int64)
        for i in range(node.bits):
            total = (total + digits[:, i :: node.bits] * pow(2, i, _P)) % _P
        return total

    def _bits(self, v: int) -> _Values:
        node = self._nodes[v]
        assert isinstance(node, Input)
        return self._unknowns(v, node.n * node.bits)

    def _value(self, v: int, operands: list[_Values]) -> _Values:
        """Return the linear part of node v, or its values if it is public."""
        node, n = self._nodes[v], self._lengths[v]
        match node:
            case Input():
                return self._input(v)
            case InputBits(source):
                return self._bits(source)
            case Constant():
                return np.zeros((_TIMES, n), dtype=np.int64)
            case Add():
                return (operands[0] + operands[1]) % _P
            case Sub():
                return (operands[0] - operands[1]) % _P
            case Neg():
                return np.asarray(-operands[0] % _P)
            case Scale(_, factors, inner):
                return operands[0] * _pattern(factors, inner, n) % _P
            case Sum(_, outer, count, inner):
                total = operands[0].reshape(_TIMES, outer, count, inner).sum(axis=2)
                return np.asarray(total.reshape(_TIMES, -1) % _P)
            case View():
                return operands[0][:, view_indices(node)]
            case Take(_, indices):
                return operands[0][:, np.array(indices, dtype=np.int64)]
            case Concat():
                return np.concatenate(operands, axis=1)
            case Matmul():
                return _product(node, operands[0])
            case Matching() | Hint(kind="copy"):
                return operands[0]
            case Mul(a, b) if operands:
                if a == b:
                    return operands[0]
                factor, other = (a, 1) if self._public(a) else (b, 0)
                return operands[other] * self._constant(factor) % _P
            case _:
                return self._unknowns(v, n)

    def _constant(self, v: int) -> _Values:
        """Return the values of a public node."""
        node = self._nodes[v]
        match node:
            case Constant(values):
                return np.array([c % _P for c in values], dtype=np.int64)
            case View(a):
                return self._constant(a)[view_indices(node)]
            case Take(a, indices):
                return self._constant(a)[np.array(indices, dtype=np.int64)]
            case Neg(a):
                return np.asarray(-self._constant(a) % _P)
            case Scale(a, factors, inner):
                return np.asarray(self._constant(a) * _pattern(factors, inner, self._lengths[v]) % _P)
            case _:
                raise TypeError(f"{node.op} is not public")


def _pattern(factors: Sequence[int], inner: int, n: int) -> _Values:
    pattern = np.array([f % _P for f in factors], dtype=np.int64)
    return pattern[np.arange(n) // inner % len(pattern)]


def _product(node: Matmul, x: _Values) -> _Values:
    """Multiply by the matrix, a row or a column at a time, whichever are fewer."""
    matrix = np.array([e % _P for e in node.entries], dtype=np.int64).reshape(node.rows, node.columns)
    cube = x.reshape(_TIMES, node.columns, node.inner)
    if node.rows <= node.columns:
        rows = [(row.reshape(-1, 1) * cube % _P).sum(axis=1) % _P for row in matrix]
        return np.stack(rows, axis=1).reshape(_TIMES, -1)
    total = np.zeros((_TIMES, node.rows, node.inner), dtype=np.int64)
    for k in range(node.columns):
        total = (total + matrix[:, k].reshape(-1, 1) * cube[:, k : k + 1, :]) % _P
    return total.reshape(_TIMES, -1)


def _keys(values: _Values) -> _Values:
    """Return what tells forms that are not multiples of each other apart; -1 for those without unknowns."""
    inverse, power, exponent = np.ones_like(values[0]), values[0], _P - 2
    while exponent:
        if exponent & 1:
            inverse = inverse * power % _P
        power, exponent = power * power % _P, exponent >> 1
    keys = (values[1] * inverse % _P) << 31 | (values[2] * inverse % _P)
    return np.where(values.any(axis=0), keys, -1)


def _found(keys: _Values, table: _Values) -> _Values:
    """Return the places in the table of those keys that it has."""
    known = keys[keys >= 0]
    places = np.searchsorted(table, known)
    places, known = places[places < len(table)], known[places < len(table)]
    return np.asarray(places[table[places] == known], dtype=np.int64)
