"""Calls of the proof system: range proofs of 64-bit values, and proofs of products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from ..algebra import Generators, Points, Random, Vector
from ..backend import Backend
from ..plan import Column, MemberSchema, PlanRelation
from ..proofs import (
    BatchVerifier,
    Proof,
    RangeInput,
    RangeRelation,
    Relation,
    Witness,
    choose_columns,
    prove,
    range_witness,
)
from ..tracing import Members, Program, Table, trace
from ._kernels import Call, remembered

__all__ = ["GATES", "RANGES", "Kind"]

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


def _range_relation(n: int) -> RangeRelation:
    item = RangeInput(n, 0, (1 << _BITS) - 1, "value")
    return RangeRelation([item], choose_columns(item.slots + item.gates))


@remembered
def _range(backend: Backend, n: int) -> _Statement:
    """State that n committed values lie in [0, 2**64)."""
    relation = _range_relation(n)
    random = Random(_SEED)
    gammas = random.vector(backend, relation.shape.input_rows)
    values = [int.from_bytes(random.bytes(_BITS // 8), "big") for _ in range(n)]
    return _Statement.of(backend, relation, range_witness(backend, relation, [values], gammas))


@lru_cache(maxsize=2)
def _gate_relation(n: int) -> PlanRelation:
    """Sum all products of two columns' entries: n gates for few inputs, so that the gates are what counts."""
    rows = 1 << (n.bit_length() - 1) // 2

    def products(table: Members[Table]) -> object:
        a, b = table["a"]["x"], table["b"]["x"]
        return {"sum": (a.reshape(-1, 1) * b.reshape(1, -1)).sum()}

    column = {"x": Column(0, (1 << 32) - 1)}
    members = [MemberSchema("a", rows, column), MemberSchema("b", n // rows, column)]
    return PlanRelation(trace(Program("products", products), members))


@remembered
def _gates(backend: Backend, n: int) -> _Statement:
    relation = _gate_relation(n)
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

    state: Callable[[Backend, int], _Statement]
    relation: Callable[[int], RangeRelation | PlanRelation]

    def prove(self, backend: Backend, n: int) -> Call:
        """Prove what is committed already."""
        return self.state(backend, n).prove

    def verify(self, backend: Backend, n: int) -> Call:
        """Verify such a proof, relation and all."""
        statement = self.state(backend, n)
        return partial(statement.verify, statement.prove())

    def size(self, n: int) -> int:
        """Return how many bytes such a proof has."""
        return Proof.size(self.relation(n).shape)


RANGES = Kind(_range, _range_relation)
GATES = Kind(_gates, _gate_relation)
