# SPDX-License-Identifier: Apache-2.0
"""One party's seat in a run: what every protocol step needs to know and to reach."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ..algebra import Random
from ..backend import Backend, Buffer
from ..encoding import absorb, i2osp
from ._mesh import Mesh

__all__ = ["Party"]


@dataclass(slots=True)
class Party:
    """A mesh to the others, a backend, the session's name, and this party's own randomness.

    ``session`` is public, the same 32 bytes or more at all members, and different in every run: commitments
    are bound to it.  ``rounds`` counts the commit-and-open rounds done so far, so no commitment opens in
    another round than its own.
    """

    mesh: Mesh
    backend: Backend
    session: bytes
    random: Random = field(default_factory=Random.system)
    rounds: int = 0

    @property
    def index(self) -> int:
        """This party's index, 0-based."""
        return self.mesh.index

    @property
    def size(self) -> int:
        """The number n of parties."""
        return self.mesh.size

    def next_round(self) -> int:
        """Return the number of a new commit-and-open round."""
        self.rounds += 1
        return self.rounds - 1

    def commitment(self, label: str, round_: int, owner: int, nonce: Buffer, payload: Buffer) -> bytes:
        """Return the commitment of any party to a payload (``spec/online.md``, "Commit and open")."""
        h = hashlib.sha256()
        for part in (
            b"tallystick/v1/commit",
            self.session,
            label.encode("ascii"),
            i2osp(round_, 8),
            i2osp(owner, 8),
            nonce,
            payload,
        ):
            absorb(h, part)
        return h.digest()
