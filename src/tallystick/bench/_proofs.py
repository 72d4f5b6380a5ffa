# SPDX-License-Identifier: Apache-2.0
"""Calls of the proof system: ranges of 64-bit values, and products; with coset values, and by sumcheck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from ..algebra import Generators, Points, Random, Vector
from ..backend import Backend
from ..plan import Column, MemberSchema, PlanRelation
from ..proofs import (
    BatchVerifier,
    OwnShape,
    Proof,
    RangeInput,
    RangeRelation,
    Relation,
    Shape,
    Transposed,
    Witness,
    choose_columns,
    prove,
    range_witness,
)
from ..tracing import Members, Program, Table, trace
from ._kernels import Call, remembered

__all__ = ["GATES", "OWN_GATES", "OWN_RANGES", "RANGES", "Kind"]

_CONTEXT = b"tallystick bench"
_SEED = bytes(32)
_BITS = 64


@dataclass(frozen=True, slots=True)
class _Statement:
    """A relation with a witness, and its owners' commitments."""

    relation: Relation
    witness: Witness
    generators: Generators
    commitments: Points

    @classmethod
    def of(cls, backend: Backend, relation: Relation, witness: Witness) -> _Statement:
        generators = Generators(backend, relation.shape.columns)
        return cls(relation, witness, generators, witness.input_commitments(generators, relation.shape))

    def prove(self) -> Proof:
        return prove(
            self.relation,
            self.witness,
            generators=self.generators,
            input_commitments=self.commitments,
            context=_CONTEXT,
        )

    def verify(self, proof: Proof) -> None:
        verifier = BatchVerifier(self.generators)
        verifier.add(
            self.relation,
            proof,
            input_commitments=self.commitments,
            outputs=self.witness.outputs,
            context=_CONTEXT,
            name="the benchmark's proof",
        )
        verifier.verify()


@dataclass(frozen=True, slots=True)
class _Alone:
    """A relation whose whole witness one party holds: the same constraints, in the own proof's shape."""

    relation: Relation
    shape: OwnShape

    @classmethod
    def of(cls, relation: Relation) -> _Alone:
        return cls(relation, OwnShape(**{f.name: getattr(relation.shape, f.name) for f in fields(Shape)}))

    @property
    def digest(self) -> bytes:
        return self.relation.digest

    def given(self, points: bytes) -> _Alone:
        return _Alone(self.relation.given(points), self.shape)

    def transpose(self, backend: Backend, **weights: Vector) -> Transposed:
        return self.relation.transpose(backend, **weights)


def _range_relation(n: int, kind: type[Shape]) -> RangeRelation:
    item = RangeInput(n, 0, (1 << _BITS) - 1, "value")
    return RangeRelation([item], choose_columns(item.slots + item.gates), kind)


@remembered
def _range(backend: Backend, n: int, kind: type[Shape]) -> _Statement:
    """State that n committed values lie in [0, 2**64)."""
    relation = _range_relation(n, kind)
    random = Random(_SEED)
    gammas = random.vector(backend, relation.shape.input_rows)
    values = [int.from_bytes(random.bytes(_BITS // 8), "big") for _ in range(n)]
    return _Statement.of(backend, relation, range_witness(backend, relation, [values], gammas))


@remembered
def _gate_relation(n: int, kind: type[Shape]) -> Relation:
    """Sum all products of two columns' entries: n gates for few inputs, so that the gates are what counts."""
    rows = 1 << (n.bit_length() - 1) // 2

    def products(table: Members[Table]) -> object:
        a, b = table["a"]["x"], table["b"]["x"]
        return {"sum": (a.reshape(-1, 1) * b.reshape(1, -1)).sum()}

    column = {"x": Column(0, (1 << 32) - 1)}
    members = [MemberSchema("a", rows, column), MemberSchema("b", n // rows, column)]
    relation = PlanRelation(trace(Program("products", products), members))
    return _Alone.of(relation) if kind is OwnShape else relation


@remembered
def _gates(backend: Backend, n: int, kind: type[Shape]) -> _Statement:
    relation = _gate_relation(n, kind)
    a, b = (np.arange(1, count + 1, dtype=np.int64) for count in relation.shape.inputs)
    left, right = (Vector.from_i64(backend, x.reshape(-1)) for x in np.broadcast_arrays(a[:, None], b[None]))
    gates = left * right
    witness = Witness(
        inputs=(Vector.from_i64(backend, a), Vector.from_i64(backend, b)),
        input_gammas=Random(_SEED).vector(backend, relation.shape.input_rows),
        free=Vector.zeros(backend, 0),
        left=left,
        right=right,
        gates=gates,
        outputs=Vector.from_ints(backend, [gates.sum()]),
    )
    return _Statement.of(backend, relation, witness)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proof of n things, each of which is a call to measure."""

    state: Callable[[Backend, int, type[Shape]], _Statement]
    relation: Callable[[int, type[Shape]], Relation]
    shape: type[Shape]

    def prove(self, backend: Backend, n: int) -> Call:
        """Prove what is committed already."""
        return self.state(backend, n, self.shape).prove

    def verify(self, backend: Backend, n: int) -> Call:
        """Verify such a proof, relation and all."""
        statement = self.state(backend, n, self.shape)
        return partial(statement.verify, statement.prove())

    def size(self, n: int) -> int:
        """Return how many bytes such a proof has."""
        return Proof.size(self.relation(n, self.shape).shape)


RANGES = Kind(_range, _range_relation, Shape)
GATES = Kind(_gates, _gate_relation, Shape)
OWN_RANGES = Kind(_range, _range_relation, OwnShape)
OWN_GATES = Kind(_gates, _gate_relation, OwnShape)
