# SPDX-License-Identifier: Apache-2.0
"""``tallystick run``."""

from __future__ import annotations

import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from ..audit import results_json
from ..backend import get_backend
from ..cost import render
from ..errors import PolicyError
from ..plan import Plan
from ..record import Terms
from ..session import (
    Limits,
    Node,
    Outcome,
    choose_preparation,
    read_job,
    read_policy,
    read_table,
    run_member,
)
from ._member import STORE_FOLDER, attended, member_options, open_identity, taking_part
from ._options import FILE, file_option, folder_option
from ._programs import find_program
from ._progress import JsonEvents, PhaseBars, PhaseLines, cost_table, results_table

__all__ = ["run_command"]

_POLICY_FILE = "policy.toml"


@click.command("run")
@click.argument("job_file", metavar="JOB", type=FILE)
@member_options
@file_option("--data", required=True, help="Your table: CSV or Parquet.")
@file_option(
    "--policy",
    "policy_file",
    help=f"Your node's own policy (default: {_POLICY_FILE} beside the identity, if there is one).",
)
@folder_option("--out", default=Path(), help="Folder for the transcript (default: here).")
@click.option("--yes", is_flag=True, help="Take part without being asked.")
def run_command(
    job_file: Path,
    member: str,
    data: Path,
    identity: Path | None,
    passphrase_file: Path | None,
    policy_file: Path | None,
    out: Path,
    listen: str | None,
    deadline: float,
    backend: str | None,
    store: Path | None,
    insecure_small_ring: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Take part in the computation of JOB as MEMBER with your own data.

    Every member runs this on its own machine.  The plan and what it reveals are shown before anything is
    signed; a value that does not fit the job is refused before anything is sent.  Exit code 1 if the run
    stopped, with the check and the member at fault where there is evidence; 2 for what you can correct; 3 if the
    results are there but the transcript could not be written.
    """
    # A terminated node tells its peers why it leaves, as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    preparation = choose_preparation(insecure_small_ring=insecure_small_ring)
    display = _Display(as_json)
    job = read_job(job_file)
    own = job.consortium.member(member)
    program = find_program(job.program, job.path.parent)
    program.check()
    identity_path, opened = open_identity(own.name, identity, passphrase_file)
    policy = policy_file or _beside(identity_path)
    own_policy, max_epsilon = (None, None) if policy is None else read_policy(policy)
    node = Node(
        job=job,
        program=program,
        data=read_table(data, job.columns),
        own_policy=own_policy,
        max_epsilon=max_epsilon,
        backend=get_backend(backend),
        identity=opened,
        preparation=preparation,
        approve=_Approval(job.name, display, ask=not yes),
        out=out,
        store=store or identity_path.parent / STORE_FOLDER,
        listen=listen,
        limits=Limits(connect=deadline, wait=deadline),
    )
    with taking_part(job.consortium.names, insecure_small_ring=insecure_small_ring, as_json=as_json):
        outcome = display.show(node)
    if outcome.unwritten is not None:
        raise outcome.unwritten


class _Approval:
    """Shows the plan to the operator and asks, unless told not to."""

    def __init__(self, job: str, display: _Display, *, ask: bool) -> None:
        self._job = job
        self._display = display
        self._ask = ask

    def __call__(self, plan: Plan, terms: Terms) -> None:
        with self._display.paused():
            if self._ask or not self._display.as_json:
                click.echo(render(plan), err=True)
            if self._ask:
                self._confirm()

    def _confirm(self) -> None:
        if not sys.stdin.isatty():
            raise PolicyError(
                f"there is no terminal to ask whether to take part in {self._job!r}",
                hint="--yes takes part without asking; a policy file keeps the limits",
            )
        try:
            agreed = click.confirm("Take part?", err=True)
        except click.Abort:
            agreed = False
        if not agreed:
            raise PolicyError(f"the operator declined to take part in {self._job!r}")


def _beside(identity: Path) -> Path | None:
    """Return the policy file beside an identity, if there is one."""
    found = identity.parent / _POLICY_FILE
    return found if found.exists() else None


class _Display:
    """Carries a run out in front of its operator: bars on a terminal, else lines, or JSON."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(stderr=True, markup=False)
        self._bars = PhaseBars(self._console) if self._console.is_terminal and not as_json else None

    def paused(self) -> AbstractContextManager[None]:
        """Give the terminal back for as long as something is asked."""
        return self._bars.paused() if self._bars else nullcontext()

    def show(self, node: Node) -> Outcome:
        """Run, and print and return what came of it."""
        if self.as_json:
            events = JsonEvents()
            outcome = attended(run_member(node, events))
            events.emit("result", **_outcome_json(outcome))
            return outcome
        if self._bars:
            with self._bars as bars:
                outcome = attended(run_member(node, bars))
                bars.finish()
        else:
            outcome = attended(run_member(node, PhaseLines()))
        stdout = Console(highlight=False, markup=False)
        stdout.print(results_table(outcome.results, outcome.told))
        stdout.print()
        stdout.print(cost_table(outcome.costs))
        stdout.print()
        if outcome.unwritten is None:
            stdout.print(f"transcript: {outcome.transcript} ({outcome.size:,} bytes)", soft_wrap=True)
        return outcome


def _outcome_json(outcome: Outcome) -> dict[str, object]:
    return {
        "session": outcome.terms.session_id.hex(),
        "plan": outcome.plan.digest.hex(),
        "preparation": outcome.terms.preparation,
        "results": results_json(outcome.results),
        "told": results_json(outcome.told),
        "costs": [asdict(cost) for cost in outcome.costs],
        "used": asdict(outcome.used),
        "transcript": None if outcome.unwritten else str(outcome.transcript),
        "bytes": outcome.size,
    }
