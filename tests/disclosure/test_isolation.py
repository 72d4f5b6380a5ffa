# SPDX-License-Identifier: Apache-2.0
"""Warnings about outputs that are harmless alone: what their differences, and other combinations, would show."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.plans import Drawn, drawn_plans
from tallystick.disclosure import _elimination, _forms, _isolation, warnings
from tallystick.disclosure._small_prime import prime
from tallystick.gallery import examples
from tallystick.plan import HINTS, Hint, Plan
from tallystick.tracing import Program, trace

ROWS = 20


def planned(function, members: str = "abc") -> Plan:
    schema = [ts.MemberSchema(m, ROWS, {"x": ts.Column(0, 7), "y": ts.Column(0, 1)}) for m in members]
    return trace(Program("p", function), schema)


def combined(function, members: str = "abc") -> list[str]:
    return [w for w in warnings(planned(function, members)) if "together" in w or "differ by" in w]


def sums(table, *groups: str) -> list:
    return [ts.concat(table[m]["x"] for m in group).sum() for group in groups]


def test_a_difference_of_two_sums() -> None:
    (warning,) = combined(lambda t: sums(t, "abc", "ab"))
    assert warning == "[1], [2] together show a value that depends on c alone"


def test_a_combination_of_several() -> None:
    """ab - bc + cd - ad = 0 tells nothing; with ac + bd doubled, a stands alone."""
    assert combined(lambda t: sums(t, "ab", "bc", "cd", "ad"), "abcd") == []
    found = combined(lambda t: sums(t, "ab", "bc", "ac", "abcd"), "abcd")
    assert [w.split(" depends on ")[1] for w in found] == ["a alone", "b alone", "c alone", "d alone"]


def test_through_every_linear_operation() -> None:
    def function(t):
        a, b, c = (t[m]["x"] for m in "abc")
        weighted = np.array([[2, 3]]) @ ts.stack([a + 1, b - c])
        rest = 3 * ts.concat([b, -c]).reshape(2, -1).T[::-1].sum()
        return [weighted.sum(), rest]

    (warning,) = combined(function)
    assert warning == "[1], [2] together show a value that depends on a alone"


def test_products_and_comparisons_count_as_values_of_their_members() -> None:
    def function(t):
        long = [(t[m]["x"] > 3).sum() for m in "abc"]
        squares = [(t[m]["x"] * t[m]["y"]).sum() for m in "abc"]
        return [
            long[0] + long[1] + long[2],
            long[1] + long[2],
            squares[0] + squares[2],
            squares[2] + squares[1],
        ]

    (warning,) = combined(function)
    assert warning == "[1], [2] together show a value that depends on a alone"


def test_what_depends_on_several_hides_each() -> None:
    def function(t):
        a, b, c = (t[m]["x"] for m in "abc")
        return [(a * b).sum(), (a * b).sum() + (b * c).sum(), a.sum() + b.sum() + c.sum()]

    assert combined(function) == []


def test_noise_hides() -> None:
    def function(t):
        return [ts.add_noise(s, epsilon=2, delta_bits=20) for s in sums(t, "abc", "ab")]

    assert combined(function) == []


def test_what_an_output_shows_anyway_is_not_repeated() -> None:
    assert combined(lambda t: sums(t, "abc", "a", "b", "c")) == []
    found = combined(lambda t: sums(t, "abc", "a", "b"))
    assert found == ["[1], [2], [3] together show a value that depends on c alone"]


def test_sums_that_differ_in_a_few_rows() -> None:
    def function(t):
        x = ts.concat(t[m]["x"] for m in "abc")
        return [x.sum(), x[3:].sum() - x[-2:].sum() + x[:1].sum() * 2]

    assert combined(function)[-1] == (
        "[1] and [2] differ by 5 values only, which their difference shows the sum of"
    )


def test_two_values_of_one_output() -> None:
    def function(t):
        x = ts.concat(t[m]["x"] for m in "abc")
        return ts.stack([x.sum(), x[1:].sum(), x[ROWS:].sum()])

    assert combined(function) == [
        "the values of [1] together show a value that depends on a alone",
        "two values of [1] differ by 1 values only, which their difference shows the sum of",
    ]


def test_advice_about_one_members_values_is_its_own() -> None:
    """What a sort opens is nobody else's, so that its sum is no news; between two members it is no single one's."""
    assert combined(lambda t: ts.sort(t["a"]["x"])) == []
    assert combined(lambda t: ts.sort(ts.concat(m["x"] for m in t))) == []
    assert combined(lambda t: [ts.sort(ts.concat(m["x"] for m in t)), sums(t, "ab")]) == [
        "[1], [2] together show a value that depends on c alone"
    ]


def test_every_kind_of_advice_is_about_something() -> None:
    assert set(_forms._ADVICE) == set(HINTS)


@pytest.mark.parametrize("function", [ts.sort, ts.median], ids=["controls", "split"])
def test_advice_about_all_values_is_not_taken_for_advice_about_each(function) -> None:
    """Of one entry each of three members, or one digit each of four, there is a multiple of that many wires."""
    schema = [
        ts.MemberSchema(m, 1, {"x": ts.Column(0, 1)}) for m in ("abc" if function is ts.sort else "abcd")
    ]
    plan = trace(Program("p", lambda t: function(ts.concat(m["x"] for m in t))), schema)
    kinds = [v for v, n in enumerate(plan.nodes) if isinstance(n, Hint) and n.kind in ("controls", "split")]
    assert kinds
    for v, of in _forms.owners(plan, kinds).items():
        assert len(of) % len(schema) == 0
        assert set(of.tolist()) == {-1}, v


def test_quotients_by_secrets_are_their_members() -> None:
    """Advice about two values at a time: the entries of a's rows are a's, whatever else is divided with them."""

    def function(t):
        long = ts.concat(t[m]["x"] // (t[m]["y"] + 1) for m in "abc")
        return [long.sum(), long[ROWS:].sum()]

    (warning, *_) = combined(function)
    assert warning == "[1], [2] together show a value that depends on a alone"


def test_differences_are_listed_up_to_a_number() -> None:
    def function(t):
        x = ts.concat(t[m]["x"] for m in "abc")
        return [x[k:].sum() for k in range(9)]

    found = [w for w in combined(function) if "differ by" in w]
    assert len(found) == 21
    assert found[-1] == "16 more pairs of outputs differ by a few values only"


# ------------------------------------------------------------------------------------ many values

MANY: dict[str, tuple[Callable[..., object], list[str]]] = {
    "products": (lambda t: t["a"]["x"].reshape(-1, 1) * t["b"]["x"].reshape(1, -1), []),
    "sorted": (lambda t: ts.sort(ts.concat(m["x"] for m in t)), []),
    "products and sums": (
        lambda t: [*sums(t, "abc", "ab"), ts.concat(m["x"] * m["x"] for m in t), t["a"]["x"] * t["b"]["x"]],
        ["[1], [2] together show a value that depends on c alone"],
    ),
    "a sum of all products": (
        lambda t: [t["a"]["x"] * t["b"]["x"], (t["a"]["x"] * t["b"]["x"]).sum() + t["c"]["x"].sum()],
        ["[1], [2] together show a value that depends on c alone"],
    ),
    "differences of the same products": (
        lambda t: [(t["a"]["x"] * t["c"]["x"] + k * t["b"]["x"]) for k in range(3)],
        ["[1], [2] together show a value that depends on b alone"],
    ),
    "random sums": (
        lambda t: (
            np.random.default_rng(7).integers(-9, 10, (3 * ROWS - 1, 3 * ROWS)).astype(object)
            @ ts.concat(m["x"] for m in t)
        ),
        [f"the values of [1] together show a value that depends on {m} alone" for m in "abc"],
    ),
}


@pytest.mark.parametrize("few", [0, 64])
@pytest.mark.parametrize("name", MANY)
def test_many_values(name: str, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nothing is left to elimination but what the rules for one entry and two cannot decide."""
    monkeypatch.setattr(_forms, "_FEW", few)
    function, found = MANY[name]
    assert combined(function) == found


