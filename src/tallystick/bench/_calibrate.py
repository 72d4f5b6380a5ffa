# SPDX-License-Identifier: Apache-2.0
"""What a unit of work takes here: the constants with which ``tallystick plan`` turns counts into seconds.

Some programs of the library are run, and seconds a unit are fitted to all phases of all runs together: the least
squares of the relative deviations, no unit below zero.  Fitted are seconds by the clock, of the member that took
longest, so that waiting for messages counts; the machine must have nothing else to do, and a core for every member.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ..cost import PHASES, Calibration
from ._consortium import consortium_folder
from ._library import LIBRARY, Measured, measure_case, seconds_name, warm_up
from ._run import Told

__all__ = ["Fit", "fit", "run_calibration"]

_CASES: Mapping[str, Sequence[tuple[str, int]]] = {
    "native": (
        *(("sum", 1_000), ("product", 1_000), ("variance", 1_000), ("less_public", 1_000), ("less", 1_000)),
        *(("less", 10_000), ("divide", 1_000), ("sort", 1_000), ("median", 1_000), ("max", 1_000)),
        *(("round_to", 1_000), ("correlation_secret", 1_000), ("logistic_regression", 1_000)),
        *(("join_size", 1_000), ("join_size", 10_000)),
    ),
    "pure": (("sum", 1_000), ("product", 1_000), ("less", 100), ("median", 50), ("join_size", 100)),
}
_QUICK = (("sum", 12), ("product", 12), ("join_size", 4))
_SHORT = 0.02
"""Seconds added to what a deviation is relative to, so that the shortest phases do not decide."""

_SWEEPS = 20_000


@dataclass(frozen=True, slots=True)
class Fit:
    """The constants, and how far they miss: what was taken over the estimate, less 1, by phase, of every run."""

    calibration: Calibration
    misses: Mapping[str, Sequence[float]]

    def text(self) -> str:
        """Return the constants as they stand in ``tallystick.plan``."""
        rates = [(f.name, getattr(self.calibration, f.name)) for f in fields(Calibration)]
        return "Calibration(\n" + "".join(f"    {name}={rate:.3g},\n" for name, rate in rates) + ")"


def run_calibration(
    backend: str, *, quick: bool = False, told: Told = lambda text: None
) -> Iterator[Measured]:
    """Run the programs that units are fitted to, between two members."""
    cases = {case.name: case for case in LIBRARY}
    with consortium_folder(2) as folder:
        if not quick and backend == "native":
            warm_up(folder, backend)
        for name, n in _QUICK if quick else _CASES[backend]:
            told(f"{name} {n:,} {backend}")
            yield measure_case(folder, cases[name], n, backend, quick=quick)


def fit(measured: Sequence[Measured]) -> Fit:
    """Fit seconds a unit to the phases of these runs."""
    units = [f.name for f in fields(Calibration)]
    rows = [(one, phase) for one in measured for phase in PHASES]
    work = np.array(
        [[getattr(one.estimate.work[phase], unit) for unit in units] for one, phase in rows], float
    )
    seconds = np.array([one.result.facts[seconds_name(phase)] for one, phase in rows])
    weight = 1 / (seconds + _SHORT)
    rates = _least_squares(work * weight[:, None], seconds * weight)
    fitted = work @ rates
    misses: dict[str, list[float]] = {phase: [] for phase in PHASES}
    for (_, phase), took, guess in zip(rows, seconds, fitted, strict=True):
        misses[phase].append(float(took / guess - 1) if guess else float("inf"))
    return Fit(Calibration(**dict(zip(units, map(float, rates), strict=True))), misses)


def _least_squares(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the x ≥ 0 with the least |a·x - b|, by going round the coordinates."""
    scale = np.linalg.norm(a, axis=0)
    scale[scale == 0] = 1.0
    g, h = (a / scale).T @ (a / scale), (a / scale).T @ b
    x = np.zeros(len(h))
    for _ in range(_SWEEPS):
        for j in np.flatnonzero(g.diagonal()):
            x[j] = max(0.0, x[j] + (h[j] - g[j] @ x) / g[j, j])
    return np.asarray(x / scale)
