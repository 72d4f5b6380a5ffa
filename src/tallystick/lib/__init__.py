"""Functions over secrets, written in the operations of a plan and nothing else: an auditor need not trust
them.
"""

from __future__ import annotations

from ..plan import concat, stack
from ._choice import abs, all, any, clip, isin, max, maximum, min, minimum, sign, where
from ._disclosure import add_noise
from ._statistics import count, covariance, mean, slope, sum, variance

__all__ = [
    "abs",
    "add_noise",
    "all",
    "any",
    "clip",
    "concat",
    "count",
    "covariance",
    "isin",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "sign",
    "slope",
    "stack",
    "sum",
    "variance",
    "where",
]
