# SPDX-License-Identifier: Apache-2.0
"""A proof as bytes, and the prover that holds the whole witness alone.

Normative text: ``spec/gates.md`` and ``spec/opening.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from ..algebra import Generators, Points, Random, Vector
from ..backend import FR_BYTES, G1_BYTES, BitArray
from ..errors import DecodeError
from ._challenges import Challenges
from ._commitment import commit_over, commit_rows, commit_rows_var
from ._gates import GatePoint, arrange_rows, coset_values, linear_claim, pad_gates
from ._opening import FINAL_SCALARS, Opening, OpeningShare, open_linear, solo
from ._relation import Relation, Shape

__all__ = ["Proof", "Witness", "bit_rows", "finished", "multiples", "prove_by_rows"]


def _log2_ceil(n: int) -> int:
    return max(n - 1, 0).bit_length()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof(Opening):
    """Every message of a proof, encoded; the lengths follow from the relation's shape (``Proof.lengths``)."""

    rows: bytes
    evaluations: bytes

    @staticmethod
    def lengths(shape: Shape) -> dict[str, int]:
        """The exact length in bytes of every field."""
        return {
            "rows": (shape.free_rows + shape.gate_rows) * G1_BYTES,
            "evaluations": shape.evaluations * FR_BYTES,
            "cross": 2 * _log2_ceil(shape.rows) * G1_BYTES,
            "mask": (3 if shape.points else 2) * G1_BYTES,
            "response": (4 if shape.points else 3) * FR_BYTES,
            "halving": 2 * _log2_ceil(shape.columns // FINAL_SCALARS) * G1_BYTES,
            "final": FINAL_SCALARS * FR_BYTES,
        }

    @staticmethod
    def size(shape: Shape) -> int:
        """The proof's size in bytes, without CBOR framing."""
        return sum(Proof.lengths(shape).values())

    def to_body(self) -> dict[str, bytes]:
        """The map of byte strings that is encoded as CBOR."""
        return asdict(self)

    @classmethod
    def from_body(cls, body: object, shape: Shape) -> Proof:
        """Check a decoded map against the shape; DecodeError names the field that does not fit."""
        expected = cls.lengths(shape)
        if not isinstance(body, Mapping) or set(body) != set(expected):
            raise DecodeError(f"a proof is a map with the keys {', '.join(sorted(expected))}")
        for name, length in expected.items():
            value = body[name]
            if not isinstance(value, bytes) or len(value) != length:
                raise DecodeError(f"proof field {name!r} must be {length} bytes")
        return cls(**{name: body[name] for name in expected})


@dataclass(frozen=True, slots=True)
class Witness:
    """All slots of a relation, and the blinding factors of the input rows.

    ``inputs[k]`` are owner k's slots; ``input_gammas`` has one entry per input row; ``left``, ``right`` and
    ``gates`` have one entry per gate.  ``points`` are the values y that are published as y*Q, if there are any.
    ``bits`` are the gates once more, where all are bits and no slot is free: then the prover's time does not depend on
    them.
    """

    inputs: tuple[Vector, ...]
    input_gammas: Vector
    free: Vector
    left: Vector
    right: Vector
    gates: Vector
    outputs: Vector
    points: Vector | None = None
    bits: BitArray | None = None

    def __repr__(self) -> str:
        return "<Witness>"

    def input_commitments(self, generators: Generators, shape: Shape) -> Points:
        """Commit to the input rows."""
        c = shape.columns
        padded = [v.pad(shape.input_rows_of(k) * c) for k, v in enumerate(self.inputs)]
        rows = Vector.concat([Vector.zeros(self.free.backend, 0), *padded])
        return commit_rows(generators, c, rows, self.input_gammas)

    def published_points(self, generators: Generators) -> Points:
        """Return y*Q for every y of ``points``."""
        if self.points is None or not len(self.points):
            return Points.identity(self.free.backend, 0)
        return multiples(generators.q, self.points)


def multiples(base: Points, scalars: Vector) -> Points:
    """Return one point times every scalar, which may be secret."""
    return base[np.zeros(len(scalars), dtype=np.int64)].scale(scalars)


def prove_by_rows(
    relation: Relation,
    witness: Witness,
    *,
    generators: Generators,
    input_commitments: Points,
    context: bytes,
    random: Random,
) -> Proof:
    """Prove a relation alone, holding the whole witness, as members who hold shares of it prove it together.

    The witness is not checked: a wrong one gives a proof that every verifier refuses.  Randomness is drawn in the
    order of ``spec/opening.md``, "Randomness and vectors".  Variable time, unless the witness has ``bits``.
    """
    shape, backend = relation.shape, witness.free.backend
    challenges = Challenges(relation, context=context, input_rows=input_commitments.to_bytes())
    own_gammas = random.vector(backend, shape.free_rows + shape.gate_rows)
    rows = shape.gate_rows
    uv = random.vector(backend, 2 * rows)
    u, v = uv[::2], uv[1::2]
    w = u * v
    left, right = pad_gates(shape, witness.left), pad_gates(shape, witness.right)
    coset = Vector.zeros(backend, 0)
    if rows:
        coset = coset_values(shape, left, u) * coset_values(shape, right, v)
    blinders = Vector.concat([u, v, w]).transposed(3, rows)
    x = arrange_rows(
        shape, inputs=witness.inputs, free=witness.free, blinders=blinders, gates=witness.gates, coset=coset
    )
    row_bytes = _own_rows(generators, shape, witness.bits, x, coset, own_gammas).to_bytes()
    xi = challenges.rows(row_bytes)
    point, evaluations = None, Vector.zeros(backend, 0)
    if rows:
        point = GatePoint.at(backend, shape, xi)
        both = Vector.concat([point.factors(left, u), point.factors(right, v)])
        evaluations = both.transposed(2, rows)
    published = witness.published_points(generators).to_bytes()
    rho = challenges.evaluations(witness.outputs.to_bytes(), published, evaluations.to_bytes())
    claim = linear_claim(
        relation.given(published), point, rho, outputs=witness.outputs, evaluations=evaluations
    )
    share = OpeningShare(
        generators,
        shape.columns,
        rows=x,
        gammas=Vector.concat([witness.input_gammas, own_gammas]),
        form=claim.form,
        random=random,
        exponent=claim.weights.dot(witness.points) if shape.points and witness.points is not None else None,
    )
    return finished(generators, share, challenges, rows=row_bytes, evaluations=evaluations.to_bytes())


def finished(
    generators: Generators, share: OpeningShare, challenges: Challenges, *, rows: bytes, evaluations: bytes
) -> Proof:
    """Return the proof of a lone prover, of which all but the opening has been said."""
    opening = solo(open_linear(generators, share, challenges))
    return Proof(rows=rows, evaluations=evaluations, **asdict(opening))


def bit_rows(bits: BitArray, rows: int, width: int) -> BitArray:
    """Return bits as so many rows, the last one filled up with zeros."""
    padded = np.zeros((rows, width), dtype=np.uint8)
    padded.reshape(-1)[: len(bits)] = bits
    return padded


def _own_rows(
    generators: Generators, shape: Shape, bits: BitArray | None, x: Vector, coset: Vector, gammas: Vector
) -> Points:
    """Commit to the free and gate rows of the matrix x."""
    c, free, gates = shape.columns, shape.free_rows, shape.gate_rows
    own = x[shape.input_rows * c :]
    if bits is None or not gates:
        return commit_rows_var(generators, c, own, gammas)
    # Without free slots the free rows hold blinders alone, which are uniform.  Coset entries are not: each is, but in
    # a row whose gates are equal they are equal, too.
    blinders = commit_rows_var(generators, c, own[: free * c], gammas[:free])
    on_bits = generators.g[:c:2].subset_sums(bit_rows(bits, gates, c // 2))
    on_coset = commit_over(generators.g[1:c:2], generators, coset, gammas[free:])
    return Points.concat([blinders, on_bits + on_coset])
