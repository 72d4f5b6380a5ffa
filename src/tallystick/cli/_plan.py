# SPDX-License-Identifier: Apache-2.0
"""``tallystick plan``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from ..audit import Limits, plan_text
from ..cost import CALIBRATIONS, estimate, read_calibrations, render, require_hidden
from ..disclosure import audit_bound, warnings
from ..errors import UsageError, VerificationError
from ..gallery import find
from ..plan import Column, MemberSchema, Plan
from ..record import TRANSCRIPT_SUFFIX, read_transcript
from ..session import read_job, schemas
from ..tracing import trace
from ._options import file_option
from ._programs import GALLERY, find_program

__all__ = ["plan_command"]

_COLUMN = re.compile(r"([^=]+)=(-?[0-9]+)\.\.(-?[0-9]+)(?:/([0-9]+))?", re.ASCII)
_ROWS = re.compile(r"(?:([^=]+)=)?([0-9]+)", re.ASCII)
_DEFAULT_ROWS = 1000
_MOST_EXAMINED = 1 << 20
"""Entries of a stranger's plan that are looked at for warnings."""


@click.command("plan")
@click.argument("program")
@click.option(
    "--rows",
    metavar="[MEMBER=]N",
    multiple=True,
    help=f"Rows of every member, or of one (default: {_DEFAULT_ROWS}, or those of the bundled data).",
)
@click.option(
    "--members",
    metavar="A,B,…",
    help="For a program without a job: the members' names (default: a,b,c).",
)
@click.option(
    "--column",
    "columns",
    metavar="NAME=LOW..HIGH[/DECIMALS]",
    multiple=True,
    help="For a program without a job: a column; LOW and HIGH are the scaled integers.",
)
@file_option(
    "--calibration",
    help="Estimate seconds for the machine on which `tallystick bench calibrate --json FILE` wrote this.",
)
def plan_command(
    program: str,
    rows: Sequence[str],
    members: str | None,
    columns: Sequence[str],
    calibration: Path | None,
) -> None:
    """Print a plan before anyone runs it: inputs, what is revealed, how results follow, and the cost.

    PROGRAM is a job file (JOB.toml), a program (FILE.py or FILE.py:FUNCTION), the name of a bundled one, or a
    transcript (FILE.tally), whose plan is printed without an audit.
    """
    if program.endswith(TRANSCRIPT_SUFFIX):
        _refuse("a transcript has its own members and columns", members, columns)
        click.echo(_of_transcript(Path(program)), nl=False)
        return
    calibrations = {**CALIBRATIONS, **(read_calibrations(calibration) if calibration else {})}
    plan = _plan(program, rows, members, columns)
    cost = estimate(plan)
    require_hidden(cost)
    click.echo(render(plan, cost, calibrations), nl=False)


def _plan(program: str, rows: Sequence[str], members: str | None, columns: Sequence[str]) -> Plan:
    if program.endswith(".toml"):
        _refuse("a job file has its own members and columns", members, columns)
        job = read_job(program)
        counts = _counts(rows, job.consortium.names)
        return find_program(job.program, job.path.parent).trace(schemas(job, counts))
    if "/" not in program and not re.search(r"\.py(:|$)", program):
        _refuse("a bundled program has its own members and columns", members, columns)
        example = find(program.removeprefix(GALLERY))
        schema = example.schema()
        if rows:
            counts = _counts(rows, [s.name for s in schema])
            schema = [MemberSchema(s.name, n, s.columns) for s, n in zip(schema, counts, strict=True)]
        return trace(example.program, schema)
    names = (members or "a,b,c").split(",")
    found = dict(_column(text) for text in columns)
    if not found:
        raise UsageError(
            f"{program}: which columns the tables have is not known",
            hint="give --column NAME=LOW..HIGH for each, or the job file in place of the program",
        )
    counts = _counts(rows, names)
    schema = [MemberSchema(name, n, found) for name, n in zip(names, counts, strict=True)]
    return find_program(program, Path()).trace(schema)


def _of_transcript(file: Path) -> str:
    """Return what the plan of a transcript says: a stranger's, so its cost is bounded and its texts quoted."""
    transcript = read_transcript(file)
    plan = Plan.from_bytes(transcript.plan.encoded)
    link = transcript.links[1]
    bound = audit_bound(plan, plan_bytes=link.end - link.start, file_bytes=transcript.size)
    if bound.bytes > Limits().bytes_for(transcript.size):
        raise VerificationError(
            f"{file}: its plan is too costly to be examined", check="limits", item=link.name
        )
    small = sum(plan.layout.lengths) <= _MOST_EXAMINED
    concerns = warnings(plan) if small else ["the plan is too large to examine what its outputs say together"]
    return plan_text(plan, str(file), concerns)


def _refuse(reason: str, members: str | None, columns: Sequence[str]) -> None:
    if members is not None or columns:
        raise UsageError(f"--members and --column do not apply: {reason}")


def _column(text: str) -> tuple[str, Column]:
    match = _COLUMN.fullmatch(text)
    if match is None:
        raise UsageError(f"--column {text!r} is not NAME=LOW..HIGH[/DECIMALS]")
    return match[1], Column(int(match[2]), int(match[3]), int(match[4] or 0))


def _counts(texts: Sequence[str], names: Sequence[str]) -> list[int]:
    counts = dict.fromkeys(names, _DEFAULT_ROWS)
    for text in texts:
        match = _ROWS.fullmatch(text)
        if match is None or (match[1] is not None and match[1] not in counts):
            raise UsageError(
                f"--rows {text!r} is not [MEMBER=]N", hint=f"the members are: {', '.join(names)}"
            )
        chosen = names if match[1] is None else [match[1]]
        counts |= dict.fromkeys(chosen, int(match[2]))
    return [counts[name] for name in names]
