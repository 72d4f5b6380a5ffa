"""Functions over secrets, written in the operations of a plan and nothing else: an auditor need not trust
them.
"""

from __future__ import annotations

from ..plan import concat, stack
from . import join
from ._choice import abs, all, any, clip, isin, max, maximum, min, minimum, sign, where
from ._disclosure import Suppressed, add_noise, round_to, suppress
from ._numbers import divide, floor_divide, reciprocal, sqrt
from ._statistics import count, covariance, mean, slope, sum, variance

__all__ = [
    "Suppressed",
    "abs",
    "add_noise",
    "all",
    "any",
    "clip",
    "concat",
    "count",
    "covariance",
    "divide",
    "floor_divide",
    "isin",
    "join",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "reciprocal",
    "round_to",
    "sign",
    "slope",
    "sqrt",
    "stack",
    "sum",
    "suppress",
    "variance",
    "where",
]
