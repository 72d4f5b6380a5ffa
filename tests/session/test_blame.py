# SPDX-License-Identifier: Apache-2.0
"""Attacks on who is named: members that withhold, lie about waiting, fall silent or flood, over real TLS.

West is the cheater unless a test says otherwise; nobody honest may be named by anybody honest.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import hashlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from support.tls_mesh import (
    IDENTITIES,
    Action,
    abort_of,
    connector,
    held,
    listeners,
    party,
    raw_frame,
    together,
)
from tallystick.errors import ProtocolAbort
from tallystick.party import SMALL, Statements
from tallystick.record import Member
from tallystick.session import Limits, TlsMesh
from tallystick.session._wire import Kind, write_frame

NORTH, SOUTH, WEST = range(3)
QUICK = Limits(connect=20, wait=1.5, silence=10, ping=0.1, close=2)


async def honest(mesh: TlsMesh) -> object:
    for k in range(5):
        await mesh.broadcast(f"round{k}", b"x" * 32)
    return "finished"


def withhold(victim: int, witness: int, then: Callable[[TlsMesh], None] = lambda mesh: None) -> Action:
    """Follow the rounds towards the witness alone; pings go on towards both."""

    async def cheat(mesh: TlsMesh) -> object:
        await mesh.broadcast("round0", b"x" * 32)
        then(mesh)
        for k in (1, 2):
            await mesh.send(witness, f"round{k}", b"x" * 32)
        await asyncio.sleep(3 * QUICK.wait)
        return None

    return cheat


@pytest.mark.parametrize("cheater", [NORTH, SOUTH, WEST])
@pytest.mark.parametrize("first", [True, False])
def test_a_member_that_withholds_from_one_is_named_by_it_and_no_honest_member_is(
    cheater: int, first: bool
) -> None:
    others = [j for j in range(3) if j != cheater]
    victim, witness = others if first else reversed(others)
    actions: list[Action] = [honest] * 3
    actions[cheater] = withhold(victim, witness)
    outcomes = together(*actions, limits=QUICK)
    found = abort_of(outcomes[victim])
    name = IDENTITIES[cheater].name
    assert (found.check, found.blame) == ("deadline", cheater)
    assert found.message == f"{name} sent no 'round1' within 1.5 s"
    told = abort_of(outcomes[witness])
    assert (told.check, told.blame) == ("deadline", None)
    assert told.message == f"{IDENTITIES[victim].name} stopped the run: {found.message}"


def wait_for(*claims: tuple[int, int]) -> bytes:
    """A ping that says which message of which member its sender waits for."""
    return b"".join(bytes([j]) + number.to_bytes(8, "big") for j, number in claims)


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ([(SOUTH, 2)], "south"),
        ([(SOUTH, 900)], "south"),
        ([(NORTH, 2)], "this member"),
        ([(NORTH, 0)], "this member"),
        ([(NORTH, 3), (SOUTH, 1)], "this member and south"),
    ],
)
def test_who_lies_about_waiting_gains_time_and_frames_nobody(
    claims: list[tuple[int, int]], names: str
) -> None:
    """West says that it waits, whoever asks. North cannot know; it gives up after twice the time, and names nobody."""
    claim = wait_for(*claims)

    def lie(mesh: TlsMesh) -> None:
        for outbox in mesh._outboxes.values():
            outbox._waits = lambda: claim

    start = time.monotonic()
    outcomes = together(honest, honest, withhold(NORTH, SOUTH, lie), limits=QUICK)
    for outcome in outcomes[:2]:
        error = abort_of(outcome)
        assert (error.check, error.blame) == ("deadline", None)
    said = f"west sent no 'round1' within 1.5 s, and says that it waited for {names}"
    assert said in {abort_of(outcome).message for outcome in outcomes[:2]}
    assert time.monotonic() - start < 3 * QUICK.wait + QUICK.close + 3


@pytest.mark.parametrize("number", [3, 4, 1 << 63])
def test_to_wait_for_what_could_not_be_sent_yet_is_no_excuse(number: int) -> None:
    """North has sent two messages. Who waits for a third has sent north its own second, or is lying: so it is named."""

    def lie(mesh: TlsMesh) -> None:
        for outbox in mesh._outboxes.values():
            outbox._waits = lambda: wait_for((NORTH, number))

    outcomes = together(honest, honest, withhold(NORTH, SOUTH, lie), limits=QUICK)
    error = abort_of(outcomes[NORTH])
    assert (error.check, error.blame) == ("deadline", WEST)
    assert abort_of(outcomes[SOUTH]).blame is None


def test_a_member_that_waited_for_a_while_has_that_time_left_out() -> None:
    """West lets north wait for long, and goes on: by then south has waited for north longer than allowed."""

    async def slow(mesh: TlsMesh) -> object:
        await mesh.broadcast("round0", b"x" * 32)
        await mesh.send(SOUTH, "round1", b"x" * 32)
        await asyncio.sleep(0.8 * QUICK.wait)
        await mesh.send(NORTH, "round1", b"x" * 32)
        for j in (NORTH, SOUTH):
            await mesh.receive(j, "round1")
        for k in range(2, 5):
            await mesh.broadcast(f"round{k}", b"x" * 32)
        return "finished"

    async def computes(mesh: TlsMesh) -> object:
        await mesh.broadcast("round0", b"x" * 32)
        await mesh.broadcast("round1", b"x" * 32)
        await asyncio.sleep(0.6 * QUICK.wait)
        for k in range(2, 5):
            await mesh.broadcast(f"round{k}", b"x" * 32)
        return "finished"

    assert together(computes, honest, slow, limits=QUICK) == ["finished"] * 3


def test_a_false_accusation_by_notice_convicts_nobody() -> None:
    """West accuses north to south, and south to north, of what a deadline would be."""

    async def accuse(mesh: TlsMesh) -> object:
        await mesh.broadcast("round0", b"x" * 32)
        raise ProtocolAbort.by(NORTH, "sent no 'round1' within 1.5 s", check="deadline")

    outcomes = together(honest, honest, accuse, limits=QUICK)
    assert {abort_of(outcome).blame for outcome in outcomes[:2]} == {None}


# ---------------------------------------------------------------------- broadcasts
async def votes(mesh: TlsMesh) -> object:
    await mesh.broadcast("vote", b"yes")
    mesh.state(b"session")
    await mesh.broadcast("round", b"")
    await mesh.compare()
    return "agreed"


def equivocate(states: Sequence[bytes]) -> Action:
    """South votes no towards west, and states and signs to each other member that it voted as ``states`` says."""

    async def act(mesh: TlsMesh) -> object:
        heard = await mesh.exchange("vote", [b"yes", b"yes", b"no"])
        told = []
        for said in states:
            mesh._digests = [hashlib.sha256() for _ in range(3)]
            mesh._absorb("vote", [heard[NORTH], said, heard[WEST]])
            told.append(Statements.state(copy.copy(mesh._statements), b"session", mesh.broadcast_digests()))
        mesh._outboxes[NORTH].state(told[0])
        mesh._outboxes[WEST].state(told[1])
        await mesh.broadcast("round", b"")
        await asyncio.sleep(3)
        return None

    return act


@pytest.mark.parametrize(
    ("states", "blamed"),
    [
        # Party by party: whoever is told something else than was sent to it knows; with two signatures, all do.
        ([b"yes", b"yes"], (None, SOUTH)),
        ([b"no", b"no"], (SOUTH, None)),
        ([b"yes", b"no"], (SOUTH, SOUTH)),
    ],
)
def test_different_broadcasts_convict_who_sent_them_and_nobody_else(
    states: Sequence[bytes], blamed: tuple[int | None, int | None]
) -> None:
    outcomes = together(votes, equivocate(states), votes)
    errors = [abort_of(outcomes[NORTH]), abort_of(outcomes[WEST])]
    assert [error.check for error in errors] == ["equivocation"] * 2
    assert tuple(error.blame for error in errors) == blamed


def test_an_equivocator_that_withholds_from_one_whom_it_contradicts_is_named_by_that_one() -> None:
    """South keeps west from passing on what it signed; north must not stop before west can name it."""

    async def act(mesh: TlsMesh) -> object:
        heard = await mesh.exchange("vote", [b"yes", b"yes", b"no"])
        for k, said in ((NORTH, b"yes"), (WEST, b"no")):
            mesh._digests = [hashlib.sha256() for _ in range(3)]
            mesh._absorb("vote", [heard[NORTH], said, heard[WEST]])
            statement = Statements.state(copy.copy(mesh._statements), b"session", mesh.broadcast_digests())
            mesh._outboxes[k].state(statement)
        await mesh.send(NORTH, "round", b"")
        await asyncio.sleep(12)
        return None

    outcomes = together(votes, act, votes, limits=dataclasses.replace(QUICK, wait=5))
    found = abort_of(outcomes[WEST])
    assert (found.check, found.blame, found.heard) == ("deadline", SOUTH, False)
    assert abort_of(outcomes[NORTH]).blame in {SOUTH, None}


def test_who_accuses_falsely_and_passes_on_nothing_is_named_at_the_deadline() -> None:
    async def act(mesh: TlsMesh) -> object:
        heard = await mesh.broadcast("vote", b"yes")
        mesh._digests = [hashlib.sha256() for _ in range(3)]
        mesh._absorb("vote", [*heard[:WEST], b"no"])
        accusing = Statements.state(copy.copy(mesh._statements), b"session", mesh.broadcast_digests())
        mesh._digests = [hashlib.sha256() for _ in range(3)]
        mesh._absorb("vote", heard)
        mesh._outboxes[NORTH].state(accusing)
        mesh._outboxes[WEST].state(mesh._statements.state(b"session", mesh.broadcast_digests()))
        await mesh.broadcast("round", b"")
        await asyncio.sleep(3 * QUICK.wait)
        return None

    outcomes = together(votes, act, votes, limits=QUICK)
    found = abort_of(outcomes[NORTH])
    assert (found.check, found.blame) == ("deadline", SOUTH)
    assert found.message == "south passed on nothing of what others signed within 1.5 s"
    assert outcomes[WEST] == "agreed"


def test_honest_members_agree_on_broadcasts() -> None:
    assert together(votes, votes, votes) == ["agreed"] * 3


# ---------------------------------------------------------------------- links
class Links:
    """Takes links between pairs down: what is sent over them from then on arrives nowhere, pings included."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.down: set[frozenset[int]] = set()
        ends: dict[ssl.SSLSocket, frozenset[int]] = {}
        sendall, opened = ssl.SSLSocket.sendall, TlsMesh._opened

        def send(sock: ssl.SSLSocket, data: bytes, flags: int = 0) -> None:
            if ends.get(sock) not in self.down:
                sendall(sock, data, flags)

        def tag(mesh: TlsMesh, j: int, sock: ssl.SSLSocket) -> None:
            ends[sock] = frozenset({mesh.index, j})
            opened(mesh, j, sock)

        monkeypatch.setattr(ssl.SSLSocket, "sendall", send)
        monkeypatch.setattr(TlsMesh, "_opened", tag)


