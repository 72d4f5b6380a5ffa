# SPDX-License-Identifier: Apache-2.0
"""What other libraries need for the same work, as measured or published elsewhere.

Times move between machines: these give the order of magnitude, and only what is measured in the same run
can be compared closely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["SOURCES", "Anchor", "anchors_of"]

_XEON = "measured"
_DALEK = "published"

SOURCES: Mapping[str, str] = {
    _XEON: (
        "measured in November 2026 on 2 virtual cores of an Intel Xeon with AVX-512 IFMA, about 3.4 GHz; "
        "blst, mcl and arkworks on one core"
    ),
    _DALEK: "published by dalek-cryptography/bulletproofs (ristretto255, Intel i7-7800X)",
}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A peer's figure: ``value`` in seconds, unless ``unit`` says what else it counts."""

    peer: str
    value: float
    source: str = _XEON
    unit: str = "s"


def _xeon(unit: float, **figures: float) -> tuple[Anchor, ...]:
    return tuple(Anchor(peer, value * unit) for peer, value in figures.items())


_NS, _US, _MS = 1e-9, 1e-6, 1e-3

_EACH: Mapping[str, tuple[Anchor, ...]] = {
    "fr_mul": _xeon(_NS, blst=16.8, mcl=13.6, arkworks=79),
    "g1_add": _xeon(_NS, blst=485, mcl=371, arkworks=758),
    "g1_mul": _xeon(_US, blst=82.7, mcl=18.5, arkworks=153),
}
"""Seconds an element."""

_WHOLE: Mapping[tuple[str, int], tuple[Anchor, ...]] = {
    ("g1_msm", 1 << 8): _xeon(_MS, blst=5.2, mcl=3.7, arkworks=7.3),
    ("g1_msm", 1 << 10): _xeon(_MS, blst=15.2, mcl=10.1, arkworks=21.8),
    ("g1_msm", 1 << 12): _xeon(_MS, blst=49.3, mcl=32.6, arkworks=71.5),
    ("g1_msm", 1 << 14): _xeon(_MS, blst=168, mcl=110, arkworks=241),
    ("g1_msm", 1 << 16): _xeon(_MS, blst=575, mcl=385, arkworks=858),
    ("ring_ntt", 1 << 15): (Anchor("HEXL", 68.8e-6),),
    ("range_prove", 1): (Anchor("dalek", 7.3e-3, _DALEK), Anchor("dalek", 672, _DALEK, "bytes")),
    ("range_verify", 1): (Anchor("dalek", 1.04e-3, _DALEK),),
    ("online_multiply", 1_000_000): (Anchor("MP-SPDZ LowGear", 2.87), Anchor("MPyC, passive", 4.5)),
    ("online_dot", 100_000): (Anchor("MP-SPDZ LowGear", 0.11),),
    ("less", 1_000): (
        Anchor("MP-SPDZ LowGear", 27.5, unit="s with preparation, without a proof"),
        Anchor("MPyC, passive", 0.36, unit="s online, without a proof"),
    ),
    ("less", 10_000): (
        Anchor("MP-SPDZ LowGear", 0.43, unit="s online, without a proof"),
        Anchor("MP-SPDZ LowGear", 130, unit="triples and bits each"),
        Anchor("MPyC, passive", 3.6, unit="s online, without a proof"),
    ),
    ("median", 1_000): (
        Anchor("MP-SPDZ LowGear", 2.5, unit="s online, by sorting 16 bits, without a proof"),
        Anchor("MP-SPDZ LowGear", 3_030_440, unit="triples, by sorting 16 bits"),
        Anchor("MPyC, passive", 128, unit="s online, without a proof"),
    ),
}
"""Seconds a call, at one size."""

_PREPARE = (
    Anchor("MP-SPDZ LowGear", 5_890, unit="triples/s"),
    Anchor("MP-SPDZ LowGear", 2_096, unit="bytes a triple and direction"),
    Anchor("MP-SPDZ LowGear", 753, unit="s of set-up"),
    Anchor("MP-SPDZ LowGear", 336, unit="us of processor time a triple"),
    Anchor("MP-SPDZ LowGear", 3_282, unit="MB of memory at set-up"),
    Anchor("MP-SPDZ MASCOT", 2_290, unit="triples/s"),
)
_PREPARE_THREE = (Anchor("MP-SPDZ MASCOT", 757, unit="triples/s"),)


def anchors_of(case: str, size: int) -> tuple[Anchor, ...]:
    """Return the peers' figures for a case at a size, times for the whole of it."""
    if case == "prepare_2":
        return _PREPARE
    if case == "prepare_3":
        return _PREPARE_THREE
    each = (Anchor(a.peer, a.value * size, a.source) for a in _EACH.get(case, ()))
    return (*each, *_WHOLE.get((case, size), ()))
