"""A single prover with advice of its own choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from support.joint_run import Case
from tallystick.algebra import Generators, Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import VerificationError
from tallystick.plan import Hint, Plan, PlanRelation, witness
from tallystick.plan import Witness as PlainWitness
from tallystick.proofs import BatchVerifier, Witness, prove

__all__ = ["every_witness", "forgery_is_refused", "hint_node", "honest_advice", "proves", "satisfies"]


def hint_node(plan: Plan, number: int = 0, kind: str | None = None) -> int:
    """Return the position of a hint: the first, or the one with this number among those of one kind."""
    found = [v for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and kind in (None, n.kind)]
    return found[number]


def honest_advice(
    case: Case, number: int = 0, kind: str | None = None, *, node: int | None = None
) -> list[int]:
    """Return what the simulation advises at a hint, chosen as in ``hint_node`` or by its position."""
    plan = case.plan
    v = hint_node(plan, number, kind) if node is None else node
    taken, w, at, n = plan.nodes[v], witness(plan, case.values), plan.layout.place[v], plan.layout.lengths[v]
    assert isinstance(taken, Hint)
    return list((w.gates if taken.boolean else w.free)[at : at + n])


def every_witness(case: Case, limit: int = 14) -> Iterator[tuple[int, ...]]:
    """Yield the outputs of every witness that satisfies the plan, over all zeros and ones of boolean hints.

    Free slots take the advice that follows from them, and that of the honest run.
    """
    plan = case.plan
    hints = [v for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and n.boolean]
    lengths = [plan.layout.lengths[v] for v in hints]
    assert 0 < sum(lengths) <= limit, sum(lengths)
    free = [v for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and not n.boolean]
    honest = {v: honest_advice(case, node=v) for v in free}
    for wires in product((0, 1), repeat=sum(lengths)):
        parts, at = {}, 0
        for v, n in zip(hints, lengths, strict=True):
            parts[v] = wires[at : at + n]
            at += n
        for advice in (parts, parts | honest) if free else (parts,):
            w = witness(plan, case.values, advice=advice)
            if satisfies(w):
                yield w.outputs


def satisfies(w: PlainWitness) -> bool:
    """Whether all gates and zeros of a witness hold."""
    gates = zip(w.left, w.right, w.gates, strict=True)
    return all((a * b - c) % FR_MODULUS == 0 for a, b, c in gates) and not any(
        z % FR_MODULUS for z in w.zeros
    )


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
        points=vector(w.points),
    )
    rows = values.input_commitments(generators, relation.shape)
    proof = prove(
        relation, values, generators=generators, input_commitments=rows, context=b"t", random=random
    )
    verifier = BatchVerifier(generators)
    verifier.add(
        relation,
        proof,
        input_commitments=rows,
        outputs=values.outputs,
        context=b"t",
        name="forged",
        points=values.published_points(generators),
    )
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
