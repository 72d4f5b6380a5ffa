# SPDX-License-Identifier: Apache-2.0
"""What the commands of a member have in common: their options, and how they tell of an abort."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import ProtocolAbort, UsageError
from ..session import INSECURE_WARNING, Identity, read_certificate, read_identity
from ._identity import identity_file
from ._options import backend_option, file_option, folder_option
from ._passphrase import passphrase_of, passphrase_option

__all__ = ["STORE_FOLDER", "attended", "member_options", "open_identity", "small_ring_option", "taking_part"]

_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")

STORE_FOLDER = "preparation"
"""The folder for prepared material, beside a member's identity."""

small_ring_option = click.option(
    "--insecure-small-ring",
    is_flag=True,
    help="Prepare on a ring by which any member could learn all inputs: for tests.",
)

_OPTIONS: Sequence[Callable[[Any], Any]] = (
    click.option("--as", "member", metavar="MEMBER", required=True, help="Which member this node is."),
    file_option("--identity", help="Your identity (default: MEMBER.identity)."),
    passphrase_option,
    folder_option(
        "--store", help=f"Folder of your prepared material (default: {STORE_FOLDER} beside the identity)."
    ),
    click.option(
        "--listen", metavar="HOST:PORT", help="Listen here, not at your address in the consortium file."
    ),
    click.option(
        "--deadline",
        metavar="SECONDS",
        default=120.0,
        show_default=True,
        type=click.FloatRange(min=1),
        help="How long to wait for members to appear, and for any one message.",
    ),
    backend_option,
    small_ring_option,
    click.option("--json", "as_json", is_flag=True, help="Print progress and result as lines of JSON."),
)


def member_options(function: _F) -> _F:
    """Add the options of every command by which a member takes part in something."""
    return reduce(lambda f, option: option(f), reversed(_OPTIONS), function)


def open_identity(member: str, file: Path | None, passphrase_file: Path | None) -> tuple[Path, Identity]:
    """Return where the identity of ``member`` is, and open it.

    An identity of another name is refused before its passphrase is asked for: it would compute as that member.
    """
    path = file or identity_file(member)
    name, _certificate = read_certificate(path)
    if name != member:
        raise UsageError(
            f"{path} is the identity of {name}, not of {member}",
            hint=f"--as {name} takes part as {name}; --identity names the file of another identity",
        )
    with passphrase_of(name, passphrase_file) as passphrase:
        return path, read_identity(path, passphrase)


@contextmanager
def taking_part(names: Sequence[str], *, insecure_small_ring: bool, as_json: bool) -> Iterator[None]:
    """Warn of an insecure ring, and say with an abort which check failed and whom the evidence convicts."""
    if insecure_small_ring and not as_json:
        click.echo(f"tallystick: warning: {INSECURE_WARNING}", err=True)
    try:
        yield
    except ProtocolAbort as error:
        blamed = f", to blame: {names[error.blame]}" if error.blame is not None else ""
        message = f"{error.message} (check: {error.check}{blamed})"
        raise ProtocolAbort(message, check=error.check, blame=error.blame, hint=error.hint) from error


def attended(work: Coroutine[Any, Any, _T]) -> _T:
    """Return what a member's work comes to; a terminated node tells its peers why it leaves, like an interrupted one.

    Either signal cancels the work where it waits.  An exception out of the handler would strike wherever the event
    loop is, and could leave peers without the notice.
    """

    async def cancellable() -> _T:
        task = asyncio.current_task()
        assert task is not None
        with suppress(NotImplementedError):  # Where there are no signals to handle.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
