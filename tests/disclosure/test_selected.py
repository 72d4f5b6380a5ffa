# SPDX-License-Identifier: Apache-2.0
"""Opened values of single rows: what sorts, extremes and choices pick out of columns and show as it is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

import tallystick as ts
from tallystick.disclosure import warnings
from tallystick.gallery import examples
from tallystick.tracing import Program, Secret, trace

ROWS = 20
COLUMNS = {"x": ts.Column(0, 63), "y": ts.Column(0, 63), "b": ts.Column(0, 1)}


def shown(function: Callable[..., object]) -> list[str]:
    plan = trace(Program("p", function), [ts.MemberSchema(m, ROWS, COLUMNS) for m in "abc"])
    return [
        w.split(":")[0] for w in warnings(plan) if " as they are" in w or " as it is" in w or "order" in w
    ]


def every(t, name: str = "x") -> Secret:
    return ts.concat(m[name] for m in t)


OF_A = "[1] shows 20 values of rows of a as they are"
OF_ALL = "[1] shows 60 values of rows of a, b, c as they are"
ONE = "[1] shows a value of the rows of a as it is"

SHOWN: dict[str, tuple[Callable[..., object], str]] = {
    "a sort": (lambda t: ts.sort(t["a"]["x"]), OF_A),
    "a sort of all": (lambda t: ts.sort(every(t)), OF_ALL),
    "the greatest of one": (
        lambda t: ts.top_k(t["a"]["x"], 2),
        "[1] shows 2 values of rows of a as they are",
    ),
    "many of the greatest": (
        lambda t: ts.top_k(every(t), 7),
        "[1] shows 7 values of rows of a, b, c as they are",
    ),
    "an extreme": (lambda t: ts.max(t["a"]["x"]), ONE),
    "an entry of a sort": (lambda t: ts.sort(t["a"]["x"])[9], ONE),
    "up to factors and summands": (lambda t: 5 - 3 * ts.sort(t["a"]["x"] + 1)[::-1], OF_A),
    "choices": (lambda t: ts.where(t["b"]["b"], t["a"]["x"], 64 - t["a"]["y"]), OF_A),
    "what others choose": (lambda t: t["b"]["b"] * t["a"]["x"], OF_A),
    "rows of several": (
        lambda t: ts.minimum(t["a"]["x"], t["b"]["x"]),
        "[1] shows 20 values of rows of a, b as they are",
    ),
    "places": (lambda t: ts.argsort(t["a"]["x"]), "[1] shows in which order the rows of a are"),
    "ranks": (lambda t: ts.rank(t["a"]["x"]), "[1] shows in which order the rows of a are"),
    "average ranks": (
        lambda t: ts.rank(every(t), method="average"),
        "[1] shows in which order the rows of a, b, c are",
    ),
    "places of a few": (lambda t: ts.argsort(t["a"]["x"])[:3], "[1] shows in which order the rows of a are"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_values_of_rows(name: str) -> None:
    function, warning = SHOWN[name]
    assert shown(function) == [warning]


HIDDEN: dict[str, Callable[..., object]] = {
    "an extreme of all": lambda t: ts.max(every(t)),
    "a few of the greatest": lambda t: ts.top_k(every(t), 6),
    "quartiles": lambda t: ts.quantile(every(t), [Fraction(k, 4) for k in (1, 2, 3)], method="lower"),
    "a sum of the greatest": lambda t: ts.top_k(every(t), 7).sum(),
    "differences of neighbours": lambda t: ts.sort(every(t))[1:] - ts.sort(every(t))[:-1],
    "products": lambda t: ts.max(t["a"]["x"] * t["b"]["x"]),
    "with noise": lambda t: ts.add_noise(ts.max(t["a"]["x"]), epsilon=2, delta_bits=20),
    "conditions": lambda t: t["a"]["b"] | (t["b"]["x"] > 5),
    "a public order": lambda t: [every(t).sum(), (every(t).sum() * 0 + [3, 1])],
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_no_value_of_a_row(name: str) -> None:
    assert shown(HIDDEN[name]) == []


def test_what_only_its_owner_gets_is_no_news() -> None:
    def told(t):
        for m in t:
            ts.tell(ts.sort(m["x"]), to=m, name=f"sorted_{m.name}")
        return every(t).sum()

    assert shown(told) == []


def test_no_program_of_the_gallery_shows_values_of_rows() -> None:
    assert not [w for e in examples() for w in warnings(e.plan()) if " as they are" in w or " as it is" in w]
