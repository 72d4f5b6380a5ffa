# SPDX-License-Identifier: Apache-2.0
"""What opened values say about single members and rows: what a plan refuses, and what it warns of.

The normative text is ``spec/disclosure.md``.
"""

from __future__ import annotations

from ._bounds import AuditBound, audit_bound
from ._budget import coins_for, epsilon_of, upwards
from ._copies import copied_inputs
from ._noise import Noise, budgets, noise_of
from ._statement import Opening, columns_committed_twice, needs_of_results, openings, plain, quoted, unneeded
from ._warnings import noise_warnings, warnings

__all__ = [
    "AuditBound",
    "Noise",
    "Opening",
    "audit_bound",
    "budgets",
    "coins_for",
    "columns_committed_twice",
    "copied_inputs",
    "epsilon_of",
    "needs_of_results",
    "noise_of",
    "noise_warnings",
    "openings",
    "plain",
    "quoted",
    "unneeded",
    "upwards",
    "warnings",
]
