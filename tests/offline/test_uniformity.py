# SPDX-License-Identifier: Apache-2.0
"""What preparation makes and what is opened under it looks uniform, whatever the secret is.

Chi-square over 16 bins with 15 degrees of freedom: a uniform source exceeds 75 with probability below 1e-9.
"""

from __future__ import annotations

from collections import Counter

from support.memory_mesh import run
from support.small_ring import prepared
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.online import Openings
from tallystick.party import Shared

BINS, LIMIT, COUNT = 16, 75.0, 800


def chi_square(bins: list[int]) -> float:
    expected = len(bins) / BINS
    seen = Counter(bins)
    return sum((seen[k] - expected) ** 2 / expected for k in range(BINS))


def looks_uniform(values: list[int]) -> None:
    assert len(values) >= COUNT
    assert chi_square([v * BINS // FR_MODULUS for v in values]) < LIMIT, "top bits"
    assert chi_square([v % BINS for v in values]) < LIMIT, "low bits"


def test_the_measure_sees_what_is_not_uniform() -> None:
    skewed = [k * k % FR_MODULUS for k in range(COUNT)]
    assert chi_square([v * BINS // FR_MODULUS for v in skewed]) > LIMIT


def test_opened_values_and_shares_are_uniform_whatever_is_multiplied(fastest: Backend) -> None:
    async def protocol(mesh):
        online = Openings((p := await prepared(mesh, fastest))._party, p)
        constant = online.key.constant(Vector.constant(fastest, 5, COUNT))
        triples = await p.triples(COUNT)
        masked = Shared.concat([constant - triples.a, constant - triples.b])
        opened, parts = await online.open_parts(masked)
        masks = await p.masks(0, COUNT)
        input_masked = await online.open(constant - masks.shared)
        await online.check()
        return [opened[:COUNT], opened[COUNT:], input_masked, *parts, triples.c.value, triples.c.mac]

    for party in run(protocol, 2):
        for vector in party:
            looks_uniform(vector.to_ints())
