# SPDX-License-Identifier: Apache-2.0
"""Write the vectors of the C tests as a C header: RFC 9380's files, and what Python's integers give.

Usage: ``python vectors.py OUT``.  Standard library only, so that a machine without the package can test the core.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
Z_ABS = 0xD201000000010000
COFACTOR = (Z_ABS + 1) ** 2 // 3
VECTORS = Path(__file__).resolve().parents[2] / "spec" / "vectors"

Point = tuple[int, int] | None


def add(a: Point, b: Point) -> Point:
    """Return a + b on y^2 = x^3 + 4, by the textbook."""
    if a is None or b is None:
        return a if b is None else b
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    top, bottom = (3 * x1 * x1, 2 * y1) if a == b else (y2 - y1, x2 - x1)
    m = top * pow(bottom, -1, P) % P
    x = (m * m - x1 - x2) % P
    return x, (m * (x1 - x) - y1) % P


def mul(k: int, a: Point) -> Point:
    """Return k a, by doubling and adding."""
    out: Point = None
    for bit in bin(k)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, a)
    return out


def affine(a: Point) -> bytes:
    """Return x then y, big-endian, infinity all zero."""
    x, y = a or (0, 0)
    return x.to_bytes(48, "big") + y.to_bytes(48, "big")


def compressed(a: Point) -> bytes:
    """Return the 48-byte encoding."""
    if a is None:
        return bytes([0xC0]) + bytes(47)
    flags = 0xA0 if a[1] > P // 2 else 0x80
    return (a[0] | flags << 376).to_bytes(48, "big")


def some_point(x: int) -> Point:
    """Return a point of the curve, hardly ever of G1, with an abscissa of x or a little more."""
    while True:
        square = (x**3 + 4) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            return x, y
        x += 1


def order_11() -> Point:
    """Return a point of order 11, which divides the cofactor twice."""
    x = 1
    while True:
        point = some_point(x)
        candidate = mul(R * COFACTOR // 121, point)
        if candidate is not None:
            eleventh = mul(11, candidate)
            return candidate if eleventh is None else eleventh
        x += 1


def c_bytes(data: bytes) -> str:
    """Return a C initialiser; a lone zero where there is nothing, for C has no empty arrays."""
    return "{" + ",".join(map(str, data or b"\0")) + "}"


def table(name: str, rows: list[bytes]) -> str:
    """Return a table of byte strings of one length."""
    body = ",\n".join(c_bytes(row) for row in rows)
    return (
        f"#define {name.upper()}_COUNT {len(rows)}\n"
        f"static const uint8_t {name}[{len(rows)}][{max(1, len(rows[0]))}] = {{\n{body}}};\n"
    )


def strings(name: str, rows: list[bytes]) -> str:
    """Return a table of byte strings of any length, each as its bytes and its length."""
    parts = [f"static const uint8_t {name}_{i}[] = {c_bytes(row)};\n" for i, row in enumerate(rows)]
    entries = ",\n".join(f"{{{name}_{i}, {len(row)}}}" for i, row in enumerate(rows))
    return "".join(parts) + f"static const ts_test_string {name}[{len(rows)}] = {{\n{entries}}};\n"


def field(name: str, modulus: int, size: int, order: str, rng: random.Random) -> str:
    """Return operands and results of one field: edge values against each other, then random ones."""
    bits = modulus.bit_length()
    edge = [0, 1, 2, modulus - 1, modulus - 2, modulus // 2, modulus // 2 + 1, (1 << (bits - 1)) - 1]
    edge += [v % modulus for k in range(1, size // 8) for v in ((1 << 64 * k) - 1, 1 << 64 * k)]
    pairs = [(a, b) for a in edge for b in edge]
    pairs += [(rng.randrange(modulus), rng.randrange(modulus)) for _ in range(64)]

    def column(suffix: str, values: list[int]) -> str:
        return table(f"{name}_{suffix}", [v.to_bytes(size, order) for v in values])  # type: ignore[arg-type]

    return (
        column("a", [a for a, _ in pairs])
        + column("b", [b for _, b in pairs])
        + column("sum", [(a + b) % modulus for a, b in pairs])
        + column("difference", [(a - b) % modulus for a, b in pairs])
        + column("product", [a * b % modulus for a, b in pairs])
        + column("inverse", [pow(a, -1, modulus) if a else 0 for a, _ in pairs])
        + column("refuse", [modulus, modulus + 1, (1 << 8 * size) - 1])
    )


def chacha20() -> str:
    """Return the block of RFC 8439, section 2.3.2, and what it is modulo r."""
    block = bytes.fromhex(
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
    )
    reduced = (int.from_bytes(block, "little") % R).to_bytes(32, "little")
    return table("chacha20_block", [block]) + table("chacha20_reduced", [reduced])


def sha256() -> str:
    """Return the digests of the strings 00 01 02 ... of every length up to 200."""
    return table("sha256_digest", [hashlib.sha256(bytes(range(n))).digest() for n in range(200)])


def expand_message() -> str:
    """Return the vectors of RFC 9380, appendix K.1; a tag above 255 bytes is hashed first (section 5.3.3)."""
    out = ""
    for size in (38, 256):
        data = json.loads((VECTORS / "rfc9380" / f"expand_message_xmd_{size}.json").read_text())
        name = f"xmd_{size}"
        tests = data["tests"]
        out += f"#define {name.upper()}_COUNT {len(tests)}\n"
        dst = data["DST"].encode()
        if len(dst) > 255:
            dst = hashlib.sha256(b"H2C-OVERSIZE-DST-" + dst).digest()
        out += strings(f"{name}_dst", [dst])
        out += strings(f"{name}_message", [t["msg"].encode() for t in tests])
        out += strings(f"{name}_uniform", [bytes.fromhex(t["uniform_bytes"]) for t in tests])
    return out


def hash_to_curve() -> str:
    """Return the vectors of RFC 9380, appendix J.9.1."""
    data = json.loads((VECTORS / "rfc9380" / "hash_to_g1.json").read_text())
    tests = data["vectors"]
    points = [(int(t["P"]["x"], 16), int(t["P"]["y"], 16)) for t in tests]
    return (
        strings("h2c_dst", [data["dst"].encode()])
        + strings("h2c_message", [t["msg"].encode() for t in tests])
        + table("h2c_affine", [affine(p) for p in points])
        + table("h2c_compressed", [compressed(p) for p in points])
    )


def curve(rng: random.Random) -> str:
    """Return multiples of one point of G1, all points of order 11, and encodings to refuse."""
    base = mul(COFACTOR, some_point(rng.randrange(P)))
    scalars = [0, 1, 2, 3, R - 1, R - 2, R // 2, R // 2 + 1, Z_ABS, Z_ABS**2, Z_ABS**2 - 1, (1 << 128) - 1]
    scalars += [rng.randrange(R) for _ in range(12)]
    eleven = order_11()
    no_root = next(x for x in range(1, 100) if pow(x**3 + 4, (P - 1) // 2, P) != 1)
    good = compressed(base)
    encoding = [
        bytes([good[0] & 0x7F]) + good[1:],
        bytes(48),
        bytes([0x40]) + bytes(47),
        bytes([0xE0]) + bytes(47),
    ]
    encoding += [bytes([0xC0]) + bytes(46) + b"\1", (P | 0x80 << 376).to_bytes(48, "big")]
    encoding += [((1 << 381) - 1 | 0x80 << 376).to_bytes(48, "big")]
    outside = [some_point(rng.randrange(P)) for _ in range(4)] + [eleven, (0, 2)]
    return (
        table("multiple_scalar", [k.to_bytes(32, "little") for k in scalars])
        + table("multiple_point", [affine(mul(k, base)) for k in scalars])
        + table("eleven", [affine(mul(k, eleven)) for k in range(11)])
        + table("refuse_encoding", encoding)
        + table("refuse_curve", [(no_root | 0x80 << 376).to_bytes(48, "big")])
        + table("refuse_subgroup", [compressed(p) for p in outside])
    )


def is_prime(n: int) -> bool:
    """Whether an odd n is prime; the bases are enough below 2^64."""
    twos = (n - 1 & 1 - n).bit_length() - 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        powers = [pow(base, (n - 1 >> twos) << k, n) for k in range(twos)]
        if powers[0] != 1 and n - 1 not in powers:
            return False
    return True


def integers(kind: str, name: str, values: list[int]) -> str:
    """Return an array of 64-bit integers; C has no literal for the smallest one, which does not occur."""
    suffix = "ULL" if kind == "uint64_t" else "LL"
    return f"static const {kind} {name}[{len(values)}] = {{{', '.join(f'{v}{suffix}' for v in values)}}};\n"


def ring() -> str:
    """Return the model's vectors of the ring, and a prime with roots of every order up to 2^17."""
    folder = VECTORS / "v1" / "ring"
    bgv, samplers, bad = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("bgv", "samplers", "bad_packing")
    )
    primes, degree, wide = bgv["primes"], bgv["degree"], bgv["wide_limbs"]
    order = 1 << 17
    big = next(p for p in range((1 << 50) - order + 1, 0, -order) if is_prime(p))
    psi = next(pow(g, (big - 1) // order, big) for g in range(2, 100) if pow(g, (big - 1) // 2, big) != 1)
    text = (
        f"#define RING_DEGREE {degree}\n#define RING_PRIMES {len(primes)}\n#define RING_KEPT {bgv['kept']}\n"
        f"#define RING_WIDE {wide}\n#define RING_BOX_COUNT {len(samplers['box'])}\n"
        f"#define RING_BIG_ORDER {order}\n#define RING_BIG_P {big}ULL\n#define RING_BIG_PSI {psi}ULL\n"
    )
    text += integers("uint64_t", "RING_PRIME", primes) + integers("uint64_t", "RING_PSI", bgv["psi"])
    for name, key in (("S", "s"), ("E", "e"), ("E0", "e0"), ("V", "v"), ("E1", "e1")):
        text += integers("int64_t", f"RING_{name}", bgv[key])
    text += integers("int64_t", "RING_REPLY_V", bgv["reply_v"])
    text += integers("int64_t", "RING_REPLY_E1", bgv["reply_e1"])
    text += integers("int64_t", "RING_TERNARY", samplers["ternary"])
    text += integers("int64_t", "RING_BINOMIAL", samplers["binomial"])
    text += integers("unsigned", "RING_BITS", [case["bits"] for case in samplers["box"]])
    rows = ", ".join("{" + ", ".join(f"{v}LL" for v in c["coefficients"]) + "}" for c in samplers["box"])
    text += f"static const int64_t RING_BOX[][{degree}] = {{{rows}}};\n"
    for name, values in (("RING_U", bgv["u"]), ("RING_LIMBS", samplers["wide"])):
        limbs = [int(v) >> (52 * j) & (1 << 52) - 1 for j in range(wide) for v in values]
        text += integers("uint64_t", name, limbs)
    byte_strings = {
        f"ring_{k}": bgv[k] for k in ("a", "b", "s_values", "b_minus_c0", "m", "y", "mask", "opened")
    }
    for name, key in (("c", "c"), ("doubled", "doubled"), ("reply", "reply")):
        byte_strings |= {f"ring_{name}{i}": bgv[key][i] for i in (0, 1)}
    for key in ("seed", "nonce", "uniform", "carried_nonce", "carried_uniform"):
        byte_strings[f"ring_{key}"] = samplers[key]
    text += "".join(table(name, [bytes.fromhex(data)]) for name, data in byte_strings.items())
    size = 25 * degree // 4
    packings = [bytes.fromhex(case["bytes"]) for case in bad["cases"]]
    packings = [data for data in packings if len(data) == size * len(primes)]
    places = []
    for data in packings:
        numbers = [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]
        residues = [n >> (50 * i) & (1 << 50) - 1 for n in numbers for i in range(degree)]
        places.append(next(k for k, v in enumerate(residues) if v >= primes[k // degree]))
    return text + table("ring_bad_packing", packings) + integers("uint64_t", "RING_BAD_AT", places)


def main() -> None:
    """Write the header."""
    rng = random.Random(b"tallystick C tests")
    text = "typedef struct {\n    const uint8_t *data;\n    size_t size;\n} ts_test_string;\n"
    text += field("frv", R, 32, "little", rng) + field("fpv", P, 48, "big", rng)
    text += chacha20() + sha256() + expand_message() + hash_to_curve() + curve(rng) + ring()
    Path(sys.argv[1]).write_text(text)


if __name__ == "__main__":
    main()
