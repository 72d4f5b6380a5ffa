# SPDX-License-Identifier: Apache-2.0
"""How long the operations that a run is made of take: counts of work, and seconds a unit.

``tallystick bench calibrate`` measures the units, by fitting them to the phases of real runs, and prints them in the
form in which they stand here; what it writes for a machine, ``read_calibrations`` reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from ..errors import UsageError

__all__ = ["CALIBRATIONS", "PHASES", "Calibration", "Calibrations", "Work", "read_calibrations"]

PHASES = ("set up", "prepare", "commit", "online", "proof", "audit")
"""What is timed apart.  The first two fill an empty store, the next three are the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Units:
    """A number for each kind of unit of work.

    Filling a store: ``key`` to make or verify the keys of a member, ``proof`` to make or verify a proof of encrypted
    factors, ``batch`` to multiply a batch of triples with one other member, ``mac`` to have one authenticate a batch,
    ``roots`` the square roots of a batch of bits.  Computing: ``phase`` to begin a phase, ``round`` to exchange a
    message with the others on one machine, ``masked`` to find digits of a vector, or cut them off, by opening it under
    masks, ``opened`` an element sent to another member and all that is done with it, ``node`` a node of the plan,
    ``entry`` an entry of one.  Proving: ``point`` of a multi-scalar multiplication, ``cell`` of the rows that are
    folded, ``column`` of the one that is then halved, ``tag`` a point opened.  Verifying: ``verified`` a slot of the
    witness whose weight is computed.
    """

    key: float = 0
    proof: float = 0
    batch: float = 0
    mac: float = 0
    roots: float = 0
    phase: float = 0
    round: float = 0
    masked: float = 0
    opened: float = 0
    node: float = 0
    entry: float = 0
    point: float = 0
    cell: float = 0
    column: float = 0
    tag: float = 0
    verified: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(_Units):
    """Seconds by the clock that a unit of work takes members with a core each, all on one machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(_Units):
    """How many units of each kind a phase takes."""

    def seconds(self, calibration: Calibration) -> float:
        """Return how long all of it takes."""
        rates = asdict(calibration)
        return float(sum(getattr(self, unit.name) * rates[unit.name] for unit in fields(self)))


Calibrations: TypeAlias = Mapping[str, Calibration]
"""What a unit takes, by backend."""

CALIBRATIONS: Calibrations = {
    "native": Calibration(
        key=0.676,
        proof=0.0997,
        batch=0.218,
        mac=0.0661,
        roots=0.0355,
        phase=0.00868,
        round=0.000472,
        masked=0.00347,
        opened=2.97e-07,
        node=5.01e-05,
        entry=3.6e-08,
        point=1.79e-06,
        cell=2.93e-07,
        column=1.3e-05,
        tag=8.17e-06,
        verified=2.08e-08,
    ),
    "pure": Calibration(
        key=31.0,
        proof=5.6,
        batch=13.8,
        mac=1.2,
        roots=3.4,
        phase=0.257,
        round=0.00053,
        masked=0.005,
        opened=4.5e-06,
        node=2.7e-05,
        entry=5e-07,
        point=1.57e-04,
        cell=8.95e-06,
        column=0.00144,
        tag=0.00341,
        verified=1.28e-06,
    ),
}
"""On one core of an AMD EPYC with AVX-512 (family 26), both members on that machine.  All of native is fitted; of pure,
``mac``, ``round``, ``masked``, ``opened``, ``node``, ``entry`` and ``point`` are set by hand, the others measured.
"""


def read_calibrations(path: Path) -> dict[str, Calibration]:
    """Return the calibrations by backend in what ``tallystick bench calibrate --json`` wrote; UsageError says what is
    wrong.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not JSON: {error}") from error
    by_backend = found.get("calibrations") if isinstance(found, dict) else None
    if not isinstance(by_backend, dict) or not by_backend or not set(by_backend) <= set(CALIBRATIONS):
        raise UsageError(
            f"{path}: no calibrations of {' or '.join(CALIBRATIONS)}",
            hint="write them with: tallystick bench calibrate --json FILE",
        )
    return {backend: _calibration(path, backend, rates) for backend, rates in by_backend.items()}


def _calibration(path: Path, backend: str, rates: object) -> Calibration:
    names = [unit.name for unit in fields(Calibration)]
    if not isinstance(rates, dict) or set(rates) != set(names):
        raise UsageError(f"{path}: the calibration of {backend} has the units {', '.join(names)}")
    for name, rate in rates.items():
        if type(rate) not in (int, float) or not isfinite(rate) or rate < 0:
            raise UsageError(f"{path}: {backend}: {name} is not a number of seconds")
    return Calibration(**rates)
