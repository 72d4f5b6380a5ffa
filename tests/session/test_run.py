# SPDX-License-Identifier: Apache-2.0
"""Whole runs between members over TLS: what they publish, and what stops them."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import tallystick as ts
from tallystick.audit import audit
from tallystick.backend import Backend
from tallystick.errors import PolicyError, ProtocolAbort, UnfinishedError, UsageError
from tallystick.plan import Column, Plan
from tallystick.record import Commitment, Consortium, Policy, Terms
from tallystick.session import (
    PHASES,
    DataTable,
    Job,
    Limits,
    Node,
    Observer,
    Outcome,
    TlsMesh,
    new_identity,
    run_member,
)
from tallystick.session import _run as run_module
from tallystick.tracing import Program

NAMES = ("north", "south", "west")
IDENTITIES = {name: new_identity(name) for name in NAMES}
DATA = {"north": [3, 1, 2], "south": [7, 0], "west": [5, 5, 5, 4]}
COLUMNS = {"x": Column(0, 7)}
LIMITS = Limits(connect=30, wait=120, silence=30, ping=0.5, close=2)


@ts.program
def figures(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Mean and second moment, with a gate per row."""
    x = ts.concat(t["x"] for t in table)
    return {"mean": ts.mean(x), "squares": ts.sum(x * x)}


