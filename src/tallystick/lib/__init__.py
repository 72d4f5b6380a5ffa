"""Functions over secrets, written in the operations of a plan and nothing else: an auditor need not trust
them.
"""

from __future__ import annotations

from ..tracing import INSTEAD, concat, stack
from . import join
from ._auction import SecondPrice, second_price
from ._choice import abs, all, any, clip, isin, max, maximum, min, minimum, sign, where
from ._deviations import outliers, zscores
from ._disclosure import Suppressed, add_noise, round_to, suppress
from ._groups import Groups, group_by, histogram
from ._logistic import logistic_regression
from ._moments import (
    correlation,
    count,
    covariance,
    mean,
    slope,
    std,
    sum,
    t_statistic,
    variance,
    weighted_mean,
)
from ._numbers import divide, floor_divide, reciprocal, sqrt
from ._order import argsort, median, percentile, quantile, rank, sort, top_k
from ._positions import argmax, argmin, cumsum
from ._regression import Regression, ols
from ._thresholds import Score, count_above, score

__all__ = [
    "Groups",
    "Regression",
    "Score",
    "SecondPrice",
    "Suppressed",
    "abs",
    "add_noise",
    "all",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "clip",
    "concat",
    "correlation",
    "count",
    "count_above",
    "covariance",
    "cumsum",
    "divide",
    "floor_divide",
    "group_by",
    "histogram",
    "isin",
    "join",
    "logistic_regression",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "ols",
    "outliers",
    "percentile",
    "quantile",
    "rank",
    "reciprocal",
    "round_to",
    "score",
    "second_price",
    "sign",
    "slope",
    "sort",
    "sqrt",
    "stack",
    "std",
    "sum",
    "suppress",
    "t_statistic",
    "top_k",
    "variance",
    "weighted_mean",
    "where",
    "zscores",
]

INSTEAD.update((name, f"use ts.{name}") for name in __all__)
