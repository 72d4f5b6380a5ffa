# SPDX-License-Identifier: Apache-2.0
"""Vectors over Fr, points of G1, generators and seeded randomness: thin, typed wrappers over a backend."""

from __future__ import annotations

from ._generators import Generators
from ._points import Points
from ._random import Random
from ._vector import Vector

__all__ = ["Generators", "Points", "Random", "Vector"]
