# SPDX-License-Identifier: Apache-2.0
"""Auditing many transcripts: one after the other, in one batch, and on two workers of a cluster."""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..audit import Audited, Question, audit_batch, audit_file, audit_many
from ..backend import get_backend
from ..errors import ProtocolAbort
from ..gallery import find
from ..plan import MemberSchema
from ..record import TRANSCRIPT_SUFFIX
from ..tracing import trace
from ._measure import summary
from ._result import Result
from ._run import Told
from ._transcripts import make_transcript

__all__ = ["AUDITS", "run_audits"]

AUDITS = 1_000
"""Transcripts that are audited."""

_DISTINCT = 16
_QUICK = 24
_QUICK_DISTINCT = 2
_QUICK_ROWS = 5
_RUNS = 3
_WORKERS = 2


def run_audits(
    backends: Sequence[str],
    *,
    files: int | None = None,
    quick: bool = False,
    told: Told = lambda text: None,
) -> Iterator[Result]:
    """Audit wage transcripts of four members: in a loop, in batches in one process, and on two workers of a cluster.

    All data of the demonstration are in each; a quick run has few rows.  A few transcripts are made, each of another
    session and with other keys, and lie in the folder again and again; nothing about a file is kept for the next, but
    its plan, which is the same in all.  The two workers are left out where `distributed` is not installed.
    """
    count = files or (_QUICK if quick else AUDITS)
    for backend in backends:
        with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as place:
            told(f"{count:,} transcripts {backend}")
            paths = list(_written(Path(place), backend, count, quick=quick))
            question = Question(backend=backend)
            subjects: list[tuple[str, str, Callable[[], Iterable[Audited]]]] = [
                ("audit_loop", "one after the other", lambda: (audit_file(p, question) for p in paths)),  # noqa: B023
                ("audit_batch", "in batches, one process", lambda: audit_batch(paths, question)),  # noqa: B023
            ]
            runs = 1 if quick else _RUNS
            before: float | None = None
            for case, title, call in subjects:
                told(f"{case} {count:,} {backend}")
                result = _timed(
                    case, f"audit of wage transcripts {title}", count, backend, runs, call, before
                )
                before = result.measurement.median
                yield result
            with _cluster() as client:
                if client is None:
                    continue
                case, title = "audit_workers", f"audit of wage transcripts on {_WORKERS} workers of a cluster"
                told(f"{case} {count:,} {backend}")
                executor = client.get_executor(pure=False)
                # The workers load the package, and the generators, before they are timed.
                list(audit_many(paths[: 8 * _WORKERS * 2], backend=backend, executor=executor))
                yield _timed(
                    case,
                    title,
                    count,
                    backend,
                    runs,
                    lambda: audit_many(paths, backend=backend, executor=executor),  # noqa: B023
                    before,
                )


def _written(place: Path, backend: str, count: int, *, quick: bool) -> Iterator[Path]:
    """Make a few transcripts, and write them as so many files."""
    example = find("wages")
    tables = example.tables()
    if quick:
        tables = {m: {name: c[:_QUICK_ROWS] for name, c in t.items()} for m, t in tables.items()}
    schema = [MemberSchema(m, len(next(iter(t.values()))), example.columns) for m, t in tables.items()]
    plan = trace(example.program, schema)
    distinct = min(count, _QUICK_DISTINCT if quick else _DISTINCT)
    made = [make_transcript(get_backend(backend), plan, tables) for _ in range(distinct)]
    for k in range(count):
        path = place / f"{k:06}{TRANSCRIPT_SUFFIX}"
        path.write_bytes(made[k % distinct])
        yield path


def _timed(
    case: str,
    title: str,
    count: int,
    backend: str,
    runs: int,
    call: Callable[[], Iterable[Audited]],
    before: float | None,
) -> Result:
    """Audit all files so many times; ``before`` are the seconds of the case that this one is compared with."""
    seconds, used = [], []
    for _ in range(runs):
        start, cpu = time.perf_counter(), time.process_time()
        accepted = sum(found.verdict is not None for found in call())
        seconds.append(time.perf_counter() - start)
        used.append(time.process_time() - cpu)
        if accepted != count:
            raise ProtocolAbort(
                f"{count - accepted} of {count} transcripts were not accepted", check="benchmark"
            )
    measurement = summary(seconds, cpu=used)
    facts = {"files_per_second": count / measurement.median}
    if before is not None:
        facts["times_as_fast_as_the_case_before"] = before / measurement.median
    return Result(
        suite="audit",
        case=case,
        title=title,
        size=count,
        subject=backend,
        measurement=measurement,
        per_element=True,
        facts=facts,
    )


@contextmanager
def _cluster() -> Iterator[Any]:
    """Start two workers on this machine, a process and a thread each, and connect to them; None without the package."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        yield None
        return
    with (
        distributed.LocalCluster(
            n_workers=_WORKERS, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client
