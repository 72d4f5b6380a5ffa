# SPDX-License-Identifier: Apache-2.0
"""The consortium file: who the members are, where they listen, and the certificates they are pinned to.

The file is TOML, described in ``spec/session.md``::

    name = "wage council"

    [[member]]
    name = "northeast"
    address = "10.1.0.7:7450"
    fingerprint = "sha256:5f0c…"
    certificate = '''
    -----BEGIN CERTIFICATE-----
    …
    -----END CERTIFICATE-----
    '''

It is the trust anchor of a run and of an audit: a member is whoever holds the key of the certificate written
here.  The fingerprint is what people compare over the telephone, so it must match the certificate beside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..encoding import dumps
from ..errors import UsageError
from ..limits import MAX_MEMBERS
from ._signing import has_small_order
from .toml import naming, only, read_toml, table, text

__all__ = [
    "MAX_MEMBER_NAME",
    "Consortium",
    "Member",
    "check_name",
    "fingerprint_text",
    "first_repeated",
    "list_digest",
    "member_toml",
    "parse_address",
    "read_consortium",
]

MAX_MEMBER_NAME: Final = 64
"""Characters of a member's name."""

_T = TypeVar("_T")

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_MEMBER_NAME - 1}}}")
_FINGERPRINT = re.compile(r"sha256:([0-9a-f]{64})")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\]")


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its name, where it listens, and the certificate it is pinned to (DER)."""

    name: str
    address: str
    certificate: bytes

    @classmethod
    def checked(cls, name: str, address: str, certificate: bytes) -> Member:
        """Return the member if its name, its address and its certificate are what this page demands of them."""
        check_name(name)
        parse_address(address)
        _check_certificate(_parse_der(certificate))
        return cls(name, address, certificate)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate's DER encoding."""
        return hashlib.sha256(self.certificate).digest()

    @property
    def public_key(self) -> bytes:
        """The 32-byte Ed25519 public key of the certificate."""
        return _ed25519_key(_parse_der(self.certificate))

    @property
    def pem(self) -> str:
        """The certificate in PEM."""
        return _parse_der(self.certificate).public_bytes(Encoding.PEM).decode("ascii")

    @property
    def validity(self) -> tuple[datetime, datetime]:
        """The certificate's first and last valid moments, in UTC."""
        certificate = _parse_der(self.certificate)
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port of ``address``."""
        return parse_address(self.address)


@dataclass(frozen=True, slots=True)
class Consortium:
    """The members of a consortium, in the order of its file; names, keys and addresses are distinct."""

    name: str
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.members) <= MAX_MEMBERS:
            raise UsageError(f"a consortium has 1 to {MAX_MEMBERS} members, not {len(self.members)}")
        for what, values in (
            ("name", [m.name for m in self.members]),
            ("address", [m.address for m in self.members]),
            ("public key", [m.public_key.hex() for m in self.members]),
        ):
            twice = first_repeated(values)
            if twice is not None:
                raise UsageError(f"two members share the {what} {twice}")

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names, in order."""
        return tuple(m.name for m in self.members)

    def member(self, name: str) -> Member:
        """Return the member of that name; ``UsageError`` names the members there are."""
        for candidate in self.members:
            if candidate.name == name:
                return candidate
        raise UsageError(
            f"{name!r} is not a member of the consortium", hint=f"its members are {', '.join(self.names)}"
        )

    def select(self, names: Iterable[str]) -> Consortium:
        """Return the consortium of these members only, in the order given."""
        return Consortium(self.name, tuple(self.member(name) for name in names))


