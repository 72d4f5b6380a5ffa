# SPDX-License-Identifier: Apache-2.0
"""Relations as lists of affine forms (``spec/relation.md``), and the range relation (``spec/ranges.md``).

An affine form is ``(constant, {slot: coefficient})``; slots are numbered through
s = (inputs of owner 0, …, inputs of owner m-1, free slots, gate outputs).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from codec import cbor_encode, i2osp

from algebra import Point, R

Form = tuple[int, dict[int, int]]


def ceil_div(a: int, b: int) -> int:
    """Return ⌈a/b⌉."""
    return -(-a // b)


@dataclass(frozen=True)
class Shape:
    """The dimensions of a witness, and where a slot lies in X."""

    columns: int
    inputs: tuple[int, ...]
    free: int
    gates: int
    zeros: int
    outputs: int
    points: int = 0

    @property
    def per_row(self) -> int:
        """M."""
        return self.columns // 2

    @property
    def gate_rows(self) -> int:
        """R_g."""
        return ceil_div(self.gates, self.per_row)

    @property
    def input_rows(self) -> int:
        """R_in."""
        return sum(ceil_div(count, self.columns) for count in self.inputs)

    @property
    def free_rows(self) -> int:
        """R_f."""
        return ceil_div(self.free + 3 * self.gate_rows, self.columns)

    @property
    def rows(self) -> int:
        """R."""
        return self.input_rows + self.free_rows + self.gate_rows

    @property
    def evaluations(self) -> int:
        """How many scalars a proof sends as ``evaluations``: F and G of each gate row."""
        return 2 * self.gate_rows

    @property
    def first_gate(self) -> int:
        """The number of slots before the gate outputs."""
        return sum(self.inputs) + self.free

    def slots(self) -> int:
        """Return the length of s."""
        return self.first_gate + self.gates

    def place(self, slot: int) -> tuple[int, int]:
        """Return the row and the column of X that hold a slot."""
        row = 0
        for count in self.inputs:
            if slot < count:
                return row + slot // self.columns, slot % self.columns
            slot -= count
            row += ceil_div(count, self.columns)
        if slot < self.free:
            return row + slot // self.columns, slot % self.columns
        slot -= self.free
        row += self.free_rows + slot // self.per_row
        return row, 2 * (slot % self.per_row)

    def place_blinder(self, gate_row: int, which: int) -> tuple[int, int]:
        """Return the row and the column of u, v, w (``which`` 0, 1, 2) of a gate row."""
        slot = self.free + 3 * gate_row + which
        return self.input_rows + slot // self.columns, slot % self.columns

    def place_gate_row(self, gate_row: int) -> int:
        """Return the row of X that is gate row ``gate_row``."""
        return self.input_rows + self.free_rows + gate_row

    def encode(self) -> bytes:
        """Return what the proof's transcript absorbs as ``shape``."""
        numbers = [self.columns, len(self.inputs), *self.inputs, self.free, self.gates]
        numbers += [self.zeros, self.outputs, *([self.points] if self.points else [])]
        return b"".join(i2osp(n, 8) for n in numbers)


class Statement(Protocol):
    """What a verifier needs to know of a relation."""

    @property
    def shape(self) -> Shape:
        """The witness's dimensions."""
        ...

    @property
    def digest(self) -> bytes:
        """32 bytes that identify the relation."""
        ...

    def transpose(
        self,
        left: Sequence[int],
        right: Sequence[int],
        zeros: Sequence[int],
        outputs: Sequence[int],
        points: Sequence[int],
        published: Sequence[Point],
    ) -> tuple[list[int], int]:
        """Return coefficients over the slots, and the constant, of the weighted sum of all forms.

        The forms of outputs may depend on which of the published points are equal.
        """
        ...


@dataclass(frozen=True)
class Relation:
    """A relation given form by form."""

    columns: int
    inputs: tuple[int, ...]
    free: int
    left: list[Form]
    right: list[Form]
    zeros: list[Form]
    outputs: list[Form]
    digest: bytes
    points: list[Form] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        """The witness's dimensions."""
        counts = len(self.left), len(self.zeros), len(self.outputs), len(self.points)
        return Shape(self.columns, self.inputs, self.free, *counts)

    def transpose(
        self,
        left: Sequence[int],
        right: Sequence[int],
        zeros: Sequence[int],
        outputs: Sequence[int],
        points: Sequence[int],
        published: Sequence[Point],
    ) -> tuple[list[int], int]:
        """Return the weighted sum of all forms, term by term."""
        coefficients = [0] * self.shape.slots()
        constant = 0
        for forms, weights in (
            (self.left, left),
            (self.right, right),
            (self.zeros, zeros),
            (self.outputs, outputs),
            (self.points, points),
        ):
            for (value, terms), weight in zip(forms, weights, strict=True):
                constant += weight * value
                for slot, k in terms.items():
                    coefficients[slot] = (coefficients[slot] + weight * k) % R
        return coefficients, constant % R


