"""What a run of a plan will cost, and what it says to the people who decide on it."""

from __future__ import annotations

from ._calibration import CALIBRATIONS, PHASES, Calibration, Work, read_calibrations
from ._estimate import Estimate, estimate
from ._material import RING, Material, Ring
from ._render import render

__all__ = [
    "CALIBRATIONS",
    "PHASES",
    "RING",
    "Calibration",
    "Estimate",
    "Material",
    "Ring",
    "Work",
    "estimate",
    "read_calibrations",
    "render",
]
