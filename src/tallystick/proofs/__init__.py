# SPDX-License-Identifier: Apache-2.0
"""Committed rows, gate rows, range statements, and one linear opening: the proof system.

Normative text: ``spec/relation.md``, ``spec/gates.md``, ``spec/opening.md``, ``spec/ranges.md``, ``spec/own-proof.md``.
"""

from ._challenges import Challenges, Drawn
from ._commitment import commit_rows, commit_rows_var
from ._equations import part_holds
from ._gates import GatePoint, LinearClaim, arrange_rows, coset_values, linear_claim, root_of_unity
from ._opening import Opening, OpeningShare, Part, add_parts, open_linear, solo
from ._own_proof import prove
from ._proof import Proof, Witness, multiples
from ._ranges import (
    InputForm,
    RangeInput,
    RangeRelation,
    commit_inputs,
    input_slots,
    range_witness,
    span_weights,
)
from ._relation import MAX_COLUMNS, MIN_COLUMNS, OwnShape, Relation, Shape, Transposed, choose_columns
from ._verifier import BatchVerifier, failing
from ._words import Words, to_ints, to_words, words_for

__all__ = [
    "MAX_COLUMNS",
    "MIN_COLUMNS",
    "BatchVerifier",
    "Challenges",
    "Drawn",
    "GatePoint",
    "InputForm",
    "LinearClaim",
    "Opening",
    "OpeningShare",
    "OwnShape",
    "Part",
    "Proof",
    "RangeInput",
    "RangeRelation",
    "Relation",
    "Shape",
    "Transposed",
    "Witness",
    "Words",
    "add_parts",
    "arrange_rows",
    "choose_columns",
    "commit_inputs",
    "commit_rows",
    "commit_rows_var",
    "coset_values",
    "failing",
    "input_slots",
    "linear_claim",
    "multiples",
    "open_linear",
    "part_holds",
    "prove",
    "range_witness",
    "root_of_unity",
    "solo",
    "span_weights",
    "to_ints",
    "to_words",
    "words_for",
]
