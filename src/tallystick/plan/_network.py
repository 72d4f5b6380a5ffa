# SPDX-License-Identifier: Apache-2.0
"""Permutation networks: switches that, set the right way, put n rows into any order.

A. Waksman, "A permutation network", J. ACM 15 (1968), for any number of wires as in Beauquier and Darrot, "On
arbitrary size Waksman networks and their vulnerability", 2002.  Normative text, with the order of the switches:
``spec/joins.md``, "The network".

The network on n wires is n' = ⌊n/2⌋ switches on wires (j, n' + j), a network on the n' upper wires that come out, one
on the n - n' lower ones (the last wire of an odd n goes there directly), and n' switches again; for an even n the
first of these is always straight and left out.  At one depth of this recursion there are subnetworks of at most two
sizes; those of one size are a *group*, and all their switches are handled together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..backend import IndexArray

__all__ = ["Group", "layers", "route", "switch_count"]


@dataclass(frozen=True, slots=True)
class Group:
    """``blocks`` subnetworks of ``size`` wires each; its switches begin at ``start`` among all.

    First those where wires enter, ``size // 2`` times ``blocks``, then those where they leave, ``leaving`` times
    ``blocks``; in each part the subnetwork counts fastest.
    """

    size: int
    blocks: int
    start: int

    @property
    def half(self) -> int:
        """Pairs of wires."""
        return self.size // 2

    @property
    def leaving(self) -> int:
        """Switches where the wires leave one subnetwork: one less for an even size."""
        return self.half if self.size % 2 else max(self.half - 1, 0)

    @property
    def switches(self) -> int:
        """All switches of the group."""
        return (self.half + self.leaving) * self.blocks


def switch_count(n: int) -> int:
    """Return the switches of a network on n wires: Σ_{i ≤ n} ⌈log2 i⌉."""
    k = max(n - 1, 0).bit_length()
    return n * k - (1 << k) + 1 if n else 0


@lru_cache(maxsize=64)
def layers(n: int) -> tuple[tuple[Group, ...], ...]:
    """Return the groups by depth, at each depth the smaller size first; the last depth has no switches.

    The upper subnetworks of a group are blocks of the next depth's group of their size, then its lower ones, group by
    group.
    """
    found: list[tuple[Group, ...]] = []
    counts, start = {n: 1}, 0
    while counts:
        groups = []
        below: dict[int, int] = {}
        for size in sorted(counts):
            group = Group(size, counts[size], start)
            groups.append(group)
            start += group.switches
            if size > 1:
                for part in (group.half, size - group.half):
                    below[part] = below.get(part, 0) + group.blocks
        found.append(tuple(groups))
        counts = below
    return tuple(found)


def route(permutation: IndexArray) -> npt.NDArray[np.int64]:
    """Return the settings, 1 for crossed, that take the row at position i to position permutation[i].

    All subnetworks of a depth are set at once: the two rows of a pair must go to different halves, where they enter and
    where they leave, so that rows are linked to cycles of even length, which are coloured alternately (the looping
    algorithm of Opferman and Tsao-Wu, 1971, with cycles found by doubling pointers instead of walking).
    """
    n = len(permutation)
    bits = np.zeros(switch_count(n), dtype=np.int64)
    waiting: dict[int, list[IndexArray]] = {n: [np.asarray(permutation, dtype=np.int64).reshape(1, n)]}
    for groups in layers(n):
        below: dict[int, list[IndexArray]] = {}
        for group in groups:
            if group.size < 2:
                continue
            enter, leave, upper, lower = _split(np.concatenate(waiting[group.size]))
            bits[group.start : group.start + group.switches] = np.concatenate(
                [enter.T.reshape(-1), leave.T.reshape(-1)]
            )
            below.setdefault(upper.shape[1], []).append(upper)
            below.setdefault(lower.shape[1], []).append(lower)
        waiting = below
    return bits


def _split(wanted: IndexArray) -> tuple[IndexArray, IndexArray, IndexArray, IndexArray]:
    """Route one permutation per line: the switches that enter and leave, and what the halves must do.

    An odd number of wires is completed by one that stays where it is, in the upper half.
    """
    blocks, size = wanted.shape
    half, odd = size // 2, size % 2
    if odd:
        wanted = np.concatenate([wanted, np.full((blocks, 1), size, dtype=np.int64)], axis=1)
    width = size + odd
    pair = np.concatenate([np.tile(np.arange(half), 2), np.full(2 * odd, half)])
    partner = np.concatenate([np.arange(half) + half, np.arange(half), np.arange(2 * half, width)[::-1]])
    line = np.arange(blocks)[:, None]
    origin = np.empty_like(wanted)
    origin[line, wanted] = np.arange(width)
    # From a row to the partner of its entry, from there to the row that leaves beside that one.
    jump = origin[line, partner[wanted[:, partner]]]
    label = np.tile(np.arange(1, width + 1), (blocks, 1))
    label[line[:, 0], np.full(blocks, size) if odd else origin[:, 0]] = 0
    for _ in range((width // 2).bit_length()):
        label = np.minimum(label, label[line, jump])
        jump = jump[line, jump]
    down = label > label[:, partner]
    enter = down[:, :half].astype(np.int64)
    leave = down[line, origin[:, (0 if odd else 1) : half]].astype(np.int64)
    target = pair[wanted]
    upper = np.where(down[:, :half], target[:, half : 2 * half], target[:, :half])
    lower = np.where(down[:, :half], target[:, :half], target[:, half : 2 * half])
    if odd:
        lower = np.concatenate([lower, target[:, size - 1 : size]], axis=1)
    return enter, leave, upper, lower
