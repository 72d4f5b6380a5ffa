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
from support.plans import (
    Drawn,
    drawn_plans,
    first_sample_plan,
    run_forward,
    run_home,
    sample_join,
    sample_plan,
)
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend, get_backend
from tallystick.plan import (
    HINTS,
    Hint,
    HomeRelation,
    Linear,
    Plan,
    PlanRelation,
    _expressions,
    _home,
    _layout,
    _owner,
    _relation,
    _simulate,
)
from tallystick.plan._operation import Operation, check_rules
from tallystick.plan._ops import Node
from tallystick.plan._own import Common, OwnNode
from tallystick.proofs import Shape, to_words

PLANS = (sample_plan(), sample_join(), first_sample_plan(), sample_join(1))
OPERATIONS = tuple(dict.fromkeys((*get_args(Node), *get_args(OwnNode))))
ALWAYS = ("length", "interval")
LINEAR = ("forward", "backward")


def _rules() -> Iterator[tuple[type[Operation], str, type]]:
    """Yield every operation and rule, and the class that has the rule for it."""
    for cls in OPERATIONS:
        for name in ALWAYS + (LINEAR if issubclass(cls, Linear) else ()):
            yield cls, name, next(c for c in cls.__mro__ if name in vars(c))


RULES = list(_rules())


def test_every_rule_is_defined_where_it_can_be_forgotten() -> None:
    assert len(RULES) == 2 * len(OPERATIONS) + 2 * 9
    assert not [(cls, name) for cls, name, owner in RULES if owner in (Operation, Linear)]


def _sizes(shape: Shape) -> dict[str, int]:
    """Return how many weights a transposed map takes."""
    kinds = ("zeros", "outputs", "points")
    return {"left": shape.gates, "right": shape.gates} | {kind: getattr(shape, kind) for kind in kinds}


def _matched(shape: Shape) -> bytes:
    """Return something of the length of points' encodings, of which some are equal."""
    return b"".join(bytes([k % 5]) * 48 for k in range(shape.points))


def _use(plan: Plan, backend: Backend, name: str, cls: type[Operation]) -> None:
    """Do with a plan what needs the rule of this operation."""
    if name in ALWAYS:
        Plan.from_bytes(plan.to_bytes())
        return
    random = Random(b"r" * 32)
    relations = [HomeRelation(home) for home in plan.homes if any(isinstance(n, cls) for n in home.nodes)]
    jointly = any(isinstance(n, cls) for n in plan.nodes)
    for relation in (*relations, PlanRelation(plan)) if jointly else relations:
        shape = relation.shape
        if name == "forward":
            inputs = tuple(random.vector(backend, n) for n in shape.inputs)
            free, gates = random.vector(backend, shape.free), random.vector(backend, shape.gates)
            if isinstance(relation, PlanRelation):
                run_forward(backend, plan, inputs, free, gates)
            else:
                run_home(backend, relation.home, *inputs, free, gates)
        else:
            weights = {k: random.vector(backend, n) for k, n in _sizes(shape).items()}
            relation.given(_matched(shape)).transpose(backend, **weights)


