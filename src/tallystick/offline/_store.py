# SPDX-License-Identifier: Apache-2.0
"""Prepared material on disk, one store per member: appended in segments, given out exactly once.

Normative text: ``spec/preparation.md``, "Store".  SQLite holds the pointers and the segments; every commit is
synchronous, so what was given out stays given out whatever happens next.  Keys and segments are encrypted
with AES-256-GCM and bound to the consortium, the epoch and their position.  A segment has a key of its own, which
is overwritten when the segment is used up: that makes megabytes unreadable by writing one page.  One process at a
time may have a store open.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..encoding import frame, i2osp
from ..errors import UsageError, explaining

__all__ = ["Piece", "Store"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_SCHEMA = 3
_ANEW = "move the file away; a new store starts a new key epoch"
_NONCE_BYTES = 12
_KEY_BITS = 256
_PAGE_BYTES = 1 << 16
"""The largest there is: segments have megabytes, and SQLite's work on them goes by pages."""
_LOG_BYTES = 1 << 22
"""The write-ahead log is carried over into the file when it has so many bytes."""
_CREATE = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epoch (identifier BLOB PRIMARY KEY, keys BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pointer (kind TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segment (
    kind TEXT NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, start)
);
CREATE TABLE IF NOT EXISTS seal (
    kind TEXT NOT NULL, start INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (kind, start)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS burnt (identifier BLOB NOT NULL, at REAL NOT NULL, reason TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """Items ``offset`` to ``offset + count`` of a segment of ``total`` items, decrypted as a whole."""

    data: bytes
    total: int
    offset: int
    count: int


def _guarded(method: Callable[Concatenate[Store, _P], _T]) -> Callable[Concatenate[Store, _P], _T]:
    """Let one thread at a time into the store, and tell the user of a full disk or a damaged file."""

    @wraps(method)
    def guarded(self: Store, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with self._guard:
            try:
                return method(self, *args, **kwargs)
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    return guarded


class Store:
    """One member's material under one consortium. Open it with ``with``; it holds a lock until closed.

    ``binding`` names consortium and member: a store opened under another binding, or with another key, is refused.
    Positions count the items of a kind since the epoch began; [first, last) is what may still be given out.
    Methods may be called from any thread.
    """

    def __init__(self, path: Path | None, *, key: bytes, binding: bytes, wait: float = 0.0) -> None:
        self._cipher = AESGCM(key)
        self._binding = binding
        self._path = path
        self._guard = threading.RLock()
        self._lock: int | None = None
        self._cached: dict[str, tuple[int, bytes]] = {}
        if path is not None:
            self._lock = _locked(path.with_suffix(path.suffix + ".lock"), wait)
        try:
            self._db = sqlite3.connect(
                ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
            )
            if path is not None:
                path.chmod(0o600)
            self._db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_BYTES // _PAGE_BYTES}")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.executescript(_CREATE)
            self._check_binding(path)
            if self._db.execute("SELECT 1 FROM meta WHERE name = 'check'").fetchone():
                self.burn("a check was cut short: the process ended in the middle of it")
        except (sqlite3.DatabaseError, OSError) as error:
            self.close()
            raise self._unusable(error) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release the lock."""
        with self._guard:  # What another thread writes at this moment is written or not, as a whole.
            if hasattr(self, "_db"):
                self._db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # ------------------------------------------------------------------ epoch
    @_guarded
    def epoch(self) -> bytes | None:
        """Return the current epoch's serialised keys, or None."""
        row = self._db.execute("SELECT identifier, keys FROM epoch").fetchone()
        if row is None:
            return None
        return self._open(bytes(row[1]), b"epoch", bytes(row[0]))

    @_guarded
    def begin_epoch(self, identifier: bytes, keys: bytes) -> None:
        """Replace whatever is there by a new, empty epoch."""
        with self._transaction():
            self._wipe()
            sealed = self._seal(keys, b"epoch", identifier)
            self._db.execute("INSERT INTO epoch VALUES (?, ?)", (identifier, sealed))
        self._shrink()

    def burn(self, reason: str) -> None:
        """Destroy the epoch: keys, MAC share and all material; only the reason stays.

        A store that cannot be written to is removed.
        """
        try:
            self._empty(reason)
        except UsageError:
            self._db.close()
            for suffix in ("", "-wal", "-shm"):
                if self._path is not None:
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    @_guarded
    def _empty(self, reason: str) -> None:
        with self._transaction():
            for (identifier,) in self._db.execute("SELECT identifier FROM epoch").fetchall():
                self._db.execute("INSERT INTO burnt VALUES (?, ?, ?)", (identifier, time.time(), reason))
            self._wipe()
        self._shrink()

    @_guarded
    def note_check(self, going_on: bool) -> None:
        """Note on disk that a check is going on, or that it has passed.

        Whoever opens a store in which one was cut short finds its epoch burnt: the sums that were opened may have
        told a peer the MAC key.
        """
        with self._transaction():
            if going_on:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('check', x'01')")
            else:
                self._db.execute("DELETE FROM meta WHERE name = 'check'")

    @_guarded
    def replies(self) -> int:
        """Return how many replies to each peer were counted in this epoch."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'replies'").fetchone()
        return 0 if row is None else int.from_bytes(row[0], "big")

    @_guarded
    def count_replies(self, n: int) -> None:
        """Count n more replies; the number is on disk before this returns, and so before they are made."""
        if n < 0:
            raise ValueError("replies are not taken back")
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO meta VALUES ('replies', ?)", (i2osp(self.replies() + n, 8),)
            )

    @_guarded
    def burnt(self) -> list[tuple[bytes, str]]:
        """Return the epochs that were burnt, oldest first, with the reason."""
        rows = self._db.execute("SELECT identifier, reason FROM burnt ORDER BY at").fetchall()
        return [(bytes(identifier), reason) for identifier, reason in rows]

    def _wipe(self) -> None:
        self._cached.clear()
        self._db.execute("DELETE FROM meta WHERE name IN ('check', 'replies')")
        self._discard("TRUE")
        for table in ("epoch", "pointer", "seal"):
            self._db.execute(f"DELETE FROM {table}")

    def _shrink(self) -> None:
        # The write-ahead log holds old pages until it is checkpointed and cut.
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # ------------------------------------------------------------------ material
    @_guarded
    def span(self, kind: str) -> tuple[int, int]:
        """Return [first, last), the positions of a kind that may still be given out."""
        row = self._db.execute("SELECT first, last FROM pointer WHERE kind = ?", (kind,)).fetchone()
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    @_guarded
    def kinds(self) -> list[str]:
        """Return the kinds that were ever stored in this epoch."""
        return [kind for (kind,) in self._db.execute("SELECT kind FROM pointer ORDER BY kind")]

    @_guarded
    def append(self, kind: str, segments: Iterable[tuple[int, bytes]]) -> None:
        """Append segments, each the count of its items and their data: all of them or none."""
        with self._transaction():
            first, last = self.span(kind)
            for count, data in segments:
                place = self._place(kind, last, count)
                key = AESGCM.generate_key(_KEY_BITS)
                # A key that encrypts nothing else needs no nonce.
                sealed = AESGCM(key).encrypt(bytes(_NONCE_BYTES), data, self._associated(place))
                self._db.execute("INSERT INTO segment VALUES (?, ?, ?, ?)", (kind, last, count, sealed))
                wrapped = self._seal(key, b"segment", *place)
                self._db.execute("INSERT INTO seal VALUES (?, ?, ?)", (kind, last, wrapped))
                last += count
            self._point(kind, first, last)

    @_guarded
    def align(self, kind: str, first: int, last: int) -> None:
        """Narrow the span to [first, last): what lies outside is deleted and never given out.

        Segments stay whole: one in whose middle ``last`` lies goes, and the span ends before it.
        """
        cut = self._db.execute(
            "SELECT start FROM segment WHERE kind = ? AND start < ? AND start + count > ?", (kind, last, last)
        ).fetchone()
        last = max(first, last if cut is None else int(cut[0]))
        old_first, old_last = self.span(kind)
        if first < old_first or last > max(old_last, first):
            raise ValueError(f"a span only narrows: [{old_first}, {old_last}) to [{first}, {last})")
        with self._transaction():
            self._discard("kind = ? AND (start + count <= ? OR start + count > ?)", kind, first, last)
            self._point(kind, first, last)

    @_guarded
    def take(self, kind: str, n: int) -> list[Piece]:
        """Give out the next n items; they are marked consumed on disk before this returns."""
        first, last = self.span(kind)
        if n > last - first:
            raise ValueError(f"{n} items of {kind} asked for, {last - first} there")
        pieces, at = [], first
        while at < first + n:
            start, count, data = self._segment(kind, at)
            taken = min(first + n, start + count) - at
            pieces.append(Piece(data, count, at - start, taken))
            at += taken
        with self._transaction():
            self._point(kind, at, last)
            self._discard("kind = ? AND start + count <= ?", kind, at)
        if pieces and pieces[-1].offset + pieces[-1].count == pieces[-1].total:
            del self._cached[kind]  # Used up.
        return pieces

    def _segment(self, kind: str, position: int) -> tuple[int, int, bytes]:
        row = self._db.execute(
            "SELECT start, count FROM segment WHERE kind = ? AND start <= ? ORDER BY start DESC LIMIT 1",
            (kind, position),
        ).fetchone()
        if row is None or position >= row[0] + row[1]:
            raise UsageError(f"{self._path}: the preparation store has lost {kind} {position}", hint=_ANEW)
        start, count = int(row[0]), int(row[1])
        if kind not in self._cached or self._cached[kind][0] != start:
            self._cached[kind] = start, self._unsealed(kind, start, count)
        return start, count, self._cached[kind][1]

    def _unsealed(self, kind: str, start: int, count: int) -> bytes:
        row = self._db.execute(
            "SELECT key, data FROM seal JOIN segment USING (kind, start) WHERE kind = ? AND start = ?",
            (kind, start),
        ).fetchone()
        if row is None:
            raise self._undecipherable()
        place = self._place(kind, start, count)
        try:
            cipher = AESGCM(self._open(row[0], b"segment", *place))
            return cipher.decrypt(bytes(_NONCE_BYTES), row[1], self._associated(place))
        except InvalidTag:
            raise self._undecipherable() from None

    def _discard(self, condition: str, *parameters: str | int) -> None:
        """Delete segments for good: their keys are overwritten, which leaves of the rest only noise."""
        found = self._db.execute(f"SELECT kind, start FROM segment WHERE {condition}", parameters).fetchall()
        self._db.executemany("DELETE FROM seal WHERE kind = ? AND start = ?", found)
        self._db.execute("PRAGMA secure_delete = OFF")
        try:
            self._db.executemany("DELETE FROM segment WHERE kind = ? AND start = ?", found)
        finally:
            self._db.execute("PRAGMA secure_delete = ON")

    def _point(self, kind: str, first: int, last: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO pointer VALUES (?, ?, ?)", (kind, first, last))

    def _place(self, kind: str, start: int, count: int) -> tuple[bytes, ...]:
        (identifier,) = self._db.execute("SELECT identifier FROM epoch").fetchone()
        return bytes(identifier), kind.encode("ascii"), i2osp(start, 8), i2osp(count, 8)

    # ------------------------------------------------------------------ encryption
    def _seal(self, data: bytes, *place: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, self._associated(place))

    def _open(self, sealed: bytes, *place: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._associated(place))
        except InvalidTag:
            raise self._undecipherable() from None

    def _associated(self, place: tuple[bytes, ...]) -> bytes:
        return b"".join(frame(part) for part in (b"tallystick/v1/store", self._binding, *place))

    def _check_binding(self, path: Path | None) -> None:
        row = self._db.execute("SELECT value FROM meta WHERE name = 'binding'").fetchone()
        if row is None:
            version = i2osp(_SCHEMA, 4)
            sealed = self._seal(version, b"binding")
            self._db.execute("INSERT INTO meta VALUES ('binding', ?)", (sealed,))
            return
        if self._open(bytes(row[0]), b"binding") != i2osp(_SCHEMA, 4):
            raise UsageError(
                f"{path}: a preparation store of another version, whose material was made in another way and is"
                " not used again",
                hint=_ANEW,
            )

    def _undecipherable(self) -> UsageError:
        return UsageError(
            f"{self._path}: the preparation store cannot be decrypted: another identity's, or damaged",
            hint=_ANEW,
        )

    def _unusable(self, error: Exception) -> UsageError:
        if isinstance(error, sqlite3.OperationalError | OSError):
            return UsageError(f"{self._path}: the preparation store cannot be used: {error}")
        return UsageError(f"{self._path}: not a preparation store, or a damaged one: {error}", hint=_ANEW)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # SQLite itself ends a transaction that meets a full disk.
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _locked(path: Path, wait: float) -> int:
    """Take the lock file for this process, waiting up to ``wait`` seconds."""
    with explaining(f"{path.parent}: no place for a preparation store"):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(handle)
                raise UsageError(
                    f"{path.stem}: the preparation store is in use by another run of this member",
                    hint="wait for it to end, or give this run a store of its own",
                ) from None
            time.sleep(0.05)
