# SPDX-License-Identifier: Apache-2.0
"""Every function of the library between three members: TLS, their own preparation, one audited transcript."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from support import functions
from support.functions import CASES, TABLES, expected, program_of, schemas
from tallystick.audit import audit
from tallystick.backend import Backend
from tallystick.cli import main
from tallystick.plan import Plan
from tallystick.record import Consortium, Policy, Terms, member_toml
from tallystick.session import DataTable, Job, Limits, Node, Outcome, new_identity, run_member
from tallystick.session import _preparation as preparation

LIMITS = Limits(connect=60, wait=300, silence=120, ping=0.5, close=5)


def approve(plan: Plan, terms: Terms) -> None:
    """Agree to anything."""


def members(folder: Path, backend: Backend) -> list[Node]:
    identities = {name: new_identity(name) for name in TABLES}
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in TABLES]
    entries = [
        identities[name].member(f"127.0.0.1:{sock.getsockname()[1]}")
        for name, sock in zip(TABLES, sockets, strict=True)
    ]
    for sock in sockets:
        sock.close()
    columns = schemas()[0].columns
    job = Job(
        path=folder / "job.toml",
        name="every function",
        program="functions.py:every_function",
        consortium=Consortium("test", tuple(entries)),
        columns=columns,
        policy=Policy(),
    )
    return [
        Node(
            job=job,
            identity=identities[name],
            program=program_of(CASES),
            data=DataTable(len(table["x"]), table),
            backend=backend,
            preparation="insecure-small-ring",
            approve=approve,
            out=folder / name,
            store=folder / "store" / name,
            limits=LIMITS,
        )
        for name, table in TABLES.items()
    ]


def test_every_function_in_one_audited_run_of_three_members(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At degree 64, as insecure as the degree 8 of other tests, and several times as fast."""
    monkeypatch.setattr(preparation, "_SMALL_DEGREE", 64)
    nodes = members(tmp_path, native)
    with ThreadPoolExecutor(len(nodes)) as pool:
        outcomes = list(pool.map(lambda node: asyncio.run(run_member(node, None)), nodes))
    for outcome in outcomes:
        assert isinstance(outcome, Outcome), outcome
    assert len({outcome.transcript.read_bytes() for outcome in outcomes}) == 1
    _audited_by_the_command(outcomes[0].transcript, nodes[0].job.consortium, tmp_path)
    verdict = audit(outcomes[0].transcript, consortium=nodes[0].job.consortium, backend=native)
    for number, case in enumerate(CASES):
        expected(case, number, verdict.results)


def _audited_by_the_command(transcript: Path, consortium: Consortium, folder: Path) -> None:
    """Accepted against the auditor's own list of members and its own copy of the program; refused if a byte differs."""
    members = folder / "consortium.toml"
    members.write_text("\n".join(member_toml(member) for member in consortium.members), encoding="utf-8")
    program = folder / "every_function.py"
    # A program in a file sees no module of the tests, so it is these functions themselves.
    source = Path(functions.__file__).read_text(encoding="utf-8")
    needed = "from support.joint_run import Case\n"
    assert needed in source
    source = source.replace(needed, "Case = object\n") + "\n\nevery_function = program_of(CASES)\n"
    program.write_text(source, encoding="utf-8")
    given = ["--consortium", str(members), "--program", str(program)]
    accepted = CliRunner().invoke(main, ["audit", str(transcript), *given])
    assert accepted.exit_code == 0, accepted.output
    changed = folder / "changed.tally"
    content = bytearray(transcript.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    refused = CliRunner().invoke(main, ["audit", str(changed), *given])
    assert refused.exit_code == 1, refused.output
