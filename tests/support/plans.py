# SPDX-License-Identifier: Apache-2.0
"""Programs drawn by hypothesis, and plans run on vectors the way the online phase does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

import tallystick as ts
from tallystick.algebra import Vector
from tallystick.backend import Backend
from tallystick.plan import (
    Constant,
    Hint,
    Input,
    InputBits,
    Matching,
    Mul,
    Output,
    Plan,
    Points,
    Zero,
    forward,
    input_value,
)
from tallystick.tracing import Members, Program, Secret, Table, assert_zero, hint, input_bits, trace

__all__ = [
    "Drawn",
    "FormValues",
    "drawn_plans",
    "fake_points",
    "run_forward",
    "sample_join",
    "sample_plan",
    "shown",
]


@dataclass(frozen=True)
class Drawn:
    """A traced random program, and inputs that fit it."""

    plan: Plan
    inputs: dict[str, dict[str, list[int]]]


def shown(value: object) -> object:
    """Reveal all secrets of a result, entries of inputs too."""
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    if isinstance(value, Secret) and value.interval is not None:
        return ts.reveal(value, allow_input=True)
    return value


COLUMNS = {
    "a": ts.Column(0, 15),
    "b": ts.Column(-3, 9),
    "c": ts.Column(5, 5),
    "d": ts.Column(-(2**40), 2**40),
}


@st.composite
def drawn_plans(draw: st.DrawFn, *, steps: int = 8, fewest_rows: int = 1) -> Drawn:
    """A program of ``steps`` random operations over two or three members' tables."""
    rows = draw(st.lists(st.integers(fewest_rows, 4), min_size=2, max_size=3))
    members = [ts.MemberSchema(f"m{k}", n, COLUMNS) for k, n in enumerate(rows)]

    def body(tables: Members[Table]) -> object:
        pool: list[Secret] = []
        for t in tables:
            pool += [t[c] for c in draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=2))]
        for _ in range(steps):
            made = draw(st.sampled_from(STEPS))(draw, pool)
            assert made is None or isinstance(made, Secret), made
            if made is not None and made.size <= 300:
                pool.append(made)
        results = [draw(st.sampled_from(pool)) for _ in range(3)]
        shown_results = {str(k): shown(r) for k, r in enumerate(results) if r.interval is not None}
        return shown_results | {"last": pool[-1].size}

    plan = trace(Program("drawn", body), members)
    inputs = {
        member.name: {
            n.name: [draw(st.integers(n.low, n.high)) for _ in range(n.n)] for n in plan.inputs_of(k)
        }
        for k, member in enumerate(plan.members)
    }
    return Drawn(plan, inputs)


Step = Callable[[st.DrawFn, list[Secret]], Secret | None]


def _wide(x: Secret, bits: int = 110) -> bool:
    return x.interval is None or max(abs(x.low), abs(x.high)).bit_length() > bits


def _pair(draw: st.DrawFn, pool: list[Secret]) -> tuple[Secret, Secret] | None:
    x, y = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return None
    if x.ndim == y.ndim == 1 and x.shape != y.shape and not x.origin.members & y.origin.members:
        return None  # A member's only row does not stand for all rows of another.
    return (x, y) if not _wide(x) and not _wide(y) and x.size and y.size else None


