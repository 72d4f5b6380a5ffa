# SPDX-License-Identifier: Apache-2.0
"""What cannot be right is refused while the program is traced, with the very line; a few rows only are a warning."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import tallystick as ts
from tallystick.disclosure import warnings
from tallystick.errors import ProgramError
from tallystick.tracing import load_program, trace

COLUMNS = {
    "x": ts.Column(-8, 7),
    "y": ts.Column(1, 9),
    "price": ts.Column(0, 10**6, 2),
    "id": ts.Column(0, 99),
}
ROWS = {"north": 3, "south": 4, "west": 3, "single": 1}

HEAD = """\
import tallystick as ts
from decimal import Decimal
from fractions import Fraction

KEPT = []


def helper(x):
    return x * x


@ts.program
def figures(table):
    north, south, west, single = (table[name] for name in ("north", "south", "west", "single"))
    x, y = north["x"], north["y"]
    everything = ts.concat(t["x"] for t in table)
"""

# The program's body, with a mark on the line that is at fault, and what is said.
ERRORS: dict[str, tuple[str, str]] = {
    "overflow of a power": (
        """
        z = x * 2
        return {"z": ts.sum(z**70)}  # here
        """,
        "does not fit the field",
    ),
    "overflow of a factor": (
        """
        big = everything * 2**251  # here
        return {"sum": big.sum()}
        """,
        "does not fit the field",
    ),
    "overflow of a sum": (
        """
        big = everything * 2**250
        return {"sum": big.sum()}  # here
        """,
        "does not fit the field",
    ),
    "overflow of a difference": (
        """
        big = x * 2**250
        more = y * 2**249
        return {"sum": (big - more).sum()}  # here
        """,
        "does not fit the field",
    ),
    "overflow of a weighted sum": (
        """
        return {"z": [2**250, 2**250, 2**250] @ x}  # here
        """,
        "does not fit the field",
    ),
    "overflow of a constant": (
        """
        return {"z": ts.sum(x + 2**254)}  # here
        """,
        "does not fit the field",
    ),
    "too wide to compare": (
        """
        big = (x * 2**180).sum()
        other = (y * 2**180).sum()
        return {"z": big < other}  # here
        """,
        "parties can mask",
    ),
    "scales added": (
        """
        p = north["price"]
        total = p + x  # here
        return {"sum": total.sum()}
        """,
        "cannot add values of 2 and 0 decimals",
    ),
    "scales subtracted": (
        """
        return {"sum": (x - north["price"]).sum()}  # here
        """,
        "cannot subtract values of 0 and 2 decimals",
    ),
    "scales compared": (
        """
        dear = north["price"] > x  # here
        return {"dear": dear.sum()}
        """,
        "cannot compare values of 2 and 0 decimals",
    ),
    "scales tested": (
        """
        return {"same": (north["price"] == x).sum()}  # here
        """,
        "cannot compare values of 2 and 0 decimals",
    ),
    "scales chosen": (
        """
        return {"sum": ts.where(x > 0, north["price"], x).sum()}  # here
        """,
        "cannot choose between values of 2 and 0 decimals",
    ),
    "scales of extremes": (
        """
        return {"sum": ts.minimum(north["price"], x).sum()}  # here
        """,
        "cannot compare values of 2 and 0 decimals",
    ),
    "scales joined": (
        """
        return {"sum": ts.concat([north["price"], x]).sum()}  # here
        """,
        "cannot join values of 2 and 0 decimals",
    ),
    "digits lost": (
        """
        whole = north["price"].rescale(0)  # here
        return {"sum": whole.sum()}
        """,
        "digits are lost",
    ),
    "a finer constant": (
        """
        return {"sum": (x + Fraction(1, 2)).sum()}  # here
        """,
        "cannot add a constant of 1 decimals",
    ),
    "a power of ten without end": (
        """
        return {"sum": (x * Decimal("1e-99999999")).sum()}  # here
        """,
        "the constant .* has a power of ten beyond",
    ),
    "an opened value and a power of ten without end": (
        """
        return {"sum": x.sum() * 2, "scaled": ts.mean(x) + Decimal("1e99999999")}  # here
        """,
        "the constant .* has a power of ten beyond",
    ),
    "an input revealed": (
        """
        shown = ts.reveal(x)  # here
        return {"x": shown}
        """,
        "entries of an input as they are",
    ),
    "an input returned": (
        """
        z = x
        return {  # here
            "sum": ts.sum(z),
            "x": z,
        }
        """,
        "result x: this would reveal entries of an input as they are",
    ),
    "an input in a list": (
        """
        return {"found": [ts.sum(x), (y,)]}  # here
        """,
        "result found.1.0: this would reveal",
    ),
    "an input as the only result": (
        """
        return x  # here
        """,
        "this would reveal entries of an input as they are: x",
    ),
    "an input turned round": (
        """
        return {"x": x[::-1]}  # here
        """,
        "this would reveal",
    ),
    "one entry of an input": (
        """
        return {"x": x[1]}  # here
        """,
        "this would reveal",
    ),
    "entries of an input": (
        """
        return {"x": x[[2, 0]]}  # here
        """,
        "this would reveal",
    ),
    "an input scaled": (
        """
        return {"x": 7 - 3 * x}  # here
        """,
        "this would reveal",
    ),
    "an input at another scale": (
        """
        return {"x": x.rescale(3)}  # here
        """,
        "this would reveal",
    ),
    "inputs joined": (
        """
        return {"x": ts.stack([x, west["x"]]).T.reshape(-1)}  # here
        """,
        "this would reveal",
    ),
    "an input permuted by a matrix": (
        """
        return {"x": [[0, 0, 2], [1, 0, 0], [0, 1, 0]] @ x}  # here
        """,
        "this would reveal",
    ),
    "an entry picked by weights": (
        """
        return {"x": (x * [0, 1, 0]).sum()}  # here
        """,
        "this would reveal",
    ),
    "an entry picked by a sum": (
        """
        return {"x": x.sum() - x[:2].sum()}  # here
        """,
        "this would reveal",
    ),
    "an entry whose company cancels": (
        """
        hidden = x + west["x"]
        return {"x": hidden - west["x"]}  # here
        """,
        "this would reveal",
    ),
    "an input that a choice returns": (
        """
        return {"x": ts.where(x > -9, x, y)}  # here
        """,
        "this would reveal",
    ),
    "an input within its bounds": (
        """
        return {"x": ts.clip(x, -100, 100)}  # here
        """,
        "this would reveal",
    ),
    "means of single entries": (
        """
        return {"x": ts.mean(x.reshape(3, 1), axis=1)}  # here
        """,
        "this would reveal",
    ),
    "the mean of one of several rows": (
        """
        return {"x": ts.mean(x[:1])}  # here
        """,
        "this would reveal",
    ),
    "the weighted mean of one of several rows": (
        """
        return {"x": ts.weighted_mean(x, [0, 1, 0])}  # here
        """,
        "this would reveal",
    ),
    "the median of one of several rows": (
        """
        return {"x": ts.median(x[2:])}  # here
        """,
        "this would reveal",
    ),
    "a single value returned": (
        """
        return {"x": single["x"]}  # here
        """,
        "this would reveal",
    ),
    "another member's input told": (
        """
        ts.tell(ts.concat([x, y]), to="north", name="own")
        ts.tell(ts.concat([x, west["x"]]), to=["north", "west"], name="both")  # here
        return {"sum": ts.sum(x)}
        """,
        "would tell entries of an input",
    ),
    "lengths added": (
        """
        total = x + south["x"]  # here
        return {"sum": total.sum()}
        """,
        r"shapes \(3,\) and \(4,\) do not match",
    ),
    "lengths multiplied": (
        """
        return {"sum": ts.sum(x * south["x"])}  # here
        """,
        "do not match",
    ),
    "lengths compared": (
        """
        return {"sum": ts.sum(x < south["x"])}  # here
        """,
        "do not match",
    ),
    "lengths chosen": (
        """
        return {"sum": ts.where(x > 1, south["x"], 0).sum()}  # here
        """,
        "do not match",
    ),
    "lengths in a covariance": (
        """
        return {"c": ts.covariance(x, south["x"])}  # here
        """,
        "vectors of one length",
    ),
    "a member's only row added to all rows": (
        """
        return {"sum": ts.sum(x + single["x"])}  # here
        """,
        "columns of different members with 3 and 1 rows",
    ),
    "a member's only row multiplied": (
        """
        return {"sum": ts.sum(single["x"] * south["x"])}  # here
        """,
        "columns of different members with 1 and 4 rows",
    ),
    "a member's only row compared": (
        """
        return {"sum": ts.sum(single["x"] >= south["x"])}  # here
        """,
        "columns of different members with 1 and 4 rows",
    ),
    "columns stacked": (
        """
        return {"sum": ts.stack([x, south["x"]]).sum()}  # here
        """,
        "cannot join shapes",
    ),
    "no such column": (
        """
        z = north["wage"]  # here
        return {"sum": z.sum()}
        """,
        "no column 'wage'",
    ),
    "no such member": (
        """
        return {"sum": table["east"]["x"].sum()}  # here
        """,
        "no member 'east'",
    ),
    "a branch": (
        """
        best = x[0]
        if best > y[0]:  # here
            best = y[0]
        return {"sum": best}
        """,
        "no truth value",
    ),
    "a loop": (
        """
        n = 0
        while x[n] > 0:  # here
            n += 1
        return {"n": n}
        """,
        "no truth value",
    ),
    "the language's minimum": (
        """
        return {"least": min(x[0], y[0])}  # here
        """,
        "no truth value",
    ),
    "a float factor": (
        """
        z = x * 0.5  # here
        return {"sum": z.sum()}
        """,
        "0.5 is a float",
    ),
    "a float threshold": (
        """
        return {"sum": (x > 1.5).sum()}  # here
        """,
        "1.5 is a float",
    ),
    "a float level": (
        """
        return {"q": ts.quantile(x, 0.25)}  # here
        """,
        "0.25 is a float",
    ),
    "a float result": (
        """
        return {"q": 0.25}  # here
        """,
        "float cannot be a result",
    ),
    "a wrong axis": (
        """
        return {"sum": x.sum(axis=1)}  # here
        """,
        "axis 1 of 1 dimensions",
    ),
    "a wrong axis of a statistic": (
        """
        return {"m": ts.mean(x.reshape(3, 1), axis=2)}  # here
        """,
        "axis 2 of 2 dimensions",
    ),
    "a wrong axis of an order": (
        """
        return {"m": ts.sort(x, axis=-2)}  # here
        """,
        "axis -2 of 1 dimensions",
    ),
    "a secret position": (
        """
        return {"z": y[x]}  # here
        """,
        "cannot select rows",
    ),
    "a result without a name": (
        """
        return {"": ts.sum(x)}  # here
        """,
        "keys are non-empty text",
    ),
    "no result": (
        """
        return {}  # here
        """,
        "no result",
    ),
    "one's own mistake": (
        """
        z = {}
        return {"z": z["missing"]}  # here
        """,
        "KeyError",
    ),
    "a mistake in numpy": (
        """
        import numpy
        return {"z": x @ numpy.linalg.inv(numpy.zeros((3, 3)))}  # here
        """,
        "LinAlgError",
    ),
}


def failing(tmp_path: Path, body: str) -> tuple[Path, int]:
    """Write the program to a file; return it and the number of the marked line."""
    text = HEAD + textwrap.indent(textwrap.dedent(body).strip() + "\n", "    ")
    path = tmp_path / "figures.py"
    path.write_text(text, encoding="utf-8")
    (line,) = [k for k, content in enumerate(text.splitlines(), 1) if content.endswith("# here")]
    return path, line


def members() -> list[ts.MemberSchema]:
    return [ts.MemberSchema(name, rows, COLUMNS) for name, rows in ROWS.items()]


@pytest.mark.parametrize("name", ERRORS)
def test_the_line_at_fault_is_named(tmp_path: Path, name: str) -> None:
    body, message = ERRORS[name]
    path, line = failing(tmp_path, body)
    with pytest.raises(ProgramError, match=message) as raised:
        trace(load_program(path), members())
    assert raised.value.where == f"{path}:{line}"


def test_a_secret_of_another_trace(tmp_path: Path) -> None:
    for body in (
        'KEPT.append(x)\nreturn {"sum": ts.sum(KEPT[0] + x)}  # here',
        'KEPT.append(x)\nreturn {"sum": ts.sum(KEPT[0] * x)}  # here',
        'KEPT.append(x)\nreturn {"sum": ts.sum(KEPT[0] < x)}  # here',
        'KEPT.append(x)\nreturn {"sum": ts.where(KEPT[0] > 0, x, 0).sum()}  # here',
        'KEPT.append(x)\nreturn {"sum": ts.concat([KEPT[0], x]).sum()}  # here',
        'KEPT.append(ts.sum(x))\nreturn {"sum": KEPT[0]}  # here',
        'KEPT.append(ts.mean(x))\nreturn {"sum": KEPT[0] + ts.mean(x)}  # here',
        'KEPT.append(ts.mean(x))\nreturn {"sum": KEPT[0]}  # here',
    ):
        path, line = failing(tmp_path, body)
        program = load_program(path)
        trace(program, members())
        with pytest.raises(ProgramError, match="another trace") as raised:
            trace(program, members())
        assert raised.value.where == f"{path}:{line}"


def test_of_several_returns_the_definition_is_named(tmp_path: Path) -> None:
    path, line = failing(tmp_path, 'if x.size == 3:\n    return {"x": x}\nreturn {"y": y}  # here')
    with pytest.raises(ProgramError, match="result x: this would reveal") as raised:
        trace(load_program(path), members())
    assert raised.value.where == f"{path}:{HEAD.splitlines().index('@ts.program') + 1}"
    assert line > 0


# ------------------------------------------------------------------------------------ not an error

STATISTICS = {
    "mean": 'ts.mean(single["x"])',
    "sum": 'ts.sum(single["x"])',
    "sort": 'ts.sort(single["x"])',
    "median": 'ts.median(single["x"])',
    "quantile": 'ts.quantile(single["x"], Fraction(1, 4))',
    "greatest": '-ts.max(single["x"])',
    "weighted": 'ts.weighted_mean(single["x"], [3])',
    "reveal": 'ts.reveal(single["x"].sum())',
}


@pytest.mark.parametrize("name", STATISTICS)
def test_a_statistic_of_a_members_only_row_is_a_warning(tmp_path: Path, name: str) -> None:
    path, _ = failing(tmp_path, f'return {{"z": {STATISTICS[name]}}}  # here')
    plan = trace(load_program(path), members())
    assert [w for w in warnings(plan) if "shows entries of an input as they are" in w]
    assert [w for w in warnings(plan) if "is computed from 1 rows only" in w]


SHOWN = {
    "a sum": "ts.sum(x)",
    "differences": "x[1:] - x[:-1]",
    "a comparison of every row": "x >= 0",
    "a product": "x * west['x']",
    "a sum of two": "(x + west['x'])",
    "a sorted column": "ts.sort(x)",
    "a sum that leaves two": "everything.sum() - everything[2:].sum()",
    "what a choice hides": "ts.where(x > 3, x, 0)",
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_computed_may_be_shown(tmp_path: Path, name: str) -> None:
    path, _ = failing(tmp_path, f'return {{"z": {SHOWN[name]}}}  # here')
    plan = trace(load_program(path), members())
    assert not [w for w in warnings(plan) if "shows entries of an input as they are" in w]


def test_entries_that_are_said_to_be_shown_are_a_warning(tmp_path: Path) -> None:
    path, _ = failing(tmp_path, 'return {"z": ts.reveal((x * [0, 1, 0]).sum(), allow_input=True)}  # here')
    plan = trace(load_program(path), members())
    assert [w for w in warnings(plan) if "shows entries of an input as they are" in w]
