# SPDX-License-Identifier: Apache-2.0
"""The plot of a benchmark: a panel for each suite, a bar for each subject, on a logarithmic scale of time."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError, explaining
from ._result import Machine, Result

__all__ = ["load_matplotlib", "write_plot"]

_COLOURS = {
    "native/portable": "#9ecae1",
    "native/adx": "#4292c6",
    "native/ifma": "#08519c",
    "native": "#08519c",
    "pure": "#e6550d",
    "arkworks": "#74a476",
}
_ROW_INCHES = 0.17
_SPACE_INCHES = 1.2


def load_matplotlib() -> Any:
    """Return matplotlib, drawing without a screen; ``UsageError`` if it is not installed."""
    try:
        matplotlib = importlib.import_module("matplotlib")
    except ImportError as error:
        raise UsageError(
            "--plot needs matplotlib, which is not installed", hint="pip install 'tallystick[bench]'"
        ) from error
    matplotlib.use("svg")
    return matplotlib


def write_plot(path: Path, results: Sequence[Result], where: Machine) -> None:
    """Draw all results to an SVG file."""
    load_matplotlib()
    figure_module = importlib.import_module("matplotlib.figure")
    suites = list(dict.fromkeys(result.suite for result in results))
    heights = [sum(r.suite == s for r in results) * _ROW_INCHES + _SPACE_INCHES for s in suites]
    figure = figure_module.Figure(figsize=(9, sum(heights) + 0.5), layout="constrained")
    panels = figure.subplots(len(suites), 1, squeeze=False, height_ratios=heights)[:, 0]
    for suite, panel in zip(suites, panels, strict=True):
        _panel(panel, suite, [r for r in results if r.suite == suite])
    loaded = f", load {where.load:g}: the machine was busy" if where.busy and where.load is not None else ""
    figure.suptitle(f"tallystick bench: {where.processor}, {where.cores} cores{loaded}", fontsize=9)
    with explaining(f"{path}: cannot write the plot"):
        figure.savefig(path, format="svg")


def _panel(panel: Any, suite: str, results: Sequence[Result]) -> None:
    """Draw one suite: a group for each case and size, a bar for each subject."""
    at, ticks, labels, shown = 0.0, [], [], set()
    groups = dict.fromkeys((r.case, r.size) for r in results)
    for case, size in groups:
        bars = [r for r in results if (r.case, r.size) == (case, size)]
        ticks.append(at + (len(bars) - 1) / 2)
        labels.append(f"{case} {size:,}")
        for bar in bars:
            colour = _COLOURS.get(bar.subject, "#888888")
            label = None if bar.subject in shown else bar.subject
            shown.add(bar.subject)
            panel.barh(at, bar.measurement.median, height=0.9, color=colour, label=label)
            at += 1
        at += 0.6
    panel.set_yticks(ticks, labels, fontsize=7)
    panel.set_ylim(at, -1.0)
    panel.set_xscale("log")
    panel.set_xlim(left=min(r.measurement.median for r in results) / 3)
    panel.grid(axis="x", linewidth=0.3)
    panel.set_xlabel("seconds a call, median", fontsize=7)
    panel.tick_params(axis="x", labelsize=7)
    panel.set_title(suite, fontsize=9, loc="left")
    panel.legend(fontsize=7, loc="upper right")
