# SPDX-License-Identifier: Apache-2.0
"""The linear forms of opened values: what they are made of, who determines that, and which of them depend.

Every public output is a linear form of inputs, gates and advice.  Forms are never written out: random numbers are sent
through the linear rules, backwards from the outputs or forwards from what they are made of.  Normative text:
``spec/disclosure.md``, "Linear forms".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Literal, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..plan import Constant, Hint, Input, InputBits, Linear, Matching, Mul, Output, Plan, Points, Zero
from ._elimination import dependencies
from ._small_prime import Columns, evaluate, inverses, keys, prime, reached, vector

__all__ = [
    "Chosen",
    "Flags",
    "Forms",
    "Leaves",
    "Seeds",
    "TooMuchError",
    "kernel",
    "own_entries",
    "owners",
    "singles",
]

Flags: TypeAlias = npt.NDArray[np.bool_]

Chosen: TypeAlias = Mapping[int, Flags]
"""Which entries of the nodes that forms are made of."""

Leaves: TypeAlias = Mapping[int, Columns]
"""Rows of numbers for the entries of the nodes that forms are made of."""

_MAX_WORK = 1 << 30
_MAX_AT_ONCE = 1 << 25
_MAX_VALUES = 1 << 14
_FEW = 64
_WIDTH = 64
_TOUCHES = 4
_A_PAIR = 128
"""What merging two classes takes, in operations of arrays."""


class TooMuchError(Exception):
    """An answer would take more work or memory than it is given."""


class Forms:
    """The forms of all entries of some nodes, one after the other."""

    def __init__(self, plan: Plan, opened: Sequence[int]) -> None:
        self.plan, self.opened = plan, opened
        self.through = reached(opened, lambda v: _through(plan, v))
        self.leaves = [v for v in self.through if not isinstance(plan.nodes[v], Linear | Constant)]
        self.lengths = plan.layout.lengths
        self.count = sum(self.lengths[v] for v in opened)
        self.work = sum(self.lengths[v] for v in self.through)
        self.random = np.random.default_rng(len(plan.nodes))
        self._spent = 0

    def drawn(self, *shape: int) -> Columns:
        """Return random numbers other than 0."""
        return self.random.integers(1, prime(), shape, dtype=np.int64)

    def spend(self, operations: int) -> None:
        """Count operations; raise ``TooMuchError`` where they are more than there may be."""
        self._spent += operations
        if self._spent > _MAX_WORK:
            raise TooMuchError

    def fits(self, numbers: int) -> None:
        """Raise ``TooMuchError`` where so many numbers are too many to hold at once."""
        if numbers > _MAX_AT_ONCE:
            raise TooMuchError

    def at_once(self) -> int:
        """Return how many columns can be sent through the rules at once."""
        self.fits(self.work)
        return _MAX_AT_ONCE // max(1, self.work)

    def pulled(self, weights: Columns) -> dict[int, Columns]:
        """Return the coefficients of combinations of the opened values, a column each: the rules transposed."""
        self._check(weights.shape[1])
        adjoint: dict[int, Vector] = {}

        def give(p: int, g: Vector) -> None:
            adjoint[p] = adjoint[p] + g if p in adjoint else g

        start = 0
        for v in self.opened:
            give(v, vector(weights[start : start + self.lengths[v]]))
            start += self.lengths[v]
        found: dict[int, Columns] = {}
        for v in sorted(self.through, reverse=True):
            node, g = self.plan.nodes[v], adjoint.pop(v)
            if isinstance(node, Linear):
                parts = node.backward(g, [self.lengths[p] for p in node.operands])
                for p, part in zip(node.operands, parts, strict=True):
                    give(p, part)
            elif not isinstance(node, Constant):
                found[v] = g.data
        return found

    def pushed(self, leaves: Leaves) -> Columns:
        """Return the opened values where the entries that forms are made of have these, and constants are 0."""
        width = next((rows.shape[1] for rows in leaves.values()), 1)
        step = min(width, self.at_once())
        found = np.zeros((self.count, width), dtype=np.int64)
        for start in range(0, width, step):
            stop = min(width, start + step)
            self._check(stop - start)
            found[:, start:stop] = self._values(
                {v: rows[:, start:stop] for v, rows in leaves.items()}, stop - start
            )
        return found

    def _values(self, leaves: Leaves, width: int) -> Columns:
        def value(v: int, operands: list[Vector]) -> Vector:
            node = self.plan.nodes[v]
            if isinstance(node, Linear):
                return node.forward(operands)
            rows = leaves.get(v)
            return vector(np.zeros((self.lengths[v], width), dtype=np.int64) if rows is None else rows)

        values = evaluate(self.through, value, self.opened)
        return np.concatenate([values[v].data for v in self.opened])

    def _check(self, columns: int) -> None:
        self.fits(columns * self.work)
        self.spend(columns * self.work)


def _through(plan: Plan, v: int) -> tuple[int, ...]:
    """Return what the linear form of node v is made of; nothing for what stands in it as an unknown."""
    node = plan.nodes[v]
    match node:
        case Linear():
            return node.operands
        case Input() | InputBits() | Constant() | Mul() | Hint() | Matching():
            return ()
        case Zero() | Output() | Points():
            raise TypeError(f"{node.op} has no value")
        case _:
            assert_never(node)


# ---------------------------------------------------------------------------------------- who determines what


def owners(plan: Plan, wanted: Sequence[int]) -> dict[int, Columns]:
    """Return, for each entry of the wanted nodes, which member alone determines it, or -1.

    What a member puts in stands on a line of the member's own, in three dimensions: a random multiple of a random
    point.  What the linear rules make of such values stays on the line as long as nobody else's are among them, and
    leaves all lines otherwise (with negligible probability of error).
    """
    random = np.random.default_rng(len(plan.nodes))
    points = np.array([[1, *random.integers(1, prime(), 2)] for _ in plan.members], dtype=np.int64)

    def spread(rows: Columns) -> Vector:
        return vector(rows * random.integers(1, prime(), (len(rows), 1), dtype=np.int64))

    def value(v: int, operands: list[Vector]) -> Vector:
        node, n = plan.nodes[v], plan.layout.lengths[v]
        match node:
            case Linear():
                return node.forward(operands)
            case Input(member):
                return spread(np.broadcast_to(points[member], (n, 3)))
            case InputBits(source):
                owner = plan.nodes[source]
                assert isinstance(owner, Input)
                return spread(np.broadcast_to(points[owner.member], (n, 3)))
            case Constant():
                return vector(np.zeros((n, 3), dtype=np.int64))
            case Mul():
                return spread(operands[0].data) + spread(operands[1].data)
            case Hint():
                rows = [of.data for of in operands]
                match _ADVICE[node.kind]:
                    case "each":
                        parts = [spread(np.repeat(of, n // len(of) if len(of) else 0, axis=0)) for of in rows]
                        return reduce(add, parts)
                    case "all":
                        mixed = np.concatenate([spread(of).data for of in rows]).sum(axis=0) % prime()
                        return spread(np.broadcast_to(mixed, (n, 3)))
                    case "drawn":
                        return _nobodys(n)
            case Matching() | Zero() | Output() | Points():
                return _nobodys(n)
            case _:
                assert_never(node)

    needed = reached(wanted, lambda v: plan.nodes[v].operands)
    values = evaluate(needed, value, wanted)
    lines = keys(vector(points)).tolist()
    found = {}
    for v, of_entries in values.items():
        own = keys(of_entries)
        found[v] = np.full(len(own), -1, dtype=np.int64)
        for member, line in enumerate(lines):
            found[v][own == line] = member
    return found


_ADVICE: Mapping[str, Literal["each", "all", "drawn"]] = {
    **dict.fromkeys(("bits", "span", "copy", "inverse", "quotient", "ratio", "root", "reciprocal"), "each"),
    **dict.fromkeys(("controls", "split"), "all"),
    **dict.fromkeys(("coins", "random", "switches"), "drawn"),
}
"""What advice is about, by kind: each entry of its arguments by itself, all of them together, or nothing."""


def _nobodys(n: int) -> Vector:
    """Return what is on no member's line: coins and what else is drawn, and what others' rows select."""
    return vector(np.tile(np.array([[0, 0, 1]], dtype=np.int64), (n, 1)))


# ---------------------------------------------------------------------------------------- dependencies


@dataclass(frozen=True, slots=True)
class Seeds:
    """Combinations of opened values: entry k adds ``factors[k]`` times a value to the combination ``of[k]``."""

    values: Columns
    of: Columns
    factors: Columns
    n: int


def singles(values: Columns) -> Seeds:
    """Return opened values, each by itself."""
    return Seeds(values, np.arange(len(values)), np.ones(len(values), dtype=np.int64), len(values))


def kernel(forms: Forms, seeds: Seeds, within: Chosen) -> Columns:
    """Return the combinations of the seeds that have coefficient 0 at all the chosen entries: ``dependencies``.

    Where there are many, most need no elimination.  An entry that one seed alone has leaves that one out of all
    combinations, and an entry that two have fixes the one by the other: both are found for all entries at once, from
    power sums of random multiples.  What is left is projected at random to as many columns and eliminated.
    """
    if seeds.n > _MAX_VALUES:
        raise TooMuchError
    label, ratio = np.arange(seeds.n), np.ones(seeds.n, dtype=np.int64)
    classes = seeds.n
    while classes > _FEW:
        factors = forms.drawn(2, classes)
        weights = np.concatenate([_powers(row) for row in factors], axis=1)
        pulled = forms.pulled(_weighed(forms, seeds, label, ratio, weights))
        zero, pairs = _touched(_rows(pulled, within), factors[0])
        forms.spend(_A_PAIR * len(pairs))
        _merge(label, ratio, zero, pairs)
        before, classes = classes, _relabelled(label)
        if classes == before:
            break
    if not classes:
        return np.zeros((0, seeds.n), dtype=np.int64)
    found = dependencies(_projected(forms, seeds, label, ratio, classes, within))
    whole = (
        np.concatenate([found, np.zeros((len(found), 1), dtype=np.int64)], axis=1)[:, label] * ratio % prime()
    )
    last = seeds.n - 1 - np.argmax(whole[:, ::-1] > 0, axis=1)
    return np.asarray(whole * inverses(whole[np.arange(len(whole)), last])[:, None] % prime(), dtype=np.int64)


def _powers(factors: Columns) -> Columns:
    """Return factors times the first powers of the places, from 1."""
    places = np.arange(1, len(factors) + 1)
    columns = [factors]
    for _ in range(_TOUCHES - 1):
        columns.append(columns[-1] * places % prime())
    return np.stack(columns, axis=1)


def _weighed(forms: Forms, seeds: Seeds, label: Columns, ratio: Columns, weights: Columns) -> Columns:
    """Return how often each opened value is in combinations of classes."""
    used = label[seeds.of] >= 0
    values, of = seeds.values[used], seeds.of[used]
    factors = seeds.factors[used] * ratio[of] % prime()
    found = np.zeros((forms.count, weights.shape[1]), dtype=np.int64)
    np.add.at(found, values, factors[:, None] * weights[label[of]] % prime())
    return found % prime()


def _rows(pulled: Leaves, within: Chosen) -> Columns:
    chosen = [rows[within[v]] for v, rows in pulled.items() if v in within]
    rows = np.concatenate([np.zeros((0, 2 * _TOUCHES), dtype=np.int64), *chosen])
    return rows[rows.any(axis=1)]


def _touched(rows: Columns, factors: Columns) -> tuple[Columns, Columns]:
    """Return the classes that have an entry alone, and the pairs that have one together, each as i, j, y_j / y_i.

    Of two classes at t and u, with a and b times the first factors as coefficients, the power sums are a·t^k + b·u^k:
    they satisfy s_(k+2) = (t + u)·s_(k+1) - t·u·s_k, which gives t and u from four, and is checked on four more.
    """
    p, n = prime(), len(factors)
    alone, t = _alone(rows, n)
    s, other = rows[~alone, :_TOUCHES], rows[~alone, _TOUCHES:]
    inverse = inverses((s[:, 1] * s[:, 1] - s[:, 0] * s[:, 2]) % p)
    total = (s[:, 1] * s[:, 2] - s[:, 0] * s[:, 3]) % p * inverse % p
    product = (s[:, 2] * s[:, 2] - s[:, 1] * s[:, 3]) % p * inverse % p
    two = (inverse > 0) & (total <= 2 * n) & (product <= n * n)
    s, other, total, product = s[two], other[two], total[two], product[two]
    square = total * total - 4 * product
    root = np.sqrt(np.maximum(square, 0)).astype(np.int64)
    i, j = (total - root) // 2, (total + root) // 2
    two = (square > 0) & (root * root == square) & ((total - root) % 2 == 0) & (i >= 1) & (j <= n)
    for k in range(_TOUCHES - 2):
        two &= other[:, k + 2] == (total * other[:, k + 1] - product * other[:, k] % p) % p
    s, i, j = s[two], i[two], j[two]
    b = (s[:, 1] - i * s[:, 0]) % p * inverses(j - i) % p
    a = (s[:, 0] - b) % p
    i, j = i - 1, j - 1
    quotient = -(a * factors[j] % p) * inverses(factors[i] * b % p) % p
    return np.unique(t[alone]), np.unique(np.stack([i, j, quotient], axis=1), axis=0)


def _alone(rows: Columns, n: int) -> tuple[Flags, Columns]:
    """Return which entries one of n classes has alone, and which one that is."""
    p, s = prime(), rows[:, :_TOUCHES]
    t = s[:, 1] * inverses(s[:, 0]) % p
    alone = (s[:, 0] > 0) & (t >= 1) & (t <= n)
    for sums in (s, rows[:, _TOUCHES:]):
        for k in range(_TOUCHES - 1):
            alone &= sums[:, k + 1] == sums[:, k] * t % p
    return alone, t - 1


def own_entries(forms: Forms) -> Columns:
    """Return how many entries each opened value has that no other one has."""
    weights = np.concatenate([_powers(row) for row in forms.drawn(2, forms.count)], axis=1)
    alone, t = _alone(np.concatenate(list(forms.pulled(weights).values())), forms.count)
    return np.bincount(t[alone], minlength=forms.count)


def _merge(label: Columns, ratio: Columns, zero: Columns, pairs: Columns) -> None:
    """Leave classes out, and make one of those that fix each other; where they cannot, both are 0."""
    p = prime()
    parent = {int(v): (int(v), 1) for v in {*pairs[:, 0].tolist(), *pairs[:, 1].tolist(), *zero.tolist()}}

    def root(v: int) -> tuple[int, int]:
        """Return the root of v's tree, and the quotient of v's coefficient by the root's."""
        path, quotient = [], 1
        while parent[v][0] != v:
            path.append(v)
            v = parent[v][0]
        for w in reversed(path):
            quotient = quotient * parent[w][1] % p
            parent[w] = v, quotient
        return v, quotient

    dead = set(zero.tolist())
    for i, j, q in pairs.tolist():
        (of_i, a), (of_j, b) = root(i), root(j)
        if of_i != of_j:
            # y_j = q·y_i, y_i = a·y_(root of i), y_j = b·y_(root of j).
            parent[of_j] = of_i, q * a * pow(b, -1, p) % p
        elif b != q * a % p:
            dead.add(of_i)
    dead = {root(v)[0] for v in dead}
    to, by = np.arange(label.max() + 1), np.ones(label.max() + 1, dtype=np.int64)
    for v in parent:
        top, by[v] = root(v)
        to[v] = -1 if top in dead else top
    kept = label >= 0
    ratio[kept] = ratio[kept] * by[label[kept]] % p
    label[kept] = to[label[kept]]


