# SPDX-License-Identifier: Apache-2.0
"""Public arithmetic on opened values: exact, rounded as stated, undefined where it has no value."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from tallystick.backend import FR_MODULUS
from tallystick.plan import Plan, simulate
from tallystick.tracing import Members, Opened, Program, Table, trace


def evaluated(body: object, x: list[int]) -> dict[str, tuple[Fraction | None, ...]]:
    """Return the results of a body on the opened column x."""

    def function(table: Members[Table]) -> object:
        return body(ts.reveal(table["a"]["x"], allow_input=True))  # type: ignore[operator]

    plan = trace(Program("p", function), [ts.MemberSchema("a", len(x), {"x": ts.Column(-(10**9), 10**9)})])
    return {r.name: r.values for r in Plan.from_bytes(plan.to_bytes()).evaluate([v % FR_MODULUS for v in x])}


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=2), st.integers(0, 6))
def test_arithmetic_is_exact(x: list[int], places: int) -> None:
    def body(o: Opened) -> object:
        a, b = o[0], o[1]
        return {
            "ring": (a + b) * (a - 2) - -b + Decimal("0.5"),
            "field": (a / b, 1 / a, a / 3),
            "power": a**3,
            "reverse": (Fraction(1, 3) - a, 5 + b, np.int64(2) * a),
            "round": round(a / 7, places),
        }

    a, b = (Fraction(v) for v in x)
    got = {name: values[0] for name, values in evaluated(body, x).items()}
    assert got == {
        "ring": (a + b) * (a - 2) + b + Fraction(1, 2),
        "field.0": a / b if b else None,
        "field.1": 1 / a if a else None,
        "field.2": a / 3,
        "power": a**3,
        "reverse.0": Fraction(1, 3) - a,
        "reverse.1": 5 + b,
        "reverse.2": 2 * a,
        "round": round(a / 7, places),
    }


@given(st.integers(0, 10**9), st.integers(1, 50), st.integers(0, 12))
def test_roots_are_rounded_correctly(x: int, y: int, places: int) -> None:
    got = evaluated(lambda o: {"root": ts.sqrt(o[0] / y, places=places)}, [x])["root"][0]
    with localcontext() as context:
        context.prec = 80
        want = (Decimal(x) / y).sqrt().quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    assert got == Fraction(want)


def test_roots_break_ties_to_even_and_refuse_negative_numbers() -> None:
    squares = [1, 9, 25, 49, 0, -4]
    got = evaluated(lambda o: {"r": ts.sqrt(o / 4, places=0)}, squares)["r"]
    assert got == (0, 2, 2, 4, 0, None)


def test_undefined_spreads_only_where_it_goes() -> None:
    got = evaluated(lambda o: {"d": 6 / o, "s": round(6 / o, 1) + 1, "fine": o * 2}, [3, 0, -2])
    assert got == {
        "d": (2, None, -3),
        "s": (3, None, -2),
        "fine": (6, 0, -4),
    }


def test_vectors_broadcast_and_slice_as_numpy_does() -> None:
    x = [1, -2, 3, 4]
    got = evaluated(
        lambda o: {
            "tail": o[1:] - o[0],
            "pick": o[[3, 3, 0]],
            "rev": o[::-1] / 2,
            "each": [v + 1 for v in o[:2]],
        },
        x,
    )
    assert got == {
        "tail": (-3, 2, 3),
        "pick": (4, 4, 1),
        "rev": (2, Fraction(3, 2), -1, Fraction(1, 2)),
        "each.0": (2,),
        "each.1": (-1,),
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (lambda o: o, "-7"),
        (lambda o: o / 2, "-3.5"),
        (lambda o: o / 3, "≈-2.333333"),
        (lambda o: o / 700, "-0.01"),
        (lambda o: o / 690, "≈-0.0101449"),
        (lambda o: o / (9 * 10**6), "≈-7.77778e-7"),
        (lambda o: o / (9 * 10**40), "≈-7.77778e-41"),
        (lambda o: o / (7 * 10**40 + 1), "≈-1.00000e-40"),
        (lambda o: round(o / 3, 2), "-2.33"),
        (lambda o: round(o * 1, 2), "-7.00"),
        (lambda o: round(o / 1000, 2), "-0.01"),
        (lambda o: round(o / 10000, 2), "0.00"),
        (lambda o: o / 0, "undefined"),
        (lambda o: o[None][[0, 0]] / 8, "[-0.875, -0.875]"),
    ],
)
def test_values_are_shown_exactly_or_say_that_they_are_not(body: object, text: str) -> None:
    def function(table: Members[Table]) -> object:
        return body(ts.reveal(table["a"]["x"][0], allow_input=True))  # type: ignore[operator]

    plan = trace(Program("p", function), [ts.MemberSchema("a", 1, {"x": ts.Column(-9, 9)})])
    (result,) = simulate(plan, {"a": {"x": [-7]}}).results
    assert result.name == "result"
    assert result.text() == text


def test_what_did_not_converge_is_told_from_what_has_no_value() -> None:
    """Entry by entry, through every expression; a value that there is stays one."""

    def function(table: Members[Table]) -> object:
        x, bit = (ts.concat([table["a"][name]]) for name in ("x", "bit"))
        fits = ts.reveal(x * 1, label="fits", allow_input=True)
        reached = ts.reveal(bit * 1, label="converged: fits", allow_input=True)
        return {
            "fit": fits / reached,
            "later": -round(3 - (fits / reached)[[2, 0, 1]] * 2, 1),
            "root": ts.sqrt(fits / reached, places=0),
            "either": fits[0] / reached[0] + 1 / fits[1],
            "first": 1 / fits[1],
            "bit": reached,
            "kept": fits + reached,
        }

    schema = {"x": ts.Column(-9, 9), "bit": ts.Column(0, 1)}
    plan = trace(Program("p", function), [ts.MemberSchema("a", 3, schema)])
    found = Plan.from_bytes(plan.to_bytes())
    results = simulate(found, {"a": {"x": [4, 0, -9], "bit": [1, 0, 1]}}).results
    assert {r.name: r.text() for r in results} == {
        "fit": "[4, not converged, -9]",
        "later": "[-21, 5, not converged]",
        "root": "[2, not converged, undefined]",
        "either": "undefined",
        "first": "undefined",
        "bit": "[1, 0, 1]",
        "kept": "[5, 0, -8]",
    }
    assert [r.values[1] for r in results if r.name == "fit"] == [None]
    results = simulate(found, {"a": {"x": [4, 0, -9], "bit": [0, 1, 1]}}).results
    assert {r.name: r.text() for r in results}["either"] == "not converged"


def test_outputs_of_the_wrong_number_are_refused() -> None:
    plan = trace(
        Program("p", lambda t: {"x": t["a"]["x"] ** 2}), [ts.MemberSchema("a", 3, {"x": ts.Column(0, 9)})]
    )
    assert plan.signed_outputs([1, FR_MODULUS - 1, 2]) == [[1, -1, 2]]
    with pytest.raises(ValueError, match="2 output elements, 3 were expected"):
        plan.evaluate([1, 2])
