# SPDX-License-Identifier: Apache-2.0
"""A member is killed in the middle of ``prepare`` or of a run: no item is used twice, and the next run is right.

``TALLYSTICK_KILLS=50`` kills that many times, and ``TALLYSTICK_KILL_SEED`` chooses where.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.small_ring import small_scheme
from tallystick.algebra import Vector
from tallystick.backend import FR_BYTES, FR_MODULUS, Backend
from tallystick.offline import EpochKeys, Store
from tallystick.offline._stocked import _decode_keys
from tallystick.record import member_toml
from tallystick.session import Identity, new_identity, write_identity
from tallystick.session._preparation import SMALL_RING, open_store

KILLS = int(os.environ.get("TALLYSTICK_KILLS", "4"))
SEED = int(os.environ.get("TALLYSTICK_KILL_SEED", "1"))
NAMES = ("north", "south")
DATA = {"north": [3, 1, 2], "south": [7, 0]}
MORTAL = Path(__file__).parent.parent / "support" / "mortal.py"
VECTORS = {"triples": 6, "bits": 2, "randoms": 2, "masks/0": 2, "masks/1": 2}
R = FR_MODULUS

PROGRAM = """\
import tallystick as ts

@ts.program
def figures(table):
    x = ts.concat(t["x"] for t in table)
    return {"squares": ts.sum(x * x), "cubes": ts.sum(x * x * x)}
