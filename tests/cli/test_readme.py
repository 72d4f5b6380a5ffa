# SPDX-License-Identifier: Apache-2.0
"""What the readme shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.genuine import consortium_toml
from tallystick.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return found


def test_the_program_and_the_job_make_a_plan(tmp_path: Path) -> None:
    (tmp_path / "wages.py").write_text(_blocks("python")[0], encoding="utf-8")
    (tmp_path / "job.toml").write_text(_blocks("toml")[0], encoding="utf-8")
    (tmp_path / "consortium.toml").write_text(consortium_toml(), encoding="utf-8")
    result = CliRunner().invoke(main, ["plan", str(tmp_path / "job.toml")])
    assert result.exit_code == 0, result.stderr
    assert "sum of wage_cents over all members" in result.stdout


def test_a_program_of_ones_own_is_planned_and_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, program, trial = _blocks("python")
    monkeypatch.chdir(tmp_path)
    Path("overtime.py").write_text(program, encoding="utf-8")
    (command,) = re.findall(r"^tallystick (plan overtime.py .*)$", README, re.MULTILINE)
    result = CliRunner().invoke(main, command.split())
    assert result.exit_code == 0, result.stderr
    assert '"mean_hours"  = round([2] / [1], 1)' in result.stdout
    exec(compile("import tallystick as ts\n" + trial, "README.md", "exec"), {})


@pytest.mark.parametrize("line", re.findall(r"^(?:\.venv/bin/)?tallystick .*", README, re.MULTILINE))
def test_every_option_shown_exists(line: str) -> None:
    command = line.split("#")[0].replace(".venv/bin/", "").split()
    words = [word for word in command[1:3] if re.fullmatch(r"[a-z]+", word)]
    words = words if words[0] == "identity" else words[:1]
    text = CliRunner().invoke(main, [*words, "--help"]).stdout
    for option in re.findall(r"--[a-z-]+", line.split("#")[0]):
        assert option in text, f"{' '.join(words)} has no {option}"


def test_ci_runs_the_readmes_test_command() -> None:
    """``.ci/run`` takes the line from here; this is the shape it relies on."""
    (line,) = re.findall(r"^python3 -m venv \.venv && .*pytest.*$", README, re.MULTILINE)
    section = README.index("\n## Test\n")
    assert README.index(line) > section
    assert " && .venv/bin/pytest" in line
