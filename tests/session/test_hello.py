# SPDX-License-Identifier: Apache-2.0
"""Hellos: what members must have in common, and who is convicted of telling members different things."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.tls_mesh import FAST, IDENTITIES, abort_of, together
from tallystick.encoding import dumps, loads
from tallystick.record import sign
from tallystick.session import Limits, TlsMesh
from tallystick.session._hello import Hello, exchange_hellos

NORTH, SOUTH, WEST = range(3)
MEMBERS = [identity.member("127.0.0.1:1") for identity in IDENTITIES]
Send = Callable[[TlsMesh, str, int, bytes], bytes]
"""What a cheating south sends in place of a message, to one member."""


async def honest(mesh: TlsMesh) -> object:
    return await exchange_hellos(
        mesh,
        MEMBERS[: mesh.size],
        IDENTITIES[mesh.index],
        "run",
        terms={"name": "a job", "columns": []},
        preparation="lowgear",
        rows=3,
    )


def signed(hello: Hello, by: int = SOUTH) -> bytes:
    body = hello.to_bytes()
    return sign(IDENTITIES[by].key, "hello", hashlib.sha256(body).digest()) + body


def hello_of(message: bytes, size: int = 3) -> Hello:
    return Hello.from_bytes(message[64:], size)


def session(monkeypatch: pytest.MonkeyPatch, send: Send, size: int = 3, limits: Limits = FAST) -> list[Any]:
    """Let the members say hello, south as ``send`` says; each one's outcome."""
    honest_offer = TlsMesh._offer

    def offer(mesh: TlsMesh, to: int, label: str, payload: Any) -> bool:
        if mesh.index == SOUTH:
            payload = send(mesh, label, to, bytes(payload))
        return honest_offer(mesh, to, label, payload)

    monkeypatch.setattr(TlsMesh, "_offer", offer)
    return together(*[honest] * size, limits=limits)


def named(outcomes: list[Any], check: str, blame: int | None, message: str) -> None:
    """North and west come to this by evidence of their own, or hear it from the other; nobody honest is named."""
    own = [abort_of(outcomes[k]) for k in (NORTH, WEST) if not abort_of(outcomes[k]).heard]
    assert own
    for error in own:
        assert (error.check, error.blame) == (check, blame), error
        assert message in error.message
    assert all(abort_of(outcomes[k]).blame in {SOUTH, None} for k in (NORTH, WEST))


def test_honest_members_share_hellos_and_digest() -> None:
    outcomes = together(honest, honest, honest)
    digests = set()
    for outcome in outcomes:
        assert isinstance(outcome, tuple), outcome
        hellos, digest = outcome
        assert [hello.rows for hello in hellos] == [3, 3, 3]
        assert len(set(hellos[0].nonces)) == 3
        assert {hello.nonces for hello in hellos} == {hellos[0].nonces}
        digests.add(digest)
    assert len(digests) == 1
    again = together(honest, honest, honest)[0]
    assert isinstance(again, tuple)
    assert again[1] not in digests


def test_rows_told_differently_convict_the_equivocator_before_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        if (label, to) == ("hello", WEST):
            return signed(replace(hello_of(payload), rows=4))
        return payload

    outcomes = session(monkeypatch, send)
    for k in (NORTH, WEST):
        error = abort_of(outcomes[k])
        assert (error.check, error.blame, error.heard) == ("equivocation", SOUTH, False)
        assert "signed different hellos for different members of this run" in error.what


def test_an_equivocator_that_passes_on_what_each_heard_is_convicted_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """South tells north one thing and west another in the relay, too: each hears from it what it knows."""
    other: list[bytes] = []

    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        if label == "hello" and to == WEST:
            other.append(signed(replace(hello_of(payload), rows=4)))
            return other[0]
        if label == "hello/relay" and to == WEST:
            entries = loads(payload, max_size=len(payload))
            assert isinstance(entries, list)
            entries[SOUTH] = other[0]
            return dumps(entries)
        return payload

    outcomes = session(monkeypatch, send)
    assert [abort_of(outcomes[k]).blame for k in (NORTH, WEST)] == [SOUTH, SOUTH]


def test_a_relay_that_convicts_nobody_shields_no_equivocator(monkeypatch: pytest.MonkeyPatch) -> None:
    """South tells west something else, and passes on to north an old hello of west's, which leaves north in doubt."""

    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        if (label, to) == ("hello", WEST):
            return signed(replace(hello_of(payload), rows=4))
        if (label, to) == ("hello/relay", NORTH):
            entries = loads(payload, max_size=len(payload))
            assert isinstance(entries, list)
            hello = hello_of(entries[WEST])
            entries[WEST] = signed(
                replace(hello, nonces=(bytes(32), hello.nonces[SOUTH], bytes(32))), by=WEST
            )
            return dumps(entries)
        return payload

    outcomes = session(monkeypatch, send)
    assert [abort_of(outcomes[k]).blame for k in (NORTH, WEST)] == [SOUTH, SOUTH]


def relaying(change: Callable[[list[Any]], None]) -> Send:
    """South is honest but for what it passes on to north of west's hello."""

    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        if (label, to) != ("hello/relay", NORTH):
            return payload
        entries = loads(payload, max_size=len(payload))
        assert isinstance(entries, list)
        change(entries)
        return dumps(entries)

    return send


def _unsigned(entries: list[Any]) -> None:
    entries[WEST] = signed(replace(hello_of(entries[WEST]), rows=9), by=SOUTH)


def _truncated(entries: list[Any]) -> None:
    entries[WEST] = entries[WEST][:-1]


def _of_another_run(entries: list[Any]) -> None:
    """What west may have signed yesterday: all nonces are others."""
    old = replace(hello_of(entries[WEST]), nonces=(bytes(32), bytes(32), bytes(32)))
    entries[WEST] = signed(old, by=WEST)


