# SPDX-License-Identifier: Apache-2.0
"""Can a peer tell a member's values by the time its ``commitment`` message takes?  Paired timings, to be run by hand.

    python benchmarks/paired_timing.py [--values N] [--bits K] [--pairs M] [--backend NAME]

For three programs, computes at home on N values of K bits, commits to what is shared and proves it, all values least in
one run of a pair and all greatest in the other, in random order, and counts how often the greatest took longer: a fair
coin would come out as far from the middle with probability p.  The control commits in variable time, and must be told
apart, so that a difference of that kind would have been seen.

Exit code 1 if the values can be told apart (p < 0.001), 2 if the control cannot.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import tallystick as ts
from tallystick.algebra import Generators, Random
from tallystick.backend import Backend, get_backend
from tallystick.plan import Home, evaluate_home
from tallystick.proofs import Words, commit_rows_var, to_words
from tallystick.session import commit_part
from tallystick.tracing import Program, Secret, trace

_CHANCE = 0.001


PROGRAMS: dict[str, Callable[[Secret], object]] = {
    "rows as they are": lambda x: ts.reveal(x, allow_input=True),
    "sums of squares": lambda x: (x * x).sum(),
    "comparisons": lambda x: (x < x.high // 3).sum() + (x[1:] == x[:-1]).sum(),
}
"""What a member computes at home and shares of one column: nothing, products, digits with inverses."""


@dataclass(frozen=True)
class Member:
    """What a member knows before it sees its values."""

    backend: Backend
    home: Home
    generators: Generators

    @classmethod
    def of(cls, backend: Backend, compute: Callable[[Secret], object], rows: int, high: int) -> Member:
        """Trace a program on one member's column of values from 0 to ``high``."""

        def body(tables: ts.Members[ts.Table]) -> object:
            return {"out": compute(tables["a"]["x"])}

        schema = ts.MemberSchema("a", rows, {"x": ts.Column(0, high)})
        (home,) = trace(Program("paired", body), [schema]).homes
        return cls(backend, home, Generators(backend, home.layout.columns))

    def message(self, column: Words) -> None:
        """Make what a session sends."""
        commit_part(
            self.home,
            [column],
            context=b"paired timing",
            generators=self.generators,
            random=Random.system(),
        )

    def control(self, column: Words) -> None:
        """Compute the same, and commit to its gates in variable time."""
        shape, random = self.home.layout.shape, Random.system()
        values = evaluate_home(self.backend, self.home, [column])
        gates = values.witness(random.vector(self.backend, shape.input_rows)).gates
        rows = gates.pad(-(-len(gates) // shape.columns) * shape.columns)
        gammas = random.vector(self.backend, len(rows) // shape.columns)
        commit_rows_var(self.generators, shape.columns, rows, gammas)


def _seconds(work: Callable[[Words], None], column: Words) -> float:
    start = time.process_time()
    work(column)
    return time.process_time() - start


def _chance(wins: int, n: int) -> float:
    """Return the probability that n throws of a fair coin are at least as far from n/2 as this."""
    far = abs(2 * wins - n)
    return sum(math.comb(n, k) for k in range(n + 1) if abs(2 * k - n) >= far) / 2**n


def _compare(name: str, work: Callable[[Words], None], low: Words, high: Words, pairs: int) -> bool:
    """Print what one comparison shows; return whether the values can be told apart."""
    work(low), work(high)
    taken: list[tuple[float, float]] = []
    for _ in range(pairs):
        first_low = random.random() < 0.5  # noqa: S311  the order of measurements is no secret
        times = [_seconds(work, column) for column in ((low, high) if first_low else (high, low))]
        taken.append((times[0], times[1]) if first_low else (times[1], times[0]))
    wins = sum(b > a for a, b in taken)
    chance = _chance(wins, pairs)
    medians = [1e3 * statistics.median(side) for side in zip(*taken, strict=True)]
    print(
        f"{name}: all least {medians[0]:.2f} ms, all greatest {medians[1]:.2f} ms;"
        f" the greatest took longer in {wins} of {pairs} pairs, p = {chance:.2g}"
    )
    return chance < _CHANCE


def main() -> int:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--values", type=int, default=300)
    parser.add_argument("--bits", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--backend", default="native")
    options = parser.parse_args()
    backend = get_backend(options.backend)
    code = 0
    # Not a power of two long, so that digits are other wires than those of the input.
    high = (1 << options.bits) - 2
    for name, compute in PROGRAMS.items():
        member = Member.of(backend, compute, options.values, high)
        low, top = (to_words([end] * options.values) for end in (0, high))
        if not _compare(f"{name}, control", member.control, low, top, options.pairs):
            code = max(code, 2)
        if _compare(f"{name}, message", member.message, low, top, options.pairs):
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