@pytest.mark.parametrize(("cls", "name", "owner"), RULES, ids=lambda x: getattr(x, "op", str(x)))
def test_a_rule_that_is_left_out_is_missed(
    cls: type[Operation], name: str, owner: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    pure = get_backend("pure")
    plans = [p for p in PLANS if any(isinstance(n, cls) for x in (p, *p.homes) for n in x.nodes)]
    assert plans
    for plan in plans:
        _use(plan, pure, name, cls)
    check_rules(cls)
    for c in cls.__mro__:
        if c not in (Operation, Linear) and name in vars(c):
            monkeypatch.delattr(c, name)
    with pytest.raises(TypeError, match=f"operation '{cls.op}' has no rule '{name}'"):
        check_rules(cls)
    for plan in plans:
        with pytest.raises(NotImplementedError, match=f"has no rule '{name}'"):
            _use(plan, pure, name, cls)


@given(drawn=drawn_plans(fewest_rows=0))
def test_both_rules_are_one_map(backend: Backend, drawn: Drawn) -> None:
    """For every linear node, <g, forward(x)> = Σ_p <backward(g)_p, x_p>."""
    random = Random(hashlib.sha256(drawn.plan.digest).digest())
    for graph in (drawn.plan, *drawn.plan.homes):
        lengths = graph.layout.lengths
        for v, node in enumerate(graph.nodes):
            if isinstance(node, Linear):
                own = [lengths[p] for p in node.operands]
                xs, g = [random.vector(backend, n) for n in own], random.vector(backend, lengths[v])
                back = node.backward(g, own)
                assert [len(b) for b in back] == own
                there = sum(b.dot(x) for b, x in zip(back, xs, strict=True))
                assert there % FR_MODULUS == g.dot(node.forward(xs))


# ------------------------------------------------------------------------------------ cases of interpreters


def _laid_out(module: ModuleType, plan: Plan) -> object:
    return astuple(module.compute_layout(plan.members, plan.nodes, plan.format, plan.homes, plan.parts))


def _laid_out_at_home(module: ModuleType, plan: Plan) -> object:
    homes = [module.Home(home.rows, home.nodes, home.shares) for home in plan.homes]
    return [(astuple(home.layout), home.slots) for home in homes]


def _transposed(module: ModuleType, plan: Plan) -> object:
    pure, given = get_backend("pure"), []
    for relation in (module.PlanRelation(plan), *map(module.HomeRelation, plan.homes)):
        sizes = _sizes(relation.shape)
        weights = {name: Vector.powers(pure, 3, n, first=k + 2) for k, (name, n) in enumerate(sizes.items())}
        found = relation.given(_matched(relation.shape)).transpose(pure, **weights)
        parts = [*found.inputs, found.free, found.gates]
        given.append(([x.to_ints() for x in parts], found.constant))
    return given


def _some_inputs(plan: Plan) -> dict[str, dict[str, list[int]]]:
    return {
        m.name: {n.name: [n.low + k % 3 for k in range(n.n)] for n in plan.inputs_of(i)}
        for i, m in enumerate(plan.members)
    }


def _computed(module: ModuleType, plan: Plan) -> object:
    """Every node from its operands' values in the unchanged simulation."""
    inputs = _some_inputs(plan)
    tables = list(_simulate._tables(plan, inputs))
    own = [_simulate._home_values(home, columns, {}) for home, columns in tables]
    shared = [[values[p] for p in home.shares] for (home, _), values in zip(tables, own, strict=True)]
    graphs = [(plan.nodes, _simulate._values(plan, inputs, shared, {}))]
    graphs += [(home.nodes, values) for (home, _), values in zip(tables, own, strict=True)]
    found, drawn = [], False
    for nodes, values in graphs:
        for node in nodes:
            if isinstance(node, Hint) and not HINTS[node.kind].deterministic:
                drawn = True
            elif isinstance(node, Common):
                found.append(module._compute(node, values).tolist())
    # What others drew differs from run to run; only whether it is computed at all is compared.
    return len(found) if drawn else found


def _at_home(module: ModuleType, plan: Plan) -> object:
    """Every home's witness, as its owner computes it."""
    pure, found = get_backend("pure"), []
    for home, columns in _simulate._tables(plan, _some_inputs(plan)):
        words = [to_words([int(x) for x in columns[n.name, n.order]]) for n in home.inputs]
        values = module.evaluate_home(pure, home, words)
        parts = [values.shared, values.left, values.right, values.products, values.free]
        found.append(([x.to_ints() for x in parts], values.wires.tolist()))
    return found


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
        (_home, _laid_out_at_home),
        (_relation, _transposed),
        (_simulate, _computed),
        (_owner, _at_home),
        (_expressions, _evaluated),
    ],
    ids=["layout", "home", "relation", "simulate", "owner", "expressions"],
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
    assert tried >= 5
