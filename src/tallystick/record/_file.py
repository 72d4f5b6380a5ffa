# SPDX-License-Identifier: Apache-2.0
"""The file itself: items in order, chained; a writer for runs and a strict reader for everyone.

The normative text is ``spec/file.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..encoding import SequenceItem, Value, decode_next, dumps, expect_array, expect_bytes, frame
from ..errors import DecodeError, UsageError, VerificationError, explaining
from ._items import Agreement, Commitment, Item, Outputs, PlanItem, ProofItem, Signatures
from ._terms import Terms

__all__ = [
    "FIRST_PREVIOUS",
    "MAX_FILE_SIZE",
    "TRANSCRIPT_SUFFIX",
    "Link",
    "Transcript",
    "TranscriptWriter",
    "read_transcript",
    "transcript_bytes",
]

FIRST_PREVIOUS: Final = hashlib.sha256(frame(b"tallystick/v1/file")).digest()
"""What the first item states as its predecessor."""

TRANSCRIPT_SUFFIX: Final = ".tally"
"""How the names of transcripts end."""

MAX_FILE_SIZE: Final = 1 << 26
"""A reader refuses larger files before reading them."""


_MAX_VALUES: Final[Mapping[type[Item], int]] = {
    Agreement: 1 << 20,
    PlanItem: 1 << 20,
    Commitment: 64,
    Outputs: 64,
    ProofItem: 64,
    Signatures: 128,
}
"""CBOR values that an item of a kind may hold: no file makes its reader hold more than its two large items say."""


def _kind_at(index: int, members: int) -> type[Item] | None:
    """The kind of the item at a 0-based index, or None behind the end."""
    if index < 2:
        return (Agreement, PlanItem)[index]
    if index < 2 + members:
        return Commitment
    tail = (Outputs, ProofItem, Signatures)
    return tail[index - 2 - members] if index - 2 - members < len(tail) else None


def _most_values(index: int, terms: Terms | None) -> int:
    kind = _kind_at(index, 0 if terms is None else len(terms.members))
    assert kind is not None
    return _MAX_VALUES[kind]


def _item_name(index: int, terms: Terms | None) -> str:
    """``item 4 (commitment of south)``: what errors and reports call an item."""
    if index == 0:
        return "item 1 (agreement)"
    if terms is None:
        return f"item {index + 1}"
    kind = _kind_at(index, len(terms.members))
    if kind is Commitment:
        return f"item {index + 1} (commitment of {terms.members[index - 2].name})"
    return f"item {index + 1} ({kind.kind})" if kind else f"item {index + 1}"


@dataclass(frozen=True, slots=True)
class Link:
    """Where an item lies in the file, what it states as its predecessor, and its own hash."""

    name: str
    start: int
    end: int
    previous: bytes
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A decoded file: every item typed, nothing verified yet."""

    agreement: Agreement
    plan: PlanItem
    commitments: tuple[Commitment, ...]
    outputs: Outputs
    proof: ProofItem
    signatures: Signatures
    links: tuple[Link, ...]
    size: int

    @property
    def terms(self) -> Terms:
        """What the members agreed on."""
        return self.agreement.terms

    @property
    def computation_context(self) -> bytes:
        """The context of the computation's proof: session id, then the head after the last commitment."""
        return self.terms.session_id + self.links[1 + len(self.commitments)].head

    @property
    def root(self) -> bytes:
        """What every member signs at the end: the head after the proof."""
        return self.links[-2].head

    def check_chain(self) -> None:
        """Raise ``VerificationError`` (check ``chain``) unless every item states its predecessor's hash.

        Of the two items at a broken link, the one named is the one whose other link is broken too, else the
        earlier: that is the item that was changed, if one was.
        """
        heads = (FIRST_PREVIOUS, *(link.head for link in self.links))
        broken = [link.previous != head for link, head in zip(self.links, heads, strict=False)]
        if True not in broken:
            return
        at = broken.index(True)
        changed = at if at == 0 or broken[at + 1 : at + 2] == [True] else at - 1
        where = "the start of every file" if at == 0 else self.links[at - 1].name
        name = self.links[changed].name
        message = f"{name}: the chain is broken: {self.links[at].name} does not continue {where}"
        raise VerificationError(message, check="chain", item=name)


class TranscriptWriter:
    """Builds a file item by item; each item must be of the kind that the order demands next.

    All members of a run append the same items and so hold the same bytes.
    """

    __slots__ = ("_count", "_data", "_head", "_terms")

    def __init__(self, agreement: Agreement) -> None:
        self._terms = agreement.terms
        self._data = bytearray()
        self._head = FIRST_PREVIOUS
        self._count = 0
        self.append(agreement)

    def append(self, item: Item) -> None:
        """Add the next item; ``ValueError`` if another kind is due or the file is complete."""
        due = _kind_at(self._count, len(self._terms.members))
        if due is None or not isinstance(item, due):
            raise ValueError(f"{item.kind} cannot be {_item_name(self._count, self._terms)}")
        encoded = dumps([item.kind, self._head, item.to_body()])
        if len(self._data) + len(encoded) > MAX_FILE_SIZE:
            raise UsageError(f"the transcript would be larger than {MAX_FILE_SIZE} bytes")
        self._data += encoded
        self._head = hashlib.sha256(encoded).digest()
        self._count += 1

    @property
    def computation_context(self) -> bytes:
        """The context of the computation's proof; the last item must be the last commitment."""
        if self._count != 2 + len(self._terms.members):
            raise ValueError("the context of the computation is fixed by the last commitment")
        return self._terms.session_id + self._head

    @property
    def root(self) -> bytes:
        """What every member signs; the last item must be the proof."""
        if self._count != 4 + len(self._terms.members):
            raise ValueError("the root is fixed by the proof")
        return self._head

    def to_bytes(self) -> bytes:
        """Return the complete file."""
        if _kind_at(self._count, len(self._terms.members)) is not None:
            raise ValueError(f"{_item_name(self._count, self._terms)} is missing")
        return bytes(self._data)


