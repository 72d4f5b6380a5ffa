"""The online phase: openings, inputs, evaluation and the joint proof (``spec/online.md``).

A run is ``accept_inputs``, ``share_inputs``, ``compute`` and ``prove``, in this order, over one ``Openings``.
"""

from ._evaluate import Evaluation, PrivateOutput, Progress, compute
from ._inputs import Committed, InputShares, OwnInputs, accept_inputs, share_inputs
from ._need import plan_need
from ._openings import Openings
from ._prove import Proven, prove
from ._rows import PartyRows

__all__ = [
    "Committed",
    "Evaluation",
    "InputShares",
    "Openings",
    "OwnInputs",
    "PartyRows",
    "PrivateOutput",
    "Progress",
    "Proven",
    "accept_inputs",
    "compute",
    "plan_need",
    "prove",
    "share_inputs",
]
