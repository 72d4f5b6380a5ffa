"""Range statements: every committed value lies in its declared interval.

Normative text: ``spec/ranges.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..backend import FR_MODULUS, Backend
from ..encoding import dumps
from ._proof import Witness
from ._relation import Shape, Transposed

__all__ = ["InputForm", "RangeInput", "RangeRelation", "input_slots", "range_witness"]

InputForm = Literal["value", "bits"]
_MAX_BITS = 250


@dataclass(frozen=True, slots=True)
class RangeInput:
    """n values of one owner, each in [low, high], committed in value form or in bits form."""

    n: int
    low: int
    high: int
    form: InputForm

    def __post_init__(self) -> None:
        if self.n < 0 or self.high < self.low or self.bits > _MAX_BITS:
            raise ValueError(
                f"an input's interval [{self.low}, {self.high}] must hold 1 to 2**{_MAX_BITS} values"
            )
        if 2 * max(abs(self.low), abs(self.high)) >= FR_MODULUS:
            raise ValueError(f"an input's interval [{self.low}, {self.high}] must lie in (-r/2, r/2)")
        if self.form not in ("value", "bits"):
            raise ValueError(f"an input's form is 'value' or 'bits', not {self.form!r}")

    @property
    def bits(self) -> int:
        """k, the bit length of high - low."""
        return (self.high - self.low).bit_length()

    @property
    def slots(self) -> int:
        """Committed slots: n in value form, n*k in bits form."""
        return self.n if self.form == "value" else self.n * self.bits

    @property
    def complement(self) -> bool:
        """Whether bits form needs the second set of wires: the interval is not a power of two long."""
        return self.form == "bits" and (self.high - self.low + 1).bit_count() != 1

    @property
    def weights(self) -> list[int]:
        """The weights mu_i, whose sums over subsets are exactly 0 .. high - low."""
        k = self.bits
        if k == 0:
            return []
        return [1 << i for i in range(k - 1)] + [self.high - self.low - ((1 << (k - 1)) - 1)]

    @property
    def gates(self) -> int:
        """Boolean wires."""
        return self.n * self.bits * (2 if self.complement else 1)

    @property
    def zeros(self) -> int:
        """Asserted zeros."""
        if self.form == "value":
            return self.n
        return self.n * self.bits + (self.n if self.complement else 0)


class RangeRelation:
    """The relation of one owner's inputs: one owner, boolean wires, no free slots, no outputs."""

    def __init__(self, inputs: Sequence[RangeInput], columns: int) -> None:
        self.inputs = tuple(inputs)
        self.shape = Shape(
            columns=columns,
            inputs=(sum(i.slots for i in self.inputs),),
            free=0,
            gates=sum(i.gates for i in self.inputs),
            zeros=sum(i.zeros for i in self.inputs),
            outputs=0,
        )

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the statement (``spec/ranges.md``)."""
        listed = [[i.n, str(i.low), str(i.high), i.form] for i in self.inputs]
        return hashlib.sha256(dumps(["tallystick/ranges/1", listed])).digest()

    def given(self, points: bytes) -> RangeRelation:
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
        wires = left + right
        slots, gates = [Vector.zeros(backend, 0)], [Vector.zeros(backend, 0)]
        constant = 0
        gate = zero = 0
        for item in self.inputs:
            on_gates = wires[gate : gate + item.gates]
            on_zeros = zeros[zero : zero + item.zeros]
            gate, zero = gate + item.gates, zero + item.zeros
            digits = item.n * item.bits
            if item.form == "value":
                # x - low - sum mu_i b_i
                slots.append(on_zeros)
                gates.append(on_gates - _spread(on_zeros, item.weights))
                constant -= item.low * on_zeros.sum()
                continue
            # w - slot; and high - low - sum 2^i slot_i - sum mu_i b'_i
            on_slots = -on_zeros[:digits]
            gates.append(on_gates[:digits] + on_zeros[:digits])
            if item.complement:
                on_complement = on_zeros[digits:]
                on_slots = on_slots - _spread(on_complement, [1 << i for i in range(item.bits)])
                gates.append(on_gates[digits:] - _spread(on_complement, item.weights))
                constant += (item.high - item.low) * on_complement.sum()
            slots.append(on_slots)
        return Transposed((Vector.concat(slots),), Vector.zeros(backend, 0), Vector.concat(gates), constant)


def _spread(per_element: Vector, weights: list[int]) -> Vector:
    """Return per_element[e] * weights[i] for every e and i, element by element."""
    return per_element.outer(Vector.from_ints(per_element.backend, weights))


def _digits(values: npt.NDArray[np.object_], item: RangeInput, weights: list[int]) -> npt.NDArray[np.int64]:
    """Return the n*k bits with sum weights_i * bit_i = value, where weights are 1, 2, 4, ... but for the last."""
    k = item.bits
    if k == 0:
        return np.zeros(0, dtype=np.int64)
    top = (values >= (1 << (k - 1))).astype(np.int64)
    rest = values - top.astype(object) * weights[-1]
    columns = [((rest >> i) & 1).astype(np.int64) for i in range(k - 1)]
    return np.stack([*columns, top], axis=1).reshape(-1)


def input_slots(backend: Backend, item: RangeInput, values: Sequence[int]) -> Vector:
    """Return the committed slots of one input: its values, or their binary digits."""
    if item.form == "value":
        return Vector.from_ints(backend, values)
    shifted = np.array([v - item.low for v in values], dtype=object)
    return Vector.from_i64(backend, _digits(shifted, item, [1 << i for i in range(item.bits)]))


def range_witness(
    backend: Backend, relation: RangeRelation, values: Sequence[Sequence[int]], input_gammas: Vector
) -> Witness:
    """Return the owner's witness; ``values[k]`` are the integers of input k.

    A value outside its interval gives a witness that does not satisfy the relation, so that the proof is refused:
    callers refuse such values before (``DataError``).
    """
    slots, gates = [Vector.zeros(backend, 0)], [Vector.zeros(backend, 0)]
    for item, column in zip(relation.inputs, values, strict=True):
        slots.append(input_slots(backend, item, column))
        shifted = np.array([v - item.low for v in column], dtype=object)
        if item.form == "bits":
            gates.append(slots[-1])
            shifted = (item.high - item.low) - shifted
        if item.form == "value" or item.complement:
            gates.append(Vector.from_i64(backend, _digits(shifted, item, item.weights)))
    wires = Vector.concat(gates)
    none = Vector.zeros(backend, 0)
    return Witness(
        inputs=(Vector.concat(slots),),
        input_gammas=input_gammas,
        free=none,
        left=wires,
        right=wires,
        gates=wires,
        outputs=none,
    )
