# SPDX-License-Identifier: Apache-2.0
"""Cells that numpy reads are the ordinary ones, and are read as ``exact`` reads them."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.plan import Column
from tallystick.proofs import to_ints, words_for
from tallystick.session._cells import Cells, Floats, Integers, Octets, Strings, Unfit, exact, written

COLUMNS = [
    Column(0, 18),
    Column(-100, 99_999, 2),
    Column(-5, -1),
    Column(3, 7, 1),
    Column(0, 0),
    Column(-(2**63), 2**63 - 1),
    Column(0, 2**64 - 1),
    Column(-(10**18), 10**18, 18),
    Column(-(2**100), 2**100, 3),
    Column(2**64 - 2, 2**64 + 2),
    Column(-(2**180), 2**180, 19),
    Column(-(2**249), 2**249 - 1, 25),
]


def slowly(cells: Cells, k: int, column: Column) -> int | None:
    try:
        return exact(cells.text(k), cells.digits, column)
    except Unfit:
        return None


def check(cells: Cells, column: Column, n: int) -> tuple[list[bool], list[int | None]]:
    """Compare n cells with what ``exact`` makes of them; return which are known, and its answers."""
    plain = cells.plain(column.decimals).within(column.low, column.high)
    words = plain.words(words_for(column.low, column.high))
    want = [slowly(cells, k, column) for k in range(n)]
    known = plain.known.tolist()
    assert len(known) == n
    assert to_ints(words) == [w if k else 0 for w, k in zip(want, known, strict=True)]
    return known, want


def octets_of(strings: list[str]) -> Octets:
    """The cells between commas, as in a file."""
    parts = [s.encode() for s in strings]
    lengths = np.array([len(p) for p in parts], dtype=np.int64)
    ends = np.cumsum(lengths + 1) - 1
    return Octets(np.frombuffer(b"".join(p + b"," for p in parts), dtype=np.uint8), ends - lengths, ends)


def of_text(strings: list[str]) -> tuple[Strings, Octets]:
    return Strings(strings), octets_of(strings)


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_every_short_text(column: Column) -> None:
    """Known are just those that fit, unless their scaled digits are too many for a word."""
    texts = ["".join(t) for n in range(5) for t in product("07:/+-. \tx", repeat=n)]
    texts += ["".join(t) for n in (5, 6) for t in product("01+.", repeat=n)]
    digits = [len(t.strip(" \t+-").split(".")[0]) + column.decimals for t in texts]
    for cells in of_text(texts):
        known, want = check(cells, column, len(texts))
        assert known == [w is not None and d <= 19 for w, d in zip(want, digits, strict=True)]


NUMBERS = st.from_regex(r"[ \t]{0,2}[+-]?[0-9]{0,25}(\.[0-9]{0,12}0{0,30})?[ \t]{0,2}", fullmatch=True)
ENDS = [end for column in COLUMNS for end in (column.low, column.high)]
NEAR = st.builds(
    lambda end, by, places: f"{Decimal(end + by).scaleb(-places, None):f}" if places else str(end + by),
    st.sampled_from(ENDS),
    st.integers(-2, 2),
    st.sampled_from([0, 1, 2, 3]),
)


@given(st.lists(st.one_of(NUMBERS, NEAR, st.text(max_size=5)), max_size=20), st.sampled_from(COLUMNS))
def test_any_text(texts: list[str], column: Column) -> None:
    for cells in of_text(texts):
        check(cells, column, len(texts))


@pytest.mark.parametrize(
    ("text", "column", "known"),
    [
        ("9" * 19, Column(0, 2**64 - 1), True),
        ("18446744073709551615", Column(0, 2**64 - 1), False),
        ("-9223372036854775808", Column(-(2**63), 0), True),
        ("9223372036854775808", Column(-(2**63), 2**63 - 1), False),
        ("1." + "0" * 38, Column(0, 9), True),
        ("1." + "0" * 39, Column(0, 9), False),
        (" " * 40 + "1" + "\t" * 40, Column(0, 9), True),
        (" " * 41 + "1", Column(0, 9), False),
        ("0" * 41, Column(0, 9), False),
        ("-0", Column(0, 9), True),
        ("-0.00", Column(0, 2**100), True),
        ("5٠", Column(0, 9), False),
        ("½", Column(0, 9), False),
        ("1\n", Column(0, 9), False),
        ("?", Column(0, 9), False),
    ],
)
def test_where_numpy_ends(text: str, column: Column, known: bool) -> None:
    for cells in of_text(["1", text, "1"]):
        assert check(cells, Column(min(column.low, 1), max(column.high, 1)), 3)[0] == [True, known, True]


def test_no_cells_and_empty_ones() -> None:
    for n in (0, 1, 3):
        for cells in of_text([""] * n):
            assert check(cells, COLUMNS[0], n)[0] == [False] * n


@given(st.data(), st.sampled_from(COLUMNS), st.sampled_from(["int64", "uint64"]))
def test_integers(data: st.DataObject, column: Column, kind: str) -> None:
    info = np.iinfo(kind)
    near = [e // 10**column.decimals + by for e in (column.low, column.high, 0, 2**64) for by in (-1, 0, 1)]
    chosen = [v for v in near if info.min <= v <= info.max] + [int(info.min), int(info.max)]
    numbers = st.one_of(st.sampled_from(chosen), st.integers(int(info.min), int(info.max)))
    values = data.draw(st.lists(numbers, max_size=10))
    missing = np.array(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))), bool)
    known, want = check(Integers(np.array(values, dtype=kind), missing), column, len(values))
    fit = [abs(v) * 10**column.decimals < 2**64 and column.decimals <= 19 for v in values]
    assert known == [w is not None and f for w, f in zip(want, fit, strict=True)]


FEW = [Column(-(10**17), 10**17, d) for d in (0, 1, 2, 7, 14, 15, 16)]


@pytest.mark.parametrize("column", FEW, ids=str)
@given(scaled=st.lists(st.integers(-(10**15) - 2, 10**15 + 2), max_size=10), steps=st.integers(-2, 2))
def test_floats_that_were_decimal_numbers(column: Column, scaled: list[int], steps: int) -> None:
    """Those of 15 digits are known, and their neighbours are what ``exact`` says of them."""
    values = np.array([v / 10**column.decimals for v in scaled], dtype=np.float64)
    none = np.zeros(len(values), dtype=bool)
    known, _ = check(Floats(values, none, 53), column, len(values))
    assert known == [abs(v) < 10**15 and column.decimals <= 15 for v in scaled]
    for _ in range(abs(steps)):
        values = np.nextafter(values, math.copysign(math.inf, steps))
    check(Floats(values, none, 53), column, len(values))


@given(st.sampled_from(FEW), st.lists(st.floats(), max_size=10), st.sampled_from([11, 24, 53]))
def test_any_floats(column: Column, numbers: list[float], digits: int) -> None:
    kind = {11: np.float16, 24: np.float32, 53: np.float64}[digits]
    with np.errstate(over="ignore"):
        values = np.array(numbers, dtype=np.float64).astype(kind).astype(np.float64)
    check(Floats(values, np.zeros(len(values), dtype=bool), digits), column, len(values))


@pytest.mark.parametrize("digits", [11, 24, 53])
def test_floats_at_the_end_of_their_digits(digits: int) -> None:
    values = np.array([2.0**digits - 1, 2.0**digits, -(2.0**digits), 1.0])
    cells = Floats(values, np.array([False, False, False, True]), digits)
    known, want = check(cells, Column(-(2**60), 2**60), 4)
    assert want == [2**digits - 1, None, None, None]
    assert known == [digits < 53, False, False, False]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.1, "0.1"),
        (1e22, "1" + "0" * 22),
        (1e-7, "0.0000001"),
        (-0.0, "-0.0"),
        (math.inf, "Infinity"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), "NaN"),
        (True, "True"),
        (12, "12"),
    ],
)
def test_values_are_written_in_full(value: object, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize(
    ("column", "written_range"),
    [
        (Column(5, 100, 2), "[0.05, 1.00]"),
        (Column(-150, -5, 2), "[-1.50, -0.05]"),
        (Column(0, 7), "[0, 7]"),
        (Column(-1, 10**6, 6), "[-0.000001, 1.000000]"),
    ],
)
def test_ranges_are_written_as_values_are(column: Column, written_range: str) -> None:
    with pytest.raises(Unfit) as caught:
        exact("99", None, column)
    assert caught.value.reason == f"'99' is outside {written_range}"
