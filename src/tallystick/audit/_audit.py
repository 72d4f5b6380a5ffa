# SPDX-License-Identifier: Apache-2.0
"""The auditor: every check of ``spec/file.md``, in its order, on one file.

Nothing here holds a share or a private key, or opens a connection; import-linter enforces it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from ..algebra import Generators, Points, Vector
from ..backend import G1_BYTES, Backend, get_backend
from ..disclosure import AuditBound
from ..encoding import Value
from ..errors import DecodeError, PolicyError, UnfinishedError, VerificationError
from ..plan import Plan, PlanRelation, ResultValue, encodings
from ..proofs import BatchVerifier, Proof, RangeRelation
from ..record import (
    Commitment,
    Consortium,
    Purpose,
    Terms,
    Transcript,
    check_policy,
    check_signature,
    range_context,
    read_transcript,
)
from ._job import JobPin
from ._known import KnownPlan, KnownPlans
from ._limits import OPERATIONS_PER_SECOND, Limits
from ._program import Source

__all__ = ["CHECKS", "CHECK_MEANINGS", "Auditor", "Check", "Steps", "Together", "Verdict", "alone", "audit"]

CHECK_MEANINGS: Final = {
    "decode": "the file is a transcript, byte for byte in its one encoding",
    "chain": "no item was changed, taken out or exchanged after the next one was written",
    "consortium": "the members and their keys are those of the auditor's own list",
    "job": "members, columns, ranges, decimals and policy are those of the auditor's own job",
    "agreement-signature": "every member signed what is computed, on which columns, under which policy",
    "plan": "the plan is valid, and the one that the members signed",
    "limits": "checking the file cannot cost more than the auditor allows",
    "program": "the auditor's copy of the program gives this plan and no other",
    "schema": "the plan reads the columns that the members signed, with their ranges",
    "policy": "the policy allows the results, and what is opened is what they need",
    "commitment-signature": "every member signed the commitments to its own rows",
    "range": "every committed value lies in the range of its column",
    "outputs": "as many values are opened as the plan says",
    "computation": "the opened values are the plan's function of the committed rows",
    "transcript-signature": "every member signed the whole after checking it",
}
"""What each check means when it holds, for readers who do not know the format; in the order they are made."""

CHECKS: Final = tuple(CHECK_MEANINGS)
"""The names of all checks, in the order they are made."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check that holds: its stable name, what was found, and how long it took."""

    name: str
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an accepted transcript says.  A refused one raises instead, so there is no boolean to forget.

    ``pinned`` says whether the auditor's own list of members, or job, vouches for the keys; ``job`` is the name of that
    job, ``traced`` the source that traces to the same plan, ``absent`` the members of the list that took no part.
    ``opened`` are the signed integers of each output, none for one to some members; ``bound`` is what the audit could
    have cost.
    """

    terms: Terms
    plan: Plan
    results: tuple[ResultValue, ...]
    opened: tuple[tuple[int, ...], ...]
    checks: tuple[Check, ...]
    pinned: bool
    job: str | None
    traced: str | None
    absent: tuple[str, ...]
    bound: AuditBound
    backend: str
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Together:
    """That the group equations of a file hold: checked with those of so many files, in so many seconds each."""

    files: int
    seconds: float


Steps: TypeAlias = Generator[BatchVerifier, Together | None, Verdict]
"""An audit, which yields the equations of all proofs once, when all else but the last signatures is checked.