def _add(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    pair = _pair(draw, pool)
    return pair[0] + pair[1] if pair else None


def _sub(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    pair = _pair(draw, pool)
    return pair[0] - pair[1] if pair else None


def _mul(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    pair = _pair(draw, pool)
    return pair[0] * pair[1] if pair and pair[0].size * pair[1].size < 300 else None


def _constants(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from(pool))
    if _wide(x):
        return None
    k = draw(st.integers(-(2**70), 2**70))
    return draw(st.sampled_from([x + k, k - x, -x, x * k]))


def _array(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from(pool))
    if _wide(x) or not x.size:
        return None
    axes = [draw(st.sampled_from([1, d])) for d in x.shape]
    shape = tuple(axes[draw(st.integers(0, len(axes))) :])
    factors = np.array([draw(st.integers(-9, 9)) for _ in range(int(np.prod(shape)))]).reshape(shape)
    return x * factors if draw(st.booleans()) else factors + x


def _matrix(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from(pool))
    if _wide(x) or x.ndim not in (1, 2) or not x.size:
        return None
    other = draw(st.integers(1, 3))
    if draw(st.booleans()):
        return np.arange(other * x.shape[0]).reshape(other, x.shape[0]) @ x
    return x @ (np.arange(other * x.shape[-1]).reshape(x.shape[-1], other) - 2)


def _sum(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from(pool))
    return None if _wide(x) else x.sum(draw(st.sampled_from([None, *range(x.ndim)])))


def _slice(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from(pool))
    if not x.ndim or not x.shape[0]:
        return None
    keys = [
        slice(None, None, -1),
        slice(1, None, 2),
        0,
        -1,
        [0, -1, 0],
        (None, slice(0, 2)),
        ...,
        slice(0, 0),
    ]
    return x[draw(st.sampled_from(keys))]


def _shape(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from(pool))
    return draw(st.sampled_from([x.T, x.reshape(-1), x.reshape(1, -1).T, x.reshape(1, *x.shape)]))


def _concat(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from([p.reshape(-1) for p in pool]))
    y = draw(st.sampled_from([p.reshape(-1) for p in pool]))
    if draw(st.booleans()) and x.shape == y.shape:
        return ts.concat([x.reshape(-1, 1), y.reshape(-1, 1)], axis=1)
    return ts.concat([x, y])


def _committed_bits(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    columns = [p for p in pool if isinstance(p.builder.nodes[p.node], Input) and p.ndim == 1]
    return input_bits(draw(st.sampled_from(columns))) if columns else None


def _bits(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    small = [p for p in pool if p.interval is not None and p.size and p.high - p.low < 2**12]
    if not small:
        return None
    x = draw(st.sampled_from(small)).reshape(-1)
    k = max((x.high - x.low).bit_length(), 1)
    bits = hint("bits", x, parameters=(x.low, k), n=x.size * k, boolean=True).reshape(-1, k)
    assert_zero(bits @ (1 << np.arange(k)) - (x - x.low))
    return bits


def _inverse(draw: st.DrawFn, pool: list[Secret]) -> Secret | None:
    x = draw(st.sampled_from(pool))
    if _wide(x) or not x.size:
        return None
    inverse = hint("inverse", x, parameters=(), n=x.size, boolean=False).reshape(x.shape)
    assert_zero(x * (x * inverse - 1))
    return None


STEPS: list[Step] = [_add, _sub, _mul, _mul, _constants, _array, _matrix, _sum, _slice, _shape, _concat]
STEPS += [_committed_bits, _bits, _inverse]


@dataclass(frozen=True)
class FormValues:
    """The values of a relation's affine forms at some slots."""

    left: Vector
    right: Vector
    zeros: Vector
    outputs: Vector
    points: Vector


def fake_points(values: Vector) -> bytes:
    """Return something of the length of points' encodings, equal where the values are."""
    return b"".join(v.to_bytes(48, "big") for v in values.to_ints())


def run_forward(
    backend: Backend, plan: Plan, inputs: tuple[Vector, ...], free: Vector, gates: Vector
) -> FormValues:
    """Evaluate every affine form from the slots, which need not satisfy any constraint."""
    values: list[Vector] = []
    slots: dict[int, Vector] = {}
    left, right, zeros, outputs, points = [], [], [], [], []
    opened: dict[int, list[int]] = {}
    for v, node in enumerate(plan.nodes):
        n, at = plan.layout.lengths[v], plan.layout.place[v]
        match node:
            case Input():
                slots[v] = inputs[node.member][at : at + node.slots]
                value = input_value(node, slots[v])
            case InputBits(source):
                value = forward(plan, v, [slots[source]])
            case Constant():
                value = Vector.from_ints(backend, node.values)
            case Hint(boolean=False):
                value = free[at : at + n]
            case Hint():
                value = gates[at : at + n]
                left.append(value)
                right.append(value)
            case Mul(a, b):
                left.append(values[a])
                right.append(values[b])
                value = gates[at : at + n]
            case Zero(a):
                zeros.append(values[a])
                value = Vector.zeros(backend, 0)
            case Output(a):
                outputs.append(values[a])
                value = Vector.zeros(backend, 0)
            case Points(a):
                points.append(values[a])
                opened[v] = values[a].to_ints()
                value = Vector.zeros(backend, 0)
            case Matching(a, own, others, minimum):
                chosen = [all(y in opened[p] for p in others) for y in opened[own]]
                chosen = chosen if sum(chosen) >= minimum else [False] * n
                value = values[a] * Vector.from_ints(backend, [int(c) for c in chosen])
            case _:
                value = forward(plan, v, [values[p] for p in node.operands])
        assert len(value) == n
        values.append(value)
    empty = Vector.zeros(backend, 0)
    return FormValues(*(Vector.concat([empty, *parts]) for parts in (left, right, zeros, outputs, points)))


def sample_plan() -> Plan:
    """A plan that, with ``sample_join``, has every operation and every expression."""

    @ts.program
    def program(table: Members[Table]) -> object:
        x = ts.concat(t["x"] for t in table)
        y = table["b"]["y"]
        bits = hint("bits", y, parameters=(-4, 4), n=8, boolean=True)
        inverse = hint("inverse", y + 9, parameters=(), n=2, boolean=False)
        assert_zero((y + 9) * inverse - 1)
        grid = [[1, -2, 3], [2**70, 0, 1]] @ x[::-1].reshape(3, 1)
        total = ts.reveal((x * x).sum() - x[[0, 0, 2]].sum() + bits.sum() + input_bits(y).sum())
        opened = ts.reveal(-grid * 5)
        return {
            "a": round(total / 3 - 1, 2),
            "b": {"c": ts.sqrt(total * total, places=1) + opened[0], "d": -opened},
        }

    members = [
        ts.MemberSchema("a", 1, {"x": ts.Column(0, 15)}),
        ts.MemberSchema("b", 2, {"x": ts.Column(0, 15), "y": ts.Column(-4, 8, 0)}),
    ]
    return ts.trace(program, members)


def sample_join() -> Plan:
    """A plan with what joins need: orders, points, matches, advice of members."""

    @ts.program
    def program(table: Members[Table]) -> object:
        a, b = table["a"]["x"], table["b"]["x"]
        return {
            "size": ts.join.intersection_size(a, b),
            "sum": ts.join.intersection_sum(a, b, values=table["b"]["y"], minimum=2),
        }

    columns = {"x": ts.Column(0, 15), "y": ts.Column(-4, 8)}
    return ts.trace(program, [ts.MemberSchema("a", 3, columns), ts.MemberSchema("b", 4, columns)])
