# SPDX-License-Identifier: Apache-2.0
"""What a result is called where the plan says what is revealed, and its scale."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from ..tracing import Secret, fail, joined

__all__ = ["check_secret", "named", "shown_interval", "statistic", "text_of", "units", "with_scale"]


def named(result: Secret, text: str, *parents: Secret) -> Secret:
    """Return a result under a name, as something made of its parents."""
    origin = joined(text, [p.origin for p in parents])
    return Secret(result.builder, result.node, result.shape, decimals=result.decimals, origin=origin)


def statistic(result: Secret, text: str, *parents: Secret) -> Secret:
    """Return a result under a name, as what a statistic of all rows gives: of a single row it may be its entry."""
    found = named(result, text, *parents)
    origin = found.origin.as_statistic()
    return Secret(found.builder, found.node, found.shape, decimals=found.decimals, origin=origin)


def text_of(x: object) -> str:
    """Return how an operand appears in a name."""
    if not isinstance(x, Secret):
        return str(x) if isinstance(x, int | Decimal | Fraction) else "constants"
    return x.origin.wrapped


def shown_interval(x: Secret) -> str:
    """Return the interval of a secret for an error message."""
    return "no known range" if x.interval is None else f"[{x.low}, {x.high}]"


def units(x: Secret) -> Secret:
    """Return the integers that x consists of, without its scale."""
    return with_scale(x, 0)


def with_scale(x: Secret, decimals: int) -> Secret:
    """Return the same integers with another scale."""
    if x.decimals == decimals:
        return x
    return Secret(x.builder, x.node, x.shape, decimals=decimals, origin=x.origin)


def check_secret(name: str, x: object) -> None:
    """Fail unless this is a secret."""
    if not isinstance(x, Secret):
        fail(f"ts.{name} takes a secret, not {type(x).__name__}", hint="join members' columns with ts.concat")
