"""The online phase between two members: in memory in one process, and over TLS between processes.

Members are connected and hold their material before the clock starts.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.memory_mesh import Network
from tallystick.backend import Backend
from tallystick.bench import ONLINE, OnlineCase, seat, seated


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    quick = metafunc.config.getoption("--quick")
    chosen = [(case, size) for case in ONLINE for size in ((case.quick,) if quick else case.sizes)]
    metafunc.parametrize(("case", "size"), chosen, ids=[f"{case.name}-{size}" for case, size in chosen])


@pytest.fixture(autouse=True)
def described(case: OnlineCase, size: int, backend: Backend, benchmark: Any) -> None:
    if backend.name == "pure" and size > case.pure_limit:
        pytest.skip(f"too long for the pure backend, whose limit is {case.pure_limit:,}")
    benchmark.extra_info |= {"backend": backend.name, "cpu": backend.cpu, "size": size}


def test_in_memory(case: OnlineCase, size: int, backend: Backend, timed: Any, benchmark: Any) -> None:
    benchmark.group = f"{case.name}-memory-{size}"
    network = Network(2)

    async def both() -> list[Any]:
        return await asyncio.gather(*(seat(network.mesh(i), backend, case.name, size) for i in range(2)))

    with asyncio.Runner() as runner:
        runs = runner.run(both())

        async def once() -> None:
            await asyncio.gather(*(run() for run in runs))

        timed(lambda: runner.run(once()))


def test_over_tls(case: OnlineCase, size: int, backend: Backend, timed: Any, benchmark: Any) -> None:
    benchmark.group = f"{case.name}-tls-{size}"
    with seated(case.name, size, backend=backend.name) as run:
        timed(run)
