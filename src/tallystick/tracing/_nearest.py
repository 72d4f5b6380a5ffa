# SPDX-License-Identifier: Apache-2.0
"""What to write instead of NumPy's functions and methods that secrets do not have."""

from __future__ import annotations

__all__ = ["INSTEAD", "instead_of"]

INSTEAD: dict[str, str] = {
    "absolute": "use ts.abs",
    "amax": "use ts.max",
    "amin": "use ts.min",
    "astype": "secrets are exact integers; x.rescale gives them decimals",
    "bincount": "use ts.group_by(x, range(10)).count()",
    "concat": "use ts.concat",
    "concatenate": "use ts.concat",
    "copy": "secrets do not change, so they need no copies",
    "average": "use ts.weighted_mean",
    "corrcoef": "use ts.correlation",
    "count_nonzero": "use (x != 0).sum()",
    "cov": "use ts.covariance",
    "digitize": "use ts.histogram or ts.group_by(x, edges=…)",
    "dot": "use x @ y",
    "dtype": "secrets are exact integers in an interval: see x.low, x.high and x.decimals",
    "flatten": "use x.reshape(-1)",
    "fmax": "use ts.maximum",
    "fmin": "use ts.minimum",
    "hstack": "use ts.concat",
    "inner": "use x @ y",
    "item": "use ts.reveal, and return what it gives as a result",
    "logical_and": "use x & y",
    "logical_not": "use ~x",
    "logical_or": "use x | y",
    "logical_xor": "use x ^ y",
    "matmul": "use x @ y",
    "nonzero": "positions are secret; work on x != 0, zeros and ones for all entries",
    "outer": "use x.reshape(-1, 1) * y",
    "ravel": "use x.reshape(-1)",
    "reciprocal": "use ts.reciprocal",
    "round": "use x.rescale(decimals, rounding='half up')",
    "around": "use x.rescale(decimals, rounding='half up')",
    "square": "use x ** 2",
    "stack": "use ts.stack",
    "swapaxes": "use x.T or x.moveaxis",
    "tolist": "use ts.reveal, and return what it gives as a result",
    "transpose": "use x.T or x.moveaxis",
    "var": "use ts.variance",
    "vstack": "use ts.concat or ts.stack",
}
"""NumPy's name, and what comes nearest.  The library, which is above this room, enters its own functions here."""


def instead_of(name: str) -> str:
    """Return what to write instead of ``numpy.name``."""
    return INSTEAD.get(name, "use the operators of the secret, or functions of ts")