def rounds(links: Links, cut: Sequence[set[int]], at: int) -> Action:
    """Rounds of which one begins with links going down, at north."""

    async def act(mesh: TlsMesh) -> object:
        for k in range(5):
            if k == at and mesh.index == NORTH:
                links.down |= {frozenset(pair) for pair in cut}
            await mesh.broadcast(f"round{k}", b"x" * 32)
        return "finished"

    return act


SILENT = Limits(connect=20, wait=8, silence=1.5, ping=0.1, close=2)


def test_a_member_whose_link_is_down_is_named_by_both_others_and_names_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = Links(monkeypatch)
    act = rounds(links, [{NORTH, SOUTH}, {NORTH, WEST}], 2)
    errors = [abort_of(outcome) for outcome in together(act, act, act, limits=SILENT)]
    # Only what is sent is lost here: that a member hangs up whose own deadline comes first is seen all the same.
    assert {error.check for error in errors} <= {"deadline", "connection"}
    if errors[NORTH].check == "deadline":
        assert errors[NORTH].blame is None
        assert "this member's own connection may be down" in errors[NORTH].message
    assert {error.blame for error in errors[1:]} <= {NORTH, None}
    assert all(error.message.startswith("north ") for error in errors[1:] if error.blame == NORTH)
    assert NORTH in {error.blame for error in errors[1:]}


