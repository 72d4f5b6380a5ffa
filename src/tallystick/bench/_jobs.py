# SPDX-License-Identifier: Apache-2.0
"""A job on a consortium of this machine's processes: filling the stores, running, auditing, each timed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..audit import Source, TracedHere, audit
from ..backend import get_backend
from ..errors import ProtocolAbort
from ..offline import Need
from ..plan import Plan, ResultValue
from ..record import TRANSCRIPT_SUFFIX, read_consortium
from ..session import read_job, schemas
from ..tracing import load_program
from ._consortium import Folder, run_members

__all__ = ["Filled", "JobFolder", "Ran", "Table", "write_job"]

Table = Mapping[str, Sequence[int]]
"""A member's columns, by name."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What filling the stores took: the slowest member's seconds, and the most bytes that any sent.

    ``set_up_cpu`` and ``cpu`` are the seconds of processor time of the member that took most.
    """

    set_up_seconds: float
    seconds: float
    set_up_cpu: float
    cpu: float
    set_up_bytes: int
    bytes: int
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run took, by phase: the slowest member's seconds, rounds, and the most bytes that any sent.

    ``cpu`` are seconds of processor time. ``used`` is the material it took; ``results`` are those of its
    transcript, which is ``transcript_bytes`` long and was audited in ``audit_seconds``.
    """

    seconds: Mapping[str, float]
    cpu: Mapping[str, float]
    rounds: Mapping[str, int]
    sent: Mapping[str, int]
    used: Need
    results: tuple[ResultValue, ...]
    transcript_bytes: int
    audit_seconds: float
    audit_cpu: float


@dataclass(frozen=True, slots=True)
class JobFolder:
    """A job file with its program and every member's table in a consortium's folder; ``plan`` is what they trace to.

    Members have their stores in ``store``, so that each of these begins empty.
    """

    folder: Folder
    program: Source
    plan: Plan
    backend: str
    store: str
    small_ring: bool

    @property
    def job(self) -> Path:
        """The job file."""
        return _job_file(self.folder)

    def prepare(self, need: Need) -> Filled:
        """Fill the stores with at least this, as ``tallystick prepare`` does."""
        counts = {**asdict(need), "masks": max(need.masks, default=0)}
        wanted = [word for kind, count in counts.items() for word in (f"--{kind}", str(count))]
        command = ["tallystick", "prepare", str(self.folder.consortium), *wanted]
        said = run_members(self.folder, lambda name: [*command, *self._options(name)])
        return Filled(
            set_up_seconds=_most(said, "epoch_seconds"),
            seconds=_most(said, "seconds"),
            set_up_cpu=_most(said, "epoch_cpu"),
            cpu=_most(said, "cpu"),
            set_up_bytes=_most(said, "epoch_sent"),
            bytes=_most(said, "sent"),
            peak_bytes=_most(said, "peak_bytes"),
        )

    def run(self) -> Ran:
        """Run once with what is in store, and audit the transcript against the program's source."""
        said = run_members(self.folder, self._run_arguments)
        costs = [{cost["name"]: cost for cost in one["costs"]} for one in said]
        transcript = Path(said[0]["transcript"])
        start, used = time.perf_counter(), time.process_time()
        verdict = audit(
            transcript,
            consortium=read_consortium(self.folder.consortium),
            program=self.program,
            backend=get_backend(self.backend),
        )
        audit_seconds, audit_cpu = time.perf_counter() - start, time.process_time() - used
        if any(one["plan"] != self.plan.digest.hex() for one in said):
            raise ProtocolAbort("the members ran another plan than was estimated", check="benchmark")
        size = transcript.stat().st_size
        for name in self.folder.names:
            for path in (self.folder.path / name).glob(f"*{TRANSCRIPT_SUFFIX}"):
                path.unlink()
        return Ran(
            seconds={name: max(c[name]["seconds"] for c in costs) for name in costs[0]},
            cpu={name: max(c[name]["cpu"] for c in costs) for name in costs[0]},
            rounds={name: max(c[name]["rounds"] for c in costs) for name in costs[0]},
            sent={name: max(c[name]["sent"] for c in costs) for name in costs[0]},
            used=Need(**said[0]["used"] | {"masks": tuple(said[0]["used"]["masks"])}),
            results=verdict.results,
            transcript_bytes=size,
            audit_seconds=audit_seconds,
            audit_cpu=audit_cpu,
        )

    def _run_arguments(self, name: str) -> list[str]:
        place = self.folder.path
        files = [str(self.job), "--data", str(place / f"{name}.csv"), "--out", str(place / name)]
        return ["tallystick", "run", *files, "--yes", *self._options(name)]

    def _options(self, name: str) -> list[str]:
        return self.folder.options(
            name, store=f"{self.store}-{name}", backend=self.backend, small_ring=self.small_ring
        )


def write_job(
    folder: Folder,
    program: str,
    columns: Mapping[str, tuple[int, int]],
    tables: Sequence[Table],
    *,
    function: str,
    backend: str,
    store: str,
    small_ring: bool,
) -> JobFolder:
    """Write a program, a job and a table for each member, and trace the plan; ``columns`` are low and high."""
    source = folder.path / "program.py"
    source.write_text(program, encoding="utf-8")
    lines = [
        'name = "benchmark"',
        f'program = "{source.name}:{function}"',
        f'consortium = "{folder.consortium.name}"',
        f"members = {json.dumps(folder.names)}",
    ]
    for name, (low, high) in columns.items():
        lines += [f"[columns.{name}]", f"low = {low}", f"high = {high}"]
    _job_file(folder).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, table in zip(folder.names, tables, strict=True):
        rows = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
        (folder.path / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    job = read_job(_job_file(folder))
    counts = [len(next(iter(table.values()))) for table in tables]
    return JobFolder(
        folder=folder,
        # Traced here, so that what is timed is the audit, and not how an interpreter starts.
        program=TracedHere(source.name, lambda members: load_program(source, function).trace(members)),
        plan=load_program(source, function).trace(schemas(job, counts)),
        backend=backend,
        store=store,
        small_ring=small_ring,
    )


def _job_file(folder: Folder) -> Path:
    return folder.path / "job.toml"


def _most(said: Sequence[Mapping[str, Any]], name: str) -> Any:
    return max(one[name] for one in said)
