# SPDX-License-Identifier: Apache-2.0
"""One member's part in the online benchmark, over any mesh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ..algebra import Random
from ..backend import Backend
from ..errors import ProtocolAbort
from ..offline import LowGearPreparation, Need, Scheme, Store, Triples, derive
from ..online import Openings
from ..party import Mesh, Party, Shared

__all__ = ["STEPS", "Seat", "Step", "dot", "multiply", "seat"]

_SESSION = b"tallystick bench: a public session"
_SMALL_DEGREE = 8

Step = Callable[[Openings, Triples, Shared, Shared], Awaitable[Shared]]


async def multiply(online: Openings, triples: Triples, x: Shared, y: Shared) -> Shared:
    """Multiply element-wise, and check what was opened."""
    product = await online.multiply_with(triples, x, y)
    await online.check()
    return product


async def dot(online: Openings, triples: Triples, x: Shared, y: Shared) -> Shared:
    """Compute the inner product and open it, checked."""
    product = await online.multiply_with(triples, x, y)
    total = Shared.linear(lambda v: v.sum_axis(1, len(v), 1), product)
    await online.open(total)
    await online.check()
    return total


STEPS: Mapping[str, Step] = {"online_multiply": multiply, "online_dot": dot}


@dataclass(slots=True)
class Seat:
    """One member with its operands; ``ready`` takes fresh triples, ``run`` uses them up."""

    online: Openings
    step: str
    x: Shared
    y: Shared
    triples: Triples | None = None

    async def ready(self) -> None:
        """Prepare the triples of one run, and take them from the store."""
        self.triples = None
        self.triples = await self.online.preparation.triples(len(self.x))

    async def run(self) -> Shared:
        """Take the step once, with the triples that are ready."""
        triples, self.triples = self.triples, None
        if triples is None:
            raise ValueError("a run needs triples of its own: ready comes first")
        return await STEPS[self.step](self.online, triples, self.x, self.y)


async def seat(mesh: Mesh, backend: Backend, step: str, n: int, *, insecure_small_ring: bool = False) -> Seat:
    """Start an epoch, share operands, and make sure that the step gives the right result."""
    party = Party(mesh, backend, _SESSION, Random.system())
    parameters = derive(_SMALL_DEGREE, insecure_degree=True) if insecure_small_ring else derive()
    scheme = Scheme(backend, backend.ring(parameters.ring), parameters)
    store = Store(None, key=party.random.bytes(32), binding=_SESSION)
    preparation = await LowGearPreparation.open(party, scheme, store)
    await preparation.reserve(Need(randoms=2 * n))
    x, y = await preparation.randoms(n), await preparation.randoms(n)
    seated = Seat(Openings(party, preparation), step, x, y)
    await _compare(seated)
    return seated


async def _compare(seated: Seat) -> None:
    """Make sure that what is timed gives the right result."""
    online = seated.online
    await seated.ready()
    a, b = await online.open(seated.x), await online.open(seated.y)
    found = await online.open(await seated.run())
    await online.check()
    right = (a * b).equal(found) if seated.step == "online_multiply" else a.dot(b) == found[0]
    if not right:
        raise ProtocolAbort(f"{seated.step} gave a wrong result", check="benchmark")
