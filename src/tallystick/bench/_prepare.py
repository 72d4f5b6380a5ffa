# SPDX-License-Identifier: Apache-2.0
"""Preparation between processes: ``tallystick prepare`` at every member, over TLS on loopback."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from typing import Any

from ._consortium import Folder, consortium_folder, run_members
from ._measure import summary
from ._result import Result
from ._run import Told

__all__ = ["TRIPLES", "run_prepare"]

TRIPLES = 1 << 21
"""Enough that what a batch costs counts, not how the first one starts."""

_PURE_TRIPLES = 1 << 15
_QUICK_TRIPLES = 64


def run_prepare(
    backends: Sequence[str],
    *,
    members: int = 2,
    triples: int | None = None,
    quick: bool = False,
    told: Told = lambda text: None,
) -> Iterator[Result]:
    """Fill empty stores once on every backend, set-up included; a quick run does it on an insecure small ring."""
    for backend in backends:
        count = triples or (_QUICK_TRIPLES if quick else _PURE_TRIPLES if backend == "pure" else TRIPLES)
        told(f"prepare {count:,} triples {backend}")
        with consortium_folder(members) as folder:
            before = _children_cpu()
            said = run_members(
                folder,
                lambda name: _arguments(folder, name, count, backend, small_ring=quick),  # noqa: B023
            )
            cpu = _children_cpu() - before
        yield _result(said, count, backend, members, cpu)


def _arguments(folder: Folder, name: str, count: int, backend: str, *, small_ring: bool) -> list[str]:
    options = folder.options(name, store=name, backend=backend, small_ring=small_ring)
    return ["tallystick", "prepare", str(folder.consortium), "--triples", str(count), *options]


def _children_cpu() -> float:
    """Return the processor time of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _result(said: Sequence[dict[str, Any]], count: int, backend: str, members: int, cpu: float) -> Result:
    """Combine what the members report: the slowest one's seconds, the most that any sent or used.

    ``cpu`` is that of all members from start to end, set-up included.
    """
    made = min(one["made"] for one in said)
    seconds = max(one["seconds"] for one in said)
    set_up = max(one["epoch_seconds"] for one in said)
    peers = members - 1
    return Result(
        suite="prepare",
        case=f"prepare_{members}",
        title=f"authenticated triples, sacrifice included, {members} members",
        size=count,
        subject=backend,
        measurement=summary([seconds]),
        per_element=True,
        facts={
            "members": members,
            "made": made,
            "triples_per_second": made / seconds,
            "triples_per_second_with_set_up": made / (seconds + set_up),
            "set_up_seconds": set_up,
            "cpu_microseconds_per_triple": cpu / made * 1e6,
            "bytes_per_triple_and_direction": max(one["sent"] for one in said) / made / peers,
            "set_up_bytes_per_direction": max(one["epoch_sent"] for one in said) / peers,
            "peak_bytes": max(one["peak_bytes"] for one in said),
        },
    )
