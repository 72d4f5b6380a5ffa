# SPDX-License-Identifier: Apache-2.0
"""The hello: what a member says first, signed, and the comparison that finds who tells members different things.

Normative text: ``spec/session.md``, "Hello".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final, Literal, TypeAlias

from .. import __version__, encoding
from ..encoding import Value
from ..errors import DecodeError, ProtocolAbort, VerificationError
from ..limits import MAX_ROWS
from ..record import Member, check_signature, list_digest, sign
from ._identity import Identity
from ._mesh import TlsMesh

__all__ = ["Hello", "Purpose", "exchange_hellos", "malformed"]

Purpose: TypeAlias = Literal["prepare", "run"]

NONCE_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_DIGEST_BYTES: Final = 32
_MAX_HELLO: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a member wants: ``terms`` is all that the members must have in common, part by part.

    ``nonces`` are those with which all members greeted it, its own among them, by party; ``members`` digests who they
    are (``record.list_digest``), as whoever is in two lists can greet in one with another member's nonce of the other.
    """

    purpose: str
    version: str
    terms: dict[str, Value]
    preparation: str
    rows: int
    members: bytes
    nonces: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Return the encoding that is signed."""
        return encoding.dumps({**asdict(self), "nonces": list(self.nonces)})

    @classmethod
    def from_bytes(cls, data: bytes, size: int) -> Hello:
        """Decode a hello of a run of ``size`` members; ``DecodeError`` names the field."""
        value = encoding.loads(data, max_size=_MAX_HELLO, what="hello")
        found = encoding.expect_map(value, "hello", required=[field.name for field in fields(cls)])
        terms = found["terms"]
        if not isinstance(terms, dict):
            raise DecodeError("hello: terms: a map was expected")
        nonces = encoding.expect_array(found["nonces"], "hello: nonces", length=size)
        return cls(
            purpose=encoding.expect_text(found["purpose"], "hello: purpose", max_length=64),
            version=encoding.expect_text(found["version"], "hello: version", max_length=64),
            terms=terms,
            preparation=encoding.expect_text(found["preparation"], "hello: preparation", max_length=64),
            rows=encoding.expect_int(found["rows"], "hello: rows", high=MAX_ROWS),
            members=encoding.expect_bytes(found["members"], "hello: members", length=_DIGEST_BYTES),
            nonces=tuple(
                encoding.expect_bytes(nonce, "hello: nonces", length=NONCE_BYTES) for nonce in nonces
            ),
        )


def malformed(sender: int, error: DecodeError) -> ProtocolAbort:
    """Return the abort for a message that does not decode."""
    return ProtocolAbort.by(sender, f"sent what cannot be decoded: {error.message}", check="malformed")


async def exchange_hellos(
    mesh: TlsMesh,
    members: Sequence[Member],
    identity: Identity,
    purpose: Purpose,
    *,
    terms: dict[str, Value],
    preparation: str,
    rows: int = 0,
) -> tuple[list[Hello], bytes]:
    """Say what this member wants, hear everybody, and return all hellos with a digest of them that all share.

    Raises ProtocolAbort: ``malformed``, ``hello-signature`` and ``hello`` for what no honest member sends,
    ``equivocation`` for different hellos to different members, and ``job`` where members want different things.
    """
    own = Hello(
        purpose=purpose,
        version=__version__,
        terms=terms,
        preparation=preparation,
        rows=rows,
        members=list_digest(members),
        nonces=mesh.nonces,
    )
    body = own.to_bytes()
    signature = sign(identity.key, "hello", hashlib.sha256(body).digest())
    sizes = [_MAX_HELLO + _SIGNATURE_BYTES] * mesh.size
    sent = await mesh.broadcast("hello", signature + body, sizes)
    checker = _Checker(mesh, members)
    hellos = [checker.hello(data, j) for j, data in enumerate(sent)]
    if mesh.size > 2:
        # One that is told something else than others finds out here, before anything follows from it.
        relay = encoding.dumps(list(sent))
        most = sum(sizes) + 16 * mesh.size
        undecided: list[ProtocolAbort] = []
        for j, data in enumerate(await mesh.broadcast("hello/relay", relay, [most] * mesh.size)):
            undecided += checker.compare(sent, _relayed(data, j, most, mesh.size), j)
        # One that passes on what convicts nobody must not keep another from being convicted.
        if undecided:
            raise undecided[0]
    checker.nonces_agree(hellos)
    _wants_agree(own, hellos)
    digest = hashlib.sha256(encoding.frame(b"tallystick/v1/hellos"))
    for data in sent:
        encoding.absorb(digest, data)
    return hellos, digest.digest()


class _Checker:
    """What this member holds hellos against: who signs, and the nonces that it was greeted with itself."""

    def __init__(self, mesh: TlsMesh, members: Sequence[Member]) -> None:
        self._index = mesh.index
        self._nonces = mesh.nonces
        self._members = members
        self._list = list_digest(members)

    def hello(self, data: bytes, sender: int) -> Hello:
        """Return a member's hello, or raise what convicts it."""
        try:
            hello = self._signed(data, sender)
        except DecodeError as error:
            raise malformed(sender, error) from error
        except VerificationError as error:
            raise ProtocolAbort.by(sender, f": {error.message}", check=error.check) from error
        if hello.members != self._list:
            raise ProtocolAbort.by(
                sender, "says hello to other members than those of this run", check="hello"
            )
        for k, whose in ((self._index, "this member"), (sender, "it")):
            if hello.nonces[k] != self._nonces[k]:
                raise ProtocolAbort.by(
                    sender, f"says that {whose} greeted with another nonce than {whose} did", check="hello"
                )
        return hello

    def _signed(self, data: bytes, signer: int) -> Hello:
        signature, body = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
        hello = Hello.from_bytes(body, len(self._members))
        member = self._members[signer]
        digest = hashlib.sha256(body).digest()
        check_signature(member.public_key, "hello", digest, signature, signer=member.name)
        return hello

    def compare(self, heard: Sequence[bytes], relayed: Sequence[bytes], relay: int) -> list[ProtocolAbort]:
        """Compare what this member heard with what another says it heard, and convict whom the difference convicts.

        Returns the aborts for differences that convict nobody.
        """
        undecided: list[ProtocolAbort] = []
        for s, (own, theirs) in enumerate(zip(heard, relayed, strict=True)):
            if own == theirs:
                continue
            if s in (relay, self._index):
                raise ProtocolAbort.by(
                    relay, "passes on another hello than was sent to it or by it", check="equivocation"
                )
            try:
                other = self._signed(theirs, s)
            except (DecodeError, VerificationError) as error:
                raise ProtocolAbort.by(
                    relay,
                    f"passes on a hello that {self._members[s].name} did not sign",
                    check="equivocation",
                ) from error
            if other.members != self._list or other.nonces[relay] != self._nonces[relay]:
                raise ProtocolAbort.by(relay, "passes on a hello of another run", check="equivocation")
            if other.nonces[self._index] == self._nonces[self._index]:
                raise ProtocolAbort.by(
                    s, "signed different hellos for different members of this run", check="equivocation"
                )
            undecided.append(
                ProtocolAbort(
                    "contradict each other: the first signed different hellos, or the second passes on an old one",
                    check="equivocation",
                    about=(s, relay),
                )
            )
        return undecided

    def nonces_agree(self, hellos: Sequence[Hello]) -> None:
        """Whoever greeted members with different nonces, or says that another did, ends the run here."""
        for j, hello in enumerate(hellos):
            for k, nonce in enumerate(hello.nonces):
                if nonce != self._nonces[k]:
                    raise ProtocolAbort(
                        "contradict each other: the first was greeted by the second with another nonce, or says so",
                        check="equivocation",
                        about=(j, k),
                    )


def _relayed(data: bytes, sender: int, most: int, size: int) -> list[bytes]:
    try:
        entries = encoding.expect_array(
            encoding.loads(data, max_size=most, what="hellos"), "hellos", length=size
        )
        return [encoding.expect_bytes(entry, f"hellos: {k}") for k, entry in enumerate(entries)]
    except DecodeError as error:
        raise malformed(sender, error) from error


def _wants_agree(own: Hello, hellos: Sequence[Hello]) -> None:
    for j, hello in enumerate(hellos):
        parts = [part for part in own.terms if hello.terms.get(part) != own.terms[part]]
        parts += ["preparation"] if hello.preparation != own.preparation else []
        parts += ["purpose"] if hello.purpose != own.purpose else []
        if parts or set(hello.terms) != set(own.terms):
            what = "job" if own.purpose == "run" else "command"
            raise ProtocolAbort(
                f"'s {what} differs from this member's in: {', '.join(parts) or 'its entries'}",
                check="job",
                about=(j,),
                hint="the members compare their job files, consortium files and commands, and start again",
            )
