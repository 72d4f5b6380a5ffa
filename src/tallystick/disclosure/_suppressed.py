# SPDX-License-Identifier: Apache-2.0
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
)
from ._elimination import dependencies
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
        found = _suppressed(plan, opened)
        return _given_away(plan, opened, numbers, found) if found else []
    except TooMuchError:
        return ["too many values are opened to examine whether suppressed ones follow from others"]


@dataclass(frozen=True, slots=True)
class _Suppressed:
    """That an opened value has a multiple of an entry of the gate f·c in it, where f is 0 or 1 and has this key.

    ``whole`` says that there is nothing else in the value.
    """

    value: int
    gate: int
    c: int
    entry: int
    flag: int
    factor: int
    whole: bool


def _suppressed(plan: Plan, opened: Sequence[int]) -> list[_Suppressed]:
    """Return the opened values that are one gate with a factor that is 0 or 1, and what others have of such factors.

    The entries of such gates get random multiples of points of their own, in three dimensions; all else gets random
    points.  An opened value is a multiple of one entry, up to a public summand, exactly if it is on that entry's line.
    """
    intervals, lengths = plan.layout.intervals, plan.layout.lengths
    gates: dict[int, tuple[int, int]] = {}
    for v in reached(opened, lambda p: plan.nodes[p].operands if isinstance(plan.nodes[p], Linear) else ()):
        node = plan.nodes[v]
        # Where both factors are 0 or 1 this is a condition, and not one that hides a value.
        if isinstance(node, Mul) and (intervals[node.a] == (0, 1)) != (intervals[node.b] == (0, 1)):
            gates[v] = (node.a, node.b) if intervals[node.a] == (0, 1) else (node.b, node.a)
    if not gates:
        return []
    forms = Forms(plan, opened)
    points = {v: forms.drawn(lengths[v], 3) for v in forms.leaves}
    lines = {key: (v, e) for v in gates for e, key in enumerate(keys(vector(points[v])).tolist())}
    on = keys(vector(forms.pushed(points))).tolist()
    whole = {i: lines[key] for i, key in enumerate(on) if key in lines}
    if not whole:
        return []
    flags = _keys_of(plan, sorted({f for f, _ in gates.values()}))
    found = [
        _Suppressed(i, v, gates[v][1], e, int(flags[gates[v][0]][e]), 1, whole=True)
        for i, (v, e) in whole.items()
    ]
    used = np.array([one.flag for one in found])
    chosen = {v: np.isin(flags[f], used) for v, (f, _) in gates.items()}
    having = np.flatnonzero(
        forms.pushed({v: forms.drawn(lengths[v], 2) * chosen[v][:, None] for v in gates}).any(axis=1)
    )
    others = [i for i in having.tolist() if i not in whole]
    seeds = np.zeros((forms.count, len(others)), dtype=np.int64)
    seeds[others, np.arange(len(others))] = 1
    pulled = forms.pulled(seeds) if others else {}
    for v, (f, c) in gates.items():
        for e, k in np.argwhere((pulled[v] != 0) & chosen[v][:, None]).tolist() if others else []:
            factor = int(pulled[v][e, k])
            found.append(_Suppressed(others[k], v, c, e, int(flags[f][e]), factor, whole=False))
    return found


def _keys_of(plan: Plan, flags: Sequence[int]) -> dict[int, Columns]:
    """Return what tells the linear forms of the entries of some nodes apart."""
    forms = Forms(plan, flags)
    alike = keys(vector(forms.pushed({v: forms.drawn(forms.lengths[v], 3) for v in forms.leaves})))
    ends = np.cumsum([forms.lengths[v] for v in flags]).tolist()
    return {v: alike[end - forms.lengths[v] : end] for v, end in zip(flags, ends, strict=True)}


