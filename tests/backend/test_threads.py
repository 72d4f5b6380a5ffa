# SPDX-License-Identifier: Apache-2.0
"""Long calls cut over threads: the same bytes and the same errors as in one, whoever else calls at the time."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from support.threads import using
from tallystick.backend import FR_MODULUS as R
from tallystick.backend import Backend, _threads, get_backend
from tallystick.backend._threads import over, thread_count
from tallystick.errors import BackendError, DecodeError

from ..conftest import native_or_skip

SEED = bytes(range(32))
ELEMENTS = (1 << 18) + (1 << 16) + 17
POINTS = (1 << 13) + 5
DST = b"TALLYSTICK-TEST"


@pytest.fixture(scope="module")
def module() -> Any:
    native_or_skip()
    from tallystick.backend import _native_backend

    return _native_backend


# ---------------------------------------------------------------------- cutting
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_ranges_cover_everything_once_and_in_order(threads: int) -> None:
    with using(threads):
        for least in (1, 4, 32, 1 << 10):
            for n in (0, 1, 2 * least - 1, 2 * least, 2 * least + 1, 7 * least + 3, 100 * least + 1):
                ranges = over(n, least, lambda start, count: (start, count))
                assert [start for start, _ in ranges] == [
                    sum(c for _, c in ranges[:k]) for k in range(len(ranges))
                ]
                assert sum(count for _, count in ranges) == n
                assert len(ranges) <= threads
                # Without two parts of that length there is one call.
                assert (len(ranges) == 1) == (n < 2 * least or threads == 1)


def test_ranges_are_of_about_one_length() -> None:
    with using(4):
        for n in (4, 5, 64, 100, 1000, 1 << 15, 10**6 + 1):
            counts = over(n, 1, lambda _, count: count)
            assert max(counts) <= -(-n // 4) * 1.07
            assert len(counts) <= 4


def test_parts_run_at_once() -> None:
    """Three parts that wait for one another come together: none waits for another's end to begin."""
    with using(3):
        together = threading.Barrier(3, timeout=60)
        assert sorted(over(3, 1, lambda start, _: (together.wait(), start)[1])) == [0, 1, 2]


def test_a_call_within_a_part_is_not_cut() -> None:
    def outer(start: int, count: int) -> list[tuple[int, int]]:
        return over(100, 1, lambda k, n: (k, n))

    with using(3):
        assert over(3, 1, outer) == [[(0, 100)]] * 3
        # And afterwards calls of this thread are cut again.
        assert len(over(100, 1, lambda k, n: (k, n))) == 3


