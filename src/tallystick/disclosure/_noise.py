"""Which opened values are protected by noise, decided on the coefficients of its coins.

Normative text: ``spec/disclosure.md``, "Noise".  That coins are drawn says nothing: a plan may multiply them by zero,
take them off again or open them.  Noise counts for an entry that is opened if every coin of one value has one and the
same coefficient there, 1 or -1, and none anywhere else.  Coefficients are compared by one pass from the outputs to the
coins with weights drawn at random from the field, so that a plan passes wrongly with a probability of about 2^-230.
"""

from __future__ import annotations

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
    found: list[Budget] = []
    void: list[str] = []
    for k, (v, node) in enumerate(uses):
        values, coins, sensitivity, delta_bits = node.parameters
        outputs = None if other >> k & 1 else weights.entries_of(v, values, coins)
        if outputs is None:
            numbers = [n for n, node in enumerate(plan.outputs, 1) if reached[node.a] >> k & 1]
            places = ", ".join(f"[{number}]" for number in numbers) or "nothing"
            void.append(
                f"noise {k + 1} ({coins} coins for each of {values} values, reaching {places}) does not enter one "
                "opened value alone with coefficient 1 or -1: no privacy can be stated"
            )
            continue
        epsilon = epsilon_of(coins, sensitivity, delta_bits)
        found.append(Budget(outputs, values, coins, sensitivity, delta_bits, epsilon))
    return Noise(tuple(found), tuple(void))


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
        self._output: dict[int, int] = {}
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
                    for weight in drawn.to_ints():
                        self._output[weight] = self._output[-weight % FR_MODULUS] = number
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

    def entries_of(self, v: int, values: int, coins: int) -> tuple[int, ...] | None:
        """Return the outputs whose entries the values of a use of coins enter, each one entry; None if not all do."""
        found = self._coins.get(v)
        if found is None or not values:
            return None
        rows = np.frombuffer(found.to_bytes(), dtype=np.uint8).reshape(values, coins, FR_BYTES)
        if not bool((rows == rows[:, :1]).all()):
            return None
        first = found[np.arange(values, dtype=np.int64) * coins].to_ints()
        numbers = [self._output.get(c) for c in first]
        known = [number for number in numbers if number is not None]
        return tuple(sorted(set(known))) if len(known) == values else None
