"""One member's part in the online benchmark, over any mesh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ..algebra import Random
from ..backend import Backend
from ..errors import ProtocolAbort
from ..online import Openings
from ..party import Mesh, Party, Shared
from ._dealt import Dealt, deal, openings

__all__ = ["STEPS", "Step", "dot", "multiply", "seat"]

_SESSION = b"tallystick bench: a public session"

Step = Callable[[Openings, Dealt], Awaitable[Shared]]


async def multiply(online: Openings, dealt: Dealt) -> Shared:
    """Multiply element-wise, and check what was opened."""
    product = await online.multiply_with(dealt.triples, dealt.x, dealt.y)
    await online.check()
    return product


async def dot(online: Openings, dealt: Dealt) -> Shared:
    """Compute the inner product and open it, checked."""
    product = await online.multiply_with(dealt.triples, dealt.x, dealt.y)
    total = Shared.linear(lambda v: v.sum_axis(1, len(v), 1), product)
    await online.open(total)
    await online.check()
    return total


STEPS: Mapping[str, Step] = {"online_multiply": multiply, "online_dot": dot}


async def seat(mesh: Mesh, backend: Backend, step: str, n: int) -> Callable[[], Awaitable[None]]:
    """Deal, make sure that the step gives the right result, and return a run of it."""
    dealt = deal(backend, index=mesh.index, parties=mesh.size, n=n)
    online = openings(Party(mesh, backend, _SESSION, Random.system()), dealt)
    await _compare(online, step, dealt)

    async def once() -> None:
        await STEPS[step](online, dealt)

    return once


async def _compare(online: Openings, step: str, dealt: Dealt) -> None:
    """Make sure that what is timed gives the right result."""
    x, y = await online.open(dealt.x), await online.open(dealt.y)
    found = await online.open(await STEPS[step](online, dealt))
    await online.check()
    right = (x * y).equal(found) if step == "online_multiply" else x.dot(y) == found[0]
    if not right:
        raise ProtocolAbort(f"{step} gave a wrong result", check="benchmark")
