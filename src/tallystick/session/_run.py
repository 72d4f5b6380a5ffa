# SPDX-License-Identifier: Apache-2.0
"""One member's run of a job, from its identity to the published transcript (``spec/session.md``, "A run").

Phases: identity, agreement, commitment, preparation, computation, proof, publication.  Whatever goes wrong is
raised here once, after the mesh has told the peers; nothing is written unless everything held.  A transcript that
cannot be written then is no reason to withhold the results.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from .. import encoding
from ..algebra import Generators, Points, Random
from ..backend import Backend
from ..cost import estimate, require_hidden
from ..errors import ProtocolAbort, UnfinishedError, UsageError, VerificationError, explaining
from ..offline import Need, Store
from ..online import (
    Openings,
    OwnInputs,
    Proven,
    compute,
    prove,
    share_inputs,
)
from ..party import Party
from ..plan import Output, Plan, PlanRelation, ResultValue, centred, encodings, told
from ..record import (
    TRANSCRIPT_SUFFIX,
    Agreement,
    Commitment,
    Outputs,
    PlanItem,
    Policy,
    ProofItem,
    Signatures,
    Terms,
    TranscriptWriter,
    check_signature,
    sign,
)
from ..tracing import Traceable
from ._agreement import Approve, agree
from ._commit import collect_commitments, make_commitment
from ._connect import bind, own_address
from ._data import DataTable
from ._events import Observer, PhaseCost, Stopwatch
from ._identity import Identity
from ._job import Job
from ._mesh import Limits, TlsMesh, Traffic
from ._names import naming
from ._preparation import open_store, start_preparation, stocking_progress
from ._releases import Ledger, State, check_budget, job_key, remark, spent_by
from ._tls import check_validity

__all__ = ["Node", "Outcome", "run_member"]

LEDGER_SUFFIX: Final = ".releases"
"""What the name of the ledger of noisy releases ends with."""

_MAX_PLAN = 1 << 26
_PROBE_BYTES = 1 << 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Everything one member brings to a run.

    ``approve`` is asked before anything is signed; ``listen`` replaces the address of the consortium file for
    listening; ``out`` is the folder for the transcript, ``store`` that for prepared material and for the ledger of
    noisy releases, all of which may spend ``max_epsilon`` together.
    """

    job: Job
    identity: Identity
    program: Traceable
    data: DataTable
    backend: Backend
    preparation: str
    approve: Approve
    out: Path
    store: Path
    own_policy: Policy | None = None
    max_epsilon: float | None = None
    listen: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a completed run leaves: the results, what it cost, and the transcript's place.

    ``unwritten`` is why the transcript could not be written, if so; the results hold all the same.  ``told`` is what
    was opened to this member but not to all; ``used`` is the material that was taken from the store.
    """

    plan: Plan
    terms: Terms
    results: tuple[ResultValue, ...]
    told: tuple[ResultValue, ...] = field(repr=False)
    costs: tuple[PhaseCost, ...]
    used: Need
    transcript: Path
    size: int
    unwritten: UnfinishedError | None = None


async def run_member(node: Node, observer: Observer | None = None) -> Outcome:
    """Take part in a run, and return once the transcript is written, or cannot be.

    Raises ``UsageError`` for what this member can correct, and ``ProtocolAbort`` when the run stopped: it
    names the check, and the member to blame where there is evidence.
    """
    observer = observer or Observer()
    watch = Stopwatch(observer)
    async with AsyncExitStack() as stack:
        with watch.phase("identity"):
            members = node.job.consortium.members
            address = own_address(node.job.consortium, node.identity)
            check_validity(members)
            _make_folder(node.out)
            store = stack.enter_context(open_store(node.preparation, node.identity, members, node.store))
            mesh = TlsMesh(
                node.identity,
                members,
                bind(node.listen or address),
                limits=node.limits,
                remark=observer.remark,
            )
            await stack.enter_async_context(mesh)
        with naming(node.job.consortium.names):
            return await _Run(node, mesh, store, watch, observer).run()


class _Run:
    """The phases after the members are connected; each method is one."""

    def __init__(self, node: Node, mesh: TlsMesh, store: Store, watch: Stopwatch, observer: Observer) -> None:
        self._node = node
        self._mesh = mesh
        self._store = store
        self._watch = watch
        self._observer = observer
        self._random = Random.system()
        self._ledger = Ledger(node.store / f"{node.identity.name}{LEDGER_SUFFIX}")
        self._key = job_key(node.job)

    async def run(self) -> Outcome:
        """Go through the phases; the last one writes the transcript."""
        node = self._node
        with self._phase("agreement"):
            plan, agreement = await agree(
                self._mesh,
                node.job,
                node.program,
                node.identity,
                rows=node.data.rows,
                preparation=node.preparation,
                own_policy=node.own_policy,
                approve=self._approve,
            )
        with self._phase("commitment"):
            generators = Generators(node.backend, plan.columns)
            own, commitments, rows = await self._commit(plan, agreement, generators)
        writer = TranscriptWriter(agreement)
        writer.append(PlanItem(encoding.loads(plan.to_bytes(), max_size=_MAX_PLAN, what="plan")))
        for commitment in commitments:
            writer.append(commitment)
        with self._phase("preparation"):
            online = await self._prepare(plan, agreement.terms)
        with online.burning():
            with self._phase("computation"):
                inputs = await share_inputs(online, plan.shape, generators, own=own, commitments=rows)
                evaluation = await compute(online, plan, inputs, progress=self._progress)
            with self._phase("proof"):
                self._note(plan, agreement.terms, "started")
                proven = await prove(
                    online,
                    PlanRelation(plan),
                    evaluation,
                    inputs,
                    generators,
                    context=writer.computation_context,
                    progress=self._progress,
                )
                try:
                    self._note(plan, agreement.terms, "released")
                except UsageError as error:
                    # The run counts already, and the others wait for this member's signature.
                    self._observer.remark(error.message)
            with self._phase("publication"):
                writer.append(Outputs(proven.outputs.to_bytes(), proven.points.to_bytes()))
                writer.append(ProofItem(dict(proven.proof.to_body())))
                data = await self._publish(agreement.terms, writer)
                path = self._place(agreement.terms)
                unwritten = _write_atomically(path, data)
        return Outcome(
            plan=plan,
            terms=agreement.terms,
            results=tuple(plan.evaluate(proven.outputs.to_ints(), encodings(proven.points.to_bytes()))),
            told=_told(plan, proven),
            costs=self._costs(),
            used=online.preparation.used,
            transcript=path,
            size=len(data),
            unwritten=unwritten,
        )

    def _approve(self, plan: Plan, terms: Terms) -> None:
        """Say what noise was drawn before, keep to the node's bound on it, and ask the operator."""
        epsilon = spent_by(plan)
        if epsilon is not None:
            self._observer.remark(remark(self._ledger, self._key, epsilon))
            check_budget(self._ledger, epsilon, self._node.max_epsilon)
        self._node.approve(plan, terms)

    def _note(self, plan: Plan, terms: Terms, state: State) -> None:
        """Count a run whose noisy outputs may be seen from now on, or were."""
        epsilon = spent_by(plan)
        if epsilon is not None:
            limit = self._node.max_epsilon if state == "started" else None
            self._ledger.note(self._key, terms.session_id, epsilon, state, limit=limit)

    async def _commit(
        self, plan: Plan, agreement: Agreement, generators: Generators
    ) -> tuple[OwnInputs, list[Commitment], list[Points]]:
        node = self._node
        own, commitment = make_commitment(
            plan,
            self._mesh.index,
            node.data,
            agreement,
            node.identity,
            generators,
            self._random.fork("commitment"),
        )
        self._progress("commitment", 1, 2)
        commitments, rows = await collect_commitments(self._mesh, plan, agreement, commitment, generators)
        return own, commitments, rows

    async def _prepare(self, plan: Plan, terms: Terms) -> Openings:
        party = Party(self._mesh, self._node.backend, terms.session_id, self._random.fork("party"))
        cost = estimate(plan)
        require_hidden(cost)
        need = cost.need
        preparation = await start_preparation(
            terms.preparation,
            party,
            self._node.backend,
            self._store,
            stocking=stocking_progress(need, self._observer.progress),
        )
        await preparation.reserve(need)
        return Openings(party, preparation)

    def _place(self, terms: Terms) -> Path:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", self._node.job.name).strip("-.") or "job"
        return self._node.out / f"{stem}-{terms.session_id.hex()[:12]}{TRANSCRIPT_SUFFIX}"

    async def _publish(self, terms: Terms, writer: TranscriptWriter) -> bytes:
        """Exchange signatures over the root, and return the transcript once all of them hold."""
        root = writer.root
        signature = sign(self._node.identity.key, "transcript", root)
        signatures = await self._mesh.broadcast("publication/signature", signature)
        for j, (member, received) in enumerate(zip(terms.members, signatures, strict=True)):
            try:
                check_signature(member.key, "transcript", root, received, signer=member.name)
            except VerificationError as error:
                # All that the root is of was compared before the proof was verified: honest members have one root.
                raise ProtocolAbort(error.message, check=error.check, blame=j) from error
        writer.append(Signatures(tuple(signatures)))
        return writer.to_bytes()

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        with self._watch.phase(name), self._mesh.phase(name):
            yield

    def _progress(self, _what: str, done: int, total: int) -> None:
        self._observer.progress(done, total)

    def _costs(self) -> tuple[PhaseCost, ...]:
        traffic = self._mesh.traffic
        return tuple(
            PhaseCost(
                name=name,
                seconds=seconds,
                cpu=self._watch.cpu[name],
                **asdict(traffic.get(name, Traffic())),
            )
            for name, seconds in self._watch.seconds.items()
        )


