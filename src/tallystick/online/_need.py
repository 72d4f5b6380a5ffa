"""How much preparation a run takes, before it starts (``spec/online.md``, "Preparation")."""

from __future__ import annotations

from ..offline import Need
from ..plan import Hint, Mul, Output, Plan, require_hidden
from ._hints import hint_need

__all__ = ["plan_need"]


def plan_need(plan: Plan) -> Need:
    """Return the material that ``share_inputs``, ``compute`` and ``prove`` take for a plan: exactly.

    A triple a gate; for the proof one more for every coset entry and one for the blinders of every gate
    row; a mask for every input slot, input row and privately opened element; a random row, twice, for the
    row checks. Raises ProgramError for a plan that would show too much of what it opens under masks.
    """
    require_hidden(plan)
    shape, layout = plan.shape, plan.layout
    parties = len(plan.members)
    masks = [n + shape.input_rows_of(k) for k, n in enumerate(shape.inputs)]
    gates = 0
    need = Need()
    for node in plan.nodes:
        match node:
            case Mul(a, _):
                gates += layout.lengths[a]
            case Hint():
                lengths = [layout.lengths[p] for p in node.arguments]
                intervals = [layout.intervals[p] for p in node.arguments]
                need = need + hint_need(node, lengths, intervals, parties)
            case Output(a, _, to) if to is not None:
                for member in to:
                    masks[member] += layout.lengths[a]
    proof = shape.gate_rows * (shape.gates_per_row + 1)
    randoms = shape.columns + 1 if shape.input_rows else 0
    randoms += shape.columns if shape.free_rows + shape.gate_rows else 0
    return need + Need(triples=gates + proof, randoms=randoms, masks=tuple(masks))
