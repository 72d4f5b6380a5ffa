# SPDX-License-Identifier: Apache-2.0
"""The transposed map against the forward map and against the integer witness, on programs drawn at random."""

from __future__ import annotations

import hashlib

from hypothesis import given

from support.plans import Drawn, drawn_plans, run_forward
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.plan import PlanRelation, simulate, witness


def _weights(backend: Backend, relation: PlanRelation) -> dict[str, Vector]:
    random = Random(hashlib.sha256(relation.digest).digest())
    shape = relation.shape
    sizes = {"left": shape.gates, "right": shape.gates, "zeros": shape.zeros, "outputs": shape.outputs}
    sizes["points"] = shape.points
    return {name: random.vector(backend, n) for name, n in sizes.items()}


@given(drawn=drawn_plans(fewest_rows=0))
def test_transposed_equals_forward_at_random_slots(backend: Backend, drawn: Drawn) -> None:
    relation = PlanRelation(drawn.plan)
    shape = relation.shape
    random = Random(b"s" * 32)
    inputs = tuple(random.vector(backend, n) for n in shape.inputs)
    free, gates = random.vector(backend, shape.free), random.vector(backend, shape.gates)
    weights = _weights(backend, relation)

    forms = run_forward(backend, drawn.plan, inputs, free, gates)
    direct = sum(weights[name].dot(getattr(forms, name)) for name in ("left", "right", "zeros", "outputs"))

    t = relation.transpose(backend, **weights)
    assert tuple(len(v) for v in t.inputs) == shape.inputs
    through_slots = t.constant + t.free.dot(free) + t.gates.dot(gates)
    through_slots += sum(c.dot(x) for c, x in zip(t.inputs, inputs, strict=True))
    assert 0 <= t.constant < FR_MODULUS
    assert direct % FR_MODULUS == through_slots % FR_MODULUS


@given(drawn=drawn_plans())
def test_integer_witness_satisfies_the_relation(backend: Backend, drawn: Drawn) -> None:
    plan, relation = drawn.plan, PlanRelation(drawn.plan)
    w = witness(plan, drawn.inputs)
    shape = relation.shape
    assert (len(w.free), len(w.gates), len(w.zeros), len(w.outputs)) == (
        shape.free,
        shape.gates,
        shape.zeros,
        shape.outputs,
    )
    assert all((a * b - c) % FR_MODULUS == 0 for a, b, c in zip(w.left, w.right, w.gates, strict=True))
    assert all(z % FR_MODULUS == 0 for z in w.zeros)
    assert w.outputs == simulate(plan, drawn.inputs).outputs

    inputs = tuple(Vector.from_ints(backend, slots) for slots in w.inputs)
    free, gates = Vector.from_ints(backend, w.free), Vector.from_ints(backend, w.gates)
    forms = run_forward(backend, plan, inputs, free, gates)
    for name in ("left", "right", "zeros", "outputs"):
        assert getattr(forms, name).to_ints() == [x % FR_MODULUS for x in getattr(w, name)]
