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
from ..proofs import BatchVerifier, Proof, RangeRelation, Shape
from ._deal import deal
from ._openings import Openings
from ._rows import PartyRows, publish_rows

__all__ = ["Committed", "InputShares", "OwnInputs", "accept_inputs", "share_inputs"]


@dataclass(frozen=True, slots=True, repr=False)
class OwnInputs:
    """What an owner keeps to itself: its input slots, and a blinding factor for each of their rows."""

    slots: Vector
    gammas: Vector

    def __repr__(self) -> str:
        return f"<OwnInputs: {len(self.slots)} slots>"


@dataclass(frozen=True, slots=True)
class Committed:
    """What an owner published: the commitments of its input rows, and the proof of their ranges.

    ``proof`` is None exactly when the owner has no input slots; ``context`` is what the proof belongs to.
    """

    relation: RangeRelation
    rows: Points
    proof: Proof | None
    context: bytes


@dataclass(frozen=True, slots=True, repr=False)
class InputShares:
    """Shares of every owner's slots, this party's summands of the rows' blinding factors, and the commitments.

    ``rows`` are all parties' commitments to their own shares of the input rows; their sum is what the
    owners published.
    """

    slots: tuple[Shared, ...]
    gammas: Vector
    rows: PartyRows

    def __repr__(self) -> str:
        return f"<InputShares of {len(self.slots)} owners>"


def accept_inputs(committed: Sequence[Committed], generators: Generators) -> None:
    """Verify every owner's range proof, all in one batch, before anything is computed on any input.

    Raises ProtocolAbort, check ``range-proof``, blaming the owner whose proof is absent or does not hold.
    """
    verifier = BatchVerifier(generators)
    backend = generators.backend
    for owner, item in enumerate(committed):
        slots = item.relation.shape.inputs[0]
        if len(item.rows) != item.relation.shape.input_rows or (item.proof is None) != (slots == 0):
            raise _refused(
                owner, "committed to another number of rows than its inputs have, or proved nothing"
            )
        if item.proof is None:
            continue
        try:
            verifier.add(
                item.relation,
                item.proof,
                input_commitments=item.rows,
                outputs=Vector.zeros(backend, 0),
                context=item.context,
                name=str(owner),
            )
        except (DecodeError, VerificationError) as error:
            raise _refused(owner, error.message) from error
    try:
        verifier.verify()
    except VerificationError as error:
        raise _refused(int(error.item or 0), "committed to a value outside its declared range") from error


def _refused(owner: int, fault: str) -> ProtocolAbort:
    return ProtocolAbort.by(owner, f": {fault}", check="range-proof")


async def share_inputs(
    online: Openings,
    shape: Shape,
    generators: Generators,
    *,
    own: OwnInputs,
    commitments: Sequence[Points],
) -> InputShares:
    """Share every owner's committed slots and blinding factors, and check them against the commitments.

    ``shape`` is the computation's, ``commitments[k]`` what owner k published.  Raises ProtocolAbort, check
    ``input-consistency``, blaming the owner that shared something else than it committed to, or the party
    that published other commitments to its shares than it then opened.
    """
    with online.burning():
        return await _share_inputs(online, shape, generators, own, commitments)


async def _share_inputs(
    online: Openings, shape: Shape, generators: Generators, own: OwnInputs, commitments: Sequence[Points]
) -> InputShares:
    slots, gammas = await _distribute(online, shape, own)
    blinds = Shared.concat(gammas)
    if not shape.input_rows:
        empty = Points.identity(online.party.backend, 0)
        await online.check("inputs/check")
        return InputShares(tuple(slots), blinds.value, PartyRows((empty,) * online.party.size, empty))
    padded = [x.pad(shape.input_rows_of(k) * shape.columns) for k, x in enumerate(slots)]
    rows = await publish_rows(
        online,
        generators,
        shape.columns,
        rows=Shared.concat(padded),
        gammas=blinds,
        label="inputs",
        check="input-consistency",
    )
    await online.check("inputs/check")
    start = 0
    for owner in range(len(shape.inputs)):
        stop = start + shape.input_rows_of(owner)
        if not reduce(add, [p[start:stop] for p in rows.by_party]).equal(commitments[owner]):
            raise online.failed(
                "shared other inputs than those it committed to",
                check="input-consistency",
                blame=owner,
            )
        start = stop
    return InputShares(tuple(slots), blinds.value, rows)


async def _distribute(online: Openings, shape: Shape, own: OwnInputs) -> tuple[list[Shared], list[Shared]]:
    """Share all owners' slots and blinding factors."""
    party = online.party
    if len(shape.inputs) != party.size:
        raise ValueError(f"{len(shape.inputs)} owners among {party.size} parties")
    counts = [(n, shape.input_rows_of(k)) for k, n in enumerate(shape.inputs)]
    if (len(own.slots), len(own.gammas)) != counts[party.index]:
        raise ValueError(f"{len(own.slots)} slots and {len(own.gammas)} rows, not {counts[party.index]}")
    shared = await deal(
        online,
        [(k, n + rows) for k, (n, rows) in enumerate(counts)],
        [Vector.concat([own.slots, own.gammas])],
        label="inputs/masked",
        zeros="inputs/zeros",
    )
    return (
        [x[:n] for x, (n, _) in zip(shared, counts, strict=True)],
        [x[n:] for x, (n, _) in zip(shared, counts, strict=True)],
    )
