"""Functions over secrets, written in the operations of a plan and nothing else: an auditor need not trust
them.
"""

from __future__ import annotations

from ..plan import concat, stack
from ._disclosure import add_noise
from ._statistics import count, covariance, mean, slope, sum, variance

__all__ = ["add_noise", "concat", "count", "covariance", "mean", "slope", "stack", "sum", "variance"]
