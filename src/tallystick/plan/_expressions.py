"""Public arithmetic on opened values: exact fractions, evaluated alike by members and auditors.

Expressions are flat vectors like nodes, written as a list in which each refers to earlier ones.  An entry
that has no value (a division by zero, a root of a negative number, a fraction beyond ``MAX_BITS`` bits) is
``None``, and so is everything computed from it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import ClassVar, TypeAlias

from ..encoding import Value, expect_array, expect_int, expect_text
from ._ops import MAX_LENGTH, decode_integer, encode_integer

__all__ = [
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
    "encode_expression",
    "evaluate_expressions",
    "length_of",
    "moved_expression",
    "operands_of",
    "places_of",
    "points_of",
]

MAX_BITS = 1 << 13
"""Bits of a numerator or denominator, so that a hostile plan cannot make its reader compute for hours."""

MAX_PLACES = 100
"""Decimal places that a rounding may ask for."""

Entries: TypeAlias = list[Fraction | None]


@dataclass(frozen=True, slots=True)
class PublicConstant:
    """Public fractions."""

    op: ClassVar[str] = "constant"
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class PublicOutput:
    """The opened entries of output number ``output``, as integers."""

    op: ClassVar[str] = "output"
    output: int


@dataclass(frozen=True, slots=True)
class PublicBinary:
    """``add``, ``sub``, ``mul`` or ``div``, entry by entry, both operands of one length."""

    op: str
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class PublicNeg:
    """-a."""

    op: ClassVar[str] = "neg"
    a: int


@dataclass(frozen=True, slots=True)
class PublicRounded:
    """``round``: a; ``sqrt``: the square root of a; to the nearest multiple of 10^-places, ties to even."""

    op: str
    a: int
    places: int


@dataclass(frozen=True, slots=True)
class PublicTake:
    """Entry k is a[indices[k]]."""

    op: ClassVar[str] = "take"
    a: int
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PublicCommon:
    """How many different points occur in each of some outputs of points; one entry."""

    op: ClassVar[str] = "common"
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PublicMatching:
    """How many points of one output occur in each of others, undefined if fewer than ``minimum``; one entry."""

    op: ClassVar[str] = "matching"
    own: int
    others: tuple[int, ...]
    minimum: int


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

_BINARY = ("add", "sub", "mul", "div")
_ROUNDED = ("round", "sqrt")


def operands_of(expression: Expression) -> tuple[int, ...]:
    """Return the positions that the expression refers to."""
    match expression:
        case PublicConstant() | PublicOutput() | PublicCommon() | PublicMatching():
            return ()
        case PublicBinary(_, a, b):
            return a, b
        case PublicNeg() | PublicRounded() | PublicTake():
            return (expression.a,)


def points_of(expression: Expression) -> tuple[int, ...]:
    """Return the numbers of the outputs of points that the expression compares."""
    match expression:
        case PublicCommon(points):
            return points
        case PublicMatching(own, others):
            return (own, *others)
        case _:
            return ()


def moved_expression(
    expression: Expression, position: dict[int, int], output: dict[int, int], points: dict[int, int]
) -> Expression:
    """Return the expression with its operands, outputs and outputs of points renumbered."""
    match expression:
        case PublicConstant():
            return expression
        case PublicOutput(number):
            return PublicOutput(output[number])
        case PublicBinary(op, a, b):
            return PublicBinary(op, position[a], position[b])
        case PublicNeg(a):
            return PublicNeg(position[a])
        case PublicRounded(op, a, places):
            return PublicRounded(op, position[a], places)
        case PublicTake(a, indices):
            return PublicTake(position[a], indices)
        case PublicCommon(numbers):
            return PublicCommon(tuple(points[k] for k in numbers))
        case PublicMatching(own, others, minimum):
            return PublicMatching(points[own], tuple(points[k] for k in others), minimum)


def length_of(
    expression: Expression, lengths: Sequence[int], outputs: Sequence[int], points: Sequence[int]
) -> int:
    """Return the number of entries; raise ``ValueError`` where the operands do not fit.

    ``lengths`` are those of the expressions before this one, ``outputs`` those of the outputs, ``points`` those of the
    outputs of points.
    """
    wrong = [number for number in points_of(expression) if not 0 <= number < len(points)]
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
    distinct = {number: frozenset(points[number]) for e in expressions for number in points_of(e)}
    for expression in expressions:
        match expression:
            case PublicConstant(constants):
                entries: Entries = list(constants)
            case PublicOutput(number):
                entries = [Fraction(v) for v in outputs[number]]
            case PublicBinary(op, a, b):
                entries = [_binary(op, x, y) for x, y in zip(values[a], values[b], strict=True)]
            case PublicNeg(a):
                entries = [None if x is None else -x for x in values[a]]
            case PublicRounded("round", a, places):
                entries = [None if x is None else Fraction(round(x, places)) for x in values[a]]
            case PublicRounded(_, a, places):
                entries = [_root(x, places) for x in values[a]]
            case PublicTake(a, indices):
                entries = [values[a][i] for i in indices]
            case PublicCommon(numbers):
                entries = [Fraction(len(frozenset.intersection(*(distinct[k] for k in numbers))))]
            case PublicMatching(own, others, minimum):
                common = frozenset.intersection(*(distinct[k] for k in others))
                count = sum(1 for point in points[own] if point in common)
                entries = [Fraction(count) if count >= minimum else None]
        values.append([_bounded(x) for x in entries])
    return values


def _binary(op: str, x: Fraction | None, y: Fraction | None) -> Fraction | None:
    if x is None or y is None:
        return None
    match op:
        case "add":
            return x + y
        case "sub":
            return x - y
        case "mul":
            return x * y
        case _:
            return x / y if y else None


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


def _bounded(x: Fraction | None) -> Fraction | None:
    if x is None or max(abs(x.numerator), x.denominator).bit_length() > MAX_BITS:
        return None
    return x


# ---------------------------------------------------------------------------------------- encoding


def encode_expression(expression: Expression) -> list[Value]:
    """Return the expression as an array: the operation's name, then its fields in order."""
    head: list[Value] = [expression.op]
    match expression:
        case PublicConstant(values):
            return [*head, [_encode_fraction(v) for v in values]]
        case PublicOutput(number):
            return [*head, number]
        case PublicBinary(_, a, b):
            return [*head, a, b]
        case PublicNeg(a):
            return [*head, a]
        case PublicRounded(_, a, places):
            return [*head, a, places]
        case PublicTake(a, indices):
            return [*head, a, list(indices)]
        case PublicCommon(numbers):
            return [*head, list(numbers)]
        case PublicMatching(own, others, minimum):
            return [*head, own, list(others), minimum]


