"""Pedersen commitments to rows: P_i = <X_i, G> + gamma_i * H (``spec/relation.md``)."""

from __future__ import annotations

import numpy as np

from ..algebra import Generators, Points, Vector

__all__ = ["commit_rows"]


def commit_rows(generators: Generators, columns: int, rows: Vector, gammas: Vector) -> Points:
    """Commit to ``len(gammas)`` rows of ``columns`` entries each, given row-major.

    Variable time in the entries, as every multi-scalar multiplication here (SECURITY.md).
    """
    n = len(gammas)
    if len(rows) != n * columns:
        raise ValueError(f"{len(rows)} entries are not {n} rows of {columns}")
    if n == 0:
        return Points.identity(rows.backend, 0)
    bases = Points.concat([generators.g[:columns], generators.h])
    entries = np.arange(n * columns, dtype=np.int64).reshape(n, columns)
    blinds = n * columns + np.arange(n, dtype=np.int64).reshape(n, 1)
    extended = Vector.concat([rows, gammas])[np.concatenate([entries, blinds], axis=1).reshape(-1)]
    return bases.msm_rows(extended)
