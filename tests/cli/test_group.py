# SPDX-License-Identifier: Apache-2.0
"""How the command group reports errors: exit codes and lines on stderr."""

from __future__ import annotations

import warnings

import click
import pytest
from click.testing import CliRunner

from tallystick.cli import _group, main
from tallystick.errors import DataError, DecodeError, TallystickError, UnfinishedError, VerificationError


@click.command("probe")
@click.option("--number", type=int, default=0)
@click.pass_context
def probe(ctx: click.Context, number: int) -> None:
    """Raise what the test put into the context."""
    if isinstance(ctx.obj, Warning):
        warnings.warn(ctx.obj, stacklevel=1)
    elif isinstance(ctx.obj, BaseException):
        raise ctx.obj
    click.echo(f"number {number}")


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_group, "COMMANDS", {"probe": "probe_module:probe"})
    monkeypatch.setattr(_group.importlib, "import_module", lambda name: {"probe_module": _Module}[name])


class _Module:
    probe = probe


def test_a_command_runs() -> None:
    result = CliRunner().invoke(main, ["probe", "--number", "3"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "number 3\n", "")


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(args: list[str]) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0
    assert "probe" in result.stdout


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (
            VerificationError("The proof fails", check="proof", hint="Ask again."),
            1,
            ["the proof fails", "ask again"],
        ),
        (DecodeError("truncated", offset=7), 1, ["truncated (at byte 7)"]),
        (TallystickError("TLS is absent"), 1, ["TLS is absent"]),
        (DataError("row 3 is out of range"), 2, ["row 3 is out of range"]),
    ],
)
def test_errors(error: TallystickError, code: int, lines: list[str]) -> None:
    result = CliRunner().invoke(main, ["probe"], obj=error)
    expected = [f"tallystick: {kind}: {line}" for kind, line in zip(("error", "hint"), lines, strict=False)]
    assert (result.exit_code, result.stderr.splitlines(), result.stdout) == (code, expected, "")


def test_interrupted() -> None:
    result = CliRunner().invoke(main, ["probe"], obj=KeyboardInterrupt())
    assert (result.exit_code, result.stderr.strip()) == (130, "tallystick: error: interrupted")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nonesuch"], "no such command 'nonesuch'"),
        (["probe", "--number", "x"], "invalid value for '--number': 'x' is not a valid integer"),
        (["probe", "--nonesuch"], "no such option"),
    ],
)
def test_usage_errors(args: list[str], message: str) -> None:
    result = CliRunner().invoke(main, args)
    first, second = result.stderr.splitlines()
    assert result.exit_code == 2
    assert first.startswith(f"tallystick: error: {message}")
    assert second.startswith("tallystick: hint: tallystick")


def test_warnings_are_lines_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        result = CliRunner().invoke(main, ["probe"], obj=RuntimeWarning("The slow backend is in use"))
    assert result.exit_code == 0
    assert result.stderr == "tallystick: warning: the slow backend is in use\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UnfinishedError("The program never ends"), "the program never ends"),
        (MemoryError(), "there is not enough memory"),
        (OSError(28, "No space left on device", "out.tally"), "no space left on device: out.tally"),
        (SystemExit(0), "an internal error: SystemExit: 0"),
        (ValueError("a wrong shape"), "an internal error: ValueError: a wrong shape"),
        (RecursionError("too deep"), "an internal error: RecursionError: too deep"),
    ],
)
def test_what_ends_a_command_early_is_neither_a_verdict_nor_a_success(
    error: BaseException, line: str
) -> None:
    result = CliRunner().invoke(main, ["probe"], obj=error)
    assert result.exit_code == 3
    assert f"tallystick: error: {line}" in result.stderr.splitlines()
    assert result.stdout == ""
    assert ("Traceback" in result.stderr) == ("internal error" in line)