def test_calls_of_many_threads_share_the_helpers() -> None:
    """Whoever finds no idle helper works alone, so twenty calls at once end with two helpers or none."""
    results: list[int] = []

    def call() -> None:
        for _ in range(50):
            results.append(sum(over(300, 1, lambda start, count: sum(range(start, start + count)))))

    with using(3):
        callers = [threading.Thread(target=call) for _ in range(20)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(60)
    assert results == [sum(range(300))] * 1000


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_an_error_ends_the_call_when_no_part_is_running(bad: int) -> None:
    running, together = set[int](), threading.Barrier(3, timeout=60)

    def part(start: int, count: int) -> None:
        running.add(start)
        together.wait()
        if start == bad:
            running.discard(start)
            raise KeyError(start)
        # Longer than the one that fails.
        threading.Event().wait(0.05)
        running.discard(start)

    with using(3):
        with pytest.raises(KeyError) as caught:
            over(3, 1, part)
        assert caught.value.args == (bad,) and not running
        # The helpers are there for the next call.
        test = threading.Barrier(3, timeout=60)
        assert len(over(3, 1, lambda *_: test.wait())) == 3


def test_one_thread_has_no_pool() -> None:
    with using(1):
        caller = threading.get_ident()
        assert over(1 << 20, 1, lambda *_: threading.get_ident()) == [caller]
        assert _threads._pool is None


def test_a_system_without_more_threads() -> None:
    """As at the end of the interpreter, and where limits forbid new threads: the caller does everything."""
    with using(3):
        _threads._shared_pool()._executor.shutdown()
        for _ in range(3):
            caller = threading.get_ident()
            assert over(3, 1, lambda *_: threading.get_ident()) == [caller] * 3


def test_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def count(text: str) -> int:
        monkeypatch.setenv("TALLYSTICK_THREADS", text)
        thread_count.cache_clear()
        return thread_count()

    try:
        assert count("1") == 1 and count("40") == 40
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        assert count("") == min(cores, 16)
        monkeypatch.setattr(_threads, "cores", lambda: 128)
        assert count("") == 16
        for text in ("0", "-1", "two", "1.5", " 2", "²"):
            with pytest.raises(BackendError, match="TALLYSTICK_THREADS") as caught:
                count(text)
            assert repr(text) in str(caught.value) and caught.value.hint
    finally:
        monkeypatch.undo()
        thread_count.cache_clear()


def test_a_bad_number_is_refused_before_any_work(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_THREADS", "many")
    thread_count.cache_clear()
    try:
        with pytest.raises(BackendError, match="'many'"):
            module.NativeBackend()
    finally:
        monkeypatch.undo()
        thread_count.cache_clear()


# ---------------------------------------------------------------------- kernels
class _Data:
    """Inputs that are long enough for every call to be cut, and not of round lengths."""

    def __init__(self, b: Backend) -> None:
        self.a, self.b, self.c = (b.fr_expand(SEED, bytes([k]) + bytes(11), ELEMENTS) for k in range(3))
        self.elements = b.fr_to_bytes(self.a)
        self.signed = np.arange(ELEMENTS, dtype=np.int64) * (-1) ** np.arange(ELEMENTS)
        self.index = np.arange(ELEMENTS, dtype=np.int64)[::-1] // 2
        self.squares = b.fr_mul(self.a[:1000], self.a[:1000])
        self.messages = [k.to_bytes(3, "big") * (k % 4) for k in range(150)]
        base = b.g1_hash(self.messages, DST)
        self.points = np.concatenate([b.g1_add(base, np.roll(base, k, axis=0)) for k in range(55)])[:POINTS]
        self.others = np.roll(self.points, 1, axis=0)
        # Points at infinity, and sums of equal and opposite ones.
        self.points[5] = b.g1_identity(1)[0]
        self.others[7], self.others[-9] = self.points[7], b.g1_neg(self.points[-9:-8])[0]
        self.codec = np.concatenate([self.points] * 5)
        self.compressed, self.affine = b.g1_to_bytes(self.points), b.g1_to_affine(self.codec)
        drawn = random.Random(1)
        self.bits = np.array(drawn.choices((0, 1), k=20 * POINTS), dtype=np.uint8).reshape(20, POINTS)
        self.ones = b.fr_from_i64(np.resize(np.array([0, 1, -1, 5]), POINTS))


CASES: dict[str, Callable[[Any, _Data], Any]] = {
    "fr_from_i64": lambda b, d: b.fr_from_i64(d.signed),
    "fr_from_bytes": lambda b, d: b.fr_from_bytes(d.elements),
    "fr_to_bytes": lambda b, d: b.fr_to_bytes(d.b),
    "fr_expand": lambda b, d: b.fr_expand(SEED, bytes(12), ELEMENTS, 12345),
    "fr_add": lambda b, d: b.fr_add(d.a, d.b),
    "fr_sub": lambda b, d: b.fr_sub(d.a, d.b),
    "fr_neg": lambda b, d: b.fr_neg(d.a),
    "fr_mul": lambda b, d: b.fr_mul(d.a, d.b),
    "fr_muladd": lambda b, d: b.fr_muladd(d.a, d.b, d.c),
    "fr_scale": lambda b, d: b.fr_scale(d.a, R // 3),
    "fr_axpy": lambda b, d: b.fr_axpy(R // 5, d.a, d.b),
    "fr_outer": lambda b, d: np.concatenate(
        [b.fr_outer(d.a[:3], d.b[: 1 << 15]), b.fr_outer(d.a[:20001], d.b[:7]), b.fr_outer(d.a[:1], d.b)]
    ),
    "fr_inv": lambda b, d: b.fr_inv(d.a),
    "fr_sqrt": lambda b, d: b.fr_sqrt(d.squares),
    "fr_powers": lambda b, d: np.concatenate([b.fr_powers(x, ELEMENTS, 9) for x in (0, 1, R // 7)]),
    "fr_equal": lambda b, d: [b.fr_equal(d.a, d.a.copy()), *(b.fr_equal(d.a, changed(d.a, k)) for k in ENDS)],
    "fr_is_zero": lambda b, d: [
        b.fr_is_zero(b.fr_zeros(ELEMENTS)),
        *(b.fr_is_zero(changed(b.fr_zeros(ELEMENTS), k)) for k in ENDS),
    ],
    "fr_sum": lambda b, d: b.fr_sum(d.a),
    "fr_dot": lambda b, d: b.fr_dot(d.a, d.b),
    "fr_sum_axis": lambda b, d: np.concatenate(
        [
            b.fr_sum_axis(d.a[: outer * n * inner], outer, n, inner)
            for outer, n, inner in ((1, ELEMENTS, 1), (1, 299, 991), (5, 3, 18000), (90000, 3, 1), (3, 1, 100000))
        ]
    ),
    "fr_combine": lambda b, d: np.concatenate(
        [b.fr_combine(d.a[: m * c], d.b[:m]) for m, c in ((ELEMENTS, 1), (297, 1000), (9, 32900), (2, 149000))]
    ),
    "fr_matvec": lambda b, d: np.concatenate(
        [b.fr_matvec(d.a[: m * c], d.b[:c]) for m, c in ((3, 98000), (297, 1000), (90000, 3))]
    ),
    "fr_scatter_add": lambda b, d: b.fr_scatter_add(d.a, d.index, ELEMENTS),
    "fr_bits": lambda b, d: b.fr_bits(d.a, 60, 70),
    "fr_ntt": lambda b, d: np.concatenate(
        [
            b.fr_ntt(d.a[: len(d.a) // size * size], size, inverse=inverse)
            for size in (4, 256, 1 << 14)
            for inverse in (False, True)
        ]
    ),
    "g1_from_bytes": lambda b, d: b.g1_from_bytes(d.compressed),
    "g1_to_bytes": lambda b, d: b.g1_to_bytes(d.codec),
    "g1_from_trusted_affine": lambda b, d: b.g1_from_trusted_affine(d.affine),
    "g1_to_affine": lambda b, d: b.g1_to_affine(d.codec),
    "g1_hash": lambda b, d: b.g1_hash(d.messages, DST),
    "g1_add": lambda b, d: b.g1_add(d.points, d.others),
    "g1_neg": lambda b, d: b.g1_neg(d.codec),
    "g1_equal": lambda b, d: [b.g1_equal(d.codec, d.codec.copy()), b.g1_equal(d.points, d.others)],
    "g1_is_identity": lambda b, d: [b.g1_is_identity(b.g1_identity(POINTS)), b.g1_is_identity(d.points)],
    "g1_sum": lambda b, d: b.g1_sum(d.points),
    "g1_mul": lambda b, d: b.g1_mul(d.points[:150], d.a[:150]),
    "g1_msm": lambda b, d: np.concatenate([b.g1_msm(d.points, s) for s in (d.a[:POINTS], d.ones)]),
    "g1_msm_rows": lambda b, d: np.concatenate(
        [b.g1_msm_rows(d.points[:n], d.a[: m * n]) for m, n in ((1, 2300), (2, 2101), (50, 40), (5, 300), (0, 300))]
    ),
    "g1_subset_sums": lambda b, d: np.concatenate(
        [b.g1_subset_sums(d.points[:n], d.bits[:m, :n]) for m, n in ((20, POINTS), (5, POINTS), (20, 900))]
        + [b.g1_subset_sums(d.points[:20], np.ascontiguousarray(d.bits[:, :2500].T))]
    ),
}  # fmt: skip
# What only makes constants, or is another call of these.
OTHERS = {"fr_zeros", "fr_from_ints", "fr_to_ints", "g1_identity"}
ENDS = (0, ELEMENTS // 2, ELEMENTS - 1)


def changed(a: Any, at: int) -> Any:
    out = a.copy()
    out[at, 0] ^= np.uint64(1)
    return out


def digest(result: Any) -> str:
    """Say what a result is, to the byte."""
    data = result.tobytes() if isinstance(result, np.ndarray) else repr(result).encode()
    shape = result.shape if isinstance(result, np.ndarray) else ()
    return f"{shape} {hashlib.sha256(data).hexdigest()}"


@pytest.fixture(scope="module")
def data() -> _Data:
    with using(1):
        return _Data(native_or_skip())


@pytest.fixture(scope="module")
def expected(data: _Data) -> dict[str, str]:
    """What one thread returns."""
    with using(1):
        return {name: digest(case(get_backend("native"), data)) for name, case in CASES.items()}


def test_every_operation_is_tried(native: Backend) -> None:
    operations = {name for name in dir(native) if name.startswith(("fr_", "g1_"))}
    assert operations == set(CASES) | OTHERS


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("name", CASES)
def test_the_same_bytes(
    native: Backend, data: _Data, expected: dict[str, str], name: str, threads: int
) -> None:
    with using(threads):
        assert digest(CASES[name](native, data)) == expected[name]


UNCUT = {"fr_scatter_add", "g1_equal", "g1_is_identity", "g1_neg"}
"""What waits for memory alone, or adds to places known only as it goes."""


@pytest.mark.parametrize("name", CASES)
def test_the_cases_are_long_enough_to_be_cut(native: Backend, data: _Data, name: str) -> None:
    with using(3):
        CASES[name](native, data)
        assert (_threads._pool is None) == (name in UNCUT)


@pytest.mark.parametrize("path", ["portable", "adx"])
def test_every_code_path(module: Any, data: _Data, expected: dict[str, str], path: str) -> None:
    """Code paths differ in scratch memory and batches, not in results; multiplications take long without vectors."""
    try:
        backend = module.NativeBackend(path)
    except BackendError as reason:
        pytest.skip(str(reason))
    with using(3):
        for name, case in CASES.items():
            assert digest(case(backend, data)) == expected[name], name


def test_many_threads_call_everything_at_once(native: Backend, data: _Data, expected: dict[str, str]) -> None:
    wrong: list[str] = []

    def call(seed: int) -> None:
        names = list(CASES)
        random.Random(seed).shuffle(names)
        for name in names:
            try:
                if digest(CASES[name](native, data)) != expected[name]:
                    wrong.append(name)
            except BaseException as error:
                wrong.append(f"{name}: {error!r}")
                raise

    with using(3):
        callers = [threading.Thread(target=call, args=(seed,)) for seed in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(300)
        assert not wrong and not any(caller.is_alive() for caller in callers)


def test_both_backends(pure: Backend, native: Backend) -> None:
    n, points = (1 << 18) + 3, 2080
    message = [k.to_bytes(2, "big") for k in range(8)]

    def results(b: Backend) -> Iterator[bytes | int]:
        a, c = b.fr_powers(R // 3, n), b.fr_powers(R // 5, n, 7)
        yield b.fr_to_bytes(a)
        yield b.fr_to_bytes(b.fr_muladd(a, c, a))
        yield b.fr_to_bytes(b.fr_inv(b.fr_sub(a, c)))
        yield b.fr_dot(a, c)
        yield b.fr_to_bytes(b.fr_combine(a[: 1 << 18], c[:64]))
        yield b.fr_to_bytes(b.fr_matvec(a[: 1 << 18], c[: 1 << 10]))
        p = np.concatenate([b.g1_hash(message, DST)] * (points // 8))
        yield b.g1_to_bytes(b.g1_msm(p, a[:points]))
        bits = np.arange(16 * points, dtype=np.int64).reshape(16, points) ** 2 // 3 % 2
        yield b.g1_to_bytes(b.g1_subset_sums(p, bits.astype(np.uint8)))

    with using(2):
        assert list(results(native)) == list(results(pure))


# ---------------------------------------------------------------------- errors
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("bad", [(0,), (1,), (2731, 2732), (4160, 900), (POINTS - 1,), (POINTS - 1, 5, 5000)])
def test_the_first_bad_point_is_named(
    native: Backend, data: _Data, threads: int, bad: tuple[int, ...]
) -> None:
    compressed = bytearray(data.compressed)
    for at in bad:
        compressed[48 * at] &= 0x7F
    affine = bytearray(data.affine)
    for at in bad:
        affine[96 * at : 96 * at + 96] = bytes(95) + b"\1"
    with using(threads):
        for decode, encoded, size in (
            (native.g1_from_bytes, compressed, 48),
            (native.g1_from_trusted_affine, affine, 96),
        ):
            with pytest.raises(DecodeError) as caught:
                decode(encoded)
            assert caught.value.offset == size * min(bad)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("bad", [(0,), (100000, 200000), (ELEMENTS - 1,), (ELEMENTS - 1, ELEMENTS // 2)])
def test_the_first_bad_element_is_named(
    native: Backend, data: _Data, threads: int, bad: tuple[int, ...]
) -> None:
    encoded, a = bytearray(data.elements), data.a.copy()
    for at in bad:
        encoded[32 * at : 32 * at + 32] = R.to_bytes(32, "little")
        a[at] = 0
    some = [at % len(data.squares) for at in bad]
    roots = data.squares.copy()
    roots[some] = native.fr_from_ints([7])  # A generator is no square.
    with using(threads):
        with pytest.raises(DecodeError) as caught:
            native.fr_from_bytes(encoded)
        assert caught.value.offset == 32 * min(bad)
        with pytest.raises(ZeroDivisionError):
            native.fr_inv(a)
        with pytest.raises(ValueError, match=f"element {min(some)} is"):
            native.fr_sqrt(roots)


def test_what_is_cut_short_is_named_after_what_is_wrong(native: Backend, data: _Data) -> None:
    with using(2):
        with pytest.raises(DecodeError, match="cut short") as caught:
            native.g1_from_bytes(data.compressed + b"\0")
        assert caught.value.offset == len(data.compressed)


# ---------------------------------------------------------------------- secrets
def test_where_calls_are_cut_does_not_depend_on_values(
    module: Any, data: _Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zeros, ones and uniform values of the same lengths are cut into the same ranges, for every operation."""
    calls: list[Any] = []

    def recorded(n: int, least: int, part: Callable[[int, int], Any]) -> Any:
        def noted(start: int, count: int) -> Any:
            calls.append((n, least, start, count))
            return part(start, count)

        return over(n, least, noted)

    monkeypatch.setattr(module, "over", recorded)
    backend = module.NativeBackend()
    like = object.__new__(_Data)
    for name, value in vars(data).items():
        setattr(like, name, value)
    like.a = like.b = like.c = backend.fr_from_i64(np.ones(ELEMENTS, dtype=np.int64))
    like.signed = np.zeros(ELEMENTS, dtype=np.int64)
    like.bits, like.elements = np.zeros_like(data.bits), bytes(len(data.elements))
    like.squares = like.a[: len(data.squares)]
    with using(3):
        for name, case in CASES.items():
            found = []
            for values in (data, like):
                calls.clear()
                case(backend, values)
                found.append(sorted(calls))
            assert found[0] == found[1], name


def test_copies_of_secret_columns_are_wiped(module: Any, native: Backend, data: _Data) -> None:
    """A part of a matrix's columns is a copy, and holds nothing when the call is over."""
    matrix = np.ascontiguousarray(data.bits)
    with module._columns(matrix, 3, 100) as copy:
        assert np.array_equal(copy, data.bits[:, 3:103])
    assert not copy.any()
    with module._columns(matrix, 0, POINTS) as whole:
        assert np.array_equal(whole, data.bits)
    with pytest.raises(KeyError), module._columns(matrix, 3, 100) as copy:
        raise KeyError
    assert not copy.any()
    assert np.array_equal(matrix, data.bits)


# ---------------------------------------------------------------------- processes
FRAME = """
import os, signal, sys, threading
import numpy as np
os.environ["TALLYSTICK_THREADS"] = "{threads}"
from tallystick.backend import _threads, get_backend
backend = get_backend("native")
a = backend.fr_powers(3, 1 << 17)
alone = backend.fr_to_bytes(backend.fr_mul(a, a))

def works():
    return backend.fr_to_bytes(backend.fr_mul(a, a)) == alone
"""


def run(program: str, *, threads: int = 3, expected: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FRAME.format(threads=threads) + program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == expected, done.stderr
    return done.stdout


@pytest.mark.usefixtures("native")
def test_the_pool_does_not_keep_the_interpreter() -> None:
    assert run("print(works(), threading.active_count() > 1)") == "True True\n"
    run("works(); sys.exit(3)", expected=3)
    # What is called when the interpreter ends works, too.
    assert run("import atexit; atexit.register(lambda: print(works()))") == "True\n"


@pytest.mark.usefixtures("native")
def test_one_thread_starts_none() -> None:
    assert run("print(works(), threading.active_count(), _threads._pool)", threads=1) == "True 1 None\n"


@pytest.mark.usefixtures("native")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_forked_after_the_pool_was_made() -> None:
    program = """
assert works() and threading.active_count() > 1
for _ in range(3):
    child = os.fork()
    if not child:
        signal.alarm(60)  # a child that waits for ever is killed, which the parent sees
        good = threading.active_count() == 1 and works() and threading.active_count() > 1
        # A child of a child, and an interpreter that ends as usual.
        grandchild = os.fork()
        if not grandchild:
            sys.exit(0 if good and works() else 1)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(works())
"""
    assert run(program) == "True\n"


@pytest.mark.usefixtures("native")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_forked_while_other_threads_compute() -> None:
    program = """
stop = threading.Event()
def busy():
    while not stop.is_set():
        works()
others = [threading.Thread(target=busy) for _ in range(3)]
for other in others: other.start()
for _ in range(10):
    child = os.fork()
    if not child:
        signal.alarm(60)
        os._exit(0 if works() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.set()
for other in others: other.join()
print(works())
"""
    assert run(program) == "True\n"


@pytest.mark.usefixtures("native")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm")
def test_an_alarm_interrupts_a_call_that_is_cut() -> None:
    """An audit that takes too long is stopped by one: the error comes out, and no part goes on writing."""
    program = """
class Late(Exception): pass
def late(*_): raise Late
signal.signal(signal.SIGALRM, late)
caught = 0
for k in range(40):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001 + 0.0005 * k)
        while True:
            works()
    except Late:
        caught += 1
print(caught, works())
"""
    assert run(program) == "40 True\n"
