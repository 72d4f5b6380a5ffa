# SPDX-License-Identifier: Apache-2.0
"""Who is convicted of broadcasting different things: by whom it hit, and by what it signed."""

from __future__ import annotations

import hashlib

import pytest

from support.insecure_dealer import InsecureDealer
from support.memory_mesh import KEYS, run
from tallystick.algebra import Random
from tallystick.encoding import absorb, i2osp
from tallystick.errors import ProtocolAbort
from tallystick.online import Openings
from tallystick.party import Party, compare_broadcasts

SESSION = b"session"
CHEATER, FIRST, SECOND = 1, 0, 2
"""Party 1 tells party 2 something else than party 0."""


async def seated(mesh, backend):
    party = Party(mesh, backend, SESSION, Random(bytes([mesh.index + 1]) * 32))
    return Openings(party, await InsecureDealer.start(party))


def outcomes(results):
    return [(results[k].check, results[k].blame) for k in (FIRST, SECOND)]


# ---------------------------------------------------------------------- coins of a check
class OtherCoins:
    """Party 1 commits to and opens other coins towards party 2, in the check alone."""

    label = "check/coins"

    def __init__(self):
        self.honest = b""
        self.round = 0

    def tamper(self, sender, receiver, label, payload):
        if (sender, receiver) != (CHEATER, SECOND) or not label.startswith(f"{self.label}/"):
            return payload
        # What it opens is known when it has to commit, because it drew the coins itself.
        nonce, opened = bytes(32), bytes(32) + self.honest[64:]
        if label.endswith("/open"):
            return nonce + opened
        party = type("Seat", (), {"session": SESSION})
        return Party.commitment(party, self.label, self.round, CHEATER, nonce, opened)


def check_of(backend, cheat):
    """One check of one opened value; the cheater's coins and round are read off an honest run first."""
    rounds = {}

    def listen(sender, receiver, label, payload):
        if (sender, label) == (CHEATER, f"{cheat.label}/open"):
            cheat.honest = payload
        return payload

    async def protocol(mesh):
        online = await seated(mesh, backend)
        await online.open(await online.preparation.randoms(3))
        rounds[mesh.index] = online.party.rounds
        await online.check()
        return "passed"

    assert run(protocol, 3, tamper=listen) == ["passed"] * 3
    cheat.round = rounds[CHEATER]
    return protocol


def test_other_coins_in_a_check_are_found_before_a_sum_is_opened(fastest):
    cheat = OtherCoins()
    protocol = check_of(fastest, cheat)
    log = []
    results = run(protocol, 3, tamper=cheat.tamper, log=log)
    assert outcomes(results) == [("equivocation", None), ("equivocation", CHEATER)]
    assert results[FIRST].about == (CHEATER, SECOND) or results[FIRST].heard
    assert not any(m.label.startswith("check/mac-check/open") for m in log if m.sender != CHEATER)


def message(number, digest):
    h = hashlib.sha256()
    for part in (b"tallystick/v1/broadcasts", SESSION, i2osp(number, 8), digest):
        absorb(h, part)
    return h.digest()


def signed(number, digests, signer):
    return i2osp(number, 8) + b"".join(digests) + KEYS[signer].sign(message(number, digests[signer]))


def parts_of(statement):
    return [statement[8 + 32 * k : 40 + 32 * k] for k in range(3)]


class Votes:
    """A broadcast that differs, and a comparison; what party 1 states and passes on may be changed for each."""

    def __init__(self, restate=lambda sender, receiver, statement: statement, vote=b"no"):
        self.restate = restate
        self.vote = vote
        self.seen = {}

    def tamper(self, sender, receiver, label, payload):
        if (sender, receiver, label) == (CHEATER, SECOND, "vote"):
            return self.vote
        if (sender, receiver, label) == (CHEATER, SECOND, "agree"):
            return self.digests_for(receiver, payload)
        return payload

    def digests_for(self, receiver, payload):
        return payload

    def run(self, backend):
        async def protocol(mesh):
            party = Party(mesh, backend, SESSION, Random(bytes([mesh.index + 1]) * 32))
            await mesh.broadcast("vote", b"yes")
            self.seen[mesh.index] = mesh.broadcast_digests()
            await compare_broadcasts(party, "agree")
            return "agreed"

        return run(protocol, 3, tamper=self.tamper, restate=self.restate)


class Adaptive(Votes):
    """Party 1 tells, states and signs to each what that one saw."""

    def digests_for(self, receiver, payload):
        return payload[:32] + self.seen[receiver][CHEATER] + payload[64:]

    def __init__(self, **options):
        super().__init__(**options)
        self.restate = self.adapt

    def adapt(self, sender, receiver, statement):
        if (sender, receiver) != (CHEATER, SECOND) or len(statement) != 8 + 3 * 32 + 64:
            return statement
        digests = parts_of(statement)
        digests[CHEATER] = other_digest(self.vote)
        return signed(1, digests, CHEATER)


def other_digest(vote):
    h = hashlib.sha256()
    absorb(h, b"vote")
    absorb(h, vote)
    return h.digest()


def test_honest_parties_agree(fastest):
    assert Votes(vote=b"yes").run(fastest) == ["agreed"] * 3


def test_whom_it_hit_names_the_equivocator_and_the_other_names_nobody(fastest):
    assert outcomes(Votes().run(fastest)) == [("equivocation", None), ("equivocation", CHEATER)]


def test_one_that_signs_what_each_saw_is_convicted_by_both(fastest):
    """Without signatures it would be named by nobody: each hears from it what it knows."""
    results = Adaptive().run(fastest)
    assert outcomes(results) == [("equivocation", CHEATER)] * 2
    assert "signed different broadcasts for different parties" in results[FIRST].message