@contextmanager
def _naming(name: str, start: int, end: int | None = None) -> Iterator[None]:
    """Give a ``DecodeError`` the item's name and, where it has no offset, the item's place."""
    try:
        yield
    except DecodeError as error:
        if error.offset is not None:
            error.item = name
            raise
        place = f"the item is bytes {start} to {end}"
        raise DecodeError(f"{name}: {error.message} ({place})", item=name, hint=error.hint) from None


def read_transcript(source: Path | str | bytes, *, plans: Iterable[PlanItem] = ()) -> Transcript:
    """Decode a file, or its bytes, strictly; nothing is verified.

    ``plans`` are items of files read before: one whose bytes stand in this file, too, is not decoded again.

    Raises ``DecodeError`` with item and offset for anything that ``spec/file.md`` does not allow, and
    ``UsageError`` if the file cannot be read.
    """
    data = source if isinstance(source, bytes) else transcript_bytes(Path(source))
    if len(data) > MAX_FILE_SIZE:
        raise DecodeError(f"more than {MAX_FILE_SIZE} bytes are not a transcript", item="file")
    terms: Terms | None = None
    items: list[Item] = []
    links: list[Link] = []
    at = 0
    while terms is None or _kind_at(len(items), len(terms.members)) is not None:
        name = _item_name(len(items), terms)
        item: Item
        known = _known_plan(data, at, plans) if len(items) == 1 else None
        if known is not None:
            item, previous = known
            end = at + len(_PLAN_HEAD) + len(known[0].encoded)
        else:
            with _naming(name, at):
                raw = decode_next(data, at, max_values=_most_values(len(items), terms), what=name)
            with _naming(name, raw.start, raw.end):
                item, previous = _decode(raw, len(items), terms)
            end = raw.end
        if isinstance(item, Agreement):
            terms = item.terms
        items.append(item)
        links.append(Link(name, at, end, previous, hashlib.sha256(data[at:end]).digest()))
        at = end
    if at != len(data):
        raise DecodeError(
            f"{len(data) - at} bytes follow {links[-1].name}, the last", offset=at, item=links[-1].name
        )
    # All items but the commitments are fields by the name of their kind.
    parts: dict[str, Any] = {item.kind: item for item in items if not isinstance(item, Commitment)}
    commitments = tuple(item for item in items if isinstance(item, Commitment))
    return Transcript(**parts, commitments=commitments, links=tuple(links), size=len(data))


_HASH_BYTES = 32
_PLAN_HEAD: Final = dumps([PlanItem.kind, bytes(_HASH_BYTES), None])[: -len(dumps(None))]
"""How every item of a plan begins, but for the hash that these bytes end with."""


def _known_plan(data: bytes, at: int, plans: Iterable[PlanItem]) -> tuple[PlanItem, bytes] | None:
    """Return the plan whose item begins here, and what the item states as its predecessor, or None.

    An encoding tells where it ends, and is the only one of its value: equal bytes are the same item.
    """
    body = at + len(_PLAN_HEAD)
    if data.startswith(_PLAN_HEAD[:-_HASH_BYTES], at):
        for plan in plans:
            if data.startswith(plan.encoded, body):
                return plan, data[body - _HASH_BYTES : body]
    return None


def transcript_bytes(path: Path) -> bytes:
    """Read a file, or a byte more of it than a transcript may have; ``UsageError`` if it cannot be read."""
    with explaining(f"{path}: cannot read the transcript"), path.open("rb") as file:
        return file.read(MAX_FILE_SIZE + 1)


def _decode(raw: SequenceItem, index: int, terms: Terms | None) -> tuple[Item, bytes]:
    kind, previous, body = expect_array(raw.value, "item", length=3)
    members = 0 if terms is None else len(terms.members)
    due = _kind_at(index, members)
    assert due is not None
    if kind != due.kind:
        found = repr(kind)[:40] if isinstance(kind, str) else "no kind"
        raise DecodeError(f"{due.kind!r} was expected here, found {found}")
    return _body(due, body, members), expect_bytes(previous, "previous", length=32)


def _body(due: type[Item], body: Value, members: int) -> Item:
    if issubclass(due, PlanItem):
        return PlanItem(body)
    if issubclass(due, Signatures):
        return Signatures.from_body(body, members=members)
    return due.from_body(body)
