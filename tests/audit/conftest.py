from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from support.genuine import KEYS, NAMES
from tallystick.record import Member, member_toml


def certificate(name: str, key: Ed25519PrivateKey) -> bytes:
    """A self-signed certificate in DER."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .sign(key, None)
        .public_bytes(Encoding.DER)
    )


@pytest.fixture
def consortium_file(tmp_path: Path) -> Path:
    """The consortium file of the genuine transcripts' members."""
    path = tmp_path / "consortium.toml"
    entries = [
        member_toml(Member(name, f"127.0.0.1:{7450 + k}", certificate(name, key)))
        for k, (name, key) in enumerate(zip(NAMES, KEYS, strict=True))
    ]
    path.write_text("\n".join(entries))
    return path
