# SPDX-License-Identifier: Apache-2.0
"""``tallystick audit``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

import click

from ..audit import (
    JobPin,
    Limits,
    Question,
    Source,
    audit_file,
    refused_html,
    verdict_html,
    verdict_text,
)
from ..backend import get_backend
from ..errors import UsageError
from ..record import read_consortium
from ._group import EXIT_UNFINISHED, print_error
from ._options import FILE, backend_option, file_option
from ._outcomes import audited_json, exit_code, report

__all__ = ["audit_command"]

_MEGABYTE = 1_000_000


@click.command("audit")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@file_option(
    "--job",
    "job_file",
    metavar="JOB",
    help="Your own job file: members, columns, ranges, decimals, policy and program must be its.",
)
@file_option(
    "--consortium", "consortium_file", help="Your own list of members: keys that differ from it are refused."
)
@click.option(
    "--program",
    metavar="FILE[:FUNCTION]",
    help="The program's source: it is run, traced again, and must give the same plan.",
)
@click.option(
    "--max-memory",
    metavar="MB",
    type=click.IntRange(min=1),
    help="Refuse a file whose audit could take more memory (default: 1000 for each MB of the file, 1000 to 4000).",
)
@click.option(
    "--max-seconds",
    metavar="S",
    type=click.FloatRange(min=0, min_open=True),
    help="Refuse a file whose audit could take longer, and stop one that does (default: 10 for each MB, 10 to 40).",
)
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the verdict on one transcript as a page that needs nothing else.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the verdict as JSON; for a folder, a line a file."
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    help="Audit in batches, in so many processes (default for a folder: as many as cores).",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Audit in batches, on the workers of a Dask scheduler, which read the files by the same paths.",
)
@backend_option
def audit_command(
    files: tuple[Path, ...],
    job_file: Path | None,
    consortium_file: Path | None,
    program: str | None,
    max_memory: int | None,
    max_seconds: float | None,
    page: Path | None,
    as_json: bool,
    jobs: int | None,
    cluster: str | None,
    backend: str | None,
) -> int:
    """Verify transcripts: each FILE's results follow from inputs that were committed to and in range.

    A FILE that is a folder stands for all *.tally files below it, which are audited in batches on all cores; what is
    not accepted is named.  Trusts nobody: neither the members nor whoever handed over the file.  Exit code 0 if every
    check of every file holds, 1 if a file is refused (item and check are named), else 3 if one could not be finished
    (memory, time, a program that misbehaves, output that could not be written), 2 if the command is wrong.
    """
    if page is not None:
        if jobs or cluster:
            raise UsageError("--html is about one transcript", hint="leave --jobs and --cluster out")
        _check_page(page, files)
    if jobs and cluster:
        raise UsageError("--jobs is about this machine, --cluster about others", hint="leave one of them out")
    folder = Path.cwd() if cluster else Path()
    question = Question(
        job=None if job_file is None else _job(folder / job_file),
        consortium=None if consortium_file is None else read_consortium(consortium_file),
        program=None if program is None else _source(program, folder),
        limits=Limits(memory=None if max_memory is None else max_memory * _MEGABYTE, seconds=max_seconds),
        backend=get_backend(backend).name,
    )
    if cluster or jobs or any(file.is_dir() for file in files):
        # Imported here, as one file needs no bar, and no processes.
        from ._audits import audit_all

        return audit_all(
            [folder / file for file in files], question, jobs=jobs, cluster=cluster, as_json=as_json
        )
    return _one_by_one(files, question, page, as_json=as_json)


def _one_by_one(files: Sequence[Path], question: Question, page: Path | None, *, as_json: bool) -> int:
    """Audit each file by itself, and show its verdict, whatever became of those before."""
    to, entries, words = _Page(page), [], set()
    for file in files:
        found = audit_file(file, question)
        words.add(found.word)
        if found.verdict is None:
            report(found)
            error = found.error
            if error is not None and found.fault is None and found.word != "unread":
                to.write(lambda: refused_html(error, str(file)))  # noqa: B023
        else:
            verdict = found.verdict
            to.write(lambda: verdict_html(verdict, str(file)))  # noqa: B023
            if not as_json:
                click.echo(verdict_text(verdict, str(file), width=_width()), nl=False)
        if as_json:
            entries.append(audited_json(found))
    if as_json:
        click.echo(json.dumps(entries[0] if len(entries) == 1 else entries, indent=2))
    code = exit_code(words)
    return code if to.written else code or EXIT_UNFINISHED


def _check_page(page: Path, files: Sequence[Path]) -> None:
    """Find out before the audit what would be a pity to find out after it."""
    if len(files) != 1 or files[0].is_dir():
        raise UsageError("--html is about one transcript", hint="audit the files one by one")
    if not page.parent.is_dir():
        raise UsageError(f"--html {page}: there is no folder {page.parent}")
    if page.resolve() == files[0].resolve():
        raise UsageError("--html would overwrite the transcript")


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100


def _source(reference: str, folder: Path) -> Source:
    # Imported here, so that an auditor without a program loads nothing that traces.
    from ._programs import find_source

    return find_source(reference, folder)


def _job(path: Path) -> JobPin:
    # Imported here, so that an auditor without a job file runs no session code.
    from ..session import read_job

    job = read_job(path)
    return JobPin(
        name=job.name,
        consortium=job.consortium,
        columns=job.columns,
        policy=job.policy,
        program=_source(job.program, job.path.parent),
    )


class _Page:
    """The page that shows a verdict, if one is wanted."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.written = True

    def write(self, render: Callable[[], str]) -> None:
        """Write the page whole or not at all; a page that could not be written changes no verdict."""
        if self._path is None:
            return
        try:
            text = render().encode("utf-8", "backslashreplace")
            if self._path.exists() and not self._path.is_file():
                self._path.write_bytes(text)
                return
            with NamedTemporaryFile(
                dir=self._path.parent, prefix=f".{self._path.name}.", delete=False
            ) as file:
                beside = Path(file.name)
                try:
                    file.write(text)
                    file.close()
                    beside.chmod(0o644)
                    beside.replace(self._path)
                except BaseException:
                    beside.unlink(missing_ok=True)
                    raise
        except OSError as error:
            self.written = False
            print_error(
                f"{self._path}: the page could not be written: {(error.strerror or str(error)).lower()}"
            )
