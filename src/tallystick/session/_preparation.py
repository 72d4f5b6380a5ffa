# SPDX-License-Identifier: Apache-2.0
"""Where a run's triples come from: LowGear over this member's own store (``spec/preparation.md``).

The one choice is the ring: the full one, or a small one whose encryption anybody can break, for tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..backend import Backend
from ..encoding import frame, i2osp
from ..offline import LowGearPreparation, Need, Parameters, Scheme, Store, derive
from ..party import Party
from ..record import Member
from ._identity import Identity

__all__ = [
    "INSECURE_WARNING",
    "LOWGEAR",
    "SMALL_RING",
    "choose_preparation",
    "open_store",
    "start_preparation",
    "stocking_progress",
]

LOWGEAR: Final = "lowgear"
SMALL_RING: Final = "insecure-small-ring"
_SMALL_DEGREE = 8

INSECURE_WARNING = (
    "preparation uses a ring so small that every member could compute every other member's inputs; "
    "the proof and the audit are not affected"
)


def choose_preparation(*, insecure_small_ring: bool) -> str:
    """Return what the agreement calls the preparation."""
    return SMALL_RING if insecure_small_ring else LOWGEAR


@cache
def _parameters(kind: str) -> Parameters:
    return derive(_SMALL_DEGREE, insecure_degree=True) if kind == SMALL_RING else derive()


def open_store(
    kind: str, identity: Identity, members: Sequence[Member], folder: Path, *, wait: float = 0.0
) -> Store:
    """Open this member's store for exactly these members in this order, and lock it.

    Its file is named after them, its encryption key is derived from the identity's private key.
    """
    h = hashlib.sha256(frame(b"tallystick/v1/store-binding") + frame(kind.encode("ascii")))
    for member in members:
        h.update(frame(member.name.encode("utf-8")) + frame(member.certificate))
    binding = h.digest() + i2osp([m.certificate for m in members].index(identity.certificate), 4)
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"tallystick/v1/store")
    return Store(
        folder / f"{identity.name}-{binding.hex()[:16]}.sqlite",
        key=key.derive(identity.key.private_bytes_raw()),
        binding=binding,
        wait=wait,
    )


def stocking_progress(need: Need, report: Callable[[int, int], None]) -> Callable[[str, int, int], None]:
    """Return a ``Stocking`` that adds the kinds up and reports how much of ``need`` is there."""
    total = need.triples + need.bits + need.randoms + sum(need.masks)
    have: dict[str, int] = {}

    def stocking(kind: str, there: int, _wanted: int) -> None:
        if kind != "epoch":
            have[kind] = there
            report(min(sum(have.values()), total), max(total, 1))

    return stocking


async def start_preparation(
    kind: str,
    party: Party,
    backend: Backend,
    store: Store,
    *,
    stocking: Callable[[str, int, int], None] | None = None,
) -> LowGearPreparation:
    """Agree with the others on the epoch and on what is in store."""
    parameters = _parameters(kind)
    scheme = Scheme(backend, backend.ring(parameters.ring), parameters)
    return await LowGearPreparation.open(party, scheme, store, stocking=stocking)
