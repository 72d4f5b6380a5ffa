# SPDX-License-Identifier: Apache-2.0
"""Auditing many files on executors: tasks of some files each, and an outcome for every file whatever fails."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from itertools import islice
from pathlib import Path
from typing import ParamSpec, TypeVar

from ..backend import get_backend, keep_large_buffers
from ..errors import TallystickError, UnfinishedError
from ..record import Consortium
from ._batch import MOST_TOGETHER, Audited, Question, audit_batch
from ._job import JobPin
from ._limits import Limits
from ._program import Source

__all__ = ["audit_many", "cores"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_FEW = 64
"""Files that are audited here sooner than processes start."""

_TASKS = 16
_LEAST_TOGETHER = 8
_IN_FLIGHT = 256
"""Tasks that are handed out at once at most: what comes back waits in memory."""


def audit_many(
    paths: Iterable[Path | str],
    *,
    consortium: Consortium | None = None,
    job: JobPin | None = None,
    program: Source | None = None,
    limits: Limits | None = None,
    backend: str | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
) -> Iterator[Audited]:
    """Audit many files, and yield what became of each as soon as it is known, in any order.

    ``executor`` runs the tasks: any of ``concurrent.futures``, or a cluster's that behaves like one; its workers read
    the files, and a program, by the same paths.  Without it, ``jobs`` processes of this machine do, as many as it has
    cores by default; few files are audited in this one.  As these processes import the main module again, a script
    must have its ``if __name__ == "__main__":``.  The other arguments are those of ``audit``; ``backend`` is a name.

    Files in one task have their group equations checked together (``spec/file.md``, "Many files").  Raises
    ``UsageError`` if there is no such program, and ``BackendError``; all else is an outcome of the file that it is
    about, even a worker's end.
    """
    listed = [Path(path) for path in paths]
    question = Question(
        consortium=consortium,
        job=job,
        program=program,
        limits=limits or Limits(),
        backend=get_backend(backend).name,
    )
    if executor is not None:
        yield from _on(executor, listed, question)
        return
    workers = min(jobs or cores(), len(listed))
    if workers < 2 or (jobs is None and len(listed) < _FEW):
        yield from audit_batch(listed, question)
        return
    pool = _Pool(workers)
    try:
        yield from _on(pool, listed, question)
    finally:
        pool.close()


def cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _task(paths: Sequence[Path], question: Question, ticket: bytes) -> list[Audited]:
    """Audit a task's files.  ``ticket`` makes it unlike any other, for executors that would not run one twice."""
    return list(audit_batch(paths, question))


def _on(executor: Executor | _Pool, paths: Sequence[Path], question: Question) -> Iterator[Audited]:
    size = max(_LEAST_TOGETHER, min(-(-len(paths) // _TASKS), MOST_TOGETHER))
    tasks = (paths[k : k + size] for k in range(0, len(paths), size))
    running: dict[Future[list[Audited]], Sequence[Path]] = {}
    lost: list[Path] = []
    try:
        while True:
            for some in islice(tasks, _IN_FLIGHT - len(running)):
                try:
                    running[_submit(executor, some, question)] = some
                except RuntimeError:  # It takes no tasks, or no more.
                    lost += some
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                some = running.pop(future)
                try:
                    yield from future.result()
                except TallystickError:
                    raise
                except Exception:
                    lost += some
    finally:
        for future in running:
            future.cancel()
    # A task fails as a whole if its worker ends.  Which file did that shows when each is audited by itself.
    for path in lost:
        yield from _again(executor, path, question)


def _submit(executor: Executor | _Pool, paths: Sequence[Path], question: Question) -> Future[list[Audited]]:
    return executor.submit(_task, paths, question, secrets.token_bytes(16))


def _again(executor: Executor | _Pool, path: Path, question: Question) -> list[Audited]:
    try:
        return _submit(executor, [path], question).result()
    except TallystickError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".strip(": ")
        return [Audited(path, None, UnfinishedError(f"the worker that audited it failed: {said}"))]


class _Pool:
    """Processes of this machine, which are started anew when one of them ends before its time."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor = self._started()

    def _started(self) -> Executor:
        # Loaded here, so that an auditor of one file starts and loads nothing of the kind.
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(
            self._workers, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker
        )

    def submit(self, task: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run a task in one of the processes."""
        try:
            return self._executor.submit(task, *args, **kwargs)
        except BrokenExecutor:
            self._executor.shutdown(wait=False)
            self._executor = self._started()
            return self._executor.submit(task, *args, **kwargs)

    def close(self) -> None:
        """End the processes; what they have not begun is not done any more."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _prepare_worker() -> None:
    """Set a worker's process up: an interrupt is for the process that started it."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_large_buffers()
