# SPDX-License-Identifier: Apache-2.0
"""A program in a file: foreign code, run and traced in confined processes of its own.

A file that somebody sent must not see this process's keys and data, reach the network, write, or last for ever
(``_confine``).  It is traced twice, under different seeds of Python's hashes: what iterates over a set would
otherwise be another plan in every process.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..encoding import Value, dumps, expect_bytes, expect_map, expect_text, loads
from ..errors import DecodeError, ProgramError, TallystickError, UnfinishedError, UsageError, explaining
from ..plan import MAX_BYTES, MemberSchema, Plan
from ._child import MAX_REQUEST, UNCONFINED
from ._program import check_columns

__all__ = ["ProgramFile"]

_MAX_SOURCE = 1 << 24
_MAX_PRINTED = 1 << 14
_MAX_TEXT = 2000
_SECONDS = 300
"""By the clock, for a program that waits in place of computing."""

_SEEDS = ("0", "1")
_COMMAND = [sys.executable, "-P", "-c", "from tallystick.tracing._child import main; main()"]


def _say(message: str) -> None:
    print(f"tallystick: {message}", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """Where a program's source is; ``function`` chooses one where the file defines several.

    ``say`` is told, line by line, what the program prints, and where it could not be confined.  ``stop`` may be called
    from another thread than the one that waits.
    """

    path: Path
    function: str | None = None
    say: Callable[[str], None] = field(default=_say, compare=False, repr=False)
    _children: _Children = field(default_factory=lambda: _Children(), init=False, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, folder: Path = Path()) -> ProgramFile:
        """Read ``FILE`` or ``FILE:FUNCTION``, relative to a folder."""
        path, colon, function = text.rpartition(":")
        if colon and function.isidentifier():
            return cls(folder / path, function)
        return cls(folder / text)

    def __str__(self) -> str:
        return f"{self.path}:{self.function}" if self.function else str(self.path)

    def check(self, *, seconds: float | None = None) -> str:
        """Run the file and return the program's name: what is wrong with the file itself shows before any peer waits.

        Raises ``UsageError``, ``ProgramError`` and ``UnfinishedError`` as ``load_program`` does.
        """
        (reply,) = self._run(None, _SEEDS[:1], seconds)
        return expect_text(reply["name"], f"{self.path}: the program's name")

    def trace(self, members: Iterable[MemberSchema], *, seconds: float | None = None) -> Plan:
        """Trace the program on symbolic tables; ``ProgramError`` names its line.

        What comes back is checked like any plan from anywhere, and to be one on these tables.  Raises
        ``UnfinishedError`` for a program that ends the process, or is not traced within so many seconds.
        """
        schemas = list(members)
        first, *others = (reply["plan"] for reply in self._run(schemas, _SEEDS, seconds))
        if any(plan != first for plan in others):
            raise ProgramError(
                "the program traces to another plan in every process",
                where=str(self.path),
                hint="go through lists in place of sets, whose order differs from process to process",
            )
        try:
            plan = Plan.from_bytes(expect_bytes(first, "plan", max_length=MAX_BYTES))
        except DecodeError as error:
            raise self._failed(f"it left no plan: {error.message}") from error
        if not _fits(plan, schemas):
            raise self._failed("it left a plan on other tables")
        # What tracing refuses in the program's own process, the program can have left out there.
        check_columns(plan, str(self.path))
        return plan

    def stop(self) -> None:
        """End all that runs of the program, now and later; who waits for it gets an ``UnfinishedError``."""
        self._children.stop()

    def _failed(self, what: str) -> ProgramError:
        return ProgramError(what, where=str(self.path))

    def _unfinished(self, what: str, hint: str | None = None) -> UnfinishedError:
        return UnfinishedError(f"{self}: {what}", check="program", hint=hint)

    def _run(
        self, members: Sequence[MemberSchema] | None, seeds: Sequence[str], seconds: float | None = None
    ) -> list[dict[str, Value]]:
        seconds = min(_SECONDS, seconds or _SECONDS)
        path = self.path.resolve()
        source, own = _read(path)
        request = dumps(
            {
                "path": str(path),
                "source": source,
                "function": self.function,
                "unconfined": own,
                "members": None if members is None else [_body(schema) for schema in members],
            }
        )
        if len(request) > MAX_REQUEST:
            raise UsageError(
                f"{self.path}: the program and what is public about the tables are too large to trace"
            )
        children = self._children.start(request, seeds, seconds)
        for child in children:
            child.join()
        for line in children[0].printed():
            self.say(line)
        replies = [self._reply(child) for child in children]
        if not all(reply["confined"] for reply in replies):
            self.say(f"{self.path} was traced without confinement, which this machine does not offer")
        return replies

    def _reply(self, child: _Child) -> dict[str, Value]:
        if child.late:
            raise self._unfinished(f"it was not traced within {child.late:g} s")
        if not child.answer:
            raise self._unfinished(
                f"it ended the process that traced it ({child.end()})",
                "keep what is not the program out of its file",
            )
        try:
            reply = loads(child.answer, max_size=MAX_BYTES + (1 << 16), what="the traced plan")
            if isinstance(reply, dict) and "refused" in reply:
                raise self._refused(reply)
            return expect_map(reply, "the traced plan", required=("confined", "name", "plan"))
        except DecodeError as error:
            raise self._failed(f"it left no plan: {error.message}") from error

    def _refused(self, reply: dict[str, Value]) -> TallystickError:
        what, where, hint = (_shown(reply.get(key)) for key in ("what", "where", "hint"))
        if reply["refused"] == UNCONFINED:
            return UsageError(
                f"{self.path}: this machine cannot confine a program ({_shown(reply.get('why'))}), and the file may be "
                "somebody else's",
                hint="only programs of the package, and files that belong to you and that nobody else can write, are "
                "traced here",
            )
        if reply["refused"] == "unfinished":
            return self._unfinished(what or "it cannot be traced", hint)
        if reply["refused"] == "program":
            return ProgramError(what or "it cannot be traced", where=where, hint=hint)
        return UsageError(what or "it cannot be traced", hint=hint)


class _Children:
    """The processes of a program; once stopped, for good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: list[_Child] = []
        self._stopped = False

    def start(self, request: bytes, seeds: Iterable[str], seconds: float) -> list[_Child]:
        """Start a process for each seed, that ends after so many seconds."""
        with self._lock:
            self._started = [] if self._stopped else [_Child(request, seed, seconds) for seed in seeds]
            if not self._started:
                raise UnfinishedError("the program was stopped", check="program")
            return self._started

    def stop(self) -> None:
        """End all processes, and start no more."""
        with self._lock:
            self._stopped = True
            for child in self._started:
                child.kill()


