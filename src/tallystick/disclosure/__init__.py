"""What opened values say about single members and rows: what a plan refuses, and what it warns of.

The normative text is ``spec/disclosure.md``.
"""

from __future__ import annotations

from ._budget import budgets, coins_for, epsilon_of
from ._copies import copied_inputs
from ._warnings import warnings

__all__ = [
    "budgets",
    "coins_for",
    "copied_inputs",
    "epsilon_of",
    "warnings",
]
