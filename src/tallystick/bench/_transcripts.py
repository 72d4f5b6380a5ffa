# SPDX-License-Identifier: Apache-2.0
"""Transcripts without a network: one process holds every member's key and data, and proves alone.

Plans, commitments, proofs and signatures are those of a run; only, nobody's data is hidden from the prover.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..algebra import Generators, Points, Random, Vector
from ..backend import Backend
from ..encoding import Value, loads
from ..plan import MAX_BYTES, Column, Plan, PlanRelation, over, witness
from ..proofs import prove, range_witness
from ..record import (
    AgreedMember,
    Agreement,
    Commitment,
    Outputs,
    PlanItem,
    Policy,
    ProofItem,
    Signatures,
    Table,
    Terms,
    TranscriptWriter,
    commitment_digest,
    range_context,
    sign,
)

__all__ = ["make_transcript"]


def make_transcript(backend: Backend, plan: Plan, tables: Mapping[str, Mapping[str, Sequence[int]]]) -> bytes:
    """Return a transcript of a plan on the members' tables, of a session and of keys of its own."""
    random, generators = Random.system(), Generators(backend, plan.columns)
    keys = [Ed25519PrivateKey.generate() for _ in plan.members]
    terms = _terms(plan, keys)
    session = terms.session_id
    writer = TranscriptWriter(Agreement(terms, tuple(sign(key, "agreement", session) for key in keys)))
    writer.append(PlanItem(loads(plan.to_bytes(), max_size=MAX_BYTES)))
    gammas = [random.vector(backend, plan.shape.input_rows_of(k)) for k in range(len(keys))]
    rows_of = []
    for k, key in enumerate(keys):
        relation = plan.range_relation(k)
        values = [list(tables[plan.members[k].name][node.name]) for node in plan.inputs_of(k)]
        private = range_witness(backend, relation, values, gammas[k])
        rows = private.input_commitments(generators, relation.shape)
        context = range_context(session, k)
        proof = prove(relation, private, generators=generators, input_commitments=rows, context=context)
        body: dict[str, Value] = dict(proof.to_body())
        digest = commitment_digest(session, k, rows.to_bytes(), body)
        writer.append(Commitment(rows.to_bytes(), body, sign(key, "commitment", digest)))
        rows_of.append(rows)
    private = over(witness(plan, tables), backend, Vector.concat(gammas))
    proof = prove(
        PlanRelation(plan),
        private,
        generators=generators,
        input_commitments=Points.concat(rows_of),
        context=writer.computation_context,
    )
    points = private.published_points(generators)
    writer.append(Outputs(private.outputs.to_bytes(), points.to_bytes()))
    writer.append(ProofItem(dict(proof.to_body())))
    writer.append(Signatures(tuple(sign(key, "transcript", writer.root) for key in keys)))
    return writer.to_bytes()


def _terms(plan: Plan, keys: Sequence[Ed25519PrivateKey]) -> Terms:
    """Return terms that agree with a plan, under new nonces."""
    members = [
        AgreedMember(
            name=member.name,
            key=key.public_key().public_bytes_raw(),
            certificate=hashlib.sha256(member.name.encode()).digest(),
        )
        for member, key in zip(plan.members, keys, strict=True)
    ]
    tables = [
        Table(
            rows=member.rows,
            columns={i.name: Column(i.low, i.high, i.decimals) for i in plan.inputs_of(k)},
        )
        for k, member in enumerate(plan.members)
    ]
    return Terms(
        program=plan.program,
        plan=plan.digest,
        members=tuple(members),
        tables=tuple(tables),
        policy=Policy(),
        preparation="lowgear",
        nonces=tuple(os.urandom(32) for _ in keys),
    )
