# SPDX-License-Identifier: Apache-2.0
"""The prover who holds a witness whole and proves its gates by a sumcheck.

Normative text: ``spec/own-proof.md`` and ``spec/opening.md``.
"""

from __future__ import annotations

from ..algebra import Generators, Points, Random, Vector
from ..backend import FR_BYTES, BitArray
from ._challenges import OwnChallenges
from ._commitment import commit_rows
from ._gates import arrange_rows
from ._opening import OpeningShare
from ._proof import Proof, Witness, bit_rows, finished, multiples, prove_by_rows
from ._relation import OwnShape, Relation
from ._sumcheck import own_claim, run_rounds

__all__ = ["prove"]


def prove(
    relation: Relation,
    witness: Witness,
    *,
    generators: Generators,
    input_commitments: Points,
    context: bytes,
    random: Random | None = None,
) -> Proof:
    """Prove a relation alone, holding the whole witness, in the manner that its shape says.

    The witness is not checked: a wrong one gives a proof that every verifier refuses.
    """
    by = _prove_by_sumcheck if isinstance(relation.shape, OwnShape) else prove_by_rows
    return by(
        relation,
        witness,
        generators=generators,
        input_commitments=input_commitments,
        context=context,
        random=random or Random.system(),
    )


def _prove_by_sumcheck(
    relation: Relation,
    witness: Witness,
    *,
    generators: Generators,
    input_commitments: Points,
    context: bytes,
    random: Random,
) -> Proof:
    """Prove a relation whose shape is an ``OwnShape``, in time that does not depend on the witness.

    Randomness is drawn in the order of ``spec/own-proof.md``, "Randomness and vectors".
    """
    shape, backend = relation.shape, witness.free.backend
    assert isinstance(shape, OwnShape)
    challenges = OwnChallenges(relation, context=context, input_rows=input_commitments.to_bytes())
    gammas = random.vector(backend, shape.free_rows + shape.gate_rows)
    blinders = random.vector(backend, max(shape.blinders - 2, 0))
    uv, mask = blinders[:4], blinders[4:]
    u, v = uv[:2], uv[2:]
    w = u * v
    x = arrange_rows(
        shape,
        inputs=witness.inputs,
        free=witness.free,
        blinders=Vector.concat([uv, w, mask]),
        gates=witness.gates,
        coset=None,
    )
    rows = _commit(generators, shape, x[shape.input_rows * shape.columns :], witness.bits, gammas).to_bytes()
    tau = challenges.own_rows(rows, shape.variables)
    said, summed = b"", None
    if shape.gates:
        between = Vector.zeros(backend, (1 << shape.variables) - shape.gates - 2)
        left, right, out = (
            Vector.concat([wires, between, dummies])
            for wires, dummies in ((witness.left, u), (witness.right, v), (witness.gates, w))
        )
        said, summed = run_rounds(challenges, tau, left=left, right=right, out=out, mask=mask.to_ints())
    rho = challenges.evaluations(witness.outputs.to_bytes(), b"", said[-3 * FR_BYTES :])
    claim = own_claim(relation, summed, rho, outputs=witness.outputs)
    share = OpeningShare(
        generators,
        shape.columns,
        rows=x,
        gammas=Vector.concat([witness.input_gammas, gammas]),
        form=claim.form,
        random=random,
    )
    return finished(generators, share, challenges, rows=rows, evaluations=said)


def _commit(
    generators: Generators, shape: OwnShape, rows: Vector, bits: BitArray | None, gammas: Vector
) -> Points:
    """Commit to the free and gate rows, in time that does not depend on what is in them."""
    c, free = shape.columns, shape.free_rows
    if bits is None:
        return commit_rows(generators, c, rows, gammas)
    on_gates = generators.g[:c].subset_sums(bit_rows(bits, shape.gate_rows, c))
    on_gates += multiples(generators.h, gammas[free:])
    return Points.concat([commit_rows(generators, c, rows[: free * c], gammas[:free]), on_gates])
