# SPDX-License-Identifier: Apache-2.0
"""The tutorials do what they say: their files are written, their commands run, and what they show is what comes out.

A fence ``text title="shows"`` holds lines of the output of the commands before it; any other title is a file's name.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from tallystick.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
QUICKER = 'case $1 in run|prepare) set -- "$@" --insecure-small-ring;; bench) set -- "$@" --quick;; esac'
"""What makes the pages' commands fit for a test: a small ring, and the least sizes."""


def follow(page: str, folder: Path) -> None:
    """Do what a page says, in order, in a folder."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for old, new in free_ports(text).items():
        text = text.replace(old, new)
    command = folder.parent / "bin" / "tallystick"
    command.parent.mkdir(exist_ok=True)
    command.write_text(
        f'#!/bin/sh\n{QUICKER}\nexec "{sys.executable}" -m tallystick "$@"\n', encoding="utf-8"
    )
    command.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "TALLYSTICK_PASSPHRASE": "known to this tutorial alone",
        "COLUMNS": "120",
    }
    shown = ""
    for language, title, content in FENCE.findall(text):
        if title == "shows":
            for line in content.splitlines():
                assert line in shown, (page, line, shown)
        elif title:
            (folder / title).write_text(content, encoding="utf-8")
        elif language == "sh":
            shown = run(["bash", "-euo", "pipefail", "-c", content], folder, environment)
        elif language == "python":
            run([sys.executable, "-c", earlier(text, content)], folder, environment)


def earlier(text: str, block: str) -> str:
    """Return the page's Python up to and with a block: later blocks use the names of those before them."""
    blocks = [
        content for language, title, content in FENCE.findall(text) if language == "python" and not title
    ]
    return "\n".join(blocks[: blocks.index(block) + 1])


def free_ports(text: str) -> dict[str, str]:
    """Return a free port for each that a page names, all found at the same time, so that they differ."""
    with ExitStack() as held:
        found = {}
        for port in sorted(set(re.findall(r"localhost:(\d+)", text))):
            server = held.enter_context(socket.create_server(("localhost", 0)))
            found[f"localhost:{port}"] = f"localhost:{server.getsockname()[1]}"
        return found


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout)
    return done.stdout


def test_members_compute_and_auditors_check(tmp_path: Path) -> None:
    """The second page goes on with the files of the first."""
    folder = tmp_path / "tutorial"
    folder.mkdir()
    follow("members", folder)
    follow("auditors", folder)


def test_engineers_measure_size_and_simulate(tmp_path: Path) -> None:
    folder = tmp_path / "tutorial"
    folder.mkdir()
    follow("engineers", folder)


COMMANDS = [
    (page.name, command)
    for page in PAGES
    for language, title, content in FENCE.findall(page.read_text(encoding="utf-8"))
    if language == "sh"
    for command in re.findall(r"(?:^|[ (/])tallystick ([^|>&`)]*)", content, re.MULTILINE)
]


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_option_exists(page: str, command: str) -> None:
    """Also of commands that no test runs as they stand."""
    words = [word for word in command.split()[:2] if re.fullmatch(r"[a-z]+", word)]
    words = words[:2] if words[0] == "identity" else words[:1]
    text = CliRunner().invoke(main, [*words, "--help"]).stdout
    for option in re.findall(r"(?<!\S)--[a-z-]+", command):
        assert option in text, (page, command, option)


def test_every_page_is_in_the_sites_contents() -> None:
    """Sphinx reports a page that its contents lack; the specification's own table is held to them here."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\.\./spec/(\S+)$", index, re.MULTILINE)
    table = re.findall(r"^\| \[[^\]]+\]\(([^)]+)\.md\)", (ROOT / "spec/README.md").read_text(), re.MULTILINE)
    assert listed == ["README", *table]
    assert sorted(listed) == sorted(page.stem for page in (ROOT / "spec").glob("*.md"))
