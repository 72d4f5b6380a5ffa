# SPDX-License-Identifier: Apache-2.0
"""Members as real processes of the command line, with a folder each, as they would be on machines of their own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

from tallystick.record import member_toml
from tallystick.session import new_identity, write_identity

DATA = {"north": [3, 1, 2], "south": [7, 0], "west": [5, 5, 4]}
PROGRAM = """\
import tallystick as ts

@ts.program
def figures(table):
    x = ts.concat(t["x"] for t in table)
    return {"mean": round(ts.mean(x), 2), "squares": ts.sum(x * x)}
"""


class Consortium:
    """Members with a folder each, as they would be on machines of their own."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder = folder
        self.names = names
        self.processes: list[subprocess.Popen[str]] = []
        entries = []
        for name in names:
            (folder / name).mkdir()
            identity = new_identity(name)
            write_identity(identity, folder / name / f"{name}.identity", b"secret", log_n=10)
            with socket.create_server(("127.0.0.1", 0)) as sock:
                entries.append(member_toml(identity.member(f"127.0.0.1:{sock.getsockname()[1]}")))
        for name in names:
            self.write(name, "consortium.toml", "\n".join(entries))
            self.write(name, "figures.py", PROGRAM)
            self.write(name, "passphrase", "secret\n")
            self.write(name, "data.csv", "id,x\n" + "".join(f"{k},{v}\n" for k, v in enumerate(DATA[name])))
            self.write(
                name,
                "job.toml",
                'name = "three figures"\nprogram = "figures.py:figures"\nconsortium = "consortium.toml"\n'
                "[columns.x]\nlow = 0\nhigh = 7\n",
            )

    def write(self, name: str, file: str, text: str) -> None:
        (self.folder / name / file).write_text(text)

    def arguments(self, name: str, *more: str) -> list[str]:
        return [
            *("run", "job.toml", "--as", name, "--data", "data.csv", "--passphrase-file", "passphrase"),
            *("--insecure-small-ring", "--yes", "--deadline", "20", *more),
        ]

    def prepare_arguments(self, name: str, *more: str) -> list[str]:
        return [
            *("prepare", "consortium.toml", "--as", name, "--passphrase-file", "passphrase"),
            *("--insecure-small-ring", "--deadline", "20", *more),
        ]

    def start(self, name: str, *more: str) -> subprocess.Popen[str]:
        return self.launch(name, self.arguments(name, *more))

    def prepare(self, name: str, *more: str) -> subprocess.Popen[str]:
        return self.launch(name, self.prepare_arguments(name, *more))

    def launch(self, name: str, arguments: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tallystick", *arguments],
            cwd=self.folder / name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def transcripts(self) -> list[Path]:
        return sorted(self.folder.rglob("*.tally"))


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def until_phase(process: subprocess.Popen[str], name: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line) == {"event": "phase", "name": name}:
            return
    raise AssertionError(f"no phase {name}: {finish(process)}")
