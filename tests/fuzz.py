# SPDX-License-Identifier: Apache-2.0
"""Every decoder on any bytes: it returns what those bytes say, or refuses them with an error of its own.

    python tests/fuzz.py TARGET --seconds 600

With ``atheris`` installed the coverage of the package guides what is tried (libFuzzer); without it, bytes of the corpus
are changed at random.  ``tests/fuzz_corpus/TARGET`` holds where it starts; ``tests/encoding/test_fuzz_corpus.py`` plays
the corpus through the targets in the suite.  What a target raises that it may not is a finding: the input is written to
a file that is named.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    with contextlib.suppress(ImportError):
        import atheris

        with atheris.instrument_imports(include=["tallystick"]):
            pass

from tallystick.algebra import Points, Vector
from tallystick.audit import audit
from tallystick.backend import get_backend, native_available
from tallystick.disclosure import audit_bound, columns_committed_twice, openings, unneeded
from tallystick.encoding import dumps, iter_sequence, loads
from tallystick.errors import DecodeError, UsageError, VerificationError
from tallystick.plan import Column, Plan
from tallystick.proofs import Proof, Shape
from tallystick.record import Table, Terms, read_consortium, read_transcript
from tallystick.session import read_job, read_table
from tallystick.session._hello import Hello
from tallystick.session._wire import BadFrame, read_frame, write_frame

__all__ = ["CORPUS", "TARGETS"]

CORPUS = Path(__file__).parent / "fuzz_corpus"
_MOST_EXAMINED = 1 << 16


@cache
def _backends() -> tuple[Any, ...]:
    return tuple(get_backend(name) for name in (("native", "pure") if native_available() else ("pure",)))


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tallystick-fuzz."))
    (folder / "consortium.toml").write_bytes((CORPUS / "consortium" / "two.toml").read_bytes())
    return folder


def cbor(data: bytes) -> None:
    """A value that decodes is encoded as the bytes it came from."""
    with contextlib.suppress(DecodeError):
        value = loads(data, max_size=1 << 20)
        assert dumps(value) == data
    with contextlib.suppress(DecodeError):
        for item in iter_sequence(data, max_size=1 << 20):
            assert dumps(item.value) == data[item.start : item.end]


def plan(data: bytes) -> None:
    """A plan that decodes is encoded as the bytes it came from, and everything can be said about it."""
    with contextlib.suppress(DecodeError):
        found = Plan.from_bytes(data)
        assert found.to_bytes() == data
        audit_bound(found, plan_bytes=len(data), file_bytes=len(data))
        columns_committed_twice(found)
        if sum(found.layout.lengths) < _MOST_EXAMINED:
            openings(found)
            unneeded(found)


def terms(data: bytes) -> None:
    """Terms that decode are encoded as the bytes they came from."""
    with contextlib.suppress(DecodeError):
        value = loads(data, max_size=1 << 20)
        found = Terms.from_body(value)
        assert dumps(found.to_body()) == data
        assert len(found.session_id) == 32


def transcript(data: bytes) -> None:
    """A file is refused, or accepted with every check; whatever decodes has its items where they are said to be."""
    with contextlib.suppress(DecodeError):
        found = read_transcript(data)
        assert found.links[-1].end == len(data) == found.size
    with contextlib.suppress(DecodeError, VerificationError):
        audit(data, backend=_backends()[0])


def elements(data: bytes) -> None:
    """Both backends read the same field elements, and write them as they were."""
    found: list[Any] = []
    for backend in _backends():
        try:
            found.append(Vector.from_bytes(backend, data[: len(data) // 32 * 32]).to_bytes())
        except DecodeError as error:
            found.append(error.offset)
    assert len(set(found)) == 1


def points(data: bytes) -> None:
    """Both backends read the same points, and write them as they were."""
    found: list[Any] = []
    cut = data[: min(len(data) // 48, 3) * 48]
    for backend in _backends():
        try:
            found.append(Points.from_bytes(backend, cut).to_bytes())
        except DecodeError as error:
            found.append(error.offset)
    assert len(set(found)) == 1
    assert not isinstance(found[0], bytes) or found[0] == cut


_SHAPE = Shape(columns=16, inputs=(3, 0), free=2, gates=9, zeros=1, outputs=1, points=2)


def proof(data: bytes) -> None:
    """A proof that fits the shape is encoded as the bytes it came from."""
    with contextlib.suppress(DecodeError):
        found = Proof.from_body(loads(data, max_size=1 << 20), _SHAPE)
        assert dumps(found.to_body()) == data


def hello(data: bytes) -> None:
    """What members say first is encoded as the bytes it came from."""
    with contextlib.suppress(DecodeError):
        assert Hello.from_bytes(data, 3).to_bytes() == data


def frame(data: bytes) -> None:
    """A frame that is read is written as the bytes it came from."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(1)
        theirs.sendall(data[:60_000])
        theirs.shutdown(socket.SHUT_WR)
        try:
            found = read_frame(ours, limit=1 << 16)
        except BadFrame:
            return
        if found is None:
            assert not data
            return
    ours, theirs = socket.socketpair()
    with ours, theirs:
        write_frame(theirs, found.kind, found.sequence, found.label, found.payload)
        theirs.shutdown(socket.SHUT_WR)
        again = ours.recv(1 << 17)
    assert data.startswith(again)