@pytest.mark.parametrize("rows", [40, 700])
def test_thousands_of_values_take_seconds(rows: int) -> None:
    """Of 2,100 rows each its product, its comparison and its place."""

    def function(t):
        x, y = (ts.concat(m[c] for m in t) for c in "xy")
        return [*sums(t, "abc", "ac"), x * y, x < 4 * y, ts.rank(x)]

    plan = trace(
        Program("p", function),
        [ts.MemberSchema(m, rows, {"x": ts.Column(0, 7), "y": ts.Column(0, 1)}) for m in "abc"],
    )
    began = process_time()
    found = _isolation.combined_warnings(plan)
    assert found == ["[1], [2] together show a value that depends on b alone"]
    assert process_time() - began < 60


@given(drawn=drawn_plans(), few=st.sampled_from([0, 1]))
def test_of_any_plan_the_same_is_said_by_merging_and_by_elimination(drawn: Drawn, few: int) -> None:
    found = warnings(drawn.plan)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_forms, "_FEW", few)
        assert warnings(drawn.plan) == found


def test_too_much_work_is_not_done_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    function = MANY["random sums"][0]
    for name, limit in (("_MAX_WORK", 1 << 16), ("_MAX_AT_ONCE", 8), ("_MAX_VALUES", 8)):
        with monkeypatch.context() as patched:
            patched.setattr(_forms, name, limit)
            assert next(w for w in warnings(planned(function)) if "too many" in w) == (
                "too many values are opened to examine which of them together single out a member"
            )


