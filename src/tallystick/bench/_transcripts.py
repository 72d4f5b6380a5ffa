# SPDX-License-Identifier: Apache-2.0
"""Transcripts without a network: one process holds every member's key and data, and proves alone.

Plans, commitments, proofs and signatures are those of a run; only, nobody's data is hidden from the prover.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..algebra import Generators, Points, Random, Vector
from ..backend import Backend
from ..encoding import loads
from ..plan import MAX_BYTES, Column, Plan, PlanRelation, over, witness
from ..proofs import prove, to_words
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
    home_context,
    sign,
)
from ..session import commit_part

__all__ = ["make_transcript"]


def make_transcript(backend: Backend, plan: Plan, tables: Mapping[str, Mapping[str, Sequence[int]]]) -> bytes:
    """Return a transcript of a plan on the members' tables, of a session and of keys of its own."""
    random, generators = Random.system(), Generators(backend, plan.most_columns)
    keys = [Ed25519PrivateKey.generate() for _ in plan.members]
    terms = _terms(plan, keys)
    session = terms.session_id
    writer = TranscriptWriter(Agreement(terms, tuple(sign(key, "agreement", session) for key in keys)))
    writer.append(PlanItem(loads(plan.to_bytes(), max_size=MAX_BYTES)))
    gammas, rows = [], []
    for k, key in enumerate(keys):
        columns = [to_words(list(tables[plan.members[k].name][node.name])) for node in plan.inputs_of(k)]
        parts = plan.parts_of(k)
        committed = []
        for j, (_, home, start) in enumerate(parts):
            own, part = commit_part(
                home,
                [column[:, start : start + home.rows] for column in columns],
                context=home_context(session, k, j, len(parts)),
                generators=generators,
                random=random,
            )
            gammas.append(own.gammas)
            rows.append(Points.from_bytes(backend, part.rows))
            committed.append(part)
        writer.append(Commitment.signed(committed, session, k, partial(sign, key, "commitment")))
    none = Vector.zeros(backend, 0)
    private = over(witness(plan, tables), backend, Vector.concat([none, *gammas]))
    proof = prove(
        PlanRelation(plan),
        private,
        generators=generators,
        input_commitments=Points.concat([Points.identity(backend, 0), *rows]),
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
