# SPDX-License-Identifier: Apache-2.0
"""Suppressed values that totals, margins or the public number of rows give back, and those that nothing does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import tallystick as ts
from tallystick.disclosure import _suppressed, warnings
from tallystick.gallery import examples
from tallystick.plan import Plan
from tallystick.tracing import Program, Secret, trace

ROWS = 20
COLUMNS = {"x": ts.Column(0, 63), "y": ts.Column(0, 1), "g": ts.Column(0, 3)}


def planned(function: Callable[..., object]) -> Plan:
    return trace(Program("p", function), [ts.MemberSchema(m, ROWS, COLUMNS) for m in "abc"])


def given_away(function: Callable[..., object]) -> list[str]:
    return [w for w in warnings(planned(function)) if "suppresse" in w]


def column(t, name: str) -> Secret:
    return ts.concat(m[name] for m in t)


def groups(t) -> ts.Groups:
    return ts.group_by(column(t, "g"), range(4))


def suppressed(t) -> ts.Suppressed:
    return ts.suppress(groups(t).sum(column(t, "x")), groups(t).count(), 5)


def margins(t):
    x, g, y = (column(t, c) for c in "xgy")
    cells = ts.group_by([g, y], [(a, b) for a in range(4) for b in range(2)])
    return [ts.suppress(cells.sum(x), cells.count(), 5).value, groups(t).sum(x)]


def one_by_one(t):
    """Groups whose sums are products of their own, none of which is the rest."""
    g, x = column(t, "g"), column(t, "x")
    tests = [g == v for v in range(4)]
    sums, counts = ts.stack([(f * x).sum() for f in tests]), ts.stack([f.sum() for f in tests])
    return [ts.suppress(sums, counts, 5).value, x.sum()]


def binned(t, *edges: int) -> Secret:
    counts = ts.histogram(column(t, "x"), edges)
    return ts.suppress(counts, counts, 5).value


def secondary(t):
    s = suppressed(t)
    alone = s.shown.sum() == 3
    shown = s.shown * (1 - alone * (1 - ts.concat([s.shown[1:], s.shown[:1]])))
    return [shown * groups(t).sum(column(t, "x")), column(t, "x").sum()]


GIVEN: dict[str, tuple[Callable[..., object], str]] = {
    "a total": (lambda t: [suppressed(t).value, column(t, "x").sum()], "its others, [2]"),
    "a mean": (lambda t: [suppressed(t).value, ts.mean(column(t, "x"))], "its others, [1]"),
    "totals of parts": (
        lambda t: [suppressed(t).value, *[m["x"].sum() for m in t]],
        "its others, [2], [3], [4]",
    ),
    "multiples": (lambda t: [3 * suppressed(t).value + 1, 7 - 2 * column(t, "x").sum()], "its others, [2]"),
    "by a choice": (
        lambda t: [ts.where(groups(t).count() >= 5, groups(t).sum(column(t, "x")), 0), column(t, "x").sum()],
        "its others, [2]",
    ),
    "one by one": (one_by_one, "its others, [2]"),
    "margins of a table": (margins, "its others, [2]"),
    "itself": (
        lambda t: [ts.suppress(column(t, "x").sum(), column(t, "y").sum(), 5).value, column(t, "x").sum()],
        "[2]",
    ),
    "the number of rows": (lambda t: binned(t, 0, 16, 32, 63), "its others"),
    "the number in all bins": (
        lambda t: [binned(t, 0, 16, 50), (column(t, "x") <= 50).sum()],
        "its others, [2]",
    ),
    "a sum of another column": (
        lambda t: [
            suppressed(t).value,
            (suppressed(t).shown * groups(t).sum(column(t, "y"))).sum(),
            column(t, "y").sum(),
        ],
        "itself, [3]",
    ),
    "secondary": (secondary, "its others, [2]"),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_gives_a_suppressed_value_away(name: str) -> None:
    function, sources = GIVEN[name]
    (warning,) = given_away(function)
    assert warning.endswith(f" suppresses, if no other is, follows from {sources}")


HIDDEN: dict[str, Callable[..., object]] = {
    "cells alone": lambda t: suppressed(t).value,
    "a part of the groups": lambda t: [
        ts.suppress(
            ts.group_by(column(t, "g"), [0, 2]).sum(column(t, "x")),
            ts.group_by(column(t, "g"), [0, 2]).count(),
            5,
        ).value,
        column(t, "x").sum(),
    ],
    "a total of another column": lambda t: [suppressed(t).value, column(t, "y").sum()],
    "the total of what is shown": lambda t: [suppressed(t).value, suppressed(t).value.sum()],
    "the total of what is shown of another column": lambda t: [
        suppressed(t).value,
        (suppressed(t).shown * groups(t).sum(column(t, "y"))).sum(),
    ],
    "a total of some members": lambda t: [suppressed(t).value, t["a"]["x"].sum()],
    "a total with noise": lambda t: [
        suppressed(t).value,
        ts.add_noise(column(t, "x").sum(), epsilon=2, delta_bits=20),
    ],
    "cells with noise": lambda t: [
        ts.add_noise(suppressed(t).value, epsilon=2, delta_bits=20),
        column(t, "x").sum(),
    ],
    "a rounded total": lambda t: [suppressed(t).value, ts.round_to(column(t, "x").sum(), 10)],
    "bins that leave rows out": lambda t: binned(t, 0, 16, 32, 50),
    "a condition": lambda t: [column(t, "y") * (column(t, "x") > 7), column(t, "y").sum()],
    "conditions of rows": lambda t: [(column(t, "y") * column(t, "x")).sum(), column(t, "x").sum()],
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_gives_nothing_away(name: str) -> None:
    assert given_away(HIDDEN[name]) == []


def test_values_with_one_flag_are_suppressed_together() -> None:
    """A group's count follows from the number of rows; its sum from the total; and not one from the other."""
    found = given_away(lambda t: [(s := suppressed(t)).value, s.count, column(t, "x").sum()])
    assert found == [
        "a value that [1] suppresses, if no other is, follows from its others, [3]",
        "a value that [2] suppresses, if no other is, follows from its others",
    ]
    assert given_away(lambda t: [(s := suppressed(t)).value[:3], 2 * s.value[:3]]) == []


def test_of_the_gallery_one_program_says_what_its_text_says_too() -> None:
    """The number of people in a single small group of schooling follows from the others, as its docstring says."""
    found = {e.name: [w for w in warnings(e.plan()) if "suppresse" in w] for e in examples()}
    assert {name: w for name, w in found.items() if w} == {
        "schooling": ["a value that [1] suppresses, if no other is, follows from its others"]
    }


def test_too_many_values_are_not_examined_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_suppressed, "_MAX_VALUES", 6)
    assert given_away(GIVEN["a total"][0])
    monkeypatch.setattr(_suppressed, "_MAX_VALUES", 5)
    assert given_away(GIVEN["a total"][0]) == [
        "too many values are opened to examine whether suppressed ones follow from others"
    ]