def _told(plan: Plan, proven: Proven) -> tuple[ResultValue, ...]:
    found = []
    for v, values in sorted(proven.private.items()):
        node = plan.nodes[v]
        assert isinstance(node, Output)
        found.append(told(node.label, [centred(x) for x in values.to_ints()]))
    return tuple(found)


def _make_folder(path: Path) -> None:
    """Find out before the run whether the transcript will have a place."""
    with explaining(f"{path}: cannot make the folder for the transcript"):
        path.mkdir(parents=True, exist_ok=True)
    # Permissions do not tell of a full or a read-only disk; writing does.
    probe = path / f".tallystick.{secrets.token_hex(4)}"
    try:
        _write_new(probe, bytes(_PROBE_BYTES))
        probe.unlink()
    except OSError as error:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
        raise UsageError(
            f"{path}: the folder for the transcript cannot be written to: {error.strerror}",
            hint="--out names another folder",
        ) from error


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _write_atomically(path: Path, data: bytes) -> UnfinishedError | None:
    """Write a file that is complete or absent, whatever happens; return why it is absent, if it is."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_new(temporary, data)
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        return UnfinishedError(
            f"{path}: cannot write the transcript: {error.strerror}",
            check="transcript",
            hint="the results hold; every other member has the same transcript",
        )
    return None
