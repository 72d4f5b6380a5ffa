# SPDX-License-Identifier: Apache-2.0
"""What estimates are compared on: every function of the library and every program of the gallery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

from support.functions import CASES, traced
from tallystick.bench import LIBRARY, LibraryCase
from tallystick.bench._library import _COLUMNS
from tallystick.cost import estimate
from tallystick.gallery import examples
from tallystick.plan import Column, MemberSchema, Plan
from tallystick.tracing import load_program, trace

__all__ = ["counted_plans", "figures", "measured_plan"]


def measured_plan(case: LibraryCase, n: int, members: int, folder: Path) -> Plan:
    """Return the plan that ``bench library`` runs for a case of n rows."""
    source = folder / "program.py"
    source.write_text(case.program(), encoding="utf-8")
    schemas = [
        MemberSchema(name, len(next(iter(table.values()))), {c: Column(*_COLUMNS[c]) for c in table})
        for name, table in zip("abcd", case.tables(n, members), strict=False)
    ]
    return trace(load_program(source, "measured"), schemas)


def counted_plans(folder: Path) -> Iterator[tuple[str, Callable[[], Plan]]]:
    """Yield a name and how to make the plan: of few rows where rows can be chosen, for 2, 3 and 4 members."""
    for case in LIBRARY:
        for members in (2, 3, 4):
            yield (
                f"{case.name}, {members} members",
                lambda c=case, m=members: measured_plan(c, c.quick, m, folder),  # type: ignore[misc]
            )
    for example in examples():
        for members in range(2, min(4, len(example.members)) + 1):
            yield f"gallery {example.name}, {members} members", lambda e=example, m=members: e.plan(m)  # type: ignore[misc]
    for k, one in enumerate(CASES):
        before = sum(other.name == one.name for other in CASES[:k])
        yield f"function {one.name} {before + 1}", lambda c=one: traced(c).plan  # type: ignore[misc]


def figures(plan: Plan) -> dict[str, list[float]]:
    """Return all that estimates of a plan count, compactly: rounds and bytes of a phase, its work that is not zero.

    The last entry has rounds and bytes where every 100 elements are checked.
    """
    cost, often = estimate(plan), estimate(plan, pending_limit=100)
    found: dict[str, list[float]] = {
        "gates": [cost.gates, cost.boolean_wires, cost.multiplications, cost.coset_products],
        "material": [cost.triples, cost.random_bits, cost.random_elements, *cost.masks],
        "proofs": [cost.proof_bytes, *cost.range_proof_bytes],
    }
    for phase in ("commit", "inputs", "compute", "prove"):
        steps = [step for step in cost.steps if step.phase == phase]
        sent = [sum(step.payload[k] for step in steps) for k in range(len(cost.masks))]
        found[phase] = [sum(step.rounds for step in steps), *sent]
    for phase, work in cost.work.items():
        units = [getattr(work, unit.name) for unit in fields(work)]
        found[f"{phase} work"] = [unit for unit in units if unit]
    found["checked often"] = [often.rounds, *often.bytes_sent]
    return found
