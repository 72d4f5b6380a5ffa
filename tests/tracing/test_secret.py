# SPDX-License-Identifier: Apache-2.0
"""Secrets follow NumPy, and say what they cannot do with the line of the program."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallystick as ts
from support.plans import shown
from tallystick.errors import ProgramError, UsageError
from tallystick.plan import Plan, simulate, witness
from tallystick.tracing import INSTEAD, Members, Program, Secret, Table, assert_zero, hint, input_bits, trace

BOUND = 50
Body = Callable[[Any, Any], Any]


def traced(body: Callable[[Members[Table]], object], *, rows: int = 6, decimals: int = 0) -> Plan:
    columns = dict.fromkeys("xy", ts.Column(-BOUND, BOUND, decimals))
    return trace(Program("body", lambda table: shown(body(table))), [ts.MemberSchema("a", rows, columns)])


def both(body: Body, x: list[int], y: list[int]) -> tuple[Any, Any]:
    """Run a body on secrets under simulation, and on numpy arrays of integers."""
    plan = traced(lambda table: {"out": body(table["a"]["x"], table["a"]["y"])}, rows=len(x))
    got = simulate(plan, {"a": {c: v for c, v in (("x", x), ("y", y)) if c in {n.name for n in plan.inputs}}})
    want = np.asarray(body(np.array(x, dtype=object), np.array(y, dtype=object)), dtype=object)
    result = got.results[0]
    assert result.shape == want.shape
    return list(result.values), list(want.reshape(-1))


BODIES: dict[str, Body] = {
    "sum of products": lambda x, y: (x * y).sum(),
    "inner product": lambda x, y: x @ y,
    "matrix products": lambda x, y: x.reshape(2, 3) @ y.reshape(3, 2),
    "matrix and vector": lambda x, y: x.reshape(2, 3) @ y[:3],
    "public matrix": lambda x, y: np.arange(12).reshape(2, 6) @ x,
    "public matrix on the right": lambda x, y: x.reshape(2, 3) @ np.arange(6).reshape(3, 2),
    "public vector on both sides": lambda x, y: [1, 2] @ x.reshape(2, 3) @ np.array([3, 4, 5]),
    "powers": lambda x, y: x**3 - y**2,
    "outer product": lambda x, y: x.reshape(-1, 1) * y,
    "broadcast over rows": lambda x, y: x.reshape(2, 3) - y[:3],
    "broadcast of a scalar": lambda x, y: x[0] + y,
    "constants by column": lambda x, y: x.reshape(2, 3) * [[1, 10, 100]],
    "constants by row": lambda x, y: x.reshape(2, 3, 1) * np.array([[[2]], [[-3]]]),
    "constants in the middle": lambda x, y: x.reshape(1, 3, 2) * np.array([[1], [2], [3]]),
    "constants that broaden": lambda x, y: x * np.array([[1], [2]]),
    "constant plus": lambda x, y: np.arange(6) + x - 7,
    "numpy scalars": lambda x, y: np.int64(3) * x + np.int32(1) - np.uint8(2),
    "reverse": lambda x, y: x[::-1] - y,
    "steps": lambda x, y: x[1::2] * y[:5:2],
    "two axes": lambda x, y: x.reshape(2, 3)[1, ::-1],
    "column": lambda x, y: x.reshape(2, 3)[:, 1],
    "new axes": lambda x, y: x[None, :, None],
    "ellipsis": lambda x, y: x.reshape(1, 2, 3)[..., 0],
    "fancy": lambda x, y: x[[5, 0, 0]] + y[np.array([1, 2, 3])],
    "fancy pairs": lambda x, y: x.reshape(2, 3)[[0, 1], [2, 0]],
    "mask": lambda x, y: x[np.array([True, False, True, False, False, True])],
    "nothing": lambda x, y: x[3:3],
    "transpose": lambda x, y: x.reshape(2, 3).T * y.reshape(3, 2),
    "transpose twice": lambda x, y: x.reshape(1, 2, 3).T.T,
    "axis sums": lambda x, y: x.reshape(2, 3).sum(axis=0) - y.reshape(3, 2).sum(axis=-1),
    "middle axis": lambda x, y: x.reshape(1, 3, 2).sum(1),
    "negation": lambda x, y: -(+y - x) + +y,
    "sum of parts": lambda x, y: sum([x[:2], y[2:4], x[4:]]),
    "last entry": lambda x, y: x[-1] * y[-2],
    "iteration": lambda x, y: sum(a * b for a, b in zip(x, y, strict=True)),
}


@pytest.mark.parametrize("name", BODIES)
def test_operations_are_numpys(name: str) -> None:
    rng = np.random.default_rng(len(name))
    x, y = (rng.integers(-BOUND, BOUND + 1, 6).tolist() for _ in range(2))
    got, want = both(BODIES[name], x, y)
    assert got == want


@given(st.lists(st.integers(-BOUND, BOUND), min_size=6, max_size=6), st.sampled_from(sorted(BODIES)))
def test_operations_are_numpys_on_any_values(x: list[int], name: str) -> None:
    got, want = both(BODIES[name], x, x[::-1])
    assert got == want


def test_joining_is_numpys() -> None:
    def body(table: Members[Table]) -> object:
        grid, other = table["a"]["x"].reshape(2, 3), table["a"]["y"].reshape(2, 3)
        return {
            "rows": ts.concat([grid, other]),
            "columns": ts.concat([grid, other[:, :1]], axis=1),
            "stack": ts.stack([grid[0], other[1]]),
        }

    x, y = list(range(6)), list(range(10, 16))
    results = simulate(traced(body), {"a": {"x": x, "y": y}}).results
    grid, other = np.array(x).reshape(2, 3), np.array(y).reshape(2, 3)
    wanted = [
        np.concatenate([grid, other]),
        np.concatenate([grid, other[:, :1]], axis=1),
        np.stack([grid[0], other[1]]),
    ]
    for result, want in zip(results, wanted, strict=True):
        assert result.shape == want.shape
        assert list(result.values) == want.reshape(-1).tolist()


def test_scales_follow_the_values() -> None:
    def body(table: Members[Table]) -> object:
        x = table["a"]["x"][0]
        return {
            "plain": x,
            "plus": x + 3,
            "minus": Decimal("1.5") - x,
            "times": x * Decimal("0.25"),
            "square": x * x,
            "mixed": (x * x) + x.rescale(4),
            "fraction": x * Fraction(3, 4),
        }

    plan = traced(body, rows=1, decimals=2)
    values = {r.name: r.values[0] for r in simulate(plan, {"a": {"x": [-25]}}).results}
    assert values == {
        "plain": Fraction(-1, 4),
        "plus": Fraction(11, 4),
        "minus": Fraction(7, 4),
        "times": Fraction(-1, 16),
        "square": Fraction(1, 16),
        "mixed": Fraction(-3, 16),
        "fraction": Fraction(-3, 16),
    }


def test_intervals_are_those_of_integers() -> None:
    seen: dict[str, tuple[int, int] | None] = {}

    def body(table: Members[Table]) -> object:
        x, y = table["a"]["x"], table["a"]["y"]
        for name, value in {
            "sum": x.sum(),
            "square": x * x,
            "product": x * (y + 60),
            "shifted": 3 - 2 * x,
            "weights": np.array([[1, -2, 0, 0, 0, 0]]) @ x,
            "joined": ts.concat([x, y + 100]),
        }.items():
            seen[name] = value.interval
        return {"x": x.sum()}

    traced(body)
    assert seen == {
        "sum": (-300, 300),
        "square": (0, 2500),
        "product": (-5500, 5500),
        "shifted": (-97, 103),
        "weights": (-150, 150),
        "joined": (-50, 150),
    }


def test_equal_work_is_done_once_and_unused_work_not_at_all() -> None:
    def body(table: Members[Table]) -> object:
        x, y = table["a"]["x"], table["a"]["y"]
        (x * x * y).sum()
        return {"a": (x * y).sum(), "b": (y * x).sum(), "c": ts.mean(x * y), "size": y.size}

    plan = traced(body)
    assert [n.op for n in plan.nodes] == ["input", "input", "mul", "sum", "output"]


def test_plan_size_does_not_grow_with_the_rows() -> None:
    def body(table: Members[Table]) -> object:
        x, y = table["a"]["x"], table["a"]["y"]
        return {"v": ts.variance(x), "s": ts.slope(x, y), "w": (x[::2] * 3 - y[:1]).sum()}

    assert len(traced(body, rows=1_000_000).to_bytes()) - len(traced(body, rows=10).to_bytes()) < 100


def test_inputs_are_committed_as_bits_only_where_they_are_read() -> None:
    def body(table: Members[Table]) -> object:
        x, y = table["a"]["x"], table["a"]["y"]
        input_bits(y).sum()
        return {"top": input_bits(x)[:, -1].sum(), "x": x.sum(), "y": y.sum()}

    plan = traced(body)
    assert [(n.name, n.form, n.slots) for n in plan.inputs] == [("x", "bits", 42), ("y", "value", 6)]
    x = [-50, -1, 0, 13, 14, 50]
    outputs = simulate(plan, {"a": {"x": x, "y": [0] * 6}}).outputs
    assert outputs == (2, sum(x), 0)
    assert witness(plan, {"a": {"x": x, "y": [0] * 6}}).inputs[0][:7] == (0,) * 7


# ------------------------------------------------------------------------------------ errors

ERRORS: dict[str, tuple[Body, str]] = {
    "truth": (lambda x, y: 1 if x[0] else 2, "no truth value"),
    "an input as it is": (lambda x, y: ts.reveal(3 - x[::-1]), "entries of an input as they are"),
    "membership": (lambda x, y: 3 in x, "membership"),
    "integer": (lambda x, y: int(x[0]), "cannot become an integer"),
    "float": (lambda x, y: float(x[0]), "cannot become a float"),
    "index": (lambda x, y: [1, 2][x[0]], "cannot be an index"),
    "secret index": (lambda x, y: x[y], "cannot select rows"),
    "range": (lambda x, y: range(x[0]), "cannot be an index"),
    "numpy function": (lambda x, y: np.mean(x), "numpy.mean does not work"),
    "numpy ufunc": (lambda x, y: np.abs(x), "numpy.absolute does not work"),
    "numpy ufunc into": (lambda x, y: np.add(3, x, out=np.zeros(6)), "numpy.add does not work"),
    "numpy reduction": (lambda x, y: np.add.reduce(x), "numpy.add does not work"),
    "method": (lambda x, y: x.tolist(), "a secret has no .tolist"),
    "no method": (lambda x, y: x.lenght, "a secret has no attribute 'lenght'"),
    "assignment": (lambda x, y: x.__setitem__(0, 1), "assignment to entries"),
    "rounding": (lambda x, y: round(x), "rounding halves to even"),
    "shift": (lambda x, y: x << 1, "shifting"),
    "shift down": (lambda x, y: x >> 1, "shifting"),
    "numpy array": (lambda x, y: np.array(x), "cannot become a numpy array"),
    "division": (lambda x, y: x / 2, "division"),
    "floor division": (lambda x, y: 2 // x, "may be 0"),
    "remainder": (lambda x, y: x % 0, "division by zero"),
    "float constant": (lambda x, y: x * 0.5, "0.5 is a float"),
    "endless fraction": (lambda x, y: x * Fraction(1, 3), "no finite decimal form"),
    "text constant": (lambda x, y: x + "1", "not a number"),
    "power of a secret": (lambda x, y: x**y, "public integer power"),
    "power zero": (lambda x, y: x**0, "at least 1"),
    "shapes": (lambda x, y: x[:2] + y[:3], r"shapes \(2,\) and \(3,\)"),
    "product shapes": (lambda x, y: x[:2] @ y[:3], "matrix product"),
    "reshape": (lambda x, y: x.reshape(4, 2), "cannot become"),
    "axis": (lambda x, y: x.sum(axis=1), "axis 1"),
    "outside": (lambda x, y: x[6], "out of bounds"),
    "overflow": (lambda x, y: (x * 2**200) ** 2, "does not fit the field"),
    "constant too big": (lambda x, y: x + 2**255, "does not fit the field"),
    "join nothing": (lambda x, y: ts.concat([]), "at least one"),
    "join shapes": (lambda x, y: ts.concat([x, y.reshape(2, 3)]), "cannot join"),
    "join scalars": (lambda x, y: ts.concat([x[0], y[0]]), "scalars cannot be joined"),
    "opened and secret": (lambda x, y: ts.reveal(x, allow_input=True) * y, "do not mix"),
    "opened in a branch": (lambda x, y: 1 if ts.reveal(x[0], allow_input=True) else 2, "not known while"),
    "opened compared": (lambda x, y: ts.reveal(x[0], allow_input=True) < 3, "not known while"),
    "opened and float": (lambda x, y: ts.reveal(x[0], allow_input=True) + 0.5, "float"),
    "root of a secret": (lambda x, y: ts.sqrt(x[0], places=2), "may be negative"),
    "reveal a number": (lambda x, y: ts.reveal(3), "takes a secret"),
    "advice revealed": (
        lambda x, y: hint("inverse", x, parameters=(), n=6, boolean=False),
        "without a proved range",
    ),
    "advice of no kind": (lambda x, y: hint("oracle", x, parameters=(), n=6, boolean=False), "unknown kind"),
    "bits of a sum": (lambda x, y: input_bits(x + y), "committed bits"),
    "too large": (
        lambda x, y: x.reshape(-1, 1, 1) + np.zeros((4000, 1), dtype=int) + np.zeros(1000, dtype=int),
        "too many entries",
    ),
    "result of text": (lambda x, y: "six", "cannot be a result"),
    "result of a float": (lambda x, y: 0.5, "cannot be a result"),
    "an error of its own": (lambda x, y: {}["missing"], "KeyError"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_name_the_line_of_the_program(name: str) -> None:
    body, message = ERRORS[name]
    with pytest.raises(ProgramError, match=message) as raised:
        traced(lambda table: {"out": body(table["a"]["x"], table["a"]["y"])})
    assert raised.value.where is not None
    file, line = raised.value.where.rsplit(":", 1)
    assert Path(file).name == "test_secret.py"
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    if "result" not in name and name != "advice revealed":
        # The line is the body's own, or a continuation of it.
        assert body.__code__.co_firstlineno <= int(line) <= body.__code__.co_firstlineno + 1, source[
            int(line) - 1
        ]


def test_what_comes_nearest_to_numpys_functions_exists() -> None:
    assert ts.mean, "the library, loaded when it is used, enters its own"
    for name, instead in INSTEAD.items():
        for known in re.findall(r"\bts\.(\w+)", instead):
            assert hasattr(ts, known), (name, instead)
        for known in re.findall(r"\bx\.(\w+)", instead):
            assert hasattr(Secret, known) or known in Secret.__slots__, (name, instead)
    assert INSTEAD["mean"] == "use ts.mean"


def test_numpy_leaves_arithmetic_to_the_secret() -> None:
    left = ["add", "subtract", "multiply", "floor_divide", "remainder"]
    left += ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]
    values = [1, 2, 3, 1, 2, 3]

    def body(table: Members[Table]) -> object:
        x = table["a"]["x"] + 51
        public = np.array([5, 60, 70, 52, 53, 60])
        out = {f"{name}_array": getattr(np, name)(public, x) for name in left}
        out |= {f"{name}_scalar": getattr(np, name)(np.int64(53), x) for name in left}
        out |= {f"{name}_second": getattr(np, name)(x, public) for name in left}
        return {k: ts.reveal(v, allow_input=True) for k, v in out.items()}

    results = {
        r.name: [int(v) for v in r.values] for r in simulate(traced(body), {"a": {"x": values}}).results
    }
    x, public = np.array(values) + 51, np.array([5, 60, 70, 52, 53, 60])
    for name in left:
        function = getattr(np, name)
        assert results[f"{name}_array"] == function(public, x).astype(int).tolist()
        assert results[f"{name}_scalar"] == function(np.int64(53), x).astype(int).tolist()
        assert results[f"{name}_second"] == function(x, public).astype(int).tolist()


def test_quotient_and_remainder_in_one() -> None:
    def body(table: Members[Table]) -> object:
        x = table["a"]["x"] + 51
        return [[ts.reveal(v) for v in pair] for pair in (divmod(x, 7), divmod(1000, x))]

    found = [[int(v) for v in r.values] for r in simulate(traced(body), {"a": {"x": [0] * 6}}).results]
    assert found == [[7] * 6, [2] * 6, [19] * 6, [31] * 6]


def test_unlike_scales_do_not_add() -> None:
    def body(table: Members[Table]) -> object:
        x = table["a"]["x"]
        return {"out": x * x + x}

    with pytest.raises(ProgramError, match="cannot add values of 4 and 2 decimals") as raised:
        traced(body, decimals=2)
    assert "rescale(4)" in (raised.value.hint or "")


def test_secrets_do_not_leave_their_trace() -> None:
    kept: list[Any] = []

    def keeper(table: Members[Table]) -> object:
        kept.append(table["a"]["x"])
        return {"n": 1}

    traced(keeper)
    for body in (
        lambda t: {"o": t["a"]["x"] + kept[0]},
        lambda t: {"o": kept[0]},
        lambda t: {"o": kept[0].sum() * 2},
    ):
        with pytest.raises(ProgramError, match="another trace"):
            traced(body)


def test_tables_explain_themselves() -> None:
    with pytest.raises(ProgramError, match="has no column 'z'") as raised:
        traced(lambda table: {"z": table["a"]["z"]})
    assert raised.value.hint == "its columns are: x, y"
    with pytest.raises(ProgramError, match="no member 'b'"):
        traced(lambda table: {"z": table["b"]["x"]})
    with pytest.raises(UsageError, match="low 3 is above"):
        ts.Column(3, 2)
    with pytest.raises(UsageError, match="250 bits"):
        ts.Column(0, 2**250)
    with pytest.raises(UsageError, match="different names"):
        trace(Program("p", lambda t: {"n": 1}), [ts.MemberSchema("a", 1, {})] * 2)
    with pytest.raises(ProgramError, match="returns no result"):
        traced(lambda table: {})
    with pytest.raises(ProgramError, match="takes 2"):
        ts.program(lambda a, b: None)  # type: ignore[arg-type]


def test_no_secret_appears_in_a_repr() -> None:
    shown: list[str] = []

    def body(table: Members[Table]) -> object:
        x = table["a"]["x"]
        shown.extend([repr(x), f"{ts.mean(x)}", repr(table["a"]), repr(table)])
        return {"n": len(table["a"])}

    traced(body, decimals=1)
    assert shown == [
        "Secret(x, shape=(6,), [-50, 50], decimals=1)",
        "Opened(shape=())",
        "Table(a, 6 rows)",
        "Members(a)",
    ]


def test_zero_assertions_are_kept_and_checked() -> None:
    def body(table: Members[Table]) -> object:
        x, y = table["a"]["x"], table["a"]["y"]
        assert_zero(x - y)
        return {"n": 6}

    plan = traced(body)
    simulate(plan, {"a": {"x": [1] * 6, "y": [1] * 6}})
    with pytest.raises(ProgramError, match="element 5"):
        simulate(plan, {"a": {"x": [1] * 6, "y": [1] * 5 + [2]}})
