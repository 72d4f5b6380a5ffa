# SPDX-License-Identifier: Apache-2.0
"""From committed inputs to shares of them, and the check that they are the same inputs.

Normative text: ``spec/online.md``, "Inputs".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from ..algebra import Generators, Points, Vector
from ..errors import DecodeError, ProtocolAbort, VerificationError
from ..party import Shared
from ..proofs import BatchVerifier, Proof, Relation, Shape, input_rows
from ._deal import deal
from ._openings import Openings
from ._rows import PartyRows, publish_rows

__all__ = ["Committed", "InputShares", "OwnInputs", "accept_inputs", "share_inputs"]


@dataclass(frozen=True, slots=True, repr=False)
class OwnInputs:
    """What an owner keeps to itself of one part of its table: the slots it shares, and what blinds their rows."""

    slots: Vector
    gammas: Vector

    def __repr__(self) -> str:
        return f"<OwnInputs: {len(self.slots)} slots>"


@dataclass(frozen=True, slots=True)
class Committed:
    """What an owner published of one part: commitments to the rows of what it shares, and the proof of its home.

    ``proof`` is None exactly when there is nothing to prove; ``context`` is what the proof belongs to.
    """

    owner: int
    relation: Relation
    rows: Points
    proof: Proof | None
    context: bytes


@dataclass(frozen=True, slots=True, repr=False)
class InputShares:
    """Shares of every part's slots, this party's summands of the rows' blinding factors, and the commitments.

    ``rows`` are all parties' commitments to their own shares of the input rows; their sum is what the
    owners published.
    """

    slots: tuple[Shared, ...]
    gammas: Vector
    rows: PartyRows

    def __repr__(self) -> str:
        return f"<InputShares of {len(self.slots)} parts>"


def accept_inputs(committed: Sequence[Committed], generators: Generators) -> None:
    """Verify every owner's proofs, all in one batch, before anything is computed on what they share.

    Raises ProtocolAbort, check ``home-proof``, blaming the owner whose proof is absent or does not hold.
    """
    verifier = BatchVerifier(generators)
    none = Vector.zeros(generators.backend, 0)
    for number, item in enumerate(committed):
        shape = item.relation.shape
        if len(item.rows) != shape.input_rows or (item.proof is None) != (shape.rows == 0):
            raise _refused(
                item.owner, "committed to another number of rows than it shares, or proved nothing"
            )
        if item.proof is None:
            continue
        try:
            verifier.add(
                item.relation,
                item.proof,
                input_commitments=item.rows,
                outputs=none,
                context=item.context,
                name=str(number),
            )
        except (DecodeError, VerificationError) as error:
            raise _refused(item.owner, error.message) from error
    try:
        verifier.verify()
    except VerificationError as error:
        owner = committed[int(error.item or 0)].owner
        raise _refused(owner, "shares something that does not follow from rows in their ranges") from error


def _refused(owner: int, fault: str) -> ProtocolAbort:
    return ProtocolAbort.by(owner, f": {fault}", check="home-proof")


async def share_inputs(
    online: Openings,
    shape: Shape,
    generators: Generators,
    *,
    owners: Sequence[int],
    own: Sequence[OwnInputs],
    commitments: Sequence[Points],
) -> InputShares:
    """Share every part's committed slots and blinding factors, and check them against the commitments.

    ``shape`` is the computation's, part k that of party ``owners[k]``, in ascending order, ``own`` what this party has
    of its parts, ``commitments[k]`` what was published of part k.  Raises ProtocolAbort, check
    ``input-consistency``, blaming the owner that shared something else than it committed to, or the party
    that published other commitments to its shares than it then opened.
    """
    with online.burning():
        return await _share_inputs(online, shape, generators, owners, own, commitments)


async def _share_inputs(
    online: Openings,
    shape: Shape,
    generators: Generators,
    owners: Sequence[int],
    own: Sequence[OwnInputs],
    commitments: Sequence[Points],
) -> InputShares:
    slots, gammas = await _distribute(online, shape, owners, own)
    none = Shared.zeros(online.party.backend, 0)
    blinds = Shared.concat([none, *gammas])
    if not shape.input_rows:
        empty = Points.identity(online.party.backend, 0)
        await online.check("inputs/check")
        return InputShares(tuple(slots), blinds.value, PartyRows((empty,) * online.party.size, empty))
    laid = [Shared.linear(lambda x, k=k: input_rows(shape, k, x), part) for k, part in enumerate(slots)]
    rows = await publish_rows(
        online,
        generators,
        shape.columns,
        rows=Shared.concat(laid),
        gammas=blinds,
        label="inputs",
        check="input-consistency",
    )
    await online.check("inputs/check")
    start = 0
    for part, owner in enumerate(owners):
        stop = start + shape.input_rows_of(part)
        if not reduce(add, [p[start:stop] for p in rows.by_party]).equal(commitments[part]):
            raise online.failed(
                "shared other inputs than those it committed to",
                check="input-consistency",
                blame=owner,
            )
        start = stop
    return InputShares(tuple(slots), blinds.value, rows)


async def _distribute(
    online: Openings, shape: Shape, owners: Sequence[int], own: Sequence[OwnInputs]
) -> tuple[list[Shared], list[Shared]]:
    """Share all parts' slots and blinding factors."""
    party = online.party
    if len(shape.inputs) != len(owners):
        raise ValueError(f"{len(shape.inputs)} parts, not {len(owners)}")
    counts = [(n, shape.input_rows_of(k)) for k, n in enumerate(shape.inputs)]
    due = [count for owner, count in zip(owners, counts, strict=True) if owner == party.index]
    given = [(len(part.slots), len(part.gammas)) for part in own]
    if given != due:
        raise ValueError(f"parts with {given} slots and rows, not {due}")
    shared = await deal(
        online,
        [(owner, n + rows) for owner, (n, rows) in zip(owners, counts, strict=True)],
        [Vector.concat([part.slots, part.gammas]) for part in own],
        label="inputs/masked",
        zeros="inputs/zeros",
    )
    return (
        [x[:n] for x, (n, _) in zip(shared, counts, strict=True)],
        [x[n:] for x, (n, _) in zip(shared, counts, strict=True)],
    )
