# SPDX-License-Identifier: Apache-2.0
"""Showing a run as it goes on: bars for people, lines of JSON for programs."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ..audit import result_entries
from ..cost import bytes_text
from ..plan import ResultValue
from ..session import PHASES, Observer, PhaseCost

__all__ = ["Bars", "JsonEvents", "PhaseBars", "PhaseLines", "cost_table", "results_table"]


class Bars(Observer):
    """Draws bars with these columns as long as it is entered."""

    def __init__(self, console: Console, bar: BarColumn, *columns: ProgressColumn) -> None:
        self._progress = Progress(TextColumn("{task.description:12}"), bar, *columns, console=console)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def remark(self, text: str) -> None:
        self._progress.console.print(Text(text, style="dim"))


class PhaseBars(Bars):
    """Draws a bar per phase; several members may move the same bars."""

    def __init__(self, console: Console, members: int = 1) -> None:
        note = TextColumn("{task.fields[note]}", style="dim")
        super().__init__(console, BarColumn(bar_width=30, pulse_style="bar.back"), TimeElapsedColumn(), note)
        self._members = members
        self._tasks: dict[str, TaskID] = {}
        self._current = [""] * members
        self._done: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        for name in PHASES:
            self._tasks[name] = self._progress.add_task(name, total=1.0, start=False, note="")
            self._done[name] = [0.0] * self._members
        return super().__enter__()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal alone for a while."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def phase(self, name: str) -> None:
        self.member_phase(0, name)

    def progress(self, done: int, total: int) -> None:
        self.member_progress(0, done, total)

    def finish(self, member: int = 0) -> None:
        """Complete a member's last phase."""
        self.member_phase(member, "")

    def member_phase(self, member: int, name: str) -> None:
        """One member begins a phase, and so has ended the one before."""
        with self._lock:
            before, self._current[member] = self._current[member], name
            if before:
                self._set(member, before, 1.0)
            if name in self._tasks:
                self._progress.start_task(self._tasks[name])

    def member_progress(self, member: int, done: int, total: int) -> None:
        """One member has done so many steps of its phase."""
        with self._lock:
            if total and self._current[member] in self._tasks:
                self._set(member, self._current[member], min(done / total, 1.0))

    def _set(self, member: int, name: str, fraction: float) -> None:
        self._done[name][member] = fraction
        self._progress.update(self._tasks[name], completed=sum(self._done[name]) / self._members)


class PhaseLines(Observer):
    """Prints a line per phase, where there is no terminal to draw on."""

    def phase(self, name: str) -> None:
        click.echo(f"tallystick: {name}", err=True)

    def remark(self, text: str) -> None:
        click.echo(f"tallystick: {text}", err=True)


class JsonEvents(Observer):
    """Prints one JSON object a line on stdout."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def emit(self, event: str, **fields: object) -> None:
        """Print an event at once."""
        with self._lock:
            sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
            sys.stdout.flush()

    def phase(self, name: str) -> None:
        self.emit("phase", name=name)

    def progress(self, done: int, total: int) -> None:
        self.emit("progress", done=done, total=total)

    def remark(self, text: str) -> None:
        self.emit("remark", text=text)


def results_table(results: Iterable[ResultValue], told: Iterable[ResultValue] = ()) -> Table:
    """Return the results, and what this member alone learnt, as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("result")
    table.add_column("value", justify="right")
    for label, value in result_entries(results):
        table.add_row(Text(label), Text(value))
    for label, value in result_entries(told):
        table.add_row(Text(f"{label} (to this member only)"), Text(value))
    return table


def cost_table(costs: Sequence[PhaseCost]) -> Table:
    """Return rounds, bytes and seconds per phase as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("phase")
    for name in ("rounds", "sent", "received", "seconds"):
        table.add_column(name, justify="right")
    for name, counted in (*((cost.name, [cost]) for cost in costs), ("total", costs)):
        table.add_row(
            name,
            str(sum(cost.rounds for cost in counted)),
            bytes_text(sum(cost.sent for cost in counted)),
            bytes_text(sum(cost.received for cost in counted)),
            f"{sum(cost.seconds for cost in counted):.2f}",
            style="bold" if counted is costs else None,
        )
    return table
