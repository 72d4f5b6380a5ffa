# SPDX-License-Identifier: Apache-2.0
"""What cutting long calls over threads gains, and what it costs in processor time: ``python benchmarks/threads.py``.

Cases of ``tallystick bench core`` and ``proofs`` are run on one thread and on all in turn, in one process.  Beside the
seconds by the clock stands the processor time of all threads: what is above 1.00 there is lost where other processes
keep the cores busy, as members do that share a machine.  The thresholds of the native backend follow from it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from tallystick.backend import get_backend, keep_large_buffers, thread_count, uncut
from tallystick.bench import CASES

_LEAST = 3


def measured(
    call: Callable[[], object], threads: Callable[[], AbstractContextManager[None]]
) -> tuple[float, float]:
    """Return seconds by the clock and of processor time of one call."""
    with threads():
        used, start = time.process_time(), time.perf_counter()
        call()
        return time.perf_counter() - start, time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", nargs="*", help="names of cases, or parts of names (default: all)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each case (default: 2)")
    options = parser.parse_args()
    keep_large_buffers()
    backend = get_backend("native")
    print(f"{backend!r}, {thread_count()} threads; medians, and processor time of all threads")
    for case in CASES:
        if options.case and not any(part in case.name for part in options.case):
            continue
        for size in case.sizes_for("native"):
            call = case.make(backend, size)
            call()
            one, all_of_them, end = [], [], time.perf_counter() + options.seconds
            while len(one) < _LEAST or time.perf_counter() < end:
                one.append(measured(call, uncut))
                all_of_them.append(measured(call, nullcontext))
            alone, used_alone = (statistics.median(values) for values in zip(*one, strict=True))
            together, used = (statistics.median(values) for values in zip(*all_of_them, strict=True))
            print(
                f"{case.name:18} {size:>9,}  {alone * 1e3:10.3f} ms  {together * 1e3:10.3f} ms"
                f"  x{together / alone:.2f}  processor x{used / used_alone:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
