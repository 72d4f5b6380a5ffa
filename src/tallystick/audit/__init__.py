"""The auditor: one file in, a verdict or the exact reason why not (``spec/file.md``)."""

from __future__ import annotations

from ._audit import CHECKS, Check, Verdict, audit
from ._html import refused_html, verdict_html
from ._job import JobPin
from ._limits import Limits
from ._program import ProgramSource, Source, TracedHere
from ._report import (
    accepted_json,
    plan_text,
    refused_json,
    result_entries,
    results_json,
    verdict_text,
)

__all__ = [
    "CHECKS",
    "Check",
    "JobPin",
    "Limits",
    "ProgramSource",
    "Source",
    "TracedHere",
    "Verdict",
    "accepted_json",
    "audit",
    "plan_text",
    "refused_html",
    "refused_json",
    "result_entries",
    "results_json",
    "verdict_html",
    "verdict_text",
]
