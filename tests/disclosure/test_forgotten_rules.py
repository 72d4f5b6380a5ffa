# SPDX-License-Identifier: Apache-2.0
"""What decides whether data may be opened refuses what it has no rule for; it never answers without one."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

import tallystick as ts
from support.forgotten import without_each_case
from support.plans import sample_join, sample_plan
from tallystick.disclosure import _copies, _forms, _isolation, _selected, _suppressed
from tallystick.errors import ProgramError
from tallystick.plan import Add, Concat, Linear, Matmul, Mul, Neg, Node, Plan, Scale, Sub, Sum, Take, View
from tallystick.plan._arithmetic import _Gather
from tallystick.tracing import Members, Program, Secret, Table, trace

PLANS = (sample_plan(), sample_join())
Outcome = list[object]


def _tried(function: Callable[[], object]) -> object:
    try:
        return function()
    except (AssertionError, TypeError) as error:
        return type(error).__name__


def _copied(module: ModuleType, plan: Plan) -> Outcome:
    layout = plan.layout

    def of(v: int) -> object:
        return module.copied_inputs(plan.nodes, layout.lengths, layout.intervals, [v])

    def value(v: int) -> object:
        forms = module._Forms(plan.nodes, layout.lengths, layout.intervals, [])
        return forms._value(v, []).data.tolist()

    without = [v for v, n in enumerate(plan.nodes) if not n.operands or not layout.lengths[v]]
    return [_tried(lambda v=v: of(v)) for v in range(len(plan.nodes))] + [
        _tried(lambda v=v: value(v)) for v in without
    ]


def _formed(module: ModuleType, plan: Plan) -> Outcome:
    each = range(len(plan.nodes))
    found: Outcome = [_tried(lambda v=v: module._through(plan, v)) for v in each]
    found += [_tried(lambda v=v: {k: o.tolist() for k, o in module.owners(plan, [v]).items()}) for v in each]
    return [*found, _tried(lambda: sorted(module.Forms(plan, [n.a for n in plan.outputs]).through))]


def _chosen(module: ModuleType, plan: Plan) -> Outcome:
    def of(v: int) -> object:
        found = module.selected(plan.nodes, plan.layout.intervals, [v])[0]
        return found and (found.inputs, found.sorted)

    return [_tried(lambda v=v: of(v)) for v in range(len(plan.nodes))]


def _polynomials(module: ModuleType, plan: Plan) -> Outcome:
    def of(v: int) -> object:
        return module._evaluated(plan, {v: ()}, [v], np.random.default_rng(1), 2)[v].data.tolist()

    found: Outcome = [_tried(lambda v=v: module._made_of(plan, v)) for v in range(len(plan.nodes))]
    alone = [v for v, node in enumerate(plan.nodes) if not isinstance(node, Linear | Mul)]
    found += [_tried(lambda v=v: of(v)) for v in alone]
    return [*found, _tried(lambda: module._values(plan, [n.a for n in plan.outputs], []).tolist())]


@pytest.mark.parametrize(
    ("module", "use", "cases"),
    [
        (_copies, _copied, 20),
        (_forms, _formed, 20),
        (_selected, _chosen, 18),
        (_suppressed, _polynomials, 20),
    ],
    ids=["copies", "forms", "selected", "suppressed"],
)
def test_a_case_that_is_left_out_is_a_refusal(
    module: ModuleType, use: Callable[[ModuleType, Plan], Outcome], cases: int
) -> None:
    """Every answer stays what it was, or is refused; and some is refused."""
    whole = [use(module, plan) for plan in PLANS]
    tried = 0
    for what, changed in without_each_case(module):
        tried += 1
        missed = 0
        for plan, answers in zip(PLANS, whole, strict=True):
            for found, answer in zip(use(changed, plan), answers, strict=True):
                assert found in (answer, "AssertionError"), what
                missed += found == "AssertionError"
        assert missed, what
    assert tried == cases


SHOWN: dict[type[Node], Callable[[Secret], object]] = {
    Add: lambda x: x + x[::-1] - x[::-1],
    Sub: lambda x: x * 2 - x,
    Neg: lambda x: -x,
    Scale: lambda x: x * 3,
    Sum: lambda x: ts.stack([x, x * 2]).sum(axis=0),
    View: lambda x: x[::-1],
    Take: lambda x: x[[2, 0, 1]],
    Concat: lambda x: ts.concat([x, x]),
    Matmul: lambda x: np.array([[0, 2, 0], [1, 0, 0]], dtype=object) @ x,
}


def _shown(cls: type[Node]) -> Plan:
    def body(tables: Members[Table]) -> object:
        return {"x": SHOWN[cls](tables["a"]["x"])}

    return trace(Program("body", body), [ts.MemberSchema(m, 3, {"x": ts.Column(0, 9)}) for m in "ab"])


@pytest.mark.parametrize("cls", SHOWN, ids=lambda cls: cls.op)
def test_no_linear_operation_shows_an_entry_with_its_rule_or_without(
    cls: type[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProgramError, match="entries of an input as they are"):
        _shown(cls)
    for c in (cls, _Gather):
        if issubclass(cls, c) and "forward" in vars(c):
            monkeypatch.delattr(c, "forward")
    with pytest.raises(ProgramError, match=f"{cls.op} has no rule 'forward'"):
        _shown(cls)


def test_all_linear_operations_are_tried() -> None:
    assert {cls for cls in SHOWN if issubclass(cls, Linear)} == {
        n for n in Node.__args__ if issubclass(n, Linear)
    }


@pytest.mark.parametrize("cls", SHOWN, ids=lambda cls: cls.op)
def test_a_combination_is_not_examined_without_the_transposed_rule(
    cls: type[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    def body(tables: Members[Table]) -> object:
        a, b = (SHOWN[cls](tables[m]["x"]) for m in "ab")
        return [ts.concat([a, b]).sum(), b.sum()]

    plan = trace(Program("body", body), [ts.MemberSchema(m, 3, {"x": ts.Column(0, 9)}) for m in "ab"])
    assert _isolation.combined_warnings(plan) == ["[1], [2] together show a value that depends on a alone"]
    for c in (cls, _Gather):
        if issubclass(cls, c) and "backward" in vars(c):
            monkeypatch.delattr(c, "backward")
    with pytest.raises(NotImplementedError, match="has no rule 'backward'"):
        _isolation.combined_warnings(plan)
