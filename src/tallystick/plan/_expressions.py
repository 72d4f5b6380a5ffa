"""Public arithmetic on opened values: exact fractions, evaluated alike by members and auditors.

Expressions are flat vectors like nodes, written as a list in which each refers to earlier ones.  An entry
that has no value (a division by zero, a root of a negative number, a fraction beyond ``MAX_BITS`` bits) is
``None``, and so is everything computed from it.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    "PublicConstant",
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


Expression: TypeAlias = PublicConstant | PublicOutput | PublicBinary | PublicNeg | PublicRounded | PublicTake

_BINARY = ("add", "sub", "mul", "div")
_ROUNDED = ("round", "sqrt")


def operands_of(expression: Expression) -> tuple[int, ...]:
    """Return the positions that the expression refers to."""
    match expression:
        case PublicConstant() | PublicOutput():
            return ()
        case PublicBinary(_, a, b):
            return a, b
        case PublicNeg() | PublicRounded() | PublicTake():
            return (expression.a,)


def moved_expression(expression: Expression, position: dict[int, int], output: dict[int, int]) -> Expression:
    """Return the expression with its operands and outputs renumbered."""
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


def length_of(expression: Expression, lengths: Sequence[int], outputs: Sequence[int]) -> int:
    """Return the number of entries; raise ``ValueError`` where the operands do not fit.

    ``lengths`` are those of the expressions before this one, ``outputs`` those of the outputs.
    """
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


def places_of(expression: Expression) -> int | None:
    """Return the decimal places to which the expression rounds, or None if it does not."""
    return expression.places if isinstance(expression, PublicRounded) else None


def evaluate_expressions(
    expressions: Sequence[Expression], outputs: Sequence[Sequence[int]]
) -> list[Entries]:
    """Return the entries of every expression, None where an entry is undefined."""
    values: list[Entries] = []
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


def decode_expression(value: Value, position: int, what: str) -> Expression:
    """Return the expression that ``encode_expression`` wrote as number ``position``."""
    items = expect_array(value, what, min_length=2, max_length=3)
    op = expect_text(items[0], f"{what}: operation", max_length=20)

    def operand(k: int) -> int:
        if position == 0:
            raise ValueError(f"{what}: the first expression has no operands")
        return expect_int(items[k], f"{what}: operand", high=position - 1)

    expected = 2 if op in ("constant", "output", "neg") else 3
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
    raise ValueError(f"{what}: unknown operation {op!r}")


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
