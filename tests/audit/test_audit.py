# SPDX-License-Identifier: Apache-2.0
"""Genuine transcripts are accepted, and nothing else is, whoever signs it."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support import genuine, mutations
from support.genuine import DATA, KEYS, NAMES, PROGRAMS, Bodies, Run, forged, terms_of, traced
from tallystick.audit import CHECKS, ProgramSource, accepted_json, audit, verdict_text
from tallystick.backend import FR_MODULUS, Backend, get_backend, native_available
from tallystick.encoding import Value, dumps, iter_sequence, loads
from tallystick.errors import DecodeError, UsageError, VerificationError
from tallystick.gallery import find
from tallystick.plan import MemberSchema, Plan, simulate
from tallystick.record import (
    DRAFT,
    AgreedMember,
    Policy,
    Table,
    Terms,
    commitment_digest,
    read_transcript,
    sign,
)
from tallystick.tracing import trace

FAST = get_backend("native" if native_available() else "pure")


@pytest.fixture(scope="module")
def data() -> bytes:
    return genuine.genuine(FAST)


def _refused(data: bytes, **options: object) -> tuple[str, str]:
    """Audit and return the check that refuses and the item it names."""
    with pytest.raises((DecodeError, VerificationError)) as caught:
        audit(data, backend=FAST, **options)  # type: ignore[arg-type]
    error = caught.value
    assert error.item is not None
    assert error.message.startswith(error.item) or "follow" in error.message
    check = error.check if isinstance(error, VerificationError) else "decode"
    assert check in CHECKS
    return check, error.item


# ---------------------------------------------------------------------- accepted
def test_a_genuine_transcript_is_accepted(backend: Backend, data: bytes) -> None:
    verdict = audit(data, backend=backend)
    plan = traced()
    expected = simulate(plan, DATA)
    assert verdict.results == expected.results
    assert verdict.plan == plan
    assert verdict.backend == backend.name
    assert [check.name for check in verdict.checks] == [
        c for c in CHECKS if c not in ("consortium", "job", "program")
    ]
    by_name = {r.name: r.values[0] for r in verdict.results}
    wages = [w for name in NAMES for w in DATA[name]["wage"]]
    assert by_name["mean"] == Fraction(sum(wages), 100 * len(wages))
    assert by_name["by_member.south"] == Fraction(7, 100)


def test_both_backends_make_the_same_file(data: bytes) -> None:
    if FAST.name == "pure":
        pytest.skip("there is only one backend")
    assert genuine.genuine(get_backend("pure"), program="other") == genuine.genuine(FAST, program="other")


def test_a_program_is_traced_again(data: bytes) -> None:
    source = ProgramSource.parse(f"{PROGRAMS / 'pay.py'}:pay")
    verdict = audit(data, backend=FAST, program=source)
    assert verdict.traced == str(source)
    assert "program" in [check.name for check in verdict.checks]
    other = ProgramSource(PROGRAMS / "pay.py", "other")
    assert _refused(data, program=other) == ("program", "item 2 (plan)")
    with pytest.raises(UsageError):
        audit(data, backend=FAST, program=ProgramSource(PROGRAMS / "nothing.py"))


@pytest.mark.parametrize(
    ("text", "path", "function"),
    [
        ("pay.py", "pay.py", None),
        ("pay", "pay", None),
        ("a/pay.py:pay", "a/pay.py", "pay"),
        ("a:b/pay.py", "a:b/pay.py", None),
    ],
)
def test_a_function_is_named_after_a_colon(text: str, path: str, function: str | None) -> None:
    assert ProgramSource.parse(text) == ProgramSource(Path(path), function)


# ---------------------------------------------------------------------- changes by somebody without keys
def test_random_byte_mutations(data: bytes) -> None:
    subject = mutations.subject(data)
    audit(subject, backend=FAST)
    for what, changed in mutations.byte_changes(subject, mutations.count(300)):
        with pytest.raises((DecodeError, VerificationError)) as caught:
            audit(changed, backend=FAST)
            pytest.fail(f"accepted: {what}")
        assert caught.value.item is not None and caught.value.item.startswith("item "), what


def test_truncation_and_rearrangement_mutations(data: bytes) -> None:
    subject = mutations.subject(data)
    checks = set()
    for changes in (mutations.truncations, mutations.rearrangements, mutations.lengthened_integers):
        for what, changed in changes(subject):
            with pytest.raises((DecodeError, VerificationError)) as caught:
                audit(changed, backend=FAST)
                pytest.fail(f"accepted: {what}")
            assert caught.value.item is not None and caught.value.item.startswith("item "), what
            checks.add(type(caught.value))
    assert DecodeError in checks


def test_the_empty_file() -> None:
    assert _refused(b"") == ("decode", "item 1 (agreement)")


# ---------------------------------------------------------------------- signatures
def _resign(bodies: Bodies, wrong: int) -> tuple[Ed25519PrivateKey, ...]:
    return tuple(KEYS[(k + 1) % 3] if k == wrong else key for k, key in enumerate(KEYS))


def test_a_wrong_key_is_refused_at_every_place(data: bytes) -> None:
    bodies = Bodies.of(data)
    assert _refused(bodies.signed(_resign(bodies, 1))) == ("agreement-signature", "item 1 (agreement)")
    parts = read_transcript(data)
    session = parts.terms.session_id
    foreign = sign(KEYS[0], "commitment", parts.commitments[1].digest(session, 1))
    swapped = _rewritten(data, 3, "signature", foreign)
    assert _refused(swapped) == ("commitment-signature", "item 4 (commitment of south)")
    late = [sign(KEYS[k], "transcript", parts.root) for k in (0, 2, 2)]
    assert _refused(_rewritten(data, 7, "signatures", late)) == (
        "transcript-signature",
        "item 8 (signatures)",
    )


def _rewritten(data: bytes, index: int, field: str, value: Value) -> bytes:
    """Replace one field of one item, and chain what follows; all later signatures are made again."""
    items = [item.value for item in iter_sequence(data, max_size=len(data))]
    out = b""
    head: bytes | None = None
    for k, item in enumerate(items):
        assert isinstance(item, list)
        kind, previous, body = item
        if head is not None:
            previous = head
        if k == index:
            assert isinstance(body, dict)
            body = {**body, field: value}
        elif kind == "signatures":
            assert isinstance(previous, bytes)
            body = {"signatures": [sign(key, "transcript", previous) for key in KEYS]}
        encoded = dumps([kind, previous, body])
        head = hashlib.sha256(encoded).digest()
        out += encoded
    return out


# ---------------------------------------------------------------------- everybody cheats
def _flip(data: Value, at: int = 0) -> bytes:
    assert isinstance(data, bytes)
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def _change_outputs(bodies: Bodies) -> None:
    bodies.outputs = _flip(bodies.outputs)


def _drop_an_output(bodies: Bodies) -> None:
    bodies.outputs = bodies.outputs[32:]


def _large_output(bodies: Bodies) -> None:
    bodies.outputs = FR_MODULUS.to_bytes(32, "little") + bodies.outputs[32:]


def _other_rows(bodies: Bodies) -> None:
    north, south, west = bodies.commitments
    bodies.commitments = [north, dataclasses.replace(south, rows=north.rows[: len(south.rows)]), west]


def _swap_members(bodies: Bodies) -> None:
    bodies.commitments = bodies.commitments[::-1]


def _no_range_proof(bodies: Bodies) -> None:
    bodies.commitments[1] = dataclasses.replace(bodies.commitments[1], range_proof=None)


def _a_row_too_many(bodies: Bodies) -> None:
    west = bodies.commitments[2]
    bodies.commitments[2] = dataclasses.replace(west, rows=west.rows + west.rows[:48])


def _off_curve(bodies: Bodies) -> None:
    west = bodies.commitments[2]
    bodies.commitments[2] = dataclasses.replace(west, rows=b"\x9f" + b"\xff" * 47 + west.rows[48:])


def _other_nonce(bodies: Bodies) -> None:
    bodies.terms = dataclasses.replace(bodies.terms, nonces=(bytes(32), *bodies.terms.nonces[1:]))


def _other_plan(bodies: Bodies) -> None:
    bodies.plan = loads(traced("other").to_bytes(), max_size=1 << 20)


def _agreed_other_plan(bodies: Bodies) -> None:
    _other_plan(bodies)
    bodies.terms = terms_of(traced("other"))


def _not_a_plan(bodies: Bodies) -> None:
    assert isinstance(bodies.plan, dict)
    bodies.plan = {**bodies.plan, "columns": 16384}


def _other_program_name(bodies: Bodies) -> None:
    bodies.terms = dataclasses.replace(bodies.terms, program="wages")


def _other_range(bodies: Bodies) -> None:
    north, *rest = bodies.terms.tables
    (name, wage), *others = north.columns.items()
    columns = {name: dataclasses.replace(wage, high=100), **dict(others)}
    tables = (Table(rows=north.rows, columns=columns), *rest)
    bodies.terms = dataclasses.replace(bodies.terms, tables=tables)


def _no_column(bodies: Bodies) -> None:
    north, *rest = bodies.terms.tables
    bodies.terms = dataclasses.replace(
        bodies.terms, tables=(Table(rows=north.rows, columns=dict(list(north.columns.items())[1:])), *rest)
    )


def _other_rows_agreed(bodies: Bodies) -> None:
    north, *rest = bodies.terms.tables
    bodies.terms = dataclasses.replace(
        bodies.terms, tables=(Table(rows=north.rows + 1, columns=north.columns), *rest)
    )


def _policy(**fields: object) -> Callable[[Bodies], None]:
    def change(bodies: Bodies) -> None:
        bodies.terms = dataclasses.replace(bodies.terms, policy=Policy(**fields))  # type: ignore[arg-type]

    return change


def _proof_field(name: str) -> Callable[[Bodies], None]:
    def change(bodies: Bodies) -> None:
        bodies.proof[name] = _flip(bodies.proof[name])

    return change


def _range_field(name: str) -> Callable[[Bodies], None]:
    def change(bodies: Bodies) -> None:
        proof = dict(bodies.commitments[1].range_proof or {})
        proof[name] = _flip(proof[name])
        bodies.commitments[1] = dataclasses.replace(bodies.commitments[1], range_proof=proof)

    return change


SOUTH, PROOF = "item 4 (commitment of south)", "item 7 (proof)"
SCALARS = ("evaluations", "response", "final")
FORGERIES: list[tuple[Callable[[Bodies], None], str, str]] = [
    (_change_outputs, "computation", PROOF),
    (_drop_an_output, "outputs", "item 6 (outputs)"),
    (_large_output, "decode", "item 6 (outputs)"),
    (_other_rows, "range", SOUTH),
    (_swap_members, "decode", "item 3 (commitment of north)"),
    (_no_range_proof, "range", SOUTH),
    (_a_row_too_many, "range", "item 5 (commitment of west)"),
    (_off_curve, "decode", "item 5 (commitment of west)"),
    (_other_nonce, "range", "item 3 (commitment of north)"),
    (_other_plan, "plan", "item 2 (plan)"),
    (_agreed_other_plan, "decode", "item 3 (commitment of north)"),
    (_not_a_plan, "decode", "item 2 (plan)"),
    (_other_program_name, "plan", "item 2 (plan)"),
    (_other_range, "schema", "item 2 (plan)"),
    (_no_column, "schema", "item 2 (plan)"),
    (_other_rows_agreed, "schema", "item 2 (plan)"),
    (_policy(min_members=4), "policy", "item 1 (agreement)"),
    (_policy(min_rows=2), "policy", "item 1 (agreement)"),
    (_policy(outputs=("mean", "count", "slope", "by_member")), "policy", "item 1 (agreement)"),
    *((_proof_field(name), "computation", PROOF) for name in SCALARS),
    *((_range_field(name), "range", SOUTH) for name in SCALARS),
]


@pytest.mark.parametrize(("change", "check", "item"), FORGERIES)
def test_what_all_members_together_cannot_forge(
    data: bytes, change: Callable[[Bodies], None], check: str, item: str
) -> None:
    assert _refused(forged(data, change)) == (check, item)


@pytest.mark.parametrize("what", ["plan", "agreed plan", "terms", "proof", "range"])
def test_structures_changed_and_signed_by_everyone(data: bytes, what: str) -> None:
    """No structure that all members agree on crashes the auditor or passes for another."""
    rng = random.Random(what)
    for _ in range(mutations.count(30)):
        bodies = Bodies.of(data)
        if what == "terms":
            body = mutations.changed_value(bodies.terms.to_body(), rng)
            try:
                bodies.terms = Terms.from_body(body)
            except DecodeError:
                continue
        elif what == "proof":
            changed = mutations.changed_value(dict(bodies.proof), rng)
            if not isinstance(changed, dict):
                continue
            bodies.proof = changed
        elif what == "range":
            south = bodies.commitments[1]
            changed = mutations.changed_value(south.range_proof, rng)
            if changed is not None and not isinstance(changed, dict):
                continue
            bodies.commitments[1] = dataclasses.replace(south, range_proof=changed)
        else:
            bodies.plan = mutations.changed_value(bodies.plan, rng)
            if what == "agreed plan":
                digest = hashlib.sha256(dumps(bodies.plan)).digest()
                bodies.terms = dataclasses.replace(bodies.terms, plan=digest)
        if len(bodies.terms.members) == len(KEYS):
            _refused(bodies.signed())


def test_a_resigned_transcript_without_a_change_is_accepted(data: bytes) -> None:
    bodies = Bodies.of(data)
    assert bodies.signed() == data


def test_the_policy_allows_results_by_their_first_name(data: bytes) -> None:
    allowed = ("mean", "count", "slope", "variance", "by_member")
    transcript = genuine.genuine(FAST, policy=Policy(outputs=allowed))
    assert audit(transcript, backend=FAST).terms.policy.outputs == allowed


@pytest.mark.parametrize("field", ["rows", "cross", "mask", "halving"])
def test_changed_points_of_a_proof(data: bytes, field: str) -> None:
    """A changed point is not on the curve, or another point; either way the item is named."""
    for change, item in ((_proof_field(field), PROOF), (_range_field(field), SOUTH)):
        check, named = _refused(forged(data, change))
        assert named == item
        assert check in ("decode", "computation", "range")


def test_a_valid_point_in_the_wrong_place(data: bytes) -> None:
    def swap(bodies: Bodies) -> None:
        mask = bodies.proof["mask"]
        assert isinstance(mask, bytes)
        bodies.proof["mask"] = mask[48:] + mask[:48]

    assert _refused(forged(data, swap)) == ("computation", PROOF)


def test_an_input_out_of_range_is_refused() -> None:
    """All members help a cheater to prove a wage of 13, one above the declared range."""
    plan = traced()
    run = Run(FAST, plan, terms_of(plan))
    run.data = {**DATA, "south": {"wage": [13], "years": [0]}}
    honest = Run(FAST, plan, terms_of(plan))
    run.witness = honest.witness  # type: ignore[method-assign]
    assert _refused(run.transcript()) == ("range", SOUTH)


def test_another_input_than_the_committed_one_is_refused() -> None:
    """The range proof is about 7, the computation uses 8."""
    plan = traced()
    run = Run(FAST, plan, terms_of(plan))
    other = Run(FAST, plan, terms_of(plan), data={**DATA, "south": {"wage": [8], "years": [0]}})
    run.witness = other.witness  # type: ignore[method-assign]
    assert _refused(run.transcript()) == ("computation", PROOF)


# ---------------------------------------------------------------------------------------- formats
OLD = Path(__file__).parents[1] / "data" / "format1"
OLD_FILES = sorted(OLD.glob("*.tally"))


@pytest.mark.parametrize("path", OLD_FILES, ids=lambda path: path.stem)
def test_files_of_format_1_are_audited(path: Path) -> None:
    verdict = audit(path, backend=FAST)
    assert verdict.terms.format == verdict.plan.format == 1
    assert "format   1\n" in verdict_text(verdict, path.name)
    assert accepted_json(verdict, path.name)["format"] == "1"
    data = path.read_bytes()
    for at in range(0, len(data), len(data) // 29):
        with pytest.raises((VerificationError, DecodeError)):
            audit(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], backend=FAST)


def test_there_are_files_of_format_1() -> None:
    assert {path.stem for path in OLD_FILES} == {"wages", "patients", "quartiles", "returns"}


def test_a_program_is_traced_again_in_the_format_of_the_file(data: bytes) -> None:
    old = Plan.from_bytes(read_transcript(OLD / "wages.tally").plan.encoded)
    schemas = [MemberSchema(m.name, m.rows, find("wages").columns) for m in old.members]
    new = trace(find("wages").program, schemas)
    assert (new.format, new.in_format(1), new.in_format(1).in_format(2)) == (2, old, new)
    assert new.in_format(1).to_bytes() == old.to_bytes() != new.to_bytes()


def test_the_format_of_the_plan_is_the_files(data: bytes) -> None:
    plan = Plan.from_bytes(read_transcript(data).plan.encoded)

    def older_plan(bodies: Bodies) -> None:
        bodies.plan = loads(plan.in_format(1).to_bytes(), max_size=1 << 26)
        bodies.terms = dataclasses.replace(bodies.terms, plan=plan.in_format(1).digest)

    assert _refused(forged(data, older_plan)) == ("plan", "item 2 (plan)")

    def older_terms(bodies: Bodies) -> None:
        bodies.terms = dataclasses.replace(bodies.terms, format=1)

    assert _refused(forged(data, older_terms)) == ("plan", "item 2 (plan)")


def test_the_plan_is_the_one_that_was_agreed_on(data: bytes) -> None:
    def agreed(bodies: Bodies) -> None:
        bodies.terms = dataclasses.replace(bodies.terms, plan=bytes(32))

    assert _refused(forged(data, agreed)) == ("plan", "item 2 (plan)")


@pytest.mark.parametrize("version", [0, 3, True, "2"])
def test_other_formats_are_refused_by_number(data: bytes, version: object) -> None:
    body = {**read_transcript(data).terms.to_body(), "version": version}
    with pytest.raises(DecodeError):
        Terms.from_body(body)
    body = {**read_transcript(data).terms.to_body(), "draft": DRAFT + 1}
    with pytest.raises(
        DecodeError, match=f"format 2, draft {DRAFT + 1}; this program reads format 1 and draft"
    ):
        Terms.from_body(body)


def test_a_commitment_of_another_session_is_refused(data: bytes) -> None:
    """Replayed by a member that kept its rows and proof, and even signed them for the new session."""
    old = read_transcript(genuine.genuine(FAST, session=1)).commitments[1]

    def replay(bodies: Bodies) -> None:
        bodies.commitments[1] = old

    assert _refused(forged(data, replay)) == ("range", SOUTH)
    session = read_transcript(data).terms.session_id
    assert commitment_digest(session, 1, old.rows, old.range_proof) != old.digest(bytes(32), 1)


# ---------------------------------------------------------------------- consortium
def test_agreed_members_must_be_the_consortiums(data: bytes, consortium_file: Path) -> None:
    from tallystick.record import read_consortium

    consortium = read_consortium(consortium_file)
    certificates = {m.name: m.fingerprint for m in consortium.members}
    members = tuple(
        dataclasses.replace(m, certificate=certificates[m.name]) for m in terms_of(traced()).members
    )
    transcript = genuine.genuine(FAST, members=members)
    verdict = audit(transcript, backend=FAST, consortium=consortium)
    assert verdict.pinned
    assert not audit(transcript, backend=FAST).pinned
    assert _refused(data, consortium=consortium) == ("consortium", "item 1 (agreement)")
    assert _refused(transcript, consortium=consortium.select(["north", "south"]))[0] == "consortium"
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    strangers = tuple(
        AgreedMember(name=m.name, key=other.public_key().public_bytes_raw(), certificate=m.certificate)
        if m.name == "west"
        else m
        for m in members
    )
    assert (
        _refused(Bodies.of(transcript).signed(), consortium=consortium.select(["west", "south"]))[0]
        == "consortium"
    )
    bodies = Bodies.of(transcript)
    bodies.terms = dataclasses.replace(bodies.terms, members=strangers)
    assert _refused(bodies.signed((*KEYS[:2], other)), consortium=consortium) == (
        "consortium",
        "item 1 (agreement)",
    )


# ---------------------------------------------------------------------- what an auditor runs
def test_the_auditor_loads_no_session_code() -> None:
    code = (
        "import sys, tallystick.audit, tallystick.cli._audit\n"
        "bad = [m for m in sys.modules if m.startswith(tuple('tallystick.' + r for r in "
        "('session', 'online', 'offline', 'party')))]\n"
        "sys.exit(' '.join(bad) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
