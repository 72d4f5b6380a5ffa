# SPDX-License-Identifier: Apache-2.0
"""Committing to a part of a table and proving its home asks the backend for the same work, whatever the rows are.

That what it is asked for takes the same time is checked in C (``native/tests/constant_time.c``), but for multi-scalar
multiplication, which takes variable time: it may only see scalars that are public or uniform.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import tallystick as ts
from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import Backend
from tallystick.errors import ProtocolAbort
from tallystick.online import Committed, OwnInputs, accept_inputs
from tallystick.plan import Home, HomeRelation
from tallystick.proofs import Proof, _own_proof, _proof, commit_rows_var, input_rows, to_words
from tallystick.record import CommittedPart
from tallystick.session import commit_part
from tallystick.tracing import Program, Secret, trace

# Whole powers of two long, and not; rows that end within what is shared, and what is shared that ends within a row.
_COLUMNS = {
    "x": ts.Column(0, 15),
    "y": ts.Column(-5, 1000),
    "z": ts.Column(3, 77),
    "w": ts.Column(-70, 60),
}
_ROWS = 5
_CONTEXT = b"a part of the tests"


def _columns(x: Secret, y: Secret, z: Secret, w: Secret) -> object:
    """Nothing is computed: rows are shared as they are."""
    return [ts.reveal(c, allow_input=True) for c in (x, y, z)]


def _digits(x: Secret, y: Secret, z: Secret, w: Secret) -> object:
    """Wires of inputs and of advice, second digits, products, inverses; sums are shared."""
    return [(x < y).sum(), (z == 5).sum(), ts.histogram(x, [0, 3, 8]), (w * w).sum(), ts.min(z)]


def _matrices(x: Secret, y: Secret, z: Secret, w: Secret) -> object:
    """Sums and products, and more shared values than a row has."""
    return [ts.stack([x, y, z]) @ np.arange(_ROWS), (x * y)[2:] * z[:-2], x - y, y + z, w * 3 - x]


PROGRAMS = {"columns": _columns, "digits": _digits, "matrices": _matrices}


def _home(name: str) -> Home:
    def body(tables: ts.Members[ts.Table]) -> object:
        (table,) = tables
        return {"out": PROGRAMS[name](*(table[c] for c in _COLUMNS))}

    (home,) = trace(Program("p", body), [ts.MemberSchema("a", _ROWS, _COLUMNS)]).homes
    return home


def _extremes(home: Home) -> list[list[list[int]]]:
    rng = np.random.default_rng(1)
    mixed = [[n.low + int(v * (n.high - n.low)) for v in rng.random(n.n)] for n in home.inputs]
    return [[[n.low] * n.n for n in home.inputs], [[n.high] * n.n for n in home.inputs], mixed]


def _commit(backend: Backend, home: Home, columns: list[list[int]]) -> tuple[OwnInputs, CommittedPart]:
    generators = Generators(backend, home.layout.columns)
    if isinstance(backend, _Recorder):
        backend.calls.clear()
        backend.scalars.clear()
    return commit_part(
        home,
        [to_words(column) for column in columns],
        context=_CONTEXT,
        generators=generators,
        random=Random(bytes(32)),
    )


@dataclass
class _Recorder:
    """A backend that notes each call: its name, the lengths of what it is given, and the scalars of an msm."""

    backend: Backend
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    scalars: list[list[int]] = field(default_factory=list)

    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.backend, name)
        if not callable(value):
            return value

        def noted(*args: Any, **keywords: Any) -> Any:
            lengths = [np.shape(a) if isinstance(a, np.ndarray) else _length(a) for a in args]
            self.calls.append((name, *lengths))
            if name in ("g1_msm", "g1_msm_rows"):
                self.scalars.append(self.backend.fr_to_ints(args[1]))
            return value(*args, **keywords)

        return noted


def _length(argument: object) -> int | None:
    return len(argument) if isinstance(argument, list | tuple | bytes) else None


def _record(backend: Backend, home: Home, columns: list[list[int]]) -> _Recorder:
    recorder = _Recorder(backend)
    _commit(recorder, home, columns)  # type: ignore[arg-type]
    return recorder


def _uniform(scalars: list[int]) -> bool:
    """Whether these could be uniform: long, and no two alike."""
    return len(set(scalars)) == len(scalars) and min(scalars).bit_length() > 128


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_calls_whatever_the_rows_are(backend: Backend, name: str) -> None:
    home = _home(name)
    runs = [_record(backend, home, columns) for columns in _extremes(home)]
    assert runs[0].calls == runs[1].calls == runs[2].calls
    assert any(call == "g1_subset_sums" for call, *_ in runs[0].calls)
    differing = 0
    for seen in zip(*(run.scalars for run in runs), strict=True):
        if seen[0] == seen[1] == seen[2]:
            continue
        differing += 1
        assert all(_uniform(scalars) for scalars in seen)
    assert differing


@pytest.mark.parametrize("module", [_own_proof, _proof], ids=["gates", "shared"])
@pytest.mark.parametrize("name", ["digits", "matrices"])
def test_plaintext_would_be_seen(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, name: str, module: Any
) -> None:
    """Without the masks of committed rows, of products or of what is shared, values are multiplied as they are."""
    monkeypatch.setattr(module, "commit_rows", commit_rows_var)
    home = _home(name)
    run, other = (_record(backend, home, columns) for columns in _extremes(home)[:2])
    assert not all(
        a == b or (_uniform(a) and _uniform(b)) for a, b in zip(run.scalars, other.scalars, strict=True)
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_commitments_are_those_of_what_is_shared(backend: Backend, name: str) -> None:
    home = _home(name)
    generators = Generators(backend, home.layout.columns)
    for columns in _extremes(home):
        own, part = _commit(backend, home, columns)
        shape = home.layout.shape
        rows = input_rows(shape, 0, own.slots)
        want = commit_rows_var(generators, shape.columns, rows, own.gammas)
        assert part.rows == want.to_bytes()


def _accept(backend: Backend, home: Home, part: CommittedPart, context: bytes = _CONTEXT) -> None:
    relation = HomeRelation(home)
    rows = Points.from_bytes(backend, part.rows)
    proof = None if part.proof is None else Proof.from_body(part.proof, relation.shape)
    accept_inputs([Committed(0, relation, rows, proof, context)], Generators(backend, home.layout.columns))


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_committed_is_accepted(backend: Backend, name: str) -> None:
    home = _home(name)
    for columns in _extremes(home):
        _accept(backend, home, _commit(backend, home, columns)[1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_backends_share_the_same(native: Backend, pure: Backend, name: str) -> None:
    home = _home(name)
    for columns in _extremes(home):
        (one, first), (other, second) = (_commit(b, home, columns) for b in (native, pure))
        assert one.slots.to_bytes() == other.slots.to_bytes()
        assert first.rows == second.rows


@pytest.mark.parametrize("bad", [-6, 1001, 1019, -(2**250), 2**250])
def test_no_proof_holds_for_a_value_outside_its_interval(backend: Backend, bad: int) -> None:
    home = _home("columns")
    columns = _extremes(home)[2]
    at = [n.name for n in home.inputs].index("y")
    for value in (0, bad):
        columns[at][-1] = value
        _, part = _commit(backend, home, columns)
        if value != bad:
            _accept(backend, home, part)
            continue
        with pytest.raises(ProtocolAbort, match="does not follow from rows in their ranges"):
            _accept(backend, home, part)


def test_no_rows(backend: Backend) -> None:
    """Of a table without rows sums are 0, and columns nothing."""

    def body(tables: ts.Members[ts.Table]) -> object:
        x = ts.concat(t["x"] for t in tables)
        return {"x": ts.reveal(x, allow_input=True)}

    members = [ts.MemberSchema(m, n, {"x": ts.Column(0, 7)}) for m, n in (("a", 0), ("b", 2))]
    empty, full = trace(Program("p", body), members).homes
    own, part = _commit(backend, empty, [[]])
    assert (len(own.slots), part) == (0, CommittedPart(b"", None))
    _accept(backend, empty, part)
    _accept(backend, full, _commit(backend, full, [[7, 0]])[1])
    with pytest.raises(ProtocolAbort, match="proved nothing"):
        _accept(backend, full, part)
    assert own.slots.equal(Vector.zeros(backend, 0))
