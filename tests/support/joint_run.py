# SPDX-License-Identifier: Apache-2.0
"""Whole runs of small plans between parties in memory, with a place for each kind of cheater to stand."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.insecure_dealer import InsecureDealer
from support.memory_mesh import Corrupt, MemoryMesh, Message, Tamper, run
from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import Backend
from tallystick.online import (
    Committed,
    Evaluation,
    InputShares,
    Openings,
    OwnInputs,
    Progress,
    Proven,
    accept_inputs,
    compute,
    prove,
    share_inputs,
)
from tallystick.party import PENDING_LIMIT, Party, labels
from tallystick.plan import Column, MemberSchema, Plan, PlanRelation
from tallystick.proofs import (
    BatchVerifier,
    Proof,
    commit_rows_var,
    input_slots,
    range_witness,
)
from tallystick.proofs import (
    prove as prove_alone,
)
from tallystick.tracing import trace

SESSION = hashlib.sha256(b"a session of the tests").digest()
CONTEXT = b"a computation of the tests"


@dataclass
class Case:
    """A plan with its members' columns, all owners' range proofs included: what is fixed before a run."""

    plan: Plan
    values: Mapping[str, Mapping[str, Sequence[int]]]

    @property
    def relation(self) -> PlanRelation:
        return PlanRelation(self.plan)


def case(program: Any, tables: Mapping[str, Mapping[str, Sequence[int]]], low: int, high: int) -> Case:
    """Trace a program on tables whose columns all have the same interval."""
    schemas = [
        MemberSchema(name, len(next(iter(columns.values()))), {c: Column(low, high) for c in columns})
        for name, columns in tables.items()
    ]
    return Case(trace(program, schemas), tables)


@dataclass
class Owner:
    """One owner's inputs, committed; ``lie`` replaces values after the interval was declared."""

    own: OwnInputs
    committed: Committed


@functools.lru_cache(maxsize=64)
def _owner_cached(key: tuple[Any, ...]) -> Owner:
    backend, plan, member, values, seed = key
    relation = plan.range_relation(member)
    items = relation.inputs
    random = Random(seed)
    rows = relation.shape.input_rows
    gammas = random.vector(backend, rows)
    slots = Vector.concat(
        [Vector.zeros(backend, 0), *(input_slots(backend, i, v) for i, v in zip(items, values, strict=True))]
    )
    generators = Generators(backend, plan.columns)
    points = commit_rows_var(generators, plan.columns, slots.pad(rows * plan.columns), gammas)
    context = SESSION + member.to_bytes(4, "big")
    proof = None
    if len(slots):
        proof = prove_alone(
            relation,
            range_witness(backend, relation, values, gammas),
            generators=generators,
            input_commitments=points,
            context=context,
            random=random,
        )
    return Owner(OwnInputs(slots, gammas), Committed(relation, points, proof, context))


def owner(backend: Backend, case: Case, member: int, values: Sequence[Sequence[int]] | None = None) -> Owner:
    """Commit to one owner's columns, or to ``values`` in their place."""
    if values is None:
        columns = case.values[case.plan.members[member].name]
        values = [columns[n.name] for n in case.plan.inputs_of(member)]
    seed = hashlib.sha256(f"owner {member}".encode()).digest()
    return _owner_cached((backend, case.plan, member, tuple(map(tuple, values)), seed))


@dataclass
class Cheat:
    """What a cheater does to its own state between the steps of a run; each hook may replace what it is given."""

    party: int = 1
    everyone: bool = False
    published: Callable[[Owner], Owner] = lambda owner: owner
    shared: Callable[[OwnInputs], OwnInputs] = lambda own: own
    inputs: Callable[[InputShares], InputShares] = lambda inputs: inputs
    proved: Callable[[InputShares], InputShares] = lambda inputs: inputs
    evaluation: Callable[[Evaluation], Evaluation] = lambda evaluation: evaluation
    online: Callable[[Openings], None] = lambda online: None


@dataclass
class Ran:
    """What came of a run at every party: a ``Proven`` or the error it stopped with, and the messages."""

    results: list[Any]
    log: list[Message] = field(default_factory=list)
    used: dict[int, Any] = field(default_factory=dict)

    def honest(self, cheater: int = 1) -> list[Any]:
        return [r for j, r in enumerate(self.results) if j != cheater]


def play(
    case: Case,
    backends: Sequence[Backend],
    *,
    cheat: Cheat | None = None,
    tamper: Tamper | None = None,
    corrupt: Corrupt | None = None,
    progress: Progress | None = None,
    pending_limit: int = PENDING_LIMIT,
) -> Ran:
    """Run a case between one party per backend given, from the accepted commitments to the verified proof."""
    size = len(backends)
    ran = Ran([])

    def commitments_of(j: int, backend: Backend) -> Owner:
        made = owner(backends[j], case, j)
        if cheat is not None and j == cheat.party:
            made = cheat.published(made)
        rows = Points.from_bytes(backend, made.committed.rows.to_bytes())
        return Owner(
            made.own, Committed(made.committed.relation, rows, made.committed.proof, made.committed.context)
        )

    async def protocol(mesh: MemoryMesh) -> Proven:
        i, backend = mesh.index, backends[mesh.index]
        cheating = cheat if cheat is not None and (cheat.everyone or i == cheat.party) else Cheat()
        generators = Generators(backend, case.plan.columns)
        published = [commitments_of(j, backend).committed for j in range(size)]
        if cheat is not None and i != cheat.party:
            accept_inputs(published, generators)
        party = Party(mesh, backend, SESSION, Random(hashlib.sha256(b"party %d" % i).digest()))
        online = Openings(party, await InsecureDealer.start(party), pending_limit=pending_limit)
        ran.used[i] = online.preparation
        cheating.online(online)
        inputs = await share_inputs(
            online,
            case.plan.shape,
            generators,
            own=cheating.shared(owner(backend, case, i).own),
            commitments=[c.rows for c in published],
        )
        evaluation = await compute(
            online, case.plan, cheating.inputs(inputs), progress=progress if i == 0 else None
        )
        return await prove(
            online,
            case.relation,
            cheating.evaluation(evaluation),
            cheating.proved(inputs),
            generators,
            context=CONTEXT,
            progress=progress if i == 0 else None,
        )

    ran.results = run(protocol, size, tamper=tamper, corrupt=corrupt, log=ran.log)
    sent = {message.label for message in ran.log}
    unknown = {label for label in sent if not label.startswith("insecure-dealer")} - labels()
    assert not unknown, f"messages that no list has: {sorted(unknown)}"
    return ran


def audit(case_: Case, result: Proven, backend: Backend) -> list[int]:
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
        points=Points.from_bytes(backend, result.points.to_bytes()),
    )
    verifier.verify()
    return outputs.to_ints()
