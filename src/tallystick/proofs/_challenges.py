# SPDX-License-Identifier: Apache-2.0
"""The order in which one proof absorbs its messages and draws its challenges.

Normative text: the tables in ``spec/gates.md`` and ``spec/own-proof.md``, and ``spec/opening.md``.  Prover, joint
prover and verifier share these classes, so they cannot disagree on the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..backend import FR_MODULUS, Buffer
from ..errors import VerificationError
from ..transcript import Transcript
from ._relation import Relation

__all__ = ["Challenges", "Drawn", "OwnChallenges"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The challenges of an opening up to its response: one e per folding of rows, and that of the mask."""

    cross: tuple[int, ...]
    mask: int


class Challenges:
    """The transcript of one proof; every method is one absorbed message and the challenge that follows it."""

    __slots__ = ("_columns", "_cross", "_mask", "_transcript")
    protocol: ClassVar = "tallystick/v1/proof"

    def __init__(self, relation: Relation, *, context: bytes, input_rows: Buffer) -> None:
        shape = relation.shape
        self._columns = shape.columns
        self._cross: list[int] = []
        self._mask = 0
        self._transcript = t = Transcript(self.protocol)
        t.absorb("context", context)
        t.absorb("relation", relation.digest)
        counts = [shape.columns, len(shape.inputs), *shape.inputs]
        counts += [shape.free, shape.gates, shape.zeros, shape.outputs]
        counts += [shape.points] if shape.points else []
        t.absorb("shape", b"".join(n.to_bytes(8, "big") for n in counts))
        t.absorb("input-rows", input_rows)

    @property
    def state(self) -> bytes:
        """The transcript's state, for batch weights."""
        return self._transcript.state

    @property
    def drawn(self) -> Drawn:
        """The challenges that fold the rows, and that of the mask, once they are drawn."""
        return Drawn(tuple(self._cross), self._mask)

    def rows(self, data: Buffer) -> int:
        """Absorb the free and gate row commitments; return xi, which must not be a root of unity."""
        self._transcript.absorb("witness-rows", data)
        xi = self._transcript.challenge("xi")
        if pow(xi, self._columns, FR_MODULUS) == 1:
            raise VerificationError("the challenge xi is a root of unity", check="challenge")
        return xi

    def evaluations(self, outputs: Buffer, points: Buffer, evaluations: Buffer) -> int:
        """Absorb outputs with points, and F, G of every gate row; return rho."""
        self._transcript.absorb("outputs", bytes(outputs) + bytes(points))
        self._transcript.absorb("evaluations", evaluations)
        return self._transcript.challenge("rho")

    def cross(self, data: Buffer) -> int:
        """Absorb A, B of one row folding; return e."""
        self._transcript.absorb("fold-rows", data)
        self._cross.append(self._transcript.challenge("e"))
        return self._cross[-1]

    def mask(self, data: Buffer) -> int:
        """Absorb A*, T and, where there are points, U; return e."""
        self._transcript.absorb("mask", data)
        self._mask = self._transcript.challenge("mask")
        return self._mask

    def response(self, data: Buffer) -> int:
        """Absorb v, zeta, omega and, where there are points, eta; return x."""
        self._transcript.absorb("response", data)
        return self._transcript.challenge("x")

    def halving(self, data: Buffer) -> int:
        """Absorb A, B of one column halving; return e."""
        self._transcript.absorb("fold-columns", data)
        return self._transcript.challenge("e")

    def final(self, data: Buffer) -> None:
        """Absorb the last 16 scalars."""
        self._transcript.absorb("final", data)


class OwnChallenges(Challenges):
    """The transcript of a proof by a prover who holds the whole witness: a sumcheck comes before the opening."""

    __slots__ = ()
    protocol: ClassVar = "tallystick/v2/own-proof"

    def own_rows(self, data: Buffer, variables: int) -> list[int]:
        """Absorb the free and gate row commitments; return tau, one a variable."""
        self._transcript.absorb("witness-rows", data)
        return [self._transcript.challenge("tau") for _ in range(variables)]

    def mask_sum(self, data: Buffer) -> int:
        """Absorb the mask's sum; return lambda."""
        self._transcript.absorb("mask-sum", data)
        return self._transcript.challenge("lambda")

    def round(self, data: Buffer) -> int:
        """Absorb three coefficients of a round's polynomial; return zeta."""
        self._transcript.absorb("round", data)
        return self._transcript.challenge("zeta")
