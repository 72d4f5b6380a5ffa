# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes a member sends in preparation: a passed check, or an abort that names it; never anything else."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.memory_mesh import run
from support.small_ring import small_scheme
from tallystick.algebra import Random
from tallystick.backend import FR_BYTES
from tallystick.encoding import dumps
from tallystick.errors import ProtocolAbort
from tallystick.offline import Epoch, LowGear, LowGearPreparation, Need, Store, start_epoch
from tallystick.offline._stocked import _decode_keys, _encode_keys
from tallystick.party import Party
from tallystick.session import _prepare as session_prepare
from tallystick.session import new_identity

SIZE = 2
SENDER = 1
IDENTITIES = [new_identity(name) for name in ("north", "south")]


@cache
def keys_of(backend):
    async def protocol(mesh):
        return await start_epoch(Party(mesh, backend, b"session", Random.system()), small_scheme(backend))

    return run(protocol, SIZE)


def party_of(mesh, backend):
    return Party(mesh, backend, b"session", Random.system())


async def _state(mesh, backend):
    store = Store(None, key=bytes(32), binding=b"test")
    await LowGearPreparation.open(party_of(mesh, backend), small_scheme(backend), store)


async def _hello(mesh, backend):
    preparing = SimpleNamespace(
        need=Need(triples=8, masks=(1, 1)),
        preparation="lowgear",
        consortium=SimpleNamespace(members=[identity.member("127.0.0.1:1") for identity in IDENTITIES]),
        identity=IDENTITIES[mesh.index],
    )
    await session_prepare._agree(mesh, preparing)


def _with_epoch(step):
    async def protocol(mesh, backend):
        keys = keys_of(backend)[mesh.index]
        epoch = Epoch(replace(keys, secret=keys.secret.copy()))
        await step(LowGear(party_of(mesh, backend), small_scheme(backend), epoch))

    return protocol


_triples = _with_epoch(lambda lowgear: lowgear.triples(1))

#: Every message of preparation, with a protocol in which it occurs.
MESSAGES = {
    "hello": _hello,
    "prepare/state": _state,
    "prepare/state/agree": _state,
    "prepare/epoch/commit": _state,
    "prepare/epoch/open": _state,
    "prepare/epoch/agree": _state,
    "prepare/key": _state,
    "prepare/mac-key": _state,
    "prepare/b": _triples,
    "prepare/products": _triples,
    "prepare/product-macs": _triples,
    "prepare/sacrifice/open": _triples,
    "prepare/rho": _triples,
    "prepare/sacrifice/check/coins/open": _triples,
    "prepare/sacrifice/check/mac-check/open": _triples,
    "prepare/sacrifice/check/sacrifice/open": _triples,
    "prepare/random": _with_epoch(lambda lowgear: lowgear.randoms()),
    "prepare/mask": _with_epoch(lambda lowgear: lowgear.masks(SENDER)),
}

#: Aborts that convict nobody, because a canonical message can be wrong at anybody's.
UNATTRIBUTED = {"mac-check", "sacrifice", "job", "agreement"}


def change(payload, how):
    """Apply one change: bytes in place of all, a cut, an extension, or one byte changed."""
    kind, *rest = how
    if kind == "bytes":
        return rest[0]
    if kind == "cut":
        return payload[: rest[0] % max(len(payload), 1)]
    if kind == "more":
        return payload + rest[0]
    at = rest[0] % max(len(payload), 1)
    return payload[:at] + bytes([payload[at] ^ rest[1]]) + payload[at + 1 :]


CHANGES = st.one_of(
    st.tuples(st.just("bytes"), st.binary(max_size=300)),
    st.tuples(st.just("cut"), st.integers(0, 1 << 20)),
    st.tuples(st.just("more"), st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("byte"), st.integers(0, 1 << 20), st.integers(1, 255)),
)


def receive(backend, label, how):
    """Let party 1 send a changed message; return what party 0 made of it."""

    def tamper(sender, receiver, found, payload):
        return change(payload, how) if (sender, receiver, found) == (SENDER, 0, label) else payload

    keys_of(backend)  # Outside the loop of the run below, which finds them in the cache.
    return run(lambda mesh: MESSAGES[label](mesh, backend), SIZE, tamper=tamper)[0]


def expect_named(result):
    if result is not None:
        assert isinstance(result, ProtocolAbort), result
        assert result.blame == (None if result.check in UNATTRIBUTED else SENDER), result
        assert result.check


@pytest.mark.parametrize("label", sorted(MESSAGES))
@given(how=CHANGES)
@example(how=("bytes", b""))
@example(how=("cut", 1))
@example(how=("cut", (1 << 20) - 1))
@example(how=("more", b"\0"))
@example(how=("byte", 0, 0x80))
@example(how=("byte", -1, 0x80))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_message_is_refused_or_harmless(fastest, label, how):
    expect_named(receive(fastest, label, how))


def test_every_message_was_met(fastest):
    """The table above names every label that preparation sends, but for the checks' commitments."""
    keys_of(fastest)
    log = []
    run(lambda mesh: _state(mesh, fastest), SIZE, log=log)
    everything = _with_epoch(_everything)
    run(lambda mesh: everything(mesh, fastest), SIZE, log=log)
    run(lambda mesh: _hello(mesh, fastest), SIZE, log=log)
    seen = {message.label for message in log}
    assert set(MESSAGES) <= seen
    rest = {label for label in seen - set(MESSAGES) if not label.endswith("/commit")}
    assert rest == set()


async def _everything(lowgear):
    await lowgear.masks(SENDER)
    await lowgear.randoms()
    await lowgear.triples(1)


@pytest.mark.parametrize(
    "state",
    [
        b"\xa2\x65epoch\x9a\xff\xff\xff\xff",
        b"\xa2\x65epoch\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x81" * 60_000,
        b"\x80" * (1 << 20),
        dumps({"epoch": b"", "spans": [[0, 0]] * 10_000}),
        dumps({"epoch": b"", "spans": [[5, 1 << 62]] * 5}),
        dumps({"epoch": b"x" * 60_000, "spans": [[0, 0]] * 5}),
        dumps({"epoch": b"", "spans": [[-1, 0]] * 5}),
        dumps({"epoch": b"", "spans": [[True, False]] * 5}),
    ],
)
@pytest.mark.parametrize("label", ["prepare/state", "hello"])
def test_sizes_that_a_message_claims_are_not_believed(fastest, label, state):
    keys_of(fastest)
    tracemalloc.start()
    try:
        result = receive(fastest, label, ("bytes", state))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    expect_named(result)
    assert peak < 1 << 25


@given(data=st.binary(max_size=200), seed=st.integers(0, 1 << 30))
@settings(max_examples=60)
def test_a_stored_epoch_that_is_none_is_not_used(fastest, data, seed):
    scheme = small_scheme(fastest)
    seat = SimpleNamespace(size=SIZE, index=0)
    whole = _encode_keys(keys_of(fastest)[0], scheme)
    for kept in (data, whole[: seed % len(whole)], whole + data[:1] + b"\0"):
        assert _decode_keys(kept, seat, scheme) is None
    assert _decode_keys(whole, seat, scheme).identifier == keys_of(fastest)[0].identifier


def test_a_vector_that_is_not_canonical_is_blamed(fastest):
    result = receive(fastest, "prepare/rho", ("bytes", b"\xff" * (8 * FR_BYTES)))
    assert (result.check, result.blame) == ("malformed-message", SENDER)
