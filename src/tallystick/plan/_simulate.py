# SPDX-License-Identifier: Apache-2.0
"""The plan on plain Python integers: the oracle of every test, and the witness of a single prover.

Nothing here shares code with what shares or proofs do: every rule of ``spec/plan.md`` is written a second
time, on numpy arrays of Python integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product as cartesian
from typing import TypeAlias, assert_never

import numpy as np

from ..backend import FR_MODULUS
from ..errors import DataError, ProgramError
from ._arithmetic import Add, Concat, Matmul, Mul, Neg, Scale, Sub, Sum, Take, View
from ._hints import Integers, advice_of
from ._ops import Constant, Hint, Input, InputBits, Matching, Node, Output, Points, Zero
from ._plan import Plan, ResultValue
from ._told import told

__all__ = ["Advice", "Inputs", "Simulation", "Witness", "simulate", "witness"]

Inputs: TypeAlias = Mapping[str, Mapping[str, Sequence[int]]]
"""Each member's columns by name: scaled integers."""

Advice: TypeAlias = Mapping[int, Sequence[int]]
"""Outputs of hint nodes, by node position, in place of the honest ones."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a run would publish, the elements of all public outputs in order and the results, and what it would tell.

    ``told`` has what each member alone would learn, by the member's name.  Points are left out, because they are
    different in every run.
    """

    outputs: tuple[int, ...]
    results: tuple[ResultValue, ...]
    told: Mapping[str, tuple[ResultValue, ...]]


@dataclass(frozen=True, slots=True)
class Witness:
    """Everything a relation speaks about, as integers (``spec/relation.md``).

    ``inputs[k]``, ``free`` and ``gates`` are the slots; ``left`` and ``right`` the gates' inputs; ``zeros``,
    ``outputs`` and ``points`` the values of those forms.  Values computed from unbounded advice are residues modulo r.
    """

    inputs: tuple[tuple[int, ...], ...]
    free: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    gates: tuple[int, ...]
    zeros: tuple[int, ...]
    outputs: tuple[int, ...]
    points: tuple[int, ...]


def simulate(plan: Plan, inputs: Inputs, *, advice: Advice | None = None) -> Simulation:
    """Run the plan on plain integers; ``advice`` replaces the outputs of hints, such as coins.

    Raises ``DataError`` for inputs that do not fit the plan and ``ProgramError`` for a zero assertion that
    does not hold.  Every value is checked against its interval; one outside is a defect of the interval
    rules.
    """
    values = _values(plan, inputs, advice or {})
    for v, node in enumerate(plan.nodes):
        interval = plan.layout.intervals[v]
        if isinstance(node, Zero):
            wrong = [k for k, x in enumerate(values[node.a]) if x % FR_MODULUS]
            if wrong:
                raise ProgramError(f"zero assertion at node {v} does not hold for element {wrong[0]}")
        elif interval is not None and len(values[v]) and not isinstance(node, Output):
            low, high = min(values[v]), max(values[v])
            if low < interval[0] or high > interval[1]:
                raise RuntimeError(
                    f"node {v} ({node.op}) takes [{low}, {high}] outside its interval {interval}"
                )
    outputs = _public_outputs(plan, values)
    return Simulation(outputs, tuple(plan.evaluate(outputs, _points(plan, values))), _told(plan, values))


def witness(plan: Plan, inputs: Inputs, *, advice: Advice | None = None) -> Witness:
    """Return the witness for these inputs, zeros unchecked; ``advice`` replaces the outputs of hints (for
    forgers).
    """
    values = _values(plan, inputs, advice or {})
    slots: list[list[int]] = [[] for _ in plan.members]
    free: list[int] = []
    left: list[int] = []
    right: list[int] = []
    gates: list[int] = []
    zeros: list[int] = []
    for v, node in enumerate(plan.nodes):
        match node:
            case Input():
                slots[node.member].extend(_input_slots(node, values[v]))
            case Hint(boolean=False):
                free.extend(values[v])
            case Hint():
                left.extend(values[v])
                right.extend(values[v])
                gates.extend(values[v])
            case Mul(a, b):
                left.extend(values[a])
                right.extend(values[b])
                gates.extend(values[v])
            case Zero(a):
                zeros.extend(values[a])
    return Witness(
        inputs=tuple(tuple(s) for s in slots),
        free=tuple(free),
        left=tuple(left),
        right=tuple(right),
        gates=tuple(gates),
        zeros=tuple(zeros),
        outputs=_public_outputs(plan, values),
        points=_points(plan, values),
    )


