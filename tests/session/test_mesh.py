# SPDX-License-Identifier: Apache-2.0
"""The mesh over TLS between members: what arrives, who is let in, and who is named when something fails."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.tls_mesh import (
    FAST,
    IDENTITIES,
    Action,
    abort_of,
    connector,
    held,
    listeners,
    party,
    raw_frame,
    together,
    until,
)
from tallystick import encoding
from tallystick.errors import DataError, ProtocolAbort, UsageError
from tallystick.record import Member
from tallystick.session import Limits, TlsMesh, new_identity
from tallystick.session._connect import Connector, bind
from tallystick.session._tls import check_validity, client_context
from tallystick.session._wire import Kind, write_frame


# ---------------------------------------------------------------------- messages
def test_broadcast_exchange_and_pairwise_messages() -> None:
    async def act(mesh: TlsMesh) -> object:
        i = mesh.index
        said = await mesh.broadcast("hello", f"from {i}".encode())
        swapped = await mesh.exchange("pairs", [bytes([i, j]) for j in range(mesh.size)])
        await mesh.send((i + 1) % mesh.size, "ring", bytes([i]))
        ring = await mesh.receive((i - 1) % mesh.size, "ring")
        return said, swapped, ring, mesh.broadcast_digests()

    outcomes = together(act, act, act)
    said = [b"from 0", b"from 1", b"from 2"]
    for i, outcome in enumerate(outcomes):
        assert isinstance(outcome, tuple), outcome
        assert outcome[:3] == (said, [bytes([j, i]) for j in range(3)], bytes([(i - 1) % 3]))
    digests = {outcome[3] for outcome in outcomes if isinstance(outcome, tuple)}
    assert len(digests) == 1
    assert len(set(digests.pop())) == 3


def test_large_messages_meet_back_pressure_and_arrive_whole() -> None:
    """Both sides send far more than the queues hold before either asks for anything."""
    limits = Limits(connect=8, wait=8, silence=8, ping=0.1, queue=1 << 16)
    blobs = [bytes([k]) * (300_000 + k) for k in range(20)]

    async def act(mesh: TlsMesh) -> object:
        peer = 1 - mesh.index
        sending = asyncio.gather(*(mesh.send(peer, f"blob {k}", blob) for k, blob in enumerate(blobs)))
        received = [await mesh.receive(peer, f"blob {k}", len(blobs[k])) for k in range(len(blobs))]
        await sending
        return received == blobs

    assert together(act, act, limits=limits) == [True, True]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_may_be_sent(kind: Callable[[bytes], bytes]) -> None:
    data = os.urandom(3_000_001)

    async def act(mesh: TlsMesh) -> object:
        received = await mesh.broadcast("data", kind(data))
        return [type(item) for item in received] == [bytes, bytes] and received == [data, data]

    assert together(act, act) == [True, True]


def test_digests_tell_whose_broadcasts_differed() -> None:
    async def equivocate(mesh: TlsMesh) -> object:
        await mesh.exchange("vote", [b"yes", b"yes", b"no"])
        return None

    async def act(mesh: TlsMesh) -> object:
        await mesh.broadcast("vote", b"yes")
        return mesh.broadcast_digests()

    _, a, b = together(equivocate, act, act)
    assert isinstance(a, tuple) and isinstance(b, tuple)
    assert [x == y for x, y in zip(a, b, strict=True)] == [False, True, True]


def test_digests_cover_labels_and_large_payloads_in_order() -> None:
    def act(first: str, second: str) -> Action:
        async def run(mesh: TlsMesh) -> object:
            await mesh.broadcast(first, bytes(100_000))
            await mesh.broadcast(second, b"small")
            return mesh.broadcast_digests()

        return run

    one = together(*[act("a", "b")] * 3)
    other = together(*[act("b", "a")] * 3)
    assert one[0] == one[1] == one[2]
    assert other[0] == other[1] == other[2]
    assert one[0] != other[0]


def test_traffic_is_counted_by_phase() -> None:
    async def act(mesh: TlsMesh) -> object:
        with mesh.phase("first"):
            await mesh.broadcast("a", bytes(1000))
        with mesh.phase("second"):
            await mesh.send(1 - mesh.index, "b", bytes(10))
            await mesh.receive(1 - mesh.index, "b")
        return mesh.traffic

    traffic, _ = together(act, act)
    assert isinstance(traffic, dict)
    assert list(traffic) == ["first", "second"]
    assert (traffic["first"].rounds, traffic["first"].sent, traffic["first"].received) == (1, 1015, 1015)
    assert (traffic["second"].rounds, traffic["second"].sent, traffic["second"].received) == (0, 25, 25)


@pytest.mark.parametrize("label", ["", "é", "x" * 65])
def test_bad_labels_are_programming_errors(label: str) -> None:
    async def act(mesh: TlsMesh) -> object:
        with pytest.raises(ValueError, match="a label is"):
            await mesh.send(1 - mesh.index, label, b"")
        return await mesh.broadcast("end", b"")

    assert together(act, act) == [[b"", b""], [b"", b""]]


# ---------------------------------------------------------------------- who is named
async def listen_only(mesh: TlsMesh) -> object:
    return await mesh.receive((mesh.index + 1) % mesh.size, "never")


@pytest.mark.parametrize("late", [0.0, 0.3])
def test_a_wrong_label_is_blamed(late: float) -> None:
    """Also where the other side has found the difference before it sent anything: its message still comes."""

    async def wrong(mesh: TlsMesh) -> object:
        await asyncio.sleep(late)
        return await mesh.broadcast("other", b"")

    async def act(mesh: TlsMesh) -> object:
        return await mesh.broadcast("expected", b"")

    error = abort_of(together(act, wrong)[0])
    assert (error.check, error.blame) == ("label", 1)
    assert error.message == "south sent 'other' where 'expected' was due"


def test_a_member_that_sends_nothing_is_named_at_the_deadline() -> None:
    async def sleep(mesh: TlsMesh) -> object:
        await asyncio.sleep(2)
        return None

    limits = Limits(connect=8, wait=0.5, silence=8, ping=0.1)
    start = time.monotonic()
    error = abort_of(together(listen_only, sleep, limits=limits)[0])
    assert (error.check, error.blame, error.message) == (
        "deadline",
        1,
        "south sent no 'never' within 0.5 s",
    )
    assert time.monotonic() - start < 8


def test_a_member_that_leaves_early_is_named() -> None:
    async def leave(mesh: TlsMesh) -> object:
        return None

    error = abort_of(together(listen_only, leave)[0])
    assert (error.check, error.blame) == ("connection", 1)
    assert error.message == "south ended its run before sending 'never'"


def test_messages_before_leaving_still_arrive() -> None:
    async def send_and_leave(mesh: TlsMesh) -> object:
        await mesh.send(0, "last", bytes(1_000_000))
        return None

    async def act(mesh: TlsMesh) -> object:
        await asyncio.sleep(0.3)
        return len(await mesh.receive(1, "last", 1_000_000))

    assert together(act, send_and_leave) == [1_000_000, None]


def test_an_abort_reaches_every_member_and_an_accusation_is_hearsay() -> None:
    async def accuse(mesh: TlsMesh) -> object:
        raise ProtocolAbort("south's share of Z is wrong", check="z-share", blame=1)

    outcomes = together(listen_only, listen_only, accuse)
    for outcome in outcomes[:2]:
        error = abort_of(outcome)
        assert (error.check, error.blame) == ("z-share", None)
        assert error.message == "west stopped the run: south's share of Z is wrong"
    assert abort_of(outcomes[2]).blame == 1


def test_a_local_error_is_told_without_its_text() -> None:
    async def fail(mesh: TlsMesh) -> object:
        raise DataError("row 3: wage_cents is 999999")

    outcomes = together(listen_only, listen_only, fail)
    for outcome in outcomes[:2]:
        error = abort_of(outcome)
        assert (error.check, error.blame) == ("stopped", 2)
        assert error.message == "west stopped the run: a DataError on its own side"
    assert isinstance(outcomes[2], DataError)


def test_own_evidence_overtakes_a_notice() -> None:
    """What a member received before the notice is still handed out, so it can find the fault itself."""

    async def accuse(mesh: TlsMesh) -> object:
        await mesh.broadcast("round", b"")
        raise ProtocolAbort("something", check="other")

    async def act(mesh: TlsMesh) -> object:
        await mesh.broadcast("round", b"")
        await asyncio.sleep(0.3)
        raise ProtocolAbort("own evidence", check="own", blame=2)

    async def send(mesh: TlsMesh) -> object:
        await mesh.broadcast("round", b"")
        return await mesh.receive(0, "never")

    outcomes = together(accuse, act, send)
    assert abort_of(outcomes[1]).check == "own"


# ---------------------------------------------------------------------- processes that stop
def hang_around(members: Sequence[Member], listener: socket.socket) -> None:
    async def act(mesh: TlsMesh) -> object:
        await mesh.broadcast("ready", b"")
        await asyncio.sleep(60)
        return None

    party(IDENTITIES[2], members, listener, act)


@pytest.mark.parametrize(
    ("number", "check", "text"),
    [
        (signal.SIGKILL, "connection", "west is gone: the connection was closed"),
        (signal.SIGSTOP, "deadline", "west has been silent for 1 s"),
    ],
)
def test_a_killed_or_hung_process_is_named_by_all_within_seconds(
    number: signal.Signals, check: str, text: str
) -> None:
    sockets, members = listeners(3)
    limits = Limits(connect=20, wait=60, silence=1.0, ping=0.1, close=2)
    process = multiprocessing.get_context("fork").Process(target=hang_around, args=(members, sockets[2]))
    process.start()
    sockets[2].close()
    struck = threading.Event()
    when: list[float] = []

    async def act(mesh: TlsMesh) -> object:
        await mesh.broadcast("ready", b"")
        if mesh.index == 0:
            assert process.pid is not None
            os.kill(process.pid, number)
            when.append(time.monotonic())
            struck.set()
        return await mesh.receive(1 - mesh.index, "never")

    try:
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(party, IDENTITIES[i], members, sockets[i], act, limits) for i in range(2)]
            errors = [abort_of(future.exception()) for future in futures]
    finally:
        process.kill()
        process.join()
    assert struck.is_set()
    assert time.monotonic() - when[0] < 6
    for error in errors:
        assert (error.check, error.blame, error.message) == (check, 2, text)


def test_an_absent_member_is_named() -> None:
    sockets, members = listeners(2)
    sockets[1].close()

    async def act(mesh: TlsMesh) -> object:
        return None

    start = time.monotonic()
    with pytest.raises(ProtocolAbort) as caught:
        party(IDENTITIES[0], members, sockets[0], act, Limits(connect=0.6))
    assert (caught.value.check, caught.value.blame) == ("deadline", 1)
    assert caught.value.message == "south cannot be reached within 0.6 s: Connection refused"
    assert time.monotonic() - start < 4


# ---------------------------------------------------------------------- certificates
def test_another_certificate_of_the_same_name_is_refused() -> None:
    """South's machine answers with a key that north's consortium file does not pin."""
    sockets, members = listeners(2)
    impostor = new_identity("south")
    theirs = [members[0], impostor.member(members[1].address)]
    remarks: list[str] = []

    async def act(mesh: TlsMesh) -> object:
        return None

    with ThreadPoolExecutor(2) as pool:
        honest = pool.submit(party, IDENTITIES[0], members, sockets[0], act, FAST, remarks)
        other = pool.submit(party, impostor, theirs, sockets[1], act)
        error = abort_of(honest.exception())
        refused = abort_of(other.exception())
    assert (error.check, error.blame) == ("certificate", 1)
    assert error.message.startswith(f"south is not what answers at {members[1].address}: self")
    # The impostor is refused as well, unless it only finds north's port closed by then.
    assert refused.blame == 0
    assert refused.check in ("certificate", "deadline")


def test_a_client_that_is_not_pinned_is_told_so() -> None:
    """North dials nobody here: it only accepts, and turns an unknown certificate away."""
    sockets, members = listeners(2)
    impostor = new_identity("south")
    remarks: list[str] = []
    failures: list[ProtocolAbort] = []
    north = connector(0, members, remark=remarks.append)
    north.start(sockets[0])
    sockets[1].listen()
    dialler = Connector(
        impostor,
        [members[0], impostor.member(members[1].address)],
        1,
        deadline=5,
        opened=lambda j, sock: None,
        accepted=lambda j, sock: None,
        failed=failures.append,
        remark=lambda text: None,
    )
    dialler.start(socket.create_server(("127.0.0.1", 0)))
    until(lambda: bool(failures and remarks))
    north.stop()
    dialler.stop()
    sockets[1].close()
    assert (failures[0].check, failures[0].blame) == ("certificate", 0)
    assert failures[0].message == "north refuses this member's certificate"
    assert remarks[0].startswith("turned away a connection from 127.0.0.1: TLS: CERTIFICATE_VERIFY_FAILED")


def test_another_members_certificate_is_refused() -> None:
    """West answers at the address that the file gives for south."""
    sockets, members = listeners(3)
    swapped = [members[0], Member("south", members[2].address, members[1].certificate)]
    swapped.append(Member("west", members[1].address, members[2].certificate))
    failures: list[ProtocolAbort] = []
    west = connector(2, members)
    west.start(sockets[2])
    north = connector(0, swapped, failed=failures.append)
    north.start(sockets[0])
    until(lambda: bool(failures))
    north.stop()
    west.stop()
    sockets[1].close()
    assert (failures[0].check, failures[0].blame) == ("certificate", 1)
    assert failures[0].message.endswith("the certificate is that of west")


def test_members_of_different_runs_do_not_connect() -> None:
    sockets, members = listeners(3)

    async def act(mesh: TlsMesh) -> object:
        return None

    with ThreadPoolExecutor(2) as pool:
        two = pool.submit(party, IDENTITIES[0], members[:2], sockets[0], act)
        three = pool.submit(party, IDENTITIES[1], members, sockets[1], act)
        errors = [abort_of(two.exception()), abort_of(three.exception())]
    sockets[2].close()
    assert errors[0].check == "greeting"
    assert errors[0].message.startswith("south takes part in a run of other members")
    assert errors[1].blame == 0


def test_older_tls_is_refused() -> None:
    sockets, members = listeners(2)
    remarks: list[str] = []
    north = connector(0, members, remark=remarks.append)
    north.start(sockets[0])
    context = client_context(IDENTITIES[1], members[:1])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError), socket.create_connection(members[0].endpoint, timeout=5) as raw:
        context.wrap_socket(raw)
    until(lambda: bool(remarks))
    north.stop()
    sockets[1].close()
    assert "UNSUPPORTED_PROTOCOL" in remarks[0]


def test_strangers_change_nothing() -> None:
    sockets, members = listeners(2)
    strangers = [socket.create_connection(members[0].endpoint) for _ in range(3)]
    strangers[0].sendall(b"GET / HTTP/1.1\r\n\r\n" * 10)
    strangers[1].close()
    remarks: list[str] = []

    async def act(mesh: TlsMesh) -> object:
        return await mesh.broadcast("hello", bytes([mesh.index]))

    with ThreadPoolExecutor(2) as pool:
        a = pool.submit(party, IDENTITIES[0], members, sockets[0], act, FAST, remarks)
        b = pool.submit(party, IDENTITIES[1], members, sockets[1], act)
        assert a.result() == b.result() == [b"\0", b"\1"]
    for stranger in strangers:
        stranger.close()
    assert any(remark.startswith("turned away a connection from 127.0.0.1") for remark in remarks)


def test_expired_certificates_are_named() -> None:
    member = IDENTITIES[0].member("127.0.0.1:1")
    first, last = member.validity
    check_validity([member])
    with pytest.raises(UsageError, match="north's certificate expired on"):
        check_validity([member], last.replace(year=last.year + 1))
    with pytest.raises(UsageError, match="north's certificate is valid from"):
        check_validity([member], first.replace(year=first.year - 1))


def test_an_address_in_use_is_refused_with_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"cannot listen at {address}: .*in use") as caught:
            bind(address)
    assert "--listen" in str(caught.value.hint)


# ---------------------------------------------------------------------- malformed frames
@pytest.mark.parametrize(
    ("sent", "check", "text"),
    [
        (
            struct.pack(">IBQB", 0xFFFFFFFF, 2, 0, 3),
            "frame",
            "a frame of 4294967282 bytes, at most 1073741824",
        ),
        (struct.pack(">IBQB", 5, 2, 0, 0), "frame", "lengths contradict each other"),
        (struct.pack(">IBQB", 10 + 65, 2, 0, 65), "frame", "lengths contradict each other"),
        (struct.pack(">IBQB", 10, 2, 0, 3), "frame", "lengths contradict each other"),
        (raw_frame(kind=9), "frame", "of unknown kind"),
        (raw_frame(label=b"\xff"), "frame", "outside ASCII"),
        (raw_frame(sequence=1), "frame", "frame 1 where frame 0 was due"),
        (raw_frame(kind=3, label=b"") + raw_frame(sequence=0), "frame", "frame 0 where frame 1 was due"),
        (raw_frame(kind=1), "frame", "a second greeting"),
        (raw_frame(payload=bytes(50))[:-7], "frame", "a frame that breaks off"),
        (raw_frame(label=b"undue"), "label", "sent 'undue' where 'due' was due"),
        (raw_frame(kind=5, label=b""), "connection", "ended its run before sending 'due'"),
        (b"", "connection", "is gone: the connection was closed"),
        (raw_frame(kind=4, label=b"", payload=b"\xff"), "frame", "an abort notice that is none"),
        (
            raw_frame(kind=4, label=b"", payload=encoding.dumps(["x", 1, "\x1b[2J gone"])),
            "x",
            "stopped the run: ?[2J gone",
        ),
    ],
)
def test_malformed_frames_are_blamed(sent: bytes, check: str, text: str) -> None:
    sockets, members = listeners(2)

    def opened(j: int, sock: ssl.SSLSocket) -> None:
        sock.sendall(sent)
        if check != "label":
            socket.socket.shutdown(sock, socket.SHUT_WR)
        held.append(sock)

    peer = connector(1, members, opened=opened)
    peer.start(sockets[1])

    async def act(mesh: TlsMesh) -> object:
        return await mesh.receive(1, "due")

    with pytest.raises(ProtocolAbort) as caught:
        party(IDENTITIES[0], members, sockets[0], act)
    peer.stop()
    while held:
        held.pop().close()
    assert (caught.value.check, caught.value.blame) == (check, 1)
    assert caught.value.message.startswith("south ")
    assert text in caught.value.message


def test_a_peer_without_pings_is_named_although_its_connection_stands() -> None:
    sockets, members = listeners(2)
    peer = connector(1, members, opened=lambda j, sock: held.append(sock))
    peer.start(sockets[1])
    with pytest.raises(ProtocolAbort) as caught:
        party(
            IDENTITIES[0],
            members,
            sockets[0],
            listen_only,
            Limits(connect=8, wait=60, silence=0.5, ping=0.1, close=1),
        )
    peer.stop()
    while held:
        held.pop().close()
    assert (caught.value.check, caught.value.blame) == ("deadline", 1)
    assert caught.value.message == "south has been silent for 0.5 s"


def test_empty_frames_cannot_pile_up_without_limit() -> None:
    """A flood of empty messages stops at the queue's bound instead of filling memory."""
    sockets, members = listeners(2)
    stalled = threading.Event()

    def opened(j: int, sock: ssl.SSLSocket) -> None:
        sock.settimeout(0.5)
        held.append(sock)
        try:
            for sequence in range(10_000_000):
                write_frame(sock, Kind.MESSAGE, sequence, "flood", b"")
        except TimeoutError:
            stalled.set()
        except OSError:
            pass

    peer = connector(1, members, opened=opened)
    peer.start(sockets[1])

    async def act(mesh: TlsMesh) -> object:
        return await asyncio.to_thread(stalled.wait, 6)

    limits = Limits(connect=8, wait=8, silence=8, ping=0.1, close=1, queue=1 << 16)
    assert party(IDENTITIES[0], members, sockets[0], act, limits) is True
    peer.stop()
    while held:
        held.pop().close()
