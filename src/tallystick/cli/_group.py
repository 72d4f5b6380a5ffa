"""The command group: commands loaded on demand, and one way for errors to reach the user.

Exit codes: 0 success; 1 a transcript refused, a run aborted or a backend failed; 2 something the user can
correct (flag, file, job, program); 3 cut short (memory, time, a full disk, a program that misbehaves); 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import NoReturn

import click

from ..backend import keep_large_buffers
from ..errors import TallystickError, UnfinishedError, UsageError

__all__ = [
    "COMMANDS",
    "EXIT_REFUSED",
    "EXIT_UNFINISHED",
    "EXIT_USAGE",
    "fail",
    "main",
    "print_error",
    "report",
]

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_UNFINISHED = 3
_EXIT_INTERRUPTED = 130

COMMANDS: Mapping[str, str] = {
    "audit": "tallystick.cli._audit:audit_command",
    "bench": "tallystick.cli._bench:bench_command",
    "demo": "tallystick.cli._demo:demo_command",
    "identity": "tallystick.cli._identity:identity_group",
    "plan": "tallystick.cli._plan:plan_command",
    "prepare": "tallystick.cli._prepare:prepare_command",
    "run": "tallystick.cli._run:run_command",
}
"""Command name to ``module:attribute``; loaded on demand, so that an auditor runs no session code."""


def fail(error: TallystickError, *, exit_code: int | None = None) -> NoReturn:
    """Print the error and its hint to stderr in the command line's form, and exit."""
    report(error)
    if exit_code is None:
        exit_code = EXIT_USAGE if isinstance(error, UsageError) else EXIT_REFUSED
        if isinstance(error, UnfinishedError):
            exit_code = EXIT_UNFINISHED
    sys.exit(exit_code)


def report(error: TallystickError) -> None:
    """Print the error and its hint to stderr in the command line's form."""
    print_error(error.message, error.hint)


def print_error(message: str, hint: str | None = None) -> None:
    """Print an error and perhaps a hint to stderr in the command line's form."""
    click.echo(f"tallystick: error: {_lower_first(message)}", err=True)
    if hint:
        click.echo(f"tallystick: hint: {_lower_first(hint)}", err=True)


def _print_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Stand in for ``warnings.showwarning``: users of a command want neither its source line nor its category."""
    click.echo(f"tallystick: warning: {_lower_first(str(message))}", err=True)


def _lower_first(text: str) -> str:
    """Start in lower case, unless the first word is an acronym or a name like ``TLS`` or ``X25519``."""
    text = text.strip().rstrip(".")
    return text if text[1:2].isupper() or text[1:2].isdigit() else text[:1].lower() + text[1:]


class _Group(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, attribute = target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a command")
        return command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: object,
    ) -> NoReturn:
        """Run, and turn every expected error into lines on stderr and an exit code."""
        warnings.showwarning = _print_warning
        keep_large_buffers()
        try:
            code = super().main(args, prog_name or self.name, complete_var, standalone_mode=False, **extra)
        except TallystickError as error:
            fail(error)
        except click.Abort:
            click.echo("tallystick: error: interrupted", err=True)
            sys.exit(_EXIT_INTERRUPTED)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            hint = f"{context.command_path} --help lists the options" if context else None
            print_error(error.format_message(), hint)
            sys.exit(EXIT_USAGE)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    "tallystick",
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="tallystick", prog_name="tallystick")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Compute on data that nobody may see, and let anyone check the result."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
