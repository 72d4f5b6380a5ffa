# SPDX-License-Identifier: Apache-2.0
"""The offline phase: what the online phase consumes, and who makes it.

``Preparation`` is the interface; ``LowGear`` makes the material, over the keys of an ``Epoch``.  Normative text:
``spec/preparation.md``.
"""

from ._epoch import Epoch, EpochKeys, start_epoch
from ._knowledge import Scheme
from ._lowgear import LowGear
from ._parameters import Parameters, derive
from ._preparation import Masks, Need, Preparation, Triples
from ._stocked import LowGearPreparation, Stocking
from ._store import Store

__all__ = [
    "Epoch",
    "EpochKeys",
    "LowGear",
    "LowGearPreparation",
    "Masks",
    "Need",
    "Parameters",
    "Preparation",
    "Scheme",
    "Stocking",
    "Store",
    "Triples",
    "derive",
    "start_epoch",
]
