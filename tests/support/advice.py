"""A single prover with advice of its own choice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from support.joint_run import Case
from tallystick.algebra import Generators, Random, Vector
from tallystick.backend import Backend
from tallystick.errors import VerificationError
from tallystick.plan import Hint, Plan, PlanRelation, witness
from tallystick.proofs import BatchVerifier, Witness, prove

__all__ = ["forgery_is_refused", "hint_node", "honest_advice", "proves"]


def hint_node(plan: Plan, number: int = 0, kind: str | None = None) -> int:
    """Return the position of a hint: the first, or the one with this number among those of one kind."""
    found = [v for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and kind in (None, n.kind)]
    return found[number]


def honest_advice(case: Case, number: int = 0, kind: str | None = None) -> list[int]:
    """Return what the simulation advises."""
    plan = case.plan
    v = hint_node(plan, number, kind)
    node, w, at, n = plan.nodes[v], witness(plan, case.values), plan.layout.place[v], plan.layout.lengths[v]
    assert isinstance(node, Hint)
    return list((w.gates if node.boolean else w.free)[at : at + n])


def proves(backend: Backend, case: Case, advice: dict[int, Sequence[int]]) -> bool:
    """Whether a witness with this advice, proved alone with its own outputs, is accepted."""
    w = witness(case.plan, case.values, advice=advice)
    relation, random = PlanRelation(case.plan), Random(b"p" * 32)
    generators = Generators(backend, case.plan.columns)

    def vector(values: Sequence[int]) -> Vector:
        return Vector.from_ints(backend, list(values))

    values = Witness(
        inputs=tuple(vector(s) for s in w.inputs),
        input_gammas=random.vector(backend, relation.shape.input_rows),
        free=vector(w.free),
        left=vector(w.left),
        right=vector(w.right),
        gates=vector(w.gates),
        outputs=vector(w.outputs),
    )
    rows = values.input_commitments(generators, relation.shape)
    proof = prove(
        relation, values, generators=generators, input_commitments=rows, context=b"t", random=random
    )
    verifier = BatchVerifier(generators)
    verifier.add(relation, proof, input_commitments=rows, outputs=values.outputs, context=b"t", name="forged")
    try:
        verifier.verify()
    except VerificationError:
        return False
    return True


def forgery_is_refused(
    backend: Backend, case: Case, forged: Sequence[int], number: int = 0, kind: str | None = None
) -> None:
    """Assert that the honest advice is proved and the forged one is not."""
    v, honest = hint_node(case.plan, number, kind), honest_advice(case, number, kind)
    if list(forged) == honest:
        pytest.fail("the forged advice is the honest one")
    assert proves(backend, case, {v: honest})
    assert not proves(backend, case, {v: forged})
