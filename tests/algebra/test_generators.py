# SPDX-License-Identifier: Apache-2.0
"""Generators: those of the specification, whatever the cache on disk holds."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.optimized_bls12_381 import normalize

from tallystick.algebra import Generators, Points, _generators
from tallystick.backend import Backend
from tallystick.errors import BackendError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a process that has computed nothing yet."""
    monkeypatch.setenv("TALLYSTICK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_generators, "_known", {})
    return tmp_path / "cache" / "generators-v1.bin"


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_generators, "_known", {})


def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record how many points each later call hashes."""
    calls: list[int] = []
    original = Points.hash

    def spy(backend: Backend, messages: list[bytes], dst: bytes) -> Points:
        calls.append(len(messages))
        return original(backend, messages, dst)

    monkeypatch.setattr(Points, "hash", spy)
    return calls


def test_they_are_those_of_the_specification(backend: Backend) -> None:
    generators = Generators(backend, 20)
    assert (len(generators.g), len(generators.h), len(generators.q)) == (20, 1, 1)

    def oracle(kind: str, i: int) -> bytes:
        dst = f"TALLYSTICK-V1-{kind}_BLS12381G1_XMD:SHA-256_SSWU_RO_".encode()
        x, y = normalize(hash_to_G1(i.to_bytes(4, "big"), dst, hashlib.sha256))
        return int(x).to_bytes(48, "big") + int(y).to_bytes(48, "big")

    for i in (0, 1, 19):
        assert backend.g1_to_affine(generators.g[i : i + 1].data) == oracle("G", i)
    assert backend.g1_to_affine(generators.h.data) == oracle("H", 0)
    assert backend.g1_to_affine(generators.q.data) == oracle("Q", 0)


def test_growing_keeps_what_is_there(backend: Backend, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = hashed(monkeypatch)
    small, large = Generators(backend, 16), Generators(backend, 40)
    assert large.g[:16].equal(small.g)
    assert calls == [1, 1, 16, 48]
    assert len(Generators(backend, 0).g) == 0
    assert len(calls) == 4


def test_a_new_process_loads_the_cache(
    backend: Backend, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Generators(backend, 32)
    assert cache.stat().st_size == 32 * 96
    assert list(cache.parent.iterdir()) == [cache]
    forget(monkeypatch)
    calls = hashed(monkeypatch)
    assert Generators(backend, 20).g.equal(first.g[:20])
    assert Generators(backend, 64).g[:32].equal(first.g)
    assert calls == [1, 1, 32]
    assert cache.stat().st_size == 64 * 96


@pytest.mark.parametrize("damage", ["first byte", "last byte", "truncated", "empty", "swapped"])
def test_a_damaged_cache_is_replaced(
    pure: Backend,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    first = Generators(pure, 16)
    good = cache.read_bytes()
    cache.write_bytes(
        {
            "first byte": bytes([good[0] ^ 1]) + good[1:],
            "last byte": good[:-1] + bytes([good[-1] ^ 1]),
            "truncated": good[:-1],
            "empty": b"",
            "swapped": good[96:192] + good[:96] + good[192:],
        }[damage]
    )
    forget(monkeypatch)
    calls = hashed(monkeypatch)
    with caplog.at_level(logging.WARNING):
        assert Generators(pure, 16).g.equal(first.g)
    assert calls == [1, 1, 16]
    assert "not the right ones" in caplog.text
    assert cache.read_bytes() == good


def test_a_longer_cache_serves_a_shorter_need(
    pure: Backend, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Generators(pure, 32)
    damaged = bytearray(cache.read_bytes())
    damaged[-1] ^= 1
    cache.write_bytes(damaged)
    forget(monkeypatch)
    calls = hashed(monkeypatch)
    assert Generators(pure, 32).g.equal(first.g)
    assert calls == [1, 1, 16]


def test_off_and_unusable(
    pure: Backend, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TALLYSTICK_CACHE", "off")
    first = Generators(pure, 16)
    assert not cache.exists()
    obstacle = tmp_path / "file"
    obstacle.write_text("not a directory")
    monkeypatch.setenv("TALLYSTICK_CACHE", str(obstacle))
    forget(monkeypatch)
    assert Generators(pure, 16).g.equal(first.g)
    assert obstacle.read_text() == "not a directory"


def test_a_backend_that_hashes_wrongly_is_refused(
    pure: Backend, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_generators, "_SUITE", b"_ANOTHER_SUITE_")
    with pytest.raises(BackendError, match="other generators"):
        Generators(pure, 16)
    assert not cache.exists()


def test_counts_that_make_no_sense(pure: Backend) -> None:
    for count in (-1, 1 << 32):
        with pytest.raises(ValueError, match="number of generators"):
            Generators(pure, count)


def test_the_constants_come_from_the_script() -> None:
    script = ROOT / "spec" / "tools" / "generator_digests.py"
    source = ROOT / "src" / "tallystick" / "algebra" / "_generators.py"
    run = subprocess.run(
        [sys.executable, script, "--largest", "5", "--check", source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 2
