# SPDX-License-Identifier: Apache-2.0
"""``tallystick demo``: a consortium of real processes, its report, and what happens when a member fails."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tallystick.backend import Backend
from tallystick.cli import _demo, main
from tallystick.gallery import examples, find


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["demo", *map(str, args)])


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_two_members(tmp_path: Path, native: Backend) -> None:
    out = tmp_path / "demo"
    result = run("--members", 2, "--out", out)
    assert result.exit_code == 0, result.stderr + result.stdout
    text = result.stdout
    assert "warning" not in text
    assert "sum of wage_cents over all members (1406 rows)" in text
    example = find("wages")
    expected = example.plain(example.tables(2))
    for name, value in expected.items():
        shown = f"{float(value):.0f}" if name == "count" else f"{float(value):.2f}"
        (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
        assert line.split() == [name, shown, shown, "equal"]
    assert "audit: accepted in" in text
    (transcript,) = out.glob("*.tally")
    assert f"transcript: {transcript}" in text
    assert sorted(path.name for path in out.iterdir()) == ["consortium.toml", "job.toml", transcript.name]
    command = next(line for line in text.splitlines() if line.startswith("audit it yourself: tallystick "))
    audited = CliRunner().invoke(main, command.removeprefix("audit it yourself: tallystick ").split())
    assert audited.exit_code == 0, audited.stderr


def test_a_failing_member_is_shown_and_nothing_is_left_running(
    tmp_path: Path, native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = _demo._Demo._arguments

    def arguments(demo: _demo._Demo, name: str) -> list[str]:
        args = honest(demo, name)
        if name == "northeast":
            args[args.index("--passphrase-file") + 1] = "job.toml"
        args[args.index("--deadline") + 1] = "60"
        return args

    stopped: list[_demo._Process] = []
    stop = _demo._stop
    monkeypatch.setattr(_demo._Demo, "_arguments", arguments)
    monkeypatch.setattr(_demo, "_GRACE", 0.5)
    monkeypatch.setattr(_demo, "_stop", lambda processes: (stop(processes), stopped.extend(processes)))
    result = run("--members", 2, "--out", tmp_path / "demo")
    assert result.exit_code == 1
    assert "northeast ended with exit code 2:" in result.stdout
    assert "tallystick: error: northeast.identity: the passphrase is wrong" in result.stdout
    assert "midwest, northeast did not complete the run" in result.stderr
    assert "folders are kept in" in result.stderr
    assert len(stopped) == 2
    assert all(p.process.poll() is not None for p in stopped)


LISTED = """\
wages: hourly wages of four regions' employers: mean, variance, and the return to schooling
  data: 4 members, 3,010 rows; wage_cents, educ_years
  revealed: Besides the figures, the sums they are made of: wages and their squares, years of
    schooling and their squares, and the products of both, over all members; and each region's own
    sum of wages.
  cost: 9,030 gates, 18,255 triples, 39 rounds, 4.4 MB sent by a member, a proof of 2,816 bytes

"""


def test_the_list_says_what_is_revealed_and_what_it_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("--list")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(LISTED)
    entries = result.stdout.split("\n\n")
    assert len(entries) == len(examples())
    for entry, example in zip(entries, examples(), strict=True):
        assert entry.startswith(f"{example.name}: {example.title}\n")
        words = " ".join(entry.split())
        assert f" revealed: {example.revealed} cost: " in words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--members", "1"], "wages has data of 4 members; choose 2 to 4"),
        (["--members", "5"], "wages has data of 4 members; choose 2 to 4"),
        (["--program", "nonesuch"], "there is no example 'nonesuch'"),
        (["--backend", "gpu"], "invalid value for '--backend'"),
    ],
)
def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    result = run("--out", tmp_path)
    assert result.exit_code == 2
    assert f"{tmp_path} is not empty" in result.stderr


def test_the_default_folder_is_the_next_that_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = [_demo._fresh(None) for _ in range(3)]
    assert [path.name for path in made] == ["tallystick-demo", "tallystick-demo-2", "tallystick-demo-3"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc to find the members' processes")
def test_a_terminated_demo_stops_its_members(tmp_path: Path, native: Backend) -> None:
    out = tmp_path / "demo"
    demo = subprocess.Popen(
        [sys.executable, "-m", "tallystick", "demo", "--members", "2", "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while len(members := _children(demo.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(members) == 2
        demo.terminate()
        _, stderr = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 130
    assert "interrupted" in stderr
    assert not [pid for pid in members if Path(f"/proc/{pid}").exists()]


def _children(pid: int) -> list[int]:
    """The processes whose parent is ``pid``."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found
