# SPDX-License-Identifier: Apache-2.0
"""Recompute the digests of the generators G_0, G_1, ... that ``tallystick.algebra`` holds as constants.

For each k from 4 to 14: SHA-256 over G_0 .. G_(2**k - 1), each as x then y, 48 bytes big-endian.  The
points are those of ``spec/conventions.md``, hashed by py_ecc; nothing of the package is imported, so that the
constants do not vouch for themselves.  With ``--check FILE`` the printed lines must all occur in that file.

    python spec/tools/generator_digests.py [--largest K] [--check src/tallystick/algebra/_generators.py]
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.optimized_bls12_381 import normalize

DST = b"TALLYSTICK-V1-G_BLS12381G1_XMD:SHA-256_SSWU_RO_"
SMALLEST, LARGEST = 4, 14


def generator(i: int) -> bytes:
    """Return G_i in affine form."""
    x, y = normalize(hash_to_G1(i.to_bytes(4, "big"), DST, hashlib.sha256))
    return int(x).to_bytes(48, "big") + int(y).to_bytes(48, "big")


def main() -> int:
    """Print, and on request check, one line for each power of two."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--largest", type=int, default=LARGEST, metavar="K", help="stop at 2**K generators")
    parser.add_argument("--check", type=Path, metavar="FILE", help="a file that must hold every digest")
    arguments = parser.parse_args()
    wanted = arguments.check.read_text() if arguments.check else None
    running = hashlib.sha256()
    done = 0
    for k in range(SMALLEST, arguments.largest + 1):
        while done < 1 << k:
            running.update(generator(done))
            done += 1
        line = f'{1 << k}: "{running.hexdigest()}",'
        print(line, flush=True)
        if wanted is not None and line not in wanted:
            print(f"{arguments.check} does not hold this digest", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
