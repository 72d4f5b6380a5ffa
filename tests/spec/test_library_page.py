# SPDX-License-Identifier: Apache-2.0
"""What ``spec/library.md`` says in figures, held to the code."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.library import compute, cost_of
from support.spec_vectors import ROOT
from tallystick.plan import advice_width

PAGE = " ".join((ROOT / "library.md").read_text(encoding="utf-8").split())
TOP = 2**32 - 1

# What is computed, rows, columns, the greatest entry, gates, and the words of the page.
COSTS: list[tuple[Callable[..., Any], int, int, int, int, str]] = [
    (ts.sort, 1000, 1, TOP, 78_966, "78,966 gates for 1,000 values of 32 bits"),
    (
        lambda x: ts.quantile(x, Fraction(1, 2), method="lower"),
        1000, 1, TOP, 62_511, "62,511 for the 500th of 1,000 values of 32 bits",
    ),
    (ts.median, 1000, 1, TOP, 38_096, "for both: 38,096 for 1,000 values of 32 bits"),
    *((lambda x, m=m: ts.rank(x, method=m), 1000, 1, TOP, gates, words) for m, gates, words in (
        ("ordinal", 135_954, "| 1, 2, …, n | 135,954 |"),
        ("min", 108_439, "| integers from 1 to n | 108,439 |"),
        ("average", 111_416, "1 decimal, exact | 111,416 |"),
    )),
    (lambda x, y: ts.spearman(x, y, places=4), 1000, 2, TOP, 225_833, "225,833 gates for 1,000 pairs"),
    (lambda x, y: x < y, 1, 2, TOP, 32 + 1, "k + 1 gates, k = 32 for values of 32 bits"),
    (lambda x, y: x == y, 1, 2, TOP, 3, "3 gates, 1 free slot"),
    (lambda x, y: x // (y + 1), 1, 2, 255, 8 + 2 * 8 + 1, "k + 2t + 1 gates"),
    (lambda x: ts.sqrt(x, places=0, rounding="floor"), 1, 1, TOP, 3 * 16 + 3, "3k + 3 gates"),
    (lambda x, y: ts.where(x >= 1, x, y), 1, 2, 1, 1, "whose interval is the hull"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(COSTS)))
def test_gates_are_as_many_as_the_page_says(number: int) -> None:
    function, rows, columns, top, gates, words = COSTS[number]
    assert words in PAGE
    assert cost_of(function, rows, 0, top, columns=columns).gates == gates


def test_a_quotient_takes_what_the_page_says() -> None:
    cost = cost_of(lambda x, y: x // y, 1000, 1, TOP, columns=2)
    material, words = cost.triples + cost.random_bits, "quotients of 32 bits by 32 bits take"
    assert (
        f"{words} {material:,} triples and random bits, {cost.rounds} rounds and {cost.gates:,} gates" in PAGE
    )


def test_masks_hide_as_much_as_the_page_says() -> None:
    assert "171 bits for 2 or 3 members, in general 173 less the bit length of their number" in PAGE
    assert [advice_width(n) for n in (2, 3, 4, 256)] == [171, 171, 170, 164]


NUMBERS = st.integers(-99, 99)


@given(x=NUMBERS, y=st.integers(1, 99), decimals=st.integers(0, 3), d=st.integers(0, 2))
def test_roundings_err_by_what_the_page_says(x: int, y: int, decimals: int, d: int) -> None:
    unit, exact = Fraction(1, 10**decimals), Fraction(x, y)
    scaled = Fraction(x, 10**d)
    found = compute(
        lambda a, b: {
            "up": ts.divide(a, ts.clip(b, 1, 99), decimals=decimals),
            "down": ts.divide(a, ts.clip(b, 1, 99), decimals=decimals, rounding="floor"),
            "scaled": (a * Fraction(1, 10**d)).rescale(min(decimals, d), rounding="half up"),
            "product": (a * Decimal("0.5")) * (b * Decimal("0.25")),
        },
        [x], [y], low=-99, high=99,
    )  # fmt: skip
    assert found["up"].item() == unit * floor(exact / unit + Fraction(1, 2))
    assert -unit / 2 < found["up"].item() - exact <= unit / 2
    assert 0 <= exact - found["down"].item() < unit
    coarse = Fraction(1, 10 ** min(decimals, d))
    assert -coarse / 2 < found["scaled"].item() - scaled <= coarse / 2
    assert found["product"].item() == Fraction(x * y, 8)


def test_an_inner_product_is_rounded_once() -> None:
    """Three products of 0.15 each: rounded one by one they would make 0.6, together they make 0.5."""
    fifteen = [3, 3, 3]
    found = compute(
        lambda x: {
            "once": ((x * Decimal("0.1")) * Decimal("0.5")).sum().rescale(1, rounding="half up"),
            "each": ((x * Decimal("0.1")) * Decimal("0.5")).rescale(1, rounding="half up").sum(),
        },
        fifteen, low=-9, high=9,
    )  # fmt: skip
    assert (found["once"].item(), found["each"].item()) == (Fraction(1, 2), Fraction(3, 5))
    assert (
        compute(lambda x: (x * Decimal("0.5")).rescale(0, rounding="half up"), [-1], low=-9, high=9).item()
        == 0
    )
