"""Statistics whose sums are opened and divided in public.

What each function reveals is more than its result: the sums it is made of.  Its docstring says which, and so
does the plan, under what is revealed.
"""

from __future__ import annotations

from ..plan import Opened, Secret, fail, reveal

__all__ = ["count", "covariance", "mean", "slope", "sum", "variance"]


def count(x: Secret, axis: int | None = None) -> int:
    """Return the public number of entries, all or along an axis."""
    _check("count", x)
    if axis is None:
        return x.size
    if not -x.ndim <= axis < x.ndim:
        fail(f"axis {axis} of {x.ndim} dimensions")
    return x.shape[axis]


def sum(x: Secret, axis: int | None = None) -> Secret:  # NumPy's name
    """Return the sum of all entries, or along an axis.  Reveals nothing by itself."""
    _check("sum", x)
    return x.sum(axis)


def mean(x: Secret, axis: int | None = None) -> Opened:
    """Return the mean of all entries, or along an axis.  Reveals the sum."""
    _check("mean", x)
    return _opened(x.sum(axis)) / count(x, axis)


def variance(x: Secret, axis: int | None = None, *, ddof: int = 0) -> Opened:
    """Return the variance with divisor n - ddof, as NumPy does.  Reveals the sum and the sum of squares."""
    _check("variance", x)
    n = count(x, axis)
    total, squares = _opened(x.sum(axis)), _opened((x * x).sum(axis))
    return (squares - total * total / n) / (n - ddof)


def covariance(x: Secret, y: Secret, *, ddof: int = 0) -> Opened:
    """Return the covariance of two vectors, divisor n - ddof.  Reveals both sums and the sum of products."""
    _check_pair("covariance", x, y)
    n = count(x)
    return (_opened((x * y).sum()) - _opened(x.sum()) * _opened(y.sum()) / n) / (n - ddof)


def slope(x: Secret, y: Secret) -> Opened:
    """Return the slope of the least-squares line of y on x.

    Reveals both sums, the sum of the squares of x and the sum of products.  Undefined where all x are equal.
    """
    _check_pair("slope", x, y)
    n = count(x)
    sum_x, sum_y = _opened(x.sum()), _opened(y.sum())
    return (n * _opened((x * y).sum()) - sum_x * sum_y) / (n * _opened((x * x).sum()) - sum_x * sum_x)


def _opened(total: Secret) -> Opened:
    """Open a sum, also of a single row: how few rows it has is for the plan's warnings to say."""
    return reveal(total, allow_input=True)


def _check(name: str, x: Secret) -> None:
    if not isinstance(x, Secret):
        fail(f"ts.{name} takes a secret, not {type(x).__name__}", hint="join members' columns with ts.concat")


def _check_pair(name: str, x: Secret, y: Secret) -> None:
    _check(name, x)
    _check(name, y)
    if x.ndim != 1 or x.shape != y.shape:
        fail(f"ts.{name} takes two vectors of one length, not shapes {x.shape} and {y.shape}")