def test_where_one_link_of_three_is_down_the_third_member_names_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = Links(monkeypatch)
    act = rounds(links, [{NORTH, SOUTH}], 2)
    errors = [abort_of(outcome) for outcome in together(act, act, act, limits=SILENT)]
    assert errors[WEST].blame is None
    assert errors[NORTH].blame in {SOUTH, None}
    assert errors[SOUTH].blame in {NORTH, None}


def test_a_deadline_shorter_than_the_silence_names_nobody_honest(monkeypatch: pytest.MonkeyPatch) -> None:
    """South hears nothing of north and waits; west waits for south, and would have named it."""
    links = Links(monkeypatch)
    act = rounds(links, [{NORTH, SOUTH}], 2)
    limits = Limits(connect=20, wait=1.5, silence=10, ping=0.1, close=2)
    errors = [abort_of(outcome) for outcome in together(act, act, act, limits=limits)]
    assert errors[WEST].blame is None


# ---------------------------------------------------------------------- pings and frames of a raw peer
@contextmanager
def raw_south(send: Callable[[ssl.SSLSocket], None]) -> Iterator[tuple[list[Member], socket.socket]]:
    """South is a raw peer that sends what ``send`` writes; gives what north needs to run against it."""
    sockets, members = listeners(2)

    def opened(j: int, sock: ssl.SSLSocket) -> None:
        held.append(sock)
        send(sock)

    peer = connector(SOUTH, members, opened=opened)
    peer.start(sockets[1])
    try:
        yield members, sockets[0]
    finally:
        peer.stop()
        while held:
            held.pop().close()


