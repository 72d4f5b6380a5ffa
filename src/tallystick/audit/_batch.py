# SPDX-License-Identifier: Apache-2.0
"""Auditing several files in one process: their group equations are checked together, in batches of bounded size.

Normative text: ``spec/opening.md``, "Many batches at once", and ``spec/file.md``, "Many files".
"""

from __future__ import annotations

import copy
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar

from ..algebra import Random
from ..backend import get_backend
from ..errors import DecodeError, TallystickError, UnfinishedError, UsageError, VerificationError
from ..proofs import BatchVerifier, failing
from ..record import Consortium, Terms, transcript_bytes
from ._audit import Auditor, Steps, Together, Verdict, alone
from ._job import JobPin
from ._known import KnownPlans
from ._limits import Limits
from ._program import Source
from ._stop import stopped

__all__ = ["MOST_TOGETHER", "Audited", "Question", "Word", "audit_batch", "audit_file"]

_T = TypeVar("_T")

MOST_TOGETHER: Final = 64
"""Files whose equations are checked together at most: more would save little, and keep verdicts waiting."""

_SHARE = 4
"""What waits to be checked takes up to a quarter of the memory that a file may: it is copied as it is added up."""

_BYTES_A_FILE_BYTE = 24
"""What a decoded file keeps while it waits, at most, for each of its bytes."""

Word: TypeAlias = Literal["accepted", "refused", "unfinished", "unread"]
"""What became of a file."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What became of a file: its verdict, or the error for which it has none.

    ``fault`` is the traceback where that is a fault of this package.
    """

    path: Path
    verdict: Verdict | None
    error: TallystickError | None = None
    fault: str | None = None

    @property
    def word(self) -> Word:
        """One word for it: ``unread`` is a file that cannot be read, ``unfinished`` one of which nothing is known."""
        if self.error is None:
            return "accepted"
        if isinstance(self.error, UnfinishedError):
            return "unfinished"
        return "unread" if isinstance(self.error, UsageError) else "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What every file is asked; see ``audit``.  It can be pickled if its program can, and names its backend."""

    consortium: Consortium | None = None
    job: JobPin | None = None
    program: Source | None = None
    limits: Limits = field(default_factory=Limits)
    backend: str | None = None


def audit_file(path: Path, question: Question) -> Audited:
    """Audit one file by itself; whatever happens to it becomes its outcome.

    Raises what is not about this file: ``UsageError`` if there is no such program, ``BackendError``.
    """
    return _Batch(question).alone(path)


def audit_batch(paths: Iterable[Path], question: Question) -> Iterator[Audited]:
    """Audit several files together, and yield what becomes of each, in no particular order.

    Each file's verdict is that of ``audit``, but for a probability below 2^-128 that one which does not hold passes.
    Raises what ``audit_file`` raises.
    """
    batch = _Batch(question)
    most = question.limits.bytes_for(0) // _SHARE
    waiting: list[_Waiting] = []
    held = 0
    for path in paths:
        begun = batch.begin(path)
        if isinstance(begun, Audited):
            yield begun
            continue
        if len(waiting) == MOST_TOGETHER or (waiting and held + begun.held_bytes > most):
            yield from batch.settle(waiting)
            waiting, held = [], 0
        waiting.append(begun)
        held += begun.held_bytes
    yield from batch.settle(waiting)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file of which all is checked but the group equations and what comes after them."""

    path: Path
    steps: Steps
    verifier: BatchVerifier
    held_bytes: int


class _Batch:
    """What the files of one batch have in common: what they are asked, and the plans and traces seen so far."""

    def __init__(self, question: Question) -> None:
        program = question.program or (question.job.program if question.job else None)
        self._question = question
        self._backend = get_backend(question.backend)
        self._program = None if program is None else _Traced(program)
        self._plans = KnownPlans()

    def alone(self, path: Path) -> Audited:
        """Make every check of a file."""

        def whole(data: bytes) -> Audited:
            with self._stopped() as look_up:
                return Audited(path, alone(self._steps(data, look_up)))

        return self._of(path, whole)

    def begin(self, path: Path) -> _Waiting | Audited:
        """Make every check of a file up to its group equations."""

        def reduced(data: bytes) -> _Waiting:
            with self._stopped() as look_up:
                steps = self._steps(data, look_up)
                verifier = next(steps)
            return _Waiting(path, steps, verifier, verifier.held_bytes + _BYTES_A_FILE_BYTE * len(data))

        return self._of(path, reduced)

    def settle(self, waiting: Sequence[_Waiting]) -> Iterator[Audited]:
        """Check the equations of all files that wait, and finish each."""
        started = time.perf_counter()
        try:
            # The weights are drawn now: every file is read, and nobody can change what was read.
            bad = failing([one.verifier for one in waiting], Random.system()) if len(waiting) > 1 else [0]
        except MemoryError:
            bad = list(range(len(waiting)))
        together = Together(len(waiting), (time.perf_counter() - started) / max(len(waiting), 1))
        for k, one in enumerate(waiting):
            yield _outcome(one.path, partial(_finished, one, None if k in bad else together))

    def _of(self, path: Path, work: Callable[[bytes], _T]) -> _T | Audited:
        try:
            data = transcript_bytes(path)
        except UsageError as error:
            return Audited(path, None, error)
        return _outcome(path, lambda: work(data))

    def _stopped(self) -> AbstractContextManager[Callable[[], None]]:
        return stopped(self._question.limits, traces=self._program is not None)

    def _steps(self, data: bytes, look_up: Callable[[], None]) -> Steps:
        asked = self._question
        auditor = Auditor(
            asked.consortium,
            asked.job,
            self._program,
            asked.limits,
            self._backend,
            plans=self._plans,
            look_up=look_up,
        )
        return auditor.steps(data)


def _finished(one: _Waiting, together: Together | None) -> Audited:
    try:
        one.steps.send(together)
    except StopIteration as stop:
        return Audited(one.path, stop.value)
    raise AssertionError("an audit waits once")


def _outcome(path: Path, work: Callable[[], _T]) -> _T | Audited:
    """Do what concerns one file, and make of every error what became of that file."""
    try:
        return work()
    except (DecodeError, VerificationError, UnfinishedError) as error:
        return Audited(path, None, error)
    except MemoryError:
        return Audited(path, None, UnfinishedError("there is not enough memory", check="limits"))
    except TallystickError:
        raise  # Not about this file: there is no such program, for every file, or no backend.
    except Exception as error:
        message = f"an internal error: {type(error).__name__}: {error}"
        return Audited(path, None, UnfinishedError(message), "".join(traceback.format_exception(error)))


class _Traced:
    """A program that is traced once for files of the same members, rows and columns, whether it traces or not."""

    def __init__(self, program: Source) -> None:
        self._program = program
        self._found: dict[object, bytes | TallystickError] = {}

    def __str__(self) -> str:
        return str(self._program)

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """See ``Source``."""
        tables = [(table.rows, tuple(table.columns.items())) for table in terms.tables]
        schema = tuple(zip((member.name for member in terms.members), tables, strict=True))
        if schema not in self._found:
            # One is kept: strangers' files, each of other rows, fill no memory.
            self._found = {schema: self._plan_bytes(terms, seconds)}
        found = self._found[schema]
        if isinstance(found, TallystickError):
            raise copy.copy(found)
        return found

    def _plan_bytes(self, terms: Terms, seconds: float | None) -> bytes | TallystickError:
        try:
            return self._program.plan_bytes(terms, seconds=seconds)
        except (VerificationError, UnfinishedError) as error:
            return error
