# SPDX-License-Identifier: Apache-2.0
"""Print the bounds of ``spec/soundness.md`` and ``spec/preparation.md``; ``--check`` compares them with the pages.

python spec/tools/knowledge_error.py [--check]
"""

from __future__ import annotations

import sys
from math import ceil, floor, log2
from pathlib import Path

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
C, ROWS, CLAIMS, LOG_QUERIES = 16_384, 200, 10**6, 64
SPEC = Path(__file__).resolve().parents[1]
N, PROVED, REPLIES, STATISTICAL = 32_768, 8, 1 << 25, 80
"""Of preparation: the ring's degree, ciphertexts under one proof, replies of an epoch, bits for all of them."""


def levels() -> dict[str, tuple[int, int]]:
    """Return, for each kind of challenge, how many there are and k, the branches an extractor needs."""
    return {
        "ξ": (1, C + 1),
        "ρ": (1, CLAIMS),
        "row foldings": (ceil(log2(ROWS)), 3),
        "mask": (1, 2),
        "x": (1, 2),
        "column halvings": (ceil(log2(C / 16)), 3),
    }


def lines() -> list[str]:
    """Return the page's figures, one statement a line."""
    total = sum(count * (k - 1) for count, k in levels().values())
    tree = sum(count * log2(k) for count, k in levels().values())
    error = log2(total) - log2(R)
    return [
        f"| {name} | {count} | {k:,} | {count * (k - 1):,} |" for name, (count, k) in levels().items()
    ] + [
        f"Σ (k - 1) = {total:,}",
        f"κ ≤ 2^{error:.1f}",
        f"(2^{LOG_QUERIES} + 1)·κ ≤ 2^{error + LOG_QUERIES:.1f}",
        f"K = Π k ≈ 2^{tree:.1f}",
    ]


def response(bound: int, terms: int, coefficients: int) -> int:
    """Return how large a coefficient is in a response that a proof of plaintext knowledge may publish."""
    shift = bound * terms
    return (1 << (8 * coefficients * (shift + 1) - 1).bit_length()) - 1 - shift


def preparation() -> list[str]:
    """Return the figures of a reply: what proofs leave, what has to be hidden, and what that takes."""
    monomial, constant = ceil(128 / log2(2 * N + 1)), ceil(128 / log2(11))
    # Openings of 2b = a·s + r·e and of 2C and 2520·C, (f, v, e_1), by differences of two responses; f over r.
    s, e = (2 * N * response(bound, 1, 2 * monomial * N) for bound in (1, 22))
    worst = 0
    for masks, terms, factor in ((monomial, PROVED, N), (constant, 5, 2520)):
        small, noise = (response(bound, terms, 3 * masks * N) for bound in (1, 22))
        v, e_1, f = 2 * factor * small, 2 * factor * noise, factor * (2 * noise + 1)
        # y·(f + r·(e·v - e_1·s)) + r·(e·v_0 - e_0·s) - μ, with y and μ below r, v_0 ternary and e_0 at most 21.
        worst = max(worst, N * R * R * (f + N * (e * v + e_1 * s)) + R * N * (e + 21 * s) + R)
    hidden = worst // R + 1
    bits = ceil(log2(2 * REPLIES * N * hidden)) + STATISTICAL
    # An honest owner's 2s and 2e; the mask outweighs all else.
    spread = R * N * (42 + 42)
    noise = N * R * 2520 * (22 * R + spread) + (R << bits) + spread + R
    primes = floor((log2(noise) + 2) / 50) + 1
    kept = floor((log2((noise >> 50 * (primes - 6)) + R * primes * 2 * N) + 2) / 50) + 1
    together = log2(REPLIES * N * hidden) - bits
    return [
        f"{primes} primes ({50 * primes} bits), {kept} kept ({50 * kept} bits)",
        f"u of {bits} bits in {ceil(bits / 52)} limbs",
        f"hidden noise 2^{log2(worst):.1f}, reply noise 2^{log2(noise):.1f}",
        f"all replies of an epoch 2^{together:.1f}",
        f"hidden up to distance 2^{together:.1f}",
    ]


def main() -> int:
    """Print, or check the pages."""
    found = {"soundness.md": lines(), "preparation.md": preparation()}
    if "--check" not in sys.argv[1:]:
        print("\n".join(line for page in found.values() for line in page))
        return 0
    missing = [
        (page, line)
        for page, said in found.items()
        for line in said
        if line not in (SPEC / page).read_text(encoding="utf-8")
    ]
    for page, line in missing:
        print(f"{page} does not say: {line}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