@ts.program
def others(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Another plan."""
    return {"mean": ts.mean(ts.concat(t["x"] for t in table))}


def approve(plan: Plan, terms: Terms) -> None:
    """Agree to anything."""


class Watcher(Observer):
    def __init__(self) -> None:
        self.phases: list[str] = []
        self.steps: list[tuple[int, int]] = []

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def progress(self, done: int, total: int) -> None:
        self.steps.append((done, total))


def free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def job_of(members: Sequence[str], *, policy: Policy | None = None) -> Job:
    entries = [
        IDENTITIES[name].member(f"127.0.0.1:{port}")
        for name, port in zip(members, free_ports(len(members)), strict=True)
    ]
    return Job(
        path=Path("job.toml"),
        name="figures 1",
        program="figures.py:figures",
        consortium=Consortium("test", tuple(entries)),
        columns=COLUMNS,
        policy=policy or Policy(),
    )


def nodes(
    out: Path, backends: Sequence[Backend], job: Job | None = None, changes: Mapping[str, Any] | None = None
) -> list[Node]:
    """One node per backend; ``changes`` replaces fields of some members' nodes."""
    members = NAMES[: len(backends)]
    job = job or job_of(members)
    return [
        replace(
            Node(
                job=job,
                identity=IDENTITIES[name],
                program=figures,
                data=DataTable(len(DATA[name]), {"x": DATA[name]}),
                backend=backend,
                preparation="insecure-small-ring",
                approve=approve,
                out=out / name,
                store=out.parent / f"{out.name}-store" / name,
                limits=LIMITS,
            ),
            **(changes or {}).get(name, {}),
        )
        for name, backend in zip(members, backends, strict=True)
    ]


def together(nodes: Sequence[Node], watcher: Observer | None = None) -> list[Any]:
    """Run all nodes; return each one's outcome or error."""

    def one(node: Node) -> Any:
        try:
            return asyncio.run(run_member(node, watcher if node is nodes[0] else None))
        except Exception as error:  # the test looks at it
            return error

    with ThreadPoolExecutor(len(nodes)) as pool:
        return list(pool.map(one, nodes))


def files(out: Path) -> list[Path]:
    return [path for path in out.rglob("*") if path.is_file()]


# ---------------------------------------------------------------------- runs that succeed
@pytest.mark.parametrize("kinds", [("native", "native", "native"), ("pure", "pure"), ("native", "pure")])
def test_a_run_publishes_one_transcript_that_the_audit_accepts(
    tmp_path: Path, kinds: Sequence[str], request: pytest.FixtureRequest
) -> None:
    backends = [request.getfixturevalue(kind) for kind in kinds]
    watcher = Watcher()
    members = nodes(tmp_path, backends)
    outcomes = together(members, watcher)
    for outcome in outcomes:
        assert isinstance(outcome, Outcome), outcome
    values = [x for name in NAMES[: len(kinds)] for x in DATA[name]]
    results = {r.name: r.values[0] for r in outcomes[0].results}
    assert results == {"mean": Fraction(sum(values), len(values)), "squares": sum(x * x for x in values)}
    assert len({outcome.transcript.read_bytes() for outcome in outcomes}) == 1
    assert len(files(tmp_path)) == len(kinds)
    assert outcomes[0].transcript.name.startswith("figures-1-")
    verdict = audit(outcomes[0].transcript, consortium=members[0].job.consortium, backend=backends[0])
    assert {r.name: r.values[0] for r in verdict.results} == results
    assert watcher.phases == list(PHASES)
    assert all(0 <= done <= total for done, total in watcher.steps)
    costs = {cost.name: cost for cost in outcomes[0].costs}
    assert list(costs) == list(PHASES)
    assert costs["agreement"].rounds == (4 if len(kinds) > 2 else 3)
    assert costs["proof"].sent > 0
    assert costs["identity"].sent == 0


# ---------------------------------------------------------------------- disagreement
def expect_abort(outcome: object, check: str, message: str, blame: int | None = None) -> None:
    assert isinstance(outcome, ProtocolAbort), outcome
    assert (outcome.check, outcome.blame) == (check, blame), outcome
    assert message in outcome.message


def test_different_jobs_are_named_part_by_part(tmp_path: Path, pure: Backend) -> None:
    job = job_of(NAMES)
    other = replace(job, policy=Policy(min_rows=0), columns={"x": Column(0, 8)})
    outcomes = together(nodes(tmp_path, [pure] * 3, job, {"west": {"job": other}}))
    for outcome in outcomes[:2]:
        expect_abort(outcome, "job", "west's job differs from this member's in: columns, policy")
    expect_abort(outcomes[2], "job", "north's job differs from this member's in: columns, policy")
    assert files(tmp_path) == []


def test_different_preparations_are_named(tmp_path: Path, pure: Backend) -> None:
    outcomes = together(nodes(tmp_path, [pure] * 2, None, {"south": {"preparation": "lowgear"}}))
    expect_abort(outcomes[0], "job", "south's job differs from this member's in: preparation")


def test_different_programs_are_found_before_anything_else(tmp_path: Path, pure: Backend) -> None:
    asked: list[str] = []
    changes = {"south": {"program": others}, "north": {"approve": lambda plan, terms: asked.append("north")}}
    outcomes = together(nodes(tmp_path, [pure] * 3, None, changes))
    for outcome in (outcomes[0], outcomes[2]):
        expect_abort(outcome, "plan", "south's program traces to another plan than this member's")
    expect_abort(outcomes[1], "plan", "north's program traces to another plan")
    assert asked == []


def test_a_program_that_does_not_trace_stops_the_others_too(tmp_path: Path, pure: Backend) -> None:
    broken = Program("figures", lambda table: {"x": table["nobody"]["x"]})
    outcomes = together(nodes(tmp_path, [pure] * 2, None, {"south": {"program": broken}}))
    assert isinstance(outcomes[1], UsageError)
    expect_abort(outcomes[0], "stopped", "south stopped the run: a ProgramError on its own side", 1)


def test_a_nodes_own_policy_stops_the_run_with_its_reason(tmp_path: Path, pure: Backend) -> None:
    changes = {"south": {"own_policy": Policy(min_rows=3)}}
    outcomes = together(nodes(tmp_path, [pure] * 2, None, changes))
    assert isinstance(outcomes[1], PolicyError)
    assert "this node's own policy demands at least 3 rows of every member; south has 2" in str(outcomes[1])
    expect_abort(outcomes[0], "stopped", "south stopped the run: a PolicyError on its own side", 1)


def test_the_jobs_policy_binds_everybody(tmp_path: Path, pure: Backend) -> None:
    outcomes = together(nodes(tmp_path, [pure] * 2, job_of(NAMES[:2], policy=Policy(outputs=("mean",)))))
    assert any(isinstance(outcome, PolicyError) for outcome in outcomes)
    assert not any(isinstance(outcome, Outcome) for outcome in outcomes)


def test_an_operator_may_decline(tmp_path: Path, pure: Backend) -> None:
    def decline(plan: Plan, terms: Terms) -> None:
        raise PolicyError("declined by the operator")

    outcomes = together(nodes(tmp_path, [pure] * 2, None, {"north": {"approve": decline}}))
    assert isinstance(outcomes[0], PolicyError)
    expect_abort(outcomes[1], "stopped", "north stopped the run: a PolicyError on its own side", 0)


@pytest.mark.parametrize("label", ["commitment", "inputs/masked", "validate/coins/commit"])
def test_a_member_that_withholds_from_one_frames_nobody_in_a_whole_run(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    """From one message on west sends north nothing but pings; south gets everything, and waits for north."""
    honest = TlsMesh._offer
    cut: set[TlsMesh] = set()

    def offer(mesh: TlsMesh, to: int, found: str, payload: Any) -> bool:
        if (mesh.index, to, found) == (2, 0, label):
            cut.add(mesh)
        return (mesh in cut and to == 0) or honest(mesh, to, found, payload)

    monkeypatch.setattr(TlsMesh, "_offer", offer)
    limits = {name: {"limits": Limits(connect=60, wait=15, silence=60, ping=0.5, close=2)} for name in NAMES}
    # The cheater waits longer, so that no notice of its own ends the run before the others' deadlines.
    limits["west"] = {"limits": Limits(connect=60, wait=60, silence=60, ping=0.5, close=2)}
    north, south, _west = together(nodes(tmp_path, [native] * 3, None, limits))
    assert isinstance(north, ProtocolAbort) and isinstance(south, ProtocolAbort), (north, south)
    assert {north.check, south.check} == {"deadline"}
    assert south.blame is None, south
    # West waits for what north cannot send yet, and says so: that is no excuse.
    assert north.blame == 2, north


def test_an_identity_must_be_the_pinned_one(tmp_path: Path, pure: Backend) -> None:
    node = replace(nodes(tmp_path, [pure] * 2)[0], identity=new_identity("north"))
    with pytest.raises(UsageError, match="is not the one in the consortium file"):
        asyncio.run(run_member(node))


def test_a_folder_that_cannot_be_made_is_found_before_the_run(tmp_path: Path, pure: Backend) -> None:
    (tmp_path / "file").touch()
    node = replace(nodes(tmp_path, [pure] * 2)[0], out=tmp_path / "file" / "out")
    with pytest.raises(UsageError, match="cannot make the folder for the transcript"):
        asyncio.run(run_member(node))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_folder_that_cannot_be_written_to_is_found_before_the_run(
    tmp_path: Path, pure: Backend, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Whatever permissions say: a file is written there before anybody is connected to."""
    node = replace(nodes(tmp_path, [pure] * 2)[0], out=tmp_path / "out")

    def full(path: Path, data: bytes) -> None:
        path.touch()
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(run_module, "_write_new", full)
    with pytest.raises(UsageError, match="the folder for the transcript cannot be written to: ") as caught:
        asyncio.run(run_member(node))
    assert os.strerror(number) in caught.value.message
    assert list((tmp_path / "out").iterdir()) == []


def test_results_are_there_although_the_transcript_cannot_be_written(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk of north is full when the run ends: it has the results, and no file or half of one."""
    honest = run_module._write_new

    def full(path: Path, data: bytes) -> None:
        if "north" in str(path) and ".tally." in path.name:
            honest(path, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        honest(path, data)

    monkeypatch.setattr(run_module, "_write_new", full)
    north, south = together(nodes(tmp_path, [native] * 2))
    assert isinstance(north, Outcome) and isinstance(south, Outcome), (north, south)
    assert north.results == south.results
    assert south.unwritten is None
    assert isinstance(north.unwritten, UnfinishedError)
    assert "cannot write the transcript: No space left on device" in north.unwritten.message
    assert list(north.transcript.parent.iterdir()) == []
    assert south.transcript.stat().st_size == south.size == north.size


# ---------------------------------------------------------------------- cheating members
Cheat = Callable[..., Any]


def cheating(monkeypatch: pytest.MonkeyPatch, name: str, cheat: Cheat) -> None:
    """Let ``cheat`` stand in for one of the run's functions; it is given the honest one first."""
    honest = getattr(run_module, name)
    monkeypatch.setattr(run_module, name, lambda *args, **kwargs: cheat(honest, *args, **kwargs))


def test_a_foreign_signature_on_a_commitment_is_blamed(
    tmp_path: Path, pure: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheat(honest: Cheat, plan: Plan, member: int, *rest: Any) -> Any:
        own, commitment = honest(plan, member, *rest)
        if member == 1:
            commitment = Commitment(commitment.rows, commitment.range_proof, bytes(64))
        return own, commitment

    cheating(monkeypatch, "make_commitment", cheat)
    outcomes = together(nodes(tmp_path, [pure] * 2))
    expect_abort(outcomes[0], "commitment-signature", "the commitment signature is not south's", 1)


def test_a_value_out_of_range_is_blamed(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"south": {"data": DataTable(2, {"x": [7, 8]})}}
    outcomes = together(nodes(tmp_path, [native] * 3, None, changes))
    for outcome in (outcomes[0], outcomes[2]):
        expect_abort(outcome, "range-proof", "south: committed to a value outside its declared range", 1)
    assert files(tmp_path) == []


def test_a_commitment_that_does_not_decode_is_blamed(
    tmp_path: Path, pure: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheat(honest: Cheat, plan: Plan, member: int, *rest: Any) -> Any:
        own, commitment = honest(plan, member, *rest)
        if member == 1:
            commitment = replace(commitment, rows=b"\xff" * len(commitment.rows))
        return own, commitment

    cheating(monkeypatch, "make_commitment", cheat)
    outcomes = together(nodes(tmp_path, [pure] * 2))
    expect_abort(outcomes[0], "malformed", "south sent what cannot be decoded", 1)


def test_without_every_signature_nothing_is_written(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheat(honest: Cheat, key: object, purpose: str, digest: bytes) -> bytes:
        signature = honest(key, purpose, digest)
        return bytes(64) if key is IDENTITIES["south"].key else signature

    cheating(monkeypatch, "sign", cheat)
    outcomes = together(nodes(tmp_path, [native] * 2))
    expect_abort(outcomes[0], "transcript-signature", "the transcript signature is not south's", 1)
    assert files(tmp_path / "north") == []


def test_an_identity_of_another_key_cannot_sign_the_agreement(
    tmp_path: Path, pure: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallystick.session import _agreement

    honest = _agreement.sign
    monkeypatch.setattr(
        _agreement,
        "sign",
        lambda key, purpose, digest: (
            bytes(64) if key is IDENTITIES["south"].key else honest(key, purpose, digest)
        ),
    )
    outcomes = together(nodes(tmp_path, [pure] * 2))
    expect_abort(outcomes[0], "agreement-signature", "the agreement signature is not south's", 1)
