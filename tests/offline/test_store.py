# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import sqlite3

import pytest

from tallystick.errors import UsageError
from tallystick.offline import Store

KEY = bytes(range(32))


def opened(path, key=KEY, binding=b"consortium/member", **options):
    return Store(path, key=key, binding=binding, **options)


def items(store, kind, n):
    return b"".join(p.data[p.offset : p.offset + p.count] for p in store.take(kind, n))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "prepared.sqlite"


def test_items_are_given_once_in_order_across_reopening(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("triples", [(4, b"abcd")])
        store.append("triples", [(3, b"efg")])
        assert store.span("triples") == (0, 7)
        assert items(store, "triples", 2) == b"ab"
    with opened(path) as store:
        assert store.epoch() == b"keys"
        assert store.span("triples") == (2, 7)
        assert items(store, "triples", 4) == b"cdef"
        with pytest.raises(ValueError, match="2 items of triples asked for, 1 there"):
            store.take("triples", 2)
        assert items(store, "triples", 1) == b"g"
        assert store.span("triples") == (7, 7)


def test_segments_are_appended_all_or_none(path):
    def broken():
        yield 2, b"ab"
        raise OSError("no more")

    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        with pytest.raises(OSError, match="no more"):
            store.append("triples", broken())
        assert store.span("triples") == (0, 0)
        store.append("triples", [(2, b"ab"), (3, b"cde")])
        assert store.span("triples") == (0, 5)
        assert [(p.data, p.offset, p.count) for p in store.take("triples", 4)] == [
            (b"ab", 0, 2),
            (b"cde", 0, 2),
        ]


def test_what_was_given_out_is_gone_from_disk_before_it_is_used(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("bits", [(2, b"xy")])
        store.take("bits", 2)
        other = sqlite3.connect(path)
        assert other.execute("SELECT first FROM pointer").fetchone() == (2,)
        assert other.execute("SELECT count(*) FROM segment").fetchone() == (0,)
        assert other.execute("SELECT count(*) FROM seal").fetchone() == (0,)
        other.close()


def _wrapped_keys(path):
    with contextlib.closing(sqlite3.connect(path)) as other:
        return [row[0] for row in other.execute("SELECT key FROM seal ORDER BY kind, start")]


@pytest.mark.parametrize("way", ["taken", "aligned", "burnt", "replaced"])
def test_the_key_of_a_deleted_segment_is_overwritten(path, way):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("bits", [(200_000, bytes(200_000))])
        store.append("bits", [(2, b"xy")])
    first, second = _wrapped_keys(path)
    assert first in path.read_bytes()
    assert second in path.read_bytes()
    with opened(path) as store:
        if way == "taken":
            store.take("bits", 200_001)
        elif way == "aligned":
            store.align("bits", 200_001, 200_002)
        elif way == "burnt":
            store.burn("mac-check: somebody lied")
        else:
            store.begin_epoch(b"e2", b"keys")
    assert first not in path.read_bytes()
    assert (second in path.read_bytes()) == (way in ("taken", "aligned"))
    with opened(path) as store:
        assert store.span("bits") == ((200_001, 200_002) if way in ("taken", "aligned") else (0, 0))


def test_a_segment_whose_key_is_gone_is_refused(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("bits", [(2, b"xy")])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("DELETE FROM seal")
    with opened(path) as store, pytest.raises(UsageError, match="cannot be decrypted"):
        store.take("bits", 2)


def test_keys_of_segments_are_bound_to_their_place(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("triples", [(1, b"a")])
        store.append("triples", [(1, b"b")])
    first, second = _wrapped_keys(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE seal SET key = ? WHERE start = 0", (second,))
        raw.execute("UPDATE seal SET key = ? WHERE start = 1", (first,))
    with opened(path) as store, pytest.raises(UsageError, match="damaged"):
        store.take("triples", 1)


def test_alignment_only_narrows(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("randoms", [(4, b"abcd")])
        store.append("randoms", [(4, b"efgh")])
        store.align("randoms", 1, 4)
        assert items(store, "randoms", 3) == b"bcd"
        store.align("randoms", 9, 4)
        assert store.span("randoms") == (9, 9)
        store.append("randoms", [(2, b"xy")])
        assert items(store, "randoms", 2) == b"xy"
        with pytest.raises(ValueError, match="narrows"):
            store.align("randoms", 3, 11)


@pytest.mark.parametrize(
    ("first", "last", "left"), [(0, 6, b"abcd"), (2, 6, b"cd"), (5, 6, b""), (0, 3, b"")]
)
def test_alignment_keeps_whole_segments(path, first, last, left):
    """Where a peer says that its items end is its own claim: no store is left with a hole."""
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("randoms", [(4, b"abcd")])
        store.append("randoms", [(4, b"efgh")])
        store.align("randoms", first, last)
        here, end = store.span("randoms")
        assert (here, end) == (first, max(first, first + len(left)))
        assert items(store, "randoms", len(left)) == left
        store.append("randoms", [(2, b"xy")])
        assert items(store, "randoms", 2) == b"xy"


def test_a_burnt_epoch_leaves_nothing_but_its_reason(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"very secret keys")
        store.append("triples", [(1, b"very secret material")])
        store.burn("mac-check: somebody lied")
        assert store.epoch() is None
        assert store.span("triples") == (0, 0)
        assert store.burnt() == [(b"e1", "mac-check: somebody lied")]
        store.begin_epoch(b"e2", b"new keys")
        assert store.epoch() == b"new keys"


def test_nothing_is_readable_without_the_key(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"very secret keys")
        store.append("triples", [(1, b"very secret material")])
    stored = b"".join(p.read_bytes() for p in path.parent.iterdir())
    assert b"very secret" not in stored
    for options in ({"key": bytes(32)}, {"binding": b"another member"}):
        with pytest.raises(UsageError, match="cannot be decrypted"):
            opened(path, **options)


def test_segments_are_bound_to_their_place(path):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")
        store.append("triples", [(1, b"a")])
        store.append("triples", [(1, b"b")])
    raw = sqlite3.connect(path)
    first, second = (row[0] for row in raw.execute("SELECT data FROM segment ORDER BY start"))
    raw.execute("UPDATE segment SET data = ? WHERE start = 0", (second,))
    raw.execute("UPDATE segment SET data = ? WHERE start = 1", (first,))
    raw.commit()
    raw.close()
    with opened(path) as store, pytest.raises(UsageError, match="damaged"):
        store.take("triples", 1)


@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_store_of_another_version_is_refused_and_left_alone(path, version):
    with opened(path) as store:
        older = store._seal(version.to_bytes(4, "big"), b"binding")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE meta SET value = ? WHERE name = 'binding'", (older,))
    with pytest.raises(UsageError, match=r"another version, whose material .* is not used again") as caught:
        opened(path)
    assert "move the file away" in caught.value.hint
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        assert raw.execute("SELECT value FROM meta WHERE name = 'binding'").fetchone() == (older,)


def test_one_run_at_a_time(path):
    with opened(path), pytest.raises(UsageError, match="in use by another run"):
        opened(path)
    with opened(path) as store:
        assert store.epoch() is None


def test_a_file_that_is_no_store_is_refused_and_left_alone(path):
    path.parent.mkdir()
    path.write_bytes(b"something else entirely, and long enough not to be empty" * 20)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="not a preparation store"):
        opened(path)
    assert path.read_bytes() == before


def test_a_failed_append_leaves_no_part(path, monkeypatch):
    with opened(path) as store:
        store.begin_epoch(b"e1", b"keys")

        def broken(*_args):
            raise OSError("disk full")

        monkeypatch.setattr(store, "_point", broken)
        with pytest.raises(OSError, match="disk full"):
            store.append("triples", [(1, b"a")])
        monkeypatch.undo()
        assert store.span("triples") == (0, 0)
        store.append("triples", [(1, b"b")])
        assert items(store, "triples", 1) == b"b"
