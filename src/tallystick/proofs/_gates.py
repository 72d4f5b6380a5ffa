# SPDX-License-Identifier: Apache-2.0
"""Gate rows: M multiplications as one polynomial identity, and all claims as one linear form.

Normative text: ``spec/gates.md``; the letters are that page's.  Everything here that touches a witness is
linear in it, so each function serves a single prover on values, and parties on shares or
on MACs alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..algebra import Vector
from ..backend import FR_MODULUS, Backend
from ._relation import Relation, Shape

__all__ = [
    "CombinedClaims",
    "GatePoint",
    "LinearClaim",
    "arrange_rows",
    "combined_claims",
    "coset_values",
    "linear_claim",
    "pad_gates",
    "root_of_unity",
]

_R = FR_MODULUS
_GENERATOR = 7


@cache
def root_of_unity(n: int) -> int:
    """Return omega_n = 7**((r-1)/n), for n a power of two up to 2**32."""
    return pow(_GENERATOR, (_R - 1) // n, _R)


def pad_gates(shape: Shape, wires: Vector) -> Vector:
    """Pad one value per gate with zeros to whole gate rows: length R_g * M."""
    return wires.pad(shape.gate_rows * shape.gates_per_row)


def coset_values(shape: Shape, wires: Vector, blinders: Vector) -> Vector:
    """Evaluate f (or g) of every gate row on the odd powers of omega_2M.

    ``wires`` are the R_g * M padded gate inputs, ``blinders`` the R_g values u (or v).  Returns R_g * M
    values; entry iM + j belongs to omega**(2j+1) of row i.  On the coset X**M - 1 is -2.
    """
    m, rows = shape.gates_per_row, shape.gate_rows
    backend = wires.backend
    coefficients = wires.ntt(m, inverse=True)
    twist = Vector.powers(backend, root_of_unity(2 * m), m)
    on_coset = (coefficients * twist.tiled(rows)).ntt(m)
    return on_coset - (blinders * 2).repeated(m)


def arrange_rows(
    shape: Shape,
    *,
    inputs: tuple[Vector, ...],
    free: Vector,
    blinders: Vector,
    gates: Vector,
    coset: Vector | None,
) -> Vector:
    """Lay a witness out as the R x c matrix of ``spec/relation.md``, row-major.

    ``inputs[k]`` are owner k's slots, ``free`` the free slots, ``blinders`` the values beside them, ``gates`` the gate
    outputs (any number up to R_g * M), ``coset`` the R_g * M odd entries, or None where gate rows hold outputs alone.
    """
    c = shape.columns
    parts = [slots.pad(shape.input_rows_of(k) * c) for k, slots in enumerate(inputs)]
    parts.append(Vector.concat([free, blinders]).pad(shape.free_rows * c))
    if shape.gate_rows:
        outputs = pad_gates(shape, gates)
        parts.append(
            outputs if coset is None else Vector.concat([outputs, coset]).transposed(2, len(outputs))
        )
    return Vector.concat(parts)


@dataclass(frozen=True, slots=True)
class GatePoint:
    """The point xi at which gate rows are opened, with its Lagrange coefficients.

    ``ell`` are the M values l_j(xi); ``even`` and ``odd`` are the values lambda_k(xi), M of either parity of k;
    ``vanish`` is xi**M - 1 and ``vanish2`` is xi**(2M) - 1, and neither may be zero.
    """

    shape: Shape
    xi: int
    ell: Vector
    even: Vector
    odd: Vector
    vanish: int
    vanish2: int

    @classmethod
    def at(cls, backend: Backend, shape: Shape, xi: int) -> GatePoint:
        """Compute the coefficients at xi, which must not be a 2M-th root of unity (ValueError)."""
        m = shape.gates_per_row
        vanish2 = (pow(xi, 2 * m, _R) - 1) % _R
        if vanish2 == 0:
            raise ValueError("xi is a root of unity")
        vanish = (pow(xi, m, _R) - 1) % _R
        roots = Vector.powers(backend, root_of_unity(2 * m), 2 * m)
        lam = roots * (Vector.constant(backend, xi, 2 * m) - roots).inverse()
        even, odd = lam[::2], lam[1::2]
        ell = even * (vanish * pow(m, -1, _R))
        scale = vanish2 * pow(2 * m, -1, _R)
        return cls(shape, xi, ell, even * scale, odd * scale, vanish, vanish2)

    def factors(self, wires: Vector, blinders: Vector) -> Vector:
        """Return F (or G) of every gate row, from padded wires and the blinders u (or v)."""
        return wires.matvec(self.ell) + blinders * self.vanish

    def products(self, outputs: Vector, coset: Vector, blinders: Vector) -> Vector:
        """Return h(xi) of every gate row, from padded outputs, coset entries and the blinders w."""
        return outputs.matvec(self.even) + coset.matvec(self.odd) + blinders * self.vanish2


@dataclass(frozen=True, slots=True)
class LinearClaim:
    """The one claim <form, X>*Q = value*Q + weights*points; ``form`` is R x c, row-major.

    ``weights`` has one entry a published point.
    """

    form: Vector
    value: int
    weights: Vector

    def at(self, rows: Vector, columns: Vector) -> int:
        """Return the form's inner product with the matrix of all rows[i] * columns[j]."""
        return self.form.combine(rows).dot(columns)


