"""Which nodes merely rearrange entries of inputs: opening one would show an input as it is."""

from __future__ import annotations

from collections.abc import Sequence

from ._ops import Add, Concat, Input, InputBits, Matching, Neg, Node, Scale, Sub, Take, View

__all__ = ["copies_input", "origins"]


def origins(nodes: Sequence[Node]) -> tuple[list[frozenset[int]], list[bool]]:
    """Return, for every node, the members it depends on, and whether it merely rearranges entries of inputs.

    Adding constants, public multiples and negation do not hide an entry; sums and products may.
    """
    sources: list[frozenset[int]] = []
    copies: list[bool] = []
    for node in nodes:
        if isinstance(node, Input):
            sources.append(frozenset([node.member]))
            copies.append(True)
            continue
        sources.append(frozenset[int]().union(*(sources[p] for p in node.operands)))
        copies.append(_copies(node, [p for p in node.operands if sources[p]], copies))
    return sources, copies


def copies_input(nodes: Sequence[Node], v: int) -> bool:
    """Whether node v merely rearranges entries of inputs."""
    needed = {v}
    for p in range(v, -1, -1):
        if p in needed:
            needed.update(nodes[p].operands)
    places = {p: k for k, p in enumerate(sorted(needed))}
    secret: list[bool] = []
    copies: list[bool] = []
    for p in places:
        node = nodes[p]
        operands = [places[q] for q in node.operands]
        secret.append(isinstance(node, Input) or any(secret[q] for q in operands))
        copies.append(isinstance(node, Input) or _copies(node, [q for q in operands if secret[q]], copies))
    return copies[-1]


def _copies(node: Node, operands: Sequence[int], copies: Sequence[bool]) -> bool:
    """Whether a node copies, given its operands that depend on inputs."""
    match node:
        case Add() | Sub():
            return len(operands) == 1 and copies[operands[0]]
        case InputBits() | Neg() | Scale() | View() | Take() | Concat():
            return any(copies[p] for p in operands)
        case Matching():
            return copies[operands[0]]
        case _:
            return False
