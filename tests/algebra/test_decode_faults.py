# SPDX-License-Identifier: Apache-2.0
"""A refused encoding must not bring the process down later, when its traceback is collected."""

from __future__ import annotations

import gc

import pytest

from tallystick.algebra import Points, Vector
from tallystick.backend import Backend
from tallystick.errors import DecodeError


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_faults_in_reference_cycles_survive_the_collector(backend: Backend, wrap: type) -> None:
    """CPython before 3.11.9 crashes on a memoryview in a collected frame (gh-77894): ours holds none."""
    for decode, data in ((Vector.from_bytes, b"\xff" * 32), (Points.from_bytes, b"\xff" * 48)):
        gc.collect()
        try:
            decode(backend, wrap(data))
        except DecodeError as error:
            error.itself = error  # type: ignore[attr-defined]
        else:
            pytest.fail("accepted")
        assert gc.collect() > 0


def test_empty_encodings(backend: Backend) -> None:
    for empty in (b"", bytearray(), memoryview(b"")):
        assert len(Vector.from_bytes(backend, empty)) == 0
        assert len(Points.from_bytes(backend, empty)) == 0
