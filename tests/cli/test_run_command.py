# SPDX-License-Identifier: Apache-2.0
"""``tallystick run`` in real processes: results, refusals, and members that vanish."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.processes import PROGRAM, Consortium, finish, until_phase
from tallystick.cli import main


@pytest.fixture
def make(tmp_path: Path) -> Iterator[type[Consortium]]:
    made: list[Consortium] = []

    class Tracked(Consortium):
        def __init__(self, *names: str) -> None:
            super().__init__(tmp_path, names)
            made.append(self)

    yield Tracked
    for consortium in made:
        for process in consortium.processes:
            process.kill()
            process.communicate()


def test_members_get_the_result_and_a_transcript_that_the_audit_command_accepts(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    people, machine = consortium.start("north"), consortium.start("south", "--json")
    code, stdout, stderr = finish(people)
    assert code == 0, stderr
    assert stdout.splitlines()[:3] == ["result   value", "mean      2.60", "squares     63"]
    assert "tallystick: warning: preparation uses a ring so small" in stderr
    assert 'called "sum of x over all members (5 rows)"' in stderr
    phases = ["identity", "agreement", "commitment", "preparation", "computation", "proof", "publication"]
    assert [line for line in stderr.splitlines() if line in {f"tallystick: {p}" for p in phases}] == [
        f"tallystick: {p}" for p in phases
    ]
    code, stdout, stderr = finish(machine)
    assert (code, stderr) == (0, "")
    events = [json.loads(line) for line in stdout.splitlines()]
    assert [e["name"] for e in events if e["event"] == "phase"] == phases
    result = events[-1]
    assert result["event"] == "result"
    assert {r["name"]: r["text"] for r in result["results"]} == {"mean": "2.60", "squares": "63"}
    assert [c["name"] for c in result["costs"]] == phases
    ours, theirs = consortium.transcripts()
    assert ours.read_bytes() == theirs.read_bytes()
    assert theirs.name == result["transcript"]
    home = consortium.folder / "south"
    audited = CliRunner().invoke(
        main,
        [
            *("audit", str(ours), "--json", "--consortium", str(home / "consortium.toml")),
            *("--program", f"{home / 'figures.py'}:figures"),
        ],
    )
    assert audited.exit_code == 0, audited.stderr
    assert json.loads(audited.stdout)["results"] == result["results"]


def test_what_is_told_to_one_member_is_shown_to_it_alone(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    told = '    ts.tell(x.sum() * 2, to="south", name="double")\n    return {'
    for name in consortium.names:
        consortium.write(name, "figures.py", PROGRAM.replace("    return {", told))
    north, south = consortium.start("north"), consortium.start("south", "--json")
    code, stdout, stderr = finish(north)
    assert code == 0, stderr
    assert "to south only, NOT PROVED: " in stderr
    assert 'called "double"' in stderr
    assert "double" not in stdout
    code, stdout, stderr = finish(south)
    assert (code, stderr) == (0, "")
    result = json.loads(stdout.splitlines()[-1])
    assert {r["name"]: r["text"] for r in result["told"]} == {"double": "26"}
    audited = CliRunner().invoke(main, ["audit", str(consortium.transcripts()[0])])
    assert audited.exit_code == 0, audited.stderr
    said = audited.stdout.replace("\n    | ", " ")
    assert "is not proved: it was opened to south only, and is no part of this verdict" in said


def test_a_program_that_ends_the_process_is_no_success(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    consortium.write("north", "figures.py", PROGRAM + "\nimport sys\nsys.exit(0)\n")
    code, stdout, stderr = finish(consortium.start("north"))
    assert (code, stdout) == (3, "")
    assert "the program ends the process (exit code 0) instead of being traced" in stderr


def test_a_folder_is_printed_as_it_is_called(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    processes = [consortium.start(name, "--out", "[/res] [old]") for name in consortium.names]
    for process in processes:
        code, stdout, stderr = finish(process)
        assert code == 0, stderr
        assert "transcript: [/res] [old]/" in stdout.replace("\n", "")


def test_results_are_shown_with_exit_code_3_where_the_transcript_cannot_be_written(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    north, south = (
        consortium.start("north", "--out", "out"),
        consortium.start("south", "--json", "--out", "out"),
    )
    until_phase(south, "agreement")
    for name in consortium.names:
        (consortium.folder / name / "out").rmdir()
    code, stdout, stderr = finish(north)
    assert code == 3, stderr
    assert stdout.splitlines()[:3] == ["result   value", "mean      2.60", "squares     63"]
    assert "transcript" not in stdout
    error, hint = stderr.splitlines()[-2:]
    assert error.startswith("tallystick: error: out/three-figures-")
    assert error.endswith(".tally: cannot write the transcript: No such file or directory")
    assert hint == "tallystick: hint: the results hold; every other member has the same transcript"
    code, stdout, _ = finish(south)
    assert code == 3
    result = json.loads(stdout.splitlines()[-1])
    assert (result["event"], result["transcript"]) == ("result", None)
    assert {r["name"]: r["text"] for r in result["results"]} == {"mean": "2.60", "squares": "63"}


@pytest.mark.parametrize("command", ["run", "prepare"])
def test_an_identity_of_another_name_does_not_take_part(make, command: str) -> None:  # type: ignore[no-untyped-def]
    """South would compute as north, and its rows count twice; it is refused before its passphrase is read."""
    consortium = make("north", "south")
    arguments = consortium.arguments if command == "run" else consortium.prepare_arguments
    other = str(consortium.folder / "north" / "north.identity")
    process = consortium.launch("south", arguments("south", "--identity", other, "--passphrase-file", "none"))
    code, stdout, stderr = finish(process)
    assert (code, stdout) == (2, "")
    assert stderr.splitlines() == [
        f"tallystick: error: {other} is the identity of north, not of south",
        "tallystick: hint: --as north takes part as north; --identity names the file of another identity",
    ]


def test_a_nodes_policy_file_is_obeyed_and_the_others_learn_of_it(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    consortium.write("south", "policy.toml", 'outputs = ["mean"]\n')
    north, south = consortium.start("north"), consortium.start("south")
    code, stdout, stderr = finish(south)
    assert (code, stdout) == (2, "")
    assert stderr.splitlines()[-2:] == [
        "tallystick: error: this node's own policy does not allow the output 'squares'",
        "tallystick: hint: it allows: mean",
    ]
    code, stdout, stderr = finish(north)
    assert (code, stdout) == (1, "")
    assert stderr.splitlines()[-1] == (
        "tallystick: error: south stopped the run: a PolicyError on its own side "
        "(check: stopped, to blame: south)"
    )
    assert consortium.transcripts() == []


def test_different_programs_are_named(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    consortium.write("south", "figures.py", PROGRAM.replace("x * x", "x + x"))
    processes = [consortium.start(name) for name in consortium.names]
    for process, other in zip(processes, ("south", "north"), strict=True):
        code, _, stderr = finish(process)
        assert code == 1
        assert f"error: {other}'s program traces to another plan than this member's (check: plan)" in stderr


@pytest.mark.parametrize(
    ("number", "message", "check"),
    [
        (signal.SIGKILL, "west is gone: ", "connection"),
        (signal.SIGTERM, "west stopped the run: its operator interrupted it", "stopped"),
    ],
)
def test_a_member_that_vanishes_is_named_by_all(make, number: int, message: str, check: str) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south", "west")
    # West takes long to trace, so that the signal finds it in the middle of the agreement.
    consortium.write(
        "west", "figures.py", PROGRAM.replace("    x =", "    __import__('time').sleep(30)\n    x =")
    )
    west = consortium.start("west", "--json")
    others = [consortium.start(name) for name in ("north", "south")]
    until_phase(west, "agreement")
    os.kill(west.pid, number)
    struck = time.monotonic()
    for process in others:
        code, _, stderr = finish(process)
        assert code == 1, stderr
        last = stderr.splitlines()[-1]
        assert last.startswith(f"tallystick: error: {message}")
        assert last.endswith(f"(check: {check}, to blame: west)")
    code, _, stderr = finish(west)
    assert time.monotonic() - struck < 20  # West does not wait until its program would have been traced.
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert "Traceback" not in stderr
    assert consortium.transcripts() == []


def test_an_absent_member_is_named_within_the_deadline(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    start = time.monotonic()
    code, stdout, stderr = finish(consortium.start("north", "--deadline", "2"))
    assert (code, stdout) == (1, "")
    assert stderr.splitlines()[-1] == (
        "tallystick: error: south cannot be reached within 2 s: Connection refused "
        "(check: deadline, to blame: south)"
    )
    assert time.monotonic() - start < 20


# ---------------------------------------------------------------------- what a user can correct
@pytest.mark.parametrize(
    ("files", "arguments", "message"),
    [
        ({}, {"--as": "east"}, "'east' is not a member of the consortium"),
        ({}, {"--data": "absent.csv"}, "absent.csv: there is no such file"),
        ({"data.csv": "x\n3\n8\n"}, {}, "data.csv: row 2 (line 3), column 'x': '8' is outside [0, 7]"),
        ({"data.csv": "y\n3\n"}, {}, "data.csv: the header has no column 'x'"),
        ({"passphrase": "wrong\n"}, {}, "north.identity: the passphrase is wrong, or the file was changed"),
        ({"passphrase": "\n"}, {}, "passphrase: the passphrase is empty"),
        ({}, {"--identity": "absent"}, "absent: cannot read the identity"),
        ({"policy.toml": "min_row = 3\n"}, {}, "policy.toml: policy: unknown entry 'min_row'"),
        ({}, {"--policy": "absent.toml"}, "absent.toml: cannot read the policy file"),
        ({}, {"--listen": "nowhere"}, "'nowhere' is not an address"),
        ({}, {"--listen": "192.0.2.1:7450"}, "cannot listen at 192.0.2.1:7450"),
        ({}, {"--deadline": "0"}, "invalid value for '--deadline'"),
        ({"job.toml": "name = 1\n"}, {}, "job.toml: consortium: is missing"),
        ({"figures.py": "x = \n"}, {}, "figures.py:1: syntax error"),
        ({"figures.py": "raise OSError('no')\n"}, {}, "figures.py:1: OSError: no"),
    ],
)
def test_errors_before_anything_is_sent(
    make,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
    files: Mapping[str, str],
    arguments: Mapping[str, str | None],
    message: str,
) -> None:
    consortium = make("north", "south")
    for file, text in files.items():
        consortium.write("north", file, text)
    args = consortium.arguments("north")
    for option, value in arguments.items():
        if value is None:
            args.remove(option)
        elif option in args:
            args[args.index(option) + 1] = value
        else:
            args += [option, value]
    monkeypatch.chdir(consortium.folder / "north")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    result = CliRunner().invoke(main, args)
    assert (result.exit_code, result.stdout) == (2, "")
    errors = [line for line in result.stderr.splitlines() if line.startswith("tallystick: error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in result.stderr


def test_without_a_terminal_nobody_is_asked(make) -> None:  # type: ignore[no-untyped-def]
    consortium = make("north", "south")
    consortium.arguments = lambda name, *more: [  # type: ignore[method-assign]
        a for a in Consortium.arguments(consortium, name, *more) if a != "--yes" or name == "north"
    ]
    north, south = consortium.start("north"), consortium.start("south")
    code, _, stderr = finish(south)
    assert code == 2
    assert "there is no terminal to ask whether to take part in 'three figures'" in stderr
    assert finish(north)[0] == 1
