"""Suppressed values that other outputs give away: a total, less all cells but the one that does not show.

A value that is opened as f·c, for an f that is 0 or 1, is c where f is 1.  Normative text: ``spec/disclosure.md``,
"Suppressed values".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from ..algebra import Vector
from ..plan import (
    Constant,
    Hint,
    Input,
    InputBits,
    Linear,
    Matching,
    Mul,
    Output,
    Plan,
    Points,
    Zero,
    constant_of,
)
from ._elimination import dependencies, rank
from ._forms import Forms, TooMuchError
from ._small_prime import BACKEND, Columns, evaluate, keys, prime, reached, vector

__all__ = ["suppressed_warnings"]

_MAX_VALUES = 1 << 11
_MAX_WORK = 1 << 28
_MAX_TRIED = 16
_MAX_AT_ONCE = 1 << 24


def suppressed_warnings(plan: Plan) -> list[str]:
    """Return a warning for every output with an entry that, where it alone is suppressed, follows from others."""
    public = [(k, n) for k, n in enumerate(plan.outputs) if n.to is None]
    opened = [node.a for _, node in public]
    numbers = [k for k, n in public for _ in range(plan.layout.lengths[n.a])]
    if not opened:
        return []
    try:
        shown = _suppressed(plan, opened)
        return _given_away(plan, opened, numbers, shown) if shown else []
    except TooMuchError:
        return ["too many values are opened to examine whether suppressed ones follow from others"]


@dataclass(frozen=True, slots=True)
class _Shown:
    """That an opened value is a multiple of f·c, where c is an entry of a node, and f has this key."""

    value: int
    node: int
    entry: int
    flag: int


def _suppressed(plan: Plan, opened: Sequence[int]) -> list[_Shown]:
    """Return the opened values that are one gate with a factor that is 0 or 1, and nothing else.

    The entries of such gates get random multiples of points of their own, in three dimensions; all else gets random
    points.  An opened value is a multiple of one entry, up to a public summand, exactly if it is on that entry's line.
    """
    intervals, lengths = plan.layout.intervals, plan.layout.lengths
    flags: dict[int, tuple[int, int]] = {}
    for v in reached(opened, lambda p: plan.nodes[p].operands if isinstance(plan.nodes[p], Linear) else ()):
        node = plan.nodes[v]
        # Where both factors are 0 or 1 this is a condition, and not one that hides a value.
        if isinstance(node, Mul) and (intervals[node.a] == (0, 1)) != (intervals[node.b] == (0, 1)):
            flags[v] = (node.a, node.b) if intervals[node.a] == (0, 1) else (node.b, node.a)
    if not flags:
        return []
    forms = Forms(plan, opened)
    points = {v: forms.drawn(lengths[v], 3) for v in forms.leaves}
    of_gates = [(key, v, e) for v in flags for e, key in enumerate(keys(vector(points[v])).tolist())]
    table = {key: (v, e) for key, v, e in of_gates}
    single = [
        (i, *table[key]) for i, key in enumerate(keys(vector(forms.pushed(points))).tolist()) if key in table
    ]
    used = sorted({flags[v][0] for _, v, _ in single})
    if not used:
        return []
    of_flags = Forms(plan, used)
    alike = keys(vector(of_flags.pushed({v: of_flags.drawn(lengths[v], 3) for v in of_flags.leaves})))
    starts = dict(zip(used, np.cumsum([0, *(lengths[v] for v in used)]).tolist(), strict=False))
    return [_Shown(i, flags[v][1], e, int(alike[starts[flags[v][0]] + e])) for i, v, e in single]


def _given_away(
    plan: Plan, opened: Sequence[int], numbers: Sequence[int], shown: Sequence[_Shown]
) -> list[str]:
    """Return what follows of the suppressed values from all others, and from what is public."""
    n = len(numbers)
    rows = _values(plan, opened, shown)
    combinations = dependencies(rows)
    together: defaultdict[int, list[int]] = defaultdict(list)
    for s in shown:
        together[s.flag].append(s.value)
    found: dict[str, None] = {}
    for own in together.values():
        # What vanishes on these values and a public one says nothing of them.
        idle = len(own) + 1 - rank(rows[[*own, n]])
        if rank(combinations[:, own].T) <= idle:
            continue
        for i in own:
            of_value = combinations[np.flatnonzero(combinations[:, i])[:_MAX_TRIED], :n]
            rests = (set(np.flatnonzero(row).tolist()) - set(own) for row in of_value)
            others = min(filter(None, rests), key=len, default=set())
            if others:
                found[_follows(numbers[i], sorted({numbers[j] for j in others}))] = None
    return list(found)


def _follows(output: int, sources: Sequence[int]) -> str:
    shown = ["its others"] if output in sources else []
    shown += [f"[{k + 1}]" for k in sources if k != output]
    return f"a value that [{output + 1}] suppresses, if no other is, follows from {', '.join(shown)}"


def _values(plan: Plan, opened: Sequence[int], shown: Sequence[_Shown]) -> Columns:
    """Return all opened values at random points, where nothing is suppressed, and 1 at last: a column for each point.

    They are polynomials in the entries of inputs and in advice, of which nothing is known here but what they are
    called; so dependent ones depend as polynomials, and others do not, with negligible probability of error.
    """
    wanted = [*opened, *(s.node for s in shown)]
    needed = reached(wanted, lambda v: _made_of(plan, v))
    lengths = plan.layout.lengths
    work = sum(lengths[v] for v in needed)
    count = sum(lengths[v] for v in opened) + 1
    if count > _MAX_VALUES or count * work > _MAX_WORK or work > _MAX_AT_ONCE:
        raise TooMuchError
    random = np.random.default_rng(len(plan.nodes))
    step = max(1, min(count, _MAX_AT_ONCE // max(1, work)))
    found = np.ones((count, count), dtype=np.int64)
    for start in range(0, count, step):
        width = min(step, count - start)
        values = _evaluated(plan, needed, wanted, random, width)
        columns = np.concatenate([values[v].data for v in opened])
        for s in shown:
            columns[s.value] = values[s.node].data[s.entry]
        found[:-1, start : start + width] = columns
    return found


def _evaluated(
    plan: Plan,
    needed: dict[int, tuple[int, ...]],
    wanted: Sequence[int],
    random: np.random.Generator,
    width: int,
) -> dict[int, Vector]:
    """Return the wanted nodes' values where inputs and advice have random ones, so many at once."""
    digits: dict[int, Vector] = {}

    def drawn(n: int) -> Vector:
        return vector(random.integers(1, prime(), (n, width), dtype=np.int64))

    def digits_of(v: int) -> Vector:
        if v not in digits:
            source = plan.nodes[v]
            assert isinstance(source, Input)
            digits[v] = drawn(source.n * source.bits)
        return digits[v]

    read = {node.source for v in needed if isinstance(node := plan.nodes[v], InputBits)}

    def value(v: int, operands: list[Vector]) -> Vector:
        node, n = plan.nodes[v], plan.layout.lengths[v]
        match node:
            case Linear():
                return node.forward(operands)
            case Input():
                if v not in read:
                    return drawn(n)
                weights = Vector.from_ints(BACKEND, [1 << i for i in range(node.bits)])
                return digits_of(v).matvec(weights) + vector(
                    np.full((n, width), node.low % prime(), dtype=np.int64)
                )
            case InputBits(source):
                return digits_of(source)
            case Constant():
                return vector(np.broadcast_to(constant_of(BACKEND, node).data, (n, width)))
            case Mul(a, b):
                boolean = plan.layout.intervals[a] == (0, 1)
                # The square of 0 or 1 is itself.
                return operands[0] if a == b and boolean else operands[0] * operands[1]
            case Hint():
                return operands[0] if operands else drawn(n)
            case Matching():
                return drawn(n)
            case Zero() | Output() | Points():
                raise TypeError(f"{node.op} has no value")
            case _:
                assert_never(node)

    return evaluate(needed, value, wanted)


def _made_of(plan: Plan, v: int) -> tuple[int, ...]:
    """Return what the polynomial of node v is made of; nothing for an unknown."""
    node = plan.nodes[v]
    match node:
        case Linear() | Mul():
            return node.operands
        case Hint():
            return node.operands if node.kind == "copy" else ()
        case Input() | InputBits() | Constant() | Matching():
            return ()
        case Zero() | Output() | Points():
            raise TypeError(f"{node.op} has no value")
        case _:
            assert_never(node)
