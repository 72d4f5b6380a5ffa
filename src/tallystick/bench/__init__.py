# SPDX-License-Identifier: Apache-2.0
"""What things cost on this machine: both backends side by side, beside what other libraries need.

``CASES`` is the one table of what is timed within a process; ``tallystick bench`` and the repository's
``benchmarks/`` both read it.
"""

from ._anchors import SOURCES, Anchor, anchors_of
from ._arkworks import arkworks_available, arkworks_msm
from ._audits import AUDITS, run_audits
from ._calibrate import Fit, fit, run_calibration
from ._cases import CASES, SUITES, Case
from ._consortium import free_ports, wait_for_all
from ._demo import demo_arguments, run_demo
from ._library import COUNTED, LIBRARY, SECONDS, LibraryCase, Measured, measure_case, run_library
from ._measure import RUNS, Measurement, Schedule, measure
from ._member import seat
from ._online import ONLINE, OnlineCase, run_online, seated
from ._plot import load_matplotlib, write_plot
from ._prepare import run_prepare
from ._result import FORMAT, Machine, Result, document, machine, ratios
from ._roofline import FORMULAS, ROOFLINE_NOTES, Remark, remarks
from ._run import available_backends, run_cases

__all__ = [
    "AUDITS",
    "CASES",
    "COUNTED",
    "FORMAT",
    "FORMULAS",
    "LIBRARY",
    "ONLINE",
    "ROOFLINE_NOTES",
    "RUNS",
    "SECONDS",
    "SOURCES",
    "SUITES",
    "Anchor",
    "Case",
    "Fit",
    "LibraryCase",
    "Machine",
    "Measured",
    "Measurement",
    "OnlineCase",
    "Remark",
    "Result",
    "Schedule",
    "anchors_of",
    "arkworks_available",
    "arkworks_msm",
    "available_backends",
    "demo_arguments",
    "document",
    "fit",
    "free_ports",
    "load_matplotlib",
    "machine",
    "measure",
    "measure_case",
    "ratios",
    "remarks",
    "run_audits",
    "run_calibration",
    "run_cases",
    "run_demo",
    "run_library",
    "run_online",
    "run_prepare",
    "seat",
    "seated",
    "wait_for_all",
    "write_plot",
]