# ------------------------------------------------------------------------------------ against plain fractions


def reference(rows: list[list[int]]) -> list[list[Fraction]]:
    """The combinations of rows that vanish, each ending with a 1 of its own, by Gauss and Jordan on fractions."""
    n, columns = len(rows), [list(map(Fraction, c)) for c in zip(*rows, strict=True)]
    pivots: list[int] = []
    for c in range(n):
        at = len(pivots)
        there = next((i for i in range(at, len(columns)) if columns[i][c]), None)
        if there is None:
            continue
        columns[at], columns[there] = columns[there], columns[at]
        columns[at] = [v / columns[at][c] for v in columns[at]]
        for i, row in enumerate(columns):
            if i != at:
                columns[i] = [v - row[c] * w for v, w in zip(row, columns[at], strict=True)]
        pivots.append(c)
    found = []
    for free in (c for c in range(n) if c not in pivots):
        one = [Fraction(int(c == free)) for c in range(n)]
        for row, c in zip(columns, pivots, strict=False):
            one[c] = -row[free]
        found.append(one)
    return found


ENTRIES = st.sampled_from([0, 0, 0, 0, 1, 1, -1, 2, 5])


@given(data=st.data(), few=st.sampled_from([0, 2, 64]))
def test_dependencies_are_those_of_fractions(data: st.DataObject, few: int) -> None:
    """Of sparse rows with repetitions: every rule is used, one after the other and over the last one's results."""
    n, width = data.draw(st.integers(2, 12)), data.draw(st.integers(1, 12))
    rows = data.draw(st.lists(st.lists(ENTRIES, min_size=width, max_size=width), min_size=n, max_size=n))
    wanted = [[v.numerator * pow(v.denominator, -1, prime()) % prime() for v in w] for w in reference(rows)]
    matrix = np.array(rows, dtype=np.int64) % prime()
    assert _elimination.dependencies(matrix).tolist() == wanted
    assert _elimination.rank(matrix) == n - len(wanted)

    def function(t):
        return np.array(rows, dtype=object) @ t["a"]["x"][:width]

    plan = trace(
        Program("p", lambda t: ts.stack([function(t), 0 * function(t)]).sum(axis=0) + t["b"]["x"].sum()),
        [ts.MemberSchema(m, max(width, 2), {"x": ts.Column(0, 7)}) for m in "ab"],
    )
    forms = _forms.Forms(plan, [plan.outputs[0].a])
    within = {v: np.full(plan.layout.lengths[v], plan.nodes[v].member == 0) for v in forms.leaves}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_forms, "_FEW", few)
        found = _forms.kernel(forms, _forms.singles(np.arange(n)), within)
    assert found.tolist() == wanted


@pytest.mark.parametrize(("n", "of_rank"), [(65, 64), (130, 130), (200, 129), (150, 3), (70, 0)])
def test_elimination_in_blocks(n: int, of_rank: int) -> None:
    random, p = np.random.default_rng(n), prime()
    left, right = (random.integers(0, p, shape).astype(object) for shape in ((n, of_rank), (of_rank, n + 5)))
    rows = (left @ right % p if of_rank else np.zeros((n, n + 5))).astype(np.int64)
    found = _elimination.dependencies(rows)
    assert len(found) == n - of_rank
    assert not (found.astype(object) @ rows.astype(object) % p).any()
    ends = [int(np.flatnonzero(w)[-1]) for w in found]
    assert (found[:, ends] == np.eye(len(ends))).all()


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.name)
def test_no_program_of_the_gallery_singles_out_a_member_by_surprise(example) -> None:
    assert not [w for w in warnings(example.plan()) if "together" in w or "differ by" in w]