It is sent that they hold, or None; then it checks them itself, and names what fails.
"""


def audit(
    source: Path | str | bytes,
    *,
    consortium: Consortium | None = None,
    job: JobPin | None = None,
    program: Source | None = None,
    limits: Limits | None = None,
    backend: Backend | None = None,
) -> Verdict:
    """Verify a transcript, given as a file's path or as bytes, and return what it says.

    ``job`` is the auditor's own job, which pins members, columns, policy and program; ``program`` goes before its own.
    Raises ``DecodeError`` (check ``decode``) or ``VerificationError``, each with the item; ``UsageError`` if a file
    cannot be read or there is no such program; ``UnfinishedError`` if nothing is wrong as far as could be checked, but
    the program could not be traced.
    """
    program = program or (job.program if job else None)
    auditor = Auditor(consortium, job, program, limits or Limits(), backend or get_backend())
    return alone(auditor.steps(source))


def alone(steps: Steps) -> Verdict:
    """Finish the audit of one file by itself."""
    try:
        next(steps)
        steps.send(None)
    except StopIteration as stop:
        verdict: Verdict = stop.value
        return verdict
    raise AssertionError("an audit waits once")


@dataclass(slots=True)
class Auditor:
    """The checks on one file; each method is one check and returns what it established.

    ``plans`` are those of other files, ``look_up`` is called before every check and every proof, and may raise.
    """

    consortium: Consortium | None
    job: JobPin | None
    program: Source | None
    limits: Limits
    backend: Backend
    plans: KnownPlans = field(default_factory=KnownPlans)
    look_up: Callable[[], None] = lambda: None
    checks: list[Check] = field(default_factory=list)
    name: str = ""
    item: str = ""
    detail: str = ""
    absent: tuple[str, ...] = ()
    unfinished: UnfinishedError | None = None
    waited: float = 0.0

    def steps(self, source: Path | str | bytes) -> Steps:
        """Make every check in order."""
        started = time.perf_counter()
        with self._check("decode"):
            transcript = read_transcript(source, plans=self.plans.items)
            self.detail = f"{len(transcript.links)} items, {transcript.size:,} bytes, canonical"
        terms, links = transcript.terms, transcript.links
        agreement = links[0].name
        with self._check("chain"):
            transcript.check_chain()
            self.detail = f"unbroken, root {transcript.root.hex()[:16]}..."
        if self.consortium is not None:
            with self._check("consortium", agreement):
                self._check_members(terms, self.consortium)
        if self.job is not None:
            with self._check("job", agreement):
                self._check_job(terms, self.job)
        with self._check("agreement-signature", agreement):
            session = terms.session_id
            self._check_signed(terms, "agreement", session, transcript.agreement.signatures)
            self.detail = f"{len(terms.members)} members, session {session.hex()[:16]}..."
        with self._check("plan", links[1].name):
            known = self._decode_plan(transcript)
            plan = known.plan
        with self._check("limits", links[1].name):
            bound = self._check_limits(known, transcript)
        if self.program is not None:
            with self._check("program", links[1].name):
                self._check_program(plan, terms, self.program)
        with self._check("schema", links[1].name):
            self._check_schema(plan, terms)
        with self._check("policy", agreement):
            self._check_policy(plan, terms)
        with self._check("commitment-signature"):
            self._check_owners_signed(transcript)
        verifier = BatchVerifier(Generators(self.backend, plan.shape.columns))
        with self._check("range"):
            rows = self._add_ranges(verifier, transcript, known)
        with self._check("outputs", links[-3].name):
            outputs, points = self._decode_outputs(transcript, plan)
        with self._check("computation", links[-2].name):
            yield from self._check_proofs(verifier, transcript, known, rows, outputs, points)
        with self._check("transcript-signature", links[-1].name):
            self._check_signed(terms, "transcript", transcript.root, transcript.signatures.signatures)
            self.detail = f"{len(terms.members)} members, over all of the above"
        if self.unfinished is not None:
            raise self.unfinished
        flat = outputs.to_ints()
        return Verdict(
            terms=terms,
            plan=plan,
            results=tuple(plan.evaluate(flat, encodings(transcript.outputs.points))),
            opened=tuple(map(tuple, plan.signed_outputs(flat))),
            checks=tuple(self.checks),
            pinned=self.consortium is not None or self.job is not None,
            job=None if self.job is None else self.job.name,
            traced=None if self.program is None else str(self.program),
            absent=self.absent,
            bound=bound,
            backend=self.backend.name,
            size=transcript.size,
            seconds=time.perf_counter() - started - self.waited,
        )

    @contextmanager
    def _check(self, name: str, item: str = "") -> Iterator[None]:
        """Make a check, of an item of the file."""
        self.look_up()
        self.name, self.item, self.detail = name, item, ""
        started = time.perf_counter() - self.waited
        yield
        if self.unfinished is None or name != "program":
            self.checks.append(Check(name, self.detail, time.perf_counter() - started - self.waited))

    def _refused(self, message: str, *, hint: str | None = None) -> VerificationError:
        """Return what this check refuses this item with."""
        return VerificationError(f"{self.item}: {message}", check=self.name, item=self.item, hint=hint)

    @contextmanager
    def _decoding(self, field: str = "") -> Iterator[None]:
        """Name the item, and the field of it, that cannot be decoded."""
        try:
            yield
        except DecodeError as error:
            message = f"{self.item}: {field}{error.message}"
            raise DecodeError(message, item=self.item, hint=error.hint) from error

    @contextmanager
    def _proving(self) -> Iterator[None]:
        """Report a proof's failure as the check of the item it stands in."""
        try:
            yield
        except DecodeError as error:
            error.item = self.item
            raise
        except VerificationError as error:
            check = self.name if error.item in (None, self.item) else "range"
            raise VerificationError(error.message, check=check, item=error.item or self.item) from error

    # ------------------------------------------------------------------ who
    def _check_members(self, terms: Terms, consortium: Consortium) -> None:
        """Every member of the agreement is one of the auditor's list, with its key and certificate."""
        known = {member.name: member for member in consortium.members}
        for agreed in terms.members:
            member = known.get(agreed.name)
            if member is None:
                raise self._refused(f"{agreed.name} is not a member in the consortium file")
            for what, stated, listed in (
                ("public key", agreed.key, member.public_key),
                ("certificate", agreed.certificate, member.fingerprint),
            ):
                if stated != listed:
                    raise self._refused(f"the {what} of {agreed.name} is not the one in the consortium file")
        part = {agreed.name for agreed in terms.members}
        self.absent = tuple(member.name for member in consortium.members if member.name not in part)
        self.detail = f"{len(terms.members)} members, keys as in the consortium file"
        if self.absent:
            self.detail += f"; absent: {', '.join(self.absent)}"

    def _check_job(self, terms: Terms, job: JobPin) -> None:
        """The terms are those of the auditor's own job; every difference is named."""
        found = job.differences(terms)
        if found:
            raise self._refused(f"this is not the job {job.name!r}: {'; '.join(found)}")
        self.detail = f"members, columns, ranges, decimals and policy of {job.name!r}"

    def _check_signed(
        self, terms: Terms, purpose: Purpose, digest: bytes, signatures: Sequence[bytes]
    ) -> None:
        """Every member signed the same."""
        for member, signature in zip(terms.members, signatures, strict=True):
            check_signature(member.key, purpose, digest, signature, signer=member.name, item=self.item)

    def _check_owners_signed(self, transcript: Transcript) -> None:
        session = transcript.terms.session_id
        for k, (member, commitment) in enumerate(
            zip(transcript.terms.members, transcript.commitments, strict=True)
        ):
            item = transcript.links[2 + k].name
            digest = commitment.digest(session, k)
            check_signature(
                member.key, "commitment", digest, commitment.signature, signer=member.name, item=item
            )
        self.detail = "every member signed its own rows"

    # ------------------------------------------------------------------ what
    def _decode_plan(self, transcript: Transcript) -> KnownPlan:
        terms = transcript.terms
        with self._decoding():
            known = self.plans.plan(transcript.plan)
        plan = known.plan
        if plan.digest != terms.plan:
            raise self._refused("this is not the plan that the members agreed on")
        if plan.format != terms.format:
            raise self._refused(f"of format {plan.format}, in a file of format {terms.format}")
        if plan.program != terms.program:
            raise self._refused(f"its program is {plan.program!r}, the agreed one {terms.program!r}")
        shape = plan.shape
        self.detail = f"as agreed: {len(plan.nodes)} operations, {shape.gates:,} gates"
        return known

    def _check_limits(self, known: KnownPlan, transcript: Transcript) -> AuditBound:
        """The file cannot cost more than the auditor spends; nothing that costs has been done yet."""
        link, size, backend = transcript.links[1], transcript.size, self.backend.name
        bound = known.bound(link.end - link.start, size)
        most, operations = self.limits.bytes_for(size), self.limits.operations_for(size, backend)
        rate = OPERATIONS_PER_SECOND[backend]
        if bound.bytes > most:
            raise self._refused(
                f"the audit could take {_megabytes(bound.bytes)} MB of memory, the limit is {_megabytes(most)} MB",
                hint=f"--max-memory {_megabytes(bound.bytes)} allows it",
            )
        if bound.operations > operations:
            seconds, allowed = -(-bound.operations // rate), operations / rate
            raise self._refused(
                f"the audit could take {seconds:,} s, the limit is {allowed:g} s",
                hint=f"--max-seconds {seconds} allows it",
            )
        self.detail = f"at most {_megabytes(bound.bytes):,} MB and {bound.operations / rate:.1f} s"
        return bound

    def _check_program(self, plan: Plan, terms: Terms, program: Source) -> None:
        try:
            traced = program.plan_bytes(terms, seconds=self.limits.seconds)
        except UnfinishedError as error:
            # What else is wrong with the file is worth more to its reader than that this could not be found out.
            self.unfinished = error
            return
        except VerificationError as error:
            raise self._refused(error.message, hint=error.hint) from error
        if Plan.from_bytes(traced).in_format(plan.format).to_bytes() != plan.to_bytes():
            raise self._refused(
                f"{program} traces to another plan",
                hint="compare the source with what the members ran, down to the version of tallystick",
            )
        self.detail = f"{program} traces to the same bytes"

    def _check_schema(self, plan: Plan, terms: Terms) -> None:
        """The plan speaks about the agreed members, rows, columns and ranges."""
        agreed = [(m.name, t.rows) for m, t in zip(terms.members, terms.tables, strict=True)]
        if [(member.name, member.rows) for member in plan.members] != agreed:
            raise self._refused("its members and rows are not those of the agreement")
        for node in plan.inputs:
            member = terms.members[node.member].name
            column = terms.tables[node.member].columns.get(node.name)
            if column is None:
                raise self._refused(f"input {node.name!r} is not a column of {member}'s table")
            stated = (node.low, node.high, node.decimals)
            if stated != (column.low, column.high, column.decimals):
                raise self._refused(f"input {node.name!r} of {member} has another range than its column")
        self.detail = f"{len(plan.inputs)} inputs, rows and ranges as agreed"

    def _check_policy(self, plan: Plan, terms: Terms) -> None:
        policy = terms.policy
        try:
            check_policy(policy, plan, whose="the policy")
        except PolicyError as error:
            raise self._refused(error.message) from error
        least = min(table.rows for table in terms.tables)
        self.detail = f"{len(terms.members)} members, {least:,} rows or more; "
        self.detail += f"demanded {policy.min_members} and {policy.min_rows:,}"

    # ------------------------------------------------------------------ why
    def _add_ranges(self, verifier: BatchVerifier, transcript: Transcript, known: KnownPlan) -> list[Points]:
        """Decode every member's rows and put its range proof into the batch."""
        plan = known.plan
        rows = []
        proven = 0
        for k, commitment in enumerate(transcript.commitments):
            self.item = item = transcript.links[2 + k].name
            points = self._decode_rows(commitment, plan.shape.input_rows_of(k))
            rows.append(points)
            if (commitment.range_proof is None) != (plan.shape.inputs[k] == 0):
                raise self._refused("a range proof must be there exactly if there is an input")
            if commitment.range_proof is None:
                continue
            relation = known.ranges[k]
            self.look_up()
            proof = self._proof(commitment.range_proof, relation)
            with self._proving():
                verifier.add(
                    relation,
                    proof,
                    input_commitments=points,
                    outputs=Vector.zeros(self.backend, 0),
                    context=range_context(transcript.terms.session_id, k),
                    name=item,
                )
            proven += relation.shape.gates
        self.detail = f"{len(plan.inputs)} inputs of {len(rows)} members, {proven:,} bits"
        return rows

    def _decode_rows(self, commitment: Commitment, count: int) -> Points:
        if len(commitment.rows) != count * G1_BYTES:
            raise self._refused(f"{len(commitment.rows) // G1_BYTES} committed rows, {count} are needed")
        with self._decoding("rows: "):
            return Points.from_bytes(self.backend, commitment.rows)

    def _decode_outputs(self, transcript: Transcript, plan: Plan) -> tuple[Vector, Points]:
        with self._decoding("values: "):
            outputs = Vector.from_bytes(self.backend, transcript.outputs.values)
        with self._decoding("points: "):
            points = Points.from_bytes(self.backend, transcript.outputs.points)
        if len(outputs) != plan.shape.outputs:
            raise self._refused(f"{len(outputs)} values, the plan opens {plan.shape.outputs}")
        if len(points) != plan.shape.points:
            raise self._refused(f"{len(points)} points, the plan opens {plan.shape.points}")
        self.detail = f"{len(outputs)} opened values"
        self.detail += f", {len(points):,} points" if len(points) else ""
        return outputs, points

    def _check_proofs(
        self,
        verifier: BatchVerifier,
        transcript: Transcript,
        known: KnownPlan,
        rows: list[Points],
        outputs: Vector,
        points: Points,
    ) -> Generator[BatchVerifier, Together | None, None]:
        """Add the computation's proof; then the equations of all proofs are checked together, here or by the caller."""
        relation = known.relation
        proof = self._proof(transcript.proof.body, relation)
        with self._proving():
            verifier.add(
                relation,
                proof,
                input_commitments=Points.concat(rows),
                outputs=outputs,
                context=transcript.computation_context,
                name=self.item,
                points=points,
            )
        waiting = time.perf_counter()
        together = yield verifier
        waited = time.perf_counter() - waiting
        if together is None:
            with self._proving():
                verifier.verify()
        self.detail = "the plan's function of these inputs; all proofs in one batch"
        if together is not None:
            self.detail += f", with those of {together.files - 1:,} other files"
            waited -= together.seconds
        self.waited += waited

    def _proof(self, body: Mapping[str, Value], relation: PlanRelation | RangeRelation) -> Proof:
        with self._decoding():
            return Proof.from_body(body, relation.shape)


def _megabytes(count: int) -> int:
    return -(-count // 1_000_000)
