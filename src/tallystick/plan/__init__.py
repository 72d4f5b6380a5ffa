# SPDX-License-Identifier: Apache-2.0
"""Plans: a static graph of vector operations, its bytes, and what follows from it without any data.

``Plan`` is valid or does not exist; ``PlanRelation`` is what the proofs and the auditor see of it; ``simulate`` runs
it on plain integers; ``forward`` serves the online phase.  The normative text is ``spec/plan.md``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ._approach import COMBINATIONS, COMBINED, GUESSES, Approach, Correction, Truncation
from ._arithmetic import Add, Concat, Matmul, Mul, Neg, Scale, Sub, Sum, Take, View
from ._explain import explain_results
from ._expressions import (
    MAX_BITS,
    MAX_PLACES,
    Expression,
    PublicBinary,
    PublicCommon,
    PublicConstant,
    PublicMatching,
    PublicNeg,
    PublicOutput,
    PublicRounded,
    PublicTake,
    length_of,
)
from ._fields import MAX_LENGTH, references, renumbered
from ._hint_kind import FEW
from ._hints import HINTS, Advice, advice_of, advice_width, mask_room
from ._hints_digits import BitsHint, CopyHint, SpanHint
from ._hints_drawn import MAX_COINS, CoinsHint, RandomHint, SwitchesHint
from ._hints_inverses import InverseHint, ReciprocalHint
from ._hints_numbers import QuotientHint, RatioHint, RootHint, ratio_steps, root_step
from ._hints_order import ControlsHint, SplitHint, control_digits
from ._intervals import HALF, Interval, OverflowRangeError, centred
from ._layout import MAX_NODES, MAX_TOTAL, Draft, Member, TooManyError
from ._matching import selections
from ._network import Group, layers, route, switch_count
from ._operation import Linear
from ._ops import (
    MAX_DECIMALS,
    MAX_LABEL,
    Constant,
    Hint,
    Input,
    InputBits,
    Matching,
    Node,
    Output,
    Points,
    Zero,
    input_value,
)
from ._plan import CONVERGED, MAX_BYTES, MAX_VALUES, VERSIONS, Plan, Result, ResultValue
from ._relation import PlanRelation, backward, encodings, forward, over
from ._schema import Column, MemberSchema
from ._simulate import Inputs, Witness, simulate, witness
from ._sorting import Exchange, exchanges
from ._told import policy_names, told

__all__ = [
    "COMBINATIONS",
    "COMBINED",
    "CONVERGED",
    "FEW",
    "GUESSES",
    "HALF",
    "HINTS",
    "MAX_BITS",
    "MAX_BYTES",
    "MAX_COINS",
    "MAX_DECIMALS",
    "MAX_LABEL",
    "MAX_LENGTH",
    "MAX_NODES",
    "MAX_PLACES",
    "MAX_TOTAL",
    "MAX_VALUES",
    "VERSIONS",
    "Add",
    "Advice",
    "Approach",
    "BitsHint",
    "CoinsHint",
    "Column",
    "Concat",
    "Constant",
    "ControlsHint",
    "CopyHint",
    "Correction",
    "Draft",
    "Exchange",
    "Expression",
    "Group",
    "Hint",
    "Input",
    "InputBits",
    "Inputs",
    "Interval",
    "InverseHint",
    "Linear",
    "Matching",
    "Matmul",
    "Member",
    "MemberSchema",
    "Mul",
    "Neg",
    "Node",
    "Output",
    "OverflowRangeError",
    "Plan",
    "PlanRelation",
    "Points",
    "PublicBinary",
    "PublicCommon",
    "PublicConstant",
    "PublicMatching",
    "PublicNeg",
    "PublicOutput",
    "PublicRounded",
    "PublicTake",
    "QuotientHint",
    "RandomHint",
    "RatioHint",
    "ReciprocalHint",
    "Result",
    "ResultValue",
    "RootHint",
    "Scale",
    "SpanHint",
    "SplitHint",
    "Sub",
    "Sum",
    "SwitchesHint",
    "Take",
    "TooManyError",
    "Truncation",
    "View",
    "Witness",
    "Zero",
    "advice_of",
    "advice_width",
    "backward",
    "centred",
    "control_digits",
    "encodings",
    "exchanges",
    "explain_results",
    "forward",
    "input_value",
    "layers",
    "length_of",
    "mask_room",
    "over",
    "policy_names",
    "ratio_steps",
    "references",
    "renumbered",
    "root_step",
    "route",
    "selections",
    "simulate",
    "switch_count",
    "told",
    "witness",
]


if not TYPE_CHECKING:  # Type checkers are to see every name that is missing here.

    def __getattr__(name: str) -> object:
        """Offer ``load_program`` and ``trace``, which stood here, without making a reader of plans load what traces."""
        if name in ("load_program", "trace"):
            return getattr(importlib.import_module("..tracing", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
