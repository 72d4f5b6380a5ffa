# SPDX-License-Identifier: Apache-2.0
"""Commitment: every member commits to its rows, proves their ranges, signs both, and checks everybody's."""

from __future__ import annotations

from collections.abc import Sequence

from .. import encoding
from ..algebra import Generators, Points, Random, Vector
from ..backend import G1_BYTES
from ..errors import DecodeError, ProtocolAbort, VerificationError
from ..online import Committed, OwnInputs, accept_inputs
from ..party import Mesh
from ..plan import Input, Plan
from ..proofs import Proof, Words, commit_inputs, input_slots, prove, range_witness
from ..record import Agreement, Commitment, check_signature, commitment_digest, range_context, sign
from ._data import DataTable
from ._hello import malformed
from ._identity import Identity

__all__ = ["collect_commitments", "make_commitment"]

_FRAMING = 1 << 10
"""More than the encoding of a commitment takes besides its points and its proof."""


def make_commitment(
    plan: Plan,
    member: int,
    data: DataTable,
    agreement: Agreement,
    identity: Identity,
    generators: Generators,
    random: Random,
) -> tuple[OwnInputs, Commitment]:
    """Commit to the columns that the plan uses; return what stays here and what is published."""
    backend = generators.backend
    relation = plan.range_relation(member)
    values = _in_order(plan.inputs_of(member), data, random)
    slots = Vector.concat(
        [Vector.zeros(backend, 0)]
        + [input_slots(backend, item, column) for item, column in zip(relation.inputs, values, strict=True)]
    )
    gammas = random.vector(backend, relation.shape.input_rows)
    rows = commit_inputs(generators, relation, values, gammas)
    session_id = agreement.terms.session_id
    body: dict[str, encoding.Value] | None = None
    if len(slots):
        proof = prove(
            relation,
            range_witness(backend, relation, values, gammas),
            generators=generators,
            input_commitments=rows,
            context=range_context(session_id, member),
            random=random,
        )
        body = dict(proof.to_body())
    points = rows.to_bytes()
    signature = sign(identity.key, "commitment", commitment_digest(session_id, member, points, body))
    return OwnInputs(slots, gammas), Commitment(points, body, signature)


def _in_order(inputs: Sequence[Input], data: DataTable, random: Random) -> list[Words]:
    """Return each input's column: in the table's order, or in a random one, drawn anew for every number."""
    orders = {node.order: random.permutation(node.n) for node in inputs if node.order is not None}
    return [
        data.words[node.name] if node.order is None else data.words[node.name][:, orders[node.order]]
        for node in inputs
    ]


async def collect_commitments(
    mesh: Mesh, plan: Plan, agreement: Agreement, own: Commitment, generators: Generators
) -> tuple[list[Commitment], list[Points]]:
    """Exchange commitments, and verify every signature and, in one batch, every range proof.

    Raises ProtocolAbort naming the member whose commitment does not hold.
    """
    sizes = [_longest(plan, k) for k in range(mesh.size)]
    received = await mesh.broadcast("commitment", encoding.dumps(own.to_body()), sizes)
    commitments: list[Commitment] = []
    committed: list[Committed] = []
    for j, data in enumerate(received):
        try:
            value = encoding.loads(data, max_size=sizes[j], what="commitment")
            commitments.append(Commitment.from_body(value))
            committed.append(_decode(plan, agreement, j, commitments[-1], generators))
        except DecodeError as error:
            raise malformed(j, error) from error
    _check_signatures(agreement, commitments)
    accept_inputs(committed, generators)
    return commitments, [item.rows for item in committed]


def _longest(plan: Plan, member: int) -> int:
    """Return how many bytes a member's commitment message has at most."""
    shape = plan.range_relation(member).shape
    return shape.input_rows * G1_BYTES + Proof.size(shape) + _FRAMING


def _decode(
    plan: Plan, agreement: Agreement, member: int, commitment: Commitment, generators: Generators
) -> Committed:
    relation = plan.range_relation(member)
    body = commitment.range_proof
    return Committed(
        relation,
        Points.from_bytes(generators.backend, commitment.rows),
        None if body is None else Proof.from_body(body, relation.shape),
        range_context(agreement.terms.session_id, member),
    )


def _check_signatures(agreement: Agreement, commitments: Sequence[Commitment]) -> None:
    terms = agreement.terms
    for j, (member, commitment) in enumerate(zip(terms.members, commitments, strict=True)):
        digest = commitment.digest(terms.session_id, j)
        try:
            check_signature(member.key, "commitment", digest, commitment.signature, signer=member.name)
        except VerificationError as error:
            raise ProtocolAbort(error.message, check=error.check, blame=j) from error
