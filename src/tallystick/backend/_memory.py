"""Keeping large buffers: a setting of the whole process, so commands ask for it, never a mere import."""

from __future__ import annotations

import ctypes
import platform

__all__ = ["keep_large_buffers"]

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_KEPT = 1 << 30


def keep_large_buffers() -> None:
    """Have glibc reuse freed buffers of up to 1 GiB instead of returning each to the system at once.

    A vector of a million elements fills 32 MiB.  By default glibc maps and unmaps such a buffer for every
    operation, and the page faults cost more than the arithmetic.  Threads share one heap: in a heap of its own a
    thread could not take what another freed, and nothing above 64 MiB.  Does nothing under another C library.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_THRESHOLD, _KEPT)
    mallopt(_M_TRIM_THRESHOLD, _KEPT)
    mallopt(_M_ARENA_MAX, 1)
