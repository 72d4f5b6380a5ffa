"""The ends of what terms may say."""

from __future__ import annotations

import pytest

from tallystick.backend import FR_MODULUS
from tallystick.errors import DecodeError
from tallystick.record import Column, Policy, Table

HALF = (FR_MODULUS - 1) // 2


def _column(low: int, high: int, decimals: int = 0, name: str = "x") -> Column:
    return Column.from_body(Column(name=name, low=low, high=high, decimals=decimals).to_body(), "column")


@pytest.mark.parametrize(("low", "high"), [(7, 7), (0, 1), (-HALF, HALF), (-HALF, -HALF), (HALF, HALF)])
def test_a_column_may_hold_one_value_and_reach_the_ends_of_the_field(low: int, high: int) -> None:
    assert (_column(low, high).low, _column(low, high).high) == (low, high)


@pytest.mark.parametrize(("low", "high"), [(1, 0), (-HALF - 1, 0), (0, HALF + 1), (HALF, -HALF)])
def test_a_column_beyond_them_is_refused(low: int, high: int) -> None:
    with pytest.raises(DecodeError, match="is not an interval inside"):
        _column(low, high)


def test_names_decimals_and_numbers_have_ends() -> None:
    assert _column(0, 1, 18, "n" * 200).decimals == 18
    for wrong in ({"decimals": 19}, {"name": "n" * 201}, {"name": ""}, {"name": "a\n"}):
        with pytest.raises(DecodeError, match="column: "):
            _column(0, 1, **wrong)  # type: ignore[arg-type]
    for rows, columns in ((1 << 32, 1_024), (0, 0)):
        body = Table(rows=rows, columns=tuple(_column(0, 1, name=f"c{k}") for k in range(columns))).to_body()
        assert len(Table.from_body(body, "table").columns) == columns
    for rows, columns in (((1 << 32) + 1, 1), (1, 1_025)):
        body = Table(rows=rows, columns=tuple(_column(0, 1, name=f"c{k}") for k in range(columns))).to_body()
        with pytest.raises(DecodeError, match="table: "):
            Table.from_body(body, "table")


def test_a_policy_has_ends() -> None:
    most = Policy(min_members=64, min_rows=1 << 32, outputs=tuple(f"o{k}" for k in range(1 << 16)))
    assert Policy.from_body(most.to_body(), "policy") == most
    for policy in (
        Policy(min_members=65),
        Policy(min_rows=(1 << 32) + 1),
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