def _to_others(entries: list[Any]) -> None:
    """West signed it in a run of other members, in which south and a friend greeted with north's nonce and south's.

    A hello that did not say to whom it is said would convict west of two in one run.
    """
    hello = hello_of(entries[WEST])
    others = replace(hello, members=bytes(32), nonces=(*hello.nonces[:2], bytes(32)), rows=9)
    entries[WEST] = signed(others, by=WEST)


def _own(entries: list[Any]) -> None:
    entries[SOUTH] = signed(replace(hello_of(entries[SOUTH]), rows=9))


def _victims(entries: list[Any]) -> None:
    entries[NORTH] = signed(replace(hello_of(entries[NORTH]), rows=9), by=NORTH)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_unsigned, "passes on a hello that west did not sign"),
        (_truncated, "passes on a hello that west did not sign"),
        (_of_another_run, "passes on a hello of another run"),
        (_to_others, "passes on a hello of another run"),
        (_own, "passes on another hello than was sent to it or by it"),
        (_victims, "passes on another hello than was sent to it or by it"),
        (lambda entries: entries.pop(), "sent what cannot be decoded"),
    ],
)
def test_a_false_relay_convicts_who_passes_it_on(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[list[Any]], None], text: str
) -> None:
    outcomes = session(monkeypatch, relaying(change))
    error = abort_of(outcomes[NORTH])
    assert (error.blame, error.heard) == (SOUTH, False)
    assert text in error.message
    # West was not lied to: it has finished, or hears of it.
    assert getattr(outcomes[WEST], "blame", None) is None


def test_an_old_hello_under_an_old_nonce_convicts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """South greets with the nonce of an old run and replays what west signed in it: north cannot tell who lies."""

    def change(entries: list[Any]) -> None:
        hello = hello_of(entries[WEST])
        entries[WEST] = signed(replace(hello, nonces=(bytes(32), hello.nonces[SOUTH], bytes(32))), by=WEST)

    error = abort_of(session(monkeypatch, relaying(change))[NORTH])
    assert (error.check, error.blame) == ("equivocation", None)
    assert error.about == (WEST, SOUTH)


@pytest.mark.parametrize(
    ("change", "check", "text"),
    [
        (lambda hello: bytes(64) + hello, "hello-signature", ": the hello signature is not south's"),
        (lambda hello: b"", "malformed", "sent what cannot be decoded: hello"),
        (lambda hello: bytes(64) + b"\xa0", "malformed", "sent what cannot be decoded: hello"),
        (lambda hello: b"\xff" * 70_000, "malformed", "sent what cannot be decoded: hello"),
        (lambda hello: hello + bytes(1 << 20), "frame", "bytes as 'hello' where at most 1048640 were due"),
    ],
)
def test_a_hello_that_is_none_convicts_its_sender(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[bytes], bytes], check: str, text: str
) -> None:
    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        if label != "hello":
            return payload
        return change(payload[64:] if check == "hello-signature" else payload)

    outcomes = session(monkeypatch, send)
    named(outcomes, check, SOUTH, text)


def test_a_hello_to_other_members_convicts_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        return signed(replace(hello_of(payload), members=bytes(32))) if label == "hello" else payload

    named(session(monkeypatch, send), "hello", SOUTH, "says hello to other members than those of this run")


@pytest.mark.parametrize("whose", [NORTH, SOUTH])
def test_a_nonce_that_its_owner_knows_to_be_false_convicts(
    monkeypatch: pytest.MonkeyPatch, whose: int
) -> None:
    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        if label != "hello":
            return payload
        hello = hello_of(payload)
        nonces = tuple(bytes(32) if k == whose else nonce for k, nonce in enumerate(hello.nonces))
        return signed(replace(hello, nonces=nonces))

    error = abort_of(session(monkeypatch, send)[NORTH])
    assert (error.check, error.blame) == ("hello", SOUTH)


def test_a_nonce_of_another_that_differs_convicts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """South says, and tells all alike, that west greeted it with another nonce: west knows better, north does not."""

    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        if label == "hello":
            hello = hello_of(payload)
            return signed(replace(hello, nonces=(*hello.nonces[:2], bytes(32))))
        if label == "hello/relay":
            entries = loads(payload, max_size=len(payload))
            assert isinstance(entries, list)
            hello = hello_of(entries[SOUTH])
            entries[SOUTH] = signed(replace(hello, nonces=(*hello.nonces[:2], bytes(32))))
            return dumps(entries)
        return payload

    outcomes = session(monkeypatch, send)
    assert abort_of(outcomes[WEST]).blame == SOUTH
    assert abort_of(outcomes[NORTH]).blame is None


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"terms": {"name": "another", "columns": []}}, "name"),
        ({"terms": {"name": "a job", "columns": [], "more": 1}}, "its entries"),
        ({"preparation": "insecure-small-ring"}, "preparation"),
        ({"purpose": "prepare"}, "purpose"),
    ],
)
@pytest.mark.parametrize("size", [2, 3])
def test_members_that_want_different_things_say_what(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], parts: str, size: int
) -> None:
    def send(mesh: TlsMesh, label: str, to: int, payload: bytes) -> bytes:
        def changed(message: bytes) -> bytes:
            return signed(replace(hello_of(message, size), **changes))

        if label == "hello":
            return changed(payload)
        entries = loads(payload, max_size=len(payload))
        assert isinstance(entries, list)
        entries[SOUTH] = changed(entries[SOUTH])
        return dumps(entries)

    error = abort_of(session(monkeypatch, send, size)[NORTH])
    assert (error.check, error.blame) == ("job", None)
    assert error.what == f"'s job differs from this member's in: {parts}"
    assert error.about == (SOUTH,)
