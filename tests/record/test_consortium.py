# SPDX-License-Identifier: Apache-2.0
"""The consortium file: what it accepts, and that every refusal says what and where."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tallystick.errors import UsageError
from tallystick.limits import MAX_MEMBERS
from tallystick.record import (
    Consortium,
    Member,
    fingerprint_text,
    member_toml,
    parse_address,
    read_consortium,
)
from tallystick.session import new_identity

NORTH = new_identity("north").member("127.0.0.1:7001")
SOUTH = new_identity("south").member("[::1]:7002")
TEXT = 'name = "two"\n\n' + member_toml(NORTH) + "\n" + member_toml(SOUTH)


def write(folder: Path, text: str) -> Path:
    path = folder / "consortium.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_round_trip(tmp_path: Path) -> None:
    found = read_consortium(write(tmp_path, TEXT))
    assert found.name == "two"
    assert found.members == (NORTH, SOUTH)
    assert found.names == ("north", "south")
    assert found.member("south").endpoint == ("::1", 7002)
    assert found.select(["south"]).members == (SOUTH,)
    key = x509.load_der_x509_certificate(NORTH.certificate).public_key()
    assert found.members[0].public_key == key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    first, last = NORTH.validity
    assert first <= datetime.now(UTC) <= last - timedelta(days=365)


def test_an_unknown_member_is_named(tmp_path: Path) -> None:
    found = read_consortium(write(tmp_path, TEXT))
    with pytest.raises(UsageError, match="'west' is not a member") as caught:
        found.member("west")
    assert caught.value.hint == "its members are north, south"


def elliptic_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "north")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def foreign_pem() -> str:
    """A certificate with an Ed25519 key that another key signed."""
    issuer = new_identity("issuer")
    subject = new_identity("north")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "north")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(subject.key.public_key()).not_valid_before(now)
    signed = builder.not_valid_after(now + timedelta(days=1)).sign(issuer.key, None)
    return signed.public_bytes(Encoding.PEM).decode()


def replaced(old: str, new: str) -> Callable[[], str]:
    assert old in TEXT
    return lambda: TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lambda: "name = ", "not valid TOML: Invalid value"),
        (lambda: 'name = "x"', r"no \[\[member\]\] entries"),
        (lambda: "member = 3", r"no \[\[member\]\] entries"),
        (replaced('name = "two"', "name = 2"), "name: text was expected"),
        (replaced('name = "two"', 'nome = "two"'), "the file: unknown entry 'nome'"),
        (replaced('name = "north"', 'name = "no rth"'), "member 1: 'no rth' cannot name a member"),
        (replaced('name = "north"', "name = 5"), "member 1: name: text was expected"),
        (replaced('name = "north"', 'name = "south"'), "two members share the name south"),
        (replaced('address = "127', 'adress = "127'), "member 1: unknown entry 'adress'"),
        (replaced("127.0.0.1:7001", "127.0.0.1"), r"member 1 \(north\): '127.0.0.1' is not an address"),
        (replaced("127.0.0.1:7001", "127.0.0.1:70000"), r"member 1 \(north\): .* port outside"),
        (replaced("127.0.0.1:7001", "[::1]:7002"), r"two members share the address \[::1\]:7002"),
        (replaced("sha256:", "sha1:"), r"member 1 \(north\): fingerprint must be"),
        (
            lambda: TEXT.replace(fingerprint_text(NORTH.certificate), fingerprint_text(SOUTH.certificate)),
            r"member 1 \(north\): the fingerprint sha256:.* is not that of the certificate",
        ),
        (
            lambda: TEXT.replace(NORTH.pem, "none"),
            r"member 1 \(north\): certificate is not a PEM certificate",
        ),
        (lambda: TEXT.replace(NORTH.pem, NORTH.pem + SOUTH.pem), "must hold one PEM certificate, not 2"),
        (lambda: TEXT.replace(NORTH.pem, elliptic_pem()), "key is not an Ed25519 key"),
        (lambda: TEXT.replace(NORTH.pem, foreign_pem()), "not signed with its own key"),
        (lambda: 'name = "twice"\n' + member_toml(NORTH) * 2, "two members share the name north"),
        (
            lambda: member_toml(NORTH) + member_toml(Member("west", "127.0.0.1:7009", NORTH.certificate)),
            "two members share the public key",
        ),
        (lambda: "#" * (1 << 20) + "\n", "at most 1048576 bytes"),
    ],
)
def test_refusals_name_what_and_where(tmp_path: Path, text: Callable[[], str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_consortium(write(tmp_path, text()))
    assert caught.value.message.startswith(str(tmp_path / "consortium.toml"))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent.toml: cannot read the consortium file"):
        read_consortium(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "host",
        "host:",
        ":1",
        "host:0",
        "host:x",
        "ho st:1",
        "a:b:1",
        "[::1:2",
        "h:١",
        "h:000080",
        "h:65536",
    ],
)
def test_bad_addresses(bad: str) -> None:
    with pytest.raises(UsageError):
        parse_address(bad)


def test_ports_have_ends() -> None:
    assert [parse_address(f"h:{port}")[1] for port in ("1", "65535", "00080")] == [1, 65_535, 80]


def test_the_number_of_members_has_a_limit() -> None:
    members = tuple(new_identity(f"m{k}").member(f"127.0.0.1:{7001 + k}") for k in range(MAX_MEMBERS + 1))
    assert len(Consortium("all", members[:-1]).members) == MAX_MEMBERS
    for wrong in ((), members):
        with pytest.raises(
            UsageError, match=f"a consortium has 1 to {MAX_MEMBERS} members, not {len(wrong)}"
        ):
            Consortium("all", wrong)


@pytest.mark.parametrize("entry", ["", "certificate = 3"])
def test_a_member_without_a_certificate_is_refused(tmp_path: Path, entry: str) -> None:
    changed = re.sub(r"certificate = (\"{3}|'{3}).*?\1", entry, TEXT, count=1, flags=re.DOTALL)
    assert changed != TEXT
    with pytest.raises(UsageError, match=r"member 1 \(north\): certificate is missing or not text"):
        read_consortium(write(tmp_path, changed))


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match=r"not an X.509 certificate in DER"):
        Member.checked("north", "127.0.0.1:7001", b"no certificate")


def test_a_key_of_small_order_is_refused() -> None:
    """Whoever signed the certificate: under the neutral element, anybody can."""
    neutral = Ed25519PublicKey.from_public_bytes((1).to_bytes(32, "little"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "north")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(neutral).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    certificate = builder.sign(new_identity("issuer").key, None).public_bytes(Encoding.DER)
    with pytest.raises(UsageError, match="the certificate's key is of small order"):
        Member.checked("north", "127.0.0.1:7001", certificate)
