# SPDX-License-Identifier: Apache-2.0
"""The sumcheck by which a prover who holds all gates proves them: rounds, and the linear claims that are left.

Normative text: ``spec/own-proof.md``; the letters are that page's.  Thaler, "Proofs, Arguments, and Zero-Knowledge",
sections 4.1 and 8.2; the mask is that of Libra (CRYPTO 2019), section 4.1, with coefficients that the witness's rows
commit to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..algebra import Vector
from ..backend import FR_BYTES, FR_MODULUS, Backend
from ._challenges import OwnChallenges
from ._gates import LinearClaim, arrange_rows
from ._relation import OwnShape, Relation

__all__ = ["Point", "Summed", "equality", "own_claim", "read_rounds", "run_rounds"]

_R = FR_MODULUS
_HALF = pow(2, -1, _R)


@dataclass(frozen=True, slots=True)
class Point:
    """Where the verifier's challenges led: tau, lambda and zeta."""

    tau: tuple[int, ...]
    weight: int
    zeta: tuple[int, ...]

    @property
    def equal(self) -> int:
        """eq(tau, zeta)."""
        product = 1
        for t, z in zip(self.tau, self.zeta, strict=True):
            product = product * (t * z + (1 - t) * (1 - z)) % _R
        return product


@dataclass(frozen=True, slots=True)
class Summed:
    """What a sumcheck leaves: five values of linear forms of the witness, at a point."""

    point: Point
    total: int
    left: int
    right: int
    out: int
    mask: int

    @property
    def values(self) -> tuple[int, ...]:
        """The five values in the order of their claims."""
        return self.total, self.left, self.right, self.out, self.mask


def equality(backend: Backend, point: Sequence[int]) -> Vector:
    """Return eq(point, j) for j = 0 ... 2**len(point) - 1, whose bits belong to the variables, the highest first."""
    *_, table = _tables(backend, point)
    return table


def _tables(backend: Backend, point: Sequence[int]) -> Iterator[Vector]:
    """Yield the tables of eq for the last k variables, k = 0 ... len(point)."""
    table = Vector.from_ints(backend, [1])
    yield table
    for z in reversed(point):
        table = Vector.from_ints(backend, [1 - z, z]).outer(table)
        yield table


def run_rounds(
    challenges: OwnChallenges,
    tau: Sequence[int],
    *,
    left: Vector,
    right: Vector,
    out: Vector,
    mask: Sequence[int],
) -> tuple[bytes, Summed]:
    """Prove that left * right = out in all 2**M places; return all that is said, the field ``evaluations``, and what it
    leaves to be proved.

    ``mask`` are its 1 + 3*M coefficients.  A round's polynomial is a linear factor, known from tau, times a quadratic,
    so that it follows from two sums and from the one before (Gruen, ePrint 2024/108, section 3).
    """
    backend, m = left.backend, len(tau)
    constant, coefficients = mask[0], [mask[1 + 3 * i : 4 + 3 * i] for i in range(m)]
    total = (constant << m) + (sum(map(sum, coefficients)) << (m - 1))
    said = [Vector.from_ints(backend, [total]).to_bytes()]
    weight = challenges.mask_sum(said[0])
    claim, known, zetas = 0, 1, []
    tables = list(_tables(backend, tau[1:]))[::-1]
    for i, (t, table) in enumerate(zip(tau, tables, strict=True)):
        half = len(left) // 2
        (a, da), (b, db), (o, do) = ((v[:half], v[half:] - v[:half]) for v in (left, right, out))
        at_zero = (table * a).dot(b) - table.dot(o)
        top = (table * da).dot(db)
        at_one = (claim * pow(known, -1, _R) - (1 - t) * at_zero) * pow(t, -1, _R)
        slope = at_one - at_zero - top
        # (1 - t + (2t - 1)*X) * (at_zero + slope*X + top*X**2)
        low, high = known * (1 - t) % _R, known * (2 * t - 1) % _R
        terms = (low * at_zero, low * slope + high * at_zero, low * top + high * slope, high * top)
        sent = [weight * p + (c << (m - i - 1)) for p, c in zip(terms[1:], coefficients[i], strict=True)]
        said.append(Vector.from_ints(backend, sent).to_bytes())
        zeta = challenges.round(said[-1])
        claim = _at(terms, zeta)
        known = (low + high * zeta) % _R
        left, right, out = da.axpy(zeta, a), db.axpy(zeta, b), do.axpy(zeta, o)
        zetas.append(zeta)
    data = b"".join([*said, left.to_bytes(), right.to_bytes(), out.to_bytes()])
    return data, summed(tau, weight, zetas, Vector.from_bytes(backend, data).to_ints())


