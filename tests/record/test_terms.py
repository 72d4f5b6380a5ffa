# SPDX-License-Identifier: Apache-2.0
"""The ends of what terms may say."""

from __future__ import annotations

import pytest

from tallystick.errors import DecodeError
from tallystick.limits import MAX_INPUT_BITS, MAX_ROWS
from tallystick.plan import Column
from tallystick.record import Policy, Table

MOST = 1 << MAX_INPUT_BITS - 1


def _column(low: int, high: int, decimals: int = 0, name: str = "x") -> Column:
    column = {"name": name, "low": str(low), "high": str(high), "decimals": decimals}
    (found,) = Table.from_body({"rows": 1, "columns": [column]}, "table").columns.values()
    return found


@pytest.mark.parametrize(
    ("low", "high"), [(7, 7), (0, 1), (-MOST, MOST - 1), (-2 * MOST + 1, 0), (0, 2 * MOST - 1)]
)
def test_a_column_may_hold_one_value_and_span_as_many_bits_as_are_provable(low: int, high: int) -> None:
    assert (_column(low, high).low, _column(low, high).high) == (low, high)


@pytest.mark.parametrize(
    ("low", "high"), [(1, 0), (-MOST, MOST), (-2 * MOST, 0), (0, 2 * MOST), (MOST, -MOST)]
)
def test_a_column_beyond_them_is_refused(low: int, high: int) -> None:
    with pytest.raises(DecodeError, match="column 0: "):
        _column(low, high)


def test_names_decimals_and_numbers_have_ends() -> None:
    assert _column(0, 1, 18, "n" * 100).decimals == 18
    for wrong in ({"decimals": 19}, {"name": "n" * 101}, {"name": ""}, {"name": "a\n"}):
        with pytest.raises(DecodeError, match="column 0: "):
            _column(0, 1, **wrong)  # type: ignore[arg-type]
    for rows, columns in ((MAX_ROWS, 1_024), (0, 0)):
        body = Table(rows=rows, columns={f"c{k}": Column(0, 1) for k in range(columns)}).to_body()
        assert len(Table.from_body(body, "table").columns) == columns
    for rows, columns in ((MAX_ROWS + 1, 1), (1, 1_025)):
        body = Table(rows=rows, columns={f"c{k}": Column(0, 1) for k in range(columns)}).to_body()
        with pytest.raises(DecodeError, match="table: "):
            Table.from_body(body, "table")


def test_a_policy_has_ends() -> None:
    most = Policy(min_members=64, min_rows=MAX_ROWS, outputs=tuple(f"o{k}" for k in range(1 << 16)))
    assert Policy.from_body(most.to_body(), "policy") == most
    for policy in (
        Policy(min_members=65),
        Policy(min_rows=MAX_ROWS + 1),
        Policy(outputs=tuple(f"o{k}" for k in range((1 << 16) + 1))),
        Policy(outputs=("same", "same")),
        Policy(outputs=("",)),
    ):
        with pytest.raises(DecodeError, match="policy: "):
            Policy.from_body(policy.to_body(), "policy")


def test_a_policy_allows_names_and_what_begins_with_them() -> None:
    policy = Policy(outputs=("mean", "sum.south"))
    assert [policy.allows(n) for n in ("mean", "mean.south", "sum.south", "sum.south.0")] == [True] * 4
    assert [policy.allows(n) for n in ("means", "mea", "sum", "sum.north", "")] == [False] * 5
    assert Policy().allows("anything") and not Policy(outputs=()).allows("anything")


def test_a_policy_that_says_nothing_asks_for_two_members_with_a_row() -> None:
    assert Policy() == Policy(min_members=2, min_rows=1, outputs=None)
