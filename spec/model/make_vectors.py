# SPDX-License-Identifier: Apache-2.0
"""Write the test vectors, or check that they are what this model makes.

    python spec/model/make_vectors.py            writes spec/vectors/v1 and spec/vectors/v2
    python spec/model/make_vectors.py --check    compares, byte for byte; exit status 1 if anything differs

Byte strings are hexadecimal; Fr elements and points appear in their encodings. A file ``bad_*.json`` holds
cases that must be refused, each with the category of the error: ``decode`` or ``verify``. A ``patch``
replaces ``remove`` bytes at ``offset`` of the base's proof by ``insert``; ``replace`` overrides the base's
public values.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import codec
import hashing
import own
import proof as proofs
import relations
import ring as rings
from relations import Form, Relation

import online
from algebra import INFINITY, P, Point, R, add, curve, dot, inverse, msm, mul, neg, root

OUT = Path(__file__).resolve().parents[1] / "vectors"
Json = dict[str, Any]


def sc(*values: int) -> str:
    """Return the encoding of Fr elements as hexadecimal."""
    return codec.scalars_to_bytes(list(values)).hex()


def pt(*points: Any) -> str:
    """Return the encoding of points as hexadecimal."""
    return codec.points_to_bytes(list(points)).hex()


def seed(label: str) -> bytes:
    """Return a 32-byte seed for a label."""
    return hashlib.sha256(b"tallystick test vectors v1: " + label.encode()).digest()


def elements(label: str, count: int) -> list[int]:
    """Return pseudo-random field elements for a label."""
    return hashing.expand(seed(label), bytes(12), count)


def refused(run: Callable[[], Any]) -> str:
    """Return the category with which the model refuses."""
    try:
        run()
    except codec.DecodeError:
        return "decode"
    except proofs.VerifyError:
        return "verify"
    raise AssertionError("the model accepts a bad case")


# -- conventions ------------------------------------------------------------------------------------


def field_files() -> Iterator[tuple[str, Json]]:
    """Fr: encoding, arithmetic, roots of unity."""
    values = [0, 1, 2, R - 1, (R - 1) // 2, 1 << 32, 1 << 254, *elements("field", 4)]
    cases = [{"value": str(v), "bytes": sc(v)} for v in values]
    signed = [{"value": str(v), "bytes": sc(v)} for v in (-1, -2, -(1 << 63), -(R - 1) // 2)]
    yield "field/encoding", {"canonical": cases, "signed": signed}
    top = (1 << 256) - 1
    bad = [
        {"name": name, "bytes": data.hex(), "error": refused(lambda d=data: codec.scalars_from_bytes(d))}
        for name, data in {
            "r": R.to_bytes(32, "little"),
            "r_plus_1": (R + 1).to_bytes(32, "little"),
            "all_ones": top.to_bytes(32, "little"),
            "second_of_two_is_r": bytes(32) + R.to_bytes(32, "little"),
            "one_byte_short": bytes(31),
            "one_byte_long": bytes(33),
        }.items()
    ]
    yield "field/bad_encoding", {"cases": bad}
    a, b = elements("a", 6), elements("b", 6)
    a[0], b[0], a[1], b[1] = R - 1, R - 1, 0, R - 1
    yield (
        "field/arithmetic",
        {
            "a": sc(*a),
            "b": sc(*b),
            "sum": sc(*(x + y for x, y in zip(a, b, strict=True))),
            "difference": sc(*(x - y for x, y in zip(a, b, strict=True))),
            "product": sc(*(x * y for x, y in zip(a, b, strict=True))),
            "negative": sc(*(-x for x in a)),
            "inverse_of_b": sc(*(pow(x, -1, R) for x in b)),
            "dot": sc(dot(a, b)),
        },
    )
    transforms = []
    for size in (1, 2, 8, 32):
        coefficients = elements(f"ntt {size}", size)
        points = [pow(root(size), k, R) for k in range(size)]
        transforms.append(
            {
                "size": size,
                "root": sc(root(size)),
                "coefficients": sc(*coefficients),
                "values": sc(*(sum(c * pow(w, i, R) for i, c in enumerate(coefficients)) for w in points)),
            }
        )
    yield (
        "field/ntt",
        {"roots": [{"n": 1 << k, "root": sc(root(1 << k))} for k in (0, 1, 2, 16, 32)], "cases": transforms},
    )


def off_subgroup() -> bytes:
    """Return a point of the curve with the smallest x ≥ 0 that lies outside G1."""
    x = 0
    while True:
        square = (x**3 + 4) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            point = (curve.FQ(x), curve.FQ(y), curve.FQ(1))
            if not curve.is_inf(curve.multiply(point, R)):
                return codec.point_to_bytes(point)
        x += 1


def bad_points() -> dict[str, bytes]:
    """Return encodings that no decoder accepts."""
    good = codec.point_to_bytes(curve.G1)
    x = 1
    while pow((x**3 + 4) % P, (P - 1) // 2, P) == 1:
        x += 1

    def flags(data: bytes, clear: int, put: int) -> bytes:
        return bytes([data[0] & ~clear & 0xFF | put]) + data[1:]

    return {
        "outside_g1": off_subgroup(),
        "no_point_at_x": flags(codec.i2osp(x, 48), 0, 0x80),
        "x_is_p": flags(codec.i2osp(P, 48), 0, 0x80),
        "x_is_g_plus_p_bits": flags(codec.i2osp((1 << 381) - 1, 48), 0, 0x80),
        "not_compressed": flags(good, 0x80, 0),
        "infinity_with_x": flags(good, 0, 0x40),
        "infinity_larger_root": bytes([0xE0]) + bytes(47),
        "infinity_last_byte": bytes([0xC0]) + bytes(46) + b"\1",
        "infinity_not_compressed": bytes([0x40]) + bytes(47),
        "zeros": bytes(48),
        "short": good[:-1],
        "long": good + b"\0",
    }


def point_files() -> Iterator[tuple[str, Json]]:
    """G1: encoding and sums."""
    g = curve.G1
    scalars = [1, 2, 3, R - 1, R - 2, *elements("points", 4)]
    cases = [{"scalar": sc(k), "point": pt(mul(k, g))} for k in scalars]
    yield "points/multiples", {"base": pt(g), "cases": [{"scalar": sc(0), "point": pt(INFINITY)}, *cases]}
    encodings = bad_points() | {"second_of_two": codec.point_to_bytes(g) + off_subgroup()}
    bad = [
        {"name": name, "bytes": data.hex(), "error": refused(lambda d=data: codec.points_from_bytes(d))}
        for name, data in encodings.items()
    ]
    yield "points/bad_encoding", {"cases": bad}
    a, b = mul(5, g), mul(7, g)
    pairs = {
        "different": (a, b),
        "equal": (a, a),
        "opposite": (a, neg(a)),
        "left_infinity": (INFINITY, a),
        "right_infinity": (a, INFINITY),
        "both_infinity": (INFINITY, INFINITY),
    }
    yield (
        "points/addition",
        {"cases": [{"name": n, "a": pt(x), "b": pt(y), "sum": pt(add(x, y))} for n, (x, y) in pairs.items()]},
    )
    sums = []
    for n in (0, 1, 2, 9, 33):
        points = [mul(k, g) for k in elements(f"msm points {n}", n)]
        weights = elements(f"msm scalars {n}", n)
        if n >= 9:
            points[1], points[2], points[3] = points[0], neg(points[0]), INFINITY
            weights[:6] = [weights[0], weights[0], R - 1, 5, 0, 1]
        sums.append({"points": pt(*points), "scalars": sc(*weights), "sum": pt(msm(weights, points))})
    yield "points/msm", {"cases": sums}


def cbor_files() -> Iterator[tuple[str, Json]]:
    """The CBOR profile."""
    deep: Any = 0
    for _ in range(codec.MAX_DEPTH):
        deep = [deep]
    values: dict[str, Any] = {
        "zero": 0, "one_byte": 23, "two_bytes": 24, "three_bytes": 256, "five_bytes": 65536,
        "nine_bytes": 1 << 32, "largest": (1 << 64) - 1, "minus_one": -1, "smallest": -(1 << 64),
        "empty_bytes": b"", "bytes": bytes(range(24)), "empty_text": "", "text": "tällystick",
        "empty_array": [], "array": [1, [2, b"3"], "4"], "false": False, "true": True, "null": None,
        "empty_map": {}, "map_short_keys_first": {"b": 1, "aa": 2, "": 0}, "nested_map": {"a": {"b": [None]}},
        "deepest": deep,
    }  # fmt: skip
    yield (
        "cbor/encoding",
        {"cases": [{"name": n, "bytes": codec.cbor_encode(v).hex()} for n, v in values.items()]},
    )
    bad = {
        "nothing": "", "trailing": "0000", "long_integer": "1817", "long_integer_2": "1900ff",
        "long_integer_4": "1a0000ffff", "long_integer_8": "1b00000000ffffffff", "long_length": "580100",
        "truncated_head": "19ff", "truncated_bytes": "4300ff", "truncated_array": "8201",
        "truncated_map": "a16161", "huge_array": "9bffffffffffffffff", "huge_bytes": "5bffffffffffffffff",
        "indefinite_bytes": "5f4100ff", "indefinite_array": "9f00ff", "indefinite_map": "bf616100ff",
        "reserved_head": "1c", "tag": "c000", "bignum": "c249010000000000000000", "half": "f93c00",
        "single": "fa3f800000", "double": "fb3ff0000000000000", "undefined": "f7", "simple_16": "f0",
        "simple_32": "f820", "break": "ff", "keys_out_of_order": "a2626161006162" + "00",
        "keys_twice": "a2616100616100", "key_is_integer": "a10000", "key_is_bytes": "a1416100",
        "not_utf8": "61ff", "surrogate": "63eda080", "overlong_utf8": "62c080",
        "too_deep": (b"\x81" * 33 + b"\0").hex(),
    }  # fmt: skip
    listed = [
        {"name": name, "bytes": data, "error": refused(lambda d=data: codec.cbor_decode(bytes.fromhex(d)))}
        for name, data in bad.items()
    ]
    yield "cbor/bad_encoding", {"cases": listed}


def hashing_files() -> Iterator[tuple[str, Json]]:
    """Expand, draws, generators, transcripts."""
    cases = []
    for n, (nonce, offset, count) in enumerate(
        [(0, 0, 4), (1, 0, 4), ((1 << 96) - 1, 3, 2), (7, (1 << 32) - 1, 1)]
    ):
        key = seed(f"expand {n}")
        raw = codec.i2osp(nonce, 12)
        out = hashing.expand(key, raw, count, offset)
        cases.append(
            {"seed": key.hex(), "nonce": raw.hex(), "offset": offset, "count": count, "elements": sc(*out)}
        )
    yield "expand/expand", {"cases": cases}
    stream = hashing.Stream(seed("stream"))
    draws = [{"n": n, "elements": sc(*stream.draw(n))} for n in (2, 0, 3, 1)]
    yield "expand/stream", {"seed": seed("stream").hex(), "draws": draws}
    yield (
        "generators/generators",
        {
            "G": [{"index": i, "point": pt(hashing.generator("G", i))} for i in (*range(8), 255, 256, 16383)],
            "H": pt(hashing.generator("H")),
            "Q": pt(hashing.generator("Q")),
        },
    )
    scripts: list[list[tuple[str, ...]]] = [
        [],
        [("challenge", "e")],
        [("absorb", "context", ""), ("challenge", "e"), ("challenge", "e")],
        [("absorb", "a", "6263"), ("challenge", "x")],
        [("absorb", "ab", "63"), ("challenge", "x")],
        [("absorb", "a", "62"), ("absorb", "", "63"), ("challenge", "x")],
        [("challenge", "a"), ("absorb", "points", bytes(range(96)).hex()), ("challenge", "b")],
    ]
    transcripts = []
    for protocol in ("tallystick/v1/proof", "test"):
        for script in scripts:
            t = hashing.Transcript(protocol)
            steps: list[Json] = []
            for verb, label, *data in script:
                step: Json = {"do": verb, "label": label}
                if verb == "absorb":
                    t.absorb(label, bytes.fromhex(data[0]))
                    step["data"] = data[0]
                else:
                    step["element"] = sc(t.challenge(label))
                steps.append(step | {"state": t.state.hex()})
            start = hashing.Transcript(protocol).state.hex()
            transcripts.append({"protocol": protocol, "start": start, "steps": steps})
    yield "transcript/transcript", {"cases": transcripts}
    xmd = []
    for length in (1, 32, 33, 48, 128):
        out = hashing.expand_message_xmd(seed("xmd"), b"TALLYSTICK-V1-CHALLENGE", length)
        xmd.append({"message": seed("xmd").hex(), "length": length, "bytes": out.hex()})
    yield "transcript/expand_message_xmd", {"dst": "TALLYSTICK-V1-CHALLENGE", "cases": xmd}


# -- relations --------------------------------------------------------------------------------------


def form_json(form: Form) -> list[Any]:
    """Return [constant, [[slot, coefficient], …]]."""
    return [form[0], [[slot, k] for slot, k in form[1].items()]]


def relation_json(relation: Relation) -> Json:
    """Return a relation as JSON."""
    return {
        "columns": relation.columns,
        "inputs": list(relation.inputs),
        "free": relation.free,
        "left": [form_json(f) for f in relation.left],
        "right": [form_json(f) for f in relation.right],
        "zeros": [form_json(f) for f in relation.zeros],
        "outputs": [form_json(f) for f in relation.outputs],
        "digest": relation.digest.hex(),
        **({"points": [form_json(f) for f in relation.points]} if relation.points else {}),
    }


def example(
    label: str, columns: int, inputs: tuple[int, ...], free: int, gates: int, points: int = 0
) -> tuple[Relation, list[int]]:
    """Return a pseudo-random satisfied relation with some boolean wires, and its slots."""
    state = iter(hashing.chacha20_block(seed(label), bytes(12), i // 16)[i % 16 * 4] for i in range(100_000))
    before = sum(inputs) + free
    values = elements(label, before)

    def form(size: int) -> Form:
        terms = {next(state) * 256 % size: next(state) - 128 for _ in range(2)} if size else {}
        return next(state) - 128, terms

    left: list[Form] = []
    right: list[Form] = []
    bits: list[int] = []
    for j in range(gates):
        if j % 5 == 3:
            own: Form = (0, {before + j: 1})
            left.append(own)
            right.append(own)
            bits.append(next(state) & 1)
        else:
            left.append(form(before + j))
            right.append(form(before + j))
    bare = Relation(columns, inputs, free, left, right, [], [], bytes(32))
    slots = relations.complete(bare, values[: sum(inputs)], values[sum(inputs) :], bits)
    outputs = [form(len(slots)) for _ in range(2)]
    zeros = []
    for _ in range(3):
        constant, terms = form(len(slots))
        zeros.append((constant - relations.evaluate((constant, terms), slots), terms))
    digest = hashlib.sha256(b"example relation " + label.encode()).digest()
    listed = [form(len(slots)) for _ in range(points)]
    return Relation(columns, inputs, free, left, right, zeros, outputs, digest, listed), slots


EXAMPLES: dict[str, tuple[int | tuple[int, ...], ...]] = {
    "c16_one_row": (16, (4,), 0, 0),
    "c16_free_row_only": (16, (), 3, 0),
    "c16_two_owners": (16, (5, 20), 3, 21),
    "c32_empty_owner": (32, (7, 0, 2), 0, 17),
    "c64_free_rows": (64, (3,), 65, 33),
    "c16_points": (16, (5,), 1, 9, 3),
}


class Case:
    """A relation with everything needed to prove it once."""

    def __init__(self, name: str, relation: Relation, slots: list[int]) -> None:
        self.relation, self.slots = relation, slots
        self.context = b"vector " + name.encode()
        self.seed = seed(f"prover {name}")
        self.gammas = elements(f"gammas {name}", relation.shape.input_rows)
        self.outputs = [relations.evaluate(f, slots) for f in relation.outputs]
        self.points = [mul(relations.evaluate(f, slots), hashing.generator("Q")) for f in relation.points]
        blank = [0] * (2 * relation.shape.gate_rows)
        x = proofs.witness_matrix(relation, slots, blank)
        self.input_rows = [proofs.commit(x[i], g) for i, g in enumerate(self.gammas)]

    def prove(self, tamper: proofs.Tamper = proofs.honest, log: Json | None = None) -> proofs.Proof:
        """Return the proof, honest unless ``tamper`` says otherwise."""
        return proofs.prove(
            self.relation,
            self.slots,
            self.gammas,
            self.outputs,
            self.context,
            self.seed,
            tamper,
            log,
            self.points,
        )

    def verify(self, data: bytes, **other: Any) -> bytes:
        """Verify under this case's public values, some of them replaced."""
        public = {"input_rows": self.input_rows, "outputs": self.outputs, "context": self.context}
        public |= {"points": self.points} | other
        relation = public.pop("relation", self.relation)
        return proofs.verify(relation, data=data, **public)

    def drawn(self, log: Json) -> Json:
        """Return the challenges before the opening."""
        return {"xi": sc(log["xi"]), "rho": sc(log["rho"])}

    def json(self, log: Json, data: bytes, state: bytes) -> Json:
        """Return the case with its proof."""
        return {
            "relation": relation_json(self.relation),
            "slots": sc(*self.slots),
            "input_gammas": sc(*self.gammas),
            "seed": self.seed.hex(),
            "context": self.context.hex(),
            "input_rows": pt(*self.input_rows),
            "outputs": sc(*self.outputs),
            **({"points": pt(*self.points)} if self.points else {}),
            "challenges": {
                **self.drawn(log),
                "fold_rows": sc(*log["folds"]),
                "mask": sc(log["mask"]),
                "x": sc(log["x"]),
                "fold_columns": sc(*log["halvings"]),
            },
            "form": sc(*(v for row in log["form"] for v in row)),
            "proof": data.hex(),
            "state": state.hex(),
        }


