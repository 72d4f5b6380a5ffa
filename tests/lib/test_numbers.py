# SPDX-License-Identifier: Apache-2.0
"""Division, rounding and roots against Python's exact integers, and on shares."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import floor, isqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.advice import every_witness
from support.library import agree_on_shares, compute, cost_of, library_case, refuses
from tallystick.backend import Backend
from tallystick.plan import simulate

LOW, HIGH = -60, 99
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, -1, 1]))
LISTS = st.lists(ENTRIES, min_size=0, max_size=6)
Function = Callable[..., Any]


def half_up(x: Fraction) -> int:
    return floor(x + Fraction(1, 2))


@given(x=LISTS, d=st.sampled_from([1, 2, 3, 4, 7, 10, 64, 100, 128, 1000, -1, -3, -8]))
def test_division_by_a_public_integer(x: list[int], d: int) -> None:
    found = compute(lambda a: {"q": a // d, "r": a % d, "of sum": (a + a) // d}, x, low=LOW, high=HIGH)
    assert found["q"].tolist() == [v // d for v in x]
    assert found["r"].tolist() == [v % d for v in x]
    assert found["of sum"].tolist() == [2 * v // d for v in x]


@given(
    rows=st.lists(st.tuples(ENTRIES, st.integers(1, 13)), min_size=0, max_size=6),
    negative=st.booleans(),
)
def test_division_by_a_secret_integer(rows: list[tuple[int, int]], negative: bool) -> None:
    x, y = [r[0] for r in rows], [r[1] for r in rows]
    sign = -1 if negative else 1

    def body(a: ts.Secret, b: ts.Secret) -> dict[str, ts.Secret]:
        divisor = sign * ts.clip(b, 1, 13)
        return {"q": a // divisor, "r": a % divisor, "c": 50 // divisor}

    found = compute(body, x, y, low=LOW, high=HIGH)
    assert found["q"].tolist() == [a // (sign * b) for a, b in rows]
    assert found["r"].tolist() == [a % (sign * b) for a, b in rows]
    assert found["c"].tolist() == [50 // (sign * b) for b in y]


@given(x=LISTS, rounding=st.sampled_from(["half up", "floor"]), places=st.integers(0, 3))
def test_rescaling_and_dividing_round_as_they_say(x: list[int], rounding: Any, places: int) -> None:
    """x has two decimals."""
    rounded = half_up if rounding == "half up" else floor
    found = compute(
        lambda a: {
            "rescale": (a * a).rescale(places, rounding=rounding),
            "third": ts.divide(a, 3, decimals=places, rounding=rounding),
            "coarse": ts.divide(a, Decimal("0.07"), decimals=0, rounding=rounding),
            "by array": ts.divide(a.reshape(-1, 1), np.array([3, 400]), decimals=1, rounding=rounding),
            "power": ts.divide(a, -Decimal("0.16"), decimals=places, rounding=rounding),
        },
        x,
        low=LOW,
        high=HIGH,
        decimals=2,
    )
    values = [Fraction(v, 100) for v in x]
    unit = Fraction(1, 10**places)
    assert found["rescale"].tolist() == [rounded(v * v / unit) * unit for v in values]
    assert found["third"].tolist() == [rounded(v / 3 / unit) * unit for v in values]
    assert found["coarse"].tolist() == [rounded(v * 100 / 7) for v in values]
    assert found["by array"].tolist() == [
        [Fraction(rounded(v * 10 / d), 10) for d in (3, 400)] for v in values
    ]
    assert found["power"].tolist() == [rounded(v * -100 / 16 / unit) * unit for v in values]


@given(rows=st.lists(st.tuples(ENTRIES, st.integers(0, 13)), min_size=0, max_size=6))
def test_dividing_where_the_divisor_may_be_zero(rows: list[tuple[int, int]]) -> None:
    x, y = [r[0] for r in rows], [r[1] for r in rows]

    def body(a: ts.Secret, b: ts.Secret) -> dict[str, ts.Secret]:
        divisor = ts.clip(b, 0, 13)
        return {
            "half": ts.divide(a, divisor, decimals=2, otherwise=-1),
            "floor": ts.divide(a, divisor, decimals=0, rounding="floor", otherwise=0),
        }

    found = compute(body, x, y, low=LOW, high=HIGH)
    assert found["half"].tolist() == [
        Fraction(half_up(Fraction(100 * a, b)), 100) if b else -1 for a, b in rows
    ]
    assert found["floor"].tolist() == [a // b if b else 0 for a, b in rows]


def test_reciprocals_of_every_small_integer() -> None:
    x = [*range(1, 40)]
    found = compute(lambda a: ts.reciprocal(ts.clip(a, 1, 39), decimals=5), x, low=0, high=63)
    assert found.tolist() == [Fraction(half_up(Fraction(10**5, v)), 10**5) for v in x]


@given(x=st.lists(st.integers(0, 2**20 - 1) | st.integers(0, 9), max_size=5), places=st.integers(1, 3))
def test_roots(x: list[int], places: int) -> None:
    """x has one decimal."""
    found = compute(
        lambda a: {
            "nearest": ts.sqrt(a, places=places),
            "floor": ts.sqrt(a, places=places, rounding="floor"),
        },
        x,
        low=0,
        high=2**20 - 1,
        decimals=1,
    )
    scaled = [v * 10 ** (2 * places - 1) for v in x]
    unit = Fraction(1, 10**places)
    assert found["floor"].tolist() == [isqrt(v) * unit for v in scaled]
    assert found["nearest"].tolist() == [(isqrt(4 * v) + 1) // 2 * unit for v in scaled]


def test_every_small_root_and_quotient() -> None:
    x = [*range(200)]
    found = compute(
        lambda a: {
            "root": ts.sqrt(a, places=0, rounding="floor"),
            "q": a // 7,
            "q10": a // 10,
            "q199": a // 199,
        },
        x,
        low=0,
        high=199,
    )
    assert found["root"].tolist() == [isqrt(v) for v in x]
    for name, d in (("q", 7), ("q10", 10), ("q199", 199)):
        assert found[name].tolist() == [v // d for v in x]


def test_wide_values() -> None:
    """Extremes of 60 bits, where doubles would be wrong."""
    top = 2**60 - 1
    x = [0, 1, 10**6 - 1, 10**6, top - 1, top]
    found = compute(
        lambda a: {"q": a // 10**6, "r": a % 10**6, "root": ts.sqrt(a, places=0, rounding="floor")},
        x,
        low=0,
        high=top,
    )
    assert found["q"].tolist() == [v // 10**6 for v in x]
    assert found["r"].tolist() == [v % 10**6 for v in x]
    assert found["root"].tolist() == [isqrt(v) for v in x]


# ------------------------------------------------------------------------------------ costs


def test_a_public_division_costs_about_a_gate_a_digit() -> None:
    cost = cost_of(lambda x: (x // 1000).sum(), 10, 0, 2**32 - 1)
    assert cost.gates == 10 * (23 + 10)
    assert cost_of(lambda x: (x // 1024).sum(), 10, 0, 2**32 - 1).gates == 0, "committed digits say it all"


def test_an_inner_product_is_rescaled_once() -> None:
    cost = cost_of(lambda x, y: (x @ y).rescale(0), 100, 0, 999, columns=2)
    assert cost.gates == 100


# ------------------------------------------------------------------------------------ on shares and forged

SHARED: dict[str, Function] = {
    "public": lambda x, y: [x // 7, x % 7],
    "power of two": lambda x, y: [(x + y) // 8, (x + y) % 8],
    "rescale": lambda x, y: ts.divide(x, 300, decimals=2),
    "secret": lambda x, y: ts.divide(x, ts.clip(y, 1, 20), decimals=1),
    "zero": lambda x, y: ts.divide(x, ts.clip(y, 0, 20), decimals=1, otherwise=0),
    "root": lambda x, y: ts.sqrt(x * x + y * y, places=1),
}


@pytest.mark.parametrize("name", SHARED)
def test_runs_on_shares(native: Backend, name: str) -> None:
    agree_on_shares(native, SHARED[name], [5, -60, 99, 0], [1, 20, 0, 7], low=LOW, high=HIGH)


SMALL: dict[str, Function] = {
    "public": lambda x, y: x // 3,
    "remainder": lambda x, y: x % 3,
    "secret": lambda x, y: x // (y + 1),
    "secret remainder": lambda x, y: x % (y + 1),
    "root": lambda x, y: ts.sqrt(x * x + y, places=0, rounding="floor"),
    "root to the nearest": lambda x, y: ts.sqrt(x, places=0),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_witness_gives_the_same_outputs(name: str) -> None:
    for x, y in [(0, 0), (3, 1), (2, 3), (1, 2), (3, 3)]:
        case = library_case(SMALL[name], [x], [y], low=0, high=3)
        outputs = list(every_witness(case))
        assert set(outputs) == {simulate(case.plan, case.values).outputs}, (x, y)


ERRORS: dict[str, tuple[Function, str]] = {
    "division": (lambda x: x / 2, "use ts.divide|not supported"),
    "may be zero": (lambda x: 3 // x, r"a divisor in \[-60, 99\] may be 0"),
    "zero": (lambda x: x // 0, "division by zero"),
    "zero among them": (lambda x: ts.divide(x, np.array([0, 1, 2]), decimals=0), "may be 0"),
    "decimals": (lambda x: x.rescale(2) // 3, "// and % are for integers"),
    "otherwise": (lambda x: ts.divide(1, x, decimals=1, otherwise=0), "not negative"),
    "no secret": (lambda x: ts.divide(1, 2, decimals=1), "at least one secret"),
    "rounding": (lambda x: ts.divide(x, 2, decimals=1, rounding="even"), "rounding is 'half up' or 'floor'"),
    "digits lost": (lambda x: x.rescale(2).rescale(1), "digits are lost"),
    "digits": (lambda x: ts.divide(x, 2, decimals=-1), "decimals is an integer"),
    "shapes": (lambda x: x // ts.clip(x[:2], 1, 2), "do not match"),
    "root of negative": (lambda x: ts.sqrt(x, places=0), "may be negative"),
    "root of too few places": (lambda x: ts.sqrt(abs(x).rescale(4), places=1), "needs at least 2 places"),
    "reciprocal": (lambda x: ts.reciprocal(x, decimals=2), "may be 0"),
    "too wide": (lambda x: (x * 10**60) // 3, "can mask 171"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_misuse_names_the_line(name: str) -> None:
    function, message = ERRORS[name]
    refuses(function, message, [1, 2, 3], low=LOW, high=HIGH)


def test_a_quotient_too_wide_for_the_multiplier_is_found_by_long_division(native: Backend) -> None:
    x = [5, -37, 90, 0, 1]
    found = compute(lambda a: (a * 10**40) // 3, x, low=LOW, high=HIGH)
    assert found.tolist() == [v * 10**40 // 3 for v in x]
    agree_on_shares(native, lambda a: (a[0] * 10**40) // 3, x, low=LOW, high=HIGH)
