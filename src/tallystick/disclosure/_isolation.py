"""Outputs that together say more than each alone: combinations that single out a member, or a few entries.

Every public output is a linear form of inputs, gates and advice.  A combination of outputs in which nothing is left but
what one member alone determines shows a value of that member's data to everybody, as the sum over all members
and the sum over all but one do.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..plan import (
    Add,
    Concat,
    Constant,
    Hint,
    Input,
    InputBits,
    Matching,
    Matmul,
    Mul,
    Neg,
    Node,
    Output,
    Plan,
    Points,
    Scale,
    Sub,
    Sum,
    Take,
    View,
    view_indices,
)

__all__ = ["combined_warnings"]

_P = (1 << 31) - 1
_MAX_VALUES = 64
_MAX_WORK = 1 << 23
_FEW_ENTRIES = 10
_NOBODY = 1 << 20

_UNKNOWN = (Input, InputBits, Mul, Hint, Matching)
"""What linear forms are made of."""

_Row = list[int]
_Table = npt.NDArray[np.int64]


def combined_warnings(plan: Plan) -> list[str]:
    """Return a warning for every member that a combination of outputs singles out, and for near-equal outputs.

    Coefficients are taken modulo a prime of 31 bits and projected pseudo-randomly: a warning may be wrong with
    negligible probability.  Large plans are not examined, and the warning says so.
    """
    public = [(k, n) for k, n in enumerate(plan.outputs) if n.to is None]
    numbers = [k for k, n in public for _ in range(plan.layout.lengths[n.a])]
    if len(plan.members) < 2 or len(numbers) < 2:
        return []
    if len(numbers) > _MAX_VALUES or len(numbers) * _reached(plan) > _MAX_WORK:
        return ["too many values are opened to examine which of them together single out a member"]
    forms = _forms(plan, len(numbers))
    found = []
    for m, member in enumerate(plan.members):
        together = _singled_out(forms, m)
        if together:
            shown = ", ".join(f"[{k + 1}]" for k in sorted({numbers[i] for i in together}))
            found.append(f"{shown} together show a value that depends on {member.name} alone")
    for i, j in combinations(range(len(numbers)), 2):
        entries = int(np.count_nonzero((forms.rows[i] - forms.rows[j]) % _P))
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


def _reached(plan: Plan) -> int:
    """Return how many entries the outputs' linear forms pass through, down to inputs, gates and advice."""
    reached = {node.a for node in plan.outputs if node.to is None}
    for v in range(len(plan.nodes) - 1, -1, -1):
        if v in reached and not isinstance(plan.nodes[v], _UNKNOWN):
            reached.update(plan.nodes[v].operands)
    return sum(plan.layout.lengths[v] for v in reached)


@dataclass(frozen=True, slots=True)
class _Forms:
    """Outputs as rows of coefficients; each column's least and greatest member among those that determine it."""

    rows: _Table
    low: _Table
    high: _Table


def _forms(plan: Plan, count: int) -> _Forms:
    owners: list[tuple[_Table, _Table]] = []
    for v, node in enumerate(plan.nodes):
        owners.append(_owners(plan, v, node, owners))
    adjoint: dict[int, _Table] = {}
    leaves: list[tuple[_Table, _Table, _Table]] = []
    last = count
    for v in range(len(plan.nodes) - 1, -1, -1):
        node = plan.nodes[v]
        if isinstance(node, Output):
            if node.to is None:
                n = plan.layout.lengths[node.a]
                last -= n
                seed = np.zeros((count, n), dtype=np.int64)
                seed[last : last + n] = np.eye(n, dtype=np.int64)
                _give(adjoint, node.a, seed)
            continue
        g = adjoint.pop(v, None)
        if g is None:
            continue
        if isinstance(node, _UNKNOWN):
            leaves.append((g, *owners[v]))
        elif not isinstance(node, Constant):
            _pass_on(plan, node, g, adjoint)
    empty = np.zeros(0, dtype=np.int64)
    return _Forms(
        np.concatenate([np.zeros((count, 0), dtype=np.int64), *(g for g, _, _ in leaves)], axis=1),
        np.concatenate([empty, *(low for _, low, _ in leaves)]),
        np.concatenate([empty, *(high for _, _, high in leaves)]),
    )


