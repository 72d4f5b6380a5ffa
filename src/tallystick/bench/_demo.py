# SPDX-License-Identifier: Apache-2.0
"""The demonstration from end to end, and the audit of its transcript."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..audit import audit
from ..backend import get_backend
from ..errors import ProtocolAbort
from ..record import TRANSCRIPT_SUFFIX, read_consortium
from ._consortium import environment
from ._measure import RUNS, measure, summary
from ._result import Result
from ._run import QUICK_RUNS, Told

__all__ = ["demo_arguments", "run_demo"]

_MEMBERS = 4
_RUNS = 3


def demo_arguments(backend: str, members: int, out: Path, *, small_ring: bool) -> list[str]:
    """Return the command of a demonstration."""
    return [
        *(sys.executable, "-m", "tallystick", "demo", "--backend", backend, "--members", str(members)),
        *("--out", str(out), *(["--insecure-small-ring"] if small_ring else [])),
    ]


def run_demo(
    backends: Sequence[str], *, quick: bool = False, told: Told = lambda text: None
) -> Iterator[Result]:
    """Run the wage demonstration of four members, preparation included, and audit its transcript.

    A quick run has two members, and the pure backend prepares on an insecure small ring in it.
    """
    members = 2 if quick else _MEMBERS
    for backend in backends:
        small_ring = quick and backend == "pure"
        with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as place:
            seconds = []
            for k in range(1 if quick or backend == "pure" else _RUNS):
                told(f"demo {members} members {backend}")
                out = Path(place) / str(k)
                seconds.append(_run(demo_arguments(backend, members, out, small_ring=small_ring)))
            (transcript,) = out.glob(f"*{TRANSCRIPT_SUFFIX}")
            ring = ", insecure small ring" if small_ring else ""
            yield Result(
                suite="demo",
                case="demo",
                title=f"demonstration from end to end, {members} members{ring}",
                size=members,
                subject=backend,
                measurement=summary(seconds),
            )
            told(f"audit {backend}")
            chosen, consortium = get_backend(backend), read_consortium(out / "consortium.toml")
            yield Result(
                suite="demo",
                case="audit",
                title="audit of its transcript",
                size=members,
                subject=backend,
                measurement=measure(
                    lambda: audit(transcript, consortium=consortium, backend=chosen),  # noqa: B023
                    runs=QUICK_RUNS if quick else RUNS,
                ),
                facts={"transcript_bytes": transcript.stat().st_size},
            )


def _run(command: Sequence[str]) -> float:
    """Run a demonstration to its end, and return how long it took."""
    start = time.perf_counter()
    demo = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        _, said = demo.communicate()
    finally:
        if demo.poll() is None:
            # It stops its members when it is asked to end, which it could not do if it were killed.
            demo.terminate()
            demo.wait()
    if demo.returncode != 0:
        fault = next((line for line in said.splitlines() if "error:" in line), "without a word")
        raise ProtocolAbort(
            f"the demonstration ended with exit code {demo.returncode}: {fault}", check="benchmark"
        )
    return time.perf_counter() - start