def decode_expression(value: Value, position: int, what: str) -> Expression:
    """Return the expression that ``encode_expression`` wrote as number ``position``."""
    items = expect_array(value, what, min_length=2, max_length=4)
    op = expect_text(items[0], f"{what}: operation", max_length=20)

    def operand(k: int) -> int:
        if position == 0:
            raise ValueError(f"{what}: the first expression has no operands")
        return expect_int(items[k], f"{what}: operand", high=position - 1)

    def numbers(k: int) -> tuple[int, ...]:
        listed = expect_array(items[k], f"{what}: points", min_length=1)
        return tuple(expect_int(number, f"{what}: points", high=MAX_LENGTH) for number in listed)

    expected = {"constant": 2, "output": 2, "neg": 2, "common": 2, "matching": 4}.get(op, 3)
    if len(items) != expected:
        raise ValueError(f"{what}: {expected} entries were expected, not {len(items)}")
    if op == "constant":
        values = expect_array(items[1], f"{what}: values")
        return PublicConstant(tuple(_decode_fraction(v, f"{what}: value") for v in values))
    if op == "output":
        return PublicOutput(expect_int(items[1], f"{what}: output", high=MAX_LENGTH))
    if op == "neg":
        return PublicNeg(operand(1))
    if op in _BINARY:
        return PublicBinary(op, operand(1), operand(2))
    if op in _ROUNDED:
        return PublicRounded(op, operand(1), expect_int(items[2], f"{what}: places", high=MAX_PLACES))
    if op == "take":
        indices = expect_array(items[2], f"{what}: indices")
        return PublicTake(
            operand(1), tuple(expect_int(i, f"{what}: index", high=MAX_LENGTH) for i in indices)
        )
    if op == "common":
        return PublicCommon(numbers(1))
    if op == "matching":
        own, minimum = (expect_int(items[k], f"{what}: {name}", high=MAX_LENGTH) for k, name in _MATCHING)
        return PublicMatching(own, numbers(2), minimum)
    raise ValueError(f"{what}: unknown operation {op!r}")


_MATCHING = ((1, "own"), (3, "minimum"))


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