def check_name(name: str) -> str:
    """Return ``name`` if it may name a member: 1 to 64 letters, digits, ``._-``, no leading punctuation."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a member",
            hint="use 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit",
        )
    return name


def parse_address(address: str) -> tuple[str, int]:
    """Split ``host:port``, with an IPv6 host in square brackets; ``UsageError`` if it is neither."""
    host, colon, port = address.rpartition(":")
    if not colon or not _HOST.fullmatch(host) or not port.isascii() or not port.isdigit() or len(port) > 5:
        raise UsageError(f"{address!r} is not an address", hint="write host:port, an IPv6 host in [brackets]")
    if not 1 <= int(port) <= 65_535:
        raise UsageError(f"{address!r} has a port outside 1 to 65535")
    return host.strip("[]"), int(port)


def fingerprint_text(certificate: bytes) -> str:
    """Return ``sha256:`` and the hexadecimal SHA-256 of a certificate in DER."""
    return "sha256:" + hashlib.sha256(certificate).hexdigest()


def list_digest(members: Iterable[Member]) -> bytes:
    """Return the 32 bytes that stand for a run's list of members: who they are, in their order."""
    return hashlib.sha256(dumps([member.fingerprint for member in members])).digest()


def member_toml(member: Member) -> str:
    """Return the ``[[member]]`` entry of a consortium file for one member."""
    return (
        "[[member]]\n"
        f'name = "{member.name}"\n'
        f'address = "{member.address}"\n'
        f'fingerprint = "{fingerprint_text(member.certificate)}"\n'
        f"certificate = '''\n{member.pem}'''\n"
    )


def read_consortium(path: str | Path) -> Consortium:
    """Read and check a consortium file; every ``UsageError`` names the file, the member and the entry."""
    path = Path(path)
    entries = read_toml(path, "consortium file")
    with naming(path):
        return _consortium(entries)


def _consortium(entries: Mapping[str, object]) -> Consortium:
    only(entries, {"name", "member"}, "the file")
    members = entries.get("member")
    if not isinstance(members, list) or not members:
        raise UsageError("no [[member]] entries", hint="`tallystick identity new` prints one for each member")
    name = text(entries["name"], "name") if "name" in entries else ""
    return Consortium(name, tuple(_member(entry, number) for number, entry in enumerate(members, 1)))


def _member(value: object, number: int) -> Member:
    where = f"member {number}"
    entry = table(value, where)
    fields = ("name", "address", "fingerprint", "certificate")
    only(entry, set(fields), where)
    with naming(where):
        name, address, fingerprint = (text(entry.get(key), key) for key in fields[:3])
        check_name(name)
    with naming(f"{where} ({name})"):
        pem = entry.get("certificate")
        if not isinstance(pem, str):
            raise UsageError("certificate is missing or not text")
        member = Member.checked(name, address, _from_pem(pem))
        _check_fingerprint(fingerprint, member.certificate)
    return member


def _check_fingerprint(text: str, certificate: bytes) -> None:
    match = _FINGERPRINT.fullmatch(text)
    if match is None:
        raise UsageError("fingerprint must be 'sha256:' and 64 lower-case hexadecimal digits")
    actual = fingerprint_text(certificate)
    if text != actual:
        raise UsageError(
            f"the fingerprint {text} is not that of the certificate, which is {actual}",
            hint="ask the member for its entry again, and compare the fingerprint by another channel",
        )


def _from_pem(pem: str) -> bytes:
    try:
        found = x509.load_pem_x509_certificates(pem.encode("utf-8"))
    except ValueError as error:
        raise UsageError("certificate is not a PEM certificate") from error
    if len(found) != 1:
        raise UsageError(f"certificate must hold one PEM certificate, not {len(found)}")
    return found[0].public_bytes(Encoding.DER)


def _check_certificate(certificate: x509.Certificate) -> None:
    _ed25519_key(certificate)
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise UsageError("certificate is not signed with its own key") from error


def _parse_der(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise UsageError("not an X.509 certificate in DER") from error


def _ed25519_key(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError("the certificate's key is not an Ed25519 key")
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    if has_small_order(raw):
        raise UsageError("the certificate's key is of small order, so that its signatures prove nothing")
    return raw


def first_repeated(values: Iterable[_T]) -> _T | None:
    """Return the first value that was there before."""
    seen: set[_T] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
