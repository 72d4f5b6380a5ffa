"""How the fields of nodes and expressions are declared: each with its kind, once.

A class says ``a: Operand`` or ``factors: Integers``, in the order of ``spec/plan.md``.  From that follow its operands,
its bytes, what decoding refuses, what it is once others have been left out, and the sizes that it may have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from operator import attrgetter
from typing import Annotated, Generic, NamedTuple, TypeAlias, TypeVar, get_type_hints

from ..encoding import Value, expect_array, expect_bool, expect_decimal, expect_int, expect_text
from ._intervals import HALF, checked

__all__ = [
    "MAX_LENGTH",
    "MAX_NAME",
    "Called",
    "Codec",
    "Flag",
    "Indices",
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
    "numbers",
    "references",
    "renumbered",
    "require",
    "size",
    "text",
]

MAX_LENGTH = 1 << 24
"""Elements of one node."""

MAX_NAME = 100
"""Characters of a name."""

MAX_DIMENSIONS = 16
"""Dimensions of a view."""

_INT64 = 1 << 63

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[_T]):
    """What a field may hold, and how it is written.

    ``decode`` gets what was written, how errors call it, and the number of the node or expression that it is part of;
    ``encode`` is None for what is written as it is.  ``refers`` names the list into which the field holds a position,
    or with ``many`` several.  ``check`` raises ``ValueError`` for what decoding would refuse.
    """

    name: str
    decode: Callable[[Value, Called, int], _T]
    encode: Callable[[_T], Value] | None = None
    refers: str | None = None
    many: bool = False
    check: Callable[[_T], object] | None = None


class Called(NamedTuple):
    """How errors call a field, and one of several entries, if not by the field's name."""

    field: str
    entry: str = ""

    def within(self, what: str) -> Called:
        """Return the names within what they are a part of."""
        field = f"{what}: {self.field}"
        return Called(field, f"{what}: {self.entry}" if self.entry else field)


@dataclass(frozen=True, slots=True)
class Only:
    """The field is written with this operation alone."""

    op: str


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


def _within(low: int, high: int) -> Callable[[int], None]:
    def check(value: int) -> None:
        require(low <= value <= high, f"{value} is not between {low} and {high}")

    return check


def _each(check: Callable[[int], object]) -> Callable[[tuple[int, ...]], None]:
    """Return what checks the least and the greatest of several integers."""

    def check_ends(values: tuple[int, ...]) -> None:
        if values:
            check(min(values))
            check(max(values))

    return check_ends


def _several(items: list[Value], what: str, low: int, high: int) -> tuple[int, ...]:
    """Return integers that all lie in [low, high]; where one does not, the error is about the first."""
    found = [v for v in items if type(v) is int]
    if len(found) == len(items) and (not found or (low <= min(found) and max(found) <= high)):
        return tuple(found)
    return tuple(expect_int(v, what, low=low, high=high) for v in items)


def _integers(value: Value, what: Called, position: int) -> tuple[int, ...]:
    items = expect_array(value, what.field)
    if all(type(v) is int for v in items):
        return _several(items, what.entry, -_INT64, _INT64 - 1)
    return tuple(decode_integer(v, what.entry) for v in items)


def earlier(noun: str) -> Kind[int]:
    """Return the kind of a position of an earlier node or expression."""

    def decode(value: Value, what: Called, position: int) -> int:
        require(position > 0, f"{what.field}: the first {noun} has no operands")
        return expect_int(value, what.field, high=position - 1)

    return Kind(name="operand", decode=decode, refers=noun)


def _operands(value: Value, what: Called, position: int) -> tuple[int, ...]:
    listed = expect_array(value, what.field)
    require(position > 0 or not listed, f"{what.field}: the first node has no operands")
    return _several(listed, what.entry, 0, position - 1)


def size(high: int = MAX_LENGTH, *, refers: str | None = None) -> Kind[int]:
    """Return the kind of an unsigned integer up to ``high``."""
    return Kind(
        name="size",
        decode=lambda value, what, _: expect_int(value, what.field, high=high),
        refers=refers,
        check=_within(0, high),
    )


def numbers(
    name: str, *, low: int = 0, fewest: int = 0, most: int | None = None, refers: str | None = None
) -> Kind[tuple[int, ...]]:
    """Return the kind of several integers from ``low`` to ``MAX_LENGTH``."""

    def decode(value: Value, what: Called, position: int) -> tuple[int, ...]:
        items = expect_array(value, what.field, min_length=fewest, max_length=most)
        return _several(items, what.entry, low, MAX_LENGTH)

    return Kind(
        name=name,
        decode=decode,
        encode=list,
        refers=refers,
        many=True,
        check=_each(_within(low, MAX_LENGTH)),
    )


def text(longest: int) -> Kind[str]:
    """Return the kind of a text of 1 to ``longest`` characters."""
    return Kind(
        name="text",
        decode=lambda value, what, _: expect_text(value, what.field, min_length=1, max_length=longest),
    )


def _recipients(value: Value, what: Called, position: int) -> tuple[int, ...] | None:
    return None if value is None else _MEMBERS.decode(value, what, position)


_MEMBERS = numbers("members", fewest=1)

