# SPDX-License-Identifier: Apache-2.0
"""A process forked while another thread makes tables goes on without that thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

FRAME = """
import os, signal, sys, threading
os.environ["TALLYSTICK_CACHE"] = "off"
from tallystick.algebra import Generators
from tallystick.backend import get_backend

parent, inside = os.getpid(), threading.Event()

def pause():
    if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
        inside.set()
        threading.Event().wait()

{make}
threading.Thread(target=make, daemon=True).start()
assert inside.wait(30)
child = os.fork()
if not child:
    signal.alarm(30)  # a child that waits for ever is killed, which the parent sees
    make()
    os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

GENERATORS = """
class Slow:
    def __getattr__(self, name):
        return getattr(get_backend("pure"), name)
    def g1_hash(self, messages, dst):
        pause()
        return get_backend("pure").g1_hash(messages, dst)

backend = Slow()
def make():
    assert len(Generators(backend, 2).g) == 2
"""

TWIDDLES = """
from tallystick.backend import _native_backend as module

backend, new = module.NativeBackend(), module._new_fr
def slow(n):
    if sys._getframe(1).f_code.co_name == "_table":
        pause()
    return new(n)
module._new_fr = slow
a = backend.fr_from_ints(range(8))
def make():
    assert backend.fr_equal(backend.fr_ntt(backend.fr_ntt(a, 8), 8, inverse=True), a)
"""


def run(make: str) -> None:
    program = FRAME.format(make=make)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"the child ended with {done.returncode}\n{done.stderr}"


def test_while_generators_grow() -> None:
    run(GENERATORS)


@pytest.mark.usefixtures("native")
def test_while_twiddles_grow() -> None:
    run(TWIDDLES)
