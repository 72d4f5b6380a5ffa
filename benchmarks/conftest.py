# SPDX-License-Identifier: Apache-2.0
"""Benchmarks for pytest-benchmark, the same names on both backends: ``pytest benchmarks``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tallystick.backend import Backend, get_backend, native_available
from tallystick.bench import Schedule


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="smallest sizes only: shows that they work")


@pytest.fixture(params=["native", "pure"])
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "native" and not native_available():
        pytest.skip("the native core is not built")
    return get_backend(request.param)


@pytest.fixture
def timed(benchmark: Any) -> Callable[[Callable[[], object]], None]:
    """Time a call by the rule of ``tallystick bench``: nine runs, fewer where one is slow."""

    def run(call: Callable[[], object]) -> None:
        call()
        start = time.perf_counter()
        call()
        schedule = Schedule.after(time.perf_counter() - start)
        benchmark.pedantic(call, rounds=schedule.runs, iterations=schedule.loops)

    return run
