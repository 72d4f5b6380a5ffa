# SPDX-License-Identifier: Apache-2.0
"""Entries of inputs as they are: found by random values, compared with linear forms written out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.plans import Drawn, drawn_plans
from tallystick.disclosure import _copies as copies
from tallystick.disclosure import warnings
from tallystick.disclosure._copies import copied_inputs
from tallystick.plan import (
    Add,
    Concat,
    Constant,
    Hint,
    Input,
    InputBits,
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
    Zero,
)
from tallystick.tracing import Members, Program, Table, trace

Form = dict[tuple[int, int], int]
"""Coefficients by unknown: an entry of a node, or a digit of an input's entry; constants are left out."""


def combined(*terms: tuple[int, Form]) -> Form:
    found: Form = {}
    for factor, form in terms:
        for unknown, coefficient in form.items():
            found[unknown] = found.get(unknown, 0) + factor * coefficient
    return {k: v for k, v in found.items() if v}


def public(nodes: Sequence[Node], v: int) -> list[int] | None:
    """Return the entries of a constant, or of what is made of one without arithmetic between nodes."""
    node = nodes[v]
    match node:
        case Constant(values):
            return list(values)
        case View(a):
            source = public(nodes, a)
            return None if source is None else [source[i] for i in places(node)]
        case Take(a, indices):
            source = public(nodes, a)
            return None if source is None else [source[i] for i in indices]
        case Neg(a):
            source = public(nodes, a)
            return None if source is None else [-x for x in source]
        case Scale(a, factors, inner):
            source = public(nodes, a)
            return (
                None
                if source is None
                else [factors[i // inner % len(factors)] * x for i, x in enumerate(source)]
            )
    return None


def places(node: View) -> list[int]:
    return [
        node.offset + sum(i * s for i, s in zip(at, node.strides, strict=True))
        for at in product(*map(range, node.shape))
    ]


def forms_of(plan: Plan) -> list[list[Form]]:
    """Return the linear form of every entry of every node."""
    nodes, lengths, intervals = plan.nodes, plan.layout.lengths, plan.layout.intervals
    read = {n.source for n in nodes if isinstance(n, InputBits)}
    forms: list[list[Form]] = []
    for v, node in enumerate(nodes):
        n = lengths[v]
        own: list[Form] = [{(v, i): 1} for i in range(n)]
        match node:
            case Input():
                if node.low == node.high:
                    own = [{} for _ in range(n)]
                elif v in read:
                    own = [{(v, e * node.bits + i): 1 << i for i in range(node.bits)} for e in range(n)]
            case InputBits(source):
                own = [{(source, i): 1} for i in range(n)]
            case Constant() | Zero() | Output() | Points():
                own = [{} for _ in range(n)]
            case Add(a, b):
                own = [combined((1, x), (1, y)) for x, y in zip(forms[a], forms[b], strict=True)]
            case Sub(a, b):
                own = [combined((1, x), (-1, y)) for x, y in zip(forms[a], forms[b], strict=True)]
            case Neg(a):
                own = [combined((-1, x)) for x in forms[a]]
            case Scale(a, factors, inner):
                own = [combined((factors[i // inner % len(factors)], x)) for i, x in enumerate(forms[a])]
            case Sum(a, outer, count, inner):
                own = [
                    combined(*((1, forms[a][(o * count + j) * inner + i]) for j in range(count)))
                    for o in range(outer)
                    for i in range(inner)
                ]
            case View(a):
                own = [forms[a][i] for i in places(node)]
            case Take(a, indices):
                own = [forms[a][i] for i in indices]
            case Concat(parts):
                own = [x for p in parts for x in forms[p]]
            case Matmul(a, rows, columns, inner, entries):
                own = [
                    combined(*((entries[r * columns + c], forms[a][c * inner + i]) for c in range(columns)))
                    for r in range(rows)
                    for i in range(inner)
                ]
            case Hint(kind="copy"):
                own = forms[node.operands[0]]
            case Mul(a, b):
                left, right = public(nodes, a), public(nodes, b)
                if a == b and intervals[a] in ((0, 0), (0, 1), (1, 1)):
                    own = forms[a]
                elif left is not None:
                    own = [combined((c, x)) for c, x in zip(left, forms[b], strict=True)]
                elif right is not None:
                    own = [combined((c, x)) for c, x in zip(right, forms[a], strict=True)]
        forms.append(own)
    return forms


def copied_exactly(plan: Plan, forms: list[list[Form]], v: int) -> frozenset[int]:
    """Return the inputs of which node v has an entry: the inputs' forms up to a factor."""
    found = set()
    for p, node in enumerate(plan.nodes):
        if isinstance(node, Input):
            for entry in forms[p]:
                for form in forms[v]:
                    if form and entry and form.keys() == entry.keys():
                        key = next(iter(entry))
                        if all(form[k] * entry[key] == entry[k] * form[key] for k in entry):
                            found.add(p)
    return frozenset(found)


@given(drawn=drawn_plans(fewest_rows=0))
def test_random_values_find_what_written_forms_show(drawn: Drawn) -> None:
    plan = drawn.plan
    targets = [v for v, n in enumerate(plan.nodes) if not isinstance(n, Zero | Output | Points)]
    forms, layout = forms_of(plan), plan.layout
    wanted = [copied_exactly(plan, forms, v) for v in targets]
    assert copied_inputs(plan.nodes, layout.lengths, layout.intervals, targets) == wanted
    for v, one in zip(targets, wanted, strict=True):
        # One at a time other nodes are needed, and an input's digits perhaps not.
        assert copied_inputs(plan.nodes, layout.lengths, layout.intervals, [v]) == [one]


def test_more_work_than_the_limit_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(tables: Members[Table]) -> object:
        return {"x": ts.reveal(tables["a"]["x"] * 2, allow_input=True)}

    plan = trace(Program("body", body), [ts.MemberSchema("a", 20, {"x": ts.Column(0, 9)})])
    layout, v = plan.layout, len(plan.nodes) - 2
    given = (plan.nodes, layout.lengths, layout.intervals, [v])
    assert copied_inputs(*given, limit=39) is None
    assert copied_inputs(*given, limit=40) == [frozenset({0})]
    monkeypatch.setattr(copies._Forms, "copied", lambda self: pytest.fail("looked at"))
    monkeypatch.setattr("tallystick.disclosure._warnings._MAX_COPY_WORK", 39)
    assert "too many values are added up to examine" in " ".join(warnings(plan))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_a_picked_entry_is_found_in_whatever_way(picks: list[int]) -> None:
    """By position, by a matrix, by a one-hot sum, by a difference of sums."""
    matrix = np.zeros((len(picks), 5), dtype=object)
    matrix[range(len(picks)), picks] = 3

    def body(tables: Members[Table]) -> object:
        x = tables["a"]["x"]
        shown = [x[picks], matrix @ x, *((x * row).sum() for row in matrix), x.sum() - x[1:].sum()]
        return {str(k): ts.reveal(s, allow_input=True) for k, s in enumerate(shown)}

    plan = trace(Program("body", body), [ts.MemberSchema("a", 5, {"x": ts.Column(0, 9)})])
    opened = [node.a for node in plan.outputs]
    layout = plan.layout
    found = copied_inputs(plan.nodes, layout.lengths, layout.intervals, opened)
    assert found == [frozenset({0})] * len(opened)
