# SPDX-License-Identifier: Apache-2.0
"""One member of the online benchmark, as a process: ``python -m tallystick.bench``.

Again and again: prepares the triples of one run, says in a line that it is ready, waits for a line of input,
takes part in the run, and prints the processor time that it has used in all runs.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from pathlib import Path

from ..backend import Backend, get_backend, keep_large_buffers
from ..record import read_consortium
from ..session import Limits, TlsMesh, read_identity
from ._consortium import PASSPHRASE
from ._member import seat

_LIMITS = Limits(connect=120.0, wait=600.0, silence=120.0)


async def _over_tls(folder: Path, name: str, step: str, n: int, backend: Backend, small: bool) -> None:
    consortium = read_consortium(folder / "consortium.toml")
    identity = read_identity(folder / f"{name}.identity", PASSPHRASE)
    listener = socket.create_server(consortium.member(name).endpoint)
    async with TlsMesh(identity, consortium.members, listener, limits=_LIMITS) as mesh:
        seated = await seat(mesh, backend, step, n, insecure_small_ring=small)
        used = 0.0
        while True:
            await seated.ready()
            print("ready", flush=True)
            if not await asyncio.to_thread(sys.stdin.readline):
                return
            start = time.process_time()
            await seated.run()
            used += time.process_time() - start
            print(used, flush=True)


if __name__ == "__main__":
    keep_large_buffers()
    place, member, which, size, arithmetic, ring = sys.argv[1:]
    small_ring = ring == "insecure-small-ring"
    asyncio.run(_over_tls(Path(place), member, which, int(size), get_backend(arithmetic), small_ring))
