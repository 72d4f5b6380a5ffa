# SPDX-License-Identifier: Apache-2.0
"""Every message of a run changed once: an abort follows, or the result is the right one, never a wrong one."""

from __future__ import annotations

from functools import cache

import pytest

from support.joint_run import Ran, audit, case, play
from support.memory_mesh import DROP
from tallystick import tracing
from tallystick.backend import Backend, get_backend
from tallystick.errors import ProtocolAbort
from tallystick.online import Proven

CHEATER = 1


@tracing.program
def product(members):
    x = tracing.concat(t["x"] for t in members)
    tracing.assert_zero(x[0] - x[0])
    return {"product": x[0] * x[1] * x[2]}


CASE = case(product, {"a": {"x": [1]}, "b": {"x": [3]}, "c": {"x": [2]}}, 0, 3)
EXPECTED = [6]

# A changed announcement of <L, X_i> changes nothing, because it only serves to find a culprit.
CLAIM = "proof/claim"
LAST = "proof/agree"


@cache
def honest(backend: Backend) -> Ran:
    return play(CASE, [backend] * 3)


def sent(backend: Backend, *, to: int = 0, pairwise: bool = False) -> list[tuple[str, int]]:
    """Label and size of every broadcast of the cheater, in order; or of every message to one party."""
    messages = [m for m in honest(backend).log if (m.sender, m.receiver) == (CHEATER, to)]
    return [(m.label, m.size) for m in messages if m.broadcast or pairwise]


def fields(size: int, number: int) -> list[int]:
    """Two byte positions to change: in the first field, and in another that varies with the message."""
    return [0, size - 1 - (number * 37) % size] if size else []


def right_or_stopped(ran: Ran, backend: Backend, label: str, harmless: set[str]) -> None:
    for result in ran.honest(CHEATER):
        if isinstance(result, Proven):
            assert label in harmless
            assert audit(CASE, result, backend) == EXPECTED
        else:
            assert isinstance(result, ProtocolAbort), result
            assert result.blame in (None, CHEATER), result


def in_position(number: int, change):
    """Apply a change to the cheater's broadcast of this number."""
    counter = iter(range(1 << 30))

    def corrupt(sender, label, payload):
        return change(payload) if sender == CHEATER and next(counter) == number else payload

    return corrupt


def flipped(position: int):
    def change(payload: bytes) -> bytes:
        data = bytearray(payload)
        data[position] ^= 1
        return bytes(data)

    return change


def test_the_honest_run_is_right(backend):
    for result in honest(backend).results:
        assert audit(CASE, result, backend) == EXPECTED


def test_every_label_is_covered(backend):
    labels = {label for label, _ in sent(backend, pairwise=True)}
    steps = {
        "inputs/masked",
        "inputs/zeros",
        "inputs/rows",
        "inputs/open",
        "inputs/agree",
        "witness/agree",
        "multiply",
        "proof/coset",
        "witness/rows",
    }
    steps |= {"witness/open", "proof/evaluations", "outputs/public", "proof/claim", "proof/cross"}
    steps |= {"proof/mask", "proof/response", "proof/agree", "insecure-dealer/commit", "insecure-dealer/open"}
    for check in ("inputs/coins", "inputs/check/coins", "inputs/check/mac-check", "witness/coins"):
        steps |= {f"{check}/commit", f"{check}/open"}
    for check in ("coins", "mac-check", "gate-check", "assert-zero"):
        steps |= {f"validate/{check}/commit", f"validate/{check}/open"}
    for check in ("coins", "mac-check"):
        steps |= {f"outputs/check/{check}/commit", f"outputs/check/{check}/open"}
    assert labels == steps


def test_every_field_changed_for_everyone(native):
    for number, (label, size) in enumerate(sent(native)):
        for position in fields(size, number):
            ran = play(CASE, [native] * 3, corrupt=in_position(number, flipped(position)))
            right_or_stopped(ran, native, label, {CLAIM})


def test_every_message_changed_for_one_member(native):
    """The other honest member may hold a right result only if the very last message was changed."""
    for number, (label, size) in enumerate(sent(native, to=2, pairwise=True)):
        counter = iter(range(1 << 30))

        def tamper(sender, receiver, _label, payload, number=number, counter=counter, size=size):
            if (sender, receiver) != (CHEATER, 2) or next(counter) != number:
                return payload
            return flipped(size // 2)(payload)

        ran = play(CASE, [native] * 3, tamper=tamper)
        assert isinstance(ran.results[2], ProtocolAbort)
        right_or_stopped(ran, native, label, {LAST})


def test_some_messages_changed_in_the_pure_backend():
    backend = get_backend("pure")
    for number, (label, size) in list(enumerate(sent(backend)))[::3]:
        change = flipped((number * 17) % size)
        ran = play(CASE, [backend] * 3, corrupt=in_position(number, change))
        right_or_stopped(ran, backend, label, {CLAIM})


@pytest.mark.parametrize("kind", ["cut", "grown", "missing"])
def test_every_message_of_another_length(native, kind):
    change = {"cut": lambda p: p[:-1], "grown": lambda p: p + b"\0", "missing": lambda p: DROP}[kind]
    check = "deadline" if kind == "missing" else "malformed-message"
    for number in range(len(sent(native))):
        ran = play(CASE, [native] * 3, corrupt=in_position(number, change))
        assert {(r.check, r.blame) for r in ran.honest(CHEATER)} == {(check, CHEATER)}


def test_every_message_zeroed(native):
    for number, (label, _size) in enumerate(sent(native)):
        ran = play(CASE, [native] * 3, corrupt=in_position(number, lambda p: bytes(len(p))))
        right_or_stopped(ran, native, label, {CLAIM})
