# SPDX-License-Identifier: Apache-2.0
"""What the native backend refuses before the core sees it, and how its code path is chosen."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend
from tallystick.errors import BackendError, DecodeError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def module(native: Backend) -> Any:
    """The backend's module, which does not import where the core is not built."""
    from tallystick.backend import _native_backend

    return _native_backend


# ---------------------------------------------------------------------- arrays
WRONG_ARRAYS = [
    np.zeros((3, 4), dtype=np.int64),
    np.zeros((3, 4), dtype=np.float64),
    np.zeros((3, 4), dtype=">u8"),
    np.zeros((3, 5), dtype=np.uint64),
    np.zeros((3, 12), dtype=np.uint64),
    np.zeros(12, dtype=np.uint64),
    np.zeros((1, 3, 4), dtype=np.uint64),
    np.array([1, 2, 3], dtype=object),
    [[0, 0, 0, 0]],
    None,
]


@pytest.mark.parametrize("wrong", WRONG_ARRAYS, ids=lambda w: str(getattr(w, "dtype", type(w).__name__)))
def test_an_array_that_is_not_native(native: Backend, wrong: Any) -> None:
    good = native.fr_zeros(3)
    calls = [
        lambda: native.fr_add(good, wrong),
        lambda: native.fr_neg(wrong),
        lambda: native.fr_to_bytes(wrong),
        lambda: native.fr_sum(wrong),
        lambda: native.fr_dot(wrong, good),
        lambda: native.fr_ntt(wrong, 1),
        lambda: native.fr_scatter_add(wrong, np.zeros(3, dtype=np.int64), 1),
        lambda: native.g1_mul(native.g1_identity(3), wrong),
        lambda: native.g1_msm(native.g1_identity(3), wrong),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="native array"):
            call()


def test_points_and_elements_are_not_confused(native: Backend) -> None:
    with pytest.raises(ValueError, match="G1"):
        native.g1_neg(native.fr_zeros(2))
    with pytest.raises(ValueError, match="Fr"):
        native.fr_neg(native.g1_identity(2))


def test_strided_and_unaligned_views(native: Backend) -> None:
    a = native.fr_from_ints(range(1, 13))
    assert native.fr_to_ints(native.fr_add(a[::2], a[::-2])) == [13] * 6
    assert native.fr_to_ints(native.fr_sub(a[::2], a[1::2])) == [R - 1] * 6
    raw = bytearray(b"\0" + a.tobytes())
    unaligned = np.frombuffer(raw, dtype=np.uint64, offset=1).reshape(-1, 4)
    assert not unaligned.flags.aligned
    assert native.fr_equal(unaligned, a) and native.fr_sum(unaligned) == 78
    points = native.g1_hash([bytes([k]) for k in range(6)], b"TEST")
    backwards = native.g1_sum(points[::-1])
    assert native.g1_equal(backwards, native.g1_sum(points))
    assert native.g1_equal(native.g1_msm(points[::-2], a[:3]), native.g1_msm(points[[5, 3, 1]], a[:3]))


def test_read_only_arguments_stay_as_they_are(native: Backend) -> None:
    a = native.fr_from_ints([3, 5, R - 1])
    points = native.g1_hash([b"a", b"b", b"c"], b"TEST")
    before = a.copy(), points.copy()
    a.flags.writeable = points.flags.writeable = False
    results = [native.fr_mul(a, a), native.fr_ntt(a[:2], 2), native.fr_inv(a), native.fr_muladd(a, a, a)]
    results += [native.g1_add(points, points), native.g1_mul(points, a), native.g1_msm(points, a)]
    assert all(r.flags.writeable and r.flags.c_contiguous for r in results)
    assert (a == before[0]).all() and (points == before[1]).all()


@pytest.mark.parametrize("dtype", [np.int32, np.uint64, np.float64, object])
def test_integers_of_another_type(native: Backend, dtype: Any) -> None:
    with pytest.raises(ValueError, match="int64"):
        native.fr_from_i64(np.zeros(2, dtype=dtype))
    with pytest.raises(ValueError, match="int64"):
        native.fr_scatter_add(native.fr_zeros(2), np.zeros(2, dtype=dtype), 2)


def test_negative_sizes(native: Backend) -> None:
    calls = [
        lambda: native.fr_zeros(-1),
        lambda: native.fr_powers(2, -1),
        lambda: native.fr_expand(bytes(32), bytes(12), -1),
        lambda: native.fr_expand(bytes(32), bytes(12), 1, -1),
        lambda: native.fr_scatter_add(native.fr_zeros(0), np.zeros(0, dtype=np.int64), -1),
        lambda: native.fr_sum_axis(native.fr_zeros(4), -2, -2, 1),
        lambda: native.g1_identity(-1),
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()


@pytest.mark.parametrize("size", [0, -1, 3, 1 << 33])
def test_a_transform_of_no_size(native: Backend, size: int) -> None:
    with pytest.raises(ValueError):
        native.fr_ntt(native.fr_zeros(12), size)


# ---------------------------------------------------------------------- bytes
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_buffers(native: Backend, kind: Any) -> None:
    elements = native.fr_from_ints([1, R - 1])
    points = native.g1_hash([b"a"], b"TEST")
    assert native.fr_equal(native.fr_from_bytes(kind(native.fr_to_bytes(elements))), elements)
    assert native.g1_equal(native.g1_from_bytes(kind(native.g1_to_bytes(points))), points)
    with pytest.raises(DecodeError) as caught:
        native.g1_from_bytes(kind(native.g1_to_bytes(points) + bytes(48)))
    assert caught.value.offset == 48


# ---------------------------------------------------------------------- code paths
def test_the_portable_path_always_exists(module: Any) -> None:
    assert module.NativeBackend("portable").cpu == "portable"


@pytest.mark.parametrize("name", ["abacus", "Portable", "portable\N{SNOWMAN}"])
def test_an_unknown_path(module: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(BackendError, match="no code path") as caught:
        module.NativeBackend(name)
    assert repr(name) in str(caught.value) and caught.value.hint
    monkeypatch.setenv("TALLYSTICK_CPU", name)
    with pytest.raises(BackendError, match="no code path"):
        module.NativeBackend()


def test_the_environment_chooses(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_CPU", "portable")
    assert module.NativeBackend().cpu == "portable"
    monkeypatch.delenv("TALLYSTICK_CPU")
    assert module.NativeBackend().cpu in ("portable", "adx", "ifma")


def test_one_backend_serves_many_threads(native: Backend, module: Any) -> None:
    """The twiddles grow under other threads' transforms, and results stay right."""
    backend = module.NativeBackend()
    a = backend.fr_expand(bytes(32), bytes(12), 1 << 12)
    wrong: list[int] = []

    def work(log: int) -> None:
        for size in (1 << log, 1 << (12 - log)):
            there = backend.fr_ntt(a, size)
            if not backend.fr_equal(backend.fr_ntt(there, size, inverse=True), a):
                wrong.append(size)

    threads = [threading.Thread(target=work, args=(log,)) for log in range(13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# ---------------------------------------------------------------------- the source tree
def test_generated_constants_are_what_their_formulas_give() -> None:
    script = ROOT / "native" / "tools" / "constants.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True, timeout=60)
