# SPDX-License-Identifier: Apache-2.0
"""Functions of the library on small columns: under simulation, and in a real run of three members in memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tallystick as ts
from support.joint_run import Case, audit, play
from tallystick.backend import FR_MODULUS, Backend
from tallystick.cost import estimate
from tallystick.errors import ProgramError
from tallystick.online import Proven
from tallystick.plan import Plan, simulate
from tallystick.tracing import Members, Program, Table, trace

__all__ = ["agree_on_shares", "compute", "cost_of", "library_case", "refuses"]

Columns = Sequence[Sequence[int]]


def library_case(
    function: Callable[..., Any],
    *columns: Sequence[int],
    low: int,
    high: int,
    decimals: int = 0,
    members: int = 2,
) -> Case:
    """Trace ``function`` of secret vectors, each the concatenation of all members' parts of a column."""
    names = [f"x{k}" for k in range(len(columns))]

    def body(tables: Members[Table]) -> object:
        joined = [ts.concat(t[name] for t in tables) for name in names]
        return {"out": _revealed(function(*joined))}

    n = len(columns[0])
    cuts = [n * k // members for k in range(members + 1)]
    tables = {
        f"m{k}": {name: list(c[cuts[k] : cuts[k + 1]]) for name, c in zip(names, columns, strict=True)}
        for k in range(members)
    }
    column = ts.Column(low, high, decimals)
    schemas = [
        ts.MemberSchema(m, cuts[k + 1] - cuts[k], dict.fromkeys(names, column)) for k, m in enumerate(tables)
    ]
    return Case(trace(Program("body", body), schemas), tables)


def _revealed(value: object) -> object:
    if isinstance(value, dict):
        return {k: _revealed(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_revealed(v) for v in value]
    return ts.reveal(value, allow_input=True) if isinstance(value, ts.Secret) else value


def compute(function: Callable[..., Any], *columns: Sequence[int], **options: int) -> Any:
    """Return what ``function`` yields under simulation: an array of fractions, or a dict of them by name."""
    case = library_case(function, *columns, **options)  # type: ignore[arg-type]
    return _values(simulate(_restricted(case.plan), _inputs(case)).results)


def _restricted(plan: Plan) -> Plan:
    """The same plan, decoded from its bytes: what is traced can be written down."""
    return Plan.from_bytes(plan.to_bytes())


def _inputs(case: Case) -> dict[str, dict[str, Sequence[int]]]:
    used = [{n.name for n in case.plan.inputs_of(k)} for k in range(len(case.plan.members))]
    return {
        m.name: {c: v for c, v in case.values[m.name].items() if c in used[k]}
        for k, m in enumerate(case.plan.members)
    }


def _values(results: Sequence[Any]) -> Any:
    found = {}
    for r in results:
        values = np.empty(len(r.values), dtype=object)
        values[:] = [None if v is None else int(v) if v.denominator == 1 else Fraction(v) for v in r.values]
        found[r.name.removeprefix("out.")] = values.reshape(r.shape)
    return found["out"] if set(found) == {"out"} else found


def agree_on_shares(
    backend: Backend, function: Callable[..., Any], *columns: Sequence[int], **options: int
) -> None:
    """Run with three members on shares: the audited outputs, the material and the messages are as foretold."""
    case = library_case(function, *columns, members=3, **options)  # type: ignore[arg-type]
    ran = play(case, [backend] * 3)
    expected = [v % FR_MODULUS for v in simulate(case.plan, _inputs(case)).outputs]
    for result in ran.results:
        assert isinstance(result, Proven), result
    assert audit(case, ran.results[0], backend) == expected
    assert ran.used[0].used == estimate(case.plan).need
    cost = estimate(case.plan)
    steps = [s for s in cost.steps if s.phase != "commit"]
    for k in range(3):
        sent = [m.size for m in ran.log if m.sender == k and not m.label.startswith("insecure-dealer")]
        assert sum(s.rounds for s in steps) == len(sent) // 2
        assert sum(s.payload[k] for s in steps) * 2 == sum(sent)


def cost_of(function: Callable[..., Any], rows: int, low: int, high: int, columns: int = 1) -> Any:
    """Estimate a function of columns with so many rows in all, of two members."""
    case = library_case(function, *[[low] * rows] * columns, low=low, high=high)
    return estimate(case.plan)


def refuses(function: Callable[..., Any], message: str, *columns: Sequence[int], **options: int) -> None:
    """Check that tracing a program fails with this message, and names a line of the function's own file."""
    with pytest.raises(ProgramError, match=message) as raised:
        library_case(function, *columns, **options)  # type: ignore[arg-type]
    file = Path(inspect.getsourcefile(function) or "").name
    assert raised.value.where is not None
    assert raised.value.where.split(":")[0].endswith(file)
