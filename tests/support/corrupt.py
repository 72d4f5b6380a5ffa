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
from tallystick.proofs import prove, to_words
from tallystick.record import (
    FIRST_PREVIOUS,
    AgreedMember,
    Policy,
    Table,
    Terms,
    home_context,
    read_transcript,
    sign,
)
from tallystick.session import commit_part

__all__ = ["KEYS", "Items", "fitted", "items_of", "plan_of", "signed", "transcript_of"]

KEYS = tuple(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"key %d" % k).digest()) for k in range(65))
"""A key for each member, by position; one more than there can be."""

Items = dict[str, Any]
"""The bodies of a transcript: terms, plan, commitments (the parts of each), outputs and proof, as CBOR values."""


def plan_of(
    members: Sequence[tuple[str, int]],
    nodes: Sequence[list[Value]],
    expressions: Sequence[list[Value]],
    results: Sequence[list[Value]],
    *,
    program: str = "forged",
) -> Plan:
    """Return the plan of these nodes, with the one number of columns that fits it.

    The nodes are those of a plan without homes, and keep their places: an ``["input", member, name, n, low, high,
    decimals]`` among them is at home with that member, in one part with its other inputs, and shared as it stands, and
    so are ``shuffled`` ones and ``input_bits``.
    """
    owners = {v: node[1] for v, node in enumerate(nodes) if node[0] in ("input", "shuffled")}
    owners |= {v: owners[node[1]] for v, node in enumerate(nodes) if node[0] == "input_bits"}
    alone = sorted(set(owners.values()))
    listed: list[list[Value]] = []
    joint = list(nodes)
    for part, k in enumerate(alone):
        own: list[list[Value]] = []
        at: dict[Value, int] = {}
        for v in (v for v, owner in owners.items() if owner == k):
            op, first, *rest = nodes[v]
            own.append([op, at[first]] if op == "input_bits" else [op, *rest])
            at[v] = len(own) - 1
            joint[v] = ["share", part, at[v]]
        listed.append([members[k][1], own, list(range(len(own)))])
    homes = [home for h, home in enumerate(listed) if home not in listed[:h]]
    body: dict[str, Value] = {
        "version": VERSIONS[2],
        "program": program,
        "members": [list(m) for m in members],
        "homes": list(homes),
        "parts": [[k, homes.index(home)] for k, home in zip(alone, listed, strict=True)],
        "nodes": joint,
        "expressions": list(expressions),
        "results": list(results),
    }
    return fitted(body)


def fitted(body: Mapping[str, Value]) -> Plan:
    """Return the plan of this structure, with the one number of columns that fits it."""
    columns = 16
    while True:
        try:
            return Plan.from_bytes(dumps({**body, "columns": columns}))
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
    inputs may hold several things.  What is computed with is what the tables hold.
    """
    terms = terms_of(plan, **changes)
    random, generators = Random(bytes(32)), Generators(backend, plan.most_columns)
    gammas, rows_of = [Vector.zeros(backend, 0)], [Points.identity(backend, 0)]
    commitments: list[list[Value]] = []
    for k, member in enumerate(plan.members):
        values = [list(tables[member.name][node.name]) for node in plan.inputs_of(k)]
        for at, other in (split or {}).get(member.name, {}).items():
            values[at] = list(other)
        columns = [to_words(column) for column in values]
        parts = plan.parts_of(k)
        commitments.append([])
        for j, (number, home, start) in enumerate(parts):
            own, part = commit_part(
                home,
                [column[:, start : start + home.rows] for column in columns],
                context=home_context(terms.session_id, k, j, len(parts)),
                generators=generators,
                random=random.fork(f"home {number}"),
            )
            gammas.append(own.gammas)
            rows_of.append(Points.from_bytes(backend, part.rows))
            commitments[-1].append([part.rows, part.proof])
    items: Items = {
        "terms": terms.to_body(),
        "plan": loads(plan.to_bytes(), max_size=1 << 26),
        "commitments": commitments,
        "outputs": {"values": b""},
        "proof": {},
    }
    private = over(witness(plan, tables), backend, Vector.concat(gammas))
    proof = prove(
        PlanRelation(plan),
        private,
        generators=generators,
        input_commitments=Points.concat(rows_of),
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
        "commitments": [c.to_body()["parts"] for c in parts.commitments],
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
    for k, parts in enumerate(items["commitments"]):
        signature = sign(KEYS[k], "commitment", hashlib.sha256(dumps([session, k, parts])).digest())
        bodies.append(("commitment", {"parts": parts, "signature": signature}))
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
