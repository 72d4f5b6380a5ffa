# SPDX-License-Identifier: Apache-2.0
"""A histogram of wages under differential privacy: noise that no member can bias, or subtract again.

The coins that are added to every count are drawn inside the computation. A person's wage is in one bin; another
wage in its place changes two counts by one, so the budget of one count is spent twice. The plan holds it, and so
does the transcript.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import tallystick as ts
from tallystick.gallery._example import Example, Plain, Tables
from tallystick.gallery._plain import column

EDGES = (0, 256, 512, 768, 1024, 1280, 1536, 2048, 4096)
EPSILON = 1
DELTA_BITS = 40
COINS = 196


@ts.program
def histogram(table: ts.Members[ts.Table]) -> dict[str, object]:
    """Counts of people by hourly wage, each (1, 2^-40)-differentially private by binomial noise."""
    wage = ts.concat(t["wage_cents"] for t in table)
    people = ts.histogram(wage, EDGES).renamed("people by wage")
    return {"people": ts.add_noise(people, epsilon=EPSILON, delta_bits=DELTA_BITS)}


def plain(tables: Tables) -> Plain:
    """Count without noise."""
    wage = column(tables.values(), "wage_cents")
    bins = pairwise(EDGES)
    return {"people": [Fraction(sum(low <= w < high for w in wage)) for low, high in bins]}


EXAMPLE = Example(
    program=histogram,
    title="a histogram of hourly wages with binomial noise, differentially private",
    revealed=(
        "Eight counts over all members, each with the sum of 196 fair coins less 98 added, which nobody knows as "
        "long as one member is honest. Another wage of one person changes two counts by one, and the probability of "
        "what is seen by a factor of at most e² = 7.4, but for events of probability 2^-38. The edges are public."
    ),
    folder="wages",
    columns={"wage_cents": ts.Column(0, 2**12 - 1)},
    plain=plain,
    bounds={"people": Fraction(COINS // 2)},
)
