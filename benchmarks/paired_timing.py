# SPDX-License-Identifier: Apache-2.0
"""Can a peer tell a member's values by the time its ``commitment`` message takes?  Paired timings, to be run by hand.

    python benchmarks/paired_timing.py [--values N] [--bits K] [--pairs M] [--backend NAME]

For both forms, commits to and proves the ranges of N values of K bits, all least in one run of a pair and all greatest
in the other, in random order, and counts how often the greatest took longer: a fair coin would come out as far from the
middle with probability p.  The control commits in variable time, and must be told apart, so that a difference of that
kind would have been seen.

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

from tallystick.algebra import Generators, Random, Vector
from tallystick.backend import Backend, get_backend
from tallystick.proofs import (
    OwnShape,
    RangeInput,
    RangeRelation,
    Words,
    choose_columns,
    commit_inputs,
    commit_rows_var,
    input_slots,
    prove,
    range_witness,
    to_words,
)

_CHANCE = 0.001


@dataclass(frozen=True)
class Member:
    """What a member knows before it sees its values."""

    backend: Backend
    relation: RangeRelation
    generators: Generators

    @classmethod
    def of(cls, backend: Backend, item: RangeInput) -> Member:
        """Choose columns as for this input alone."""
        columns = choose_columns(item.slots + item.gates)
        return cls(backend, RangeRelation([item], columns, OwnShape), Generators(backend, columns))

    def message(self, column: Words) -> None:
        """Make what a session sends."""
        random = Random.system()
        gammas = random.vector(self.backend, self.relation.shape.input_rows)
        rows = commit_inputs(self.generators, self.relation, [column], gammas)
        witness = range_witness(self.backend, self.relation, [column], gammas)
        prove(
            self.relation,
            witness,
            generators=self.generators,
            input_commitments=rows,
            context=b"paired timing",
            random=random,
        )

    def control(self, column: Words) -> None:
        """Commit in variable time."""
        columns = self.relation.shape.columns
        gammas = Random.system().vector(self.backend, self.relation.shape.input_rows)
        slots = Vector.concat([input_slots(self.backend, item, column) for item in self.relation.inputs])
        commit_rows_var(self.generators, columns, slots.pad(len(gammas) * columns), gammas)


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
    for form in ("bits", "value"):
        # Not a power of two long, so that bits form takes its second set of wires.
        item = RangeInput(options.values, 0, (1 << options.bits) - 2, form)
        member = Member.of(backend, item)
        low, high = (to_words([end] * item.n) for end in (item.low, item.high))
        if not _compare(f"{form}, control", member.control, low, high, options.pairs):
            code = max(code, 2)
        if _compare(f"{form}, message", member.message, low, high, options.pairs):
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
