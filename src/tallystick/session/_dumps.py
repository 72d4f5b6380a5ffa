# SPDX-License-Identifier: Apache-2.0
"""Keeping keys and rows out of core dumps: what a process holds in memory ends with it."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

__all__ = ["forbid_dumps", "wipe"]

_PR_SET_DUMPABLE: Final = 4


def forbid_dumps() -> None:
    """Have this process and its children leave no core dump, for good.

    The limit stops the kernel from writing a file; on Linux the process is not dumpable either, because a limit does
    not bind a program that the kernel pipes dumps to, and so that no other process of the same user can attach to it
    and read its memory.  Raises ``OSError`` where the system refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")


def wipe(secret: bytearray) -> None:
    """Overwrite a secret in place. What has been copied out of it, as into ``bytes``, is out of reach in Python."""
    secret[:] = bytes(len(secret))
