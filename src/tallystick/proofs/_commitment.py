# SPDX-License-Identifier: Apache-2.0
"""Pedersen commitments to rows: P_i = <X_i, G> + gamma_i * H (``spec/relation.md``).

Multi-scalar multiplication takes variable time: what reaches it is public or uniform (``spec/constant-time.md``).
"""

from __future__ import annotations

import numpy as np

from ..algebra import Generators, Points, Random, Vector

__all__ = ["commit_over", "commit_rows", "commit_rows_var"]

_ROWS_AT_ONCE = 64


def commit_rows(generators: Generators, columns: int, rows: Vector, gammas: Vector) -> Points:
    """Commit to ``len(gammas)`` rows of ``columns`` entries each, given row-major; see ``commit_over``."""
    return commit_over(generators.g[:columns], generators, rows, gammas)


def commit_rows_var(generators: Generators, columns: int, rows: Vector, gammas: Vector) -> Points:
    """Commit to rows in variable time: their entries are public, or uniform as shares are."""
    _check(columns, rows, gammas)
    if not len(gammas):
        return Points.identity(rows.backend, 0)
    return Points.concat([generators.g[:columns], generators.h]).msm_rows(_beside(rows, gammas))


def commit_over(bases: Points, generators: Generators, rows: Vector, gammas: Vector) -> Points:
    """Commit to rows of len(bases) entries over any bases, in time that says nothing about the entries.

    To row i is added r_i times a row t, for uniform r_i and t, and r_i times what t gives is taken off again.  So each
    row that is multiplied is uniform, whatever the entries are and however they depend on one another.
    """
    _check(len(bases), rows, gammas)
    backend, n, random = rows.backend, len(bases), Random.system()
    t, r = random.vector(backend, n), random.vector(backend, len(gammas))
    extended = Points.concat([bases, bases.msm(t), generators.h])
    out = [Points.identity(backend, 0)]
    for start in range(0, len(gammas), _ROWS_AT_ONCE):
        stop = start + _ROWS_AT_ONCE
        masked = rows[n * start : n * stop] + r[start:stop].outer(t)
        out.append(extended.msm_rows(_beside(masked, -r[start:stop], gammas[start:stop])))
    return Points.concat(out)


def _check(columns: int, rows: Vector, gammas: Vector) -> None:
    if len(rows) != len(gammas) * columns:
        raise ValueError(f"{len(rows)} entries are not {len(gammas)} rows of {columns}")


def _beside(rows: Vector, *columns: Vector) -> Vector:
    """Return a matrix, row-major, with columns appended on its right."""
    m = len(columns[0])
    entries = np.arange(len(rows), dtype=np.int64).reshape(m, -1)
    more = len(rows) + np.arange(m * len(columns), dtype=np.int64).reshape(-1, m).T
    return Vector.concat([rows, *columns])[np.concatenate([entries, more], axis=1).reshape(-1)]
