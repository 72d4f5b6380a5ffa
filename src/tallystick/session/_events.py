# SPDX-License-Identifier: Apache-2.0
"""What a run tells whoever watches it; the command line draws it, tests collect it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, process_time

__all__ = ["PHASES", "Observer", "PhaseCost", "Stopwatch"]

PHASES = ("identity", "agreement", "commitment", "preparation", "computation", "proof", "publication")
"""The phases of a run, in order."""


class Observer:
    """Receives a run's progress; the methods do nothing, so a watcher overrides what it wants.

    ``remark`` may be called in any thread, the others in the loop's.
    """

    def phase(self, name: str) -> None:
        """A phase begins, and the one before it has ended."""

    def progress(self, done: int, total: int) -> None:
        """So many steps of the current phase are done."""

    def remark(self, text: str) -> None:
        """Something the operator may want to know, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseCost:
    """What a phase cost this member: rounds, bytes of its messages in both directions, seconds.

    ``cpu`` are seconds of processor time, of all its threads together.
    """

    name: str
    rounds: int
    sent: int
    received: int
    seconds: float
    cpu: float


class Stopwatch:
    """Measures phases one after the other, and announces each."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside as the phase ``name``."""
        self._observer.phase(name)
        start, used = monotonic(), process_time()
        try:
            yield
        finally:
            self.seconds[name] = monotonic() - start
            self.cpu[name] = process_time() - used
