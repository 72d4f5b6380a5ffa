# SPDX-License-Identifier: Apache-2.0
"""Large buffers are kept by the process, whichever thread frees and whichever takes them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")

FRAME = """
import resource, threading
import numpy as np
from tallystick.backend import get_backend, keep_large_buffers

def use(times):
    for _ in range(times):
        np.empty(80 << 20, dtype=np.uint8)[::4096] = 1

{setting}
use(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
{work}
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
IN_A_THREAD = """
thread = threading.Thread(target=use, args=(8,))
thread.start()
thread.join()
"""
LONG_VECTOR = "get_backend('native').fr_zeros(1); get_backend('native').fr_powers(3, 1 << 16)"
SHORT_VECTOR = "get_backend('native').fr_zeros(1); get_backend('native').fr_powers(3, (1 << 16) - 1)"


def faults(setting: str, work: str = "use(8)", **environment: str) -> int:
    """Return how many pages the system had to provide.

    With pages of 2 MiB a new buffer takes about 40 faults, with small ones 20,000; a kept one takes hardly any.
    """
    done = subprocess.run(
        [sys.executable, "-c", FRAME.format(setting=setting, work=work)],
        env={k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return int(done.stdout)


def test_a_thread_takes_the_buffers_that_another_freed() -> None:
    assert faults("keep_large_buffers()", IN_A_THREAD) < 200


@pytest.mark.usefixtures("native")
def test_a_library_keeps_them_from_its_first_long_vector_on() -> None:
    assert faults(LONG_VECTOR) < 200
    assert faults("pass") > 250
    assert faults(SHORT_VECTOR) > 250


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    "environment",
    [
        {"TALLYSTICK_KEEP_BUFFERS": "off"},
        {"MALLOC_TRIM_THRESHOLD_": "131072"},
        {"MALLOC_MMAP_THRESHOLD_": "131072"},
        {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=131072"},
    ],
    ids=lambda e: next(iter(e)),
)
def test_malloc_is_left_as_the_environment_wants_it(environment: dict[str, str]) -> None:
    for setting in (LONG_VECTOR, "keep_large_buffers()"):
        assert faults(setting, **environment) > 250