@pytest.mark.parametrize(
    ("ping", "text"),
    [
        (wait_for((2, 1)), "a ping that names nobody of this run"),
        (wait_for((1, 1)), "a ping that names nobody of this run"),
        (wait_for((0, 1), (0, 2)), "a ping that names nobody of this run"),
        (wait_for((0, 1))[:-1], "a ping that names nobody of this run"),
        (bytes(9000), "a ping of 9000 bytes, at most 8192 are allowed"),
    ],
)
def test_a_ping_that_is_none_is_blamed(ping: bytes, text: str) -> None:
    async def act(mesh: TlsMesh) -> object:
        return await mesh.receive(SOUTH, "due")

    with (
        raw_south(lambda sock: sock.sendall(raw_frame(kind=3, label=b"", payload=ping))) as (members, sock),
        pytest.raises(ProtocolAbort) as caught,
    ):
        party(IDENTITIES[0], members, sock, act)
    assert (caught.value.check, caught.value.blame) == ("frame", SOUTH)
    assert text in caught.value.message


def test_a_replayed_ping_is_a_frame_out_of_order() -> None:
    ping = raw_frame(kind=3, label=b"", payload=wait_for((0, 1)))

    async def act(mesh: TlsMesh) -> object:
        return await mesh.receive(SOUTH, "due")

    with (
        raw_south(lambda sock: sock.sendall(ping + ping)) as (members, sock),
        pytest.raises(ProtocolAbort) as caught,
    ):
        party(IDENTITIES[0], members, sock, act)
    assert (caught.value.check, caught.value.blame) == ("frame", SOUTH)
    assert "frame 0 where frame 1 was due" in caught.value.message


def test_a_flood_of_pings_is_blamed() -> None:
    """Each would take time of the interpreter's, and so let others wait for this member."""

    def send(sock: ssl.SSLSocket) -> None:
        for sequence in range(1000):
            sock.sendall(raw_frame(kind=3, sequence=sequence, label=b"", payload=wait_for((0, 1))))

    async def act(mesh: TlsMesh) -> object:
        return await mesh.receive(SOUTH, "due")

    with raw_south(send) as (members, sock), pytest.raises(ProtocolAbort) as caught:
        party(IDENTITIES[0], members, sock, act)
    assert (caught.value.check, caught.value.blame) == ("frame", SOUTH)
    assert "more pings than anybody has to send" in caught.value.message


def test_a_frame_longer_than_what_is_due_is_refused_before_it_is_read() -> None:
    """Its head announces 1 GiB, of which nothing ever comes: north says no at once, not at a deadline."""
    head = struct.pack(">IBQB", 10 + 3 + (1 << 30), 2, 0, 3) + b"due"

    async def act(mesh: TlsMesh) -> object:
        return await mesh.receive(SOUTH, "due", SMALL + 1)

    start = time.monotonic()
    with (
        raw_south(lambda sock: sock.sendall(head)) as (members, sock),
        pytest.raises(ProtocolAbort) as caught,
    ):
        party(IDENTITIES[0], members, sock, act)  # type: ignore[arg-type]
    assert time.monotonic() - start < 6
    assert (caught.value.check, caught.value.blame) == ("frame", SOUTH)
    assert caught.value.message == "south sent 1073741824 bytes as 'due' where at most 65537 were due"


def test_a_long_frame_waits_until_it_is_due() -> None:
    """Until then not a byte of it is read: what north holds stays below the small limit."""
    data = bytes(3 * SMALL)
    sent = threading.Event()

    def send(sock: ssl.SSLSocket) -> None:
        write_frame(sock, Kind.MESSAGE, 0, "early", data)
        sent.set()

    async def act(mesh: TlsMesh) -> object:
        await asyncio.to_thread(sent.wait, 5)
        await asyncio.sleep(0.3)
        held = mesh._inboxes[SOUTH]._held
        return held, len(await mesh.receive(SOUTH, "early", len(data)))

    limits = Limits(connect=8, wait=8, silence=60, ping=0.1, close=1)
    with raw_south(send) as (members, sock):
        assert party(IDENTITIES[0], members, sock, act, limits) == (0, len(data))