def _at(coefficients: Sequence[int], z: int) -> int:
    """Return the value at z of the polynomial with these coefficients, the constant one first."""
    value = 0
    for c in reversed(coefficients):
        value = (value * z + c) % _R
    return value


def read_rounds(challenges: OwnChallenges, tau: Sequence[int], data: bytes, scalars: Sequence[int]) -> Summed:
    """Go through what a prover said, ``data`` and the same as ``scalars``; return what is left to be proved.

    Nothing can fail here: each round's polynomial is given but for its constant, which the sum of its values at 0 and 1
    says, and the mask's value is what makes the last equation true.
    """
    weight = challenges.mask_sum(data[:FR_BYTES])
    starts = range(FR_BYTES, len(data) - 3 * FR_BYTES, 3 * FR_BYTES)
    zeta = [challenges.round(data[k : k + 3 * FR_BYTES]) for k in starts]
    return summed(tau, weight, zeta, scalars)


def summed(tau: Sequence[int], weight: int, zeta: Sequence[int], said: Sequence[int]) -> Summed:
    """Return what is left to be proved of 4 + 3*M numbers that were said."""
    total = claim = said[0]
    for i, z in enumerate(zeta):
        c1, c2, c3 = said[1 + 3 * i : 4 + 3 * i]
        c0 = (claim - c1 - c2 - c3) * _HALF
        claim = _at((c0, c1, c2, c3), z)
    left, right, out = said[-3:]
    point = Point(tuple(tau), weight, tuple(zeta))
    return Summed(point, total, left, right, out, (claim - weight * point.equal * (left * right - out)) % _R)


def own_claim(relation: Relation, summed: Summed | None, rho: int, *, outputs: Vector) -> LinearClaim:
    """Combine every claim of a relation with powers of rho; ``summed`` is None exactly if there are no gates."""
    shape, backend = relation.shape, outputs.backend
    assert isinstance(shape, OwnShape)
    powers = Vector.powers(backend, rho, shape.claims)
    on_outputs, on_zeros = powers[: shape.outputs], powers[shape.outputs : shape.outputs + shape.zeros]
    value = on_outputs.dot(outputs)
    left = right = out = blinders = none = Vector.zeros(backend, 0)
    if summed is not None:
        on_gates = powers[shape.outputs + shape.zeros :].to_ints()
        value += sum(p * v for p, v in zip(on_gates, summed.values, strict=True))
        on_total, on_left, on_right, on_out, on_mask = on_gates
        table, zeta, m = equality(backend, summed.point.zeta), summed.point.zeta, shape.variables
        left, right, out = (table[: shape.gates] * p for p in (on_left, on_right, on_out))
        dummies = [table[-2:] * p for p in (on_left, on_right, on_out)]
        mask = [(on_total << m) + on_mask]
        mask += [(on_total << (m - 1)) + on_mask * pow(z, k, _R) for z in zeta for k in (1, 2, 3)]
        blinders = Vector.concat([*dummies, Vector.from_ints(backend, mask)])
    adjoint = relation.transpose(
        backend, left=left, right=right, zeros=on_zeros, outputs=on_outputs, points=none
    )
    form = arrange_rows(
        shape,
        inputs=adjoint.inputs,
        free=adjoint.free,
        blinders=blinders,
        gates=adjoint.gates + out,
        coset=None,
    )
    return LinearClaim(form, (value - adjoint.constant) % _R, none)