def _file(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def consortium(data: bytes) -> None:
    """A consortium file is read, or refused as something to correct."""
    with contextlib.suppress(UsageError):
        found = read_consortium(_file("fuzzed.toml", data))
        assert len(set(found.names)) == len(found.members)


def job(data: bytes) -> None:
    """A job file is read, or refused as something to correct."""
    with contextlib.suppress(UsageError):
        found = read_job(_file("job.toml", data))
        table = Table(rows=1, columns=found.columns)
        assert Table.from_body(table.to_body(), "table") == table


_COLUMNS = {"id": Column(0, 1 << 40), "wage": Column(-500, 4095, 2)}


def table(data: bytes) -> None:
    """A table is read within its columns' ranges, or refused as something to correct."""
    with contextlib.suppress(UsageError):
        found = read_table(_file("table.csv", data), _COLUMNS)
        for name, column in _COLUMNS.items():
            assert all(column.low <= v <= column.high for v in found.integers()[name])


TARGETS: dict[str, Callable[[bytes], None]] = {
    f.__name__: f
    for f in (cbor, plan, terms, transcript, elements, points, proof, hello, frame, consortium, job, table)
}
"""A decoder each, and what must be true of it on any bytes."""


def seeds(name: str) -> list[bytes]:
    """Return the corpus of a target."""
    return [file.read_bytes() for file in sorted((CORPUS / name).iterdir())]


def changed(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return bytes with a few changes: flipped, cut, doubled, taken from another seed, or numbers at their ends."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out) + 1)
        how = rng.randrange(6)
        if how == 0 and out:
            out[at % len(out)] ^= 1 << rng.randrange(8)
        elif how == 1 and out:
            out[at % len(out)] = rng.choice((0, 1, 0x17, 0x18, 0x1B, 0x5F, 0x7F, 0x80, 0xBF, 0xF6, 0xFF))
        elif how == 2:
            del out[at : at + rng.choice((1, 4, 64))]
        elif how == 3:
            out[at:at] = out[at : at + rng.choice((1, 8, 64))]
        elif how == 4:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            out[at : at + rng.choice((0, 8))] = other[start : start + rng.choice((4, 32))]
        else:
            out[at:at] = rng.choice(
                (b"\x1b" + b"\xff" * 8, b"\x3b" + b"\xff" * 8, b"\xf9\x7c\x00", b"9" * 40, b'"')
            )
    return bytes(out)


def _unguided(name: str, seconds: float) -> int:
    target, corpus, rng = TARGETS[name], seeds(name), random.Random()
    started, count = time.time(), 0
    while time.time() - started < seconds:
        data = changed(rng.choice(corpus), corpus, rng)
        count += 1
        try:
            target(data)
        except Exception as error:
            with tempfile.NamedTemporaryFile(prefix=f"{name}-", delete=False) as file:
                file.write(data)
            print(f"{name}: {type(error).__name__}: {error}; the input is {file.name}")
            return 1
    print(f"{name}: {count:,} executions in {time.time() - started:.0f} s, nothing found")
    return 0


def main() -> int:
    """Fuzz one target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--unguided", action="store_true", help="do not use atheris")
    options = parser.parse_args()
    if options.unguided or "atheris" not in sys.modules:
        return _unguided(options.target, options.seconds)
    found = Path(tempfile.mkdtemp(prefix=f"tallystick-{options.target}."))
    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        "-rss_limit_mb=4096",
        f"-artifact_prefix={found}/",
    ]
    sys.modules["atheris"].Setup(
        [*arguments, "-print_final_stats=1", str(found), str(CORPUS / options.target)],
        TARGETS[options.target],
    )
    sys.modules["atheris"].Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
