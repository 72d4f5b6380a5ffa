"""Plans: a static graph of vector operations, its bytes, and what follows from it without any data.

``Plan`` is valid or does not exist; ``PlanRelation`` is what the proofs and the auditor see of it; ``simulate`` runs
it on plain integers; ``forward`` and ``schedule`` serve the online phase.  The normative text is ``spec/plan.md``.
"""

from __future__ import annotations

import importlib

from ._approach import GUESSES, Approach, Correction, Truncation, power_rounds, prefix_levels
from ._arithmetic import Add, Concat, Matmul, Mul, Neg, Scale, Sub, Sum, Take, View
from ._explain import explain_results, revealed
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
from ._fields import MAX_LENGTH, MAX_NAME, references, renumbered
from ._hints import HINTS, MAX_COINS, STATISTICAL_BITS, advice_width, span_weights
from ._hints_numbers import multiplier_for, ratio_by_approach, ratio_steps, root_by_approach, root_step
from ._hints_order import control_digits
from ._intervals import HALF, Interval, OverflowRangeError, centred
from ._layout import MAX_NODES, MAX_TOTAL, Draft, Member, TooManyError
from ._matching import selections
from ._network import Group, layers, route, switch_count
from ._operation import Linear
from ._ops import (
    MAX_DECIMALS,
    MAX_INPUT_BITS,
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
    constant_of,
    input_value,
)
from ._plan import MAX_BYTES, MAX_MEMBERS, MAX_VALUES, Plan, Result, ResultValue
from ._relation import PlanRelation, encodings, forward
from ._schedule import schedule, tally_of
from ._simulate import Inputs, Witness, simulate, witness
from ._sorting import Exchange, exchanges
from ._tally import (
    COMBINATIONS,
    COMBINED,
    FEW,
    MAC,
    PENDING_LIMIT,
    Pending,
    Tally,
    borrow_levels,
    side_by_side,
)
from ._told import policy_names, told

__all__ = [
    "COMBINATIONS",
    "COMBINED",
    "FEW",
    "GUESSES",
    "HALF",
    "HINTS",
    "MAC",
    "MAX_BITS",
    "MAX_BYTES",
    "MAX_COINS",
    "MAX_DECIMALS",
    "MAX_INPUT_BITS",
    "MAX_LABEL",
    "MAX_LENGTH",
    "MAX_MEMBERS",
    "MAX_NAME",
    "MAX_NODES",
    "MAX_PLACES",
    "MAX_TOTAL",
    "MAX_VALUES",
    "PENDING_LIMIT",
    "STATISTICAL_BITS",
    "Add",
    "Approach",
    "Concat",
    "Constant",
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
    "Linear",
    "Matching",
    "Matmul",
    "Member",
    "Mul",
    "Neg",
    "Node",
    "Output",
    "OverflowRangeError",
    "Pending",
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
    "Result",
    "ResultValue",
    "Scale",
    "Sub",
    "Sum",
    "Take",
    "Tally",
    "TooManyError",
    "Truncation",
    "View",
    "Witness",
    "Zero",
    "advice_width",
    "borrow_levels",
    "centred",
    "constant_of",
    "control_digits",
    "encodings",
    "exchanges",
    "explain_results",
    "forward",
    "input_value",
    "layers",
    "length_of",
    "multiplier_for",
    "policy_names",
    "power_rounds",
    "prefix_levels",
    "ratio_by_approach",
    "ratio_steps",
    "references",
    "renumbered",
    "revealed",
    "root_by_approach",
    "root_step",
    "route",
    "schedule",
    "selections",
    "side_by_side",
    "simulate",
    "span_weights",
    "switch_count",
    "tally_of",
    "told",
    "witness",
]


def __getattr__(name: str) -> object:
    """Offer ``load_program`` and ``trace``, which stood here, without making a reader of plans load what traces."""
    if name in ("load_program", "trace"):
        return getattr(importlib.import_module("..tracing", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
