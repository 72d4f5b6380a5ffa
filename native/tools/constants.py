# SPDX-License-Identifier: Apache-2.0
"""Recompute every magic constant of the native core.

``python native/tools/constants.py`` rewrites the generated headers; ``--check`` compares them and
exits with status 1 where one differs. Each constant is derived here from its formula; the curve's
isogeny, which has none, is taken from py_ecc.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
Z_ABS = 0xD201000000010000  # the curve's parameter is z = -Z_ABS
FR_LIMBS, FP_LIMBS = 4, 6
FP_R = 1 << 384
SRC = Path(__file__).resolve().parents[1] / "src"


def limbs(value: int, count: int) -> str:
    """Return a C initialiser of ``count`` 64-bit limbs, least significant first."""
    assert 0 <= value < 1 << (64 * count)
    words = [f"0x{value >> (64 * i) & (1 << 64) - 1:016x}" for i in range(count)]
    lines = [", ".join(words[i : i + 4]) for i in range(0, count, 4)]
    return "{" + ",\n    ".join(lines) + "}"


def constant(kind: str, name: str, value: int, count: int, formula: str) -> str:
    """Return the definition of one constant, with its formula as a comment."""
    body = limbs(value, count)
    if kind != "uint64_t":
        return f"/* {formula} */\nstatic const {kind} {name} TS_UNUSED = {{{body}}};\n"
    return f"/* {formula} */\nstatic const uint64_t {name}[{count}] TS_UNUSED = {body};\n"


def header(guard: str, *parts: str) -> str:
    """Return a whole generated header."""
    top = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Written by native/tools/constants.py; do not edit. */\n"
    top += f"#ifndef {guard}\n#define {guard}\n\n"
    return top + "\n".join(parts) + "\n#endif\n"


def roots_hash() -> int:
    """Return the smallest odd factor that tells the 2^8-th roots of unity apart.

    That is, by the top 12 bits of the product of the factor with the lowest limb in Montgomery form.
    """
    root = pow(7, (R - 1) >> 8, R)
    low = [pow(root, j, R) * (1 << 256) % R % (1 << 64) for j in range(256)]
    factor = 1
    while len({v * factor % (1 << 64) >> 52 for v in low}) < 256:
        factor += 2
    return factor


def fr_header() -> str:
    """Return field/fr_constants.h."""
    mont = 1 << 256
    inv = -pow(R, -1, 1 << 64) % (1 << 64)
    omega = pow(7, (R - 1) >> 32, R)
    return header(
        "TS_FR_CONSTANTS_H",
        '#include "fr.h"\n',
        constant("uint64_t", "ts_fr_modulus", R, FR_LIMBS, "r"),
        f"/* -1/r mod 2^64 */\n#define TS_FR_INV 0x{inv:016x}ULL\n",
        constant("uint64_t", "ts_fr_modulus_half", (R - 1) // 2, FR_LIMBS, "(r - 1)/2"),
        constant(
            "uint64_t", "ts_fr_sqrt_exponent", ((R - 1 >> 32) - 1) // 2, FR_LIMBS, "((r - 1)/2^32 - 1)/2"
        ),
        f"/* see roots_hash in the script */\n#define TS_FR_ROOTS_HASH {roots_hash()}ULL\n",
        constant("ts_fr", "ts_fr_one", mont % R, FR_LIMBS, "2^256 mod r: one"),
        constant("ts_fr", "ts_fr_r2", mont**2 % R, FR_LIMBS, "2^512 mod r, to enter Montgomery form"),
        constant("ts_fr", "ts_fr_r3", mont**3 % R, FR_LIMBS, "2^768 mod r, to enter it times 2^256"),
        constant("ts_fr", "ts_fr_omega", omega * mont % R, FR_LIMBS, "7^((r-1)/2^32), of order 2^32"),
        constant("ts_fr", "ts_fr_half", pow(2, -1, R) * mont % R, FR_LIMBS, "1/2"),
    )


LIMB_BITS = 52  # of the AVX-512 IFMA kernels


def limbs52(value: int, count: int) -> str:
    """Return a C initialiser of ``count`` limbs of 52 bits, least significant first."""
    assert 0 <= value < 1 << (LIMB_BITS * count)
    return (
        "{"
        + ", ".join(f"0x{value >> (LIMB_BITS * i) & (1 << LIMB_BITS) - 1:013x}" for i in range(count))
        + "}"
    )


def fp8(name: str, value: int, formula: str) -> str:
    """Return the definition of one constant of Fp in limbs of 52 bits."""
    return f"/* {formula} */\nstatic const uint64_t ts_fp8_{name}[8] TS_UNUSED = {limbs52(value % P, 8)};\n"


def mu128(name: str, value: int, formula: str) -> str:
    """Return the definition of the two words of a constant."""
    assert 0 <= value < 1 << 128
    low, high = value & ((1 << 64) - 1), value >> 64
    return f"/* {formula} */\n#define {name}_LOW 0x{low:016x}ULL\n#define {name}_HIGH 0x{high:016x}ULL\n"


def ifma_header() -> str:
    """Return arch/ifma/ifma_constants.h."""
    base = 1 << LIMB_BITS
    return header(
        "TS_IFMA_CONSTANTS_H",
        '#include "../../util/util.h"\n',
        f"/* r, limbs of 52 bits */\nstatic const uint64_t ts_fr8_modulus[5] TS_UNUSED = {limbs52(R, 5)};\n",
        "/* 2^260 - r */\n"
        f"static const uint64_t ts_fr8_minus_modulus[5] TS_UNUSED = {limbs52(base**5 - R, 5)};\n",
        "/* floor(2^512 / r) */\n"
        f"static const uint64_t ts_fr8_enter_mu[5] TS_UNUSED = {limbs52((1 << 512) // R, 5)};\n",
        f"/* -1/r mod 2^52 */\n#define TS_FR8_INV 0x{-pow(R, -1, base) % base:013x}ULL\n",
        f"/* floor(2^59 / (floor(r / 2^208) + 1)) */\n#define TS_FR8_MU {(1 << 59) // ((R >> 208) + 1)}ULL\n",
        f"/* p, limbs of 52 bits */\nstatic const uint64_t ts_fp8_modulus[8] TS_UNUSED = {limbs52(P, 8)};\n",
        f"/* -1/p mod 2^52 */\n#define TS_FP8_INV 0x{-pow(P, -1, base) % base:013x}ULL\n",
        "/* k p for k = 0 .. 5 */\nstatic const uint64_t ts_fp8_multiples[6][8] TS_UNUSED = {\n    "
        + ",\n    ".join(limbs52(k * P, 8) for k in range(6))
        + "};\n",
        f"/* floor(2^52 / (floor(p / 2^364) + 2)) */\n#define TS_FP8_TOP_INV {base // ((P >> 364) + 2)}ULL\n",
        fp8("beta", beta() << 416, "beta of curve/g1_constants.h"),
        mu128("TS_FR_SPLIT_MU", (1 << 254) // Z_ABS**2, "floor(2^254 / z^2)"),
        f"/* (p - 1)/2 */\nstatic const uint64_t ts_fp8_modulus_half[8] TS_UNUSED = {limbs52((P - 1) // 2, 8)};\n",
        fp8("b", 4 << 416, "b of y^2 = x^3 + b"),
        fp8("unit", 1 << 416, "2^416 mod p: one"),
        fp8("enter", 1 << 448, "2^448 mod p: from the domain of 2^384 to that of 2^416"),
        fp8("leave", 1 << 384, "2^384 mod p: back"),
        fp8("enter_integer", 1 << 832, "2^832 mod p: from integers to the domain of 2^416"),
        fp8("enter_high", 1 << 1216, "2^1216 mod p: the same for integers times 2^384"),
        fp8("inverse_fix", 1 << 1248, "2^1248 mod p: from 1 / (value 2^416) to 2^416 / value"),
    )


def fp(name: str, value: int, formula: str) -> str:
    """Return the definition of one Fp element in Montgomery form."""
    return constant("ts_fp", name, value * FP_R % P, FP_LIMBS, formula)


def fp_header() -> str:
    """Return field/fp_constants.h."""
    inv = -pow(P, -1, 1 << 64) % (1 << 64)
    return header(
        "TS_FP_CONSTANTS_H",
        '#include "fp.h"\n',
        constant("uint64_t", "ts_fp_modulus", P, FP_LIMBS, "p"),
        f"/* -1/p mod 2^64 */\n#define TS_FP_INV 0x{inv:016x}ULL\n",
        constant("uint64_t", "ts_fp_modulus_half", (P - 1) // 2, FP_LIMBS, "(p - 1)/2"),
        constant("uint64_t", "ts_fp_sqrt_exponent", (P + 1) // 4, FP_LIMBS, "(p + 1)/4"),
        constant("uint64_t", "ts_fp_sqrt_ratio_exponent", (P - 3) // 4, FP_LIMBS, "(p - 3)/4"),
        fp("ts_fp_one", 1, "2^384 mod p: one"),
        fp("ts_fp_r2", FP_R, "2^768 mod p, to enter Montgomery form"),
        fp("ts_fp_r3", FP_R**2, "2^1152 mod p, to enter it times 2^384"),
    )


def beta() -> int:
    """Return the cube root of unity for which (beta x, y) = -z^2 (x, y) on G1.

    The two candidates belong to the eigenvalues -z^2 and z^2 - 1; py_ecc's generator tells them apart.
    """
    from py_ecc.optimized_bls12_381 import G1, multiply, normalize

    x, y = (int(v) for v in normalize(G1))
    image_x, image_y = (int(v) for v in normalize(multiply(G1, R - Z_ABS**2)))
    root = image_x * pow(x, -1, P) % P
    assert image_y == y and root != 1 and pow(root, 3, P) == 1
    return root


def g1_header() -> str:
    """Return curve/g1_constants.h."""
    return header(
        "TS_G1_CONSTANTS_H",
        '#include "../field/fp.h"\n',
        f"/* -z for the curve's parameter z: r = z^4 - z^2 + 1 */\n#define TS_G1_Z_ABS 0x{Z_ABS:016x}ULL\n",
        constant("uint64_t", "ts_g1_z_squared", Z_ABS**2, 2, "z^2"),
        fp("ts_g1_b", 4, "b of y^2 = x^3 + b"),
        fp("ts_g1_beta", beta(), "a cube root of unity, (beta x, y) = -z^2 (x, y) on G1"),
    )


def hash_header() -> str:
    """Return curve/g1_hash_constants.h."""
    from py_ecc.optimized_bls12_381 import constants as c

    z = int(c.ISO_11_Z)
    names = ("x_num", "x_den", "y_num", "y_den")
    tables = []
    for name, coefficients in zip(names, c.ISO_11_MAP_COEFFICIENTS, strict=True):
        rows = ",\n    ".join(f"{{{limbs(int(k) * FP_R % P, FP_LIMBS)}}}" for k in coefficients)
        tables.append(
            f"/* {name} of the 11-isogeny (RFC 9380, appendix E.2), constant term first */\n"
            f"static const ts_fp ts_iso_{name}[{len(coefficients)}] TS_UNUSED = {{\n    {rows}}};\n"
        )
    root = pow(-z, (P + 1) // 4, P)
    assert root * root % P == -z % P
    return header(
        "TS_G1_HASH_CONSTANTS_H",
        '#include "../field/fp.h"\n',
        fp("ts_sswu_a", int(c.ISO_11_A), "A' of the isogenous curve (RFC 9380, section 8.8.1)"),
        fp("ts_sswu_b", int(c.ISO_11_B), "B' of the isogenous curve (RFC 9380, section 8.8.1)"),
        fp("ts_sswu_z", z, "Z = 11"),
        fp("ts_sswu_sqrt_minus_z", root, "sqrt(-Z)"),
        *tables,
    )


def primes(count: int) -> list[int]:
    """Return the first primes."""
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all(n % q for q in found):
            found.append(n)
        n += 1
    return found


def root_bits(n: int, degree: int) -> int:
    """Return the first 32 bits of the fractional part of the root of n, in integers alone."""
    target, low, high = n << (32 * degree), 0, n << 32
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= target else (low, middle)
    return low & 0xFFFFFFFF


def sha256_header() -> str:
    """Return hash/sha256_constants.h."""

    def table(name: str, values: list[int], formula: str) -> str:
        words = [f"0x{v:08x}" for v in values]
        rows = ",\n    ".join(", ".join(words[i : i + 8]) for i in range(0, len(words), 8))
        return f"/* {formula} */\nstatic const uint32_t {name}[{len(words)}] = {{\n    {rows}}};\n"

    return header(
        "TS_SHA256_CONSTANTS_H",
        "#include <stdint.h>\n",
        table("ts_sha256_start", [root_bits(q, 2) for q in primes(8)], "square roots of primes: fractions"),
        table("ts_sha256_k", [root_bits(q, 3) for q in primes(64)], "cube roots of primes: fractions"),
    )


HEADERS = {
    "arch/ifma/ifma_constants.h": ifma_header,
    "field/fr_constants.h": fr_header,
    "field/fp_constants.h": fp_header,
    "curve/g1_constants.h": g1_header,
    "curve/g1_hash_constants.h": hash_header,
    "hash/sha256_constants.h": sha256_header,
}


def main() -> int:
    """Write or check the headers; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    status = 0
    for name, make in HEADERS.items():
        path, text = SRC / name, make()
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path}: differs from what its formulas give", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
