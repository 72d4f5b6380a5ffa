# SPDX-License-Identifier: Apache-2.0
"""Public arithmetic on opened values: exact fractions, evaluated alike by members and auditors.

Expressions are flat vectors like nodes, written as a list in which each refers to earlier ones.  An entry
that has no value (a division by zero, a root of a negative number, a fraction beyond ``MAX_BITS`` bits) is
``None``, and so is everything computed from it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from operator import attrgetter
from typing import Annotated, ClassVar, TypeAlias, assert_never, get_args

from ..encoding import Value, expect_array, expect_text
from . import _fields as field
from ._fields import Codec, decode_integer, encode_integer, references, require

__all__ = [
    "EXPRESSIONS",
    "MAX_BITS",
    "MAX_PLACES",
    "Expression",
    "PublicBinary",
    "PublicCommon",
    "PublicConstant",
    "PublicMatching",
    "PublicNeg",
    "PublicOutput",
    "PublicRounded",
    "PublicTake",
    "decode_expression",
    "evaluate_expressions",
    "length_of",
    "places_of",
    "used_entries",
]

MAX_BITS = 1 << 13
"""Bits of a numerator or denominator, so that a hostile plan cannot make its reader compute for hours."""

MAX_PLACES = 100
"""Decimal places that a rounding may ask for."""

Entries: TypeAlias = list[Fraction | None]


def _encode_fraction(value: Fraction) -> Value:
    if value.denominator == 1:
        return encode_integer(value.numerator)
    return [encode_integer(value.numerator), encode_integer(value.denominator)]


def _decode_fraction(value: Value, what: str) -> Fraction:
    if not isinstance(value, list):
        return Fraction(decode_integer(value, what))
    numerator, denominator = (decode_integer(v, what) for v in expect_array(value, what, length=2))
    if denominator < 2 or Fraction(numerator, denominator).denominator != denominator:
        raise ValueError(f"{what}: {numerator}/{denominator} is not in lowest terms")
    return Fraction(numerator, denominator)


def _decode_fractions(value: Value, what: field.Called, position: int) -> tuple[Fraction, ...]:
    return tuple(_decode_fraction(v, what.entry) for v in expect_array(value, what.field))


_Operand: TypeAlias = Annotated[int, field.earlier("expression"), field.Called("operand")]
_Point: TypeAlias = Annotated[int, field.size(refers="points")]
_Points: TypeAlias = Annotated[
    tuple[int, ...], field.sizes("points", fewest=1, refers="points"), field.Called("points")
]
_Places: TypeAlias = Annotated[int, field.size(MAX_PLACES)]
_Fractions: TypeAlias = Annotated[
    tuple[Fraction, ...],
    field.Kind("fractions", _decode_fractions, lambda values: [_encode_fraction(v) for v in values]),
]


@dataclass(frozen=True, slots=True)
class PublicConstant:
    """Public fractions."""

    op: ClassVar[str] = "constant"
    values: Annotated[_Fractions, field.Called("values", "value")]


@dataclass(frozen=True, slots=True)
class PublicOutput:
    """The opened entries of an output, by its number, as integers."""

    op: ClassVar[str] = "output"
    number: Annotated[int, field.size(refers="output"), field.Called("output")]


@dataclass(frozen=True, slots=True)
class PublicBinary:
    """``add``, ``sub``, ``mul`` or ``div``, entry by entry, both operands of one length."""

    ops: ClassVar[tuple[str, ...]] = ("add", "sub", "mul", "div")
    op: str
    a: _Operand
    b: _Operand


@dataclass(frozen=True, slots=True)
class PublicNeg:
    """-a."""

    op: ClassVar[str] = "neg"
    a: _Operand


@dataclass(frozen=True, slots=True)
class PublicRounded:
    """``round``: a; ``sqrt``: the square root of a; to the nearest multiple of 10^-places, ties to even."""

    ops: ClassVar[tuple[str, ...]] = ("round", "sqrt")
    op: str
    a: _Operand
    places: _Places


@dataclass(frozen=True, slots=True)
class PublicTake:
    """Entry k is a[indices[k]]."""

    op: ClassVar[str] = "take"
    a: _Operand
    indices: Annotated[field.Sizes, field.Called("indices", "index")]


@dataclass(frozen=True, slots=True)
class PublicCommon:
    """How many different points occur in each of some outputs of points; one entry."""

    op: ClassVar[str] = "common"
    points: _Points


@dataclass(frozen=True, slots=True)
class PublicMatching:
    """How many points of one output occur in each of others, undefined if fewer than ``minimum``; one entry."""

    op: ClassVar[str] = "matching"
    own: _Point
    others: _Points
    minimum: field.Size


Expression: TypeAlias = (
    PublicConstant
    | PublicOutput
    | PublicBinary
    | PublicNeg
    | PublicRounded
    | PublicTake
    | PublicCommon
    | PublicMatching
)

EXPRESSIONS: Codec[Expression] = Codec(get_args(Expression), attrgetter("op"))
"""How expressions are written."""


def length_of(
    expression: Expression, lengths: Sequence[int], outputs: Sequence[int], points: Sequence[int]
) -> int:
    """Return the number of entries; raise ``ValueError`` where the operands do not fit.

    ``lengths`` are those of the expressions before this one, ``outputs`` those of the outputs, ``points`` those of the
    outputs of points.
    """
    wrong = [number for number in references(expression, "points") if not 0 <= number < len(points)]
    if wrong:
        raise ValueError(f"points {wrong[0]} of {len(points)}")
    match expression:
        case PublicConstant(values):
            if any(max(abs(v.numerator), v.denominator).bit_length() > MAX_BITS for v in values):
                raise ValueError(f"a constant of more than {MAX_BITS} bits")
            return len(values)
        case PublicOutput(number):
            if not 0 <= number < len(outputs):
                raise ValueError(f"output {number} of {len(outputs)}")
            return outputs[number]
        case PublicBinary(_, a, b):
            if lengths[a] != lengths[b]:
                raise ValueError(f"operands of {lengths[a]} and {lengths[b]} entries")
            return lengths[a]
        case PublicNeg(a) | PublicRounded(_, a, _):
            return lengths[a]
        case PublicTake(a, indices):
            if indices and not (min(indices) >= 0 and max(indices) < lengths[a]):
                raise ValueError(f"indices {min(indices)}..{max(indices)} of {lengths[a]} entries")
            return len(indices)
        case PublicCommon(numbers):
            if not numbers:
                raise ValueError("no points to compare")
            return 1
        case PublicMatching(_, others):
            if not others:
                raise ValueError("no points to compare with")
            return 1
        case _:
            assert_never(expression)


def places_of(expression: Expression) -> int | None:
    """Return the decimal places to which the expression rounds, or None if it does not."""
    return expression.places if isinstance(expression, PublicRounded) else None


def evaluate_expressions(
    expressions: Sequence[Expression],
    outputs: Sequence[Sequence[int]],
    points: Sequence[Sequence[Hashable]] = (),
) -> list[Entries]:
    """Return the entries of every expression, None where an entry is undefined.

    ``points`` are the opened points of each output of points, in a form in which equal points are equal.
    """
    values: list[Entries] = []
    distinct = {number: frozenset(points[number]) for e in expressions for number in references(e, "points")}
    for expression in expressions:
        match expression:
            case PublicConstant(constants):
                entries: Entries = list(constants)
            case PublicOutput(number):
                entries = [Fraction(v) for v in outputs[number]]
            case PublicBinary(op, a, b):
                pairs = zip(values[a], values[b], strict=True)
                entries = [None if x is None or y is None else _BINARY[op](x, y) for x, y in pairs]
            case PublicNeg(a):
                entries = [None if x is None else -x for x in values[a]]
            case PublicRounded(op, a, places):
                entries = [_ROUNDED[op](x, places) for x in values[a]]
            case PublicTake(a, indices):
                entries = [values[a][i] for i in indices]
            case PublicCommon(numbers):
                entries = [Fraction(len(frozenset.intersection(*(distinct[k] for k in numbers))))]
            case PublicMatching(own, others, minimum):
                common = frozenset.intersection(*(distinct[k] for k in others))
                count = sum(1 for point in points[own] if point in common)
                entries = [Fraction(count) if count >= minimum else None]
            case _:
                assert_never(expression)
        values.append([_bounded(x) for x in entries])
    return values


def used_entries(
    expressions: Sequence[Expression], outputs: Mapping[int, AbstractSet[int]]
) -> list[AbstractSet[int]]:
    """Return which entries of every expression are computed from one of these entries of outputs, by number."""
    used: list[AbstractSet[int]] = []
    for expression in expressions:
        match expression:
            case PublicOutput(number):
                used.append(outputs.get(number, frozenset()))
            case PublicBinary(_, a, b):
                used.append(used[a] | used[b])
            case PublicNeg(a) | PublicRounded(_, a, _):
                used.append(used[a])
            case PublicTake(a, indices):
                used.append({k for k, i in enumerate(indices) if i in used[a]} if used[a] else frozenset())
            case PublicConstant() | PublicCommon() | PublicMatching():
                used.append(frozenset())
            case _:
                assert_never(expression)
    return used


_BINARY: Mapping[str, Callable[[Fraction, Fraction], Fraction | None]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": lambda x, y: x / y if y else None,
}


def _rounded(x: Fraction | None, places: int) -> Fraction | None:
    return None if x is None else Fraction(round(x, places))


def _root(x: Fraction | None, places: int) -> Fraction | None:
    """Round the square root of x to ``places`` decimals, ties to even."""
    if x is None or x < 0:
        return None
    scaled = x * 10 ** (2 * places)
    floor = isqrt(scaled.numerator // scaled.denominator)
    # The root lies in [floor, floor + 1); squaring floor + 1/2 decides the side without an irrational number.
    middle = Fraction((2 * floor + 1) ** 2, 4)
    up = scaled > middle or (scaled == middle and floor % 2 == 1)
    return Fraction(floor + up, 10**places)


_ROUNDED: Mapping[str, Callable[[Fraction | None, int], Fraction | None]] = {"round": _rounded, "sqrt": _root}


def _bounded(x: Fraction | None) -> Fraction | None:
    if x is None or max(abs(x.numerator), x.denominator).bit_length() > MAX_BITS:
        return None
    return x


def decode_expression(value: Value, position: int, what: str) -> Expression:
    """Return the expression that ``EXPRESSIONS.encode`` wrote as number ``position``."""
    items = expect_array(value, what, min_length=2, max_length=4)
    op = expect_text(items[0], f"{what}: operation", max_length=20)
    require(op in EXPRESSIONS.forms, f"{what}: unknown operation {op!r}")
    expected = 1 + len(EXPRESSIONS.forms[op])
    require(len(items) == expected, f"{what}: {expected} entries were expected, not {len(items)}")
    return EXPRESSIONS.decode(items, position, what)
