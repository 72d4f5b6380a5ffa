"""Plans: a program traced once into a static graph, and what can be done with the graph.

``trace`` makes a ``Plan`` of a ``Program``; ``simulate`` runs it on plain integers, ``PlanRelation`` is what
the proofs and the auditor see of it, ``schedule`` and ``forward`` serve the online phase.  The normative text
is ``spec/plan.md``.
"""

from __future__ import annotations

from ._approach import GUESSES, Approach, Correction, Truncation, power_rounds, prefix_levels
from ._budget import Budget, budgets, coins_for, epsilon_of
from ._builder import Builder, fail
from ._calibration import CALIBRATIONS, PHASES, Calibration, Work, read_calibrations
from ._describe import Origin, joined
from ._estimate import Estimate, Step, estimate
from ._expressions import MAX_BITS, MAX_PLACES, Expression, PublicConstant
from ._hint_kind import HintKind
from ._hints import HINTS, MAX_COINS, STATISTICAL_BITS, advice_width, span_weights
from ._hints_numbers import multiplier_for, ratio_by_approach, ratio_steps, root_by_approach, root_step
from ._hints_order import control_digits
from ._intervals import HALF, Interval, centred
from ._linear import constant_of, forward, input_value, is_linear, view_indices
from ._masking import MaskedOpenings, mask_room, masked_openings, require_hidden, shown_by_masks
from ._matching import selections
from ._material import RING, Material, Ring
from ._nearest import INSTEAD
from ._network import Group, layers, route, switch_count
from ._opened import Opened, public_constant, reveal, sqrt
from ._ops import (
    MAX_DECIMALS,
    Add,
    Concat,
    Constant,
    Hint,
    Input,
    InputBits,
    Matching,
    Matmul,
    Mul,
    Neg,
    Node,
    Output,
    Points,
    Scale,
    Sub,
    Sum,
    Take,
    View,
    Zero,
)
from ._plan import Layout, Member, Plan, Result, ResultValue
from ._points import (
    Tags,
    columns_of,
    common,
    matching,
    matching_count,
    new_order,
    open_points,
    rowwise,
    shuffled,
)
from ._program import Column, Members, MemberSchema, Program, Table, load_program, program, schema_of, trace
from ._relation import PlanRelation, encodings
from ._render import explain_results, render, revealed, warnings
from ._schedule import Layer, schedule
from ._secret import (
    OPERATORS,
    Array,
    Operand,
    Secret,
    assert_zero,
    broadcast_shape,
    coins,
    concat,
    constant,
    hint,
    input_bits,
    public_array,
    stack,
)
from ._simulate import Advice, Inputs, Simulation, Witness, simulate, witness
from ._sorting import Exchange, exchanges
from ._tally import COMBINATIONS, COMBINED, FEW, PENDING_LIMIT, Tally, borrow_levels
from ._told import policy_names, tell, told

__all__ = [
    "CALIBRATIONS",
    "COMBINATIONS",
    "COMBINED",
    "FEW",
    "GUESSES",
    "HALF",
    "HINTS",
    "INSTEAD",
    "MAX_BITS",
    "MAX_COINS",
    "MAX_DECIMALS",
    "MAX_PLACES",
    "OPERATORS",
    "PENDING_LIMIT",
    "PHASES",
    "RING",
    "STATISTICAL_BITS",
    "Add",
    "Advice",
    "Approach",
    "Array",
    "Budget",
    "Builder",
    "Calibration",
    "Column",
    "Concat",
    "Constant",
    "Correction",
    "Estimate",
    "Exchange",
    "Expression",
    "Group",
    "Hint",
    "HintKind",
    "Input",
    "InputBits",
    "Inputs",
    "Interval",
    "Layer",
    "Layout",
    "MaskedOpenings",
    "Matching",
    "Material",
    "Matmul",
    "Member",
    "MemberSchema",
    "Members",
    "Mul",
    "Neg",
    "Node",
    "Opened",
    "Operand",
    "Origin",
    "Output",
    "Plan",
    "PlanRelation",
    "Points",
    "Program",
    "PublicConstant",
    "Result",
    "ResultValue",
    "Ring",
    "Scale",
    "Secret",
    "Simulation",
    "Step",
    "Sub",
    "Sum",
    "Table",
    "Tags",
    "Take",
    "Tally",
    "Truncation",
    "View",
    "Witness",
    "Work",
    "Zero",
    "advice_width",
    "assert_zero",
    "borrow_levels",
    "broadcast_shape",
    "budgets",
    "centred",
    "coins",
    "coins_for",
    "columns_of",
    "common",
    "concat",
    "constant",
    "constant_of",
    "control_digits",
    "encodings",
    "epsilon_of",
    "estimate",
    "exchanges",
    "explain_results",
    "fail",
    "forward",
    "hint",
    "input_bits",
    "input_value",
    "is_linear",
    "joined",
    "layers",
    "load_program",
    "mask_room",
    "masked_openings",
    "matching",
    "matching_count",
    "multiplier_for",
    "new_order",
    "open_points",
    "policy_names",
    "power_rounds",
    "prefix_levels",
    "program",
    "public_array",
    "public_constant",
    "ratio_by_approach",
    "ratio_steps",
    "read_calibrations",
    "render",
    "require_hidden",
    "reveal",
    "revealed",
    "root_by_approach",
    "root_step",
    "route",
    "rowwise",
    "schedule",
    "schema_of",
    "selections",
    "shown_by_masks",
    "shuffled",
    "simulate",
    "span_weights",
    "sqrt",
    "stack",
    "switch_count",
    "tell",
    "told",
    "trace",
    "view_indices",
    "warnings",
    "witness",
]
