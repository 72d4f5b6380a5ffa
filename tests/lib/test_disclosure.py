# SPDX-License-Identifier: Apache-2.0
"""Small groups come out as zeros, and outputs are rounded, before anything is opened."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tallystick as ts
from support.advice import hint_node, honest_advice, proves
from support.library import agree_on_shares, compute, library_case
from tallystick.backend import Backend
from tallystick.errors import ProgramError

GROUPS = 3


def groups(x, g):
    """Sums by group, of groups of at least two."""
    member = ts.stack(g == k for k in range(GROUPS))
    kept = ts.suppress((member * x).sum(axis=1), member.sum(axis=1), 2)
    return {"value": kept.value, "count": kept.count, "shown": kept.shown}


@given(rows=st.lists(st.tuples(st.integers(-3, 7), st.integers(0, GROUPS - 1)), min_size=2, max_size=9))
@settings(max_examples=25)
def test_small_groups_are_zeros(rows: list[tuple[int, int]]) -> None:
    found = compute(groups, [x for x, _ in rows], [g for _, g in rows], low=-3, high=7)
    for k in range(GROUPS):
        own = [x for x, g in rows if g == k]
        large = len(own) >= 2
        assert found["shown"][k] == large
        assert found["value"][k] == (sum(own) if large else 0)
        assert found["count"][k] == (len(own) if large else 0)


def test_a_mean_of_a_small_group_is_undefined() -> None:
    def means(x, g):
        kept = groups(x, g)
        return ts.reveal(kept["value"]) / ts.reveal(kept["count"])

    found = compute(means, [5, 2, 4, 7], [0, 0, 1, 2], low=-3, high=7)
    assert found.tolist() == [Fraction(7, 2), None, None]


def test_the_value_of_a_small_group_does_not_reach_an_output() -> None:
    outputs = [
        compute(groups, [5, 2, lone, 1, 1], [0, 0, 1, 2, 2], low=-3, high=7)["value"].tolist()
        for lone in range(-3, 8)
    ]
    assert all(o == [7, 0, 2] for o in outputs)


@given(
    x=st.lists(st.integers(-60, 90), min_size=1, max_size=5),
    step=st.integers(1, 40),
)
@settings(max_examples=40)
def test_rounds_to_the_nearest_multiple_halves_up(x: list[int], step: int) -> None:
    found = compute(lambda x: ts.round_to(x, step), x, low=-60, high=90)
    assert found.tolist() == [floor(Fraction(v, step) + Fraction(1, 2)) * step for v in x]


def test_rounds_in_the_scale_of_the_value() -> None:
    x = [124, 125, 126, -125, 0, 200, -200]
    found = compute(lambda x: ts.round_to(x, Decimal("0.5")), x, low=-200, high=200, decimals=2)
    half = Fraction(1, 2)
    assert found.tolist() == [1, 3 * half, 3 * half, -1, 0, 2, -2]


def test_runs_on_shares(native: Backend) -> None:
    def body(x, g):
        return [groups(x, g)["value"], ts.round_to(x.sum(), 4)]

    agree_on_shares(native, body, [5, 2, 7, 1, 1, 3], [0, 0, 1, 2, 2, 2], low=-3, high=7)


@pytest.mark.parametrize(
    "body",
    [lambda x, g: ts.suppress(x.sum(), g.sum(), 5).value, lambda x, g: ts.round_to(x.sum() + g.sum(), 3)],
)
def test_no_other_digits_are_proved(native: Backend, body) -> None:
    """Advice that would show a suppressed group, or round elsewhere, has no proof."""
    case = library_case(body, [1, 3], [2, 2], low=0, high=7)
    v, honest = hint_node(case.plan), honest_advice(case)
    assert proves(native, case, {v: honest})
    for k in range(len(honest)):
        assert not proves(native, case, {v: [*honest[:k], 1 - honest[k], *honest[k + 1 :]]}), k


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda x: ts.suppress(x.sum(), 3, 2), "takes secrets, not int"),
        (lambda x: ts.suppress(x.sum(), x.sum(), 0), "positive integer, not 0"),
        (lambda x: ts.suppress(x.sum(), (x * Decimal("0.1")).sum(), 1), "whole rows"),
        (lambda x: ts.round_to(ts.reveal(x.sum()), 5), "takes a secret, not Opened"),
        (lambda x: ts.round_to(x, 0), "positive number"),
        (lambda x: ts.round_to(x, Decimal("0.5")), "at most 0 decimals"),
        (lambda x: ts.round_to(x, [1, 2]), "positive number"),
    ],
)
def test_misuse_names_the_line(body, message: str) -> None:
    with pytest.raises(ProgramError, match=message) as raised:
        library_case(body, [1, 2, 3], low=0, high=7)
    assert "test_disclosure.py" in (raised.value.where or "")
