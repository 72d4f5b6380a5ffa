# SPDX-License-Identifier: Apache-2.0
"""``tallystick plan``: jobs, programs and bundled programs, before anyone runs them."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tallystick.cli import main
from tallystick.cost import CALIBRATIONS, Calibration
from tallystick.record import member_toml
from tallystick.session import new_identity

UNITS = [field.name for field in fields(Calibration)]
PROGRAM = '''\
import tallystick as ts

@ts.program
def total(table):
    """The sum."""
    return {"total": ts.sum(ts.concat(t["x"] for t in table))}

@ts.program
def count(table):
    return {"count": ts.count(ts.concat(t["x"] for t in table))}
'''
JOB = """\
name = "sums"
program = "sums.py:total"
consortium = "consortium.toml"
[columns.x]
low = -1.5
high = 1.5
decimals = 1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sums.py").write_text(PROGRAM)
    (tmp_path / "job.toml").write_text(JOB)
    entries = [member_toml(new_identity(name).member(f"h:{port}")) for port, name in enumerate("ab", 1)]
    (tmp_path / "consortium.toml").write_text("\n".join(entries))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["plan", *args])


def test_a_job(folder: Path) -> None:
    result = run("job.toml", "--rows", "7", "--rows", "b=9")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith('plan "total"  ')
    assert "  a  x  7 rows  -15 … 15 / 10^1\n  b  x  9 rows  -15 … 15 / 10^1\n" in result.stdout
    assert '  [1] 1 value: the sum of all 16 entries of "x" of a, b\n' in result.stdout
    assert '      called "sum of x over all members (16 rows)"\n' in result.stdout
    assert "with two members" in result.stdout


def test_a_job_from_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert run("../job.toml").exit_code == 0


def test_a_program(folder: Path) -> None:
    result = run("sums.py:count", "--column", "x=0..3", "--members", "p,q,r", "--rows", "5")
    assert (result.exit_code, result.stderr) == (0, "")
    assert '"count"  = 15' in result.stdout


