# SPDX-License-Identifier: Apache-2.0
"""Kernels and proofs, from the table that ``tallystick bench core`` and ``proofs`` read."""

from __future__ import annotations

from typing import Any

import pytest

from tallystick.backend import Backend
from tallystick.bench import CASES, Case


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    quick = metafunc.config.getoption("--quick")
    chosen = [(case, size) for case in CASES for size in case.sizes_for("native", quick=quick)]
    metafunc.parametrize(("case", "size"), chosen, ids=[f"{case.name}-{size}" for case, size in chosen])


def test_case(case: Case, size: int, backend: Backend, timed: Any, benchmark: Any) -> None:
    if backend.name == "pure" and size > case.pure_limit:
        pytest.skip(f"too long for the pure backend, whose limit is {case.pure_limit:,}")
    benchmark.group = f"{case.name}-{size}"
    benchmark.extra_info |= {"backend": backend.name, "cpu": backend.cpu, "size": size}
    if case.proof_bytes is not None:
        benchmark.extra_info["proof_bytes"] = case.proof_bytes(size)
    timed(case.make(backend, size))
