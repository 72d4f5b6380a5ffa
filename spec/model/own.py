# SPDX-License-Identifier: Apache-2.0
"""Prover and verifier of ``spec/own-proof.md``, written for reading.

The sumcheck is written from its definition: every polynomial of a round is a sum over the cube, evaluated in four
places and interpolated, and every multilinear extension is a sum over all places. From ρ on it is ``proof``'s opening.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from codec import scalars_to_bytes
from hashing import Stream, Transcript
from proof import (
    LinearForm,
    Proof,
    Row,
    Tamper,
    VerifyError,
    check_opening,
    commit,
    decode,
    honest,
    open_linear,
    start,
)
from relations import Relation, Shape, Statement, ceil_div, evaluate

from algebra import Point, R, dot, inverse

PROTOCOL = "tallystick/v2/own-proof"
DUMMIES = 2
DEGREE = 3  # of a round's polynomial


# -- shape ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OwnShape(Shape):
    """The dimensions of a witness whose gates are proved by a sumcheck, and where a slot lies in X."""

    @classmethod
    def of(cls, relation: Statement) -> OwnShape:
        """Return the shape of a relation's own proof."""
        if relation.shape.points:
            raise ValueError("a relation with points has no own proof")
        return cls(**vars(relation.shape))

    @property
    def variables(self) -> int:
        """M."""
        m = 0
        while self.gates and 1 << m < self.gates + DUMMIES:
            m += 1
        return m

    @property
    def places(self) -> int:
        """N."""
        return 1 << self.variables

    @property
    def blinders(self) -> int:
        """B."""
        return 7 + 3 * self.variables if self.gates else 0

    @property
    def per_row(self) -> int:
        """The gates of one gate row: c."""
        return self.columns

    @property
    def free_rows(self) -> int:
        """R_f."""
        return ceil_div(self.free + self.blinders, self.columns)

    @property
    def evaluations(self) -> int:
        """How many scalars a proof sends as ``evaluations``: T, the rounds, and three values at ζ."""
        return 4 + DEGREE * self.variables if self.gates else 0

    def place(self, slot: int) -> tuple[int, int]:
        """Return the row and the column of X that hold a slot."""
        if slot < self.first_gate:
            return super().place(slot)
        gate = slot - self.first_gate
        return self.place_gate_row(gate // self.columns), gate % self.columns

    def place_blinder(self, k: int) -> tuple[int, int]:  # type: ignore[override]
        """Return the row and the column of blinder k: u_0, u_1, v_0, v_1, w_0, w_1, a_0, a_{1,1}, …"""
        slot = self.free + k
        return self.input_rows + slot // self.columns, slot % self.columns


# -- polynomials over the cube ----------------------------------------------------------------------


def bits(j: int, m: int) -> list[int]:
    """Return the M bits of a place, the highest first."""
    return [j >> (m - 1 - i) & 1 for i in range(m)]


def eq(x: Sequence[int], y: Sequence[int]) -> int:
    """Return Π_i (x_i·y_i + (1 - x_i)·(1 - y_i))."""
    return prod((a * b + (1 - a) * (1 - b)) % R for a, b in zip(x, y, strict=True)) % R


def extension(values: Sequence[int], y: Sequence[int]) -> int:
    """Return the multilinear extension of 2^M values at y."""
    return sum(eq(bits(j, len(y)), y) * value for j, value in enumerate(values)) % R


def mask_at(a: Sequence[int], y: Sequence[int]) -> int:
    """Return g(y) for the coefficients a_0, a_{1,1}, a_{1,2}, a_{1,3}, a_{2,1}, …"""
    total = a[0]
    for i, point in enumerate(y):
        total += sum(a[1 + DEGREE * i + k - 1] * pow(point, k, R) for k in range(1, DEGREE + 1))
    return total % R


Polynomial = Callable[[Sequence[int]], int]


def sum_over_cube(f: Polynomial, fixed: Sequence[int], m: int) -> int:
    """Return Σ f(fixed, x) over all x in {0, 1}^(M - length of fixed)."""
    return sum(f([*fixed, *x]) for x in product((0, 1), repeat=m - len(fixed))) % R


def interpolate(values: Sequence[int]) -> Row:
    """Return the coefficients of the polynomial with the given values at 0, 1, 2, …"""
    total = [0] * len(values)
    for i, value in enumerate(values):
        basis = [1]  # Π_{k ≠ i} (Y - k)/(i - k), lowest coefficient first
        for k in range(len(values)):
            if k != i:
                scale = inverse(i - k)
                basis = [(a - k * b) * scale % R for a, b in zip([0, *basis], [*basis, 0], strict=True)]
        total = [(a + value * b) % R for a, b in zip(total, basis, strict=True)]
    return total


def round_polynomial(f: Polynomial, zetas: Sequence[int], m: int) -> Row:
    """Return c_0 … c_3 of p_i, from the definition of p_i in four places."""
    return interpolate([sum_over_cube(f, [*zetas, y], m) for y in range(DEGREE + 1)])


def carry(claim: int, sent: Sequence[int], zeta: int) -> int:
    """Return p_i(ζ_i): c_0 is what makes p_i(0) + p_i(1) the sum so far."""
    constant = (claim - sum(sent)) * inverse(2)
    return (constant + sum(c * pow(zeta, k, R) for k, c in enumerate(sent, 1))) % R


# -- the witness ------------------------------------------------------------------------------------


@dataclass
class Gates:
    """The vectors α, β, o over all N places."""

    left: Row
    right: Row
    outputs: Row

    def summand(self, a: Sequence[int], tau: Sequence[int], lam: int) -> Polynomial:
        """Return g + λ·eq(τ, ·)·(α̃·β̃ - õ)."""

        def at(y: Sequence[int]) -> int:
            alpha, beta, o = (extension(v, y) for v in (self.left, self.right, self.outputs))
            return (mask_at(a, y) + lam * eq(tau, y) * (alpha * beta - o)) % R

        return at


def gate_vectors(relation: Relation, slots: Sequence[int], blinders: Sequence[int]) -> Gates:
    """Return α, β, o: the gates, zeros, and the two dummies."""
    shape = OwnShape.of(relation)
    between = [0] * (shape.places - shape.gates - DUMMIES)
    left, right = ([evaluate(f, slots) for f in forms] for forms in (relation.left, relation.right))
    outputs = list(slots[shape.first_gate :])
    return Gates(
        left + between + list(blinders[0:2]),
        right + between + list(blinders[2:4]),
        outputs + between + list(blinders[4:6]),
    )


def witness_matrix(relation: Relation, slots: Sequence[int], blinders: Sequence[int]) -> list[Row]:
    """Return X."""
    shape = OwnShape.of(relation)
    x = [[0] * shape.columns for _ in range(shape.rows)]
    for slot, value in enumerate(slots):
        row, column = shape.place(slot)
        x[row][column] = value
    for k, value in enumerate(blinders):
        row, column = shape.place_blinder(k)
        x[row][column] = value
    return x


# -- the linear form --------------------------------------------------------------------------------


def claims_form(relation: Statement, zeta: Sequence[int], rho: int) -> LinearForm:
    """Return Σ_k ρ^k·claim_k: outputs, zeros, and with gates T, α̃(ζ), β̃(ζ), õ(ζ), g(ζ)."""
    shape = OwnShape.of(relation)
    m, n = shape.variables, shape.places
    powers = [pow(rho, k, R) for k in range(shape.outputs + shape.zeros + 5)]
    on_outputs, on_zeros = powers[: shape.outputs], powers[shape.outputs : -5]
    on_sum, on_left, on_right, on_gates, on_mask = powers[-5:]
    at = [eq(bits(j, m), zeta) for j in range(n)] if shape.gates else []
    left = [on_left * e % R for e in at[: shape.gates]]
    right = [on_right * e % R for e in at[: shape.gates]]
    slots, constant = relation.transpose(left, right, on_zeros, on_outputs, [], [])

    form = LinearForm([[0] * shape.columns for _ in range(shape.rows)], constant)
    for slot, coefficient in enumerate(slots):
        row, column = shape.place(slot)
        form.coefficients[row][column] = coefficient
    if not shape.gates:
        return form
    for j in range(shape.gates):
        row, column = shape.place(shape.first_gate + j)
        form.coefficients[row][column] = (form.coefficients[row][column] + on_gates * at[j]) % R
    blinders = [weight * e for weight in (on_left, on_right, on_gates) for e in at[n - DUMMIES :]]
    blinders.append(on_sum * 2**m + on_mask)
    blinders += [
        on_sum * 2 ** (m - 1) + on_mask * pow(point, k, R) for point in zeta for k in range(1, DEGREE + 1)
    ]
    for k, coefficient in enumerate(blinders):
        row, column = shape.place_blinder(k)
        form.coefficients[row][column] = coefficient % R
    return form


def mask_value(evaluations: Sequence[int], tau: Sequence[int], lam: int, zeta: Sequence[int]) -> int:
    """Return what g(ζ) has to be, for T, the rounds' coefficients and α̃(ζ), β̃(ζ), õ(ζ) as sent."""
    claim, *rounds = evaluations[:-3]
    alpha, beta, o = evaluations[-3:]
    for i, point in enumerate(zeta):
        claim = carry(claim, rounds[DEGREE * i : DEGREE * (i + 1)], point)
    return (claim - lam * eq(tau, zeta) * (alpha * beta - o)) % R


def claims_value(shape: OwnShape, outputs: Sequence[int], of_gates: Sequence[int], rho: int) -> int:
    """Return Σ_k ρ^k·value_k; ``of_gates`` are T, α̃(ζ), β̃(ζ), õ(ζ), g(ζ), or nothing."""
    values = [*outputs, *([0] * shape.zeros), *of_gates]
    return dot(values, [pow(rho, k, R) for k in range(len(values))])


# -- proving ----------------------------------------------------------------------------------------


def prove(
    relation: Relation,
    slots: Sequence[int],
    input_gammas: Sequence[int],
    outputs: Sequence[int],
    context: bytes,
    seed: bytes,
    tamper: Tamper = honest,
    log: dict[str, Any] | None = None,
) -> Proof:
    """Prove with all randomness from ``seed``, drawn as the page (Randomness and vectors) says.

    ``tamper`` lets the maker of bad vectors change a value on the way; ``log`` collects challenges.
    """
    log = {} if log is None else log
    shape = OwnShape.of(relation)
    draw = Stream(seed).draw
    gammas = [*input_gammas, *draw(shape.free_rows + shape.gate_rows)]
    drawn = draw(shape.blinders - DUMMIES if shape.gates else 0)
    inputs, a = drawn[:4], drawn[4:]
    products = [inputs[0] * inputs[2] % R, inputs[1] * inputs[3] % R] if shape.gates else []
    blinders = tamper("blinders", [*inputs, *products, *a])
    x = tamper("matrix", witness_matrix(relation, slots, blinders))
    commitments = [commit(row, g) for row, g in zip(x, gammas, strict=True)]
    proof = Proof(rows=commitments[shape.input_rows :])

    t = start(relation, context, commitments[: shape.input_rows], proof.rows, PROTOCOL)
    log |= {"tau": [], "zeta": []}
    of_gates = []
    if shape.gates:
        of_gates = sumcheck(t, shape, gate_vectors(relation, slots, blinders), blinders[6:], tamper, log)
    proof.evaluations = of_gates
    t.absorb("outputs", scalars_to_bytes(list(outputs)))
    t.absorb("evaluations", scalars_to_bytes(proof.evaluations[-3:]))
    rho = t.challenge("rho")
    log |= {"rho": rho}
    form = claims_form(relation, log["zeta"], rho)
    open_linear(t, proof, x, gammas, form.coefficients, draw, tamper, log)
    return proof


def sumcheck(
    t: Transcript, shape: OwnShape, gates: Gates, a: Sequence[int], tamper: Tamper, log: dict[str, Any]
) -> list[int]:
    """Run steps 1 to 4 of the page; return T, the rounds' coefficients, and α̃(ζ), β̃(ζ), õ(ζ)."""
    m = shape.variables
    tau = [t.challenge("tau") for _ in range(m)]
    total = tamper("sum", sum_over_cube(lambda y: mask_at(a, y), [], m))
    t.absorb("mask-sum", scalars_to_bytes([total]))
    lam = t.challenge("lambda")
    log |= {"tau": tau, "lambda": lam}
    f = gates.summand(a, tau, lam)
    sent = [total]
    zeta: list[int] = log["zeta"]
    for i in range(m):
        coefficients = tamper(f"round {i + 1}", round_polynomial(f, zeta, m)[1:])
        t.absorb("round", scalars_to_bytes(coefficients))
        sent += coefficients
        zeta.append(t.challenge("zeta"))
    sent += [extension(v, zeta) for v in (gates.left, gates.right, gates.outputs)]
    return list(tamper("evaluations", sent))


# -- verifying --------------------------------------------------------------------------------------


def verify(
    relation: Statement, input_rows: Sequence[Point], outputs: Sequence[int], context: bytes, data: bytes
) -> bytes:
    """Check an encoded proof; return its transcript's last state, or raise DecodeError or VerifyError."""
    shape = OwnShape.of(relation)
    if shape.rows == 0:
        raise VerifyError("shape")
    return check(relation, input_rows, outputs, context, decode(shape, data))


def check(
    relation: Statement,
    input_rows: Sequence[Point],
    outputs: Sequence[int],
    context: bytes,
    proof: Proof,
    *,
    literal: bool = True,
) -> bytes:
    """Check a decoded proof; ``literal`` as in ``check_opening``."""
    shape = OwnShape.of(relation)
    t = start(relation, context, input_rows, proof.rows, PROTOCOL)
    zeta: list[int] = []
    of_gates: list[int] = []
    if shape.gates:
        total, *rounds = proof.evaluations[:-3]
        tau = [t.challenge("tau") for _ in range(shape.variables)]
        t.absorb("mask-sum", scalars_to_bytes([total]))
        lam = t.challenge("lambda")
        for i in range(shape.variables):
            t.absorb("round", scalars_to_bytes(rounds[DEGREE * i : DEGREE * (i + 1)]))
            zeta.append(t.challenge("zeta"))
        of_gates = [total, *proof.evaluations[-3:], mask_value(proof.evaluations, tau, lam, zeta)]
    t.absorb("outputs", scalars_to_bytes(list(outputs)))
    t.absorb("evaluations", scalars_to_bytes(proof.evaluations[-3:]))
    rho = t.challenge("rho")
    form = claims_form(relation, zeta, rho)
    y = (claims_value(shape, outputs, of_gates, rho) - form.constant) % R
    return check_opening(t, proof, input_rows, form.coefficients, y, literal=literal)
