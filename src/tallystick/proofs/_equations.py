"""The equations of an opening, stated once: for a whole proof, and for one party's part of a joint one.

Normative text: ``spec/opening.md``, "The verifier never folds points" and "Jointly".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..algebra import Generators, Points, Vector
from ..backend import FR_MODULUS
from ._gates import LinearClaim

__all__ = ["Drawn", "Equation", "Folds", "Opened", "Remainder", "add_up"]

_R = FR_MODULUS


@dataclass(frozen=True, slots=True)
class Equation:
    """One sum that must be the point at infinity: g*G + h*H + q*Q + scalars*points."""

    g: Vector
    h: int
    q: int
    points: Points
    scalars: Vector


def add_up(generators: Generators, weighted: Iterable[tuple[int, Equation]]) -> Points:
    """Return the sum of at least one equation times its weight, by one multi-scalar multiplication."""
    g = Vector.zeros(generators.backend, 0)
    h = q = 0
    points, scalars = [], []
    for weight, equation in weighted:
        if len(equation.g):
            columns = max(len(g), len(equation.g))
            g = equation.g.pad(columns).axpy(weight, g.pad(columns))
        h += weight * equation.h
        q += weight * equation.q
        points.append(equation.points)
        scalars.append(equation.scalars * weight)
    bases = Points.concat([generators.g[: len(g)], generators.h, generators.q, *points])
    return bases.msm(Vector.concat([g, Vector.from_ints(generators.backend, [h, q]), *scalars]))


class Folds:
    """The challenges of a sequence of foldings C' = e*C + A + e*e*B, unrolled: ``start``*C + ``cross``*(A, B, ...)."""

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


@dataclass(frozen=True, slots=True)
class Drawn:
    """The challenges of an opening up to its response: one e per folding of rows, and that of the mask."""

    cross: tuple[int, ...]
    mask: int


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left of W = <Z, G> + x*<L, Z>*Q: ``scale``*W + ``scalars``*``points`` = ``g``*G + ``q``*Q.

    The halvings of Z leave that; with Z itself, the scale is 1 and there are no points.
    """

    g: Vector
    q: int
    scale: int
    points: Points
    scalars: list[int]


class Opened:
    """What an opening says up to its response, of all rows or of one party's shares of them.

    ``claim`` is what is opened, ``rows`` are the commitments of the rows, ``cross`` holds A, B of every folding,
    ``mask`` A* and T, and U where the claim has points, ``published`` those points.
    """

    def __init__(
        self,
        claim: LinearClaim,
        drawn: Drawn,
        *,
        rows: Points,
        cross: Points,
        mask: Points,
        published: Points,
    ) -> None:
        self._claim = claim
        self._e = drawn.mask
        self._folds = Folds(drawn.cross)
        self._in_x, in_l = self._folds.row_weights(len(rows))
        self._rows, self._cross, self._mask, self._published = rows, cross, mask, published
        self.form = claim.form.combine(Vector.from_ints(claim.form.backend, in_l))
        """L as folded to one row."""

    def equations(
        self, v: int, tail: Sequence[int], x: int, remainder: Remainder
    ) -> tuple[tuple[str, Equation], ...]:
        """Return the equations, with the labels of their weights; ``tail`` is zeta, omega and, with points, eta."""
        backend, e = self.form.backend, self._e
        none = Vector.zeros(backend, 0)
        zeta, omega, *etas = tail
        # v*Q + omega*H - e*Y_end - T = 0, where Y began as y*Q + W.
        in_y = -e * self._folds.start % _R
        y = Equation(
            none,
            omega,
            (v + in_y * self._claim.value) % _R,
            Points.concat([self._cross, self._mask[1:2], self._published]),
            Vector.concat(
                [
                    Vector.from_ints(backend, [*(-e * k for k in self._folds.cross), -1]),
                    self._claim.weights * in_y,
                ]
            ),
        )
        # g*G + q*Q - scale*(e*P_end + A* - zeta*H + x*v*Q) - scalars*points = 0
        scale = remainder.scale
        w = Equation(
            remainder.g,
            scale * zeta % _R,
            (remainder.q - scale * x * v) % _R,
            Points.concat([self._rows, self._mask[:1], remainder.points]),
            Vector.concat(
                [
                    Vector.from_ints(backend, self._in_x) * (-scale * e % _R),
                    Vector.from_ints(backend, [-scale, *(-k for k in remainder.scalars)]),
                ]
            ),
        )
        # eta*Q - e*W - U = 0
        u = [
            Equation(
                none,
                0,
                eta,
                Points.concat([self._mask[2:], self._published]),
                Vector.concat([Vector.from_ints(backend, [-1]), self._claim.weights * (-e % _R)]),
            )
            for eta in etas
        ]
        return tuple(zip("ywu", [y, w, *u], strict=False))
