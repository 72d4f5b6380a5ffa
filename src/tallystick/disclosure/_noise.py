# SPDX-License-Identifier: Apache-2.0
"""Which opened values are protected by noise, decided on the coefficients of its coins.

Normative text: ``spec/disclosure.md``, "Noise".  That coins are drawn says nothing: a plan may multiply them by zero,
take them off again or open them.  Noise counts for an entry that is opened if every coin of one value has one and the
same coefficient there, 1 or -1, and none anywhere else; and for an output only if it counts for each of its entries.
Coefficients are compared by one pass from the outputs to the coins with weights drawn at random from the field, so that
a plan passes wrongly with a probability of about 2^-230.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..algebra import Random, Vector
from ..backend import FR_BYTES, FR_MODULUS, Backend, get_backend
from ..plan import Hint, InputBits, Linear, Output, Plan, backward
from ._budget import Budget, epsilon_of

__all__ = ["Noise", "budgets", "noise_of"]


@dataclass(frozen=True, slots=True)
class Noise:
    """What a plan's coins protect (``budgets``), and the uses of coins that protect nothing, in words."""

    budgets: tuple[Budget, ...]
    void: tuple[str, ...]

    @property
    def covered(self) -> frozenset[int]:
        """The numbers of the outputs that some budget is about."""
        return frozenset(k for budget in self.budgets for k in budget.outputs)


def budgets(plan: Plan) -> list[Budget]:
    """Return what a plan spends, one entry for each use of noise that counts, in plan order."""
    return list(noise_of(plan).budgets)


def noise_of(plan: Plan) -> Noise:
    """Examine every use of coins in a plan."""
    uses = [(v, node) for v, node in enumerate(plan.nodes) if isinstance(node, Hint) and node.kind == "coins"]
    if not uses:
        return Noise((), ())
    reached = _reached(plan, [v for v, _ in uses])
    other = _other_uses(plan, reached)
    weights = _Weights(plan, get_backend(), reached)
    entered = [
        None if other >> k & 1 else weights.entries_of(v, *node.parameters[:2])
        for k, (v, node) in enumerate(uses)
    ]
    whole = _whole(plan, entered)
    found: list[Budget] = []
    void: list[str] = []
    for k, (_, node) in enumerate(uses):
        values, coins, sensitivity, delta_bits = node.parameters
        entries = entered[k]
        if entries is None or not _outputs(entries) <= whole:
            numbers = [n for n, node in enumerate(plan.outputs, 1) if reached[node.a] >> k & 1]
            places = ", ".join(f"[{number}]" for number in numbers) or "nothing"
            why = (
                "does not enter one opened value alone with coefficient 1 or -1"
                if entries is None
                else "enters an output of which other values have no noise that counts"
            )
            void.append(
                f"noise {k + 1} ({coins} coins for each of {values} values, reaching {places}) {why}: "
                "no privacy can be stated"
            )
            continue
        epsilon = epsilon_of(coins, sensitivity, delta_bits)
        found.append(
            Budget(tuple(sorted(_outputs(entries))), values, coins, sensitivity, delta_bits, epsilon)
        )
    return Noise(tuple(found), tuple(void))


_Entries = frozenset[tuple[int, int]]
"""Opened entries: the number of an output, and the place in it."""


def _outputs(entries: _Entries) -> frozenset[int]:
    return frozenset(number for number, _ in entries)


def _whole(plan: Plan, entered: Sequence[_Entries | None]) -> frozenset[int]:
    """Return the outputs of which every entry has noise, of uses that enter no others."""
    lengths = [plan.layout.lengths[node.a] for node in plan.outputs]
    whole = frozenset(range(len(lengths)))
    while True:
        counting = [entries for entries in entered if entries is not None and _outputs(entries) <= whole]
        covered = Counter(number for number, _ in frozenset[tuple[int, int]]().union(*counting))
        left = frozenset(number for number in whole if covered[number] == lengths[number])
        if left == whole:
            return whole
        whole = left


def _reached(plan: Plan, sources: list[int]) -> list[int]:
    """Return, for each node, the uses of coins that it is computed from: bit k for use k."""
    marks = [0] * len(plan.nodes)
    for k, v in enumerate(sources):
        marks[v] = 1 << k
    for v, node in enumerate(plan.nodes):
        for p in node.operands:
            marks[v] |= marks[p]
    return marks


def _other_uses(plan: Plan, reached: list[int]) -> int:
    """Return the uses of coins that go into anything but sums, multiples and outputs to everybody."""
    found = 0
    for v, node in enumerate(plan.nodes):
        public = isinstance(node, Output) and node.to is None
        if not public and not isinstance(node, Linear | InputBits):
            for p in node.operands:
                found |= reached[p]
        elif isinstance(node, InputBits):
            found |= reached[v]
    return found


class _Weights:
    """Random weights on all entries of the public outputs, and what coefficients each coin gets from them."""

    def __init__(self, plan: Plan, backend: Backend, reached: list[int]) -> None:
        random, lengths = Random.system(), plan.layout.lengths
        adjoints: dict[int, Vector] = {}
        self._coins: dict[int, Vector] = {}
        self._entries: dict[int, tuple[int, int]] = {}
        number = len(plan.outputs)

        def contribute(p: int, adjoint: Vector) -> None:
            before = adjoints.get(p)
            adjoints[p] = adjoint if before is None else before + adjoint

        for v in range(len(plan.nodes) - 1, -1, -1):
            node = plan.nodes[v]
            if isinstance(node, Output):
                number -= 1
                if node.to is None and reached[node.a]:
                    drawn = random.vector(backend, lengths[node.a])
                    for place, weight in enumerate(drawn.to_ints()):
                        self._entries[weight] = self._entries[-weight % FR_MODULUS] = number, place
                    contribute(node.a, drawn)
                continue
            adjoint = adjoints.pop(v, None)
            if adjoint is None or not reached[v]:
                continue
            if isinstance(node, Hint):
                self._coins[v] = adjoint
            elif isinstance(node, Linear):
                for p, contribution in backward(plan, v, adjoint):
                    if reached[p]:
                        contribute(p, contribution)

    def entries_of(self, v: int, values: int, coins: int) -> _Entries | None:
        """Return the opened entries that the values of a use of coins enter, each one of them; None if not all do."""
        found = self._coins.get(v)
        if found is None or not values:
            return None
        rows = np.frombuffer(found.to_bytes(), dtype=np.uint8).reshape(values, coins, FR_BYTES)
        if not bool((rows == rows[:, :1]).all()):
            return None
        first = found[np.arange(values, dtype=np.int64) * coins].to_ints()
        entries = [self._entries.get(c) for c in first]
        known = [entry for entry in entries if entry is not None]
        return frozenset(known) if len(known) == values else None
