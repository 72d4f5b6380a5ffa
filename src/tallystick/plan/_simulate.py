# SPDX-License-Identifier: Apache-2.0
"""The plan on plain Python integers: the oracle of every test, and the witness of a single prover.

Nothing here shares code with what shares or proofs do: every rule of ``spec/plan.md`` is written a second
time, on numpy arrays of Python integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as cartesian
from types import MappingProxyType
from typing import TypeAlias, assert_never

import numpy as np

from ..backend import FR_MODULUS
from ..errors import DataError, ProgramError
from ._arithmetic import Add, Concat, Matmul, Mul, Neg, Scale, Sub, Sum, Take, View
from ._hints import Integers, advice_of
from ._home import Home
from ._intervals import Interval
from ._ops import Constant, Hint, Input, InputBits, Matching, Node, Output, Points, Share, Zero
from ._own import Common, OwnBits, OwnInput, OwnNode
from ._plan import Plan, ResultValue
from ._told import told

__all__ = ["Advice", "Inputs", "Simulation", "Witness", "home_witness", "simulate", "witness"]

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
    shared = []
    for k, (home, columns) in enumerate(_tables(plan, inputs)):
        at_home = _home_values(home, columns, {})
        _check_values(home.nodes, home.layout.intervals, at_home, f"part {k}, ")
        shared.append([at_home[p] for p in home.shares])
    values = _values(plan, inputs, shared, advice or {})
    _check_values(plan.nodes, plan.layout.intervals, values)
    outputs = _public_outputs(plan, values)
    return Simulation(outputs, tuple(plan.evaluate(outputs, _points(plan, values))), _told(plan, values))


def witness(
    plan: Plan,
    inputs: Inputs,
    *,
    advice: Advice | None = None,
    at_home: Mapping[int, Advice] = MappingProxyType({}),
) -> Witness:
    """Return the witness of what is computed jointly, zeros unchecked.

    ``advice`` replaces the outputs of hints (for forgers), ``at_home[k]`` those of the home of part k.
    """
    owners = [
        home_witness(home, columns, advice=at_home.get(k, {}))
        for k, (home, columns) in enumerate(_tables(plan, inputs))
    ]
    shared = [_split(home, owner.inputs[0]) for home, owner in zip(_homes(plan), owners, strict=True)]
    values = _values(plan, inputs, shared, advice or {})
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
    if plan.format > 1:
        slots = [list(owner.inputs[0]) for owner in owners]
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


def home_witness(
    home: Home, columns: Mapping[tuple[str, int | None], Integers], *, advice: Advice
) -> Witness:
    """Return the witness of a home on these columns, by name and order; ``advice`` replaces values (for forgers).

    What is shared is what the nodes hold.  A value outside its column's interval has no wires that fit it.
    """
    values = _home_values(home, columns, advice)
    wires: list[int] = []
    products: list[int] = []
    left: list[int] = []
    right: list[int] = []
    free: list[int] = []
    zeros: list[int] = []
    for v, node in enumerate(home.nodes):
        match node:
            case OwnInput():
                wires.extend(_wires(node, values[v]))
            case OwnBits(source):
                column = home.nodes[source]
                assert isinstance(column, OwnInput)
                if not column.whole:
                    wires.extend(values[v])
                    zeros.extend(_recomposed(values[v], column.bits, column.low) - values[source])
            case Hint():
                (wires if node.boolean else free).extend(values[v])
            case Mul(a, b):
                left.extend(values[a])
                right.extend(values[b])
                products.extend(values[v])
            case Zero(a):
                zeros.extend(values[a])
    return Witness(
        inputs=(tuple(int(x) for p in home.shares for x in values[p]),),
        free=tuple(free),
        left=(*wires, *left),
        right=(*wires, *right),
        gates=(*wires, *products),
        zeros=(*zeros, *(0 for p in home.shares for _ in values[p])),
        outputs=(),
        points=(),
    )


def _wires(node: OwnInput, column: Integers) -> list[int]:
    """Return b_i with Σ μ_i·b_i = x - low, the top one set as soon as the others do not reach."""
    lower = max(node.bits - 1, 0)
    top = node.high - node.low - ((1 << lower) - 1)
    out = []
    for x in column if node.bits else ():
        above = int(x) - node.low >> lower & 1
        out += [*(int(x) - node.low - above * top >> i & 1 for i in range(lower)), above]
    return out


def _recomposed(digits: Integers, k: int, low: int) -> Integers:
    """Return low + Σ 2^i·d_i of every k digits."""
    rows = digits.reshape(-1, k)
    return _array([low + sum(int(d) << i for i, d in enumerate(row)) for row in rows])


def _home_values(
    home: Home, columns: Mapping[tuple[str, int | None], Integers], advice: Advice
) -> list[Integers]:
    values: list[Integers] = []
    for v, node in enumerate(home.nodes):
        if v in advice:
            values.append(_array(advice[v]))
        elif isinstance(node, OwnInput):
            values.append(columns[node.name, node.order])
        elif isinstance(node, OwnBits):
            column = home.nodes[node.source]
            assert isinstance(column, OwnInput)
            digits = [int(x) - column.low >> i & 1 for x in values[node.source] for i in range(column.bits)]
            values.append(_array(digits))
        else:
            values.append(_reduced(_compute(node, values), home.layout.intervals[v]))
    return values


def _homes(plan: Plan) -> list[Home]:
    return [plan.homes[part.home] for part in plan.parts]


def _tables(plan: Plan, inputs: Inputs) -> Iterator[tuple[Home, dict[tuple[str, int | None], Integers]]]:
    """Yield every part's home with the rows of its columns; in every order of rows those of the table."""
    _check_names(plan, inputs)
    for member, schema in enumerate(plan.members):
        whole = {(n.name, n.order): _column(n, schema.name, inputs) for n in plan.inputs_of(member)}
        for _, home, start in plan.parts_of(member):
            yield home, {key: column[start : start + home.rows] for key, column in whole.items()}