def _values(plan: Plan, inputs: Inputs, advice: Advice) -> list[Integers]:
    """Return every node's entries; zeros and outputs have none."""
    _check_names(plan, inputs)
    values: list[Integers] = []
    for v, node in enumerate(plan.nodes):
        if isinstance(node, Input):
            values.append(_column(node, plan.members[node.member].name, inputs))
            continue
        if v in advice:
            values.append(_array(advice[v]))
            continue
        out = _compute(node, values, plan)
        if plan.layout.intervals[v] is None:
            out = _array([int(x) % FR_MODULUS for x in out])
        values.append(out)
    return values


def _compute(node: Node, values: Sequence[Integers], plan: Plan) -> Integers:
    match node:
        case InputBits(source):
            source_node = plan.nodes[source]
            assert isinstance(source_node, Input)
            return _array(_input_slots(source_node, values[source]))
        case Constant(constants):
            return _array(constants)
        case Add(a, b):
            return _array([x + y for x, y in zip(values[a], values[b], strict=True)])
        case Sub(a, b):
            return _array([x - y for x, y in zip(values[a], values[b], strict=True)])
        case Neg(a):
            return _array([-x for x in values[a]])
        case Scale(a, factors, inner):
            return _array([factors[i // inner % len(factors)] * x for i, x in enumerate(values[a])])
        case Sum(a, outer, n, inner):
            cube = values[a].reshape(outer, n, inner)
            return _array([sum(cube[i, :, j].tolist()) for i in range(outer) for j in range(inner)])
        case View(a, shape, offset, strides):
            places = cartesian(*(range(d) for d in shape))
            return values[a][[offset + sum(i * s for i, s in zip(p, strides, strict=True)) for p in places]]
        case Take(a, indices):
            return values[a][list(indices)]
        case Concat(parts):
            return np.concatenate([values[p] for p in parts])
        case Matmul(a, rows, columns, inner, entries):
            matrix, x = _array(entries).reshape(rows, columns), values[a].reshape(columns, inner)
            return np.asarray(np.dot(matrix, x), dtype=object).reshape(-1)
        case Mul(a, b):
            return _array([x * y for x, y in zip(values[a], values[b], strict=True)])
        case Hint(kind, parameters, arguments):
            return advice_of(kind, parameters).compute([values[a] for a in arguments])
        case Matching(a, own, others, minimum):
            opened = {p: [int(x) % FR_MODULUS for x in values[_exponents(plan, p)]] for p in (own, *others)}
            sets = [set(opened[p]) for p in others]
            chosen = [all(y in there for there in sets) for y in opened[own]]
            enough = sum(chosen) >= minimum
            return _array([x if c and enough else 0 for x, c in zip(values[a], chosen, strict=True)])
        case Input() | Zero() | Output() | Points():
            return _array([])
        case _:
            assert_never(node)


def _input_slots(node: Input, column: Integers) -> list[int]:
    if node.form == "value":
        return list(column)
    return [(x - node.low) >> i & 1 for x in column for i in range(node.bits)]


def _public_outputs(plan: Plan, values: Sequence[Integers]) -> tuple[int, ...]:
    return tuple(int(x) for node in plan.outputs if node.to is None for x in values[node.a])


def _told(plan: Plan, values: Sequence[Integers]) -> dict[str, tuple[ResultValue, ...]]:
    return {
        member.name: tuple(
            told(n.label, [int(x) for x in values[n.a]])
            for n in plan.outputs
            if n.to is not None and k in n.to
        )
        for k, member in enumerate(plan.members)
    }


def _points(plan: Plan, values: Sequence[Integers]) -> tuple[int, ...]:
    """Return the logarithms of all points; two of them are equal exactly if the points are."""
    return tuple(int(x) % FR_MODULUS for node in plan.points for x in values[node.a])


def _exponents(plan: Plan, v: int) -> int:
    node = plan.nodes[v]
    assert isinstance(node, Points)
    return node.a


def _check_names(plan: Plan, inputs: Inputs) -> None:
    unknown = sorted(set(inputs) - {m.name for m in plan.members})
    if unknown:
        raise DataError(f"the plan has no member {unknown[0]!r}")


def _column(node: Input, member: str, inputs: Inputs) -> Integers:
    if member not in inputs or node.name not in inputs[member]:
        raise DataError(f"{member}: column {node.name!r} is missing")
    column = [int(x) for x in inputs[member][node.name]]
    if len(column) != node.n:
        raise DataError(f"{member}: column {node.name!r} has {len(column)} rows, {node.n} were declared")
    for row, x in enumerate(column):
        if not node.low <= x <= node.high:
            raise DataError(
                f"{member}: column {node.name!r}, row {row}: {x} is outside [{node.low}, {node.high}]"
            )
    return _array(column)


def _array(entries: Sequence[int]) -> Integers:
    out = np.empty(len(entries), dtype=object)
    out[:] = list(entries)
    return out