def _given_away(
    plan: Plan, opened: Sequence[int], numbers: Sequence[int], suppressed: Sequence[_Suppressed]
) -> list[str]:
    """Return what follows of the suppressed values from all others, and from what is public.

    A combination of opened values shows, where a flag is 0 and all others are 1, what they would be with all flags 1,
    less the parts that this flag suppresses.  It is about these parts alone if it vanishes, with all flags 1, together
    with some multiples of them; and then it is news unless it is constant.
    """
    n, p = len(numbers), prime()
    parts = [one for one in suppressed if not one.whole]
    rows = _values(plan, opened, suppressed)
    combinations = dependencies(rows)
    together: defaultdict[int, list[_Suppressed]] = defaultdict(list)
    for one in suppressed:
        together[one.flag].append(one)
    found: dict[str, None] = {}
    for flag, own in together.items():
        wholes = [one.value for one in own if one.whole]
        places = [n + 1 + k for k, one in enumerate(parts) if one.flag == flag]
        foreign = [n + 1 + k for k, one in enumerate(parts) if one.flag != flag]
        left = combinations
        if foreign:
            if len(left) ** 2 * len(foreign) * len(together) > _MAX_WORK:
                raise TooMuchError
            left = _combined(dependencies(left[:, foreign]), left)
        shown = left[:, [*wholes, *places]]
        for k, place in enumerate(places):
            part = parts[place - n - 1]
            shown[:, len(wholes) + k] = (shown[:, len(wholes) + k] + left[:, part.value] * part.factor) % p
        values = _combined(shown, rows[[*wholes, *places]])
        of = [*wholes, *(parts[place - n - 1].value for place in places)]
        least: dict[int, set[int]] = {}
        for k in np.flatnonzero((values != values[:, :1]).any(axis=1))[:_MAX_TRIED].tolist():
            others = {numbers[i] for i in np.flatnonzero(left[k, :n]).tolist() if i not in wholes}
            for i in (numbers[value] for value, factor in zip(of, shown[k].tolist(), strict=True) if factor):
                least[i] = min(least.get(i, others), others, key=len)
        found.update((_follows(plan, i, sorted(others)), None) for i, others in least.items())
    return list(found)


def _combined(weights: Columns, rows: Columns) -> Columns:
    """Return the combinations of rows, of which there are few, with these weights."""
    found = np.zeros((len(weights), rows.shape[1]), dtype=np.int64)
    for k in np.flatnonzero(weights.any(axis=0)).tolist():
        found = (found + weights[:, k, None] * rows[k]) % prime()
    return found


def _follows(plan: Plan, output: int, sources: Sequence[int]) -> str:
    rest = "its others" if plan.layout.lengths[plan.outputs[output].a] > 1 else "itself"
    shown = [rest] if output in sources else []
    shown += [f"[{k + 1}]" for k in sources if k != output]
    return f"a value that [{output + 1}] suppresses, if no other is, follows from {', '.join(shown)}"


def _values(plan: Plan, opened: Sequence[int], suppressed: Sequence[_Suppressed]) -> Columns:
    """Return at random points, a column each, all opened values where nothing is suppressed, 1, and what parts hide.

    They are polynomials in the entries of inputs and in advice, of which nothing is known here but what they are
    called; so dependent ones depend as polynomials, and others do not, with negligible probability of error.
    """
    parts = [one for one in suppressed if not one.whole]
    wanted = [*opened, *(one.c for one in suppressed), *(one.gate for one in parts)]
    needed = reached(wanted, lambda v: _made_of(plan, v))
    lengths = plan.layout.lengths
    work = sum(lengths[v] for v in needed)
    n = sum(lengths[v] for v in opened)
    count = n + 1 + len(parts)
    if count > _MAX_VALUES or count * work > _MAX_WORK or work > _MAX_AT_ONCE:
        raise TooMuchError
    random = np.random.default_rng(len(plan.nodes))
    step = max(1, min(count, _MAX_AT_ONCE // max(1, work)))
    found = np.ones((count, count), dtype=np.int64)
    for start in range(0, count, step):
        width = min(step, count - start)
        values = _evaluated(plan, needed, wanted, random, width)
        columns = np.concatenate([values[v].data for v in opened])
        for one in suppressed:
            c, gate = (
                values[one.c].data[one.entry],
                values[one.gate].data[one.entry] if not one.whole else None,
            )
            columns[one.value] = (
                c if gate is None else (columns[one.value] + one.factor * (c - gate)) % prime()
            )
        found[:n, start : start + width] = columns
        for k, one in enumerate(parts):
            found[n + 1 + k, start : start + width] = values[one.c].data[one.entry]
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
                return vector(np.broadcast_to(Vector.from_ints(BACKEND, node.values).data, (n, width)))
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
