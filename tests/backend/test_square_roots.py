# SPDX-License-Identifier: Apache-2.0
"""Batch square roots over Fr on both backends, against exact integers."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend
from tallystick.errors import BackendError

from ..conftest import native_or_skip

OMEGA = pow(7, (R - 1) >> 32, R)
EDGES = [
    0,
    1,
    R - 1,
    2,
    7,
    R - 7,
    (R - 1) // 2,
    (R + 1) // 2,
    OMEGA,
    pow(OMEGA, 0x01000001, R),
    pow(OMEGA, 1 << 31, R),
]


@given(values=st.lists(st.integers(0, R - 1), max_size=70))
def test_roots_of_squares(backend: Backend, values: list[int]) -> None:
    roots = [*EDGES, *values]
    got = Vector.from_ints(backend, [v * v for v in roots]).sqrt().to_ints()
    assert got == [min(v, R - v) if v else 0 for v in roots]


def test_every_digit_of_the_logarithm(backend: Backend) -> None:
    exponents = [d << shift for shift in (1, 8, 16, 24) for d in range(0, 256, 5)] + [(1 << 32) - 2]
    squares = Vector.from_ints(backend, [pow(OMEGA, e & ~1, R) for e in exponents])
    roots = squares.sqrt()
    assert (roots * roots).equal(squares)
    assert all(2 * v < R for v in roots.to_ints())


def test_nothing_has_no_roots(backend: Backend) -> None:
    assert len(Vector.zeros(backend, 0).sqrt()) == 0


@pytest.mark.parametrize("place", [0, 1, 63, 64, 100])
def test_no_square(backend: Backend, place: int) -> None:
    values = [k * k for k in range(101)]
    values[place] = 7 * (place + 1) ** 2
    values[100] = 7
    with pytest.raises(ValueError, match=f"element {place} is not a square"):
        Vector.from_ints(backend, values).sqrt()


@pytest.mark.parametrize("cpu", ["portable", "adx", "ifma"])
def test_code_paths_agree(pure: Backend, cpu: str) -> None:
    native_or_skip()
    from tallystick.backend._native_backend import NativeBackend

    try:
        path = NativeBackend(cpu)
    except BackendError as reason:
        pytest.skip(str(reason))
    seed = hashlib.sha256(cpu.encode()).digest()
    a = Vector.expand(pure, seed, bytes(12), 130)
    squares = (a * a).to_ints()
    assert path.fr_to_ints(path.fr_sqrt(path.fr_from_ints(squares))) == (a * a).sqrt().to_ints()
