# SPDX-License-Identifier: Apache-2.0
"""``audit --job``: the auditor's own job pins everything that members agree on, and whatever differs is named."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from support import genuine
from support.genuine import KEYS, NAMES, PROGRAMS, certificate
from support.spec_vectors import ROOT
from tallystick.backend import get_backend, native_available
from tallystick.cli import main
from tallystick.record import Member, Table, Terms, member_toml

FAST = "native" if native_available() else "pure"
JOB = """name = "pay"
program = "pay.py:pay"
consortium = "consortium.toml"
members = ["north", "south", "west"]

[columns.wage]
low = 0
high = 0.12
decimals = 2

[columns.years]
low = -2
high = 5

[policy]
min_members = 3
min_rows = 1
"""


@pytest.fixture
def job(tmp_path: Path, consortium_file: Path) -> Path:
    (tmp_path / "pay.py").write_text((PROGRAMS / "pay.py").read_text())
    file = tmp_path / "job.toml"
    file.write_text(JOB)
    return file


def _terms(terms: Terms) -> Terms:
    """The terms with the certificates of the consortium file."""
    members = tuple(
        dataclasses.replace(m, certificate=hashlib.sha256(certificate(m.name, key)).digest())
        for m, key in zip(terms.members, KEYS, strict=True)
    )
    return dataclasses.replace(terms, members=members)


def _transcript(path: Path, change: Callable[[Terms], Terms] = lambda t: t) -> Path:
    plan = genuine.traced()
    terms = change(_terms(genuine.terms_of(plan)))
    path.write_bytes(genuine.Run(get_backend(FAST), plan, terms).transcript())
    return path


def _run(*args: object) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, args), "--backend", FAST])


def _model(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "model" / "audit.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_a_transcript_of_the_job_is_accepted(tmp_path: Path, job: Path) -> None:
    file = _transcript(tmp_path / "run.tally")
    result = _run("--job", job, file)
    assert result.exit_code == 0, result.stderr
    text = result.stdout.replace("\n    | ", "")
    assert text.startswith(f"accepted: the proof holds for {job.parent / 'pay.py'}:pay\n")
    text = result.stdout.replace("\n    | ", " ")
    assert "ok  job " in text and "ok  program " in text
    assert 'and by the auditor\'s job "pay"' in text
    for note in (
        "the program is the file's own",
        "keys are the file's own",
        "ranges, decimals and policy are",
    ):
        assert note not in text
    verdict = json.loads(_run("--json", "--job", job, file).stdout)
    assert (verdict["job"], verdict["pinned"], verdict["traced"]) == ("pay", True, True)
    model = _model(file, "--job", job)
    assert model.returncode == 0, model.stderr
    assert "input north 'wage' from 0 to 12 / 10^2" in model.stdout


def _policy(**changes: Any) -> Callable[[Terms], Terms]:
    return lambda terms: dataclasses.replace(terms, policy=dataclasses.replace(terms.policy, **changes))


def _more_columns(terms: Terms) -> Terms:
    north, *rest = terms.tables
    more = next(iter(north.columns.values()))
    columns = {**north.columns, "salary": more}
    return dataclasses.replace(terms, tables=(Table(rows=north.rows, columns=columns), *rest))


DIFFERENT: dict[str, tuple[str, str]] = {
    "range": (
        JOB.replace("high = 0.12", "high = 0.11"),
        "the column 'wage' ranges from 0 to 12, in the job from 0 to 11",
    ),
    "a huge range": (
        JOB.replace("high = 5", f"high = {10**60}"),
        "in the job from -2 to 100000... (61 digits)",
    ),
    "decimals": (
        JOB.replace("high = 5\n", "high = 5\ndecimals = 1\n"),
        "the column 'years' has 0 decimals, in the job 1",
    ),
    "another column": (JOB.replace("columns.years", "columns.age"), "the column 'years' is not in the job"),
    "order of columns": (
        JOB.replace("[columns.wage]\nlow = 0\nhigh = 0.12\ndecimals = 2\n\n", "").replace(
            "[policy]", "[columns.wage]\nlow = 0\nhigh = 0.12\ndecimals = 2\n\n[policy]"
        ),
        "its columns are in another order",
    ),
    "members": (
        JOB.replace(', "west"]', "]").replace("min_members = 3", "min_members = 2"),
        "west took part, but not in",
    ),
    "order of members": (
        JOB.replace('"north", "south"', '"south", "north"'),
        "its members are in another order",
    ),
    "min_members": (
        JOB.replace("min_members = 3", "min_members = 2"),
        "its policy has min_members = 3, the job 2",
    ),
    "min_rows": (JOB.replace("min_rows = 1", "min_rows = 0"), "its policy has min_rows = 1, the job 0"),
    "outputs": (JOB + 'outputs = ["mean"]\n', "its policy has outputs = any, the job 'mean'"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_whatever_differs_is_named(tmp_path: Path, job: Path, what: str) -> None:
    file = _transcript(tmp_path / "run.tally")
    text, message = DIFFERENT[what]
    job.write_text(text)
    result = _run("--job", job, file)
    assert result.exit_code == 1
    assert "(check: job)" in result.stderr and "item 1 (agreement)" in result.stderr
    assert message in result.stderr
    if what in ("range", "members", "outputs", "order of columns"):
        model = _model(file, "--job", job)
        assert (model.returncode, model.stdout) == (1, "")
        assert model.stderr.startswith("refused: item 1 (agreement): job: ")


def test_differences_are_named_together(tmp_path: Path, job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _transcript(tmp_path / "run.tally", lambda t: _more_columns(_policy(min_rows=0)(t)))
    result = _run("--job", job, file)
    assert "north: the column 'salary' is not in the job" in result.stderr
    assert "min_rows" in result.stderr
    for most, more in ((2, False), (1, True)):
        monkeypatch.setattr("tallystick.audit._job._MOST_DIFFERENCES", most)
        assert bool(re.search(r"; and \d+ more", _run("--job", job, file).stderr)) == more


def test_another_program_is_refused(tmp_path: Path, job: Path) -> None:
    file = _transcript(tmp_path / "run.tally")
    job.write_text(JOB.replace("pay.py:pay", "pay.py:other"))
    result = _run("--job", job, file)
    assert result.exit_code == 1 and "(check: program)" in result.stderr


def test_other_keys_are_refused(tmp_path: Path, job: Path, consortium_file: Path) -> None:
    file = _transcript(tmp_path / "run.tally")
    swapped = zip(NAMES, (KEYS[1], KEYS[0], KEYS[2]), strict=True)
    entries = [Member(n, f"127.0.0.1:{7450 + k}", certificate(n, key)) for k, (n, key) in enumerate(swapped)]
    consortium_file.write_text("\n".join(map(member_toml, entries)))
    result = _run("--job", job, file)
    assert result.exit_code == 1
    assert (
        "the public key of north is another; the public key of south is another (check: job)" in result.stderr
    )


def test_members_who_took_no_part_are_named_and_a_job_refuses(
    tmp_path: Path, job: Path, consortium_file: Path
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    fourth = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)
    with consortium_file.open("a") as out:
        out.write("\n" + member_toml(Member("east", "127.0.0.1:7499", certificate("east", fourth))))
    file = _transcript(tmp_path / "run.tally")
    result = _run("--consortium", consortium_file, file)
    assert result.exit_code == 0
    assert "note: east of the consortium file took no part" in result.stdout
    assert json.loads(_run("--json", "--consortium", consortium_file, file).stdout)["absent"] == ["east"]
    assert "absent east" in _model(file, "--consortium", consortium_file).stdout
    job.write_text(JOB.replace('"west"]', '"west", "east"]'))
    result = _run("--job", job, file)
    assert result.exit_code == 1 and "east took no part" in result.stderr and "(check: job)" in result.stderr


def test_a_job_that_cannot_be_read_is_a_wrong_command(tmp_path: Path, job: Path) -> None:
    file = _transcript(tmp_path / "run.tally")
    job.write_text("name = 3")
    assert _run("--job", job, file).exit_code == 2
    assert _run("--job", tmp_path / "none.toml", file).exit_code == 2


def test_a_job_may_name_a_bundled_program(tmp_path: Path, job: Path) -> None:
    file = _transcript(tmp_path / "run.tally")
    job.write_text(JOB.replace("pay.py:pay", "tallystick.gallery:wages"))
    result = _run("--job", job, file)
    assert result.exit_code == 1 and "(check: program)" in result.stderr