Operand: TypeAlias = Annotated[int, earlier("node")]
Operands: TypeAlias = Annotated[
    tuple[int, ...], Kind(name="operands", decode=_operands, encode=list, refers="node", many=True)
]
Size: TypeAlias = Annotated[int, size()]
Sizes: TypeAlias = Annotated[tuple[int, ...], numbers("sizes")]
Indices: TypeAlias = Sizes
Steps: TypeAlias = Annotated[tuple[int, ...], numbers("steps", low=-MAX_LENGTH, most=MAX_DIMENSIONS)]
Integer: TypeAlias = Annotated[
    int,
    Kind(
        name="integer",
        decode=lambda value, what, _: decode_integer(value, what.field),
        encode=encode_integer,
    ),
]
Integers: TypeAlias = Annotated[
    tuple[int, ...],
    Kind(
        name="integers",
        decode=_integers,
        encode=lambda values: [encode_integer(v) for v in values],
        check=lambda values: checked(min(values, default=0), max(values, default=0)),
    ),
]
Name: TypeAlias = Annotated[str, text(MAX_NAME)]
Flag: TypeAlias = Annotated[
    bool, Kind(name="flag", decode=lambda value, what, _: expect_bool(value, what.field))
]
Members: TypeAlias = Annotated[
    tuple[int, ...] | None,
    Kind(
        name="members",
        decode=_recipients,
        encode=lambda to: None if to is None else list(to),
    ),
]


# ---------------------------------------------------------------------------------------- what follows


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    called: Called
    kind: Kind[object]
    only: str | None


class _ByClass(dict[type, _T]):
    """What is worked out once for each class."""

    def __init__(self, make: Callable[[type], _T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, cls: type) -> _T:
        self[cls] = self._make(cls)
        return self[cls]


def _find_declared(cls: type) -> Mapping[str, _Field]:
    """Return the fields of a class that are written, in order."""
    found = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        marks = getattr(hint, "__metadata__", ())
        kinds = [m for m in marks if isinstance(m, Kind)]
        if kinds:
            called = next((m for m in marks if isinstance(m, Called)), Called(name))
            only = next((m.op for m in marks if isinstance(m, Only)), None)
            found[name] = _Field(name, called, kinds[0], only)
    return found


_DECLARED = _ByClass(_find_declared)


def _find_reader(cls: type, to: str) -> Callable[[object], tuple[int, ...]]:
    """Return what reads off an item of the class the positions in list ``to`` that it refers to."""
    own = [(f.name, f.kind.many) for f in _DECLARED[cls].values() if f.kind.refers == to]
    if not own:
        return lambda item: ()
    if len(own) == 1:
        name, many = own[0]
        one = attrgetter(name)
        return one if many else lambda item: (one(item),)
    get, several = attrgetter(*(name for name, _ in own)), [many for _, many in own]
    if not any(several):
        return get

    def joined(item: object) -> tuple[int, ...]:
        held = zip(get(item), several, strict=True)
        return tuple(p for field, many in held for p in (field if many else (field,)))

    return joined


_READERS = {to: _ByClass(partial(_find_reader, to=to)) for to in ("node", "expression", "output", "points")}


def references(item: object, to: str) -> tuple[int, ...]:
    """Return the positions in list ``to`` that a node or expression refers to, in the order of its fields."""
    return _READERS[to][type(item)](item)


def _find_moving(cls: type) -> tuple[tuple[str, str | None, bool], ...]:
    kinds = {name: (f.kind.refers, f.kind.many) for name, f in _DECLARED[cls].items()}
    return tuple((f.name, *kinds.get(f.name, (None, False))) for f in fields(cls))


_MOVING = _ByClass(_find_moving)


def renumbered(item: _T, positions: Mapping[str, Mapping[int, int]]) -> _T:
    """Return the node or expression with every position in each of the lists replaced by that in the map."""
    values = []
    for name, to, many in _MOVING[type(item)]:
        value = getattr(item, name)
        if to is not None:
            new = positions[to]
            value = tuple([new[p] for p in value]) if many else new[value]
        values.append(value)
    return type(item)(*values)


def _find_checks(cls: type) -> tuple[tuple[str, Callable[[object], object]], ...]:
    return tuple((f.name, f.kind.check) for f in _DECLARED[cls].values() if f.kind.check is not None)


_CHECKS = _ByClass(_find_checks)


def check_fields(item: object) -> None:
    """Raise ``ValueError`` for a field that decoding would refuse, were it written."""
    for name, check in _CHECKS[type(item)]:
        value = getattr(item, name)
        if value is not None:
            check(value)


@dataclass(frozen=True, slots=True)
class _Form(Generic[_T]):
    """One way to write a class: under which name, which fields, and what the others are."""

    op: str
    make: Callable[..., _T]
    fields: tuple[_Field, ...]
    others: Mapping[str, object]


class Codec(Generic[_T]):
    """Writes and reads items of some classes as arrays: the operation's name, then its fields in order.

    ``ops`` of a class names the operations, ``op`` if there is only one; ``written`` of an item is its own.
    """

    def __init__(self, classes: Iterable[type]) -> None:
        self._forms: dict[str, _Form[_T]] = {}
        for cls in classes:
            declared = _DECLARED[cls].values()
            for op in getattr(cls, "ops", None) or (getattr(cls, "op"),):  # noqa: B009  a class of any kind
                own = tuple(f for f in declared if f.only in (None, op))
                others = {"op": op} if "op" in (f.name for f in fields(cls)) else {}
                self._forms[op] = _Form(op, cls, own, others)
        self.forms: Mapping[str, tuple[tuple[str, str], ...]] = {
            op: tuple((f.name, f.kind.name) for f in form.fields) for op, form in self._forms.items()
        }
        """The fields of each operation, in order: name and kind."""

    def encode(self, op: str, item: _T) -> list[Value]:
        """Return what stands for the item, which is written as operation ``op``."""
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
        return form.make(**values, **form.others)
