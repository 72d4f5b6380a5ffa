# SPDX-License-Identifier: Apache-2.0
"""``tallystick prepare``."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..backend import get_backend
from ..cost import bytes_text
from ..offline import Need, derive
from ..record import read_consortium
from ..session import (
    Filling,
    Limits,
    Preparing,
    choose_preparation,
    prepare_member,
)
from ._member import STORE_FOLDER, attended, member_options, open_identity, taking_part
from ._options import FILE
from ._progress import Bars, JsonEvents, PhaseLines

__all__ = ["prepare_command"]

_F = TypeVar("_F", bound=Callable[..., Any])


def _derivation(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print how the parameters are derived, and leave."""
    if not wanted:
        return
    rows = derive().table()
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:{width}}  {value}")
    context.exit()


def _count_option(name: str, text: str) -> Callable[[_F], _F]:
    return click.option(name, metavar="N", default=0, type=click.IntRange(min=0), help=text)


@click.command("prepare")
@click.argument("consortium_file", metavar="CONSORTIUM", type=FILE)
@member_options
@_count_option("--triples", "Triples to have in store.")
@_count_option("--bits", "Random bits to have in store.")
@_count_option("--randoms", "Random elements to have in store.")
@_count_option("--masks", "Input masks to have, for each member.")
@click.option(
    "--members",
    "names",
    metavar="A,B,...",
    help="The members that will run together (default: all), in order.",
)
@click.option(
    "--derivation",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_derivation,
    help="Print how the parameters are derived, and do nothing else.",
)
def prepare_command(
    consortium_file: Path,
    member: str,
    triples: int,
    bits: int,
    randoms: int,
    masks: int,
    names: str | None,
    identity: Path | None,
    passphrase_file: Path | None,
    store: Path | None,
    listen: str | None,
    deadline: float,
    backend: str | None,
    insecure_small_ring: bool,
    as_json: bool,
) -> None:
    """Fill your store of triples ahead of runs with the other members of CONSORTIUM.

    All members give the same amounts at the same time.  What is in store already counts; a later run takes
    from it and makes what is missing.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    consortium = read_consortium(consortium_file)
    if names is not None:
        consortium = consortium.select(name.strip() for name in names.split(","))
    own = consortium.member(member)
    identity_path, opened = open_identity(own.name, identity, passphrase_file)
    preparing = Preparing(
        consortium=consortium,
        identity=opened,
        backend=get_backend(backend),
        preparation=choose_preparation(insecure_small_ring=insecure_small_ring),
        store=store or identity_path.parent / STORE_FOLDER,
        need=Need(triples=triples, bits=bits, randoms=randoms, masks=(masks,) * len(consortium.members)),
        listen=listen,
        limits=Limits(connect=deadline, wait=deadline),
    )
    with taking_part(consortium.names, insecure_small_ring=insecure_small_ring, as_json=as_json):
        _show(preparing, as_json=as_json)


def _show(preparing: Preparing, *, as_json: bool) -> None:
    """Prepare, and print what came of it."""
    if as_json:
        events = JsonEvents()
        filling = attended(prepare_member(preparing, events))
        events.emit("result", **asdict(filling))
        return
    console = Console(stderr=True, markup=False)
    if console.is_terminal:
        with _Bar(console) as bar:
            filling = attended(prepare_member(preparing, bar))
    else:
        filling = attended(prepare_member(preparing, PhaseLines()))
    Console(highlight=False, markup=False).print(_table(filling))


class _Bar(Bars):
    """One bar with an estimate of the time that is left."""

    def __init__(self, console: Console) -> None:
        share = TextColumn("{task.percentage:>3.0f}%")
        super().__init__(console, BarColumn(bar_width=30), share, TimeElapsedColumn(), TimeRemainingColumn())
        self._task: TaskID = self._progress.add_task("connecting", total=None)

    def phase(self, name: str) -> None:
        self._progress.update(self._task, description=name)

    def progress(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)


def _table(filling: Filling) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("in store")
    table.add_column("items", justify="right")
    for stocked in filling.stocked:
        table.add_row(stocked.kind, f"{stocked.items:,}")
    table.add_row("set-up", f"{filling.epoch_seconds:.2f} s, {bytes_text(filling.epoch_sent)} sent")
    table.add_row("material", f"{filling.seconds:.2f} s, {bytes_text(filling.sent)} sent")
    return table
