"""Print the concrete bounds of ``spec/soundness.md``; ``--check`` compares them with the page.

python spec/tools/knowledge_error.py [--check]
"""

from __future__ import annotations

import sys
from math import ceil, log2
from pathlib import Path

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
C, ROWS, CLAIMS, LOG_QUERIES = 16_384, 200, 10**6, 64
PAGE = Path(__file__).resolve().parents[1] / "soundness.md"


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


def main() -> int:
    """Print, or check the page."""
    if "--check" not in sys.argv[1:]:
        print("\n".join(lines()))
        return 0
    page = PAGE.read_text(encoding="utf-8")
    missing = [line for line in lines() if line not in page]
    for line in missing:
        print(f"soundness.md does not say: {line}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
