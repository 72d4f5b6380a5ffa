# SPDX-License-Identifier: Apache-2.0
"""How protocol code reaches the other parties: labelled messages, no sockets.

Protocols are coroutines over a ``Mesh``.  ``session`` implements it over TLS between processes; the tests
implement it in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from ..backend import Buffer

__all__ = ["SMALL", "Mesh"]

SMALL: Final = 1 << 16
"""Bytes of a message that is read whatever is due; a longer one must be as long as the receiver says at most."""


class Mesh(Protocol):
    """Authenticated, private, ordered channels between the parties of one run.

    Every message carries an ASCII label; a message that arrives where another label is expected, a silent
    peer (deadline) and a broken channel raise ``ProtocolAbort`` with that peer as ``blame``, as does a
    peer's own abort notice.
    """

    @property
    def index(self) -> int:
        """This party's index, 0-based."""

    @property
    def size(self) -> int:
        """The number n of parties."""

    async def broadcast(self, label: str, payload: Buffer, sizes: Sequence[int] | None = None) -> list[bytes]:
        """Send one payload to every other party, receive theirs; return all n by index, own included.

        ``sizes`` are the most bytes that each party may send, by default as many as this one does.  For n > 2 all of
        it enters the running broadcast digests that the next MAC check compares.
        """

    async def exchange(self, label: str, payloads: Sequence[Buffer]) -> list[bytes]:
        """Send ``payloads[j]`` to party j, receive one from each; return by index, own entry handed back.

        Each has at most as many bytes as what is sent to its sender.  Pairwise messages may differ by design, so they
        do not enter the broadcast digests.
        """

    async def send(self, to: int, label: str, payload: Buffer) -> None:
        """Send one payload to one party (returns once it is queued; applies back-pressure)."""

    async def receive(self, sender: int, label: str, most: int = SMALL) -> bytes:
        """Receive the next payload from one party, of at most so many bytes."""

    def broadcast_digests(self) -> tuple[bytes, ...]:
        """Return, for each party, 32 bytes that digest all it broadcast so far, as this party saw it.

        Entry j covers the sequence of (label, payload) of party j; entry ``index`` covers what was sent.  All
        parties hold the same n digests unless one equivocated, and the entry that differs tells whose
        broadcasts did.  With two parties nobody can equivocate and every entry may be constant.
        """

    def state(self, session: bytes) -> None:
        """Tell all others, signed, what this party has seen broadcast so far; beside the messages, and at once."""

    async def compare(self) -> None:
        """Compare what all stated, once a message has arrived that each sent after its statement.

        Raises ProtocolAbort, check ``equivocation``, and names whoever the evidence convicts.  With two parties this
        and ``state`` do nothing.
        """
