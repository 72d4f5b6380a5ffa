"""Warnings about outputs that are harmless alone: what their differences, and other combinations, would show."""

from __future__ import annotations

import numpy as np
import pytest

import tallystick as ts
from tallystick.disclosure import warnings
from tallystick.gallery import examples
from tallystick.plan import Plan
from tallystick.tracing import Program, trace

ROWS = 20


def planned(function, members: str = "abc") -> Plan:
    schema = [ts.MemberSchema(m, ROWS, {"x": ts.Column(0, 7), "y": ts.Column(0, 1)}) for m in members]
    return trace(Program("p", function), schema)


def combined(function, members: str = "abc") -> list[str]:
    return [w for w in warnings(planned(function, members)) if "together" in w or "differ by" in w]


def sums(table, *groups: str) -> list:
    return [ts.concat(table[m]["x"] for m in group).sum() for group in groups]


def test_a_difference_of_two_sums() -> None:
    (warning,) = combined(lambda t: sums(t, "abc", "ab"))
    assert warning == "[1], [2] together show a value that depends on c alone"


def test_a_combination_of_several() -> None:
    """ab - bc + cd - ad = 0 tells nothing; with ac + bd doubled, a stands alone."""
    assert combined(lambda t: sums(t, "ab", "bc", "cd", "ad"), "abcd") == []
    found = combined(lambda t: sums(t, "ab", "bc", "ac", "abcd"), "abcd")
    assert [w.split(" depends on ")[1] for w in found] == ["a alone", "b alone", "c alone", "d alone"]


def test_through_every_linear_operation() -> None:
    def function(t):
        a, b, c = (t[m]["x"] for m in "abc")
        weighted = np.array([[2, 3]]) @ ts.stack([a + 1, b - c])
        rest = 3 * ts.concat([b, -c]).reshape(2, -1).T[::-1].sum()
        return [weighted.sum(), rest]

    (warning,) = combined(function)
    assert warning == "[1], [2] together show a value that depends on a alone"


def test_products_and_comparisons_count_as_values_of_their_members() -> None:
    def function(t):
        long = [(t[m]["x"] > 3).sum() for m in "abc"]
        squares = [(t[m]["x"] * t[m]["y"]).sum() for m in "abc"]
        return [
            long[0] + long[1] + long[2],
            long[1] + long[2],
            squares[0] + squares[2],
            squares[2] + squares[1],
        ]

    (warning,) = combined(function)
    assert warning == "[1], [2] together show a value that depends on a alone"


def test_what_depends_on_several_hides_each() -> None:
    def function(t):
        a, b, c = (t[m]["x"] for m in "abc")
        return [(a * b).sum(), (a * b).sum() + (b * c).sum(), a.sum() + b.sum() + c.sum()]

    assert combined(function) == []


def test_noise_hides() -> None:
    def function(t):
        return [ts.add_noise(s, epsilon=2, delta_bits=20) for s in sums(t, "abc", "ab")]

    assert combined(function) == []


def test_what_an_output_shows_anyway_is_not_repeated() -> None:
    assert combined(lambda t: sums(t, "abc", "a", "b", "c")) == []
    found = combined(lambda t: sums(t, "abc", "a", "b"))
    assert found == ["[1], [2], [3] together show a value that depends on c alone"]


def test_sums_that_differ_in_a_few_rows() -> None:
    def function(t):
        x = ts.concat(t[m]["x"] for m in "abc")
        return [x.sum(), x[3:].sum() - x[-2:].sum() + x[:1].sum() * 2]

    assert combined(function)[-1] == (
        "[1] and [2] differ by 5 values only, which their difference shows the sum of"
    )


def test_too_many_values_are_not_examined_and_it_says_so() -> None:
    def function(t):
        return (
            (t["a"]["x"].reshape(-1, 1) * t["b"]["x"].reshape(1, -1)).sum(axis=0),
            sums(t, *["abc"] * 1),
            [(t["a"]["x"] * t["c"]["x"] + k * t["b"]["x"]) for k in range(3)],
        )

    assert combined(function) == [
        "too many values are opened to examine which of them together single out a member"
    ]


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.name)
def test_no_program_of_the_gallery_singles_out_a_member_by_surprise(example) -> None:
    assert not [w for w in warnings(example.plan()) if "together" in w or "differ by" in w]
