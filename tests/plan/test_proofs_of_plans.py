# SPDX-License-Identifier: Apache-2.0
"""Plans in layers, the data they fit, and what a single prover can and cannot prove about them."""

from __future__ import annotations

import pytest
from hypothesis import given

import tallystick as ts
from support.plans import Drawn, drawn_plans
from tallystick import encoding
from tallystick.algebra import Generators, Random, Vector
from tallystick.backend import Backend
from tallystick.errors import DataError, VerificationError
from tallystick.online import schedule
from tallystick.plan import (
    Hint,
    Inputs,
    Mul,
    Output,
    Plan,
    PlanRelation,
    Zero,
    _plan,
    simulate,
    witness,
)
from tallystick.proofs import BatchVerifier, Witness, prove
from tallystick.record import MAX_FILE_SIZE
from tallystick.tracing import (
    Members,
    Table,
    assert_zero,
    hint,
    input_bits,
    trace,
)

# ------------------------------------------------------------------------------------ layers


def test_a_transcript_holds_every_plan_that_is_traced() -> None:
    assert _plan.MAX_VALUES + 16 <= encoding.MAX_VALUES
    assert 2 * _plan.MAX_BYTES <= MAX_FILE_SIZE


@given(drawn=drawn_plans(fewest_rows=0))
def test_layers_hold_every_node_once_after_its_operands(drawn: Drawn) -> None:
    plan = drawn.plan
    done: set[int] = set()
    for layer in schedule(plan):
        for v in layer.local:
            assert not isinstance(plan.nodes[v], Mul | Hint)
            assert done.issuperset(plan.nodes[v].operands)
            done.add(v)
        together = [*layer.muls, *(v for group in layer.hints for v in group)]
        for v in together:
            assert isinstance(plan.nodes[v], Mul if v in layer.muls else Hint)
            assert done.issuperset(plan.nodes[v].operands)
        done.update(together)
    assert done == {v for v, n in enumerate(plan.nodes) if not isinstance(n, Zero | Output)}


def test_independent_products_share_a_round() -> None:
    def body(table: Members[Table]) -> object:
        x, y = table["a"]["x"], table["b"]["x"]
        return {"a": (x * x).sum() * (y * y).sum(), "b": (x * 3).sum() * (y + 1).sum()}

    members = [ts.MemberSchema(m, 2, {"x": ts.Column(0, 9)}) for m in "ab"]
    plan = trace(ts.Program("p", body), members)
    assert [len(layer.muls) for layer in schedule(plan)] == [3, 1, 0]


# ------------------------------------------------------------------------------------ data


def test_data_that_does_not_fit_is_named() -> None:
    program = ts.Program("p", lambda t: {"x": t["a"]["x"].sum()})
    plan = trace(program, [ts.MemberSchema("a", 2, {"x": ts.Column(0, 9)})])
    for inputs, message in [
        ({"a": {"x": [1, 10]}}, r"a: column 'x', row 1: 10 is outside \[0, 9\]"),
        ({"a": {"x": [1]}}, "has 1 rows, 2 were declared"),
        ({"a": {}}, "column 'x' is missing"),
        ({"a": {"x": [1, 2]}, "z": {}}, "no member 'z'"),
    ]:
        with pytest.raises(DataError, match=message):
            simulate(plan, inputs)


# ------------------------------------------------------------------------------------ proofs


@ts.program
def threshold(table: Members[Table]) -> object:
    """How many values of x + y reach 8, by the top bit; and 1/(x + 1) checked."""
    x, y = ts.concat(t["x"] for t in table), ts.concat(t["y"] for t in table)
    total = x + y
    n = total.size
    bits = hint("bits", total, parameters=(0, 4), n=4 * n, boolean=True).reshape(n, 4)
    assert_zero(bits @ [1, 2, 4, 8] - total)
    inverse = hint("inverse", x + 1, parameters=(), n=n, boolean=False)
    assert_zero((x + 1) * inverse - 1)
    # Member b has a single row, so that this sum is its digit.
    committed = input_bits(table["b"]["x"])[:, 0].sum()
    reached = ts.reveal(bits[:, 3].sum())
    return {"reached": reached, "committed": ts.reveal(committed, allow_input=True)}


INPUTS: Inputs = {"a": {"x": [7, 0], "y": [7, 3]}, "b": {"x": [5], "y": [3]}}


def _threshold() -> Plan:
    columns = dict.fromkeys("xy", ts.Column(0, 7))
    return trace(threshold, [ts.MemberSchema("a", 2, columns), ts.MemberSchema("b", 1, columns)])


def _prove_and_verify(
    backend: Backend,
    plan: Plan,
    *,
    advice: dict[int, list[int]] | None = None,
    claim: list[int] | None = None,
) -> None:
    """Prove a witness alone, whatever it is, and verify the proof against ``claim`` (its own outputs by default)."""
    w = witness(plan, INPUTS, advice=advice)
    relation, random = PlanRelation(plan), Random(b"p" * 32)
    generators = Generators(backend, plan.columns)

    def vector(values: tuple[int, ...]) -> Vector:
        return Vector.from_ints(backend, list(values))

    outputs = vector(tuple(claim) if claim is not None else w.outputs)
    values = Witness(
        inputs=tuple(vector(s) for s in w.inputs),
        input_gammas=random.vector(backend, relation.shape.input_rows),
        free=vector(w.free),
        left=vector(w.left),
        right=vector(w.right),
        gates=vector(w.gates),
        outputs=outputs,
        points=vector(w.points),
    )
    rows = values.input_commitments(generators, relation.shape)
    proof = prove(
        relation, values, generators=generators, input_commitments=rows, context=b"t", random=random
    )
    verifier = BatchVerifier(generators)
    verifier.add(relation, proof, input_commitments=rows, outputs=outputs, context=b"t", name="plan")
    verifier.verify()


def test_an_honest_witness_is_proved(backend: Backend) -> None:
    plan = _threshold()
    simulation = simulate(plan, INPUTS)
    assert simulation.outputs == (2, 1)
    _prove_and_verify(backend, plan)


def _honest_advice(plan: Plan, kind: str) -> tuple[int, list[int]]:
    """Return a hint's position and its honest outputs."""
    v = next(k for k, n in enumerate(plan.nodes) if isinstance(n, Hint) and n.kind == kind)
    w, at, n = witness(plan, INPUTS), plan.layout.place[v], plan.layout.lengths[v]
    return v, list((w.gates if kind == "bits" else w.free)[at : at + n])


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("bits", lambda b: [0] * len(b)),
        ("bits", lambda b: [1 - b[0], *b[1:]]),
        ("bits", lambda b: [*b[:-4], 8, 0, 0, 0]),
        ("inverse", lambda b: [0, *b[1:]]),
        ("inverse", lambda b: [b[0] + 1, *b[1:]]),
    ],
    ids=["no bits", "one bit", "a bit of eight", "no inverse", "another inverse"],
)
def test_forged_advice_is_not_proved(backend: Backend, kind: str, change: object) -> None:
    plan = _threshold()
    v, honest = _honest_advice(plan, kind)
    _prove_and_verify(backend, plan, advice={v: honest})
    with pytest.raises(VerificationError):
        _prove_and_verify(backend, plan, advice={v: change(honest)})  # type: ignore[operator]


def test_another_output_is_not_proved(backend: Backend) -> None:
    with pytest.raises(VerificationError):
        _prove_and_verify(backend, _threshold(), claim=[1, 1])
