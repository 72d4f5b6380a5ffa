# SPDX-License-Identifier: Apache-2.0
"""``tallystick prepare`` in real processes: what it prints, what it refuses, and one run of a store at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.processes import Consortium, finish, until_phase
from tallystick.cli import main
from tallystick.session import INSECURE_WARNING, new_identity, write_identity

Make = Callable[..., Consortium]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Consortium] = []

    def making(*names: str) -> Consortium:
        made.append(Consortium(tmp_path, names))
        return made[-1]

    yield making
    for consortium in made:
        for process in consortium.processes:
            process.kill()
            process.communicate()


def store_of(consortium: Consortium, name: str) -> Path:
    (file,) = (consortium.folder / name / "preparation").glob("*.sqlite")
    return file


def both(consortium: Consortium, *more: str) -> list[tuple[int, str, str]]:
    return [finish(p) for p in [consortium.prepare(name, *more) for name in consortium.names]]


# ---------------------------------------------------------------------- what it prints
def test_members_fill_their_stores_and_say_with_what(make: Make) -> None:
    consortium = make("north", "south")
    amounts = ("--triples", "20", "--bits", "3", "--masks", "2")
    people = consortium.prepare("north", *amounts)
    machine = consortium.prepare("south", *amounts, "--json")
    code, stdout, stderr = finish(people)
    assert code == 0, stderr
    lines = stdout.splitlines()
    assert [re.sub(r"  +", "  ", line) for line in lines[:5]] == [
        "in store  items",
        "bits  8",
        "masks/0  8",
        "masks/1  8",
        "triples  24",
    ]
    number = r"\d+\.\d\d s, [\d,]+ k?B sent"
    assert re.fullmatch(rf"set-up +{number}", lines[5])
    assert re.fullmatch(rf"material +{number}", lines[6])
    assert len(lines) == 7
    assert stderr.splitlines() == [
        f"tallystick: warning: {INSECURE_WARNING}",
        "tallystick: identity",
        "tallystick: agreement",
        "tallystick: preparation",
    ]
    code, stdout, stderr = finish(machine)
    assert (code, stderr) == (0, "")
    events = [json.loads(line) for line in stdout.splitlines()]
    assert [e["name"] for e in events if e["event"] == "phase"] == ["identity", "agreement", "preparation"]
    steps = [(e["done"], e["total"]) for e in events if e["event"] == "progress"]
    assert {total for _, total in steps} == {27}
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (27, 27)
    result = events[-1]
    assert result["event"] == "result"
    assert {s["kind"]: s["items"] for s in result["stocked"]} == {
        "bits": 8,
        "masks/0": 8,
        "masks/1": 8,
        "triples": 24,
    }
    assert result["made"] == 24
    assert min(result[k] for k in ("epoch_seconds", "seconds", "epoch_sent", "sent", "peak_bytes")) > 0

    # What is there counts, and the epoch goes on.
    (code, stdout, _), _ = both(consortium, "--triples", "20", "--json")
    result = json.loads(stdout.splitlines()[-1])
    assert (code, result["made"], result["sent"]) == (0, 0, 0)
    # A run takes from it.
    for process in [consortium.start(name, "--json") for name in consortium.names]:
        code, stdout, stderr = finish(process)
        assert code == 0, stderr
        assert {r["name"]: r["text"] for r in json.loads(stdout.splitlines()[-1])["results"]} == {
            "mean": "2.60",
            "squares": "63",
        }


def test_the_derivation_is_printed_and_nothing_else_done() -> None:
    result = CliRunner().invoke(main, ["prepare", "--derivation"])
    assert (result.exit_code, result.stderr) == (0, "")
    rows = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in result.stdout.splitlines())
    assert result.stdout.count("\n") == len(rows)
    assert rows == {
        "ring degree N": "32768",
        "plaintext modulus r": "254.9 bits",
        "ciphertext modulus q": "15 primes, 750.0 bits",
        "allowed at 128 bits": "881 bits (HE standard, ternary secret)",
        "after switching q'": "6 primes, 300.0 bits",
        "key proof": "8 masks for 1 instances; responses of 23.0 (ternary) and 27.0 (binomial) bits",
        "plaintext proof": "8 masks for 8 instances; responses of 26.0 (ternary) and 31.0 (binomial) bits",
        "diagonal proof": "38 masks for 1 instances; responses of 28.0 (ternary) and 32.0 (binomial) bits",
        "noise to hide in a reply": "626.3 bits, worst case after malicious proofs",
        "drowned by": "u in [0, 2^493), times r",
        "replies of an epoch": "33,554,432 of honest members to others",
        "shown by all of them": "2^-81.6 at most (statistical distance)",
        "limit for 2 members": "157,073,080,320 triples an epoch",
        "limit for 3 members": "78,536,540,160 triples an epoch",
        "limit for 5 members": "26,178,846,720 triples an epoch",
        "limit for 16 members": "2,454,257,664 triples an epoch",
        "noise of a reply": "747.9 bits, worst case for an honest owner",
        "noise after switching": "297.9 bits, below q'/4",
    }


# ---------------------------------------------------------------------- disagreement
@pytest.mark.parametrize(
    ("north", "south"),
    [
        (["--triples", "8"], ["--triples", "9"]),
        (["--masks", "8"], ["--randoms", "8"]),
    ],
)
def test_members_that_want_different_amounts_are_told(make: Make, north: list[str], south: list[str]) -> None:
    consortium = make("north", "south")
    processes = [consortium.prepare("north", *north), consortium.prepare("south", *south)]
    for process, other in zip(processes, ("south", "north"), strict=True):
        code, stdout, stderr = finish(process)
        assert (code, stdout) == (1, "")
        assert stderr.splitlines()[-2:] == [
            f"tallystick: error: {other}'s command differs from this member's in: need (check: job)",
            "tallystick: hint: the members compare their job files, consortium files and commands, and start again",
        ]
    assert not list(consortium.folder.rglob("*.sqlite-wal"))


def test_an_absent_member_is_named(make: Make) -> None:
    consortium = make("north", "south")
    code, stdout, stderr = finish(consortium.prepare("north", "--triples", "1", "--deadline", "2"))
    assert (code, stdout) == (1, "")
    assert stderr.splitlines()[-1] == (
        "tallystick: error: south cannot be reached within 2 s: Connection refused "
        "(check: deadline, to blame: south)"
    )


# ---------------------------------------------------------------------- what a user can correct
@pytest.mark.parametrize(
    ("files", "arguments", "message"),
    [
        ({}, ["--as", "east"], "'east' is not a member of the consortium"),
        ({}, ["--members", "north,east"], "'east' is not a member of the consortium"),
        ({}, ["--members", "south"], "'north' is not a member of the consortium"),
        ({}, ["--triples", "-1"], "invalid value for '--triples'"),
        ({}, ["--triples", "many"], "invalid value for '--triples'"),
        ({}, ["--identity", "absent"], "absent: cannot read the identity"),
        ({"passphrase": "wrong\n"}, [], "north.identity: the passphrase is wrong, or the file was changed"),
        ({"consortium.toml": "[[member]]\n"}, [], "consortium.toml: "),
        ({}, ["--listen", "nowhere"], "'nowhere' is not an address"),
        ({"file": ""}, ["--store", "file/store"], "file/store: no place for a preparation store"),
        ({"file": ""}, ["--store", "file"], "invalid value for '--store'"),
    ],
)
def test_errors_before_anything_is_sent(
    make: Make, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], arguments: list[str], message: str
) -> None:
    consortium = make("north", "south")
    for file, text in files.items():
        consortium.write("north", file, text)
    refused(consortium, monkeypatch, message, *arguments)


def refused(consortium: Consortium, monkeypatch: pytest.MonkeyPatch, message: str, *more: str) -> str:
    """Run ``prepare`` as north alone: it ends with exit code 2 and one error line that has ``message``."""
    monkeypatch.chdir(consortium.folder / "north")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    result = CliRunner().invoke(main, consortium.prepare_arguments("north", *more))
    assert (result.exit_code, result.stdout) == (2, "")
    errors = [line for line in result.stderr.splitlines() if line.startswith("tallystick: error: ")]
    assert len(errors) == 1, result.stderr
    assert message in errors[0]
    assert "Traceback" not in result.stderr
    return result.stderr


def test_the_identity_must_be_the_pinned_one(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    consortium = make("north", "south")
    file = consortium.folder / "north" / "north.identity"
    file.unlink()
    write_identity(new_identity("north"), file, b"secret", log_n=10)
    refused(consortium, monkeypatch, "which is not the one in the consortium file")


def test_stores_that_are_none_are_left_alone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    consortium = make("north", "south")
    for process in [consortium.prepare(name, "--triples", "8") for name in consortium.names]:
        assert finish(process)[0] == 0
    ours = store_of(consortium, "north")
    kept = ours.read_bytes()
    hint = "tallystick: hint: move the file away; a new store starts a new key epoch"

    shutil.copy(store_of(consortium, "south"), ours)
    stderr = refused(
        consortium, monkeypatch, f"{ours.name}: the preparation store cannot be decrypted: another identity's"
    )
    assert stderr.splitlines()[-1] == hint

    ours.write_bytes(b"something else entirely" * 100)
    stderr = refused(consortium, monkeypatch, f"{ours.name}: not a preparation store, or a damaged one")
    assert stderr.splitlines()[-1] == hint

    ours.write_bytes(kept[: len(kept) // 2])
    stderr = refused(consortium, monkeypatch, "a damaged one")
    assert stderr.splitlines()[-1] == hint

    ours.write_bytes(kept)
    database = sqlite3.connect(ours)
    database.execute("UPDATE epoch SET keys = zeroblob(length(keys))")
    database.commit()
    database.close()
    for process in [consortium.prepare(name, "--triples", "16") for name in consortium.names]:
        code, _, stderr = finish(process)
        if process is consortium.processes[-2]:
            assert code == 2
            assert "the preparation store cannot be decrypted" in stderr
        else:
            assert code == 1
            assert "north stopped the run: a UsageError on its own side" in stderr


# ---------------------------------------------------------------------- one run at a time
@pytest.mark.parametrize("second", ["prepare", "run"])
def test_a_second_run_on_a_store_is_refused_before_anything_is_sent(make: Make, second: str) -> None:
    consortium = make("north", "south")
    # North waits for south, which does not come; its store is locked meanwhile.
    first = consortium.prepare("north", "--triples", "8", "--deadline", "60", "--json")
    until_phase(first, "identity")
    while not list((consortium.folder / "north").rglob("*.sqlite-wal")):
        assert first.poll() is None
        time.sleep(0.05)
    start = consortium.prepare if second == "prepare" else consortium.start
    code, stdout, stderr = finish(start("north"))
    assert (code, stdout) == (2, "")
    assert "tallystick: agreement" not in stderr
    name = store_of(consortium, "north").name
    assert stderr.splitlines()[-2].endswith(
        f"{name}: the preparation store is in use by another run of this member"
    )
    assert stderr.splitlines()[-1] == (
        "tallystick: hint: wait for it to end, or give this run a store of its own"
    )
    assert first.poll() is None
    # A process that was killed holds nothing: the next one gets as far as waiting for south.
    os.kill(first.pid, signal.SIGKILL)
    assert finish(first)[0] == -signal.SIGKILL
    code, _, stderr = finish(start("north", "--deadline", "2"))
    assert code == 1
    assert "south cannot be reached" in stderr
