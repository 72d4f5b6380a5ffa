# SPDX-License-Identifier: Apache-2.0
"""Agreement: the members find out whether they mean the same computation, and sign it.

Hellos first; then two rounds (``spec/session.md``, "A run"): the digests of what each made of them, and signatures.
Every member traces its own copy of the program, so nobody computes what it has not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ..errors import ProtocolAbort, VerificationError
from ..party import Mesh
from ..plan import MemberSchema, Plan
from ..record import AgreedMember, Agreement, Policy, Table, Terms, check_policy, check_signature, sign
from ..tracing import Traceable
from ._hello import Hello, exchange_hellos
from ._identity import Identity
from ._job import Job, schemas
from ._mesh import TlsMesh

__all__ = ["Approve", "agree"]

Approve = Callable[[Plan, Terms], None]
"""Shows a plan to the operator; raises ``PolicyError`` if the operator declines."""


async def agree(
    mesh: TlsMesh,
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

    Raises ProtocolAbort naming the member that differs (those of ``exchange_hellos``, ``plan``, ``agreement``,
    ``agreement-signature``), ``PolicyError`` for what the job's or this node's policy forbids.
    """
    members = job.consortium.members
    hellos, _digest = await exchange_hellos(
        mesh, members, identity, "run", terms=job.terms(), preparation=preparation, rows=rows
    )
    plan = await _traced(program, schemas(job, [hello.rows for hello in hellos]))
    terms = _terms(job, plan, preparation, hellos)
    await _compare_plans(mesh, job, plan, terms, hellos)
    check_policy(job.policy, plan, whose="the job's policy")
    if own_policy is not None:
        check_policy(own_policy, plan, whose="this node's own policy")
    approve(plan, terms)
    return plan, await _sign(mesh, job, terms, identity)


async def _traced(program: Traceable, tables: Sequence[MemberSchema]) -> Plan:
    """Trace beside the links, which go on answering; a run that ends meanwhile ends the tracing."""
    try:
        return await asyncio.to_thread(program.trace, tables)
    except asyncio.CancelledError:
        program.stop()
        raise


def _terms(job: Job, plan: Plan, preparation: str, hellos: Sequence[Hello]) -> Terms:
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
        nonces=hellos[0].nonces,
    )


async def _compare_plans(mesh: Mesh, job: Job, plan: Plan, terms: Terms, hellos: Sequence[Hello]) -> None:
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


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
