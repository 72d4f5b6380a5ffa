# SPDX-License-Identifier: Apache-2.0
"""Members that cheat in preparation: the check that stops each, and the burnt epoch after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from support.cheats import CHEATER, Trio, lying, never_rejecting, once
from support.small_ring import DEGREE, small_parameters, small_scheme
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS, PublicKey
from tallystick.encoding import dumps, loads
from tallystick.errors import ProtocolAbort
from tallystick.offline import Need, _knowledge
from tallystick.offline._knowledge import Opened
from tallystick.offline._lowgear import _Factor

R = FR_MODULUS


@pytest.fixture
def trio(tmp_path, fastest):
    return Trio(tmp_path, fastest)


# ---------------------------------------------------------------------- answers that are not what they should be
def other_factor(which):
    """Have the cheater answer with another polynomial than the one it goes on with, in one of its factors."""

    def cheat(preparation):
        lowgear = preparation._lowgear
        honest = lowgear._answer

        def answer(factors):
            if len(factors) == len(NAMES[which[0]]):
                factors = list(factors)
                factors[which[1]] = _Factor(factors[which[1]].targets, lowgear._uniform().data)
            return honest(factors)

        lowgear._answer = answer

    return cheat


NAMES = {"first": ["b*a", "b*a^", "mac a", "mac b", "mac a^"], "second": ["mac c", "mac c^"]}


@pytest.mark.parametrize(
    ("which", "check"),
    [
        (("first", 0), "sacrifice"),  # b*a with another a than the one under the MAC
        (("first", 1), "sacrifice"),
        (("first", 2), "mac-check"),  # the MAC of another a: rho does not carry its MAC
        (("first", 3), "sacrifice"),
        (("first", 4), "mac-check"),
        (("second", 0), "sacrifice"),
        (("second", 1), "sacrifice"),
    ],
)
def test_a_product_with_another_factor_fails_the_check_that_covers_it(trio, which, check):
    results = trio.prepare(cheat=other_factor(which))
    trio.expect_burnt(results, check)
    trio.expect_clean_start()


@pytest.mark.parametrize("kind", ["randoms", "masks"])
def test_a_wrong_mac_of_a_random_or_a_mask_is_found_by_the_first_check_it_enters(trio, kind):
    """Nothing checks these when they are made: a wrong one is as good as none."""

    def cheat(preparation):
        lowgear = preparation._lowgear
        honest = getattr(lowgear, kind)

        async def made(*args):
            answer = lowgear._answer
            lowgear._answer = lambda factors: answer(
                [_Factor(f.targets, lowgear._uniform().data) for f in factors]
            )
            try:
                return await honest(*args)
            finally:
                lowgear._answer = answer

        setattr(lowgear, kind, made)

    results = trio.use(cheat=cheat)
    trio.expect_burnt(results, "mac-check")
    trio.expect_clean_start()


@pytest.mark.parametrize(
    "label", ["prepare/products", "prepare/product-macs", "prepare/random", "prepare/mask"]
)
@pytest.mark.parametrize("change", ["shorter", "longer", "empty", "not canonical"])
def test_an_answer_that_is_no_ciphertext_is_blamed(trio, label, change):
    def tamper(sender, receiver, found, payload):
        if (sender, receiver, found) != (CHEATER, 2, label):
            return payload
        return {
            "shorter": payload[:-1],
            "longer": payload + b"\0",
            "empty": b"",
            "not canonical": b"\xff" * len(payload),
        }[change]

    results = trio.prepare(tamper=tamper)
    trio.expect_burnt(results, "malformed-message", CHEATER)
    if change == "empty":
        trio.expect_clean_start()


# ---------------------------------------------------------------------- keys
def test_a_key_that_is_none_is_refused(trio):
    def other_b(honest, a, s, e):
        key = honest(a, s, e)
        return PublicKey(key.a, (key.b + np.uint64(1)) % np.uint64(small_parameters().ring.primes[-1]))

    results = trio.prepare(scheme=lying(trio.backend, public_key=once(other_b)))
    trio.expect_nothing_stored(results, "key-proof", CHEATER)
    trio.expect_clean_start()


def test_nobody_chooses_a(trio):
    """A message has no room for `a`: everybody derives it, so a key for another one does not fit its proof."""

    def chosen(honest, seed, nonce):
        return np.zeros_like(honest(seed, nonce))

    results = trio.prepare(scheme=lying(trio.backend, uniform=once(chosen)))
    trio.expect_nothing_stored(results, "key-proof", CHEATER)
    rows, n = len(small_parameters().ring.primes), DEGREE
    key = small_scheme(trio.backend).ring.pack(np.zeros((rows, n), dtype=np.uint64))
    assert len(key) == rows * n * 50 // 8


def large(bound):
    """Stand in for a sampler of small polynomials."""
    return lambda honest, seed, nonce: np.full_like(honest(seed, nonce), bound)


def test_the_honest_prover_cannot_prove_a_large_secret(trio):
    huge = 1 << small_parameters().key.secret.bits
    scheme = lying(trio.backend, ternary=once(large(huge)))
    with pytest.raises(AssertionError, match="rejection sampling does not end"):
        trio.prepare(scheme=scheme)
    trio.expect_clean_start()


def test_a_large_secret_without_rejection_leaves_the_response_box(trio):
    parameters = replace(small_parameters(), key=never_rejecting(small_parameters().key))
    huge = 1 << parameters.key.secret.bits
    scheme = lying(trio.backend, parameters=parameters, ternary=once(large(huge)))
    results = trio.prepare(scheme=scheme)
    trio.expect_nothing_stored(results, "response-box", CHEATER)
    trio.expect_clean_start()


def test_a_mac_key_that_differs_by_slot_is_refused(trio):
    def not_constant(honest, key, m, e0, v, e1):
        backend = trio.backend
        m = backend.fr_add(m, Vector.from_ints(backend, [0, 1]).pad(DEGREE).data)
        return honest(key, m, e0, v, e1)

    results = trio.prepare(scheme=lying(trio.backend, encrypt=once(not_constant)))
    trio.expect_nothing_stored(results, "diagonal-proof", CHEATER)
    trio.expect_clean_start()


def test_a_mac_key_with_oversized_noise_leaves_the_response_box(trio):
    parameters = replace(small_parameters(), diagonal=never_rejecting(small_parameters().diagonal))
    huge = 1 << parameters.diagonal.noise.bits
    # The first binomial is the key's e, the second the MAC key's e_0.
    scheme = lying(trio.backend, parameters=parameters, binomial=once(large(huge), at=1))
    results = trio.prepare(scheme=scheme)
    trio.expect_nothing_stored(results, "response-box", CHEATER)


# ---------------------------------------------------------------------- ciphertexts
@pytest.mark.parametrize("change", ["none", "of another ciphertext", "of nothing"])
def test_a_ciphertext_needs_a_proof_of_its_own(trio, change):
    scheme = small_scheme(trio.backend)
    ring, ciphertext = scheme.ring, 0

    def corrupt(sender, label, payload):
        nonlocal ciphertext
        if (sender, label) != (CHEATER, "prepare/b"):
            return payload
        poly = len(
            payload[: 2 * len(ring.pack(np.zeros((len(ring.parameters.primes), DEGREE), dtype=np.uint64)))]
        )
        data, proof = payload[:poly], payload[poly:]
        if change == "none":
            return data
        if change == "of nothing":
            return data + bytes(len(proof))
        return data[poly // 2 :] + data[: poly // 2] + proof

    results = trio.prepare(corrupt=corrupt)
    check = {
        "none": "malformed-message",
        "of nothing": "plaintext-proof",
        "of another ciphertext": "plaintext-proof",
    }
    trio.expect_burnt(results, check[change], CHEATER)
    trio.expect_clean_start()


def oversized(preparation, bound, *, parameters=None):
    """Have the cheater encrypt its b with noise beyond what it may have."""
    lowgear = preparation._lowgear
    scheme = lowgear._scheme
    lowgear._scheme = replace(
        scheme,
        ring=lying(scheme.backend, binomial=once(large(bound))).ring,
        parameters=parameters or scheme.parameters,
    )


def test_the_honest_prover_cannot_prove_oversized_noise(trio):
    bound = 1 << small_parameters().plaintext.noise.bits
    with pytest.raises(AssertionError, match="rejection sampling does not end"):
        trio.prepare(cheat=lambda preparation: oversized(preparation, bound), need=triples_only(4))


def test_oversized_noise_without_rejection_leaves_the_response_box(trio):
    parameters = replace(small_parameters(), plaintext=never_rejecting(small_parameters().plaintext))
    bound = 1 << parameters.plaintext.noise.bits
    cheat = lambda preparation: oversized(preparation, bound, parameters=parameters)  # noqa: E731
    results = trio.prepare(cheat=cheat, need=triples_only(4))
    trio.expect_burnt(results, "response-box", CHEATER)
    trio.expect_clean_start()


def test_every_coefficient_of_a_response_is_held_to_its_box(backend, rng):
    """One step beyond the box, in the first or the last coefficient of any response, is refused as such."""
    scheme = small_scheme(backend)
    p = scheme.parameters.key
    widths = [_knowledge._width(p.secret), _knowledge._width(p.noise)]
    size = 32 + p.masks * DEGREE * sum(widths)
    key = PublicKey(*(scheme.ring.uniform(rng.bytes(32), bytes(12)) for _ in range(2)))
    for response, box in ((0, p.secret), (1, p.noise)):
        for coefficient in (0, DEGREE - 1):
            for value, refused in ((box.response, "key-proof"), (box.response + 1, "response-box")):
                proof = bytearray(size)
                at = 32 + response * DEGREE * widths[0] + coefficient * widths[response]
                proof[at : at + widths[response]] = (-value).to_bytes(widths[response], "little", signed=True)
                with pytest.raises(_knowledge.VerificationError) as caught:
                    _knowledge.verify_key(scheme, key, bytes(proof), statement=[])
                assert caught.value.check == refused


# ---------------------------------------------------------------------- replays
class Replay:
    """Records broadcasts of an honest preparation, and has the cheater send one of them later."""

    def __init__(self, label):
        self.label = label
        self.seen = {}
        self.sent = None

    def record(self, sender, label, payload):
        if label == self.label:
            self.seen.setdefault(sender, []).append(payload)
        return payload

    def play(self, sender, label, payload):
        if (sender, label) != (CHEATER, self.label):
            return payload
        return self.sent


@pytest.mark.parametrize("owner", [CHEATER, 0])
def test_a_proof_of_an_earlier_run_of_the_epoch_is_refused(trio, owner):
    replay = Replay("prepare/b")
    trio.prepare(corrupt=replay.record)
    replay.sent = replay.seen[owner][0]
    more = triples_only(8 + 1)
    results = trio.prepare(corrupt=replay.play, need=more, session=b"another session")
    trio.expect_burnt(results, "plaintext-proof", CHEATER)
    trio.expect_clean_start()


def test_under_the_same_session_name_an_old_proof_would_be_taken(trio):
    replay = Replay("prepare/b")
    trio.prepare(corrupt=replay.record)
    replay.sent = replay.seen[CHEATER][0]
    # The session's name is fresh in every run; were it the same, the cheater would own an old proof.
    results = trio.prepare(corrupt=replay.play, need=triples_only(8 + 1))
    trio.expect_burnt(results, {"sacrifice", "mac-check"})


def test_a_proof_of_an_earlier_batch_is_refused(trio):
    replay = Replay("prepare/b")
    seen = 0

    def second(sender, label, payload):
        nonlocal seen
        if (sender, label) != (CHEATER, "prepare/b"):
            return payload
        seen += 1
        if seen == 1:
            replay.sent = payload
            return payload
        return replay.sent

    # Bits take a batch of triples of their own, so the second batch is no continuation of the first.
    results = trio.prepare(corrupt=second, need=Need(bits=6, triples=6, masks=(0, 0, 0)))
    trio.expect_burnt(results, "plaintext-proof", CHEATER)


@pytest.mark.parametrize(
    ("label", "check"), [("prepare/key", "key-proof"), ("prepare/mac-key", "diagonal-proof")]
)
@pytest.mark.parametrize("owner", [CHEATER, 0])
def test_a_key_of_another_epoch_or_party_is_refused(trio, label, check, owner):
    replay = Replay(label)
    trio.prepare(corrupt=replay.record)
    for store in trio.stores:
        store.burn("test")
    replay.sent = replay.seen[owner][0]
    results = trio.prepare(corrupt=replay.play)
    trio.expect_nothing_stored(results, check, CHEATER)
    trio.expect_clean_start()


def triples_only(n):
    return Need(triples=n, masks=(0, 0, 0))


# ---------------------------------------------------------------------- items handed out again
def test_a_member_that_hands_out_an_old_triple_fails_the_mac_check(trio):
    def again(preparation):
        honest, kept = preparation._take, {}

        async def take(kind, n, vectors):
            items = await honest(kind, n, vectors)
            return kept.setdefault(kind, items) if kind == "triples" else items

        preparation._take = take

    async def twice(preparation, online):
        for _ in range(2):
            triples = await preparation.triples(2)
            x = await preparation.randoms(2)
            await online.multiply_with(triples, x, x)
            await online.check()

    results = trio.prepare(cheat=again, then=twice)
    trio.expect_burnt(results, "mac-check")
    trio.expect_clean_start()


def test_nobody_goes_back_because_a_peer_says_so(trio):
    """A member that announces items as unused makes nobody give out theirs again."""

    def old(sender, label, payload):
        if (sender, label) != (CHEATER, "prepare/state"):
            return payload
        state = loads(payload, max_size=len(payload))
        assert state["spans"][0] == [4, 8]
        state["spans"][0] = [0, 8]
        return dumps(state)

    trio.use()
    results = trio.prepare(corrupt=old)
    assert results == [None, None, None]
    assert [trio.stores[k].span("triples") for k in trio.honest] == [(4, 8)] * 2


def test_a_store_that_is_said_to_end_inside_a_batch_is_left_without_holes(trio):
    def short(sender, label, payload):
        if (sender, label) != (CHEATER, "prepare/state"):
            return payload
        state = loads(payload, max_size=len(payload))
        assert state["spans"][0] == [4, 24]
        state["spans"][0] = [4, 12]
        return dumps(state)

    for n in (8, 16, 24):
        trio.prepare(need=triples_only(n))
    trio.use()
    # Of three batches the first stays, and is used.
    results = trio.use(corrupt=short)
    assert results.count(results[0]) == 3, results
    assert [store.span("triples") for store in trio.stores] == [(8, 8)] * 3


# ---------------------------------------------------------------------- in general
def test_a_cheater_that_stops_with_a_harmless_name_gains_nothing(trio):
    """An abort notice under the name of a lost connection leaves the epoch alone, and has shown nothing."""

    def cheat(preparation):
        async def stop(*_):
            raise ProtocolAbort("nothing happened", check="stopped", blame=CHEATER)

        preparation._lowgear._sacrifice = stop

    results = trio.prepare(cheat=cheat)
    assert [results[k].check for k in trio.honest] == ["stopped"] * 2
    for k in trio.honest:
        assert trio.stores[k].epoch() is not None
        assert trio.stores[k].span("triples") == (0, 0)


def test_an_opened_witness_shows_nothing_of_itself(backend):
    scheme = small_scheme(backend)
    zero = np.zeros(DEGREE, dtype=np.int64)
    assert repr(Opened(Vector.zeros(backend, scheme.degree).data, zero, zero, zero)) == "<Opened>"
