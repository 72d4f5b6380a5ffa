# SPDX-License-Identifier: Apache-2.0
"""What is proved: the shape of a witness, and the one map of it that the proof system needs.

The normative text is ``spec/relation.md``, and ``spec/own-proof.md`` for what one party proves alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..algebra import Vector
from ..backend import Backend

__all__ = ["MAX_COLUMNS", "MIN_COLUMNS", "OwnShape", "Relation", "Shape", "Transposed", "choose_columns"]

MIN_COLUMNS = 16
MAX_COLUMNS = 16_384


def choose_columns(witness_slots: int) -> int:
    """Return the smallest power of two c with c*c >= 64*witness_slots, clamped to [16, 16384]."""
    c = MIN_COLUMNS
    while c < MAX_COLUMNS and c * c < 64 * witness_slots:
        c *= 2
    return c


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions of a witness: see the table in ``spec/relation.md``.

    ``inputs[k]`` counts owner k's input slots; ``free`` excludes the blinders; ``zeros``, ``outputs`` and
    ``points`` count elements, not nodes.
    """

    columns: int
    inputs: tuple[int, ...]
    free: int
    gates: int
    zeros: int
    outputs: int
    points: int = 0

    def __post_init__(self) -> None:
        c = self.columns
        if not MIN_COLUMNS <= c <= MAX_COLUMNS or c & (c - 1):
            raise ValueError(f"columns must be a power of two in [{MIN_COLUMNS}, {MAX_COLUMNS}], not {c}")
        counts = (self.free, self.gates, self.zeros, self.outputs, self.points, *self.inputs)
        if min(counts) < 0:
            raise ValueError("a shape's counts are not negative")

    @property
    def gates_per_row(self) -> int:
        """M = c/2."""
        return self.columns // 2

    @property
    def gate_rows(self) -> int:
        """R_g."""
        return -(-self.gates // self.gates_per_row)

    @property
    def blinders(self) -> int:
        """Entries after the free slots: u, v and w of each gate row."""
        return 3 * self.gate_rows

    @property
    def free_rows(self) -> int:
        """R_f: the free slots and the blinders."""
        return -(-(self.free + self.blinders) // self.columns)

    def input_rows_of(self, owner: int) -> int:
        """Rows of one owner's inputs."""
        return -(-self.inputs[owner] // self.columns)

    @property
    def input_rows(self) -> int:
        """R_in."""
        return sum(self.input_rows_of(k) for k in range(len(self.inputs)))

    @property
    def rows(self) -> int:
        """R."""
        return self.input_rows + self.free_rows + self.gate_rows

    @property
    def evaluations(self) -> int:
        """Scalars that the prover says of the gates: F and G of each row."""
        return 2 * self.gate_rows

    @property
    def claims(self) -> int:
        """How many linear claims are combined with powers of rho."""
        return self.outputs + self.zeros + 3 * self.gate_rows + self.points


@dataclass(frozen=True, slots=True)
class OwnShape(Shape):
    """The dimensions of a witness that its prover holds whole: see the table in ``spec/own-proof.md``.

    Its gates are proved by a sumcheck, its gate rows hold outputs alone, and it publishes no points.
    """

    def __post_init__(self) -> None:
        Shape.__post_init__(self)
        if self.points:
            raise ValueError("what is proved alone has no points")

    @property
    def gates_per_row(self) -> int:
        """C: a gate row holds outputs alone."""
        return self.columns

    @property
    def variables(self) -> int:
        """M, the least with 2**M >= G + 2: all gates and two dummies; 0 without gates."""
        return (self.gates + 1).bit_length() if self.gates else 0

    @property
    def blinders(self) -> int:
        """Entries after the free slots: u, v and w of two dummies, and the mask's coefficients."""
        return 7 + 3 * self.variables if self.gates else 0

    @property
    def evaluations(self) -> int:
        """Scalars that the prover says of the gates: the mask's sum, three a round, and three in the end."""
        return 4 + 3 * self.variables if self.gates else 0

    @property
    def claims(self) -> int:
        """How many linear claims are combined with powers of rho."""
        return self.outputs + self.zeros + (5 if self.gates else 0)


@dataclass(frozen=True, slots=True)
class Transposed:
    """One affine form of the slots: coefficients by kind of slot, and the constant term."""

    inputs: tuple[Vector, ...]
    free: Vector
    gates: Vector
    constant: int


class Relation(Protocol):
    """A constraint system, seen only through its shape, its digest and its transposed map."""

    @property
    def shape(self) -> Shape:
        """The witness's dimensions."""

    @property
    def digest(self) -> bytes:
        """32 bytes that identify the relation."""

    def given(self, points: bytes) -> Relation:
        """Return the relation once its points are published: its outputs may depend on which are equal.

        ``points`` are the encodings of all points.  Shape and digest stay as they are; ``transpose`` is asked only of
        what this returns.
        """

    def transpose(
        self,
        backend: Backend,
        *,
        left: Vector,
        right: Vector,
        zeros: Vector,
        outputs: Vector,
        points: Vector,
    ) -> Transposed:
        """Return the form sum left_j*alpha_j + right_j*beta_j + zeros_k*zero_k + outputs_k*output_k + ...

        ``left`` and ``right`` have ``shape.gates`` weights, ``zeros``, ``outputs`` and ``points`` as many as the shape
        says.
        """
