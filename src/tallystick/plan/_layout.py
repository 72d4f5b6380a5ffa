# SPDX-License-Identifier: Apache-2.0
"""What follows from the nodes of a plan, and that they are a plan's: checked node by node, as they are added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import assert_never

from ..proofs import Shape, choose_columns
from ._arithmetic import Add, Mul, View
from ._fields import MAX_LENGTH, check_fields, renumbered
from ._hints import HINTS, MAX_COIN_HINTS, advice_of
from ._hints_drawn import SwitchesHint
from ._intervals import Interval, OverflowRangeError
from ._operation import Before, Linear
from ._ops import Constant, Hint, Input, InputBits, Matching, Node, Output, Points, Zero

__all__ = ["MAX_NODES", "MAX_TOTAL", "Draft", "Layout", "Member", "TooManyError", "compute_layout"]

MAX_NODES = 1 << 16
"""Nodes, and likewise expressions and results, of a plan."""

MAX_TOTAL = 1 << 26
"""Elements of all nodes together, multiplications by public matrices included."""


@dataclass(frozen=True, slots=True)
class Member:
    """A party of the computation, and how many rows its table has."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What follows from the nodes: lengths, intervals, places in the witness, depths.

    ``place[v]`` is where node v's elements start among the slots of their kind: in its owner's inputs, the
    gates (``mul`` and boolean ``hint``), the free slots (other hints), the zeros, the public outputs, or the points;
    -1 for the rest.
    ``depth[v]`` is how many rounds of multiplications and hints come before node v; ``late[v]`` says that it can only
    be computed when points have been opened.  ``work`` is how many elements a reader handles.
    """

    lengths: tuple[int, ...]
    intervals: tuple[Interval, ...]
    place: tuple[int, ...]
    depth: tuple[int, ...]
    late: tuple[bool, ...]
    inputs: tuple[int, ...]
    free: int
    gates: int
    zeros: int
    outputs: int
    points: int
    columns: int
    work: int

    @property
    def shape(self) -> Shape:
        """The dimensions of the computation's witness (``spec/relation.md``)."""
        return Shape(**{f.name: getattr(self, f.name) for f in fields(Shape)})


