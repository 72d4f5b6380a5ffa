"""A plan for people: what goes in, what is revealed, what it costs, and what to think about before running
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from ._calibration import CALIBRATIONS, Calibration
from ._copies import copied_inputs, sources
from ._estimate import Estimate, estimate
from ._expressions import (
    Expression,
    PublicBinary,
    PublicCommon,
    PublicConstant,
    PublicMatching,
    PublicNeg,
    PublicOutput,
    PublicRounded,
    PublicTake,
)
from ._isolation import combined_warnings
from ._material import Material
from ._noise import Noise, noise_of
from ._ops import Input, Node
from ._plan import Plan

__all__ = ["explain_results", "noise_warnings", "render", "revealed", "warnings"]

_FEW_ROWS = 10
_MAX_COPY_WORK = 1 << 24
_MAX_EXPRESSION = 140
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_BINDING = {"add": 1, "sub": 1, "mul": 2, "div": 2}


def revealed(plan: Plan) -> list[str]:
    """Return one line per opened value: the outputs in their order, then what is opened as points."""
    lines = []
    for node in plan.outputs:
        to = (
            ""
            if node.to is None
            else f" (to {', '.join(plan.members[k].name for k in node.to)} only, unproved)"
        )
        lines.append(f"{node.label}{to}")
    return lines + [node.label for node in plan.points]


def explain_results(plan: Plan) -> list[str]:
    """Return how each result follows from the opened values: ``round([1] / 3010, 2)``."""
    texts: list[tuple[str, int]] = []
    for expression in plan.expressions:
        text, binding = _expression_text(expression, texts)
        texts.append((text, binding) if len(text) <= _MAX_EXPRESSION else ("…", 3))
    return [texts[r.expression][0] for r in plan.results]


def warnings(plan: Plan) -> list[str]:
    """Return what a member should think about before agreeing: outputs that show one member's data, or rows."""
    found: list[str] = []
    if len(plan.members) == 2 and plan.outputs:
        found.append("with two members, each can subtract its own part from every sum and learn the other's")
    owners = sources(plan.nodes)
    layout, opened = plan.layout, [node.a for node in plan.outputs]
    copied = copied_inputs(plan.nodes, layout.lengths, layout.intervals, opened, limit=_MAX_COPY_WORK)
    if copied is None:
        found.append(
            "too many values are added up to examine whether entries of inputs are shown as they are"
        )
    for number, node in enumerate(plan.outputs):
        if node.to is not None and owners[node.a] <= set(node.to):
            continue
        members = sorted({plan.members[k].name for k in owners[node.a]})
        rows = sum(plan.members[k].rows for k in owners[node.a])
        if copied is not None and copied[number]:
            found.append(f"[{number + 1}] shows entries of an input as they are: {node.label}")
        elif len(members) == 1 and len(plan.members) > 1:
            found.append(f"[{number + 1}] depends on {members[0]} alone: {node.label}")
        if members and rows < _FEW_ROWS:
            found.append(f"[{number + 1}] is computed from {rows} rows only: {node.label}")
    found += combined_warnings(plan)
    private = [f"[{number + 1}]" for number, node in enumerate(plan.outputs) if node.to is not None]
    if private:
        found.append(f"what {', '.join(private)} show together with other outputs is not examined")
    for number, points in enumerate(plan.points):
        if not _random_order(plan.nodes, points.a):
            found.append(f"[T{number + 1}] shows in which rows equal values are: {points.label}")
    if not plan.inputs:
        found.append("the program uses no column of any member")
    return found


def render(
    plan: Plan, cost: Estimate | None = None, calibrations: Mapping[str, Calibration] = CALIBRATIONS
) -> str:
    """Return the plan as text: inputs, what is revealed, results, cost, warnings."""
    cost = estimate(plan) if cost is None else cost
    lines = [f"plan {plan.program}  {plan.digest.hex()}"]
    lines += ["", "inputs, committed and proved to lie in their ranges"]
    lines += _table(_input_rows(plan))
    lines += ["", "what is revealed, to all members and to every reader of the transcript"]
    lines += [f"  [{name}] {line}" for name, line in zip(_names(plan), revealed(plan), strict=True)] or [
        "  nothing"
    ]
    noise = noise_of(plan)
    if noise.budgets:
        lines += ["", "differential privacy, as far as noise was added; budgets of several uses add up"]
        lines += [f"  {budget.text()}" for budget in noise.budgets]
    lines += ["", "results, computed from it in public"]
    lines += _table([r.name, f"= {t}"] for r, t in zip(plan.results, explain_results(plan), strict=True))
    lines += ["", "cost of a run"]
    lines += _table(_cost_rows(cost, calibrations))
    concerns = [*warnings(plan), *noise_warnings(plan, noise)]
    if concerns:
        lines += ["", "think about"]
        lines += [f"  {line}" for line in concerns]
    return "\n".join(lines) + "\n"


