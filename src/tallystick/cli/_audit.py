"""``tallystick audit``."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import FrameType

import click

from ..audit import (
    JobPin,
    Limits,
    Source,
    Verdict,
    accepted_json,
    audit,
    refused_html,
    refused_json,
    verdict_html,
    verdict_text,
)
from ..backend import Backend, get_backend
from ..disclosure import plain
from ..errors import DecodeError, TallystickError, UnfinishedError, UsageError, VerificationError
from ..record import Consortium, read_consortium
from ._group import EXIT_REFUSED, EXIT_UNFINISHED, EXIT_USAGE, print_error, report_fault
from ._options import FILE, backend_option, file_option

__all__ = ["audit_command"]

_MEGABYTE = 1_000_000
_SLACK = 1 << 30
"""Address space beyond the limit on memory: what is reserved and not used counts as well."""

_EXIT_CODES = {"refused": EXIT_REFUSED, "unfinished": EXIT_UNFINISHED, "unread": EXIT_USAGE, "accepted": 0}
"""What a verdict makes of the command, the worst first."""


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
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
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
    backend: str | None,
) -> int:
    """Verify transcripts: each FILE's results follow from inputs that were committed to and in range.

    Trusts nobody: neither the members nor whoever handed over the file.  Exit code 0 if every check of every
    file holds, 1 if a file is refused (item and check are named), else 3 if one could not be finished (memory,
    time, a program that misbehaves, output that could not be written), 2 if the command is wrong.
    """
    if page is not None:
        _check_page(page, files)
    auditor = _Auditor(
        get_backend(backend),
        None if job_file is None else _job(job_file),
        None if consortium_file is None else read_consortium(consortium_file),
        None if program is None else _source(program, Path()),
        Limits(memory=None if max_memory is None else max_memory * _MEGABYTE, seconds=max_seconds),
        page,
    )
    verdicts = []
    for file in files:
        verdict = auditor.one(file)
        verdicts.append(
            accepted_json(verdict, str(file)) if isinstance(verdict, Verdict) and as_json else verdict
        )
        if isinstance(verdict, Verdict) and not as_json:
            click.echo(verdict_text(verdict, str(file), width=_width()), nl=False)
    if as_json:
        click.echo(json.dumps(verdicts[0] if len(verdicts) == 1 else verdicts, indent=2))
    found = {"accepted" if isinstance(v, Verdict) else str(v["verdict"]) for v in verdicts}
    code = next(code for verdict, code in _EXIT_CODES.items() if verdict in found)
    return code if auditor.page_written else code or EXIT_UNFINISHED


def _check_page(page: Path, files: Sequence[Path]) -> None:
    """Find out before the audit what would be a pity to find out after it."""
    if len(files) != 1:
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


@dataclass(slots=True)
class _Auditor:
    """Audits one file after the other; each gets its verdict, whatever became of those before."""

    backend: Backend
    job: JobPin | None
    consortium: Consortium | None
    program: Source | None
    limits: Limits
    page: Path | None
    page_written: bool = True

    def one(self, file: Path) -> Verdict | dict[str, object]:
        """Audit one file, and report it if it is not accepted."""
        try:
            with _limited(self.limits, traces=bool(self.program or self.job)):
                verdict = audit(
                    file,
                    job=self.job,
                    consortium=self.consortium,
                    program=self.program,
                    limits=self.limits,
                    backend=self.backend,
                )
            self._write_page(lambda: verdict_html(verdict, str(file)))
            return verdict
        except (DecodeError, VerificationError, UnfinishedError) as error:
            return self._reported(file, error)
        except MemoryError:
            return self._reported(file, UnfinishedError("there is not enough memory", check="limits"))
        except UsageError as error:
            if file.is_file():
                raise  # Not about this file: the program, for every file.
            print_error(error.message, error.hint)
            return {**refused_json(error, str(file)), "verdict": "unread", "check": None}
        except TallystickError:
            raise
        except Exception as error:
            report_fault(error)
            message = f"an internal error: {type(error).__name__}: {error}"
            return refused_json(UnfinishedError(message), str(file))

    def _write_page(self, render: Callable[[], str]) -> None:
        """Write the page whole or not at all; a page that could not be written changes no verdict."""
        if self.page is None:
            return
        try:
            text = render().encode("utf-8", "backslashreplace")
            if self.page.exists() and not self.page.is_file():
                self.page.write_bytes(text)
                return
            with NamedTemporaryFile(dir=self.page.parent, prefix=f".{self.page.name}.", delete=False) as file:
                beside = Path(file.name)
                try:
                    file.write(text)
                    file.close()
                    beside.chmod(0o644)
                    beside.replace(self.page)
                except BaseException:
                    beside.unlink(missing_ok=True)
                    raise
        except OSError as error:
            self.page_written = False
            print_error(
                f"{self.page}: the page could not be written: {(error.strerror or str(error)).lower()}"
            )

    def _reported(
        self, file: Path, error: DecodeError | VerificationError | UnfinishedError
    ) -> dict[str, object]:
        entry = refused_json(error, str(file))
        self._write_page(lambda: refused_html(error, str(file)))
        said = "" if entry["verdict"] == "refused" else "could not be finished: "
        hint = None if error.hint is None else plain(error.hint)
        print_error(f"{file}: {said}{plain(error.message)} (check: {entry['check']})", hint)
        return entry


@contextmanager
def _limited(limits: Limits, *, traces: bool) -> Iterator[None]:
    """Stop what takes longer, or more memory, than it may, should the bounds on a file's cost be wrong.

    Tracing a program has as many seconds of its own.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        raise UnfinishedError(
            f"the audit took more than {limits.seconds:g} s", check="limits", hint="--max-seconds allows more"
        )

    before = None
    if limits.seconds is not None:
        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, limits.seconds * (1 + traces))
    space = resource.getrlimit(resource.RLIMIT_AS)
    if limits.memory is not None:
        with suppress(
            ValueError, OSError
        ):  # Where the system has no such limit, the machine's memory is one.
            resource.setrlimit(resource.RLIMIT_AS, (_address_space() + limits.memory + _SLACK, space[1]))
    try:
        yield
    finally:
        if before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, space)


def _address_space() -> int:
    """Return the size of this process's address space in bytes, as far as the system tells."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return 0
