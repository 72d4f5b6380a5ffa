# SPDX-License-Identifier: Apache-2.0
"""The online phase between processes over TLS on loopback; triples are prepared before the clock starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ..errors import ProtocolAbort
from ._consortium import Folder, consortium_folder, environment, stop
from ._measure import measure
from ._result import Result
from ._run import QUICK_RUNS, Told

__all__ = ["ONLINE", "OnlineCase", "Seated", "run_online", "seated"]


_RUNS = 5
"""Every run uses up as many triples as the vector is long, and preparing them takes longer than the run."""


@dataclass(frozen=True, slots=True)
class OnlineCase:
    """A step of ``_member``, and its sizes."""

    name: str
    title: str
    sizes: tuple[int, ...]
    quick: int = 16


ONLINE: tuple[OnlineCase, ...] = (
    OnlineCase("online_multiply", "multiplications and their MAC check", (100_000, 1_000_000)),
    OnlineCase("online_dot", "inner product, opened, and its MAC check", (100_000,)),
)


class Seated:
    """Members' processes that are connected; ``ready`` waits for fresh triples, a call has them run once."""

    def __init__(self, folder: Folder, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        self._folder = folder
        self._processes = processes
        self._used = 0.0

    def __call__(self) -> None:
        """Begin a run at every member, and wait for all to end it."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        self._used = sum(map(float, self._answers()))

    def ready(self) -> None:
        """Wait until every member holds the triples of the next run."""
        self._answers()

    def cpu(self) -> float:
        """Return the processor time of all members in all runs so far."""
        return self._used

    def _answers(self) -> list[bytes]:
        found = []
        for name, process in zip(self._folder.names, self._processes, strict=True):
            assert process.stdout is not None
            found.append(process.stdout.readline())
            if not found[-1]:
                raise ProtocolAbort(f"{name} stopped: {self._folder.fault(name)}", check="benchmark")
        return found


@contextmanager
def seated(
    case: str, n: int, *, backend: str, members: int = 2, insecure_small_ring: bool = False
) -> Iterator[Seated]:
    """Start a process for each member; they connect, prepare, and compare a result before they are ready."""
    ring = "insecure-small-ring" if insecure_small_ring else "full-ring"
    with ExitStack() as stack:
        folder = stack.enter_context(consortium_folder(members))
        processes: list[subprocess.Popen[bytes]] = []
        stack.callback(stop, processes)
        for name in folder.names:
            with (folder.path / f"{name}.err").open("wb") as errors:
                command = [sys.executable, "-m", "tallystick.bench", str(folder.path), name]
                processes.append(
                    subprocess.Popen(
                        [*command, case, str(n), backend, ring],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=errors,
                        env=environment(),
                    )
                )
        yield Seated(folder, processes)


def run_online(
    backends: Sequence[str], *, members: int = 2, quick: bool = False, told: Told = lambda text: None
) -> Iterator[Result]:
    """Measure the online phase between so many members; processor time is that of all.

    The pure backend takes minutes to prepare triples, so it takes part in the quick run only, on the small ring.
    """
    for case in ONLINE:
        for n in (case.quick,) if quick else case.sizes:
            for backend in backends:
                if backend == "pure" and not quick:
                    continue
                told(f"{case.name} {n:,} {backend}")
                with seated(case.name, n, backend=backend, members=members, insecure_small_ring=quick) as run:
                    runs = QUICK_RUNS if quick else _RUNS
                    measurement = measure(run, runs=runs, cpu=run.cpu, before=run.ready)
                yield Result(
                    suite="online",
                    case=case.name,
                    title=f"{case.title}, {members} members",
                    size=n,
                    subject=backend,
                    measurement=measurement,
                    per_element=True,
                    facts={"members": members, "per_second": n / measurement.median},
                )
