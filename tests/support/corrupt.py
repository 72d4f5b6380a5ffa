# SPDX-License-Identifier: Apache-2.0
"""Transcripts of consortia in which everybody is corrupt: any plan, any structure, chained and signed by all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import Backend
from tallystick.encoding import Value, dumps, loads
from tallystick.plan import VERSIONS, Column, Plan, PlanRelation, over, witness
from tallystick.proofs import prove, range_witness
from tallystick.record import (
    FIRST_PREVIOUS,
    AgreedMember,
    Policy,
    Table,
    Terms,
    range_context,
    read_transcript,
    sign,
)

__all__ = ["KEYS", "Items", "items_of", "plan_of", "signed", "transcript_of"]

KEYS = tuple(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"key %d" % k).digest()) for k in range(65))
"""A key for each member, by position; one more than there can be."""

Items = dict[str, Any]
"""The bodies of a transcript: terms, plan, commitments (rows and range), outputs and proof, as CBOR values."""


def plan_of(
    members: Sequence[tuple[str, int]],
    nodes: Sequence[list[Value]],
    expressions: Sequence[list[Value]],
    results: Sequence[list[Value]],
    *,
    program: str = "forged",
) -> Plan:
    """Return the plan of these nodes, with the one number of columns that fits it."""
    columns = 16
    while True:
        body = {
            "version": VERSIONS[2],
            "program": program,
            "members": [list(m) for m in members],
            "nodes": list(nodes),
            "expressions": list(expressions),
            "results": list(results),
            "columns": columns,
        }
        try:
            return Plan.from_bytes(dumps(body))
        except ValueError as error:
            if "columns" not in str(error) or columns == 16_384:
                raise
        except Exception as error:
            if "columns" not in str(error) or columns == 16_384:
                raise
        columns *= 2


def terms_of(plan: Plan, **changes: Any) -> Terms:
    """Return terms that agree with a plan."""
    fields: dict[str, Any] = {
        "program": plan.program,
        "plan": plan.digest,
        "members": tuple(
            AgreedMember(
                name=member.name,
                key=key.public_key().public_bytes_raw(),
                certificate=hashlib.sha256(member.name.encode()).digest(),
            )
            for member, key in zip(plan.members, KEYS, strict=False)
        ),
        "tables": tuple(
            Table(
                rows=member.rows,
                columns={i.name: Column(i.low, i.high, i.decimals) for i in plan.inputs_of(k)},
            )
            for k, member in enumerate(plan.members)
        ),
        "policy": Policy(min_members=2, min_rows=0),
        "preparation": "lowgear",
        "nonces": tuple(hashlib.sha256(b"nonce %d" % k).digest() for k in range(len(plan.members))),
    }
    return Terms(**(fields | changes))


def transcript_of(
    backend: Backend,
    plan: Plan,
    tables: Mapping[str, Mapping[str, Sequence[int]]],
    *,
    split: Mapping[str, Mapping[int, Sequence[int]]] | None = None,
    **changes: Any,
) -> bytes:
    """Return the transcript of an honest computation that one process made alone, with all members' keys.

    ``split`` gives other values to inputs of a member by their position among its inputs: a column that is several
    inputs may hold several things.
    """
    terms = terms_of(plan, **changes)
    random = Random(bytes(32))
    generators, shape = Generators(backend, plan.columns), plan.shape
    gammas = [random.vector(backend, shape.input_rows_of(k)) for k in range(len(plan.members))]
    commitments: list[dict[str, Value]] = []
    rows_of: list[Points] = []
    for k, member in enumerate(plan.members):
        values = [list(tables[member.name][node.name]) for node in plan.inputs_of(k)]
        for at, other in (split or {}).get(member.name, {}).items():
            values[at] = list(other)
        if not shape.inputs[k]:
            commitments.append({"rows": b"", "range": None})
            rows_of.append(Points.identity(backend, 0))
            continue
        relation = plan.range_relation(k)
        private = range_witness(backend, relation, values, gammas[k])
        rows = private.input_commitments(generators, relation.shape)
        proof = prove(
            relation,
            private,
            generators=generators,
            input_commitments=rows,
            context=range_context(terms.session_id, k),
            random=random.fork(f"range {k}"),
        )
        commitments.append({"rows": rows.to_bytes(), "range": dict(proof.to_body())})
        rows_of.append(rows)
    items: Items = {
        "terms": terms.to_body(),
        "plan": loads(plan.to_bytes(), max_size=1 << 26),
        "commitments": commitments,
        "outputs": {"values": b""},
        "proof": {},
    }
    private = over(witness(plan, tables), backend, Vector.concat([Vector.zeros(backend, 0), *gammas]))
    proof = prove(
        PlanRelation(plan),
        private,
        generators=generators,
        input_commitments=Points.concat([Points.identity(backend, 0), *rows_of]),
        context=terms.session_id + _heads(items, terms.session_id)[-1],
        random=random.fork("computation"),
    )
    items["outputs"] = {"values": private.outputs.to_bytes()}
    points = private.published_points(generators).to_bytes()
    if points:
        items["outputs"]["points"] = points
    items["proof"] = dict(proof.to_body())
    return signed(items)


def items_of(data: bytes) -> Items:
    """Take a transcript apart."""
    parts = read_transcript(data)
    return {
        "terms": parts.terms.to_body(),
        "plan": parts.plan.structure,
        "commitments": [{"rows": c.rows, "range": c.range_proof} for c in parts.commitments],
        "outputs": parts.outputs.to_body(),
        "proof": dict(parts.proof.body),
    }


def _encoded(items: Items, session: bytes) -> list[bytes]:
    """Return the items from the agreement to the last commitment."""
    members = len(items["commitments"])
    signatures = [sign(key, "agreement", session) for key in KEYS[:members]]
    bodies: list[tuple[str, Value]] = [
        ("agreement", {"terms": items["terms"], "signatures": signatures}),
        ("plan", items["plan"]),
    ]
    for k, commitment in enumerate(items["commitments"]):
        stated = dumps([session, k, commitment["rows"], commitment["range"]])
        signature = sign(KEYS[k], "commitment", hashlib.sha256(stated).digest())
        bodies.append(("commitment", {**commitment, "signature": signature}))
    return _chained(bodies, FIRST_PREVIOUS)


def _chained(bodies: Sequence[tuple[str, Value]], head: bytes) -> list[bytes]:
    found = []
    for kind, body in bodies:
        found.append(dumps([kind, head, body]))
        head = hashlib.sha256(found[-1]).digest()
    return found


def _heads(items: Items, session: bytes) -> list[bytes]:
    return [hashlib.sha256(item).digest() for item in _encoded(items, session)]


def signed(items: Items) -> bytes:
    """Chain and sign whatever the bodies are, as members can who are all corrupt."""
    session = hashlib.sha256(dumps(items["terms"])).digest()
    found = _encoded(items, session)
    found += _chained(
        [("outputs", items["outputs"]), ("proof", items["proof"])], hashlib.sha256(found[-1]).digest()
    )
    root = hashlib.sha256(found[-1]).digest()
    signatures = [sign(key, "transcript", root) for key in KEYS[: len(items["commitments"])]]
    return b"".join([*found, dumps(["signatures", root, {"signatures": signatures}])])
