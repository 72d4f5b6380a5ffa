# SPDX-License-Identifier: Apache-2.0
"""Identity files: what opens, what does not, and what is on disk."""

from __future__ import annotations

import ssl
import stat
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tallystick import encoding
from tallystick.errors import UsageError
from tallystick.session import new_identity, read_certificate, read_identity, write_identity
from tallystick.session._identity import load_identity_chain

FAST = 10
"""log2 of scrypt's cost in tests."""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "north.identity"
    write_identity(IDENTITY, path, b"correct horse", log_n=FAST)
    return path


IDENTITY = new_identity("north")
RAW = IDENTITY.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def test_round_trip(written: Path) -> None:
    found = read_identity(written, b"correct horse")
    assert (found.name, found.certificate, found.fingerprint) == (
        "north",
        IDENTITY.certificate,
        IDENTITY.fingerprint,
    )
    IDENTITY.key.public_key().verify(found.sign(b"message"), b"message")
    assert read_certificate(written) == ("north", IDENTITY.certificate)


def test_only_the_owner_may_read_the_file_and_the_key_is_not_in_it(written: Path) -> None:
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert RAW not in written.read_bytes()
    assert RAW.hex() not in repr(IDENTITY)


def test_wrong_passphrase(written: Path) -> None:
    with pytest.raises(UsageError, match=r"north.identity: the passphrase is wrong, or the file was changed"):
        read_identity(written, b"correct horsf")


def test_an_existing_file_is_kept(written: Path) -> None:
    before = written.read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        write_identity(new_identity("north"), written, b"other", log_n=FAST)
    assert written.read_bytes() == before


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must not be empty"):
        write_identity(IDENTITY, tmp_path / "x", b"", log_n=FAST)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "south"),
        ("certificate", new_identity("north").certificate),
        ("log_n", 11),
        ("salt", bytes(16)),
        ("nonce", bytes(12)),
        ("box", bytes(48)),
    ],
)
def test_every_field_is_authenticated(written: Path, field: str, value: object) -> None:
    content = encoding.loads(written.read_bytes(), max_size=1 << 16)
    assert isinstance(content, dict)
    written.write_bytes(encoding.dumps({**content, field: value}))
    with pytest.raises(UsageError, match="the passphrase is wrong, or the file was changed"):
        read_identity(written, b"correct horse")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("format", "tallystick/identity/2", "is not one of"),
        ("log_n", 30, "not between 10 and 20"),
        ("r", 1, "not between 8 and 8"),
        ("p", 9, "not between 1 and 1"),
        ("salt", b"short", "16 were expected"),
        ("extra", 1, "unknown key 'extra'"),
    ],
)
def test_parameters_out_of_bounds_are_refused_before_any_work(
    written: Path, field: str, value: object, message: str
) -> None:
    content = encoding.loads(written.read_bytes(), max_size=1 << 16)
    assert isinstance(content, dict)
    written.write_bytes(encoding.dumps({**content, field: value}))
    with pytest.raises(UsageError, match=f"not an identity file: .*{message}"):
        read_identity(written, b"correct horse")


def test_truncation(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-1])
    with pytest.raises(UsageError, match="not an identity file"):
        read_identity(written, b"correct horse")


def test_an_absent_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the identity") as caught:
        read_identity(tmp_path / "none", b"x")
    assert "identity new" in str(caught.value.hint)


def test_the_key_never_lies_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is on disk while ssl loads the key is encrypted, private, and gone afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[bytes] = []

    class Context(ssl.SSLContext):
        def load_cert_chain(self, certfile, keyfile=None, password=None):  # type: ignore[no-untyped-def]
            seen.append(Path(certfile).read_bytes())
            assert stat.S_IMODE(Path(certfile).stat().st_mode) == 0o600
            assert stat.S_IMODE(Path(certfile).parent.stat().st_mode) == 0o700
            super().load_cert_chain(certfile, keyfile, password)

    load_identity_chain(IDENTITY, Context(ssl.PROTOCOL_TLS_CLIENT))
    assert len(seen) == 1
    assert b"ENCRYPTED PRIVATE KEY" in seen[0]
    assert list(tmp_path.iterdir()) == []
