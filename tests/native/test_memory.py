"""Large buffers are kept by the process, whichever thread frees and whichever takes them."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, threading
import numpy as np
from tallystick.backend import keep_large_buffers

def use(times):
    for _ in range(times):
        np.empty(80 << 20, dtype=np.uint8).fill(1)

keep_large_buffers()
use(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
thread = threading.Thread(target=use, args=(8,))
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_a_thread_takes_the_buffers_that_another_freed() -> None:
    """With pages of 2 MiB a new buffer takes about 40 faults, with small ones 20,000; here eight take hardly any."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < 200
