"""``tallystick audit``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from ..audit import ProgramSource, accepted_json, audit, print_verdict, refused_json
from ..backend import Backend, get_backend
from ..errors import DecodeError, VerificationError
from ..record import Consortium, read_consortium
from ._group import EXIT_REFUSED, print_error

__all__ = ["audit_command"]


@click.command("audit")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--consortium",
    "consortium_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Your own list of members: keys that differ from it are refused.",
)
@click.option(
    "--program",
    metavar="FILE[:FUNCTION]",
    help="The program's source: it is run, traced again, and must give the same plan.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option("--backend", type=click.Choice(["native", "pure"]), help="Which arithmetic to use.")
def audit_command(
    files: tuple[Path, ...],
    consortium_file: Path | None,
    program: str | None,
    as_json: bool,
    backend: str | None,
) -> None:
    """Verify transcripts: each FILE's results follow from inputs that were committed to and in range.

    Trusts nobody: neither the members nor whoever handed over the file.  Exit code 0 if every check of every
    file holds, 1 if a file is refused (item and check are named), 2 if the command is wrong.
    """
    chosen = get_backend(backend)
    consortium = read_consortium(consortium_file) if consortium_file else None
    source = ProgramSource.parse(program) if program else None
    verdicts = [_one(file, consortium, source, chosen, quiet=as_json) for file in files]
    if as_json:
        click.echo(json.dumps(verdicts[0] if len(verdicts) == 1 else verdicts, indent=2))
    if any(verdict["verdict"] != "accepted" for verdict in verdicts):
        sys.exit(EXIT_REFUSED)


def _one(
    file: Path, consortium: Consortium | None, program: ProgramSource | None, backend: Backend, *, quiet: bool
) -> dict[str, object]:
    """Audit one file, report it, and return the machine-readable verdict."""
    try:
        verdict = audit(file, consortium=consortium, program=program, backend=backend)
    except (DecodeError, VerificationError) as error:
        refused = refused_json(error, str(file))
        print_error(f"{file}: {error.message} (check: {refused['check']})", error.hint)
        return refused
    if not quiet:
        print_verdict(verdict, str(file), Console(highlight=False))
    return accepted_json(verdict, str(file))
