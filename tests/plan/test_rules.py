# SPDX-License-Identifier: Apache-2.0
"""Every operation says all that is asked of it, in one place: a forgotten rule is an error, not an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import astuple
from types import ModuleType
from typing import get_args

import pytest
from hypothesis import given

from support.forgotten import without_each_case
from support.plans import Drawn, drawn_plans, run_forward, sample_join, sample_plan
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend, get_backend
from tallystick.plan import (
    HINTS,
    Hint,
    Linear,
    Plan,
    PlanRelation,
    _expressions,
    _layout,
    _relation,
    _simulate,
)
from tallystick.plan._operation import Operation, check_rules
from tallystick.plan._ops import Node

PLANS = (sample_plan(), sample_join())
ALWAYS = ("length", "interval")
LINEAR = ("forward", "backward")


def _rules() -> Iterator[tuple[type[Operation], str, type]]:
    """Yield every operation and rule, and the class that has the rule for it."""
    for cls in get_args(Node):
        for name in ALWAYS + (LINEAR if issubclass(cls, Linear) else ()):
            yield cls, name, next(c for c in cls.__mro__ if name in vars(c))


RULES = list(_rules())


def test_every_rule_is_defined_where_it_can_be_forgotten() -> None:
    assert len(RULES) == 2 * len(get_args(Node)) + 2 * 9
    assert not [(cls, name) for cls, name, owner in RULES if owner in (Operation, Linear)]


def _use(plan: Plan, backend: Backend, name: str) -> None:
    """Do with a plan what needs the rule."""
    if name in ALWAYS:
        Plan.from_bytes(plan.to_bytes())
        return
    random = Random(b"r" * 32)
    shape, relation = plan.shape, PlanRelation(plan)
    points = b""
    if name == "forward":
        inputs = tuple(random.vector(backend, n) for n in shape.inputs)
        free, gates = random.vector(backend, shape.free), random.vector(backend, shape.gates)
        run_forward(backend, plan, inputs, free, gates)
        return
    points = b"".join(bytes([k % 5]) * 48 for k in range(shape.points))
    sizes = {"left": shape.gates, "right": shape.gates, "zeros": shape.zeros, "outputs": shape.outputs}
    weights = {k: random.vector(backend, n) for k, n in (sizes | {"points": shape.points}).items()}
    relation.given(points).transpose(backend, **weights)


@pytest.mark.parametrize(("cls", "name", "owner"), RULES, ids=lambda x: getattr(x, "op", str(x)))
def test_a_rule_that_is_left_out_is_missed(
    cls: type[Operation], name: str, owner: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    pure = get_backend("pure")
    plans = [p for p in PLANS if any(isinstance(n, cls) for n in p.nodes)]
    assert plans
    for plan in plans:
        _use(plan, pure, name)
    check_rules(cls)
    for c in cls.__mro__:
        if c not in (Operation, Linear) and name in vars(c):
            monkeypatch.delattr(c, name)
    with pytest.raises(TypeError, match=f"operation '{cls.op}' has no rule '{name}'"):
        check_rules(cls)
    for plan in plans:
        with pytest.raises(NotImplementedError, match=f"has no rule '{name}'"):
            _use(plan, pure, name)


@given(drawn=drawn_plans(fewest_rows=0))
def test_both_rules_are_one_map(backend: Backend, drawn: Drawn) -> None:
    """For every linear node, <g, forward(x)> = Σ_p <backward(g)_p, x_p>."""
    random, lengths = Random(hashlib.sha256(drawn.plan.digest).digest()), drawn.plan.layout.lengths
    for v, node in enumerate(drawn.plan.nodes):
        if isinstance(node, Linear):
            own = [lengths[p] for p in node.operands]
            xs, g = [random.vector(backend, n) for n in own], random.vector(backend, lengths[v])
            back = node.backward(g, own)
            assert [len(b) for b in back] == own
            there = sum(b.dot(x) for b, x in zip(back, xs, strict=True))
            assert there % FR_MODULUS == g.dot(node.forward(xs))


# ------------------------------------------------------------------------------------ cases of interpreters


def _laid_out(module: ModuleType, plan: Plan) -> object:
    return astuple(module.compute_layout(plan.members, plan.nodes))


def _transposed(module: ModuleType, plan: Plan) -> object:
    pure, shape = get_backend("pure"), plan.shape
    sizes = {"left": shape.gates, "right": shape.gates, "zeros": shape.zeros, "outputs": shape.outputs}
    weights = {
        name: Vector.powers(pure, 3, n, first=k + 2)
        for k, (name, n) in enumerate((sizes | {"points": shape.points}).items())
    }
    points = b"".join(bytes([k % 5]) * 48 for k in range(shape.points))
    found = module.PlanRelation(plan).given(points).transpose(pure, **weights)
    parts = [*found.inputs, found.free, found.gates]
    return [x.to_ints() for x in parts], found.constant


def _computed(module: ModuleType, plan: Plan) -> object:
    """Every node from its operands' values in the unchanged simulation."""
    inputs = {
        m.name: {n.name: [n.low + k % 3 for k in range(n.n)] for n in plan.inputs_of(i)}
        for i, m in enumerate(plan.members)
    }
    values = _simulate._values(plan, inputs, {})
    drawn = {v for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and not HINTS[n.kind].deterministic}
    found = [module._compute(n, values, plan).tolist() for v, n in enumerate(plan.nodes) if v not in drawn]
    # What others drew differs from run to run; only whether it is computed at all is compared.
    return len(found) if drawn else found


def _evaluated(module: ModuleType, plan: Plan) -> object:
    outputs = [[7] * (plan.layout.lengths[n.a] if n.to is None else 0) for n in plan.outputs]
    points = [list(range(plan.layout.lengths[n.a])) for n in plan.points]
    values = module.evaluate_expressions(plan.expressions, outputs, points)
    lengths: list[int] = []
    for e in plan.expressions:
        lengths.append(module.length_of(e, lengths, [len(o) for o in outputs], [len(p) for p in points]))
    every = {k: set(range(len(entries))) for k, entries in enumerate(outputs)}
    return values, lengths, module.used_entries(plan.expressions, every)


@pytest.mark.parametrize(
    ("module", "use"),
    [
        (_layout, _laid_out),
        (_relation, _transposed),
        (_simulate, _computed),
        (_expressions, _evaluated),
    ],
    ids=["layout", "relation", "simulate", "expressions"],
)
def test_a_case_that_is_left_out_is_missed(
    module: ModuleType, use: Callable[[ModuleType, Plan], object]
) -> None:
    whole = [use(module, plan) for plan in PLANS]
    tried = 0
    for what, changed in without_each_case(module):
        tried += 1
        refused = 0
        for plan, answer in zip(PLANS, whole, strict=True):
            try:
                found = use(changed, plan)
            except AssertionError:
                refused += 1
            else:
                assert found == answer, what
        assert refused, what
    assert tried >= 8
