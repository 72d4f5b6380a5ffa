# SPDX-License-Identifier: Apache-2.0
"""``tallystick demo``: a whole consortium on one machine, and nothing but ``tallystick run`` in it."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import FrameType
from typing import IO, TypedDict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..audit import Verdict, audit, result_entries
from ..backend import get_backend
from ..bench import free_ports, wait_for_all
from ..cost import estimate
from ..disclosure import openings
from ..errors import ProtocolAbort, UsageError, explaining
from ..gallery import Example, examples, find
from ..plan import Plan, ResultValue
from ..record import member_toml, read_consortium
from ..session import INSECURE_WARNING, PhaseCost, new_identity, write_identity
from ._identity import identity_file
from ._member import small_ring_option
from ._options import backend_option, folder_option
from ._programs import GALLERY
from ._progress import PhaseBars, cost_table

__all__ = ["demo_command"]


class _Fill(TypedDict):
    width: int
    initial_indent: str
    subsequent_indent: str


_FOLDER = "tallystick-demo"
_SCRYPT_LOG_N = 14
_GRACE = 10.0
_MIN_ROWS = 2
_INDENTED: _Fill = {"width": 100, "initial_indent": "  ", "subsequent_indent": "    "}


@click.command("demo")
@click.option("--members", "count", metavar="N", type=int, help="How many members take part (default: all).")
@click.option(
    "--program", "name", metavar="NAME", default="wages", show_default=True, help="What to compute."
)
@click.option(
    "--list", "listing", is_flag=True, help="List the bundled programs and what each reveals, and run none."
)
@backend_option
@folder_option(
    "--out", help=f"A new or empty folder for the demo (default: ./{_FOLDER}, or the next that is free)."
)
@click.option("--keep", is_flag=True, help="Keep the members' folders, with their data and keys.")
@small_ring_option
def demo_command(
    count: int | None,
    name: str,
    listing: bool,
    backend: str | None,
    out: Path | None,
    keep: bool,
    insecure_small_ring: bool,
) -> None:
    """Run a consortium on this machine: a process per member, bundled data, then an audit of the transcript.

    Every member has its own folder with its data, identity and copy of the job, and runs `tallystick run`;
    they meet over TLS on loopback.
    """
    if listing:
        click.echo("\n\n".join(_described(example, count) for example in examples()))
        return
    # A terminated demo stops its members, as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    example = find(name)
    names = example.chosen(count)
    chosen = get_backend(backend)
    folder = _fresh(out)
    console = Console(highlight=False, markup=False)
    demo = _Demo(example, names, folder, chosen.name, console, insecure_small_ring)
    console.print(Text.assemble((example.name, "bold"), f": {example.title}"))
    console.print(f"folder: {folder}", soft_wrap=True)
    if insecure_small_ring:
        console.print(Text.assemble(("warning: ", "bold yellow"), INSECURE_WARNING))
    demo.set_up()
    demo.show_plan()
    finished = demo.run()
    transcript = demo.collect(finished, keep=keep)
    verdict = audit(transcript, consortium=read_consortium(folder / "consortium.toml"), backend=chosen)
    demo.report(finished, transcript, verdict)


def _described(example: Example, count: int | None) -> str:
    """Return the entry of an example in the list: what it computes, on what, what it reveals, what it costs."""
    count = None if count is None else min(count, len(example.members))
    plan = example.plan(count)
    cost = estimate(plan)
    rows = sum(member.rows for member in plan.members)
    sent = max(cost.bytes_sent) / 1e6
    return "\n".join(
        [
            f"{example.name}: {example.title}",
            textwrap.fill(
                f"data: {len(plan.members)} members, {rows:,} rows; {', '.join(example.columns)}", **_INDENTED
            ),
            textwrap.fill(f"revealed: {example.revealed}", **_INDENTED),
            textwrap.fill(
                f"cost: {cost.gates:,} gates, {cost.triples:,} triples, {cost.rounds} rounds, "
                f"{sent:,.1f} MB sent by a member, a proof of {cost.proof_bytes:,} bytes",
                **_INDENTED,
            ),
        ]
    )


def _fresh(out: Path | None) -> Path:
    """Make and return an empty folder."""
    if out is None:
        out = Path(_FOLDER)
        number = 1
        while out.exists():
            number += 1
            out = Path(f"{_FOLDER}-{number}")
    with explaining(f"{out}: cannot make the folder for the demo"):
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError(f"{out} is not empty", hint="choose a new folder for the demo")
    return out


@dataclass(frozen=True, slots=True)
class _Result:
    """What a member printed at the end: where its transcript is, and what the run cost it."""

    transcript: str
    costs: list[PhaseCost]


@dataclass(slots=True)
class _Process:
    """A member's process: what it has said so far."""

    name: str
    process: subprocess.Popen[str]
    result: _Result | None = None
    stderr: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Demo:
    """A consortium in a folder."""

    example: Example
    names: Sequence[str]
    folder: Path
    backend: str
    console: Console
    small_ring: bool

    # ------------------------------------------------------------------ folders
    def set_up(self) -> None:
        """Give every member a folder: data, identity, passphrase, and its own copy of job and consortium."""
        entries = []
        for name, port in zip(self.names, free_ports(len(self.names)), strict=True):
            home = self.folder / name
            home.mkdir(mode=0o700)
            (home / f"{name}.csv").write_bytes(self.example.csv(name))
            identity = new_identity(name)
            passphrase = f"demo of {name}"
            (home / "passphrase").write_text(passphrase + "\n", encoding="utf-8")
            write_identity(
                identity, identity_file(name, home), passphrase.encode("utf-8"), log_n=_SCRYPT_LOG_N
            )
            entries.append(member_toml(identity.member(f"127.0.0.1:{port}")))
        consortium = f'name = "demonstration: {self.example.name}"\n\n' + "\n".join(entries)
        for home in (self.folder, *(self.folder / name for name in self.names)):
            (home / "consortium.toml").write_text(consortium, encoding="utf-8")
            (home / "job.toml").write_text(self._job(), encoding="utf-8")

    def _plan(self) -> Plan:
        return self.example.plan(len(self.names))

    def _job(self) -> str:
        outputs = dict.fromkeys(result.name.split(".")[0] for result in self._plan().results)
        lines = [
            f'name = "{self.example.name}"',
            f'program = "{GALLERY}{self.example.name}"',
            'consortium = "consortium.toml"',
            f"members = {json.dumps(list(self.names))}",
            "",
        ]
        for name, column in self.example.columns.items():
            scale = 10**column.decimals
            lines += [f"[columns.{name}]"]
            lines += [f"low = {column.low / scale if column.decimals else column.low}"]
            lines += [f"high = {column.high / scale if column.decimals else column.high}"]
            lines += [f"decimals = {column.decimals}", ""]
        lines += ["[policy]", f"min_members = {len(self.names)}", f"min_rows = {_MIN_ROWS}"]
        lines += [f"outputs = {json.dumps(list(outputs))}", ""]
        return "\n".join(lines)

    def show_plan(self) -> None:
        """Say what will be revealed, before it is."""
        plan = self._plan()
        self.console.print(f"members: {', '.join(f'{m.name} ({m.rows:,} rows)' for m in plan.members)}")
        self.console.print("revealed to all, and to every reader of the transcript:")
        for line in (line for one in openings(plan) for line in one.lines()):
            self.console.print(Text(line))
        command = shlex.join(["tallystick", *self._arguments(self.names[0])])
        self.console.print(Text(f"each member runs, in its folder: {command}", style="dim"), soft_wrap=True)

    def _arguments(self, name: str) -> list[str]:
        deadline = "120" if self.backend == "native" else "3600"
        return [
            *("run", "job.toml", "--as", name, "--data", f"{name}.csv", "--passphrase-file", "passphrase"),
            *("--backend", self.backend, "--deadline", deadline, "--yes", "--json"),
            *(["--insecure-small-ring"] if self.small_ring else []),
        ]

    # ------------------------------------------------------------------ processes
    def run(self) -> list[_Result]:
        """Run all members to the end; raise if one fails, with what it said."""
        processes: list[_Process] = []
        try:
            with PhaseBars(self.console, len(self.names)) as bars:
                for index, name in enumerate(self.names):
                    with _uninterrupted():
                        processes.append(self._start(index, name, bars))
                wait_for_all([p.process for p in processes])
        finally:
            _stop(processes)
        failed = [p for p in processes if p.process.returncode != 0 or p.result is None]
        if failed:
            for p in failed:
                self.console.print(Text(f"{p.name} ended with exit code {p.process.returncode}:"))
                self.console.print(Text("".join(f"  {line}" for line in p.stderr).rstrip()))
            raise ProtocolAbort(
                f"{', '.join(p.name for p in failed)} did not complete the run",
                check="demo",
                hint=f"the members' folders are kept in {self.folder}",
            )
        return [p.result for p in processes if p.result is not None]

    def _start(self, index: int, name: str, bars: PhaseBars) -> _Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "tallystick", *self._arguments(name)],
            cwd=self.folder / name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        started = _Process(name, process)
        assert process.stdout is not None and process.stderr is not None
        for target, args in (
            (_follow, (process.stdout, index, bars, started)),
            (_collect, (process.stderr, started.stderr)),
        ):
            thread = threading.Thread(target=target, args=args, daemon=True)
            thread.start()
            started.threads.append(thread)
        return started

    # ------------------------------------------------------------------ afterwards
    def collect(self, finished: Sequence[_Result], *, keep: bool) -> Path:
        """Bring the transcript up from the members' folders, which must hold the same bytes."""
        files = [
            self.folder / name / result.transcript for name, result in zip(self.names, finished, strict=True)
        ]
        if len({file.read_bytes() for file in files}) != 1:
            raise ProtocolAbort("the members wrote different transcripts", check="demo")
        transcript = self.folder / files[0].name
        shutil.copyfile(files[0], transcript)
        if not keep:
            for name in self.names:
                shutil.rmtree(self.folder / name)
        return transcript

    def report(self, finished: Sequence[_Result], transcript: Path, verdict: Verdict) -> None:
        """Print results beside the plain computation's, cost, verdict, and where things are."""
        console = self.console
        table, equal = self._comparison(verdict.results)
        console.print()
        console.print(table)
        console.print()
        console.print(Text("cost to a member (bytes: the most any member sent; seconds: the slowest member)"))
        console.print(cost_table(_most([result.costs for result in finished])))
        console.print()
        checks = ", ".join(check.name for check in verdict.checks)
        console.print(
            Text.assemble(("audit: accepted", "bold green"), f" in {verdict.seconds:.2f} s: {checks}")
        )
        console.print(f"transcript: {transcript} ({verdict.size:,} bytes)", soft_wrap=True)
        source = f"{self.example.source}:{self.example.program.function.__name__}"
        command = ["tallystick", "audit", str(transcript), "--consortium"]
        command += [str(self.folder / "consortium.toml"), "--program", source]
        console.print(f"audit it yourself: {shlex.join(command)}", soft_wrap=True)
        if not equal:
            raise ProtocolAbort(
                "the joint results are not those of the plain computation", check="demo-comparison"
            )

    def _comparison(self, results: Sequence[ResultValue]) -> tuple[Table, bool]:
        """Return the results beside those of the plain computation, and whether they are equal."""
        compared = self.example.in_the_open(results, len(self.names))
        table = Table(box=None, pad_edge=False)
        table.add_column("result")
        table.add_column("computed jointly", justify="right")
        table.add_column("computed in the open", justify="right")
        table.add_column("")
        equal = True
        for result, (expected, same) in zip(results, compared, strict=True):
            equal = equal and same
            bound = self.example.bounds.get(result.name)
            agreed = "equal" if bound is None else f"within {bound}"
            for (label, joint), (_, open_) in zip(
                result_entries([result]), result_entries([expected]), strict=True
            ):
                mark = Text(agreed, style="green") if same else Text("different", style="bold red")
                table.add_row(Text(label), Text(joint), Text(open_), mark)
        return table, equal


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off interruption: a process that is started must be noted before anything can stop the demo."""
    came = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            raise KeyboardInterrupt


def _follow(stream: IO[str], index: int, bars: PhaseBars, process: _Process) -> None:
    """Read a member's events and move the bars."""
    for line in stream:
        try:
            event = json.loads(line)
        except ValueError:
            process.stderr.append(line)
            continue
        match event:
            case {"event": "phase", "name": str(name)}:
                bars.member_phase(index, name)
            case {"event": "progress", "done": int(done), "total": int(total)}:
                bars.member_progress(index, done, total)
            case {"event": "remark", "text": str(text)}:
                process.stderr.append(text + "\n")
            case {"event": "result", "transcript": str(transcript), "costs": list(costs)}:
                process.result = _Result(transcript, [PhaseCost(**cost) for cost in costs])
                bars.finish(index)


def _collect(stream: IO[str], lines: list[str]) -> None:
    lines.extend(stream)


def _stop(processes: Sequence[_Process]) -> None:
    """Leave no process behind."""
    for p in processes:
        if p.process.poll() is None:
            p.process.terminate()
    for p in processes:
        try:
            p.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            p.process.kill()
            p.process.wait()
        for thread in p.threads:
            thread.join(_GRACE)


def _most(tables: Sequence[Sequence[PhaseCost]]) -> list[PhaseCost]:
    """Combine the members' costs: the most of each."""
    return [
        PhaseCost(**{f.name: max(getattr(c, f.name) for c in costs) for f in fields(PhaseCost)})
        for costs in zip(*tables, strict=True)
    ]
