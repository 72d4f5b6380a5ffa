# SPDX-License-Identifier: Apache-2.0
"""Commitment: every member commits to what it shares, proves its home, signs both, and checks everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from .. import encoding
from ..algebra import Generators, Points, Random
from ..backend import G1_BYTES, over
from ..errors import DecodeError, ProtocolAbort, VerificationError
from ..online import Committed, OwnInputs, accept_inputs
from ..party import Mesh
from ..plan import Home, HomeRelation, Input, Plan, evaluate_home
from ..proofs import Proof, Words, prove
from ..record import Agreement, Commitment, CommittedPart, check_signature, home_context, sign
from ._data import DataTable
from ._hello import malformed
from ._identity import Identity

__all__ = ["collect_commitments", "commit_part", "make_commitment"]

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
) -> tuple[list[OwnInputs], Commitment]:
    """Compute what is at home with this member, commit to what it shares and prove it; return what stays here, and what
    is published.
    """
    session_id = agreement.terms.session_id
    columns = _in_order(plan.inputs_of(member), data, random)
    parts = plan.parts_of(member)
    randoms = [random.fork(f"part {k}") for k in range(len(parts))]

    def some(first: int, count: int) -> list[tuple[OwnInputs, CommittedPart]]:
        return [
            commit_part(
                home,
                [column[:, start : start + home.rows] for column in columns],
                context=home_context(session_id, member, first + k, len(parts)),
                generators=generators,
                random=randoms[first + k],
            )
            for k, (_, home, start) in enumerate(parts[first : first + count])
        ]

    made = [one for several in over(len(parts), 1, some) for one in several]
    own, committed = [kept for kept, _ in made], [part for _, part in made]
    return own, Commitment.signed(committed, session_id, member, partial(sign, identity.key, "commitment"))


def commit_part(
    home: Home, columns: Sequence[Words], *, context: bytes, generators: Generators, random: Random
) -> tuple[OwnInputs, CommittedPart]:
    """Commit to what one part of a table shares, and prove its home; ``columns`` are those of ``home.inputs``."""
    backend, relation = generators.backend, HomeRelation(home)
    shape = relation.shape
    values = evaluate_home(backend, home, columns)
    gammas = random.vector(backend, shape.input_rows)
    private = values.witness(gammas)
    rows = private.input_commitments(generators, shape)
    body: dict[str, encoding.Value] | None = None
    if shape.rows:
        proof = prove(
            relation, private, generators=generators, input_commitments=rows, context=context, random=random
        )
        body = dict(proof.to_body())
    return OwnInputs(values.shared, gammas), CommittedPart(rows.to_bytes(), body)


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
    """Exchange commitments, and verify every signature and, in one batch, every home's proof.

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
            committed += _decode(plan, agreement, j, commitments[-1], generators)
        except DecodeError as error:
            raise malformed(j, error) from error
    _check_signatures(agreement, commitments)
    accept_inputs(committed, generators)
    return commitments, [item.rows for item in committed]


def _longest(plan: Plan, member: int) -> int:
    """Return how many bytes a member's commitment message has at most."""
    shapes = [home.layout.shape for _, home, _ in plan.parts_of(member)]
    return sum(shape.input_rows * G1_BYTES + Proof.size(shape) + _FRAMING for shape in shapes) + _FRAMING


def _decode(
    plan: Plan, agreement: Agreement, member: int, commitment: Commitment, generators: Generators
) -> list[Committed]:
    parts, session_id = plan.parts_of(member), agreement.terms.session_id
    if len(commitment.parts) != len(parts):
        raise DecodeError(f"{len(commitment.parts)} parts, the plan has {len(parts)}")
    decoded = []
    for k, ((_, home, _), part) in enumerate(zip(parts, commitment.parts, strict=True)):
        relation = HomeRelation(home)
        decoded.append(
            Committed(
                member,
                relation,
                Points.from_bytes(generators.backend, part.rows),
                None if part.proof is None else Proof.from_body(part.proof, relation.shape),
                home_context(session_id, member, k, len(parts)),
            )
        )
    return decoded


def _check_signatures(agreement: Agreement, commitments: Sequence[Commitment]) -> None:
    terms = agreement.terms
    for j, (member, commitment) in enumerate(zip(terms.members, commitments, strict=True)):
        digest = commitment.digest(terms.session_id, j)
        try:
            check_signature(member.key, "commitment", digest, commitment.signature, signer=member.name)
        except VerificationError as error:
            raise ProtocolAbort(error.message, check=error.check, blame=j) from error
