from __future__ import annotations

import pytest

from support.joint_run import CONTEXT, case, owner, play
from tallystick import plan as ts
from tallystick.algebra import Generators, Points, Vector
from tallystick.backend import FR_MODULUS
from tallystick.online import Proven, plan_need
from tallystick.plan import simulate
from tallystick.proofs import BatchVerifier, Proof


@ts.program
def sums(members):
    x = ts.concat(t["x"] for t in members)
    return {"sum": x.sum(), "squares": (x * x).sum(), "first": x[0] * x[-1]}


@ts.program
def linear(members):
    x = ts.concat(t["x"] for t in members)
    return {"sum": x.sum(), "weighted": (x * 3 - 7).sum()}


@ts.program
def deep(members):
    x = ts.concat(t["x"] for t in members)
    y = x * x
    z = y * x - 5
    return {"z": (z * y).sum(), "y": y}


TABLES = {"a": {"x": [3, 0, 7]}, "b": {"x": [15, 1]}, "c": {"x": [2, 2, 2, 9]}}
TWO = {"a": {"x": [3, 0, 7]}, "b": {"x": [15, 1]}}


def audit(case_, result, backend):
    """Verify a result as an outsider would: from the commitments and bytes alone."""
    generators = Generators(backend, case_.plan.columns)
    rows = [owner(backend, case_, k).committed.rows for k in range(len(case_.plan.members))]
    verifier = BatchVerifier(generators)
    body = Proof.from_body(result.proof.to_body(), case_.plan.shape)
    outputs = Vector.from_bytes(backend, result.outputs.to_bytes())
    verifier.add(
        case_.relation,
        body,
        input_commitments=Points.concat(rows),
        outputs=outputs,
        context=CONTEXT,
        name="computation",
    )
    verifier.verify()
    return outputs.to_ints()


@pytest.mark.parametrize("program", [sums, linear, deep], ids=lambda p: p.name)
@pytest.mark.parametrize("tables", [TABLES, TWO], ids=["three", "two"])
def test_an_honest_run_equals_the_plain_computation(backend, program, tables):
    c = case(program, tables, 0, 15)
    ran = play(c, [backend] * len(tables))
    expected = [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    for result in ran.results:
        assert isinstance(result, Proven), result
        assert audit(c, result, backend) == expected
    assert len({r.proof.final for r in ran.results}) == 1


@pytest.mark.parametrize("program", [sums, linear], ids=lambda p: p.name)
def test_the_need_is_exactly_what_is_used(pure, program):
    c = case(program, TABLES, 0, 15)
    ran = play(c, [pure] * 3)
    assert [p.used for p in ran.used.values()] == [plan_need(c.plan)] * 3
