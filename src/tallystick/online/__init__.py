# SPDX-License-Identifier: Apache-2.0
"""The online phase: openings, inputs, evaluation and the joint proof (``spec/online.md``).

A run is ``accept_inputs``, ``share_inputs``, ``compute`` and ``prove``, in this order, over one ``Openings``.
"""

from ._abreast import abreast
from ._deal import deal
from ._evaluate import Computation, Evaluation, Progress, compute
from ._hints import Question, answer
from ._inputs import Committed, InputShares, OwnInputs, accept_inputs, share_inputs
from ._openings import Openings
from ._prove import Proven, prove
from ._schedule import schedule

__all__ = [
    "Committed",
    "Computation",
    "Evaluation",
    "InputShares",
    "Openings",
    "OwnInputs",
    "Progress",
    "Proven",
    "Question",
    "abreast",
    "accept_inputs",
    "answer",
    "compute",
    "deal",
    "prove",
    "schedule",
    "share_inputs",
]
