# SPDX-License-Identifier: Apache-2.0
"""Plans as in ``spec/plan.md``: read and checked, their relation, their results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from math import isqrt, prod
from typing import Any

from codec import DecodeError, cbor_decode, cbor_encode, points_to_bytes
from relations import Declared, Shape, range_inputs, range_relation

from algebra import Point, R

HALF = (R - 1) // 2
Interval = tuple[int, int] | None  # None: any field element

MAX_BYTES, MAX_VALUES = 1 << 25, 1_000_000
MAX_MEMBERS, MAX_NODES, MAX_LENGTH = 64, 1 << 16, 1 << 24
MAX_WORK, MAX_PUBLIC, MAX_BITS = 1 << 26, 1 << 20, 1 << 13


# -- typed values -----------------------------------------------------------------------------------


def need(condition: bool, message: str) -> None:
    """Raise DecodeError unless the condition holds."""
    if not condition:
        raise DecodeError(message)


def listed(value: Any, what: str, length: int | None = None) -> list[Any]:
    """Return an array, of the given length if there is one."""
    need(isinstance(value, list), f"{what}: an array is needed")
    need(length is None or len(value) == length, f"{what}: {length} entries are needed")
    return list(value)


def size(value: Any, what: str, most: int = MAX_LENGTH) -> int:
    """Return an unsigned integer up to ``most``."""
    need(type(value) is int and 0 <= value <= most, f"{what}: a size up to {most} is needed")
    return int(value)


def text(value: Any, what: str, longest: int) -> str:
    """Return printable text of 1 to ``longest`` characters."""
    need(isinstance(value, str) and 1 <= len(value) <= longest, f"{what}: text is needed")
    need(value.isprintable(), f"{what}: characters that cannot be printed")
    return str(value)


def decimal(value: str, what: str) -> int:
    """Return the integer that decimal text stands for, if the text is that integer's."""
    digits = value.removeprefix("-")
    need(digits.isascii() and digits.isdigit() and len(digits) <= 77, f"{what}: decimal text is needed")
    number = int(value)
    need(str(number) == value, f"{what}: not the usual decimal text")
    return number


def integer(value: Any, what: str) -> int:
    """Return an integer: CBOR within signed 64 bits, else text."""
    if isinstance(value, str):
        number = decimal(value, what)
        need(not -(1 << 63) <= number < 1 << 63, f"{what}: text for an integer of 64 bits")
    else:
        need(type(value) is int and -(1 << 63) <= value < 1 << 63, f"{what}: an integer is needed")
        number = value
    need(abs(number) <= HALF, f"{what}: outside the field")
    return number


def count_values(value: Any) -> int:
    """Return the number of CBOR values in an item, itself included."""
    if isinstance(value, list):
        return 1 + sum(map(count_values, value))
    if isinstance(value, dict):
        return 1 + sum(1 + count_values(v) for v in value.values())
    return 1


# -- intervals --------------------------------------------------------------------------------------


def inside(low: int, high: int) -> Interval:
    """Return an interval that fits the field."""
    need(-HALF <= low <= high <= HALF, f"the interval [{low}, {high}] leaves the field")
    return low, high


def hull(intervals: Sequence[Interval]) -> Interval:
    """Return the least interval around all; [0, 0] around nothing."""
    known = [i for i in intervals if i is not None]
    if len(known) < len(intervals):
        return None
    return (min(low for low, _ in known), max(high for _, high in known)) if known else (0, 0)


def times(a: Interval, b: Interval) -> Interval:
    """Return the hull of the products of ends."""
    if a is None or b is None:
        return None
    ends = [x * y for x in a for y in b]
    return inside(min(ends), max(ends))


# -- plans ------------------------------------------------------------------------------------------

FIELDS = {
    "input": ("member", "name", "n", "low", "high", "decimals", "form"),
    "shuffled": ("member", "name", "n", "low", "high", "decimals", "order"),
    "input_bits": ("a",),
    "constant": ("values",),
    "add": ("a", "b"),
    "sub": ("a", "b"),
    "neg": ("a",),
    "scale": ("a", "factors", "inner"),
    "sum": ("a", "outer", "n", "inner"),
    "view": ("a", "shape", "offset", "strides"),
    "take": ("a", "indices"),
    "concat": ("parts",),
    "matmul": ("a", "rows", "columns", "inner", "entries"),
    "mul": ("a", "b"),
    "hint": ("kind", "parameters", "parts", "n", "boolean"),
    "zero": ("a",),
    "output": ("a", "label", "to"),
    "points": ("a", "label"),
    "matching": ("a", "own", "others", "minimum"),
}
SINKS = ("zero", "output", "points")
LINEAR = ("add", "sub", "neg", "scale", "sum", "view", "take", "concat", "matmul")
LATE = (*LINEAR, "matching", "output")  # nothing else may depend on which points match


