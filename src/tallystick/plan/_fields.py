# SPDX-License-Identifier: Apache-2.0
"""How the fields of nodes and expressions are declared: each with its kind, once.

A class says ``a: Operand`` or ``factors: Integers``, in the order of ``spec/plan.md``.  From that follow its operands,
its bytes, what decoding refuses, what it is once others have been left out, and the sizes that it may have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Annotated, Generic, NamedTuple, TypeAlias, TypeVar, cast, get_type_hints

from ..encoding import Value, expect_array, expect_bool, expect_decimal, expect_int, expect_text
from ..limits import MAX_NAME, MAX_ROWS
from ._intervals import HALF, checked

__all__ = [
    "MAX_LENGTH",
    "Called",
    "Codec",
    "Flag",
    "Integer",
    "Integers",
    "Kind",
    "Members",
    "Name",
    "Only",
    "Operand",
    "Operands",
    "Size",
    "Sizes",
    "Steps",
    "check_fields",
    "check_text",
    "decode_integer",
    "encode_integer",
    "references",
    "renumbered",
    "require",
    "size",
    "sizes",
    "text",
]

MAX_LENGTH = MAX_ROWS
"""Elements of one node."""

MAX_DIMENSIONS = 16
"""Dimensions of a view."""

_INT64 = 1 << 63

_T = TypeVar("_T")


class Called(NamedTuple):
    """How errors call a field, and one of several entries, if not by the field's name."""

    field: str
    entry: str = ""

    def within(self, what: str) -> Called:
        """Return the names within what they are a part of."""
        field = f"{what}: {self.field}"
        return Called(field, f"{what}: {self.entry}" if self.entry else field)


class Only(NamedTuple):
    """The field is written with this operation alone."""

    op: str


@dataclass(frozen=True, slots=True)
class Kind(Generic[_T]):
    """What a field may hold, and how it is written.

    ``decode`` gets what was written, how errors call it, and the number of the node or expression that it is part of;
    ``encode`` is None for what is written as it is.  ``check`` gets a name and a value, and raises ``ValueError`` for
    what decoding would refuse.  ``refers`` names the list into which the field holds a position, or several.
    """

    name: str
    decode: Callable[[Value, Called, int], _T]
    encode: Callable[[_T], Value] | None = None
    check: Callable[[str, _T], object] | None = None
    refers: str | None = None
    many: bool = False


# ---------------------------------------------------------------------------------------- kinds


def encode_integer(value: int) -> Value:
    """Return the integer itself within signed 64 bits, otherwise its decimal text."""
    return value if -_INT64 <= value < _INT64 else str(value)


def decode_integer(value: Value, what: str) -> int:
    """Return the integer that ``encode_integer`` wrote, at most HALF in absolute value."""
    if isinstance(value, str):
        number = expect_decimal(value, what)
        require(not -_INT64 <= number < _INT64, f"{what}: an integer within 64 bits is not written as text")
    else:
        number = expect_int(value, what, low=-_INT64, high=_INT64 - 1)
    require(-HALF <= number <= HALF, f"{what}: the integer does not fit the field")
    return number


def check_text(what: str, text: str, longest: int = MAX_NAME) -> None:
    """Raise ``ValueError`` unless the text is short and safe to print: no control characters reach a terminal."""
    if not 1 <= len(text) <= longest or not text.isprintable():
        raise ValueError(f"{what}: 1 to {longest} printable characters are required, not {ascii(text)[:60]}")


