# SPDX-License-Identifier: Apache-2.0
"""What auditing a transcript of a plan can cost, known before any of that work is done.

Normative text: ``spec/file.md``, "What a file can cost".  The figures are upper bounds, counted from the plan alone,
so that a small file cannot take an auditor's memory or hours; the model's auditor counts the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..plan import (
    MAX_BITS,
    Output,
    Plan,
    PublicBinary,
    PublicCommon,
    PublicConstant,
    PublicMatching,
    PublicNeg,
    PublicOutput,
    PublicRounded,
    PublicTake,
    length_of,
    references,
)

__all__ = ["AuditBound", "audit_bound"]

_BASE_BYTES = 120_000_000
_BYTES_A_FILE_BYTE = 100
_BYTES_A_CELL = 256
_BYTES_A_CLAIM = 128
_BYTES_LIVE = 64
_BYTES_AN_ENTRY = 400

_OPERATIONS_A_PLAN_BYTE = 200
_OPERATIONS_A_POINT = 6_000
_OPERATIONS_A_CELL = 40
_OPERATIONS_A_UNIT_OF_WORK = 8
_OPERATIONS_A_FRACTION = 200
_OPERATIONS_A_PAIR_OF_LIMBS = 2

_LIMB = 64
_POINT = 48
_BITS_A_PLACE = 4
_COUNT_BITS = 27


@dataclass(frozen=True, slots=True)
class AuditBound:
    """At most so many bytes at once, and so many operations, each about as long as a multiplication in the field."""

    bytes: int
    operations: int


def audit_bound(plan: Plan, *, plan_bytes: int, file_bytes: int) -> AuditBound:
    """Return what auditing a file of so many bytes can cost, of which so many are this plan."""
    layout = plan.layout
    shapes = [plan.range_relation(k).shape for k in range(len(plan.members))]
    cells = [shape.rows * shape.columns for shape in (*shapes, plan.shape)]
    claims = [shape.claims for shape in (*shapes, plan.shape)]
    work = layout.work
    public = _public(plan)
    return AuditBound(
        bytes=_BASE_BYTES
        + _BYTES_A_FILE_BYTE * file_bytes
        + max(_BYTES_A_CELL * a + _BYTES_A_CLAIM * b for a, b in zip(cells, claims, strict=True))
        + _BYTES_LIVE * _live(plan)
        + public.bytes,
        operations=_OPERATIONS_A_PLAN_BYTE * plan_bytes
        + _OPERATIONS_A_POINT * (max(file_bytes - plan_bytes, 0) // _POINT + plan.columns)
        + _OPERATIONS_A_CELL * sum(cells)
        + _OPERATIONS_A_UNIT_OF_WORK * work
        + public.operations,
    )


def _live(plan: Plan) -> int:
    """Return how many entries the pass from the last node to the first has at hand at once.

    An operand is at hand from the last node that reads it to the operand's own turn; a node and its operands are at
    hand twice while the node is visited, for what is passed on.
    """
    lengths, alive = plan.layout.lengths, set[int]()
    held = most = 0
    for v in range(len(plan.nodes) - 1, -1, -1):
        node = plan.nodes[v]
        operands = set(node.operands)
        for p in operands - alive:
            held += lengths[p]
        alive |= operands
        most = max(most, held + lengths[v] + sum(lengths[p] for p in operands))
        if v in alive:
            held -= lengths[v]
    return most


def _public(plan: Plan) -> AuditBound:
    """Return what the expressions and the report of the results can cost.

    Every entry is a fraction whose numerator and denominator have at most so many bits, which follows from the
    operands'; beyond ``MAX_BITS`` it is undefined.
    """
    layout = plan.layout
    opened = [node for node in plan.nodes if isinstance(node, Output)]
    outputs = [layout.lengths[node.a] for node in opened]
    points = [layout.lengths[node.a] for node in plan.points]
    lengths: list[int] = []
    bits: list[tuple[int, int]] = []
    total_bytes = operations = 0
    for expression in plan.expressions:
        n = length_of(expression, lengths, outputs, points)
        read = 0
        match expression:
            case PublicConstant(values):
                found = (
                    max((v.numerator.bit_length() for v in values), default=0),
                    max((v.denominator.bit_length() for v in values), default=0),
                )
            case PublicOutput(number):
                interval = layout.intervals[opened[number].a] or (0, 0)
                found = max(abs(end) for end in interval).bit_length(), 1
            case PublicBinary(op, a, b):
                (p, q), (r, s) = bits[a], bits[b]
                read = max(p, q, r, s)
                found = (p + r, q + s) if op == "mul" else (p + s, q + r)
                if op in ("add", "sub"):
                    found = max(p + s, r + q) + 1, q + s
            case PublicRounded(_, a, places):
                read = max(bits[a]) + 2 * _BITS_A_PLACE * places
                found = bits[a][0] + _BITS_A_PLACE * places + 1, _BITS_A_PLACE * places + 1
            case PublicNeg(a) | PublicTake(a):
                found = bits[a]
            case PublicCommon() | PublicMatching():
                found = _COUNT_BITS, 1
                operations += _OPERATIONS_A_FRACTION * sum(
                    points[k] for k in references(expression, "points")
                )
        found = min(found[0], MAX_BITS), min(found[1], MAX_BITS)
        lengths.append(n)
        bits.append(found)
        total_bytes += n * (8 if isinstance(expression, PublicTake) else _BYTES_AN_ENTRY + sum(found) // 8)
        operations += n * _fraction_operations(max(read, *found))
    for result in plan.results:
        n, size = lengths[result.expression], bits[result.expression]
        total_bytes += n * (_BYTES_AN_ENTRY + sum(size))
        operations += 3 * n * _fraction_operations(max(size))
    return AuditBound(total_bytes, operations)


def _fraction_operations(bits: int) -> int:
    """Return what one operation on fractions costs: their greatest common divisors take quadratic time."""
    limbs = -(-bits // _LIMB)
    return _OPERATIONS_A_FRACTION + _OPERATIONS_A_PAIR_OF_LIMBS * limbs * limbs
