# SPDX-License-Identifier: Apache-2.0
"""A consortium of this machine's own processes, in a folder that is deleted afterwards."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ProtocolAbort
from ..record import member_toml
from ..session import new_identity, write_identity

__all__ = [
    "PASSPHRASE",
    "Folder",
    "consortium_folder",
    "environment",
    "free_ports",
    "run_members",
    "stop",
    "wait_for_all",
]

PASSPHRASE = b"benchmark"
_SCRYPT_LOG_N = 14
_GRACE = 10.0


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the consortium file, the passphrase and each member's identity are."""

    path: Path
    names: tuple[str, ...]

    @property
    def consortium(self) -> Path:
        """The consortium file."""
        return self.path / "consortium.toml"

    @property
    def passphrase(self) -> Path:
        """The file with everybody's passphrase."""
        return self.path / "passphrase"

    def identity(self, name: str) -> Path:
        """A member's identity file."""
        return self.path / f"{name}.identity"

    def options(self, name: str, *, store: str, backend: str, small_ring: bool) -> list[str]:
        """What every command of a member is told; ``store`` is a folder in this one."""
        return [
            *("--as", name, "--identity", str(self.identity(name))),
            *("--passphrase-file", str(self.passphrase), "--store", str(self.path / store)),
            *("--backend", backend, "--deadline", "3600", "--json"),
            *(["--insecure-small-ring"] if small_ring else []),
        ]

    def said(self, name: str, stream: str) -> list[str]:
        """What a member's process wrote to ``out`` or ``err``, by lines."""
        return (self.path / f"{name}.{stream}").read_text(encoding="utf-8", errors="replace").splitlines()

    def fault(self, name: str) -> str:
        """The line in which a member's process said why it stopped."""
        lines = self.said(name, "err")
        return next((line for line in lines if "error:" in line), lines[-1] if lines else "without a word")


@contextmanager
def consortium_folder(members: int) -> Iterator[Folder]:
    """Make a consortium of so many members on ports of loopback that are free now."""
    with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as place:
        folder = Folder(Path(place), tuple(f"member{k}" for k in range(members)))
        entries = []
        for name, port in zip(folder.names, free_ports(members), strict=True):
            identity = new_identity(name)
            write_identity(identity, folder.identity(name), PASSPHRASE, log_n=_SCRYPT_LOG_N)
            entries.append(member_toml(identity.member(f"127.0.0.1:{port}")))
        folder.consortium.write_text("\n".join(entries), encoding="utf-8")
        folder.passphrase.write_bytes(PASSPHRASE + b"\n")
        yield folder


def run_members(folder: Folder, arguments: Callable[[str], Sequence[str]]) -> list[dict[str, Any]]:
    """Run a process of this interpreter for each member, and return the last JSON object that each one printed.

    Raises ProtocolAbort with what the first that failed said.
    """
    processes = [_start(folder, name, arguments(name)) for name in folder.names]
    try:
        wait_for_all(processes)
    finally:
        stop(processes)
    for name, process in zip(folder.names, processes, strict=True):
        if process.returncode != 0:
            raise ProtocolAbort(
                f"{name} ended with exit code {process.returncode}: {folder.fault(name)}", check="benchmark"
            )
    return [json.loads(folder.said(name, "out")[-1]) for name in folder.names]


def _start(folder: Folder, name: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a member; what it says goes to files, because nobody reads a pipe meanwhile."""
    with (folder.path / f"{name}.out").open("wb") as out, (folder.path / f"{name}.err").open("wb") as err:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment(),
        )


def environment() -> dict[str, str]:
    """Return the environment of members' processes: this one, warnings about the backend left out."""
    return {**os.environ, "PYTHONWARNINGS": "ignore"}


def wait_for_all(processes: Sequence[subprocess.Popen[Any]]) -> None:
    """Wait for all, or until one has failed and the others had time to learn of it."""
    until = float("inf")
    while time.monotonic() < until and any(p.poll() is None for p in processes):
        if until == float("inf") and any(p.poll() not in (None, 0) for p in processes):
            until = time.monotonic() + _GRACE
        time.sleep(0.02)


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Leave no process behind."""
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listened at a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(sock.getsockname()[1]) for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports
