# SPDX-License-Identifier: Apache-2.0
"""``tallystick audit`` of folders: many files, on processes or a cluster, with a bar and a summary."""

from __future__ import annotations

import importlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..audit import Audited, Question, audit_many
from ..errors import UsageError
from ..record import TRANSCRIPT_SUFFIX
from ._outcomes import audited_json, exit_code, report

__all__ = ["audit_all", "cluster_executor"]

_PATIENCE = "10s"


def audit_all(
    places: Sequence[Path], question: Question, *, jobs: int | None, cluster: str | None, as_json: bool
) -> int:
    """Audit all files, name those that are not accepted, and sum up; return the exit code."""
    started = time.perf_counter()
    listed = list(_files(places))
    unread = [entry for entry in listed if isinstance(entry, Audited)]
    files = [entry for entry in listed if isinstance(entry, Path)]
    if not listed:
        raise UsageError(f"there are no *{TRANSCRIPT_SUFFIX} files in {', '.join(map(str, places))}")
    words, checks = Counter[str](), Counter[str]()
    with cluster_executor(cluster) if cluster else nullcontext() as executor:
        audits = audit_many(
            files,
            consortium=question.consortium,
            job=question.job,
            program=question.program,
            limits=question.limits,
            backend=question.backend,
            executor=executor,
            jobs=jobs,
        )
        for found in _shown([*unread], audits, len(listed)):
            words[found.word] += 1
            if as_json:
                click.echo(json.dumps(audited_json(found)))
            if found.verdict is None:
                report(found)
                checks[str(audited_json(found)["check"])] += found.word == "refused"
    seconds = time.perf_counter() - started
    counts = {word: words[word] for word in ("accepted", "refused", "unfinished", "unread")}
    refused = {check: n for check, n in sorted(checks.items()) if n}
    if as_json:
        summary = {**counts, "files": len(listed), "refused_by_check": refused, "seconds": seconds}
        click.echo(json.dumps({"summary": summary}))
    else:
        click.echo(_summary(counts, refused, len(listed), seconds))
    return exit_code(words)


def _summary(counts: dict[str, int], refused: dict[str, int], files: int, seconds: float) -> str:
    """Write how many files are what, those refused by check."""
    by_check = ", ".join(f"{check} {n:,}" for check, n in refused.items())
    lines = [f"{files:,} {'file' if files == 1 else 'files'} in {seconds:.1f} s"]
    for word, n in counts.items():
        lines.append(f"  {word:11}{n:>8,}" + (f"  by check: {by_check}" if word == "refused" and n else ""))
    return "\n".join(lines)


def _shown(unread: Sequence[Audited], audits: Iterator[Audited], total: int) -> Iterator[Audited]:
    """Pass on what becomes of the files, and draw a bar where there is a terminal."""
    console = Console(stderr=True, markup=False, highlight=False)
    columns = (TextColumn("audit"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("audit", total=total)
        for some in (iter(unread), audits):
            for found in some:
                yield found
                progress.advance(task)


def _files(places: Sequence[Path]) -> Iterator[Path | Audited]:
    """Yield the files that are named, and all transcripts below folders, in order; what cannot be read is said.

    What a symbolic link to a folder leads to is not followed, unless it is named itself.
    """
    for place in places:
        if not place.is_dir():
            yield place
            continue
        faults: list[OSError] = []
        for folder, inner, names in os.walk(place, onerror=faults.append):
            inner.sort()
            for name in sorted(names):
                if name.endswith(TRANSCRIPT_SUFFIX):
                    path = Path(folder) / name
                    yield path if path.is_file() else _unread(path, "not a file")
        for fault in faults:
            yield _unread(Path(os.fsdecode(fault.filename)), (fault.strerror or str(fault)).lower())


def _unread(path: Path, why: str) -> Audited:
    return Audited(path, None, UsageError(f"{path}: cannot be read: {why}"))


@contextmanager
def cluster_executor(address: str) -> Iterator[Executor]:
    """Connect to a Dask scheduler, and return an executor of its workers; ``UsageError`` if that is not possible."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise UsageError(
            "a cluster needs the package distributed", hint="pip install 'tallystick[cluster]'"
        ) from error
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"--cluster {address}: {error}") from error
    with client:
        # ``pure`` would have the scheduler answer a task like an earlier one from memory.
        executor: Executor = client.get_executor(pure=False)
        yield executor
