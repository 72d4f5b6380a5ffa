# SPDX-License-Identifier: Apache-2.0
"""Cutting a long call over the cores of the machine.

A call over n things is cut into ranges, which the calling thread and the helpers of a pool work off together, each
taking the next one that is left.  So a helper that comes late, or is busy with another thread's call, costs
nothing but its help, and nobody ever waits for work that has not begun.  What is called must release the interpreter
lock to gain by this; where the ranges are cut depends on lengths and the number of threads alone.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Generic, TypeVar

from ..errors import BackendError

__all__ = ["cores", "over", "thread_count", "uncut"]

_T = TypeVar("_T")

_VARIABLE = "TALLYSTICK_THREADS"
_MOST = 16
"""Threads without a word in the environment: vectors soon wait for memory, and an audit bounds the address space."""

_BLOCK = 64
"""Long ranges begin at multiples of this: whole blocks of the vector kernels, whole cache lines."""


@cache
def thread_count() -> int:
    """Return how many threads a long call may use: ``TALLYSTICK_THREADS``, else one a core of this process, up to 16.

    Raises BackendError unless the variable holds a positive number.
    """
    chosen = os.environ.get(_VARIABLE)
    if not chosen:
        return min(cores(), _MOST)
    if not (chosen.isascii() and chosen.isdigit() and int(chosen)):
        raise BackendError(
            f"{_VARIABLE} is {chosen!r}, not a number of threads",
            hint=f"set it to 1 or more, or unset {_VARIABLE}",
        )
    return int(chosen)


def cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def over(n: int, least: int, part: Callable[[int, int], _T]) -> list[_T]:
    """Return what ``part(start, count)`` returns for ranges that make up [0, n), in order.

    There is one range, ``part(0, n)``, if two would not have ``least`` each, if there is only one thread, inside a
    part, and where the caller is ``uncut``.  An error of a part is raised when no part is running any more; parts
    that have not begun by then are left out.
    """
    if n < 2 * least or thread_count() == 1 or getattr(_here, "uncut", False):
        return [part(0, n)]
    return _shared_pool().work(_Work(part, _cut(n, least, thread_count())))


def _cut(n: int, least: int, most: int) -> list[tuple[int, int]]:
    """Return (start, count) of up to ``most`` ranges of about the same length."""
    size = -(-n // min(n // least, most))
    block = min(_BLOCK, 1 << (size // 16).bit_length() >> 1)
    size = -(-size // max(block, 1)) * max(block, 1)
    return [(start, min(size, n - start)) for start in range(0, n, size)]


_here = threading.local()
"""``uncut`` is true in a thread whose calls are not cut, as while it works on a part."""


@contextmanager
def uncut() -> Iterator[None]:
    """Have the calls that this thread makes inside use one thread."""
    before = getattr(_here, "uncut", False)
    try:
        _here.uncut = True
        yield
    finally:
        _here.uncut = before


class _Work(Generic[_T]):
    """The ranges of one call, and what has become of them."""

    def __init__(self, part: Callable[[int, int], _T], ranges: Sequence[tuple[int, int]]) -> None:
        self._part = part
        self._left = deque(enumerate(ranges))
        self._results: dict[int, _T] = {}
        self._failures: list[BaseException] = []
        self._helping = 0
        self._changed = threading.Condition()
        self.size = len(ranges)

    def run(self) -> None:
        """Work on ranges until none is left to begin."""
        try:
            with uncut():
                while self._left:
                    try:
                        index, (start, count) = self._left.popleft()
                    except IndexError:  # Another thread was faster.
                        return
                    self._results[index] = self._part(start, count)
        except BaseException:
            self._left.clear()
            raise

    def help(self) -> None:
        """Do the same in a helper, for which ``finish`` waits if it begins in time."""
        with self._changed:
            if not self._left:
                return
            self._helping += 1
        try:
            self.run()
        except BaseException as failure:
            self._failures.append(failure)
        finally:
            with self._changed:
                self._helping -= 1
                self._changed.notify_all()

    def finish(self) -> None:
        """Wait for the helpers that have begun; none will begin any more."""
        self._left.clear()
        with self._changed:
            self._changed.wait_for(lambda: not self._helping)
        del self._part  # A helper that comes too late keeps nothing alive.

    def results(self) -> list[_T]:
        """Return the results in order, or raise what a helper met."""
        if self._failures:
            raise self._failures[0]
        return [self._results[index] for index in range(self.size)]


class _Pool:
    """Helpers for calls from any thread: ``threads - 1`` of them, started as they are needed."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads - 1, thread_name_prefix="tallystick")
        self._idle = threading.Semaphore(threads - 1)

    def work(self, work: _Work[_T]) -> list[_T]:
        """Return the results of a call, with the help of those who are idle now."""
        for _ in range(work.size - 1):
            if not self._call_help(work):
                break
        try:
            work.run()
        finally:
            work.finish()
        return work.results()

    def _call_help(self, work: _Work[_T]) -> bool:
        if not self._idle.acquire(blocking=False):
            return False
        try:
            self._executor.submit(self._help, work)
        except RuntimeError:
            # The system gives no more threads, or the interpreter is about to end: this helper is not asked again.
            return False
        return True

    def _help(self, work: _Work[_T]) -> None:
        try:
            work.help()
        finally:
            self._idle.release()


_pool: _Pool | None = None


def _shared_pool() -> _Pool:
    """Return the pool of this process.

    Two threads may both make one; either serves.  A lock would stay locked in a process forked meanwhile.
    """
    global _pool
    pool = _pool
    if pool is None:
        pool = _pool = _Pool(thread_count())
    return pool


def _forget_pool() -> None:
    """Have a process just forked make a pool of its own: the helpers are not there."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
