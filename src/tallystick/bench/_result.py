# SPDX-License-Identifier: Apache-2.0
"""What was measured, and where: results, the machine, and the JSON document of both."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from ..cost import Calibration
from ._anchors import SOURCES, anchors_of
from ._measure import Measurement

__all__ = ["FORMAT", "Machine", "Result", "document", "machine", "ratios"]

FORMAT = "tallystick/bench/1"
_BUSY = 0.3
_PACKAGES = ("tallystick", "numpy", "cffi", "cryptography", "py_ecc", "py_arkworks_bls12381")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case at one size on one subject: a code path of the native core, a backend, or a peer.

    ``facts`` are further figures by name, such as the bytes of a proof or triples per second.  ``twin`` says what
    does the pure backend's work where that is not Python.
    """

    suite: str
    case: str
    title: str
    size: int
    subject: str
    measurement: Measurement
    per_element: bool = False
    facts: Mapping[str, float] = field(default_factory=dict)
    twin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where and when figures were taken; ``load`` is the one-minute average before the first of them."""

    processor: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    packages: Mapping[str, str]
    load: float | None
    time: str

    @property
    def busy(self) -> bool:
        """Whether other work ran, so that times are upper bounds."""
        return self.load is not None and self.load > _BUSY


def machine() -> Machine:
    """Describe this machine as it is now."""
    try:
        load: float | None = round(os.getloadavg()[0], 2)
    except OSError:
        load = None
    return Machine(
        processor=_processor(),
        cores=_cores(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=_versions(),
        load=load,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _processor() -> str:
    """Return the processor's name, with the family and model by which the vendor tells generations apart."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    entries = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    found = {key.strip(): value.strip() for key, value in entries.items()}
    if "model name" not in found:
        return platform.machine()
    return f"{found['model name']} (family {found.get('cpu family')}, model {found.get('model')})"


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def ratios(results: Iterable[Result]) -> dict[tuple[str, str, int], float]:
    """Return how many times the pure backend's time is the native one's, its fastest path's, by case and size."""
    fastest: dict[tuple[str, str, int], float] = {}
    pure: dict[tuple[str, str, int], float] = {}
    for result in results:
        key, seconds = (result.suite, result.case, result.size), result.measurement.median
        if result.subject == "pure":
            pure[key] = seconds
        elif result.subject.startswith("native"):
            fastest[key] = min(seconds, fastest.get(key, seconds))
    return {key: pure[key] / seconds for key, seconds in fastest.items() if key in pure}


def document(
    where: Machine,
    results: Sequence[Result],
    *,
    quick: bool,
    calibrations: Mapping[str, Calibration],
) -> dict[str, object]:
    """Return what ``--json`` writes; the names are those of the dataclasses, seconds and bytes the units."""
    twins = {result.case: result.twin for result in results}
    return {
        "format": FORMAT,
        "quick": quick,
        "machine": asdict(where),
        "results": [asdict(result) for result in results],
        "ratios": [
            {
                "suite": suite,
                "case": case,
                "size": size,
                "pure_over_native": round(ratio, 2),
                "twin": twins[case],
            }
            for (suite, case, size), ratio in ratios(results).items()
        ],
        "anchors": {
            "sources": dict(SOURCES),
            "figures": [
                {"case": case, "size": size, **asdict(anchor)}
                for case, size in dict.fromkeys((r.case, r.size) for r in results)
                for anchor in anchors_of(case, size)
            ],
        },
        "calibrations": {backend: asdict(found) for backend, found in calibrations.items()},
    }
