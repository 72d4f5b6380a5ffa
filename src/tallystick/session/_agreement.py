"""Agreement: the members find out whether they mean the same computation, and sign it.

Three rounds (``spec/session.md``, "Agreement"): hellos; the digests of what each made of them; signatures.
Every member traces its own copy of the program, so nobody computes what it has not read.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from .. import encoding
from ..encoding import Value
from ..errors import DecodeError, ProtocolAbort, VerificationError
from ..limits import MAX_ROWS
from ..party import Mesh
from ..plan import Plan
from ..record import AgreedMember, Agreement, Policy, Table, Terms, check_signature, sign
from ..tracing import Traceable
from ._identity import Identity
from ._job import Job, check_policy, schemas

__all__ = ["Approve", "agree", "malformed"]

Approve = Callable[[Plan, Terms], None]
"""Shows a plan to the operator; raises ``PolicyError`` if the operator declines."""

_NONCE_BYTES = 32
_MAX_HELLO = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hello:
    """What a member says first: the job as its file has it, its rows, and a nonce."""

    version: str
    job: dict[str, Value]
    preparation: str
    rows: int
    nonce: bytes

    def to_bytes(self) -> bytes:
        return encoding.dumps(
            {
                "version": self.version,
                "job": self.job,
                "preparation": self.preparation,
                "rows": self.rows,
                "nonce": self.nonce,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> _Hello:
        value = encoding.loads(data, max_size=_MAX_HELLO, what="hello")
        keys = ("version", "job", "preparation", "rows", "nonce")
        fields = encoding.expect_map(value, "hello", required=keys)
        job = fields["job"]
        if not isinstance(job, dict):
            raise DecodeError("hello: job: a map was expected")
        return cls(
            version=encoding.expect_text(fields["version"], "hello: version", max_length=64),
            job=job,
            preparation=encoding.expect_text(fields["preparation"], "hello: preparation", max_length=64),
            rows=encoding.expect_int(fields["rows"], "hello: rows", high=MAX_ROWS),
            nonce=encoding.expect_bytes(fields["nonce"], "hello: nonce", length=_NONCE_BYTES),
        )


def malformed(sender: int, error: DecodeError) -> ProtocolAbort:
    """Return the abort for a message that does not decode."""
    return ProtocolAbort.by(sender, f"sent what cannot be decoded: {error.message}", check="malformed")


async def agree(
    mesh: Mesh,
    job: Job,
    program: Traceable,
    identity: Identity,
    *,
    rows: int,
    preparation: str,
    own_policy: Policy | None,
    approve: Approve,
) -> tuple[Plan, Agreement]:
    """Return the plan and the agreement that all members signed.

    Raises ProtocolAbort naming the member that differs (checks ``job``, ``plan``, ``agreement``,
    ``agreement-signature``), ``PolicyError`` for what the job's or this node's policy forbids.
    """
    own = _Hello(
        version=_version(),
        job=job.terms(),
        preparation=preparation,
        rows=rows,
        nonce=secrets.token_bytes(_NONCE_BYTES),
    )
    hellos = await _hellos(mesh, job, own)
    plan = await asyncio.to_thread(program.trace, schemas(job, [hello.rows for hello in hellos]))
    terms = _terms(job, plan, preparation, hellos)
    await _compare_plans(mesh, job, plan, terms, hellos)
    check_policy(job.policy, plan, whose="the job's policy")
    if own_policy is not None:
        check_policy(own_policy, plan, whose="this node's own policy")
    approve(plan, terms)
    return plan, await _sign(mesh, job, terms, identity)


async def _hellos(mesh: Mesh, job: Job, own: _Hello) -> list[_Hello]:
    received = await mesh.broadcast("agreement/hello", own.to_bytes(), [_MAX_HELLO] * mesh.size)
    hellos = []
    for j, data in enumerate(received):
        try:
            hellos.append(_Hello.from_bytes(data))
        except DecodeError as error:
            raise malformed(j, error) from error
    for j, hello in enumerate(hellos):
        parts = [part for part in own.job if hello.job.get(part) != own.job[part]]
        parts += ["preparation"] if hello.preparation != own.preparation else []
        if parts or set(hello.job) != set(own.job):
            raise ProtocolAbort(
                f"'s job differs from this member's in: {', '.join(parts) or 'its entries'}",
                check="job",
                about=(j,),
                hint="the members compare their job files, consortium files and flags, and start again",
            )
    return hellos


def _terms(job: Job, plan: Plan, preparation: str, hellos: Sequence[_Hello]) -> Terms:
    return Terms(
        program=plan.program,
        plan=plan.digest,
        members=tuple(
            AgreedMember(name=m.name, key=m.public_key, certificate=m.fingerprint)
            for m in job.consortium.members
        ),
        tables=tuple(Table(rows=hello.rows, columns=job.columns) for hello in hellos),
        policy=job.policy,
        preparation=preparation,
        nonces=tuple(hello.nonce for hello in hellos),
    )


async def _compare_plans(mesh: Mesh, job: Job, plan: Plan, terms: Terms, hellos: Sequence[_Hello]) -> None:
    """Compare plan digests and session ids with everybody, before anything else happens."""
    received = await mesh.broadcast("agreement/plan", plan.digest + terms.session_id)
    own = hellos[mesh.index]
    for j, data in enumerate(received):
        if data[:32] != plan.digest:
            theirs = f"{job.consortium.names[j]} runs tallystick {_printable(hellos[j].version)}"
            raise ProtocolAbort(
                "'s program traces to another plan than this member's"
                + (f"; {theirs}, this member {own.version}" if hellos[j].version != own.version else ""),
                check="plan",
                about=(j,),
                hint="the members compare their copies of the program with `tallystick plan`",
            )
        if data != plan.digest + terms.session_id:
            raise ProtocolAbort(
                "did not hear the same hellos as this member: somebody told members different things",
                check="agreement",
                about=(j,),
            )


async def _sign(mesh: Mesh, job: Job, terms: Terms, identity: Identity) -> Agreement:
    signature = sign(identity.key, "agreement", terms.session_id)
    signatures = await mesh.broadcast("agreement/signature", signature)
    for j, (member, received) in enumerate(zip(terms.members, signatures, strict=True)):
        try:
            check_signature(member.key, "agreement", terms.session_id, received, signer=member.name)
        except VerificationError as error:
            raise ProtocolAbort(error.message, check=error.check, blame=j) from error
    return Agreement(terms, tuple(signatures))


def _version() -> str:
    try:
        return version("tallystick")
    except PackageNotFoundError:
        return "unknown"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