@pytest.mark.parametrize("name", ["wages", "tallystick.gallery:wages"])
def test_a_bundled_program(name: str) -> None:
    result = run(name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "sum of wage_cents over all members (3010 rows)" in result.stdout
    few = run(name, "--rows", "10")
    assert "(40 rows)" in few.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["sums.py:total"], "sums.py:total: which columns the tables have is not known"),
        (["sums.py", "--column", "x=0..1"], "must define one program"),
        (["sums.py:mean", "--column", "x=0..1"], "defines no program 'mean'"),
        (["sums.py:total", "--column", "y=0..1"], "the table of a has no column 'x'"),
        (["sums.py:total", "--column", "x=0-1"], "--column 'x=0-1' is not NAME=LOW..HIGH[/DECIMALS]"),
        (["sums.py:total", "--column", "x=3..1"], "low 3 is above its high 1"),
        (["absent.py", "--column", "x=0..1"], "there is no program file"),
        (["job.toml", "--members", "a,b"], "--members and --column do not apply: a job file"),
        (["wages", "--column", "x=0..1"], "--members and --column do not apply: a bundled program"),
        (["job.toml", "--rows", "c=3"], "--rows 'c=3' is not [MEMBER=]N"),
        (["job.toml", "--rows", "x"], "--rows 'x' is not [MEMBER=]N"),
        (["absent.toml"], "absent.toml: cannot read the job file"),
        (["nonesuch"], "there is no example 'nonesuch'"),
    ],
)
def test_errors(folder: Path, args: list[str], message: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("tallystick: error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_job_cannot_import_modules(folder: Path) -> None:
    """A reference to anything but a file or the gallery is a file that does not exist."""
    (folder / "evil.py").write_text("raise SystemExit('imported')")
    (folder / "job.toml").write_text(JOB.replace("sums.py:total", "evil:total"))
    result = run("job.toml")
    assert result.exit_code == 2
    assert "there is no program file" in result.stderr


def calibrated(folder: Path, calibrations: object) -> Result:
    file = folder / "machine.json"
    text = calibrations if isinstance(calibrations, str) else json.dumps({"calibrations": calibrations})
    file.write_text(text, encoding="utf-8")
    return run("wages", "--calibration", str(file))


def test_seconds_are_those_of_the_machine_that_was_calibrated(folder: Path) -> None:
    ours = run("wages").output
    slower = {name: 1000 * rate for name, rate in asdict(CALIBRATIONS["native"]).items()}
    theirs = calibrated(folder, {"native": slower})
    assert theirs.exit_code == 0
    lines = list(zip(ours.splitlines(), theirs.output.splitlines(), strict=True))
    changed = [a.split()[0] for a, b in lines if a.split() != b.split()]
    assert changed == ["prepare", "run", "audit"]
    assert all("min" in b.split("pure")[0] for a, b in lines if a.split()[:1] == ["prepare"])


@pytest.mark.parametrize(
    ("calibrations", "message"),
    [
        ("{", "not JSON"),
        ("[]", "no calibrations of native or pure"),
        ({}, "no calibrations"),
        ({"fpga": {}}, "no calibrations"),
        ({"native": {"key": 1}}, "the calibration of native has the units key, proof"),
        (
            {"native": dict.fromkeys(UNITS, 1.0) | {"round": "fast"}},
            "native: round is not a number of seconds",
        ),
        ({"native": dict.fromkeys(UNITS, 1.0) | {"round": -1}}, "native: round is not"),
        ({"pure": dict.fromkeys(UNITS, 1.0) | {"round": float("inf")}}, "pure: round is not"),
    ],
)
def test_a_bad_calibration_is_refused(folder: Path, calibrations: object, message: str) -> None:
    result = calibrated(folder, calibrations)
    assert result.exit_code == 2
    assert message in result.output
    assert str(folder / "machine.json") in result.output.replace("\n", "")


def test_a_calibration_that_is_not_there(folder: Path) -> None:
    result = run("wages", "--calibration", str(folder / "none.json"))
    assert result.exit_code == 2
    assert "No such file" in result.output


def test_the_plan_of_a_transcript(tmp_path: Path) -> None:
    from support import genuine
    from tallystick.backend import get_backend

    file = tmp_path / "run.tally"
    file.write_bytes(genuine.genuine(get_backend()))
    result = CliRunner().invoke(main, ["plan", str(file)])
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    assert text.replace("\n    | ", " ").startswith(f"plan of {file}, which has not been audited\n")
    assert '  north  "wage"   2 rows  0.00 to 0.12  2 decimals\n' in text
    assert (
        '[1] 1 value: the sum of all 6 entries of "wage" of north, south, west\n      called "sum of wage'
        in text
    )
    assert '  "count" = 6\n' in text and "think about" in text
    file.write_bytes(file.read_bytes()[:-1])
    assert CliRunner().invoke(main, ["plan", str(file)]).exit_code == 1
    assert CliRunner().invoke(main, ["plan", str(file), "--members", "a,b"]).exit_code == 2
    assert CliRunner().invoke(main, ["plan", str(tmp_path / "none.tally")]).exit_code == 2


@pytest.mark.parametrize(
    "source", ["import sys\nsys.exit(0)\n", "@ts.program\ndef p(table):\n    raise SystemExit(0)\n"]
)
def test_a_program_that_ends_the_process_is_no_plan(tmp_path: Path, source: str) -> None:
    file = tmp_path / "p.py"
    file.write_text(f"import tallystick as ts\n{source}")
    result = CliRunner().invoke(main, ["plan", str(file), "--column", "x=0..9"])
    assert (result.exit_code, result.stdout) == (3, "")
    assert "the program ends the process (exit code 0) instead of being traced" in result.stderr
