# SPDX-License-Identifier: Apache-2.0
"""Preparation between members over TLS: what stops it, and what a failed check leaves in everybody's store."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tallystick as ts
from tallystick.backend import Backend
from tallystick.errors import ProtocolAbort, UsageError
from tallystick.offline import LowGear, Need, Store
from tallystick.party import Shared
from tallystick.plan import Column
from tallystick.record import Consortium, Policy
from tallystick.session import (
    DataTable,
    Filling,
    Job,
    Limits,
    Node,
    Outcome,
    Preparing,
    TlsMesh,
    new_identity,
    prepare_member,
    run_member,
)
from tallystick.session import _run as run_module
from tallystick.session._preparation import SMALL_RING, open_store

NAMES = ("north", "south", "west")
IDENTITIES = {name: new_identity(name) for name in NAMES}
LIMITS = Limits(connect=30, wait=60, silence=30, ping=0.5, close=2)
NEED = Need(triples=8, randoms=1, masks=(1, 1, 1))


@ts.program
def squares(table: ts.Members[ts.Table]) -> dict[str, object]:
    """A gate per row."""
    x = ts.concat(t["x"] for t in table)
    return {"squares": ts.sum(x * x)}


class Members:
    """Three members in threads, each with a store of its own."""

    def __init__(self, folder: Path, backend: Backend) -> None:
        self.folder = folder
        self.backend = backend
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
        entries = [
            IDENTITIES[name].member(f"127.0.0.1:{sock.getsockname()[1]}")
            for name, sock in zip(NAMES, sockets, strict=True)
        ]
        for sock in sockets:
            sock.close()
        self.consortium = Consortium("test", tuple(entries))

    def preparing(self, name: str) -> Preparing:
        return Preparing(
            consortium=self.consortium,
            identity=IDENTITIES[name],
            backend=self.backend,
            preparation=SMALL_RING,
            store=self.folder / name,
            need=NEED,
            limits=LIMITS,
        )

    def node(self, name: str) -> Node:
        job = Job(
            path=Path("job.toml"),
            name="squares",
            program="squares.py:squares",
            consortium=self.consortium,
            columns={"x": Column(0, 7)},
            policy=Policy(),
        )
        return Node(
            job=job,
            identity=IDENTITIES[name],
            program=squares,
            data=DataTable(2, {"x": [NAMES.index(name), 5]}),
            backend=self.backend,
            preparation=SMALL_RING,
            approve=lambda plan, terms: None,
            out=self.folder / "out" / name,
            store=self.folder / name,
            limits=LIMITS,
        )

    def prepare(self, **changes: dict[str, Any]) -> list[Any]:
        return self._together(
            [prepare_member(replace(self.preparing(n), **changes.get(n, {}))) for n in NAMES]
        )

    def run(self) -> list[Any]:
        return self._together([run_member(self.node(n)) for n in NAMES])

    def _together(self, coroutines: list[Any]) -> list[Any]:
        def one(coroutine: Any) -> Any:
            try:
                return asyncio.run(coroutine)
            except Exception as error:  # the test looks at it
                return error

        with ThreadPoolExecutor(len(coroutines)) as pool:
            return list(pool.map(one, coroutines))

    @contextmanager
    def store(self, name: str) -> Iterator[Store]:
        with open_store(SMALL_RING, IDENTITIES[name], self.consortium.members, self.folder / name) as store:
            yield store

    def expect_burnt(self, *checks: str, names: Sequence[str] = NAMES) -> None:
        for name in names:
            with self.store(name) as store:
                assert store.epoch() is None, name
                assert store.kinds() == []
                assert store.burnt()[-1][1].partition(":")[0] in checks

    def expect_clean_start(self) -> None:
        for outcome in self.prepare():
            assert isinstance(outcome, Filling), outcome
            assert outcome.epoch_seconds > 0
        self.expect_run()

    def expect_run(self) -> None:
        for outcome in self.run():
            assert isinstance(outcome, Outcome), outcome
            assert [(r.name, r.values[0]) for r in outcome.results] == [("squares", 0 + 1 + 4 + 3 * 25)]


@pytest.fixture
def members(tmp_path: Path, fastest: Backend) -> Members:
    return Members(tmp_path, fastest)


def expect_blamed(outcomes: list[Any], check: str, message: str) -> None:
    """North and west stop at this check and find south at fault; a slow one may hear it from the other first."""
    found = [outcomes[0], outcomes[2]]
    for outcome in found:
        assert isinstance(outcome, ProtocolAbort), outcome
        assert outcome.check == check, outcome
        assert outcome.blame in {1, None}, outcome
        assert message in outcome.message, outcome
    assert any(outcome.blame == 1 for outcome in found)


def witnesses(outcomes: list[Any]) -> list[str]:
    """The names of the members that saw the check fail themselves."""
    found = [name for name, outcome in zip(NAMES, outcomes, strict=True) if not outcome.heard]
    assert found
    return found


def test_a_wrong_answer_burns_everybodys_epoch(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = LowGear._answer

    def cheat(self: LowGear, factors: Any) -> Any:
        if self._party.index == 1 and len(factors) == 5:
            factors = [replace(factors[0], y=self._uniform().data), *factors[1:]]
        return honest(self, factors)

    with monkeypatch.context() as patch:
        patch.setattr(LowGear, "_answer", cheat)
        outcomes = members.prepare()
    for outcome in outcomes:
        assert isinstance(outcome, ProtocolAbort), outcome
        assert (outcome.check, outcome.blame) == ("sacrifice", None)
    members.expect_burnt("sacrifice")
    members.expect_clean_start()


def test_a_proof_that_does_not_hold_is_blamed_by_name(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    def corrupt(payload: bytes) -> bytes:
        return bytes([payload[0] ^ 1]) + payload[1:]

    with changed(monkeypatch, 1, "prepare/b", corrupt):
        outcomes = members.prepare()
    expect_blamed(outcomes, "plaintext-proof", "south: the proof of plaintext knowledge does not hold")
    members.expect_burnt("plaintext-proof", names=witnesses(outcomes))
    members.expect_clean_start()


def test_a_lie_in_a_run_burns_what_was_prepared(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = run_module.compute

    async def cheat(online: Any, plan: Any, inputs: Any, **options: Any) -> Any:
        evaluation = await honest(online, plan, inputs, **options)
        if online.party.index == 1:
            gates = evaluation.gates
            evaluation = replace(evaluation, gates=Shared(gates.value + 1, gates.mac))
        return evaluation

    members.prepare()
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "compute", cheat)
        outcomes = members.run()
    for outcome in outcomes:
        assert isinstance(outcome, ProtocolAbort), outcome
    assert {outcomes[k].check for k in (0, 2)} <= {"mac-check", "row-commitment", "gate-check"}
    members.expect_burnt("mac-check", "row-commitment", "gate-check", names=witnesses(outcomes))
    members.expect_run()


def test_a_check_that_fails_at_one_member_burns_there_and_nobody_uses_the_epoch_again(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = run_module._Run._publish

    async def publish(self: Any, *args: Any) -> Any:
        if self._mesh.index == 2:
            raise ProtocolAbort("a check that failed here alone", check="mac-check")
        return await honest(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(run_module._Run, "_publish", publish)
        outcomes = members.run()
    assert [(outcome.check, outcome.heard) for outcome in outcomes] == [
        ("mac-check", name != "west") for name in NAMES
    ]
    members.expect_burnt("mac-check", names=["west"])
    with members.store("north") as store:
        before = store.epoch()
        assert before is not None
    members.expect_clean_start()
    with members.store("north") as store:
        assert store.epoch() not in (None, before)


def test_a_failed_set_up_stores_nothing(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    with changed(monkeypatch, 1, "prepare/key", lambda payload: bytes([payload[0] ^ 1]) + payload[1:]):
        outcomes = members.prepare()
    expect_blamed(outcomes, "key-proof", "south: the proof that the key is well formed does not hold")
    for name in NAMES:
        with members.store(name) as store:
            assert (store.epoch(), store.kinds(), store.burnt()) == (None, [], [])
    members.expect_clean_start()


@contextmanager
def changed(
    monkeypatch: pytest.MonkeyPatch,
    index: int,
    label: str,
    change: Callable[[bytes], bytes],
    to: int | None = None,
) -> Iterator[None]:
    """Change what one member sends under a label, to one other or to all."""
    honest = TlsMesh._offer

    def offer(self: TlsMesh, receiver: int, found: str, payload: Any) -> bool:
        if (self.index, found) == (index, label) and to in (None, receiver):
            payload = change(bytes(payload))
        return honest(self, receiver, found, payload)

    with monkeypatch.context() as patch:
        patch.setattr(TlsMesh, "_offer", offer)
        yield


def test_a_full_disk_is_told_and_stops_the_others(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Store.append

    def full(self: Store, kind: str, segments: Iterable[tuple[int, bytes]]) -> None:
        if self._path is not None and "south" in str(self._path):
            self._db.execute("PRAGMA max_page_count = 1")  # No more than there are.
            segments = [(count, data * 1000) for count, data in segments]
        honest(self, kind, segments)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "append", full)
        outcomes = members.prepare()
    assert isinstance(outcomes[1], UsageError), outcomes[1]
    assert "the preparation store cannot be used: database or disk is full" in outcomes[1].message
    for k in (0, 2):
        assert (outcomes[k].check, outcomes[k].blame) == ("stopped", 1), outcomes[k]
    members.expect_run()