"""


class Pair:
    """Two members with stores, and a record of what each of them ever gave out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.identities: list[Identity] = []
        entries = []
        for name in NAMES:
            (folder / name).mkdir()
            identity = new_identity(name)
            self.identities.append(identity)
            write_identity(identity, folder / name / f"{name}.identity", b"secret", log_n=10)
            with socket.create_server(("127.0.0.1", 0)) as sock:
                entries.append(identity.member(f"127.0.0.1:{sock.getsockname()[1]}"))
        self.members = entries
        for name in NAMES:
            home = folder / name
            (home / "consortium.toml").write_text("\n".join(map(member_toml, entries)))
            (home / "figures.py").write_text(PROGRAM)
            (home / "passphrase").write_text("secret\n")
            (home / "data.csv").write_text("x\n" + "".join(f"{v}\n" for v in DATA[name]))
            (home / "job.toml").write_text(
                'name = "figures"\nprogram = "figures.py:figures"\nconsortium = "consortium.toml"\n'
                "[columns.x]\nlow = 0\nhigh = 7\n"
            )

    def start(self, name: str, arguments: list[str], point: int = 0, delay: float = 0.0) -> Any:
        return subprocess.Popen(
            [
                *(sys.executable, str(MORTAL), "record", str(point), str(delay), *arguments, "--as", name),
                *("--passphrase-file", "passphrase", "--insecure-small-ring", "--deadline", "60", "--json"),
            ],
            cwd=self.folder / name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def both(
        self, arguments: list[str], victim: str = "", point: int = 0, delay: float = 0.0
    ) -> dict[str, tuple[int, str, str]]:
        """Run a command at both members; the victim is killed at its point. Exit code, stdout, stderr of each."""
        started = {
            name: self.start(name, arguments, *((point, delay) if name == victim else ())) for name in NAMES
        }
        ended = {}
        for name, process in started.items():
            stdout, stderr = process.communicate(timeout=120)
            assert "Traceback" not in stderr, stderr
            ended[name] = (process.returncode, stdout, stderr)
        return ended

    def records(self, name: str) -> list[list[str]]:
        return [line.split() for line in (self.folder / name / "record").read_text().splitlines()]

    def points(self, name: str) -> int:
        """How many points the last undisturbed command of a member had."""
        return [int(r[1]) for r in self.records(name) if r[0] == "points"][-1]

    def given(self, name: str) -> dict[tuple[str, str], list[range]]:
        """The positions that a member ever gave out, by epoch and kind, in order."""
        given = defaultdict(list)
        for entry in self.records(name):
            if entry[0] == "take":
                given[entry[1], entry[2]].append(range(int(entry[3]), int(entry[4])))
        return given

    def opened(self, index: int, folder: Path) -> Store:
        """Open a copy of a member's store, so that looking changes nothing."""
        name = NAMES[index]
        shutil.rmtree(folder / name, ignore_errors=True)
        source = self.folder / name / "preparation"
        source.mkdir(exist_ok=True)
        shutil.copytree(source, folder / name)
        return open_store(SMALL_RING, self.identities[index], self.members, folder / name)


def vectors(backend: Backend, store: Store, kind: str) -> list[Vector]:
    """Take everything of a kind: every item that the store says it has is there, whole."""
    first, last = store.span(kind)
    count = VECTORS[kind]
    parts: list[list[Vector]] = []
    for piece in store.take(kind, last - first):
        assert len(piece.data) == count * piece.total * FR_BYTES
        whole = Vector.from_bytes(backend, piece.data)
        starts = [k * piece.total + piece.offset for k in range(count)]
        parts.append([whole[at : at + piece.count] for at in starts])
    return [Vector.concat([part[k] for part in parts]) for k in range(count)] if parts else []


def expect_sound(pair: Pair, backend: Backend, folder: Path) -> None:
    """Both stores hold whole batches only, and what both hold fits together; nothing was given out twice."""
    for name in NAMES:
        for ranges in pair.given(name).values():
            ends = [0]
            for taken in ranges:
                assert taken.start >= ends[-1], (name, ranges)
                ends.append(taken.stop)
    stores = [pair.opened(k, folder) for k in range(2)]
    try:
        scheme = small_scheme(backend)
        kept = [store.epoch() for store in stores]
        keys: list[EpochKeys | None] = [
            _decode_keys(data, SimpleNamespace(size=2, index=k), scheme) if data is not None else None  # type: ignore[arg-type]
            for k, data in enumerate(kept)
        ]
        for name, key, store in zip(NAMES, keys, stores, strict=True):
            for (identifier, kind), ranges in pair.given(name).items():
                if key is not None and key.identifier.hex() == identifier:
                    assert store.span(kind)[0] >= ranges[-1].stop
        spans = [{kind: store.span(kind) for kind in VECTORS} for store in stores]
        held = [{kind: vectors(backend, store, kind) for kind in VECTORS} for store in stores]
    finally:
        for store in stores:
            store.close()
    if keys[0] is None or keys[1] is None or keys[0].identifier != keys[1].identifier:
        return
    alpha = (keys[0].alpha + keys[1].alpha) % R
    for kind in VECTORS:
        first, last = max(s[kind][0] for s in spans), min(s[kind][1] for s in spans)
        if last <= first:
            continue
        shares = [
            [v[first - s[kind][0] : last - s[kind][0]] for v in h[kind]]
            for s, h in zip(spans, held, strict=True)
        ]
        opened = [x + y for x, y in zip(*shares, strict=True)]
        for value, mac in zip(opened[0::2], opened[1::2], strict=True):
            assert (value * alpha).to_ints() == mac.to_ints(), kind
        if kind == "triples":
            assert (opened[0] * opened[2]).to_ints() == opened[4].to_ints()
        if kind == "bits":
            assert set(opened[0].to_ints()) <= {0, 1}


def expect_result(ended: dict[str, tuple[int, str, str]]) -> None:
    values = [x for data in DATA.values() for x in data]
    for code, stdout, stderr in ended.values():
        assert code == 0, stderr
        result = json.loads(stdout.splitlines()[-1])
        found = {r["name"]: r["text"] for r in result["results"]}
        assert found == {"squares": str(sum(x * x for x in values)), "cubes": str(sum(x**3 for x in values))}


RUN = ["run", "job.toml", "--data", "data.csv", "--yes"]


def prepare(triples: int) -> list[str]:
    more = ["--bits", str(triples // 2), "--randoms", str(triples), "--masks", str(triples)]
    return ["prepare", "consortium.toml", "--triples", str(triples), *more]


@pytest.mark.timeout(60 * max(KILLS, 10))
def test_a_killed_member_loses_items_but_never_uses_one_twice(tmp_path: Path, fastest: Backend) -> None:
    homes, copies = tmp_path / "homes", tmp_path / "copies"
    homes.mkdir()
    copies.mkdir()
    pair = Pair(homes)
    choose = random.Random(SEED)
    for code, _, stderr in pair.both(prepare(20)).values():
        assert code == 0, stderr
    points = {"prepare": pair.points("south")}
    expect_result(pair.both(RUN))
    points["run"] = pair.points("south")
    expect_sound(pair, fastest, copies)
    outcomes = []
    for k in range(KILLS):
        command = ("prepare", "run")[k % 2]
        victim = choose.choice(NAMES)
        point = choose.randrange(1, points[command])
        delay = choose.choice([0.0, choose.uniform(0.0, 3.0)])
        what = f"{command} of {victim} at point {point} of {points[command]} and {delay:.2f} ms, seed {SEED}"
        wanted = 24 + 8 * choose.randrange(8)
        ended = pair.both(prepare(wanted) if command == "prepare" else RUN, victim, point, delay)
        outcomes.append(ended[victim][0])
        try:
            assert ended[victim][0] in {-signal.SIGKILL, 0}
            expect_sound(pair, fastest, copies)
            expect_result(pair.both(RUN))
            expect_sound(pair, fastest, copies)
        except AssertionError as error:
            raise AssertionError(f"after a kill: {what}: {error}") from error
    assert outcomes.count(-signal.SIGKILL) >= KILLS // 2, outcomes


def test_the_record_sees_what_was_given_out(tmp_path: Path, fastest: Backend) -> None:
    """The test above would notice an item that is used twice: here one is."""
    pair = Pair(tmp_path)
    record = tmp_path / "south" / "record"
    record.write_text("take 00 triples 0 3\ntake 00 triples 2 4\n")
    (tmp_path / "north" / "record").write_text("")
    with pytest.raises(AssertionError, match="south"):
        expect_sound(pair, fastest, tmp_path / "copies")
