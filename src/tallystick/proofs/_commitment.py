"""Pedersen commitments to rows: P_i = <X_i, G> + gamma_i * H (``spec/relation.md``).

What multiplies points by many scalars takes variable time.  So rows that hold plaintext, unlike shares, go through
``commit_masked``, or where they are bits through ``Points.subset_sums`` (``spec/constant-time.md``).
"""

from __future__ import annotations

import numpy as np

from ..algebra import Generators, Points, Random, Vector

__all__ = ["commit_masked", "commit_rows"]

_ROWS_AT_ONCE = 64


def commit_rows(generators: Generators, columns: int, rows: Vector, gammas: Vector) -> Points:
    """Commit to ``len(gammas)`` rows of ``columns`` entries each, given row-major.

    Variable time in the entries, which are public or uniform.
    """
    if len(rows) != len(gammas) * columns:
        raise ValueError(f"{len(rows)} entries are not {len(gammas)} rows of {columns}")
    if not len(gammas):
        return Points.identity(rows.backend, 0)
    bases = Points.concat([generators.g[:columns], generators.h])
    return bases.msm_rows(_beside(rows, gammas))


def commit_masked(bases: Points, h: Points, rows: Vector, gammas: Vector) -> Points:
    """Commit to rows of len(bases) entries each, in time that says nothing about the entries.

    To row i is added r_i times a row t, for uniform r_i and t, and r_i times what t gives is taken off again.  So each
    row that is multiplied is uniform, whatever the entries are and however they depend on one another.
    """
    backend, n, random = rows.backend, len(bases), Random.system()
    t, r = random.vector(backend, n), random.vector(backend, len(gammas))
    extended = Points.concat([bases, bases.msm(t), h])
    out = [Points.identity(backend, 0)]
    for start in range(0, len(gammas), _ROWS_AT_ONCE):
        few = slice(start, start + _ROWS_AT_ONCE)
        masked = rows[n * few.start : n * few.stop] + r[few].outer(t)
        out.append(extended.msm_rows(_beside(masked, -r[few], gammas[few])))
    return Points.concat(out)


def _beside(rows: Vector, *columns: Vector) -> Vector:
    """Return a matrix, row-major, with columns appended on its right."""
    m = len(columns[0])
    entries = np.arange(len(rows), dtype=np.int64).reshape(m, -1)
    more = len(rows) + np.arange(m * len(columns), dtype=np.int64).reshape(-1, m).T
    return Vector.concat([rows, *columns])[np.concatenate([entries, more], axis=1).reshape(-1)]