def test_a_false_accuser_keeps_no_equivocator_from_being_convicted(fastest):
    """Party 0 accuses party 3 falsely, with nothing to pass on; party 1 tells parties 2 and 3 different things."""

    def tamper(sender, receiver, label, payload):
        if receiver == 2 and (sender, label) == (1, "vote"):
            return b"no"
        if receiver == 2 and (sender, label) == (1, "agree"):
            return payload[:32] + other_digest(b"no") + payload[64:]
        return payload[:96] + bytes(32) if (sender, receiver, label) == (0, 2, "agree") else payload

    def restate(sender, receiver, statement):
        if receiver != 2 or sender == 3:
            return statement
        if len(statement) != 8 + 4 * 32 + 64:
            return b""
        digests = [statement[8 + 32 * k : 40 + 32 * k] for k in range(4)]
        digests[3 if sender == 0 else 1] = bytes(32) if sender == 0 else other_digest(b"no")
        return signed(1, digests, sender)

    async def protocol(mesh):
        party = Party(mesh, fastest, SESSION, Random(bytes([mesh.index + 1]) * 32))
        await mesh.broadcast("vote", b"yes")
        await compare_broadcasts(party, "agree")
        return "agreed"

    results = run(protocol, 4, tamper=tamper, restate=restate)
    assert (results[2].check, results[2].blame) == ("equivocation", 1)
    assert (results[3].check, results[3].blame) == ("equivocation", 1)


def test_one_that_signs_what_each_saw_with_a_false_signature_is_convicted_by_whom_it_sent_it(fastest):
    class Unsigned(Adaptive):
        def adapt(self, sender, receiver, statement):
            changed = super().adapt(sender, receiver, statement)
            return changed if changed is statement else changed[:-64] + bytes(64)

    results = Unsigned().run(fastest)
    assert (results[SECOND].check, results[SECOND].blame) == ("equivocation", CHEATER)
    assert "did not sign" in results[SECOND].message
    assert results[FIRST].blame in {CHEATER, None}


def accusing(change):
    """Party 1 says falsely that party 2 told it something else; ``change`` is what it passes on to party 0."""

    class Accuser(Votes):
        def __init__(self):
            super().__init__(vote=b"yes", restate=self.lie)

        def tamper(self, sender, receiver, label, payload):
            if (sender, receiver, label) == (CHEATER, FIRST, "agree"):
                return payload[:64] + bytes(32)
            return payload

        def lie(self, sender, receiver, statement):
            if (sender, receiver) != (CHEATER, FIRST):
                return statement
            if len(statement) == 8 + 3 * 32 + 64:
                digests = parts_of(statement)
                digests[SECOND] = bytes(32)
                return i2osp(1, 8) + b"".join(digests) + statement[-64:]
            return change(statement)

    return Accuser()


@pytest.mark.parametrize(
    "evidence",
    [
        i2osp(1, 8) + bytes(2 * 96),
        i2osp(1, 8) + bytes(96) + bytes(32) + KEYS[CHEATER].sign(message(1, bytes(32))),
        i2osp(1, 8) + bytes(96) + bytes(32) + KEYS[SECOND].sign(message(2, bytes(32))),
        i2osp(1, 8) + bytes(96) + bytes(32) + KEYS[SECOND].sign(b"what it signed in another session"),
    ],
    ids=["none", "own", "another number", "another session"],
)
def test_a_false_accusation_convicts_the_accuser_where_it_passes_on_what_was_not_signed(fastest, evidence):
    """It has nothing that party 2 signed in this session, under this number. Party 2 never hears of it."""
    cheat = accusing(lambda statement: evidence)

    async def with_evidence(mesh):
        party = Party(mesh, fastest, SESSION, Random(bytes([mesh.index + 1]) * 32))
        await mesh.broadcast("vote", b"yes")
        if mesh.index == CHEATER:
            await compare_broadcasts(party, "agree")
            mesh._tell(evidence)  # Nobody else sees a difference, so this is what it has to send by itself.
            return "accused"
        await compare_broadcasts(party, "agree")
        return "agreed"

    results = run(with_evidence, 3, tamper=cheat.tamper, restate=cheat.restate)
    assert isinstance(results[FIRST], ProtocolAbort)
    assert (results[FIRST].check, results[FIRST].blame) == ("equivocation", CHEATER)
    assert results[SECOND] == "agreed"


def test_a_false_accusation_that_its_statement_takes_back_convicts_the_accuser(fastest):
    cheat = Votes(vote=b"yes")

    def tamper(sender, receiver, label, payload):
        return payload[:64] + bytes(32) if (sender, receiver, label) == (CHEATER, FIRST, "agree") else payload

    cheat.tamper = tamper
    results = cheat.run(fastest)
    assert (results[FIRST].check, results[FIRST].blame) == ("equivocation", CHEATER)
    assert results[SECOND] == "agreed"


def test_a_false_accusation_without_evidence_convicts_nobody(fastest):
    results = accusing(lambda statement: b"").run(fastest)
    assert (results[FIRST].check, results[FIRST].blame) == ("equivocation", None)
    assert results[FIRST].about == (SECOND, CHEATER)


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: b"", lambda s: bytes(8) + s[8:]])
def test_a_statement_that_is_none_convicts_its_sender(fastest, change):
    def restate(sender, receiver, statement):
        return change(statement) if (sender, receiver) == (CHEATER, FIRST) else statement

    results = Votes(restate, vote=b"yes").run(fastest)
    assert (results[FIRST].check, results[FIRST].blame) == ("equivocation", CHEATER)
