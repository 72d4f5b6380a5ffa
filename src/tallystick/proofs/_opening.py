# SPDX-License-Identifier: Apache-2.0
"""The linear opening: <L, X> = y for committed rows, folded rows first, then columns.

Normative text: ``spec/opening.md``; a compressed Sigma-protocol (Attema and Cramer, CRYPTO 2020, sections 4
and 5) over a matrix of Pedersen row commitments.  The letters are the spec page's.

``OpeningShare`` holds one party's share of the witness; a single prover is the case of one party.  Its
messages are linear in the share, so ``open_linear`` yields a party's own ``Part`` and is sent the sum of
all parties' parts: the same coroutine drives a lone prover and a joint proof.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from ..algebra import Generators, Points, Random, Vector
from ..backend import FR_MODULUS
from ._challenges import Challenges

__all__ = ["FINAL_SCALARS", "Opening", "OpeningShare", "Part", "add_parts", "open_linear", "solo"]

_R = FR_MODULUS
FINAL_SCALARS = 16


@dataclass(frozen=True, slots=True)
class Part:
    """One party's contribution to one prover message, or the sum of all parties' contributions.

    ``label`` is ``cross`` (points A, B), ``mask`` (points A*, T) or ``response`` (scalars: Z, then zeta, omega).  Where
    the claim has points, the mask ends with U and the response with eta.
    """

    label: str
    points: Points | None = None
    scalars: Vector | None = None

    def to_bytes(self) -> bytes:
        """Encode what the label says is there: points or scalars."""
        if self.points is not None:
            return self.points.to_bytes()
        assert self.scalars is not None
        return self.scalars.to_bytes()


def add_parts(a: Part, b: Part) -> Part:
    """Add two contributions to the same message."""
    if a.points is not None and b.points is not None:
        return Part(a.label, points=a.points + b.points)
    if a.scalars is not None and b.scalars is not None:
        return Part(a.label, scalars=a.scalars + b.scalars)
    raise ValueError("parts of different messages")


def _halves(vector: Vector, top: int) -> tuple[Vector, Vector]:
    return vector[:top], vector[top:].pad(top)


def _short_dot(top: Vector, bottom: Vector) -> int:
    """Return the inner product of a top half with a bottom half, which may lack zeros at its end."""
    return top[: len(bottom)].dot(bottom)


class OpeningShare:
    """One party's share of X and gamma, and the blinding values only this party knows.

    Each method is one prover step and consumes the state before it: ``cross`` then ``fold`` while ``rows`` > 1,
    then ``mask``, then ``respond``.  ``exponent`` is the share of W's logarithm in base Q, W the weighted sum of the
    published points, or None where there are none.
    """

    def __init__(
        self,
        generators: Generators,
        columns: int,
        *,
        rows: Vector,
        gammas: Vector,
        form: Vector,
        random: Random,
        exponent: int | None = None,
    ) -> None:
        self._generators = generators
        self._columns = columns
        self._x = rows
        self._gamma = gammas
        self._form = form
        self._random = random
        self._exponent = exponent
        self._s = 0
        self._blinds: tuple[int, ...] = (0, 0)
        self._mask = Vector.zeros(rows.backend, 0)

    def __repr__(self) -> str:
        return f"<OpeningShare of {self.rows} rows>"

    @property
    def rows(self) -> int:
        """How many rows remain."""
        return len(self._gamma)

    @property
    def columns(self) -> int:
        """Entries of a row."""
        return self._columns

    @property
    def form(self) -> Vector:
        """L as folded so far (public)."""
        return self._form

    def _on_q_and_h(self, on_q: list[int], on_h: list[int]) -> Points:
        n = len(on_q)
        bases = Points.concat([self._generators.q] * n + [self._generators.h] * n)
        products = bases.scale(Vector.from_ints(self._x.backend, on_q + on_h))
        return products[:n] + products[n:]

    def cross(self) -> Part:
        """Step 1: A = <L_B, X_T>*Q + a*H and B = <L_T, X_B>*Q + b*H."""
        top = -(-self.rows // 2) * self._columns
        x_t, x_b = self._x[:top], self._x[top:]
        l_t, l_b = self._form[:top], self._form[top:]
        a, b = self._random.vector(self._x.backend, 2).to_ints()
        self._blinds = (a, b)
        return Part("cross", points=self._on_q_and_h([_short_dot(x_t, l_b), _short_dot(l_t, x_b)], [a, b]))

    def fold(self, e: int) -> None:
        """Step 1: X' = X_T + e*X_B, L' = e*L_T + L_B, s' = e*s + a + e*e*b."""
        top = -(-self.rows // 2)
        x_t, x_b = _halves(self._x, top * self._columns)
        l_t, l_b = _halves(self._form, top * self._columns)
        gamma_t, gamma_b = _halves(self._gamma, top)
        self._x = x_b.axpy(e, x_t)
        self._gamma = gamma_b.axpy(e, gamma_t)
        self._form = l_t.axpy(e, l_b)
        a, b = self._blinds
        self._s = (e * self._s + a + e * e * b) % _R

    def mask(self) -> Part:
        """Step 2: A* = <S, G> + sigma*H and T = <L, S>*Q + tau*H, with uniform S, sigma, tau; U = mu*Q likewise."""
        backend = self._x.backend
        self._mask = self._random.vector(backend, self._columns)
        blinds = self._random.vector(backend, 2 if self._exponent is None else 3)
        sigma, tau, *_mu = self._blinds = tuple(blinds.to_ints())
        bases = Points.concat([self._generators.g[: self._columns], self._generators.h])
        a_star = bases.msm(Vector.concat([self._mask, Vector.from_ints(backend, [sigma])]))
        points = [a_star, self._on_q_and_h([self._form.dot(self._mask)], [tau])]
        if self._exponent is not None:
            points.append(self._generators.q.scale(blinds[2:]))
        return Part("mask", points=Points.concat(points))

    def respond(self, e: int) -> Part:
        """Step 2: Z = e*X + S, zeta = e*gamma + sigma, omega = e*s + tau, eta = e*w + mu."""
        sigma, tau, *mu = self._blinds
        z = self._x.axpy(e, self._mask)
        tail = [(e * self._gamma[0] + sigma) % _R, (e * self._s + tau) % _R]
        if self._exponent is not None:
            tail.append((e * self._exponent + mu[0]) % _R)
        return Part("response", scalars=Vector.concat([z, Vector.from_ints(z.backend, tail)]))


@dataclass(frozen=True, slots=True)
class Opening:
    """The messages of a finished opening, encoded as ``spec/opening.md`` says."""

    cross: bytes
    mask: bytes
    response: bytes
    halving: bytes
    final: bytes


def open_linear(
    generators: Generators, share: OpeningShare, challenges: Challenges
) -> Generator[Part, Part, Opening]:
    """Drive an opening: yields this party's parts, is sent their sums, returns the finished proof messages."""
    cross = []
    while share.rows > 1:
        total = yield share.cross()
        cross.append(total.to_bytes())
        share.fold(challenges.cross(cross[-1]))
    mask = (yield share.mask()).to_bytes()
    total = yield share.respond(challenges.mask(mask))
    assert total.scalars is not None
    z, tail = total.scalars[: share.columns], total.scalars[share.columns :]
    v = share.form.dot(z)
    response = v.to_bytes(32, "little") + tail.to_bytes()
    x = challenges.response(response)
    halving, final = _halve(generators, z, share.form, x, challenges)
    return Opening(b"".join(cross), mask, response, halving, final)


def solo(steps: Generator[Part, Part, Opening]) -> Opening:
    """Run ``open_linear`` for a single prover, whose part is the sum."""
    try:
        part = next(steps)
        while True:
            part = steps.send(part)
    except StopIteration as stop:
        opening: Opening = stop.value
        return opening


def _halve(
    generators: Generators, z: Vector, form: Vector, x: int, challenges: Challenges
) -> tuple[bytes, bytes]:
    """Step 3: halve columns until 16 scalars remain; Z is public by now.

    The generators are never folded: G'_j is the sum of weight_b * G_(b*m + j) over the c/m blocks b, so each
    cross point is one multi-scalar multiplication over half of the original generators.
    """
    c = len(z)
    backend = z.backend
    weights = Vector.from_ints(backend, [1])
    points = generators.g[:c]
    sent = []
    while len(z) > FINAL_SCALARS:
        m = len(z)
        half, blocks = m // 2, len(weights)
        z_t, z_b = z[:half], z[half:]
        l_t, l_b = form[:half], form[half:]
        column = np.tile(np.arange(half, dtype=np.int64), blocks)
        block = np.repeat(np.arange(blocks, dtype=np.int64), half)
        top = block * m + column
        on_q = Vector.from_ints(backend, [x * l_b.dot(z_t), x * l_t.dot(z_b)])
        weight = weights[block]
        a = Points.concat([points[top + half], generators.q]).msm(
            Vector.concat([weight * z_t[column], on_q[:1]])
        )
        b = Points.concat([points[top], generators.q]).msm(Vector.concat([weight * z_b[column], on_q[1:]]))
        sent.append(a.to_bytes() + b.to_bytes())
        e = challenges.halving(sent[-1])
        z = z_b.axpy(e, z_t)
        form = l_t.axpy(e, l_b)
        # A block of length m splits into two of length m/2: its top half weighs e, its bottom half 1.
        weights = Vector.concat([weights * e, weights]).transposed(2, blocks)
    final = z.to_bytes()
    challenges.final(final)
    return b"".join(sent), final