class OwnCase(Case):
    """The same for a proof by one party alone."""

    def __init__(self, name: str, relation: Relation, slots: list[int]) -> None:
        super().__init__(f"own {name}", relation, slots)

    def prove(self, tamper: proofs.Tamper = proofs.honest, log: Json | None = None) -> proofs.Proof:
        """Return the proof, honest unless ``tamper`` says otherwise."""
        return own.prove(
            self.relation, self.slots, self.gammas, self.outputs, self.context, self.seed, tamper, log
        )

    def verify(self, data: bytes, **other: Any) -> bytes:
        """Verify under this case's public values, some of them replaced."""
        public = {"input_rows": self.input_rows, "outputs": self.outputs, "context": self.context} | other
        relation = public.pop("relation", self.relation)
        return own.verify(relation, data=data, **public)

    def drawn(self, log: Json) -> Json:
        """Return the challenges before the opening."""
        lam = [log["lambda"]] if log["tau"] else []
        return {"tau": sc(*log["tau"]), "lambda": sc(*lam), "zeta": sc(*log["zeta"]), "rho": sc(log["rho"])}


# -- commitments, gates, opening --------------------------------------------------------------------


def commitment_files() -> Iterator[tuple[str, Json]]:
    """Row commitments."""
    rows = {
        "zero": ([0] * 16, 0),
        "blinding_only": ([0] * 16, 1),
        "first_column": ([1] + [0] * 15, 0),
        "last_column": ([0] * 15 + [R - 1], 0),
        "random_16": (elements("row 16", 16), elements("gamma 16", 1)[0]),
        "random_32": (elements("row 32", 32), elements("gamma 32", 1)[0]),
    }
    cases = [
        {"name": n, "row": sc(*row), "gamma": sc(g), "commitment": pt(proofs.commit(row, g))}
        for n, (row, g) in rows.items()
    ]
    yield "commitments/rows", {"cases": cases}


