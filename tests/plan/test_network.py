# SPDX-License-Identifier: Apache-2.0
"""Permutation networks: every setting permutes, and every permutation has its settings."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.plan import layers, route, switch_count


def carry(settings: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Send rows through the network by its recursive definition, which knows nothing of groups."""
    n = len(rows)

    def through(level: int, size: int, block: int, x: list[int]) -> list[int]:
        if size == 1:
            return x
        depth = layers(n)[level]
        group = next(g for g in depth if g.size == size)
        h = size // 2
        enter = [settings[group.start + j * group.blocks + block] for j in range(h)]
        leave = [settings[group.start + (h + j) * group.blocks + block] for j in range(group.leaving)]
        leave = [0] * (h - group.leaving) + leave
        upper = [x[h + j] if enter[j] else x[j] for j in range(h)]
        lower = [x[j] if enter[j] else x[h + j] for j in range(h)] + x[2 * h :]
        upper = through(level + 1, h, place(level, size, block, 0), upper)
        lower = through(level + 1, size - h, place(level, size, block, 1), lower)
        first = [lower[j] if leave[j] else upper[j] for j in range(h)]
        second = [upper[j] if leave[j] else lower[j] for j in range(h)]
        return first + second + lower[h:]

    def place(level: int, size: int, block: int, half: int) -> int:
        """Return which block of the next depth a half is: counted group by group, upper halves first."""
        wanted = (size // 2, size - size // 2)[half]
        before = 0
        for group in layers(n)[level]:
            if group.size < 2:
                continue
            for k, part in enumerate((group.size // 2, group.size - group.size // 2)):
                if (group.size, k) == (size, half):
                    return before + block
                before += group.blocks if part == wanted else 0
        raise AssertionError("no such subnetwork")

    return np.array(through(0, n, 0, list(rows)))


@pytest.mark.parametrize("n", range(1, 70))
def test_the_switches_are_counted(n: int) -> None:
    assert switch_count(n) == sum((i - 1).bit_length() for i in range(1, n + 1))
    groups = [g for depth in layers(n) for g in depth]
    assert sum(g.switches for g in groups) == switch_count(n)
    assert [g.start for g in groups] == list(np.cumsum([0, *(g.switches for g in groups[:-1])]))
    for depth in layers(n):
        assert sum(g.size * g.blocks for g in depth) <= n
        assert [g.size for g in depth] == sorted({g.size for g in depth})
        assert len(depth) <= 2


@pytest.mark.parametrize("n", range(1, 7))
def test_every_permutation_of_few_rows(n: int) -> None:
    for wanted in permutations(range(n)):
        goal = np.array(wanted, dtype=np.int64)
        out = carry(route(goal), np.arange(n))
        assert [out[goal[i]] for i in range(n)] == list(range(n))


@given(n=st.integers(1, 80), seed=st.integers(0, 2**32))
def test_permutations_of_more_rows(n: int, seed: int) -> None:
    goal = np.random.default_rng(seed).permutation(n)
    assert (carry(route(goal), np.arange(n))[goal] == np.arange(n)).all()


@given(n=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_every_setting_permutes(n: int, seed: int) -> None:
    settings = np.random.default_rng(seed).integers(0, 2, switch_count(n))
    assert sorted(carry(settings, np.arange(n))) == list(range(n))
