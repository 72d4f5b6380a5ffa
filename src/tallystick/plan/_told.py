# SPDX-License-Identifier: Apache-2.0
"""Outputs to some members: what their labels say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from ._ops import MAX_DECIMALS
from ._plan import Plan, ResultValue

__all__ = ["policy_names", "told"]

_LABEL = re.compile(r"(?P<name>.*) / 10\^(?P<decimals>[1-9][0-9]?)")


def policy_names(plan: Plan) -> list[str]:
    """Return the names that a policy must allow: those of all results, and of what is told to some members."""
    private = [_told_name(output.label) for output in plan.outputs if output.to is not None]
    return [*(result.name for result in plan.results), *private]


def _told_name(label: str) -> str:
    """Return the name in the label of an output to some members."""
    found = _LABEL.fullmatch(label)
    return found["name"] if found else label


def told(label: str, values: Sequence[int]) -> ResultValue:
    """Return an output to some members as a result: signed integers over the power of ten in its label."""
    found = _LABEL.fullmatch(label)
    decimals = min(int(found["decimals"]), MAX_DECIMALS) if found else 0
    shape = () if len(values) == 1 else (len(values),)
    return ResultValue(_told_name(label), shape, tuple(Fraction(v, 10**decimals) for v in values), None)
