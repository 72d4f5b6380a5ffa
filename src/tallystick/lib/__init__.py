"""Functions over secrets, written in the operations of a plan and nothing else: an auditor need not trust
them.
"""

from __future__ import annotations

from ..plan import INSTEAD, concat, stack
from . import join
from ._choice import abs, all, any, clip, isin, max, maximum, min, minimum, sign, where
from ._disclosure import Suppressed, add_noise, round_to, suppress
from ._numbers import divide, floor_divide, reciprocal, sqrt
from ._order import argsort, median, percentile, quantile, rank, sort, top_k
from ._regression import Regression, ols
from ._statistics import count, covariance, mean, slope, sum, variance

__all__ = [
    "Regression",
    "Suppressed",
    "abs",
    "add_noise",
    "all",
    "any",
    "argsort",
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
    "median",
    "min",
    "minimum",
    "ols",
    "percentile",
    "quantile",
    "rank",
    "reciprocal",
    "round_to",
    "sign",
    "slope",
    "sort",
    "sqrt",
    "stack",
    "sum",
    "suppress",
    "top_k",
    "variance",
    "where",
]

INSTEAD.update((name, f"use ts.{name}") for name in __all__)
