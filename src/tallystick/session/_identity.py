# SPDX-License-Identifier: Apache-2.0
"""A member's identity: an Ed25519 key, its self-signed certificate, and the encrypted file that holds both.

The file is one CBOR map (``spec/session.md``, "Identity file").  The key is encrypted with AES-256-GCM under
a key that scrypt (RFC 7914) derives from the passphrase; everything else in the file is associated data, so
neither the certificate nor a parameter can be exchanged.
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .. import encoding
from ..backend import Buffer
from ..errors import DecodeError, UsageError, explaining
from ..record import Member, check_name, fingerprint_text

__all__ = [
    "SCRYPT_LOG_N",
    "Identity",
    "load_identity_chain",
    "new_identity",
    "read_certificate",
    "read_identity",
    "write_identity",
    "write_new",
]

SCRYPT_LOG_N = 17
"""log2 of scrypt's cost N: 2**17 with r = 8 takes 128 MiB and some tenths of a second."""

_FORMAT = "tallystick/identity/1"
_LOG_N_RANGE = (10, 20)
_SCRYPT_R = 8
_SCRYPT_P = 1
_SALT_BYTES = 16
_NONCE_BYTES = 12
_KEY_BYTES = 32
_TAG_BYTES = 16
_MAX_FILE = 1 << 16
_VALIDITY = timedelta(days=5 * 365)
_CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """A member's name, certificate (DER) and signing key; the repr shows no key."""

    name: str
    certificate: bytes
    key: Ed25519PrivateKey = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """``sha256:`` and the certificate's SHA-256 in hexadecimal."""
        return fingerprint_text(self.certificate)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature (RFC 8032) of ``message``."""
        return self.key.sign(message)

    def member(self, address: str) -> Member:
        """Return the public half, as the consortium file lists it."""
        return Member(self.name, address, self.certificate)


@dataclass(frozen=True, slots=True)
class _Header:
    """All of an identity file but the encrypted key; its encoding is the associated data."""

    name: str
    certificate: bytes
    log_n: int
    salt: bytes
    nonce: bytes

    def fields(self) -> dict[str, object]:
        return {**asdict(self), "format": _FORMAT, "r": _SCRYPT_R, "p": _SCRYPT_P}

    def cipher(self, passphrase: Buffer) -> AESGCM:
        kdf = Scrypt(salt=self.salt, length=32, n=1 << self.log_n, r=_SCRYPT_R, p=_SCRYPT_P)
        return AESGCM(kdf.derive(passphrase))


def new_identity(name: str, *, now: datetime | None = None) -> Identity:
    """Draw a new key and certify it with itself, valid for five years from ``now`` (default: the clock)."""
    check_name(name)
    key = Ed25519PrivateKey.generate()
    start = (now or datetime.now(UTC)).replace(microsecond=0) - _CLOCK_SKEW
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    both_roles = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(both_roles), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, None)
    )
    return Identity(name, certificate.public_bytes(serialization.Encoding.DER), key)


def write_identity(
    identity: Identity, path: str | Path, passphrase: Buffer, *, log_n: int = SCRYPT_LOG_N
) -> None:
    """Write the encrypted identity file, readable by its owner only; refuses to replace a file."""
    if not passphrase:
        raise UsageError("an identity's passphrase must not be empty")
    header = _Header(
        name=identity.name,
        certificate=identity.certificate,
        log_n=log_n,
        salt=secrets.token_bytes(_SALT_BYTES),
        nonce=secrets.token_bytes(_NONCE_BYTES),
    )
    raw = identity.key.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    box = header.cipher(passphrase).encrypt(header.nonce, raw, encoding.dumps(header.fields()))
    write_new(Path(path), encoding.dumps({**header.fields(), "box": box}))


def read_identity(path: str | Path, passphrase: Buffer) -> Identity:
    """Open an identity file; ``UsageError`` says whether the file is damaged or does not open."""
    header, box = _read_envelope(Path(path))
    try:
        raw = header.cipher(passphrase).decrypt(header.nonce, box, encoding.dumps(header.fields()))
    except InvalidTag as error:
        raise UsageError(
            f"{path}: the passphrase is wrong, or the file was changed",
            hint="the passphrase is the one given to `tallystick identity new`",
        ) from error
    key = Ed25519PrivateKey.from_private_bytes(raw)
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    if Member(header.name, "", header.certificate).public_key != public:
        raise UsageError(f"{path}: the key is not that of the certificate")
    return Identity(header.name, header.certificate, key)


def read_certificate(path: str | Path) -> tuple[str, bytes]:
    """Return the name and certificate (DER) in an identity file, for which no passphrase is needed.

    Without the passphrase nothing vouches for them: a changed file shows only when it is opened.
    """
    header, _box = _read_envelope(Path(path))
    return header.name, header.certificate


def load_identity_chain(identity: Identity, context: ssl.SSLContext) -> None:
    """Load certificate and key into ``context``.

    Python's ssl reads keys from files only, so the key is in a file for the length of this call: encrypted
    under a password that is used once, in a directory that only this user can enter.
    """
    password = secrets.token_hex(32).encode("ascii")
    pem = identity.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    with tempfile.TemporaryDirectory(prefix="tallystick-") as folder:
        file = Path(folder) / "identity.pem"
        write_new(file, pem + identity.member("").pem.encode("ascii"))
        context.load_cert_chain(file, password=password)


def _read_envelope(path: Path) -> tuple[_Header, bytes]:
    hint = "`tallystick identity new NAME` makes one; --identity names its file"
    with explaining(f"{path}: cannot read the identity", hint=hint), path.open("rb") as file:
        raw = file.read(_MAX_FILE + 1)
    try:
        return _decode_envelope(raw)
    except DecodeError as error:
        raise UsageError(f"{path}: not an identity file: {error.message}") from error


def _decode_envelope(raw: bytes) -> tuple[_Header, bytes]:
    value = encoding.loads(raw, max_size=_MAX_FILE, what="identity")
    keys = ("format", "name", "certificate", "log_n", "r", "p", "salt", "nonce", "box")
    fields = encoding.expect_map(value, "identity", required=keys)
    low, high = _LOG_N_RANGE
    encoding.expect_text(fields["format"], "identity: format", choices=[_FORMAT])
    encoding.expect_int(fields["r"], "identity: r", low=_SCRYPT_R, high=_SCRYPT_R)
    encoding.expect_int(fields["p"], "identity: p", low=_SCRYPT_P, high=_SCRYPT_P)
    header = _Header(
        name=encoding.expect_text(fields["name"], "identity: name", min_length=1, max_length=64),
        certificate=encoding.expect_bytes(fields["certificate"], "identity: certificate"),
        log_n=encoding.expect_int(fields["log_n"], "identity: log_n", low=low, high=high),
        salt=encoding.expect_bytes(fields["salt"], "identity: salt", length=_SALT_BYTES),
        nonce=encoding.expect_bytes(fields["nonce"], "identity: nonce", length=_NONCE_BYTES),
    )
    return header, encoding.expect_bytes(fields["box"], "identity: box", length=_KEY_BYTES + _TAG_BYTES)


def write_new(path: Path, data: bytes) -> None:
    """Create ``path`` with mode 0600 and these bytes, on disk before returning."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(
            f"{path} exists already", hint="choose another place; nothing was changed"
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
