# SPDX-License-Identifier: Apache-2.0
"""What a run of a plan will cost, and what it says to the people who decide on it."""

from __future__ import annotations

from ._calibration import CALIBRATIONS, PHASES, Calibration, Work, read_calibrations
from ._estimate import Estimate, estimate, require_hidden
from ._material import RING, Material, Ring
from ._render import bytes_text, render

__all__ = [
    "CALIBRATIONS",
    "PHASES",
    "RING",
    "Calibration",
    "Estimate",
    "Material",
    "Ring",
    "Work",
    "bytes_text",
    "estimate",
    "read_calibrations",
    "render",
    "require_hidden",
]