def _owners(plan: Plan, v: int, node: Node, owners: list[tuple[_Table, _Table]]) -> tuple[_Table, _Table]:
    """Return the least and the greatest member that determine each entry of node v."""
    n = plan.layout.lengths[v]
    parts = [owners[p] for p in node.operands]
    match node:
        case Input(member):
            return np.full(n, member), np.full(n, member)
        case InputBits(source):
            return np.repeat(parts[0][0], n // max(plan.layout.lengths[source], 1)), np.repeat(
                parts[0][1], n // max(plan.layout.lengths[source], 1)
            )
        case Constant() | Output() | Points():
            return np.full(n, _NOBODY), np.full(n, -1)
        case Hint() if len(parts) == 1 and len(parts[0][0]) and n % len(parts[0][0]) == 0:
            k = n // len(parts[0][0])
            return np.repeat(parts[0][0], k), np.repeat(parts[0][1], k)
        case Hint() | Matching():
            # Coins, advice about several values at once, or what others' rows select: nobody's alone.
            return np.zeros(n, dtype=np.int64), np.full(n, _NOBODY)
        case Add() | Sub() | Mul():
            return np.minimum(parts[0][0], parts[1][0]), np.maximum(parts[0][1], parts[1][1])
        case Sum(_, outer, count, inner):
            if count == 0:
                return np.full(n, _NOBODY), np.full(n, -1)
            return (
                parts[0][0].reshape(outer, count, inner).min(axis=1).reshape(-1),
                parts[0][1].reshape(outer, count, inner).max(axis=1).reshape(-1),
            )
        case View():
            return parts[0][0][view_indices(node)], parts[0][1][view_indices(node)]
        case Take(_, indices):
            places = np.array(indices, dtype=np.int64)
            return parts[0][0][places], parts[0][1][places]
        case Concat():
            return np.concatenate([low for low, _ in parts]), np.concatenate([high for _, high in parts])
        case Matmul(_, rows, columns, inner):
            low, high = (part.reshape(columns, inner) for part in parts[0])
            matrix = _matrix(node)
            used = [matrix[r] != 0 for r in range(rows)]
            return (
                np.stack([low[u].min(axis=0, initial=_NOBODY) for u in used]).reshape(-1),
                np.stack([high[u].max(axis=0, initial=-1) for u in used]).reshape(-1),
            )
        case _:
            return parts[0] if len(parts[0][0]) == n else (np.full(n, _NOBODY), np.full(n, -1))


def _pass_on(plan: Plan, node: Node, g: _Table, adjoint: dict[int, _Table]) -> None:
    """Apply the transposed rule of a linear node (``spec/plan.md``), modulo the prime."""
    count = len(g)
    match node:
        case Add(a, b):
            _give(adjoint, a, g)
            _give(adjoint, b, g)
        case Sub(a, b):
            _give(adjoint, a, g)
            _give(adjoint, b, -g)
        case Neg(a):
            _give(adjoint, a, -g)
        case Scale(a, factors, inner):
            pattern = np.array([f % _P for f in factors], dtype=np.int64)
            _give(adjoint, a, g * pattern[np.arange(g.shape[1]) // inner % len(pattern)])
        case Sum(a, outer, n, inner):
            wide = np.broadcast_to(g.reshape(count, outer, 1, inner), (count, outer, n, inner))
            _give(adjoint, a, wide.reshape(count, -1))
        case View(a) | Take(a):
            places = view_indices(node) if isinstance(node, View) else np.array(node.indices, dtype=np.int64)
            back = np.zeros((plan.layout.lengths[a], count), dtype=np.int64)
            np.add.at(back, places, g.T)
            _give(adjoint, a, back.T)
        case Concat(parts):
            at = 0
            for p in parts:
                n = plan.layout.lengths[p]
                _give(adjoint, p, g[:, at : at + n])
                at += n
        case Matmul(a, rows, columns, inner):
            matrix, cube = _matrix(node), g.reshape(count, rows, inner)
            total = np.zeros((count, columns, inner), dtype=np.int64)
            for r in range(rows):
                total = (total + matrix[r].reshape(1, columns, 1) * cube[:, r : r + 1, :]) % _P
            _give(adjoint, a, total.reshape(count, -1))
        case _:
            raise TypeError(f"{node.op} is not linear")


def _give(adjoint: dict[int, _Table], p: int, g: _Table) -> None:
    adjoint[p] = (g + adjoint[p]) % _P if p in adjoint else g % _P


def _matrix(node: Matmul) -> _Table:
    return np.array([e % _P for e in node.entries], dtype=np.int64).reshape(node.rows, node.columns)


def _singled_out(forms: _Forms, member: int) -> list[int]:
    """Return the outputs of a combination that one member alone determines, unless such outputs show it already."""
    own = (forms.low == member) & (forms.high == member)
    depends = [bool(row.any()) for row in forms.rows]
    alone = [i for i in range(len(forms.rows)) if depends[i] and not forms.rows[i][~own].any()]
    others = [i for i in range(len(forms.rows)) if i not in alone]
    known = [_projected(forms.rows[i][own]) for i in alone]
    for weights in _dependencies([_projected(forms.rows[i][~own]) for i in others]):
        left = np.zeros(int(own.sum()), dtype=np.int64)
        for w, i in zip(weights, others, strict=True):
            left = (left + w * forms.rows[i][own]) % _P
        if _rank([*known, _projected(left)]) > _rank(known):
            return [i for w, i in zip(weights, others, strict=True) if w]
    return []


def _projected(row: _Table) -> _Row:
    """Project a row at random, the same for all rows of one length, so that dependencies stay and no others arise."""
    random = np.random.default_rng(len(row))
    return [int((row * random.integers(0, _P, len(row)) % _P).sum() % _P) for _ in range(_MAX_VALUES)]


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
        inverse = pow(work[at][column], -1, _P)
        for i in range(at + 1, n):
            factor = work[i][column] * inverse % _P
            if factor:
                work[i] = [(a - factor * b) % _P for a, b in zip(work[i], work[at], strict=True)]
        at += 1
        if at == n:
            break
    return work