class _Child:
    """A process that traces, and what it answers; no more than a plan's size is read of it."""

    def __init__(self, request: bytes, seed: str, seconds: float) -> None:
        environment = {"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
        environment |= {name: os.environ[name] for name in ("PYTHONPATH", "PATH") if name in os.environ}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603  this interpreter, on a line of ours
            _COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env=environment
        )
        self._request = request
        self._seconds, self._end = seconds, time.monotonic() + seconds
        self.answer, self._errors, self.late = b"", b"", 0.0
        self._threads = [threading.Thread(target=f) for f in (self._ask, self._listen, self._watch)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as file:
                file.write(self._request)
        except BrokenPipeError:
            pass

    def _listen(self) -> None:
        assert self._process.stdout is not None
        self.answer = self._process.stdout.read(MAX_BYTES + (1 << 16) + 1)
        self._process.stdout.close()

    def _watch(self) -> None:
        assert self._process.stderr is not None
        self._errors = self._process.stderr.read(_MAX_PRINTED)
        while self._process.stderr.read(1 << 16):
            pass
        self._process.stderr.close()

    def join(self) -> None:
        """Wait until the process has ended, and end it when its time is up."""
        try:
            self._process.wait(max(0.0, self._end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.late = self._seconds
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()

    def kill(self) -> None:
        """End the process, if it has not ended."""
        self._process.kill()

    def end(self) -> str:
        """Return how the process ended, in words."""
        code = self._process.returncode
        return f"exit code {code}" if code >= 0 else f"signal {-code}: out of time, memory or bounds"

    def printed(self) -> list[str]:
        """Return what the program printed, made safe for a terminal."""
        return [_shown(line) or "" for line in self._errors.decode("utf-8", "replace").splitlines()]


def _read(path: Path) -> tuple[bytes, bool]:
    """Return a program's source, and whether nobody but this user can have written it."""
    if not path.is_file():
        raise UsageError(f"there is no program file {path}")
    with explaining(f"{path}: cannot be read"), path.open("rb") as file:
        source = file.read(_MAX_SOURCE + 1)
        about = os.fstat(file.fileno())
    if len(source) > _MAX_SOURCE:
        raise UsageError(f"{path}: a program has at most {_MAX_SOURCE:,} bytes")
    others = stat.S_IWGRP | stat.S_IWOTH
    return source, hasattr(os, "getuid") and about.st_uid == os.getuid() and not about.st_mode & others


def _body(schema: MemberSchema) -> list[Value]:
    columns: list[Value] = [[name, str(c.low), str(c.high), c.decimals] for name, c in schema.columns.items()]
    return [schema.name, schema.rows, columns]


def _fits(plan: Plan, schemas: Sequence[MemberSchema]) -> bool:
    """Whether a plan is on these tables: the program could have made it of anything."""
    if [(m.name, m.rows) for m in plan.members] != [(s.name, s.rows) for s in schemas]:
        return False
    known = [schemas[node.member].columns.get(node.name) for node in plan.inputs]
    return all(
        column is not None
        and (node.low, node.high, node.decimals) == (column.low, column.high, column.decimals)
        for node, column in zip(plan.inputs, known, strict=True)
    )


def _shown(text: Value) -> str | None:
    """Return a text of the child's as one line that a terminal can show."""
    if not isinstance(text, str):
        return None
    return "".join(c if c.isprintable() else "?" for c in text[:_MAX_TEXT])
