"""One member's part in the online benchmark, over any mesh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ..algebra import Random
from ..backend import Backend
from ..errors import ProtocolAbort
from ..online import Openings
from ..party import Mesh, Party, Shared
from ._dealt import PublicDealer

__all__ = ["STEPS", "Step", "dot", "multiply", "seat"]

_SESSION = b"tallystick bench: a public session"

Step = Callable[[Openings, Shared, Shared], Awaitable[Shared]]


async def multiply(online: Openings, x: Shared, y: Shared) -> Shared:
    """Multiply element-wise, and check what was opened."""
    product = await online.multiply(x, y)
    await online.check()
    return product


async def dot(online: Openings, x: Shared, y: Shared) -> Shared:
    """Compute the inner product and open it, checked."""
    product = await online.multiply(x, y)
    total = Shared.linear(lambda v: v.sum_axis(1, len(v), 1), product)
    await online.open(total)
    await online.check()
    return total


STEPS: Mapping[str, Step] = {"online_multiply": multiply, "online_dot": dot}


async def seat(mesh: Mesh, backend: Backend, step: str, n: int) -> Callable[[], Awaitable[None]]:
    """Deal, make sure that the step gives the right result, and return a run of it."""
    dealer = PublicDealer(backend, index=mesh.index, parties=mesh.size)
    online = Openings(Party(mesh, backend, _SESSION, Random.system()), dealer)
    x, y = await dealer.randoms(n), await dealer.randoms(n)
    await _compare(online, step, x, y)

    async def once() -> None:
        await STEPS[step](online, x, y)

    return once


async def _compare(online: Openings, step: str, x: Shared, y: Shared) -> None:
    """Make sure that what is timed gives the right result."""
    a, b = await online.open(x), await online.open(y)
    found = await online.open(await STEPS[step](online, x, y))
    await online.check()
    right = (a * b).equal(found) if step == "online_multiply" else a.dot(b) == found[0]
    if not right:
        raise ProtocolAbort(f"{step} gave a wrong result", check="benchmark")