def per_entry(lengths: list[int], k: int) -> int:
    """Return the entries of a hint with k wires for each entry of its first argument."""
    need(1 <= k <= 250, "parameters of a hint")
    return lengths[0] * k


def coins(p: list[int]) -> int:
    """Return the entries of a hint of fair coins: so many for each of so many values."""
    values, each, sensitivity, delta_bits = p
    need(values >= 0 and 2 <= each <= 1 << 12 and each % 2 == 0, "parameters of coins")
    need(1 <= sensitivity <= each and 1 <= delta_bits <= 128, "parameters of coins")
    return values * each


def quotient(lengths: list[int], parameters: list[int]) -> int:
    """Return the entries of a quotient hint."""
    need(2 <= parameters[0] < 1 << 250, "the divisor of a quotient hint")
    return per_entry(lengths, parameters[2])


def per_pair(lengths: list[int], k: int) -> int:
    """Return the entries of a hint with k wires for each entry of two arguments of one length."""
    need(lengths[0] == lengths[1], "arguments of different lengths")
    return per_entry(lengths, k)


def own(n: int, least: int, entries: int) -> int:
    """Return the entries of a hint without arguments for n elements or wires."""
    need(least <= n <= 1 << 20, "parameters of a hint")
    return entries


@cache
def switches(n: int) -> int:
    """Return the switches of a permutation network on n wires."""
    return sum((i - 1).bit_length() for i in range(1, n + 1))


@cache
def comparators(n: int) -> int:
    """Return the number of comparators of the sorting network for n values."""
    top = 1 << max((n - 1).bit_length() - 1, 0) if n > 1 else 0
    count, p = 0, top
    while p:
        q, r, d = top, 0, p
        while True:
            whole, rest = divmod(max(n - d, 0), 2 * p)
            count += whole * p + (max(rest - p, 0) if r else min(rest, p))
            if q == p:
                break
            d, q, r = q - p, q // 2, p
        p //= 2
    return count


