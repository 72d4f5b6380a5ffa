# SPDX-License-Identifier: Apache-2.0
"""Keeping large buffers: a setting of the whole process, so a mere import never makes it."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import cache

__all__ = ["keep_large_buffers", "keep_long_vectors"]

_VARIABLE = "TALLYSTICK_KEEP_BUFFERS"
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_KEPT = 1 << 30


def keep_large_buffers() -> None:
    """Have glibc reuse freed buffers of up to 1 GiB instead of returning each to the system at once.

    A vector of a million elements fills 32 MiB.  By default glibc maps and unmaps such a buffer for every
    operation, and the page faults cost more than the arithmetic.  Threads share one heap: in a heap of its own a
    thread could not take what another freed, and nothing above 64 MiB.  Does nothing under another C library.

    Commands ask for this.  In a program that uses the package as a library the native backend asks for the first
    half when it makes its first long vector, and leaves the heaps alone (``keep_long_vectors``).
    """
    if keep_long_vectors():
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


@cache
def keep_long_vectors() -> bool:
    """Set the thresholds alone, once a process; whether they are set.

    Not where the environment says ``TALLYSTICK_KEEP_BUFFERS=off``, nor where it sets malloc's thresholds itself.
    """
    if platform.libc_ver()[0] != "glibc" or os.environ.get(_VARIABLE) == "off":
        return False
    chosen = os.environ.get("GLIBC_TUNABLES", "") + "".join(k for k in os.environ if k.startswith("MALLOC_"))
    if any(name in chosen.lower() for name in ("mmap_threshold", "trim_threshold")):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_THRESHOLD, _KEPT)
    mallopt(_M_TRIM_THRESHOLD, _KEPT)
    return True
