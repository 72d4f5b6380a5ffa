# SPDX-License-Identifier: Apache-2.0
"""Range statements: every committed value lies in its declared interval.

Normative text: ``spec/ranges.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal

import numpy as np

from ..algebra import Generators, Points, Vector
from ..backend import FR_MODULUS, Backend, BitArray, IndexArray
from ..encoding import dumps
from ._commitment import commit_rows_var
from ._proof import Witness
from ._relation import Shape, Transposed
from ._words import (
    Column,
    Words,
    at_least,
    constant,
    extended,
    low_bits,
    minus,
    to_vector,
    to_words,
    words_for,
)

__all__ = [
    "InputForm",
    "RangeInput",
    "RangeRelation",
    "commit_inputs",
    "input_slots",
    "range_witness",
    "span_weights",
]

InputForm = Literal["value", "bits"]
_MAX_BITS = 250


def span_weights(high: int) -> list[int]:
    """Return weights whose sums over subsets are exactly 0 … high."""
    k = high.bit_length()
    return [1 << i for i in range(k - 1)] + [high - ((1 << (k - 1)) - 1)] if k else []


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
    def planes(self) -> int:
        """Bits of the longest value - low that a slot can hold, or of a digit."""
        return min(self.bits, 1) if self.form == "bits" else self.bits

    @property
    def complement(self) -> bool:
        """Whether bits form needs the second set of wires: the interval is not a power of two long."""
        return self.form == "bits" and (self.high - self.low + 1).bit_count() != 1

    @property
    def weights(self) -> list[int]:
        """The weights mu_i: ``span_weights`` of high - low."""
        return span_weights(self.high - self.low)

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

    def __init__(self, inputs: Sequence[RangeInput], columns: int, shape: type[Shape] = Shape) -> None:
        self.inputs = tuple(inputs)
        self.shape = shape(
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


def _digits(values: Words, weights: list[int]) -> BitArray:
    """Return bits of shape (n, k) with sum weights_i * bit_i = value; weights are 1, 2, 4, ... but for the last."""
    if not weights:
        return np.zeros((values.shape[1], 0), dtype=np.uint8)
    top = at_least(values, 1 << (len(weights) - 1))
    rest = minus(values, constant(weights[-1], len(values)) * top)
    return np.concatenate([low_bits(rest, len(weights) - 1), top.astype(np.uint8)[:, None]], axis=1)


def _words(item: RangeInput, column: Column) -> Words:
    """Return the values in words that hold every difference within the interval, too."""
    return extended(to_words(column), words_for(item.low, item.high))


def _binary(item: RangeInput, column: Column) -> BitArray:
    """Return the k binary digits of every value - low, of shape (n, k)."""
    return _digits(minus(_words(item, column), item.low), [1 << i for i in range(item.bits)])


def _to_vector(backend: Backend, bits: BitArray) -> Vector:
    return Vector.from_i64(backend, bits.reshape(-1).astype(np.int64))


def input_slots(backend: Backend, item: RangeInput, column: Column) -> Vector:
    """Return the committed slots of one input: its values, or their binary digits."""
    if item.form == "value":
        return to_vector(backend, to_words(column))
    return _to_vector(backend, _binary(item, column))


def commit_inputs(
    generators: Generators, relation: RangeRelation, columns: Sequence[Column], gammas: Vector
) -> Points:
    """Commit to the rows of the owner's slots, in time that does not depend on the values.

    ``columns[k]`` are the integers of input k, ``gammas`` the rows' blinding factors.  A value x is committed to as
    low, which is public, and the bits of x - low, as many as its interval has, one row of bits for each power of two.
    More bits are cut off: callers refuse values outside their interval before (``DataError``).
    """
    backend, shape = generators.backend, relation.shape
    place, bits = _planes(relation, columns)
    width = min(shape.columns, shape.inputs[0])
    sums = generators.g[:width].subset_sums(bits[:, :width])
    sums = Points.concat([Points.identity(backend, 1), sums])
    total = Points.identity(backend, shape.input_rows)
    for numbers in place[::-1]:
        total = total + total + sums[numbers]
    lows = [Vector.constant(backend, i.low if i.form == "value" else 0, i.slots) for i in relation.inputs]
    public = Vector.concat([Vector.zeros(backend, 0), *lows]).pad(shape.input_rows * shape.columns)
    return total + commit_rows_var(generators, shape.columns, public, gammas)


def _planes(relation: RangeRelation, columns: Sequence[Column]) -> tuple[IndexArray, BitArray]:
    """Return where the bits of the slots are that weigh 2**p in row i, and rows of bits.

    Entry (p, i) of the first is the number of a row of the second, counted from 1, or 0 where no slot of row i is that
    long.
    """
    c, rows = relation.shape.columns, relation.shape.input_rows
    starts = list(accumulate((item.slots for item in relation.inputs), initial=0))[:-1]
    spans = [span for span in zip(relation.inputs, starts, columns, strict=True) if span[0].slots]
    used = np.zeros((max((item.planes for item, _, _ in spans), default=0), rows), dtype=bool)
    for item, start, _ in spans:
        used[: item.planes, start // c : -(-(start + item.slots) // c)] = True
    place = used * np.cumsum(used, dtype=np.int64).reshape(used.shape)
    bits = np.zeros(int(used.sum()) * c, dtype=np.uint8)
    for item, start, column in spans:
        for plane, digits in enumerate(_binary(item, column).reshape(item.slots, item.planes).T):
            at = (int(place[plane, start // c]) - 1) * c + start % c
            bits[at : at + item.slots] = digits
    return place, bits.reshape(-1, c)


def range_witness(
    backend: Backend, relation: RangeRelation, columns: Sequence[Column], input_gammas: Vector
) -> Witness:
    """Return the owner's witness; ``columns[k]`` are the integers of input k.

    A value outside its interval gives a witness that does not satisfy the relation, so that the proof is refused:
    callers refuse such values before (``DataError``).
    """
    slots = [Vector.zeros(backend, 0)]
    gates = [np.zeros(0, dtype=np.uint8)]
    for item, column in zip(relation.inputs, columns, strict=True):
        slots.append(input_slots(backend, item, column))
        if item.form == "value":
            gates.append(_digits(minus(_words(item, column), item.low), item.weights).reshape(-1))
            continue
        gates.append(_binary(item, column).reshape(-1))
        if item.complement:
            gates.append(_digits(minus(item.high, _words(item, column)), item.weights).reshape(-1))
    bits = np.concatenate(gates)
    wires = _to_vector(backend, bits)
    none = Vector.zeros(backend, 0)
    return Witness(
        inputs=(Vector.concat(slots),),
        input_gammas=input_gammas,
        free=none,
        left=wires,
        right=wires,
        gates=wires,
        outputs=none,
        bits=bits,
    )
