# SPDX-License-Identifier: Apache-2.0
"""Timing: a warm-up, then the median of several runs, fewer where one run is slow."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["RUNS", "Measurement", "Schedule", "measure", "summary"]

RUNS = 9
_SHORTEST = 0.002
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often to run a call: ``runs`` times ``loops`` calls."""

    runs: int
    loops: int

    @classmethod
    def after(cls, seconds: float, *, runs: int = RUNS) -> Schedule:
        """Plan for a call that took so long once.

        Calls too short for the clock are repeated within a run; a call so long that all of them would take more
        than twenty seconds is run less often, but at least once.
        """
        fit = max(1, int(_PATIENCE / seconds)) if seconds > 0 else runs
        return cls(min(runs, fit), max(1, math.ceil(_SHORTEST / max(seconds, 1e-9))))


@dataclass(frozen=True, slots=True)
class Measurement:
    """Seconds a call: the median and the least of ``runs``, each the mean of ``loops`` calls.

    ``spread`` is the distance between the slowest run and the fastest, relative to the median.  ``cpu`` is the
    median of the processor time of all threads and members, or None where it is not known.
    """

    median: float
    minimum: float
    spread: float
    runs: int
    loops: int = 1
    cpu: float | None = None


def summary(seconds: Sequence[float], *, loops: int = 1, cpu: Sequence[float] = ()) -> Measurement:
    """Summarise the runs' seconds a call."""
    median = statistics.median(seconds)
    spread = (max(seconds) - min(seconds)) / median if median else 0.0
    return Measurement(
        median, min(seconds), spread, len(seconds), loops, statistics.median(cpu) if cpu else None
    )


def measure(
    call: Callable[[], object],
    *,
    runs: int = RUNS,
    cpu: Callable[[], float] = time.process_time,
    before: Callable[[], object] | None = None,
) -> Measurement:
    """Time a call; one that exhausts the patience at once is not repeated: the warm-up is its only run.

    ``cpu`` tells the processor time used so far; ``before`` is called, untimed, before every single call.
    """

    def run(loops: int) -> tuple[float, float]:
        if before is not None:
            before()
        used, start = cpu(), time.perf_counter()
        for _ in range(loops):
            call()
        wall = time.perf_counter() - start
        return wall / loops, (cpu() - used) / loops

    times = [run(1)]
    loops = 1
    if times[0][0] <= _PATIENCE:
        # The first call may have filled caches and tables, so the schedule follows the second.
        schedule = Schedule.after(run(1)[0], runs=runs)
        loops = schedule.loops if before is None else 1
        times = [run(loops) for _ in range(schedule.runs)]
    return summary([wall for wall, _ in times], loops=loops, cpu=[used for _, used in times])
