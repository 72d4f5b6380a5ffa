# SPDX-License-Identifier: Apache-2.0
"""Sub-protocols side by side: what they send at a step is one message, and one check serves all that ask for it.

Normative text: ``spec/online.md``, "Hints".  The sub-protocols are coroutines that know nothing of each other.  They
run in turns, all members taking the same turns, so that the preparation gives everybody's the same material.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from types import coroutine
from typing import Any

from ..algebra import Vector
from ..party import Claim, PointClaim, Shared
from ._openings import Openings

__all__ = ["SubProtocol", "abreast"]

_SEVERAL = "hint/several"
"""The label of a message that serves broadcasts of several labels, which might be too long together."""

SubProtocol = Callable[[Openings], Coroutine[Any, Any, Shared]]
"""Opens nothing but by the openings that it is given."""


async def abreast(online: Openings, protocols: Sequence[SubProtocol]) -> list[Shared]:
    """Run sub-protocols that do not depend on each other; return their results, in order.

    At each step those that have something to broadcast do so, in one message; when all that are left wait for a
    check, there is one if anything is pending.
    """
    lanes = [_Lane(protocol(_LaneOpenings(online))) for protocol in protocols]
    try:
        for lane in lanes:
            await lane.go_on(None)
        while running := [lane for lane in lanes if lane.result is None]:
            sending = [(lane, lane.asks) for lane in running if isinstance(lane.asks, _Broadcast)]
            if sending:
                received = await _together(online, [asked for _, asked in sending])
                for (lane, _), parts in zip(sending, received, strict=True):
                    await lane.go_on(parts)
                await online.check_excess()
            else:
                await online.check_pending("hint/check")
                for lane in running:
                    await lane.go_on(None)
    finally:
        for lane in lanes:
            lane.close()
    return [lane.result for lane in lanes if lane.result is not None]


async def _together(online: Openings, asked: Sequence[_Broadcast]) -> list[list[Vector]]:
    """Send several broadcasts as one; return, for each of them, everyone's vectors."""
    if len(asked) == 1:
        return [await online.broadcast(asked[0].label, asked[0].own)]
    labels = {one.label for one in asked}
    received = await online.broadcast(
        labels.pop() if len(labels) == 1 else _SEVERAL, Vector.concat([one.own for one in asked])
    )
    at, parts = 0, []
    for one in asked:
        n = len(one.own)
        parts.append([vector[at : at + n] for vector in received])
        at += n
    return parts


@dataclass(frozen=True, slots=True, repr=False)
class _Broadcast:
    """What a sub-protocol wants to broadcast; awaiting it gives everyone's vectors."""

    label: str
    own: Vector

    def __await__(self) -> Generator[_Broadcast, list[Vector], list[Vector]]:
        return (yield self)


@dataclass(frozen=True, slots=True)
class _Check:
    """That a sub-protocol goes no further before a check; awaiting it gives nothing."""

    def __await__(self) -> Generator[_Check, None, None]:
        yield self


class _Lane:
    """A sub-protocol on its way: what it asks for, and in the end its result."""

    def __init__(self, protocol: Coroutine[Any, Any, Shared]) -> None:
        self._protocol = protocol
        self.asks: _Broadcast | _Check | None = None
        self.result: Shared | None = None

    @coroutine
    def go_on(self, answer: list[Vector] | None) -> Generator[Any, Any, None]:
        """Give what was asked for, and run up to the next question.

        Whatever else is awaited on the way, such as the preparation's store, is left to the event loop.
        """
        try:
            asked = self._protocol.send(answer)
            while not isinstance(asked, _Broadcast | _Check):
                try:
                    given = yield asked
                except BaseException as error:
                    asked = self._protocol.throw(error)
                else:
                    asked = self._protocol.send(given)
            self.asks = asked
        except StopIteration as stop:
            self.asks, self.result = None, stop.value

    def close(self) -> None:
        """Give up what has not ended."""
        self._protocol.close()


class _LaneOpenings(Openings):
    """The openings of one sub-protocol, whose messages and checks wait for the others'."""

    def __init__(self, online: Openings) -> None:
        super().__init__(online.party, online.preparation)
        self._online = online

    async def broadcast(self, label: str, own: Vector) -> list[Vector]:
        return await _Broadcast(label, own)

    async def record(self, name: str, claim: Claim | PointClaim) -> None:
        """Keep a claim for the next check of all, which comes at the end of the step if too much is pending."""
        self._online.keep(name, claim)

    async def check(self, label: str = "check") -> None:
        """Wait for the check of all."""
        await _Check()

    async def check_pending(self, label: str) -> None:
        """Wait for the check of all."""
        await _Check()
