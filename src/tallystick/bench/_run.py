# SPDX-License-Identifier: Apache-2.0
"""Measuring the cases of one process on every backend and code path there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from ..backend import Backend, get_backend, native_available
from ..errors import BackendError
from ._arkworks import arkworks_cases
from ._cases import Case, find_cases
from ._measure import RUNS, measure
from ._result import Result

__all__ = ["BACKENDS", "QUICK_RUNS", "Told", "available_backends", "run_cases", "subjects"]

BACKENDS = ("native", "pure")
QUICK_RUNS = 2
_PATHS = ("portable", "adx", "ifma")

Told = Callable[[str], None]
"""Told what is measured next."""


def subjects(backends: Sequence[str], *, paths: bool) -> Iterator[tuple[str, Backend]]:
    """Yield what can be measured here, by name: with ``paths`` every code path of the native core apart."""
    for name in backends:
        if name == "native" and paths:
            yield from _code_paths()
        else:
            yield name, get_backend(name)


def _code_paths() -> Iterator[tuple[str, Backend]]:
    """Yield the paths this processor can run, or only the one that ``TALLYSTICK_CPU`` names."""
    get_backend("native")
    from ..backend._native_backend import NativeBackend

    forced = os.environ.get("TALLYSTICK_CPU")
    for path in (forced,) if forced else _PATHS:
        try:
            yield f"native/{path}", NativeBackend(path)
        except BackendError:
            if forced:
                raise


def available_backends() -> tuple[str, ...]:
    """Return the backends that work on this machine."""
    return BACKENDS if native_available() else ("pure",)


def run_cases(
    suite: str, backends: Sequence[str], *, quick: bool = False, told: Told = lambda text: None
) -> Iterator[Result]:
    """Measure a suite's cases, all subjects of one size after each other."""
    runs = QUICK_RUNS if quick else RUNS
    found = list(subjects(backends, paths=suite == "core"))
    for case in find_cases(suite):
        for size in case.sizes_for("native", quick=quick):
            for subject, backend in found:
                if size in case.sizes_for(backend.name, quick=quick):
                    told(f"{case.name} {size:,} {subject}")
                    yield _result(case, size, subject, case.make(backend, size), runs)
            for call in arkworks_cases(case.name, size):
                told(f"{case.name} {size:,} arkworks")
                yield _result(case, size, "arkworks", call, runs)


def _result(case: Case, size: int, subject: str, call: Callable[[], object], runs: int) -> Result:
    return Result(
        suite=case.suite,
        case=case.name,
        title=case.title,
        size=size,
        subject=subject,
        measurement=measure(call, runs=runs),
        per_element=case.per_element,
        facts={"proof_bytes": case.proof_bytes(size)} if case.proof_bytes else {},
        twin=case.twin,
    )
