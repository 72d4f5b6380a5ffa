# SPDX-License-Identifier: Apache-2.0
"""Random: repeatable from a seed, never the same stream twice, silent about its seed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tallystick.algebra import Random
from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend

SEED = bytes(range(32))


def transcript(backend: Backend, random: Random) -> list[object]:
    fork = random.fork("label")
    return [
        random.vector(backend, 3).to_ints(),
        random.scalar(),
        random.bytes(5),
        fork.scalar(),
        random.vector(backend, 3).to_ints(),
        fork.fork("label").bytes(40),
    ]


def test_same_seed_same_calls_same_values(backend: Backend, pure: Backend) -> None:
    assert transcript(backend, Random(SEED)) == transcript(pure, Random(SEED))
    assert transcript(backend, Random(SEED)) != transcript(backend, Random(SEED[::-1]))


def test_no_two_calls_share_a_stream(pure: Backend) -> None:
    random = Random(SEED)
    first = random.bytes(64)
    streams = [first, random.bytes(64), random.fork("a").bytes(64), random.fork("a").bytes(64)]
    streams += [random.fork("b").bytes(64), random.fork("a").fork("a").bytes(64)]
    assert len(set(streams)) == len(streams)
    values = [int.from_bytes(s, "little") % R for s in streams]
    assert random.vector(pure, 1)[0] not in values


def test_system_seeds_differ() -> None:
    assert Random.system().bytes(32) != Random.system().bytes(32)


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 81, 254])
def test_integers_below_a_power_of_two(backend: Backend, bits: int) -> None:
    """They are the lowest digits of the bytes that the same call draws, of both parities and all lengths up to it."""
    random, raw = Random(SEED), Random(SEED)
    drawn = random.below(backend, bits, 40).to_ints()
    size = (bits + 7) // 8
    octets = raw.bytes(40 * size)
    whole = [int.from_bytes(octets[size * k : size * (k + 1)], "little") for k in range(40)]
    assert drawn == [x % (1 << bits) for x in whole]
    assert max(x.bit_length() for x in drawn) == bits
    assert random.bytes(8) == raw.bytes(8)


def test_secret_and_strict() -> None:
    assert repr(Random(SEED)) == "Random(<secret seed>)"
    with pytest.raises(ValueError, match="32 bytes"):
        Random(b"short")
    assert Random(SEED).bytes(0) == b""
    assert all(0 <= Random(SEED).fork(str(k)).scalar() < R for k in range(5))


class Interrupted(int):
    """A number that lets other threads run in the middle of an addition, as an interpreter without a lock does."""

    def __add__(self, other: int) -> Interrupted:
        time.sleep(1e-5)
        return Interrupted(int(self) + other)


def test_threads_share_no_key_stream() -> None:
    """Preparation makes batches side by side."""
    random = Random(SEED)
    random._calls = Interrupted(0)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: random.bytes(16), range(400)))
    again = Random(SEED)
    assert sorted(drawn) == sorted(again.bytes(16) for _ in range(400))
