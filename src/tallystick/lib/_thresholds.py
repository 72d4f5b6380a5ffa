# SPDX-License-Identifier: Apache-2.0
"""Counting what reaches a threshold: single values, or points that several members' columns add up to.

Normative text: ``spec/library.md``, "Thresholds".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from ..tracing import Operand, Secret, fail
from ._naming import check_secret, named, text_of

__all__ = ["Score", "count_above", "score"]


def count_above(x: Secret, threshold: Operand, axis: int | None = None, *, inclusive: bool = False) -> Secret:
    """Return how many entries, all or along an axis, are above a public or secret threshold.

    With ``inclusive`` entries equal to it count, too.  Reveals nothing by itself; a comparison an entry.
    """
    check_secret("count_above", x)
    found = (x >= threshold if inclusive else x > threshold).sum(axis)
    parents = [x, threshold] if isinstance(threshold, Secret) else [x]
    return named(found, f"number of {text_of(x)} {'≥' if inclusive else '>'} {text_of(threshold)}", *parents)


@dataclass(frozen=True, slots=True)
class Score:
    """A score of points a row: ``points``, and ``flagged``, 1 for rows that reach the threshold; both secret."""

    points: Secret
    flagged: Secret

    def count(self) -> Secret:
        """Return how many rows reach the threshold.  Reveals nothing by itself."""
        return self.flagged.sum()


def score(rules: Sequence[Secret], threshold: Operand, *, points: Sequence[Operand] | None = None) -> Score:
    """Return each row's points, added up over rules, and whether they reach a public or secret threshold.

    A rule is a vector over the same rows, of whichever member: zeros and ones, such as ``amount > 10_000``, or a
    member's own points.  ``points`` are public factors of the rules, 1 without more said.  Reveals nothing by itself;
    a comparison a row.
    """
    if isinstance(rules, Secret):
        fail("ts.score takes a list of rules", hint="as in ts.score([x > 5, y > 7], 2)")
    if not rules:
        fail("ts.score without rules")
    for rule in rules:
        check_secret("score", rule)
        if rule.ndim != 1 or rule.shape != rules[0].shape:
            shapes = ", ".join(str(r.shape) for r in rules)
            fail(
                f"ts.score takes rules over the same rows, not of shapes {shapes}",
                hint="all members' columns must be about the same rows, in one order",
            )
    factors = [1] * len(rules) if points is None else list(points)
    if len(factors) != len(rules):
        fail(f"{len(factors)} numbers of points for {len(rules)} rules")
    parts = [rule * factor for rule, factor in zip(rules, factors, strict=True)]
    decimals = max(p.decimals for p in parts)
    total = named(reduce(add, [part.rescale(decimals) for part in parts]), "points", *rules)
    return Score(total, named(total >= threshold, f"points ≥ {text_of(threshold)}", *rules))
