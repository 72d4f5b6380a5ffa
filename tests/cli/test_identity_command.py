# SPDX-License-Identifier: Apache-2.0
"""``tallystick identity``: what it prints, what it writes, how it fails."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tallystick.cli import main
from tallystick.record import read_consortium


@pytest.fixture(autouse=True)
def _fast_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    from tallystick.session import _identity

    monkeypatch.setattr(_identity.write_identity, "__kwdefaults__", {"log_n": 10})
    monkeypatch.delenv("TALLYSTICK_PASSPHRASE", raising=False)


def run(*args: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["identity", *map(str, args)], env=env)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text("correct horse\nnot this line\n")
    return path


def test_new_prints_the_entry_and_writes_a_private_file(tmp_path: Path, secret: Path) -> None:
    result = run("new", "north", "--out", tmp_path, "--address", "10.0.0.1:7450", "--passphrase-file", secret)
    path = tmp_path / "north.identity"
    assert result.exit_code == 0
    assert result.stderr == f"tallystick: wrote {path}; the entry below goes into the consortium file\n"
    (entry,) = tomllib.loads(result.stdout)["member"]
    assert (entry["name"], entry["address"]) == ("north", "10.0.0.1:7450")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    consortium = tmp_path / "consortium.toml"
    consortium.write_text(result.stdout)
    assert read_consortium(consortium).names == ("north",)


def test_show_prints_the_same_entry_without_a_passphrase(tmp_path: Path, secret: Path) -> None:
    made = run("new", "north", "--out", tmp_path, "--passphrase-file", secret)
    shown = run("show", tmp_path / "north.identity")
    first, rest = shown.stdout.split("\n", 1)
    assert re.fullmatch(r"# valid from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d", first)
    assert (shown.exit_code, rest) == (0, made.stdout)


def test_the_passphrase_may_come_from_the_environment(tmp_path: Path, secret: Path) -> None:
    result = run("new", "north", "--out", tmp_path, env={"TALLYSTICK_PASSPHRASE": "correct horse"})
    assert result.exit_code == 0
    (tmp_path / "next").mkdir()
    rotated = run(
        "rotate", tmp_path / "north.identity", "--out", tmp_path / "next", "--passphrase-file", secret
    )
    assert rotated.exit_code == 0, rotated.stderr


def test_rotation_and_successor(tmp_path: Path, secret: Path) -> None:
    consortium, later = tmp_path / "consortium.toml", tmp_path / "next"
    later.mkdir()
    consortium.write_text(
        run("new", "north", "--out", tmp_path, "--address", "h:1", "--passphrase-file", secret).stdout
    )
    rotated = run(
        "rotate",
        tmp_path / "north.identity",
        "--out",
        later,
        "--address",
        "h:1",
        "--passphrase-file",
        secret,
    )
    assert rotated.exit_code == 0, rotated.stderr
    checked = run("successor", later / "north.rotation", "north", "--consortium", consortium)
    assert (checked.exit_code, checked.stdout) == (0, rotated.stdout)
    consortium.write_text(checked.stdout)
    stale = run("successor", later / "north.rotation", "north", "--consortium", consortium)
    assert stale.exit_code == 2
    assert stale.stderr == (
        "tallystick: error: the statement does not replace north's certificate, but another\n"
    )


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        (["new", "no rth"], ["error: 'no rth' cannot name a member", "hint: use 1 to 64 letters"]),
        (["new", "north", "--address", "nowhere"], ["error: 'nowhere' is not an address"]),
        (["new", "north", "--out", "absent"], ["error: absent: there is no such folder"]),
        (
            ["new", "north"],
            [
                "error: there is no terminal to ask for the passphrase of north",
                "hint: give --passphrase-file",
            ],
        ),
        (["new", "north", "--passphrase-file", "absent"], ["error: absent: cannot read the passphrase"]),
        (["show", "absent"], ["error: absent: cannot read the identity", "hint: `tallystick identity new"]),
        (["rotate", "absent"], ["error: missing option '--out'"]),
    ],
)
def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], lines: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    for found, expected in zip(result.stderr.splitlines(), lines, strict=False):
        assert found.startswith(f"tallystick: {expected}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\nsecond line", b"\xff"])
def test_bad_passphrase_files(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(content)
    result = run("new", "north", "--out", tmp_path, "--passphrase-file", file)
    assert result.exit_code == 2
    assert str(file) in result.stderr
    assert not (tmp_path / "north.identity").exists()


def test_nothing_is_replaced(tmp_path: Path, secret: Path) -> None:
    path = tmp_path / "north.identity"
    path.write_text("precious")
    result = run("new", "north", "--out", tmp_path, "--passphrase-file", secret)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"tallystick: error: {path} exists already",
        "tallystick: hint: choose another folder; nothing was changed",
    ]
    assert path.read_text() == "precious"
