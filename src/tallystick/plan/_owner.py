# SPDX-License-Identifier: Apache-2.0
"""What an owner computes of its own rows: the values of a home in the clear, and the witness of its proof.

All is done on vectors and on words, in time that does not depend on the rows; advice that only Python's integers give
is the exception (``spec/constant-time.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from ..algebra import Vector
from ..backend import FR_BYTES, Backend, BitArray
from ..errors import DataError
from ..proofs import Witness as ProverWitness
from ..proofs import Words, extended, low_bits, minus, span_weights, to_vector, wire_bits, words_for
from ._arithmetic import Mul
from ._hints import Advice, advice_of
from ._hints_digits import BitsHint, CopyHint, SpanHint
from ._hints_inverses import InverseHint
from ._home import Home
from ._intervals import centred
from ._operation import Linear
from ._ops import Constant, Hint, Zero
from ._own import OwnBits, OwnInput

__all__ = ["OwnerValues", "evaluate_home"]

_WORD_BYTES = 8


@dataclass(frozen=True, slots=True, repr=False)
class OwnerValues:
    """What the owner of a part holds: the slots that it shares, and everything that its proof speaks about.

    ``wires`` are the boolean gates as bits; ``left``, ``right`` and ``products`` belong to the gates after them.
    """

    shared: Vector
    wires: BitArray
    left: Vector
    right: Vector
    products: Vector
    free: Vector

    def __repr__(self) -> str:
        return f"<OwnerValues: {len(self.shared)} shared>"

    def witness(self, gammas: Vector) -> ProverWitness:
        """Return what the owner proves with; ``gammas`` blind the rows of what it shares."""
        backend = self.shared.backend
        none = Vector.zeros(backend, 0)
        return ProverWitness(
            inputs=(self.shared,),
            input_gammas=gammas,
            free=self.free,
            left=self.left,
            right=self.right,
            gates=Vector.concat([_vector(backend, self.wires), self.products]),
            outputs=none,
            bits=self.wires,
        )


def evaluate_home(backend: Backend, home: Home, columns: Sequence[Words]) -> OwnerValues:
    """Compute a home on its rows; ``columns`` are those of ``home.inputs``, in their order.

    Raises ``DataError`` where the program asserts that something is zero and it is not: the others would learn it.
    """
    reads = dict(home.needed)
    values: dict[int, Vector] = {}
    given: dict[int, Words] = {}
    bits: list[BitArray] = [np.zeros(0, dtype=np.uint8)]
    none = Vector.zeros(backend, 0)
    left, right, products, free = [none], [none], [none], [none]
    inputs = iter(columns)
    for v, node in enumerate(home.nodes):
        match node:
            case OwnInput():
                given[v] = extended(next(inputs), words_for(node.low, node.high))
                bits.append(_flat(wire_bits(minus(given[v], node.low), span_weights(node.high - node.low))))
                values[v] = to_vector(backend, given[v])
            case OwnBits(source):
                column = home.nodes[source]
                assert isinstance(column, OwnInput)
                digits = _flat(low_bits(minus(given[source], column.low), column.bits))
                values[v] = _vector(backend, digits)
                if not column.whole:
                    bits.append(digits)
            case Hint():
                advice = advice_of(node.kind, node.parameters)
                found = _advise(backend, advice, [values[p] for p in node.arguments])
                if isinstance(found, Vector):
                    free.append(found)
                    values[v] = found
                else:
                    bits.append(found)
                    values[v] = _vector(backend, found)
            case Mul(a, b):
                values[v] = values[a] * values[b]
                left.append(values[a])
                right.append(values[b])
                products.append(values[v])
            case Zero(a):
                if not values[a].is_zero():
                    raise DataError(
                        "what the program asserts of these rows does not hold: a value is not zero"
                    )
            case Constant(constants):
                values[v] = Vector.from_ints(backend, constants)
            case Linear():
                values[v] = node.forward([values[p] for p in node.operands])
            case _:
                assert_never(node)
        for p in node.operands:
            reads[p] -= 1
            if not reads[p]:
                values.pop(p, None)
    return OwnerValues(
        shared=Vector.concat([none, *(values[p] for p in home.shares)]),
        wires=np.concatenate(bits),
        left=Vector.concat(left),
        right=Vector.concat(right),
        products=Vector.concat(products),
        free=Vector.concat(free),
    )


def _advise(backend: Backend, advice: Advice, arguments: Sequence[Vector]) -> BitArray | Vector:
    """Return a hint's outputs: bits for boolean wires, elements for free slots."""
    match advice:
        case BitsHint(low, k):
            return _flat(low_bits(_words(arguments[0] - low), k))
        case SpanHint(low):
            return _flat(wire_bits(_words(arguments[0] - low), advice.weights))
        case CopyHint():
            return _flat(low_bits(_words(arguments[0]), 1))
        case InverseHint():
            zero = Vector.from_i64(backend, (_words(arguments[0]) == 0).all(axis=0).astype(np.int64))
            return (arguments[0] + zero).inverse() - zero
        case _:
            integers = [np.array([centred(x) for x in a.to_ints()], dtype=object) for a in arguments]
            found = [int(x) for x in advice.compute(integers)]
            return np.array(found, dtype=np.uint8) if advice.boolean else Vector.from_ints(backend, found)


def _words(values: Vector) -> Words:
    """Return elements as integers from 0 to r - 1."""
    words = np.frombuffer(values.to_bytes(), dtype="<u8").reshape(-1, FR_BYTES // _WORD_BYTES)
    return np.ascontiguousarray(words.T)


def _flat(bits: BitArray) -> BitArray:
    return np.ascontiguousarray(bits.reshape(-1))


def _vector(backend: Backend, bits: BitArray) -> Vector:
    return Vector.from_i64(backend, bits.astype(np.int64))
