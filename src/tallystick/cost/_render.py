# SPDX-License-Identifier: Apache-2.0
"""A plan for people: what goes in, what is revealed, what it costs, and what to think about before running
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..disclosure import noise_of, noise_warnings, openings, plain, quoted, warnings
from ..plan import Plan, explain_results
from ._calibration import CALIBRATIONS, Calibrations
from ._estimate import Estimate, estimate
from ._material import Material

__all__ = ["bytes_text", "render"]


def render(plan: Plan, cost: Estimate | None = None, calibrations: Calibrations = CALIBRATIONS) -> str:
    """Return the plan as text: inputs, what is revealed, results, cost, warnings.

    A plan may be a stranger's: what is opened is said as it follows from the plan, and its own words are quoted.
    """
    cost = estimate(plan) if cost is None else cost
    lines = [f"plan {quoted(plan.program)}  {plan.digest.hex()}"]
    lines += ["", "inputs, committed and proved to lie in their ranges"]
    lines += _table(_input_rows(plan))
    lines += ["", "what is revealed, to all members and to every reader of the transcript"]
    lines += [line for one in openings(plan) for line in one.lines()] or ["  nothing"]
    noise = noise_of(plan)
    if noise.budgets:
        lines += ["", "differential privacy, as far as noise was added; budgets of several uses add up"]
        lines += [f"  {budget.text()}" for budget in noise.budgets]
    lines += ["", "results, computed from it in public"]
    formulas = zip(plan.results, explain_results(plan), strict=True)
    lines += _table([quoted(result.name), f"= {formula}"] for result, formula in formulas)
    lines += ["", "cost of a run"]
    lines += _table(_cost_rows(cost, calibrations))
    concerns = [*warnings(plan), *noise_warnings(plan, noise)]
    if concerns:
        lines += ["", "think about"]
        lines += [f"  {plain(line)}" for line in concerns]
    return "\n".join(lines) + "\n"


def _input_rows(plan: Plan) -> Iterator[list[str]]:
    for node in plan.inputs:
        scale = f" / 10^{node.decimals}" if node.decimals else ""
        yield [
            plan.members[node.member].name,
            node.name,
            f"{node.n} rows",
            f"{node.low} … {node.high}{scale}",
            "as bits" if node.form == "bits" else "in random order" if node.order is not None else "",
        ]


def _cost_rows(cost: Estimate, calibrations: Calibrations) -> Iterator[list[str]]:
    sent = max(cost.bytes_sent)
    yield ["gates", f"{cost.gates:,}", f"{cost.boolean_wires:,} of them boolean wires"]
    yield ["triples", f"{cost.triples:,}", f"{cost.coset_products:,} of them for the proof"]
    yield ["random bits", f"{cost.random_bits:,}", ""]
    yield ["input masks", f"{sum(cost.masks):,}", ""]
    if cost.hidden:
        yield [
            "opened under masks",
            f"{sum(cost.hidden.values()):,}",
            f"show 2^{cost.shown:.0f} at most, together",
        ]
    yield [
        "rounds",
        f"{cost.rounds:,}",
        f"{sum(s.rounds for s in cost.steps if s.phase == 'compute'):,} to compute",
    ]
    yield ["sent by a member", bytes_text(sent), "at most, to all others together"]
    yield ["proof", bytes_text(cost.proof_bytes), f"range proofs {bytes_text(sum(cost.range_proof_bytes))}"]
    yield ["transcript", bytes_text(cost.transcript_bytes), ""]
    keys = _seconds(cost.phase_seconds("native", calibrations)["set up"])
    for name, seconds, more in (
        (
            "prepare",
            cost.preparation_seconds,
            f"from an empty store: keys {keys}, sends {bytes_text(_preparation_bytes(cost.material))}",
        ),
        ("run", cost.seconds, "from full stores"),
        ("audit", cost.audit_seconds, ""),
    ):
        pure = f"pure Python {_seconds(seconds('pure', calibrations))}"
        yield [name, _seconds(seconds("native", calibrations)), f"{pure}; {more}" if more else pure]


def _preparation_bytes(material: Material) -> int:
    return material.set_up_bytes + max(material.bytes_sent)


def _table(rows: Iterator[list[str]] | Sequence[list[str]]) -> list[str]:
    cells = list(rows)
    if not cells:
        return ["  none"]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    return ["  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def bytes_text(count: int) -> str:
    """Write a number of bytes for people."""
    if count < 10_000:
        return f"{count:,} B"
    return f"{count / 1e3:,.0f} kB" if count < 10_000_000 else f"{count / 1e6:,.0f} MB"


def _seconds(s: float) -> str:
    return f"about {s:.2g} s" if s < 100 else f"about {s / 60:.0f} min"