def _split(home: Home, slots: Sequence[int]) -> list[Integers]:
    lengths = [home.layout.lengths[p] for p in home.shares]
    return [_array(slots[s : s + n]) for s, n in zip(home.layout.starts, lengths, strict=True)]


def _reduced(values: Integers, interval: Interval) -> Integers:
    return _array([int(x) % FR_MODULUS for x in values]) if interval is None else values


def _check_values(
    nodes: Sequence[Node | OwnNode],
    intervals: Sequence[Interval],
    values: Sequence[Integers],
    where: str = "",
) -> None:
    """Raise ``ProgramError`` for a zero assertion that does not hold, ``RuntimeError`` for a wrong interval."""
    for v, node in enumerate(nodes):
        interval = intervals[v]
        if isinstance(node, Zero):
            wrong = [k for k, x in enumerate(values[node.a]) if x % FR_MODULUS]
            if wrong:
                raise ProgramError(f"zero assertion at {where}node {v} does not hold for element {wrong[0]}")
        elif interval is not None and len(values[v]) and not isinstance(node, Output):
            low, high = min(values[v]), max(values[v])
            if low < interval[0] or high > interval[1]:
                raise RuntimeError(
                    f"{where}node {v} ({node.op}) takes [{low}, {high}] outside its interval {interval}"
                )


def _values(
    plan: Plan, inputs: Inputs, shared: Sequence[Sequence[Integers]], advice: Advice
) -> list[Integers]:
    """Return every node's entries; zeros and outputs have none."""
    _check_names(plan, inputs)
    values: list[Integers] = []
    for v, node in enumerate(plan.nodes):
        match node:
            case Input():
                out = _column(node, plan.members[node.member].name, inputs)
            case Share(part, number):
                out = shared[part][number]
            case _ if v in advice:
                out = _array(advice[v])
            case InputBits(source):
                source_node = plan.nodes[source]
                assert isinstance(source_node, Input)
                out = _array(_input_slots(source_node, values[source]))
            case Matching():
                out = _matching(node, values, plan)
            case Output() | Points():
                out = _array([])
            case _:
                out = _reduced(_compute(node, values), plan.layout.intervals[v])
        values.append(out)
    return values


def _compute(node: Common, values: Sequence[Integers]) -> Integers:
    """Return the entries of a node."""
    match node:
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
        case Zero():
            return _array([])
        case _:
            assert_never(node)


def _matching(node: Matching, values: Sequence[Integers], plan: Plan) -> Integers:
    opened = {p: [int(x) % FR_MODULUS for x in values[_exponents(plan, p)]] for p in node.points}
    sets = [set(opened[p]) for p in node.others]
    chosen = [all(y in there for there in sets) for y in opened[node.own]]
    enough = sum(chosen) >= node.minimum
    return _array([x if c and enough else 0 for x, c in zip(values[node.a], chosen, strict=True)])


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
