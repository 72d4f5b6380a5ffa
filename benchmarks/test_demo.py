# SPDX-License-Identifier: Apache-2.0
"""The demonstration from end to end: processes, preparation, computation, proof and audit."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tallystick.backend import Backend
from tallystick.bench import demo_arguments


def test_demo(backend: Backend, benchmark: Any, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    quick = request.config.getoption("--quick")
    members = 2 if quick else 4
    small_ring = quick and backend.name == "pure"
    benchmark.group = "demo"
    benchmark.extra_info |= {"backend": backend.name, "members": members, "small_ring": small_ring}
    command = demo_arguments(backend.name, members, tmp_path / "demo", small_ring=small_ring)
    benchmark.pedantic(subprocess.run, (command,), {"check": True, "stdout": subprocess.DEVNULL}, rounds=1)
