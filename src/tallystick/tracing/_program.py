# SPDX-License-Identifier: Apache-2.0
"""Programs, the tables they see, and tracing."""

from __future__ import annotations

import dis
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Generic, Protocol, TypeVar

import numpy as np

from ..disclosure import columns_committed_twice
from ..encoding import loads
from ..errors import DecodeError, ProgramError, TallystickError, UnfinishedError, UsageError
from ..limits import MAX_MEMBERS
from ..plan import (
    MAX_BYTES,
    MAX_VALUES,
    Column,
    Input,
    Member,
    MemberSchema,
    OverflowRangeError,
    Plan,
    Result,
)
from ._builder import Builder, fail, is_program, location
from ._describe import Origin
from ._opened import Opened, public_constant, reveal
from ._secret import Secret

__all__ = [
    "Members",
    "Program",
    "Table",
    "Traceable",
    "check_columns",
    "load_program",
    "program",
    "run_source",
    "schema_of",
    "trace",
]


class Table:
    """One member's table: ``table["column"]`` is a secret vector with one entry per row."""

    def __init__(self, builder: Builder, index: int, schema: MemberSchema) -> None:
        self._builder = builder
        self._index = index
        self._schema = schema

    @property
    def name(self) -> str:
        """The member's name."""
        return self._schema.name

    @property
    def rows(self) -> int:
        """The public number of rows."""
        return self._schema.rows

    def __len__(self) -> int:
        return self._schema.rows

    def __getitem__(self, column: str) -> Secret:
        """Return a column; only columns that a program asks for are committed."""
        known = self._schema.columns.get(column) if isinstance(column, str) else None
        if known is None:
            names = ", ".join(sorted(self._schema.columns)) or "none"
            fail(f"the table of {self.name} has no column {column!r}", hint=f"its columns are: {names}")
        node = Input(self._index, column, self.rows, known.low, known.high, known.decimals, "value")
        origin = Origin(column, frozenset([self._index]), self.rows)
        return Secret(
            self._builder, self._builder.add(node), (self.rows,), decimals=known.decimals, origin=origin
        )

    def __repr__(self) -> str:
        return f"Table({self.name}, {self.rows} rows)"


_T = TypeVar("_T")


class Members(Generic[_T]):
    """What each member brings, in the order of the members; by name with ``members["south"]``."""

    def __init__(self, items: Mapping[str, _T]) -> None:
        self._items = dict(items)

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names."""
        return tuple(self._items)

    def __iter__(self) -> Iterator[_T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, name: str) -> _T:
        if name not in self._items:
            fail(f"there is no member {name!r}", hint=f"the members are: {', '.join(self._items)}")
        return self._items[name]

    def __repr__(self) -> str:
        return f"Members({', '.join(self._items)})"


class Traceable(Protocol):
    """What a plan can be made of: a ``Program`` of this process, or a ``ProgramFile``, which runs confined."""

    def check(self) -> str:
        """Return the program's name; raise ``UsageError`` for what is wrong before any table is known."""

    def trace(self, members: Iterable[MemberSchema]) -> Plan:
        """Return the plan on these tables; raise ``ProgramError``."""

    def stop(self) -> None:
        """End what runs of the program in other processes, from another thread."""
        ...


_MODULE = "tallystick_program"
"""The name of the module that a program's file is run as."""


@dataclass(frozen=True, slots=True)
class Program:
    """A computation: a function from the members' tables to named results."""

    name: str
    function: Callable[[Members[Table]], object]

    @property
    def doc(self) -> str:
        """The function's docstring, or the empty text."""
        return inspect.getdoc(self.function) or ""

    @property
    def where(self) -> str:
        """``file:line`` of the definition."""
        code = self.function.__code__
        return location(Path(code.co_filename), code.co_firstlineno)

    def check(self) -> str:
        """Return the name: a program that is there already has no file to be wrong."""
        return self.name

    def trace(self, members: Iterable[MemberSchema]) -> Plan:
        """Trace the program in this process (``trace``)."""
        return trace(self, members)

    def stop(self) -> None:
        """Do nothing: a program of this process has no other."""

    @property
    def returns(self) -> str:
        """``file:line`` of the statement that returns the results; of the definition where there are several."""
        code = self.function.__code__
        lines = {
            step.positions.lineno
            for step in dis.get_instructions(code)
            if step.positions is not None
            and step.opname.startswith("RETURN_")
            and step.opname != "RETURN_GENERATOR"
        }
        (line,) = lines if len(lines) == 1 else (None,)
        return location(Path(code.co_filename), line or code.co_firstlineno)


def program(function: Callable[[Members[Table]], object]) -> Program:
    """Mark a function of one argument, the members' tables, as a program."""
    parameters = inspect.signature(function).parameters
    if len(parameters) != 1:
        fail(
            f"a program takes one argument, the members' tables; {function.__name__} takes {len(parameters)}",
            hint="def example(table: ts.Members[ts.Table])",
        )
    return Program(function.__name__, function)


def load_program(path: str | Path, name: str | None = None) -> Program:
    """Run a Python file in this process and return its program; ``name`` chooses one where the file defines several.

    The file is code that the caller trusts with everything this process can do; ``ProgramFile`` runs it confined.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise UsageError(f"there is no program file {path}")
    return run_source(path.read_bytes(), path, name)


def run_source(source: bytes, path: Path, name: str | None = None) -> Program:
    """Run the source of a file and return its program, as ``load_program`` does."""
    module = ModuleType(_MODULE)
    module.__file__ = str(path)
    before = sys.modules.get(_MODULE)
    sys.modules[_MODULE] = module  # Where classes of the file look for their module.
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102  running the program is the purpose
    except TallystickError:
        raise
    except SyntaxError as error:
        raise ProgramError(f"syntax error: {error.msg}", where=f"{path}:{error.lineno}") from error
    except BaseException as error:
        raise _failure(error, str(path)) from error
    finally:
        if before is None:
            del sys.modules[_MODULE]
        else:
            sys.modules[_MODULE] = before
    namespace = vars(module)
    found = {p.name: p for p in namespace.values() if isinstance(p, Program)}
    own = {n: p for n, p in found.items() if Path(p.function.__code__.co_filename).resolve() == path} or found
    if name is not None:
        if name not in own:
            raise UsageError(
                f"{path} defines no program {name!r}", hint=f"it defines: {', '.join(own) or 'none'}"
            )
        return own[name]
    if len(own) != 1:
        defined = ", ".join(own) or "none"
        raise UsageError(f"{path} must define one program, marked with @ts.program; it defines: {defined}")
    return next(iter(own.values()))


def trace(program: Program, members: Iterable[MemberSchema]) -> Plan:
    """Run the program once on symbolic tables and return its plan.  Raises ``ProgramError``."""
    # The library is above this room and enters operators into it: a program may use them without naming ``ts.*``.
    importlib.import_module("..lib", __package__)
    schemas = list(members)
    names = [s.name for s in schemas]
    if not 1 <= len(schemas) <= MAX_MEMBERS or len(set(names)) != len(names):
        raise UsageError(f"a computation has between 1 and {MAX_MEMBERS} members with different names")
    builder = Builder([Member(s.name, s.rows) for s in schemas])
    tables = Members({s.name: Table(builder, k, s) for k, s in enumerate(schemas)})
    try:
        returned = program.function(tables)
        results = list(_flatten(builder, returned, "", program.returns))
    except TallystickError:
        raise
    except BaseException as error:
        raise _failure(error, program.where) from error
    if not results:
        raise ProgramError(
            "the program returns no result", where=program.returns, hint="return a dict of results"
        )
    try:
        plan = builder.finish(program.name, results)
    except (ValueError, OverflowRangeError) as error:
        raise ProgramError(str(error), where=program.where) from error
    _check_size(plan, program)
    check_columns(plan, program.where)
    return plan


def _check_size(plan: Plan, program: Program) -> None:
    """Refuse a plan that no member could read and no transcript could hold."""
    encoded = plan.to_bytes()
    if len(encoded) <= MAX_VALUES:  # A value takes a byte at least.
        return
    try:
        loads(encoded, max_size=MAX_BYTES, max_values=MAX_VALUES, what="the plan")
    except DecodeError as error:
        raise ProgramError(
            f"the plan is too large for a transcript: more than {MAX_VALUES:,} values or {MAX_BYTES:,} bytes",
            where=program.where,
            hint="public data in the program, such as constants and positions, is part of the plan",
        ) from error


def check_columns(plan: Plan, where: str) -> None:
    """Refuse a plan that uses a column as two inputs: nothing would prove that both hold the same values."""
    twice = columns_committed_twice(plan)
    if twice:
        member, name = twice[0]
        raise ProgramError(
            f"the column {name!r} of {member} is used in a join and elsewhere, or in two joins of different columns: "
            "its two commitments could hold different values, and no proof says that they do not",
            where=where,
            hint="compute both in programs of their own, or give the column a second name in the table and the job, "
            "which says openly that these are two columns",
        )


def schema_of(plan: Plan) -> list[MemberSchema]:
    """Return the schema to trace a plan's program with again; it must reproduce the plan."""
    return [
        MemberSchema(
            member.name, member.rows, {n.name: Column(n.low, n.high, n.decimals) for n in plan.inputs_of(k)}
        )
        for k, member in enumerate(plan.members)
    ]


