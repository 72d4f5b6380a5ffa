# SPDX-License-Identifier: Apache-2.0
"""Prover and verifier of ``spec/gates.md`` and ``spec/opening.md``, written for reading.

The verifier folds commitments and generators literally, round by round; the package's verifier unrolls all
rounds into one multi-scalar multiplication. The two agreeing is a test of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from codec import (
    DecodeError,
    cbor_decode,
    cbor_encode,
    points_from_bytes,
    points_to_bytes,
    scalars_from_bytes,
    scalars_to_bytes,
)
from hashing import Stream, Transcript, generator
from relations import Relation, Shape, Statement, ceil_div, evaluate

from algebra import INFINITY, Point, R, add, dot, equal, inverse, msm, mul, neg, root

Row = list[int]
LAST = 16  # scalars sent at the end of the halving


class VerifyError(Exception):
    """A proof that decodes but does not hold; the message is the name of the check."""


# -- vectors and rows -------------------------------------------------------------------------------


def lin(e: int, a: Sequence[int], b: Sequence[int]) -> Row:
    """Return e·a + b."""
    return [(e * x + y) % R for x, y in zip(a, b, strict=True)]


def matrix_dot(a: Sequence[Row], b: Sequence[Row]) -> int:
    """Return the inner product of two matrices."""
    return sum(dot(x, y) for x, y in zip(a, b, strict=True)) % R


def commit(row: Row, gamma: int) -> Point:
    """Return <row, G> + γ·H."""
    generators = [generator("G", i) for i in range(len(row))]
    return msm([*row, gamma], [*generators, generator("H")])


def in_q_and_h(q: int, h: int) -> Point:
    """Return q·Q + h·H."""
    return msm([q, h], [generator("Q"), generator("H")])


# -- gate rows --------------------------------------------------------------------------------------


def lagrange(xi: int, size: int) -> list[int]:
    """Return the Lagrange basis of the ``size``-th roots of unity at ξ: λ_k(ξ), k = 0 … size-1."""
    w = root(size)
    scale = (pow(xi, size, R) - 1) * inverse(size) % R
    return [scale * pow(w, k, R) % R * inverse(xi - pow(w, k, R)) % R for k in range(size)]


def gate_row(alpha: Row, beta: Row, u: int, v: int) -> Row:
    """Return h_k = f(ω^k)·g(ω^k), k = 0 … 2M-1, from the definition of f and g (quadratic time)."""
    m = len(alpha)
    w = root(2 * m)
    row = []
    for k in range(2 * m):
        if k % 2 == 0:
            row.append(alpha[k // 2] * beta[k // 2] % R)
            continue
        at = pow(w, k, R)
        basis = lagrange(at, m)
        vanishing = pow(at, m, R) - 1
        row.append((dot(alpha, basis) + u * vanishing) * (dot(beta, basis) + v * vanishing) % R)
    return row


def gate_inputs(relation: Relation, slots: Sequence[int], row: int) -> tuple[Row, Row]:
    """Return (α, β) of one gate row, padded with zeros to M gates."""
    m = relation.shape.per_row
    pairs = []
    for forms in (relation.left, relation.right):
        values = [evaluate(form, slots) for form in forms[row * m : (row + 1) * m]]
        pairs.append(values + [0] * (m - len(values)))
    return pairs[0], pairs[1]


def witness_matrix(relation: Relation, slots: Sequence[int], blinders: Sequence[int]) -> list[Row]:
    """Return X; ``blinders`` are u_0, v_0, u_1, v_1, …"""
    shape = relation.shape
    x = [[0] * shape.columns for _ in range(shape.rows)]
    for slot, value in enumerate(slots):
        row, column = shape.place(slot)
        x[row][column] = value
    for i in range(shape.gate_rows):
        u, v = blinders[2 * i : 2 * i + 2]
        for which, value in enumerate((u, v, u * v % R)):
            row, column = shape.place_blinder(i, which)
            x[row][column] = value
        alpha, beta = gate_inputs(relation, slots, i)
        full = gate_row(alpha, beta, u, v)
        target = x[shape.place_gate_row(i)]
        target[1::2] = full[1::2]
    return x


# -- the linear form --------------------------------------------------------------------------------


@dataclass
class LinearForm:
    """An affine form of X: coefficients per entry, and a constant."""

    coefficients: list[Row]
    constant: int


def claims_form(
    relation: Statement, xi: int, rho: int, published: Sequence[Point] = ()
) -> tuple[LinearForm, Row]:
    """Return Σ_k ρ^k·claim_k: outputs, zeros, F_i, G_i, h_i(ξ) of each gate row, points; and the points' weights."""
    shape = relation.shape
    c, m = shape.columns, shape.per_row
    powers = [1]
    for _ in range(shape.outputs + shape.zeros + 3 * shape.gate_rows + shape.points):
        powers.append(powers[-1] * rho % R)
    on_outputs, on_zeros = powers[: shape.outputs], powers[shape.outputs : shape.outputs + shape.zeros]
    on_rows = powers[shape.outputs + shape.zeros :]  # F_0, G_0, h_0, F_1, …
    on_points = on_rows[3 * shape.gate_rows :][: shape.points]
    small, large = lagrange(xi, m), lagrange(xi, c)
    left, right = (
        [on_rows[3 * (j // m) + which] * small[j % m] % R for j in range(shape.gates)] for which in (0, 1)
    )
    slots, constant = relation.transpose(left, right, on_zeros, on_outputs, on_points, published)

    form = LinearForm([[0] * c for _ in range(shape.rows)], constant)
    for slot, coefficient in enumerate(slots):
        row, column = shape.place(slot)
        form.coefficients[row][column] = coefficient
    vanish_m, vanish_c = (pow(xi, m, R) - 1) % R, (pow(xi, c, R) - 1) % R
    for i in range(shape.gate_rows):
        for which, factor in enumerate((vanish_m, vanish_m, vanish_c)):
            row, column = shape.place_blinder(i, which)
            form.coefficients[row][column] = on_rows[3 * i + which] * factor % R
        at = shape.place_gate_row(i)
        form.coefficients[at] = lin(on_rows[3 * i + 2], large, form.coefficients[at])
    return form, on_points


def claims_value(shape: Shape, outputs: Sequence[int], evaluations: Sequence[int], rho: int) -> int:
    """Return Σ_k ρ^k·value_k."""
    values = [*outputs, *([0] * shape.zeros)]
    for f, g in zip(evaluations[::2], evaluations[1::2], strict=True):
        values += [f, g, f * g % R]
    total = 0
    for value in reversed(values):
        total = (total * rho + value) % R
    return total


# -- the proof's bytes ------------------------------------------------------------------------------


@dataclass
class Proof:
    """The fields of a proof, in the order in which they are made."""

    rows: list[Point] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)
    cross: list[Point] = field(default_factory=list)
    mask: list[Point] = field(default_factory=list)
    response: list[int] = field(default_factory=list)
    halving: list[Point] = field(default_factory=list)
    final: list[int] = field(default_factory=list)

    def encode(self) -> bytes:
        """Return the canonical CBOR of the proof."""
        points = {k: points_to_bytes(getattr(self, k)) for k in POINTS}
        scalars = {k: scalars_to_bytes(getattr(self, k)) for k in SCALARS}
        return cbor_encode(points | scalars)


POINTS = ("rows", "cross", "mask", "halving")
SCALARS = ("evaluations", "response", "final")


def lengths(shape: Shape) -> dict[str, int]:
    """Return how many points or scalars each field holds."""
    folds, halvings = 0, 0
    m = shape.rows
    while m >= 2:
        m, folds = ceil_div(m, 2), folds + 1
    n = shape.columns
    while n > LAST:
        n, halvings = n // 2, halvings + 1
    return {
        "rows": shape.free_rows + shape.gate_rows,
        "evaluations": shape.evaluations,
        "cross": 2 * folds,
        "mask": 3 if shape.points else 2,
        "response": 4 if shape.points else 3,
        "halving": 2 * halvings,
        "final": LAST,
    }


def decode(shape: Shape, data: bytes) -> Proof:
    """Decode a proof for a relation of this shape."""
    return from_fields(shape, cbor_decode(data))


def from_fields(shape: Shape, fields: Any) -> Proof:
    """Read a proof from its decoded map."""
    expected = lengths(shape)
    if not isinstance(fields, dict) or set(fields) != set(expected):
        raise DecodeError("a proof is a map with exactly the seven fields")
    proof = Proof()
    for name, count in expected.items():
        size, read = (48, points_from_bytes) if name in POINTS else (32, scalars_from_bytes)
        raw = fields[name]
        if not isinstance(raw, bytes) or len(raw) != count * size:
            raise DecodeError(f"{name} takes {count * size} bytes")
        setattr(proof, name, read(raw))
    return proof


# -- proving ----------------------------------------------------------------------------------------


def start(
    relation: Statement,
    context: bytes,
    input_rows: Sequence[Point],
    witness_rows: Sequence[Point],
    protocol: str = "tallystick/v1/proof",
) -> Transcript:
    """Return the transcript up to the first challenge."""
    t = Transcript(protocol)
    t.absorb("context", context)
    t.absorb("relation", relation.digest)
    t.absorb("shape", relation.shape.encode())
    t.absorb("input-rows", points_to_bytes(list(input_rows)))
    t.absorb("witness-rows", points_to_bytes(list(witness_rows)))
    return t


def split(rows: list[Any], zero: Any) -> tuple[list[Any], list[Any]]:
    """Return top and bottom, the bottom padded to the top's length."""
    t = ceil_div(len(rows), 2)
    return rows[:t], rows[t:] + [zero] * (2 * t - len(rows))


Tamper = Callable[[str, Any], Any]


def honest(_stage: str, value: Any) -> Any:
    """Change nothing: what an honest prover does to its own values."""
    return value


def open_linear(
    t: Transcript,
    proof: Proof,
    x: list[Row],
    gammas: Sequence[int],
    l: list[Row],
    draw: Callable[[int], list[int]],
    tamper: Tamper,
    log: dict[str, Any],
    s: int = 0,
    exponent: int | None = None,
) -> None:
    """Put the opening of <L, X> into a proof whose transcript stands after ρ.

    ``draw`` gives the rest of the prover's stream; ``s`` is the blinding of the claim's commitment, 0 for an
    honest prover, and ``exponent`` the w of W = w·Q, if the relation has points.
    """
    log |= {"form": [list(row) for row in l], "folds": [], "halvings": []}
    zero = [0] * len(x[0])
    while len(x) >= 2:
        (xt, xb), (lt, lb), (gt, gb) = split(x, zero), split(l, zero), split(gammas, 0)
        a, b = draw(2)
        cross = [in_q_and_h(matrix_dot(lb, xt), a), in_q_and_h(matrix_dot(lt, xb), b)]
        proof.cross += cross
        t.absorb("fold-rows", points_to_bytes(cross))
        e = t.challenge("e")
        log["folds"].append(e)
        x = [lin(e, bottom, top) for top, bottom in zip(xt, xb, strict=True)]
        l = [lin(e, top, bottom) for top, bottom in zip(lt, lb, strict=True)]
        gammas = lin(e, gb, gt)
        s = (e * s + a + e * e * b) % R

    mask = draw(len(x[0]))
    sigma, tau, *mu = draw(2 if exponent is None else 3)
    proof.mask = [commit(mask, sigma), in_q_and_h(dot(l[0], mask), tau)]
    proof.mask += [mul(k, generator("Q")) for k in mu]
    t.absorb("mask", points_to_bytes(proof.mask))
    e = t.challenge("mask")
    z = lin(e, x[0], mask)
    form = l[0]
    proof.response = [dot(form, z), (e * gammas[0] + sigma) % R, (e * s + tau) % R]
    if exponent is not None:
        proof.response.append((e * exponent + mu[0]) % R)
    log |= {"mask": e}
    proof.response = tamper("response", proof.response)
    t.absorb("response", scalars_to_bytes(proof.response))
    x_challenge = t.challenge("x")
    log |= {"x": x_challenge}

    g = [generator("G", i) for i in range(len(z))]
    while len(z) > LAST:
        h = len(z) // 2
        zt, zb, ft, fb, gt, gb = z[:h], z[h:], form[:h], form[h:], g[:h], g[h:]
        cross = [
            add(msm(zt, gb), mul(x_challenge * dot(fb, zt), generator("Q"))),
            add(msm(zb, gt), mul(x_challenge * dot(ft, zb), generator("Q"))),
        ]
        proof.halving += cross
        t.absorb("fold-columns", points_to_bytes(cross))
        e = t.challenge("e")
        log["halvings"].append(e)
        z, form = lin(e, zb, zt), lin(e, ft, fb)
        g = [add(mul(e, top), bottom) for top, bottom in zip(gt, gb, strict=True)]
    proof.final = z
    t.absorb("final", scalars_to_bytes(z))
    log["state"] = t.state


def prove(
    relation: Relation,
    slots: Sequence[int],
    input_gammas: Sequence[int],
    outputs: Sequence[int],
    context: bytes,
    seed: bytes,
    tamper: Tamper = honest,
    log: dict[str, Any] | None = None,
    points: Sequence[Point] = (),
) -> Proof:
    """Prove with all randomness from ``seed``, drawn as ``spec/opening.md`` (Randomness and vectors) says.

    ``points`` are the published ones.
    ``tamper`` lets the maker of bad vectors change a value on the way; ``log`` collects challenges.
    """
    log = {} if log is None else log
    shape = relation.shape
    draw = Stream(seed).draw
    gammas = [*input_gammas, *draw(shape.free_rows + shape.gate_rows)]
    blinders = draw(2 * shape.gate_rows)
    x = tamper("matrix", witness_matrix(relation, slots, blinders))
    commitments = [commit(row, g) for row, g in zip(x, gammas, strict=True)]
    proof = Proof(rows=commitments[shape.input_rows :])

    t = start(relation, context, commitments[: shape.input_rows], proof.rows)
    xi = t.challenge("xi")
    f_basis, vanishing = lagrange(xi, shape.per_row), pow(xi, shape.per_row, R) - 1
    for i in range(shape.gate_rows):
        for which, side in enumerate(gate_inputs(relation, slots, i)):
            value = dot(f_basis, side) + blinders[2 * i + which] * vanishing
            proof.evaluations.append(value % R)
    proof.evaluations = tamper("evaluations", proof.evaluations)
    t.absorb("outputs", scalars_to_bytes(list(outputs)) + points_to_bytes(list(points)))
    t.absorb("evaluations", scalars_to_bytes(proof.evaluations))
    rho = t.challenge("rho")
    claims, on_points = claims_form(relation, xi, rho, points)
    exponent = dot(on_points, [evaluate(form, slots) for form in relation.points])
    log |= {"xi": xi, "rho": rho}
    s = tamper("blinding", (on_points, 0))[1]
    open_linear(t, proof, x, gammas, claims.coefficients, draw, tamper, log, s, exponent if points else None)
    return proof


# -- verifying --------------------------------------------------------------------------------------


def verify(
    relation: Statement,
    input_rows: Sequence[Point],
    outputs: Sequence[int],
    context: bytes,
    data: bytes,
    points: Sequence[Point] = (),
) -> bytes:
    """Check an encoded proof; return its transcript's last state, or raise DecodeError or VerifyError."""
    if relation.shape.rows == 0:
        raise VerifyError("shape")
    return check(relation, input_rows, outputs, context, decode(relation.shape, data), points)


def check_opening(
    t: Transcript,
    proof: Proof,
    input_rows: Sequence[Point],
    l: list[Row],
    y: int,
    weighted: Point | None = None,
    *,
    literal: bool = True,
) -> bytes:
    """Check <L, X>·Q = y·Q + W from a transcript that stands after ρ; return its last state.

    ``weighted`` is W, if the relation has points. Without ``literal`` the folded generators are expanded into
    one sum: folding them literally costs two scalar multiplications a column, which is too slow for thousands.
    """
    p = [*input_rows, *proof.rows]
    big_y = add(mul(y, generator("Q")), INFINITY if weighted is None else weighted)
    for i in range(0, len(proof.cross), 2):
        cross = proof.cross[i : i + 2]
        t.absorb("fold-rows", points_to_bytes(cross))
        e = t.challenge("e")
        (pt, pb), (lt, lb) = split(p, INFINITY), split(l, [0] * len(l[0]))
        p = [add(top, mul(e, bottom)) for top, bottom in zip(pt, pb, strict=True)]
        l = [lin(e, top, bottom) for top, bottom in zip(lt, lb, strict=True)]
        big_y = add(mul(e, big_y), cross[0], mul(e * e, cross[1]))

    a_star, big_t, *big_u = proof.mask
    t.absorb("mask", points_to_bytes(proof.mask))
    e = t.challenge("mask")
    v, zeta, omega, *eta = proof.response
    if not equal(in_q_and_h(v, omega), add(mul(e, big_y), big_t)):
        raise VerifyError("y-equation")
    if weighted is not None and not equal(mul(eta[0], generator("Q")), add(mul(e, weighted), big_u[0])):
        raise VerifyError("u-equation")
    t.absorb("response", scalars_to_bytes(proof.response))
    x = t.challenge("x")

    w = add(mul(e, p[0]), a_star, neg(mul(zeta, generator("H"))), mul(x * v, generator("Q")))
    form = l[0]
    g = [generator("G", i) for i in range(len(form))]
    weights = [1]
    for i in range(0, len(proof.halving), 2):
        cross = proof.halving[i : i + 2]
        t.absorb("fold-columns", points_to_bytes(cross))
        e = t.challenge("e")
        h = len(form) // 2
        form = lin(e, form[:h], form[h:])
        if literal:
            g = [add(mul(e, top), bottom) for top, bottom in zip(g[:h], g[h:], strict=True)]
        else:
            weights = [k * factor % R for k in weights for factor in (e, 1)]
        w = add(mul(e, w), cross[0], mul(e * e, cross[1]))
    z = [k * v % R for k in weights for v in proof.final]
    if not equal(w, add(msm(z, g), mul(x * dot(form, proof.final), generator("Q")))):
        raise VerifyError("w-equation")
    t.absorb("final", scalars_to_bytes(proof.final))
    return t.state


def check(
    relation: Statement,
    input_rows: Sequence[Point],
    outputs: Sequence[int],
    context: bytes,
    proof: Proof,
    points: Sequence[Point] = (),
    *,
    literal: bool = True,
) -> bytes:
    """Check a decoded proof; ``literal`` as in ``check_opening``."""
    shape = relation.shape
    t = start(relation, context, input_rows, proof.rows)
    xi = t.challenge("xi")
    if pow(xi, shape.columns, R) == 1:
        raise VerifyError("xi")
    t.absorb("outputs", scalars_to_bytes(list(outputs)) + points_to_bytes(list(points)))
    t.absorb("evaluations", scalars_to_bytes(proof.evaluations))
    rho = t.challenge("rho")
    claims, on_points = claims_form(relation, xi, rho, points)
    y = (claims_value(shape, outputs, proof.evaluations, rho) - claims.constant) % R
    weighted = msm(on_points, points) if points else None
    return check_opening(t, proof, input_rows, claims.coefficients, y, weighted, literal=literal)


def batch_weights(states: Sequence[bytes], points: Sequence[bool]) -> list[list[int]]:
    """Return the weights y, w, and u if it has points, of each proof's equations in a batch."""
    t = Transcript("tallystick/v1/batch")
    for state in states:
        t.absorb("proof", state)
    return [[t.challenge(label) for label in ("ywu" if has else "yw")] for has in points]