@dataclass(frozen=True, slots=True)
class CombinedClaims:
    """Every claim of a relation, combined with powers of rho: the one claim, its form not yet laid out as a matrix.

    ``inputs[k]``, ``free`` and ``gates`` are the coefficients of owner k's slots, free slots and gate outputs,
    ``blinders`` those of (u, v, w), gate row by gate row.  ``on_rows`` has a weight a gate row, with which ``point``
    gives the rest: of its even entries besides ``gates``, and of its odd ones.  ``value`` and ``weights`` are those of
    the ``LinearClaim``.
    """

    shape: Shape
    point: GatePoint | None
    inputs: tuple[Vector, ...]
    free: Vector
    blinders: Vector
    gates: Vector
    on_rows: Vector
    value: int
    weights: Vector

    def laid_out(self) -> LinearClaim:
        """Return the claim with its whole form."""
        coset, gates = Vector.zeros(self.free.backend, 0), self.gates
        if self.point is not None:
            gates = pad_gates(self.shape, gates) + self.on_rows.outer(self.point.even)
            coset = self.on_rows.outer(self.point.odd)
        form = arrange_rows(
            self.shape, inputs=self.inputs, free=self.free, blinders=self.blinders, gates=gates, coset=coset
        )
        return LinearClaim(form, self.value, self.weights)

    def at(self, rows: Vector, columns: Vector) -> int:
        """Return the form's inner product with the matrix of all rows[i] * columns[j], without laying it out."""
        shape = self.shape
        parts = [*self.inputs, Vector.concat([self.free, self.blinders])]
        heights = [shape.input_rows_of(k) for k in range(len(self.inputs))] + [shape.free_rows]
        total = start = 0
        for part, height in zip(parts, heights, strict=True):
            total += _on_product(part, rows[start : start + height], columns)
            start += height
        if self.point is not None:
            in_gates = rows[start:]
            even, odd = (columns[k::2] for k in (0, 1))
            total += _on_product(self.gates, in_gates, even)
            total += self.on_rows.dot(in_gates) * (self.point.even.dot(even) + self.point.odd.dot(odd))
        return total % _R


def _on_product(part: Vector, rows: Vector, columns: Vector) -> int:
    """Return the inner product of the first entries of a matrix, row by row, with rows[i] * columns[j]."""
    width = len(columns)
    whole = len(part) // width
    rest = part[whole * width :]
    total = part[: whole * width].combine(rows[:whole]).dot(columns) if whole else 0
    return total + (rows[whole] * rest.dot(columns[: len(rest)]) if len(rest) else 0)


def linear_claim(
    relation: Relation, point: GatePoint | None, rho: int, *, outputs: Vector, evaluations: Vector
) -> LinearClaim:
    """Combine every claim of a relation with powers of rho: see ``combined_claims``; the form is laid out."""
    return combined_claims(relation, point, rho, outputs=outputs, evaluations=evaluations).laid_out()


def combined_claims(
    relation: Relation, point: GatePoint | None, rho: int, *, outputs: Vector, evaluations: Vector
) -> CombinedClaims:
    """Combine every claim of a relation with powers of rho.

    ``outputs`` are the published outputs, ``evaluations`` F_0, G_0, F_1, G_1, ...  ``point`` is None exactly when the
    relation has no gates.  ``relation`` is the one that the published points give, if it has points.
    """
    shape, backend = relation.shape, outputs.backend
    powers = Vector.powers(backend, rho, shape.claims)
    n_out, n_zero, rows = shape.outputs, shape.zeros, shape.gate_rows
    by_row = powers[n_out + n_zero : n_out + n_zero + 3 * rows]
    on_points = powers[n_out + n_zero + 3 * rows :]
    rho_f, rho_g, rho_h = (by_row[k::3] for k in range(3))
    value = powers[:n_out].dot(outputs)
    if point is None:
        left = right = Vector.zeros(backend, 0)
    else:
        left, right = (rho.outer(point.ell)[: shape.gates] for rho in (rho_f, rho_g))
        f, g = evaluations[::2], evaluations[1::2]
        value += rho_f.dot(f) + rho_g.dot(g) + rho_h.dot(f * g)
    adjoint = relation.transpose(
        backend,
        left=left,
        right=right,
        zeros=powers[n_out : n_out + n_zero],
        outputs=powers[:n_out],
        points=on_points,
    )
    blinders = Vector.zeros(backend, 0)
    if point is not None:
        scaled = Vector.concat([rho_f * point.vanish, rho_g * point.vanish, rho_h * point.vanish2])
        blinders = scaled.transposed(3, rows)
    return CombinedClaims(
        shape=shape,
        point=point,
        inputs=adjoint.inputs,
        free=adjoint.free,
        blinders=blinders,
        gates=adjoint.gates,
        on_rows=rho_h,
        value=(value - adjoint.constant) % _R,
        weights=on_points,
    )
