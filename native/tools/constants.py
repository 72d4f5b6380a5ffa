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
    top = f"/* Written by native/tools/constants.py; do not edit. */\n#ifndef {guard}\n#define {guard}\n\n"
    return top + "\n".join(parts) + "\n#endif\n"


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
        constant("uint64_t", "ts_fr_modulus_minus_2", R - 2, FR_LIMBS, "r - 2"),
        constant("ts_fr", "ts_fr_one", mont % R, FR_LIMBS, "2^256 mod r: one"),
        constant(
            "ts_fr", "ts_fr_r2", mont**2 % R, FR_LIMBS, "2^512 mod r: turns a value into Montgomery form"
        ),
        constant(
            "ts_fr",
            "ts_fr_r3",
            mont**3 % R,
            FR_LIMBS,
            "2^768 mod r: turns a value times 2^256 into Montgomery form",
        ),
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


def ifma_header() -> str:
    """Return arch/ifma/ifma_constants.h."""
    base = 1 << LIMB_BITS
    return header(
        "TS_IFMA_CONSTANTS_H",
        '#include "../../util/util.h"\n',
        f"/* r, limbs of 52 bits */\nstatic const uint64_t ts_fr8_modulus[5] TS_UNUSED = {limbs52(R, 5)};\n",
        f"/* -1/r mod 2^52 */\n#define TS_FR8_INV 0x{-pow(R, -1, base) % base:013x}ULL\n",
        f"/* floor(2^59 / (floor(r / 2^208) + 1)) */\n#define TS_FR8_MU {(1 << 59) // ((R >> 208) + 1)}ULL\n",
    )


HEADERS = {
    "arch/ifma/ifma_constants.h": ifma_header,
    "field/fr_constants.h": fr_header,
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