def _flatten(builder: Builder, value: object, name: str, where: str) -> Iterator[Result]:
    """Name every leaf of the returned structure: ``mean.south``, ``slope.0``.  Errors name the line ``where``."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str) or not key:
                message = f"result {name or 'names'}: keys are non-empty text, not {key!r}"
                raise ProgramError(message, where=where)
            yield from _flatten(builder, child, f"{name}.{key}" if name else key, where)
    elif isinstance(value, list | tuple):
        for k, child in enumerate(value):
            yield from _flatten(builder, child, f"{name}.{k}" if name else str(k), where)
    else:
        try:
            opened = _as_opened(builder, value)
        except ProgramError as error:
            message = f"result {name}: {error.what}" if name else error.what
            raise ProgramError(message, where=where, hint=error.hint) from None
        yield Result(name or "result", opened.expression, opened.shape)


def _as_opened(builder: Builder, value: object) -> Opened:
    if isinstance(value, Secret):
        value = reveal(value)
    if isinstance(value, int | np.integer | Fraction | Decimal) and not isinstance(value, bool):
        return public_constant(builder, value)
    if not isinstance(value, Opened):
        hint = "return secrets, opened values or integers"
        fail(f"{type(value).__name__} cannot be a result", hint=hint)
    if value.builder is not builder:
        fail("a value of another trace", hint="do not keep secrets in global variables")
    return value


def _failure(error: BaseException, where: str) -> BaseException:
    """Return what to raise for what a program raised: only an error in it is one that its author can correct here.

    A program that ends the process, or takes all memory, must not look like one that has been traced, nor like a
    mistake on the command line.
    """
    if isinstance(error, KeyboardInterrupt):
        return error
    where = _raised_at(error) or where
    if isinstance(error, SystemExit):
        message = f"{where}: the program ends the process (exit code {error.code!r}) instead of being traced"
        return UnfinishedError(message, check="program", hint="keep what is not the program out of its file")
    if isinstance(error, MemoryError) or not isinstance(error, Exception):
        return UnfinishedError(f"{where}: the program failed: {type(error).__name__}", check="program")
    return ProgramError(f"{type(error).__name__}: {error}", where=where)


def _raised_at(error: BaseException) -> str | None:
    """Return ``file:line`` of the innermost program frame of a traceback."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_program(str(frame.f_globals.get("__name__"))):
            found = location(Path(frame.f_code.co_filename), line)
    return found