def noise_warnings(plan: Plan, noise: Noise) -> list[str]:
    """Return what a plan's coins do not protect, though somebody might think so."""
    found = list(noise.void)
    bare = [f"[{k + 1}]" for k, node in enumerate(plan.outputs) if node.to is None and k not in noise.covered]
    if noise.budgets and bare:
        found.append(
            f"no noise protects {', '.join(bare)}, and what is said of the others is said of them alone"
        )
    return found


def _names(plan: Plan) -> list[str]:
    """Return how the lines of ``revealed`` are called: 1, 2, ... for outputs, T1, T2, ... for points."""
    outputs = [str(k + 1) for k in range(len(plan.outputs))]
    return outputs + [f"T{k + 1}" for k in range(len(plan.points))]


def _random_order(nodes: Sequence[Node], v: int) -> bool:
    """Whether all inputs that node v depends on are in an order that their member draws at random."""
    seen, waiting = set[int](), [v]
    while waiting:
        at = waiting.pop()
        node = nodes[at]
        if isinstance(node, Input) and node.order is None:
            return False
        if at not in seen:
            seen.add(at)
            waiting.extend(node.operands)
    return True


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


def _cost_rows(cost: Estimate, calibrations: Mapping[str, Calibration]) -> Iterator[list[str]]:
    sent = max(cost.bytes_sent)
    yield ["gates", f"{cost.gates:,}", f"{cost.boolean_wires:,} of them boolean wires"]
    yield ["triples", f"{cost.triples:,}", f"{cost.coset_products:,} of them for the proof"]
    yield ["random bits", f"{cost.random_bits:,}", ""]
    yield ["input masks", f"{sum(cost.masks):,}", ""]
    yield [
        "rounds",
        f"{cost.rounds:,}",
        f"{sum(s.rounds for s in cost.steps if s.phase == 'compute'):,} to compute",
    ]
    yield ["sent by a member", _bytes(sent), "at most, to all others together"]
    yield ["proof", _bytes(cost.proof_bytes), f"range proofs {_bytes(sum(cost.range_proof_bytes))}"]
    yield ["transcript", _bytes(cost.transcript_bytes), ""]
    keys = _seconds(cost.phase_seconds("native", calibrations)["set up"])
    for name, seconds, more in (
        (
            "prepare",
            cost.preparation_seconds,
            f"from an empty store: keys {keys}, sends {_bytes(_preparation_bytes(cost.material))}",
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


def _expression_text(expression: Expression, texts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Return the text and how tightly it binds: 1 sum, 2 product, 3 anything that needs no parentheses."""
    match expression:
        case PublicConstant(values):
            shown = ", ".join(_fraction(v) for v in values[:4]) + (", …" if len(values) > 4 else "")
            return (shown, 3) if len(values) == 1 else (f"({shown})", 3)
        case PublicOutput(number):
            return f"[{number + 1}]", 3
        case PublicBinary(op, a, b):
            binding = _BINDING[op]
            left = _guarded(texts[a], binding)
            right = _guarded(texts[b], binding + (op in ("sub", "div")))
            return f"{left} {_SYMBOLS[op]} {right}", binding
        case PublicNeg(a):
            return f"-{_guarded(texts[a], 3)}", 2
        case PublicRounded(op, a, places):
            return f"{op}({texts[a][0]}, {places})", 3
        case PublicTake(a, indices):
            if len(set(indices)) == 1 and len(indices) > 1:
                return texts[a]
            shown = ", ".join(str(i) for i in indices[:4]) + (", …" if len(indices) > 4 else "")
            return f"{_guarded(texts[a], 3)}[{shown}]", 3
        case PublicCommon(numbers):
            return f"common({', '.join(f'[T{k + 1}]' for k in numbers)})", 3
        case PublicMatching(own, others, minimum):
            least = f", at least {minimum}" if minimum else ""
            return f"matching([T{own + 1}] in {', '.join(f'[T{k + 1}]' for k in others)}{least})", 3


def _guarded(text: tuple[str, int], binding: int) -> str:
    return text[0] if text[1] >= binding else f"({text[0]})"


def _fraction(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"({value})"


def _bytes(n: int) -> str:
    return f"{n:,} B" if n < 10_000 else f"{n / 1000:,.0f} kB" if n < 10_000_000 else f"{n / 1e6:,.0f} MB"


def _seconds(s: float) -> str:
    return f"about {s:.2g} s" if s < 100 else f"about {s / 60:.0f} min"
