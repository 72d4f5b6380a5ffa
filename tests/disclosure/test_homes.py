# SPDX-License-Identifier: Apache-2.0
"""What members do at home and share, as it is said to people."""

from __future__ import annotations

from unittest import mock

import tallystick as ts
from tallystick.disclosure import Shared, at_home
from tallystick.plan import Concat, Home, Member, OwnInput, Part, Plan, flat
from tallystick.proofs import choose_columns
from tallystick.tracing import Members, Program, Table

COLUMNS = {"x": ts.Column(0, 7), "y": ts.Column(0, 9)}


def _plan(body: object, left: int = 3, right: int = 5) -> Plan:
    schemas = [ts.MemberSchema("left", left, COLUMNS), ts.MemberSchema("right", right, COLUMNS)]
    return ts.trace(Program("body", body), schemas)  # type: ignore[arg-type]


def sums(table: Members[Table]) -> object:
    return {
        "x": ts.concat(t["x"] for t in table).sum(),
        "xy": ts.concat(t["x"] * t["y"] for t in table).sum(),
    }


def sorted_rows(table: Members[Table]) -> object:
    return {"median": ts.median(ts.concat(t["x"] for t in table))}


def test_sums_are_shared_and_rows_are_not() -> None:
    left, right = at_home(_plan(sums))
    assert (left.member, left.rows, left.parts, left.gates, left.values) == ("left", 3, 1, 3 * (3 + 4 + 1), 2)
    assert (right.member, right.rows, right.gates, right.values) == ("right", 5, 5 * (3 + 4 + 1), 2)
    assert left.shared == (Shared(1, "computed", ("x",)), Shared(1, "computed", ("x", "y")))
    assert left.row_by_row() == right.row_by_row() == []
    assert left.shared[1].text() == '1 value: computed from "x", "y"'


def test_a_column_that_is_shared_as_it_stands_is_said_to_be() -> None:
    plan = _plan(lambda table: {"product": (table["left"]["x"] * table["right"]["x"][:3]).sum()})
    left, right = at_home(plan)
    assert left.shared == (Shared(3, "as it is", ("x",)),) == tuple(left.row_by_row())
    assert left.shared[0].text() == '3 values: "x" as it is'
    assert right.shared == (Shared(3, "computed", ("x",)),) and right.row_by_row() == []


def test_digits_are_said_to_be_digits() -> None:
    left, right = at_home(_plan(sorted_rows))
    for one in (left, right):
        (digits,) = (shared for shared in one.shared if shared.way == "digits")
        assert digits == Shared(3 * one.rows, "digits", ("x",)) and digits in one.row_by_row()
        assert digits.text() == f'{3 * one.rows} values: the digits of "x"'


def test_parts_are_added_up() -> None:
    whole = at_home(_plan(sums, 30, 50))
    with mock.patch("tallystick.tracing._place._GATES", 80):
        parts = at_home(_plan(sums, 30, 50))
    assert [one.parts for one in parts] == [3, 5]
    assert [one.gates for one in parts] == [one.gates for one in whole]
    assert [one.values for one in parts] == [6, 10]


def test_a_member_without_a_home_and_a_plan_of_format_1_say_nothing() -> None:
    plan = _plan(lambda table: {"x": table["left"]["x"].sum()})
    assert [one.member for one in at_home(plan)] == ["left"]
    assert at_home(flat(plan)) == []


def test_many_columns_are_counted() -> None:
    one = Shared(1_000, "computed", tuple(f"c{k}" for k in range(12)))
    assert one.text().startswith('1,000 values: computed from "c0", ') and one.text().endswith(
        '"c7" and 4 more columns'
    )
    assert Shared(1, "computed", ()).text() == "1 value: constants"


def test_what_is_shared_is_said_in_a_few_lines() -> None:
    """However many columns a plan has, and however many values are made of others of them than the others."""
    count, shares = 2_000, 500
    columns = [OwnInput(f"x{k}", 1, 0, 1, 0) for k in range(count)]
    sums = [Concat((k, k + 1)) for k in range(shares)] + [Concat(tuple(range(count)))]
    home = Home(1, (*columns, *sums), tuple(range(count, count + len(sums))))
    joint = choose_columns(2 * home.layout.shared)
    (one,) = at_home(Plan("p", (Member("a", 2),), (), (), (), joint, (home,), (Part(0, 0), Part(0, 0))))
    assert len(one.shared) <= 33 and one.values == 2 * (2 * shares + count) == 2 * home.layout.shared
    assert one.shared[0] == Shared(4, "computed", ("x0", "x1"))
    assert one.shared[-1].columns == tuple(f"x{k}" for k in range(count))
