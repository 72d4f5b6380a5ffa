# SPDX-License-Identifier: Apache-2.0
"""A single prover with advice of its own choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest

from support.joint_run import Case
from tallystick.algebra import Generators, Random
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import VerificationError
from tallystick.plan import Hint, Input, Plan, PlanRelation, Zero, over, witness
from tallystick.plan import Witness as PlainWitness
from tallystick.plan._hint_kind import integers
from tallystick.plan._simulate import _compute
from tallystick.proofs import BatchVerifier, prove

__all__ = [
    "every_result",
    "every_witness",
    "forgery_is_refused",
    "hint_node",
    "honest_advice",
    "proves",
    "satisfies",
]


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


def every_result(case: Case, *, most: int = 1 << 16) -> tuple[set[object], int]:
    """Return what a reader learns from every witness that satisfies the plan, and how many witnesses there are.

    Node by node: a boolean hint takes all zeros and ones, and what contradicts a zero is given up at once, so that
    plans with far more wires than ``every_witness`` can count through are searched to the end.  Free slots take what
    the simulation advises, 0 and 1.  ``most`` bounds how many assignments are looked at.
    """
    plan, found, seen = case.plan, set[object](), [0, 0]
    values: list[Any] = []

    def search(v: int) -> None:
        if v == len(plan.nodes):
            seen[1] += 1
            outputs = tuple(int(x) for node in plan.outputs if node.to is None for x in values[node.a])
            points = tuple(int(x) % FR_MODULUS for node in plan.points for x in values[node.a])
            found.add((outputs, tuple((r.name, r.values) for r in plan.evaluate(outputs, points))))
            return
        node = plan.nodes[v]
        if isinstance(node, Zero) and any(int(x) % FR_MODULUS for x in values[node.a]):
            return
        for entries in _choices(plan, v, values, case):
            seen[0] += 1
            assert seen[0] <= most * len(plan.nodes), f"more than {most} assignments"
            values.append(integers(entries))
            search(v + 1)
            values.pop()

    search(0)
    return found, seen[1]


def _choices(plan: Plan, v: int, values: list[Any], case: Case) -> Iterator[Sequence[int]]:
    """Yield what the entries of a node can be, given those of the nodes before."""
    node, n = plan.nodes[v], plan.layout.lengths[v]
    if isinstance(node, Hint) and node.boolean:
        assert n <= 14, f"{n} wires of a {node.kind} hint"
        yield from product((0, 1), repeat=n)
    elif isinstance(node, Input):
        yield case.values[plan.members[node.member].name][node.name]
    else:
        computed = [int(x) for x in _compute(node, values, plan)]
        yield computed
        if isinstance(node, Hint) and n:
            yield from ([c] * n for c in (0, 1) if [c] * n != computed)


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

    values = over(w, backend, random.vector(backend, relation.shape.input_rows))
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
