# SPDX-License-Identifier: Apache-2.0
"""How the results of a plan follow from what it opens, in words."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ._expressions import (
    Expression,
    PublicBinary,
    PublicCommon,
    PublicConstant,
    PublicMatching,
    PublicNeg,
    PublicOutput,
    PublicRounded,
    PublicTake,
)
from ._plan import Plan

__all__ = ["explain_results"]

_MAX_EXPRESSION = 140
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_BINDING = {"add": 1, "sub": 1, "mul": 2, "div": 2}


def explain_results(plan: Plan) -> list[str]:
    """Return how each result follows from the opened values: ``round([1] / 3010, 2)``."""
    texts: list[tuple[str, int]] = []
    for expression in plan.expressions:
        text, binding = _expression_text(expression, texts)
        texts.append((text, binding) if len(text) <= _MAX_EXPRESSION else ("…", 3))
    return [texts[r.expression][0] for r in plan.results]


def _expression_text(expression: Expression, texts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Return the text and how tightly it binds: 1 sum, 2 product, 3 anything that needs no parentheses."""
    match expression:
        case PublicConstant(values):
            shown = ", ".join(_fraction(v) for v in values[:4]) + (", …" if len(values) > 4 else "")
            return (shown, 3) if len(values) == 1 else (f"({shown})", 3)
        case PublicOutput(number):
            return f"[{number + 1}]", 3
        case PublicBinary(op, a, b):
            binding = _BINDING[op]
            left = _guarded(texts[a], binding)
            right = _guarded(texts[b], binding + (op in ("sub", "div")))
            return f"{left} {_SYMBOLS[op]} {right}", binding
        case PublicNeg(a):
            return f"-{_guarded(texts[a], 3)}", 2
        case PublicRounded(op, a, places):
            return f"{op}({texts[a][0]}, {places})", 3
        case PublicTake(a, indices):
            if len(set(indices)) == 1 and len(indices) > 1:
                return texts[a]
            shown = ", ".join(str(i) for i in indices[:4]) + (", …" if len(indices) > 4 else "")
            return f"{_guarded(texts[a], 3)}[{shown}]", 3
        case PublicCommon(numbers):
            return f"common({', '.join(f'[T{k + 1}]' for k in numbers)})", 3
        case PublicMatching(own, others, minimum):
            least = f", at least {minimum}" if minimum else ""
            return f"matching([T{own + 1}] in {', '.join(f'[T{k + 1}]' for k in others)}{least})", 3


def _guarded(text: tuple[str, int], binding: int) -> str:
    return text[0] if text[1] >= binding else f"({text[0]})"


def _fraction(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"({value})"
