# SPDX-License-Identifier: Apache-2.0
"""Points: the group's laws through the wrapper, and the mistakes it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tallystick.algebra import Points, Random, Vector
from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend, get_backend

DST = b"TALLYSTICK-TEST_BLS12381G1_XMD:SHA-256_SSWU_RO_"


@pytest.fixture(scope="module")
def points(backend: Backend) -> Points:
    return Points.hash(backend, [bytes([i]) for i in range(4)], DST)


def test_group_laws(backend: Backend, points: Points) -> None:
    zero = Points.identity(backend, 4)
    assert zero.is_identity() and not points.is_identity()
    assert (points - points).is_identity()
    assert (points + zero).equal(points) and (-zero).equal(zero)
    assert (points + points).equal(points.scale(Vector.constant(backend, 2, 4)))
    assert (-points).equal(points.scale(Vector.constant(backend, -1, 4)))
    assert points.sum().equal(points.msm(Vector.constant(backend, 1, 4)))
    assert points.scale(Vector.constant(backend, R, 4)).is_identity()


def test_msm_rows(backend: Backend, points: Points, rng: Random) -> None:
    rows = rng.vector(backend, 12)
    got = points.msm_rows(rows)
    assert len(got) == 3
    for i in range(3):
        row = rows[4 * i : 4 * i + 4]
        assert got[i : i + 1].equal(points.msm(row))
        assert got[i : i + 1].equal(points.scale(row).sum())


def test_bytes_indexing_and_concatenation(backend: Backend, points: Points) -> None:
    assert Points.from_bytes(backend, points.to_bytes()).equal(points)
    assert points[np.array([3, 0])].to_bytes() == points[3:].to_bytes() + points[:1].to_bytes()
    assert points[::2].to_bytes() == points[np.array([0, 2])].to_bytes()
    assert Points.concat([points[:1], points[1:]]).equal(points)
    with pytest.raises(TypeError):
        points[0]  # type: ignore[index]
    with pytest.raises(ValueError):
        Points.concat([])


def test_repr_and_mistakes(backend: Backend, points: Points) -> None:
    assert repr(points) == f"Points(<4 points>, {backend.name})"
    with pytest.raises(TypeError, match="equal"):
        points == points  # noqa: B015
    for mistake in (
        lambda: points + points[:1],
        lambda: points.equal(points[:1]),
        lambda: points.msm(Vector.zeros(backend, 3)),
        lambda: points.scale(Vector.zeros(backend, 3)),
        lambda: points.msm_rows(Vector.zeros(backend, 6)),
    ):
        with pytest.raises(ValueError):
            mistake()
    with pytest.raises(TypeError):
        points.msm(points)  # type: ignore[arg-type]


def test_backends_do_not_mix(native: Backend) -> None:
    p, q = Points.identity(get_backend("pure"), 1), Points.identity(native, 1)
    for mistake in (lambda: p + q, lambda: p.equal(q), lambda: p.msm(Vector.zeros(native, 1))):
        with pytest.raises(TypeError, match="different backends"):
            mistake()
