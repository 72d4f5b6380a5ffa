# SPDX-License-Identifier: Apache-2.0
"""Whole runs of small plans between parties in memory, with a place for each kind of cheater to stand."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from tallystick.plan import Column, Home, HomeRelation, MemberSchema, Plan, PlanRelation, home_witness, over
from tallystick.plan._hint_kind import integers
from tallystick.proofs import BatchVerifier, Proof, to_words
from tallystick.proofs import prove as prove_alone
from tallystick.record import CommittedPart, home_context
from tallystick.session import commit_part
from tallystick.tracing import Secret, trace

SESSION = hashlib.sha256(b"a session of the tests").digest()
CONTEXT = b"a computation of the tests"


@dataclass
class Case:
    """A plan with its members' columns, all owners' proofs of their homes included: what is fixed before a run."""

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


def crossed(x: Secret) -> Secret:
    """Return the same vector for a computation that no member can do alone: turned round, and back again.

    Rows in another order than members and their tables have them are at home nowhere.  So are what is computed of them.
    """
    backwards = list(range(x.size - 1, -1, -1))
    found = x[backwards][backwards] if x.size > 1 else x
    found.origin = x.origin
    return found


@dataclass
class Owner:
    """One owner's parts, committed and proved; what stays with it, and what everybody sees."""

    own: list[OwnInputs]
    committed: list[Committed]


@functools.lru_cache(maxsize=64)
def _owner_cached(key: tuple[Any, ...]) -> Owner:
    backend, plan, member, values, session, seed = key
    generators, random = Generators(backend, plan.most_columns), Random(seed)
    made, parts = Owner([], []), plan.parts_of(member)
    for k, (_, home, start) in enumerate(parts):
        context = home_context(session, member, k, len(parts))
        own, part = commit_part(
            home,
            [to_words(column[start : start + home.rows]) for column in values],
            context=context,
            generators=generators,
            random=random,
        )
        made.own.append(own)
        made.committed.append(decoded(backend, member, home, part, context))
    return made


def decoded(backend: Backend, member: int, home: Home, part: CommittedPart, context: bytes) -> Committed:
    """Return what others read of a committed part."""
    relation = HomeRelation(home)
    proof = None if part.proof is None else Proof.from_body(part.proof, relation.shape)
    return Committed(member, relation, Points.from_bytes(backend, part.rows), proof, context)


def owner(
    backend: Backend,
    case: Case,
    member: int,
    values: Sequence[Sequence[int]] | None = None,
    *,
    session: bytes = SESSION,
) -> Owner:
    """Commit to what one owner shares of its columns, or of ``values`` in their place, and prove it."""
    if values is None:
        columns = case.values[case.plan.members[member].name]
        values = [columns[n.name] for n in case.plan.inputs_of(member)]
    seed = hashlib.sha256(f"owner {member}".encode()).digest()
    return _owner_cached((backend, case.plan, member, tuple(map(tuple, values)), session, seed))


def lying_owner(
    backend: Backend, case: Case, member: int, lies: Mapping[int, Mapping[int, Sequence[int]]]
) -> Owner:
    """Commit and prove as an owner whose nodes take values of its own choice: ``lies[k]`` by position at its part k.

    What follows from them is computed from them; a proof is made all the same.
    """
    generators, random = Generators(backend, case.plan.most_columns), Random(b"lies" * 8)
    columns = case.values[case.plan.members[member].name]
    made, parts = Owner([], []), case.plan.parts_of(member)
    for k, (_, home, start) in enumerate(parts):
        own = {(n.name, n.order): integers(columns[n.name][start : start + home.rows]) for n in home.inputs}
        relation, context = HomeRelation(home), home_context(SESSION, member, k, len(parts))
        gammas = random.vector(backend, relation.shape.input_rows)
        private = over(home_witness(home, own, advice=lies.get(k, {})), backend, gammas)
        rows = private.input_commitments(generators, relation.shape)
        proof = prove_alone(
            relation, private, generators=generators, input_commitments=rows, context=context, random=random
        )
        made.own.append(OwnInputs(private.inputs[0], gammas))
        made.committed.append(Committed(member, relation, rows, proof, context))
    return made


@dataclass
class Cheat:
    """What a cheater does to its own state between the steps of a run; each hook may replace what it is given."""

    party: int = 1
    everyone: bool = False
    published: Callable[[Owner], Owner] = lambda owner: owner
    shared: Callable[[list[OwnInputs]], list[OwnInputs]] = lambda own: own
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
        read = [
            replace(part, rows=Points.from_bytes(backend, part.rows.to_bytes())) for part in made.committed
        ]
        return Owner(made.own, read)

    async def protocol(mesh: MemoryMesh) -> Proven:
        i, backend = mesh.index, backends[mesh.index]
        cheating = cheat if cheat is not None and (cheat.everyone or i == cheat.party) else Cheat()
        generators = Generators(backend, case.plan.most_columns)
        published = [part for j in range(size) for part in commitments_of(j, backend).committed]
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
            owners=[part.member for part in case.plan.parts],
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
    generators = Generators(backend, case_.plan.most_columns)
    owners = [owner(backend, case_, k) for k in range(len(case_.plan.members))]
    rows = [part.rows for made in owners for part in made.committed]
    verifier = BatchVerifier(generators)
    body = Proof.from_body(result.proof.to_body(), case_.plan.shape)
    outputs = Vector.from_bytes(backend, result.outputs.to_bytes())
    verifier.add(
        case_.relation,
        body,
        input_commitments=Points.concat([Points.identity(backend, 0), *rows]),
        outputs=outputs,
        context=CONTEXT,
        name="computation",
        points=Points.from_bytes(backend, result.points.to_bytes()),
    )
    verifier.verify()
    return outputs.to_ints()
