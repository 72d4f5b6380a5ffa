# SPDX-License-Identifier: Apache-2.0
"""Stopping an audit that takes longer, or more memory, than it may, should the bounds on a file's cost be wrong."""

from __future__ import annotations

import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from ..errors import UnfinishedError
from ._limits import Limits

__all__ = ["stopped"]

_SOON = 1e-3
_SLACK = 1 << 30
"""Address space beyond the limit on memory: what is reserved and not used counts as well."""


@contextmanager
def stopped(limits: Limits, *, traces: bool) -> Iterator[Callable[[], None]]:
    """Bound what is done inside; what is yielded is to be called now and then, as it may have to raise.

    In a process's main thread an alarm interrupts the audit, and the process's address space is bounded; both belong
    to the whole process.  In any other thread, such as one of several in a worker of a cluster, neither can be had:
    there the clock is looked at when the audit calls, between its checks and its proofs, and memory is bounded by what
    is counted before any work.  Tracing a program has as many seconds of its own.
    """
    seconds = None if limits.seconds is None else limits.seconds * (1 + traces)
    if threading.current_thread() is not threading.main_thread():
        yield _clock(limits, seconds)
        return
    with _alarm(limits, seconds), _address_space_limit(limits.memory):
        yield _never


def _never() -> None:
    """Look at no clock: an alarm is set."""


def _overdue(limits: Limits) -> UnfinishedError:
    return UnfinishedError(
        f"the audit took more than {limits.seconds:g} s", check="limits", hint="--max-seconds allows more"
    )


def _clock(limits: Limits, seconds: float | None) -> Callable[[], None]:
    started = time.monotonic()

    def look() -> None:
        if seconds is not None and time.monotonic() - started > seconds:
            raise _overdue(limits)

    return look


@contextmanager
def _alarm(limits: Limits, seconds: float | None) -> Iterator[None]:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise _overdue(limits)

    if seconds is None:
        yield
        return
    before, started = signal.signal(signal.SIGALRM, stop), time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # An alarm of the caller's goes on.
            left = max(left - (time.monotonic() - started), _SOON)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


@contextmanager
def _address_space_limit(memory: int | None) -> Iterator[None]:
    space = resource.getrlimit(resource.RLIMIT_AS)
    if memory is not None:
        with suppress(
            ValueError, OSError
        ):  # Where the system has no such limit, the machine's memory is one.
            resource.setrlimit(resource.RLIMIT_AS, (_address_space() + memory + _SLACK, space[1]))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, space)


def _address_space() -> int:
    """Return the size of this process's address space in bytes, as far as the system tells."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return 0
