# SPDX-License-Identifier: Apache-2.0
"""The ledger of noisy releases: what it counts, what it survives, and that stopped runs are in it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

import tallystick as ts
from tallystick.backend import Backend
from tallystick.errors import PolicyError, ProtocolAbort, UsageError
from tallystick.plan import Column
from tallystick.record import Consortium, Policy
from tallystick.session import (
    DataTable,
    Job,
    Limits,
    Node,
    Observer,
    Outcome,
    TlsMesh,
    new_identity,
    read_policy,
    run_member,
)
from tallystick.session._releases import Ledger, Samples, check_budget, job_key, spent_by

NAMES = ("north", "south")
IDENTITIES = {name: new_identity(name) for name in NAMES}


@ts.program
def noisy(table: ts.Members[ts.Table]) -> dict[str, object]:
    """A sum with noise."""
    return {"sum": ts.add_noise(ts.sum(ts.concat(t["x"] for t in table)), epsilon=3.0, delta_bits=20)}


# ---------------------------------------------------------------------- the file
def test_runs_are_counted_once_each_by_what_became_of_them(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "store" / "north.releases")
    assert ledger.samples() == Samples(0, 0, 0.0)
    ledger.note("a", b"\1", 0.5, "started")
    ledger.note("a", b"\1", 0.5, "released")
    ledger.note("a", b"\2", 0.5, "started")
    ledger.note("b", b"\3", 2.0, "started")
    again = Ledger(tmp_path / "store" / "north.releases")
    assert again.samples("a") == Samples(1, 1, 1.0)
    assert again.samples("b") == Samples(0, 1, 2.0)
    assert again.samples() == Samples(1, 2, 3.0)
    assert again.samples("c") == Samples(0, 0, 0.0)
    ledger.note("c", b"\4", inf, "started")
    assert again.samples().epsilon == inf
    assert again.samples("c").text() == "0 released, 1 started and not completed, epsilon without bound"


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_a_crash_cut_short_swallows_no_other(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.note("a", b"\1", 0.5, "started")
    ledger.note("a", b"\2", 0.5, "started")
    path.write_bytes(path.read_bytes()[:-cut])
    before = ledger.samples().started
    assert before in {1, 2}
    ledger.note("a", b"\3", 0.5, "released")
    assert ledger.samples() == Samples(1, before, 0.5 * (before + 1))


@pytest.mark.parametrize(
    "line", ["what is this", "{}", '{"job": "a", "session": "00", "epsilon": -1, "state": "started"}', "[]"]
)
def test_a_damaged_ledger_is_refused_rather_than_counted_as_nothing(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ledger"
    path.write_text(f"{line}\n")
    with pytest.raises(UsageError, match="line 1 is none of the ledger"):
        Ledger(path).samples()


def test_a_ledger_that_cannot_be_written_stops_the_run_before_anything_is_seen(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="the ledger of noisy releases cannot be written"):
        Ledger(tmp_path / "file" / "ledger").note("a", b"", 1.0, "started")


def test_the_limit_counts_what_was_started(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    check_budget(ledger, 1.0, 1.0)
    ledger.note("a", b"\1", 1.0, "started")
    check_budget(ledger, 5.0, None)
    check_budget(ledger, 1.0, 2.0)
    with pytest.raises(
        PolicyError, match=r"allows epsilon 1\.500 in all; this run would spend 1\.000 after 1\.000"
    ):
        check_budget(ledger, 1.0, 1.5)
    with pytest.raises(PolicyError, match="this run would spend without bound"):
        check_budget(ledger, inf, 1000.0)


def test_runs_at_once_do_not_exceed_the_limit_together(tmp_path: Path) -> None:
    """Each was within it when its operator was asked: stores of different members do not exclude each other."""
    path = tmp_path / "ledger"

    def run(k: int) -> bool:
        ledger = Ledger(path)
        check_budget(Ledger(tmp_path / "as it was before"), 1.0, 3.5)
        try:
            ledger.note("a", bytes([k]), 1.0, "started", limit=3.5)
        except PolicyError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, range(8))) == 3
    assert Ledger(path).samples() == Samples(0, 3, 3.0)


def test_coins_that_protect_nothing_are_noise_without_bound() -> None:
    """Added with other coefficients than 1 and -1, or opened twice: whoever sees two runs sees through them."""

    @ts.program
    def doubled(table: ts.Members[ts.Table]) -> dict[str, object]:
        noisy = ts.add_noise(ts.sum(ts.concat(t["x"] for t in table)), epsilon=3.0, delta_bits=20)
        return {"sum": noisy * 2}

    schemas = [ts.MemberSchema(name, 3, {"x": Column(0, 9)}) for name in NAMES]
    assert spent_by(noisy.trace(schemas)) == pytest.approx(3.0, abs=0.1)
    assert spent_by(doubled.trace(schemas)) == inf


@pytest.mark.parametrize(
    ("text", "found"), [("max_epsilon = 2", 2.0), ("max_epsilon = 0.25", 0.25), ("", None)]
)
def test_a_nodes_policy_may_bound_the_epsilon(tmp_path: Path, text: str, found: float | None) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f"min_rows = 3\n{text}\n")
    assert read_policy(path) == (Policy(min_rows=3), found)


@pytest.mark.parametrize("value", ["true", '"2"', "-1", "1001", "nan", "inf"])
def test_a_bound_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f"max_epsilon = {value}\n")
    with pytest.raises(UsageError, match="max_epsilon: a number between 0 and 1000 was expected"):
        read_policy(path)


# ---------------------------------------------------------------------- runs
class Remarks(Observer):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def remark(self, text: str) -> None:
        self.texts.append(text)


def nodes(folder: Path, backend: Backend, program: Any = noisy, **changes: Any) -> list[Node]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
    members = [
        IDENTITIES[name].member(f"127.0.0.1:{sock.getsockname()[1]}")
        for name, sock in zip(NAMES, sockets, strict=True)
    ]
    for sock in sockets:
        sock.close()
    job = Job(
        path=folder / "job.toml",
        name="noisy",
        program="noisy.py:noisy",
        consortium=Consortium("test", tuple(members)),
        columns={"x": Column(0, 1)},
        policy=Policy(),
    )
    return [
        Node(
            job=job,
            identity=IDENTITIES[name],
            program=program,
            data=DataTable(2, {"x": [1, 0]}),
            backend=backend,
            preparation="insecure-small-ring",
            approve=lambda plan, terms: None,
            out=folder / "out" / name,
            store=folder / "store" / name,
            limits=Limits(connect=30, wait=60, silence=30, ping=0.5, close=2),
            **changes,
        )
        for name in NAMES
    ]


def together(nodes: Sequence[Node], observers: Sequence[Observer] | None = None) -> list[Any]:
    def one(k: int) -> Any:
        try:
            return asyncio.run(run_member(nodes[k], observers[k] if observers else None))
        except Exception as error:  # the test looks at it
            return error

    with ThreadPoolExecutor(len(nodes)) as pool:
        return list(pool.map(one, range(len(nodes))))


def ledger_of(folder: Path, name: str) -> Ledger:
    return Ledger(folder / "store" / name / f"{name}.releases")


def test_whoever_stops_at_the_outputs_has_drawn_a_sample_and_the_next_run_says_so(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """South sees north's share of the noisy sum, and leaves; north counts it, and what the next run spends."""
    honest = TlsMesh._offer

    def offer(mesh: TlsMesh, to: int, label: str, payload: Any) -> bool:
        if (mesh.index, label) == (1, "outputs/public"):
            raise ProtocolAbort("enough seen", check="stopped", blame=1)
        return honest(mesh, to, label, payload)

    with monkeypatch.context() as patch:
        patch.setattr(TlsMesh, "_offer", offer)
        outcomes = together(nodes(tmp_path, native))
    assert all(isinstance(outcome, ProtocolAbort) for outcome in outcomes), outcomes
    made = nodes(tmp_path, native)
    samples = ledger_of(tmp_path, "north").samples(job_key(made[0].job))
    assert (samples.released, samples.started) == (0, 1)
    assert 0 < samples.epsilon <= 3.0

    watchers = [Remarks(), Remarks()]
    outcomes = together(made, watchers)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes
    said = [text for text in watchers[0].texts if text.startswith("noise: ")]
    assert len(said) == 1
    assert "earlier samples of this job: 0 released, 1 started and not completed" in said[0]
    samples = ledger_of(tmp_path, "north").samples()
    assert (samples.released, samples.started) == (1, 1)

    refused = [replace(node, max_epsilon=2.5 * samples.epsilon / 2) for node in nodes(tmp_path, native)]
    outcomes = together(refused)
    assert any(isinstance(outcome, PolicyError) for outcome in outcomes), outcomes
    assert ledger_of(tmp_path, "north").samples() == samples