def evaluate(form: Form, slots: Sequence[int]) -> int:
    """Return the value of an affine form."""
    constant, terms = form
    return (constant + sum(k * slots[i] for i, k in terms.items())) % R


def complete(
    relation: Relation, inputs: Sequence[int], free: Sequence[int], bits: Sequence[int] = ()
) -> list[int]:
    """Return s: every gate's output from the slots before it.

    A boolean wire names its own output, so its value is the next of ``bits`` instead.
    """
    slots = [v % R for v in (*inputs, *free)]
    given = iter(bits)
    for left, right in zip(relation.left, relation.right, strict=True):
        if len(slots) in left[1]:
            slots.append(next(given))
        else:
            slots.append(evaluate(left, slots) * evaluate(right, slots) % R)
    return slots


def weights(low: int, high: int) -> list[int]:
    """Return μ_0 … μ_{k-1}, whose subset sums are exactly 0 … high-low."""
    d = high - low
    k = d.bit_length()
    return [1 << i for i in range(k - 1)] + [d - ((1 << (k - 1)) - 1)] if k else []


def represent(value: int, low: int, high: int) -> list[int]:
    """Return bits b with Σ μ_i·b_i = value - low: the last weight first, if it fits."""
    rest = value - low
    mu = weights(low, high)
    bits = [0] * len(mu)
    if mu and rest >= 1 << (len(mu) - 1):
        bits[-1], rest = 1, rest - mu[-1]
    for i in range(len(mu) - 1):
        bits[i] = rest >> i & 1
    return bits


Declared = tuple[int, int, int, str]  # n, low, high, form


def range_digest(declared: Sequence[Declared]) -> bytes:
    """Return the digest of a range relation."""
    items = [[n, str(low), str(high), form] for n, low, high, form in declared]
    return hashlib.sha256(cbor_encode(["tallystick/ranges/1", items])).digest()


def range_inputs(declared: Sequence[Declared]) -> int:
    """Return the number of input slots that the declared inputs occupy."""
    return sum(n if form == "value" else n * (high - low).bit_length() for n, low, high, form in declared)


def range_relation(declared: Sequence[Declared], columns: int) -> Relation:
    """Return the relation of one owner's range proof."""
    total = range_inputs(declared)
    gates: list[Form] = []
    zeros: list[Form] = []

    def boolean() -> int:
        slot = total + len(gates)
        gates.append((0, {slot: 1}))
        return slot

    at = 0
    for n, low, high, form in declared:
        mu = weights(low, high)
        k = len(mu)
        if form == "value":
            for e in range(n):
                terms = {at + e: 1}
                terms |= {boolean(): -m for m in mu}
                zeros.append((-low, terms))
            at += n
            continue
        for slot in range(at, at + n * k):
            zeros.append((0, {boolean(): 1, slot: -1}))
        if k and high - low != (1 << k) - 1:
            for e in range(n):
                terms = {at + e * k + i: -(1 << i) for i in range(k)}
                terms |= {boolean(): -m for m in mu}
                zeros.append((high - low, terms))
        at += n * k
    return Relation(columns, (total,), 0, gates, list(gates), zeros, [], range_digest(declared))


def range_witness(
    declared: Sequence[Declared], values: Sequence[Sequence[int]]
) -> tuple[list[int], list[int]]:
    """Return the input slots and the gate outputs (the bits) for honest values."""
    slots: list[int] = []
    bits: list[int] = []
    for (_, low, high, form), column in zip(declared, values, strict=True):
        k = (high - low).bit_length()
        digits = [[(x - low) >> i & 1 for i in range(k)] for x in column]
        if form == "value":
            slots += [x % R for x in column]
            bits += [b for x in column for b in represent(x, low, high)]
            continue
        flat = [b for row in digits for b in row]
        slots += flat
        bits += flat
        if k and high - low != (1 << k) - 1:
            bits += [b for x in column for b in represent(high + low - x, low, high)]
    return slots, bits
