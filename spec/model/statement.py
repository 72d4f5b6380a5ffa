# SPDX-License-Identifier: Apache-2.0
"""What a verdict says beyond the checks: costs (``spec/file.md``), policies and noise (``spec/disclosure.md``)."""

from __future__ import annotations

import secrets
from collections import Counter
from fractions import Fraction
from math import inf, log
from typing import Any

from plans import MAX_BITS, Node, Plan
from relations import range_relation

from algebra import R

LINEAR = ("add", "sub", "neg", "scale", "sum", "view", "take", "concat", "matmul")
MAX_EXAMINED = 1 << 22


# -- what a file can cost ---------------------------------------------------------------------------


def limits(file_bytes: int) -> tuple[int, int]:
    """Return the bytes and the operations that an auditor allows by default."""
    megabytes = min(max(-(-file_bytes // 10**6), 1), 4)
    return megabytes * 10**9, megabytes * 4 * 10**8


def cost(plan: Plan, plan_bytes: int, file_bytes: int) -> tuple[int, int]:
    """Return bounds for the bytes and the operations of an audit."""
    shapes = [range_relation(plan.ranges(k), plan.shape.columns).shape for k in range(len(plan.members))]
    shapes.append(plan.shape)
    cells = [s.rows * s.columns for s in shapes]
    claims = [s.outputs + s.zeros + 3 * s.gate_rows + s.points for s in shapes]
    size = 120 * 10**6 + 100 * file_bytes
    size += max(256 * a + 128 * b for a, b in zip(cells, claims, strict=True)) + 64 * at_hand(plan)
    work = 200 * plan_bytes + 6_000 * (max(file_bytes - plan_bytes, 0) // 48 + plan.shape.columns)
    work += 40 * sum(cells) + 8 * sum(node.work for node in plan.nodes)
    more_size, more_work = fractions_cost(plan)
    return size + more_size, work + more_work


def at_hand(plan: Plan) -> int:
    """Return the most entries at hand at once."""
    waiting: set[int] = set()
    held = most = 0
    for v, node in reversed(list(enumerate(plan.nodes))):
        operands = set(node.operands)
        held += sum(plan.nodes[k].length for k in operands - waiting)
        waiting |= operands
        most = max(most, held + node.length + sum(plan.nodes[k].length for k in operands))
        if v in waiting:
            held -= node.length
    return most


def fraction_work(bits: int) -> int:
    """Return f(bits)."""
    return 200 + 2 * (-(-bits // 64)) ** 2


def fractions_cost(plan: Plan) -> tuple[int, int]:
    """Return the bytes and operations of expressions and results."""
    bits: list[tuple[int, int]] = []
    lengths = expression_lengths(plan)
    points = [plan.nodes[node.f["a"]].length for node in plan.opened_points]
    size = work = 0
    for (op, fields), n in zip(plan.expressions, lengths, strict=True):
        read = 0
        if op == "constant":
            p = max((x.numerator.bit_length() for x in fields[0]), default=0)
            q = max((x.denominator.bit_length() for x in fields[0]), default=0)
        elif op == "output":
            low, high = plan.nodes[plan.outputs[fields[0]].f["a"]].interval or (0, 0)
            p, q = max(-low, low, -high, high).bit_length(), 1
        elif op in ("common", "matching"):
            p, q = 27, 1
            numbers = fields[0] if op == "common" else [fields[0], *fields[1]]
            work += 200 * sum(points[k] for k in numbers)
        elif op in ("neg", "take"):
            p, q = bits[fields[0]]
        elif op in ("round", "sqrt"):
            read = max(bits[fields[0]]) + 8 * fields[1]
            p, q = bits[fields[0]][0] + 4 * fields[1] + 1, 4 * fields[1] + 1
        else:
            (a, b), (c, d) = bits[fields[0]], bits[fields[1]]
            read = max(a, b, c, d)
            p, q = {"mul": (a + c, b + d), "div": (a + d, b + c)}.get(op, (max(a + d, c + b) + 1, b + d))
        p, q = min(p, MAX_BITS), min(q, MAX_BITS)
        bits.append((p, q))
        size += n * (8 if op == "take" else 400 + (p + q) // 8)
        work += n * fraction_work(max(read, p, q))
    for _, expression, _ in plan.results:
        p, q = bits[expression]
        size += lengths[expression] * (400 + p + q)
        work += 3 * lengths[expression] * fraction_work(max(p, q))
    return size, work


def expression_lengths(plan: Plan) -> list[int]:
    """Return the entries of every expression."""
    found: list[int] = []
    for op, fields in plan.expressions:
        if op == "constant":
            found.append(len(fields[0]))
        elif op == "output":
            found.append(plan.nodes[plan.outputs[fields[0]].f["a"]].length)
        elif op == "take":
            found.append(len(fields[1]))
        else:
            found.append(1 if op in ("common", "matching") else found[fields[0]])
    return found


# -- policies ---------------------------------------------------------------------------------------


def dependence(plan: Plan, results: list[int]) -> tuple[dict[int, list[int]], set[int]]:
    """Return derivatives of random sums of some expressions by the opened entries, forward, and the points they need.

    Every opened entry is a random number; to each belongs one derivative, and one pass per output finds them.
    """
    unknown: dict[tuple[Any, ...], tuple[int, int]] = {}

    def function(*key: Any) -> tuple[int, int]:
        return unknown.setdefault(key, (1 + secrets.randbelow(R - 1), 1 + secrets.randbelow(R - 1)))

    opened = [
        [1 + secrets.randbelow(R - 1) for _ in range(plan.nodes[n.f["a"]].length)] for n in plan.outputs
    ]
    values: list[list[int]] = []
    for op, fields in plan.expressions:
        if op == "constant":
            values.append([x.numerator * pow(x.denominator, -1, R) % R for x in fields[0]])
        elif op == "output":
            values.append(opened[fields[0]])
        elif op == "take":
            values.append([values[fields[0]][i] for i in fields[1]])
        elif op == "neg":
            values.append([-x % R for x in values[fields[0]]])
        elif op in ("round", "sqrt"):
            values.append([function(op, fields[1], x)[0] for x in values[fields[0]]])
        elif op == "common":
            values.append([function(op, *sorted(set(fields[0])))[0]])
        elif op == "matching":
            values.append([function(op, fields[0], fields[2], *sorted(set(fields[1])))[0]])
        else:
            pairs = zip(values[fields[0]], values[fields[1]], strict=True)
            values.append([modular(op, x, y) for x, y in pairs])
    seed = [[0] * len(v) for v in values]
    for k in results:
        seed[k] = [(x + 1 + secrets.randbelow(R - 1)) % R for x in seed[k]]
    points: set[int] = set()
    found: dict[int, list[int]] = {}
    for k in reversed(range(len(values))):
        (op, fields), g = plan.expressions[k], seed[k]
        if not any(g):
            continue
        if op == "output":
            before = found.get(fields[0], [0] * len(g))
            found[fields[0]] = [(x + y) % R for x, y in zip(before, g, strict=True)]
        elif op == "common":
            points |= set(fields[0])
        elif op == "matching":
            points |= {fields[0], *fields[1]}
        elif op == "take":
            for i, x in zip(fields[1], g, strict=True):
                seed[fields[0]][i] = (seed[fields[0]][i] + x) % R
        elif op != "constant":
            for i, x in enumerate(g):
                for operand, slope in slopes(op, fields, values, i, function):
                    seed[operand][i] = (seed[operand][i] + slope * x) % R
    return found, points


def modular(op: str, x: int, y: int) -> int:
    """Return x op y in the field; 0 for a quotient by 0."""
    if op == "div":
        return x * pow(y, -1, R) % R if y else 0
    return {"add": x + y, "sub": x - y, "mul": x * y}[op] % R


def slopes(
    op: str, fields: list[Any], values: list[list[int]], i: int, function: Any
) -> list[tuple[int, int]]:
    """Return the operands of an expression and its derivatives by their entry i."""
    a = fields[0]
    x = values[a][i]
    if op == "neg":
        return [(a, -1)]
    if op in ("round", "sqrt"):
        return [(a, function(op, fields[1], x)[1])]
    b = fields[1]
    y = values[b][i]
    if op == "mul":
        return [(a, y), (b, x)]
    if op == "div":
        inverse = pow(y, -1, R) if y else 0
        return [(a, inverse), (b, -x * inverse * inverse % R)]
    return [(a, 1), (b, 1 if op == "add" else -1)]


def matched(plan: Plan, numbers: list[int]) -> set[int]:
    """Return the points that decide what is kept in some outputs."""
    places = [k for k, node in enumerate(plan.nodes) if node.op == "points"]
    found: set[int] = set()
    seen: set[int] = set()
    waiting = [plan.outputs[k].f["a"] for k in numbers]
    while waiting:
        k = waiting.pop()
        node = plan.nodes[k]
        if k in seen or not node.late:
            continue
        seen.add(k)
        if node.op == "matching":
            found |= {places.index(p) for p in (node.f["own"], *node.f["others"])}
        waiting += node.operands
    return found


def examinable(plan: Plan, passes: int) -> bool:
    """Whether so many passes over all entries are few enough to be made."""
    entries = sum(plan.nodes[n.f["a"]].length for n in plan.outputs) + sum(expression_lengths(plan))
    return entries * max(passes, 1) <= MAX_EXAMINED


def unneeded(plan: Plan) -> list[str] | None:
    """Return the openings to everybody of which no result needs every entry; None if they are too many to tell."""
    if not examinable(plan, 1):
        return None
    found, points = dependence(plan, [expression for _, expression, _ in plan.results])
    points |= matched(plan, list(found))
    names = []
    for number, node in enumerate(plan.outputs):
        n = plan.nodes[node.f["a"]].length
        if node.f["to"] is None and not all(found.get(number, [0] * n)):
            names.append(f"{number + 1}")
    return names + [f"T{k + 1}" for k in range(len(plan.opened_points)) if k not in points]


def needs(plan: Plan) -> list[list[str]] | None:
    """Return the openings that each result depends on; None if that is too much to tell."""
    if not examinable(plan, len(plan.results)):
        return None
    every = []
    for _, expression, _ in plan.results:
        found, points = dependence(plan, [expression])
        numbers = sorted(k for k, g in found.items() if any(g))
        points |= matched(plan, numbers)
        every.append([f"{k + 1}" for k in numbers] + [f"T{k + 1}" for k in sorted(points)])
    return every


def unrelated(plan: Plan) -> list[tuple[str, str]]:
    """Return the columns, as member and name, that are several inputs."""
    inputs = [(node.f["member"], node.f["name"]) for node in plan.nodes if node.op == "input"]
    return [(plan.members[member][0], name) for (member, name), n in Counter(inputs).items() if n > 1]


# -- noise ------------------------------------------------------------------------------------------


def noise(plan: Plan) -> list[tuple[list[int], int, int, int, int]]:
    """Return what noise protects: outputs (from 1), values, coins, sensitivity, delta_bits, of each use that counts.

    The coefficients of every coin are found by pushing one random weight for every opened entry down to it.
    """
    nodes = plan.nodes
    uses = [k for k, node in enumerate(nodes) if node.op == "hint" and node.f["kind"] == "coins"]
    below: list[set[int]] = []
    for k, node in enumerate(nodes):
        below.append(({k} if k in uses else set()).union(*(below[p] for p in node.operands)))
    spoiled = set()
    for node in nodes:
        if node.op not in LINEAR and not (node.op == "output" and node.f["to"] is None):
            spoiled |= set().union(*(below[p] for p in node.operands))
    weights: dict[int, tuple[int, int]] = {}
    adjoint: dict[int, list[int]] = {}
    number = len(plan.outputs)
    for k, node in reversed(list(enumerate(nodes))):
        if node.op == "output":
            number -= 1
            if node.f["to"] is None and below[node.f["a"]]:
                drawn = [1 + secrets.randbelow(R - 1) for _ in range(nodes[node.f["a"]].length)]
                for place, w in enumerate(drawn):
                    weights[w] = weights[R - w] = number, place
                give(adjoint, node.f["a"], drawn)
        elif node.op in LINEAR and k in adjoint and below[k]:
            for p, contribution in transposed(nodes, node, adjoint[k]):
                if below[p]:
                    give(adjoint, p, contribution)
    entered: dict[int, set[tuple[int, int]]] = {}
    for k in uses:
        values, coins, _, _ = nodes[k].f["parameters"]
        g = adjoint.get(k, [])
        rows = [set(g[i : i + coins]) for i in range(0, len(g), coins)]
        alone = k not in spoiled and values and len(rows) == values
        if alone and all(len(row) == 1 and min(row) in weights for row in rows):
            entered[k] = {weights[min(row)] for row in rows}
    # An output of which an entry has no noise takes the statement from all noise that enters it, and so on.
    while True:
        covered = set().union(*entered.values())
        bare = {
            number
            for number, node in enumerate(plan.outputs)
            if any((number, place) not in covered for place in range(nodes[node.f["a"]].length))
        }
        spoilt = [k for k, entries in entered.items() if bare & {number for number, _ in entries}]
        if not spoilt:
            break
        for k in spoilt:
            del entered[k]
    return [
        (sorted({number + 1 for number, _ in entries}), *nodes[k].f["parameters"])
        for k, entries in entered.items()
    ]


def give(adjoint: dict[int, list[int]], k: int, g: list[int]) -> None:
    """Add to the adjoint of node k."""
    adjoint[k] = [(x + y) % R for x, y in zip(adjoint.get(k, [0] * len(g)), g, strict=True)]


def transposed(nodes: list[Node], node: Node, g: list[int]) -> list[tuple[int, list[int]]]:
    """Return what a linear node passes on, by the table of ``spec/plan.md``."""
    f = node.f
    if node.op in ("add", "sub"):
        return [(f["a"], g), (f["b"], g if node.op == "add" else [-x % R for x in g])]
    if node.op == "concat":
        pieces, at = [], 0
        for p in f["parts"]:
            pieces.append((p, g[at : at + nodes[p].length]))
            at += nodes[p].length
        return pieces
    out = [0] * nodes[f["a"]].length
    for at, i, factor in entries_read(node, len(out)):
        out[i] = (out[i] + factor * g[at]) % R
    return [(f["a"], out)]


def entries_read(node: Node, length: int) -> list[tuple[int, int, int]]:
    """Return which entry of a node reads which entry of its one operand, times what."""
    f = node.f
    if node.op == "neg":
        return [(i, i, -1) for i in range(length)]
    if node.op == "scale":
        return [(i, i, f["factors"][i // f["inner"] % len(f["factors"])]) for i in range(length)]
    if node.op == "take":
        return [(k, i, 1) for k, i in enumerate(f["indices"])]
    if node.op == "sum":
        return [(i // (f["n"] * f["inner"]) * f["inner"] + i % f["inner"], i, 1) for i in range(length)]
    if node.op == "view":
        places = [f["offset"]]
        for n, step in zip(f["shape"], f["strides"], strict=True):
            places = [at + k * step for at in places for k in range(n)]
        return [(k, i, 1) for k, i in enumerate(places)]
    inner = f["inner"]
    return [
        (row * inner + i, column * inner + i, f["entries"][row * f["columns"] + column])
        for row in range(f["rows"])
        for column in range(f["columns"])
        for i in range(inner)
    ]


def epsilon(coins: int, sensitivity: int, delta_bits: int) -> float:
    """Return the least ε at δ = 2^-delta_bits, infinite if there is none."""
    ways = [1]
    for j in range(coins):
        ways.append(ways[-1] * (coins - j) // (j + 1))
    below = [sum(ways[:m]) for m in range(coins + 2)]
    worst = 0.0
    for m in range(1, coins + 2):
        above = below[m] - Fraction(2**coins, 2**delta_bits)
        shifted = below[m - sensitivity] if m >= sensitivity else 0
        if above > shifted:
            if not shifted:
                return inf
            worst = max(worst, log(above / shifted))
    return worst
