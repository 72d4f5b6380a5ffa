# SPDX-License-Identifier: Apache-2.0
"""What members can do alone: large tables of several members, from their files to the audited transcript.

``ALONE`` is the one table of what is measured.  Every member is a process of its own, all on this machine's cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..cost import estimate
from ..errors import ProtocolAbort
from ..offline import Need
from ..record import TRANSCRIPT_SUFFIX
from ._consortium import Folder, consortium_folder, environment
from ._jobs import JobFolder, write_job
from ._measure import summary
from ._result import Result
from ._run import Told

__all__ = ["ALONE", "AloneCase", "run_alone"]

_COVARIATES = 8
_GROUPS = 20
_QUICK_ROWS = 200

_HEAD = "import tallystick as ts\n\n\n@ts.program\ndef measured(table):\n"
_MOMENTS = (
    '    x = ts.concat(t["x"] for t in table)\n    return {"mean": ts.mean(x), "variance": ts.variance(x)}\n'
)
_GROUPED = (
    '    x, category = (ts.concat(t[name] for t in table) for name in ("x", "category"))\n'
    f"    groups = ts.group_by(category, range({_GROUPS}))\n"
    '    return {"count": ts.count(x), "sum": x.sum(), "by": {str(k): v for k, v in enumerate(groups.sum(x))}}\n'
)
_HISTOGRAM = (
    '    x = ts.concat(t["x"] for t in table)\n'
    "    return {'counts': ts.histogram(x, [k * 400_000_000 for k in range(11)])}\n"
)
_OLS = (
    f'    names = [f"x{{k}}" for k in range({_COVARIATES})]\n'
    "    columns = [ts.concat(t[name] for t in table) for name in names]\n"
    '    return {"coefficients": ts.ols(columns, ts.concat(t["y"] for t in table)).coefficients}\n'
)
_LESS = '    first = next(iter(table))\n    return {"count": (first["x"] < first["y"]).sum()}\n'

_WIDE, _NARROW, _DIGIT = (0, (1 << 32) - 1), (0, (1 << 12) - 1), (0, _GROUPS - 1)


@dataclass(frozen=True, slots=True)
class AloneCase:
    """A job on columns of these ranges; ``rows`` are those of all members together."""

    name: str
    title: str
    program: str
    columns: Mapping[str, tuple[int, int]]
    members: int
    rows: int


ALONE: Sequence[AloneCase] = (
    AloneCase("moments", "mean and variance", _MOMENTS, {"x": _WIDE}, 2, 1_000_000),
    AloneCase("moments_4", "mean and variance", _MOMENTS, {"x": _WIDE}, 4, 4_000_000),
    AloneCase(
        "groups", "count, sum, sum by 20 groups", _GROUPED, {"x": _NARROW, "category": _DIGIT}, 4, 10_000_000
    ),
    AloneCase("histogram_10", "histogram of 10 bins", _HISTOGRAM, {"x": _WIDE}, 2, 10_000),
    AloneCase(
        "ols_8",
        "least squares, 8 covariates",
        _OLS,
        {**{f"x{k}": _NARROW for k in range(_COVARIATES)}, "y": _NARROW},
        2,
        100_000,
    ),
    AloneCase(
        "less_own", "(x < y).sum() of one member's columns", _LESS, {"x": _WIDE, "y": _WIDE}, 2, 20_000
    ),
)
"""What is measured, in this order."""


def run_alone(
    backends: Sequence[str],
    *,
    cases: Sequence[str] = (),
    rows: int | None = None,
    quick: bool = False,
    told: Told = lambda text: None,
) -> Iterator[Result]:
    """Measure the cases, or those named, once each; ``rows`` replaces their numbers of rows.

    Stores are full before the clock starts.  The median is of the whole run, from the start of the members' processes
    to their end; peaks of memory are those of processes, the auditor's included.
    """
    for backend in backends:
        for case in ALONE:
            if cases and case.name not in cases:
                continue
            n = _QUICK_ROWS if quick else rows or case.rows
            told(f"{case.name} {n:,} {backend}")
            with consortium_folder(case.members) as folder:
                yield _measured(folder, case, n, backend, small_ring=quick)


def _measured(folder: Folder, case: AloneCase, n: int, backend: str, *, small_ring: bool) -> Result:
    random = np.random.default_rng(1)
    shares = [n // case.members + (k < n % case.members) for k in range(case.members)]
    tables = [
        {name: _column(random, low, high, rows) for name, (low, high) in case.columns.items()}
        for rows in shares
    ]
    job = write_job(
        folder,
        _HEAD + case.program,
        case.columns,
        tables,
        function="measured",
        backend=backend,
        store="store",
        small_ring=small_ring,
    )
    cost = estimate(job.plan)
    job.prepare(
        Need(triples=cost.triples, bits=cost.random_bits, randoms=cost.random_elements, masks=cost.masks)
    )
    start = time.perf_counter()
    said = job.members()
    seconds = time.perf_counter() - start
    (transcript,) = (folder.path / folder.names[0]).glob(f"*{TRANSCRIPT_SUFFIX}")
    audited = _audited(job, transcript)
    return Result(
        suite="alone",
        case=case.name,
        title=f"{case.title}, {case.members} members",
        size=n,
        subject=backend,
        measurement=summary([seconds]),
        facts={
            "members": case.members,
            "triples": cost.triples,
            "gates_at_home": sum(cost.home_gates),
            "shared": sum(cost.shared),
            "parts": len(job.plan.parts),
            "peak_bytes": max(one["peak_bytes"] for one in said),
            "transcript_bytes": transcript.stat().st_size,
            "audit_seconds": audited[0],
            "audit_peak_bytes": audited[1],
        },
    )


def _column(random: np.random.Generator, low: int, high: int, rows: int) -> list[int]:
    drawn: list[int] = random.integers(low, high, rows, dtype=np.int64, endpoint=True).tolist()
    return drawn


def _audited(job: JobFolder, transcript: Path) -> tuple[float, int]:
    """Audit a transcript as an auditor does, with its own copy of the program; return seconds and the peak in bytes."""
    command = [
        sys.executable,
        "-m",
        "tallystick",
        "audit",
        str(transcript),
        "--json",
        "--backend",
        job.backend,
    ]
    command += ["--consortium", str(job.folder.consortium), "--max-memory", "8000", "--max-seconds", "3600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        verdict = json.loads(process.stdout.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ProtocolAbort(f"the audit ended with exit code {process.returncode}", check="benchmark")
    return verdict["seconds"], used.ru_maxrss * 1024