def require(condition: bool, message: str) -> None:
    """Raise ``ValueError`` with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def _within(low: int, high: int) -> Callable[[str, int], None]:
    def check(name: str, value: int) -> None:
        require(low <= value <= high, f"{name}: {value} is not between {low} and {high}")

    return check


def _several(items: list[Value], what: str, low: int, high: int) -> tuple[int, ...]:
    """Return integers that all lie in [low, high]; where one does not, the error is about the first."""
    found = [v for v in items if type(v) is int]
    if len(found) == len(items) and (not found or (low <= min(found) and max(found) <= high)):
        return tuple(found)
    return tuple(expect_int(v, what, low=low, high=high) for v in items)


def earlier(noun: str) -> Kind[int]:
    """Return the kind of a position of an earlier node or expression."""

    def decode(value: Value, what: Called, position: int) -> int:
        require(position > 0, f"{what.field}: the first {noun} has no operands")
        return expect_int(value, what.field, high=position - 1)

    return Kind("operand", decode, refers=noun)


def size(high: int = MAX_LENGTH, *, refers: str | None = None) -> Kind[int]:
    """Return the kind of an unsigned integer up to ``high``."""
    return Kind(
        "size",
        lambda value, what, _: expect_int(value, what.field, high=high),
        check=_within(0, high),
        refers=refers,
    )


def sizes(
    name: str, *, low: int = 0, fewest: int = 0, most: int | None = None, refers: str | None = None
) -> Kind[tuple[int, ...]]:
    """Return the kind of several integers from ``low`` to ``MAX_LENGTH``."""
    within = _within(low, MAX_LENGTH)

    def decode(value: Value, what: Called, position: int) -> tuple[int, ...]:
        items = expect_array(value, what.field, min_length=fewest, max_length=most)
        return _several(items, what.entry, low, MAX_LENGTH)

    def check(name: str, values: tuple[int, ...]) -> None:
        if values:
            within(name, min(values))
            within(name, max(values))

    return Kind(name, decode, list, check, refers=refers, many=True)


def text(longest: int = MAX_NAME) -> Kind[str]:
    """Return the kind of a printable text of 1 to ``longest`` characters."""
    return Kind(
        "text",
        lambda value, what, _: expect_text(value, what.field, min_length=1, max_length=longest),
        check=lambda name, value: check_text(name, value, longest),
    )


def _operands(value: Value, what: Called, position: int) -> tuple[int, ...]:
    listed = expect_array(value, what.field)
    require(position > 0 or not listed, f"{what.field}: the first node has no operands")
    return _several(listed, what.entry, 0, position - 1)


def _integers(value: Value, what: Called, position: int) -> tuple[int, ...]:
    items = expect_array(value, what.field)
    if all(type(v) is int for v in items):
        return _several(items, what.entry, -_INT64, _INT64 - 1)
    return tuple(decode_integer(v, what.entry) for v in items)


_MEMBERS = sizes("members", fewest=1)

Operand: TypeAlias = Annotated[int, earlier("node")]
Operands: TypeAlias = Annotated[tuple[int, ...], Kind("operands", _operands, list, refers="node", many=True)]
Size: TypeAlias = Annotated[int, size()]
Sizes: TypeAlias = Annotated[tuple[int, ...], sizes("sizes")]
Steps: TypeAlias = Annotated[tuple[int, ...], sizes("steps", low=-MAX_LENGTH, most=MAX_DIMENSIONS)]
Integer: TypeAlias = Annotated[
    int, Kind("integer", lambda value, what, _: decode_integer(value, what.field), encode_integer)
]
Integers: TypeAlias = Annotated[
    tuple[int, ...],
    Kind(
        "integers",
        _integers,
        lambda values: [encode_integer(v) for v in values],
        lambda _, values: checked(min(values, default=0), max(values, default=0)),
    ),
]
Name: TypeAlias = Annotated[str, text()]
Flag: TypeAlias = Annotated[bool, Kind("flag", lambda value, what, _: expect_bool(value, what.field))]
Members: TypeAlias = Annotated[
    tuple[int, ...] | None,
    Kind(
        "members",
        lambda value, what, at: None if value is None else _MEMBERS.decode(value, what, at),
        lambda to: None if to is None else list(to),
    ),
]


# ---------------------------------------------------------------------------------------- what follows


class _Field(NamedTuple):
    name: str
    kind: Kind[object]
    called: Called
    only: str | None


class _Schema:
    """What follows from the fields that a class declares."""

    def __init__(self, cls: type) -> None:
        self.fields: list[_Field] = []
        for name, hint in get_type_hints(cls, include_extras=True).items():
            marks = getattr(hint, "__metadata__", ())
            kind = next((m for m in marks if isinstance(m, Kind)), None)
            if kind is not None:
                called = next((m for m in marks if isinstance(m, Called)), Called(name))
                only = next((m.op for m in marks if isinstance(m, Only)), None)
                self.fields.append(_Field(name, kind, called, only))
        self.checks = [(f.name, f.kind.check) for f in self.fields if f.kind.check is not None]
        self.references = {to: self._reader(to) for to in ("node", "expression", "output", "points")}
        kinds = {f.name: f.kind for f in self.fields}
        self.numbering = [(f.name, kinds.get(f.name)) for f in fields(cls)]

    def _reader(self, to: str) -> Callable[[object], tuple[int, ...]]:
        """Return what reads off an item the positions in list ``to`` that it refers to."""
        own = [f for f in self.fields if f.kind.refers == to]
        if not own:
            return lambda item: ()
        if len(own) == 1:
            one = attrgetter(own[0].name)
            return one if own[0].kind.many else lambda item: (one(item),)
        get, several = attrgetter(*(f.name for f in own)), [f.kind.many for f in own]
        if not any(several):
            return get

        def joined(item: object) -> tuple[int, ...]:
            held = zip(get(item), several, strict=True)
            return tuple(p for field, many in held for p in (field if many else (field,)))

        return joined


class _Schemas(dict[type, _Schema]):
    """The schema of every class, worked out when it is first asked for."""

    def __missing__(self, cls: type) -> _Schema:
        self[cls] = _Schema(cls)
        return self[cls]


_SCHEMAS = _Schemas()


def references(item: object, to: str) -> tuple[int, ...]:
    """Return the positions in list ``to`` that a node or expression refers to, in the order of its fields."""
    return _SCHEMAS[type(item)].references[to](item)


def renumbered(item: _T, positions: Mapping[str, Mapping[int, int]]) -> _T:
    """Return the node or expression with every position in each of the lists replaced by that in the map."""
    values = []
    for name, kind in _SCHEMAS[type(item)].numbering:
        value = getattr(item, name)
        if kind is not None and kind.refers is not None:
            new = positions[kind.refers]
            value = tuple([new[p] for p in value]) if kind.many else new[value]
        values.append(value)
    return type(item)(*values)


def check_fields(item: object) -> None:
    """Raise ``ValueError`` for a field that decoding would refuse, were it written."""
    for name, check in _SCHEMAS[type(item)].checks:
        value = getattr(item, name)
        if value is not None:
            check(name, value)


class _Form(NamedTuple):
    """One way to write a class: how an item is made, of which fields, and what it has besides."""

    make: Callable[..., object]
    fields: list[_Field]
    others: Mapping[str, object]


class Codec(Generic[_T]):
    """Writes and reads items of some classes as arrays: the operation's name, then its fields in order.

    ``ops`` of a class names its operations, ``op`` if there is only one; ``written`` gives an item's own.
    """

    def __init__(self, classes: Iterable[type], written: Callable[[_T], str]) -> None:
        self._written = written
        self._forms: dict[str, _Form] = {}
        for cls in classes:
            for op in getattr(cls, "ops", None) or (getattr(cls, "op"),):  # noqa: B009  a class of any kind
                own = [f for f in _SCHEMAS[cls].fields if f.only in (None, op)]
                others = {"op": op} if "op" in (f.name for f in fields(cls)) else {}
                self._forms[op] = _Form(cls, own, others)
        self.forms: Mapping[str, list[tuple[str, str]]] = {
            op: [(f.name, f.kind.name) for f in form.fields] for op, form in self._forms.items()
        }
        """The fields of each operation, in order: name and kind."""

    def encode(self, item: _T) -> list[Value]:
        """Return what stands for the item."""
        op = self._written(item)
        out: list[Value] = [op]
        for field in self._forms[op].fields:
            value = getattr(item, field.name)
            out.append(value if field.kind.encode is None else field.kind.encode(value))
        return out

    def decode(self, items: list[Value], position: int, what: str) -> _T:
        """Return the item that ``encode`` wrote as number ``position``; ``what`` is how errors call it.

        The first of ``items`` is an operation's name.  Raises ``DecodeError`` or ``ValueError``.
        """
        form = self._forms[str(items[0])]
        values: dict[str, object] = {}
        for at, field in enumerate(form.fields, 1):
            called = field.called.within(what)
            require(at < len(items), f"{called.field} is missing")
            values[field.name] = field.kind.decode(items[at], called, position)
        require(len(items) <= 1 + len(values), f"{what}: {len(items) - 1 - len(values)} fields too many")
        return cast(_T, form.make(**values, **form.others))
