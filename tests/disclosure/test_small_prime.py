# SPDX-License-Identifier: Apache-2.0
"""The linear rules over a small prime that nobody knows beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.plans import Drawn, drawn_plans
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.disclosure import _small_prime
from tallystick.disclosure._small_prime import BACKEND, evaluate, keys, prime, reached, vector
from tallystick.errors import ProgramError
from tallystick.plan import Linear
from tallystick.tracing import Members, Program, Secret, Table, trace


def test_the_prime_is_drawn_anew_by_every_process() -> None:
    drawn = {prime.__wrapped__() for _ in range(8)}
    assert len(drawn) == 8
    for p in drawn:
        assert 1 << 30 < p < 1 << 31
        assert all(p % d for d in range(2, 46_341))
    assert prime() == prime()


def test_composites_are_no_primes() -> None:
    """Carmichael numbers, squares of primes, strong pseudoprimes to some of the bases."""
    for n in (561, 1_373_653, 25_326_001, 46_337**2, 3_215_031_751 - 2, 1_122_004_669_633 % (1 << 31) | 1):
        passed = all(_small_prime._probably_prime(n, base) for base in (2, 3, 5, 7))
        assert passed == all(n % d for d in range(2, int(n**0.5) + 1)), n


def _opened(hidden: Callable[[Secret], Secret]) -> None:
    def body(tables: Members[Table]) -> object:
        return {"x": hidden(tables["a"]["x"])}

    trace(Program("body", body), [ts.MemberSchema(m, 3, {"x": ts.Column(0, 9)}) for m in "ab"])


@pytest.mark.parametrize(
    "hidden",
    [
        lambda x: x * (2**31 - 1),
        lambda x: x * 2**30 + x * (2**30 - 1),
        lambda x: x * (2**61 - 1),
        lambda x: (x * (2**31 - 1)) * (2**31 - 19),
    ],
    ids=["factor", "sum", "wide", "product"],
)
def test_a_factor_that_is_zero_modulo_a_well_known_prime_hides_nothing(
    hidden: Callable[[Secret], Secret],
) -> None:
    with pytest.raises(ProgramError, match="entries of an input as they are"):
        _opened(hidden)


def test_who_knew_the_prime_could_hide_an_entry() -> None:
    """The attack that the random choice is against; the test above would see a fixed prime fail."""
    _opened(lambda x: x * prime())


@given(drawn=drawn_plans(fewest_rows=0))
def test_the_rules_are_one_map_over_the_prime_too(drawn: Drawn) -> None:
    lengths, random, p = drawn.plan.layout.lengths, np.random.default_rng(1), prime()

    def rows(n: int) -> Vector:
        return vector(random.integers(0, p, (n, 2), dtype=np.int64))

    def dot(a: Vector, b: Vector) -> list[int]:
        return [
            sum(int(x) * int(y) for x, y in zip(a.data[:, k], b.data[:, k], strict=True)) % p for k in (0, 1)
        ]

    for v, node in enumerate(drawn.plan.nodes):
        if isinstance(node, Linear):
            own = [lengths[q] for q in node.operands]
            xs, g = [rows(n) for n in own], rows(lengths[v])
            back = [dot(b, x) for b, x in zip(node.backward(g, own), xs, strict=True)]
            assert [sum(b[k] for b in back) % p for k in (0, 1)] == dot(g, node.forward(xs))


@given(drawn=drawn_plans(fewest_rows=0))
def test_both_fields_run_the_same_rules(backend: Backend, drawn: Drawn) -> None:
    """On integers so small that nothing is reduced, every rule gives the same over the prime as over Fr."""
    lengths, random = drawn.plan.layout.lengths, np.random.default_rng(2)
    for node in drawn.plan.nodes:
        small = all(abs(k) < 1 << 20 for k in (*getattr(node, "factors", ()), *getattr(node, "entries", ())))
        if isinstance(node, Linear) and small:
            xs = [random.integers(0, 1 << 6, (lengths[q], 1)) for q in node.operands]
            ours = node.forward([vector(x) for x in xs]).data[:, 0].tolist()
            theirs = node.forward([Vector.from_i64(backend, x[:, 0]) for x in xs]).to_ints()
            assert ours == [(x if x < 1 << 250 else x - FR_MODULUS) % prime() for x in theirs]


@given(st.lists(st.integers(0, 2**31), min_size=3, max_size=3), st.integers(1, 2**31))
def test_keys_are_those_of_lines(row: list[int], factor: int) -> None:
    one = vector(np.array([row], dtype=np.int64))
    assert keys(one * factor).tolist() == keys(one).tolist() or factor % prime() == 0
    assert (keys(one)[0] == -1) == (not any(x % prime() for x in row))


def test_what_linear_rules_do_not_use_does_not_exist() -> None:
    x = vector(np.ones((2, 3), dtype=np.int64))
    with pytest.raises(AttributeError):
        x.inverse()
    offered = {name for name in dir(BACKEND) if name.startswith("fr_")}
    assert offered <= {name for name in dir(Backend) if name.startswith("fr_")}


def test_large_products_are_taken_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    matrix = [int(x) for x in random.integers(-9, 9, 35)]
    x = vector(random.integers(0, prime(), (7, 3), dtype=np.int64))
    whole = Vector.from_ints(BACKEND, matrix).matvec(x).data
    monkeypatch.setattr(_small_prime, "_CHUNK", 1)
    assert (Vector.from_ints(BACKEND, matrix).matvec(x).data == whole).all()
    rows = [
        sum(a * int(b) for a, b in zip(matrix[r * 7 : r * 7 + 7], x.data[:, 0], strict=True))
        for r in range(5)
    ]
    assert whole[:, 0].tolist() == [r % prime() for r in rows]


def test_values_are_dropped_when_nothing_needs_them() -> None:
    made_of = {0: (), 1: (0,), 2: (1, 1), 3: (2, 0)}
    needed = reached([3, 1], made_of.__getitem__)
    assert needed == made_of
    one = vector(np.ones((1, 1), dtype=np.int64))
    values = evaluate(needed, lambda v, operands: sum(operands, one), [3, 1])
    assert {v: int(x.data[0, 0]) for v, x in values.items()} == {1: 2, 3: 7}
