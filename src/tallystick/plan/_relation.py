# SPDX-License-Identifier: Apache-2.0
"""A plan as a relation: its shape and its transposed map, by one reverse pass over the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..backend import FR_MODULUS, G1_BYTES, Backend
from ..proofs import Shape, Transposed
from ..proofs import Witness as ProverWitness
from ._arithmetic import Mul
from ._matching import selections
from ._operation import Linear
from ._ops import Constant, Hint, Input, InputBits, Matching, Output, Points, Zero
from ._plan import Plan
from ._simulate import Witness

__all__ = ["PlanRelation", "backward", "encodings", "forward", "over"]


class PlanRelation:
    """The constraint system of a plan, as the proofs see it (``spec/relation.md``); member k is owner k."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._selected: Mapping[int, npt.NDArray[np.int64]] = {}

    @property
    def shape(self) -> Shape:
        """The witness's dimensions."""
        return self.plan.layout.shape

    @property
    def digest(self) -> bytes:
        """The plan's digest."""
        return self.plan.digest

    def given(self, points: bytes) -> PlanRelation:
        """Return the relation in which the published points decide what ``Matching`` nodes select."""
        relation = PlanRelation(self.plan)
        relation._selected = selections(self.plan, encodings(points))
        return relation

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
        """Return the form sum left_j*alpha_j + right_j*beta_j + zeros_k*zero_k + outputs_k*output_k + points_k*y_k.

        The nodes are visited from the last to the first.  When node v is reached, all that later nodes
        contribute to its adjoint has been added up, so it can be passed on to its operands (reverse
        accumulation); adjoints are dropped as soon as they are used.
        """
        plan, layout = self.plan, self.plan.layout
        _check_weights(layout.shape, left, right, zeros, outputs, points)
        slots: dict[int, Vector] = {}
        adjoints: dict[int, Vector] = {}
        constant = 0

        def contribute(p: int, part: Vector, to: dict[int, Vector] = adjoints) -> None:
            to[p] = to[p] + part if p in to else part

        for v in range(len(plan.nodes) - 1, -1, -1):
            node, n, at = plan.nodes[v], layout.lengths[v], layout.place[v]
            adjoint = adjoints.pop(v, None) if n else None
            match node:
                case Zero(a):
                    contribute(a, zeros[at : at + layout.lengths[a]])
                case Output(a, _, to):
                    if to is None:
                        contribute(a, outputs[at : at + layout.lengths[a]])
                case Points(a):
                    contribute(a, points[at : at + layout.lengths[a]])
                case Mul(a, b):
                    contribute(a, left[at : at + n])
                    contribute(b, right[at : at + n])
                    if adjoint is not None:
                        slots[v] = adjoint
                case Hint():
                    if node.boolean:
                        slots[v] = left[at : at + n] + right[at : at + n]
                    if adjoint is not None:
                        contribute(v, adjoint, slots)
                case Constant():
                    if adjoint is not None:
                        constant += adjoint.dot(Vector.from_ints(backend, node.values))
                case Input():
                    if adjoint is not None:
                        contribute(v, _to_slots(backend, node, adjoint), slots)
                        constant += node.low * adjoint.sum() if node.form == "bits" else 0
                case InputBits(source):
                    if adjoint is not None:
                        contribute(source, adjoint, slots)
                case Matching(a):
                    if adjoint is not None:
                        contribute(a, adjoint * Vector.from_i64(backend, self._selected[v]))
                case Linear():
                    if adjoint is not None:
                        for p, part in backward(plan, v, adjoint):
                            contribute(p, part)
                case _:
                    assert_never(node)
        owners: list[list[Vector]] = [[] for _ in plan.members]
        free: list[Vector] = []
        gates: list[Vector] = []
        for v, node in enumerate(plan.nodes):
            if isinstance(node, Input):
                owners[node.member].append(slots.get(v, Vector.zeros(backend, node.slots)))
            elif isinstance(node, Hint | Mul):
                kind = free if isinstance(node, Hint) and not node.boolean else gates
                kind.append(slots.get(v, Vector.zeros(backend, layout.lengths[v])))
        joined = [Vector.concat([Vector.zeros(backend, 0), *parts]) for parts in (*owners, free, gates)]
        return Transposed(
            inputs=tuple(joined[:-2]), free=joined[-2], gates=joined[-1], constant=constant % FR_MODULUS
        )


def forward(plan: Plan, v: int, operands: Sequence[Vector]) -> Vector:
    """Return node v's value from its operands' values, or from its source's slots if it is ``input_bits``.

    Inputs, constants, gates and hints are the caller's: a public constant concerns one party's shares only.  Raises
    ``TypeError`` for them.
    """
    node = plan.nodes[v]
    if isinstance(node, InputBits):
        return operands[0]
    if isinstance(node, Linear):
        return node.forward(operands)
    raise TypeError(f"{node.op} is not a linear operation")


def backward(plan: Plan, v: int, adjoint: Vector) -> Iterator[tuple[int, Vector]]:
    """Yield what linear node v contributes to the adjoint of each operand p: <adjoint, forward(x)> = Σ_p <part, x_p>.

    ``input_bits`` contributes to slots and not to a value, and is the caller's.  Raises ``TypeError`` for what is not
    linear.
    """
    node = plan.nodes[v]
    if not isinstance(node, Linear):
        raise TypeError(f"{node.op} is not a linear operation")
    lengths = [plan.layout.lengths[p] for p in node.operands]
    yield from zip(node.operands, node.backward(adjoint, lengths), strict=True)


def _to_slots(backend: Backend, node: Input, adjoint: Vector) -> Vector:
    """Transpose ``input_value``: spread each element's adjoint over its bits' slots with weights 2^i."""
    if node.form == "value":
        return adjoint
    return adjoint.outer(Vector.powers(backend, 2, node.bits))


def encodings(points: bytes) -> list[bytes]:
    """Return the encodings of points one by one; equal points have equal encodings."""
    return [points[k : k + G1_BYTES] for k in range(0, len(points), G1_BYTES)]


def _check_weights(
    shape: Shape, left: Vector, right: Vector, zeros: Vector, outputs: Vector, points: Vector
) -> None:
    wanted = (shape.gates, shape.gates, shape.zeros, shape.outputs, shape.points)
    given = (len(left), len(right), len(zeros), len(outputs), len(points))
    if given != wanted:
        raise ValueError(
            f"{given} weights for gates (left, right), zeros, outputs and points; {wanted} were expected"
        )


def over(witness: Witness, backend: Backend, input_gammas: Vector) -> ProverWitness:
    """Return a witness in integers as what one who holds all of it proves with; ``input_gammas`` blind input rows."""

    def vector(values: Sequence[int]) -> Vector:
        return Vector.from_ints(backend, values)

    return ProverWitness(
        inputs=tuple(vector(slots) for slots in witness.inputs),
        input_gammas=input_gammas,
        free=vector(witness.free),
        left=vector(witness.left),
        right=vector(witness.right),
        gates=vector(witness.gates),
        outputs=vector(witness.outputs),
        points=vector(witness.points),
    )
