"""Outputs that together say more than each alone: combinations that single out a member, or a few entries.

Every public output is a linear form of inputs, gates and advice.  A combination of outputs in which nothing is left but
what one member alone determines shows a value of that member's data to everybody, as the sum over all members
and the sum over all but one do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import assert_never

import numpy as np

from ..algebra import Vector
from ..plan import Constant, Hint, Input, InputBits, Linear, Matching, Mul, Output, Plan, Points, Zero
from ._small_prime import Columns, evaluate, keys, prime, reached, vector

__all__ = ["combined_warnings"]

_MAX_VALUES = 64
_MAX_WORK = 1 << 23
_FEW_ENTRIES = 10

_Row = list[int]


def combined_warnings(plan: Plan) -> list[str]:
    """Return a warning for every member that a combination of outputs singles out, and for near-equal outputs.

    Coefficients are taken modulo a prime of 31 bits and projected pseudo-randomly: a warning may be wrong with
    negligible probability.  Large plans are not examined, and the warning says so.
    """
    public = [(k, n) for k, n in enumerate(plan.outputs) if n.to is None]
    numbers = [k for k, n in public for _ in range(plan.layout.lengths[n.a])]
    if len(plan.members) < 2 or len(numbers) < 2:
        return []
    opened = [node.a for _, node in public]
    through = reached(opened, lambda v: _through(plan, v))
    work = sum(plan.layout.lengths[v] for v in through)
    if len(numbers) > _MAX_VALUES or len(numbers) * work > _MAX_WORK:
        return ["too many values are opened to examine which of them together single out a member"]
    forms = _forms(plan, opened, through)
    found = []
    for m, member in enumerate(plan.members):
        together = _singled_out(forms, m)
        if together:
            shown = ", ".join(f"[{k + 1}]" for k in sorted({numbers[i] for i in together}))
            found.append(f"{shown} together show a value that depends on {member.name} alone")
    for i, j in combinations(range(len(numbers)), 2):
        entries = int(np.count_nonzero((forms.rows[i] - forms.rows[j]) % prime()))
        if (
            0
            < entries
            < _FEW_ENTRIES
            <= min(np.count_nonzero(forms.rows[i]), np.count_nonzero(forms.rows[j]))
        ):
            found.append(
                f"[{numbers[i] + 1}] and [{numbers[j] + 1}] differ by {entries} values only, which their "
                "difference shows the sum of"
            )
    return found


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


@dataclass(frozen=True, slots=True)
class _Forms:
    """Outputs as rows of coefficients; which member alone determines what each column stands for, or -1."""

    rows: Columns
    owners: Columns


def _forms(plan: Plan, opened: list[int], through: Mapping[int, tuple[int, ...]]) -> _Forms:
    """Pass the transposed rules over all that the opened nodes' forms are made of, for all opened values at once."""
    lengths = plan.layout.lengths
    count = sum(lengths[v] for v in opened)
    adjoint: dict[int, Vector] = {}

    def give(p: int, g: Vector) -> None:
        adjoint[p] = adjoint[p] + g if p in adjoint else g

    start = 0
    for v in opened:
        seed = np.zeros((lengths[v], count), dtype=np.int64)
        seed[:, start : start + lengths[v]] = np.eye(lengths[v], dtype=np.int64)
        start += lengths[v]
        give(v, vector(seed))
    leaves: dict[int, Vector] = {}
    for v in sorted(through, reverse=True):
        node, g = plan.nodes[v], adjoint.pop(v)
        if isinstance(node, Linear):
            parts = node.backward(g, [lengths[p] for p in node.operands])
            for p, part in zip(node.operands, parts, strict=True):
                give(p, part)
        elif not isinstance(node, Constant):
            leaves[v] = g
    owners = _owners(plan, list(leaves))
    return _Forms(
        np.concatenate([np.zeros((0, count), dtype=np.int64), *(g.data for g in leaves.values())]).T,
        np.concatenate([np.zeros(0, dtype=np.int64), *(owners[v] for v in leaves)]),
    )


def _owners(plan: Plan, wanted: list[int]) -> dict[int, Columns]:
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
                if len(operands) == 1 and len(operands[0]) and n % len(operands[0]) == 0:
                    return spread(np.repeat(operands[0].data, n // len(operands[0]), axis=0))
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


def _nobodys(n: int) -> Vector:
    """Return what is on no member's line: coins, advice about several values at once, what others' rows select."""
    return vector(np.tile(np.array([[0, 0, 1]], dtype=np.int64), (n, 1)))


def _singled_out(forms: _Forms, member: int) -> list[int]:
    """Return the outputs of a combination that one member alone determines, unless such outputs show it already."""
    own = forms.owners == member
    depends = [bool(row.any()) for row in forms.rows]
    alone = [i for i in range(len(forms.rows)) if depends[i] and not forms.rows[i][~own].any()]
    others = [i for i in range(len(forms.rows)) if i not in alone]
    known = [_projected(forms.rows[i][own]) for i in alone]
    for weights in _dependencies([_projected(forms.rows[i][~own]) for i in others]):
        left = np.zeros(int(own.sum()), dtype=np.int64)
        for w, i in zip(weights, others, strict=True):
            left = (left + w * forms.rows[i][own]) % prime()
        if _rank([*known, _projected(left)]) > _rank(known):
            return [i for w, i in zip(weights, others, strict=True) if w]
    return []


def _projected(row: Columns) -> _Row:
    """Project a row at random, the same for all rows of one length, so that dependencies stay and no others arise."""
    random = np.random.default_rng(len(row))
    return [
        int((row * random.integers(0, prime(), len(row)) % prime()).sum() % prime())
        for _ in range(_MAX_VALUES)
    ]


def _dependencies(rows: list[_Row]) -> list[_Row]:
    """Return a basis of the combinations of rows that vanish modulo the prime."""
    n = len(rows)
    return [row[-n:] for row in _echelon(rows, n) if not any(row[:-n])] if n else []


def _rank(rows: list[_Row]) -> int:
    return sum(any(row[: -len(rows)]) for row in _echelon(rows, len(rows))) if rows else 0


def _echelon(rows: list[_Row], n: int) -> list[_Row]:
    """Eliminate rows modulo the prime, each with the combination of the given rows that it is behind it."""
    work = [[*row, *(int(i == k) for i in range(n))] for k, row in enumerate(rows)]
    at = 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(at, n) if work[i][column]), None)
        if pivot is None:
            continue
        work[at], work[pivot] = work[pivot], work[at]
        inverse = pow(work[at][column], -1, prime())
        for i in range(at + 1, n):
            factor = work[i][column] * inverse % prime()
            if factor:
                work[i] = [(a - factor * b) % prime() for a, b in zip(work[i], work[at], strict=True)]
        at += 1
        if at == n:
            break
    return work