def split(length: int, rank: int, k: int) -> int:
    """Return the entries of a split hint about values of k digits."""
    need(1 <= k <= 250 and length % k == 0 and 0 <= rank < length // k - 1, "parameters of a split hint")
    return 3 * (length // k)


# Arguments, parameters, whether boolean, and the number of entries.
HINTS: dict[str, tuple[int, int, bool, Callable[[list[int], list[int]], int]]] = {
    "bits": (1, 2, True, lambda n, p: per_entry(n, p[1])),
    "span": (1, 2, True, lambda n, p: per_entry(n, max(p[1] - p[0], 0).bit_length())),
    "copy": (1, 0, True, lambda n, p: n[0]),
    "inverse": (1, 0, False, lambda n, p: n[0]),
    "coins": (0, 4, True, lambda n, p: coins(p)),
    "quotient": (1, 3, True, lambda n, p: quotient(n, p)),
    "ratio": (2, 1, True, lambda n, p: per_pair(n, p[0])),
    "root": (1, 1, True, lambda n, p: per_entry(n, p[0])),
    "reciprocal": (1, 0, False, lambda n, p: n[0]),
    "random": (0, 1, False, lambda n, p: own(p[0], 1, p[0])),
    "switches": (0, 2, True, lambda n, p: own(p[1], 2, switches(min(p[1], 1 << 20)))),
    "controls": (1, 0, True, lambda n, p: comparators(n[0])),
    "split": (1, 2, True, lambda n, p: split(n[0], *p)),
}


class Node:
    """One node: its fields as attributes of ``f``, and what follows from them."""

    def __init__(self, op: str, f: dict[str, Any]) -> None:
        self.op, self.f = op, f
        self.length = 0
        self.work = 0
        self.interval: Interval = (0, 0)
        self.place = -1  # first slot among those of its kind
        self.late = False  # whether it depends on which points match
        self.chosen = False  # whether it depends on what a member chooses
        self.random = False  # whether it depends on a random element
        self.drawn = False  # whether it is such elements and nothing else

    @property
    def operands(self) -> list[int]:
        """The positions it refers to."""
        single = [self.f[k] for k in ("a", "b", "own") if k in self.f]
        return [*single, *self.f.get("parts", ()), *self.f.get("others", ())]


FORMATS = {"tallystick/plan/1": 1, "tallystick/plan/2-draft.1": 2}


class Plan:
    """A valid plan, made from its decoded CBOR value; the statement that the computation's proof is about."""

    def __init__(self, value: Any) -> None:
        keys = {"version", "program", "members", "nodes", "expressions", "results", "columns"}
        need(isinstance(value, dict) and set(value) == keys, "plan: a map with exactly seven keys is needed")
        need(count_values(value) <= MAX_VALUES, "plan: too many values")
        need(value["version"] in FORMATS, "plan: unknown version")
        self.format = FORMATS[value["version"]]
        encoded = cbor_encode(value)
        need(len(encoded) <= MAX_BYTES, "plan: too long")
        self.digest = hashlib.sha256(encoded).digest()
        self.program = text(value["program"], "program", 100)
        members = [listed(m, "member", 2) for m in listed(value["members"], "members")]
        need(1 <= len(members) <= MAX_MEMBERS, "plan: number of members")
        self.members = [(text(name, "member", 100), size(rows, "rows")) for name, rows in members]
        need(len({name for name, _ in self.members}) == len(self.members), "plan: members of one name")

        nodes = listed(value["nodes"], "nodes")
        need(len(nodes) <= MAX_NODES, "plan: too many nodes")
        need(
            sum(n[:2] == ["hint", "coins"] for n in nodes if isinstance(n, list)) <= 64,
            "plan: too many coins",
        )
        self.nodes: list[Node] = []
        self.input_names: set[tuple[int, str, int | None]] = set()
        for position, fields in enumerate(nodes):
            try:
                self.nodes.append(self._node(listed(fields, "node"), position))
            except DecodeError as error:
                raise DecodeError(f"plan: node {position}: {error}") from error
        need(sum(node.work for node in self.nodes) <= MAX_WORK, "plan: too much work")
        read = {node.f["a"] for node in self.nodes if node.op == "input_bits"}
        for position, node in enumerate(self.nodes):
            if node.op == "input":
                need((node.f["form"] == "bits") == (position in read), "plan: an input's form")
        self.shape = self._place(size(value["columns"], "columns"))
        self._results(value["expressions"], value["results"])

    @property
    def outputs(self) -> list[Node]:
        """The output nodes in plan order."""
        return [node for node in self.nodes if node.op == "output"]

    @property
    def opened_points(self) -> list[Node]:
        """The nodes opened as points, in plan order."""
        return [node for node in self.nodes if node.op == "points"]

    def split_points(self, published: Sequence[Point]) -> list[list[bytes]]:
        """Return the encodings of all points by the node that opens them."""
        encoded = [points_to_bytes([point]) for point in published]
        found, at = [], 0
        for node in self.opened_points:
            n = self.nodes[node.f["a"]].length
            found.append(encoded[at : at + n])
            at += n
        return found

    def ranges(self, member: int) -> list[Declared]:
        """Return what a member's range proof covers."""
        own = [node.f for node in self.nodes if node.op == "input" and node.f["member"] == member]
        return [(f["n"], f["low"], f["high"], f["form"]) for f in own]

    # ---------------------------------------------------------------- nodes
    def _node(self, items: list[Any], position: int) -> Node:
        need(bool(items) and isinstance(items[0], str) and items[0] in FIELDS, "unknown operation")
        names = FIELDS[items[0]]
        need(len(items) == 1 + len(names), "number of fields")
        node = Node(items[0], dict(zip(names, items[1:], strict=True)))
        f = node.f
        for name in ("parts", "others"):
            if name in f:
                listed(f[name], "operands")
        compared = [f["own"], *f["others"]] if "own" in f else []
        for k in node.operands:
            need(type(k) is int and 0 <= k < position, "an operand that is no earlier node")
            need(k in compared or self.nodes[k].op not in SINKS, "an operand without entries")
        node.late = items[0] == "matching" or any(self.nodes[k].late for k in node.operands)
        need(not node.late or items[0] in LATE, "an operand that depends on which points match")
        node.chosen = node.f.get("kind") == "switches" or any(self.nodes[k].chosen for k in node.operands)
        node.drawn = node.f.get("kind") == "random" or (items[0] == "view" and self.nodes[node.f["a"]].drawn)
        node.random = node.drawn or any(self.nodes[k].random for k in node.operands)
        for name in ("n", "inner", "outer", "rows", "columns", "offset", "minimum"):
            if name in f:
                size(f[name], name)
        for name in ("values", "factors", "entries", "parameters"):
            if name in f:
                f[name] = [integer(v, name) for v in listed(f[name], name)]
        for name in ("indices", "shape"):
            if name in f:
                f[name] = [size(v, name) for v in listed(f[name], name)]
        rule: Callable[[Node, dict[str, Any]], None] = getattr(self, f"_{node.op}")
        rule(node, f)
        need(node.length <= MAX_LENGTH, "too many entries")
        node.work = max(node.work, node.length)
        return node

    def _set(self, node: Node, length: int, interval: Interval) -> None:
        node.length, node.interval = length, interval

    def _input(self, node: Node, f: dict[str, Any]) -> None:
        size(f["member"], "member", len(self.members) - 1)
        text(f["name"], "name", 100)
        f["low"], f["high"] = integer(f["low"], "low"), integer(f["high"], "high")
        size(f["decimals"], "decimals", 76)
        need(f["form"] in ("value", "bits"), "form")
        need(f["n"] == self.members[f["member"]][1], "an input has one entry per row")
        need(f["low"] <= f["high"] and (f["high"] - f["low"]).bit_length() <= 250, "its interval")
        f.setdefault("order", None)
        key = f["member"], f["name"], f["order"]
        need(key not in self.input_names, "a second input of this name")
        self.input_names.add(key)
        k = (f["high"] - f["low"]).bit_length()
        slots = f["n"] * (k if f["form"] == "bits" else 1)
        need(slots <= MAX_LENGTH, "too many slots")
        twice = f["form"] == "bits" and f["high"] - f["low"] != (1 << k) - 1
        node.work = f["n"] + slots + f["n"] * k * (2 if twice else 1)
        self._set(node, f["n"], (f["low"], f["high"]))

    def _shuffled(self, node: Node, f: dict[str, Any]) -> None:
        size(f["order"], "order", 1 << 16)
        node.op, f["form"] = "input", "value"
        self._input(node, f)

    def _input_bits(self, node: Node, f: dict[str, Any]) -> None:
        source = self.nodes[f["a"]]
        need(source.op == "input" and source.f["form"] == "bits", "no input in form bits")
        k = (source.f["high"] - source.f["low"]).bit_length()
        self._set(node, source.length * k, (0, 1))

    def _constant(self, node: Node, f: dict[str, Any]) -> None:
        self._set(node, len(f["values"]), hull([(v, v) for v in f["values"]]))

    def _pair(self, f: dict[str, Any]) -> tuple[Node, Node]:
        a, b = self.nodes[f["a"]], self.nodes[f["b"]]
        need(a.length == b.length, "operands of different lengths")
        return a, b

    def _choice(self, m: int) -> list[tuple[int, int]]:
        """Return the pairs (x, y) such that node m is c times x - y, with c in [0, 1]."""
        if self.nodes[m].op != "mul":
            return []
        ends = [self.nodes[m].f["a"], self.nodes[m].f["b"]]
        found = []
        for c, d in (ends, ends[::-1]):
            bounds = self.nodes[c].interval
            if bounds and bounds[0] >= 0 and bounds[1] <= 1 and self.nodes[d].op == "sub":
                found.append((self.nodes[d].f["a"], self.nodes[d].f["b"]))
        return found

    def _add(self, node: Node, f: dict[str, Any]) -> None:
        a, b = self._pair(f)
        x, y = a.interval, b.interval
        for this, other in ((f["a"], f["b"]), (f["b"], f["a"])):
            for chosen, otherwise in self._choice(other):
                if otherwise == this:
                    self._set(node, a.length, hull([self.nodes[this].interval, self.nodes[chosen].interval]))
                    return
        self._set(node, a.length, inside(x[0] + y[0], x[1] + y[1]) if x and y else None)

    def _sub(self, node: Node, f: dict[str, Any]) -> None:
        a, b = self._pair(f)
        x, y = a.interval, b.interval
        for chosen, otherwise in self._choice(f["b"]):
            if chosen == f["a"]:
                self._set(node, a.length, hull([x, self.nodes[otherwise].interval]))
                return
        self._set(node, a.length, inside(x[0] - y[1], x[1] - y[0]) if x and y else None)

    def _neg(self, node: Node, f: dict[str, Any]) -> None:
        x = self.nodes[f["a"]].interval
        self._set(node, self.nodes[f["a"]].length, (-x[1], -x[0]) if x else None)

    def _scale(self, node: Node, f: dict[str, Any]) -> None:
        a, factors, inner = self.nodes[f["a"]], f["factors"], f["inner"]
        need(bool(factors) and inner >= 1, "factors")
        fits = inner == 1 if len(factors) == 1 else a.length % (inner * len(factors)) == 0
        need(fits, "the factors do not fit the operand")
        self._set(node, a.length, times(hull([(v, v) for v in factors]), a.interval))

    def _sum(self, node: Node, f: dict[str, Any]) -> None:
        a = self.nodes[f["a"]]
        need(f["outer"] * f["n"] * f["inner"] == a.length, "the shape does not fit the operand")
        x, n = a.interval, f["n"]
        self._set(node, f["outer"] * f["inner"], inside(n * x[0], n * x[1]) if x else None)

    def _view(self, node: Node, f: dict[str, Any]) -> None:
        a, shape = self.nodes[f["a"]], f["shape"]
        strides = listed(f["strides"], "strides", len(shape))
        need(len(shape) <= 16, "too many dimensions")
        need(all(type(s) is int and abs(s) <= MAX_LENGTH for s in strides), "strides")
        if prod(shape):
            steps = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
            first = f["offset"] + sum(s for s in steps if s < 0)
            last = f["offset"] + sum(s for s in steps if s > 0)
            need(first >= 0 and last < a.length, "outside the operand")
        self._set(node, prod(shape), a.interval)

    def _take(self, node: Node, f: dict[str, Any]) -> None:
        a = self.nodes[f["a"]]
        need(all(i < a.length for i in f["indices"]), "outside the operand")
        self._set(node, len(f["indices"]), a.interval)

    def _concat(self, node: Node, f: dict[str, Any]) -> None:
        parts = [self.nodes[k] for k in f["parts"]]
        need(bool(parts), "no part")
        self._set(node, sum(p.length for p in parts), hull([p.interval for p in parts if p.length]))

    def _matmul(self, node: Node, f: dict[str, Any]) -> None:
        a, (rows, columns, inner) = self.nodes[f["a"]], (f["rows"], f["columns"], f["inner"])
        need(min(rows, columns, inner) >= 1, "a dimension is 0")
        need(len(f["entries"]) == rows * columns and a.length == columns * inner, "dimensions")
        node.work = rows * columns * inner
        x = a.interval
        ends = []
        for at in range(0, len(f["entries"]), columns):
            row = f["entries"][at : at + columns]
            plus, minus = sum(v for v in row if v > 0), sum(v for v in row if v < 0)
            if x is not None:
                ends.append(inside(plus * x[0] + minus * x[1], plus * x[1] + minus * x[0]))
        self._set(node, rows * inner, hull(ends) if x is not None else None)

    def _mul(self, node: Node, f: dict[str, Any]) -> None:
        a, b = self._pair(f)
        x = a.interval
        interval = times(x, b.interval)
        if f["a"] == f["b"] and x is not None:
            squares = [x[0] * x[0], x[1] * x[1], *([0] if x[0] <= 0 <= x[1] else [])]
            interval = inside(min(squares), max(squares))
        self._set(node, a.length, interval)

    def _hint(self, node: Node, f: dict[str, Any]) -> None:
        need(isinstance(f["kind"], str) and f["kind"] in HINTS and type(f["boolean"]) is bool, "unknown kind")
        arguments, parameters, boolean, entries = HINTS[f["kind"]]
        need(len(f["parts"]) == arguments, "arguments")
        need(len(f["parameters"]) == parameters, "parameters")
        parts = [self.nodes[k] for k in f["parts"]]
        n = entries([p.length for p in parts], f["parameters"])
        need(f["n"] == n and f["boolean"] == boolean, "entries of the advice")
        bounded = f["kind"] in ("copy", "reciprocal") or all(p.interval is not None for p in parts)
        need(bounded, "advice about a value without interval")
        free = f["kind"] in ("copy", "reciprocal", "random", "switches")
        need(free or not any(p.chosen for p in parts), "advice about what a member chooses")
        if f["kind"] == "reciprocal":
            need(parts[0].op == "add", "a reciprocal of what may be 0")
            a, b = (self.nodes[parts[0].f[k]] for k in ("a", "b"))
            blinded = (a.drawn and not b.random) or (b.drawn and not a.random)
            need(blinded, "a reciprocal of what may be 0")
        if f["kind"] == "switches":
            need(0 <= f["parameters"][0] < len(self.members), "no such member")
        digits = [p.interval for p in parts if f["kind"] == "split"]
        need(all(i and i[0] >= 0 and i[1] <= 1 for i in digits), "a split hint takes zeros and ones")
        self._set(node, n, (0, 1) if boolean else None)

    def _zero(self, node: Node, f: dict[str, Any]) -> None:
        node.work = self.nodes[f["a"]].length

    def _output(self, node: Node, f: dict[str, Any]) -> None:
        node.work = self.nodes[f["a"]].length
        text(f["label"], "label", 300)
        need(self.nodes[f["a"]].interval is not None, "opens a value without an interval")
        if f["to"] is not None:
            to = [size(k, "member", len(self.members) - 1) for k in listed(f["to"], "to")]
            need(bool(to) and to == sorted(set(to)), "recipients in ascending order")

    def _points(self, node: Node, f: dict[str, Any]) -> None:
        node.work = self.nodes[f["a"]].length
        text(f["label"], "label", 300)

    def _matching(self, node: Node, f: dict[str, Any]) -> None:
        a, compared = self.nodes[f["a"]], [self.nodes[k] for k in (f["own"], *f["others"])]
        need(bool(f["others"]) and a.op not in SINKS, "operands of matching")
        need(all(p.op == "points" for p in compared), "a match of something else than points")
        lengths = [self.nodes[p.f["a"]].length for p in compared]
        need(a.length == lengths[0], "operands of different lengths")
        node.work = a.length + sum(lengths)
        self._set(node, a.length, hull([a.interval, (0, 0)]))

    # ---------------------------------------------------------------- the relation
    def _place(self, columns: int) -> Shape:
        inputs = [0] * len(self.members)
        free = gates = zeros = outputs = points = 0
        for node in self.nodes:
            of = self.nodes[node.f["a"]].length if "a" in node.f else 0
            if node.op == "input":
                node.place = inputs[node.f["member"]]
                f = node.f
                inputs[f["member"]] += range_inputs([(f["n"], f["low"], f["high"], f["form"])])
            elif node.op == "mul" or (node.op == "hint" and node.f["boolean"]):
                node.place, gates = gates, gates + node.length
            elif node.op == "hint":
                node.place, free = free, free + node.length
            elif node.op == "zero":
                node.place, zeros = zeros, zeros + of
            elif node.op == "output" and node.f["to"] is None:
                node.place, outputs = outputs, outputs + of
            elif node.op == "points":
                node.place, points = points, points + of
        witnesses = [sum(inputs) + free + 2 * gates]
        for member in range(len(self.members)):
            shape = range_relation(self.ranges(member), 16).shape
            witnesses.append(shape.inputs[0] + (2 if self.format == 1 else 1) * shape.gates)
        c = 16
        while c < 16_384 and c * c < 64 * max(witnesses):
            c *= 2
        need(columns == c, f"plan: columns must be {c}")
        return Shape(c, tuple(inputs), free, gates, zeros, outputs, points)

    def selected(self, node: Node, opened: dict[int, list[bytes]]) -> list[bool]:
        """Return which entries a node ``matching`` keeps."""
        mine, others = opened[node.f["own"]], [opened[k] for k in node.f["others"]]
        sets = [set(points) for points in others]
        kept = [all(point in points for points in sets) for point in mine]
        return kept if sum(kept) >= node.f["minimum"] else [False] * len(kept)

    def transpose(
        self,
        left: Sequence[int],
        right: Sequence[int],
        zeros: Sequence[int],
        outputs: Sequence[int],
        points: Sequence[int],
        published: Sequence[Point],
    ) -> tuple[list[int], int]:
        """Return coefficients over the slots and the constant: one pass from the last node to the first."""
        shape = self.shape
        slots = [0] * shape.slots()
        starts = [sum(shape.inputs[:k]) for k in range(len(shape.inputs))]
        first_free = sum(shape.inputs)
        constant = 0
        adjoint = [[0] * node.length for node in self.nodes]
        places = [k for k, node in enumerate(self.nodes) if node.op == "points"]
        opened = dict(zip(places, self.split_points(published), strict=True))

        def give(target: list[int], at: int, value: int) -> None:
            target[at] = (target[at] + value) % R

        for node, g in zip(reversed(self.nodes), reversed(adjoint), strict=True):
            f, n = node.f, node.length
            x = adjoint[f["a"]] if "a" in f else []
            gate = shape.first_gate + node.place
            if node.op == "input":
                at = starts[f["member"]] + node.place
                k = (f["high"] - f["low"]).bit_length()
                for e in range(n):
                    if f["form"] == "value":
                        give(slots, at + e, g[e])
                        continue
                    constant += f["low"] * g[e]
                    for i in range(k):
                        give(slots, at + e * k + i, g[e] << i)
            elif node.op == "input_bits":
                source = self.nodes[f["a"]]
                at = starts[source.f["member"]] + source.place
                for i in range(n):
                    give(slots, at + i, g[i])
            elif node.op == "constant":
                constant += sum(v * w for v, w in zip(f["values"], g, strict=True))
            elif node.op in ("add", "sub"):
                sign = 1 if node.op == "add" else -1
                for i in range(n):
                    give(x, i, g[i])
                    give(adjoint[f["b"]], i, sign * g[i])
            elif node.op == "neg":
                for i in range(n):
                    give(x, i, -g[i])
            elif node.op == "scale":
                for i in range(n):
                    give(x, i, f["factors"][i // f["inner"] % len(f["factors"])] * g[i])
            elif node.op == "sum":
                for o, j, i in product(range(f["outer"]), range(f["n"]), range(f["inner"])):
                    give(x, (o * f["n"] + j) * f["inner"] + i, g[o * f["inner"] + i])
            elif node.op == "view":
                for i, index in enumerate(product(*map(range, f["shape"]))):
                    step = sum(k * s for k, s in zip(index, f["strides"], strict=True))
                    give(x, f["offset"] + step, g[i])
            elif node.op == "take":
                for i, index_taken in enumerate(f["indices"]):
                    give(x, index_taken, g[i])
            elif node.op == "concat":
                at = 0
                for part in f["parts"]:
                    for i in range(len(adjoint[part])):
                        give(adjoint[part], i, g[at + i])
                    at += len(adjoint[part])
            elif node.op == "matmul":
                for row, column, i in product(range(f["rows"]), range(f["columns"]), range(f["inner"])):
                    entry = f["entries"][row * f["columns"] + column]
                    give(x, column * f["inner"] + i, entry * g[row * f["inner"] + i])
            elif node.op == "mul":
                for i in range(n):
                    give(slots, gate + i, g[i])
                    give(x, i, left[node.place + i])
                    give(adjoint[f["b"]], i, right[node.place + i])
            elif node.op == "hint" and f["boolean"]:
                for i in range(n):
                    give(slots, gate + i, g[i] + left[node.place + i] + right[node.place + i])
            elif node.op == "hint":
                for i in range(n):
                    give(slots, first_free + node.place + i, g[i])
            elif node.op == "zero":
                for i in range(len(x)):
                    give(x, i, zeros[node.place + i])
            elif node.op == "output":
                for i in range(len(x) if f["to"] is None else 0):
                    give(x, i, outputs[node.place + i])
            elif node.op == "points":
                for i in range(len(x)):
                    give(x, i, points[node.place + i])
            elif node.op == "matching":
                for i, kept in enumerate(self.selected(node, opened)):
                    give(x, i, g[i] if kept else 0)
            else:
                raise ValueError(f"no transposed rule for {node.op}")
        return slots, constant % R

    # ---------------------------------------------------------------- results
    def _results(self, expressions: Any, results: Any) -> None:
        opened = [self.nodes[node.f["a"]].length for node in self.outputs]
        points = [self.nodes[node.f["a"]].length for node in self.opened_points]
        lengths: list[int] = []
        compared = 0
        self.expressions: list[tuple[str, list[Any]]] = []
        for items in listed(expressions, "expressions"):
            need(isinstance(items, list) and bool(items), "plan: an expression")
            op, fields = items[0], list(items[1:])
            places = {"constant": 1, "output": 1, "neg": 1, "round": 2, "sqrt": 2, "take": 2}
            places |= {"add": 2, "sub": 2, "mul": 2, "div": 2, "common": 1, "matching": 3}
            need(isinstance(op, str) and places.get(op) == len(fields), "plan: an expression's fields")
            operands = fields[:2] if op in ("add", "sub", "mul", "div") else fields[:1]
            if op not in ("constant", "output", "common", "matching"):
                for k in operands:
                    need(type(k) is int and 0 <= k < len(lengths), "plan: an expression's operand")
            if op == "constant":
                fields[0] = [fraction(v) for v in listed(fields[0], "values")]
                length = len(fields[0])
            elif op == "output":
                number = size(fields[0], "output")
                need(number < len(opened) and self.outputs[number].f["to"] is None, "plan: no such output")
                length = opened[number]
            elif op in ("common", "matching"):
                others = listed(fields[0 if op == "common" else 1], "points")
                need(bool(others), "plan: no points to compare")
                numbers = others if op == "common" else [fields[0], *others]
                need(all(size(k, "points") < len(points) for k in numbers), "plan: no such points")
                if op == "matching":
                    size(fields[2], "minimum")
                compared += sum(points[k] for k in numbers)
                length = 1
            elif op == "take":
                fields[1] = [size(i, "index") for i in listed(fields[1], "indices")]
                need(all(i < lengths[fields[0]] for i in fields[1]), "plan: outside an expression")
                length = len(fields[1])
            else:
                length = lengths[fields[0]]
                if op in ("round", "sqrt"):
                    size(fields[1], "places", 100)
                elif op != "neg":
                    need(length == lengths[fields[1]], "plan: expressions of different lengths")
            lengths.append(length)
            self.expressions.append((op, fields))
        need(len(lengths) <= MAX_NODES and sum(lengths) <= MAX_PUBLIC, "plan: too many expressions")
        need(compared <= MAX_WORK, "plan: too many points to compare")
        self.results: list[tuple[str, int, list[int]]] = []
        for items in listed(results, "results"):
            name, expression, shape = listed(items, "result", 3)
            dimensions = [size(n, "dimension") for n in listed(shape, "shape")]
            need(len(dimensions) <= 16, "plan: too many dimensions")
            need(type(expression) is int and 0 <= expression < len(lengths), "plan: a result's expression")
            need(prod(dimensions) == lengths[expression], "plan: a result's shape")
            self.results.append((text(name, "result", 100), expression, dimensions))
        need(len(self.results) <= MAX_NODES, "plan: too many results")
        need(len({name for name, _, _ in self.results}) == len(self.results), "plan: results of one name")

    def split_outputs(self, flat: Sequence[int]) -> list[list[int]]:
        """Return the signed integers that each output to everybody opens; nothing for the others."""
        signed = [v if v <= HALF else v - R for v in flat]
        opened: list[list[int]] = []
        at = 0
        for node in self.outputs:
            n = self.nodes[node.f["a"]].length if node.f["to"] is None else 0
            opened.append(signed[at : at + n])
            at += n
        return opened

    def unconverged(self, flat: Sequence[int]) -> dict[str, list[bool]]:
        """Return which entries of every result use an opened 0 that stands for what did not converge."""
        opened = self.split_outputs(flat)
        values: list[list[bool]] = []
        for op, fields in self.expressions:
            if op == "output":
                named = self.outputs[fields[0]].f["label"].startswith("converged: ")
                entries = [named and v == 0 for v in opened[fields[0]]]
            elif op == "take":
                entries = [values[fields[0]][i] for i in fields[1]]
            elif op in ("add", "sub", "mul", "div"):
                entries = [x or y for x, y in zip(values[fields[0]], values[fields[1]], strict=True)]
            elif op in ("constant", "common", "matching"):
                entries = [False] * (len(fields[0]) if op == "constant" else 1)
            else:
                entries = values[fields[0]]
            values.append(entries)
        return {name: values[expression] for name, expression, _ in self.results}

    def evaluate(
        self, flat: Sequence[int], published: Sequence[Point] = ()
    ) -> dict[str, list[Fraction | None]]:
        """Return every result's entries from the opened field elements and points; None where undefined."""
        points = self.split_points(published)
        opened = self.split_outputs(flat)
        values: list[list[Fraction | None]] = []
        for op, fields in self.expressions:
            if op == "constant":
                entries: list[Fraction | None] = list(fields[0])
            elif op == "output":
                entries = [Fraction(v) for v in opened[fields[0]]]
            elif op == "common":
                entries = [Fraction(len(set.intersection(*(set(points[k]) for k in fields[0]))))]
            elif op == "matching":
                sets = [set(points[k]) for k in fields[1]]
                count = sum(all(point in known for known in sets) for point in points[fields[0]])
                entries = [Fraction(count) if count >= fields[2] else None]
            elif op == "take":
                entries = [values[fields[0]][i] for i in fields[1]]
            elif op in ("add", "sub", "mul", "div"):
                pairs = zip(values[fields[0]], values[fields[1]], strict=True)
                entries = [binary(op, x, y) for x, y in pairs]
            else:
                entries = [unary(op, x, *fields[1:]) for x in values[fields[0]]]
            values.append([x if x is None or small(x) else None for x in entries])
        return {name: values[expression] for name, expression, _ in self.results}


def fraction(value: Any) -> Fraction:
    """Return a fraction in lowest terms."""
    if not isinstance(value, list):
        return Fraction(integer(value, "constant"))
    top, bottom = (integer(v, "constant") for v in listed(value, "constant", 2))
    need(bottom >= 2 and Fraction(top, bottom).denominator == bottom, "a fraction in lowest terms")
    return Fraction(top, bottom)


def small(x: Fraction) -> bool:
    """Whether numerator and denominator stay within the bound."""
    return max(abs(x.numerator), x.denominator).bit_length() <= MAX_BITS


def binary(op: str, x: Fraction | None, y: Fraction | None) -> Fraction | None:
    """Return x op y, None where undefined."""
    if x is None or y is None or (op == "div" and y == 0):
        return None
    return {"add": x + y, "sub": x - y, "mul": x * y}[op] if op != "div" else x / y


def unary(op: str, x: Fraction | None, places: int = 0) -> Fraction | None:
    """Return -x, x rounded, or its root rounded; ties to even."""
    if x is None or (op == "sqrt" and x < 0):
        return None
    if op == "neg":
        return -x
    unit = Fraction(1, 10**places)
    if op == "round":
        return round(x / unit) * unit
    need(op == "sqrt", "plan: an expression's operation")
    square = x / unit**2
    floor = isqrt(int(square))
    above = square - (floor + Fraction(1, 2)) ** 2
    return (floor + (above > 0 or (above == 0 and floor % 2 == 1))) * unit


def read(data: bytes) -> Plan:
    """Decode a plan."""
    return Plan(cbor_decode(data))
