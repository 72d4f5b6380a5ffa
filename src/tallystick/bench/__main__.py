"""One member of the online benchmark, as a process: ``python -m tallystick.bench``.

Says in one line that it is ready, then takes part in one run for every line of input and prints the processor
time that it has used in all runs.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from pathlib import Path

from ..backend import Backend, get_backend
from ..record import read_consortium
from ..session import Limits, TlsMesh, read_identity
from ._consortium import PASSPHRASE
from ._member import seat

_LIMITS = Limits(connect=120.0, wait=600.0, silence=120.0)


async def _over_tls(folder: Path, name: str, step: str, n: int, backend: Backend) -> None:
    consortium = read_consortium(folder / "consortium.toml")
    identity = read_identity(folder / f"{name}.identity", PASSPHRASE)
    listener = socket.create_server(consortium.member(name).endpoint)
    async with TlsMesh(identity, consortium.members, listener, limits=_LIMITS) as mesh:
        once = await seat(mesh, backend, step, n)
        used = 0.0
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            start = time.process_time()
            await once()
            used += time.process_time() - start
            print(used, flush=True)


if __name__ == "__main__":
    place, member, which, size, arithmetic = sys.argv[1:]
    asyncio.run(_over_tls(Path(place), member, which, int(size), get_backend(arithmetic)))
