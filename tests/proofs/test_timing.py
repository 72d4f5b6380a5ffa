# SPDX-License-Identifier: Apache-2.0
"""Committing to values and proving their ranges asks the backend for the same work, whatever the values are.

That what it is asked for takes the same time is checked in C (``native/tests/constant_time.c``), but for multi-scalar
multiplication, which takes variable time: it may only see scalars that are public or uniform.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from tallystick.algebra import Generators, Random
from tallystick.backend import Backend
from tallystick.proofs import (
    OwnShape,
    RangeInput,
    RangeRelation,
    Shape,
    _own_proof,
    commit_inputs,
    commit_rows_var,
    prove,
    range_witness,
)

_COLUMNS = 32
# Rows that end within an input and inputs that end within a row; both forms, with complement and without.
_INPUTS = [RangeInput(9, 0, 15, "bits"), RangeInput(11, -5, 1000, "value"), RangeInput(8, 3, 77, "bits")]


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


def _record(
    backend: Backend,
    values: list[list[int]],
    kind: type[Shape],
    change: Callable[[Any], Any] = lambda witness: witness,
) -> _Recorder:
    recorder = _Recorder(backend)
    relation = RangeRelation(_INPUTS, _COLUMNS, kind)
    generators = Generators(recorder, _COLUMNS)  # type: ignore[arg-type]
    recorder.calls.clear()
    random = Random(bytes(32))
    gammas = random.vector(recorder, relation.shape.input_rows)  # type: ignore[arg-type]
    rows = commit_inputs(generators, relation, values, gammas)
    witness = change(range_witness(recorder, relation, values, gammas))  # type: ignore[arg-type]
    prove(
        relation, witness, generators=generators, input_commitments=rows, context=b"time", random=random
    ).to_body()
    return recorder


def _uniform(scalars: list[int]) -> bool:
    """Whether these could be uniform: long, and no two alike."""
    return len(set(scalars)) == len(scalars) and min(scalars).bit_length() > 128


def _extremes() -> list[list[list[int]]]:
    rng = np.random.default_rng(1)
    mixed = [[int(v) for v in rng.integers(i.low, i.high + 1, i.n)] for i in _INPUTS]
    return [[[i.low] * i.n for i in _INPUTS], [[i.high] * i.n for i in _INPUTS], mixed]


@pytest.mark.parametrize("digits", [True, False])
@pytest.mark.parametrize("kind", [Shape, OwnShape])
def test_the_same_calls_whatever_the_values_are(backend: Backend, kind: type[Shape], digits: bool) -> None:
    if kind is Shape and not digits:
        return  # Only an own proof hides gates that are no digits.
    change = (lambda witness: witness) if digits else (lambda witness: replace(witness, bits=None))
    runs = [_record(backend, values, kind, change) for values in _extremes()]
    assert runs[0].calls == runs[1].calls == runs[2].calls
    assert any(name == "g1_subset_sums" for name, *_ in runs[0].calls)
    differing = 0
    for seen in zip(*(run.scalars for run in runs), strict=True):
        if seen[0] == seen[1] == seen[2]:
            continue
        differing += 1
        assert all(_uniform(scalars) for scalars in seen)
    assert differing


@pytest.mark.parametrize("kind", [Shape, OwnShape])
def test_plaintext_would_be_seen(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, kind: type[Shape]
) -> None:
    """Without ``bits``, or without masks, the prover multiplies by the gates as they are."""
    monkeypatch.setattr(_own_proof, "commit_rows", commit_rows_var)
    run, other = (
        _record(backend, values, kind, lambda witness: replace(witness, bits=None))
        for values in _extremes()[:2]
    )
    assert not all(
        a == b or (_uniform(a) and _uniform(b)) for a, b in zip(run.scalars, other.scalars, strict=True)
    )
