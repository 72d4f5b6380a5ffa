# SPDX-License-Identifier: Apache-2.0
"""Where the extremes are, and running sums.

Normative text: ``spec/library.md``, "Order".
"""

from __future__ import annotations

import numpy as np

from ..tracing import Secret, concat, constant, fail
from ._choice import axis_first, choose
from ._naming import named, text_of, units, with_scale

__all__ = ["argmax", "argmin", "cumsum"]


def argmax(x: Secret, axis: int | None = None) -> Secret:
    """Return the position of the greatest entry, the first of equals, as ``numpy.argmax``.

    Without an axis the position in row-major order.  Reveals nothing by itself.
    """
    return _position("argmax", x, axis, greatest=True)


def argmin(x: Secret, axis: int | None = None) -> Secret:
    """Return the position of the least entry, the first of equals, as ``numpy.argmin``.

    Without an axis the position in row-major order.  Reveals nothing by itself.
    """
    return _position("argmin", x, axis, greatest=False)


def _position(name: str, x: Secret, axis: int | None, *, greatest: bool) -> Secret:
    """Hold a tournament of neighbours, each with its value and its place; of equals the earlier stays."""
    front = axis_first(f"ts.{name}", x, axis)
    n = len(front)
    if not n:
        fail(f"ts.{name} of no entries")
    order = np.arange(n).astype(object).reshape(n, *[1] * (front.ndim - 1))
    values, places = front, constant(x.builder, order).broadcast_to(front.shape)
    while len(values) > 1:
        h = len(values) // 2 * 2
        ahead = values[0:h:2] >= values[1:h:2] if greatest else values[0:h:2] <= values[1:h:2]
        values, places = (concat([choose(ahead, v[0:h:2], v[1:h:2]), v[h:]]) for v in (values, places))
    return named(places[0], f"{name} of {text_of(x)}", x)


def cumsum(x: Secret, axis: int | None = None) -> Secret:
    """Return the sums of the entries up to and with each, along an axis or in row-major order, as ``numpy.cumsum``.

    Takes no gate; reveals nothing by itself.
    """
    front = axis_first("ts.cumsum", x, axis)
    n = len(front)
    total, step = units(front), 1
    while step < n:
        # Each entry is the sum of the last 2^i, as far as there are so many (Hillis and Steele, CACM 29(12), 1986).
        total = concat([total[:step], total[step:] + total[:-step]])
        step *= 2
    whole = with_scale(total, x.decimals) if axis is None else with_scale(total, x.decimals).moveaxis(0, axis)
    return named(whole, f"running sums of {text_of(x)}", x)