def _relabelled(label: Columns) -> int:
    """Number the classes by the last that is in each, and return how many they are."""
    kept = np.flatnonzero(label >= 0)
    names, backwards = np.unique(label[kept][::-1], return_index=True)
    last = kept[::-1][backwards]
    order = np.empty(len(names), dtype=np.int64)
    order[np.argsort(last)] = np.arange(len(names))
    label[kept] = order[np.searchsorted(names, label[kept])]
    return len(names)


def _projected(
    forms: Forms, seeds: Seeds, label: Columns, ratio: Columns, classes: int, within: Chosen
) -> Columns:
    """Return the classes' coefficients at the chosen entries, projected at random to as many columns as classes."""
    forms.spend(classes**3 // 4)
    used = label[seeds.of] >= 0
    values, of = seeds.values[used], seeds.of[used]
    factors = seeds.factors[used] * ratio[of] % prime()
    step = min(forms.at_once(), _WIDTH)
    found = np.zeros((classes, classes), dtype=np.int64)
    for start in range(0, classes, step):
        width = min(step, classes - start)
        chosen = {v: forms.drawn(len(mask), width) * mask[:, None] for v, mask in within.items()}
        rows = forms.pushed(chosen)[values] * factors[:, None] % prime()
        np.add.at(found[:, start : start + width], label[of], rows)
    return found % prime()
