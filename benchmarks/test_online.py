# SPDX-License-Identifier: Apache-2.0
"""The online phase between two members: in memory in one process, and over TLS between processes.

Members are connected and hold freshly prepared triples before the clock starts.
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
    if backend.name == "pure" and size != case.quick:
        pytest.skip("the pure backend takes minutes to prepare so many triples")
    benchmark.extra_info |= {"backend": backend.name, "cpu": backend.cpu, "size": size}


ROUNDS = 5


def test_in_memory(case: OnlineCase, size: int, backend: Backend, benchmark: Any) -> None:
    benchmark.group = f"{case.name}-memory-{size}"
    network = Network(2)
    small = size == case.quick

    async def both() -> list[Any]:
        seats = (seat(network.mesh(i), backend, case.name, size, insecure_small_ring=small) for i in range(2))
        return await asyncio.gather(*seats)

    with asyncio.Runner() as runner:
        seats = runner.run(both())

        async def ready() -> None:
            await asyncio.gather(*(one.ready() for one in seats))

        async def once() -> None:
            await asyncio.gather(*(one.run() for one in seats))

        benchmark.pedantic(lambda: runner.run(once()), setup=lambda: runner.run(ready()), rounds=ROUNDS)


def test_over_tls(case: OnlineCase, size: int, backend: Backend, benchmark: Any) -> None:
    benchmark.group = f"{case.name}-tls-{size}"
    small = size == case.quick
    with seated(case.name, size, backend=backend.name, insecure_small_ring=small) as run:
        benchmark.pedantic(run, setup=run.ready, rounds=ROUNDS)
