# SPDX-License-Identifier: Apache-2.0
"""What a plan says about what it opens, derived from its operations and not from its labels.

A label is a text that whoever wrote the plan chose.  What follows from the plan itself is from whose columns a value is
computed, by sums or by products, who gets it, and which results need it (``spec/disclosure.md``, "Policies").
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..algebra import Vector
from ..backend import FR_MODULUS, get_backend
from ..plan import (
    Concat,
    Hint,
    Input,
    InputBits,
    Linear,
    Matching,
    Mul,
    Output,
    Plan,
    Points,
    PublicBinary,
    PublicCommon,
    PublicConstant,
    PublicMatching,
    PublicNeg,
    PublicOutput,
    PublicRounded,
    PublicTake,
    Take,
    View,
    backward,
    centred,
    length_of,
    references,
)
from ._small_prime import reached

__all__ = [
    "Opening",
    "columns_committed_twice",
    "needs_of_results",
    "openings",
    "plain",
    "quoted",
    "unneeded",
]

_R = FR_MODULUS
_MAX_COLUMNS = 1_024
_MAX_WORK = 1 << 22
_MAX_SUMS = 64


@dataclass(frozen=True, slots=True)
class Opening:
    """A value that a plan opens: what the plan calls it, and what follows from the plan.

    ``name`` is ``1``, ``2``, ... for outputs and ``T1``, ``T2``, ... for points; ``entries`` how many values it has;
    ``to`` the members that get it, or None for everybody; ``columns`` the columns it is computed from, as pairs of
    member and column, or None if they are too many to list; ``exact`` whether only sums, multiples and constants were
    used, so that no product, comparison or advice is part of it.
    """

    name: str
    label: str
    entries: int
    to: tuple[str, ...] | None
    members: tuple[str, ...]
    columns: tuple[tuple[str, str], ...] | None
    exact: bool
    points: bool
    sum: str | None = None
    """For a single value of sums and multiples, which: in words, up to a public constant that is added."""
    guessable: bool = False
    """Whether points are of values that are not all inverses of what nobody knows, so that a guess can be tried."""

    def lines(self) -> list[str]:
        """Return what is opened as a plan or a verdict lists it, and below it what the program calls it."""
        to = "" if self.to is None else f"to {', '.join(self.to)} only, NOT PROVED: "
        return [f"  [{self.name}] {to}{self.derived()}", f"      called {quoted(self.label)}"]

    def derived(self) -> str:
        """Return in words what follows from the plan: ``1 value: the sum of all 7 entries of "x" of north, south``."""
        found = self._computed()
        if self.points:
            found += ", as points that show which are equal"
        return f"{found}, and each value to whoever guesses it" if self.guessable else found

    def _computed(self) -> str:
        values = f"{self.entries:,} {'value' if self.entries == 1 else 'values'}"
        if not self.members:
            return (
                f"{values}, {'public: computed from no column' if self.exact else 'computed from no column'}"
            )
        if self.sum is not None:
            return f"{values}: {self.sum}"
        how = "by sums and multiples alone" if self.exact else "by products, comparisons or advice too"
        sources = f"columns of {', '.join(self.members)}" if self.columns is None else _listed(self.columns)
        return f"{values} computed from {sources}, {how}"


def _listed(columns: Iterable[tuple[str, str]]) -> str:
    by_name: dict[str, list[str]] = {}
    for member, column in columns:
        by_name.setdefault(column, []).append(member)
    return "; ".join(f"{quoted(name)} of {', '.join(members)}" for name, members in by_name.items())


def quoted(text: str) -> str:
    """Return a name or label as a claim: between quotation marks, and written so that it can be nothing else.

    Everything but the printable characters of ASCII is written as its number, so that no letter looks like another and
    none is invisible; runs of spaces are written as how many they are, so that no text can be laid out as a table.
    """
    return f'"{_MISTAKABLE_OR_MARK.sub(_spelled, text)}"'


def plain(text: str) -> str:
    """Write a message that may hold a file's words as ``quoted`` does, but for quotation marks and braces."""
    return _MISTAKABLE.sub(_spelled, text)


