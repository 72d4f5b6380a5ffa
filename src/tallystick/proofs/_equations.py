# SPDX-License-Identifier: Apache-2.0
"""The equations of an opening, stated once: for a whole proof, and for one party's part of a joint one.

Normative text: ``spec/opening.md``, "The verifier never folds points" and "Jointly".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..algebra import Generators, Points, Vector
from ..backend import FR_MODULUS
from ._challenges import Drawn
from ._gates import LinearClaim
from ._opening import Part

__all__ = ["Equation", "Folds", "add_up", "opening_equations", "part_holds"]

_R = FR_MODULUS
_BYTES_A_SCALAR = 96
_BYTES_A_POINT = 320


@dataclass(frozen=True, slots=True)
class Equation:
    """One sum that must be the point at infinity: q*Q + h*H + g*G, and other points times scalars."""

    q: int
    h: int
    g: Vector
    terms: tuple[tuple[Points, Vector], ...]

    @property
    def held_bytes(self) -> int:
        """At most how many bytes its points and scalars hold, on either backend."""
        points = sum(len(of) for of, _ in self.terms)
        return _BYTES_A_SCALAR * (len(self.g) + points) + _BYTES_A_POINT * points


def add_up(generators: Generators, weighted: Iterable[tuple[int, Equation]]) -> Points:
    """Return the sum of equations times their weights, by one multi-scalar multiplication."""
    g = Vector.zeros(generators.backend, 0)
    q = h = 0
    points, scalars = [], []
    weights, counts = [], []
    for weight, equation in weighted:
        q += weight * equation.q
        h += weight * equation.h
        if len(equation.g):
            columns = max(len(g), len(equation.g))
            g = equation.g.pad(columns).axpy(weight, g.pad(columns))
        for of, by in equation.terms:
            points.append(of)
            scalars.append(by)
        weights.append(weight)
        counts.append(sum(len(of) for of, _ in equation.terms))
    none = Vector.zeros(generators.backend, 0)
    # One product of two long vectors costs less than many of short ones.
    each = Vector.from_ints(generators.backend, weights)[np.repeat(np.arange(len(weights)), counts)]
    by = Vector.concat([none, *scalars]) * each
    bases = Points.concat([generators.g[: len(g)], generators.h, generators.q, *points])
    return bases.msm(Vector.concat([g, Vector.from_ints(generators.backend, [h, q]), by]))


class Folds:
    """Foldings C' = e*C + A + e*e*B, unrolled: the last C is ``start`` times the first plus ``cross`` times A, B, …"""

    def __init__(self, challenges: Sequence[int]) -> None:
        self.challenges = challenges
        self.start = 1
        self.cross: list[int] = []
        for e in reversed(challenges):
            self.cross = [self.start, e * e % _R * self.start % _R, *self.cross]
            self.start = self.start * e % _R

    def row_weights(self, rows: int) -> tuple[list[int], list[int]]:
        """Return every row's weight in the folded X (top 1, bottom e) and in the folded L (top e, bottom 1)."""
        sizes = []
        while rows > 1:
            sizes.append(rows)
            rows = -(-rows // 2)
        in_x, in_l = [1], [1]
        for size, e in zip(reversed(sizes), reversed(self.challenges), strict=True):
            bottom = size - len(in_x)
            in_x = in_x + [e * w % _R for w in in_x[:bottom]]
            in_l = [e * w % _R for w in in_l] + in_l[:bottom]
        return in_x, in_l

    def last_form(self, form: Vector, rows: int) -> Vector:
        """Return L as folded to one row."""
        return form.combine(Vector.from_ints(form.backend, self.row_weights(rows)[1]))


def opening_equations(
    value: int,
    weights: Vector,
    drawn: Drawn,
    *,
    rows: Points,
    cross: Points,
    mask: Points,
    published: Points,
    response: Sequence[int],
    g: Vector,
    q: int = 0,
    scale: int = 1,
    halving: Sequence[tuple[Points, Vector]] = (),
) -> list[tuple[str, Equation]]:
    """Return what an opening of ``rows`` must satisfy, by the labels of the weights.

    ``value`` and ``weights`` are the claim's.
    ``cross``, ``mask``, ``response`` (v, zeta, omega, and eta with points) and the ``published`` points are what was
    said up to the response: by all, or by one party, with its own rows and its own value in the claim.  The rest is
    what became of Z: scale*(e*P_end + A* - zeta*H) = g*G + q*Q + halving; without halvings g is Z itself.
    """
    e, (v, zeta, omega, *eta) = drawn.mask, response
    folds = Folds(drawn.cross)
    in_y = -e * folds.start % _R

    def by(*scalars: int) -> Vector:
        return Vector.from_ints(g.backend, scalars)

    in_x, none = by(*folds.row_weights(len(rows))[0]), by()
    on_cross = (cross, by(*folds.cross) * -e)
    on_rows = (rows, in_x * (-scale * e))
    # v*Q + omega*H - e*Y_end - T = 0, where Y was y*Q + W; the one in Z; eta*Q - e*W - U = 0
    y_terms = (on_cross, (mask[1:2], by(-1)), (published, weights * in_y))
    equations = [
        ("y", Equation(v + in_y * value, omega, none, y_terms)),
        ("w", Equation(q, scale * zeta, g, (on_rows, (mask[:1], by(-scale)), *halving))),
    ]
    if eta:
        equations.append(("u", Equation(eta[0], 0, none, ((mask[2:], by(-1)), (published, weights * -e)))))
    return equations


def part_holds(
    generators: Generators,
    claim: LinearClaim,
    drawn: Drawn,
    parts: Sequence[Part],
    *,
    rows: Points,
    published: Points,
) -> bool:
    """Whether one party's contributions are right for its rows: an opening of them under the joint challenges.

    ``claim`` is the joint one but for its value, which is what the party announced as y_i; ``drawn`` are the
    challenges that all contributions share; ``parts`` the party's contributions in the order of ``open_linear``;
    ``rows`` the commitments of its share rows; ``published`` its shares of the claim's points.
    """
    *cross, mask, response = parts
    none = Points.identity(generators.backend, 0)
    assert mask.points is not None and response.scalars is not None
    form = Folds(drawn.cross).last_form(claim.form, len(rows))
    z, tail = response.scalars[: len(form)], response.scalars[len(form) :].to_ints()
    equations = opening_equations(
        claim.value,
        claim.weights,
        drawn,
        rows=rows,
        cross=Points.concat([none, *(part.points for part in cross if part.points is not None)]),
        mask=mask.points,
        published=published,
        response=[form.dot(z), *tail],
        g=z,
    )
    return all(add_up(generators, [(1, equation)]).is_identity() for _, equation in equations)
