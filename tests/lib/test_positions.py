# SPDX-License-Identifier: Apache-2.0
"""Positions of extremes and running sums against NumPy, with ties and extremes of the interval, and on shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.advice import every_witness
from support.library import agree_on_shares, compute, cost_of, library_case
from tallystick.backend import Backend
from tallystick.errors import ProgramError

LOW, HIGH = -5, 90
ENTRIES = st.one_of(st.integers(LOW, HIGH), st.sampled_from([LOW, HIGH, 0, 0, 7]))
VECTORS = st.lists(ENTRIES, min_size=1, max_size=9)


@given(x=VECTORS)
def test_positions_and_sums_agree_with_numpy(x: list[int]) -> None:
    found = compute(
        lambda a: {
            "most": ts.argmax(a),
            "least": ts.argmin(a),
            "least of sums": ts.argmin(3 - 2 * a),
            "sums": ts.cumsum(a),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    assert found["most"] == np.argmax(x)
    assert found["least"] == np.argmin(x)
    assert found["least of sums"] == np.argmax(x)
    assert found["sums"].tolist() == np.cumsum(x).tolist()


@given(x=st.lists(ENTRIES, min_size=6, max_size=6), axis=st.sampled_from([None, 0, 1, -1]))
def test_axes_are_numpys(x: list[int], axis: int | None) -> None:
    found = compute(
        lambda a: {
            "most": ts.argmax(a.reshape(2, 3), axis),
            "least": ts.argmin(a.reshape(2, 3), axis),
            "sums": ts.cumsum(a.reshape(2, 3), axis),
        },
        x,
        low=LOW,
        high=HIGH,
    )
    table = np.array(x).reshape(2, 3)
    assert (found["most"] == np.argmax(table, axis)).all()
    assert (found["least"] == np.argmin(table, axis)).all()
    assert (found["sums"] == np.cumsum(table, axis)).all()


def test_an_empty_sum_and_no_position() -> None:
    assert compute(lambda a: {"n": ts.cumsum(a[:0]).sum()}, [1], low=0, high=1)["n"] == 0
    for function in (ts.argmax, ts.argmin):
        with pytest.raises(ProgramError, match="of no entries"):
            compute(lambda a, f=function: f(a[:0]), [1], low=0, high=1)


def test_values_that_cannot_differ() -> None:
    found = compute(lambda a: [ts.argmax(a), ts.argmin(a), ts.argmax(a[:1])], [4, 4, 4], low=4, high=4)
    assert {k: int(v) for k, v in found.items()} == {"0": 0, "1": 0, "2": 0}


@pytest.mark.parametrize("x", [[2, 0, 1], [1, 3, 3], [0, 0, 0]])
def test_no_witness_gives_another_position(x: list[int]) -> None:
    for function, plain in ((ts.argmax, np.argmax), (ts.argmin, np.argmin)):
        case = library_case(function, x, low=0, high=3)
        assert set(every_witness(case)) == {(int(plain(x)),)}


def test_positions_on_shares(fastest: Backend) -> None:
    agree_on_shares(
        fastest,
        lambda a: {"most": ts.argmax(a), "least": ts.argmin(a), "sums": ts.cumsum(a)},
        [3, -1, 7, 7, -1],
        low=-4,
        high=9,
    )


def test_costs() -> None:
    assert cost_of(ts.cumsum, 1000, 0, 2**32 - 1).gates == 0
    assert cost_of(ts.argmax, 1000, 0, 2**32 - 1).gates < 36_000
