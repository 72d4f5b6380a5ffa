# SPDX-License-Identifier: Apache-2.0
"""The command group: commands loaded on demand, and one way for errors to reach the user.

Exit codes: 0 success; 1 a transcript refused, a run aborted or a backend failed; 2 something the user can
correct (flag, file, job, program); 3 cut short (memory, time, a full disk, a program that misbehaves, a fault of this
package); 130 interrupted.  Nothing that is printed, and nothing that a user's program does, decides among them.
"""

from __future__ import annotations

import importlib
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from ..backend import keep_large_buffers
from ..errors import TallystickError, UnfinishedError, UsageError
from ._output import TolerantStream, tolerant_streams

__all__ = [
    "COMMANDS",
    "EXIT_REFUSED",
    "EXIT_UNFINISHED",
    "EXIT_USAGE",
    "main",
    "print_error",
    "report_fault",
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


def _fail(error: TallystickError) -> int:
    """Print the error and its hint to stderr in the command line's form, and return the exit code."""
    print_error(error.message, error.hint)
    if isinstance(error, UnfinishedError):
        return EXIT_UNFINISHED
    return EXIT_USAGE if isinstance(error, UsageError) else EXIT_REFUSED


def report_fault(error: BaseException) -> None:
    """Print a fault of this package as one, with its traceback, so that nobody takes it for a verdict."""
    traceback.print_exception(error)
    print_error(
        f"an internal error: {type(error).__name__}: {error}",
        "this is a fault of tallystick; please report it with the lines above",
    )


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
        """Run, and turn every error into lines on stderr and an exit code."""
        warnings.showwarning = _print_warning
        keep_large_buffers()
        with tolerant_streams() as out:
            code = self._run(args, prog_name or self.name, complete_var, extra)
            code = _told(out, code)
        sys.exit(code)

    def _run(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: Mapping[str, Any],
    ) -> int:
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except TallystickError as error:
            return _fail(error)
        except click.Abort:
            print_error("interrupted")
            return _EXIT_INTERRUPTED
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            hint = f"{context.command_path} --help lists the options" if context else None
            print_error(error.format_message(), hint)
            return EXIT_USAGE
        except MemoryError:
            print_error("there is not enough memory")
            return EXIT_UNFINISHED
        except OSError as error:
            print_error(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
            return EXIT_UNFINISHED
        except SystemExit as error:
            report_fault(error)
            return EXIT_UNFINISHED
        except Exception as error:
            report_fault(error)
            return EXIT_UNFINISHED
        return code if isinstance(code, int) else 0


def _told(out: TolerantStream, code: int) -> int:
    """Return the exit code of a command that may not have been able to say what it had to."""
    out.flush()
    if out.failure is None:
        return code
    reason = (out.failure.strerror or str(out.failure)).lower()
    print_error(f"the output could not be written: {reason}")
    return code or EXIT_UNFINISHED


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
