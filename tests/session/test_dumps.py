# SPDX-License-Identifier: Apache-2.0
"""What a process with keys leaves behind when it dies: nothing. Each test looks at a child, as this is for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import Consortium
from tallystick.session import wipe

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
LOOK = """
import ctypes, resource
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def child(code: str, folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@LINUX
def test_a_process_that_crashes_leaves_no_core(tmp_path: Path) -> None:
    allow = "import resource as r; r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2)\n"
    code = allow + "import os; from tallystick.session import forbid_dumps; forbid_dumps(); os.abort()"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.DEVNULL)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


@LINUX
@pytest.mark.parametrize("command", ["run", "prepare", "identity new", "identity rotate"])
def test_every_command_that_holds_a_key_forbids_dumps(tmp_path: Path, command: str) -> None:
    consortium = Consortium(tmp_path, ("north", "south"))
    home = tmp_path / "north"
    (home / "new").mkdir()
    passphrase = ("--passphrase-file", "passphrase")
    arguments = {
        "run": [*consortium.arguments("north"), "--deadline", "1"],
        "prepare": [*consortium.prepare_arguments("north"), "--deadline", "1"],
        "identity new": ["identity", "new", "east", *passphrase],
        "identity rotate": ["identity", "rotate", "north.identity", "--out", "new", *passphrase],
    }[command]
    code = f"from tallystick.cli import main\ntry: main({arguments!r})\nexcept SystemExit: pass\n" + LOOK
    before = child(LOOK, home).stdout.split()[-1]
    found = child(code, home)
    assert found.stdout.splitlines()[-1] == "(0, 0) 0", found.stderr
    assert before == "1"


def test_a_wiped_secret_is_zeros_of_the_same_length() -> None:
    secret = bytearray(b"correct horse")
    view = memoryview(secret)
    wipe(secret)
    assert bytes(view) == bytes(13)
