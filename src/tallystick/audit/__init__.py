# SPDX-License-Identifier: Apache-2.0
"""The auditor: a file in, a verdict or the exact reason why not, or many files at once (``spec/file.md``)."""

from __future__ import annotations

from ._audit import CHECKS, Check, Verdict, audit
from ._batch import Audited, Question, Word, audit_batch, audit_file
from ._html import refused_html, verdict_html
from ._job import JobPin
from ._limits import Limits
from ._many import audit_many, cores
from ._program import ProgramSource, Source, TracedHere
from ._report import (
    accepted_json,
    plan_text,
    refused_json,
    result_entries,
    results_json,
    safe,
    verdict_text,
)

__all__ = [
    "CHECKS",
    "Audited",
    "Check",
    "JobPin",
    "Limits",
    "ProgramSource",
    "Question",
    "Source",
    "TracedHere",
    "Verdict",
    "Word",
    "accepted_json",
    "audit",
    "audit_batch",
    "audit_file",
    "audit_many",
    "cores",
    "plan_text",
    "refused_html",
    "refused_json",
    "result_entries",
    "results_json",
    "safe",
    "verdict_html",
    "verdict_text",
]
