"""The auditor: one file in, a verdict or the exact reason why not (``spec/file.md``)."""

from __future__ import annotations

from ._audit import CHECKS, Check, Verdict, audit
from ._program import ProgramSource
from ._report import (
    accepted_json,
    print_verdict,
    refused_json,
    result_entries,
    results_json,
    warnings_of,
)

__all__ = [
    "CHECKS",
    "Check",
    "ProgramSource",
    "Verdict",
    "accepted_json",
    "audit",
    "print_verdict",
    "refused_json",
    "result_entries",
    "results_json",
    "warnings_of",
]
