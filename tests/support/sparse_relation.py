# SPDX-License-Identifier: Apache-2.0
"""A small explicit relation, so that the proof system is tested without plans."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.proofs import Shape, Transposed, Witness

R = FR_MODULUS
Affine = dict[int | None, int]  # slot index -> coefficient; None is the constant


@dataclass
class SparseRelation:
    """Affine maps given coefficient by coefficient; slots are numbered inputs, free, gates."""

    shape: Shape
    left: list[Affine]
    right: list[Affine]
    zeros: list[Affine]
    outputs: list[Affine]
    points: list[Affine] = field(default_factory=list)
    published: bytes = b""

    @property
    def digest(self) -> bytes:
        listed = [
            [sorted(((-1 if k is None else k), v % R) for k, v in form.items()) for form in forms]
            for forms in (self.left, self.right, self.zeros, self.outputs, self.points)
        ]
        return hashlib.sha256(repr(listed).encode()).digest()

    def given(self, points: bytes) -> SparseRelation:
        return replace(self, published=points)

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
        assert len(self.published) == 48 * self.shape.points
        slots = [0] * (sum(self.shape.inputs) + self.shape.free + self.shape.gates)
        constant = 0
        for forms, weights in (
            (self.left, left),
            (self.right, right),
            (self.zeros, zeros),
            (self.outputs, outputs),
            (self.points, points),
        ):
            for form, weight in zip(forms, weights.to_ints(), strict=True):
                for slot, coefficient in form.items():
                    if slot is None:
                        constant += weight * coefficient
                    else:
                        slots[slot] += weight * coefficient
        parts, at = [], 0
        for n in (*self.shape.inputs, self.shape.free, self.shape.gates):
            parts.append(Vector.from_ints(backend, slots[at : at + n]))
            at += n
        *inputs, free, gates = parts
        return Transposed(tuple(inputs), free, gates, constant % R)

    def evaluate(self, form: Affine, slots: list[int]) -> int:
        return sum(c if s is None else c * slots[s] for s, c in form.items()) % R


def random_relation(
    rng,
    *,
    columns: int,
    inputs: tuple[int, ...],
    free: int,
    gates: int,
    points: int = 0,
    kind: type[Shape] = Shape,
):
    """Return a relation and satisfying slot values: inputs and free slots uniform, gates computed in order."""
    first_gate = sum(inputs) + free
    slots = [rng.randrange(R) for _ in range(first_gate)]

    def form(upto: int) -> Affine:
        picks: Affine = {rng.randrange(upto): rng.randrange(R) for _ in range(3)} if upto else {}
        picks[None] = rng.randrange(R)
        return picks

    relation = SparseRelation(kind(columns, inputs, free, gates, 0, 0), [], [], [], [])
    left_values, right_values = [], []
    for _ in range(gates):
        a, b = form(len(slots)), form(len(slots))
        relation.left.append(a)
        relation.right.append(b)
        left_values.append(relation.evaluate(a, slots))
        right_values.append(relation.evaluate(b, slots))
        slots.append(left_values[-1] * right_values[-1] % R)
    for _ in range(3):
        zero = form(len(slots))
        zero[None] = (zero[None] - relation.evaluate(zero, slots)) % R
        relation.zeros.append(zero)
    relation.outputs = [form(len(slots)) for _ in range(2)]
    relation.points = [form(len(slots)) for _ in range(points)]
    relation.shape = kind(columns, inputs, free, gates, 3, 2, points)
    return relation, slots, left_values, right_values


def make_witness(backend: Backend, relation: SparseRelation, slots, left, right, random: Random) -> Witness:
    shape = relation.shape
    vectors, at = [], 0
    for n in (*shape.inputs, shape.free, shape.gates):
        vectors.append(Vector.from_ints(backend, slots[at : at + n]))
        at += n
    *inputs, free, gates = vectors
    outputs = [relation.evaluate(f, slots) for f in relation.outputs]
    points = [relation.evaluate(f, slots) for f in relation.points]
    return Witness(
        inputs=tuple(inputs),
        input_gammas=random.vector(backend, shape.input_rows),
        free=free,
        left=Vector.from_ints(backend, left),
        right=Vector.from_ints(backend, right),
        gates=gates,
        outputs=Vector.from_ints(backend, outputs),
        points=Vector.from_ints(backend, points) if points else None,
    )
