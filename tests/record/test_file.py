# SPDX-License-Identifier: Apache-2.0
"""The file: items in order, chained, decoded strictly."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.encoding import Value, dumps, iter_sequence
from tallystick.errors import DecodeError, UsageError, VerificationError
from tallystick.plan import Column
from tallystick.record import (
    FIRST_PREVIOUS,
    AgreedMember,
    Agreement,
    Commitment,
    Outputs,
    PlanItem,
    Policy,
    ProofItem,
    Signatures,
    Table,
    Terms,
    TranscriptWriter,
    check_signature,
    commitment_digest,
    read_transcript,
    sign,
)

NAMES = ("north", "south", "west")
KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([k]) * 32) for k in range(3)]


def _terms() -> Terms:
    columns = {"wage": Column(0, 4095, 2), "years": Column(-5, 40)}
    return Terms(
        program="wages",
        plan=hashlib.sha256(b"plan").digest(),
        members=tuple(
            AgreedMember(
                name=n, key=k.public_key().public_bytes_raw(), certificate=hashlib.sha256(n.encode()).digest()
            )
            for n, k in zip(NAMES, KEYS, strict=True)
        ),
        tables=tuple(Table(rows=7 + k, columns=columns) for k in range(3)),
        policy=Policy(min_members=3, min_rows=5, outputs=("mean", "count")),
        preparation="lowgear",
        nonces=tuple(bytes([k]) * 32 for k in range(3)),
    )


def _items(terms: Terms) -> list[Agreement | PlanItem | Commitment | Outputs | ProofItem | Signatures]:
    """Structurally complete items; proofs are opaque to this room."""
    agreement = Agreement(terms, tuple(sign(key, "agreement", terms.session_id) for key in KEYS))
    return [
        agreement,
        PlanItem(["plan", {"ops": [1, 2]}]),
        *(Commitment(bytes(48) * k, {"rows": b"x"} if k else None, bytes([k]) * 64) for k in range(3)),
        Outputs(bytes(96)),
        ProofItem({"rows": b"", "final": b"abc"}),
        Signatures(tuple(bytes([k]) * 64 for k in range(3))),
    ]


def _file(terms: Terms | None = None) -> bytes:
    agreement, *rest = _items(terms or _terms())
    assert isinstance(agreement, Agreement)
    writer = TranscriptWriter(agreement)
    for item in rest:
        writer.append(item)
    return writer.to_bytes()


def test_a_plan_read_before_is_the_same_item_and_is_not_decoded_again() -> None:
    data = _file()
    first = read_transcript(data)
    other = PlanItem(["plan", {"ops": [1]}])
    again = read_transcript(data, plans=[other, first.plan])
    assert again.plan is first.plan
    assert again == first
    changed = read_transcript(data, plans=[other])
    assert changed == first and changed.plan is not first.plan


def test_a_plan_read_before_is_no_excuse_for_what_stands_around_it() -> None:
    data = _file()
    first = read_transcript(data)
    link = first.links[1]
    for at in (link.start, link.start + 3, link.end - 1, link.end):
        bad = data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]
        said = []
        for plans in ([], [first.plan]):
            with pytest.raises(DecodeError) as caught:
                read_transcript(bad, plans=plans)
            said.append((caught.value.message, caught.value.item, caught.value.offset))
        assert said[0] == said[1]
    at = link.start + 10
    stated = read_transcript(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], plans=[first.plan])
    assert stated.links[1].previous != link.previous
    with pytest.raises(VerificationError):
        stated.check_chain()


def test_round_trip(tmp_path: Path) -> None:
    data = _file()
    path = tmp_path / "run.tally"
    path.write_bytes(data)
    transcript = read_transcript(path)
    found = [transcript.agreement, transcript.plan, *transcript.commitments]
    found += [transcript.outputs, transcript.proof, transcript.signatures]
    assert found == _items(_terms())
    assert transcript.size == len(data)
    transcript.check_chain()
    assert [link.name for link in transcript.links] == [
        "item 1 (agreement)",
        "item 2 (plan)",
        "item 3 (commitment of north)",
        "item 4 (commitment of south)",
        "item 5 (commitment of west)",
        "item 6 (outputs)",
        "item 7 (proof)",
        "item 8 (signatures)",
    ]


def test_the_chain_is_the_spec() -> None:
    items = list(iter_sequence(_file(), max_size=1 << 20))
    previous = hashlib.sha256((18).to_bytes(8, "big") + b"tallystick/v1/file").digest()
    assert previous == FIRST_PREVIOUS
    for item in items:
        assert isinstance(item.value, list)
        assert item.value[1] == previous
        previous = hashlib.sha256(dumps(item.value)).digest()


def test_writer_and_reader_agree_on_contexts() -> None:
    agreement, *rest = _items(_terms())
    assert isinstance(agreement, Agreement)
    writer = TranscriptWriter(agreement)
    with pytest.raises(ValueError, match="last commitment"):
        _ = writer.computation_context
    for item in rest[:4]:
        writer.append(item)
    context = writer.computation_context
    writer.append(rest[4])
    with pytest.raises(ValueError, match="proof"):
        _ = writer.root
    writer.append(rest[5])
    root = writer.root
    with pytest.raises(ValueError, match=r"item 8 \(signatures\) is missing"):
        writer.to_bytes()
    writer.append(rest[6])
    transcript = read_transcript(writer.to_bytes())
    assert (transcript.computation_context, transcript.root) == (context, root)
    assert (
        context[:32]
        == agreement.terms.session_id
        == hashlib.sha256(dumps(agreement.terms.to_body())).digest()
    )
    assert root == transcript.links[-1].previous
    with pytest.raises(ValueError, match="signatures cannot be item 9"):
        writer.append(rest[6])


def test_the_writer_keeps_the_order() -> None:
    agreement, plan, commitment, *_ = _items(_terms())
    assert isinstance(agreement, Agreement)
    writer = TranscriptWriter(agreement)
    with pytest.raises(ValueError, match=r"commitment cannot be item 2 \(plan\)"):
        writer.append(commitment)
    writer.append(plan)
    with pytest.raises(ValueError, match=r"plan cannot be item 3 \(commitment of north\)"):
        writer.append(plan)


def test_every_session_has_its_own_id() -> None:
    terms = _terms()
    ids = {terms.session_id}
    for change in (
        {"program": "other"},
        {"plan": bytes(32)},
        {"members": terms.members[::-1]},
        {"tables": terms.tables[::-1]},
        {"policy": Policy()},
        {"preparation": "insecure-small-ring"},
        {"nonces": (bytes(32),) * 3},
    ):
        ids.add(dataclasses.replace(terms, **change).session_id)
    assert len(ids) == 8


def _links(data: bytes) -> list[bytes]:
    return [data[i.start : i.end] for i in iter_sequence(data, max_size=len(data))]


def test_truncation_names_the_item() -> None:
    data = _file()
    names = [link.name for link in read_transcript(data).links]
    items = _links(data)
    start = 0
    for number, item in enumerate(items):
        for end in (start, start + 1, start + len(item) // 2, start + len(item) - 1):
            with pytest.raises(DecodeError, match="truncated") as caught:
                read_transcript(data[:end])
            assert caught.value.item == names[number] or number == 0
            assert names[number] in caught.value.message
            assert caught.value.offset is not None and start <= caught.value.offset <= end
        start += len(item)


def test_trailing_bytes() -> None:
    data = _file()
    for tail in (b"\x00", _links(data)[-1], data):
        with pytest.raises(
            DecodeError, match=rf"{len(tail)} bytes follow item 8 \(signatures\), the last"
        ) as caught:
            read_transcript(data + tail)
        assert (caught.value.item, caught.value.offset) == ("item 8 (signatures)", len(data))


def test_missing_doubled_and_swapped_items() -> None:
    items = _links(_file())
    for i in range(len(items)):
        with pytest.raises((DecodeError, VerificationError)):
            read_transcript(b"".join(items[:i] + items[i + 1 :])).check_chain()
        with pytest.raises((DecodeError, VerificationError)):
            read_transcript(b"".join(items[: i + 1] + items[i:])).check_chain()
        for j in range(i):
            swapped = list(items)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            with pytest.raises((DecodeError, VerificationError)):
                read_transcript(b"".join(swapped)).check_chain()


@pytest.mark.parametrize(
    ("item", "offset_from_end", "names"),
    [
        (0, 5, "item 1 (agreement)"),
        (3, 5, "item 4 (commitment of south)"),
        (5, 5, "item 6 (outputs)"),
        (6, 1, "item 7 (proof)"),
    ],
)
def test_a_changed_item_breaks_the_chain_there(item: int, offset_from_end: int, names: str) -> None:
    items = [bytearray(raw) for raw in _links(_file())]
    items[item][-offset_from_end] ^= 1
    with pytest.raises(VerificationError) as caught:
        read_transcript(b"".join(items)).check_chain()
    assert (caught.value.check, caught.value.item) == ("chain", names)


def test_a_changed_link_names_its_own_item() -> None:
    items = [bytearray(raw) for raw in _links(_file())]
    for number, name, before in (
        (0, "agreement", "the start of every file"),
        (1, "plan", "item 1 (agreement)"),
        (4, "commitment of west", "item 4 (commitment of south)"),
        (6, "proof", "item 6 (outputs)"),
    ):
        changed = [bytearray(raw) for raw in items]
        at = changed[number].index(b"\x58\x20") + 2
        changed[number][at] ^= 1
        with pytest.raises(VerificationError) as caught:
            read_transcript(b"".join(changed)).check_chain()
        assert caught.value.item == f"item {number + 1} ({name})"
        assert caught.value.message.endswith(f"({name}) does not continue {before}")


def _with(path: tuple[str | int, ...], value: Value) -> Callable[[Value], None]:
    def change(body: Value) -> None:
        target = body
        for step in path[:-1]:
            target = target[step]  # type: ignore[index, call-overload]
        target[path[-1]] = value  # type: ignore[index, call-overload]

    return change


def _without(path: tuple[str | int, ...]) -> Callable[[Value], None]:
    def change(body: Value) -> None:
        target = body
        for step in path[:-1]:
            target = target[step]  # type: ignore[index, call-overload]
        del target[path[-1]]  # type: ignore[union-attr, arg-type]

    return change


T = "terms"
BAD = [
    (0, _without((T, "nonces")), "terms: the key 'nonces' is missing"),
    (0, _with((T, "extra"), 1), "terms: unknown key 'extra'"),
    (0, _with((T, "version"), 3), "terms: format 3; this program reads format 1 and draft 1"),
    (0, _with((T, "draft"), 2), "terms: format 2, draft 2; this program reads format 1 and draft 1"),
    (0, _with((T, "program"), "a\x1b[2J"), "terms: program"),
    (0, _with((T, "plan"), bytes(31)), "terms: plan: 31 bytes"),
    (0, _with((T, "members"), []), "terms: members: 0 entries"),
    (0, _with((T, "members", 1, "name"), "-x"), "terms: member 1: name"),
    (0, _with((T, "members", 1, "name"), "north"), "terms: member names: 'north' appears twice"),
    (0, _with((T, "members", 1, "key"), KEYS[0].public_key().public_bytes_raw()), "terms: member keys"),
    (0, _with((T, "members", 1, "key"), bytes(33)), "terms: member 1: key: 33 bytes"),
    (0, _with((T, "tables"), []), "terms: tables: 0 entries, 3 were expected"),
    (0, _with((T, "tables", 0, "rows"), -1), "terms: table 0: rows"),
    (0, _with((T, "tables", 0, "columns"), None), "terms: table 0: columns: an array was expected"),
    (0, _with((T, "tables", 0, "columns", 0, "name"), "years"), "terms: table 0: column names"),
    (
        0,
        _with((T, "tables", 0, "columns", 0, "low"), "4096"),
        "terms: table 0: column 0: [4096, 4095]",
    ),
    (0, _with((T, "tables", 0, "columns", 0, "low"), "-0"), "terms: table 0: column 0: low"),
    (0, _with((T, "tables", 0, "columns", 0, "high"), "9" * 77), "terms: table 0: column 0: [0, 999"),
    (0, _with((T, "tables", 0, "columns", 0, "decimals"), 19), "terms: table 0: column 0: decimals"),
    (
        0,
        _with((T, "tables", 0, "columns", 0, "high"), str(1 << 251)),
        "terms: table 0: column 0: a column's range",
    ),
    (0, _with((T, "tables", 0, "columns", 0, "name"), "x" * 101), "terms: table 0: column 0: name: 101"),
    (0, _with((T, "tables", 0, "rows"), (1 << 24) + 1), "terms: table 0: rows: 16777217 is not between 0"),
    (0, _with((T, "program"), "x" * 101), "terms: program: 101 characters, at most 100"),
    (0, _with((T, "policy", "outputs"), ["x" * 166]), "terms: policy: outputs: 166 characters, at most 165"),
    (0, _with((T, "policy", "outputs"), ["a", "a"]), "terms: policy: outputs: 'a' appears twice"),
    (0, _with((T, "policy", "min_members"), True), "terms: policy: min_members: an integer"),
    (0, _with((T, "preparation"), "none"), "terms: preparation"),
    (0, _with((T, "nonces"), [bytes(32)]), "terms: nonces: 1 entries"),
    (0, _with(("signatures",), [bytes(64)] * 2), "signatures: 2 entries"),
    (0, _with(("signatures", 0), bytes(63)), "signatures: 63 bytes"),
    (3, _with(("rows",), bytes(47)), "rows: 47 bytes"),
    (3, _with(("range",), b""), "range: a map or null"),
    (3, _with(("signature",), b""), "signature: 0 bytes"),
    (5, _with(("values",), bytes(33)), "values: 33 bytes"),
    (6, None, "body: a map was expected"),
    (7, _with(("signatures",), [bytes(64)] * 4), "signatures: 4 entries"),
]


@pytest.mark.parametrize(("item", "change", "message"), BAD)
def test_bodies_are_strict(item: int, change: Callable[[Value], None] | None, message: str) -> None:
    items = _links(_file())
    value = next(iter_sequence(items[item], max_size=1 << 20)).value
    assert isinstance(value, list)
    if change is None:
        value[2] = None
    else:
        change(value[2])
    items[item] = dumps(value)
    with pytest.raises(DecodeError) as caught:
        read_transcript(b"".join(items))
    assert caught.value.item is not None and caught.value.item.startswith(f"item {item + 1} (")
    assert caught.value.message.startswith(f"{caught.value.item}: {message}")


def test_oversized_and_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="cannot read the transcript: No such file"):
        read_transcript(tmp_path / "nothing")
    data = _file()
    monkeypatch.setattr("tallystick.record._file.MAX_FILE_SIZE", len(data))
    assert read_transcript(_file()).size == len(data)
    monkeypatch.setattr("tallystick.record._file.MAX_FILE_SIZE", len(data) - 1)
    (tmp_path / "large").write_bytes(data)
    with pytest.raises(DecodeError, match="are not a transcript"):
        read_transcript(tmp_path / "large")
    with pytest.raises(UsageError, match="would be larger"):
        _file()


def _said(data: bytes) -> str:
    try:
        read_transcript(data)
    except DecodeError as error:
        return error.message
    return ""


def test_a_file_may_have_2_to_the_26_bytes() -> None:
    data = bytes((1 << 26) + 1)
    assert _said(data) == f"more than {1 << 26} bytes are not a transcript"
    assert _said(data[:-1]).startswith("item 1 (agreement)")


@pytest.mark.parametrize(
    ("item", "most"), [*((k, 1 << 20) for k in (0, 1)), *((k, 64) for k in range(2, 7)), (7, 128)]
)
def test_an_item_may_hold_so_many_values(item: int, most: int) -> None:
    items = _links(_file())
    value = next(iter_sequence(items[item], max_size=1 << 20)).value
    assert isinstance(value, list)
    for more in (0, 1):
        # The item, its kind, its predecessor and its body are four.
        items[item] = dumps([*value[:2], [0] * (most - 4 + more)])
        assert ("more values than allowed" in _said(b"".join(items))) == (more == 1)


def test_signatures_have_a_purpose_and_a_signer() -> None:
    digest = commitment_digest(bytes(32), 1, bytes(48), None)
    signature = sign(KEYS[1], "commitment", digest)
    key = KEYS[1].public_key().public_bytes_raw()
    check_signature(key, "commitment", digest, signature, signer="south")
    other = commitment_digest(bytes(32), 2, bytes(48), None)
    wrong_key = KEYS[0].public_key().public_bytes_raw()
    for k, purpose, d, s in (
        (key, "agreement", digest, signature),
        (key, "commitment", other, signature),
        (wrong_key, "commitment", digest, signature),
        (key, "commitment", digest, bytes(64)),
        (b"\xff" * 32, "commitment", digest, signature),
    ):
        with pytest.raises(VerificationError, match="signature is not south's") as caught:
            check_signature(k, purpose, d, s, signer="south", item="item 4")
        assert (caught.value.check, caught.value.item) == (f"{purpose}-signature", "item 4")
    with pytest.raises(ValueError, match="32-byte"):
        sign(KEYS[0], "agreement", b"short")


def test_outputs_without_points_say_nothing_of_them() -> None:
    assert Outputs.from_body({"values": bytes(32)}) == Outputs(bytes(32))
    with pytest.raises(DecodeError, match="points: the field stands only where there are points"):
        Outputs.from_body({"values": bytes(32), "points": b""})