_MISTAKABLE = re.compile(r" {2,}|[^ -~]")
_MISTAKABLE_OR_MARK = re.compile(rf'{_MISTAKABLE.pattern}|[\\"{{}}]')


def _spelled(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == " ":
        return f"{{{len(found)} spaces}}"
    return f"\\{found}" if "!" <= found <= "~" else f"\\u{{{ord(found):x}}}"


def openings(plan: Plan) -> list[Opening]:
    """Return what a plan opens: its outputs in order, then its points."""
    inputs = [v for v, node in enumerate(plan.nodes) if isinstance(node, Input)]
    listed = {v: k for k, v in enumerate(inputs)} if len(inputs) <= _MAX_COLUMNS else {}
    members, columns = [0] * len(plan.nodes), [0] * len(plan.nodes)
    exact = [True] * len(plan.nodes)
    for v, node in enumerate(plan.nodes):
        if isinstance(node, Input):
            members[v] = 1 << node.member
            columns[v] = 1 << listed[v] if listed else 0
        for p in node.operands:
            members[v] |= members[p]
            columns[v] |= columns[p]
            exact[v] = exact[v] and exact[p]
        exact[v] = exact[v] and not isinstance(node, Mul | Hint | Matching)
    found: list[Opening] = []
    numbers = {Output: 0, Points: 0}
    opened: list[Output | Points] = [*plan.outputs, *plan.points]
    for node in opened:
        numbers[type(node)] += 1
        sources = [inputs[k] for k in _bits(columns[node.a])]
        pairs = []
        for v in sources:
            source = plan.nodes[v]
            assert isinstance(source, Input)
            pairs.append((plan.members[source.member].name, source.name))
        to = node.to if isinstance(node, Output) else None
        found.append(
            Opening(
                name=f"{'T' if isinstance(node, Points) else ''}{numbers[type(node)]}",
                label=node.label,
                entries=plan.layout.lengths[node.a],
                to=None if to is None else tuple(plan.members[k].name for k in to),
                members=tuple(plan.members[k].name for k in _bits(members[node.a])),
                columns=tuple(dict.fromkeys(pairs)) if listed or not inputs else None,
                exact=exact[node.a],
                points=isinstance(node, Points),
                guessable=isinstance(node, Points) and not _inverses(plan, node.a),
                sum=_sum(plan, node.a)
                if exact[node.a] and members[node.a] and len(found) < _MAX_SUMS
                else None,
            )
        )
    return found


def _inverses(plan: Plan, v: int) -> bool:
    """Whether node v holds nothing but advice of ``reciprocal``, which is about sums with what nobody knows.

    Of anything else, as of a column, every possible value can be tried until its point is the one that was opened.
    """
    seen, waiting = {v}, [v]
    while waiting:
        node = plan.nodes[waiting.pop()]
        if isinstance(node, View | Take | Concat):
            waiting += [p for p in node.operands if p not in seen]
            seen.update(node.operands)
        elif not (isinstance(node, Hint) and node.kind == "reciprocal"):
            return False
    return True


def _sum(plan: Plan, v: int) -> str | None:
    """Return in words which entries a single value is the sum of, or of which multiples, or None if too much."""
    lengths = plan.layout.lengths
    needed = reached([v], lambda at: plan.nodes[at].operands)
    if lengths[v] != 1 or sum(lengths[p] for p in needed) > _MAX_WORK:
        return None
    adjoints = {v: Vector.constant(get_backend(), 1, 1)}
    parts: dict[int | None, list[Input]] = {}
    for at in sorted(needed, reverse=True):
        node, adjoint = plan.nodes[at], adjoints.pop(at)
        if isinstance(node, InputBits):
            return None
        if isinstance(node, Input):
            coefficients = adjoint[:1].to_ints()
            same = adjoint.equal(
                Vector.constant(adjoint.backend, coefficients[0] if coefficients else 0, len(adjoint))
            )
            if not adjoint.is_zero():
                parts.setdefault(centred(coefficients[0]) if same else None, []).append(node)
        elif isinstance(node, Linear):
            for p, contribution in backward(plan, at, adjoint):
                before = adjoints.get(p)
                adjoints[p] = contribution if before is None else before + contribution
    return " plus ".join(_part(plan, factor, parts[factor]) for factor in parts) or "a public constant"


def _part(plan: Plan, factor: int | None, inputs: Sequence[Input]) -> str:
    sources = _listed((plan.members[node.member].name, node.name) for node in reversed(inputs))
    count = sum(node.n for node in inputs)
    if factor is None:
        return f"a combination of entries of {sources}"
    entries = "the one entry" if count == 1 else f"the sum of all {count:,} entries"
    return f"{f'{factor} times ' if factor != 1 else ''}{entries} of {sources}"


def _bits(mask: int) -> Iterable[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def columns_committed_twice(plan: Plan) -> list[tuple[str, str]]:
    """Return the columns, as pairs of member and name, that are several inputs of a plan.

    Each input is a commitment of its own, and nothing proves that two hold the same values: a column in a random order
    and in that of its table, or in two random orders, is two unrelated columns (``spec/joins.md``).
    """
    seen: dict[tuple[int, str], int] = {}
    for node in plan.inputs:
        key = node.member, node.name
        seen[key] = seen.get(key, 0) + 1
    return [(plan.members[member].name, name) for (member, name), count in seen.items() if count > 1]


# ---------------------------------------------------------------------------------------- which results need what


class _Gradient:
    """How results depend on opened entries, as derivatives at a random point modulo the field's prime.

    A coefficient that is 0, or that cancels, is 0 here too; one that is not is 0 with negligible probability.  Rounding
    and roots stand for functions of which nothing is known but that equal arguments have equal values.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = random.SystemRandom()
        self._lengths = [plan.layout.lengths[node.a] for node in plan.outputs]
        self._opened = [
            self._draw(n if node.to is None else 0)
            for node, n in zip(plan.outputs, self._lengths, strict=True)
        ]
        self._unknown: dict[tuple[object, ...], list[int]] = {}
        self._values: list[list[int]] = []
        for expression in plan.expressions:
            self._values.append(self._value(expression))

    def _draw(self, n: int) -> list[int]:
        return [self._random.randrange(1, _R) for _ in range(n)]

    def _function(self, *key: object) -> list[int]:
        """Return value and derivative of an unknown function, the same for the same arguments."""
        if key not in self._unknown:
            self._unknown[key] = self._draw(2)
        return self._unknown[key]

    def _value(self, expression: object) -> list[int]:
        values = self._values
        match expression:
            case PublicConstant(constants):
                return [v.numerator * pow(v.denominator, -1, _R) % _R for v in constants]
            case PublicOutput(number):
                return self._opened[number]
            case PublicBinary(op, a, b):
                return [_apply(op, x, y) for x, y in zip(values[a], values[b], strict=True)]
            case PublicNeg(a):
                return [-x % _R for x in values[a]]
            case PublicRounded(op, a, places):
                return [self._function(op, places, x)[0] for x in values[a]]
            case PublicTake(a, indices):
                return [values[a][i] for i in indices]
            case PublicCommon(numbers):
                return [self._function("common", *sorted(set(numbers)))[0]]
            case PublicMatching(own, others, minimum):
                return [self._function("matching", own, minimum, *sorted(set(others)))[0]]
        raise TypeError(f"{type(expression).__name__} is no expression")

    def of(self, results: Iterable[int]) -> tuple[dict[int, list[int]], set[int]]:
        """Return the derivatives by output, and the points that matter, of random multiples of these expressions."""
        adjoint: dict[int, list[int]] = {}
        outputs: dict[int, list[int]] = {}
        points: set[int] = set()

        def give(to: dict[int, list[int]], k: int, gradient: Sequence[int]) -> None:
            before = to.get(k, [0] * len(gradient))
            to[k] = [(x + y) % _R for x, y in zip(before, gradient, strict=True)]

        for k in results:
            give(adjoint, k, self._draw(len(self._values[k])))
        for k in range(max(adjoint, default=-1), -1, -1):
            g = adjoint.pop(k, None)
            if g is None or not any(g):
                continue
            expression = self._plan.expressions[k]
            match expression:
                case PublicOutput(number):
                    give(outputs, number, g)
                case PublicBinary(op, a, b):
                    of_a, of_b = _slopes(op, self._values[a], self._values[b])
                    give(adjoint, a, [x * y % _R for x, y in zip(g, of_a, strict=True)])
                    give(adjoint, b, [x * y % _R for x, y in zip(g, of_b, strict=True)])
                case PublicNeg(a):
                    give(adjoint, a, [-x % _R for x in g])
                case PublicRounded(op, a, places):
                    slopes = [self._function(op, places, x)[1] for x in self._values[a]]
                    give(adjoint, a, [x * y % _R for x, y in zip(g, slopes, strict=True)])
                case PublicTake(a, indices):
                    spread = [0] * len(self._values[a])
                    for i, x in zip(indices, g, strict=True):
                        spread[i] = (spread[i] + x) % _R
                    give(adjoint, a, spread)
                case PublicCommon() | PublicMatching():
                    points.update(references(expression, "points"))
        return outputs, points


def _apply(op: str, x: int, y: int) -> int:
    match op:
        case "add":
            return (x + y) % _R
        case "sub":
            return (x - y) % _R
        case "mul":
            return x * y % _R
        case _:
            return x * pow(y, -1, _R) % _R if y else 0


def _slopes(op: str, a: Sequence[int], b: Sequence[int]) -> tuple[list[int], list[int]]:
    match op:
        case "add":
            return [1] * len(a), [1] * len(b)
        case "sub":
            return [1] * len(a), [_R - 1] * len(b)
        case "mul":
            return list(b), list(a)
        case _:
            inverse = [pow(y, -1, _R) if y else 0 for y in b]
            pairs = zip(a, inverse, strict=True)
            return inverse, [-x * y * y % _R for x, y in pairs]


def _too_large(plan: Plan, passes: int) -> bool:
    lengths = plan.layout.lengths
    outputs = [lengths[node.a] for node in plan.outputs]
    points = [lengths[node.a] for node in plan.points]
    sizes: list[int] = []
    for expression in plan.expressions:
        sizes.append(length_of(expression, sizes, outputs, points))
    return (sum(outputs) + sum(sizes)) * max(passes, 1) > _MAX_WORK


def needs_of_results(plan: Plan) -> list[tuple[str, ...]] | None:
    """Return, for each result, the names of the openings that it needs, in their order; None if too much to examine."""
    if _too_large(plan, len(plan.results)):
        return None
    gradient = _Gradient(plan)
    found = []
    for result in plan.results:
        outputs, points = gradient.of([result.expression])
        needed = {number for number, g in outputs.items() if any(g)}
        points |= _points_behind(plan, needed)
        found.append((*(str(k + 1) for k in sorted(needed)), *(f"T{k + 1}" for k in sorted(points))))
    return found


def unneeded(plan: Plan) -> list[str] | None:
    """Return the names of the openings to everybody of which no result needs every entry; None if too much to examine.

    A result needs an entry if its value depends on it: not if the entry only occurs with coefficient 0, or cancels.
    """
    if _too_large(plan, 1):
        return None
    outputs, points = _Gradient(plan).of({result.expression for result in plan.results})
    points |= _points_behind(plan, outputs)
    found = []
    for number, node in enumerate(plan.outputs):
        n = plan.layout.lengths[node.a]
        if node.to is None and not all(outputs.get(number, [0] * n)):
            found.append(str(number + 1))
    return found + [f"T{k + 1}" for k in range(len(plan.points)) if k not in points]


def _points_behind(plan: Plan, outputs: Iterable[int]) -> set[int]:
    """Return the points that decide what the nodes ``matching`` below some outputs keep."""
    late = plan.layout.late
    behind = reached(
        (v for number in outputs if late[v := plan.outputs[number].a]),
        lambda v: tuple(p for p in plan.nodes[v].operands if late[p]),
    )
    numbers = {v: k for k, v in enumerate(v for v, node in enumerate(plan.nodes) if isinstance(node, Points))}
    return {numbers[p] for v in behind if isinstance(node := plan.nodes[v], Matching) for p in node.points}