class TooManyError(ValueError):
    """A node of ``length`` entries makes the plan larger than a reader can be asked to handle."""

    def __init__(self, length: int, message: str) -> None:
        super().__init__(message)
        self.length = length


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a node and those before it determine, whatever else is in the plan.

    ``chosen`` says that the node depends on one member's choices, ``random`` on elements that nobody knows, and
    ``drawn`` that it is such elements.  What hints open before anything has been checked is masked under conditions
    that a member which deviates, or whoever wrote the plan, could otherwise break: see ``spec/plan.md``, "Hints".
    """

    depth: int
    late: bool
    chosen: bool
    random: bool
    drawn: bool


class Draft(Before):
    """Nodes that may become a plan: each is checked once, when it is added, against those before it."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.nodes: list[Node] = []
        self.lengths: list[int] = []
        self.intervals: list[Interval] = []
        self._facts: list[_Facts] = []
        self._works: list[int] = []
        self._total = 0
        self._named: set[tuple[int, str, int | None]] = set()

    def add(self, node: Node) -> None:
        """Take the next node.  Raises ``ValueError`` for what cannot be part of a plan, and keeps it out."""
        self._check_operands(node)
        late = self._is_late(node)
        check_fields(node)
        if isinstance(node, Input):
            self._check_input(node)
        n = node.length(self)
        if isinstance(node, Hint):
            self._check_adviser(node)
        if isinstance(node, Output):
            self._check_recipients(node)
        facts = self._follow(node, late)
        work = node.work(n, self)
        self._check_size(n, self._total + work)
        interval = node.interval(self)
        if isinstance(node, Input):
            self._named.add((node.member, node.name, node.order))
        self.nodes.append(node)
        self.lengths.append(n)
        self.intervals.append(interval)
        self._facts.append(facts)
        self._works.append(work)
        self._total += work

    def set_form(self, v: int, form: str) -> None:
        """Let input v be committed in this form."""
        node = self.nodes[v]
        assert isinstance(node, Input)
        changed = replace(node, form=form)
        work = changed.work(node.n, self)
        self._check_size(changed.slots, self._total + work - self._works[v])
        self._total += work - self._works[v]
        self.nodes[v], self._works[v] = changed, work

    def keep(self, positions: Iterable[int]) -> Draft:
        """Return the draft of the nodes at these positions, in ascending order; all their operands are among them.

        Nothing but their numbers changes for them, so nothing is checked again.  An input is in bits form if and only
        if a node that is left reads its bits.
        """
        kept = list(positions)
        new = {old: k for k, old in enumerate(kept)}
        draft = Draft(self.members)
        draft.nodes = [renumbered(self.nodes[v], {"node": new}) for v in kept]
        draft.lengths = [self.lengths[v] for v in kept]
        draft.intervals = [self.intervals[v] for v in kept]
        draft._facts = [self._facts[v] for v in kept]
        draft._works = [self._works[v] for v in kept]
        draft._total = sum(draft._works)
        draft._named = {(n.member, n.name, n.order) for n in draft.nodes if isinstance(n, Input)}
        for v in draft._unread():
            draft.set_form(v, "value")
        return draft

    def layout(self, version: int = 2) -> Layout:
        """Return what follows from the nodes together in a plan of this format.

        Raises ``ValueError`` for what only all of them break.
        """
        uses = sum(isinstance(node, Hint) and node.kind == "coins" for node in self.nodes)
        if uses > MAX_COIN_HINTS:
            raise ValueError(f"plan: {uses} coins hints; at most {MAX_COIN_HINTS} are allowed")
        unread = self._unread()
        if unread:
            raise ValueError(
                f"plan: node {unread[0]} (input): it is in bits form, and nothing reads its bits"
            )
        place: list[int] = []
        inputs = [0] * len(self.members)
        counts = dict.fromkeys(("free", "gates", "zeros", "outputs", "points"), 0)
        for node, n in zip(self.nodes, self.lengths, strict=True):
            kind: str | None = None
            match node:
                case Input():
                    place.append(inputs[node.member])
                    inputs[node.member] += node.slots
                    continue
                case Hint():
                    kind = "gates" if node.boolean else "free"
                case Mul():
                    kind = "gates"
                case Zero():
                    kind, n = "zeros", self.lengths[node.a]
                case Output():
                    kind, n = None if node.to is not None else "outputs", self.lengths[node.a]
                case Points():
                    kind, n = "points", self.lengths[node.a]
                case InputBits() | Constant() | Linear() | Matching():
                    pass
                case _:
                    assert_never(node)
            place.append(-1 if kind is None else counts[kind])
            if kind is not None:
                counts[kind] += n
        owners = list(inputs)
        for node in self.nodes:
            if isinstance(node, Input):
                owners[node.member] += (2 if version == 1 else 1) * node.range.gates
        return Layout(
            lengths=tuple(self.lengths),
            intervals=tuple(self.intervals),
            place=tuple(place),
            depth=tuple(f.depth for f in self._facts),
            late=tuple(f.late for f in self._facts),
            inputs=tuple(inputs),
            columns=choose_columns(max(sum(inputs) + counts["free"] + 2 * counts["gates"], *owners)),
            **counts,
            work=self._total,
        )

    # ------------------------------------------------------------------ checks
    def _unread(self) -> list[int]:
        """Return the inputs in bits form whose bits no node reads."""
        read = {node.source for node in self.nodes if isinstance(node, InputBits)}
        own = ((v, node) for v, node in enumerate(self.nodes) if isinstance(node, Input))
        return [v for v, node in own if node.form == "bits" and v not in read]

    def _check_operands(self, node: Node) -> None:
        for p in node.operands:
            if not 0 <= p < len(self.nodes):
                raise ValueError(f"operand {p} is not an earlier node")
            if isinstance(self.nodes[p], Zero | Output | Points) and not (
                isinstance(node, Matching) and p in node.points
            ):
                raise ValueError(f"operand {p} ({self.nodes[p].op}) has no value")

    def _is_late(self, node: Node) -> bool:
        """Whether the node can only be computed when points have been opened, as linear operations and outputs may.

        Gates, advice and assertions come before anything is opened.
        """
        if isinstance(node, Matching):
            return True
        late = any(self._facts[p].late for p in node.operands)
        if late and not isinstance(node, Linear | Output):
            raise ValueError(
                "its operand depends on which points match, which is known only when all this is checked"
            )
        return late

    def _follow(self, node: Node, late: bool) -> _Facts:
        """Return what follows for the node; raise ``ValueError`` for a hint whose argument it must not be about."""
        operands = [self._facts[p] for p in node.operands]
        depth = max((f.depth for f in operands), default=0)
        chosen, random = any(f.chosen for f in operands), any(f.random for f in operands)
        drawn = isinstance(node, View) and operands[0].drawn
        if isinstance(node, Hint):
            kind = HINTS[node.kind]
            if chosen and kind.masked:
                raise ValueError(
                    "its argument depends on what a member chooses, and may be out of its interval"
                )
            if kind is HINTS["reciprocal"] and not self._blinded(node.arguments[0]):
                raise ValueError("its argument is not a random element plus what depends on no such element")
            drawn = kind is HINTS["random"]
            chosen, random = chosen or kind.dealt, random or drawn
        return _Facts(depth + isinstance(node, Mul | Hint), late, chosen, random, drawn)

    def _blinded(self, v: int) -> bool:
        node = self.nodes[v]
        if not isinstance(node, Add):
            return False
        a, b = self._facts[node.a], self._facts[node.b]
        return (a.drawn and not b.random) or (b.drawn and not a.random)

    def _check_size(self, n: int, total: int) -> None:
        if n > MAX_LENGTH:
            raise TooManyError(n, f"{n} elements; at most {MAX_LENGTH} are allowed")
        if total > MAX_TOTAL:
            raise TooManyError(n, f"the plan has more than {MAX_TOTAL} elements")

    def _check_adviser(self, node: Hint) -> None:
        advice = advice_of(node.kind, node.parameters)
        if isinstance(advice, SwitchesHint) and not 0 <= advice.member < len(self.members):
            raise ValueError(f"member {advice.member} of {len(self.members)}")

    def _check_input(self, node: Input) -> None:
        if not 0 <= node.member < len(self.members):
            raise ValueError(f"member {node.member} of {len(self.members)}")
        member = self.members[node.member]
        if node.n != member.rows:
            raise ValueError(f"{node.n} rows, but {member.name} has {member.rows}")
        if (node.member, node.name, node.order) in self._named:
            raise ValueError(f"a second input {node.name!r} of {member.name}")

    def _check_recipients(self, node: Output) -> None:
        to = node.to
        if to is not None and (
            not to or list(to) != sorted(set(to)) or not 0 <= to[0] <= to[-1] < len(self.members)
        ):
            raise ValueError("the recipients are not an ascending list of members")


def compute_layout(members: Sequence[Member], nodes: Sequence[Node], version: int = 2) -> Layout:
    """Check the nodes and return what follows from them in a plan of this format.

    Raises ``ValueError`` naming the node.
    """
    if len(nodes) > MAX_NODES:
        raise ValueError(f"{len(nodes)} nodes; at most {MAX_NODES} are allowed")
    draft = Draft(members)
    for v, node in enumerate(nodes):
        try:
            draft.add(node)
        except OverflowRangeError as error:
            raise OverflowRangeError(f"plan: node {v} ({node.op}): {error}") from error
        except ValueError as error:
            raise ValueError(f"plan: node {v} ({node.op}): {error}") from error
    return draft.layout(version)
