# SPDX-License-Identifier: Apache-2.0
"""A plan as a relation: its shape and its transposed map, by one reverse pass over the nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..backend import FR_MODULUS, G1_BYTES, Backend
from ..proofs import OwnShape, Shape, Transposed, span_weights
from ..proofs import Witness as ProverWitness
from ._arithmetic import Mul
from ._home import Home
from ._matching import selections
from ._operation import Linear
from ._ops import Constant, Hint, Input, InputBits, Matching, Output, Points, Share, Zero
from ._own import Common, OwnBits, OwnInput
from ._plan import Plan
from ._simulate import Witness

__all__ = ["HomeRelation", "PlanRelation", "backward", "encodings", "forward", "over"]


class _Pass:
    """One reverse pass over nodes: the adjoints of values and the coefficients of slots, as far as they are known.

    The nodes are visited from the last to the first.  When node v is reached, all that later nodes contribute to its
    adjoint has been added up, so it can be passed on to its operands (reverse accumulation); adjoints are dropped as
    soon as they are used.
    """

    def __init__(self, backend: Backend, left: Vector, right: Vector, zeros: Vector) -> None:
        self.backend = backend
        self.left, self.right, self.zeros = left, right, zeros
        self.adjoints: dict[int, Vector] = {}
        self.slots: dict[int, Vector] = {}
        self.constant = 0

    def contribute(self, p: int, part: Vector) -> None:
        """Add to the adjoint of node p."""
        self.adjoints[p] = self.adjoints[p] + part if p in self.adjoints else part

    def to_slots(self, v: int, part: Vector) -> None:
        """Add to the coefficients of the slots of node v."""
        self.slots[v] = self.slots[v] + part if v in self.slots else part

    def visit(self, v: int, node: Common, adjoint: Vector | None, place: int, lengths: Sequence[int]) -> None:
        """Pass on what node v contributes to its operands."""
        n = lengths[v]
        match node:
            case Zero(a):
                self.contribute(a, self.zeros[place : place + lengths[a]])
            case Mul(a, b):
                self.contribute(a, self.left[place : place + n])
                self.contribute(b, self.right[place : place + n])
                if adjoint is not None:
                    self.to_slots(v, adjoint)
            case Hint():
                if node.boolean:
                    self.to_slots(v, self.left[place : place + n] + self.right[place : place + n])
                if adjoint is not None:
                    self.to_slots(v, adjoint)
            case Constant():
                if adjoint is not None:
                    self.constant += adjoint.dot(Vector.from_ints(self.backend, node.values))
            case Linear():
                if adjoint is not None:
                    parts = node.backward(adjoint, [lengths[p] for p in node.operands])
                    for p, part in zip(node.operands, parts, strict=True):
                        self.contribute(p, part)
            case _:
                assert_never(node)

    def gathered(self, nodes: Iterable[tuple[int, int]]) -> Vector:
        """Return the coefficients of the slots of nodes, each with its number of slots, one after the other."""
        zeros = Vector.zeros(self.backend, 0)
        return Vector.concat([zeros, *(self.slots.get(v, Vector.zeros(self.backend, n)) for v, n in nodes)])


class PlanRelation:
    """The constraint system of a plan, as the proofs see it (``spec/relation.md``): what is computed jointly.

    Part k's shared values are its inputs; in format 1 member k is owner k, with its inputs.
    """

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
        """Return the form sum left_j*alpha_j + right_j*beta_j + zeros_k*zero_k + outputs_k*output_k + points_k*y_k."""
        plan, layout = self.plan, self.plan.layout
        _check_weights(layout.shape, left, right, zeros, outputs, points)
        going = _Pass(backend, left, right, zeros)
        shared: list[dict[int, Vector]] = [{} for _ in plan.parts]
        for v in range(len(plan.nodes) - 1, -1, -1):
            node, n, at = plan.nodes[v], layout.lengths[v], layout.place[v]
            adjoint = going.adjoints.pop(v, None) if n else None
            match node:
                case Output(a, _, to):
                    if to is None:
                        going.contribute(a, outputs[at : at + layout.lengths[a]])
                case Points(a):
                    going.contribute(a, points[at : at + layout.lengths[a]])
                case Share(part):
                    if adjoint is not None:
                        slots = shared[part]
                        slots[at] = slots[at] + adjoint if at in slots else adjoint
                case Input():
                    if adjoint is not None:
                        going.to_slots(v, _to_slots(backend, node, adjoint))
                        going.constant += node.low * adjoint.sum() if node.form == "bits" else 0
                case InputBits(source):
                    if adjoint is not None:
                        going.to_slots(source, adjoint)
                case Matching(a):
                    if adjoint is not None:
                        going.contribute(a, adjoint * Vector.from_i64(backend, self._selected[v]))
                case _:
                    going.visit(v, node, adjoint, at, layout.lengths)
        if plan.format == 1:
            owners = [
                going.gathered((v, n.slots) for v, n in plan.own_inputs(k)) for k in range(len(plan.members))
            ]
        else:
            owners = [_filled(backend, slots, n) for slots, n in zip(shared, layout.inputs, strict=True)]
        own = [(v, node) for v, node in enumerate(plan.nodes) if isinstance(node, Hint | Mul)]
        free = [(v, layout.lengths[v]) for v, n in own if isinstance(n, Hint) and not n.boolean]
        gates = [(v, layout.lengths[v]) for v, n in own if isinstance(n, Mul) or n.boolean]
        return Transposed(
            inputs=tuple(owners),
            free=going.gathered(free),
            gates=going.gathered(gates),
            constant=going.constant % FR_MODULUS,
        )


class HomeRelation:
    """What an owner proves of a part of its table: ranges, advice, gates and zeros at home, and what it shares.

    Its one owner's inputs are the shared slots, each of which has to be the value at home (``spec/plan.md``, "Homes").
    """

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def shape(self) -> OwnShape:
        """The witness's dimensions."""
        return self.home.layout.shape

    @property
    def digest(self) -> bytes:
        """The home's digest."""
        return self.home.digest

    def given(self, points: bytes) -> HomeRelation:
        """Return the relation itself: it has no points."""
        return self

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
        """Return the combined form: see ``Relation.transpose``."""
        home, layout = self.home, self.home.layout
        _check_weights(layout.shape, left, right, zeros, outputs, points)
        going = _Pass(backend, left, right, zeros)
        on_shares = zeros[layout.zeros :]
        for p, start in zip(home.shares, layout.starts, strict=True):
            going.contribute(p, -on_shares[start : start + layout.lengths[p]])
        for v in range(len(home.nodes) - 1, -1, -1):
            node, n, at = home.nodes[v], layout.lengths[v], layout.place[v]
            adjoint = going.adjoints.pop(v, None) if n else None
            match node:
                case OwnBits(source):
                    column = home.nodes[source]
                    assert isinstance(column, OwnInput)
                    if column.whole:
                        if adjoint is not None:
                            going.to_slots(source, adjoint)
                        continue
                    # Σ 2^i·d_i + low - x = 0
                    begin = layout.zero[v]
                    on_zeros = zeros[begin : begin + column.n]
                    own = left[at : at + n] + right[at : at + n]
                    own = own + on_zeros.outer(Vector.powers(backend, 2, column.bits))
                    going.to_slots(v, own if adjoint is None else own + adjoint)
                    going.contribute(source, -on_zeros)
                    going.constant += column.low * on_zeros.sum()
                case OwnInput():
                    wires = node.n * node.bits
                    going.to_slots(v, left[at : at + wires] + right[at : at + wires])
                    if adjoint is not None:
                        weights = Vector.from_ints(backend, span_weights(node.high - node.low))
                        going.to_slots(v, adjoint.outer(weights))
                        going.constant += node.low * adjoint.sum()
                case Zero():
                    going.visit(v, node, adjoint, layout.zero[v], layout.lengths)
                case _:
                    going.visit(v, node, adjoint, at, layout.lengths)
        booleans, products, free = home.slots
        return Transposed(
            inputs=(on_shares,),
            free=going.gathered(free),
            gates=Vector.concat([going.gathered(booleans), going.gathered(products)]),
            constant=going.constant % FR_MODULUS,
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


def _filled(backend: Backend, pieces: Mapping[int, Vector], length: int) -> Vector:
    """Return a vector of pieces that do not overlap, by where they begin, and zeros between them."""
    found, end = [], 0
    for start, piece in sorted(pieces.items()):
        found += [Vector.zeros(backend, start - end), piece]
        end = start + len(piece)
    return Vector.concat([*found, Vector.zeros(backend, length - end)])


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
