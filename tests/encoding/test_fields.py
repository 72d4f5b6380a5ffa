# SPDX-License-Identifier: Apache-2.0
"""Typed access to decoded values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tallystick.encoding import (
    expect_array,
    expect_bool,
    expect_bytes,
    expect_decimal,
    expect_int,
    expect_map,
    expect_text,
)
from tallystick.errors import DecodeError


def test_what_fits_is_returned() -> None:
    assert expect_map({"a": 1, "b": 2}, "m", required=["a"], optional=["b"]) == {"a": 1, "b": 2}
    assert expect_array([1, 2], "a", length=2) == [1, 2]
    assert expect_bytes(b"ab", "b", max_length=2) == b"ab"
    assert expect_text("ab", "t", choices=("ab", "c")) == "ab"
    assert expect_int(-3, "i", low=-3, high=-3) == -3
    assert expect_bool(False, "b") is False
    assert [expect_decimal(t, "d") for t in ("0", "-12", "905")] == [0, -12, 905]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expect_map([], "m", required=[]), "m: a map was expected, not an array"),
        (lambda: expect_map({}, "m", required=["k"]), "m: the key 'k' is missing"),
        (lambda: expect_map({"k": 0, "x": 0}, "m", required=["k"]), "m: unknown key 'x'"),
        (lambda: expect_array(b"", "a"), "a: an array was expected, not bytes"),
        (lambda: expect_array([1], "a", length=2), "a: 1 entries, 2 were expected"),
        (lambda: expect_array([], "a", min_length=1), "a: 0 entries, at least 1"),
        (lambda: expect_bytes("x", "b"), "b: bytes were expected, not text"),
        (lambda: expect_bytes(b"xyz", "b", max_length=2), "b: 3 bytes, at most 2"),
        (lambda: expect_text(None, "t"), "t: text was expected, not null"),
        (lambda: expect_text("x", "t", choices=("b", "a")), "t: 'x' is not one of a, b"),
        (lambda: expect_int(True, "i"), "i: an integer was expected, not a boolean"),
        (lambda: expect_int(9, "i", high=8), "i: 9 is not between 0 and 8"),
        (lambda: expect_bool(0, "b"), "b: a boolean was expected, not an integer"),
        *((lambda t=t: expect_decimal(t, "d"), "d: ") for t in ("", "00", "-0", "+1", "1 ", "１", "1" * 81)),
    ],
)
def test_what_does_not_fit_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        call()
    assert str(caught.value).startswith(message)
