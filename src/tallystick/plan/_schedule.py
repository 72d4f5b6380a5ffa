"""In which order the online phase computes a plan: layers of linear work, each ended by one exchange."""

from __future__ import annotations

from dataclasses import dataclass

from ._ops import Hint, Mul, Output, Points, Zero
from ._plan import Plan

__all__ = ["Layer", "schedule"]


@dataclass(frozen=True, slots=True)
class Layer:
    """``local`` nodes need no message; then the ``muls`` go out in one round together, and the ``hints``.

    All are node positions in plan order.  Inputs and constants count as local; zeros, outputs and points belong to no
    layer, because nothing is opened before the checks, and so does what depends on opened points.
    """

    local: tuple[int, ...]
    muls: tuple[int, ...]
    hints: tuple[int, ...]


def schedule(plan: Plan) -> list[Layer]:
    """Return the layers by depth.

    Layer d holds the local nodes of depth d and the gates and hints of depth d+1, whose operands have at most
    depth d.
    """
    depths = plan.layout.depth
    count = max(depths, default=0) + 1
    local: list[list[int]] = [[] for _ in range(count)]
    muls: list[list[int]] = [[] for _ in range(count)]
    hints: list[list[int]] = [[] for _ in range(count)]
    for v, node in enumerate(plan.nodes):
        match node:
            case Mul():
                muls[depths[v] - 1].append(v)
            case Hint():
                hints[depths[v] - 1].append(v)
            case Zero() | Output() | Points():
                pass
            case _:
                if not plan.layout.late[v]:
                    local[depths[v]].append(v)
    return [Layer(tuple(a), tuple(b), tuple(c)) for a, b, c in zip(local, muls, hints, strict=True)]
