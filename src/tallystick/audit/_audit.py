"""The auditor: every check of ``spec/file.md``, in its order, on one file.

Nothing here holds a share or a private key, or opens a connection; import-linter enforces it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ..algebra import Generators, Points, Vector
from ..backend import G1_BYTES, Backend, get_backend
from ..disclosure import AuditBound
from ..encoding import Value
from ..errors import DecodeError, UnfinishedError, VerificationError
from ..plan import Plan, PlanRelation, ResultValue, encodings, policy_names
from ..proofs import BatchVerifier, Proof, RangeRelation
from ..record import (
    Commitment,
    Consortium,
    Policy,
    Terms,
    Transcript,
    check_signature,
    range_context,
    read_transcript,
)
from ._job import JobPin
from ._known import KnownPlan, KnownPlans
from ._limits import OPERATIONS_PER_SECOND, Limits
from ._program import Source

__all__ = ["CHECKS", "Auditor", "Check", "Steps", "Together", "Verdict", "alone", "audit"]

CHECKS: Final = (
    "decode",
    "chain",
    "consortium",
    "job",
    "agreement-signature",
    "plan",
    "limits",
    "program",
    "schema",
    "policy",
    "commitment-signature",
    "range",
    "outputs",
    "computation",
    "transcript-signature",
)
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


def _refuse(check: str, item: str, message: str, *, hint: str | None = None) -> VerificationError:
    return VerificationError(f"{item}: {message}", check=check, item=item, hint=hint)


class Auditor:
    """The checks on one file; each method is one check and returns what it established.

    ``plans`` are those of other files, ``look_up`` is called before every check and every proof, and may raise.
    """

    def __init__(
        self,
        consortium: Consortium | None,
        job: JobPin | None,
        program: Source | None,
        limits: Limits,
        backend: Backend,
        *,
        plans: KnownPlans | None = None,
        look_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._consortium = consortium
        self._job = job
        self._program = program or (job.program if job else None)
        self._limits = limits
        self._backend = backend
        self._plans = plans or KnownPlans()
        self._look_up = look_up
        self._checks: list[Check] = []
        self._detail = ""
        self._waited = 0.0
        self._absent: tuple[str, ...] = ()
        self._unfinished: UnfinishedError | None = None

    def steps(self, source: Path | str | bytes) -> Steps:
        """Make every check in order."""
        started = time.perf_counter()
        with self._check("decode"):
            transcript = read_transcript(source, plans=self._plans.items)
            self._detail = f"{len(transcript.links)} items, {transcript.size:,} bytes, canonical"
        terms = transcript.terms
        with self._check("chain"):
            transcript.check_chain()
            self._detail = f"unbroken, root {transcript.root.hex()[:16]}..."
        if self._consortium is not None:
            with self._check("consortium"):
                self._check_members(terms, self._consortium, transcript.links[0].name)
        if self._job is not None:
            with self._check("job"):
                self._check_job(terms, self._job, transcript.links[0].name)
        with self._check("agreement-signature"):
            self._check_all_signed(transcript)
        with self._check("plan"):
            known = self._decode_plan(transcript)
            plan = known.plan
        with self._check("limits"):
            bound = self._check_limits(known, transcript)
        if self._program is not None:
            with self._check("program"):
                self._check_program(plan, terms, self._program, transcript.links[1].name)
        with self._check("schema"):
            self._check_schema(plan, terms, transcript.links[1].name)
        with self._check("policy"):
            self._check_policy(known, terms, transcript.links[0].name)
        with self._check("commitment-signature"):
            self._check_owners_signed(transcript)
        verifier = BatchVerifier(Generators(self._backend, plan.shape.columns))
        with self._check("range"):
            rows = self._add_ranges(verifier, transcript, known)
        with self._check("outputs"):
            outputs, points = self._decode_outputs(transcript, plan)
        with self._check("computation"):
            yield from self._check_proofs(verifier, transcript, known, rows, outputs, points)
        with self._check("transcript-signature"):
            self._check_all_signed_off(transcript)
        if self._unfinished is not None:
            raise self._unfinished
        flat = outputs.to_ints()
        return Verdict(
            terms=terms,
            plan=plan,
            results=tuple(plan.evaluate(flat, encodings(transcript.outputs.points))),
            opened=tuple(map(tuple, plan.signed_outputs(flat))),
            checks=tuple(self._checks),
            pinned=self._consortium is not None or self._job is not None,
            job=None if self._job is None else self._job.name,
            traced=None if self._program is None else str(self._program),
            absent=self._absent,
            bound=bound,
            backend=self._backend.name,
            size=transcript.size,
            seconds=time.perf_counter() - started - self._waited,
        )

    @contextmanager
    def _check(self, name: str) -> Iterator[None]:
        self._look_up()
        self._detail = ""
        started = time.perf_counter() - self._waited
        yield
        if self._unfinished is None or name != "program":
            self._checks.append(Check(name, self._detail, time.perf_counter() - started - self._waited))

    # ------------------------------------------------------------------ who
    def _check_members(self, terms: Terms, consortium: Consortium, item: str) -> None:
        """Every member of the agreement is one of the auditor's list, with its key and certificate."""
        known = {member.name: member for member in consortium.members}
        for agreed in terms.members:
            member = known.get(agreed.name)
            if member is None:
                raise _refuse("consortium", item, f"{agreed.name} is not a member in the consortium file")
            for what, stated, listed in (
                ("public key", agreed.key, member.public_key),
                ("certificate", agreed.certificate, member.fingerprint),
            ):
                if stated != listed:
                    raise _refuse(
                        "consortium",
                        item,
                        f"the {what} of {agreed.name} is not the one in the consortium file",
                    )
        part = {agreed.name for agreed in terms.members}
        self._absent = tuple(member.name for member in consortium.members if member.name not in part)
        self._detail = f"{len(terms.members)} members, keys as in the consortium file"
        if self._absent:
            self._detail += f"; absent: {', '.join(self._absent)}"

    def _check_job(self, terms: Terms, job: JobPin, item: str) -> None:
        """The terms are those of the auditor's own job; every difference is named."""
        found = job.differences(terms)
        if found:
            raise _refuse("job", item, f"this is not the job {job.name!r}: {'; '.join(found)}")
        self._detail = f"members, columns, ranges, decimals and policy of {job.name!r}"

    def _check_all_signed(self, transcript: Transcript) -> None:
        terms, item = transcript.terms, transcript.links[0].name
        session = terms.session_id
        for member, signature in zip(terms.members, transcript.agreement.signatures, strict=True):
            check_signature(member.key, "agreement", session, signature, signer=member.name, item=item)
        self._detail = f"{len(terms.members)} members, session {session.hex()[:16]}..."

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
        self._detail = "every member signed its own rows"

    def _check_all_signed_off(self, transcript: Transcript) -> None:
        item = transcript.links[-1].name
        for member, signature in zip(transcript.terms.members, transcript.signatures.signatures, strict=True):
            check_signature(
                member.key, "transcript", transcript.root, signature, signer=member.name, item=item
            )
        self._detail = f"{len(transcript.terms.members)} members, over all of the above"

    # ------------------------------------------------------------------ what
    def _decode_plan(self, transcript: Transcript) -> KnownPlan:
        item, terms = transcript.links[1].name, transcript.terms
        try:
            known = self._plans.plan(transcript.plan)
        except DecodeError as error:
            raise DecodeError(f"{item}: {error.message}", item=item, hint=error.hint) from error
        plan = known.plan
        if plan.digest != terms.plan:
            raise _refuse("plan", item, "this is not the plan that the members agreed on")
        if plan.program != terms.program:
            raise _refuse("plan", item, f"its program is {plan.program!r}, the agreed one {terms.program!r}")
        shape = plan.shape
        self._detail = f"as agreed: {len(plan.nodes)} operations, {shape.gates:,} gates"
        return known

    def _check_limits(self, known: KnownPlan, transcript: Transcript) -> AuditBound:
        """The file cannot cost more than the auditor spends; nothing that costs has been done yet."""
        link, size, backend = transcript.links[1], transcript.size, self._backend.name
        bound = known.bound(link.end - link.start, size)
        most, operations = self._limits.bytes_for(size), self._limits.operations_for(size, backend)
        rate = OPERATIONS_PER_SECOND[backend]
        if bound.bytes > most:
            raise _refuse(
                "limits",
                link.name,
                f"the audit could take {_megabytes(bound.bytes)} MB of memory, the limit is {_megabytes(most)} MB",
                hint=f"--max-memory {_megabytes(bound.bytes)} allows it",
            )
        if bound.operations > operations:
            seconds, allowed = -(-bound.operations // rate), operations / rate
            raise _refuse(
                "limits",
                link.name,
                f"the audit could take {seconds:,} s, the limit is {allowed:g} s",
                hint=f"--max-seconds {seconds} allows it",
            )
        self._detail = f"at most {_megabytes(bound.bytes):,} MB and {bound.operations / rate:.1f} s"
        return bound

    def _check_program(self, plan: Plan, terms: Terms, program: Source, item: str) -> None:
        try:
            traced = program.plan_bytes(terms, seconds=self._limits.seconds)
        except UnfinishedError as error:
            # What else is wrong with the file is worth more to its reader than that this could not be found out.
            self._unfinished = error
            return
        except VerificationError as error:
            raise _refuse("program", item, error.message, hint=error.hint) from error
        if traced != plan.to_bytes():
            raise _refuse(
                "program",
                item,
                f"{program} traces to another plan",
                hint="compare the source with what the members ran, down to the version of tallystick",
            )
        self._detail = f"{program} traces to the same bytes"

    def _check_schema(self, plan: Plan, terms: Terms, item: str) -> None:
        """The plan speaks about the agreed members, rows, columns and ranges."""
        agreed = [(m.name, t.rows) for m, t in zip(terms.members, terms.tables, strict=True)]
        if [(member.name, member.rows) for member in plan.members] != agreed:
            raise _refuse("schema", item, "its members and rows are not those of the agreement")
        for node in plan.inputs:
            member = terms.members[node.member].name
            column = terms.tables[node.member].columns.get(node.name)
            if column is None:
                raise _refuse("schema", item, f"input {node.name!r} is not a column of {member}'s table")
            stated = (node.low, node.high, node.decimals)
            if stated != (column.low, column.high, column.decimals):
                raise _refuse(
                    "schema", item, f"input {node.name!r} of {member} has another range than its column"
                )
        self._detail = f"{len(plan.inputs)} inputs, rows and ranges as agreed"

    def _check_policy(self, known: KnownPlan, terms: Terms, item: str) -> None:
        policy: Policy = terms.policy
        if len(terms.members) < policy.min_members:
            raise _refuse(
                "policy", item, f"{len(terms.members)} members, the policy demands {policy.min_members}"
            )
        for member, table in zip(terms.members, terms.tables, strict=True):
            if table.rows < policy.min_rows:
                raise _refuse(
                    "policy",
                    item,
                    f"{member.name} has {table.rows} rows, the policy demands {policy.min_rows}",
                )
        for name in policy_names(known.plan):
            if not policy.allows(name):
                raise _refuse("policy", item, f"the policy does not allow the result {name!r}")
        if policy.outputs is not None:
            self._check_opened(known, item)
        least = min(table.rows for table in terms.tables)
        self._detail = f"{len(terms.members)} members, {least:,} rows or more; "
        self._detail += f"demanded {policy.min_members} and {policy.min_rows:,}"

    def _check_opened(self, known: KnownPlan, item: str) -> None:
        """Nothing is opened but what the results that the policy allows depend on."""
        found = known.unneeded
        if found is None:
            raise _refuse("policy", item, "too much is opened to see that the allowed results need all of it")
        if found:
            raise _refuse(
                "policy", item, f"no result that the policy allows needs all of what {_names(found)} opens"
            )

    # ------------------------------------------------------------------ why
    def _add_ranges(self, verifier: BatchVerifier, transcript: Transcript, known: KnownPlan) -> list[Points]:
        """Decode every member's rows and put its range proof into the batch."""
        plan = known.plan
        rows = []
        proven = 0
        for k, commitment in enumerate(transcript.commitments):
            item = transcript.links[2 + k].name
            points = self._decode_rows(commitment, plan.shape.input_rows_of(k), item)
            rows.append(points)
            if (commitment.range_proof is None) != (plan.shape.inputs[k] == 0):
                raise _refuse("range", item, "a range proof must be there exactly if there is an input")
            if commitment.range_proof is None:
                continue
            relation = known.ranges[k]
            self._look_up()
            proof = _proof(commitment.range_proof, relation, item)
            with _renaming("range", item):
                verifier.add(
                    relation,
                    proof,
                    input_commitments=points,
                    outputs=Vector.zeros(self._backend, 0),
                    context=range_context(transcript.terms.session_id, k),
                    name=item,
                )
            proven += relation.shape.gates
        self._detail = f"{len(plan.inputs)} inputs of {len(rows)} members, {proven:,} bits"
        return rows

    def _decode_rows(self, commitment: Commitment, count: int, item: str) -> Points:
        if len(commitment.rows) != count * G1_BYTES:
            raise _refuse(
                "range", item, f"{len(commitment.rows) // G1_BYTES} committed rows, {count} are needed"
            )
        try:
            return Points.from_bytes(self._backend, commitment.rows)
        except DecodeError as error:
            raise DecodeError(f"{item}: rows: {error.message}", item=item) from error

    def _decode_outputs(self, transcript: Transcript, plan: Plan) -> tuple[Vector, Points]:
        item = transcript.links[-3].name
        try:
            outputs = Vector.from_bytes(self._backend, transcript.outputs.values)
        except DecodeError as error:
            raise DecodeError(f"{item}: values: {error.message}", item=item) from error
        try:
            points = Points.from_bytes(self._backend, transcript.outputs.points)
        except DecodeError as error:
            raise DecodeError(f"{item}: points: {error.message}", item=item) from error
        if len(outputs) != plan.shape.outputs:
            raise _refuse("outputs", item, f"{len(outputs)} values, the plan opens {plan.shape.outputs}")
        if len(points) != plan.shape.points:
            raise _refuse("outputs", item, f"{len(points)} points, the plan opens {plan.shape.points}")
        self._detail = f"{len(outputs)} opened values"
        self._detail += f", {len(points):,} points" if len(points) else ""
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
        item = transcript.links[-2].name
        relation = known.relation
        proof = _proof(transcript.proof.body, relation, item)
        with _renaming("computation", item):
            verifier.add(
                relation,
                proof,
                input_commitments=Points.concat(rows),
                outputs=outputs,
                context=transcript.computation_context,
                name=item,
                points=points,
            )
        waiting = time.perf_counter()
        together = yield verifier
        waited = time.perf_counter() - waiting
        if together is None:
            with _renaming("computation", item):
                verifier.verify()
        self._detail = "the plan's function of these inputs; all proofs in one batch"
        if together is not None:
            self._detail += f", with those of {together.files - 1:,} other files"
            waited -= together.seconds
        self._waited += waited


def _megabytes(count: int) -> int:
    return -(-count // 1_000_000)


def _names(openings: Sequence[str]) -> str:
    return ", ".join(f"[{name}]" for name in openings)


def _proof(body: Mapping[str, Value], relation: PlanRelation | RangeRelation, item: str) -> Proof:
    try:
        return Proof.from_body(body, relation.shape)
    except DecodeError as error:
        raise DecodeError(f"{item}: {error.message}", item=item) from error


@contextmanager
def _renaming(check: str, item: str) -> Iterator[None]:
    """Report a proof's failure as the check of the item it stands in."""
    try:
        yield
    except DecodeError as error:
        error.item = item
        raise
    except VerificationError as error:
        if error.item not in (None, item):
            check = "range"
        raise VerificationError(error.message, check=check, item=error.item or item) from error
