"""``tallystick audit``: exit codes, what it prints, and that it survives anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support import genuine, mutations
from support.genuine import PROGRAMS
from tallystick.audit import CHECKS
from tallystick.backend import get_backend, native_available
from tallystick.cli import main

FAST = "native" if native_available() else "pure"


@pytest.fixture(scope="module")
def data() -> bytes:
    return genuine.genuine(get_backend(FAST), preparation="insecure-small-ring")


@pytest.fixture
def path(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "run.tally"
    file.write_bytes(data)
    return file


def _run(*args: object) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, args), "--backend", FAST])


def test_the_report(path: Path) -> None:
    result = _run(path)
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    assert text.startswith(f"accepted {path}")
    for line in ("computed", "by", "revealed", "results", "checks"):
        assert f"\n{line}\n" in text
    for name in genuine.NAMES:
        assert name in text
    for check in CHECKS:
        assert (f"✓  {check} " in text) == (check not in ("consortium", "program"))
    assert "by_member.south" in text and "0.07" in text
    assert "note: the members' keys are the file's own" in text
    assert "note: the triples came from an insecurely small ring" in text
    assert result.stderr == ""


def test_json(path: Path) -> None:
    result = _run("--json", "--program", f"{PROGRAMS / 'pay.py'}:pay", path)
    assert result.exit_code == 0, result.stderr
    verdict = json.loads(result.stdout)
    assert verdict["verdict"] == "accepted"
    assert [m["name"] for m in verdict["members"]] == list(genuine.NAMES)
    assert {c["check"] for c in verdict["checks"]} == set(CHECKS) - {"consortium"}
    results = {r["name"]: r for r in verdict["results"]}
    assert results["mean"]["values"] == ["7/120"]
    assert results["count"]["text"] == "6"
    assert (verdict["pinned"], verdict["traced"], verdict["preparation"]) == (
        False,
        True,
        "insecure-small-ring",
    )
    assert len(verdict["notes"]) == 2


def test_a_refusal(path: Path, data: bytes) -> None:
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    path.write_bytes(changed)
    result = _run(path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"tallystick: error: {path}: item ")
    assert "(check: " in result.stderr
    result = _run("--json", path)
    assert result.exit_code == 1
    verdict = json.loads(result.stdout)
    assert verdict["verdict"] == "refused"
    assert verdict["item"].startswith("item ") and verdict["check"] in CHECKS


def test_several_files(tmp_path: Path, path: Path, data: bytes) -> None:
    cut = tmp_path / "cut.tally"
    cut.write_bytes(data[:-1])
    result = _run("--json", path, cut, path)
    assert result.exit_code == 1
    assert [v["verdict"] for v in json.loads(result.stdout)] == ["accepted", "refused", "accepted"]
    assert result.stderr.count("tallystick: error:") == 1
    assert _run(path, path).stdout.count("accepted ") == 2


def test_the_consortium_file(path: Path, consortium_file: Path) -> None:
    result = _run("--consortium", consortium_file, path)
    assert result.exit_code == 1
    assert (
        "the certificate of north is not the one in the consortium file (check: consortium)" in result.stderr
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nothing.tally"], "cannot read the transcript"),
        ([], "missing argument 'file...'"),
        (["--consortium", "nothing.toml", "{}"], "cannot read the consortium file"),
        (["--program", "nothing.py", "{}"], "nothing.py"),
        (["--frobnicate", "{}"], "no such option"),
    ],
)
def test_usage_errors(path: Path, args: list[str], message: str) -> None:
    result = _run(*(arg.format(path) for arg in args))
    assert result.exit_code == 2
    assert result.stderr.startswith("tallystick: error: ")
    assert message in result.stderr.lower()
    assert result.stdout == ""


def test_mutations_are_reported_without_a_traceback(path: Path, data: bytes) -> None:
    data = mutations.subject(data)
    changes = [*mutations.byte_changes(data, mutations.count(40), seed=1), *mutations.truncations(data)]
    for what, changed in changes:
        path.write_bytes(changed)
        result = _run(path)
        assert isinstance(result.exception, SystemExit), what
        assert result.exit_code == 1, what
        assert result.stderr.startswith("tallystick: error: "), what
        assert ": item " in result.stderr and "(check: " in result.stderr, what


def test_names_cannot_steer_the_terminal() -> None:
    from tallystick.audit._report import _safe

    assert _safe("mean\x1b[2J\u202e") == "mean\\x1b[2J\\u202e"