def gate_files() -> Iterator[tuple[str, Json]]:
    """Gate rows and their values at ξ."""
    cases = []
    for m in (8, 16):
        alpha, beta = elements(f"alpha {m}", m), elements(f"beta {m}", m)
        u, v, xi = elements(f"uvx {m}", 3)
        h = proofs.gate_row(alpha, beta, u, v)
        small, large = proofs.lagrange(xi, m), proofs.lagrange(xi, 2 * m)
        f = (dot(small, alpha) + u * (pow(xi, m, R) - 1)) % R
        g = (dot(small, beta) + v * (pow(xi, m, R) - 1)) % R
        at_xi = (dot(large, h) + u * v * (pow(xi, 2 * m, R) - 1)) % R
        assert at_xi == f * g % R
        cases.append(
            {
                "gates": m,
                "alpha": sc(*alpha),
                "beta": sc(*beta),
                "u": sc(u),
                "v": sc(v),
                "w": sc(u * v),
                "row": sc(*h),
                "xi": sc(xi),
                "lagrange_m": sc(*small),
                "lagrange_2m": sc(*large),
                "F": sc(f),
                "G": sc(g),
                "h": sc(at_xi),
            }
        )
    yield "gates/rows", {"cases": cases}


def opening_files() -> Iterator[tuple[str, Json]]:
    """Batch weights; whole openings are in ``proof``."""
    states = [seed(f"state {i}") for i in range(3)]
    cases = []
    for points in ([False], [False] * 3, [False, True, False]):
        weights = proofs.batch_weights(states[: len(points)], points)
        cases.append(
            {
                "states": [s.hex() for s in states[: len(points)]],
                "weights": [dict(zip("ywu", map(sc, one), strict=False)) for one in weights],
            }
        )
    yield "opening/batch_weights", {"cases": cases}


# -- proofs -----------------------------------------------------------------------------------------


