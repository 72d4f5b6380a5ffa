"""Checking one party's contributions to a joint opening against its own row commitments.

Normative text: ``spec/opening.md``, "Jointly".  With the announced y_i = <L, X_i>, party i's contributions
are themselves an opening of its own rows under the challenges of the joint one, up to the response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..algebra import Generators, Points, Vector
from ..backend import FR_MODULUS
from ._verifier import Folds, row_weights

__all__ = ["JointChallenges", "part_holds"]

_R = FR_MODULUS


@dataclass(frozen=True, slots=True)
class JointChallenges:
    """The challenges that all parties' contributions share: one e per folding of rows, and that of the mask."""

    cross: tuple[int, ...]
    mask: int


def part_holds(
    generators: Generators,
    challenges: JointChallenges,
    *,
    form: Vector,
    value: int,
    rows: Points,
    cross: Sequence[Points],
    mask: Points,
    response: Vector,
    published: Points | None = None,
) -> bool:
    """Whether one party's contributions are right for its rows.

    ``form`` is L, row-major, and ``value`` what the party announced as y_i; ``rows`` are the
    commitments of its share rows; ``cross`` holds its A, B of every folding, ``mask`` its A*, T,
    ``response`` its Z, zeta, omega. Checks v*Q + omega*H = e*Y_end + T and <Z, G> + zeta*H = e*P_end + A*.
    Where the claim has points, ``published`` is W_i, the weighted sum of what the party published, the mask ends with
    U and the response with eta: eta*Q = e*W + U is checked too, and Y begins as y_i*Q + W_i.
    """
    backend = form.backend
    columns = len(form) // len(rows)
    folds = Folds(list(challenges.cross))
    in_x, in_l = row_weights(len(rows), folds.challenges)
    e = challenges.mask
    z, (zeta, omega, *eta) = response[:columns], response[columns:].to_ints()
    w = Points.identity(backend, 1) if published is None else published
    v = form.combine(Vector.from_ints(backend, in_l)).dot(z)
    start = e * folds.start % _R
    y_end = Points.concat([generators.q, generators.h, mask[1:2], w, *cross]).msm(
        Vector.from_ints(backend, [v - start * value, omega, -1, -start, *(-e * k for k in folds.cross)])
    )
    w_end = Points.concat([generators.g[:columns], generators.h, mask[:1], rows]).msm(
        Vector.concat([z, Vector.from_ints(backend, [zeta, -1]), Vector.from_ints(backend, in_x) * -e])
    )
    if not (y_end.is_identity() and w_end.is_identity()):
        return False
    if published is None:
        return True
    u_end = Points.concat([generators.q, w, mask[2:]]).msm(Vector.from_ints(backend, [eta[0], -e, -1]))
    return u_end.is_identity()