def test_a_ledger_that_fills_the_disk_at_the_end_withholds_no_results(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Ledger.note

    def note(ledger: Ledger, key: str, session: bytes, epsilon: float, state: str, **options: Any) -> None:
        if state == "released":
            raise UsageError("the ledger of noisy releases cannot be written: no space left")
        honest(ledger, key, session, epsilon, "started", **options)

    monkeypatch.setattr(Ledger, "note", note)
    watchers = [Remarks(), Remarks()]
    outcomes = together(nodes(tmp_path, native), watchers)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes
    assert [text for text in watchers[0].texts if "no space left" in text]
    samples = ledger_of(tmp_path, "north").samples()
    assert (samples.released, samples.started) == (0, 1)


def test_a_run_that_stops_before_its_outputs_counts_nothing(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = TlsMesh._offer

    def offer(mesh: TlsMesh, to: int, label: str, payload: Any) -> bool:
        if (mesh.index, label) == (1, "inputs/masked"):
            raise ProtocolAbort("nothing seen", check="stopped", blame=1)
        return honest(mesh, to, label, payload)

    monkeypatch.setattr(TlsMesh, "_offer", offer)
    outcomes = together(nodes(tmp_path, native))
    assert all(isinstance(outcome, ProtocolAbort) for outcome in outcomes), outcomes
    assert ledger_of(tmp_path, "north").samples() == Samples(0, 0, 0.0)


@ts.program
def plain(table: ts.Members[ts.Table]) -> dict[str, object]:
    """A sum without noise."""
    return {"sum": ts.sum(ts.concat(t["x"] for t in table))}


def test_a_run_without_noise_keeps_no_ledger(tmp_path: Path, native: Backend) -> None:
    watchers = [Remarks(), Remarks()]
    outcomes = together(nodes(tmp_path, native, plain), watchers)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes
    assert not [text for text in watchers[0].texts if text.startswith("noise")]
    assert list(tmp_path.rglob("*.releases")) == []