def patch(old: bytes, new: bytes) -> Json:
    """Return the one replacement that turns ``old`` into ``new``."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start)
    return {"offset": start, "remove": len(old) - start - tail, "insert": new[start : len(new) - tail].hex()}


def edited(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every single change of one message of a proof."""
    fields: dict[str, bytes] = codec.cbor_decode(data)

    def put(name: str, value: bytes) -> bytes:
        return codec.cbor_encode(fields | {name: value})

    for name, raw in fields.items():
        size = 48 if name in proofs.POINTS else 32
        for k in range(len(raw) // size):
            old = raw[k * size : (k + 1) * size]
            if size == 48:
                new = codec.point_to_bytes(add(codec.point_from_bytes(old), hashing.generator("H")))
            else:
                new = codec.scalars_to_bytes([codec.scalars_from_bytes(old)[0] + 1])
            yield f"{name}_{k}_plus_one", put(name, raw[: k * size] + new + raw[(k + 1) * size :])
        if len(raw) >= 2 * size and raw[:size] != raw[size : 2 * size]:
            yield f"{name}_swapped", put(name, raw[size : 2 * size] + raw[:size] + raw[2 * size :])
        yield (
            f"{name}_one_more",
            put(name, raw + (codec.point_to_bytes(INFINITY) if size == 48 else bytes(32))),
        )
        if not raw:
            continue
        yield f"{name}_one_fewer", put(name, raw[:-size])
        yield f"{name}_empty", put(name, b"")
        if size == 48:
            for fault in ("outside_g1", "no_point_at_x", "not_compressed", "infinity_larger_root"):
                yield f"{name}_{fault}", put(name, raw[:-48] + bad_points()[fault])
        else:
            yield (
                f"{name}_plus_r",
                put(name, raw[:-32] + (R + int.from_bytes(raw[-32:], "little")).to_bytes(32, "little")),
            )


def reencoded(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Changes of a proof's encoding."""
    fields: dict[str, bytes] = codec.cbor_decode(data)
    first = codec.cbor_encode("mask") + codec.cbor_encode(fields["mask"])
    second = codec.cbor_encode("rows") + codec.cbor_encode(fields["rows"])
    yield "trailing_byte", data + b"\0"
    yield "truncated", data[:-1]
    yield "nothing", b""
    yield "keys_out_of_order", data.replace(first + second, second + first)
    yield "long_map_head", b"\xb8\x07" + data[1:]
    yield "missing_key", codec.cbor_encode({k: v for k, v in fields.items() if k != "cross"})
    yield "unknown_key", codec.cbor_encode(fields | {"extra": b""})
    yield "field_is_text", codec.cbor_encode(fields | {"evaluations": "00"})
    yield "field_is_array", codec.cbor_encode(fields | {"final": list(range(16))})
    yield "not_a_map", codec.cbor_encode(list(fields.values()))


def at(stage: str, change: Callable[[Any], Any]) -> proofs.Tamper:
    """Return a prover's change of one value."""
    return lambda found, value: change(value) if found == stage else value


def moved_into_v(log: Json, difference: Callable[[], int]) -> proofs.Tamper:
    """Return the change of a prover who knows by how much its claim is false, and puts it into v.

    The Y-equation holds then, and the W-equation shows that v is not <L, Z>.
    """

    def shift(response: list[int]) -> list[int]:
        scale = difference() * log["mask"]
        for e in log["folds"]:
            scale = scale * e % R
        return [(response[0] + scale) % R, *response[1:]]

    return at("response", shift)


def cheats(name: str, relation: Relation, slots: list[int]) -> Iterator[tuple[str, Case, bytes]]:
    """False statements that a prover tries to prove while following the protocol otherwise."""
    gate = relation.shape.place(relation.shape.first_gate)
    changes: dict[str, Callable[[list[list[int]]], None]] = {}

    def change(row: int, column: int) -> Callable[[list[list[int]]], None]:
        def edit(x: list[list[int]]) -> None:
            x[row][column] = (x[row][column] + 1) % R

        return edit

    changes["wrong_gate_output"] = change(*gate)
    changes["wrong_coset_value"] = change(gate[0], 1)
    changes["output_at_unused_gate"] = change(relation.shape.rows - 1, relation.shape.columns - 2)
    changes["w_is_not_uv"] = change(*relation.shape.place_blinder(0, 2))
    changes["other_u_in_row"] = change(*relation.shape.place_blinder(0, 0))
    changes["other_input"] = change(0, 0)
    for label, edit in changes.items():

        def tamper(stage: str, value: Any, edit: Callable[[list[list[int]]], None] = edit) -> Any:
            if stage == "matrix":
                edit(value)
            return value

        case = Case(name, relation, slots)
        yield label, case, case.prove(tamper).encode()

    wrong = Case(name, relation, slots)
    wrong.outputs[0] = (wrong.outputs[0] + 1) % R
    yield "wrong_output", wrong, wrong.prove().encode()
    constant, terms = relation.zeros[-1]
    changed = [*relation.zeros[:-1], (constant + 1, terms)]
    nonzero = Relation(**(vars(relation) | {"zeros": changed}))
    case = Case(name, nonzero, slots)
    yield "nonzero_zero", case, case.prove().encode()

    case = Case(name, relation, slots)
    case.outputs[0] = (case.outputs[0] + 1) % R
    log: Json = {}
    yield "wrong_output_moved_into_v", case, case.prove(moved_into_v(log, lambda: 1), log).encode()


def bad_changes(name: str, case: Case, data: bytes, changes: dict[str, bytes]) -> Json:
    """Return a file of changed proofs of one case."""
    bad = []
    for label, changed in changes.items():
        error = refused(lambda d=changed: case.verify(d))
        bad.append({"name": label, "patch": patch(data, changed), "error": error})
    return {"base": f"{name}.json", "cases": bad}


def bad_statements(name: str, case: Case, data: bytes) -> Json:
    """Return a file of other statements that one case's proof does not prove."""
    relation = case.relation
    other_input = [add(case.input_rows[0], hashing.generator("G")), *case.input_rows[1:]]
    swapped = [case.input_rows[1], case.input_rows[0], *case.input_rows[2:]]
    outputs = [(case.outputs[0] + 1) % R, *case.outputs[1:]]
    first: Form = (relation.left[0][0] + 1, relation.left[0][1])
    replaced = {
        "other_context": {"context": case.context + b"!"},
        "empty_context": {"context": b""},
        "other_input_row": {"input_rows": other_input},
        "input_rows_swapped": {"input_rows": swapped},
        "other_output": {"outputs": outputs},
        "outputs_swapped": {"outputs": case.outputs[::-1]},
        "other_digest": {"relation": Relation(**(vars(relation) | {"digest": bytes(32)}))},
        "other_gate": {"relation": Relation(**(vars(relation) | {"left": [first, *relation.left[1:]]}))},
    }
    bad = []
    for label, other in replaced.items():
        shown: Json = {}
        for key, value in other.items():
            shown[key] = {
                "context": lambda v: v.hex(),
                "input_rows": lambda v: pt(*v),
                "outputs": lambda v: sc(*v),
                "relation": relation_json,
            }[key](value)  # type: ignore[operator]
        error = refused(lambda o=other: case.verify(data, **o))
        bad.append({"name": label, "replace": shown, "error": error})
    return {"base": f"{name}.json", "cases": bad}


def bad_witnesses(name: str, made: Iterator[tuple[str, Case, bytes]]) -> Json:
    """Return a file of proofs of false statements."""
    bad = []
    for label, cheat, changed in made:
        shown = {"outputs": sc(*cheat.outputs), "relation": relation_json(cheat.relation)}
        error = refused(lambda c=cheat, d=changed: c.verify(d))
        bad.append({"name": label, "replace": shown, "proof": changed.hex(), "error": error})
    return {"base": f"{name}.json", "cases": bad}


def proof_files() -> Iterator[tuple[str, Json]]:
    """Whole proofs of example relations, and everything that must be refused."""
    cases: dict[str, tuple[Case, bytes]] = {}
    for name, dimensions in EXAMPLES.items():
        case = Case(name, *example(name, *dimensions))  # type: ignore[arg-type]
        log: Json = {}
        data = case.prove(log=log).encode()
        state = case.verify(data)
        assert state == log["state"]
        cases[name] = case, data
        yield f"proof/{name}", case.json(log, data, state)
    for name in ("c16_two_owners", "c32_empty_owner", "c16_points"):
        case, data = cases[name]
        changes = dict(edited(data))
        if name == "c16_two_owners":
            changes |= dict(reencoded(data))
        elif name == "c16_points":
            changes = {k: v for k, v in changes.items() if k.startswith(("mask", "response"))}
        else:
            changes = {k: v for k, v in changes.items() if k.startswith(("halving", "final_0", "response_0"))}
        yield f"proof/bad_{name}_changed", bad_changes(name, case, data, changes)

    name = "c16_two_owners"
    case, data = cases[name]
    yield f"proof/bad_{name}_statement", bad_statements(name, case, data)
    yield f"proof/bad_{name}_witness", bad_witnesses(name, cheats(name, case.relation, case.slots))
    yield from forged_points("c16_points", *cases["c16_points"])


def forged_points(name: str, case: Case, data: bytes) -> Iterator[tuple[str, Json]]:
    """Points that are not the multiples of Q that they should be."""
    q, h = hashing.generator("Q"), hashing.generator("H")
    first, second, third = case.points
    listed: dict[str, tuple[list[Point], bytes]] = {
        "another_multiple": ([add(first, q), second, third], data),
        "a_part_of_h": ([add(first, h), second, third], data),
        "infinity": ([INFINITY, second, third], data),
        "swapped": ([second, first, third], data),
        "equal": ([first, first, third], data),
    }
    # The prover knows the part of H and begins with it as the blinding factor of its claim: the Y-equation holds.
    forger = Case(name, case.relation, case.slots)
    forger.points = [add(first, mul(7, h)), second, third]

    def blind(stage: str, value: Any) -> Any:
        return (value[0], 7 * value[0][0]) if stage == "blinding" else value

    listed["a_part_of_h_in_the_blinding"] = (forger.points, forger.prove(blind).encode())
    other = Case(name, case.relation, case.slots)
    other.points = [add(first, q), second, third]
    listed["another_multiple_proved"] = (other.points, other.prove().encode())
    bad = []
    for label, (points, changed) in listed.items():
        error = refused(lambda d=changed, p=points: case.verify(d, points=p))
        bad.append(
            {"name": label, "replace": {"points": pt(*points)}, "proof": changed.hex(), "error": error}
        )
    yield f"proof/bad_{name}_points", {"base": f"{name}.json", "cases": bad}


# -- ranges -----------------------------------------------------------------------------------------

RANGES: dict[str, tuple[int, list[relations.Declared], list[list[int]]]] = {
    "one_bit": (16, [(2, 0, 1, "value"), (2, 0, 1, "bits")], [[0, 1], [1, 0]]),
    "power_of_two": (16, [(3, 0, 255, "value"), (2, -128, 127, "bits")], [[0, 255, 100], [-128, 127]]),
    "any_interval": (16, [(3, -5, 20, "value"), (2, 10, 21, "bits")], [[-5, 20, 11], [10, 21]]),
    "constants": (16, [(2, 7, 7, "value"), (2, 7, 7, "bits"), (1, -3, 0, "value")], [[7, 7], [7, 7], [-2]]),
    "wide": (32, [(1, -(1 << 99), (1 << 98) + 5, "value")], [[-(1 << 99) + 12345]]),
}


def range_files() -> Iterator[tuple[str, Json]]:
    """The range relation, its proofs, and values outside their interval."""
    mu = [
        {"low": str(a), "high": str(b), "weights": [str(w) for w in relations.weights(a, b)]}
        for a, b in INTERVALS
    ]
    yield "ranges/weights", {"cases": mu}

    yield from true_ranges("ranges/", Case)
    yield "ranges/bad_statements", bad_ranges(Case)


def true_ranges(prefix: str, kind: type[Case]) -> Iterator[tuple[str, Json]]:
    """Proofs of values inside their intervals."""
    for name, (columns, declared, values) in RANGES.items():
        case = range_case(kind, name, columns, declared, *relations.range_witness(declared, values))
        log: Json = {}
        data = case.prove(log=log).encode()
        state = case.verify(data)
        shown = case.json(log, data, state)
        yield (
            f"{prefix}{name}",
            {"declared": declare(declared), "values": [[str(v) for v in column] for column in values]}
            | shown,
        )


def range_case(
    kind: type[Case],
    name: str,
    columns: int,
    declared: list[relations.Declared],
    slots: list[int],
    bits: list[int],
) -> Case:
    """Return the case of one owner's range relation."""
    return kind(f"range {name}", relations.range_relation(declared, columns), slots + bits)


def declare(declared: list[relations.Declared]) -> list[Any]:
    """Return declared inputs as JSON."""
    return [[n, str(low), str(high), form] for n, low, high, form in declared]


def bad_ranges(kind: type[Case]) -> Json:
    """Return a file of proofs of values outside their intervals."""
    witness = relations.range_witness
    bad = []
    small: list[relations.Declared] = [(1, 10, 35, "value")]
    odd: list[relations.Declared] = [(1, 10, 35, "bits")]
    full: list[relations.Declared] = [(1, 0, 31, "bits")]
    inside_odd, inside_full = witness(odd, [[35]]), witness(full, [[31]])
    forged: dict[str, tuple[list[relations.Declared], list[int], list[int]]] = {
        # Everything zero says nothing about a value that is not low.
        "value_all_bits_zero": (small, [50], [0] * 5),
        "value_one_above": (small, [36], witness(small, [[35]])[1]),
        "value_one_below": (small, [9], witness(small, [[10]])[1]),
        # The sum is right, and one wire is not a bit.
        "value_wire_is_two": (small, [36], [2, 1, 1, 1, 1]),
        "value_wire_is_minus_one": (small, [9], [R - 1, 0, 0, 0, 0]),
        "value_wire_is_a_quotient": (small, [50], [40, 0, 0, 0, 0]),
        # Digits of 26, which is 36 - 10: every digit a bit, and above high.
        "bits_one_above": (odd, [0, 1, 0, 1, 1], [0, 1, 0, 1, 1, *inside_odd[1][5:]]),
        "bits_complement_is_minus_one": (odd, [0, 1, 0, 1, 1], [0, 1, 0, 1, 1, R - 1, 0, 0, 0, 0]),
        "bits_slot_is_two": (full, [2, 1, 1, 1, 1], [2, 1, 1, 1, 1]),
        "bits_slot_differs_from_wire": (full, [0, 1, 1, 1, 1], inside_full[1]),
    }
    for name, (declared, slots, bits) in forged.items():
        case = range_case(kind, name, 16, declared, slots, bits)
        assert len(case.slots) == case.relation.shape.slots(), name
        data = case.prove().encode()
        error = refused(lambda c=case, d=data: c.verify(d))
        bad.append(
            {
                "name": name,
                "columns": 16,
                "declared": declare(declared),
                "context": case.context.hex(),
                "input_rows": pt(*case.input_rows),
                "proof": data.hex(),
                "error": error,
            }
        )
    # A true statement about one interval is no proof about another, even if the other is wider.
    columns, declared, values = RANGES["any_interval"]
    case = range_case(kind, "any_interval", columns, declared, *witness(declared, values))
    data = case.prove().encode()
    for name, changed in {
        "wider_interval": [(3, -6, 20, "value"), (2, 10, 21, "bits")],
        "shifted_interval": [(3, -5, 20, "value"), (2, 9, 20, "bits")],
    }.items():
        relation = relations.range_relation(changed, columns)
        error = refused(lambda d=data, r=relation: case.verify(d, relation=r))
        bad.append(
            {
                "name": name,
                "columns": columns,
                "declared": declare(changed),
                "context": case.context.hex(),
                "input_rows": pt(*case.input_rows),
                "proof": data.hex(),
                "error": error,
            }
        )
    return {"cases": bad}


INTERVALS = [
    (0, 0),
    (0, 1),
    (0, 2),
    (0, 3),
    (0, 4),
    (-5, 20),
    (10, 21),
    (0, 4095),
    (0, 4096),
    (-(1 << 249), (1 << 249) - 1),
]


# -- the own proof ----------------------------------------------------------------------------------

OWN_EXAMPLES: dict[str, tuple[int | tuple[int, ...], ...]] = {
    "c16_one_gate": (16, (4,), 0, 1),
    "c16_no_gates": (16, (4,), 3, 0),
    "c16_no_gates_one_row": (16, (4,), 0, 0),
    "c16_no_inputs_no_place_between": (16, (), 0, 6),
    "c16_one_more_variable": (16, (3,), 1, 7),
    "c16_two_owners": (16, (5, 2), 3, 9),
    "c16_two_gate_rows": (16, (5, 20), 3, 21),
    "c32_empty_owner": (32, (7, 0, 2), 0, 17),
    "c64_free_rows": (64, (3,), 65, 33),
}


def with_false_gate(
    relation: Relation, slots: list[int], gate: int, value: int
) -> tuple[Relation, list[int]]:
    """Return a relation and slots in which one gate's output is false and everything else is true."""
    first = relation.shape.first_gate
    false = slots[:first]
    for j, pair in enumerate(zip(relation.left, relation.right, strict=True)):
        if j == gate:
            false.append(value % R)
        elif first + j in pair[0][1]:  # a boolean wire keeps its bit
            false.append(slots[first + j])
        else:
            left, right = (relations.evaluate(form, false) for form in pair)
            false.append(left * right % R)
    zeros = [
        (constant - relations.evaluate((constant, terms), false), terms) for constant, terms in relation.zeros
    ]
    return Relation(**(vars(relation) | {"zeros": zeros})), false


def true_mask_value(case: Case, zeta: list[int]) -> int:
    """Return g(ζ) for the mask that the case's seed gives."""
    shape = own.OwnShape.of(case.relation)
    stream = hashing.Stream(case.seed)
    stream.draw(shape.free_rows + shape.gate_rows)
    return own.mask_at(stream.draw(5 + 3 * shape.variables)[4:], zeta)


def fitted(case: Case, log: Json, which: str) -> proofs.Tamper:
    """Return the change of a prover who says an evaluation with which step 5 gives the mask's true value."""

    def fit(said: list[int]) -> list[int]:
        tau, lam, zeta = log["tau"], log["lambda"], log["zeta"]
        *before, alpha, beta, o = said
        # Without a product, what step 5 gives is p_M(ζ_M): it has to be g(ζ) + λ·eq(τ, ζ)·(α̃·β̃ - õ).
        end = own.mask_value([*before, 0, 0, 0], tau, lam, zeta)
        wanted = (end - true_mask_value(case, zeta)) * inverse(lam * own.eq(tau, zeta)) % R
        if which == "left":
            alpha = (wanted + o) * inverse(beta) % R
        elif which == "right":
            beta = (wanted + o) * inverse(alpha) % R
        else:
            o = (alpha * beta - wanted) % R
        made = [*before, alpha, beta, o]
        assert made != said
        assert own.mask_value(made, tau, lam, zeta) == true_mask_value(case, zeta)
        return made

    return at("evaluations", fit)


def both(first: proofs.Tamper, second: proofs.Tamper) -> proofs.Tamper:
    """Return two changes, one after the other."""
    return lambda stage, value: second(stage, first(stage, value))


def plus_one(*places: int) -> Callable[[list[int]], list[int]]:
    """Return the change of some entries of a list."""
    return lambda values: [(v + (i in places)) % R for i, v in enumerate(values)]


def own_cheats(name: str, relation: Relation, slots: list[int]) -> Iterator[tuple[str, Case, bytes]]:
    """False statements that a prover tries to prove while following the protocol otherwise."""
    shape = own.OwnShape.of(relation)

    def entry(row: int, column: int) -> proofs.Tamper:
        def edit(x: list[list[int]]) -> list[list[int]]:
            x[row][column] = (x[row][column] + 1) % R
            return x

        return at("matrix", edit)

    # The prover commits to one thing and says another.
    committed = {
        "other_input_in_row": entry(0, 0),
        "other_free_slot_in_row": entry(*shape.place(sum(shape.inputs))),
        "other_gate_in_row": entry(*shape.place(shape.first_gate)),
    }
    for k, letter in enumerate(("u_0", "u_1", "v_0", "v_1", "w_0", "w_1", "a_0", "a_1_1")):
        committed[f"other_{letter}_in_row"] = entry(*shape.place_blinder(k))
    committed["other_last_a_in_row"] = entry(*shape.place_blinder(shape.blinders - 1))
    # It says what follows from something false.
    committed |= {
        "false_first_dummy": at("blinders", plus_one(4)),
        "false_second_dummy": at("blinders", plus_one(5)),
        "false_sum": at("sum", lambda total: (total + 1) % R),
        "false_left_evaluation": at("evaluations", lambda said: plus_one(len(said) - 3)(said)),
        "false_right_evaluation": at("evaluations", lambda said: plus_one(len(said) - 2)(said)),
        "false_gate_evaluation": at("evaluations", lambda said: plus_one(len(said) - 1)(said)),
    }
    for i in range(1, shape.variables + 1):
        committed[f"false_round_{i}_coefficient_{i % 3}"] = at(f"round {i}", plus_one(i % 3))
    for label, tamper in committed.items():
        case = OwnCase(name, relation, slots)
        yield label, case, case.prove(tamper).encode()

    first = relation.shape.first_gate
    false_gates = {
        "false_first_gate": (0, slots[first] + 1),
        "false_gate_before_the_last": (shape.gates - 2, slots[-2] + 1),
        "first_bit_is_two": (3, 2),
        "last_bit_is_minus_one": (shape.gates - 1, -1),
    }
    for label, (gate, value) in false_gates.items():
        case = OwnCase(name, *with_false_gate(relation, slots, gate, value))
        yield label, case, case.prove().encode()
    false = with_false_gate(relation, slots, *false_gates["false_first_gate"])
    for which in ("left", "right", "gate"):
        case, log = OwnCase(name, *false), dict[str, Any]()
        yield f"false_gate_{which}_evaluation_fits", case, case.prove(fitted(case, log, which), log).encode()
    dishonest = {
        "false_dummy": at("blinders", plus_one(4)),
        "false_sum": at("sum", lambda total: (total + 1) % R),
        "false_round": at("round 1", plus_one(0)),
        "false_last_round": at(f"round {shape.variables}", plus_one(2)),
        "false_left_evaluation": at("evaluations", lambda said: plus_one(len(said) - 3)(said)),
    }
    for label, tamper in dishonest.items():
        case, log = OwnCase(name, relation, slots), dict[str, Any]()
        yield f"{label}_fits", case, case.prove(both(tamper, fitted(case, log, "gate")), log).encode()

    case = OwnCase(name, relation, slots)
    case.outputs[0] = (case.outputs[0] + 1) % R
    yield "false_output", case, case.prove().encode()
    log = {}
    yield "false_output_moved_into_v", case, case.prove(moved_into_v(log, lambda: 1), log).encode()
    constant, terms = relation.zeros[-1]
    nonzero = Relation(**(vars(relation) | {"zeros": [*relation.zeros[:-1], (constant + 1, terms)]}))
    case = OwnCase(name, nonzero, slots)
    yield "false_zero", case, case.prove().encode()

    case, log = OwnCase(name, *false), dict[str, Any]()
    said: list[int] = []

    def claimed_mask_less_true() -> int:
        of_mask = own.mask_value(said, log["tau"], log["lambda"], log["zeta"])
        last = shape.outputs + shape.zeros + 4
        return (of_mask - true_mask_value(case, log["zeta"])) * pow(log["rho"], last, R)

    def keep(values: list[int]) -> list[int]:
        said.extend(values)
        return values

    moved = both(at("evaluations", keep), moved_into_v(log, claimed_mask_less_true))
    yield "false_gate_moved_into_v", case, case.prove(moved, log).encode()


def own_files() -> Iterator[tuple[str, Json]]:
    """Whole proofs by one party alone, and everything that must be refused."""
    cases: dict[str, tuple[Case, bytes]] = {}
    for name, dimensions in OWN_EXAMPLES.items():
        case = OwnCase(name, *example(f"own {name}", *dimensions))  # type: ignore[arg-type]
        log: Json = {}
        data = case.prove(log=log).encode()
        state = case.verify(data)
        assert state == log["state"]
        cases[name] = case, data
        yield f"own/{name}", case.json(log, data, state)

    name = "c16_two_owners"
    case, data = cases[name]
    changes = dict(edited(data)) | dict(reencoded(data))
    yield f"own/bad_{name}_changed", bad_changes(name, case, data, changes)
    yield f"own/bad_{name}_statement", bad_statements(name, case, data)
    yield f"own/bad_{name}_witness", bad_witnesses(name, own_cheats(name, case.relation, case.slots))

    name = "c32_empty_owner"
    case, data = cases[name]
    changes = {k: v for k, v in edited(data) if k.startswith(("halving", "final_0", "response_0"))}
    yield f"own/bad_{name}_changed", bad_changes(name, case, data, changes)

    # Without gates a joint proof has the same fields, and is another proof nevertheless.
    name = "c16_no_gates"
    case, data = cases[name]
    changes = {k: v for k, v in edited(data) if k.startswith("evaluations")}
    changes["joint_proof"] = Case.prove(case).encode()
    yield f"own/bad_{name}_changed", bad_changes(name, case, data, changes)

    yield from true_ranges("own/range_", OwnCase)
    yield "own/bad_ranges", bad_ranges(OwnCase)


# -- online phase -----------------------------------------------------------------------------------


def shared(label: str, value: int, alphas: list[int]) -> online.Shared:
    """Return a sharing of a value with pseudo-random shares."""
    n = len(alphas)
    x, m = elements(f"x {label}", n - 1), elements(f"m {label}", n - 1)
    return online.Shared(
        [*x, (value - sum(x)) % R],
        [*m, (sum(alphas) * value - sum(m)) % R],
    )


def shared_json(value: online.Shared) -> Json:
    """Return x_0, x_1, … and m_0, m_1, …"""
    return {"x": sc(*value.x), "m": sc(*value.m)}


def online_files() -> Iterator[tuple[str, Json]]:
    """Commit and open, coins, shares, products, checks: three parties."""
    session = seed("session")
    commitments = []
    for party, (label, round_, payload) in enumerate(
        [("a", 0, b""), ("check/coins", 7, bytes(32)), ("x", 1 << 40, b"\xff")]
    ):
        nonce = seed(f"nonce {party}")
        made = online.commitment(session, label, round_, party, nonce, payload)
        commitments.append(
            {
                "label": label,
                "round": round_,
                "party": party,
                "nonce": nonce.hex(),
                "payload": payload.hex(),
                "commitment": made.hex(),
            }
        )
    yield "online/commitments", {"session": session.hex(), "cases": commitments}
    sent = [("a", b""), ("b", b"c"), ("", b"bc"), ("open", bytes(64))]
    digests = [
        {
            "messages": [{"label": label, "payload": payload.hex()} for label, payload in sent[:n]],
            "digest": online.broadcast_digest(sent[:n]).hex(),
        }
        for n in range(len(sent) + 1)
    ]
    yield "online/broadcast_digests", {"cases": digests}
    shares = [seed(f"coin {i}") for i in range(3)]
    tossed = online.coins(shares)
    yield (
        "online/coins",
        {
            "shares": [s.hex() for s in shares],
            "seed": tossed.hex(),
            "challenges": sc(*online.challenges(tossed, 3)),
        },
    )

    alphas = elements("alphas", 3)
    x, y, k, a, b = elements("multiply", 5)
    names = {"x": x, "y": y, "a": a, "b": b, "c": a * b % R}
    made_shares = {name: shared(name, value, alphas) for name, value in names.items()}
    triple = made_shares["a"], made_shares["b"], made_shares["c"]
    d, e, product = online.multiply(made_shares["x"], made_shares["y"], triple, alphas)
    assert product.value() == x * y % R and product.holds(alphas)
    moved = online.add_public(made_shares["x"], k, alphas)
    assert moved.value() == (x + k) % R and moved.holds(alphas)
    yield (
        "online/shares",
        {
            "alphas": sc(*alphas),
            **{name: shared_json(value) for name, value in made_shares.items()},
            "k": sc(k),
            "x_plus_k": shared_json(moved),
            "d": sc(d),
            "e": sc(e),
            "product": shared_json(product),
        },
    )

    checks = []
    values = elements("opened", 5)
    for label, lie, mac_lie in (("honest", 0, 0), ("a share is false", 1, 0), ("a MAC share is false", 0, 1)):
        sharings = [shared(f"opened {i}", value, alphas) for i, value in enumerate(values)]
        opened = [*values[:3], (values[3] + lie) % R, values[4]]
        sharings[2].m[1] = (sharings[2].m[1] + mac_lie) % R
        (chi,) = online.challenges(tossed, 1)
        macs = [[s.m[i] for s in sharings] for i in range(3)]
        sigmas = [online.sigma(chi, alphas[i], opened, macs[i]) for i in range(3)]
        holds = sum(sigmas) % R == 0
        assert holds == (label == "honest")
        checks.append(
            {
                "name": label,
                "opened": sc(*opened),
                "macs": [sc(*m) for m in macs],
                "chi": sc(chi),
                "sigmas": sc(*sigmas),
                "holds": holds,
            }
        )
    yield "online/mac_check", {"alphas": sc(*alphas), "cases": checks}

    (chi,) = online.challenges(tossed, 1)
    parties = []
    for i in range(2):
        rows = [elements(f"row {j} of {i}", 16) for j in range(4)]
        gammas = elements(f"row gammas of {i}", 4)
        points = [proofs.commit(row, gamma) for row, gamma in zip(rows, gammas, strict=True)]
        t, gamma = online.row_check(rows, gammas, chi)
        assert online.row_check_holds(points, t, gamma, chi)
        assert not online.row_check_holds([points[1], points[0], *points[2:]], t, gamma, chi)
        parties.append(
            {
                "rows": [sc(*row) for row in rows[:-1]],
                "mask_row": sc(*rows[-1]),
                "gammas": sc(*gammas[:-1]),
                "sigma": sc(gammas[-1]),
                "commitments": pt(*points),
                "t": sc(*t),
                "gamma_t": sc(gamma),
            }
        )
    yield "online/row_check", {"columns": 16, "chi": sc(chi), "parties": parties}


# -- the ring ---------------------------------------------------------------------------------------


def ring_files() -> Iterator[tuple[str, Json]]:
    """BGV over a ring of degree 8."""
    ring = rings.Ring(degree=8, count=14, kept=6, wide_limbs=8)
    key = seed("ring")
    nonces = [codec.i2osp(k, 12) for k in range(16)]

    def packed(rows: list[list[int]]) -> str:
        return rings.pack(rows).hex()

    widths = (0, 1, 10, 32, 62)
    yield (
        "ring/samplers",
        {
            "degree": ring.degree,
            "primes": ring.primes,
            "kept": ring.kept,
            "wide_limbs": ring.wide_limbs,
            "seed": key.hex(),
            "nonce": nonces[1].hex(),
            "ternary": ring.ternary(key, nonces[1]),
            "binomial": ring.binomial(key, nonces[1]),
            "box": [{"bits": b, "coefficients": ring.box(key, nonces[1], b)} for b in widths],
            "wide": [str(x) for x in ring.wide(key, nonces[1])],
            "uniform": packed(ring.uniform(key, nonces[1])),
            "carried_nonce": bytes([*range(11), 250]).hex(),
            "carried_uniform": packed(ring.uniform(key, bytes([*range(11), 250]))),
        },
    )
    s, e = ring.ternary(key, nonces[2]), ring.binomial(key, nonces[3])
    rows_a = ring.uniform(key, nonces[4])
    a = ring.interpolate(rows_a)
    b = ring.noisy(a, s, [0] * 8, e)
    m, y, mask = (hashing.expand(key, nonces[k], 8) for k in (5, 6, 7))
    m[0], m[1], y[0], y[1], mask[0] = R - 1, 0, R - 1, 1, R - 1
    large = [(1 << 32) - 1, -(1 << 32), *ring.box(key, nonces[8], 32)[2:]]
    e0, v, e1 = ring.binomial(key, nonces[9]), ring.ternary(key, nonces[10]), large
    c = ring.encrypt(a, b, m, e0, v, e1)
    doubled = tuple([2 * x for x in part] for part in c)
    v2, e2, u = ring.ternary(key, nonces[11]), ring.binomial(key, nonces[12]), ring.wide(key, nonces[13])
    d = ring.reply((doubled[0], doubled[1]), (a, b), y, v2, e2, u, mask)
    small = rings.Ring(ring.degree, ring.kept, ring.kept, ring.wide_limbs)
    opened = ring.decrypt(*([small.remainder(x) for x in zip(*part, strict=True)] for part in d), s)
    products = zip(ring.slots(m), ring.slots(y), ring.slots(mask), strict=True)
    assert ring.slots(opened) == [(2 * x * f - w) % R for x, f, w in products]
    shifts = [[0, 15, -1], [8, 1, 7]]
    parts = [(a, b), c, (b, c[0])]
    combined = []
    for row in shifts:
        sums = []
        for i in (0, 1):
            total = [0] * 8
            for k, part in zip(row, parts, strict=True):
                term = ring.times(ring.monomial(k), part[i]) if k >= 0 else [0] * 8
                total = [p + q for p, q in zip(total, term, strict=True)]
            sums.append(packed(ring.evaluate(total)))
        combined.append(sums)

    def values(polynomial: list[int]) -> str:
        return packed(ring.evaluate(polynomial))

    yield (
        "ring/bgv",
        {
            "degree": ring.degree,
            "primes": ring.primes,
            "psi": ring.psi,
            "kept": ring.kept,
            "wide_limbs": ring.wide_limbs,
            "s": s,
            "e": e,
            "s_values": values(s),
            "a": packed(rows_a),
            "b": values(b),
            "m": sc(*m),
            "m_slots": sc(*ring.slots(m)),
            "e0": e0,
            "v": v,
            "e1": e1,
            "c": [values(c[0]), values(c[1])],
            "doubled": [values(doubled[0]), values(doubled[1])],
            "b_minus_c0": values([x - z for x, z in zip(b, c[0], strict=True)]),
            "combine": {"shifts": shifts, "of": ["a, b", "c", "b, c[0]"], "sums": combined},
            "y": sc(*y),
            "mask": sc(*mask),
            "reply_v": v2,
            "reply_e1": e2,
            "u": [str(x) for x in u],
            "reply": [packed(d[0]), packed(d[1])],
            "opened": sc(*opened),
        },
    )
    good = rings.pack(rows_a)
    bad = {
        "one_byte_short": good[:-1],
        "one_byte_long": good + b"\0",
        "a_row_short": good[:-50],
        "empty": b"",
    }
    for l, i in ((0, 0), (0, 7), (13, 3)):
        for name, x in (("p", ring.primes[l]), ("all_ones", (1 << 50) - 1)):
            rows = [list(row) for row in rows_a]
            rows[l][i] = x
            bad[f"row_{l}_residue_{i}_is_{name}"] = rings.pack(rows)
    yield (
        "ring/bad_packing",
        {
            "degree": ring.degree,
            "primes": ring.primes,
            "kept": ring.kept,
            "wide_limbs": ring.wide_limbs,
            "cases": [
                {
                    "name": name,
                    "bytes": data.hex(),
                    "error": refused(lambda d=data: rings.unpack(d, ring.degree, ring.primes)),
                }
                for name, data in bad.items()
            ],
        },
    )


# -- files ------------------------------------------------------------------------------------------

VERSION_1 = (
    field_files,
    point_files,
    cbor_files,
    hashing_files,
    commitment_files,
    gate_files,
    opening_files,
    proof_files,
    range_files,
    online_files,
    ring_files,
)
VERSIONS = {"v1": VERSION_1, "v2": (own_files,)}


def render(content: Json) -> bytes:
    """Return a file's bytes."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def main() -> int:
    """Write or check every file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    made: dict[Path, bytes] = {}
    for version, mechanisms in VERSIONS.items():
        for mechanism in mechanisms:
            for name, content in mechanism():
                made[OUT / version / f"{name}.json"] = render(content)
    present = {path for version in VERSIONS for path in (OUT / version).rglob("*.json")}
    faults = [f"not made by the model: {path.relative_to(OUT)}" for path in sorted(present - set(made))]
    for path, data in made.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        elif not path.exists():
            faults.append(f"missing: {path.relative_to(OUT)}")
        elif path.read_bytes() != data:
            faults.append(f"differs: {path.relative_to(OUT)}")
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"{len(made)} files {'agree' if check else 'written'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
